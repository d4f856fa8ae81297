"""Run rate: list spend month by month, as it is and with the levers, with its uncertainty."""

from functools import partial

import streamlit as st

from planner.charts.drivers import commit_tornado_chart, shares_chart, spend_tornado_chart
from planner.charts.spend import annual_exceedance_chart, fan_chart
from planner.charts.style import series_order
from planner.drivers import Drivers
from planner.drivers_report import drivers_sentences, drivers_table, shortfall_drivers_table
from planner.plan import Plan
from planner.plan_drivers import plan_drivers
from planner.provenance_of.told import annual_columns, run_rate
from planner.report import caches_table, routes_table, scenarios_table
from planner.ui.showing import downloads, show
from planner.ui.showing.asked import asked
from planner.ui.showing.escape import plain
from planner.ui.showing.sentences import annual_chances_table, months_ahead_table, run_rate_conclusion, run_rate_figures
from planner.ui.state.session import Loaded, loaded


def page() -> None:
    """Fan chart, annual figures, the chance of spending more, what drives it, and what the routes rest on."""
    current = loaded()
    plan = current.plan
    lines = run_rate_conclusion(plan)
    show.head("Run rate", "What the mix will cost at list over the term, as it is and with the levers.")
    show.conclusion(lines, where=partial(run_rate, plan))
    show.metrics(run_rate_figures(plan))
    scenarios = _scenarios(plan)
    show.chart(lambda palette: fan_chart(plan, scenarios, palette), says=" ".join(lines), key="fan")
    show.beside(months_ahead_table(plan, scenarios), key="monthly_list_spend", rows=lambda: downloads.month_rows(plan))
    st.header("The first year")
    told = partial(annual_columns, plan)
    show.table(scenarios_table(plan), key="annual_list_spend", rows=lambda: downloads.scenario_rows([plan]), where=told)
    show.chart(
        lambda palette: annual_exceedance_chart(plan, scenarios, palette),
        says="The chance that list spend of the first year exceeds an amount, per scenario; figures in the table.",
        key="exceedance",
    )
    show.beside(annual_chances_table(plan, scenarios), key="annual_chances")
    _drivers(current)
    st.header("Why routing pays, or does not")
    routes = routes_table(plan)
    if routes.rows:
        show.table(routes, key="routes", rows=lambda: downloads.route_rows(plan))
    else:
        show.sentence("No scenario of this plan routes a request type; add [[scenario.route]] to the plan.")
    caches = caches_table(plan)
    if caches.rows:
        show.table(caches, key="caches")
    show.warnings(plan, expanded=False)


def _scenarios(plan: Plan) -> list[str]:
    """The scenarios to draw: the one decided on and the baseline, unless the user chooses among more."""
    names = series_order(plan)
    if len(names) <= 2:
        return names
    chosen = st.pills(
        "Scenarios in the charts",
        names,
        default=names[:2],
        selection_mode="multi",
        format_func=lambda name: plain(name, 60),
        key=f"shown_{plan.inputs.sha256[:12]}",
        persist_state="session",
    )
    return [name for name in names if name in chosen] or names[:2]


def _drivers(current: Loaded) -> None:
    """Which uncertain inputs matter, and what each would change."""
    st.header("What drives it")
    found: Drivers | None = asked(
        current,
        "drivers",
        button="Work out what drives it",
        says="Every uncertain input is set to its P10 and to its P90 in turn; with linked periods it takes a while.",
        make=lambda report: plan_drivers(current.plan),
        at_once=True,
    )
    if found is None:
        return
    for line in drivers_sentences(found):
        show.sentence(line)
    if not any(one.spend for one in found.inputs):
        return
    says = "Share of the variance of annual spend per uncertain input; figures in the table."
    show.chart(lambda palette: shares_chart(found, palette), says=says, key="shares")
    says = "Expected annual spend with each input at its P10 and at its P90; figures in the table."
    show.chart(lambda palette: spend_tornado_chart(found, palette), says=says, key="spend_tornado")
    says = "Best commitment with each input at its P10 and at its P90; figures in the table."
    show.chart(lambda palette: commit_tornado_chart(found, palette), says=says, key="commit_tornado")
    show.beside(drivers_table(found), key="drivers", rows=lambda: downloads.driver_rows(found))
    show.beside(shortfall_drivers_table(found), key="shortfall_drivers")
