"""Workings of the rows that quotes are typed into: what cannot be taken, and the terms as they are priced."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from planner.contract import Contract
from planner.offer import Offer
from planner.workbook.quoting.row_layout import SCALAR_COL, SCALARS, TERMS, Workings, blank_terms
from planner.workbook.quoting.typed_fields import (
    CLAUSES,
    FIELDS,
    FIRST_DAY,
    LAST_DAY,
    LONGEST_TERM_MONTHS,
    LONGEST_TEXT,
    MOST_COMMIT_USD,
    N_ROWS,
    exported_name,
)
from planner.workbook.quoting.typed_rows import STATE_COL
from planner.workbook.sheet import Define, Sheet, Value, cell

_EPOCH: Final = date(1899, 12, 30)
"""Day 0 of a spreadsheet."""


def write_workings(sheet: Sheet, workings: Workings, contract: Contract, offer: Offer, define: Define) -> None:
    """The three tables, and the column beside the input cells that says what a row lacks.

    offer: what the offer calculator opens with.
    """
    sheet.subtitle(workings.first, "Workings: what the rows are held against", last_col=STATE_COL)
    sheet.header(workings.first + 1, ("", "value"))
    scalars = list(_scalars(contract, offer))
    for row, (key, label, value, style) in enumerate(scalars, start=workings.scalars):
        sheet.text(row, 0, label)
        sheet.value(row, SCALAR_COL, value, style)
        if key in SCALARS[_FIRST_EXPORTED:]:
            define(exported_name(key), sheet.ref(cell(row, SCALAR_COL)))
    for row, months in enumerate(workings.terms_months, start=workings.scalars + len(scalars)):
        sheet.text(row, 0, "priced here: term, months")
        sheet.number(row, SCALAR_COL, months, "count")
    if workings.has_target:
        row = workings.scalars + len(scalars) + workings.n_terms
        sheet.text(row, 0, "target is of this scenario")
        sheet.formula(row, SCALAR_COL, "=offer_scenario_number=target_scenario_number", True, "right")
    _write_faulty(sheet, workings)
    _write_terms(sheet, workings, contract)
    for row in range(N_ROWS):
        _write_state(sheet, workings, row)


def _scalars(contract: Contract, offer: Offer) -> Iterator[tuple[str, str, Value, str]]:
    """Key, label, value and style, in the order of their rows."""
    words = list(CLAUSES)
    yield "most_usd", "largest commitment, USD a year", MOST_COMMIT_USD, "plain"
    yield "longest_months", "longest term, months", LONGEST_TERM_MONTHS, "count"
    yield "longest_text", "longest text, characters", LONGEST_TEXT, "count"
    yield "first_day", "earliest date", (FIRST_DAY - _EPOCH).days, "date"
    yield "last_day", "latest date", (LAST_DAY - _EPOCH).days, "date"
    yield "forfeit", "word: lost where unused", words[0], "right"
    yield "true_up", "word: charged at a rate", words[1], "right"
    yield "list", "word: list dollars draw down", "list", "right"
    blank = blank_terms(contract)
    yield "overage", "contract: discount beyond", blank.overage_discount, "percent"
    first = next((year for year in (offer, *offer.later) if year.commit_usd_per_year > 0), offer)
    yield "commit_usd", "recommended: USD a year", _on_one_amount(contract, offer), "usd"
    yield "discount", "recommended: discount", first.discount_fraction, "percent"
    yield "overage_discount", "recommended: discount beyond", first.overage_discount_fraction, "percent"
    yield "drawdown", "contract: what draws down", contract.drawdown, "right"
    yield "term_months", "contract: term, months", contract.term_months, "count"
    clause = words[0] if contract.shortfall == "forfeit" else words[1]
    yield "shortfall_clause", "contract: where unused", clause, "right"
    yield "true_up_rate", "contract: charged per dollar", blank.charged, "percent"


def _on_one_amount(contract: Contract, offer: Offer) -> float:
    """The commitment as the offer calculator takes it: contract year 1's, or the average a year where that is none."""
    commits = offer.commits_usd_per_year(contract.n_years)
    total = sum(commit * share for commit, share in zip(commits, contract.year_fractions, strict=True))
    return commits[0] or total / sum(contract.year_fractions)


_FIRST_EXPORTED: Final = SCALARS.index("commit_usd")


def _write_faulty(sheet: Sheet, workings: Workings) -> None:
    top = workings.faulty - 2
    sheet.subtitle(top, "Workings: whether what is typed cannot be taken, cell by cell", last_col=STATE_COL)
    for col, field in enumerate(FIELDS):
        sheet.text(top + 1, col, field.short, "header_right" if col else "header", sized=False)
        for row in range(N_ROWS):
            template = _faults(workings, row)[field.name]
            formula = f"=AND({workings.term(row, 'filled')},NOT({template}))"
            sheet.formula(workings.faulty + row, col, formula, False, "right")


def _faults(workings: Workings, row: int) -> dict[str, str]:
    """What must hold of each cell of a row, by field; cells that may be blank hold then too."""
    limit, at = workings.scalar, {field.name: workings.inputs.at(row, field.name) for field in FIELDS}
    name, term, clause, day = (at[key] for key in ("name", "term_months", "shortfall_clause", "received_on"))
    twice = f"SUMPRODUCT(--EXACT({workings.inputs.column('name')},{name}))=1"
    true_up = f"EXACT({clause},{limit('true_up')})"
    is_share = "AND(ISNUMBER({0}),{0}>=0,{0}<1)"
    rate = at["true_up_rate"]
    held = {
        "term_months": f"AND(ISNUMBER({term}),{term}>=1,{term}<={limit('longest_months')},{term}=ROUND({term},0))",
        "overage_discount": is_share.format(at["overage_discount"]),
        "shortfall_clause": f"OR(EXACT({clause},{limit('forfeit')}),{true_up})",
        "received_on": f"AND(ISNUMBER({day}),{day}>={limit('first_day')},{day}<={limit('last_day')})",
        "source": f"AND(ISTEXT({at['source']}),LEN({at['source']})<={limit('longest_text')})",
    }
    return {
        "name": f"AND(ISTEXT({name}),LEN(TRIM({name}))>0,LEN({name})<={limit('longest_text')},{twice})",
        "commit_usd": "AND(ISNUMBER({0}),{0}>=0,{0}<={1})".format(at["commit_usd"], limit("most_usd")),
        "discount": is_share.format(at["discount"]),
        "true_up_rate": f"IF({true_up},AND(ISNUMBER({rate}),{rate}>=0,{rate}<=1),COUNTA({rate})=0)",
        **{key: f"OR(COUNTA({at[key]})=0,{rule})" for key, rule in held.items()},
    }


def _write_terms(sheet: Sheet, workings: Workings, contract: Contract) -> None:
    top = workings.terms - 2
    sheet.subtitle(top, "Workings: the terms of each row", last_col=STATE_COL)
    labels = (
        "filled in",
        "is a quote",
        "is priced here",
        "commitment, USD a year",
        "discount",
        "discount on use beyond",
    )
    sheet.header(top + 1, ("row", *labels, "term, months", "charged of an unused dollar", "list draws down"))
    blank = blank_terms(contract)
    values: dict[str, tuple[Value, str]] = {
        "filled": (False, "right"),
        "valid": (False, "right"),
        "priced": (False, "right"),
        "commit": (blank.commit_usd, "usd"),
        "discount": (blank.discount, "percent"),
        "overage": (blank.overage_discount, "percent"),
        "term": (blank.term_months, "count"),
        "charged": (blank.charged, "percent"),
        "list": (blank.draws_list, "right"),
    }
    for row in range(N_ROWS):
        sheet.text(workings.terms + row, 0, f"row {row + 1}")
        formulas = _terms(workings, row, follows_discount=contract.overage == "committed")
        for col, key in enumerate(TERMS, start=1):
            sheet.formula(workings.terms + row, col, formulas[key], *values[key])


def _terms(workings: Workings, row: int, *, follows_discount: bool) -> dict[str, str]:
    at, limit, term = workings.inputs.at, workings.scalar, workings.term
    beyond, months, clause = (at(row, key) for key in ("overage_discount", "term_months", "shortfall_clause"))
    valid, priced = term(row, "valid"), term(row, "priced")
    own = term(row, "discount") if follows_discount else limit("overage")
    asked = f"IF(COUNTA({months})=0,{limit('term_months')},{months})"
    offered = f"SUMPRODUCT(--({workings.offered_terms}={asked}))=1" if workings.n_terms else "FALSE"
    charged = f"IF(EXACT({clause},{limit('true_up')}),{at(row, 'true_up_rate')},1)"
    return {
        "filled": f"=SUMPRODUCT(LEN({at(row, FIELDS[0].name)}:{at(row, FIELDS[-1].name)}))>0",
        "valid": f"=AND({term(row, 'filled')},SUMPRODUCT(--{workings.faults(row)})=0)",
        "priced": f"=AND({valid},{offered})",
        "commit": f"=IF({priced},{at(row, 'commit_usd')},0)",
        "discount": f"=IF({priced},{at(row, 'discount')},0)",
        "overage": f"=IF(AND({priced},COUNTA({beyond})>0),{beyond},{own})",
        "term": f"=IF(AND({priced},COUNTA({months})>0),{months},{limit('term_months')})",
        "charged": f"=IF(AND({priced},COUNTA({clause})>0),{charged},{limit('true_up_rate')})",
        "list": f"=EXACT({limit('drawdown')},{limit('list')})",
    }


def _write_state(sheet: Sheet, workings: Workings, row: int) -> None:
    """What the row says, in words: nothing, that it is a quote, or what it lacks."""
    filled, valid, priced = (workings.term(row, key) for key in ("filled", "valid", "priced"))
    said = f'IF({priced},"ok","read back to price")'
    lacks = f'"needs "&INDEX({workings.wanted},MATCH(TRUE,{workings.faults(row)},0))'
    sheet.formula(
        workings.inputs.first + row,
        STATE_COL,
        f'=IF({filled},IF({valid},{said},{lacks}),"blank")',
        "blank",
        "text_after",
    )
