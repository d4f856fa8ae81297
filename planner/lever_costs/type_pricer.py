"""One request type priced in one scenario: the copies of its requests that are paid for, and what acts on them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.distributions import Distribution
from planner.errors import InputError
from planner.lever_costs.applied_levers import AppliedLever, lever_inputs
from planner.lever_costs.copy_costs import CopyPricer, PaidCopy, share_above, text_ratio
from planner.lever_costs.economics import billed_when_routed_usd, usd_by_role
from planner.lever_costs.long_prompts import Held, Part, parts
from planner.lever_costs.unit_costs import Copy, Role, TypeCosts, dollars
from planner.levers import CacheLever, ExtraCall, Ramp, Route, Scenario
from planner.mix import MixEntry, prompt_edges
from planner.units import OUTPUT

_MORE_THAN_ALL = 1.0 + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TypePricer:
    """Prices one request type in one scenario."""

    scenario: Scenario
    request_type: str
    copy_pricer: CopyPricer

    @property
    def routes(self) -> list[Route]:
        """The routes of the type, in the order of the scenario."""
        return [route for route in self.scenario.routes if route.request_type == self.request_type]

    def costs(self, entries: Sequence[MixEntry], inputs: dict[str, Distribution]) -> TypeCosts:
        """Copies and levers of the type; the uncertain inputs that they read are added to `inputs`.

        Errors: InputError and PriceError as for planner.lever_costs.scenario_costs.price_scenario.
        """
        scenario, name = self.scenario, self.request_type
        cache = next((lever for lever in scenario.caches if lever.request_type == name), None)
        batch = next((lever for lever in scenario.batches if lever.request_type == name), None)
        output = next((lever for lever in scenario.outputs if lever.request_type == name), None)
        total = sum(entry.monthly_requests for entry in entries)
        copies: list[Copy] = []
        for entry in entries:
            share = entry.monthly_requests / total if total else 1 / len(entries)
            copies += self._copies(entry, share, cache)
        return TypeCosts(
            request_type=name,
            copies=tuple(copies),
            routes=self._applied_routes(inputs),
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

    def _applied_routes(self, inputs: dict[str, Distribution]) -> tuple[AppliedLever, ...]:
        applied: dict[str, AppliedLever] = {}
        for route in self.routes:
            source = "+".join(sorted(route.from_models)) or "any"
            key = f"route/{self.request_type}/{source}/{route.to}"
            if key in applied:
                raise InputError(
                    f"scenario '{self.scenario.name}' routes '{self.request_type}' to {route.to} twice from the same "
                    "models; add the shares up in one route"
                )
            applied[key] = _applied(
                key,
                route.ramp,
                inputs,
                share=route.share,
                escalation=route.escalation,
                rule_fraction=route.rule_fraction,
            )
        return tuple(applied.values())

    def _copies(self, entry: MixEntry, share: float, cache: CacheLever | None) -> Iterator[Copy]:
        applying = {index: route for index, route in enumerate(self.routes) if route.applies_to(entry.model)}
        self._check_shares(applying, entry.model)
        held = {index: held for index, route in applying.items() if (held := self._held(entry, route)) is not None}
        where = f"scenario '{self.scenario.name}', request type '{self.request_type}' on {entry.model}"
        for part in parts(entry, held, self._known_shares(entry, applying) if held else {}, where=where):
            moving = {index: route for index, route in applying.items() if index not in part.held}
            if held:  # what a route says of the whole entry is in the part's own shares
                moving = {index: self._without_given(route) for index, route in moving.items()}
            yield from self._part_copies(part, share * part.share, moving, cache)

    def _part_copies(
        self, part: Part, share: float, routes: Mapping[int, Route], cache: CacheLever | None
    ) -> Iterator[Copy]:
        """Every copy of the part's requests that is paid for."""
        entry = part.entry
        home = PaidCopy(
            entry=entry,
            share=share,
            role="unrouted",
            source=entry.model,
            routes=tuple(routes),
            cache=cache,
            is_counted=part.is_counted,
        )
        yield from self.copy_pricer.copies(home, entry.model)
        for index, route in routes.items():
            routed = replace(home, role="routed", routes=(index,), route=route)
            yield from self.copy_pricer.copies(routed, route.to)
            yield from self.copy_pricer.copies(replace(routed, role="escalated"), route.escalate_to or entry.model)
            overhead = ExtraCall(usd_per_request=route.overhead_usd_per_request)
            calls: tuple[tuple[Role, ExtraCall | None], ...] = (
                ("router", overhead),
                ("router", route.router),
                ("judge", route.judge),
            )
            for role, call in calls:
                if call is not None and part.is_counted:
                    yield from self._call_copies(call, role, share, index, entry)

    def _call_copies(self, call: ExtraCall, role: Role, share: float, index: int, entry: MixEntry) -> Iterator[Copy]:
        """One call of a router or a judge for every request of the entry: its dollars, and its tokens on a model."""
        if call.usd_per_request > 0:
            yield dollars(call.usd_per_request, role=role, share=share, route=index, source=entry.model)
        if call.model is not None:
            tokens = np.array(call.tokens_per_request)
            book = self.copy_pricer.price_book
            asked = MixEntry(
                request_type=self.request_type,
                model=call.model,
                monthly_requests=entry.monthly_requests,
                tokens_per_request=tokens,
                batch_fraction=0.0,
                # one call is one request: its prompt is above a price threshold or it is not
                long_prompt_fraction={edge: float(tokens[:OUTPUT].sum() > edge) for edge in prompt_edges(book)},
            )
            yield from self.copy_pricer.copies(
                PaidCopy(entry=asked, share=share, role=role, source=entry.model, routes=(index,)), call.model
            )

    def _check_shares(self, applying: Mapping[int, Route], model: str) -> None:
        together = sum(route.share.mean for route in applying.values())
        if len(applying) > 1 and together > _MORE_THAN_ALL:
            targets = ", ".join(f"{route.share.mean:.3g} to {route.to}" for route in applying.values())
            raise InputError(
                f"scenario '{self.scenario.name}' routes more than all of '{self.request_type}' on {model}: {targets} "
                f"are {together:.3g} in all. Lower the shares, or name different models under `from`"
            )

    def _held(self, entry: MixEntry, route: Route) -> Held | None:
        """What the route leaves at home, None where all of it moves, or cannot be told apart."""
        price = self.copy_pricer.price_book.price(route.to, self.copy_pricer.on)
        if route.long_prompts == "move" or not price.long_prompt:
            return None
        ratio = text_ratio(self.copy_pricer.price_book, entry.model, route.to, route)
        threshold = min(band.above_prompt_tokens for band in price.long_prompt) / ratio
        given, counted = route.long_prompt_fraction, route.long_request_fraction
        tokens = share_above(entry.long_prompt_fraction, threshold) if given is None else given
        if tokens is None or tokens == 0:
            return None  # unknown: pricing what moves says so
        requests = share_above(entry.long_request_fraction, threshold) if counted is None else counted
        if requests is None:
            requests = 1.0 if tokens == 1 else 0.0  # who knows: overhead is then charged for all of them
        found = Held(edge=round(threshold), token_fraction=tokens, request_fraction=requests)
        return None if route.long_prompts == "cheaper" and self._is_cheaper_there(entry, route, found) else found

    def _is_cheaper_there(self, entry: MixEntry, route: Route, held: Held) -> bool:
        """Whether the long prompts cost less moved, with all that is paid for them, inputs at their means.

        At the list prices of the day, other levers apart. Where nobody knows how many requests they are, router and
        judge are charged for every request whether these move or not, and so decide nothing.
        """
        where = f"scenario '{self.scenario.name}', request type '{self.request_type}' on {entry.model}"
        long = parts(entry, {0: held}, self._known_shares(entry, {0: route}), where=where)[-1]
        today = replace(self, copy_pricer=replace(self.copy_pricer, moved=[], horizon=None))
        usd = usd_by_role(list(today._part_copies(long, 1.0, {0: self._without_given(route)}, None)))
        moved = billed_when_routed_usd(
            routed=usd["routed"],
            router=usd["router"],
            judge=usd["judge"],
            escalated=usd["escalated"],
            rule_fraction=route.rule_fraction.mean,
            escalation=route.escalation.mean,
        )
        return moved <= usd["unrouted"]

    def _known_shares(self, entry: MixEntry, applying: Mapping[int, Route]) -> dict[int, float]:
        """Shares of the entry's tokens above prompt lengths, those that its routes give among them."""
        known = dict(entry.long_prompt_fraction)
        book = self.copy_pricer.price_book
        for route in applying.values():
            if route.long_prompt_fraction is not None:
                ratio = text_ratio(book, entry.model, route.to, route)
                for band in book.price(route.to, self.copy_pricer.on).long_prompt:
                    known[round(band.above_prompt_tokens / ratio)] = route.long_prompt_fraction
        return known

    def _without_given(self, route: Route) -> Route:
        has_threshold = self.copy_pricer.price_book.price(route.to, self.copy_pricer.on).long_prompt
        return replace(route, long_prompt_fraction=None) if has_threshold else route


def _applied(key: str, ramp: Ramp, inputs: dict[str, Distribution], **amounts: Distribution) -> AppliedLever:
    inputs.update(lever_inputs(key, ramp, amounts))
    return AppliedLever(key=key, ramp=ramp, amounts=tuple(amounts))
