"""What a schedule of looks does to a model of a known pass rate: how often it passes, and after how many answers."""

from dataclasses import dataclass

import numpy as np

from planner.evidence.looks import Schedule, bounds
from planner.evidence.open_counts import OpenCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """Chances that the question is settled either way by the last of the looks, and the mean number of answers.

    Answers are graded from look to look until one settles it. expected_answers: mean, at most those of the last look.
    """

    passes: float
    fails: float
    expected_answers: float

    @property
    def undecided(self) -> float:
        """Chance that the last look leaves it open."""
        return max(1.0 - self.passes - self.fails, 0.0)


def operating(rate: float, schedule: Schedule, *, doublings: int = 0) -> Operating:
    """What becomes of a model that passes so large a share of all requests. doublings: looks after the planned ones."""
    looks = schedule.looks + doublings
    found, open_counts = bounds(schedule, looks), OpenCounts()
    passes = fails = expected = 0.0
    for n, high, failures in zip(found.answers, found.passes, found.failures, strict=True):
        expected += (n - open_counts.answers) * open_counts.chance
        open_counts = open_counts.after(n, rate)
        counts = open_counts.low + np.arange(len(open_counts.weights))
        passes += float(open_counts.weights[counts >= high].sum())
        fails += float(open_counts.weights[counts <= n - failures].sum())
        open_counts = open_counts.between(n - failures, high)
    return Operating(passes=passes, fails=fails, expected_answers=expected)


def pass_probability(rate: float, schedule: Schedule) -> float:
    """Chance that a model of this pass rate passes within the planned answers."""
    return operating(rate, schedule).passes
