"""The tables of sheet Budget view: months, and the quarters and years that are added up from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from planner.budget import Budget, CashPlan, Stretch
from planner.budget_report import MODE_WORDS, WITHOUT, shown_stretches, stretch_name
from planner.clauses import PaymentMode
from planner.workbook.sheet import Sheet, area, cell, less

_MONTH_COL: Final = 1
_FIRST_FIGURE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthColumns:
    """Where the months of a table stand: rows first to last, and the column of each figure."""

    sheet: Sheet
    first: int
    last: int
    columns: Mapping[str, int]

    def at(self, key: str) -> str:
        """The months of a figure."""
        return area(self.first, self.columns[key], self.last, self.columns[key])

    @property
    def numbers(self) -> str:
        """The numbers of the months, 1 for the first of the contract."""
        return area(self.first, _MONTH_COL, self.last, _MONTH_COL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column of months: its key, heading and values."""

    key: str
    heading: str
    values: Sequence[float]


def _months_of_plan(key: str, heading: str, plan: CashPlan, *, with_p10: bool = False) -> list[_Column]:
    """Mean and percentiles of a way of paying."""
    wanted = ("mean", "p10", "p50", "p90") if with_p10 else ("mean", "p50", "p90")
    return [
        _Column(
            key=f"{key}_{name}",
            heading=f"{heading}: {name}" if name == "mean" else f"{name.upper()}",
            values=[getattr(month, name) for month in plan.months],
        )
        for name in wanted
    ]


def write_months(sheet: Sheet, found: Budget, row: int, last_col: int) -> MonthColumns:
    """Months as the contract is paid, beside those without a commitment."""
    own, mode = found.own, found.contract.payment.mode
    columns = _months_of_plan("own", MODE_WORDS[mode], own, with_p10=True)
    if found.drawn_usd.any():
        drawn = found.drawn_usd.tolist()
        columns.append(_Column(key="drawn", heading="drawn from the commitment, mean", values=drawn))
    columns += _ahead_columns("own", own)
    columns += _months_of_plan("none", WITHOUT, found.on_demand)
    title = f"By month, paid {MODE_WORDS[mode]} as the contract is, USD"
    return _write_table(sheet, found, (row, title, last_col), columns)


def write_other_months(sheet: Sheet, found: Budget, row: int, last_col: int) -> MonthColumns:
    """Months in the ways of paying that the contract has not."""
    columns = []
    for mode, plan in other_modes(found).items():
        columns += [*_months_of_plan(mode, MODE_WORDS[mode], plan), *_ahead_columns(mode, plan)]
    return _write_table(sheet, found, (row, "By month, paid in the other ways, USD", last_col), columns)


def other_modes(found: Budget) -> dict[PaymentMode, CashPlan]:
    """The ways of paying that the contract has not."""
    return {mode: plan for mode, plan in found.by_mode.items() if mode != found.contract.payment.mode}


def _ahead_columns(key: str, plan: CashPlan) -> list[_Column]:
    """What is paid in advance; in arrears nothing is."""
    if not plan.ahead_usd.any():
        return []
    return [
        _Column(key=f"{key}_ahead", heading="paid and not yet drawn at its end, mean", values=plan.ahead_usd.tolist())
    ]


def _write_table(sheet: Sheet, found: Budget, place: tuple[int, str, int], columns: Sequence[_Column]) -> MonthColumns:
    row, title, last_col = place
    sheet.subtitle(row, title, last_col=last_col)
    sheet.header(row + 1, ("month", "month no.", *(column.heading for column in columns)))
    months = [one for one in found.stretches if one.kind == "month"]
    first = row + 2
    for index, stretch in enumerate(months):
        sheet.text(first + index, 0, stretch_name(found, stretch))
        sheet.number(first + index, _MONTH_COL, index + 1, "count")
        for col, column in enumerate(columns, start=2):
            sheet.number(first + index, col, column.values[index], "usd")
    return MonthColumns(
        sheet=sheet,
        first=first,
        last=first + len(months) - 1,
        columns={column.key: col for col, column in enumerate(columns, start=2)},
    )


# --- quarters and years -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    """A column of quarters and years. formula: of a row, where the sheet works it out; else it is the program's."""

    heading: str
    values: Sequence[float]
    formula: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchTable:
    """Quarters, years and the term of a budget: where they begin, and how figures are added up from months."""

    sheet: Sheet
    found: Budget
    first: int
    last_col: int

    @property
    def rows(self) -> tuple[Stretch, ...]:
        return shown_stretches(self.found)

    @property
    def last(self) -> int:
        """The row of the whole term."""
        return self.first + len(self.rows) - 1

    def write_own(self, months: MonthColumns) -> None:
        """As the contract is paid, with what the P90s of months come to, beside no commitment."""
        found, own, none = self.found, self.found.own, self.found.on_demand
        whole, added = [own.cash[one] for one in self.rows], [found.months_p90_usd(own, one) for one in self.rows]
        col = {name: self._col(index) for index, name in enumerate(("mean", "se", "p50", "p90", "added", "more"))}

        def more(at: int) -> str:
            return f"={cell(at, col['added'], row_abs=False)}-{cell(at, col['p90'], row_abs=False)}"

        self._write(
            f"By quarter and year of the contract, paid {MODE_WORDS[found.contract.payment.mode]}, USD",
            [
                self._sum("mean", months, "own_mean", own),
                _Figure(heading="standard error", values=[one.se for one in whole]),
                *self._percentiles(own),
                self._sum("P90s of its months added up", months, "own_p90", own),
                _Figure(
                    heading="more than its P90",
                    values=[less(months_p90, one.p90) for months_p90, one in zip(added, whole, strict=True)],
                    formula=more,
                ),
                self._sum(f"{WITHOUT}: mean", months, "none_mean", none),
                *self._percentiles(none),
            ],
        )

    def write_others(self, months: MonthColumns) -> None:
        """In the ways of paying that the contract has not."""
        figures = []
        for mode, plan in other_modes(self.found).items():
            figures += [self._sum(f"{MODE_WORDS[mode]}: mean", months, f"{mode}_mean", plan), *self._percentiles(plan)]
        self._write("By quarter and year, paid in the other ways, USD", figures)

    def _col(self, index: int) -> int:
        return _FIRST_FIGURE + index

    def _percentiles(self, plan: CashPlan) -> list[_Figure]:
        spreads = [plan.cash[one] for one in self.rows]
        return [
            _Figure(heading="P50", values=[spread.p50 for spread in spreads]),
            _Figure(heading="P90", values=[spread.p90 for spread in spreads]),
        ]

    def _sum(self, heading: str, months: MonthColumns, key: str, plan: CashPlan) -> _Figure:
        """A figure of months added up over the months of each row."""
        name = key.rpartition("_")[2]
        each = [getattr(month, name) for month in plan.months]

        def formula(at: int) -> str:
            first, last = (cell(at, col, row_abs=False) for col in (1, 2))
            within = f"({months.numbers}>={first})*({months.numbers}<={last})"
            return f"=SUMPRODUCT({within}*{months.at(key)})"

        return _Figure(heading=heading, values=[sum(each[one.first : one.stop]) for one in self.rows], formula=formula)

    def _write(self, title: str, figures: Sequence[_Figure]) -> None:
        sheet = self.sheet
        sheet.subtitle(self.first - 2, title, last_col=self.last_col)
        sheet.header(self.first - 1, ("", "from month no.", "to month no.", *(figure.heading for figure in figures)))
        for index, stretch in enumerate(self.rows):
            at, bold = self.first + index, "" if stretch.kind == "quarter" else "bold_"
            sheet.text(at, 0, stretch_name(self.found, stretch), "bold" if bold else "text")
            sheet.number(at, 1, stretch.first + 1, "count")
            sheet.number(at, 2, stretch.stop, "count")
            for col, figure in enumerate(figures, start=_FIRST_FIGURE):
                if figure.formula is not None:
                    sheet.formula(at, col, figure.formula(at), figure.values[index], f"{bold}usd")
                elif isfinite(figure.values[index]):
                    sheet.number(at, col, figure.values[index], f"{bold}usd")
                else:
                    sheet.text(at, col, "n/a", "right")  # one path has no standard error
