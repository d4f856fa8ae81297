"""Forecasts: what the one of today rests on, those before it, and how good they were."""

from math import exp, expm1, isfinite
from typing import Final

from planner.risk import Estimate
from planner.tables import Table
from planner.tracking.result import Judged, PastForecast, Recalibration
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import is_over, month_words
from planner.words import count, counted, percent, percent_estimate, usd_short

_FEW_PATHS: Final = 200

_BAND: Final = 0.8
"""What the band from P10 to P90 holds in the long run."""


def basis_sentences(tracking: Tracking) -> tuple[str, ...]:
    """How many paths the forecast rests on, and what was done to the plan where it did not explain what was seen."""
    forecast = tracking.forecast
    if not tracking.months or is_over(tracking):
        return ()
    effective, paths = count(forecast.effective_sample_size), count(forecast.n_paths)
    few = ", few enough to make its figures rough" if forecast.effective_sample_size < _FEW_PATHS else ""
    said = (
        f"The forecast weighs the plan's {paths} paths by how well each fits what was seen: they say as much as "
        f"{effective} equally weighted ones would (effective sample size){few}."
    )
    if forecast.recalibration is None:
        return (said,)
    return (said, _recalibrated(forecast.recalibration))


def _recalibrated(found: Recalibration) -> str:
    """Why, what was done, and what that means for who reads the forecast."""
    why = found.why if found.why.endswith(".") else f"{found.why}."
    left = counted(round(found.effective_sample_size), "effective path")
    return (
        f"The forecast was recalibrated, and is less sure than the plan as signed. {why} Without that, {left} would "
        "have been left."
    )


def history_table(tracking: Tracking) -> Table:
    """What was to be expected at signing, and after each closed month."""
    has_days = any(one.on is not None for one in tracking.past)
    return Table(
        title="The forecast, month by month",
        columns=(
            *("after", *(("made on",) if has_days else ())),
            *(
                "shortfall risk",
                "expected shortfall",
                "overage risk",
                "expected overage",
                "used up by",
                "effective paths",
            ),
        ),
        rows=(
            *(_row(after_words(tracking, one), one, has_days=has_days) for one in tracking.past),
            *_today_row(tracking, has_days=has_days),
        ),
        numeric=frozenset({1, 2, 3, 4, 6}) if not has_days else frozenset({2, 3, 4, 5, 7}),
        note="Used up by: the month by which half of the paths have used up the running commitment; a dash where fewer "
        "do. Effective paths: paths of equal weight that would say as much."
        + (" Made on: a dash where it is worked out again now from the months up to then." if has_days else ""),
    )


def _today_row(tracking: Tracking, *, has_days: bool) -> tuple[tuple[str, ...], ...]:
    """The forecast of today, where it knows more than the closed months: a month runs."""
    if not tracking.months or tracking.months[-1].is_closed:
        return ()
    return (_row(str(tracking.months[-1].last), tracking.made, has_days=has_days),)


def _row(after: str, one: PastForecast, *, has_days: bool) -> tuple[str, ...]:
    return (
        after,
        *((("-" if one.on is None else str(one.on)),) if has_days else ()),
        _chance(one, one.shortfall_probability),
        usd_short(one.expected_shortfall_usd),
        _chance(one, one.overage_probability),
        usd_short(one.expected_overage_usd),
        one.exhaustion_month or "-",
        count(one.effective_sample_size),
    )


def _chance(one: PastForecast, chance: float) -> str:
    """A probability to a tenth of a percent; what rounds to none or all of it is not that while months are to come."""
    is_settled = bool(one.months) and all(low == high for low, _, high in one.months.values())
    if is_settled or 0.0005 <= chance < 0.9995:
        return percent(chance)
    return "<0.1%" if chance < 0.5 else ">99.9%"


def after_words(tracking: Tracking, one: PastForecast) -> str:
    """The month that a forecast came after; signing, where nothing of the term was seen."""
    return one.as_of if one.as_of >= tracking.signed.inputs.start.strftime("%Y-%m") else "signing"


def judged_sentences(tracking: Tracking) -> tuple[str, ...]:
    """How good the plan and the forecasts were so far."""
    return tuple(_judged_sentence(one) for one in tracking.judged if one.months)


def _judged_sentence(one: Judged) -> str:
    of = "The plan as it was signed" if one.of == "the plan as signed" else "Forecasts made a month ahead"
    low, high = one.interval
    side = "above" if one.bias >= 0 else "below"
    bias = f"; use was {percent_estimate(_off(one))} {side} its middle" if isfinite(one.bias) else ""
    return f"{of} held {one.inside} of {counted(one.months, 'month')} in the 80% band{_meaning(low, high)}{bias}."


def _meaning(low: float, high: float) -> str:
    """What so few months say of a band that should hold four in five."""
    fits = "fits" if low <= _BAND <= high else "does not fit"
    return f", which {fits} 80% in the long run (true share {percent(low, 0)} to {percent(high, 0)}, at 95% confidence)"


def _off(one: Judged) -> Estimate:
    """Distance from the middle as a share, from the mean of the logarithm."""
    return Estimate(mean=abs(expm1(one.bias)), se=exp(one.bias) * one.bias_se)


def judged_table(tracking: Tracking) -> Table:
    """Coverage and bias of the plan and of the forecasts."""
    return Table(
        title="How good past forecasts were",
        columns=("forecast", "months", "in the 80% band", "true share, 95%", "actual against the middle"),
        rows=tuple(
            (
                one.of,
                count(one.months),
                count(one.inside),
                f"{percent(one.interval[0])} to {percent(one.interval[1])}",
                f"{'-' if one.bias < 0 else '+'}{percent_estimate(_off(one))}" if isfinite(one.bias) else "-",
            )
            for one in tracking.judged
            if one.months
        ),
        numeric=frozenset({1, 2, 3, 4}),
        note="A good band holds 80% in the long run; few months say little. Against the middle: the geometric mean.",
    )


def history_sentence(tracking: Tracking) -> str:
    """How the risk has moved since signing; empty before anything was seen."""
    if len(tracking.past) < 2:
        return ""
    steps = [f"{percent(one.shortfall_probability)} {_after(tracking, one)}" for one in tracking.past]
    return f"Shortfall risk: {', '.join(steps)}."


def _after(tracking: Tracking, one: PastForecast) -> str:
    after = after_words(tracking, one)
    return "at signing" if after == "signing" else f"after {month_words(after)}"
