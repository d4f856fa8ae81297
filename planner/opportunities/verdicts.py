"""Opportunities: for every type and model of the mix the cheapest tier that evidence allows, and what it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from planner.known_evidence import evidence_by_pair
from planner.opportunities.candidates import TIERS, Candidate, cached_fraction, candidates
from planner.prepared import Prepared

LEAST_SHARE_OF_BILL: Final = 0.005
LEAST_USD_PER_MONTH: Final = 1_000.0
LEAST_EVER_USD_PER_MONTH: Final = 50.0
"""A type that saves less than both of the first two even at best, or less than the third, moves no money: an evaluation
and a route cost more than that."""

Verdict = Literal[
    "move now",
    "evaluate first",
    "needs long_prompt_fraction",
    "leans no",
    "too close to its bar",
    "evidence says no",
    "moves no money",
    "would cost more",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opportunity:
    """One type on one model: what it costs a month at list, where it could move, and what follows.

    serves: the model that serves it when month 0 begins. cached_fraction: of the prompt tokens, cache reads.
    chosen: the candidate that the verdict speaks of: the cheapest that evidence allows, else the one to evaluate; None
    where there is neither. beyond: a cheaper candidate than one that may move now, whose evidence is missing. notes:
    targets that could not be priced, and why.
    """

    request_type: str
    model: str
    serves: str
    monthly_requests: float
    monthly_list_cost_usd: float
    share_of_bill: float
    cached_fraction: float
    candidates: tuple[Candidate, ...]
    verdict: Verdict
    chosen: Candidate | None
    beyond: Candidate | None
    notes: tuple[str, ...] = ()

    @property
    def to_evaluate(self) -> tuple[Candidate, ...]:
        """Candidates that save and that graded answers would settle, the largest saving first."""
        return _promising(self.candidates)


def opportunities(prepared: Prepared) -> tuple[Opportunity, ...]:
    """Every type and model of the mix, the costliest first. Errors: PriceError where today's traffic has no price."""
    known = evidence_by_pair(prepared)
    lines = {(line.request_type, line.model): line for line in prepared.mix_lines}
    bill = sum(line.monthly_list_cost_usd for line in prepared.mix_lines)
    found = []
    for entry in prepared.mix.entries:
        targets = candidates(prepared, entry, known)
        cost = lines[entry.request_type, entry.model].monthly_list_cost_usd
        verdict, chosen, beyond = _judged(targets.candidates, bill)
        found.append(
            Opportunity(
                request_type=entry.request_type,
                model=entry.model,
                serves=targets.serves,
                monthly_requests=entry.monthly_requests,
                monthly_list_cost_usd=cost,
                share_of_bill=cost / bill if bill else 0.0,
                cached_fraction=cached_fraction(entry),
                candidates=targets.candidates,
                verdict=verdict,
                chosen=chosen,
                beyond=beyond,
                notes=targets.notes,
            )
        )
    return tuple(sorted(found, key=lambda item: (-item.monthly_list_cost_usd, item.request_type, item.model)))


def least_usd_per_month(bill_usd_per_month: float) -> float:
    """What a type has to save at best, USD a month, to be worth the effort."""
    return max(min(LEAST_SHARE_OF_BILL * bill_usd_per_month, LEAST_USD_PER_MONTH), LEAST_EVER_USD_PER_MONTH)


def _judged(found: Sequence[Candidate], bill: float) -> tuple[Verdict, Candidate | None, Candidate | None]:
    """What follows for a type: verdict, the candidate it speaks of, and a cheaper one whose evidence is missing.

    Where a share of long prompts is not known a candidate counts at its worse end.
    """
    best = [_best(item) for item in found if item.could_pay or _best(item) > 0]
    least = least_usd_per_month(bill)
    if not best:
        return "would cost more", None, None
    if max(best) < least:
        return "moves no money", None, None
    passing = [item for item in found if item.verdict == "pass" and item.pays]
    allowed = _worth(passing, least)
    promising = _worth(_promising(found), least)
    if allowed:
        more = (item for item in promising if item.saving_usd_per_month > allowed[0].saving_usd_per_month)
        return "move now", allowed[0], next(more, None)
    if promising:
        first = promising[0]
        return "evaluate first" if first.unknown is None else "needs long_prompt_fraction", first, None
    return _without_a_target(found, passing, least)


def _without_a_target(
    found: Sequence[Candidate], passing: Sequence[Candidate], least: float
) -> tuple[Verdict, Candidate | None, None]:
    """What follows where nothing may move and no evaluation promises enough."""
    waiting = [item for item in _not_ruled_out(found) if item.verdict != "pass"]
    unknown = [item for item in _not_ruled_out(found) if item.unknown is not None and not item.leans_no]
    if unknown := [item for item in unknown if _best(item) >= least]:
        return "needs long_prompt_fraction", max(unknown, key=_best), None
    worth = [item for item in waiting if item.could_pay and item.most_usd_per_month >= least]
    if unsettled := [item for item in worth if item.leans_no or item.sure is None]:
        first = max(unsettled, key=lambda item: item.most_usd_per_month)
        return "leans no" if first.leans_no else "too close to its bar", first, None
    if passing or any(item.pays for item in waiting):
        return "moves no money", None, None
    failed = any(item.verdict == "fail" for item in found)
    return ("evidence says no" if failed else "would cost more"), None, None


def _not_ruled_out(found: Sequence[Candidate]) -> list[Candidate]:
    """Candidates whose evidence has not failed, nor that of a tier above them."""
    failed = min((item.steps_down for item in found if item.verdict == "fail"), default=len(TIERS))
    return [item for item in found if item.steps_down < failed]


def _promising(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """What saves and graded answers would settle, none of them against it so far; the largest saving first."""
    return _largest_first(
        [
            item
            for item in _not_ruled_out(found)
            if item.pays and item.sure is not None and item.verdict in ("none", "undecided") and not item.leans_no
        ]
    )


def _worth(items: Sequence[Candidate], least: float) -> tuple[Candidate, ...]:
    return _largest_first([item for item in items if item.saving_usd_per_month >= least])


def _best(item: Candidate) -> float:
    """The most that a candidate could save, USD a month."""
    if item.unknown is None:
        return item.most_usd_per_month
    return max(item.unknown.none_above_usd, item.unknown.all_above_usd)


def _largest_first(items: Sequence[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(items, key=lambda item: (-item.saving_usd_per_month, item.to)))
