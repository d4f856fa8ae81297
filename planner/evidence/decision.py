"""What graded answers decide: whether a candidate holds the bar of a type, at one look and at several."""

from dataclasses import dataclass

from planner.evidence.quality import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The last look of a schedule that the answers reach: what holds however often they were counted in between.

    number: of the look, from 1; 0 where the first is still to come. answers: graded answers that it counts, the first
    ones in their order; of them passed. level: one-sided error probability that this look may spend in its own bound.
    lower, upper: bounds of the pass rate at that level, so that lower >= bar says pass and upper < bar says fail.
    verdict: of this look or an earlier one. next_answers: at how many answers the next look is.
    """

    number: int
    answers: int
    passed: int
    level: float
    lower: float
    upper: float
    verdict: Verdict
    next_answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A candidate against the current model on the same requests.

    both, only_candidate, only_reference, neither: requests by who passed. difference: of pass rates, candidate less
    reference; lower, upper: its one-sided bounds at the confidence. margin: the loss that is accepted. verdict: pass
    where lower >= -margin, fail where upper < -margin.
    """

    both: int
    only_candidate: int
    only_reference: int
    neither: int
    difference: float
    lower: float
    upper: float
    margin: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the graded answers of one candidate to one type decide.

    verdict: of a single look at all of them against the bar, by lower and upper, Jeffreys' one-sided bounds. look:
    corrected for looking more than once. comparison: None where no current model's answers were graded.
    answers_to_settle: further answers that settle the single look four times in five, None where it is settled or too
    close to its bar.
    cost_per_answer_usd: None where no cost is known. decided: what follows from look and comparison together.
    """

    request_type: str
    candidate: str
    passed: int
    failed: int
    bar: float
    lower: float
    upper: float
    verdict: Verdict
    look: Look
    comparison: Comparison | None
    decided: Verdict
    answers_to_settle: int | None
    cost_per_answer_usd: float | None

    @property
    def answers(self) -> int:
        """Graded answers in all."""
        return self.passed + self.failed

    @property
    def pass_rate(self) -> float:
        """Share of the graded answers that passed."""
        return self.passed / self.answers
