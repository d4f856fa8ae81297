"""A unit cost taken apart: every copy that is paid for, token class by token class, down to prices and their dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import NO_LEVERS, Copy, LeverLevels, RouteLevel, TypeCosts, copies_paid
from planner.prices import ModelPrice, PriceBook
from planner.units import TOKEN_CLASSES, TOKENS_PER_MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One component of what an average request of a type costs, USD per request of the type.

    what: a token class, "charges in dollars", or the lever that changes the copy's cost. copies: paid per request of
    the type. tokens, list_usd_per_mtok: per copy; None where the line is no token class. factor: on the list price, of
    prompts above a threshold, geography and speed. since, source: of the list price.
    """

    role: str
    source_model: str
    model: str
    what: str
    copies: float
    tokens: float | None
    list_usd_per_mtok: float | None
    factor: float | None
    usd: float
    since: date | None
    source: str


def cost_lines(
    costs: ScenarioCosts, request_type: str, book: PriceBook, on: date, *, adopted: bool
) -> tuple[CostLine, ...]:
    """The lines of one type, as it is or with every lever fully adopted; they add up to ScenarioCosts.full_unit_costs.

    On the models that serve when month 0 begins, uncertain inputs at their means. on: the pricing day.
    """
    one = next(item for item in costs.types if item.request_type == request_type)
    drawn = costs.at_full_adoption(one, fraction=1.0 if adopted else 0.0)
    routes, levels = one.route_levels(np.zeros(1), drawn), one.lever_levels(np.zeros(1), drawn)
    return tuple(line for line in _lines(one, routes, levels, book, on) if line.usd != 0.0)


def _lines(
    costs: TypeCosts, routes: Sequence[RouteLevel], levels: LeverLevels, book: PriceBook, on: date
) -> Iterator[CostLine]:
    for copy in costs.copies:
        paid = float(copies_paid(copy, np.zeros(1), routes)[0, 0])
        if paid > 0:
            yield from _copy_lines(copy, paid, levels, book, on)


def _copy_lines(copy: Copy, paid: float, levels: LeverLevels, book: PriceBook, on: date) -> Iterator[CostLine]:
    price = book.price(copy.model, on) if copy.tier is not None else None
    blank = CostLine(
        role=copy.role,
        source_model=copy.source,
        model=copy.model,
        what="charges in dollars",
        copies=paid,
        tokens=None,
        list_usd_per_mtok=None,
        factor=None,
        usd=paid * copy.flat_usd,
        since=None,
        source="the plan, or server tools" if copy.tier is not None else "the plan",
    )
    yield blank
    if price is not None:
        yield from _token_lines(blank, copy, price)
    yield from _lever_lines(blank, copy, levels)


def _token_lines(blank: CostLine, copy: Copy, price: ModelPrice) -> Iterator[CostLine]:
    for name, tokens, usd, rate in zip(
        TOKEN_CLASSES, copy.tokens, copy.usd_per_token, price.rates.in_class_order(), strict=True
    ):
        listed = None if rate is None else float(rate)
        yield replace(
            blank,
            what=name.replace("_", " "),
            tokens=float(tokens),
            list_usd_per_mtok=listed,
            factor=float(usd) * TOKENS_PER_MTOK / listed if listed else None,
            usd=blank.copies * float(tokens * usd) if tokens > 0 else 0.0,
            since=price.effective_from,
            source=price.source,
        )


def _lever_lines(blank: CostLine, copy: Copy, levels: LeverLevels) -> Iterator[CostLine]:
    """What batch, caching and output control change of the copy, one after the other."""
    last = float(copy.tokens @ np.where(copy.tokens > 0, copy.usd_per_token, 0.0)) + copy.flat_usd
    for what, level in _one_more_at_a_time(levels):
        now = float(copy.cost_usd(level)[0, 0])
        yield replace(blank, what=what, usd=blank.copies * (now - last), source="the scenario")
        last = now


def _one_more_at_a_time(levels: LeverLevels) -> tuple[tuple[str, LeverLevels], ...]:
    """The levers applied one more at a time, beginning with what is batch already."""
    cached = replace(NO_LEVERS, cached=levels.cached, hit=levels.hit)
    shorter = replace(cached, cut=levels.cut)
    return (("batch already", NO_LEVERS), ("caching", cached), ("output control", shorter), ("batch", levels))
