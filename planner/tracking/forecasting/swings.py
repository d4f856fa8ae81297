"""Jointly normal swings, conditioned on months that were seen: weights of the paths, and each path moved.

With x the swing of a path over all months, prior N(m, C), and H x + base = what was seen of it, up to errors N(0, T):

    log w = log N(seen - base; H m, H C H' + T)                     x is integrated out: only the base is weighed
    x    += C H' (H C H' + T)^-1 (seen - base - H x - e)            Matheron's rule, e an own draw of the errors

The first says how well the rest of a path (its events, who has left, its levers) explains what was seen, the second
turns a draw of x from the prior into one from the posterior.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from planner.tracking.forecasting.plan_paths import LEAST_LOG_SD, PlanPaths
from planner.tracking.forecasting.small_products import product
from planner.tracking.observed import Observed
from planner.units import FloatArray, IntArray

IMPOSSIBLE: Final = 50.0
"""Log weight that a path loses by a month of use where it has none, or of none where it has use."""

_WIDEST_LOG_SD: Final = 2.0

_JITTER: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen, in log dollars: values, shape (n_seen,), each of row `rows` of a base.

    which: shape (n_seen, 2 n_months), H. noise: covariance of the errors. impossible: of every path, how many months of
    use it lacks or has without, shape (n_paths,).
    """

    values: FloatArray
    rows: IntArray
    which: FloatArray
    noise: FloatArray
    impossible: IntArray


def is_told(item: Observed) -> bool:
    """Whether what was seen of a month says anything of the whole of it: to better than a factor of seven."""
    return isfinite(item.scale) and item.scale_log_sd <= _WIDEST_LOG_SD


def seen_of(observed: Sequence[Observed], paths: PlanPaths) -> Seen:
    """The months that were seen, as logs: volume and list cost where requests are counted, else list cost alone."""
    n, values, rows, scatter = paths.n_months, [], [], []
    impossible = np.zeros(paths.n_paths, dtype=np.int64)
    for item in observed:
        has_use, sd = item.signing_usd > 0, item.scale_log_sd
        if has_use or item.is_closed:
            impossible += np.isfinite(paths.base[n + item.month]) != has_use
        if not has_use or not is_told(item):
            continue
        if item.volume_usd is not None and item.volume_usd > 0:
            values.append(item.volume_usd * item.scale)
            rows.append(item.month)
            scatter.append((item.month, sd))
        values.append(item.signing_usd * item.scale)
        rows.append(n + item.month)
        scatter.append((item.month, sd))
    which = np.zeros((len(rows), 2 * n))
    for number, row in enumerate(rows):
        which[number, [row % n, row]] = 1.0
    return Seen(
        values=np.log(np.array(values)),
        rows=np.array(rows, dtype=np.int64),
        which=which,
        # volume and list cost of a month are scaled alike, so that they are wrong by the same
        noise=np.array([[a[1] * b[1] * (a[0] == b[0]) for b in scatter] for a in scatter]).reshape(
            len(rows), len(rows)
        ),
        impossible=impossible,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """What standard deviations of a plan are multiplied by.

    level: of the level of volume; volume: of its walk and noise; cost: of what no plan models of the cost of a request.
    """

    level: float = 1.0
    volume: float = 1.0
    cost: float = 1.0

    @property
    def factors(self) -> FloatArray:
        """All three, in the order of a plan's wander."""
        return np.array([self.level, self.volume, self.cost])

    @property
    def is_none(self) -> bool:
        """Whether the plan is taken as it was signed."""
        return bool((self.factors == 1.0).all())

    def added(self, wander: FloatArray) -> FloatArray:
        """The covariance that comes to a plan's."""
        found: FloatArray = np.tensordot(self.factors**2 - 1.0, wander, 1)
        return found


AS_SIGNED: Final = Widening()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A plan's swings beside what was seen.

    mean, covariance: of the swing, widened. errors: T, with what keeps the covariance of what was seen from being
    singular. misses: seen - base - H m, shape (n_seen, n_paths). squares: chi squared of every path; log_likelihood: of
    what was seen, over all paths.
    """

    seen: Seen
    widening: Widening
    mean: FloatArray
    covariance: FloatArray
    errors: FloatArray
    misses: FloatArray
    squares: FloatArray
    log_weights: FloatArray
    log_likelihood: float


def fit(paths: PlanPaths, seen: Seen, widening: Widening = AS_SIGNED, *, every: int = 1) -> Fit:
    """How well each path explains what was seen, its swing integrated out. every: of so many paths one is looked at."""
    added = widening.added(paths.wander)
    # expected volume and cost stay
    mean, covariance = paths.mean - np.diag(added) / 2, paths.covariance + added
    of_seen = seen.which @ covariance @ seen.which.T
    errors = seen.noise + _floor(of_seen + seen.noise, LEAST_LOG_SD**2)
    root = np.linalg.cholesky(of_seen + errors + _JITTER * np.eye(len(errors)))
    base = paths.base[seen.rows, ::every]
    misses = np.where(np.isfinite(base), seen.values[:, None] - base - (seen.which @ mean)[:, None], 0.0)
    inverse = solve_triangular(root, np.eye(len(root)), lower=True)
    squares = np.square(product(inverse, misses)).sum(axis=0)
    log_weights = -squares / 2 - IMPOSSIBLE * seen.impossible[::every]
    return Fit(
        seen=seen,
        widening=widening,
        mean=mean,
        covariance=covariance,
        errors=errors,
        misses=misses,
        squares=squares,
        log_weights=log_weights,
        log_likelihood=float(np.logaddexp.reduce(log_weights) - np.log(np.diag(root)).sum()),
    )


def total_swing(
    found: Fit, paths: PlanPaths, ancestors: IntArray, donors: IntArray, months: range, rng: np.random.Generator
) -> FloatArray:
    """z + y of some months given what was seen, (len(months), n_paths): each donor's swing on its ancestor's base."""
    n, seen = paths.n_months, found.seen
    draws = paths.swing if paths.whole.all() else paths.swing[:, donors]
    swing = draws if found.widening.is_none else _widened(draws, found, paths, rng)
    rows = slice(months.start, months.stop)
    total: FloatArray = swing[:n][rows] + swing[n:][rows]
    if not seen.values.size:
        return total
    of_seen = seen.which @ found.covariance @ seen.which.T + found.errors
    across = found.covariance[:n][rows] + found.covariance[n:][rows]
    gain = cho_solve(cho_factor(of_seen + _JITTER * np.eye(len(of_seen))), (across @ seen.which.T).T).T
    drawn = _of_rows(swing, seen, n) - (seen.which @ found.mean)[:, None]
    if found.errors.any():
        values, vectors = np.linalg.eigh(found.errors)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        drawn = drawn + product(root, rng.standard_normal((len(root), paths.n_paths)))
    total += product(gain, found.misses.take(ancestors, axis=1) - drawn)
    return total


def _widened(draws: FloatArray, found: Fit, paths: PlanPaths, rng: np.random.Generator) -> FloatArray:
    """Swings with what the widening adds drawn beside them."""
    values, vectors = np.linalg.eigh(found.widening.added(paths.wander))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    swing: FloatArray = draws + (found.mean - paths.mean)[:, None] + product(root, rng.standard_normal(draws.shape))
    return swing


def _of_rows(swing: FloatArray, seen: Seen, n: int) -> FloatArray:
    """H x: z of a row of volume, z + y of one of list cost."""
    found: FloatArray = swing[seen.rows % n]
    of_cost = seen.rows >= n
    found[of_cost] += swing[seen.rows[of_cost]]
    return found


def _floor(covariance: FloatArray, least: float) -> FloatArray:
    """What has to be added so that no direction of a covariance has less variance than this."""
    if not len(covariance):
        return covariance
    values, vectors = np.linalg.eigh(covariance)
    found: FloatArray = (vectors * np.maximum(least - values, 0.0)) @ vectors.T
    return found
