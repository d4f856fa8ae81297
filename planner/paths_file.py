"""Given months as a file: the list cost of every month of a term, typed in or taken from invoices.

Columns: month, list_cost_usd; signing_list_cost_usd where the contract protects prices; tier and eligible, with several
rows a month, where it settles those apart.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Final, get_args

import numpy as np

from planner.contract import Contract
from planner.errors import InputError
from planner.lever_costs.unit_costs import Account
from planner.plan_file.section import Tier
from planner.simulation import AccountPaths, SpendPaths
from planner.units import MONTHS_PER_YEAR, FloatArray

COLUMNS: Final = ("month", "list_cost_usd", "signing_list_cost_usd", "tier", "eligible")
_REQUIRED: Final = COLUMNS[:2]
_FLAGS: Final = {"true": True, "false": False}
_MOST_USD: Final = 1e12
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_FORMS: Final = "give 0, 1, 2... from the contract's first month, or YYYY-MM"
_NAMED_MONTHS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of the file: its month as it is written, what was used, and whose it is."""

    line: int
    month: str
    account: Account
    current_usd: float
    signing_usd: float | None


def month_name(start: date, month: int) -> str:
    """Calendar month of a contract month: YYYY-MM."""
    years, index = divmod(start.month - 1 + month, MONTHS_PER_YEAR)
    return f"{start.year + years}-{index + 1:02d}"


def read_spend(path: Path, contract: Contract, start: date) -> tuple[SpendPaths, tuple[str, ...]]:
    """The months of a file as one path of spend, and what has to be said about them.

    Errors: InputError for months that are not each there once, for what is no amount of USD, and for columns that the
    contract needs, each with the line, the value and what to write instead.
    """
    lines = _lines(path)
    if not lines:
        raise InputError(f"{path} is empty; give columns {' and '.join(_REQUIRED)}, one row for each month of the term")
    header = [name.strip() for name in lines[0][1]]
    notes = _check_header(path, header, contract)
    rows = [_row(path, header, line, cells) for line, cells in lines[1:]]
    if contract.eligible.is_everything and (row := next((row for row in rows if not row.account.eligible), None)):
        raise InputError(
            f"{path}, line {row.line}: eligible = false, and the plan's contract lets everything draw it down; add "
            "[contract.eligible] to the plan, or take the column out"
        )
    grid = _by_month(path, rows, start, contract.term_months)
    return _spend(grid, contract.term_months), notes


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """(line number, cells) of every line that is not blank."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except OSError as error:
        raise InputError(f"cannot read --paths {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"--paths {path} is not UTF-8 text; save it as CSV in UTF-8") from None
    except csv.Error as error:
        raise InputError(f"--paths {path} is not CSV: {error}; separate columns by commas") from None


def _check_header(path: Path, header: Sequence[str], contract: Contract) -> tuple[str, ...]:
    """Whether the columns are those that the contract needs; says which are not read."""
    if "" in header:
        raise InputError(f"{path}: column {header.index('') + 1} has no name; name it or take it out")
    if doubled := next((name for name in header if header.count(name) > 1), None):
        raise InputError(f"{path}: two columns are named '{doubled}'; keep one")
    unknown = [name for name in header if name not in COLUMNS]
    for name, why in _needed(contract).items():
        if name not in header:
            raise InputError(
                f"{path} has no column '{name}': {why}. Columns, separated by commas: {', '.join(header) or 'none'}"
            )
    for name in unknown:
        if near := get_close_matches(name.lower(), COLUMNS, n=1, cutoff=0.8):
            raise InputError(f"{path}: column '{name}' is unknown; write '{near[0]}'")
    notes = [f"column '{name}' of {path.name} is not read" for name in unknown]
    if contract.price_rise_cap_fraction is not None and "tier" not in header:
        notes.append(
            f"{path.name} has no column 'tier': contract.price_rises caps the month as a whole, not each model tier"
        )
    return tuple(notes)


def _needed(contract: Contract) -> Mapping[str, str]:
    """Columns that have to be there, each with the reason."""
    needed = dict.fromkeys(_REQUIRED, "every file of months needs it")
    if contract.protects_prices:
        needed["signing_list_cost_usd"] = (
            "the contract protects prices (contract.price_falls or price_rises), so it needs the same use at the list "
            "prices of the pricing day"
        )
    if contract.has_tier_discounts:
        needed["tier"] = "the contract discounts model tiers apart, so it needs a row for each month and tier"
    if not contract.eligible.is_everything:
        needed["eligible"] = (
            "the contract counts only some models or requests (contract.eligible), so it needs a row with true and a "
            "row with false for each month"
        )
    return needed


def _row(path: Path, header: Sequence[str], line: int, cells: Sequence[str]) -> _Row:
    if len(cells) != len(header):
        raise InputError(f"{path}, line {line}: {len(cells)} cells under {len(header)} columns; give one for each")
    found = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    place = f"{path}, line {line}"
    signing = found.get("signing_list_cost_usd")
    return _Row(
        line=line,
        month=found["month"],
        account=_account(place, found),
        current_usd=_usd(place, "list_cost_usd", found["list_cost_usd"]),
        signing_usd=None if signing is None else _usd(place, "signing_list_cost_usd", signing),
    )


def _usd(place: str, column: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise InputError(f"{place}: {column} = '{text}' is no number; give USD in digits, such as 12500.75")
    value = float(text)
    if not 0 <= value <= _MOST_USD:
        raise InputError(f"{place}: {column} = {text}: give USD between 0 and {_MOST_USD:,.0f}")
    return value


def _account(place: str, found: Mapping[str, str]) -> Account:
    tier, eligible = found.get("tier", ""), found.get("eligible", "true")
    if tier and tier not in get_args(Tier):
        raise InputError(f"{place}: tier = '{tier}': give {', '.join(get_args(Tier))}, or nothing for other costs")
    if eligible.lower() not in _FLAGS:
        raise InputError(f"{place}: eligible = '{eligible}': give true or false")
    return Account(tier or None, _FLAGS[eligible.lower()])


_Grid = dict[Account, dict[int, _Row]]


def _by_month(path: Path, rows: Sequence[_Row], start: date, term_months: int) -> _Grid:
    """Rows by account and contract month, every month of the term exactly once for each account."""
    grid: _Grid = {row.account: {} for row in rows} or {Account(None): {}}
    for row in rows:
        month = _contract_month(path, row, rows[0], start)
        if not 0 <= month < term_months:
            raise InputError(
                f"{path}, line {row.line}: month = {row.month} lies outside the term, months 0 to {term_months - 1} "
                f"({month_name(start, 0)} to {month_name(start, term_months - 1)}); take it out"
            )
        if first := grid[row.account].get(month):
            raise InputError(
                f"{path}, line {row.line}: month = {row.month} stands in line {first.line} already; give each month "
                f"once{_whose(row.account, grid)}"
            )
        grid[row.account][month] = row
    for account, months in grid.items():
        if missing := [month for month in range(term_months) if month not in months]:
            named = ", ".join(f"{month} ({month_name(start, month)})" for month in missing[:_NAMED_MONTHS])
            more = "" if len(missing) <= _NAMED_MONTHS else f" and {len(missing) - _NAMED_MONTHS} more"
            raise InputError(
                f"{path}: no row for month {named}{more}{_whose(account, grid)}; give every month of the term, "
                "with 0 where nothing was used"
            )
    return grid


def _whose(account: Account, grid: _Grid) -> str:
    """Which of several rows a month is meant."""
    if len(grid) == 1:
        return ""
    return f", tier {account.tier or '(none)'}, eligible = {str(account.eligible).lower()}"


def _contract_month(path: Path, row: _Row, first: _Row, start: date) -> int:
    is_count = re.fullmatch(r"-?\d+", row.month) is not None
    if not is_count and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", row.month):
        raise InputError(f"{path}, line {row.line}: month = '{row.month}': {_FORMS}")
    if is_count != ("-" not in first.month[1:]):
        raise InputError(
            f"{path}, line {row.line}: month = {row.month}, and line {first.line} has {first.month}; write all months "
            f"in one form: {_FORMS}"
        )
    if is_count:
        return int(row.month)
    year, month = row.month.split("-")
    return (int(year) - start.year) * MONTHS_PER_YEAR + int(month) - start.month


def _spend(grid: _Grid, term_months: int) -> SpendPaths:
    accounts = {account: _account_paths(months, term_months) for account, months in grid.items()}
    if not any(account.eligible for account in accounts):
        nothing = np.zeros((term_months, 1))
        accounts[Account(None)] = AccountPaths(current_usd=nothing, signing_usd=nothing)
    current: FloatArray = np.sum([paths.current_usd for paths in accounts.values()], axis=0)
    signing = [paths.signing_usd for paths in accounts.values() if paths.signing_usd is not None]
    same = all(paths.signing_usd is paths.current_usd for paths in accounts.values())
    return SpendPaths(
        list_cost_usd=current,
        signing_list_cost_usd=current if same else np.sum(signing, axis=0),
        accounts=accounts,
    )


def _account_paths(months: Mapping[int, _Row], term_months: int) -> AccountPaths:
    """Shape (term_months, 1); without signing prices, those are the current ones."""
    rows = [months[month] for month in range(term_months)]
    current = np.array([[row.current_usd] for row in rows])
    signing = [[row.signing_usd] for row in rows if row.signing_usd is not None]
    return AccountPaths(current_usd=current, signing_usd=np.array(signing) if signing else current)
