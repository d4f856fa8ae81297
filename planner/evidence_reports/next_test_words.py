"""What to test next, in sentences."""

from collections.abc import Sequence

from planner.evidence_in_plan.next_tests import NextTest
from planner.words import count, percent, usd, usd_short


def next_test_sentences(found: Sequence[NextTest]) -> tuple[str, ...]:
    """The test that brings most for its cost, or that there is none."""
    if not found:
        return ("Nothing is left to test: every cheaper model that could pay has passed or failed.",)
    first = found[0]
    if first.further_answers is None or first.cost_usd is None:
        return ("What is still undecided is too close to its bar to be settled by grading more.",)
    answers = "further graded answers" if first.answers else "graded answers"
    return (
        f"First '{first.request_type}' on {first.model}: {count(first.further_answers)} {answers}, for about "
        f"{usd(first.cost_usd, cents=True)}, settle it four times in five. The chance that it passes is "
        f"{percent(first.chance, 0)}, and then it saves {usd_short(first.saving_usd)} over the term at list.",
    )
