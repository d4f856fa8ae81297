"""Looks at graded answers on the way to a decision, so that looking more than once does not let a bad model pass.

A schedule is declared before grading. Answers count in their order and a look counts the first n of them, so that the
decision is a function of the ordered answers and of the schedule: counting in between changes nothing. Bounds are
exact: critical counts come from the distribution of the count of a model at its bar that has not crossed before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

import numpy as np
from scipy.special import bdtrc, betaincinv, ndtr, ndtri

from planner.errors import InputError
from planner.evidence.decision import PLANNED_ANSWERS, PLANNED_LOOKS, Look
from planner.evidence.open_counts import OpenCounts
from planner.evidence.quality import CONFIDENCE, DEFAULT_BAR, MOST_ANSWERS, Verdict
from planner.units import BoolArray, IntArray

PLANNED_SHARE: Final = 0.8
"""Of the error that a side may make in all, what the planned answers may spend; the rest is for going on."""

SURE: Final = 0.8
"""How often a number of further answers has to settle the question to be named."""

MOST_PLANNED: Final = 1_000_000
MOST_LOOKS: Final = 200
_ROUNDING: Final = 1e-12
"""A count that spends what is left but for rounding is within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When answers are looked at: at round(answers i / looks) for i = 1 ... looks, then at each doubling, for ever.

    bar: the pass rate that has to be held. confidence: 1 - the error that each side may make in all looks together.
    Errors: InputError for numbers that make no schedule.
    """

    answers: int = PLANNED_ANSWERS
    looks: int = PLANNED_LOOKS
    bar: float = DEFAULT_BAR
    confidence: float = CONFIDENCE

    def __post_init__(self) -> None:
        if not 1 <= self.answers <= MOST_PLANNED:
            raise InputError(f"answers = {self.answers}: plan between 1 and {MOST_PLANNED:,} answers")
        if not 1 <= self.looks <= min(self.answers, MOST_LOOKS):
            raise InputError(
                f"looks = {self.looks}: with {self.answers:,} answers, plan 1 to {min(self.answers, MOST_LOOKS)} looks"
            )
        if not 0.0 < self.bar < 1.0:
            raise InputError(f"bar = {self.bar}: a pass rate to be held is between 0 and 1, such as 0.9")
        if not 0.5 <= self.confidence < 1.0:
            raise InputError(f"confidence = {self.confidence}: give 0.5 or more and less than 1, such as 0.95")

    def look_answers(self) -> Iterator[int]:
        """Answers that each look counts, the doublings after the planned ones included, without end."""
        yield from (int(self.answers * i / self.looks + 0.5) for i in range(1, self.looks + 1))
        doubled = self.answers
        while True:
            doubled *= 2
            yield doubled

    def spent_fraction(self, look: int) -> float:
        """Error that a side may have made by a look (from 1): alpha(t) = 2 (1 - Phi(z / sqrt t)) within the plan.

        t is the share of the planned answers and z the upper quantile at half of what the plan may spend (Lan and
        DeMets, 1983, in the manner of O'Brien and Fleming). Each doubling after it spends half of what is left.
        """
        error = 1.0 - self.confidence
        planned = PLANNED_SHARE * error
        if look > self.looks:
            return error - (error - planned) * 0.5 ** (look - self.looks)
        t = next(islice(self.look_answers(), look - 1, None)) / self.answers
        return float(2.0 * ndtr(ndtri(planned / 2.0) / np.sqrt(t)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The counts that decide, per look: passes from which it passes, failures from which it fails, and their levels.

    answers: of each look. A count above the answers is never reached. *_levels: probability, at the bar, of so many or
    more in a sample of that size, which is the level of that look's own bound; 0 where the count is not reached.
    """

    answers: tuple[int, ...]
    passes: tuple[int, ...]
    failures: tuple[int, ...]
    pass_levels: tuple[float, ...]
    fail_levels: tuple[float, ...]


@lru_cache(maxsize=256)
def bounds(schedule: Schedule, looks: int) -> Bounds:
    """The critical counts of the first looks. Neither side is binding: each keeps its error if the other is ignored."""
    answers = tuple(islice(schedule.look_answers(), looks))
    spend = tuple(schedule.spent_fraction(look) for look in range(1, looks + 1))
    passes = _critical_counts(answers, schedule.bar, spend)
    failures = _critical_counts(answers, 1.0 - schedule.bar, spend)
    return Bounds(
        answers=answers,
        passes=passes,
        failures=failures,
        pass_levels=tuple(_tail(c, n, schedule.bar) for c, n in zip(passes, answers, strict=True)),
        fail_levels=tuple(_tail(c, n, 1.0 - schedule.bar) for c, n in zip(failures, answers, strict=True)),
    )


def _tail(count: int, answers: int, rate: float) -> float:
    return float(bdtrc(count - 1, answers, rate)) if count <= answers else 0.0


def _critical_counts(answers: Sequence[int], rate: float, spend: Sequence[float]) -> tuple[int, ...]:
    """The smallest count at each look with which what is spent, at this rate, stays within what may be.

    What a look leaves unspent, because counts are whole, the next one may spend.
    """
    found, spent, alive = [], 0.0, OpenCounts()
    for n, allowed in zip(answers, spend, strict=True):
        alive = alive.after(n, rate)
        above = np.cumsum(alive.weights[::-1])[::-1]  # of this count or more
        within = np.flatnonzero(spent + above <= allowed + _ROUNDING * allowed)
        first = int(within[0]) if within.size else len(alive.weights)
        critical = alive.low + first
        spent += float(above[first]) if within.size else 0.0
        found.append(critical if critical <= n else n + 1)
        alive = alive.between(alive.low - 1, critical)
    return tuple(found)


def look_at(passed: Sequence[bool] | BoolArray, schedule: Schedule) -> Look:
    """What the schedule says of graded answers in their order: the last look that they reach, and the verdict so far.

    The first look that settles it decides, and no later one changes that.
    """
    graded = np.asarray(passed, dtype=np.bool_)
    counted: IntArray = np.concatenate([[0], np.cumsum(graded, dtype=np.int64)])
    reached = sum(1 for _ in _reached(schedule, len(graded)))
    found = bounds(schedule, reached + 1)
    verdict, settled_at = _first_crossing(counted, found, reached)
    n, level, fail_level = 0, 0.0, 0.0
    if reached:
        last = reached - 1
        n, level, fail_level = found.answers[last], found.pass_levels[last], found.fail_levels[last]
    x = int(counted[n])
    lower, upper = _lower(x, n, level), 1.0 - _lower(n - x, n, fail_level)
    if reached:
        lower = _on_its_side(lower, schedule.bar, reaches=x >= found.passes[last])
        upper = _on_its_side(upper, schedule.bar, reaches=n - x < found.failures[last])
    wanted = None if verdict != "undecided" else answers_to_settle(int(counted[-1]), len(graded), schedule)
    return Look(
        number=reached,
        answers=n,
        passed=x,
        level=level,
        upper_level=fail_level,
        lower=lower,
        upper=upper,
        verdict=verdict,
        settled_at=settled_at,
        next_answers=found.answers[reached],
        answers_to_settle=wanted,
    )


def _reached(schedule: Schedule, answers: int) -> Iterator[int]:
    for n in schedule.look_answers():
        if n > answers:
            return
        yield n


def _first_crossing(counted: IntArray, found: Bounds, reached: int) -> tuple[Verdict, int | None]:
    looks = zip(found.answers[:reached], found.passes, found.failures, strict=False)
    for n, passes, failures in looks:
        if counted[n] >= passes:
            return "pass", n
        if n - counted[n] >= failures:
            return "fail", n
    return "undecided", None


def _lower(passed: int, answers: int, level: float) -> float:
    """Clopper and Pearson's lower bound at a one-sided level; 0 where nothing passed or nothing may be spent."""
    return float(betaincinv(passed, answers - passed + 1, level)) if passed and level > 0.0 else 0.0


def _on_its_side(bound: float, bar: float, *, reaches: bool) -> float:
    """At the critical count a bound is the bar but for rounding: which side that is, the count says."""
    return max(bound, bar) if reaches else min(bound, float(np.nextafter(bar, 0.0)))


def answers_to_settle(passed: int, answers: int, schedule: Schedule, *, chance: float = SURE) -> int | None:
    """Further answers to the first look by which the question is settled with at least this chance.

    What is known of the pass rate is its posterior from the answers, so that further passes are beta-binomial; exact,
    by recursion over the counts that settle nothing. Where nothing is graded that prior is Jeffreys'.
    None where more than MOST_ANSWERS would be needed: the rate is too close to its bar.
    """
    counts, look = OpenCounts(answers=answers, low=passed), 0
    for n in schedule.look_answers():
        look += 1
        if n <= answers:
            continue
        if n - answers > MOST_ANSWERS:
            return None
        found = bounds(schedule, look)
        counts = counts.posterior_after(n, low=n - found.failures[-1], high=found.passes[-1])
        if 1.0 - counts.chance >= chance:
            return n - answers
    raise AssertionError("looks have no end")
