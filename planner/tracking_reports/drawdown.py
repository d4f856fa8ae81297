"""The commitment of the running period: what is drawn, what is left, and the pace that uses it up."""

from math import isfinite
from typing import Final

from planner.contract import Contract
from planner.tables import Table
from planner.tracking.acting.chance_words import risk_words
from planner.tracking.result import Forecast, MonthRange
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import about, closed_months, is_over, month_words
from planner.units import HALF_CENT_USD
from planner.words import counted, percent, usd, usd_estimate

_RECENT_MONTHS: Final = 3
"""As a Pace takes the mean of."""

_WORTH_TELLING: Final = 0.01
"""A risk below it raises no question of when."""


def drawdown_sentences(tracking: Tracking) -> tuple[str, ...]:
    """What is drawn and left, the pace it needs, when it is used up; empty without a commitment or after the term."""
    forecast = tracking.forecast
    if forecast.committed_usd <= 0.0 or is_over(tracking):
        return ()
    return tuple(
        sentence
        for sentence in (
            _drawn_sentence(tracking),
            _pace_sentence(tracking),
            _exhaustion_sentence(forecast),
            _later_sentence(tracking),
            _straight_line_sentence(tracking),
        )
        if sentence
    )


def _drawn_sentence(tracking: Tracking) -> str:
    period, contract = tracking.forecast.period, tracking.signed.contract
    span = f"{month_words(period.first)} to {month_words(period.last)}"
    basis = " in list dollars" if contract.drawdown == "list" else ""
    own = period.committed_usd - period.left_usd - period.given_up_usd
    share = f" ({percent(own / period.committed_usd)})" if period.committed_usd > 0.0 else ""
    said = f"Committed for {span}: {usd(period.committed_usd)}{basis}, of which {usd(own)}{share} is drawn"
    if period.drawn_usd - own > HALF_CENT_USD:
        said += f" (beside {usd(period.drawn_usd - own)} from balances carried over)"
    if period.given_up_usd > HALF_CENT_USD:
        said += f", {usd(period.given_up_usd)} was given up when it was renewed early"
    if period.left_usd <= HALF_CENT_USD:
        return f"{said}: nothing is left, and further use is billed beyond the commitment."
    return f"{said} and {usd(period.left_usd)} is left until {period.ends_on}; {_unused_words(contract)}."


def _unused_words(contract: Contract) -> str:
    """What becomes of what is not used in time."""
    if contract.shortfall == "true_up":
        return f"what is unused then is charged at {percent(contract.true_up_rate)}"
    if contract.rollover is not None:
        months = counted(contract.rollover.months, "month")
        carried = f"{percent(contract.rollover.share)} of what is unused then can be used for {months} more"
        least = contract.rollover.renew_min_fraction
        renewed = f", if the next commitment is at least {percent(least)} of this one" if least > 0.0 else ""
        rest = "; the rest is forfeited" if contract.rollover.share < 1.0 else ""
        return f"{carried}{renewed}{rest}"
    return "what is unused then is forfeited"


def _pace_sentence(tracking: Tracking) -> str:
    """What each month has to bring, beside what the last ones brought and the next ones will."""
    pace, period = tracking.forecast.pace, tracking.forecast.period
    if pace.months_left <= 0.0 or period.left_usd <= HALF_CENT_USD:
        return ""
    if not isfinite(pace.needed_usd):
        return f"No use of the expected kind can use it up in the {_left_words(pace.months_left)} left."
    recent = ""
    if seen := len(closed_months(tracking.months)[-_RECENT_MONTHS:]):
        last = about(closed_months(tracking.months)[-1].actual_usd)
        recent = f"; the last closed month had {last}"
        if seen > 1:
            recent = f"; the last {seen} closed months had {about(pace.recent_usd)} on average, the last one {last}"
    return (
        f"Using it up exactly takes {about(pace.needed_usd)} a month at list over the "
        f"{_left_words(pace.months_left)} left{recent}, and the forecast expects {about(pace.expected_usd)}."
    )


def _left_words(months: float) -> str:
    if months == round(months):
        return counted(round(months), "month")
    return f"{months:.1f} months"


def _exhaustion_sentence(forecast: Forecast) -> str:
    """When the period's commitment is used up, on the paths on which it is."""
    found = forecast.exhaustion
    if forecast.period.left_usd <= HALF_CENT_USD or forecast.pace.months_left <= 0.0:
        return ""
    if found.p50 is None:
        return f"On no path of the forecast is it used up by {forecast.period.ends_on}."
    return (
        f"The probability that it is used up by {forecast.period.ends_on} is {risk_words(forecast, found.probability)}"
        f"{_when(found)}."
    )


def _when(found: MonthRange) -> str:
    if found.p50 is None:
        return ""
    if found.p10 is None or found.p90 is None or found.p10 == found.p90:
        return f", in {month_words(found.p50)}"
    return (
        f"; if it is, half of the time by {month_words(found.p50)}, and four times in five from "
        f"{month_words(found.p10)} to {month_words(found.p90)}"
    )


def _later_sentence(tracking: Tracking) -> str:
    """Where the risk of the term lies mostly in later periods, so that it does not seem to contradict this one's."""
    forecast, period = tracking.forecast, tracking.forecast.period
    risk, own = forecast.shortfall_probability, 1.0 - forecast.exhaustion.probability.mean
    if len(tracking.signed.contract.periods) == 1 or risk.mean < _WORTH_TELLING or own >= risk.mean / 2.0:
        return ""
    return (
        f"Most of the shortfall risk of {risk_words(forecast, risk)} lies after {period.ends_on}: it counts every "
        "period of the term."
    )


def _straight_line_sentence(tracking: Tracking) -> str:
    """What a burn rate that just goes on would have said."""
    seen, left = closed_months(tracking.months), tracking.forecast.pace.months_left
    if not seen or left <= 0.0:
        return ""
    line = tracking.forecast.straight_line_shortfall_usd
    says = f"a shortfall of {about(line)}" if line > HALF_CENT_USD else "no shortfall"
    return (
        f"For comparison, a straight line through the closed months says {says}; it knows nothing of growth, "
        "seasons and routing still to come."
    )


def drawdown_table(tracking: Tracking) -> Table:
    """The commitment of the period and of the term in figures; empty without a commitment."""
    forecast = tracking.forecast
    if forecast.committed_usd <= 0.0:
        return Table(title="", columns=(), rows=())
    period = forecast.period
    rows = [
        ("period", f"{period.first} to {period.last}"),
        ("committed", usd(period.committed_usd)),
        ("drawn", usd(period.drawn_usd)),
        ("left", usd(max(period.left_usd, 0.0))),
        ("to be used by", str(period.ends_on)),
        *_pace_rows(tracking),
        *_exhaustion_rows(forecast),
        *_term_rows(tracking),
    ]
    told = [
        *(["Used up in: on the paths on which it is."] if forecast.pace.months_left > 0.0 else []),
        "Cost of the term: as settled, with what is billed already.",
    ]
    return Table(
        title="The commitment, its drawdown and its pace",
        columns=("", "value"),
        rows=tuple(rows),
        numeric=frozenset({1}),
        note=" ".join(told),
    )


def _term_rows(tracking: Tracking) -> list[tuple[str, str]]:
    """Of the whole term: what is to be expected of it, and once it is over what it came to."""
    forecast = tracking.forecast
    rows = []
    if len(tracking.signed.contract.periods) > 1:
        rows = [
            ("committed over the term", usd(forecast.committed_usd)),
            ("drawn over the term", usd(forecast.drawn_usd)),
        ]
    if is_over(tracking):
        return [
            *rows,
            ("shortfall", usd(forecast.expected_shortfall.mean)),
            ("overage", usd(forecast.expected_overage.mean)),
            ("cost of the term", usd(forecast.expected_cost.mean)),
        ]
    return [
        *rows,
        ("shortfall risk over the term", risk_words(forecast, forecast.shortfall_probability)),
        ("expected shortfall", usd_estimate(forecast.expected_shortfall)),
        ("overage risk over the term", risk_words(forecast, forecast.overage_probability)),
        ("expected overage", usd_estimate(forecast.expected_overage)),
        ("expected cost of the term", usd_estimate(forecast.expected_cost)),
    ]


def _pace_rows(tracking: Tracking) -> list[tuple[str, str]]:
    """List use a month, where there are months that it can be said of."""
    pace, seen = tracking.forecast.pace, closed_months(tracking.months)
    rows = [("list use a month, mean of the last closed ones", about(pace.recent_usd))] if seen else []
    if pace.months_left > 0.0:
        rows += [
            ("list use a month that uses it up", about(max(pace.needed_usd, 0.0))),
            ("list use a month, expected", about(pace.expected_usd)),
        ]
    return rows


def _exhaustion_rows(forecast: Forecast) -> list[tuple[str, str]]:
    found = forecast.exhaustion
    if forecast.pace.months_left <= 0.0:
        return []
    return [
        ("probability that it is used up", risk_words(forecast, found.probability)),
        ("used up in: P10 / P50 / P90", " / ".join(month or "-" for month in (found.p10, found.p50, found.p90))),
    ]
