"""What a machine is told: limits of the plan that are reached, each with its figures in one sentence."""

from collections.abc import Iterator, Sequence

from planner.coverage import month_index
from planner.risk import Estimate
from planner.signed import AlertLimits
from planner.tracking.acting.chance_words import is_settled, risk_words
from planner.tracking.result import Alert, Forecast, TrackedMonth
from planner.words import percent, usd, usd_estimate


def alerts_of(limits: AlertLimits, forecast: Forecast, months: Sequence[TrackedMonth]) -> tuple[Alert, ...]:
    """The limits that are reached: at a limit is reached. months: in order."""
    return tuple(
        alert
        for alert in (_shortfall(limits, forecast), _overage(limits, forecast), _outside(limits, months))
        if alert is not None
    )


def _shortfall(limits: AlertLimits, forecast: Forecast) -> Alert | None:
    chance, limit = forecast.shortfall_probability, limits.shortfall_probability
    if limit is None or chance.mean < limit:
        return None
    return Alert(
        kind="shortfall_probability",
        value=chance.mean,
        limit=limit,
        words=(
            f"Commitment went unused in the term: {usd(forecast.expected_shortfall.mean)} of it paid for nothing."
            if is_settled(forecast)
            else f"The chance that commitment goes unused in the term is {_at(forecast, chance, limit)}: an expected "
            f"{usd_estimate(forecast.expected_shortfall)} of what is owed would pay for nothing."
        ),
    )


def _overage(limits: AlertLimits, forecast: Forecast) -> Alert | None:
    chance, limit = forecast.overage_probability, limits.overage_probability
    if limit is None or chance.mean < limit:
        return None
    return Alert(
        kind="overage_probability",
        value=chance.mean,
        limit=limit,
        words=(
            f"Use went beyond the commitment in the term: {usd(forecast.expected_overage.mean)} was billed for it."
            if is_settled(forecast)
            else f"The chance of use beyond the commitment in the term is {_at(forecast, chance, limit)}: an expected "
            f"{usd_estimate(forecast.expected_overage)} would be billed for it."
        ),
    )


def _at(forecast: Forecast, chance: Estimate, limit: float) -> str:
    where = "at" if chance.mean == limit else "above"
    return f"{risk_words(forecast, chance)}, {where} the limit of {percent(limit)}"


def _outside(limits: AlertLimits, months: Sequence[TrackedMonth]) -> Alert | None:
    limit, row = limits.outside_band_months, outside_in_a_row(months)
    if limit is None or len(row) < max(limit, 1):
        return None
    one = len(row) == 1
    return Alert(
        kind="outside_band_months",
        value=float(len(row)),
        limit=float(limit),
        words=(
            f"{row[0].month} is"
            if one
            else f"The last {len(row)} closed months, {row[0].month} to {row[-1].month}, are"
        )
        + f" outside the 80% band of the plan as it was signed (the limit is {limit} in a row): "
        + "; ".join(_beside_band(month) for month in row[-3:])
        + ".",
    )


def outside_in_a_row(months: Sequence[TrackedMonth]) -> tuple[TrackedMonth, ...]:
    """The closed months up to the last one that are outside the band without one inside, or one not seen, between."""
    return tuple(reversed(list(_backwards(months))))


def _backwards(months: Sequence[TrackedMonth]) -> Iterator[TrackedMonth]:
    later: TrackedMonth | None = None
    for month in reversed([month for month in months if month.is_closed]):
        is_next = later is None or month_index(month.month) == month_index(later.month) - 1
        if month.inside_80 is not False or not is_next:
            return
        yield month
        later = month


def _beside_band(month: TrackedMonth) -> str:
    side = "below" if month.actual_usd < month.p10 else "above"
    return f"{month.month} at {usd(month.actual_usd)} list is {side} {usd(month.p10)} to {usd(month.p90)}"
