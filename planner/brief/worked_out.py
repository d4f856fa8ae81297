"""A dossier as a brief."""

from typing import Final

from scipy.special import stdtrit

from planner.brief.alternatives import Settled, alternatives, settled
from planner.brief.brief import Brief, ShortfallFacts
from planner.brief.sentences import (
    changes_sentences,
    next_best_sentences,
    risk_sentences,
    sign_sentences,
    why_sentences,
)
from planner.dossier import Dossier
from planner.negotiation.discount_points import solved
from planner.offer import NO_COMMITMENT
from planner.plan import Plan
from planner.risk import Estimate, estimate
from planner.streams import REPLICATES

_CONFIDENCE: Final = 0.95
_HIGHEST_DISCOUNT: Final = 0.999


def brief_of(found: Dossier) -> Brief:
    """The one page of a dossier. What was not worked out in it is left out."""
    plan = found.plan
    best, none = settled(plan, plan.recommendation.offer), settled(plan, NO_COMMITMENT)
    saving = estimate(none.paid_usd - best.paid_usd)
    others, facts = alternatives(found, best), _shortfall(plan, best)
    walk_away = _walk_away(found)
    changes = tuple(dict.fromkeys(changes_sentences(found, walk_away)))
    return Brief(
        plan=plan,
        sign=tuple(sign_sentences(plan)),
        why=tuple(why_sentences(plan, saving, others)),
        risk=tuple(risk_sentences(plan, facts)),
        next_best=tuple(next_best_sentences(plan, others)),
        changes=changes,
        warnings=tuple(warning for warning in plan.warnings if warning not in changes),
        saving=saving,
        shortfall=facts,
        alternatives=others,
        walk_away_fraction=walk_away,
    )


def _shortfall(plan: Plan, best: Settled) -> ShortfallFacts:
    return ShortfallFacts(
        interval=_interval(plan.recommendation.shortfall_probability),
        by_period_usd=tuple(best.settlement.shortfall_usd.mean(axis=1).tolist()),
    )


def _interval(value: Estimate) -> tuple[float, float]:
    """95% of the Monte Carlo error of a probability, by Student's t over the randomisations."""
    half = float(stdtrit(REPLICATES - 1, (1.0 + _CONFIDENCE) / 2)) * value.se if value.se == value.se else 0.0
    return max(value.mean - half, 0.0), min(value.mean + half, 1.0)


def _walk_away(found: Dossier) -> float | None:
    """The discount on the recommended commitment at which signing nothing costs the same; with quotes, the best one."""
    if found.negotiated is not None:
        return found.negotiated.positions.walk_away.discount_fraction
    plan = found.plan
    if plan.recommendation.offer.is_none or plan.inputs.decision.objective != "expected_cost":
        return None
    contract, sample = plan.inputs.contract, plan.samples[plan.inputs.decision.scenario]
    commits = plan.recommendation.offer.commits_usd_per_year(contract.n_years)

    def cost(discount: float) -> float:
        return sample.expect([contract.offer_of(commits, discount)])[0].expected_cost_usd

    at_list, unsigned = cost(0.0), sample.expect([NO_COMMITMENT])[0].expected_cost_usd
    if at_list <= unsigned:
        return 0.0
    return solved(lambda discount: at_list - cost(discount), at_list - unsigned, least=0.0, most=_HIGHEST_DISCOUNT)
