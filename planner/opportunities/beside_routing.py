"""What batch, caching and shorter output could save on a type, and which fact each of them hangs on.

Each lever by itself, on the models that serve in month 0, at the mix's level and the prices of the pricing day.
"""

from dataclasses import dataclass, replace
from math import isnan
from typing import Final

import numpy as np

from planner.distributions import Point
from planner.errors import PriceError
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_savings import LeverEffort, lever_efforts
from planner.levers import BatchLever, CacheLever, LeverKind, OutputLever, Scenario
from planner.mix import MixEntry
from planner.prepared import Prepared
from planner.units import CACHE_READ, OUTPUT, UNCACHED_INPUT

STEP: Final = 0.10
"""The part of the uncached input that is cached, and of the output that is cut, for a figure to scale."""

HIT_RATE: Final = 0.80
"""The hit rate at which caching is shown."""

SHORT_PROMPT_TOKENS: Final = 1024
"""Providers cache prompts from about this length on (some models from more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideRouting:
    """Levers other than routing on one type, savings in list USD a month, negative for a cost.

    batch_fraction: of the requests, batch already. batch_usd: if all the rest waited too. cached_fraction: of the
    prompt tokens, cache reads today. prompt_tokens, uncached_input_tokens: means per request. cache_usd: STEP of the
    uncached input cached at HIT_RATE, None where a price is not known. break_even_hit_rate: None where nothing can be.
    output_usd: STEP less output. efforts: of the plan's own levers of the type, by kind, where it says
    their effort.
    """

    request_type: str
    monthly_list_cost_usd: float
    batch_fraction: float
    batch_usd: float
    cached_fraction: float
    prompt_tokens: float
    uncached_input_tokens: float
    cache_usd: float | None
    break_even_hit_rate: float | None
    output_usd: float
    efforts: tuple[LeverEffort, ...]

    @property
    def is_too_short_to_cache(self) -> bool:
        """Whether the mean prompt is below the length that can be cached."""
        return self.prompt_tokens < SHORT_PROMPT_TOKENS


def beside_routing(prepared: Prepared) -> tuple[BesideRouting, ...]:
    """Every type of the mix, the costliest first."""
    by_type: dict[str, list[MixEntry]] = {}
    for entry in prepared.mix.entries:
        by_type.setdefault(entry.request_type, []).append(entry)
    types = tuple(by_type)
    everywhere, certain = Point(1.0), Point(STEP)
    batch = Scenario(name="batch", batches=tuple(BatchLever(request_type=name, share=everywhere) for name in types))
    output = Scenario(name="output", outputs=tuple(OutputLever(request_type=name, cut=certain) for name in types))
    before = _monthly_usd(prepared, prepared.priced(Scenario(name="as is")))
    batched = _monthly_usd(prepared, prepared.priced(batch))
    shorter = _monthly_usd(prepared, prepared.priced(output))
    efforts = _efforts(prepared)
    found = []
    for name, entries in by_type.items():
        cache_usd, break_even = _cached(prepared, name, before[name])
        requests = np.array([entry.monthly_requests for entry in entries])
        weights = requests / requests.sum() if requests.sum() else np.full(len(entries), 1.0 / len(entries))
        tokens = weights @ np.stack([entry.tokens_per_request for entry in entries])
        prompt = float(tokens.sum() - tokens[OUTPUT])
        found.append(
            BesideRouting(
                request_type=name,
                monthly_list_cost_usd=before[name],
                batch_fraction=float(weights @ np.array([entry.batch_fraction for entry in entries])),
                batch_usd=before[name] - batched[name],
                cached_fraction=float(tokens[CACHE_READ]) / prompt if prompt else 0.0,
                prompt_tokens=prompt,
                uncached_input_tokens=float(tokens[UNCACHED_INPUT]),
                cache_usd=cache_usd,
                break_even_hit_rate=break_even,
                output_usd=before[name] - shorter[name],
                efforts=tuple(effort for (of, _), effort in efforts.items() if of == name),
            )
        )
    return tuple(sorted(found, key=lambda item: (-item.monthly_list_cost_usd, item.request_type)))


def _monthly_usd(prepared: Prepared, costs: ScenarioCosts) -> dict[str, float]:
    """List USD of a month by type, every lever fully adopted, on the models that serve when month 0 begins."""
    unit = costs.mean_unit_costs(np.zeros(1))[0]
    return {
        item.request_type: float(usd * requests)
        for item, usd, requests in zip(costs.types, unit, prepared.spend_model.requests, strict=True)
    }


def _cached(prepared: Prepared, name: str, before: float) -> tuple[float | None, float | None]:
    """What caching STEP of the uncached input saves a month, and the hit rate above which caching pays at all."""
    lever = CacheLever(request_type=name, cacheable_fraction=Point(STEP), hit_rate=Point(HIT_RATE))
    own = replace(prepared.mix, entries=tuple(item for item in prepared.mix.entries if item.request_type == name))
    try:
        costs = replace(prepared, mix=own).priced(Scenario(name="caching", caches=(lever,)))
    except PriceError:
        return None, None
    unit = float(costs.mean_unit_costs(np.zeros(1))[0, 0])
    requests = sum(entry.monthly_requests for entry in own.entries)
    break_even = costs.cache_economics[0].break_even_hit_rate
    return before - unit * requests, None if isnan(break_even) else break_even


def _efforts(prepared: Prepared) -> dict[tuple[str, LeverKind], LeverEffort]:
    """(request type, kind) -> what introducing the plan's own lever costs and brings; the decided scenario's first."""
    first, types = prepared.inputs.decision.scenario, {entry.request_type for entry in prepared.mix.entries}
    found: dict[tuple[str, LeverKind], LeverEffort] = {}
    for costs in sorted(prepared.scenario_costs, key=lambda item: item.scenario.name != first):
        scenario = costs.scenario
        levers = Scenario(
            name=scenario.name,
            caches=tuple(lever for lever in scenario.caches if lever.request_type in types),
            batches=tuple(lever for lever in scenario.batches if lever.request_type in types),
            outputs=tuple(lever for lever in scenario.outputs if lever.request_type in types),
        )
        for effort in lever_efforts(prepared, levers):
            found.setdefault((effort.request_type, effort.kind), effort)
    return found
