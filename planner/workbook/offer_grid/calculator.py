"""Sheet Offer calculator where formulas cannot carry the contract: an offer typed in is read between priced ones."""

from collections.abc import Iterator, Sequence
from typing import Final

from planner.plan import Plan
from planner.words import usd
from planner.workbook.contract_words import counts_present_value, why_read_from_a_grid
from planner.workbook.offer_grid.best import Best
from planner.workbook.offer_grid.grid_sheet import error_words, paths_words
from planner.workbook.offer_grid.inputs import INPUT_ROW, LAST_COL, Define, write_inputs
from planner.workbook.offer_grid.reading import GridError
from planner.workbook.offer_grid.results import Output, Target, against_target, break_evens, cheapest, costs, risks
from planner.workbook.offer_grid.steps import Read
from planner.workbook.offer_grid.workings import GridBlock
from planner.workbook.sheet import Sheet, cell

_WIDTH: Final = 165


def write_calculator(
    sheet: Sheet,
    plan: Plan,
    read: Read,
    *,
    block: GridBlock,
    best: Best,
    error: GridError,
    target: Target | None,
    define: Define,
) -> None:
    """Inputs, results, the same offer in every scenario, the contract's bands and what the sheet rests on."""
    sheet.title("Offer: type one in, read what it costs", last_col=LAST_COL)
    sheet.paragraph(
        1,
        "Change the blue cells on yellow. Every other figure follows by formula, covers the whole term of "
        f"{plan.inputs.contract.term_months} months, and is in US dollars before tax. {why_read_from_a_grid(plan)}",
        last_col=LAST_COL,
        width=_WIDTH,
    )
    row = write_inputs(sheet, read, block, plan.inputs.decision, define)
    outputs = [
        *costs(plan, read, block),
        *against_target(read, target),
        *risks(plan, read, block),
        *break_evens(plan, read, block),
    ]
    row = _write_outputs(sheet, row + 1, "What it costs over the term", outputs, define)
    row = _write_outputs(
        sheet, row + 1, "The cheapest priced commitment at these discounts", cheapest(plan, best), define
    )
    row = _write_scenarios(sheet, row + 1, read, block)
    row = _write_bands(sheet, row + 1, plan) + 1
    for note in _notes(plan, read, error):
        sheet.paragraph(row, note, last_col=LAST_COL, width=_WIDTH)
        row += 1
    sheet.set_layout(at_least={0: 46, 1: 24, 2: 30, 3: 16, 4: 16, 5: 16, 6: 16})
    sheet.print_setup(last_row=row - 1, last_col=LAST_COL, pages_high=1)
    sheet.worksheet.freeze_panes(INPUT_ROW - 1, 0)


def _write_outputs(sheet: Sheet, row: int, title: str, outputs: Sequence[Output], define: Define) -> int:
    sheet.subtitle(row, title, last_col=LAST_COL)
    compared = any(item.recommended for item in outputs)
    sheet.header(row + 1, ("", *(("this offer", "recommended offer", "difference") if compared else ("value",))))
    first = row + 2
    for row, item in enumerate(outputs, start=first):
        sheet.text(row, 0, item.label, "label")
        formula, value = item.typed
        sheet.formula(row, 1, formula, value, f"bold_{item.style}" if item.name else item.style)
        if item.recommended is not None:
            given, known = item.recommended
            if given is None:
                sheet.value(row, 2, known, item.style)
            else:
                sheet.formula(row, 2, given, known, item.style)
            if item.has_difference:
                both = float(value) - float(known)
                sheet.formula(row, 3, f"=B{row + 1}-C{row + 1}", both, item.style)
        if item.name:
            define(item.name, sheet.ref(cell(row, 1)))
    return row + 1


def _write_scenarios(sheet: Sheet, row: int, read: Read, block: GridBlock) -> int:
    sheet.subtitle(row, "This offer in every scenario", last_col=LAST_COL)
    columns = (
        ("expected cost", "cost", "usd"),
        ("on demand", "on_demand", "usd"),
        ("savings rate", "savings", "percent"),
        ("P(shortfall)", "probability", "percent"),
        ("expected shortfall", "shortfall", "usd"),
        ("expected overage", "overage", "usd"),
    )
    sheet.header(row + 1, ("scenario", *(label for label, *_ in columns)))
    for index, scenario in enumerate(read.grid.scenarios):
        values, demand = read.typed[index].values, scenario.on_demand_usd
        known = {**values, "on_demand": demand, "savings": 1 - values["cost"] / demand if demand > 0 else 0.0}
        sheet.text(row + 2 + index, 0, scenario.name)
        for col, (_, key, style) in enumerate(columns, start=1):
            sheet.formula(row + 2 + index, col, f"={block.at(key, index)}", known[key], style)
    return row + 2 + len(read.grid.scenarios)


def _write_bands(sheet: Sheet, row: int, plan: Plan) -> int:
    """The contract's bands, to look at: the program has settled them, so that they are changed in the plan."""
    contract = plan.inputs.contract
    if not contract.bands:
        return row - 1
    sheet.subtitle(row, 'The contract\'s bands, which "band table" takes the discounts from', last_col=LAST_COL)
    tiers = sorted({tier for band in contract.bands for tier, _ in band.by_tier})
    basis = "average commitment from" if contract.band_basis == "term" else "commitment from"
    sheet.header(row + 1, (f"{basis}, USD a year", "discount", *tiers), n_text=0)
    first = row + 2
    for row, band in enumerate(contract.bands, start=first):
        sheet.number(row, 0, band.min_commit_usd_per_year, "usd")
        sheet.number(row, 1, band.discount_fraction, "percent")
        for col, tier in enumerate(tiers, start=2):
            sheet.number(row, col, dict(band.by_tier).get(tier, band.discount_fraction), "percent")
    return row + 1


def _notes(plan: Plan, read: Read, error: GridError) -> Iterator[str]:
    contract, grid = plan.inputs.contract, read.grid
    yield (
        f"Sheet Offer grid has {len(grid.axes.uses)} commitments at each of {len(grid.axes.discounts)} discounts and "
        f"{len(grid.axes.overages)} discounts beyond, and {len(grid.axes.commits)} at the contract's bands, settled on "
        f"{paths_words(grid)} under every clause of the plan. {error_words(error)} What lies outside it is not priced: "
        "nothing is read beyond the last offer."
    )
    yield from _terms_notes(plan, read)
    if grid.n_paths < grid.all_paths:
        first, whole = read.recommended[read.scenario].values["cost"], plan.recommendation.expected_cost.mean
        yield (
            f"On these paths the recommended offer costs {usd(abs(first - whole))} "
            f"{'more' if first > whole else 'less'} than on all of them; differences between offers are on the same "
            "paths."
        )
    objective = plan.inputs.decision.objective
    counted = "present value" if counts_present_value(contract, plan.inputs.decision) else "cost"
    yield (
        f"The cheapest priced commitment is the one of the grid with the least expected {counted} within the limit "
        "typed in, at the discounts typed in; between two of them another may be cheaper."
        + ("" if objective == "expected_cost" else " The plan's decision has another objective.")
    )


def _terms_notes(plan: Plan, read: Read) -> Iterator[str]:
    """What a commitment and its discounts mean in this contract."""
    contract, axes = plan.inputs.contract, read.grid.axes
    if len(set(axes.weights)) > 1:
        weights = ", ".join(f"{weight:.4g}" for weight in axes.weights)
        base = "the average a year" if axes.recommended.commit_usd_per_year == 0 else "contract year 1's"
        yield f"The commitment typed in is {base}; contract years 1 to {contract.n_years} commit {weights} times that."
    if not axes.is_typed:
        yield (
            "The recommended offer has discounts that differ by contract year or model, which one discount typed in is "
            'not: choose "band table" for the contract\'s own, and this offer is the recommended one.'
        )
    if contract.overage == "committed":
        yield (
            "The plan's contract bills use beyond the commitment at the committed discount: when you change the "
            "discount, change the discount on use beyond it too."
        )
    if contract.in_force is not None or contract.marketplace is not None:
        yield "A commitment of 0 signs nothing: what is in force runs on, and fees and credits on what is paid remain."
