"""Where the workings of the rows that quotes are typed into stand, and how sheet Calc refers to them."""

from dataclasses import dataclass, replace
from typing import Final

from planner.contract import Contract
from planner.offer import NO_COMMITMENT
from planner.workbook.calc.cases import OfferCells
from planner.workbook.calc.pricing import OfferTerms, terms
from planner.workbook.quoting.typed_fields import N_ROWS
from planner.workbook.quoting.typed_rows import STATE_COL, InputRows
from planner.workbook.sheet import Sheet, area, cell

SCALAR_COL: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Workings:
    """Where the workings stand, as first rows of their three tables; they take a row for every quote.

    scalars: limits, words and the terms that stand in for what is left blank. terms_months: terms that are priced here,
    none where none is. has_target: whether sheet Offer calculator has a target to hold them against.
    """

    first: int
    inputs: InputRows
    terms_months: tuple[int, ...]
    has_target: bool

    @property
    def n_terms(self) -> int:
        return len(self.terms_months)

    @property
    def scalars(self) -> int:
        return self.first + 2

    @property
    def faulty(self) -> int:
        return self.scalars + len(SCALARS) + self.n_terms + int(self.has_target) + 3

    @property
    def terms(self) -> int:
        return self.faulty + N_ROWS + 3

    @property
    def next_row(self) -> int:
        return self.terms + N_ROWS + 1

    def scalar(self, key: str) -> str:
        """Address of a scalar within the sheet."""
        return cell(self.scalars + SCALARS.index(key), SCALAR_COL)

    @property
    def in_target_scenario(self) -> str:
        """Address of whether the target was priced in the scenario typed in, within the sheet."""
        return cell(self.scalars + len(SCALARS) + self.n_terms, SCALAR_COL)

    @property
    def offered_terms(self) -> str:
        """Address of the terms that can be priced here."""
        first = self.scalars + len(SCALARS)
        return area(first, SCALAR_COL, first + self.n_terms - 1, SCALAR_COL)

    def faults(self, row: int) -> str:
        """Address of which cells of a row cannot be taken, their columns fixed."""
        at = self.faulty + row
        return f"{cell(at, 0, row_abs=False)}:{cell(at, STATE_COL - 1, row_abs=False)}"

    @property
    def wanted(self) -> str:
        """Address of what each cell of a row should hold, in words."""
        return area(self.faulty - 1, 0, self.faulty - 1, STATE_COL - 1)

    @property
    def priced(self) -> str:
        """Address of whether each row is priced here."""
        col = 1 + TERMS.index("priced")
        return area(self.terms, col, self.terms + N_ROWS - 1, col)

    def term(self, row: int, key: str) -> str:
        """Address of a term as it is priced, its column fixed."""
        return cell(self.terms + row, 1 + TERMS.index(key), row_abs=False)


SCALARS: Final = (
    *("most_usd", "longest_months", "longest_text", "first_day", "last_day", "forfeit", "true_up", "list", "overage"),
    *("commit_usd", "discount", "overage_discount", "drawdown", "term_months", "shortfall_clause", "true_up_rate"),
)
TERMS: Final = ("filled", "valid", "priced", "commit", "discount", "overage", "term", "charged", "list")


def cells_of(sheet: Sheet, workings: Workings, row: int) -> OfferCells:
    """A row's terms as other sheets refer to them: of a row without a quote to be priced, no commitment."""

    def ref(key: str) -> str:
        return sheet.ref(workings.term(row, key).replace("$", ""))

    return OfferCells(
        valid=f"ISNUMBER({ref('commit')})",
        commit=ref("commit"),
        discount=ref("discount"),
        overage_discount=ref("overage"),
        drawdown_is_list=ref("list"),
        term_months=ref("term"),
        charged=ref("charged"),
    )


def blank_terms(contract: Contract) -> OfferTerms:
    """A row that holds no quote, as it is priced: no commitment, and else as the contract has it."""
    blank = terms(contract, NO_COMMITMENT)
    return blank if isinstance(contract.overage, str) else replace(blank, overage_discount=contract.overage)
