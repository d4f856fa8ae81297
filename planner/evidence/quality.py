"""What graded answers say about a pass rate: its posterior, a verdict against a bar, and how many more would settle it.

The pass rate has Jeffreys' prior, so that with x passes in n answers its posterior is Beta(x + 1/2, n - x + 1/2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal

import numpy as np
from scipy.special import bdtr, betainc, betaincinv, betaln

from planner.distributions import JudgedEscalation, ScaledBeta, posterior
from planner.evidence.provenance import Provenance
from planner.units import BoolArray, IntArray

DEFAULT_BAR: Final = 0.90
"""The pass rate that a cheaper model has to hold where a plan names no bar."""

CONFIDENCE: Final = 0.95
"""Of a one-sided bound."""

MOST_ANSWERS: Final = 20_000
"""Further answers beyond which a pass rate counts as too close to its bar to be settled by grading more."""

_SAMPLES: Final = np.concatenate(
    [
        np.arange(1, 500),
        np.arange(500, 1_000, 10),
        np.arange(1_000, 10_000, 100),
        np.arange(10_000, MOST_ANSWERS + 1, 1_000),
    ]
)
# Every size up to 500, then sizes of two digits: nobody grades 1,537 answers.

Verdict = Literal["pass", "fail", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Graded answers of a model to one request type.

    bar: the pass rate that it has to hold. fnr, fpr: errors of the judge that decides in production what escalates:
    good answers that it sends on, wrong ones that it accepts; None where it is not said, which counts as none.
    graded_on: None where no day is given. provenance: what the file that it was read from says beside, None for
    evidence that stands in no file.
    """

    request_type: str
    model: str
    passed: int
    failed: int
    bar: float = DEFAULT_BAR
    fnr: float | None = None
    fpr: float | None = None
    graded_on: date | None = None
    source: str = ""
    provenance: Provenance | None = None

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
        return JudgedEscalation(pass_rate=self.pass_rate, fnr=self.fnr or 0.0, fpr=self.fpr or 0.0)

    @property
    def verdict(self) -> Verdict:
        """Whether the pass rate clears the bar, at 95 %.

        Where a schedule of looks was followed its verdict holds: a single look does not know how often was looked.
        """
        if self.provenance is not None and self.provenance.verdict is not None:
            return self.provenance.verdict
        return self.single_look

    @property
    def single_look(self) -> Verdict:
        """The verdict of one look at all answers, taken once."""
        return verdict(self.passed, self.failed, bar=self.bar)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A sample of further graded answers that settles an undecided verdict often enough.

    failures: with at most so many among them it passes. fails_from: from so many on it fails; more than there are
    answers where it cannot. chance: that one or the other happens; chance_to_pass: that it passes.
    """

    answers: int
    failures: int
    fails_from: int
    chance: float
    chance_to_pass: float


def lower_bound(passed: int, failed: int, *, confidence: float = CONFIDENCE) -> float:
    """The pass rate that the true one exceeds with this probability: the (1 - confidence) quantile of the posterior."""
    return float(betaincinv(passed + 0.5, failed + 0.5, 1.0 - confidence))


def upper_bound(passed: int, failed: int, *, confidence: float = CONFIDENCE) -> float:
    """The pass rate that the true one stays below with this probability: the confidence quantile of the posterior."""
    return float(betaincinv(passed + 0.5, failed + 0.5, confidence))


def verdict(passed: int, failed: int, *, bar: float, confidence: float = CONFIDENCE) -> Verdict:
    """Pass where the lower bound is at least the bar, fail where the upper bound is below it, else undecided.

    No bar is held without a pass or missed without a failure, whatever the prior makes of that: the upper bound of one
    pass of one is 99.8 %, and a bar of 99.9 % is not missed by it.
    """
    if passed and lower_bound(passed, failed, confidence=confidence) >= bar:
        return "pass"
    return "fail" if failed and upper_bound(passed, failed, confidence=confidence) < bar else "undecided"


def hopeful_rate(bar: float) -> float:
    """A guess at a pass rate that nothing is known of: half as many failures as the bar allows."""
    return (1.0 + bar) / 2.0


@lru_cache(maxsize=4096)
def settlement(
    passed: int, failed: int, *, bar: float, chance: float, confidence: float = CONFIDENCE
) -> Settlement | None:
    """The smallest further sample that may pass, and settles an undecided verdict either way with at least this chance.

    What is known of the pass rate is its posterior, so that failures among n answers are beta-binomial: few graded
    answers promise little. Where nothing is graded the posterior would be Jeffreys' prior, for which models are mostly
    perfect or useless; there every answer is supposed to pass at hopeful_rate(bar). Above 500 answers in steps of two
    digits.

    None where the verdict is settled, and where not even MOST_ANSWERS settle it so often: it is too close to its bar.
    """
    if verdict(passed, failed, bar=bar, confidence=confidence) != "undecided":
        return None
    allowed = _most_with(_SAMPLES, passed, failed, bar, 1.0 - confidence)
    # with one failure more the upper bound misses the bar; without any it cannot
    below = np.maximum(_most_with(_SAMPLES, passed, failed, bar, confidence), 0 if failed == 0 else -1)
    for answers, most, still in zip(_SAMPLES.tolist(), allowed.tolist(), below.tolist(), strict=True):
        if most < 0:
            continue
        passes, open_or_pass = _failures_cdf(answers, (most, still), passed, failed, bar)
        settled = passes + 1.0 - open_or_pass
        if settled >= chance:
            return Settlement(
                answers=answers, failures=most, fails_from=still + 1, chance=settled, chance_to_pass=passes
            )
    return None


def _failures_cdf(answers: int, at_most: tuple[int, int], passed: int, failed: int, bar: float) -> tuple[float, float]:
    """Probability of at most so many failures among further answers, for two numbers of them, the smaller first."""
    if passed + failed == 0:
        share = 1.0 - hopeful_rate(bar)
        return float(bdtr(at_most[0], answers, share)), float(bdtr(at_most[1], answers, share))
    k = np.arange(at_most[1] + 1)
    a, b = passed + 0.5, failed + 0.5
    choose = -np.log(answers + 1.0) - betaln(answers - k + 1.0, k + 1.0)
    summed = np.cumsum(np.exp(choose + betaln(a + answers - k, b + k) - betaln(a, b)))
    return min(float(summed[at_most[0]]), 1.0), min(float(summed[at_most[1]]), 1.0)


def _most_with(answers: IntArray, passed: int, failed: int, bar: float, below: float) -> IntArray:
    """The most failures among further answers that leave the pass rate below its bar with at most this probability."""
    return _most(answers, lambda k: betainc(passed + answers - k + 0.5, failed + k + 0.5, bar) <= below)


def _most(answers: IntArray, holds: Callable[[IntArray], BoolArray]) -> IntArray:
    """The largest k from 0 to each number of answers for which it holds, where it holds up to some k; -1 for none."""
    low, high = np.full_like(answers, -1), answers.copy()
    while (low < high).any():
        middle = (low + high + 1) // 2
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle - 1)
    return low
