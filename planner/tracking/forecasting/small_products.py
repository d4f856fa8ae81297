"""Products of a small matrix with many columns, on one thread."""

from typing import Final

import numpy as np

from planner.units import FloatArray

_ONE_THREAD: Final = 200_000
"""Multiplications up to which linear algebra stays on one thread."""


def product(matrix: FloatArray, columns: FloatArray) -> FloatArray:
    """matrix @ columns, in parts that are too small to be spread over threads: these wait longer than they work."""
    found = np.empty((len(matrix), columns.shape[1]))
    width = max(_ONE_THREAD // max(matrix.size, 1), 1)
    for first in range(0, columns.shape[1], width):
        found[:, first : first + width] = matrix @ columns[:, first : first + width]
    return found
