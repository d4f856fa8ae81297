"""Where between two offers of a grid another one is needed most."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

import numpy as np

from planner.sizing.expectation import CENT_USD
from planner.term_use import TermUse
from planner.units import FloatArray
from planner.workbook.offer_grid.axes import FEW_DISCOUNTS, GridAxes, TypedOffer
from planner.workbook.offer_grid.settled import measured, offer_paths

_ROUGH_PATHS: Final = 1_024
_FEWEST, _MOST = 16, 72
SMALL_ENOUGH: Final = 4e-4
"""Share of the cost on demand; a grid has so many commitments at least, and so many at most where that is not met."""
_WEIGHTS: Final[Mapping[str, float]] = {
    "cost": 1.0,
    "present_value": 1.0,
    "shortfall": 1.0,
    "overage": 1.0,
    "cost_p10": 0.1,
    "cost_p50": 0.1,
    "cost_p90": 0.1,
    "probability": 0.02,
    "limited_probability": 0.02,
}
"""An error of a percentile counts a tenth of one in expected cost; one in a probability a fiftieth."""


Axis = tuple[float, ...]


def refined(axes: GridAxes, use: TermUse, measures: Sequence[str]) -> tuple[Axis, Axis]:
    """(list uses, commitments) of a scenario: more where reading between two is farthest off, on the first paths."""
    rough = use.on(np.arange(min(_ROUGH_PATHS, use.n_paths)))
    judged = [measure for measure in measures if measure in _WEIGHTS]

    def figures(typed: TypedOffer) -> FloatArray:
        return _weighted(axes, typed, rough, judged)

    # where cost is not linear in the discounts, what one of them needs is not what another does
    top = replace(axes.start, discount=axes.discounts[-1], overage_discount=axes.overages[-1])
    judged_at = [axes.start] if len(axes.discounts) == FEW_DISCOUNTS else [axes.start, top]

    def at_use(use: float) -> FloatArray:
        offers = [replace(item, commit_usd=axes.commit_usd(use, item.discount)) for item in judged_at]
        return np.concatenate([figures(offer) for offer in offers])

    def at_commit(commit: float) -> FloatArray:
        return figures(replace(axes.start, commit_usd=commit, by_bands=True))

    return _denser(axes.uses, at_use), _denser(axes.commits, at_commit)


def _weighted(axes: GridAxes, typed: TypedOffer, use: TermUse, judged: Sequence[str]) -> FloatArray:
    values = np.array(measured(offer_paths(axes.contract, axes.offer(typed), use), judged))
    scale = max(float(use.on_demand_usd.mean()), 1.0)
    units = np.array([1.0 if "probability" in measure else scale for measure in judged])
    weighted: FloatArray = values / units * np.array([_WEIGHTS[measure] for measure in judged])
    return weighted


def _denser(axis: Sequence[float], figures: Callable[[float], FloatArray]) -> Axis:
    """An axis with values added in the middle of the cell that is farthest off, until that is little."""
    found = {value: figures(value) for value in axis}
    cells: list[tuple[float, float, float]] = []

    def judge(low: float, high: float) -> None:
        if high - low > 2 * CENT_USD:
            middle = (low + high) / 2.0
            found[middle] = figures(middle)
            off = float(np.abs(found[middle] - (found[low] + found[high]) / 2.0).max())
            heappush(cells, (-off, low, high))

    for low, high in pairwise(axis):
        judge(low, high)
    chosen = set(axis)
    while cells and len(chosen) < (_MOST if -cells[0][0] > SMALL_ENOUGH else _FEWEST):
        _, low, high = heappop(cells)
        middle = (low + high) / 2.0
        chosen.add(middle)
        judge(low, middle)
        judge(middle, high)
    return tuple(sorted(chosen))
