"""The conclusion of tracking, said first: will the commitment be used up, and what is alarming."""

from typing import Final

from planner.tracking.acting.chance_words import risk_words
from planner.tracking.result import PastForecast
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import closed_words, is_over, month_words
from planner.units import HALF_CENT_USD
from planner.words import percent, usd, usd_estimate

_LIKELY: Final = 0.5
_NEARLY_CERTAIN: Final = 0.95


def headline(tracking: Tracking) -> tuple[str, ...]:
    """The conclusion, and the alerts: all that is said when little is to be said."""
    return (conclusion(tracking), *alert_sentences(tracking))


def conclusion(tracking: Tracking) -> str:
    """Whether the commitment will be used up, as far as that is known, with the risk in it."""
    if tracking.forecast.committed_usd <= 0.0:
        return _uncommitted(tracking)
    if not tracking.months:
        return _unseen(tracking)
    if is_over(tracking):
        return _settled(tracking)
    return (
        f"{_verdict(tracking)} as of {tracking.months[-1].last}, {closed_words(tracking)}: {_risk(tracking)}, "
        f"{_expected(tracking)}."
    )


def alert_sentences(tracking: Tracking) -> tuple[str, ...]:
    """Every alert that fires; that none does, or that none is set."""
    limits = tracking.signed.signed.alerts
    if tracking.alerts:
        return tuple(f"Alert: {alert.words}" for alert in tracking.alerts)
    if limits.shortfall_probability is limits.overage_probability is limits.outside_band_months is None:
        return ("No alert is set: give [alerts] in the plan a limit.",)
    return ("No alert fires.",)


def at_signing(tracking: Tracking) -> PastForecast | None:
    """What was to be expected before the term began; None where it was not worked out."""
    first = tracking.signed.inputs.start.strftime("%Y-%m")
    return next((one for one in tracking.past if one.as_of < first), None)


def _uncommitted(tracking: Tracking) -> str:
    cost = usd_estimate(tracking.forecast.expected_cost)
    return f"Nothing is committed, so nothing can be forfeited: expected cost {cost} over the term."


def _unseen(tracking: Tracking) -> str:
    start = tracking.signed.inputs.start
    if tracking.on < start:
        why = f"The term begins on {start}, so nothing of it is seen yet"
    else:
        why = f"No month of the term is seen yet, which began on {start} (give the logs since then)"
    return f"{why}; as signed: {_risk(tracking)}, {_expected(tracking)}."


def _settled(tracking: Tracking) -> str:
    """Nothing is to be expected any more: every month is known."""
    forecast = tracking.forecast
    left, beyond = forecast.expected_shortfall.mean, forecast.expected_overage.mean
    said = f"The term is over: {usd(forecast.drawn_usd)} of {usd(forecast.committed_usd)} committed was drawn"
    parts = [
        *([f"{usd(left)} was paid for nothing"] if left > HALF_CENT_USD else []),
        *([f"{usd(beyond)} was billed beyond the commitment"] if beyond > HALF_CENT_USD else []),
    ]
    return f"{said}; {' and '.join(parts)}." if parts else f"{said}, and nothing was used beyond it."


def _verdict(tracking: Tracking) -> str:
    risk, limit = tracking.forecast.shortfall_probability.mean, tracking.signed.signed.alerts.shortfall_probability
    if risk >= _NEARLY_CERTAIN:
        return "A shortfall is all but certain"
    if risk >= _LIKELY:
        return "A shortfall is more likely than not"
    if limit is not None and risk >= limit:
        return "A shortfall may come"
    return f"The commitment is on course to be used up{_when(tracking)}"


def _when(tracking: Tracking) -> str:
    """The month in which one commitment for the whole term runs out; of several periods the next ones are others."""
    month = tracking.forecast.exhaustion.median
    if month is None or len(tracking.signed.contract.periods) > 1:
        return ""
    return f" in {month_words(month)}"


def _risk(tracking: Tracking) -> str:
    """The risk now, beside what it was at signing where something was seen since."""
    now, before = tracking.forecast.shortfall_probability, at_signing(tracking)
    was = f" ({percent(before.shortfall_probability)} at signing)" if before is not None and tracking.months else ""
    return f"shortfall risk {risk_words(tracking.forecast, now)}{was}"


def _expected(tracking: Tracking) -> str:
    """Over the whole term; said where another period than the one that runs has a part in it."""
    forecast, contract = tracking.forecast, tracking.signed.contract
    over = f" over the {contract.term_months} months of the term" if len(contract.periods) > 1 else ""
    return (
        f"expected shortfall {usd_estimate(forecast.expected_shortfall)}, expected overage "
        f"{usd_estimate(forecast.expected_overage)}{over}"
    )
