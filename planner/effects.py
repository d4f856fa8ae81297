"""Effects: the variance of figures split over uncertain inputs, from paths already drawn.

Each input left its score, uniform in (0, 1) and monotone in the input, on every path. With independent inputs a figure
Y splits into effects of one input, of pairs, and so on (Hoeffding 1948; Sobol 1993):

    first-order index of i = V_i / Var Y, V_i = Var E[Y | u_i];  total index of i = (V_i + sum over j of V_ij) / Var Y.

V_i is read off fine bins of u_i by their cosine transform, as Plischke (2010, "EASI") does off the sorted sample, so
that steps (an event that happens or not) keep their variance. V_ij is what is left when the effects of single inputs
are taken out, projected on products of a few functions of each input: its own effects on the figures, which catches
products of inputs, and the lowest cosines. A squared coefficient is too large by its noise, so squares are products of
different replicates: unbiased, and near zero, not positive, for an input without effect. What is taken out of one half
of the replicates was fitted on the other half: fitted on itself, it would take noise along and bias every index down.

What needs three inputs at once, or detail in two inputs that the few functions miss, cannot be told from noise in
paths that were drawn once: it is in no index, so a total is a lower bound, and `unexplained` holds the rest along with
whatever is drawn but not listed (the own noise of every type). Inputs that share a draw would be counted twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from planner.risk import Estimate
from planner.streams import REPLICATES
from planner.units import FloatArray, IntArray

HALF: Final = REPLICATES // 2
_HALVES: Final = (slice(0, HALF), slice(HALF, REPLICATES))

_MOST_BINS: Final = 128
_PATHS_PER_BIN: Final = 32
_MOST_FUNCTIONS: Final = 96
_MOST_FUNCTIONS_PER_INPUT: Final = 8
_SEEN: Final = 2.0
# An index below this many of its standard errors is reported as 0: the paths cannot tell it from nothing.
_FITTED: Final = 4.0
# A coefficient below this many standard errors is left out of an input's fitted effect (not out of its index).
_NEW_DIRECTION: Final = 0.1
_CONSTANT: Final = 1e-9
# Relative range below which a figure is the same on every path, but for rounding.


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """Shares of a figure's variance: of one input alone, and with its interactions in pairs. 0 where none is seen."""

    first_order: Estimate
    total: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureEffects:
    """What the inputs do to one figure.

    indices: one per input, None where the figure is the same on every path; unexplained: the share of variance that
    no index holds. effects: each input's effect by even bins of its score, fitted on the other half, for the paths of
    replicates 0 to 7 and of 8 to 15, (2, n_inputs, n_bins), in the figure's unit. rest: the figure less its mean and
    every input's effect, (n_paths,).
    """

    mean: Estimate
    indices: tuple[Indices, ...] | None
    unexplained: Estimate | None
    effects: FloatArray
    rest: FloatArray

    def net_of_others(self, i: int, score: FloatArray, paths: IntArray) -> FloatArray:
        """The figure on some paths with the effects of all inputs but i taken out; score: of input i on those paths."""
        bins = self.effects.shape[2]
        half = (paths % REPLICATES) // HALF
        own = self.effects[half, i, np.minimum(score * bins, bins - 1).astype(np.int64)]
        net: FloatArray = self.mean.mean + self.rest[paths] + own
        return net


def split_effects(scores: Sequence[FloatArray], figures: Sequence[FloatArray]) -> tuple[FigureEffects, ...]:
    """Split the variance of every figure over the inputs.

    scores: per input, shape (n_paths,), uniform in (0, 1), independent between inputs. figures: each (n_paths,), any
    unit. n_paths is a multiple of 16, path j in replicate j mod 16. Deterministic.
    """
    cells = _Cells.of(scores)
    values = [_by_replicate(figure) for figure in figures]
    singles = [_single_effects(cells, value - value.mean()) for value in values]
    functions = _functions(cells, np.stack([single.fitted.mean(axis=0) for single in singles], axis=1))
    pairs = _pair_effects(cells, functions, [single.rest for single in singles])
    return tuple(map(_figure_effects, values, singles, pairs))


def jackknife_se(without: FloatArray) -> FloatArray:
    """Standard error of an estimate from the estimates that leave one replicate out each, (REPLICATES, ...)."""
    n = len(without)
    return np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))


def _by_replicate(values: FloatArray) -> FloatArray:
    """(n_paths,) interleaved to (REPLICATES, n_paths / REPLICATES)."""
    return np.ascontiguousarray(values.reshape(-1, REPLICATES).T)


@lru_cache(maxsize=8)
def _cosines(bins: int) -> FloatArray:
    """sqrt(2) cos(m pi u) at the middle of each bin, orthonormal over bins, shape (bins, m = 1 .. bins - 1)."""
    middle = (np.arange(bins) + 0.5) / bins
    found: FloatArray = np.sqrt(2.0) * np.cos(np.pi * np.outer(middle, np.arange(1, bins)))
    found.flags.writeable = False
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """Where every path lies: cell[i, r, t] = r * bins + the bin of score i on path t of replicate r."""

    bins: int
    cell: IntArray

    @classmethod
    def of(cls, scores: Sequence[FloatArray]) -> "_Cells":
        n = scores[0].size
        # A power of two, so that evenly spread paths fall evenly into the bins.
        bins = int(np.clip(2 ** int(np.log2(n / _PATHS_PER_BIN)), 8, _MOST_BINS))
        first = bins * np.arange(REPLICATES)[:, None]
        cell = np.empty((len(scores), REPLICATES, n // REPLICATES), dtype=np.int64)
        for i, score in enumerate(scores):
            np.minimum(_by_replicate(score) * bins, bins - 1, out=cell[i], casting="unsafe")
            cell[i] += first
        return cls(bins=bins, cell=cell)

    def coefficients(self, figure: FloatArray) -> FloatArray:
        """Mean of figure times cosine in every replicate, (REPLICATES, n_inputs, bins - 1); figure as _by_replicate."""
        size = REPLICATES * self.bins
        sums = np.stack([np.bincount(cell.ravel(), figure.ravel(), size) for cell in self.cell], axis=0)
        found = sums.reshape(-1, REPLICATES, self.bins) @ _cosines(self.bins) / figure.shape[1]
        return found.swapaxes(0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Single:
    """Effects of single inputs on one figure.

    coefficients: (REPLICATES, n_inputs, bins - 1). fitted: those of them that stand out from noise in the other half,
    (2, n_inputs, bins - 1). rest: the figure less all fitted effects, by replicate.
    """

    coefficients: FloatArray
    fitted: FloatArray
    rest: FloatArray


def _single_effects(cells: _Cells, figure: FloatArray) -> _Single:
    """Project a centred figure twice: what all inputs' effects, fitted on the other half, leave is projected again.

    So the noise of one input's effect is not that of the whole figure but only of what no input explains.
    """
    once = cells.coefficients(figure)
    fitted = np.stack([_standing_out(once[half]) for half in reversed(_HALVES)])
    rest = figure.copy()
    for i, tables in enumerate((fitted @ _cosines(cells.bins).T).swapaxes(0, 1)):
        rest -= np.repeat(tables, HALF, axis=0).ravel()[cells.cell[i]]
    again = cells.coefficients(rest)
    for half, known in zip(_HALVES, fitted, strict=True):
        again[half] += known
    return _Single(coefficients=again, fitted=fitted, rest=rest)


def _standing_out(coefficients: FloatArray) -> FloatArray:
    """Mean over replicates (first axis), 0 where it is within noise."""
    mean, se = coefficients.mean(axis=0), coefficients.std(axis=0, ddof=1) / np.sqrt(len(coefficients))
    return np.where(np.abs(mean) > _FITTED * se, mean, 0.0)


def _functions(cells: _Cells, fitted: FloatArray) -> list[FloatArray]:
    """Functions of each input to take products of, orthonormal over bins, each (bins, n_functions).

    fitted: (n_inputs, n_figures, bins - 1). The fewer inputs, the more functions each.
    """
    size = cells.bins - 1
    count = int(np.clip(_MOST_FUNCTIONS // len(fitted), 1, min(_MOST_FUNCTIONS_PER_INPUT, size)))
    return [_cosines(cells.bins) @ _orthonormal([*own, *np.eye(size)], count).T for own in fitted]


def _orthonormal(candidates: Sequence[FloatArray], count: int) -> FloatArray:
    """The first `count` directions among the candidates that are new, (count, size)."""
    found = np.zeros((0, candidates[0].size))
    for candidate in candidates:
        new = candidate - found.T @ (found @ candidate)
        length = np.linalg.norm(new)
        if length > _NEW_DIRECTION * np.linalg.norm(candidate):
            found = np.vstack([found, new / length])
        if len(found) == count:
            break
    return found


def _pair_effects(cells: _Cells, functions: Sequence[FloatArray], rests: Sequence[FloatArray]) -> list[FloatArray]:
    """Mean of each rest times every product of two functions, per replicate.

    Each is (REPLICATES, n_inputs, n_functions, n_inputs, n_functions). Single precision: the noise of a coefficient
    is far above its rounding, and the products are most of the work.
    """
    n_inputs, count = len(functions), functions[0].shape[1]
    width, paths = n_inputs * count, rests[0].shape[1]
    tables = [table.astype(np.float32) for table in functions]
    scales = [float(np.abs(rest).max()) or 1.0 for rest in rests]
    scaled = [(rest / scale).astype(np.float32)[:, :, None] for rest, scale in zip(rests, scales, strict=True)]
    found = [np.empty((REPLICATES, width, width), dtype=np.float32) for _ in rests]
    values: NDArray[np.float32] = np.empty((paths, width), dtype=np.float32)
    for r in range(REPLICATES):
        for i, table in enumerate(tables):
            values[:, i * count : (i + 1) * count] = table[cells.cell[i, r] - r * cells.bins]
        for rest, products in zip(scaled, found, strict=True):
            np.matmul(values.T, values * rest[r], out=products[r])
    return [
        products.astype(np.float64).reshape(REPLICATES, n_inputs, count, n_inputs, count) * (scale / paths)
        for products, scale in zip(found, scales, strict=True)
    ]


def _figure_effects(figure: FloatArray, single: _Single, pairs: FloatArray) -> FigureEffects:
    """Indices with standard errors by leaving out one replicate at a time; in every array row 0 leaves out none."""
    means, bins = figure.mean(axis=1), single.fitted.shape[2] + 1
    known = FigureEffects(
        mean=Estimate(mean=float(means.mean()), se=float(means.std(ddof=1) / np.sqrt(REPLICATES))),
        indices=None,
        unexplained=None,
        effects=single.fitted @ _cosines(bins).T,
        rest=single.rest.T.ravel(),
    )
    if np.ptp(figure) <= _CONSTANT * np.abs(figure).max():
        return known
    variance = _variances(figure)
    alone = _squares(single.coefficients).sum(axis=-1) / variance[:, None]
    by_pair = _squares(pairs).sum(axis=(2, 4)) / variance[:, None, None]
    by_pair[:, *np.diag_indices(by_pair.shape[1])] = 0.0
    with_others = by_pair.sum(axis=2)
    unexplained = 1.0 - alone.sum(axis=1) - with_others.sum(axis=1) / 2
    share = Estimate(mean=float(np.clip(unexplained[0], 0.0, 1.0)), se=float(jackknife_se(unexplained[1:])))
    return replace(known, indices=_indices(alone, with_others), unexplained=share)


def _indices(alone: FloatArray, with_others: FloatArray) -> tuple[Indices, ...]:
    errors = jackknife_se(alone[1:]), jackknife_se(with_others[1:]), jackknife_se((alone + with_others)[1:])
    first = np.where(alone[0] > _SEEN * errors[0], alone[0], 0.0)
    total = first + np.where(with_others[0] > _SEEN * errors[1], with_others[0], 0.0)
    return tuple(
        Indices(
            first_order=Estimate(mean=float(first[i]), se=float(errors[0][i])),
            total=Estimate(mean=float(total[i]), se=float(errors[2][i])),
        )
        for i in range(first.size)
    )


def _variances(figure: FloatArray) -> FloatArray:
    """Variance over all replicates, then with each left out, (1 + REPLICATES,)."""
    centred = figure - figure.mean()
    one, two = centred.mean(axis=1), (centred**2).mean(axis=1)
    without_one, without_two = (one.sum() - one) / (REPLICATES - 1), (two.sum() - two) / (REPLICATES - 1)
    return np.concatenate([[two.mean()], without_two - without_one**2])


def _squares(coefficients: FloatArray) -> FloatArray:
    """The squared expectation of coefficients (REPLICATES, ...) from products of different replicates of one half.

    Unbiased. Row 0 uses all replicates, the others leave one out, (1 + REPLICATES, ...).
    """
    whole, without = zip(*(_squares_of_half(coefficients[half]) for half in _HALVES), strict=True)
    rows = [without[0] + whole[1], whole[0] + without[1]]
    return np.concatenate([(whole[0] + whole[1])[None], *rows]) / 2


def _squares_of_half(coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, own = len(coefficients), coefficients**2
    total, squares = coefficients.sum(axis=0), own.sum(axis=0)
    without = ((total - coefficients) ** 2 - (squares - own)) / ((n - 1) * (n - 2))
    return (total**2 - squares) / (n * (n - 1)), without
