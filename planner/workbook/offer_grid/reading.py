"""What an offer costs, read between the offers of a grid: step by step as the formulas of sheet Calc do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from planner.plan import Plan
from planner.sizing.expectation import CENT_USD
from planner.workbook.offer_grid.axes import GridAxes, TypedOffer
from planner.workbook.offer_grid.pricing import GridScenario, OfferGrid
from planner.workbook.offer_grid.settled import measured, offer_paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Between which two values of an ascending axis a value lies: ranks from 1, and how far it is from low to high."""

    rank: int
    following: int
    low: float
    high: float
    share: float

    @property
    def step(self) -> int:
        """From the rank to the following one: 1, or 0 at the end of the axis."""
        return self.following - self.rank


def between(axis: Sequence[float], value: float) -> Between:
    """Where a value lies on an axis that reaches as far."""
    rank = int(np.searchsorted(axis, value, side="right"))
    following = min(rank + 1, len(axis))
    low, high = axis[rank - 1], axis[following - 1]
    return Between(
        rank=rank,
        following=following,
        low=low,
        high=high,
        share=(value - low) / (high - low) if high > low else 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An offer read in one scenario. plane: the number of its plane; size: rows of it. row:
    the lowest of the rows around it, from 1; steps: to the neighbours.

    corners: per measure, read along the axis at the lower and the higher discount, each at the lower overage discount,
    then at the higher. values: per measure.
    """

    axis_usd: float
    axis: Between
    discount: Between
    overage: Between
    plane: int
    size: int
    row: int
    discount_step: int
    overage_step: int
    corners: Mapping[str, tuple[float, ...]]
    values: Mapping[str, float]

    @property
    def rows(self) -> tuple[int, int, int, int]:
        """The rows at the two discounts, each at the lower overage discount, then at the higher."""
        higher = self.row + self.discount_step
        return self.row, higher, self.row + self.overage_step, higher + self.overage_step


def read_offer(grid: OfferGrid, scenario: int, typed: TypedOffer) -> Reading:
    """Read an offer in a scenario, counted from 0. The offer lies inside the grid."""
    axes, item, x = grid.axes, grid.scenarios[scenario], grid.axes.axis_usd(typed)
    n_uses, n_overages = len(item.uses), len(axes.overages)
    axis = between(item.commits if typed.by_bands else item.uses, x)
    discount, overage = between(axes.discounts, typed.discount), between(axes.overages, typed.overage_discount)
    plane = (discount.rank - 1) * n_overages + overage.rank
    if typed.by_bands:
        before, discount_step, overage_step = grid.bands_before(scenario), 0, 0
        plane = len(grid.scenarios) * grid.planes + scenario + 1
    else:
        before = grid.typed_before(scenario) + (plane - 1) * n_uses
        plane += scenario * grid.planes
        discount_step, overage_step = discount.step * n_overages * n_uses, overage.step * n_uses
    row = before + axis.rank
    corners = {}
    for measure in grid.measures:
        column = grid.column(measure)
        corners[measure] = tuple(
            float(column[at - 1] * (1 - axis.share) + column[at + axis.step - 1] * axis.share)
            for at in (row, row + discount_step, row + overage_step, row + discount_step + overage_step)
        )
    return Reading(
        axis_usd=x,
        axis=axis,
        discount=discount,
        overage=overage,
        plane=plane,
        size=len(item.commits) if typed.by_bands else n_uses,
        row=row,
        discount_step=discount_step,
        overage_step=overage_step,
        corners=corners,
        values={measure: _mixed(found, discount.share, overage.share) for measure, found in corners.items()},
    )


def _mixed(corners: tuple[float, ...], d: float, e: float) -> float:
    a, b, c, g = corners
    return (1 - e) * ((1 - d) * a + d * b) + e * ((1 - d) * c + d * g)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridError:
    """Largest difference of what is read from what the program settles, at the middle of cells, in every scenario.

    cost, shortfall, overage and percentiles: relative to expected cost. probability: absolute. cells: how many.
    """

    cost: float
    shortfall: float
    overage: float
    percentiles: float
    probability: float
    cells: int


def grid_error(plan: Plan, grid: OfferGrid) -> GridError:
    """Settle offers in the middle of cells and compare them with what is read there."""
    worst: dict[str, float] = dict.fromkeys(grid.measures, 0.0)
    cells = 0
    for index, scenario in enumerate(grid.scenarios):
        use = plan.uses[scenario.name]
        use = use if use.n_paths == grid.n_paths else use.on(np.arange(grid.n_paths))
        for typed in _in_the_middle(grid.axes, scenario):
            cells += 1
            paths = offer_paths(grid.axes.contract, grid.axes.offer(typed), use)
            exact = dict(zip(grid.measures, measured(paths, grid.measures), strict=True))
            read = read_offer(grid, index, typed).values
            for measure in grid.measures:
                scale = 1.0 if "probability" in measure else max(exact["cost"], 1.0)
                worst[measure] = max(worst[measure], abs(read[measure] - exact[measure]) / scale)
    return GridError(
        cost=max(worst["cost"], worst.get("present_value", 0.0)),
        shortfall=worst["shortfall"],
        overage=worst["overage"],
        percentiles=max(worst[f"cost_p{level}"] for level in (10, 50, 90)),
        probability=worst["probability"],
        cells=cells,
    )


def _in_the_middle(axes: GridAxes, scenario: GridScenario) -> Iterator[TypedOffer]:
    """The middle of every cell along the axes of commitments, each between another pair of discounts."""
    discounts, overages = list(pairwise(axes.discounts)), list(pairwise(axes.overages))
    for index, (low, high) in enumerate(pairwise(scenario.uses[1:])):
        (d_low, d_high), (e_low, e_high) = discounts[index % len(discounts)], overages[index % len(overages)]
        discount = (d_low + d_high) / 2
        yield TypedOffer(
            commit_usd=axes.commit_usd((low + high) / 2, discount),
            discount=discount,
            overage_discount=(e_low + e_high) / 2,
        )
    for low, high in pairwise(scenario.commits[1:]):
        if high - low > 2 * CENT_USD:
            yield replace(axes.start, commit_usd=(low + high) / 2, by_bands=True)
