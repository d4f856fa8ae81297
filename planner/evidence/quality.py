"""What graded answers say about a pass rate: its posterior, a verdict against a bar, and how many more would settle it.

The pass rate has Jeffreys' prior, so that with x passes in n answers its posterior is Beta(x + 1/2, n - x + 1/2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from scipy.special import bdtr, betainc, betaincinv, betaln

from planner.distributions import JudgedEscalation, ScaledBeta, posterior
from planner.units import BoolArray, FloatArray, IntArray

DEFAULT_BAR: Final = 0.90
"""The pass rate that a cheaper model has to hold where a plan names no bar."""

CONFIDENCE: Final = 0.95
"""Of a one-sided bound."""

MOST_ANSWERS: Final = 20_000
"""Further answers beyond which a pass rate counts as too close to its bar to be settled by grading more."""

_BLOCKS: Final = (1, 257, 2049, MOST_ANSWERS + 1)

Verdict = Literal["pass", "fail", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Graded answers of a model to one request type.

    bar: the pass rate that it has to hold. fnr, fpr: errors of the judge that decides in production what escalates:
    good answers that it sends on, wrong ones that it accepts. graded_on: None where no day is given.
    """

    request_type: str
    model: str
    passed: int
    failed: int
    bar: float = DEFAULT_BAR
    fnr: float = 0.0
    fpr: float = 0.0
    graded_on: date | None = None
    source: str = ""

    @property
    def answers(self) -> int:
        """Graded answers in all."""
        return self.passed + self.failed

    @property
    def pass_rate(self) -> ScaledBeta:
        """Posterior of the pass rate."""
        return posterior(self.passed, self.failed)

    @property
    def escalation(self) -> JudgedEscalation:
        """The share of routed requests that is paid again, q = p FNR + (1 - p)(1 - FPR)."""
        return JudgedEscalation(pass_rate=self.pass_rate, fnr=self.fnr, fpr=self.fpr)

    @property
    def verdict(self) -> Verdict:
        """Whether the pass rate clears the bar, at 95 %."""
        return verdict(self.passed, self.failed, bar=self.bar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Further graded answers that could settle a verdict, and of them the most that may fail (to fail: the fewest).

    chance: that they do settle it this way, where every answer passes at the rate that was assumed, `rate`.
    """

    to: Literal["pass", "fail"]
    answers: int
    failures: int
    chance: float
    rate: float


def lower_bound(passed: int, failed: int, *, confidence: float = CONFIDENCE) -> float:
    """The pass rate that the true one exceeds with this probability: the (1 - confidence) quantile of the posterior."""
    return float(betaincinv(passed + 0.5, failed + 0.5, 1.0 - confidence))


def upper_bound(passed: int, failed: int, *, confidence: float = CONFIDENCE) -> float:
    """The pass rate that the true one stays below with this probability: the confidence quantile of the posterior."""
    return float(betaincinv(passed + 0.5, failed + 0.5, confidence))


def verdict(passed: int, failed: int, *, bar: float, confidence: float = CONFIDENCE) -> Verdict:
    """Pass where the lower bound is at least the bar, fail where the upper bound is below it, else undecided."""
    if lower_bound(passed, failed, confidence=confidence) >= bar:
        return "pass"
    return "fail" if upper_bound(passed, failed, confidence=confidence) < bar else "undecided"


def hopeful_rate(bar: float) -> float:
    """A guess at a pass rate that nothing is known of: half as many failures as the bar allows."""
    return (1.0 + bar) / 2.0


@lru_cache(maxsize=4096)
def settlement(
    passed: int,
    failed: int,
    *,
    bar: float,
    rate: float | None = None,
    confidence: float = CONFIDENCE,
    chance: float | None = None,
) -> Settlement | None:
    """The fewest answers more that settle an undecided verdict if they pass at a rate; the observed one unless given.

    With `chance`, the fewest that settle it with at least that probability at the rate; else the fewest that do when
    failures come as often as expected, rounded against the verdict. A rate at the bar or above settles to pass, one
    below to fail. Without graded answers and without a rate, hopeful_rate(bar) is assumed.

    None where the verdict is settled, and where it would take more than MOST_ANSWERS: the rate is too close to the bar.
    """
    if verdict(passed, failed, bar=bar, confidence=confidence) != "undecided":
        return None
    if rate is None:
        rate = passed / (passed + failed) if passed + failed else hopeful_rate(bar)
    to: Literal["pass", "fail"] = "pass" if rate >= bar else "fail"
    for first, last in pairwise(_BLOCKS):
        answers = np.arange(first, last)
        if to == "pass":
            failures = _allowed(answers, passed, failed, bar, confidence)
            odds = _at_most(failures, answers, 1.0 - rate)
            settles = failures >= np.ceil(_expected(answers, rate))
        else:
            failures = _needed(answers, passed, failed, bar, confidence)
            odds = 1.0 - _at_most(failures - 1, answers, 1.0 - rate)
            settles = failures <= np.floor(_expected(answers, rate))
        if chance is not None:
            settles = odds >= chance
        if settles.any():
            found = int(np.argmax(settles))
            return Settlement(
                to=to, answers=int(answers[found]), failures=int(failures[found]), chance=float(odds[found]), rate=rate
            )
    return None


def chance_to_pass(passed: int, failed: int, *, answers: int, failures: int) -> float:
    """Probability that of further answers at most so many fail, the pass rate being as uncertain as its posterior.

    Without graded answers that is Jeffreys' prior, which knows nothing: no forecast to rest on.
    """
    k = np.arange(0, failures + 1)
    a, b = passed + 0.5, failed + 0.5
    choose = -np.log(answers + 1.0) - betaln(answers - k + 1.0, k + 1.0)
    return float(min(np.exp(choose + betaln(a + answers - k, b + k) - betaln(a, b)).sum(), 1.0))


def _expected(answers: IntArray, rate: float) -> FloatArray:
    """Failures to expect; rounded, so that a tenth of fifty is five and not a hair more."""
    expected: FloatArray = np.round(answers * (1.0 - rate), 9)
    return expected


def _at_most(failures: IntArray, answers: IntArray, share: float) -> FloatArray:
    """Probability of at most so many failures, each answer failing with this probability; 0 below no failure."""
    odds: FloatArray = np.where(failures < 0, 0.0, bdtr(np.maximum(failures, 0).astype(np.float64), answers, share))
    return odds


def _allowed(answers: IntArray, passed: int, failed: int, bar: float, confidence: float) -> IntArray:
    """The most failures among further answers with which the lower bound still clears the bar; -1 where none does."""
    return _most(answers, lambda k: betainc(passed + answers - k + 0.5, failed + k + 0.5, bar) <= 1.0 - confidence)


def _needed(answers: IntArray, passed: int, failed: int, bar: float, confidence: float) -> IntArray:
    """The fewest failures with which the upper bound misses the bar; more than there are answers where none does."""
    return 1 + _most(answers, lambda k: betainc(passed + answers - k + 0.5, failed + k + 0.5, bar) <= confidence)


def _most(answers: IntArray, holds: Callable[[IntArray], BoolArray]) -> IntArray:
    """The largest k from 0 to each number of answers for which it holds, where it holds up to some k; -1 for none."""
    low, high = np.full_like(answers, -1), answers.copy()
    while (low < high).any():
        middle = (low + high + 1) // 2
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle - 1)
    return low
