"""Drivers: which uncertain inputs move annual spend, shortfall cost and the best commitment, from paths already drawn.

Two views, side by side. Shares of variance (planner.effects) say which input the doubt about spend comes from. The
tornado says what an input at its P10 and at its P90 would mean in dollars: expected spend there, and the commitment
that would be best if that were known. No path is drawn for either: the paths whose score lies near 0.1 or 0.9 are
the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import numpy as np

from planner.effects import HALF, FigureEffects, Indices, jackknife_se, split_effects
from planner.errors import InputError
from planner.risk import Estimate
from planner.streams import REPLICATES
from planner.units import FloatArray, IntArray

FEWEST_PATHS: Final = 512
"""With fewer, each replicate has less than 32 paths, and an index is luck."""

MOST_PATHS: Final = 32_768
"""More would cost more than it tells: at this number the standard error of an index is near 0.003."""

ENDS: Final = (0.1, 0.9)

_HALF_WINDOW: Final = 0.04
_ERROR_FROM_INPUTS: Final = 8

BestCommit = Callable[[IntArray], float]
"""The best commitment, USD a year, if only the paths with these indices could happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """What one uncertain input does; None where the paths are too few or a figure is the same on all.

    spend, shortfall: shares of the variance of annual spend and of shortfall cost. spend_at_p10_usd: expected annual
    spend where the input's score is 0.1, and commit_at_p10_usd the best commitment if that were known.
    """

    name: str
    spend: Indices | None = None
    shortfall: Indices | None = None
    spend_at_p10_usd: Estimate | None = None
    spend_at_p90_usd: Estimate | None = None
    commit_at_p10_usd: float | None = None
    commit_at_p90_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drivers:
    """All inputs by total index of annual spend, the largest first, and what of the variance they leave unexplained.

    commit_usd: the best commitment while nothing is known. commit_se_usd: the typical standard error of the
    commitments at P10 and P90. paths: how many were used.
    """

    inputs: tuple[Driver, ...]
    paths: int
    spend_usd: Estimate | None = None
    commit_usd: float | None = None
    commit_se_usd: float | None = None
    spend_unexplained: Estimate | None = None
    shortfall_unexplained: Estimate | None = None
    warnings: tuple[str, ...] = ()


def drivers(
    scores: Mapping[str, FloatArray], spend_usd: FloatArray, shortfall_usd: FloatArray, best_commit: BestCommit
) -> Drivers:
    """What drives annual spend, shortfall cost and the best commitment.

    scores: per uncertain input its score on every path or on the first of them, uniform in (0, 1), independent
    between inputs. spend_usd, shortfall_usd: shape (n_paths,), USD. best_commit is called twice per input, four times
    more for the first eight, and once on all paths. At most the first 32,768 paths are used, in whole rounds of the 16
    replicates: they must be spread like all of them. Fewer than 512 tell nothing: every figure is None, with a warning.
    Errors: InputError for a value that is not finite, a score outside [0, 1], arrays that do not fit each other.
    """
    names = sorted(scores)  # so that the order in which inputs come cannot change a figure
    paths = _paths_in_common(scores, spend_usd, shortfall_usd)
    n = paths - paths % REPLICATES
    used = [_checked(f"score of {name}", scores[name][:n], least=0.0, most=1.0) for name in names]
    figures = _checked("annual spend", spend_usd[:n]), _checked("shortfall cost", shortfall_usd[:n])
    if n < FEWEST_PATHS or not names:
        return _nothing_known(names, paths)
    spend, shortfall = split_effects(used, figures)
    near = [tuple(np.flatnonzero(np.abs(score - end) < _HALF_WINDOW) for end in ENDS) for score in used]
    means = [[_mean_near(spend, i, used[i], window) for window in windows] for i, windows in enumerate(near)]
    commits = [[best_commit(window) if window.size else None for window in windows] for windows in near]
    found = [_driver(name, i, spend, shortfall, means[i], commits[i]) for i, name in enumerate(names)]
    order = sorted(range(len(names)), key=lambda i: _rank(found[i]))
    return Drivers(
        inputs=tuple(found[i] for i in order),
        paths=n,
        spend_usd=spend.mean,
        commit_usd=best_commit(np.arange(n)),
        commit_se_usd=_commit_se_usd([window for i in order[:_ERROR_FROM_INPUTS] for window in near[i]], best_commit),
        spend_unexplained=spend.unexplained,
        shortfall_unexplained=shortfall.unexplained,
        warnings=tuple(_constant_figures(spend, shortfall)),
    )


def _driver(
    name: str,
    i: int,
    spend: FigureEffects,
    shortfall: FigureEffects,
    means: Sequence[Estimate | None],
    commits: Sequence[float | None],
) -> Driver:
    return Driver(
        name=name,
        spend=spend.indices[i] if spend.indices else None,
        shortfall=shortfall.indices[i] if shortfall.indices else None,
        spend_at_p10_usd=means[0],
        spend_at_p90_usd=means[1],
        commit_at_p10_usd=commits[0],
        commit_at_p90_usd=commits[1],
    )


def _paths_in_common(scores: Mapping[str, FloatArray], spend_usd: FloatArray, shortfall_usd: FloatArray) -> int:
    """How many of the first paths to use, before whole rounds of the replicates."""
    shapes = {name: score.shape for name, score in scores.items()}
    sizes = set(shapes.values()) or {spend_usd.shape}
    if len(sizes) > 1 or spend_usd.shape != shortfall_usd.shape or spend_usd.ndim != 1 or max(sizes) > spend_usd.shape:
        raise InputError(
            f"annual spend has shape {spend_usd.shape}, shortfall cost {shortfall_usd.shape} and the scores {shapes}; "
            "give one number a path, scores for all paths or for the same first ones"
        )
    return min(spend_usd.size, min(sizes)[0], MOST_PATHS)


def _checked(name: str, values: FloatArray, *, least: float = -inf, most: float = inf) -> FloatArray:
    """The values, if all are finite and inside [least, most]."""
    right = np.isfinite(values) & (values >= least) & (values <= most)
    if not right.all():
        first, wrong = int(np.argmin(right)), int(np.count_nonzero(~right))
        what = "finite" if most == inf else f"inside [{least:g}, {most:g}]"
        raise InputError(
            f"{name} is {values[first]:g} on path {first:,}, and not {what} on {wrong:,} of {values.size:,} paths; "
            "narrow what makes it so, growth and event sizes first"
        )
    return values


def _nothing_known(names: Sequence[str], paths: int) -> Drivers:
    few = f"{paths:,} paths cannot tell which input matters: take {FEWEST_PATHS:,} or more"
    said = few if names else "No input of this plan is uncertain, so none drives the answer"
    return Drivers(inputs=tuple(Driver(name=name) for name in names), paths=paths, warnings=(said,))


def _constant_figures(spend: FigureEffects, shortfall: FigureEffects) -> list[str]:
    figures = (("Annual spend", spend), ("Shortfall cost", shortfall))
    return [
        f"{name} is the same on every path: there is no variance to explain"
        for name, effects in figures
        if effects.indices is None
    ]


def _rank(driver: Driver) -> tuple[float, float, str]:
    """Sorts by total index of spend, then of shortfall, the largest first; then by name."""
    spend, shortfall = (-indices.total.mean if indices else 0.0 for indices in (driver.spend, driver.shortfall))
    return spend, shortfall, driver.name


def _mean_near(figure: FigureEffects, i: int, score: FloatArray, paths: IntArray) -> Estimate | None:
    """The figure's mean on paths near one score, the luck of their other inputs taken out; None where none is near."""
    replicate, net = paths % REPLICATES, figure.net_of_others(i, score[paths], paths)
    sums, counts = np.bincount(replicate, net, REPLICATES), np.bincount(replicate, minlength=REPLICATES)
    if counts.max() == counts.sum():
        return None
    without = (sums.sum() - sums) / (counts.sum() - counts)
    return Estimate(mean=float(net.mean()), se=float(jackknife_se(without)))


def _commit_se_usd(windows: Sequence[IntArray], best_commit: BestCommit) -> float | None:
    """Half the difference between the halves of a window's replicates is a standard error; pooled over the windows."""
    halves = [(paths[paths % REPLICATES < HALF], paths[paths % REPLICATES >= HALF]) for paths in windows]
    misses = [best_commit(first) - best_commit(second) for first, second in halves if first.size and second.size]
    return float(np.sqrt(np.mean(np.square(misses)))) / 2 if misses else None
