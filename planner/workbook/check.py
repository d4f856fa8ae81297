"""A check: a figure of the workbook, as it recalculates, beside the program's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """|workbook - expected| <= tolerance; `value` is what the formula gives now."""

    what: str
    formula: str
    value: float
    expected: float
    tolerance: float
    style: str = "usd"

    @property
    def holds(self) -> bool:
        return abs(self.value - self.expected) <= self.tolerance
