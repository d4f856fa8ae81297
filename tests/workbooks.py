"""Workbooks as they were written and as LibreOffice recalculates them, for tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.formula import Tokenizer
from openpyxl.workbook import Workbook


def at(book: Workbook, name: str) -> Any:
    """The cell of a workbook-level name."""
    sheet, address = book.defined_names[name].attr_text.split("!")
    return book[sheet.strip("'")][address.replace("$", "")]


@cache
def read(path: Path) -> Workbook:
    """A workbook with the values of its formulas; tests only look at it."""
    return openpyxl.load_workbook(path, data_only=True)


@cache
def read_formulas(path: Path) -> Workbook:
    """A workbook with its formulas; tests only look at it, or put back what they change."""
    return openpyxl.load_workbook(path)


@dataclass(frozen=True, kw_only=True)
class Books:
    """Workbooks as written and as recalculated, by file name."""

    written: Path
    recalculated: Path

    def cached(self, name: str) -> Workbook:
        return read(self.written / f"{name}.xlsx")

    def formulas(self, name: str) -> Workbook:
        return read_formulas(self.written / f"{name}.xlsx")

    def fresh(self, name: str) -> Workbook:
        return read(self.recalculated / f"{name}.xlsx")


def formula_cells(book: Workbook) -> Iterator[tuple[str, str, str]]:
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate, cell.value


def same(a: Any, b: Any) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return type(a) is type(b) is bool or isclose(a, b, rel_tol=1e-9, abs_tol=0.0)
    return (a or "") == (b or "")


def differing(books: Books, name: str) -> list[str]:
    cached, fresh = books.cached(name), books.fresh(name)
    return [
        f"{sheet}!{cell}: {formula} cached {cached[sheet][cell].value!r}, recalculated {fresh[sheet][cell].value!r}"
        for sheet, cell, formula in formula_cells(books.formulas(name))
        if not same(cached[sheet][cell].value, fresh[sheet][cell].value)
    ]


FUNCTIONS = {
    "ABS", "AND", "COUNT", "COUNTA", "COUNTIF", "COUNTIFS", "EXACT", "IF", "INDEX", "ISNUMBER", "ISTEXT", "LEN",
    "MATCH", "MAX", "MIN", "NA", "NOT", "OR", "ROUND", "ROUNDUP", "ROWS", "SMALL", "SUM", "SUMPRODUCT", "TRIM",
}  # fmt: skip
"""Neither volatile nor newer than LibreOffice 7.4 knows."""


def faults(formula: str) -> list[str]:
    """What is wrong with a formula's text."""
    found = [f"{len(formula)} characters: {formula}"] if len(formula) > 120 else []
    for token in Tokenizer(formula).items:
        if token.type == "OPERAND" and token.subtype == "NUMBER" and token.value not in ("0", "1"):
            found.append(f"the constant {token.value} in {formula}")
        if token.type == "FUNC" and token.subtype == "OPEN" and token.value.rstrip("(") not in FUNCTIONS:
            found.append(f"{token.value} in {formula}")
    return found
