"""Shapley's value of factors that are each as planned or as they were, from every combination of them."""

from itertools import product
from math import factorial

import numpy as np

from planner.units import FloatArray


def shapley(values: FloatArray) -> FloatArray:
    """Each factor's step on average over all orders in which they could change, shape (M, n).

    values: (M, 2, 2, ... n times), 0 as planned and 1 as it was. The steps of a row add up to the last less the first:
    step(i) = sum over S without i of |S|! (n - |S| - 1)! / n! * (f(S + i) - f(S)).
    """
    n = values.ndim - 1
    weights = [factorial(size) * factorial(n - size - 1) / factorial(n) for size in range(n)]
    of = np.array([weights[sum(others)] for others in product((0, 1), repeat=n - 1)])
    steps = [
        (values.take(1, axis=1 + i) - values.take(0, axis=1 + i)).reshape(len(values), of.size) @ of for i in range(n)
    ]
    return np.stack(steps, axis=1) if steps else np.zeros((len(values), 0))
