"""Actual usage since signing, read as the plan reads its own log, month by month of the term."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from planner.billed.read import read_bill
from planner.billed.records import INVOICE, Bill, BilledSource
from planner.clock import today
from planner.coverage import days_in, first_day, last_day, month_index, month_of, months_between
from planner.inputs import PlanInputs, UsageInputs
from planner.lever_costs.copy_costs import is_eligible
from planner.lever_costs.scenario_costs import known_eligibility
from planner.lever_costs.unit_costs import Account
from planner.list_cost import BATCH
from planner.measurement import Measurement, measure, prompt_edges
from planner.read_inputs import usage_of
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.months.actual_days import daily_list, holes_of, is_cut
from planner.tracking.months.running_month import UNSCALED_LOG_SD, DailyList, Scaling, scaled
from planner.tracking.months.signing_prices import signing_prices
from planner.tracking.signed_plan import SignedPlan
from planner.units import TOKEN_COLUMNS
from planner.usage.read import Usage, UsageSource

_LAST_HOUR = 23
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadActuals:
    """The months of the term that a log speaks of, in order. notes: what has to be said of the log and of the rest."""

    months: tuple[ActualMonth, ...]
    notes: tuple[str, ...]


def usage_of_actuals(
    inputs: PlanInputs, sources: Sequence[str], *, base_dir: Path, billed: Sequence[str] = ()
) -> UsageInputs:
    """Where actual usage is, read as the plan reads its own log: mapping, format, rules and exclusions, all days.

    sources, billed: files, globs or folders, relative to base_dir. A plan whose mix is typed in says it in a [usage]
    without sources, or reads any format that is known. Invoices that the plan has of months of the term count as
    billed.
    """
    known = inputs.usage or inputs.actual_usage
    term = set(term_months(inputs))
    invoices = () if known is None else tuple(item for item in known.billed.invoices if item.month in term)
    bill = BilledSource(sources=tuple(billed), base_dir=base_dir, invoices=invoices)
    if known is None:
        source = UsageSource(sources=tuple(sources), base_dir=base_dir)
        return UsageInputs(source=source, window=(None, None), exclusions=(), billed=bill)
    source = replace(known.source, sources=tuple(sources), base_dir=base_dir)
    return replace(known, source=source, window=(None, None), billed=bill)


def term_months(inputs: PlanInputs) -> list[str]:
    """The months of the term, YYYY-MM."""
    first = month_of(inputs.start)
    index = month_index(first) + inputs.contract.term_months - 1
    return months_between(first, f"{index // 12:04d}-{index % 12 + 1:02d}")


def read_actuals(
    signed: SignedPlan, usage: UsageInputs, progress: Progress | None = None, *, on: date | None = None
) -> ReadActuals:
    """Read, price and divide actual usage into months of the term.

    on: the day it is seen from; what lies after it is left out and said, as are months outside the term. Prices are
    those of the plan, negotiated ones among them, because its fan and its commitment are. Errors: those of read_usage
    and of measuring.
    """
    on = on or today()
    book = signed.prepared.price_book
    bill = read_bill(usage.billed)
    log = usage_of(usage, book, progress)
    measurement = measure(log, book, window=(None, on), exclusions=usage.exclusions, bill=bill)
    at_signing = signing_prices(
        measurement.daily,
        book,
        on=signed.prepared.priced_on,
        edges=prompt_edges(book),
        planned=planned_models(signed),
    )
    groups = measurement.daily.assign(
        signing_usd=at_signing.list_cost_usd + measurement.daily["server_tools_usd"].to_numpy(),
        is_batch=(measurement.daily["service_tier"] == BATCH).to_numpy(),
    )
    reader = _Reader(signed=signed, log=log, measurement=measurement, groups=groups, bill=bill, on=on)
    return ReadActuals(months=tuple(reader.months()), notes=(*reader.notes(), *at_signing.notes))


def planned_models(signed: SignedPlan) -> frozenset[str]:
    """Every model that the plan prices, in whatever role."""
    types = (costs for scenario in signed.prepared.scenario_costs for costs in scenario.types)
    return frozenset(copy.model for costs in types for copy in costs.copies if copy.model)


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """A measured log with what it costs at signing prices. groups: signing_usd and is_batch beside the measured."""

    signed: SignedPlan
    log: Usage
    measurement: Measurement
    groups: pd.DataFrame
    bill: Bill
    on: date

    def months(self) -> Iterator[ActualMonth]:
        """The months of the term in which there is use, in order."""
        daily = daily_list(self.measurement, self.groups, self.on)
        term = set(term_months(self.signed.inputs))
        for month, part in self.groups.groupby("month", sort=True):
            if str(month) in term:
                yield self._month(str(month), part, daily)

    def _month(self, month: str, part: pd.DataFrame, daily: DailyList) -> ActualMonth:
        closed = self._is_closed(month)
        whole = daily.whole_days(month)
        seen = [stamp.date() for stamp in (part["day"].min(), part["day"].max())]
        scaling = None if closed else scaled(daily, month)
        return ActualMonth(
            month=month,
            first=first_day(month) if closed else min([*whole, *seen]),
            last=last_day(month) if closed else max([*whole, *seen]),
            is_closed=closed,
            scale=1.0 if scaling is None else scaling.scale,
            scale_log_sd=0.0 if scaling is None else scaling.log_sd,
            uses=tuple(self._uses(part)),
            billed_cost_usd=self._billed_usd(month, part),
            notes=tuple(self._month_notes(month, scaling)),
        )

    def _uses(self, part: pd.DataFrame) -> Iterator[Use]:
        contract, book = self.signed.contract, self.signed.prepared.price_book
        eligible = known_eligibility(contract.eligible, book)
        sums = ["requests", *TOKEN_COLUMNS, "list_cost_usd", "signing_usd", "server_tools_usd"]
        grouped = part.groupby(["request_type", "model", "is_batch"], sort=True)[sums].sum()
        for row in grouped.reset_index().to_dict("records"):
            model, is_batch = str(row["model"]), bool(row["is_batch"])
            tier = book.tier(model)
            draws = is_eligible(eligible, model, tier) and (eligible.batch or not is_batch)
            yield Use(
                request_type=str(row["request_type"]),
                model=model,
                is_batch=is_batch,
                requests=int(row["requests"]) if self.log.facts.counts_requests else None,
                tokens=tuple(int(row[name]) for name in TOKEN_COLUMNS),
                list_cost_usd=float(row["list_cost_usd"]),
                signing_list_cost_usd=float(row["signing_usd"]),
                server_tools_usd=float(row["server_tools_usd"]),
                account=Account(tier, draws),
            )

    def _is_closed(self, month: str) -> bool:
        """Whether the month is over, and the log covers it wholly and without a hole."""
        over = last_day(month) < self.on and month in self.measurement.complete_months
        return over and not holes_of(self.measurement, month) and not is_cut(self.measurement, self.groups, month)

    def _billed_usd(self, month: str, part: pd.DataFrame) -> float | None:
        """What cost exports bill for a month, else its invoice, else what its rows say; credits are no use."""
        costs = [cost for cost in self.bill.costs if cost.month == month and not cost.is_credit]
        exports = [cost for cost in costs if cost.source != INVOICE or cost.model]
        if costs:
            return float(sum(cost.amount_usd for cost in exports or costs))
        in_log = int(part["billed_records"].sum()) == int(part["records"].sum())
        return float(part["billed_cost_usd"].sum()) if in_log else None

    def _month_notes(self, month: str, scaling: Scaling | None) -> Iterator[str]:
        for begin, end in holes_of(self.measurement, month):
            yield f"no record from {begin} to {end}, so the month is not closed"
        last = self.measurement.last
        if scaling is None:
            if month == month_of(last.date()) and 0 < last.hour < _LAST_HOUR:
                yield f"the log ends on {last.date()} at {last:%H:%M}; what came later that day is not in it"
            return
        if scaling.log_sd >= UNSCALED_LOG_SD:
            yield (
                f"{scaling.whole_days} whole days of {days_in(month)} are too few to say what the month comes to; its "
                "use counts as it is"
            )
            if last_day(month) < self.on and scaling.whole_days <= 1:
                yield "if its records are of the whole month, give two months or more together, so that it shows"
            return
        how = "by the days of the week" if scaling.by_weekday else "by calendar days: the log has no four whole weeks"
        yield (
            f"{scaling.whole_days} of {days_in(month)} days are covered; the month is taken as {scaling.scale:.3g} "
            f"times what was used ({how}), give or take {np.expm1(scaling.log_sd):.1%}"
        )

    def notes(self) -> Iterator[str]:
        """What has to be said of the log: rows after today, months outside the term, what is excluded, and the rest."""
        yield from self._after_today()
        yield from self._outside_the_term()
        for removal in self.measurement.removals:
            if removal.list_cost_usd:
                yield (
                    f"The plan's exclusion of {removal.exclusion} leaves ${removal.list_cost_usd:,.2f} of list cost "
                    "out. If the contract bills it, it draws the commitment down: take the exclusion out of the plan "
                    "then."
                )
        yield from (said for said in self.measurement.warnings if said not in self.measurement.run_rate_warnings)
        if not self.log.facts.counts_requests:
            yield "The log does not count requests: what volume, mix and tokens per request did cannot be told apart."

    def _after_today(self) -> Iterator[str]:
        after = self.log.groups[self.log.groups["day"] > pd.Timestamp(self.on)]
        if not after.empty:
            rows = int(after["records"].sum())
            yield (
                f"{rows:,} {'row lies' if rows == 1 else 'rows lie'} after {self.on}, the last on "
                f"{after['day'].max().date()}, and cannot have been used yet: left out. Correct the clock or the date "
                "format."
            )

    def _outside_the_term(self) -> Iterator[str]:
        months = term_months(self.signed.inputs)
        for where, is_outside in (
            ("before the term begins", self.groups["month"] < months[0]),
            ("after the term ended", self.groups["month"] > months[-1]),
        ):
            part = self.groups[is_outside]
            if not part.empty:
                names = sorted(part["month"].unique())
                span = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
                yield (
                    f"{span} lies {where} ({months[0]} to {months[-1]}): ${part['list_cost_usd'].sum():,.2f} of list "
                    "cost is not tracked."
                )
        gone = sorted(set(self.measurement.removed["month"]) & set(months)) if len(self.measurement.removed) else []
        for month in gone:
            if month not in set(self.groups["month"]):
                yield f"{month}: all of its use is excluded, so the month is not tracked."
