"""What it does to a value that a sample knows the limit on the shortfall only so well.

Path by path, the standard error of a value is the one at the commitments found. That of the choice is of second order
where each is the best of its own, but a limit puts commitments, and perhaps the choice of band, at a quantile of the
sample, whose error is of first order. So everything is valued again under a limit one standard error of the probability
tighter and looser, and half of what lies between is an error of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import hypot, sqrt

from planner.negotiation.terms_pricer import TermsPricer
from planner.negotiation.variations import Variation, variations
from planner.risk import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The terms on the table under a limit that is moved a little. varied: their variations, by name and granted."""

    pricer: TermsPricer
    varied: Mapping[tuple[str, bool], Variation]

    def saved_usd(self, *changed: Variation) -> float:
        """What changes together save by the decision's measure."""
        contract = self.pricer.contract
        for item in changed:
            contract = self.varied.get((item.name, item.granted), item).applied(contract)
        return self.pricer.measure_at_best(self.pricer.contract) - self.pricer.measure_at_best(contract)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLuck:
    """The limit tighter and looser; no sides where nothing is limited."""

    sides: tuple[Side, ...]

    def in_error(self, value: Estimate, figure: Callable[[Side], float]) -> Estimate:
        """An estimate with the luck of the limit in its standard error. figure: the same as each side has it."""
        if not self.sides:
            return value
        tight, loose = map(figure, self.sides)
        return replace(value, se=hypot(value.se, (tight - loose) / 2.0))


def limit_luck(pricer: TermsPricer) -> LimitLuck:
    """Both sides of the plan's limit; its standard error is that of a share of the paths, sqrt(p (1 - p) / n)."""
    limit = pricer.inputs.decision.max_shortfall_probability
    error = sqrt(limit * (1.0 - limit) / pricer.paths)
    if error == 0.0 or pricer.contract.commits_usd_per_year is not None:
        return LimitLuck(sides=())
    return LimitLuck(sides=(_side(pricer, max(limit - error, 0.0)), _side(pricer, min(limit + error, 1.0))))


def _side(pricer: TermsPricer, limit: float) -> Side:
    inputs = pricer.inputs
    moved = replace(inputs, decision=replace(inputs.decision, max_shortfall_probability=limit))
    side = replace(pricer.quick(), inputs=moved)
    found, _ = variations(side.counted(side.contract), inputs.asks, side.at_best(side.contract).offer)
    return Side(pricer=side, varied={(item.name, item.granted): item for item in found})
