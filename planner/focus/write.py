"""FOCUS rows as files in a folder: two CSV files and the notes on them."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from planner.csv_cells import inert_cell
from planner.errors import InputError
from planner.focus.charge_rows import Totals, charge_rows, charges, totals
from planner.focus.columns import (
    CHARGE_CUSTOM,
    COMMITMENT_CUSTOM,
    CONTRACT_COMMITMENT,
    COST_AND_USAGE,
    FOCUS_VERSION,
    Column,
    written,
)
from planner.focus.commitment_rows import Row, commitment_rows
from planner.focus.forecast import term_forecast
from planner.focus.identity import identity
from planner.focus.notes import TITLE, notes
from planner.plan import Plan
from planner.whole_file import write_whole

COMMITMENT_FILE: Final = "focus_contract_commitment.csv"
CHARGE_FILE: Final = "focus_cost_and_usage_forecast.csv"
NOTES_FILE: Final = "focus_notes.md"

COMMITMENT_COLUMNS: Final = (*written(CONTRACT_COMMITMENT), *COMMITMENT_CUSTOM)
CHARGE_COLUMNS: Final = (*written(COST_AND_USAGE), *CHARGE_CUSTOM)

_OURS: Final = {COMMITMENT_FILE: "x_IsForecast", CHARGE_FILE: "x_IsForecast", NOTES_FILE: TITLE}
"""What the first line of each file holds where we made it."""

_REMEDY: Final = "choose another folder with --focus"


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusRows:
    """A plan as FOCUS rows, what they add up to, and whether use is told month by month."""

    commitments: tuple[Row, ...]
    charges: tuple[Row, ...]
    totals: Totals
    by_month: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusFiles:
    """What was written: path -> number of rows, None for the notes."""

    rows: FocusRows
    files: dict[Path, int | None]

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be said beside the list of files."""
        forecast = f"{CHARGE_FILE} is a forecast: keep it apart from real bills ({NOTES_FILE} says why)."
        empty = f"No commitment is recommended, so {COMMITMENT_FILE} holds its header only."
        return (forecast,) if self.rows.commitments else (empty, forecast)


def focus_rows(plan: Plan, on: date) -> FocusRows:
    """The recommendation as Contract Commitment rows and its forecast as Cost and Usage rows. on: the day of export."""
    contract, best = plan.inputs.contract, plan.recommendation
    who = identity(plan.inputs, contract, best.offer)
    forecast = term_forecast(contract, best.offer, plan.spend[best.scenario], plan.uses[best.scenario])
    found = charges(plan, forecast, who)
    return FocusRows(
        commitments=tuple(commitment_rows(plan, forecast, who, on)),
        charges=tuple(charge_rows(plan, found, who)),
        totals=totals(plan, forecast, found),
        by_month=forecast.is_by_month,
    )


def check_folder(directory: Path) -> None:
    """That a folder may be written into. Errors: InputError where it is no folder, or holds files of these names that
    others made: real bills are not replaced by a forecast."""
    if directory.exists() and not directory.is_dir():
        raise InputError(f"--focus {directory} is no folder; give the folder that the rows go into")
    for name, mark in _OURS.items():
        path = directory / name
        if path.exists() and mark not in _first_line(path):
            raise InputError(f"{path} is there and was not made by this planner, so it is kept; {_REMEDY}")


def _first_line(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.readline()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; {_REMEDY}") from None


def write_focus(plan: Plan, directory: Path, on: date) -> FocusFiles:
    """Write rows and notes into a folder, made if there is none; each file whole or not at all.

    Errors: InputError where they cannot be written there, and as check_folder.
    """
    check_folder(directory)
    rows = focus_rows(plan, on)
    texts = {
        COMMITMENT_FILE: csv_text(rows.commitments, COMMITMENT_COLUMNS),
        CHARGE_FILE: csv_text(rows.charges, CHARGE_COLUMNS),
        NOTES_FILE: notes(plan, rows.totals, by_month=rows.by_month),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make {directory}: {error.strerror}; {_REMEDY}") from None
    for name, text in texts.items():
        write_whole(directory / name, text, remedy=_REMEDY, like=directory)  # plain line ends, whatever was there
    counts = (len(rows.commitments), len(rows.charges), None)
    return FocusFiles(rows=rows, files={directory / name: n for name, n in zip(texts, counts, strict=True)})


def csv_text(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    """Rows as CSV, the header alone where there is none. Null is an empty cell; no text cell is a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    writer.writerows([[_cell(row[column.name]) for column in columns] for row in rows])
    return text.getvalue()


def _cell(value: str | float | None) -> object:
    """A number in all its digits, without an exponent or a sign on zero; text as it is, but for formulas."""
    if value is None:
        return ""
    return inert_cell(value) if isinstance(value, str) else format(Decimal(repr(value + 0.0)), "f")


def focus_json(made: FocusFiles) -> dict[str, Any]:
    """What `planner export --focus --json` prints of it."""
    found = made.rows.totals
    return {
        "version": FOCUS_VERSION,
        "files": [
            {"file": str(path), "rows": count, "bytes": path.stat().st_size} for path, count in made.files.items()
        ],
        "billed_cost_usd": found.billed_usd,
        "effective_cost_usd": found.effective_usd,
        "list_cost_of_use_usd": found.list_usd,
        "left_out": {
            "marketplace_credit_usd": found.marketplace_credit_usd,
            "renewal_value_usd": found.renewal_value_usd,
        },
        "notes": list(made.notes),
    }
