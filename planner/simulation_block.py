"""One block of paths: what scenarios share is drawn once, and each scenario's spend is put together from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from planner.demand_process import DemandProcess
from planner.distributions import Distribution, Point
from planner.price_moves import PriceMoves, PricePool, price_factors
from planner.rebound import spend_with_rebound
from planner.scenario_costs import ScenarioCosts
from planner.spend_terms import KnownChanges, Payee, ScenarioTerms, SpendTerms
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
        if isinstance(distribution, Point):
            return np.array([distribution.value])
        if (key, distribution) not in self.values:
            self.values[key, distribution] = distribution.from_normal(self.streams.normal(key))
        return self.values[key, distribution]


class Block:
    """One block of paths at work. pools: the price paths of every tier; without one they are drawn plainly."""

    def __init__(
        self,
        *,
        model: SpendModel,
        streams: BlockStreams,
        terms: SpendTerms,
        demand: DemandBlock,
        pools: Mapping[str, PricePool],
        signing: bool,
    ) -> None:
        self._pools = pools
        self._signing = signing
        self._model, self._streams, self._terms, self._demand = model, streams, terms, demand
        self._inputs = InputDraws(streams)
        self._known = KnownChanges()
        self._certain_usd = terms.certain_usd(demand.factors)
        self._prices: dict[str, FloatArray] = {}
        self._drifts = demand.tokens.shape[1] > 1 or bool((demand.tokens != 1.0).any())

    def spend(self, scenario: ScenarioTerms) -> tuple[FloatArray, FloatArray | None]:
        """USD at each month's list, (n_months, n_paths), and at the pricing day's where prices move and it is asked."""
        drawn, rebound = self._inputs.draw(scenario.costs.inputs), self._model.demand.model.rebound
        prices = {payee: self._price(payee) for payee in scenario.payees}
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
            )
        spend = self._terms.spend_usd(scenario, self._demand.factors, self._certain_usd, drawn, self._known)
        return self._at_both_prices(spend, prices)

    def scores(self) -> dict[str, FloatArray]:
        """The scores of every uncertain input drawn so far."""
        return dict(self._streams.scores)

    def _price(self, payee: Payee) -> FloatArray:
        """List price of a payee relative to the pricing day's, broadcastable to (n_months, n_paths)."""
        model = self._model
        if payee is None or model.price_moves.is_still:
            return np.ones((1, 1))
        if payee not in self._prices:
            self._prices[payee] = (
                self._pools[payee].of(self._streams)
                if payee in self._pools
                else price_factors(
                    model.price_moves,
                    tier=payee,
                    months_before_start=model.months_before_start,
                    n_months=model.demand.n_months,
                    streams=self._streams,
                )
            )
        return self._prices[payee]

    def _at_both_prices(
        self, spend: Mapping[Payee, FloatArray], prices: Mapping[Payee, FloatArray]
    ) -> tuple[FloatArray, FloatArray | None]:
        """Overwrites the arrays of `spend`."""
        moves = not self._model.price_moves.is_still
        served = {payee: usd for payee, usd in spend.items() if payee is not None}
        signing = self._total(served, spend.get(None)) if moves and self._signing else None
        if moves:
            for payee, usd in served.items():
                usd *= prices[payee]
        return self._total(served, spend.get(None)), signing

    def _total(self, served: Mapping[str, FloatArray], overhead: FloatArray | None) -> FloatArray:
        total = np.zeros(self._demand.factors.shape[1:])
        for usd in served.values():
            total += usd
        if self._drifts:
            total *= self._demand.tokens
        if overhead is not None:
            total += overhead
        return total
