"""How a grader agrees with people: its two error rates, and what a pass rate would be without them.

A grader that passes wrong answers makes a model look better than it is, and one that fails good ones worse. Neither is
put right in silence: the figures that a decision rests on stay as they were graded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from scipy.special import betaincinv

from planner.evidence.graded import GradedAnswer

INTERVAL: Final = 0.90
"""Of the two-sided intervals of error rates."""

FEWEST_LABELS: Final = 20
"""Labels of a kind, good or wrong, below which an error rate is hardly known: 0 of 20 leaves up to 9 % at 90 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """Errors among labelled answers of one kind, their share, and its interval (Jeffreys); None without answers."""

    errors: int
    answers: int
    rate: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A grader's verdicts against people's on the same answers.

    fnr: of answers that people pass, those that the grader fails. fpr: of answers that people fail, those that it
    passes. kappa: Cohen's, agreement beyond that of chance; None where all verdicts of both are one. unmatched: labels
    of answers that have no grade, such as those of another model.
    """

    labels: int
    unmatched: int
    fnr: ErrorRate
    fpr: ErrorRate
    kappa: float | None

    @property
    def too_few(self) -> bool:
        """Whether good or wrong answers with a label are too few for an error rate to be known."""
        return min(self.fnr.answers, self.fpr.answers) < FEWEST_LABELS

    def corrected(self, pass_rate: float) -> float | None:
        """The share of good answers behind a pass rate (Rogan and Gladen, 1978), between 0 and 1.

        p = (observed + specificity - 1) / (sensitivity + specificity - 1). None where an error rate is not known, or
        the grader tells good answers from wrong ones no better than chance.
        """
        if self.fnr.rate is None or self.fpr.rate is None:
            return None
        told_apart = 1.0 - self.fnr.rate - self.fpr.rate
        if told_apart <= 0.0:
            return None
        return min(max((pass_rate - self.fpr.rate) / told_apart, 0.0), 1.0)


def agreement(graded: Iterable[GradedAnswer], labels: Iterable[GradedAnswer]) -> Agreement | None:
    """Verdicts of a grader against those of people on the same answers; None without a label of one of them."""
    verdicts = {_answer_of(answer): answer.passed for answer in graded}
    people = {_answer_of(label): label.passed for label in labels}
    pairs = [(verdicts[key], good) for key, good in people.items() if key in verdicts]
    if not pairs:
        return None
    return _agreement(pairs, unmatched=len(people) - len(pairs))


def _answer_of(answer: GradedAnswer) -> tuple[str, str, str]:
    return answer.request_type, answer.candidate, answer.id


def _agreement(pairs: list[tuple[bool, bool]], unmatched: int) -> Agreement:
    """pairs: the grader's verdict, the people's."""
    of_good = [passed for passed, good in pairs if good]
    of_wrong = [passed for passed, good in pairs if not good]
    return Agreement(
        labels=len(pairs),
        unmatched=unmatched,
        fnr=_error_rate(len(of_good) - sum(of_good), len(of_good)),
        fpr=_error_rate(sum(of_wrong), len(of_wrong)),
        kappa=_kappa(sum(of_good), len(of_good), sum(of_wrong), len(pairs)),
    )


def _error_rate(errors: int, answers: int) -> ErrorRate:
    """Equal tails of Beta(errors + 1/2, rest + 1/2); an end that the counts reach is that end."""
    if answers == 0:
        return ErrorRate(errors=0, answers=0, rate=None, lower=None, upper=None)
    a, b, tail = errors + 0.5, answers - errors + 0.5, (1.0 - INTERVAL) / 2.0
    return ErrorRate(
        errors=errors,
        answers=answers,
        rate=errors / answers,
        lower=0.0 if errors == 0 else float(betaincinv(a, b, tail)),
        upper=1.0 if errors == answers else float(betaincinv(a, b, 1.0 - tail)),
    )


def _kappa(good_passed: int, good: int, wrong_passed: int, answers: int) -> float | None:
    """(observed - by chance) / (1 - by chance), by chance: as often as both say each verdict, independently."""
    passed = good_passed + wrong_passed
    observed = (good_passed + (answers - good - wrong_passed)) / answers
    by_chance = (passed * good + (answers - passed) * (answers - good)) / answers**2
    return None if by_chance == 1.0 else (observed - by_chance) / (1.0 - by_chance)
