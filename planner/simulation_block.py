"""One block of paths: what scenarios share is drawn once, and each scenario's spend is put together from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from planner.demand_process import DemandProcess
from planner.distributions import Distribution, Point
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import Account
from planner.price_moves import PriceMoves, PricePool, price_factors
from planner.rebound import spend_with_rebound
from planner.spend_terms import BlockSpend, KnownChanges, ScenarioTerms, SpendTerms
from planner.streams import BlockStreams
from planner.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendModel:
    """Everything that a simulated spend depends on.

    requests: shape (n_types,), n_k, monthly requests of each type of the demand process, in its order.
    unit_costs_usd: shape (n_types,), what a request costs as it is at the pricing day's list: where rebound starts.
    months_before_start: months from the pricing day's month to month 0, in which prices can move already.
    """

    demand: DemandProcess
    requests: FloatArray
    unit_costs_usd: FloatArray
    price_moves: PriceMoves
    months_before_start: int
    scenarios: tuple[ScenarioCosts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandBlock:
    """Requests relative to their levels (n_types, n_months, n_paths), tokens per request relative to the measured ones,
    and the scores that they were drawn from."""

    factors: FloatArray
    tokens: FloatArray
    scores: Mapping[str, FloatArray]


@dataclass(slots=True)
class InputDraws:
    """Values of uncertain inputs on one block of paths; the key names the stream.

    An entry that stands in two scenarios shares its draw, and scenarios that differ in its spread differ by the
    spread and not by luck.
    """

    streams: BlockStreams
    values: dict[tuple[str, Distribution], FloatArray] = field(default_factory=dict)

    def draw(self, inputs: Mapping[str, Distribution]) -> dict[str, FloatArray]:
        """Each input's values, (n_paths,), or (1,) for a constant."""
        return {key: self.value(key, distribution) for key, distribution in inputs.items()}

    def value(self, key: str, distribution: Distribution) -> FloatArray:
        """One input's values."""
        if (key, distribution) not in self.values:
            self.values[key, distribution] = (
                np.array([distribution.value])
                if isinstance(distribution, Point)
                else distribution.from_normal(self.streams.normal(key))
            )
        return self.values[key, distribution]


class Block:
    """One block of paths at work. pools: the price paths of every tier; without one they are drawn plainly.

    signing, accounts: whether spend at the pricing day's list, and by account, is wanted.
    """

    def __init__(
        self,
        *,
        model: SpendModel,
        streams: BlockStreams,
        terms: SpendTerms,
        demand: DemandBlock,
        pools: Mapping[str, PricePool],
        signing: bool,
        accounts: bool,
    ) -> None:
        self._pools = pools
        self._signing, self._accounts = signing, accounts
        self._model, self._streams, self._terms, self._demand = model, streams, terms, demand
        self._inputs = InputDraws(streams)
        self._known = KnownChanges()
        self._certain_usd = terms.certain_usd(demand.factors)
        self._prices: dict[str, FloatArray] = {}
        self._drifts = demand.tokens.shape[1] > 1 or bool((demand.tokens != 1.0).any())

    def spend(self, scenario: ScenarioTerms) -> BlockSpend:
        """USD at each month's list, and at the pricing day's where prices move and it is asked for."""
        drawn, rebound = self._inputs.draw(scenario.costs.inputs), self._model.demand.model.rebound
        prices = {account: self._price(account.tier) for account in scenario.accounts}
        if rebound != Point(0.0):
            return spend_with_rebound(
                self._terms,
                scenario.costs.types,
                self._demand.factors,
                drawn,
                tokens=self._demand.tokens,
                prices=prices,
                as_is_usd=self._model.unit_costs_usd,
                elasticity=self._inputs.value("rebound", rebound),
                accounts=self._accounts,
            )
        spend = self._terms.spend_usd(scenario, self._demand.factors, self._certain_usd, drawn, self._known)
        return self._at_both_prices(spend, prices)

    def scores(self) -> dict[str, FloatArray]:
        """The scores of every uncertain input drawn so far."""
        return dict(self._streams.scores)

    def _price(self, tier: str | None) -> FloatArray:
        """List price of a tier relative to the pricing day's, (n_months, n_paths) or (1, 1); 1 for dollars."""
        model = self._model
        if tier is None or model.price_moves.is_still:
            return np.ones((1, 1))
        if tier not in self._prices:
            self._prices[tier] = (
                self._pools[tier].of(self._streams)
                if tier in self._pools
                else price_factors(
                    model.price_moves,
                    tier=tier,
                    months_before_start=model.months_before_start,
                    n_months=model.demand.n_months,
                    streams=self._streams,
                )
            )
        return self._prices[tier]

    def _at_both_prices(self, spend: Mapping[Account, FloatArray], prices: Mapping[Account, FloatArray]) -> BlockSpend:
        """Overwrites the arrays of `spend`."""
        moves = not self._model.price_moves.is_still
        signing = self._total(spend) if moves and self._signing else None
        signing_apart = self._apart(spend) if signing is not None else {}
        if moves:
            for account, usd in spend.items():
                if account.tier is not None:
                    usd *= prices[account]
        return BlockSpend(
            total=(self._total(spend), signing),
            accounts={account: (usd, signing_apart.get(account)) for account, usd in self._apart(spend).items()},
        )

    def _apart(self, spend: Mapping[Account, FloatArray]) -> dict[Account, FloatArray]:
        """Spend by account where it is asked for, in arrays of its own.

        What a route takes away in full can leave less than nothing in the last bit: nobody is paid less than nothing.
        """
        if not self._accounts:
            return {}
        tokens = self._demand.tokens
        return {
            account: np.maximum(usd if account.tier is None or not self._drifts else usd * tokens, 0.0)
            for account, usd in spend.items()
        }

    def _total(self, spend: Mapping[Account, FloatArray]) -> FloatArray:
        total = np.zeros(self._demand.factors.shape[1:])
        for account, usd in spend.items():
            if account.tier is not None:
                total += usd
        if self._drifts:
            total *= self._demand.tokens
        for account, usd in spend.items():
            if account.tier is None:
                total += usd
        return total
