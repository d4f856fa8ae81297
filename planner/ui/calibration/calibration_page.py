"""Calibration: what the log says about demand, how far to trust it, and whether this advice would have been right."""

from collections.abc import Iterator

import streamlit as st

from planner.calibration.calibrate import DEMAND_KEYS, Calibration
from planner.calibration.notes import too_little
from planner.calibration.parameter_names import parameter_name, short_name
from planner.calibration.priors import distribution_range
from planner.calibration_report import (
    calibration_headline,
    outliers_table,
    parameter_value,
    parameters_table,
    season_table,
    shifts_table,
    weekdays_table,
)
from planner.charts.calibration import trend_chart, weights_chart
from planner.history.history import LEAST_MONTHS, LEAST_WEEKS, History
from planner.plan import Plan
from planner.tables import Table
from planner.ui.calibration.backtest_section import backtest_section, more_days
from planner.ui.showing import downloads, show
from planner.ui.state.session import loaded
from planner.words import percent, usd_short


def page() -> None:
    """What was learnt and from what, the fit beside the data, and the backtest of forecast and sizing."""
    current = loaded()
    plan, calibration = current.plan, current.plan.prepared.calibration
    show.head("Calibration", "What the log says about demand, and whether this plan's way of sizing would have worked.")
    if calibration is None:
        _without_log(plan)
    else:
        show.conclusion((*calibration_headline(calibration), *_sources(calibration)))
        _fit(plan, calibration)
        _standing_out(calibration)
        backtest_section(current, calibration.history)
    show.warnings(plan, expanded=False)


def _without_log(plan: Plan) -> None:
    show.conclusion(
        (
            "Nothing was learnt from data: this plan's mix was typed in, so there is no log to learn from.",
            "Demand rests on what the plan types under [demand], and on defaults for the rest.",
        )
    )
    show.sentence(
        "Upload a usage log in the sidebar, or name one under [usage] in the plan. Growth, volatility and noise are "
        f"then fitted to it, from {LEAST_MONTHS} complete months or {LEAST_WEEKS} whole weeks on, and the forecast and "
        "the sizing are tested on the end of the log."
    )
    show.table(_typed_table(plan), key="typed_demand")


def _typed_table(plan: Plan) -> Table:
    """Demand of a plan without a log: each key as typed, or its default. A distribution has a P10 and a P90."""
    rows = []
    for key in DEMAND_KEYS:
        if key == "season":
            continue
        value = getattr(plan.inputs.demand, key)
        p10, p50, p90 = (value,) * 3 if isinstance(value, float | int) else distribution_range(value)
        ends = ("", "") if p10 == p90 else (parameter_value(key, p10), parameter_value(key, p90))
        source = "you" if key in plan.inputs.demand_given else "default"
        rows.append((parameter_name(key), parameter_value(key, p50), *ends, source))
    columns = ("parameter", "value", "P10", "P90", "from")
    return Table(title="Demand, as the plan has it", columns=columns, rows=tuple(rows), numeric=frozenset({1, 2, 3}))


def _sources(calibration: Calibration) -> Iterator[str]:
    """What is a prior and what was typed, beside what the headline says was learnt."""
    said = {"prior": "Priors, not learnt from this log", "user": "As you typed them, and so not fitted"}
    for source, words in said.items():
        names = [short_name(fit.name) for fit in calibration.parameters if fit.source == source and "." not in fit.name]
        if any(fit.source == source and fit.name.startswith("season.") for fit in calibration.parameters):
            names.append("season")
        if names:
            yield f"{words}: {', '.join(names)}."


def _fit(plan: Plan, calibration: Calibration) -> None:
    st.header("What the log says")
    if calibration.trend is None:
        show.sentence(f"{too_little(calibration.history)}{more_days(calibration.history)}")
    else:
        trend = _trend_table(calibration)
        says = "Measured and fitted list cost by period: " + "; ".join(" ".join(row[:3]) for row in trend.rows)
        show.chart(lambda palette: trend_chart(calibration, palette), says=says, key="trend")
        show.beside(trend, key="trend_table", rows=lambda: downloads.trend_rows(calibration))
        show.sentence(calibration.rests_on)
    parameters = parameters_table(calibration)
    show.table(parameters, key="parameters", rows=lambda: downloads.parameter_rows(calibration))
    if (season := season_table(calibration)) is not None:
        show.beside(season, key="season")
    if any(fit.weight_of_data > 0 for fit in calibration.parameters if fit.name in DEMAND_KEYS):
        says = "How much of each parameter comes from the data; figures in the table above."
        show.chart(lambda palette: weights_chart(calibration, palette), says=says, key="weights")
    if calibration.trend is not None:
        show.sentence(
            "To take away: the plan file with this fit written under [demand], each value with its interval and its "
            "source. What you typed stays as it is; take a key out of [demand] to have it fitted."
        )
        downloads.calibrated_plan_button(plan, calibration)


def _trend_table(calibration: Calibration) -> Table:
    rows = tuple(
        (row["period"], *(usd_short(row[f"{name}_usd_per_month"]) for name in ("measured", "fitted", "p10", "p90")))
        for row in downloads.trend_rows(calibration)
    )
    return Table(
        title="Measured and fitted, list cost a month",
        columns=(str(calibration.history.period), "measured", "fitted level", "P10", "P90"),
        rows=rows,
        numeric=frozenset({1, 2, 3, 4}),
        note="Requests of each period, scaled to a month, at the cost of a request at the end of the log.",
    )


def _standing_out(calibration: Calibration) -> None:
    """Unusual days, lasting steps, incomplete periods and the rhythm of the week; or that there are none."""
    st.header("What stands out in it")
    history = calibration.history
    if history.left_out and calibration.trend is None:
        show.sentence(f"Incomplete, and left out of the fit: {'; '.join(history.left_out)}.")
    outliers, shifts = outliers_table(calibration), shifts_table(calibration)
    if outliers is not None:
        show.table(outliers, key="outlier_days", rows=lambda: downloads.outlier_rows(calibration))
    if shifts is not None:
        show.table(shifts, key="level_shifts", rows=lambda: downloads.shift_rows(calibration))
    if absent := _absent(history):
        show.sentence(absent)
    if (weekdays := weekdays_table(calibration)) is not None:
        show.sentence(_week(history))
        show.beside(weekdays, key="weekdays")


def _absent(history: History) -> str:
    """What was looked for and not found, or could not be looked for."""
    said = []
    if not history.daily.is_daily:
        said.append("The log is not daily, so single days cannot be judged.")
    elif not history.outlier_days:
        said.append("No day stands out from the days around it.")
    if history.period is not None and not history.level_shifts:
        said.append("No request type took a lasting step up or down.")
    return " ".join(said)


def _week(history: History) -> str:
    """The busiest and the quietest day of a week."""
    assert history.weekdays is not None
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    ranked = sorted(zip(history.weekdays.factors, names, strict=True))
    (low, quiet), (high, busy) = ranked[0], ranked[-1]
    return f"A {busy} costs {percent(high, 0)} of a mean day, a {quiet} {percent(low, 0)}."
