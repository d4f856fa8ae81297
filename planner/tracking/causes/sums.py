"""Columns of a table added up by what they belong to."""

from collections.abc import Sequence

import numpy as np

from planner.units import FloatArray, IntArray


def summed(values: FloatArray, places: IntArray | Sequence[int], n: int) -> FloatArray:
    """values, (M, S, ...), with the columns of one place added up, (M, n, ...). places: (S,), each below n."""
    found = np.zeros((n, len(values), *values.shape[2:]))
    np.add.at(found, np.asarray(places, dtype=np.int64), values.swapaxes(0, 1))
    return np.ascontiguousarray(found.swapaxes(0, 1))
