"""A convex function of one number, minimised from its values alone, to half a cent and provably so.

The line through two evaluated points bounds a convex function from below everywhere outside them. The search evaluates
where these bounds are lowest, and in turns where the parabola through the best three points is, and stops when the best
value is within half a cent of the lowest bound.
"""

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Final

from planner.units import HALF_CENT_USD

MOST_STEPS: Final = 100
"""Evaluations after which a search ends, proven or not."""

_CENT_USD: Final = 2 * HALF_CENT_USD
_ROUNDING: Final = 1e-12


@dataclass(slots=True)
class Curve:
    """A convex function known at some points, and what that says about it between them."""

    value: Callable[[float], float]
    points: list[tuple[float, float]] = field(default_factory=list)

    def add(self, *at: float) -> None:
        """Evaluate at more points."""
        for x in at:
            if all(x != known for known, _ in self.points):
                insort(self.points, (x, self.value(x)))

    @property
    def best(self) -> tuple[float, float]:
        """(point, value) where the value is least."""
        return min(self.points, key=lambda point: (point[1], point[0]))

    def lowest_bound(self) -> tuple[float, float]:
        """(lower bound of the function over all stretches between its points, where it is reached)."""
        return min((self._bound(i) for i in range(len(self.points) - 1)), default=self.best[::-1])

    def _bound(self, i: int) -> tuple[float, float]:
        (x0, y0), (x1, y1) = self.points[i], self.points[i + 1]
        width = x1 - x0
        if width <= _CENT_USD:
            return min((y0, x0), (y1, x1))
        left = self.slope(i - 1) if i > 0 else -inf
        right = self.slope(i + 1) if i + 2 < len(self.points) else inf
        if left >= 0 or right <= 0:
            return (y0, x0) if left >= 0 else (y1, x1)
        # where the lines from both sides meet, kept a little off the ends
        chord = (y1 - y0) / width
        share = (right - chord) / (right - left) if right > left else 0.5
        return y0 + left * share * width, x0 + min(max(share, 0.02), 0.98) * width

    def slope(self, i: int) -> float:
        """Slope of the line from point i to the next."""
        (x0, y0), (x1, y1) = self.points[i], self.points[i + 1]
        return (y1 - y0) / (x1 - x0)

    def parabola(self) -> float | None:
        """Where the parabola through the best point and its neighbours is lowest; None where there is none."""
        at = self.points.index(self.best)
        if not 0 < at < len(self.points) - 1:
            return None
        (x0, y0), (x1, y1), (x2, y2) = self.points[at - 1 : at + 2]
        before, after = (y0 - y1) * (x2 - x1), (y2 - y1) * (x1 - x0)
        if before + after <= 0:
            return None
        return x1 + 0.5 * (before * (x2 - x1) - after * (x1 - x0)) / (before + after)

    def minimise(self) -> float:
        """Evaluate until the best is within half a cent of the bound; returns where it is."""
        for step in range(MOST_STEPS):
            bound, at = self.lowest_bound()
            if self.best[1] - bound <= HALF_CENT_USD:
                break
            tried = self.parabola() if step % 2 else None
            self.add(at if tried is None or self._is_near(tried) else tried)
        at = self.best[0]
        level = self.best[1] + _ROUNDING * abs(self.best[1])
        above = max((known for known, y in self.points if known < at and y > level), default=at)
        return lowest_equal(self.value, above, at)

    def _is_near(self, x: float) -> bool:
        return min(abs(x - known) for known, _ in self.points) <= _CENT_USD


def lowest_equal(value: Callable[[float], float], low: float, at: float) -> float:
    """The lowest point in (low, at], to the cent, down to which a function is level with what it is at `at`."""
    least = value(at)
    level, probe = least + _ROUNDING * abs(least), at - _CENT_USD
    while low < probe:
        if value(probe) > level:
            low = probe
        else:
            at = probe
        probe = (low + at) / 2.0 if at - low > _CENT_USD else low
    return at
