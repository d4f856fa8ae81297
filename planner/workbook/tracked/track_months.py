"""The months of a signed term as a table: what was used beside the plan as signed and the forecast of today."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from planner.contract import Period
from planner.paths_file import month_name
from planner.tracking.forecasting.burn_down import unbroken
from planner.tracking.result import TrackedMonth
from planner.tracking.tracking import Tracking
from planner.tracking_reports.months import is_scaled, signed_fan
from planner.workbook.sheet import Sheet, Value, area, cell, less

_SIGNED: Final = (("signed_p10", "as signed, P10"), ("signed_p50", "as signed, P50"), ("signed_p90", "as signed, P90"))
_TODAY: Final = (("today_p10", "today, P10"), ("today_p50", "today, P50"), ("today_p90", "today, P90"))
_COLUMNS: Final = (
    ("state", "state"),
    ("actual", "actual, days covered"),
    ("whole", "of the whole month"),
    *_SIGNED,
    ("difference", "month less P50 signed"),
    ("inside", "inside P10 to P90"),
    *_TODAY,
)
_DRAWN: Final = (
    ("committed", "committed in its period"),
    ("drawn", "drawn in the month"),
    ("cumulative", "drawn so far in its period"),
    ("left", "left of its period"),
)
_BILLED: Final = ("billed", "billed")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthsLayout:
    """For the checks and the chart: rows of the months, columns by figure, and what is left now where it is known."""

    first: int
    last: int
    columns: dict[str, int]
    actual: str
    actual_usd: float
    left: str | None
    left_usd: float


@dataclass(frozen=True, kw_only=True)
class MonthsTable:
    """A row for each month of the term, and below it one for each month seen: draws where the tracking has a burn-down,
    bills where there are any."""

    sheet: Sheet
    tracking: Tracking

    @cached_property
    def columns(self) -> dict[str, tuple[int, str]]:
        """Figure -> (column, heading) of both tables, each in order."""
        below = list(_DRAWN) if self.tracking.burn_down is not None else []
        if any(month.billed_usd is not None for month in self.tracking.months):
            below.append(_BILLED)
        return {key: (col, label) for kept in (_COLUMNS, below) for col, (key, label) in enumerate(kept, start=1)}

    @property
    def last_col(self) -> int:
        return len(_COLUMNS)

    @cached_property
    def fan(self) -> dict[str, tuple[float, float, float]]:
        return signed_fan(self.tracking)

    @cached_property
    def seen(self) -> dict[str, TrackedMonth]:
        return {month.month: month for month in self.tracking.months}

    @cached_property
    def draws(self) -> dict[str, tuple[float, float]]:
        """YYYY-MM -> (what its period commits, what the month drew of it), as long as every month is known.

        Of the first month that is not closed it is what was drawn so far, where it is the last one that was seen.
        """
        found: dict[str, tuple[float, float]] = {}
        burn_down, start = self.tracking.burn_down, self.tracking.signed.inputs.start
        if burn_down is None:
            return found
        known, left = unbroken(burn_down.today, self.tracking.months), 0.0
        running = next((name for name in burn_down.today if name not in known), None)
        seen = (*known, *((running,) if running == self.tracking.months[-1].month else ()))
        for name, period in self._periods().items():
            if name not in seen:
                break
            committed = burn_down.begins[month_name(start, period.first)]
            before = committed if name in burn_down.begins else left
            left = burn_down.today[name][1] if name in known else self.tracking.forecast.period.left_usd
            found[name] = (committed, before - left)
        return found

    def _periods(self) -> dict[str, Period]:
        contract, start = self.tracking.signed.contract, self.tracking.signed.inputs.start
        return {
            month_name(start, month): period
            for period in contract.periods
            for month in range(period.first, period.stop)
        }

    def write(self, row: int, last_col: int) -> tuple[int, MonthsLayout]:
        """Both tables, one below the other; returns the next free row and what the checks need."""
        self.sheet.subtitle(row, "Month by month, USD at list", last_col=last_col)
        self._header(row + 1, [key for key, _ in _COLUMNS], n_text=2)
        first = row + 2
        for at, name in enumerate(self._periods(), start=first):
            self.sheet.text(at, 0, name)
            self._write_fans(at, name)
            if name in self.seen:
                self._write_seen(at, self.seen[name])
        last = first + len(self._periods()) - 1
        actual = sum(month.actual_usd for month in self.tracking.months)
        self._total(first, last, "actual", actual, self.last_col)
        row, left = self._write_drawn(last + 3, last_col)
        return row, MonthsLayout(
            first=first,
            last=last,
            columns={key: col for key, (col, _) in self.columns.items()},
            actual=self.sheet.ref(cell(last + 1, self.columns["actual"][0])),
            actual_usd=actual,
            left=None if left is None else self.sheet.ref(cell(left[0], self.columns["left"][0])),
            left_usd=0.0 if left is None else left[1],
        )

    def _header(self, row: int, keys: Sequence[str], *, n_text: int = 1) -> None:
        self.sheet.header(row, ("month", *(self.columns[key][1] for key in keys)), n_text=n_text)

    def _write_drawn(self, row: int, last_col: int) -> tuple[int, tuple[int, float] | None]:
        """What each month drew of its period and what was billed; the next free row, and where what is left stands."""
        keys = [key for key, _ in (*_DRAWN, _BILLED) if key in self.columns]
        if not keys:
            return row - 1, None
        self.sheet.subtitle(row, "Drawn from the commitment, and billed, USD", last_col=last_col)
        self._header(row + 1, keys)
        first, at, left = row + 2, row + 1, None
        opening, drawn, now = first, 0.0, self.tracking.forecast.period
        for index, (name, period) in enumerate(self._periods().items()):
            if name not in self.draws and name not in self.seen:
                break
            at = first + index
            opening, drawn = (at, 0.0) if index == period.first else (opening, drawn)
            self.sheet.text(at, 0, name)
            if name in self.seen and (billed := self.seen[name].billed_usd) is not None:
                self._number(at, "billed", billed)
            if name in self.draws:
                drawn += self.draws[name][1]
                of_period = self._write_draws(at, opening, name, drawn)
                left = (at, of_period) if now.first <= name <= now.last else None
        if "billed" in self.columns:
            self._total(first, at, "billed", sum(month.billed_usd or 0.0 for month in self.tracking.months), len(keys))
            at += 1
        return at + 2, left

    def _write_fans(self, at: int, name: str) -> None:
        for (key, _), usd in zip(_SIGNED, self.fan[name], strict=True):
            self._number(at, key, usd)
        month = self.seen.get(name)
        if month is not None and month.is_closed:
            return
        for (key, _), usd in zip(_TODAY, self.tracking.forecast.months[name], strict=True):
            self._number(at, key, usd)

    def _write_seen(self, at: int, month: TrackedMonth) -> None:
        state = "closed" if month.is_closed else f"{month.first:%-d} to {month.last:%-d}"
        self.sheet.text(at, self.columns["state"][0], state)
        self._number(at, "actual", month.actual_usd)
        if not month.is_closed and not is_scaled(month):
            return
        self._number(at, "whole", month.whole_usd)
        whole = self._at(at, "whole")
        difference = month.whole_usd - month.p50
        self._formula(at, "difference", f"={whole}-{self._at(at, 'signed_p50')}", difference)
        if month.is_closed:
            formula = (
                f'=IF(AND({whole}>={self._at(at, "signed_p10")},{whole}<={self._at(at, "signed_p90")}),"yes","no")'
            )
            is_inside = month.p10 <= month.whole_usd <= month.p90
            self._formula(at, "inside", formula, "yes" if is_inside else "no", "right")

    def _write_draws(self, at: int, opening: int, name: str, drawn: float) -> float:
        """What the month drew, and what it leaves; opening: the row of the first month of its period."""
        committed, of_month = self.draws[name]
        self._number(at, "committed", committed)
        self._number(at, "drawn", of_month)
        col = self.columns["drawn"][0]
        begin = cell(opening, col, row_abs=True, col_abs=False)
        self._formula(at, "cumulative", f"=SUM({begin}:{self._at(at, 'drawn')})", drawn)
        left = less(committed, drawn)
        self._formula(at, "left", f"={self._at(at, 'committed')}-{self._at(at, 'cumulative')}", left)
        return left

    def _total(self, first: int, last: int, key: str, value: float, last_col: int) -> None:
        """The sum of one figure below its rows, in a line across the table."""
        total, sheet, col = last + 1, self.sheet, self.columns[key][0]
        sheet.text(total, 0, "so far", "total_text")
        for other in range(1, last_col + 1):
            sheet.worksheet.write_blank(total, other, None, sheet.styles["total_text"])
        sheet.formula(total, col, f"=SUM({area(first, col, last, col)})", value, "total_usd")

    def _at(self, row: int, key: str) -> str:
        return cell(row, self.columns[key][0], row_abs=False, col_abs=False)

    def _number(self, row: int, key: str, value: float) -> None:
        self.sheet.number(row, self.columns[key][0], value, "usd")

    def _formula(self, row: int, key: str, formula: str, value: Value, style: str = "usd") -> None:
        self.sheet.formula(row, self.columns[key][0], formula, value, style)
