"""Sheet Offer calculator: an offer typed in is priced by formulas, beside the recommended one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from planner.workbook.calculator.calc_sheet import COMMIT, DISCOUNT, OWED, RECOMMENDED, TYPED, Block
from planner.workbook.calculator.calculator_inputs import INPUT_ROW, LAST_COL, Define, write_bands, write_offer_inputs
from planner.workbook.calculator.pricing import PERCENTILES, OfferPoints, OfferState, OfferTerms
from planner.workbook.contract_words import protected_prices
from planner.workbook.sheet import Sheet, Value, cell

_OUTPUT_ROW: Final = 13


def write_offer(sheet: Sheet, state: OfferState, typed: Block, recommended: Block, define: Define) -> None:
    """Inputs, results, the same offer in every scenario, and the band table, one below the other."""
    sheet.title("Offer: type one in, read what it costs", last_col=LAST_COL)
    sheet.paragraph(
        1,
        "Change the blue cells on yellow. Every other figure follows by formula from the spend on sheet Points "
        f"and covers the whole term of {state.points.contract.term_months} months, in US dollars before tax.",
        last_col=LAST_COL,
    )
    write_offer_inputs(sheet, state, typed, define)
    row = _write_outputs(sheet, state, typed, recommended, define)
    row = _write_scenarios(sheet, state, typed, row + 1)
    row = write_bands(sheet, state, row + 1, define)
    for note in _notes(state.points):
        sheet.paragraph(row, note, last_col=LAST_COL)
        row += 1
    sheet.set_layout(at_least={0: 44, 1: 20, 2: 20, 3: 16, 4: 16, 5: 16, 6: 16})
    sheet.print_setup(last_row=row - 1, last_col=LAST_COL, pages_high=1)
    sheet.worksheet.freeze_panes(INPUT_ROW - 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Output:
    """A result. formula(block, column of the offer's terms) is priced for the typed and the recommended offer."""

    name: str
    label: str
    style: str
    value: Value
    formula: Callable[[Block, int], str]
    has_difference: bool = True


def _result(key: str) -> Callable[[Block, int], str]:
    return lambda block, _: f"=INDEX({block.scenarios[key]},offer_scenario_number)"


Row = tuple[str, str, str, Value, Callable[[Block, int], str]]


def _outputs(state: OfferState) -> list[_Output]:
    rows = [*_costs(state), *_risks(state), *_percentiles(state)]
    return [
        *(_Output(name=n, label=w, style=s, value=v, formula=f) for n, w, s, v, f in rows),
        *_break_evens(state.terms),
    ]


def _costs(state: OfferState) -> list[Row]:
    priced = state.priced[state.scenario]
    on_demand = state.points.scenarios[state.scenario].on_demand_usd
    saving = on_demand - priced.expected_cost_usd
    return [
        ("offer_expected_cost_usd", "Expected cost", "usd", priced.expected_cost_usd, _result("cost")),
        ("offer_on_demand_usd", "Expected cost on demand, at list", "usd", on_demand, _result("on_demand")),
        (
            "offer_expected_saving_usd",
            "Expected saving against on demand",
            "usd",
            saving,
            lambda block, _: "={on_demand}-{cost}",
        ),
        ("offer_effective_savings_rate", "Effective savings rate", "percent", priced.savings_rate, _result("savings")),
    ]


def _risks(state: OfferState) -> list[Row]:
    priced = state.priced[state.scenario]
    return [
        (
            "offer_shortfall_probability",
            "Probability of a shortfall in any contract year",
            "percent",
            priced.shortfall_probability,
            _result("probability"),
        ),
        ("offer_expected_shortfall_usd", "Expected shortfall", "usd", priced.shortfall_usd, _result("shortfall")),
        ("offer_expected_overage_usd", "Expected overage", "usd", priced.overage_usd, _result("overage")),
        (
            "offer_owed_usd",
            "Owed whether used or not",
            "usd",
            state.terms.owed_usd * sum(state.points.year_fractions),
            lambda _, col: f"=Calc!{cell(OWED, col)}*contract_years",
        ),
    ]


def _percentiles(state: OfferState) -> list[Row]:
    levels = [f"{level * 100:.0f}" for level in PERCENTILES] if state.points.has_percentiles else []
    costs = state.priced[state.scenario].cost_percentiles_usd
    return [
        (f"offer_cost_p{level}_usd", f"Cost, P{level}", "usd", cost, _result(f"cost_P{level}"))
        for level, cost in zip(levels, costs, strict=True)
    ]


def _break_evens(terms: OfferTerms) -> tuple[_Output, _Output]:
    none = terms.commit_usd == 0
    return (
        _Output(
            name="offer_break_even_utilization",
            label="Break-even utilization of the commitment's list dollars",
            style="percent",
            value="n/a" if none else terms.kept,
            formula=lambda _, col: f'=IF(Calc!{cell(COMMIT, col)}>0,1-Calc!{cell(DISCOUNT, col)},"n/a")',
            has_difference=False,
        ),
        _Output(
            name="offer_break_even_use_usd",
            label="Break-even list use a year: below it on demand is cheaper",
            style="usd",
            value=terms.owed_usd,
            formula=lambda _, col: f"=Calc!{cell(OWED, col)}",
        ),
    )


def _write_outputs(sheet: Sheet, state: OfferState, typed: Block, recommended: Block, define: Define) -> int:
    sheet.subtitle(_OUTPUT_ROW - 1, "What it costs over the term", last_col=LAST_COL)
    sheet.header(_OUTPUT_ROW, ("", "this offer", "recommended offer", "difference"))
    rows = {output.name: _OUTPUT_ROW + 1 + index for index, output in enumerate(_outputs(state))}
    for output in _outputs(state):
        row = rows[output.name]
        sheet.text(row, 0, output.label, "label")
        for col, block in ((TYPED, typed), (RECOMMENDED, recommended)):
            formula = output.formula(block, col).format(
                on_demand=cell(rows["offer_on_demand_usd"], col, row_abs=False, col_abs=False),
                cost=cell(rows["offer_expected_cost_usd"], col, row_abs=False, col_abs=False),
            )
            sheet.formula(row, col, formula, output.value, f"bold_{output.style}" if col == TYPED else output.style)
        if output.has_difference:
            sheet.formula(row, 3, f"=B{row + 1}-C{row + 1}", 0.0, output.style)
        define(output.name, sheet.ref(cell(row, TYPED)))
    return _OUTPUT_ROW + 1 + len(rows)


def _write_scenarios(sheet: Sheet, state: OfferState, typed: Block, row: int) -> int:
    sheet.subtitle(row, "This offer in every scenario", last_col=LAST_COL)
    columns = (
        ("expected cost", "cost", "usd", [p.expected_cost_usd for p in state.priced]),
        ("on demand", "on_demand", "usd", [s.on_demand_usd for s in state.points.scenarios]),
        ("savings rate", "savings", "percent", [p.savings_rate for p in state.priced]),
        ("P(shortfall)", "probability", "percent", [p.shortfall_probability for p in state.priced]),
        ("expected shortfall", "shortfall", "usd", [p.shortfall_usd for p in state.priced]),
        ("expected overage", "overage", "usd", [p.overage_usd for p in state.priced]),
    )
    sheet.header(row + 1, ("scenario", *(label for label, *_ in columns)))
    for index, scenario in enumerate(state.points.scenarios):
        sheet.text(row + 2 + index, 0, scenario.name)
        for col, (_, key, style, values) in enumerate(columns, start=1):
            sheet.formula(row + 2 + index, col, f"={typed.at(key, index)}", values[index], style)
    return row + 2 + len(state.points.scenarios)


def _notes(points: OfferPoints) -> list[str]:
    contract = points.contract
    notes = []
    if contract.overage == "committed":
        notes.append(
            "The plan's contract bills use beyond the commitment at the committed discount: when you change the "
            "discount, change the discount on use beyond it too."
        )
    if len(points.year_fractions) > 1:
        notes.append(
            "The commitment is the same in every contract year, a part-year owes its share, and what a year leaves "
            "unused is forfeited. Percentiles of cost over several years depend on how the years move together, which "
            "this workbook does not carry: the program shows them."
        )
    if points.scenarios[0].locked is not None:
        notes.append(
            f"{protected_prices(contract)} Use beyond the commitment, billed at the prices of "
            "its month, is looked up in a table that the program computed; percentiles of cost are not carried."
        )
    if contract.eligible_fraction < 1:
        notes.append(
            f"{contract.eligible_fraction:.1%} of list spend enters the contract; the rest is billed at list outside "
            "it and is part of every cost."
        )
    elif any(scenario.outside_usd for scenario in points.scenarios):
        notes.append("What does not draw the commitment down is billed at list beside it and is part of every cost.")
    return notes
