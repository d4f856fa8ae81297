"""Random streams: one per driver and block of paths, so that editing one driver leaves the draws of all others alone.

Paths come in 16 independent randomisations ("replicates"), interleaved: path j belongs to replicate j mod 16, and the
scatter of a figure over the replicates is its standard error. Inside a replicate a driver that is one number a path is
not drawn plainly but spread evenly: the few that carry most of the variance of spend are the dimensions of one randomly
shifted lattice, every other is stratified by itself (Latin hypercube). Both leave every expectation as it is and make
the estimates sharper (docs/method.md, "Precision"). What is many numbers a path (the own walk of every type) is drawn
plainly.

NumPy promises the same stream for the same seed on one machine and version; elsewhere results agree within their
standard errors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from math import sqrt
from typing import Final

import numpy as np
from scipy.special import ndtr, ndtri

from planner.units import FloatArray, IntArray

PATHS_PER_BLOCK: Final = 8192
"""Paths that are simulated together: what fits the processor's cache."""

REPLICATES: Final = 16

_LATTICE_BITS: Final = 20
_SPEND: Final = "spend"

_GENERATING_VECTOR: Final = (1, 182667, 469891, 498753, 110745, 446247, 250185, 118627)
"""The lattice sequence in base 2 of Cools, Kuo and Nuyens, "Constructing embedded lattice rules for multivariate
integration", SIAM J. Sci. Comput. 28 (2006), made for its projections on two dimensions."""

_DIMENSIONS: Final = {
    _SPEND: 0,
    "price moves, opus": 1,
    "largest leaves": 2,
    "price moves, sonnet": 3,
    "walk and noise, direction 2": 4,
    "walk and noise, direction 3": 5,
    "price moves, haiku": 6,
}
"""The drivers that share the lattice, by their dimension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStreams:
    """The random numbers of one block of `size` paths; path 0 of block b is path b x PATHS_PER_BLOCK of all.

    leverage: driver -> what one standard deviation of it does to the log of the spend aimed at, for drivers that move
    all of it; together they make the direction that is spread most evenly. is_steered: whether a driver that is one
    number a path is evenly spread; plain draws are for comparison. scores: filled as drivers are drawn: the uniform
    score in (0, 1) of every driver that is one number a path.
    """

    seed: int
    block: int
    size: int
    leverage: Mapping[str, float] = field(default_factory=dict)
    is_steered: bool = True
    scores: dict[str, FloatArray] = field(default_factory=dict)

    def generator(self, driver: str) -> np.random.Generator:
        """The child stream of a driver named for what it moves, such as 'growth'."""
        return np.random.Generator(np.random.SFC64(self._sequence(driver, self.block)))

    def score(self, driver: str, dimension: int | None = None) -> FloatArray:
        """One number a path, uniform in (0, 1) and evenly spread inside every replicate, shape (size,).

        dimension: of the lattice; by default the driver's own, if it has one.
        """
        if driver not in self.scores:
            if driver in self.leverage and self.is_steered:
                self.scores.update({name: ndtr(z) for name, z in self._rotated().items()})
            else:
                self.scores[driver] = self._spread(driver, dimension)
        return self.scores[driver]

    def normal(self, driver: str, *shape: int) -> FloatArray:
        """Standard normal draws of shape (*shape, size); a driver that is one number a path is evenly spread."""
        if not shape:
            return ndtri(self.score(driver))
        return self.generator(driver).standard_normal((*shape, self.size))

    def _rotated(self) -> dict[str, FloatArray]:
        """Normals of the drivers with leverage: z + q (y - q'z), q their direction and y spread most evenly."""
        drawn = {name: ndtri(self._spread(name)) for name in self.leverage}
        length = sqrt(sum(weight**2 for weight in self.leverage.values()))
        if length == 0.0:
            return drawn
        along = sum((weight / length * drawn[name] for name, weight in self.leverage.items()), start=np.zeros(1))
        miss = ndtri(self._spread(_SPEND)) - along
        return {name: z + self.leverage[name] / length * miss for name, z in drawn.items()}

    def _spread(self, driver: str, dimension: int | None = None) -> FloatArray:
        dimension = _DIMENSIONS.get(driver) if dimension is None else dimension
        if not self.is_steered:
            return _inside(self.generator(driver).random(self.size))
        return self._stratified(driver) if dimension is None else self._lattice(driver, _GENERATING_VECTOR[dimension])

    def _lattice(self, driver: str, generator: int) -> FloatArray:
        first = self.block * (PATHS_PER_BLOCK // REPLICATES)
        points = _points(first, -(-self.size // REPLICATES), generator)
        # the shift belongs to the driver and the replicate, not to the block: the lattice goes on from block to block
        shifts = np.random.Generator(np.random.SFC64(self._sequence(driver))).random(REPLICATES)
        found = np.add.outer(points, shifts).ravel()[: self.size]
        found -= found >= 1.0
        # folded, the two ends meet, so that no gap of the shifted points is left at either of them
        return _inside(1.0 - np.abs(2.0 * found - 1.0))

    def _stratified(self, driver: str) -> FloatArray:
        """Each replicate has one path in each of its strata, in random order."""
        draw, n = self.generator(driver), -(-self.size // REPLICATES)
        strata = draw.permuted(np.tile(np.arange(n, dtype=np.float64), (REPLICATES, 1)), axis=1)
        found = (strata + draw.random((REPLICATES, n))) / n
        return _inside(found.T.ravel()[: self.size])

    def _sequence(self, driver: str, *block: int) -> np.random.SeedSequence:
        return np.random.SeedSequence(self.seed, spawn_key=(*_words(driver), *block))


def _inside(scores: FloatArray) -> FloatArray:
    """Scores kept off the ends of (0, 1), where a normal is infinite; in place."""
    np.maximum(scores, 2.0**-53, out=scores)
    return np.minimum(scores, 1.0 - 2.0**-53, out=scores)


@lru_cache(maxsize=1024)
def _words(driver: str) -> tuple[int, ...]:
    return tuple(int(word) for word in np.frombuffer(sha256(driver.encode()).digest()[:16], dtype="<u4"))


@lru_cache(maxsize=4096)
def _points(first: int, n: int, generator: int) -> FloatArray:
    """Points first .. first + n - 1 of one dimension of the lattice sequence, before its shift; shape (n,)."""
    index = np.arange(first, first + n, dtype=np.int64)
    reversed_bits: IntArray = np.zeros_like(index)
    for bit in range(_LATTICE_BITS):
        reversed_bits |= ((index >> bit) & 1) << (_LATTICE_BITS - 1 - bit)
    points: FloatArray = (reversed_bits * generator % 2**_LATTICE_BITS) / 2.0**_LATTICE_BITS
    points.flags.writeable = False
    return points
