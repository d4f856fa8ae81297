"""Where to aim, as the offer calculator holds offers against it."""

from dataclasses import dataclass

from planner.dossier import Dossier


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target's expected cost over its term, less what only the buyer values, and per dollar on demand."""

    cost_usd: float
    rate: float
    term_months: int

    def cost_over(self, term_months: int, on_demand_usd: float) -> float:
        """What the target would cost over a term in the scenario decided on; over another than its own, at its rate."""
        return self.cost_usd if term_months == self.term_months else self.rate * on_demand_usd

    def gap_usd(self, cost_usd: float, on_demand_usd: float, term_months: int) -> float:
        """What an offer costs more than that."""
        return cost_usd - self.cost_over(term_months, on_demand_usd)


def target_of(found: Dossier) -> Target | None:
    """The target, where positions were worked out."""
    if found.negotiated is None:
        return None
    position = found.negotiated.positions.target
    cost = position.terms.expected_cost.mean - position.own_value_usd
    listed = float(position.terms.listed_usd.mean())
    return Target(
        cost_usd=cost,
        rate=cost / listed if listed > 0 else 0.0,
        term_months=position.terms.contract.term_months,
    )
