"""Random streams: one per driver and block of paths, so that editing one driver leaves the draws of all others alone.

NumPy promises the same stream for the same seed on one machine and version; elsewhere results agree within their
standard errors.
"""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from planner.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStreams:
    """The random numbers of one block of `size` paths."""

    seed: int
    block: int
    size: int

    def generator(self, driver: str) -> np.random.Generator:
        """The child stream of a driver named for what it moves, such as 'growth'."""
        words = np.frombuffer(sha256(driver.encode()).digest()[:16], dtype="<u4")
        sequence = np.random.SeedSequence(self.seed, spawn_key=(*(int(word) for word in words), self.block))
        return np.random.Generator(np.random.SFC64(sequence))

    def normal(self, driver: str, *shape: int) -> FloatArray:
        """Standard normal draws of shape (*shape, size)."""
        return self.generator(driver).standard_normal((*shape, self.size))
