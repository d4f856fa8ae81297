"""The trade list: what to ask for, what could be given up, and what is a fair swap; as tables, sentences and JSON."""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from planner.negotiation.clause_values import ClauseValue, Swap, TradeList
from planner.risk import Estimate
from planner.tables import Table
from planner.units import HALF_CENT_USD
from planner.words import percent, usd, usd_estimate, usd_short

_NONE: Final = "-"
_APART: Final = " Worth is in what your decision minimises; expected cost is the same in money alone."


def points_words(fraction: float | None) -> str:
    """A discount in points: 1.79; more digits are not real."""
    return "none would do" if fraction is None else f"{fraction * 100:.2f}"


def difference_words(fraction: float) -> str:
    """A change of a probability in points, with its sign: +2.0."""
    shown = f"{fraction * 100:+.1f}"
    return "0.0" if float(shown) == 0 else shown


def clauses_json(trades: TradeList) -> list[dict[str, Any]]:
    """Every clause by what it is worth; value_in_discount_points in percentage points."""
    return [_clause_json(trades, item) for item in trades.clauses]


def _clause_json(trades: TradeList, item: ClauseValue) -> dict[str, Any]:
    swapped = [swap for swap in trades.swaps if item in (swap.give, swap.get)]
    paired = [pair for pair in trades.interactions if item in (pair.first, pair.second)]
    return {
        "clause": item.variation.name,
        "words": item.variation.words,
        "instead": item.variation.instead or None,
        "granted": item.variation.granted,
        "value_usd": item.value.mean,
        "value_se_usd": finite(item.value.se),
        "value_in_discount_points": None if item.points is None else item.points * 100,
        "is_own_value": item.variation.change is None,
        "expected_cost_change_usd": item.expected_cost.mean,
        "cost_cvar_change_usd": item.cost_cvar_usd,
        "shortfall_probability_change": item.shortfall_probability,
        "commit_usd_per_year": None if item.terms is None else item.terms.offer.commit_usd_per_year,
        "swaps": [
            {
                "with": (swap.get if item == swap.give else swap.give).variation.name,
                "net_usd": swap.net.mean,
                "net_se_usd": finite(swap.net.se),
            }
            for swap in swapped
        ],
        "interactions": [
            {
                "with": (pair.second if item == pair.first else pair.first).variation.name,
                "joint_value_usd": pair.joint.mean,
                "beyond_sum_usd": pair.beyond_sum.mean,
                "beyond_sum_se_usd": finite(pair.beyond_sum.se),
            }
            for pair in paired
        ],
    }


def finite(value: float) -> float | None:
    """A number for JSON: null where there is none."""
    return value if isfinite(value) else None


def clauses_tables(trades: TradeList) -> list[Table]:
    """What to ask for, what could be given up, swaps, and what pairs are worth together."""
    asks = [item for item in trades.clauses if not item.variation.granted]
    gives = [item for item in trades.clauses if item.variation.granted]
    return [
        _values_table(
            trades,
            "To ask for: what each clause is worth over the term",
            sorted(asks, key=lambda item: -item.value.mean),
            note="Worth: what the best commitment costs less with the clause; beside it the same in the mean of the "
            "worst costs. Discount points: more discount in every band that would be worth as much. Risk: points that "
            "it adds to the chance of a shortfall. Commitment: the best one with the clause.",
        ),
        _values_table(
            trades,
            "To give up: what each clause that you have is worth to you",
            sorted(gives, key=lambda item: item.value.mean),
            note="The cheapest to give first. Below zero: you would be better off without it. Discount points: what "
            "would make up for it. Commitment: the best one without the clause.",
        ),
        _swaps_table(trades.swaps),
        _interactions_table(trades),
    ]


def _values_table(trades: TradeList, title: str, items: Sequence[ClauseValue], *, note: str) -> Table:
    worst, is_apart = percent(1.0 - trades.cvar_level, 0), counts_apart(trades)
    cost = ("expected cost",) if is_apart else ()
    columns = ("clause", "worth", *cost, "discount points", f"worst {worst}", "risk", "commitment a year")
    return Table(
        title=title,
        columns=columns,
        rows=tuple(_value_row(item, is_apart=is_apart) for item in items if item.value.mean != 0),
        numeric=frozenset(range(1, len(columns))),
        note=note + (_APART if is_apart else "") + worth_nothing(items),
    )


def counts_apart(trades: TradeList) -> bool:
    """Whether the decision minimises something other than the expected cost."""
    both = ((item.value.mean, item.expected_cost.mean) for item in trades.clauses if item.terms is not None)
    return any(abs(value - cost) > HALF_CENT_USD for value, cost in both)


def worth_nothing(items: Sequence[ClauseValue]) -> str:
    """A sentence, after a space, of the clauses that are worth nothing; empty where none is."""
    words = [item.variation.words for item in items if item.value.mean == 0]
    return f" Worth nothing under these terms: {'; '.join(words)}." if words else ""


def full_words(item: ClauseValue) -> str:
    """A clause, and what would hold without it."""
    variation = item.variation
    return f"{variation.words}; instead: {variation.instead}" if variation.instead else variation.words


def _value_row(item: ClauseValue, *, is_apart: bool) -> tuple[str, ...]:
    words, points = full_words(item), points_words(item.points)
    if item.terms is None:
        none = (_NONE,) if is_apart else ()
        return (f"{words} (your own value)", usd(item.value.mean), *none, points, _NONE, _NONE, _NONE)
    offer = item.terms.offer
    unseen = "" if item.is_seen else ": none seen"
    return (
        words,
        usd_estimate(item.value) + unseen,
        *((usd_estimate(item.expected_cost),) if is_apart else ()),
        points,
        usd_short(item.cost_cvar_usd),
        difference_words(item.shortfall_probability),
        "none" if offer.is_none else usd_short(offer.commit_usd_per_year),
    )


def _swaps_table(swaps: Sequence[Swap]) -> Table:
    return Table(
        title="Swaps of about equal worth: give the one, get the other",
        columns=("give", "what it costs", "get", "what it brings", "both together"),
        rows=tuple(
            (
                full_words(swap.give),
                usd_estimate(swap.give.value),
                swap.get.variation.words,
                usd_estimate(swap.get.value),
                usd_estimate(swap.net),
            )
            for swap in swaps
        ),
        numeric=frozenset({1, 3, 4}),
        note="Both together: what you gain by the swap, priced jointly; clauses change each other's worth.",
    )


def _interactions_table(trades: TradeList) -> Table:
    return Table(
        title="The most valuable asks in pairs",
        columns=("first", "second", "worth together", "beyond the sum"),
        rows=tuple(
            (
                pair.first.variation.words,
                pair.second.variation.words,
                usd_estimate(pair.joint),
                usd_estimate(pair.beyond_sum),
            )
            for pair in trades.interactions
        ),
        numeric=frozenset({2, 3}),
        note="Beyond the sum, below zero: having the one makes the other worth less, so ask for one of them.",
    )


def clauses_sentences(trades: TradeList) -> list[str]:
    """The conclusion: what to ask for first, what is cheapest to give, and what a point of discount is worth."""
    lines = [_first_ask(trades), *_cheapest_give(trades)]
    lines.append(f"One more point of discount in every band is worth {usd_estimate(trades.point)}.")
    return lines


def _first_ask(trades: TradeList) -> str:
    if not trades.asks:
        return "No clause that these terms lack is worth anything that the paths can tell from nothing."
    first = trades.asks[0]
    return f"Ask first for {first.variation.words}: worth {_worth(first)}, {_as_much_as(first.points)}."


def _worth(item: ClauseValue) -> str:
    return usd(item.value.mean) if item.terms is None else usd_estimate(item.value)


def _as_much_as(points: float | None) -> str:
    return "more than any discount could be" if points is None else f"as much as {points * 100:.2f} points of discount"


def _cheapest_give(trades: TradeList) -> list[str]:
    gives = sorted((i for i in trades.clauses if i.variation.granted), key=lambda item: item.value.mean)
    free = [item for item in gives if item.value.mean < 0 and item.is_seen]
    dear = [item for item in gives if item.value.mean > 0 and item.is_seen]
    lines = []
    if free:
        gain = Estimate(mean=-free[0].value.mean, se=free[0].value.se)
        lines.append(f"Offer to give up {_given(free[0])}. That would save you {usd_estimate(gain)}.")
    if dear:
        lines.append(
            f"The cheapest thing to give is {_given(dear[0])}: it costs {_worth(dear[0])}, "
            f"{_as_much_as(dear[0].points)}."
        )
    return lines


def paths_notes(trades: TradeList, n_paths: int) -> list[str]:
    """On how many paths a negotiation rests, where these are not all of the plan's."""
    if trades.paths == n_paths:
        return []
    return [f"Clauses and offers are valued on the first {trades.paths:,} of the plan's {n_paths:,} paths."]


def _given(item: ClauseValue) -> str:
    variation = item.variation
    return f"{variation.words} (instead: {variation.instead})" if variation.instead else variation.words


def clauses_notes(trades: TradeList, n_paths: int) -> list[str]:
    """What has to be known beside the list."""
    notes = paths_notes(trades, n_paths)
    notes += [f"Not valued: {item.words}. These terms cannot have it: {item.why}." for item in trades.left_out]
    if not any(item.variation.name == "payment_as_used" for item in trades.clauses):
        notes.append(
            "When a commitment is paid has no worth here: that takes a cost of capital under "
            '[contract.payment] and money = "npv" under [decision].'
        )
    return notes
