"""What must be said of a plan's levers: which lose money, reach nothing, come too late, or contradict the mix."""

from collections.abc import Iterator, Sequence
from datetime import date
from math import isfinite
from typing import Final

import numpy as np

from planner.lever_costs.applied_levers import AppliedLever, lever_inputs
from planner.lever_costs.copy_costs import share_above, text_ratio
from planner.lever_costs.economics import RouteEconomics
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.levers import BatchLever, CacheLever, Lever, Ramp, Route
from planner.mix import MixEntry, RequestMix
from planner.prices import PriceBook
from planner.units import MONTHS_PER_YEAR
from planner.words import percent

_ROUNDING: Final = 1e-9
_ADOPTED: Final = 0.01
"""Adoption below which a lever does as good as nothing."""


def lever_caveats(
    scenario_costs: Sequence[ScenarioCosts], *, mix: RequestMix, price_book: PriceBook, priced_on: date
) -> Iterator[str]:
    """Every warning about the levers of every scenario."""
    for costs in scenario_costs:
        said = (
            *_routes(costs),
            *_caches(costs),
            *_idle(costs, mix),
            *_contradictions(costs, mix, price_book, priced_on),
        )
        yield from (f"scenario '{costs.scenario.name}': {text}" for text in said)


def _routes(costs: ScenarioCosts) -> Iterator[str]:
    for route in costs.economics:
        if route.traffic_share == 0:
            yield (
                f"no traffic of '{route.request_type}' can be routed to {route.to}; {_why_none_moves(costs, route)}."
            )
        elif not route.pays:
            yield _losing(route)


def _why_none_moves(costs: ScenarioCosts, route: RouteEconomics) -> str:
    routes = (item for item in costs.scenario.routes if (item.request_type, item.to) == (route.request_type, route.to))
    copies = (copy for item in costs.types if item.request_type == route.request_type for copy in item.copies)
    served = {copy.source for copy in copies if copy.role == "unrouted"}
    if any(item.applies_to(model) for item in routes for model in served):
        return "every prompt is above its price threshold, and such prompts stay (long_prompts)"
    return "it is there already, or no model under `from` serves it"


def _losing(route: RouteEconomics) -> str:
    """Why a route does not pay."""
    what = f"routing '{route.request_type}' from {route.source} to {route.to}"
    even, escalation = route.break_even_escalation, f"Escalation {route.escalation:.1%}"
    if not isfinite(even):
        why = "Nothing of it escalates: what it costs lies in the target's own price and in the router."
    elif even < 0:
        why = f"{escalation}, but it would cost more even without any: there is no break-even."
    else:
        why = f"{escalation} is not below the break-even {even:.1%}."
    if abs(route.saving_usd) <= _ROUNDING * route.unit_cost_before_usd:
        return f"{what} saves nothing. {why}"
    if route.saving_usd > 0:
        return (
            f"{what} saves {route.saving_usd * 1000:,.2f} USD per 1,000 requests on the bill, but the wrong answers "
            f"that are accepted cost {route.error_cost_usd * 1000:,.2f}. {why}"
        )
    return f"{what} costs money: {-route.saving_usd * 1000:+,.2f} USD per 1,000 requests. {why}"


def _caches(costs: ScenarioCosts) -> Iterator[str]:
    for cache in costs.cache_economics:
        beyond = cache.hit_rate - cache.break_even_hit_rate
        if beyond <= _ROUNDING:
            does = "saves nothing" if beyond >= -_ROUNDING else "costs money"
            yield (
                f"caching '{cache.request_type}' {does}: a hit rate of {percent(cache.hit_rate)} is not above the "
                f"break-even {percent(cache.break_even_hit_rate)}."
            )


def _idle(costs: ScenarioCosts, mix: RequestMix) -> Iterator[str]:
    """Levers that come after contract year 1, and models under `from` that serve nothing of their type."""
    for lever in costs.scenario.levers:
        models = [entry.model for entry in mix.entries if entry.request_type == lever.request_type]
        if models and not _is_adopted(lever.ramp):
            yield f"{_named(lever)} is not adopted in contract year 1, and changes nothing of it."
        if isinstance(lever, Route):
            absent = [name for name in lever.from_models if models and name not in models]
            if absent and len(absent) < len(lever.from_models):
                yield f"{_named(lever)} names {', '.join(absent)} under `from`, which serves nothing of it."


def _is_adopted(ramp: Ramp) -> bool:
    """Whether a lever gets anywhere in months 0 to 11, with what is uncertain at its mean."""
    drawn = {key: np.array([value.mean]) for key, value in lever_inputs("lever", ramp, {}).items()}
    adopted = AppliedLever(key="lever", ramp=ramp, amounts=()).ramped(np.arange(float(MONTHS_PER_YEAR)), drawn)
    return bool(adopted.max() >= _ADOPTED)


def _named(lever: Lever) -> str:
    if isinstance(lever, Route):
        return f"routing '{lever.request_type}' to {lever.to}"
    if isinstance(lever, CacheLever):
        return f"caching '{lever.request_type}'"
    return f"{'batching' if isinstance(lever, BatchLever) else 'shorter output of'} '{lever.request_type}'"


def _contradictions(costs: ScenarioCosts, mix: RequestMix, price_book: PriceBook, on: date) -> Iterator[str]:
    """Shares of long prompts that a route and the mix tell apart: the route prices what it moves, the mix the rest."""
    for route in costs.scenario.routes:
        if route.long_prompt_fraction is not None:
            for entry in mix.entries:
                if entry.request_type == route.request_type and route.applies_to(entry.model):
                    yield from _told_apart(route, route.long_prompt_fraction, entry, price_book, on)


def _told_apart(route: Route, given: float, entry: MixEntry, price_book: PriceBook, on: date) -> Iterator[str]:
    ratio = text_ratio(price_book, entry.model, route.to, route)
    for band in price_book.price(route.to, on).long_prompt:
        known = share_above(entry.long_prompt_fraction, band.above_prompt_tokens / ratio)
        if known is not None and abs(known - given) > _ROUNDING:
            yield (
                f"{_named(route)} has long_prompt_fraction {given:g}, while the mix has {known:g} of the tokens of "
                f"'{entry.request_type}' on {entry.model} above {band.above_prompt_tokens:,} tokens there. The route's "
                "prices what it moves, the mix's the rest: make them agree."
            )
