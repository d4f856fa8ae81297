"""Sheet Offer calculator where formulas cannot carry the contract: an offer typed in is read between priced ones."""

from collections.abc import Iterator, Sequence
from typing import Final

from planner.plan import Plan
from planner.words import count, percent, usd
from planner.workbook.contract_words import counts_present_value, why_read_from_a_grid
from planner.workbook.offer_grid.grid_sheet import error_words, paths_words
from planner.workbook.offer_grid.inputs import INPUT_LAST_COL, INPUT_ROW, write_inputs
from planner.workbook.offer_grid.reading import GridError
from planner.workbook.offer_grid.results import Output
from planner.workbook.offer_grid.steps import Read
from planner.workbook.offer_grid.workings import GridBlock
from planner.workbook.sheet import Define, Sheet, cell, less

_FIRST_COL: Final = INPUT_LAST_COL + 2
_LAST_COL: Final = _FIRST_COL + 6
"""Inputs stand on the left, results beside them."""


def write_calculator(
    sheet: Sheet,
    plan: Plan,
    read: Read,
    *,
    block: GridBlock,
    results: Sequence[Output],
    error: GridError,
    define: Define,
) -> None:
    """Inputs and the contract's bands on the left, results and the same offer in every scenario beside them."""
    sheet.title("Offer: type one in, read what it costs", last_col=_LAST_COL)
    sheet.paragraph(
        1,
        "Change the blue cells on yellow. Every other figure follows by formula, covers the whole term of "
        f"{plan.inputs.contract.term_months} months, and is in US dollars before tax. {why_read_from_a_grid(plan)}",
        last_col=_LAST_COL,
    )
    left = _write_bands(sheet, write_inputs(sheet, read, block, plan.inputs.decision, define) + 1, plan)
    row = _write_outputs(sheet, INPUT_ROW - 2, results, define)
    row = max(_write_scenarios(sheet, row + 1, read, block), left) + 1
    for note in _notes(plan, read, error):
        sheet.paragraph(row, note, last_col=_LAST_COL)
        row += 1
    sheet.set_layout(
        exact={0: 42, 2: 30, 4: 8, 5: 3, _FIRST_COL: 50},
        at_least={1: 18, 3: 15, **dict.fromkeys(range(_FIRST_COL + 1, _LAST_COL + 1), 15)},
    )
    sheet.print_setup(last_row=row - 1, last_col=_LAST_COL, pages_high=1)
    sheet.worksheet.freeze_panes(INPUT_ROW - 1, 0)


def _write_outputs(sheet: Sheet, row: int, results: Sequence[Output], define: Define) -> int:
    """Every result of the offer typed in, the recommended one and the cheapest; returns the next free row."""
    sheet.subtitle(row, "What it costs over the term", first_col=_FIRST_COL, last_col=_FIRST_COL + 4)
    sheet.header(row + 1, ("", "this offer", "recommended", "difference", "cheapest priced"), first_col=_FIRST_COL)
    for at, item in enumerate(results, start=row + 2):
        sheet.text(at, _FIRST_COL, item.label, "label")
        bold = f"bold_{item.style}" if item.name or item.best else item.style
        (formula, value), (given, known) = item.typed, item.recommended
        sheet.formula(at, _FIRST_COL + 1, formula, value, bold)
        if given:
            sheet.formula(at, _FIRST_COL + 2, given, known, item.style)
        else:
            sheet.value(at, _FIRST_COL + 2, known, item.style)
        if item.has_difference:
            ours, theirs = (cell(at, _FIRST_COL + col, row_abs=False, col_abs=False) for col in (1, 2))
            sheet.formula(at, _FIRST_COL + 3, f"={ours}-{theirs}", less(float(value), float(known)), item.style)
        if item.name:
            define(item.name, sheet.ref(cell(at, _FIRST_COL + 1)))
        if item.best is not None:
            name, best, best_value = item.best
            sheet.formula(at, _FIRST_COL + 4, best, best_value, item.style)
            define(name, sheet.ref(cell(at, _FIRST_COL + 4)))
    return row + 2 + len(results)


def _write_scenarios(sheet: Sheet, row: int, read: Read, block: GridBlock) -> int:
    sheet.subtitle(row, "This offer in every scenario", first_col=_FIRST_COL, last_col=_LAST_COL)
    columns = (
        ("expected cost, USD", "cost", "usd"),
        ("on demand, USD", "on_demand", "usd"),
        ("savings rate", "savings", "percent"),
        ("P(shortfall)", "probability", "percent"),
        ("expected shortfall, USD", "shortfall", "usd"),
        ("expected overage, USD", "overage", "usd"),
    )
    sheet.header(row + 1, ("scenario", *(label for label, *_ in columns)), first_col=_FIRST_COL)
    for index, scenario in enumerate(read.grid.scenarios):
        values, demand = read.typed[index].values, scenario.on_demand_usd
        known = {**values, "on_demand": demand, "savings": 1 - values["cost"] / demand if demand > 0 else 0.0}
        sheet.text(row + 2 + index, _FIRST_COL, scenario.name)
        for col, (_, key, style) in enumerate(columns, start=_FIRST_COL + 1):
            sheet.formula(row + 2 + index, col, f"={block.at(key, index)}", known[key], style)
    return row + 2 + len(read.grid.scenarios)


def _write_bands(sheet: Sheet, row: int, plan: Plan) -> int:
    """The contract's bands, to look at: the program has settled them, so that they are changed in the plan."""
    contract = plan.inputs.contract
    if not contract.bands:
        return row
    sheet.subtitle(row, "The contract's bands: change them in the plan", last_col=INPUT_LAST_COL)
    tiers = sorted({tier for band in contract.bands for tier, _ in band.by_tier})
    basis = "average commitment from" if contract.band_basis == "term" else "commitment from"
    sheet.header(row + 1, (f"{basis}, USD a year", "discount"), n_text=0)
    if tiers:
        sheet.text(row + 1, 2, "of model tiers apart", "header_after")
    for at, band in enumerate(contract.bands, start=row + 2):
        sheet.number(at, 0, band.min_commit_usd_per_year, "usd")
        sheet.number(at, 1, band.discount_fraction, "percent")
        if band.by_tier:
            words = ", ".join(f"{tier} {percent(fraction)}" for tier, fraction in band.by_tier)
            sheet.text(at, 2, words, "label_after", sized=False)
    return row + 2 + len(contract.bands)


def _notes(plan: Plan, read: Read, error: GridError) -> Iterator[str]:
    contract, grid = plan.inputs.contract, read.grid
    yield (
        f"Sheet Offer grid has {count(len(grid.table))} offers: commitments at {len(grid.axes.discounts)} discounts "
        f"and {len(grid.axes.overages)} discounts beyond, and at the contract's bands, in every scenario, settled on "
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
        f"Cheapest priced: the commitment of the grid with the least expected {counted} within the limit "
        "typed in, at the discounts typed in; between two of them another may be cheaper."
        + ("" if objective == "expected_cost" else " The plan's decision has another objective.")
    )


def _terms_notes(plan: Plan, read: Read) -> Iterator[str]:
    """What a commitment and its discounts mean in this contract."""
    contract, axes = plan.inputs.contract, read.grid.axes
    if len(set(axes.weights)) > 1:
        weights = ", ".join(f"{weight:.4g}" for weight in axes.weights)
        is_average = axes.recommended.commit_usd_per_year == 0 and not axes.recommended.is_none
        base = "the average a year" if is_average else "contract year 1's"
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
