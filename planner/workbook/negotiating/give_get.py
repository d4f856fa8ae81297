"""Tables of the sheet Positions below the positions: the asks one by one, and what to give for what."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from planner.negotiation.clause_values import ClauseValue, Swap, TradeList
from planner.negotiation.positions import Positions
from planner.negotiation_reports.clauses import full_words, points_words
from planner.risk import Estimate
from planner.units import HALF_CENT_USD
from planner.workbook.check import Check
from planner.workbook.negotiating.rows import NONE, down, figure, headings, sentences, totals, with_error
from planner.workbook.sheet import Sheet, area, cell, less

_ROUNDING: Final = 1e-9
_NOTHING: Final = "nothing: you lose nothing by it that the paths can tell"
_GAINS: Final = "nothing: you are better off without it"
_HOW: Final = (
    "Offer first what costs you nothing, then what brings most for a dollar that you give. Both together is priced "
    "jointly, because clauses change each other's worth; a swap is fair to you where it is not below zero. Worth per "
    "dollar given: 1 and what both together bring over what you give; below 1 you lose by it. What a clause is worth "
    "to the other side is not known here and not guessed: ask."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """Something to give and something for it. net: what both together bring; None where nothing is needed for it."""

    give: ClauseValue
    get: str
    worth: Estimate | None
    net: Estimate | None

    @property
    def per_dollar(self) -> float | None:
        """What a dollar that is given brings, dollars."""
        return None if self.net is None else 1.0 + self.net.mean / self.give.value.mean


def trades_by_worth(trades: TradeList) -> list[Trade]:
    """What to give, in order: what costs nothing first, the largest gain leading; then by worth per dollar given."""
    free: list[Trade] = []
    paid: list[Trade] = []
    for give in (item for item in trades.clauses if item.variation.granted):
        if give.value.mean > 0 and give.is_seen:
            paid += _paid(give, [swap for swap in trades.swaps if swap.give == give])
        else:
            gains = give.value.mean < 0 and give.is_seen
            free.append(Trade(give=give, get=_GAINS if gains else _NOTHING, worth=None, net=None))
    free.sort(key=lambda trade: trade.give.value.mean)
    return [*free, *sorted(paid, key=lambda trade: -(trade.per_dollar or 0.0))]


def _paid(give: ClauseValue, swaps: Sequence[Swap]) -> Iterator[Trade]:
    """Its swaps; where no ask is worth about as much, the discount that would make up for it."""
    for swap in swaps:
        yield Trade(give=give, get=full_words(swap.get), worth=swap.get.value, net=swap.net)
    if swaps:
        return
    if give.points is None:
        lost = Estimate(mean=-give.value.mean, se=give.value.se)
        yield Trade(give=give, get="no ask, and no discount, would make up for it", worth=None, net=lost)
        return
    points = f"no ask comes near: {points_words(give.points)} points more discount in every band"
    yield Trade(give=give, get=points, worth=give.value, net=Estimate(mean=0.0, se=0.0))


def write_give_get(sheet: Sheet, trades: TradeList, row: int, widths: Mapping[int, int]) -> tuple[int, list[Check]]:
    """What to give for what, in the order to offer it; returns the next free row and the check."""
    found = trades_by_worth(trades)
    if not found:
        return row, []
    sheet.subtitle(row, "Give and get: what to offer, in this order, and what to ask for it", last_col=max(widths))
    costs = ("it costs you, USD", "std. error", "worth alone, USD", "std. error", "both together, USD")
    labels = ("give", "and ask for", *costs, "std. error", "worth per dollar given", "order")
    headings(sheet, row + 1, labels, n_text=2)
    sheet.text(row + 1, 1, labels[1], "header_after", sized=False)
    first, last = row + 2, row + 1 + len(found)
    ratios = [trade.per_dollar for trade in found]
    for at, trade in enumerate(found, start=first):
        sheet.text(at, 0, full_words(trade.give), sized=False)
        sheet.text(at, 1, trade.get, "text_after", sized=False)
        with_error(sheet, at, 2, trade.give.value)
        for col, value in ((4, trade.worth), (6, trade.net)):
            if value is None:
                sheet.text(at, col, NONE, "right")
                sheet.text(at, col + 1, NONE, "right")
            else:
                with_error(sheet, at, col, value)
        _write_order(sheet, at, trade.per_dollar, ratios, area(first, 8, last, 8))
    row = sentences(sheet, last + 1, [_HOW], widths) + 1
    net = sum(trade.net.mean for trade in found if trade.net is not None)
    check = Check(
        what="Positions, give and get: each dollar that is given brings what both together come to",
        formula=f"=SUM({sheet.ref(area(first, 6, last, 6))})",
        value=net,
        expected=sum(((ratio or 0.0) - 1.0) * trade.give.value.mean for ratio, trade in _priced(found)),
        tolerance=_ROUNDING * sum(abs(trade.give.value.mean) for trade in found) + HALF_CENT_USD,
    )
    return row, [check]


def _priced(found: Sequence[Trade]) -> list[tuple[float, Trade]]:
    return [(trade.per_dollar, trade) for trade in found if trade.per_dollar is not None]


def _write_order(sheet: Sheet, at: int, ratio: float | None, ratios: Sequence[float | None], column: str) -> None:
    own, both, cost = down(at, 8), down(at, 6), down(at, 2)
    formula = f'=IF(ISNUMBER({both}),1+{both}/{cost},"free")'
    sheet.formula(at, 8, formula, "free" if ratio is None else ratio, "number")
    rank = "first" if ratio is None else 1.0 + sum(other is not None and other > ratio for other in ratios)
    formula = f'=IF(ISNUMBER({own}),1+SUMPRODUCT(ISNUMBER({column})*({column}>{own})),"first")'
    sheet.formula(at, 9, formula, rank, "count")


# --- asks ------------------------------------------------------------------------------------------------------------


def write_asks(sheet: Sheet, found: Positions, row: int, widths: Mapping[int, int]) -> tuple[int, list[Check]]:
    """What is asked for, the most valuable first, alone and together; returns the next free row and the check."""
    asks = found.opening.asks
    if not asks:
        return row, []
    sheet.subtitle(row, "What to ask for, the most valuable first", last_col=max(widths))
    headings(sheet, row + 1, ("ask", "in the target", "worth alone, USD", "std. error", "points of discount"))
    first, last = row + 2, row + 1 + len(asks)
    for at, ask in enumerate(asks, start=first):
        sheet.text(at, 0, ask.variation.words, sized=False)
        sheet.text(at, 1, "yes" if ask in found.target.asks else "no", "right")
        with_error(sheet, at, 2, ask.value)
        figure(sheet, at, 4, "none would do" if ask.points is None else ask.points * 100, "number")
    alone, together = sum(ask.value.mean for ask in asks), found.opening.better
    totals(sheet, last + 1, "each alone, added up", 4)
    sheet.formula(last + 1, 2, f"=SUM({area(first, 2, last, 2)})", alone, "total_usd")
    sheet.text(last + 2, 0, "all together, priced jointly", "label", sized=False)
    with_error(sheet, last + 2, 2, together)
    sheet.text(last + 3, 0, "what they do to each other's worth", "label", sized=False)
    sheet.formula(last + 3, 2, f"={cell(last + 2, 2)}-{cell(last + 1, 2)}", less(together.mean, alone), "usd")
    check = Check(
        what="Positions: what all asks are worth together is what makes the opening better",
        formula=f"={sheet.ref(cell(last + 1, 2))}+{sheet.ref(cell(last + 3, 2))}",
        value=together.mean,
        expected=found.opening.better.mean,
        tolerance=_ROUNDING * max(abs(alone), abs(together.mean)),
    )
    return last + 5, [check]
