"""What a request costs under a scenario's levers.

The unit cost of a request type is the sum, over the copies of a request that are paid for, of
share(t) x served(t) x batch factor(t) x (base + kappa(t) cached + kappa(t) h hit + omega(t) cut), in USD at the list
prices of the pricing day, kept apart by account: by the model tier that serves the copy, because list prices move per
tier, and by whether it may draw a commitment down. A copy is the unrouted request, its routed copy, or its escalated
copy, which is paid on top; where a model retires there is one for each model that serves it, in the months in which it
does. Levers compound: each acts on what the others leave (docs/method.md, "Levers" and "Models that retire").
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Literal, NamedTuple

import numpy as np

from planner.levers import adoption
from planner.units import FloatArray

Role = Literal["unrouted", "routed", "escalated"]

Drawn = Mapping[str, FloatArray]
"""Values of the uncertain inputs by key, each of shape (n_paths,)."""


class Account(NamedTuple):
    """Spend that is priced and settled alike: on one model tier, and eligible to draw a commitment down or not.

    Price moves go by tier. tier None: routing overhead, which no price move and no token drift touches.
    """

    tier: str | None
    eligible: bool = True


OVERHEAD: Final = Account(None)
"""Routing overhead, which is always eligible."""

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

    usd: shape (4,), USD per request: the base, and its change per unit of cached input share, of cached input share
    that hits, and of output cut. `route` counts into the routes of the type. starts, stops: the contract months,
    with fractions, between which `model` serves the copy; infinite where no retirement ends it (docs/method.md,
    "Models that retire"). eligible: whether its cost may draw a commitment down; batch_eligible: the same of the part
    that runs through batch.
    """

    tier: str
    role: Role
    route: int | None
    traffic_share: float
    batch_fraction: float
    batch_multiplier: float
    usd: FloatArray
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
        cost: FloatArray = self._tokens_usd(levels) * (1.0 - self._batch(levels) * (1.0 - self.batch_multiplier))
        return cost

    def cost_by_account(self, levels: LeverLevels, accounts: Sequence[Account]) -> Iterator[tuple[Account, FloatArray]]:
        """cost_usd by account. accounts: the copy's; of two, the second is of the part that runs through batch."""
        if len(accounts) == 1:
            yield accounts[0], self.cost_usd(levels)
            return
        tokens_usd, batch = self._tokens_usd(levels), self._batch(levels)
        yield accounts[0], tokens_usd * (1.0 - batch)
        yield accounts[1], tokens_usd * (batch * self.batch_multiplier)

    def _tokens_usd(self, levels: LeverLevels) -> FloatArray:
        base, per_cached, per_hit, per_cut = self.usd
        tokens_usd: FloatArray = base + levels.cached * per_cached + levels.hit * per_hit + levels.cut * per_cut
        return tokens_usd

    def _batch(self, levels: LeverLevels) -> FloatArray:
        """Share of the copy that runs through batch."""
        return self.batch_fraction + (1.0 - self.batch_fraction) * levels.batched


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedLever:
    """A lever whose uncertain parts are looked up among the drawn inputs under `key`."""

    key: str
    ramp_months: float
    overhead_usd_per_request: float = 0.0

    def adopted(self, months: FloatArray, drawn: Drawn, amount: str) -> FloatArray:
        """a(t) times the drawn amount, shape (n_months, n_paths)."""
        ramp = adoption(
            months[:, None],
            start=drawn[f"{self.key}.start_month"],
            span=self.ramp_months,
            ceiling=drawn[f"{self.key}.ceiling"],
        )
        return ramp * drawn[f"{self.key}.{amount}"]


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
    def is_constant(self) -> bool:
        """Whether no lever and no retirement touches the type: its unit cost is the same in every month and path."""
        levers = self.routes or self.cache or self.batch or self.output
        return not levers and all(copy.is_lasting for copy in self.copies)

    @property
    def first_copies(self) -> tuple[Copy, ...]:
        """The unrouted copy of each entry of the mix, in the mix's order, on the model of the pricing day."""
        return tuple(copy for copy in self.copies if copy.role == "unrouted" and copy.is_first)

    @property
    def accounts(self) -> frozenset[Account]:
        """Every account that a request of this type may cost something."""
        served = {account for copy in self.copies for account in self._accounts_of(copy)}
        return frozenset(served | {OVERHEAD} if self.routes else served)

    def unit_cost_by_account(self, months: FloatArray, drawn: Drawn) -> dict[Account, FloatArray]:
        """USD per request by account, routing overhead last, each broadcastable to (n_months, n_paths).

        Where nothing uncertain touches the type the last axis is 1.
        """
        routed = [route.adopted(months, drawn, "share") for route in self.routes]
        levels = self._levels(months, drawn)
        found: dict[Account, FloatArray] = {}
        for copy in self.copies:
            share = copy.traffic_share * copy.served(months) * self._share(copy, routed, drawn)
            for account, usd in copy.cost_by_account(levels, self._accounts_of(copy)):
                found[account] = found.get(account, _NONE) + share * usd
        for share, route in zip(routed, self.routes, strict=True):
            found[OVERHEAD] = found.get(OVERHEAD, _NONE) + share * route.overhead_usd_per_request
        return found

    def unit_cost_by_tier(self, months: FloatArray, drawn: Drawn) -> tuple[dict[str, FloatArray], FloatArray]:
        """USD per request by serving tier, eligible or not, and USD of routing overhead; shapes as by account."""
        by_tier: dict[str, FloatArray] = {}
        overhead = _NONE
        for account, usd in self.unit_cost_by_account(months, drawn).items():
            if account.tier is None:
                overhead = usd
            else:
                by_tier[account.tier] = by_tier[account.tier] + usd if account.tier in by_tier else usd
        return by_tier, overhead

    def _accounts_of(self, copy: Copy) -> tuple[Account, ...]:
        """One account, or two where the part of the copy that runs through batch is not eligible and the rest is."""
        whole, through_batch = Account(copy.tier, copy.eligible), Account(copy.tier, copy.batch_eligible)
        runs_batch = copy.batch_fraction > 0 or self.batch is not None
        return (whole, through_batch) if runs_batch and whole != through_batch else (whole,)

    def _share(self, copy: Copy, routed: Sequence[FloatArray], drawn: Drawn) -> FloatArray:
        if copy.route is None:
            return _ONE
        if copy.role == "unrouted":
            return 1.0 - routed[copy.route]
        if copy.role == "routed":
            return routed[copy.route]
        return routed[copy.route] * drawn[f"{self.routes[copy.route].key}.escalation"]

    def _levels(self, months: FloatArray, drawn: Drawn) -> LeverLevels:
        cached = self.cache.adopted(months, drawn, "cacheable_fraction") if self.cache else _NONE
        return LeverLevels(
            cached=cached,
            hit=cached * drawn[f"{self.cache.key}.hit_rate"] if self.cache else _NONE,
            batched=self.batch.adopted(months, drawn, "share") if self.batch else _NONE,
            cut=self.output.adopted(months, drawn, "cut") if self.output else _NONE,
        )
