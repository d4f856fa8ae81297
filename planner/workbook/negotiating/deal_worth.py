"""A table of the sheet Positions: what the opening, the target, the table and walking away come to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from planner.dossier import Negotiated
from planner.negotiation.clause_values import ClauseValue, saved_by
from planner.negotiation.limit_luck import Side
from planner.negotiation.positions import Positions
from planner.negotiation.terms_pricer import PricedTerms
from planner.risk import estimate
from planner.units import HALF_CENT_USD
from planner.workbook.check import Check
from planner.workbook.negotiating.rows import NONE, across, figure, headings, sentences
from planner.workbook.sheet import Sheet, cell

_OPENING, _TARGET, _TABLE, _WALK = 1, 2, 3, 4
"""Columns."""
_ROUNDING: Final = 1e-9


def write_worth(sheet: Sheet, negotiated: Negotiated, row: int, widths: Mapping[int, int]) -> tuple[int, list[Check]]:
    """Costs and risks side by side, with live differences; returns the next free row and the checks."""
    found = negotiated.positions
    deals = (found.opening.terms, found.target.terms, found.table, found.walk_away.terms)
    sheet.subtitle(row, "What each comes to over the term", last_col=max(widths))
    headings(sheet, row + 1, ("", "opening", "target", "on the table", f"walk away: {found.walk_away.alternative}"))
    measures = [deal.measure_usd for deal in deals]
    own = [found.opening.own_value_usd, found.target.own_value_usd, 0.0, 0.0]
    counted, better = row + 2, row + 4
    _numbers(sheet, counted, "what the decision minimises, USD", measures)
    _numbers(sheet, counted + 1, "your own value of what is asked for, USD", own)
    over_table, over_walk = _errors(negotiated)
    for at, label, against, errors in (
        (better, "better than on the table, USD", _TABLE, over_table),
        (better + 2, "better than walking away, USD", _WALK, over_walk),
    ):
        sheet.text(at, 0, label, "bold", sized=False)
        for col in range(_OPENING, _WALK + 1):
            formula = f"={cell(counted, against)}-{across(counted, col)}+{across(counted + 1, col)}"
            value = measures[against - 1] - measures[col - 1] + own[col - 1]
            sheet.formula(at, col, formula, value, "bold_usd")
        _numbers(sheet, at + 1, "standard error", errors)
    last = _write_share(sheet, found, better + 4, better) if found.opening.asks else better + 4
    last = _write_risks(sheet, deals, last)
    note = "Better: less of what the decision minimises, your own value of what is asked for counted in."
    return sentences(sheet, last, [note], widths) + 1, _checks(sheet, found, better)


def _numbers(sheet: Sheet, row: int, label: str, values: Sequence[float | str], style: str = "usd") -> None:
    sheet.text(row, 0, label, "label_after" if label == "standard error" else "label", sized=False)
    for col, value in enumerate(values, start=1):
        figure(sheet, row, col, value, style)


def _errors(negotiated: Negotiated) -> tuple[list[float | str], list[float | str]]:
    """Of what each is better by than what is on the table, and than walking away; with the luck of the limit."""
    found, luck = negotiated.positions, negotiated.trades.luck
    walk = found.walk_away.terms.measured_usd
    deals = ((found.opening.terms, found.opening.asks), (found.target.terms, found.target.asks), (found.table, ()))
    over_walk = [
        luck.in_error(estimate(walk - terms.measured_usd), _less_its_measure(asks)).se for terms, asks in deals
    ]
    over_table = [found.opening.better.se if found.opening.asks else NONE]
    over_table.append(found.target.better.se if found.target.asks else NONE)
    return [*over_table, NONE, over_walk[-1]], [*over_walk, NONE]


def _less_its_measure(asks: Sequence[ClauseValue]) -> Callable[[Side], float]:
    """0 less what the table with some asks granted comes to, under either side of the limit."""
    saved = saved_by(*asks)
    return lambda side: saved(side) - side.pricer.measure_at_best(side.pricer.contract)


def _write_share(sheet: Sheet, found: Positions, row: int, better: int) -> int:
    """What share of the opening's worth each asks for, beside what the target has to reach."""
    sheet.text(row, 0, "share of the opening's worth", "label", sized=False)
    worth = (found.opening.better.mean, found.target.better.mean, 0.0)
    for col, value in enumerate(worth, start=_OPENING):
        formula = f"={across(better, col)}/{cell(better, _OPENING)}"
        sheet.formula(row, col, formula, value / worth[0], "percent")
    sheet.text(row, _WALK, NONE, "right")
    sheet.text(row + 1, 0, "share that the target has to reach", "label", sized=False)
    sheet.number(row + 1, _TARGET, found.target_share, "percent")
    return row + 2


def _write_risks(sheet: Sheet, deals: Sequence[PricedTerms], row: int) -> int:
    """Expected cost, chance and size of a shortfall, and overage; returns the next free row."""
    costs = [deal.expected_cost for deal in deals]
    chances = [deal.shortfall_probability for deal in deals]
    shortfalls = [deal.expected_shortfall for deal in deals]
    lines = (
        ("expected cost, USD", costs, "usd"),
        ("P(shortfall)", chances, "percent"),
        ("expected shortfall, USD", shortfalls, "usd"),
    )
    for at, (label, values, style) in enumerate(lines):
        _numbers(sheet, row + 2 * at, label, [value.mean for value in values], style)
        _numbers(sheet, row + 2 * at + 1, "standard error", [value.se for value in values], style)
    row += 2 * len(lines)
    _numbers(sheet, row, "expected overage, USD", [deal.expected_overage_usd for deal in deals])
    return row + 1


def _checks(sheet: Sheet, found: Positions, better: int) -> list[Check]:
    table = found.table.measure_usd
    walk = table - found.walk_away.measure_usd
    rows = (
        ("the opening is better than on the table", _OPENING, found.opening.better.mean, found.opening.measure_usd),
        ("the target is better than on the table", _TARGET, found.target.better.mean, found.target.measure_usd),
        ("walking away is better than on the table", _WALK, walk, found.walk_away.measure_usd),
    )
    return [
        Check(
            what=f"Positions: {label} by what the program has",
            formula=f"={sheet.ref(cell(better, col))}",
            value=table - measure,
            expected=expected,
            tolerance=HALF_CENT_USD + _ROUNDING * abs(table),
        )
        for label, col, expected, measure in rows
    ]
