"""What sheet Calc prices: an offer in a scenario is a case, and every case is a column of one table."""

from collections.abc import Mapping
from dataclasses import dataclass

from planner.workbook.calc.pricing import OfferTerms
from planner.workbook.sheet import Value, cell


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCells:
    """Where an offer's inputs stand: names or addresses with their sheet, as a formula of another sheet writes them.

    valid and drawdown_is_list are TRUE or FALSE; a blank amount counts as 0, and nothing else is read where valid is
    FALSE. discount and overage_discount: fractions of list. term_months: one of OfferPoints.terms_months. charged: the
    share of an unused dollar that is charged, 1 where it is forfeited and the rate of a true-up else.
    """

    valid: str
    commit: str
    discount: str
    overage_discount: str
    drawdown_is_list: str
    term_months: str
    charged: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An offer that Calc prices. terms: as it stands when the workbook is written. cells: None where it is given.

    Offers whose cells follow each other down a sheet stand next to each other, so that one formula links them.
    """

    key: str
    label: str
    terms: OfferTerms
    cells: OfferCells | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An offer in a scenario, counted from 0. follows_typed: whether it is priced in the scenario that is typed in,
    which is this one when the workbook is written."""

    key: str
    label: str
    offered: Offered
    scenario: int
    follows_typed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedCases:
    """The cases as Calc prices them: where each step stands, and its value when the workbook is written.

    first_rows, columns: of each case on Calc; steps: step -> rows below the first. values: (case, step) -> value. Steps
    that other sheets may rely on: "cost", "on_demand", "saving", "savings", "probability", "shortfall", "overage",
    "owed_anyway", "break_even", "break_even_use", and where they are tabulated "cost_P10", "cost_P50", "cost_P90",
    which may be the words "n/a".
    """

    first_rows: Mapping[str, int]
    columns: Mapping[str, int]
    steps: Mapping[str, int]
    values: Mapping[tuple[str, str], Value]

    def at(self, case: str, step: str) -> str:
        """Address of a step of a case, for other sheets."""
        return f"Calc!{self.within(case, step)}"

    def within(self, case: str, step: str) -> str:
        """Its address within Calc."""
        return cell(self.first_rows[case] + self.steps[step], self.columns[case])

    def value(self, case: str, step: str) -> Value:
        """The same step when the workbook is written."""
        return self.values[case, step]

    def number(self, case: str, step: str) -> float:
        """The same, where it is a number."""
        value = self.values[case, step]
        assert not isinstance(value, str)
        return float(value)
