"""The backtest of a plan: hide the end of its log, period by period, and judge what would have been done without it.

The log is read and priced once. A fold looks at it up to the day before its hidden periods, and fits the demand model
to that; a value that the user typed wins, as it does in the plan.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from math import ceil

import numpy as np

from planner.backtest.forecast import forecast_usd, hide
from planner.backtest.judge import Backtest, Fold, folds_of, judge_fold
from planner.backtest.rules import left_away, year_of
from planner.billed.read import read_bill
from planner.billed.records import Bill
from planner.coverage import coverage
from planner.generations import one_generation
from planner.history.complete import complete_months
from planner.history.history import LEAST_MONTHS, LEAST_WEEKS, History, history_of
from planner.inputs import Decision, PlanInputs, UsageInputs
from planner.mix import Measurement
from planner.prices import PriceBook
from planner.read_inputs import measurement_of, usage_of
from planner.reconciliation.reconcile import reconciliation_warnings
from planner.units import FloatArray
from planner.usage.read import Usage

Progress = Callable[[str, float], None]

_NO_BILL = Bill()
_NO_LOG = (
    "The plan has a typed [[mix]] and no [usage]: without a log there is no history to hide a part of, so that neither "
    "the forecast's bands nor the sizing can be tested."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Log:
    """A plan's log, read once. listed: the price book without negotiated prices, for usage on its own day."""

    inputs: PlanInputs
    source: UsageInputs
    usage: Usage
    price_book: PriceBook
    listed: PriceBook

    @property
    def priced_on(self) -> date:
        """The day whose prices hold throughout."""
        return self.inputs.prices.on or min(self.price_book.checked_on, self.inputs.start)

    def measured(self, bill: Bill = _NO_BILL) -> Measurement:
        """The whole log, compared with a bill."""
        return measurement_of(self.source, self.usage, self.listed, bill=bill)


def known_until(last: date, whole: Measurement, usage: Usage, since: date | None) -> Measurement:
    """A measurement as far as it was known at the end of a day: its days, and which months they cover.

    since: where the window begins. The sums stay those of the whole log, so that no fold has to price it again; a
    forward mix reads none of them.
    """
    inside = usage.groups[usage.groups["day"] <= np.datetime64(last)]
    inside = inside if since is None else inside[inside["day"] >= np.datetime64(since)]
    end = inside["last"].max().to_pydatetime().replace(tzinfo=UTC)
    days = sorted(stamp.date() for stamp in inside["day"].drop_duplicates())
    return replace(
        whole,
        daily=whole.daily[whole.daily["day"] <= np.datetime64(last)],
        last=end,
        coverage=coverage(days, first=whole.first, last=end, window=(since, last)),
    )


def backtest(inputs: PlanInputs, progress: Progress | None = None) -> Backtest:
    """Hide the last 1, 2, 3 ... periods of a plan's log, forecast and size from the rest, and judge by what came.

    Up to half of the periods are hidden, at most 12. progress(step, fraction) is called while it works. A plan without
    a log, or with one that is too short, has no fold and a warning that says what is missing.
    """
    if inputs.usage is None:
        return _untested(_NO_LOG)
    book = inputs.prices.price_book()
    usage = usage_of(inputs.usage, book, progress)
    log = _Log(inputs=inputs, source=inputs.usage, usage=usage, price_book=book, listed=book.at_list())
    whole = log.measured(read_bill(inputs.usage.billed))
    past = history_of(whole, book, on=log.priced_on)
    if past.period is None:
        return _untested(_too_short(whole, past), *_left_out(past))
    log, followed = _constant(log, past, whole.coverage.gap_days)
    if followed:
        whole = replace(log.measured(), reconciliation=whole.reconciliation)
        past = history_of(whole, book, on=log.priced_on)
    folds, skipped = [], []
    for hidden in range(1, folds_of(past.n_periods) + 1):
        fold = _fold(log, whole, past, hidden)
        if fold is None:
            skipped.append(hidden)
        else:
            folds.append(fold)
        if progress is not None:
            progress("backtesting", hidden / folds_of(past.n_periods))
    return Backtest(
        period=past.period,
        labels=past.labels,
        starts=tuple(period.start for period in past.periods),
        spend_usd=tuple(whole_periods_usd(past).tolist()),
        folds=tuple(folds),
        warnings=(
            *_typed(inputs),
            *followed,
            *_left_out(past),
            *_skipped(past, skipped),
            *_events(inputs),
            *_terms(inputs),
            *reconciliation_warnings(whole.reconciliation),
        ),
    )


def _constant(log: _Log, past: History, gap_days: int) -> tuple[_Log, tuple[str, ...]]:
    """The log with its traffic on the models that serve at its end, and that in words."""
    end = past.periods[-1].end
    # The last week says who serves now; a bucket of a month is dated at its beginning.
    since = end - timedelta(days=6) if gap_days <= 7 else past.periods[-1].start
    usage, replaced = one_generation(log.usage, log.listed, since=since, until=end)
    if not replaced:
        return log, ()
    followed: dict[str, set[str]] = {}
    for each in replaced:
        followed.setdefault(each.counted_on, set()).add(each.model)
    names = "; ".join(f"{', '.join(sorted(old))} as {new}" for new, old in sorted(followed.items()))
    said = (
        "Prices are held constant, and a new generation of a model is a move of its tier's price: traffic that has "
        f"moved on is counted on the model that serves it at the end ({names})."
    )
    return replace(log, usage=usage), (said,)


def whole_periods_usd(past: History) -> FloatArray:
    """List spend of each period at constant prices, shape (n_periods,), as if every day of it counted.

    Where an exclusion takes days from a type, its other days stand for them, as they do in the plan's level; a type
    with less than 2 % of the bill that it takes from the whole period has no spend there.
    """
    days = np.where(past.days > 0, past.days, np.inf)
    total: FloatArray = (past.spend_usd * past.period_days[:, None] / days).sum(axis=1)
    return total


def _fold(log: _Log, whole: Measurement, past: History, hidden: int) -> Fold | None:
    """A fold; None where what was known before it has no complete month with use left beside the exclusions."""
    assert past.period is not None
    day_before = past.periods[-hidden].start - timedelta(days=1)
    known = known_until(day_before, whole, log.usage, log.source.window[0])
    if known.complete_months and not known.daily["month"].isin(known.complete_months).any():
        return None
    inputs = log.inputs
    return judge_fold(
        year_of(inputs.contract),
        _of_one_scenario(inputs.decision),
        period=past.period,
        labels=past.labels,
        starts=[period.start for period in past.periods],
        spend_usd=whole_periods_usd(past),
        forecast_usd=forecast_usd(inputs, hide(past, known, hidden), log.price_book, on=past.priced_on),
    )


def _of_one_scenario(decision: Decision) -> Decision:
    """A fold knows no scenarios, and a year by itself has nothing to discount."""
    weighted = decision.objective == "weighted"
    return replace(decision, objective="expected_cost" if weighted else decision.objective, money="nominal")


def _untested(*warnings: str) -> Backtest:
    return Backtest(period=None, labels=(), starts=(), spend_usd=(), folds=(), warnings=warnings)


def _too_short(measured: Measurement, past: History) -> str:
    covered = measured.coverage
    months = len(complete_months(measured, past.daily)[0])
    more = f"{max(ceil(7 * LEAST_WEEKS - covered.span_days), 1)} more days of a daily log"
    if covered.gap_days > 7:
        more = f"{LEAST_MONTHS - months} more of the months that the log has in buckets"
    return (
        f"The log covers {covered.span_days:.0f} days with {months} complete month{'' if months == 1 else 's'}, and "
        f"hiding a part of it takes {LEAST_MONTHS} complete months or {LEAST_WEEKS} whole weeks. What cannot be "
        "tested: how often held-out periods fall inside the forecast's bands, its bias, and what the sizing would have "
        f"cost beside other rules. {more} would do."
    )


def _typed(inputs: PlanInputs) -> Iterator[str]:
    if given := ", ".join(sorted(inputs.demand_given)):
        yield (
            f"Typed in the plan, and so not learnt anew in any fold: {given}. Whoever typed these after the hidden "
            "periods knew what came, and the test is kinder for it."
        )


def _left_out(past: History) -> Iterator[str]:
    if past.left_out:
        yield f"Left out of the history: {'; '.join(past.left_out)}."


def _skipped(past: History, skipped: Sequence[int]) -> Iterator[str]:
    for hidden in skipped:
        yield (
            f"Not judged: the fold that hides {past.labels[-hidden]} and later. The exclusions leave no use in the "
            "complete months before, and so nothing to forecast from."
        )


def _terms(inputs: PlanInputs) -> Iterator[str]:
    if names := left_away(inputs.contract):
        yield f"A fold is settled as one year by itself, without these of the contract's terms: {names}."


def _events(inputs: PlanInputs) -> Iterator[str]:
    if names := ", ".join(f"'{event.name}'" for event in inputs.demand.events):
        yield f"Events are dated in months of the contract, and no part of forecasts of the past: {names}."
