"""The quotes that were typed into a workbook, as [[offer]] entries of a plan file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose
from typing import Any, Final

from planner.errors import WorkbookError
from planner.identity import PLAN_HASH, PROGRAM
from planner.words import counted
from planner.workbook.quoting.typed_fields import DRAWDOWN, FIELDS, N_ROWS, Field, cell_name, exported_name
from planner.workbook.reading.opened import OpenedWorkbook, TypedCell, opened
from planner.workbook.reading.typed_values import NotAsWantedError, shown, taken

CALCULATOR_QUOTE: Final = "offer calculator"
"""The name of what was typed into the offer calculator."""

OFFER_KEYS: Final = tuple(item.key for item in FIELDS)
"""What a row of quotes can say."""

_NO_CLAUSE: Final = "there is a rate, and unused commitment is not said to be charged; choose true-up beside it"
_BY_NAME: Final = {item.name: item for item in (*FIELDS, DRAWDOWN)}
_CALCULATED: Final = (
    *("commit_usd", "discount", "overage_discount", "drawdown", "term_months", "shortfall_clause", "true_up_rate"),
)
_RULES: Final = ("typed", "band table")
_DISCOUNTS: Final = ("discount", "overage_discount")
_ALWAYS_TOLD: Final = ("commit_usd_per_year", "discount_fraction", "overage")
_CLOSE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuotes:
    """What was typed in. offers: as [[offer]] entries say it. plan_sha256, program: what the workbook was made of.

    notes: what must be said beside them.
    """

    offers: tuple[Mapping[str, Any], ...]
    plan_sha256: str | None
    program: str | None
    notes: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class _Mistakes:
    """Every cell that cannot be taken, in words, so that all are told at once."""

    said: list[str] = field(default_factory=list)

    def value(self, cell: TypedCell, item: Field) -> Any:
        try:
            return taken(cell, item.kind, item.wanted)
        except NotAsWantedError as error:
            self.said.append(str(error))
            return None


def read_quotes(content: bytes, label: str) -> ReadQuotes:
    """Read a filled-in workbook. label: the file, for people.

    Errors: WorkbookError for a file that is not one of ours, and for cells that cannot be taken: all of them at once.
    """
    book = opened(content, label)
    if not book.has(cell_name(0, FIELDS[0])):
        raise WorkbookError(
            f"{label}: it is a workbook, but has no cells to type quotes into; give one that `planner export` of this "
            "version wrote, filled in"
        )
    mistakes, notes = _Mistakes(), list[str]()
    rows = [_row(book, row, mistakes) for row in range(N_ROWS)]
    _check_names(rows, mistakes)
    offers = [offer for _, offer in rows if offer]
    calculated = _calculator(book, mistakes, notes)
    if mistakes.said:
        cells = counted(len(mistakes.said), "cell")
        raise WorkbookError("\n  ".join([f"{label}: {cells} cannot be taken; nothing was read", *mistakes.said]))
    if calculated:
        offers.append(_named_apart(calculated, offers))
    return ReadQuotes(
        offers=tuple(offers),
        plan_sha256=book.labelled("About", PLAN_HASH),
        program=book.labelled("About", PROGRAM),
        notes=tuple(notes),
    )


def _named_apart(offer: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The offer under a name that no other has."""
    names, name = {other["name"] for other in others}, CALCULATOR_QUOTE
    while name in names:
        name += "'"
    return {"name": name, **offer}


def _row(book: OpenedWorkbook, row: int, mistakes: _Mistakes) -> tuple[TypedCell, dict[str, Any]]:
    """A row's name cell, and what the row says; nothing where it is blank."""
    cells = {item.name: book.at(cell_name(row, item)) for item in FIELDS}
    said: dict[str, Any] = {}
    if all(cell.is_blank for cell in cells.values()):
        return cells["name"], said
    for item in FIELDS:
        cell = cells[item.name]
        if not cell.is_blank:
            said[item.key] = mistakes.value(cell, item)
        elif item.required:
            mistakes.said.append(f"{cell.place}: nothing is typed; give {item.wanted}")
    _check_rate(cells, said, mistakes)
    return cells["name"], said


def _check_rate(cells: Mapping[str, TypedCell], said: Mapping[str, Any], mistakes: _Mistakes) -> None:
    """A true-up goes with its rate, and a rate with a true-up."""
    cell = cells["true_up_rate"]
    if said.get("shortfall") == "true_up" and cell.is_blank:
        mistakes.said.append(f"{cell.place}: nothing is typed; give {_BY_NAME['true_up_rate'].wanted}")
    if not cell.is_blank and said.get("shortfall", "forfeit") == "forfeit":
        mistakes.said.append(f"{cell.place}: {_NO_CLAUSE}, or clear the cell")


def _check_names(rows: Sequence[tuple[TypedCell, Mapping[str, Any]]], mistakes: _Mistakes) -> None:
    known: dict[str, TypedCell] = {}
    for cell, said in rows:
        name = said.get("name")
        if name is None:
            continue
        if name in known:
            there = known[name].place.rpartition("!")[2]
            mistakes.said.append(
                f"{cell.place}: {shown(name)} is there already, in {there}; give each quote a name of its own"
            )
        known.setdefault(name, cell)


# --- the offer calculator -------------------------------------------------------------------------------------------


def _calculator(book: OpenedWorkbook, mistakes: _Mistakes, notes: list[str]) -> dict[str, Any]:
    """The offer in the calculator, where it is another than the one that the workbook came with; else nothing."""
    if not book.has("offer_commit_usd"):
        return {}
    _check_rule(book, mistakes)
    typed, opens_with = {}, {}
    for name, item in _calculator_fields(book):
        cell = book.at(_source(book, name))
        if cell.is_blank:
            mistakes.said.append(f"{cell.place}: nothing is typed; give {item.wanted}")
            continue
        typed[item.key] = mistakes.value(cell, item)
        kept = book.at(exported_name(name))
        opens_with[item.key] = None if kept.is_blank else mistakes.value(kept, item)
    if typed.get("shortfall") != "true_up":
        typed.pop("true_up_rate", None)
    changed = {key for key, value in typed.items() if not _same(value, opens_with.get(key))}
    if not changed and not _by_own_bands(book):
        return {}
    if typed.get("commit_usd_per_year") == 0:
        notes.append("The offer calculator shows no commitment, which is no quote; it was left out.")
        return {}
    told = {key: value for key, value in typed.items() if key in _ALWAYS_TOLD or key in changed}
    if "shortfall" in told and "true_up_rate" in typed:
        told["true_up_rate"] = typed["true_up_rate"]
    return told


def _from_bands(book: OpenedWorkbook) -> bool:
    return book.has("offer_discount_rule") and book.at("offer_discount_rule").value == _RULES[1]


def _check_rule(book: OpenedWorkbook, mistakes: _Mistakes) -> None:
    """Where discounts come from: a word of no meaning would leave a discount out, or take the wrong one."""
    if book.has("offer_discount_rule"):
        cell = book.at("offer_discount_rule")
        if cell.value not in _RULES:
            mistakes.said.append(f"{cell.place}: {shown(cell.value)} is not in the list; give {' or '.join(_RULES)}")


def _by_own_bands(book: OpenedWorkbook) -> bool:
    """Whether discounts are the bands' of the contract, which no cell shows, so that they are left to the plan."""
    return _from_bands(book) and not book.has("offer_band_discount")


def _calculator_fields(book: OpenedWorkbook) -> Iterator[tuple[str, Field]]:
    """What the calculator of this workbook takes, by the last part of the cell's name."""
    for name in _CALCULATED:
        if book.has(f"offer_{name}") and not (name in _DISCOUNTS and _by_own_bands(book)):
            yield name, _BY_NAME[name]


def _source(book: OpenedWorkbook, name: str) -> str:
    """The name of the cell that a term comes from: the discounts may be the band table's."""
    return f"offer_band_{name}" if name in _DISCOUNTS and _from_bands(book) else f"offer_{name}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return bool(one == other)
