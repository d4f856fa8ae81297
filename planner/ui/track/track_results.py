"""What tracking says, by section: drawdown, months, causes, actions, earlier forecasts, drift, the next term."""

from collections.abc import Iterable
from functools import partial

import streamlit as st

from planner.charts.tracking import burn_down_chart, spend_chart
from planner.charts.tracking_causes import causes_chart
from planner.charts.tracking_history import history_chart, history_dollars_chart
from planner.provenance_of.tracked import forecast_figure, left_to_use
from planner.tables import Table
from planner.tracking.tracking import Tracking
from planner.tracking_reports.actions import actions_sentences, actions_table
from planner.tracking_reports.burn_down import burn_down_table
from planner.tracking_reports.causes import causes_by_month_table, causes_sentences, causes_table
from planner.tracking_reports.conclusion import at_signing
from planner.tracking_reports.drawdown import drawdown_sentences, drawdown_table
from planner.tracking_reports.drift import adoption_table, drift_sentences, evidence_table, since_table
from planner.tracking_reports.forecasts import basis_sentences, history_table, judged_sentences, judged_table
from planner.tracking_reports.months import months_sentences, months_table, to_come_table
from planner.tracking_reports.renewal import renewal_sentences, renewal_table
from planner.tracking_reports.told import track_notes
from planner.tracking_reports.track_json import track_json
from planner.ui.showing import show
from planner.ui.showing.escape import plain
from planner.ui.showing.figures import Figure
from planner.words import percent, usd_short


def now_against_signing(tracking: Tracking) -> list[Figure]:
    """Risk and dollars of today, each with what it was at signing."""
    now, then = tracking.forecast, at_signing(tracking)
    was = (None,) * 4
    if then is not None and tracking.months:
        was = (
            percent(then.shortfall_probability),
            usd_short(then.expected_shortfall_usd),
            percent(then.overage_probability),
            usd_short(then.expected_overage_usd),
        )
    shortfall, overage = usd_short(now.expected_shortfall.mean), usd_short(now.expected_overage.mean)
    figures = (
        ("Shortfall risk", percent(now.shortfall_probability.mean), "paying for use that does not come, in the term"),
        ("Mean shortfall", shortfall, "expected over the term, all paths: what is paid for nothing"),
        ("Overage risk", percent(now.overage_probability.mean), "using more than the commitment, in the term"),
        ("Mean overage", overage, "expected over the term, all paths: what is billed beyond the commitment"),
    )
    found = [
        Figure(
            name=name,
            value=value,
            meaning=meaning,
            error=f"{then_was} at signing" if then_was else "",
            provenance=partial(forecast_figure, tracking, name),
        )
        for (name, value, meaning), then_was in zip(figures, was, strict=True)
    ]
    period = tracking.forecast.period
    if period.committed_usd > 0:
        meaning = f"of {usd_short(period.committed_usd)}, {period.first} to {period.last}"
        left, origin = usd_short(max(period.left_usd, 0.0)), partial(left_to_use, tracking)
        found.append(Figure(name="Left to use", value=left, meaning=meaning, provenance=origin))
    return found


def drawdown_section(tracking: Tracking) -> None:
    """The commitment as it burns down."""
    _say(drawdown_sentences(tracking))
    found = tracking.burn_down
    if found is not None and tracking.forecast.period.committed_usd > 0:
        says = "What is left of the commitment: so far, as signed and as expected now; figures in the table."
        show.chart(lambda palette: burn_down_chart(tracking, found, palette), says=says, key="burn_down_chart")
        show.beside(burn_down_table(tracking), key="burn_down")
    _beside(drawdown_table(tracking), "drawdown")


def months_section(tracking: Tracking) -> None:
    """Months that were seen, beside both fans."""
    _say(months_sentences(tracking))
    says = "Monthly list spend: actual months, the fan of the plan as signed, that of today; figures in the tables."
    show.chart(lambda palette: spend_chart(tracking, palette), says=says, key="track_spend_chart")
    if tracking.months:
        table = months_table(tracking)
        show.table(table, key="tracked_months", rows=lambda: list(track_json(tracking)["months"]))
    _beside(to_come_table(tracking), "to_come")


def history_section(tracking: Tracking) -> None:
    """How the forecast has moved, and how good it was; nothing before a month is closed."""
    if len(tracking.past) < 2:
        show.sentence("Nothing was closed since signing, so there is one forecast, that of today.")
        return
    says = "Probability of a shortfall and of overage as told after each month; figures in the table."
    show.chart(lambda palette: history_chart(tracking, palette), says=says, key="history_chart")
    says = "Expected shortfall and overage as told after each month; figures in the table."
    show.chart(lambda palette: history_dollars_chart(tracking, palette), says=says, key="history_dollars_chart")
    table = history_table(tracking)
    show.beside(table, key="forecast_history", rows=lambda: list(track_json(tracking)["forecast_history"]))
    _say(judged_sentences(tracking))
    _beside(judged_table(tracking), "judged")


def causes_section(tracking: Tracking) -> None:
    """From planned to actual."""
    if not tracking.causes.by_month:
        show.sentence("No month is closed yet: causes are told of whole months.")
        return
    _say(causes_sentences(tracking))
    says = "Planned and actual list cost with every cause between them; figures in the table."
    show.chart(lambda palette: causes_chart(tracking.causes, palette), says=says, key="causes_chart")
    table = causes_table(tracking)
    show.beside(table, key="causes", rows=lambda: list(track_json(tracking)["causes"]))
    _beside(causes_by_month_table(tracking), "causes_by_month")


def actions_section(tracking: Tracking) -> None:
    """What can be done, with its value."""
    _say(actions_sentences(tracking))
    if tracking.actions:
        table = actions_table(tracking)
        show.table(table, key="track_actions", rows=lambda: list(track_json(tracking)["actions"]))


def drift_section(tracking: Tracking) -> None:
    """What has moved against what the plan rests on, and what came since."""
    said = drift_sentences(tracking)
    _say(said or ("Nothing to compare yet: adoption needs a closed month, pass rates need outcomes.",))
    for table, key in (
        (adoption_table(tracking), "adoption"),
        (evidence_table(tracking), "track_evidence"),
        (since_table(tracking), "since_signing"),
    ):
        _beside(table, key)


def renewal_section(tracking: Tracking) -> None:
    """The next term, sized on what was seen."""
    _say(renewal_sentences(tracking))
    show.table(renewal_table(tracking), key="track_renewal")


def basis_section(tracking: Tracking) -> None:
    """What must be known beside all of it."""
    said = (*basis_sentences(tracking), *track_notes(tracking))
    if not said:
        return
    with st.expander(f"What this rests on: {len(said)} notes", icon=":material/info:"):
        for note in said:
            st.markdown(f"- {plain(note, 2000)}")


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        show.sentence(line)


def _beside(table: Table, key: str) -> None:
    if table.rows:
        show.beside(table, key=key)
