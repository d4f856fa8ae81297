"""The expected ledger by commitment period, as a table whose shares and totals recalculate."""

from dataclasses import dataclass
from typing import Final

from planner.contract import Contract
from planner.outcome import ExpectedRow
from planner.paths_file import month_name
from planner.plan import Plan
from planner.workbook.sheet import Sheet, Value, area, cell

_COMMITMENT: Final = (
    ("committed_usd", "committed"),
    ("drawn_current_usd", "drawn from current"),
    ("drawn_banked_usd", "drawn from banked"),
    ("forfeited_usd", "forfeited"),
    ("waived_usd", "waived"),
    ("banked_usd", "still banked"),
)
_BILLED: Final = (("overage_usd", "overage"), ("outside_usd", "outside"), ("paid_usd", "paid"))
_GONE: Final = ("drawn_current_usd", "drawn_banked_usd", "forfeited_usd", "waived_usd", "banked_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLayout:
    """For the checks: totals, and the share of each period's commitment that is accounted for; None without one."""

    paid: str
    paid_usd: float
    shares: str | None
    least_share: float
    largest_share: float
    total_share: str | None
    total_share_value: float


def months_words(plan: Plan, first: int, stop: int) -> str:
    """The months [first, stop) of the term: 2027-01 to 2027-12."""
    start = plan.inputs.start
    return f"{month_name(start, first)} to {month_name(start, stop - 1)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTable:
    """The ledger by period. Columns that are zero throughout are left out."""

    sheet: Sheet
    plan: Plan

    @property
    def rows(self) -> tuple[ExpectedRow, ...]:
        return self.plan.recommendation.ledger

    @property
    def opening_usd(self) -> float:
        """What a contract in force brings in."""
        in_force = self.plan.inputs.contract.in_force
        if in_force is None or in_force.on_signing != "renew" or self.plan.recommendation.offer.is_none:
            return 0.0
        return sum(usd for usd, _ in in_force.balances)

    @property
    def columns(self) -> dict[str, tuple[int, str]]:
        """Figure -> (column, heading), in order."""
        kept = [(key, label) for key, label in _COMMITMENT if any(getattr(row, key) for row in self.rows)]
        if self.opening_usd or any(row.banked_usd for row in self.rows[:-1]):
            kept.insert(0, ("before_usd", "banked before"))
        if kept:
            kept += [("used", "used of current"), ("accounted", "accounted for"), ("short", "P(shortfall)")]
        kept += [
            (key, label) for key, label in _BILLED if key == "paid_usd" or any(getattr(row, key) for row in self.rows)
        ]
        return {key: (col, label) for col, (key, label) in enumerate(kept, start=2)}

    @property
    def last_col(self) -> int:
        return 1 + len(self.columns)

    def write(self, row: int, last_col: int) -> tuple[int, LedgerLayout]:
        """Write it; returns the next free row and what the checks need."""
        contract, columns = self.plan.inputs.contract, self.columns
        self.sheet.subtitle(row, "Expected by commitment period", last_col=last_col)
        labels = [label for _, label in columns.values()]
        self.sheet.header(row + 1, ("period", "months", *labels), n_text=2)
        first, total = row + 2, row + 2 + len(self.rows)
        before = self.opening_usd
        for index, item in enumerate(self.rows):
            at = first + index
            self.sheet.text(at, 0, _period_name(contract, index))
            self.sheet.text(at, 1, months_words(self.plan, item.period.first, item.period.stop))
            self._write_row(at, item, before, is_first=index == 0)
            before = item.banked_usd
        self._write_total(first, total)
        return total + 1, self._layout(first, total)

    def _write_row(self, at: int, item: ExpectedRow, before: float, *, is_first: bool) -> None:
        for key, (col, _) in self.columns.items():
            if key == "before_usd" and not is_first:
                above = cell(at - 1, self.columns["banked_usd"][0], row_abs=False)
                self.sheet.formula(at, col, f"={above}", before, "usd")
            elif key == "before_usd":
                self.sheet.number(at, col, before, "usd")
            elif key == "short":
                self.sheet.number(at, col, item.shortfall_probability.mean, "percent")
            elif key in ("used", "accounted"):
                self._write_shares(at, key, _amounts(item, before), "percent")
            else:
                self.sheet.number(at, col, getattr(item, key), "usd")

    def _write_shares(self, at: int, key: str, amounts: dict[str, float], style: str) -> None:
        formula, value = self._share(at, key, amounts)
        self.sheet.formula(at, self.columns[key][0], formula, value, style)

    def _share(self, at: int, key: str, amounts: dict[str, float]) -> tuple[str, Value]:
        """used: drawn from current over committed. accounted: everything gone or left over everything there was."""

        def sum_of(*keys: str) -> str:
            return "+".join(cell(at, self.columns[k][0], row_abs=False) for k in keys if k in self.columns) or "0"

        if key == "used":
            over, of, otherwise = sum_of("drawn_current_usd"), sum_of("committed_usd"), '"n/a"'
        else:
            over, of, otherwise = sum_of(*_GONE), sum_of("before_usd", "committed_usd"), "1"
        return f"=IF({of}>0,({over})/({of}),{otherwise})", _share_value(key, amounts)

    def _totals(self) -> dict[str, float]:
        sums = {key: sum(getattr(row, key) for row in self.rows) for key, _ in (*_COMMITMENT, *_BILLED)}
        return sums | {"before_usd": self.opening_usd, "banked_usd": self.rows[-1].banked_usd}

    def _write_total(self, first: int, total: int) -> None:
        """Sums; of the balance before, the first, and of the balance left, the last."""
        sheet, last, totals = self.sheet, total - 1, self._totals()
        sheet.text(total, 0, "over the term", "total_text")
        sheet.worksheet.write_blank(total, 1, None, sheet.styles["total_text"])
        for key, (col, _) in self.columns.items():
            if key in ("used", "accounted"):
                self._write_shares(total, key, totals, "total_percent")
            elif key == "short":
                sheet.number(total, col, self.plan.recommendation.shortfall_probability.mean, "total_percent")
            else:
                ends = {"before_usd": cell(first, col), "banked_usd": cell(last, col)}
                formula = f"={ends[key]}" if key in ends else f"=SUM({area(first, col, last, col)})"
                sheet.formula(total, col, formula, totals[key], "total_usd")

    def _layout(self, first: int, total: int) -> LedgerLayout:
        columns, totals = self.columns, self._totals()
        befores = [self.opening_usd, *(row.banked_usd for row in self.rows[:-1])]
        found = [
            _share_value("accounted", _amounts(row, before)) for row, before in zip(self.rows, befores, strict=True)
        ]
        values = [float(value) for value in found]
        col = columns["accounted"][0] if "accounted" in columns else None
        return LedgerLayout(
            paid=self.sheet.ref(cell(total, columns["paid_usd"][0])),
            paid_usd=totals["paid_usd"],
            shares=None if col is None else self.sheet.ref(area(first, col, total - 1, col)),
            least_share=min(values),
            largest_share=max(values),
            total_share=None if col is None else self.sheet.ref(cell(total, col)),
            total_share_value=float(_share_value("accounted", totals)),
        )


def _amounts(item: ExpectedRow, before: float) -> dict[str, float]:
    return {key: getattr(item, key) for key, _ in _COMMITMENT} | {"before_usd": before}


def _share_value(key: str, amounts: dict[str, float]) -> Value:
    if key == "used":
        committed = amounts["committed_usd"]
        return amounts["drawn_current_usd"] / committed if committed > 0 else "n/a"
    there = amounts["before_usd"] + amounts["committed_usd"]
    return sum(amounts[k] for k in _GONE) / there if there > 0 else 1.0


def _period_name(contract: Contract, index: int) -> str:
    if contract.commit_period == "term":
        return "the term"
    if contract.commit_period == "year":
        return f"year {index + 1}"
    return f"year {contract.periods[index].year + 1}, quarter {index % 4 + 1}"
