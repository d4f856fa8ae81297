"""The cells of sheet Offer calculator that are typed in: the offer, and the bands to look a discount up in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from planner.workbook.calculator.calc_sheet import Block
from planner.workbook.calculator.pricing import OfferState
from planner.workbook.sheet import Sheet, Value, area, cell

Define = Callable[[str, str], None]

INPUT_ROW: Final = 4
LAST_COL: Final = 6
_VALID_COL: Final = 4
_SPARE_BANDS: Final = 3
_LONGEST_TITLE: Final = 32
_MOST_FRACTION: Final = 0.99
_MOST_COMMIT_USD: Final = 1e12

_COMMIT_RULE: Final[dict[str, object]] = {
    "validate": "decimal",
    "criteria": "between",
    "minimum": 0,
    "maximum": _MOST_COMMIT_USD,
    "error_title": "Commitment",
    "error_message": "Give US dollars a year, 0 or more.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    name: str
    label: str
    value: Value
    style: str
    unit: str
    validation: dict[str, object]
    is_valid: str


def _fraction(label: str) -> dict[str, object]:
    return {
        "validate": "decimal",
        "criteria": "between",
        "minimum": 0,
        "maximum": _MOST_FRACTION,
        "error_title": label,
        "error_message": "Give a share from 0% to 99%.",
    }


def _words(label: str, source: str | list[str]) -> dict[str, object]:
    return {
        "validate": "list",
        "source": source,
        "error_title": label[:_LONGEST_TITLE],
        "error_message": "Choose one of the entries in the list.",
    }


def _scenario_input(state: OfferState, typed: Block) -> _Input:
    names = typed.scenarios["scenario"]
    return _Input(
        name="offer_scenario",
        label="Scenario that the spend follows",
        value=state.scenario_name,
        style="input_text",
        unit="",
        validation=_words("Scenario", f"={names}"),
        is_valid=f"=SUMPRODUCT(--EXACT({names},offer_scenario))=1",
    )


def _amounts(state: OfferState) -> tuple[_Input, ...]:
    is_fraction = "=AND(ISNUMBER({0}),{0}>=0,{0}<1)"
    rows: tuple[tuple[str, str, float, str, str, dict[str, object], str], ...] = (
        (
            "offer_commit_usd",
            "Commitment",
            state.terms.commit_usd,
            "input_usd",
            "USD a contract year; 0 is none",
            _COMMIT_RULE,
            "=AND(ISNUMBER({0}),{0}>=0)",
        ),
        (
            "offer_discount",
            "Discount on committed use",
            state.terms.discount,
            "input_percent",
            "of list",
            _fraction("Discount"),
            is_fraction,
        ),
        (
            "offer_overage_discount",
            "Discount on use beyond the commitment",
            state.terms.overage_discount,
            "input_percent",
            "of list; 0% is billed at list",
            _fraction("Overage discount"),
            is_fraction,
        ),
    )
    return tuple(
        _Input(name=n, label=w, value=v, style=s, unit=u, validation=rule, is_valid=valid.format(n))
        for n, w, v, s, u, rule, valid in rows
    )


def _choices(state: OfferState) -> tuple[_Input, ...]:
    rows = (
        (
            "offer_discount_rule",
            "Discount taken from",
            "typed",
            "the cell above, or the band table below",
            ("typed", "band table"),
            ("word_typed", "word_table"),
        ),
        (
            "offer_drawdown",
            "Dollars that draw the commitment down",
            "list" if state.terms.draws_list else "contracted",
            "contracted (after discount) or list",
            ("contracted", "list"),
            ("word_contracted", "word_list"),
        ),
    )
    return tuple(
        _Input(
            name=name,
            label=label,
            value=value,
            style="input_text",
            unit=unit,
            validation=_words(label, list(words)),
            is_valid=f"=OR(EXACT({name},{cells[0]}),EXACT({name},{cells[1]}))",
        )
        for name, label, value, unit, words, cells in rows
    )


def write_offer_inputs(sheet: Sheet, state: OfferState, typed: Block, define: Define) -> None:
    """The offer's inputs, each named and judged valid or not."""
    sheet.subtitle(INPUT_ROW - 2, "The offer", last_col=LAST_COL)
    sheet.header(INPUT_ROW - 1, ("", "value", "", "", "valid"))
    sheet.text(INPUT_ROW - 1, 2, "unit", "header_after")
    inputs = (_scenario_input(state, typed), *_amounts(state), *_choices(state))
    for row, item in enumerate(inputs, start=INPUT_ROW):
        sheet.text(row, 0, item.label, "label")
        sheet.value(row, 1, item.value, item.style)
        sheet.text(row, 2, item.unit, "label_after", sized=False)
        sheet.formula(row, _VALID_COL, item.is_valid, True, "right")
        sheet.worksheet.data_validation(row, 1, row, 1, item.validation)
        define(item.name, sheet.ref(cell(row, 1)))
    last = INPUT_ROW + len(inputs)
    sheet.text(last, 0, "All inputs are valid; nothing is priced otherwise", "label")
    sheet.formula(
        last,
        _VALID_COL,
        f"=AND({area(INPUT_ROW, _VALID_COL, last - 1, _VALID_COL)},offer_band_discount<1)",
        True,
        "right",
    )
    define("offer_inputs_ok", sheet.ref(cell(last, _VALID_COL)))
    sheet.text(last + 1, 0, "Number of the scenario", "label")
    names, numbers = typed.scenarios["scenario"], typed.scenarios["number"]
    formula = f"=IF(offer_inputs_ok,SUMPRODUCT(EXACT({names},offer_scenario)*{numbers}),NA())"
    sheet.formula(last + 1, _VALID_COL, formula, state.scenario + 1, "count")
    define("offer_scenario_number", sheet.ref(cell(last + 1, _VALID_COL)))


def write_bands(sheet: Sheet, state: OfferState, row: int, define: Define) -> int:
    """The band table, editable, and the discount that it gives; returns the next free row."""
    sheet.subtitle(row, "Discount bands: edit them to the quote in hand", last_col=LAST_COL)
    sheet.header(row + 1, ("commitment from, USD a year", "discount"), n_text=0)
    bands = state.points.contract.bands
    first, last = row + 2, row + 1 + len(bands) + _SPARE_BANDS
    for index, band in enumerate(bands):
        sheet.number(first + index, 0, band.min_commit_usd_per_year, "input_usd")
        sheet.number(first + index, 1, band.discount_fraction, "input_percent")
    for spare in range(first + len(bands), last + 1):
        sheet.worksheet.write_blank(spare, 0, None, sheet.styles["input_usd"])
        sheet.worksheet.write_blank(spare, 1, None, sheet.styles["input_percent"])
    sheet.worksheet.data_validation(first, 1, last, 1, _fraction("Discount"))
    starts, discounts = area(first, 0, last, 0), area(first, 1, last, 1)
    commit = state.terms.commit_usd
    reached = max((b.min_commit_usd_per_year for b in bands if b.min_commit_usd_per_year <= commit), default=0.0)
    sheet.text(last + 1, 0, "Band reached by the commitment typed in, from", "label")
    sheet.formula(last + 1, 1, f"=SUMPRODUCT(MAX(({starts}<=offer_commit_usd)*{starts}))", reached, "usd")
    sheet.text(last + 2, 0, "Its discount", "label")
    value = max((b.discount_fraction for b in bands if b.min_commit_usd_per_year == reached), default=0.0)
    formula = f"=SUMPRODUCT(MAX(({starts}={cell(last + 1, 1)})*{discounts}))"
    sheet.formula(last + 2, 1, formula, value, "percent")
    define("offer_band_discount", sheet.ref(cell(last + 2, 1)))
    return last + 4
