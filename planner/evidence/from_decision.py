"""Decisions as evidence: what a plan and an evidence file keep of them."""

from dataclasses import replace
from datetime import date

from planner.evidence.decision import Bar, Decision
from planner.evidence.provenance import Provenance
from planner.evidence.quality import Evidence


def evidence_of_decision(
    decision: Decision, bar: Bar, *, graded_on: date | None = None, source: str = "", came: Provenance | None = None
) -> Evidence:
    """The counts of a decision with its verdict by the looks. bar: with the schedule that it was decided by.

    came: what else is known of where the answers come from; the decision's own part of it is filled in.
    """
    known = came or Provenance()
    compared, cost = decision.comparison, decision.cost_per_answer_usd
    return Evidence(
        request_type=decision.request_type,
        model=decision.candidate,
        passed=decision.passed,
        failed=decision.failed,
        bar=decision.bar,
        graded_on=graded_on,
        source=source,
        provenance=replace(
            known,
            verdict=decision.decided,
            answers_planned=bar.answers,
            looks=bar.looks,
            margin=decision.margin,
            only_candidate=None if compared is None else compared.only_candidate,
            only_reference=None if compared is None else compared.only_reference,
            cost_usd=None if cost is None or decision.costed < decision.answers else _real(cost * decision.answers),
            cost_per_answer_usd=None if cost is None else _real(cost),
        ),
    )


def _real(cost_usd: float) -> float:
    """Dollars to six digits: the rest comes of adding up."""
    return float(f"{cost_usd:.6g}")
