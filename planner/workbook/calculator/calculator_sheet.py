"""Sheet Offer calculator: an offer typed in is priced by formulas, beside the recommended and the best one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.inputs import Decision
from planner.words import percent
from planner.workbook.calc.case_steps import LEVELS, NOT_KNOWN
from planner.workbook.calc.pricing import OfferPoints, QuantileError
from planner.workbook.calculator.calc_sheet import CalcPlaces
from planner.workbook.calculator.calculator_inputs import INPUT_ROW, write_bands, write_offer_inputs
from planner.workbook.calculator.offer_state import BEST, RECOMMENDED, TYPED, OfferState, in_scenario
from planner.workbook.calculator.target import Target
from planner.workbook.contract_words import protected_prices
from planner.workbook.sheet import Define, Sheet, Value, cell, less

_FIRST_COL: Final = 5
_COLUMNS: Final = ((TYPED, _FIRST_COL + 1), (RECOMMENDED, _FIRST_COL + 2), (BEST, _FIRST_COL + 4))
_DIFFERENCE_COL: Final = _FIRST_COL + 3
LAST_COL: Final = _FIRST_COL + 6
"""Inputs stand on the left, results beside them."""

_BEST_NAMES: Final = {
    "commit": "offer_best_commit_usd",
    "cost": "offer_best_cost_usd",
    "probability": "offer_best_shortfall_probability",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CalculatorContents:
    """What the sheet shows. places: where Calc has it. target: where to aim, None where nothing was negotiated."""

    state: OfferState
    places: CalcPlaces
    error: QuantileError
    decision: Decision
    target: Target | None


def write_offer(sheet: Sheet, contents: CalculatorContents, define: Define) -> None:
    """Inputs, bands, results, and the same offer in every scenario, one below the other."""
    state = contents.state
    sheet.title("Offer: type one in, read what it costs", last_col=LAST_COL)
    sheet.paragraph(
        1,
        "Change the blue cells on yellow. Every other figure follows by formula from the spend on sheet Points "
        f"and covers the whole term that is typed in, in US dollars before tax. {contents.error.sentence}",
        last_col=LAST_COL,
    )
    write_offer_inputs(sheet, state, contents.places, define)
    left = write_bands(sheet, state, define)
    row = _write_outputs(sheet, contents, INPUT_ROW - 2, define)
    if contents.target is not None:
        row = _write_target(sheet, contents, contents.target, row + 1, define)
    row = _write_scenarios(sheet, contents, row + 1)
    row = max(row, left)
    for note in _notes(state.points, contents.decision):
        sheet.paragraph(row + 1, note, last_col=LAST_COL)
        row += 1
    sheet.set_layout(
        exact={0: 40, 2: 34, 3: 8, 4: 3, 5: 50}, at_least={1: 18, **dict.fromkeys(range(6, LAST_COL + 1), 15)}
    )
    sheet.print_setup(last_row=row, last_col=LAST_COL, pages_high=1)
    sheet.worksheet.freeze_panes(INPUT_ROW - 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """A result: its name for the offer typed in, the step of Calc, and whether the difference says anything."""

    name: str
    step: str
    label: str
    style: str
    has_difference: bool = True


def _outputs(points: OfferPoints) -> Iterator[_Output]:
    short = "Probability of a shortfall in any contract year"
    even = "Break-even utilization of list dollars committed"
    below = "Break-even list use, USD a year"
    yield _Output(name="", step="commit", label="Commitment, USD a year", style="usd")
    yield _Output(name="offer_expected_cost_usd", step="cost", label="Expected cost", style="usd")
    yield _Output(name="offer_on_demand_usd", step="on_demand", label="Expected cost on demand, at list", style="usd")
    yield _Output(
        name="offer_expected_saving_usd", step="saving", label="Expected saving against on demand", style="usd"
    )
    yield _Output(name="offer_effective_savings_rate", step="savings", label="Effective savings rate", style="percent")
    yield _Output(name="offer_shortfall_probability", step="probability", label=short, style="percent")
    yield _Output(name="offer_expected_shortfall_usd", step="shortfall", label="Expected shortfall", style="usd")
    yield _Output(name="offer_expected_overage_usd", step="overage", label="Expected overage", style="usd")
    yield _Output(name="offer_owed_usd", step="owed_anyway", label="Owed even if nothing is used", style="usd")
    for level in LEVELS if points.blend is not None else ():
        name = f"offer_cost_{level.lower()}_usd"
        yield _Output(name=name, step=f"cost_{level}", label=f"Cost, {level}", style="usd")
    yield _Output(
        name="offer_break_even_utilization", step="break_even", label=even, style="percent", has_difference=False
    )
    yield _Output(name="offer_break_even_list_usd_per_year", step="break_even_use", label=below, style="usd")


def _write_outputs(sheet: Sheet, contents: CalculatorContents, row: int, define: Define) -> int:
    """Every result of the offer typed in, the recommended one and the best; returns the next free row."""
    sheet.subtitle(row, "What it costs over the term", first_col=_FIRST_COL, last_col=_FIRST_COL + 4)
    heading = ("", "this offer", "recommended", "difference", "best commitment")
    sheet.header(row + 1, heading, first_col=_FIRST_COL)
    cases = contents.places.cases
    for at, output in enumerate(_outputs(contents.state.points), start=row + 2):
        sheet.text(at, _FIRST_COL, output.label, "label")
        for key, col in _COLUMNS:
            style = f"bold_{output.style}" if key == TYPED else output.style
            sheet.formula(at, col, f"={cases.at(key, output.step)}", cases.value(key, output.step), style)
        if output.has_difference:
            _write_difference(sheet, contents, at, output)
        if output.name:
            define(output.name, sheet.ref(cell(at, _COLUMNS[0][1])))
        if output.step in _BEST_NAMES:
            define(_BEST_NAMES[output.step], sheet.ref(cell(at, _COLUMNS[2][1])))
    return row + 2 + len(list(_outputs(contents.state.points)))


def _write_difference(sheet: Sheet, contents: CalculatorContents, row: int, output: _Output) -> None:
    """This offer less the recommended one, where both are known."""
    values = [contents.state.of(key).values[output.step] for key in (TYPED, RECOMMENDED)]
    value: Value = NOT_KNOWN
    if not any(isinstance(item, str) for item in values):
        value = less(*(contents.state.of(key).number(output.step) for key in (TYPED, RECOMMENDED)))
    ours, theirs = (cell(row, col, row_abs=False, col_abs=False) for _, col in _COLUMNS[:2])
    formula = f"={ours}-{theirs}"
    if output.step.startswith("cost_"):
        formula = f'=IF(OR(EXACT({ours},"{NOT_KNOWN}"),EXACT({theirs},"{NOT_KNOWN}")),"{NOT_KNOWN}",{ours}-{theirs})'
    sheet.formula(row, _DIFFERENCE_COL, formula, value, output.style)


def _write_target(sheet: Sheet, contents: CalculatorContents, target: Target, row: int, define: Define) -> int:
    """How far the offer is from the target; returns the next free row."""
    state, cases = contents.state, contents.places.cases
    sheet.subtitle(row, "Against the target of sheet Positions", first_col=_FIRST_COL, last_col=_FIRST_COL + 4)
    given: tuple[tuple[str, str, float, str], ...] = (
        ("target_cost_usd", "Its expected cost, less the buyer's own value", target.cost_usd, "usd"),
        ("target_rate", "The same per dollar on demand, for another term", target.rate, "percent"),
        ("target_term_months", "Term of the target, months", target.term_months, "count"),
        ("target_scenario_number", "Number of the scenario that it is priced in", state.scenario + 1, "count"),
    )
    for at, (name, label, value, style) in enumerate(given, start=row + 1):
        sheet.text(at, _FIRST_COL, label, "label")
        sheet.number(at, _FIRST_COL + 1, value, style)
        define(name, sheet.ref(cell(at, _FIRST_COL + 1)))
    at = row + 1 + len(given)
    sheet.text(at, _FIRST_COL, "What it would cost over the same term", "label")
    sheet.text(at + 1, _FIRST_COL, f"Costs more than that; {NOT_KNOWN} in other scenarios", "label")
    for key, col in _COLUMNS:
        cost, listed = state.of(key).number("cost"), state.of(key).number("on_demand")
        same = target.cost_over(state.terms.term_months, listed)
        formula = (
            f"=IF({cases.at(key, 'term')}=target_term_months,target_cost_usd,target_rate*{cases.at(key, 'on_demand')})"
        )
        sheet.formula(at, col, formula, same, "usd")
        more = f"{cases.at(key, 'cost')}-{cell(at, col, row_abs=False, col_abs=False)}"
        formula = f'=IF(offer_scenario_number=target_scenario_number,{more},"{NOT_KNOWN}")'
        sheet.formula(
            at + 1,
            col,
            formula,
            target.gap_usd(cost, listed, state.terms.term_months),
            "bold_usd" if key == TYPED else "usd",
        )
    define("offer_target_gap_usd", sheet.ref(cell(at + 1, _FIRST_COL + 1)))
    return at + 2


def _write_scenarios(sheet: Sheet, contents: CalculatorContents, row: int) -> int:
    """The offer typed in, lived in every scenario; returns the next free row."""
    cases, scenarios = contents.places.cases, contents.state.points.scenarios
    sheet.subtitle(row, "This offer in every scenario", first_col=_FIRST_COL, last_col=LAST_COL)
    columns = (
        ("expected cost", "cost", "usd"),
        ("on demand", "on_demand", "usd"),
        ("savings rate", "savings", "percent"),
        ("P(shortfall)", "probability", "percent"),
        ("expected shortfall", "shortfall", "usd"),
        ("expected overage", "overage", "usd"),
    )
    labels = (f"{label}, USD" if style == "usd" else label for label, _, style in columns)
    sheet.header(row + 1, ("scenario", *labels), first_col=_FIRST_COL)
    for index, scenario in enumerate(scenarios):
        key = in_scenario(TYPED, index)
        sheet.text(row + 2 + index, _FIRST_COL, scenario.name)
        for col, (_, step, style) in enumerate(columns, start=_FIRST_COL + 1):
            sheet.formula(row + 2 + index, col, f"={cases.at(key, step)}", cases.value(key, step), style)
    return row + 2 + len(scenarios)


def _notes(points: OfferPoints, decision: Decision) -> Iterator[str]:
    contract = points.contract
    yield _best_note(points, decision)
    if contract.overage == "committed":
        yield (
            "The plan's contract bills use beyond the commitment at the committed discount: when you change the "
            "discount, change the discount on use beyond it too. Bands bring theirs along."
        )
    if len(points.years) > 1:
        yield (
            "The commitment is the same in every contract year, a part-year owes its share, and what a year leaves "
            "unused is charged as the shortfall clause says."
        )
    if points.is_locked:
        yield (
            f"{protected_prices(contract)} Use beyond the commitment, billed at the prices of its month, is looked up "
            "in a table that the program computed for the plan's own term, which is the only one that can be typed; "
            "percentiles of cost are not carried."
        )
    elif points.blend is not None and points.blend.is_apart:
        yield "What does not draw the commitment down is apart: with a true-up, percentiles of cost are not known."
    if contract.eligible_fraction < 1:
        yield (
            f"{percent(contract.eligible_fraction)} of list spend enters the contract; the rest is billed at list "
            "outside it and is part of every cost."
        )
    elif any(scenario.outside_usd.any() for scenario in points.scenarios):
        yield "What does not draw the commitment down is billed at list beside it and is part of every cost."


def _best_note(points: OfferPoints, decision: Decision) -> str:
    """What the best commitment is the best of."""
    parts = [
        "Best commitment: the least expected cost among no commitment and every amount at the typed discount, or at "
        "the bands where the discount is taken from the band table, with P(shortfall) within the limit typed."
    ]
    if decision.objective != "expected_cost":
        parts.append("The plan decides by another measure than the expected cost, so that its recommendation differs.")
    if decision.shortfall_limit_per == "period" and len(points.years) > 1:
        parts.append(
            "The plan limits each contract year by itself; the limit here holds for any year of the term, so that the "
            "best commitment here may be smaller."
        )
    return " ".join(parts)
