"""What a plan knows of decided candidates, for the table and the JSON of decisions, and what it says in sentences."""

from collections.abc import Sequence
from math import isnan

from planner.evidence_in_plan.facts import PairInPlan
from planner.evidence_reports.decide import PairFacts
from planner.words import break_even_words, percent, usd


def pair_facts(pairs: Sequence[PairInPlan]) -> PairFacts:
    """Break-evens, staleness, errors of the judge and unit costs, by type and candidate as they were graded."""
    keyed = {(item.evidence.request_type, item.candidate): item for item in pairs}
    priced = {pair: item.move for pair, item in keyed.items() if item.move is not None}
    return PairFacts(
        break_evens={
            pair: move.break_even_escalation for pair, move in priced.items() if not isnan(move.break_even_escalation)
        },
        stale={pair: item.stale for pair, item in keyed.items() if item.stale is not None},
        judge_errors={pair: (item.evidence.fnr or 0.0, item.evidence.fpr or 0.0) for pair, item in keyed.items()},
        unit_costs_usd={pair: move.unit_cost_usd for pair, move in priced.items()},
    )


def plan_sentences(pairs: Sequence[PairInPlan]) -> list[str]:
    """What each candidate would do to the plan, or why it is not priced there."""
    return [_sentence(item) for item in pairs]


def _sentence(item: PairInPlan) -> str:
    what = f"{item.evidence.request_type} on {item.candidate}"
    if item.move is None:
        return f"{what} is not priced in this plan: {item.why_not}."
    saving, escalates = item.move.saving_usd_per_month, percent(item.expected_escalation)
    does = f"saves {usd(saving)}" if saving > 0 else f"costs {usd(-saving)}"
    return (
        f"{what}: all of the type moved {does} a month at list; {escalates} expected to escalate, break-even "
        f"{break_even_words(item.move.break_even_escalation)}."
    )
