"""What the quotes typed in cost: sheet Calc prices each row, and this table reads it there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.workbook.calc.cases import Case, Offered, PricedCases
from planner.workbook.calc.pricing import OfferPoints
from planner.workbook.calculator.offer_state import RECOMMENDED
from planner.workbook.calculator.target import Target
from planner.workbook.check import Check
from planner.workbook.quoting.row_layout import Workings, blank_terms, cells_of
from planner.workbook.quoting.typed_fields import N_ROWS
from planner.workbook.sheet import Sheet, area, cell

_RATE_COL: Final = 4
_STEPS: Final = (
    ("expected cost, USD", "cost", "usd"),
    ("on demand at list, USD", "on_demand", "usd"),
    ("saves against on demand, USD", "saving", "usd"),
    ("savings rate, %", "savings", "percent"),
    ("P(shortfall), %", "probability", "percent"),
    ("expected shortfall, USD", "shortfall", "usd"),
    ("expected overage, USD", "overage", "usd"),
)
HEIGHT: Final = N_ROWS + 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQuotes:
    """The rows as Calc prices them. error: of its points, in a sentence. target: where to aim, where it is known."""

    cases: PricedCases
    error: str
    target: Target | None


def quoted_cases(sheet: Sheet, workings: Workings, points: OfferPoints, scenario: str) -> tuple[Case, ...]:
    """A case for every row, in the scenario typed in; rows without a quote commit to nothing."""
    blank = blank_terms(points.contract)
    number = [item.name for item in points.scenarios].index(scenario)
    return tuple(
        Case(
            key=_key(row),
            label=f"row {row + 1} of {sheet.name}",
            offered=Offered(
                key=_key(row), label=f"row {row + 1} of {sheet.name}", terms=blank, cells=cells_of(sheet, workings, row)
            ),
            scenario=number,
            follows_typed=True,
        )
        for row in range(N_ROWS)
    )


def _key(row: int) -> str:
    return f"quote_{row + 1}"


def write_typed_prices(sheet: Sheet, row: int, workings: Workings, live: LiveQuotes, *, last_col: int) -> list[Check]:
    """A row for each row of quotes, blank where there is none, ranked together with the recommended offer."""
    sheet.subtitle(row, "What the quotes typed in cost, beside the recommended offer", last_col=last_col)
    sheet.paragraph(row + 1, _note(live, has_target=workings.has_target), last_col=last_col)
    against = ("more than the target, USD",) if workings.has_target else ()
    sheet.header(row + 2, ("quote", *(label for label, *_ in _STEPS), "rank", *against))
    _write_recommended(sheet, row + 3, workings, live)
    first = row + 4
    for index in range(N_ROWS):
        at, valid, priced = first + index, workings.term(index, "valid"), workings.term(index, "priced")
        term = workings.term(index, "term")
        sheet.formula(at, 0, f'=IF({valid},{workings.inputs.at(index, "name")},"")', "", "text")
        for col, (formula, style) in enumerate(_formulas(live, workings, first, at, _key(index), term), start=1):
            sheet.formula(at, col, f'=IF({priced},{formula},"")', "", style)
    return [_check(sheet.ref(area(first, 1, first + N_ROWS - 1, 1)), sheet.ref(workings.priced))]


def _formulas(
    live: LiveQuotes, workings: Workings, first: int, at: int, key: str, term: str
) -> Iterator[tuple[str, str]]:
    """What a row shows of a case, and the style."""
    rates = area(first - 1, _RATE_COL, first + N_ROWS - 1, _RATE_COL)
    yield from ((live.cases.at(key, step), style) for _, step, style in _STEPS)
    yield f"1+SUMPRODUCT(ISNUMBER({rates})*({rates}>{cell(at, _RATE_COL, row_abs=False)}))", "count"
    if workings.has_target:
        yield _gap(at, workings, term), "usd"


def _write_recommended(sheet: Sheet, at: int, workings: Workings, live: LiveQuotes) -> None:
    """The offer that the workbook came with, above the quotes, in the scenario typed in."""
    cases = live.cases
    values = [*(cases.value(RECOMMENDED, step) for _, step, _ in _STEPS), 1.0]
    if live.target is not None:
        cost, listed = cases.number(RECOMMENDED, "cost"), cases.number(RECOMMENDED, "on_demand")
        values.append(live.target.gap_usd(cost, listed, round(cases.number(RECOMMENDED, "term"))))
    sheet.text(at, 0, "recommended offer", "total_text")
    shown = _formulas(live, workings, at + 1, at, RECOMMENDED, cases.at(RECOMMENDED, "term"))
    for col, ((formula, style), value) in enumerate(zip(shown, values, strict=True), start=1):
        sheet.formula(at, col, f"={formula}", value, f"total_{style}")


def _note(live: LiveQuotes, *, has_target: bool) -> str:
    target = " More than the target: in the scenario decided on." if has_target else ""
    return (
        "Priced by formula on sheet Calc, in the scenario typed on sheet Offer calculator, over each quote's own "
        f"term. Rank: by savings rate, the largest first, whatever the risk.{target} {live.error}"
    )


def _gap(at: int, workings: Workings, term: str) -> str:
    """What a row costs more than the target; over another term than the target's, at its rate."""
    cost, listed = cell(at, 1, row_abs=False), cell(at, 2, row_abs=False)
    target = f"IF({term}=target_term_months,target_cost_usd,target_rate*{listed})"
    return f'IF({workings.in_target_scenario},{cost}-{target},"n/a")'


def _check(costs: str, priced: str) -> Check:
    return Check(
        what="Every quote typed in that can be priced here is priced",
        formula=f"=COUNT({costs})-SUMPRODUCT(--{priced})",
        value=0.0,
        expected=0.0,
        tolerance=0.0,
        style="count",
    )
