"""The months of a signed term as a table: what was used beside the plan as signed and the forecast of today."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from planner.contract import Period
from planner.paths_file import month_name
from planner.tracking.forecasting.burn_down import unbroken
from planner.tracking.result import TrackedMonth
from planner.tracking.tracking import Tracking
from planner.tracking_reports.months import is_scaled, signed_fan
from planner.workbook.sheet import Sheet, Value, area, cell

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
_DUST: Final = 1e-12
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
    """A row for each month of the term; draws where the tracking has a burn-down, bills where there are any."""

    sheet: Sheet
    tracking: Tracking

    @cached_property
    def columns(self) -> dict[str, tuple[int, str]]:
        """Figure -> (column, heading), in order."""
        kept = list(_COLUMNS)
        if self.tracking.burn_down is not None:
            kept += _DRAWN
        if any(month.billed_usd is not None for month in self.tracking.months):
            kept.append(_BILLED)
        return {key: (col, label) for col, (key, label) in enumerate(kept, start=1)}

    @property
    def last_col(self) -> int:
        return len(self.columns)

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
        """Write it; returns the next free row and what the checks need."""
        self.sheet.subtitle(row, "Month by month, USD at list", last_col=last_col)
        self.sheet.header(row + 1, ("month", *(label for _, label in self.columns.values())), n_text=2)
        first, at, left_at = row + 2, row + 1, None
        opening, drawn, left = first, 0.0, 0.0
        now = self.tracking.forecast.period
        for index, (name, period) in enumerate(self._periods().items()):
            at = first + index
            if index == period.first:
                opening, drawn = at, 0.0
            self.sheet.text(at, 0, name)
            self._write_fans(at, name)
            if name in self.seen:
                self._write_seen(at, self.seen[name])
            if name in self.draws:
                drawn += self.draws[name][1]
                left = self._write_draws(at, opening, name, drawn)
                left_at = at if now.first <= name <= now.last else None
        return at + 2, self._totals(first, at, left_at, left)

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
        if month.billed_usd is not None:
            self._number(at, "billed", month.billed_usd)
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
        self._formula(at, "cumulative", f"=SUM({area(opening, col, at, col)})", drawn)
        # what is used up to the last bit is zero for a spreadsheet too
        left = committed - drawn if abs(committed - drawn) > _DUST * committed else 0.0
        self._formula(at, "left", f"={self._at(at, 'committed')}-{self._at(at, 'cumulative')}", left)
        return left

    def _totals(self, first: int, last: int, left_at: int | None, left: float) -> MonthsLayout:
        total, sheet = last + 1, self.sheet
        sheet.text(total, 0, "so far", "total_text")
        for col in range(1, self.last_col + 1):
            sheet.worksheet.write_blank(total, col, None, sheet.styles["total_text"])
        actual = sum(month.actual_usd for month in self.tracking.months)
        billed = sum(month.billed_usd or 0.0 for month in self.tracking.months)
        for key, value in (("actual", actual), ("billed", billed)):
            if key in self.columns:
                col = self.columns[key][0]
                sheet.formula(total, col, f"=SUM({area(first, col, last, col)})", value, "total_usd")
        return MonthsLayout(
            first=first,
            last=last,
            columns={key: col for key, (col, _) in self.columns.items()},
            actual=sheet.ref(cell(total, self.columns["actual"][0])),
            actual_usd=actual,
            left=None if left_at is None else sheet.ref(cell(left_at, self.columns["left"][0])),
            left_usd=left,
        )

    def _at(self, row: int, key: str) -> str:
        return cell(row, self.columns[key][0], row_abs=False, col_abs=False)

    def _number(self, row: int, key: str, value: float) -> None:
        self.sheet.number(row, self.columns[key][0], value, "usd")

    def _formula(self, row: int, key: str, formula: str, value: Value, style: str = "usd") -> None:
        self.sheet.formula(row, self.columns[key][0], formula, value, style)
