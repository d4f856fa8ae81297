"""The brief: what to sign, why, the risk in it, the next best, and what changes the answer; one page of a dossier."""

from dataclasses import dataclass
from typing import Literal

from planner.offer import Offer
from planner.plan import Plan
from planner.risk import Estimate

AlternativeKind = Literal["none", "band", "less", "more", "as_quoted", "quote_at_best"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another thing to sign, or nothing, lived in the scenario decided on. USD over its term, in the decision's money.

    kind: no commitment, the best inside another discount band, a tenth less or more than recommended, or a quote in
    hand, as it was quoted or at its best commitment. quote: the quote's name. costs_more: than the recommendation, on
    the same paths; over another term than the plan's, than at the recommendation's rate per list dollar.
    shortfall_probability: in any period. meets_limit: whether the decision's limit allows it.
    """

    kind: AlternativeKind
    name: str
    offer: Offer
    term_months: int
    expected_cost: Estimate
    costs_more: Estimate
    shortfall_probability: Estimate
    meets_limit: bool
    quote: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallFacts:
    """When a shortfall comes, of the recommendation. interval: of its probability, 95% of the Monte Carlo error.

    by_period_usd: the expected shortfall of each period.
    """

    interval: tuple[float, float]
    by_period_usd: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The page in sentences, by its headings. The same for the workbook, the page and the drafted prose.

    saving: of the recommendation against nothing signed, in the decision's money. alternatives: the next best first,
    those that the limit forbids last. walk_away_fraction: the discount on the recommended commitment at which signing
    nothing, or the best quote in hand, is as good; None where none is known. warnings: what of the plan's warnings no
    other heading says.
    """

    plan: Plan
    sign: tuple[str, ...]
    why: tuple[str, ...]
    risk: tuple[str, ...]
    next_best: tuple[str, ...]
    changes: tuple[str, ...]
    warnings: tuple[str, ...]
    saving: Estimate
    shortfall: ShortfallFacts
    alternatives: tuple[Alternative, ...]
    walk_away_fraction: float | None
