"""A plan as a workbook: results as values, offers as live formulas, the same bytes for the same plan."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from xlsxwriter import Workbook

from planner.brief.worked_out import brief_of
from planner.dossier import Dossier
from planner.errors import WorkbookError
from planner.whole_file import replacing
from planner.workbook.assumed.assumptions_sheet import write_assumptions
from planner.workbook.assumed.evidence_sheet import has_evidence, write_evidence
from planner.workbook.assumed.prices_sheet import write_prices
from planner.workbook.calc.point_error import quantile_error
from planner.workbook.calc.points_sheet import write_points
from planner.workbook.calc.pricing import offer_points
from planner.workbook.calculator.calc_sheet import CalcContents, CaseGroup, write_calc
from planner.workbook.calculator.calculator_inputs import band_cells
from planner.workbook.calculator.calculator_sheet import CalculatorContents, write_offer
from planner.workbook.calculator.offer_state import TYPED, offer_state
from planner.workbook.calculator.target import target_of
from planner.workbook.check import Check
from planner.workbook.checks_sheet import OfferPart, checks, write_checks
from planner.workbook.contents import SHEETS
from planner.workbook.contract_words import unpriced
from planner.workbook.front.about_sheet import write_about
from planner.workbook.front.decision_sheet import write_decision
from planner.workbook.front.sign_off_sheet import write_sign_off
from planner.workbook.negotiating.clause_sheet import has_clause_values, write_clause_values
from planner.workbook.negotiating.positions_sheet import has_positions, write_positions
from planner.workbook.negotiating.sensitivity_sheet import has_sensitivity, write_sensitivity
from planner.workbook.offer_grid.part import write_offers_from_grid
from planner.workbook.quoting.offers_sheet import OffersLayout, offers_layout, write_offers
from planner.workbook.quoting.typed_prices import LiveQuotes, quoted_cases
from planner.workbook.results.budget_sheet import has_budget, write_budget
from planner.workbook.results.curve_sheet import cost_chart, write_curve
from planner.workbook.results.ledger_sheet import write_ledger
from planner.workbook.results.mix_sheet import MixLayout, write_mix
from planner.workbook.results.routes_sheet import write_routes
from planner.workbook.results.scenarios_sheet import write_scenarios
from planner.workbook.results.spend_sheet import has_spend, write_spend
from planner.workbook.results.waterfall_sheet import has_waterfall, write_waterfall
from planner.workbook.sheet import Define, Sheet, namer
from planner.workbook.style import FONT, FONT_SIZE, make_styles
from planner.workbook.tracked.track_sheet import track_checks, write_track

_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}
Writer = Callable[[Sheet, Workbook, Dossier], list[Check]]

_WRITERS: Final[dict[str, tuple[Callable[[Dossier], bool], Writer]]] = {
    "Clause values": (has_clause_values, write_clause_values),
    "Positions": (has_positions, write_positions),
    "Sensitivity": (has_sensitivity, write_sensitivity),
    "Evidence": (has_evidence, write_evidence),
    "Waterfall": (has_waterfall, write_waterfall),
    "Spend distribution": (has_spend, write_spend),
    "Budget view": (has_budget, write_budget),
}
"""Sheets that stand by themselves: whether there is anything to show, and what writes it and returns its checks."""

_TAB_COLORS: Final = {"output": "#1F2A44", "input": "#E0A800", "workings": "#8A93A6"}


def write_workbook(found: Dossier, path: Path) -> None:
    """Write the workbook, whole or not at all. Errors: WorkbookError for its name; InputError where it cannot be."""
    if path.suffix.lower() != ".xlsx":
        raise WorkbookError(
            f"cannot write {path}: spreadsheets open a workbook only as .xlsx; name it {path.stem}.xlsx"
        )
    content = workbook_bytes(found)
    with replacing(path, remedy="give a file in a folder that exists and that you may write to") as new:
        new.write_bytes(content)


def workbook_bytes(found: Dossier) -> bytes:
    """The workbook as a file's content; the same dossier gives the same bytes. Errors: WorkbookError."""
    buffer = BytesIO()
    # XlsxWriter writes into the properties that it is given, so each workbook gets its own.
    properties = {"font_name": FONT, "font_size": FONT_SIZE}
    workbook = Workbook(buffer, {**_OPTIONS, "default_format_properties": properties})
    start = found.plan.inputs.start
    workbook.set_properties(
        {"title": "Commitment plan", "created": datetime(start.year, start.month, start.day, tzinfo=UTC)}
    )
    _fill(workbook, found)
    workbook.close()
    return buffer.getvalue()


def _fill(workbook: Workbook, found: Dossier) -> None:
    """Sheets stand in reading order and are filled in the order in which they need each other."""
    plan = found.plan
    sheets, define = _add_sheets(workbook, found), namer(workbook)

    quotes = offers_layout(found)
    offer: OfferPart | None = None
    live: LiveQuotes | None = None
    if "Points" in sheets:
        offer, quotes = _write_offer_part(sheets, found, define)
        live = LiveQuotes(cases=offer.cases, error=offer.error.sentence, target=target_of(found))
    # formulas price offers only where they know every term of the contract
    read = write_offers_from_grid(sheets, found, define) if offer is None else []
    curve = write_curve(sheets["Commit curve"], workbook, plan)
    ledger = write_ledger(sheets["Ramp and ledger"], plan)
    of_regret = write_scenarios(sheets["Scenarios and regret"], workbook, plan, found.regret)
    mix: MixLayout | None = write_mix(sheets["Request mix"], plan) if "Request mix" in sheets else None
    if "Routes" in sheets:
        write_routes(sheets["Routes"], plan)
    write_assumptions(sheets["Assumptions"], plan)
    write_prices(sheets["Prices"], plan)
    error = offer.error if offer else None
    held = [*checks(plan, offer=offer, curve=curve, ledger=ledger, mix=mix), *read, *of_regret]
    if (tracking := found.months_tracked) is not None:
        held += track_checks(tracking, write_track(sheets["Tracking"], workbook, tracking))
    held += write_offers(sheets["Offers compared"], workbook, found, quotes, live)
    for name, (_, write) in _WRITERS.items():
        if name in sheets:
            held += write(sheets[name], workbook, found)
    hold = write_checks(sheets["Checks"], held, error, define)
    chart = cost_chart(sheets["Commit curve"], workbook, plan)
    write_decision(sheets["Decision"], brief_of(found), checks_hold=hold, chart=chart)
    names = {str(item[0]) for item in workbook.defined_names}
    write_sign_off(sheets["Sign-off"], plan, names=names, checks_hold=hold)
    write_about(sheets["About"], plan, error, [info for info in SHEETS if info.name in sheets])


def _add_sheets(workbook: Workbook, found: Dossier) -> dict[str, Sheet]:
    """An empty sheet for everything that has content."""
    plan = found.plan
    empty = {name for name, (has, _) in _WRITERS.items() if not has(found)}
    empty.add("Points" if unpriced(plan.inputs.contract, plan.inputs.decision) else "Offer grid")
    if not plan.prepared.mix_lines:
        empty.add("Request mix")
    if not any(costs.economics for costs in plan.prepared.scenario_costs):
        empty.add("Routes")
    if found.months_tracked is None:
        empty.add("Tracking")
    styles, sheets = make_styles(workbook), {}
    for info in SHEETS:
        if info.name not in empty:
            worksheet = workbook.add_worksheet(info.name)
            worksheet.set_tab_color(_TAB_COLORS[info.kind])
            sheets[info.name] = Sheet(name=info.name, worksheet=worksheet, styles=styles)
    return sheets


def _write_offer_part(sheets: dict[str, Sheet], found: Dossier, define: Define) -> tuple[OfferPart, OffersLayout]:
    plan, calculator = found.plan, sheets["Offer calculator"]
    points = offer_points(plan)
    error = quantile_error(plan, points)
    quotes = offers_layout(found, points.terms_months)
    scenario = plan.inputs.decision.scenario
    state = offer_state(plan, points, quoted_cases(sheets["Offers compared"], quotes.workings, points, scenario))
    layout, costs = write_points(sheets["Points"], points, error, n_paths=plan.n_paths)
    contents = CalcContents(
        points=points,
        layout=layout,
        costs=costs,
        cases=CaseGroup(
            title="Cases: an offer in a scenario, over the term, US dollars",
            offers=state.offered,
            cases=state.cases,
            steps=state.steps,
        ),
        typed_now=TYPED,
        asked=state.asked,
        found=state.found,
        bands=band_cells(state, calculator),
        best=CaseGroup(
            title="The best commitment, priced",
            offers=((state.best_case.offered,),),
            cases=(state.best_case,),
            steps=(state.best_steps,),
        ),
    )
    places = write_calc(sheets["Calc"], contents, define)
    shown = CalculatorContents(
        state=state, places=places, error=error, decision=plan.inputs.decision, target=target_of(found)
    )
    write_offer(calculator, shown, define)
    return OfferPart(state=state, error=error, layout=layout, cases=places.cases), quotes
