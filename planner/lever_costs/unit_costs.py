"""What a request costs under a scenario's levers.

The unit cost of a request type is the sum, over the copies of a request that are paid for, of
share(t) x served(t) x ( batch factor(t) x (base + kappa(t) cached + kappa(t) h hit + omega(t) cut) + flat ), in USD at
the list prices of the pricing day, kept apart by account: by the model tier that serves the copy, because list prices
move per tier, and by whether it may draw a commitment down. A copy is the unrouted request, its routed copy, its
escalated copy, which is paid on top, or a call of the router or the judge; where a model retires there is one for each
model that serves it, in the months in which it does. Levers compound: each acts on what the others leave
(docs/method.md, "Levers" and "Models that retire").
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import inf
from typing import Final, Literal, NamedTuple

import numpy as np

from planner.lever_costs.applied_levers import AppliedLever, Drawn
from planner.units import TOKEN_CLASSES, FloatArray

Role = Literal["unrouted", "routed", "escalated", "router", "judge"]


class Account(NamedTuple):
    """Spend that is priced and settled alike: on one model tier, and eligible to draw a commitment down or not.

    Price moves go by tier. tier None: charges in dollars (a router's, a judge's, a server tool's), which no price move
    and no token drift touches.
    """

    tier: str | None
    eligible: bool = True


OVERHEAD: Final = Account(None)
"""Charges in dollars that may draw a commitment down, routing overhead among them."""

_ONE: FloatArray = np.ones((1, 1))
_NONE: FloatArray = np.zeros((1, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverLevels:
    """How far the levers other than routing are applied, each broadcastable to (n_months, n_paths)."""

    cached: FloatArray
    hit: FloatArray
    batched: FloatArray
    cut: FloatArray


NO_LEVERS = LeverLevels(cached=_NONE, hit=_NONE, batched=_NONE, cut=_NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One paid copy of a request on one model.

    source: the model of the mix whose request it is. usd: shape (4,), USD per request: the base, and its change per
    unit of cached input share, of cached input share that hits, and of output cut. flat_usd: charges in dollars, which
    no lever touches. tier None: nothing but them. tokens, usd_per_token: (5,), what the base is made of on `model`, the
    list price with what a prompt threshold, geography and speed make of it. routes: of an unrouted copy the routes of
    the type that take from it, of any other the one that it belongs to. is_counted: whether traffic_share is of
    requests; False where only a share of the tokens is known and their requests are counted in another copy.
    starts, stops: the contract months, with fractions, between which `model` serves the copy; infinite where no
    retirement ends it (docs/method.md, "Models that retire"). eligible: whether its cost may draw a commitment down;
    batch_eligible: the same of the part that runs through batch.
    """

    tier: str | None
    role: Role
    routes: tuple[int, ...]
    traffic_share: float
    batch_fraction: float
    batch_multiplier: float
    usd: FloatArray
    flat_usd: float = 0.0
    is_counted: bool = True
    tokens: FloatArray = field(default_factory=lambda: np.zeros(len(TOKEN_CLASSES)))
    usd_per_token: FloatArray = field(default_factory=lambda: np.zeros(len(TOKEN_CLASSES)))
    source: str = ""
    model: str = ""
    starts: float = -inf
    stops: float = inf
    eligible: bool = True
    batch_eligible: bool = True

    @property
    def is_first(self) -> bool:
        """Whether this is the copy on the model that serves it on the pricing day."""
        return self.starts == -inf

    @property
    def serves_at_start(self) -> bool:
        """Whether the copy is served by this model when month 0 begins."""
        return self.starts <= 0.0 < self.stops

    @property
    def is_lasting(self) -> bool:
        """Whether no retirement touches the copy."""
        return self.starts == -inf and self.stops == inf

    def served(self, months: FloatArray) -> FloatArray:
        """Share of each month [t, t + 1) in which the model serves, shape (n_months, 1); (1, 1) where it always does.

        served(t) = min(stops, t + 1) - max(starts, t), clipped to [0, 1].
        """
        if self.is_lasting:
            return _ONE
        share = np.clip(np.minimum(self.stops, months + 1.0) - np.maximum(self.starts, months), 0.0, 1.0)
        return share[:, None]

    def cost_usd(self, levels: LeverLevels) -> FloatArray:
        """USD per request of this copy, shape broadcastable to (n_months, n_paths)."""
        factor = 1.0 - self._batch(levels) * (1.0 - self.batch_multiplier)
        cost: FloatArray = self._tokens_usd(levels) * factor + self.flat_usd
        return cost

    def accounts(self, *, batched: bool) -> tuple[Account, ...]:
        """The accounts that the copy costs something. batched: whether a lever moves part of it to batch."""
        whole, through_batch = Account(self.tier, self.eligible), Account(self.tier, self.batch_eligible)
        runs_batch = self.batch_fraction > 0 or batched
        tokens = () if self.tier is None else (whole, through_batch) if runs_batch else (whole,)
        flat = (Account(None, self.eligible),) if self.flat_usd else ()
        return tuple(dict.fromkeys((*tokens, *flat)))

    def cost_by_account(self, levels: LeverLevels, *, batched: bool) -> Iterator[tuple[Account, FloatArray]]:
        """cost_usd by account; an account may come twice. batched: as for `accounts`."""
        if self.flat_usd:
            yield Account(None, self.eligible), np.full((1, 1), self.flat_usd)
        if self.tier is None:
            return
        tokens_usd, batch = self._tokens_usd(levels), self._batch(levels)
        whole, through_batch = Account(self.tier, self.eligible), Account(self.tier, self.batch_eligible)
        if whole == through_batch or not (self.batch_fraction > 0 or batched):
            yield whole, tokens_usd * (1.0 - batch * (1.0 - self.batch_multiplier))
            return
        yield whole, tokens_usd * (1.0 - batch)
        yield through_batch, tokens_usd * (batch * self.batch_multiplier)

    def _tokens_usd(self, levels: LeverLevels) -> FloatArray:
        base, per_cached, per_hit, per_cut = self.usd
        tokens_usd: FloatArray = base + levels.cached * per_cached + levels.hit * per_hit + levels.cut * per_cut
        return tokens_usd

    def _batch(self, levels: LeverLevels) -> FloatArray:
        """Share of the copy that runs through batch."""
        return self.batch_fraction + (1.0 - self.batch_fraction) * levels.batched


def dollars(usd: float, *, role: Role, share: float, route: int, source: str) -> Copy:
    """A charge in dollars for every request of a route, of a router or a judge; it may draw a commitment down."""
    return Copy(
        tier=None,
        role=role,
        routes=(route,),
        traffic_share=share,
        batch_fraction=0.0,
        batch_multiplier=1.0,
        usd=np.zeros(4),
        flat_usd=usd,
        source=source,
    )


class RouteLevel(NamedTuple):
    """How far one route is applied: the share that it takes, and of that what is judged and what is escalated."""

    taken: FloatArray
    judged: FloatArray
    escalated: FloatArray


ROUTE_OFF: Final = RouteLevel(_NONE, _NONE, _NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeCosts:
    """Everything that the unit cost of one request type depends on, in one scenario."""

    request_type: str
    copies: tuple[Copy, ...]
    routes: tuple[AppliedLever, ...] = ()
    cache: AppliedLever | None = None
    batch: AppliedLever | None = None
    output: AppliedLever | None = None

    @property
    def levers(self) -> tuple[AppliedLever, ...]:
        """Every lever that touches the type."""
        return (*self.routes, *(lever for lever in (self.cache, self.batch, self.output) if lever is not None))

    @property
    def is_constant(self) -> bool:
        """Whether no lever and no retirement touches the type: its unit cost is the same in every month and path."""
        return not self.levers and all(copy.is_lasting for copy in self.copies)

    @property
    def first_copies(self) -> tuple[Copy, ...]:
        """The unrouted copy of each entry of the mix, in the mix's order, on the model of the pricing day.

        Where a route leaves long prompts at home an entry has more than one.
        """
        return tuple(copy for copy in self.copies if copy.role == "unrouted" and copy.is_first)

    @property
    def accounts(self) -> frozenset[Account]:
        """Every account that a request of this type may cost something."""
        batched = self.batch is not None
        return frozenset(account for copy in self.copies for account in copy.accounts(batched=batched))

    def unit_cost_by_account(self, months: FloatArray, drawn: Drawn) -> dict[Account, FloatArray]:
        """USD per request by account, each broadcastable to (n_months, n_paths).

        Where nothing uncertain touches the type the last axis is 1.
        """
        return self.unit_cost_at(months, self.route_levels(months, drawn), self.lever_levels(months, drawn))

    def unit_cost_at(
        self, months: FloatArray, routes: Sequence[RouteLevel], levels: LeverLevels
    ) -> dict[Account, FloatArray]:
        """The same with every lever applied as far as it is said, one RouteLevel per route of the type."""
        found: dict[Account, FloatArray] = {}
        for copy in self.copies:
            share = copies_paid(copy, months, routes)
            for account, usd in copy.cost_by_account(levels, batched=self.batch is not None):
                found[account] = found.get(account, _NONE) + share * usd
        return found

    def unit_cost_by_tier(self, months: FloatArray, drawn: Drawn) -> tuple[dict[str, FloatArray], FloatArray]:
        """USD per request by serving tier, eligible or not, and charges in dollars; shapes as by account."""
        by_tier: dict[str, FloatArray] = {}
        flat = _NONE
        for account, usd in self.unit_cost_by_account(months, drawn).items():
            if account.tier is None:
                flat = flat + usd
            else:
                by_tier[account.tier] = by_tier[account.tier] + usd if account.tier in by_tier else usd
        return by_tier, flat

    def route_levels(self, months: FloatArray, drawn: Drawn) -> tuple[RouteLevel, ...]:
        """How far every route is applied, each broadcastable to (n_months, n_paths)."""
        ramps = (route.ramped(months, drawn) for route in self.routes)
        return tuple(self.routes_at(ramps, drawn))

    def routes_at(self, ramps: Iterable[FloatArray], drawn: Drawn) -> Iterator[RouteLevel]:
        """Every route adopted as far as `ramps` say."""
        for ramp, share, route in zip(ramps, self.shares(drawn), self.routes, strict=True):
            judged = 1.0 - drawn[f"{route.key}.rule_fraction"]
            yield RouteLevel(ramp * share, judged, judged * drawn[f"{route.key}.escalation"])

    def shares(self, drawn: Drawn) -> tuple[FloatArray, ...]:
        """The share of the type that each route takes at full adoption, (n_paths,).

        Where the shares of routes that take from the same traffic are drawn to more than all of it, they are scaled
        down together.
        """
        shares = tuple(drawn[f"{route.key}.share"] for route in self.routes)
        together = {copy.routes for copy in self.copies if copy.role == "unrouted" and len(copy.routes) > 1}
        if not together:
            return shares
        wanted = {routes: reduce(np.add, (shares[i] for i in routes)) for routes in together}
        return tuple(
            share / reduce(np.maximum, (wanted[routes] for routes in together if i in routes), np.ones(1))
            for i, share in enumerate(shares)
        )

    def lever_levels(self, months: FloatArray, drawn: Drawn) -> LeverLevels:
        """How far the other levers are applied."""
        cached = self.cache.adopted(months, drawn, "cacheable_fraction") if self.cache else _NONE
        return LeverLevels(
            cached=cached,
            hit=cached * drawn[f"{self.cache.key}.hit_rate"] if self.cache else _NONE,
            batched=self.batch.adopted(months, drawn, "share") if self.batch else _NONE,
            cut=self.output.adopted(months, drawn, "cut") if self.output else _NONE,
        )


def copies_paid(copy: Copy, months: FloatArray, routes: Sequence[RouteLevel]) -> FloatArray:
    """Copies of this kind that are paid per request of the type, broadcastable to (n_months, n_paths)."""
    return copy.traffic_share * copy.served(months) * _share(copy, routes)


def _share(copy: Copy, routes: Sequence[RouteLevel]) -> FloatArray:
    """Copies paid per request, relative to the traffic share."""
    if copy.role == "unrouted":
        return reduce(np.subtract, (routes[i].taken for i in copy.routes), _ONE)
    level = routes[copy.routes[0]]
    if copy.role == "escalated":
        return level.taken * level.escalated
    return level.taken * level.judged if copy.role == "judge" else level.taken
