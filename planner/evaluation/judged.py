"""A judge's part of grading: what it is asked about which answers, and what its replies come to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from planner.evaluation.answered import Standard
from planner.evaluation.evaluation import Answer, JudgeGrader, ModelRequest
from planner.evaluation.graders.grades import Grade
from planner.evaluation.graders.rules import refused
from planner.evaluation.judge import Comparison, Judgement, comparison, judgement, shown, shown_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A candidate's answer before the judge. grade: where the judge need not be asked; else comparison is there."""

    grade: Grade | None
    comparison: Comparison | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a judge said of a candidate's answers, counted.

    compared: answers with a verdict in both orders. agreed: of them those where both orders say the same.
    favoured_first, favoured_second: those whose order decided, by the place that won twice; they fail. unasked:
    answers that lack a reply in one of the orders, no_verdict: those without a valid verdict in one; neither have a
    grade. identical: answers that are the reference, character by character; they pass unasked.
    """

    compared: int
    agreed: int
    favoured_first: int
    favoured_second: int
    unasked: int
    no_verdict: int
    identical: int

    @property
    def position_bias(self) -> float | None:
        """Share of compared answers whose order decided; None where none was compared."""
        return (self.favoured_first + self.favoured_second) / self.compared if self.compared else None


def pair_of(judge: JudgeGrader, standard: Standard, answer: Answer) -> Pair:
    """What the judge has to be asked about an answer, if anything. standard: without a fault."""
    grade = refused(answer)
    if grade is not None:
        return Pair(grade=grade, comparison=None)
    candidate, reference = shown(answer), _reference(standard)
    if not candidate:
        return Pair(grade=Grade(passed=False, reason="no text"), comparison=None)
    if candidate == reference:
        return Pair(grade=Grade(passed=True, reason="identical"), comparison=None)
    return Pair(grade=None, comparison=comparison(judge, standard.request, candidate, reference))


def requests_of(pairs: Sequence[Pair]) -> tuple[ModelRequest, ...]:
    """Every request to the judge once."""
    asked = [request for pair in pairs if pair.comparison for request in pair.comparison.requests]
    return tuple({request.key: request for request in asked}.values())


def judgement_of(pair: Pair, replies: Mapping[str, Answer]) -> Judgement | None:
    """What the judge's two replies come to; None without a valid verdict in each."""
    if pair.comparison is None:
        return None
    one, two = (replies.get(request.key) for request in pair.comparison.requests)
    return judgement(one, two)


def is_answered(asked: Comparison, replies: Mapping[str, Answer], refused: Collection[str]) -> bool:
    """Whether the judge has replied in both orders, or the API will never let it: refused, by key."""
    return all(request.key in replies or request.key in refused for request in asked.requests)


def grade_of(found: Judgement) -> Grade:
    """The grade of a judged answer."""
    if found.passed:
        return Grade(passed=True, reason="no worse in both orders")
    if found.favoured is not None:
        return Grade(passed=False, reason="order decided")
    return Grade(passed=False, reason="worse in both orders" if found.agree else "worse in one order")


def counted(pairs: Sequence[Pair], replies: Mapping[str, Answer], refused: Collection[str] = ()) -> Judged:
    """What became of the answers before a judge. refused: keys of what the API will never let it answer."""
    judgements = [judgement_of(pair, replies) for pair in pairs if pair.comparison is not None]
    known = [found for found in judgements if found is not None]
    unasked = sum(pair.comparison is not None and not is_answered(pair.comparison, replies, refused) for pair in pairs)
    return Judged(
        compared=len(known),
        agreed=sum(found.agree for found in known),
        favoured_first=sum(found.favoured == "first" for found in known),
        favoured_second=sum(found.favoured == "second" for found in known),
        unasked=unasked,
        no_verdict=len(judgements) - len(known) - unasked,
        identical=sum(pair.grade is not None and pair.grade.passed for pair in pairs),
    )


def _reference(standard: Standard) -> str:
    """The reference as the judge sees it: of the sample, else the reference model's answer."""
    if standard.request.reference is not None:
        return shown_text(standard.request.reference)
    return shown(standard.answer) if standard.answer is not None else ""
