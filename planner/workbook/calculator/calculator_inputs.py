"""The cells of sheet Offer calculator that are typed in: the offer, and the bands to look a discount up in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.workbook.calc.best_rows import BandCells
from planner.workbook.calculator.calc_sheet import CalcPlaces
from planner.workbook.calculator.offer_state import OfferState
from planner.workbook.sheet import Define, Sheet, Value, area, cell

INPUT_ROW: Final = 4
INPUT_LAST_COL: Final = 3
N_INPUTS: Final = 10
BAND_ROW: Final = INPUT_ROW + N_INPUTS + 3
_VALID_COL: Final = 3
_LONGEST_TITLE: Final = 32
_MOST_FRACTION: Final = 0.99
_MOST_COMMIT_USD: Final = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    name: str
    label: str
    value: Value
    style: str
    unit: str
    validation: dict[str, object]
    is_valid: str


def _number(label: str, message: str, most: float) -> dict[str, object]:
    return {
        "validate": "decimal",
        "criteria": "between",
        "minimum": 0,
        "maximum": most,
        "input_title": label[:_LONGEST_TITLE],
        "input_message": message,
        "error_title": label[:_LONGEST_TITLE],
        "error_message": message,
    }


def _chosen(label: str, source: str | list[str] | list[int], message: str) -> dict[str, object]:
    return {
        "validate": "list",
        "source": source,
        "input_title": label[:_LONGEST_TITLE],
        "input_message": message,
        "error_title": label[:_LONGEST_TITLE],
        "error_message": "Choose one of the entries in the list.",
    }


def _scenario_input(state: OfferState, places: CalcPlaces) -> _Input:
    names = places.scenarios
    return _Input(
        name="offer_scenario",
        label="Scenario that the spend follows",
        value=state.scenario_name,
        style="input_text",
        unit="",
        validation=_chosen("Scenario", f"={names}", "Choose what the company will do."),
        is_valid=f"=SUMPRODUCT(--EXACT({names},offer_scenario))=1",
    )


def _share(name: str, label: str, title: str, value: float, unit: str, *, to_one: bool = False) -> _Input:
    message = f"Give a share from 0% to {'100%' if to_one else '99%'}."
    return _Input(
        name=name,
        label=label,
        value=value,
        style="input_percent",
        unit=unit,
        validation=_number(title, message, 1 if to_one else _MOST_FRACTION),
        is_valid=f"=AND(ISNUMBER({name}),{name}>=0,{name}{'<=' if to_one else '<'}1)",
    )


def _words(name: str, label: str, value: str, unit: str, words: tuple[str, str], cells: tuple[str, str]) -> _Input:
    return _Input(
        name=name,
        label=label,
        value=value,
        style="input_text",
        unit=unit,
        validation=_chosen(label, list(words), f"Choose {words[0]} or {words[1]}."),
        is_valid=f"=OR(EXACT({name},{cells[0]}),EXACT({name},{cells[1]}))",
    )


def _inputs(state: OfferState, places: CalcPlaces) -> Iterator[_Input]:
    """Every input, in the order of the sheet."""
    yield _scenario_input(state, places)
    yield from _prices(state)
    yield from _clauses(state, places)


def _prices(state: OfferState) -> Iterator[_Input]:
    """What is committed, at which discounts, in which dollars."""
    offer = state.terms
    yield _Input(
        name="offer_commit_usd",
        label="Commitment",
        value=offer.commit_usd,
        style="input_usd",
        unit="USD a year; 0 is none",
        validation=_number("Commitment", "Give US dollars a year, 0 or more.", _MOST_COMMIT_USD),
        is_valid="=AND(ISNUMBER(offer_commit_usd),offer_commit_usd>=0)",
    )
    yield _share("offer_discount", "Discount on committed use", "Discount", offer.discount, "of list")
    yield _share(
        "offer_overage_discount",
        "Discount on use beyond the commitment",
        "Overage discount",
        offer.overage_discount,
        "of list; 0% is billed at list",
    )
    rule, cells = ("typed", "band table"), ("word_typed", "word_table")
    from_where = "the cell above, or the bands below"
    yield _words("offer_discount_rule", "Discount taken from", "typed", from_where, rule, cells)
    basis, unit = ("contracted", "list"), "contracted (discounted) or list"
    word = "list" if offer.draws_list else "contracted"
    label = "Dollars that draw it down"
    yield _words("offer_drawdown", label, word, unit, basis, ("word_contracted", "word_list"))


def _clauses(state: OfferState, places: CalcPlaces) -> Iterator[_Input]:
    """Over which term, what becomes of unused dollars, and the limit for the best commitment."""
    terms = list(state.points.terms_months)
    yield _Input(
        name="offer_term_months",
        label="Term",
        value=state.terms.term_months,
        style="input_count",
        unit="months: " + ", ".join(map(str, terms)),
        validation=_chosen("Term", terms, "Choose a term that the forecast covers."),
        is_valid=f"=SUMPRODUCT(--({places.terms}=offer_term_months))=1",
    )
    clause = "forfeit" if state.points.contract.shortfall == "forfeit" else "true-up"
    unit = "forfeit, or true-up: charged in part"
    words, cells = ("forfeit", "true-up"), ("word_forfeit", "word_true_up")
    yield _words("offer_shortfall_clause", "What is left unused", clause, unit, words, cells)
    yield _share(
        "offer_true_up_rate",
        "Charged of an unused dollar by a true-up",
        "True-up rate",
        state.true_up_rate,
        "of it; 100% is forfeiture",
        to_one=True,
    )
    yield _share(
        "offer_max_shortfall_probability",
        "Limit for the best commitment: P(shortfall)",
        "Limit",
        state.asked.max_shortfall_probability,
        "in any contract year",
        to_one=True,
    )


def write_offer_inputs(sheet: Sheet, state: OfferState, places: CalcPlaces, define: Define) -> None:
    """The offer's inputs, each named and judged valid or not."""
    sheet.subtitle(INPUT_ROW - 2, "The offer", last_col=INPUT_LAST_COL)
    sheet.header(INPUT_ROW - 1, ("", "value", "", "valid"))
    sheet.text(INPUT_ROW - 1, 2, "unit", "header_after")
    inputs = tuple(_inputs(state, places))
    for row, item in enumerate(inputs, start=INPUT_ROW):
        sheet.text(row, 0, item.label, "label")
        sheet.value(row, 1, item.value, item.style)
        sheet.text(row, 2, item.unit, "label_after", sized=False)
        sheet.formula(row, _VALID_COL, item.is_valid, True, "right")
        sheet.worksheet.data_validation(row, 1, row, 1, item.validation)
        define(item.name, sheet.ref(cell(row, 1)))
    last = INPUT_ROW + len(inputs)
    sheet.text(last, 0, "All valid; nothing is priced otherwise", "label")
    judged = area(INPUT_ROW, _VALID_COL, last - 1, _VALID_COL)
    valid = f"=AND({judged},OR(EXACT(offer_discount_rule,word_typed),offer_bands_ok))"
    sheet.formula(last, _VALID_COL, valid, True, "right")
    define("offer_inputs_ok", sheet.ref(cell(last, _VALID_COL)))
    sheet.text(last + 1, 0, "Number of the scenario", "label")
    number = f"SUMPRODUCT(EXACT({places.scenarios},offer_scenario)*{places.scenario_numbers})"
    formula = f"=IF(offer_inputs_ok,{number},NA())"
    sheet.formula(last + 1, _VALID_COL, formula, state.scenario + 1, "count")
    define("offer_scenario_number", sheet.ref(cell(last + 1, _VALID_COL)))


def band_cells(state: OfferState, sheet: Sheet) -> BandCells:
    """Where the band table stands."""
    first, last = BAND_ROW + 2, BAND_ROW + 1 + len(state.asked.bands)
    return BandCells(starts=sheet.ref(area(first, 0, last, 0)), discounts=sheet.ref(area(first, 1, last, 1)))


def write_bands(sheet: Sheet, state: OfferState, define: Define) -> int:
    """The band table, editable, and the discount that it gives; returns the next free row."""
    sheet.subtitle(BAND_ROW, "Discount bands: edit them to the quote in hand", last_col=INPUT_LAST_COL)
    sheet.header(BAND_ROW + 1, ("commitment from, USD a year", "discount", "", "valid"), n_text=0)
    bands = state.asked.bands
    first, last = BAND_ROW + 2, BAND_ROW + 1 + len(bands)
    for row, band in enumerate(bands, start=first):
        for col, style in ((0, "input_usd"), (1, "input_percent")):
            if band is None:
                sheet.worksheet.write_blank(row, col, None, sheet.styles[style])
            else:
                sheet.number(row, col, band[col], style)
        low, discount = (cell(row, col, row_abs=False) for col in (0, 1))
        is_band = f"ISNUMBER({low}),ISNUMBER({discount}),{low}>=0,{discount}>=0,{discount}<1"
        sheet.formula(row, _VALID_COL, f"=OR(COUNTA({low}:{discount})=0,AND({is_band}))", True, "right")
    message = "Give US dollars a year, 0 or more; leave a row blank that you do not need."
    sheet.worksheet.data_validation(first, 0, last, 0, _number("Commitment from", message, _MOST_COMMIT_USD))
    sheet.worksheet.data_validation(first, 1, last, 1, _number("Discount", "Give a share from 0% to 99%.", 0.99))
    starts, discounts = area(first, 0, last, 0), area(first, 1, last, 1)
    known = [band for band in bands if band is not None]
    reached = max((low for low, _ in known if low <= state.terms.commit_usd), default=0.0)
    sheet.text(last + 1, 0, "Band that the commitment reaches, from", "label")
    sheet.formula(last + 1, 1, f"=SUMPRODUCT(MAX(({starts}<=offer_commit_usd)*{starts}))", reached, "usd")
    sheet.text(last + 2, 0, "Its discount", "label")
    value = max((discount for low, discount in known if low == reached), default=0.0)
    formula = f"=SUMPRODUCT(MAX(({starts}={cell(last + 1, 1)})*{discounts}))"
    sheet.formula(last + 2, 1, formula, value, "percent")
    define("offer_band_discount", sheet.ref(cell(last + 2, 1)))
    sheet.text(last + 3, 0, "Discount beyond, with the bands", "label")
    beyond = value if state.asked.overage_follows else state.terms.overage_discount
    formula = "=IF(overage_follows>0,offer_band_discount,offer_overage_discount)"
    sheet.formula(last + 3, 1, formula, beyond, "percent")
    define("offer_band_overage_discount", sheet.ref(cell(last + 3, 1)))
    sheet.text(last + 4, 0, "Bands valid; they are not used otherwise", "label")
    sheet.formula(last + 4, _VALID_COL, f"=AND({area(first, _VALID_COL, last, _VALID_COL)})", True, "right")
    define("offer_bands_ok", sheet.ref(cell(last + 4, _VALID_COL)))
    return last + 6
