"""Scenarios priced: every copy of every request type, at the list prices of one day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from planner.distributions import Distribution
from planner.economics import CacheEconomics, RouteEconomics, cache_economics, route_economics
from planner.errors import InputError, PriceError, UnknownModelError
from planner.levers import CacheLever, Ramp, Route, Scenario
from planner.mix import MixEntry, RequestMix
from planner.prices import ModelPrice, PriceBook
from planner.unit_costs import AppliedLever, Copy, Role, TypeCosts
from planner.units import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, OUTPUT, TOKEN_CLASSES, UNCACHED_INPUT, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioCosts:
    """A scenario priced: unit costs of every type of the mix, and the uncertain inputs they read, by key."""

    scenario: Scenario
    types: tuple[TypeCosts, ...]
    inputs: Mapping[str, Distribution]
    economics: tuple[RouteEconomics, ...]
    cache_economics: tuple[CacheEconomics, ...] = ()

    def mean_unit_costs(self, months: FloatArray) -> FloatArray:
        """USD per request with every uncertain input at its mean, shape (n_months, n_types)."""
        drawn = {key: np.array([value.mean]) for key, value in self.inputs.items()}
        columns = []
        for costs in self.types:
            by_tier, overhead = costs.unit_cost_by_tier(months, drawn)
            total = sum(by_tier.values(), start=overhead)
            columns.append(np.broadcast_to(total, (len(months), 1))[:, 0])
        return np.stack(columns, axis=1)


def price_scenario(scenario: Scenario, mix: RequestMix, price_book: PriceBook, *, on: date) -> ScenarioCosts:
    """Price every copy of every request type under the scenario's levers at the list prices of a day.

    Raises InputError where levers contradict each other or a share above a prompt threshold is missing, and
    PriceError where a token class that is used has no known price.
    """
    inputs: dict[str, Distribution] = {}
    types: list[TypeCosts] = []
    economics: list[RouteEconomics] = []
    for request_type, entries in _by_type(mix).items():
        pricer = _TypePricer(scenario=scenario, request_type=request_type, price_book=price_book, on=on)
        costs = pricer.costs(entries, inputs)
        types.append(costs)
        economics += [route_economics(costs, i, route, inputs) for i, route in enumerate(pricer.routes)]
    caches = [cache_economics(costs, inputs) for costs in types]
    return ScenarioCosts(
        scenario=scenario,
        types=tuple(types),
        inputs=inputs,
        economics=tuple(economics),
        cache_economics=tuple(cache for cache in caches if cache is not None),
    )


def with_canonical_models(scenario: Scenario, price_book: PriceBook) -> Scenario:
    """The scenario with every model named as the price book names it; UnknownModelError for one it does not know."""
    return replace(scenario, routes=tuple(_canonical(route, scenario.name, price_book) for route in scenario.routes))


def _canonical(route: Route, scenario: str, price_book: PriceBook) -> Route:
    try:
        return replace(
            route,
            to=price_book.resolve(route.to),
            from_models=tuple(price_book.resolve(name) for name in route.from_models),
            escalate_to=route.escalate_to and price_book.resolve(route.escalate_to),
        )
    except UnknownModelError as error:
        raise UnknownModelError(f"scenario '{scenario}', route of '{route.request_type}': {error}") from None


def _by_type(mix: RequestMix) -> dict[str, list[MixEntry]]:
    groups: dict[str, list[MixEntry]] = {}
    for entry in mix.entries:
        groups.setdefault(entry.request_type, []).append(entry)
    return groups


def effective_rates(price: ModelPrice, long_prompt_fraction: Mapping[int, float], *, where: str) -> FloatArray:
    """USD per token of each class, shape (5,), averaged over requests below and above the prompt thresholds.

    long_prompt_fraction: share of the tokens in requests above each threshold. Raises InputError where the model has
    a threshold and the share is not known: a share that is not known is not zero.
    """
    rates = price.rates.per_token()
    below = price.rates.per_token()
    for band in price.long_prompt:
        if band.above_prompt_tokens not in long_prompt_fraction:
            raise InputError(
                f"{where}: {price.model} costs more above {band.above_prompt_tokens:,} prompt tokens and the share of "
                "tokens in such requests is not known. Measure it from per-request records, or give "
                "long_prompt_fraction in the route or the mix"
            )
        above = band.rates.per_token()
        rates = rates + long_prompt_fraction[band.above_prompt_tokens] * (above - below)
        below = above
    return rates


@dataclass(frozen=True, slots=True, kw_only=True)
class _TypePricer:
    """Prices the copies of one request type in one scenario."""

    scenario: Scenario
    request_type: str
    price_book: PriceBook
    on: date

    @property
    def routes(self) -> list[Route]:
        return [route for route in self.scenario.routes if route.request_type == self.request_type]

    def costs(self, entries: Sequence[MixEntry], inputs: dict[str, Distribution]) -> TypeCosts:
        cache = next((lever for lever in self.scenario.caches if lever.request_type == self.request_type), None)
        batch = next((lever for lever in self.scenario.batches if lever.request_type == self.request_type), None)
        output = next((lever for lever in self.scenario.outputs if lever.request_type == self.request_type), None)
        total = sum(entry.monthly_requests for entry in entries)
        copies: list[Copy] = []
        for entry in entries:
            share = entry.monthly_requests / total if total else 1 / len(entries)
            copies += self._copies(entry, share, cache)
        name = self.request_type
        return TypeCosts(
            request_type=name,
            copies=tuple(copies),
            routes=tuple(self._applied_route(i, route, copies, inputs) for i, route in enumerate(self.routes)),
            cache=None
            if cache is None
            else _applied(
                f"cache/{name}",
                cache.ramp,
                inputs,
                cacheable_fraction=cache.cacheable_fraction,
                hit_rate=cache.hit_rate,
            ),
            batch=None if batch is None else _applied(f"batch/{name}", batch.ramp, inputs, share=batch.share),
            output=None if output is None else _applied(f"output/{name}", output.ramp, inputs, cut=output.cut),
        )

    def _applied_route(
        self, index: int, route: Route, copies: Sequence[Copy], inputs: dict[str, Distribution]
    ) -> AppliedLever:
        source = "+".join(sorted(route.from_models)) or "any"
        key = f"route/{self.request_type}/{source}/{route.to}"
        moved = sum(copy.traffic_share for copy in copies if copy.route == index and copy.role == "unrouted")
        return _applied(
            key,
            route.ramp,
            inputs,
            overhead_usd_per_request=route.overhead_usd_per_request * moved,
            share=route.share,
            escalation=route.escalation,
        )

    def _copies(self, entry: MixEntry, share: float, cache: CacheLever | None) -> list[Copy]:
        applying = [i for i, route in enumerate(self.routes) if route.applies_to(entry.model)]
        if len(applying) > 1:
            targets = ", ".join(self.routes[i].to for i in applying)
            raise InputError(
                f"scenario '{self.scenario.name}' routes '{self.request_type}' on {entry.model} more than once (to "
                f"{targets}); name different models under `from`, or keep one route"
            )
        index = applying[0] if applying else None
        copies = [self._copy(entry, share, cache, "unrouted", index, entry.model)]
        if index is not None:
            route = self.routes[index]
            copies.append(self._copy(entry, share, cache, "routed", index, route.to))
            copies.append(self._copy(entry, share, cache, "escalated", index, route.escalate_to or entry.model))
        return copies

    def _copy(
        self,
        entry: MixEntry,
        share: float,
        cache: CacheLever | None,
        role: Role,
        index: int | None,
        model: str,
    ) -> Copy:
        price = self.price_book.price(model, self.on)
        route = None if index is None or role == "unrouted" else self.routes[index]
        tokens = self._tokens(entry, model, route if role == "routed" else None)
        where = f"scenario '{self.scenario.name}', request type '{self.request_type}' on {model}"
        rates = effective_rates(price, self._long_prompt(entry, price, route), where=where) * entry.modifier
        return Copy(
            tier=self.price_book.tier(model),
            role=role,
            route=index,
            traffic_share=share,
            batch_fraction=entry.batch_fraction,
            batch_multiplier=float(price.batch_multiplier),
            usd=_copy_usd(tokens, rates, cache, where=where),
        )

    def _tokens(self, entry: MixEntry, model: str, route: Route | None) -> FloatArray:
        ratio = self.price_book.token_ratio(entry.model, model)
        if route is not None and route.token_ratio is not None:
            ratio = route.token_ratio
        tokens: FloatArray = entry.tokens_per_request * ratio
        if route is not None and route.moves == "request":
            # A single call moved out of its session finds a cold cache: its prefix is written again before it helps.
            tokens[CACHE_WRITE_5M] += tokens[CACHE_READ]
            tokens[CACHE_READ] = 0.0
        return tokens

    def _long_prompt(self, entry: MixEntry, price: ModelPrice, route: Route | None) -> Mapping[int, float]:
        """Shares above each threshold of `price`, for the tokens that the entry's text makes on that model."""
        if route is not None and route.long_prompt_fraction is not None and route.to == price.model:
            return {band.above_prompt_tokens: route.long_prompt_fraction for band in price.long_prompt}
        ratio = self.price_book.token_ratio(entry.model, price.model)
        if route is not None and route.token_ratio is not None and route.to == price.model:
            ratio = route.token_ratio
        known = {}
        for band in price.long_prompt:
            # the same text crosses a threshold of the target at threshold / ratio of the source's own tokens
            share = _share_above(entry.long_prompt_fraction, band.above_prompt_tokens / ratio)
            if share is None and price.model == entry.model:
                # traffic that stays is priced as it was measured: below the threshold, and the measurement says so
                share = 0.0
            if share is not None:
                known[band.above_prompt_tokens] = share
        return known


def _share_above(shares: Mapping[int, float], tokens: float) -> float | None:
    """Share of tokens in requests above a prompt length, from the shares at known lengths; None if they leave it open.

    The share falls with the length: between two lengths with the same share there is only that one.
    """
    if round(tokens) in shares:
        return shares[round(tokens)]
    below = [shares[length] for length in sorted(shares) if length < tokens]
    above = [shares[length] for length in sorted(shares) if length > tokens]
    return below[-1] if below and above and below[-1] == above[0] else None


def _applied(
    key: str,
    ramp: Ramp,
    inputs: dict[str, Distribution],
    *,
    overhead_usd_per_request: float = 0.0,
    **amounts: Distribution,
) -> AppliedLever:
    inputs[f"{key}.start_month"] = ramp.start_month
    inputs[f"{key}.ceiling"] = ramp.ceiling
    for name, amount in amounts.items():
        inputs[f"{key}.{name}"] = amount
    return AppliedLever(key=key, ramp_months=ramp.months, overhead_usd_per_request=overhead_usd_per_request)


def _copy_usd(tokens: FloatArray, rates: FloatArray, cache: CacheLever | None, *, where: str) -> FloatArray:
    """(4,) USD: base, per cached share, per cached share that hits, per output cut."""
    write = CACHE_WRITE_1H if cache is not None and cache.ttl == "1h" else CACHE_WRITE_5M
    used = tokens > 0
    if cache is not None and tokens[UNCACHED_INPUT] > 0:
        used[[CACHE_READ, write]] = True
    if missing := [name for name, u, rate in zip(TOKEN_CLASSES, used, rates, strict=True) if u and np.isnan(rate)]:
        raise PriceError(
            f"{where}: no price is known for {', '.join(missing)} tokens; add it under "
            "[[prices.override]] with its source"
        )
    rates = np.where(used, rates, 0.0)
    uncached = tokens[UNCACHED_INPUT]
    return np.array(
        [
            tokens @ rates,
            uncached * (rates[write] - rates[UNCACHED_INPUT]) if cache is not None else 0.0,
            uncached * (rates[CACHE_READ] - rates[write]) if cache is not None else 0.0,
            -tokens[OUTPUT] * rates[OUTPUT],
        ]
    )
