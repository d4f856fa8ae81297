"""What graded answers decide: whether a candidate holds the bar of a type, at one look and at several."""

from dataclasses import dataclass
from typing import Final

from planner.errors import InputError
from planner.evidence.quality import DEFAULT_BAR, Verdict

PLANNED_ANSWERS: Final = 200
"""Answers per candidate within which a question is meant to be settled."""

PLANNED_LOOKS: Final = 4
"""How often the answers are looked at on the way there, the last time included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a candidate has to hold on a type, and the schedule by which that is decided.

    margin: with it, its pass rate also has to be no more than so much below that of the current model.
    Errors: InputError for a margin that is none; the rest is refused by the schedule that it makes.
    """

    bar: float = DEFAULT_BAR
    margin: float | None = None
    answers: int = PLANNED_ANSWERS
    looks: int = PLANNED_LOOKS

    def __post_init__(self) -> None:
        if self.margin is not None and not 0.0 <= self.margin < 1.0:
            raise InputError(f"margin = {self.margin}: give the loss of pass rate that is accepted, such as 0.03")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The last look of a schedule that the answers reach: what holds however often they were counted in between.

    number: of the look, from 1; 0 where the first is still to come. answers: graded answers that it counts, the first
    ones in their order; of them passed. level, upper_level: one-sided error probability of its own lower and upper
    bound, 0 where its answers are too few to say anything on that side. lower, upper: bounds of the pass rate (Clopper
    and Pearson) at these levels, so that lower >= bar says pass and upper < bar says fail. verdict: of this look or of
    an earlier one, with settled_at the answers of that one. next_answers: at how many answers the next look is.
    answers_to_settle: further answers by which a look settles it four times in five, None where it is settled or too
    close to its bar.
    """

    number: int
    answers: int
    passed: int
    level: float
    upper_level: float
    lower: float
    upper: float
    verdict: Verdict
    settled_at: int | None
    next_answers: int
    answers_to_settle: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A candidate against the current model on the same requests.

    both, only_candidate, only_reference, neither: requests by who passed. difference: of pass rates, candidate less
    reference; lower, upper: its one-sided bounds (Tango). margin: the loss that is accepted. verdict: pass where
    lower >= -margin, fail where upper < -margin; None, as the margin is, where no loss was agreed on.
    """

    both: int
    only_candidate: int
    only_reference: int
    neither: int
    difference: float
    lower: float
    upper: float
    margin: float | None
    verdict: Verdict | None

    @property
    def pairs(self) -> int:
        """Requests on which both were graded."""
        return self.both + self.only_candidate + self.only_reference + self.neither

    @property
    def reference_pass_rate(self) -> float:
        """Share of these requests on which the current model passed."""
        return (self.both + self.only_reference) / self.pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the graded answers of one candidate to one type decide.

    verdict: of a single look at all of them against the bar, by lower and upper, Jeffreys' one-sided bounds. look:
    corrected for looking more than once. comparison: a single look at all pairs, None where no current model's answers
    were graded; look_comparison: at the looks of the schedule, each at the look's own level, verdict of the first that
    settles it. decided: what follows from the looks at both: pass where both pass, fail where either fails.
    answers_to_settle: further answers that settle the single look four times in five, None where it is settled or too
    close to its bar.
    cost_per_answer_usd: mean of those whose cost is known, `costed` of them; None where none is.
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
    look_comparison: Comparison | None
    margin: float | None
    decided: Verdict
    answers_to_settle: int | None
    cost_per_answer_usd: float | None
    costed: int

    @property
    def answers(self) -> int:
        """Graded answers in all."""
        return self.passed + self.failed

    @property
    def pass_rate(self) -> float:
        """Share of the graded answers that passed."""
        return self.passed / self.answers
