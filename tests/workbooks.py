"""Workbooks as they were written and as LibreOffice recalculates them, for tests."""

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from math import isclose
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from xml.sax.saxutils import escape

import openpyxl
from openpyxl.formula import Tokenizer
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook import Workbook

P, T = ParamSpec("P"), TypeVar("T")


def at(book: Workbook, name: str) -> Any:
    """The cell of a workbook-level name."""
    sheet, address = book.defined_names[name].attr_text.split("!")
    return book[sheet.strip("'")][address.replace("$", "")]


_KEPT: list[Callable[[], None]] = []
"""What forgets each of the caches below."""


def kept(function: Callable[P, T]) -> Callable[P, T]:
    """As functools.cache, until the tests of a module are done: workbooks of all of them fill a gigabyte."""
    cached = cache(function)
    _KEPT.append(cached.cache_clear)
    return cached  # type: ignore[return-value]


def forget() -> None:
    for clear in _KEPT:
        clear()


@kept
def read(path: Path) -> Workbook:
    """A workbook with the values of its formulas; tests only look at it."""
    return openpyxl.load_workbook(path, data_only=True)


@kept
def read_formulas(path: Path) -> Workbook:
    """A workbook with its formulas; tests only look at it, or put back what they change."""
    return openpyxl.load_workbook(path)


@kept
def glance(path: Path) -> Workbook:
    """A workbook with the values of its formulas, of which only the sheets that are looked at are read."""
    return openpyxl.load_workbook(path, data_only=True, read_only=True)


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

    def glimpse(self, name: str) -> Workbook:
        """As recalculated, where a test looks at a few cells only."""
        return glance(self.recalculated / f"{name}.xlsx")


def type_into(source: Path, target: Path, changes: Sequence[tuple[str, str, Any]]) -> Path:
    """A workbook of the program's with other values in cells, by sheet and address, and without its charts.

    In the file's own XML: saving it whole anew takes ten times as long, and so does recalculating charts.
    """
    names = read_formulas(source).sheetnames
    by_member: dict[str, list[tuple[str, Any]]] = {f"xl/worksheets/sheet{n + 1}.xml": [] for n in range(len(names))}
    for sheet, address, value in changes:
        by_member[f"xl/worksheets/sheet{names.index(sheet) + 1}.xml"].append((address, value))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename in by_member:
                content = _with_cells(content.decode(), by_member[item.filename]).encode()
            new.writestr(item, content)
    return target


def _with_cells(content: str, cells: Sequence[tuple[str, Any]]) -> str:
    for address, value in cells:
        pattern = rf'<c r="{address}"( s="\d+")[^>]*?(/>|>.*?</c>)'
        content, n = re.subn(pattern, lambda found, at=address, to=value: _filled(at, found[1], to), content)
        assert n == 1, address
    return re.sub(r"<drawing [^>]*/>", "", content)


def _filled(address: str, style: str, value: Any) -> str:
    """A cell's XML with another value, in the style that it has."""
    if isinstance(value, str):
        return f'<c r="{address}"{style} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    if isinstance(value, date):
        value = to_excel(value)
    return f'<c r="{address}"{style}><v>{value!r}</v></c>'


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
