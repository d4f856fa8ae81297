"""The cells of sheet Offer calculator that are typed in where offers are read from a grid."""

from dataclasses import dataclass
from typing import Final

from planner.inputs import Decision
from planner.workbook.offer_grid.steps import Read
from planner.workbook.offer_grid.workings import INSIDE, GridBlock
from planner.workbook.sheet import Define, Sheet, Value, area, cell

INPUT_ROW: Final = 4
INPUT_LAST_COL: Final = 4
_MOST_COL: Final = 3
_VALID_COL: Final = 4
_MOST_COMMIT_USD: Final = 1e12
_MOST_FRACTION: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """most: (formula, value, style) of the largest that was priced. is_valid: a formula; {most} is the cell of that."""

    name: str
    label: str
    value: Value
    style: str
    unit: str
    rule: dict[str, object]
    is_valid: str
    most: tuple[str, float, str] | None = None


def _decimal(title: str, message: str, most: float) -> dict[str, object]:
    return {
        "validate": "decimal",
        "criteria": "between",
        "minimum": 0,
        "maximum": most,
        "input_title": title,
        "input_message": message,
        "error_title": title,
        "error_message": message,
    }


def _choice(title: str, source: str | list[str]) -> dict[str, object]:
    message = "Choose one of the entries in the list."
    return {"validate": "list", "source": source, "error_title": title, "error_message": message}


def _inputs(read: Read, block: GridBlock, decision: Decision) -> tuple[_Input, ...]:
    names = block.typed("scenario")
    scenario = _Input(
        name="offer_scenario",
        label="Scenario that the spend follows",
        value=read.grid.scenarios[read.scenario].name,
        style="input_text",
        unit="",
        rule=_choice("Scenario", f"={names}"),
        is_valid=f"=SUMPRODUCT(--EXACT({names},offer_scenario))=1",
    )
    return scenario, _commitment(read), *_discounts(read, block), _rule(), _limit(decision)


def _commitment(read: Read) -> _Input:
    axes = read.grid.axes
    listed = axes.contract.drawdown == "list"
    # Before the discount is known to be a number, nothing is multiplied by what it leaves.
    most = f"IF(ISNUMBER(offer_discount),grid_most_use_usd{'' if listed else '*(1-offer_discount)'},0)"
    year = ", contract year 1" if len(set(axes.weights)) > 1 else ""
    return _Input(
        name="offer_commit_usd",
        label=f"Commitment{year}",
        value=axes.start.commit_usd,
        style="input_usd",
        unit="USD a year; 0 is none",
        rule=_decimal("Commitment", "US dollars a year, 0 or more, up to what was priced.", _MOST_COMMIT_USD),
        is_valid="=AND(ISNUMBER(offer_commit_usd),offer_commit_usd>=0,offer_commit_usd<={most})",
        most=(
            f"=IF(offer_by_bands,grid_most_commit_usd,{most})",
            axes.uses[-1] * (1.0 if listed else 1 - axes.start.discount),
            "usd",
        ),
    )


def _discounts(read: Read, block: GridBlock) -> tuple[_Input, ...]:
    axes, start = read.grid.axes, read.grid.axes.start
    rows = (
        ("offer_discount", "Discount on committed use", start.discount, "of list, every year", block.discounts,
         axes.discounts[-1]),
        ("offer_overage_discount", "Discount on use beyond the commitment", start.overage_discount,
         "of list; 0% is billed at list", block.overages, axes.overages[-1]),
    )  # fmt: skip
    return tuple(
        _Input(
            name=name,
            label=label,
            value=value,
            style="input_percent",
            unit=unit,
            rule=_decimal("Discount", "A share of list from 0% to 99%, up to what was priced.", _MOST_FRACTION),
            is_valid=f"=OR(offer_by_bands,AND(ISNUMBER({name}),{name}>=0,{name}<={{most}}))",
            most=(f"=MAX({spread})", top, "percent"),
        )
        for name, label, value, unit, spread, top in rows
    )


def _rule() -> _Input:
    return _Input(
        name="offer_discount_rule",
        label="Discounts taken from",
        value="typed",
        style="input_text",
        unit="above, or the contract's bands",
        rule=_choice("Discounts taken from", ["typed", "band table"]),
        is_valid="=OR(EXACT(offer_discount_rule,word_typed),EXACT(offer_discount_rule,word_table))",
    )


def _limit(decision: Decision) -> _Input:
    name = "offer_max_shortfall_probability"
    return _Input(
        name=name,
        label="Limit for the cheapest: P(shortfall)",
        value=decision.max_shortfall_probability,
        style="input_percent",
        unit="in each period" if decision.shortfall_limit_per == "period" else "over the term",
        rule=_decimal("Chance of a shortfall", "A probability from 0% to 100%.", 1),
        is_valid=f"=AND(ISNUMBER({name}),{name}>=0,{name}<=1)",
    )


def write_inputs(sheet: Sheet, read: Read, block: GridBlock, decision: Decision, define: Define) -> int:
    """The inputs, each named, bounded and judged; returns the next free row."""
    sheet.subtitle(INPUT_ROW - 2, "The offer", last_col=INPUT_LAST_COL)
    sheet.header(INPUT_ROW - 1, ("", "value", "", "priced up to", "valid"))
    sheet.text(INPUT_ROW - 1, 2, "unit", "header_after")
    inputs = _inputs(read, block, decision)
    for row, item in enumerate(inputs, start=INPUT_ROW):
        sheet.text(row, 0, item.label, "label")
        sheet.value(row, 1, item.value, item.style)
        sheet.text(row, 2, item.unit, "label_after", sized=False)
        if item.most is not None:
            sheet.formula(row, _MOST_COL, *item.most)
        valid = item.is_valid.format(most=cell(row, _MOST_COL))
        sheet.formula(row, _VALID_COL, valid, True, "right")
        sheet.worksheet.data_validation(row, 1, row, 1, item.rule)
        define(item.name, sheet.ref(cell(row, 1)))
    return _write_verdict(sheet, INPUT_ROW + len(inputs), read, block, define)


def _write_verdict(sheet: Sheet, row: int, read: Read, block: GridBlock, define: Define) -> int:
    """Whether the offer is priced, and what the formulas need of it besides."""
    names, numbers = block.typed("scenario"), block.typed("number")
    valid = area(INPUT_ROW, _VALID_COL, row - 1, _VALID_COL)
    number = f"=IF(offer_inputs_ok,SUMPRODUCT(EXACT({names},offer_scenario)*{numbers}),NA())"
    first, last = cell(INPUT_ROW + 1, 1), cell(INPUT_ROW + 3, 1)
    amounts, chosen = area(INPUT_ROW + 1, 1, INPUT_ROW + 3, 1), area(INPUT_ROW + 4, _VALID_COL, row - 1, _VALID_COL)
    scenario = cell(INPUT_ROW, _VALID_COL)
    is_offer = f"=AND({scenario},{chosen},ISNUMBER({first}+{cell(INPUT_ROW + 2, 1)}+{last}),MIN({amounts})>=0)"
    by_bands = "=EXACT(offer_discount_rule,word_table)"
    verdict = "=IF(offer_inputs_ok,word_inside,IF(offer_makes_sense,word_outside,word_invalid))"
    rows: tuple[tuple[str, str, str, Value, int], ...] = (
        ("offer_verdict", "The offer typed in is", verdict, INSIDE, 1),
        ("offer_inputs_ok", "All valid, and inside what was priced", f"=AND({valid})", True, _VALID_COL),
        ("offer_makes_sense", "They make an offer, priced or not", is_offer, True, _VALID_COL),
        ("offer_by_bands", "At the contract's own bands", by_bands, False, _VALID_COL),
        ("offer_scenario_number", "Number of the scenario", number, read.scenario + 1, _VALID_COL),
    )
    for index, (name, label, formula, value, col) in enumerate(rows, start=row):
        sheet.text(index, 0, label, "label")
        sheet.formula(index, col, formula, value, "bold_plain" if col == 1 else "right")
        define(name, sheet.ref(cell(index, col)))
    return row + len(rows)
