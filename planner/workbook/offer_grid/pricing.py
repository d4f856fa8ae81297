"""Offers priced by the program for the calculator: every node of a grid, each settled on every path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.plan import Plan
from planner.term_use import TermUse
from planner.units import FloatArray
from planner.workbook.offer_grid.axes import GridAxes, TypedOffer, grid_axes
from planner.workbook.offer_grid.refining import refined
from planner.workbook.offer_grid.settled import OfferPaths, measured, measures_of, offer_paths

_WORK: Final = 250_000_000
"""Paths x steps x offers that are settled, at most: six seconds or so."""
_FEWEST_PATHS: Final = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class GridScenario:
    """A scenario in which the offers are priced. on_demand_usd: the term at list."""

    name: str
    on_demand_usd: float


@dataclass(frozen=True, kw_only=True)
class OfferGrid:
    """Offers priced in every scenario. table: one row per offer and scenario, shape (n_rows, n_measures).

    First come the offers at discounts typed in, by scenario, discount, overage discount and list use; then those at the
    contract's own bands, by scenario and commitment. axis_usd: each row's list use or commitment, shape (n_rows,).
    measures: the names of the columns. n_paths: how many were settled, of all.
    """

    axes: GridAxes
    scenarios: tuple[GridScenario, ...]
    measures: tuple[str, ...]
    axis_usd: FloatArray
    table: FloatArray
    n_paths: int
    all_paths: int

    @property
    def n_typed(self) -> int:
        """Rows of offers at discounts typed in."""
        axes = self.axes
        return len(self.scenarios) * len(axes.discounts) * len(axes.overages) * len(axes.uses)

    def column(self, measure: str) -> FloatArray:
        """A figure of every row, shape (n_rows,)."""
        return self.table[:, self.measures.index(measure)]

    def offers(self) -> Iterator[tuple[int, TypedOffer]]:
        """(index of the scenario, offer) of every row, in the order of the rows."""
        axes = self.axes
        for index in range(len(self.scenarios)):
            for discount in axes.discounts:
                for overage in axes.overages:
                    for use in axes.uses:
                        commit = axes.commit_usd(use, discount)
                        yield index, TypedOffer(commit_usd=commit, discount=discount, overage_discount=overage)
        for index in range(len(self.scenarios)):
            for commit in axes.commits:
                yield index, replace(axes.start, commit_usd=commit, by_bands=True)


def offer_grid(plan: Plan) -> OfferGrid:
    """Price the grid around the plan's recommendation, on as many of its paths as take a few seconds."""
    measures = measures_of(plan)
    axes = refined(grid_axes(plan.inputs.contract, plan.recommendation.offer, plan.uses), plan.uses, measures)
    n_paths = _affordable(plan, axes)
    uses = {name: use if n_paths == use.n_paths else use.on(np.arange(n_paths)) for name, use in plan.uses.items()}
    typed = [row for use in uses.values() for row in _at_typed_discounts(axes, use, measures)]
    banded = [row for use in uses.values() for row in _at_bands(axes, use, measures)]
    planes = len(uses) * len(axes.discounts) * len(axes.overages)
    return OfferGrid(
        axes=axes,
        scenarios=tuple(
            GridScenario(name=name, on_demand_usd=float(use.on_demand_usd.mean())) for name, use in uses.items()
        ),
        measures=measures,
        axis_usd=np.concatenate([np.tile(axes.uses, planes), np.tile(axes.commits, len(uses))]),
        table=np.array([*typed, *banded]),
        n_paths=n_paths,
        all_paths=plan.n_paths,
    )


def _affordable(plan: Plan, axes: GridAxes) -> int:
    """How many of the first paths, which are spread as all of them are, are settled: a power of two, or all."""
    settled = 2 if axes.contract.marketplace is None else len(axes.overages)
    offers = len(axes.discounts) * settled * len(axes.uses) + len(axes.commits)
    steps = max(len(use.steps) * len(use.accounts) for use in plan.uses.values())
    most = _WORK // (offers * steps * len(plan.uses))
    return plan.n_paths if plan.n_paths <= most else min(max(_FEWEST_PATHS, 1 << (most.bit_length() - 1)), plan.n_paths)


def _at_typed_discounts(axes: GridAxes, use: TermUse, measures: Sequence[str]) -> Iterator[list[float]]:
    for discount in axes.discounts:
        found = [list(_at_overages(axes, use, axes.commit_usd(listed, discount), discount)) for listed in axes.uses]
        for index in range(len(axes.overages)):
            yield from (measured(row[index], measures) for row in found)


def _at_overages(axes: GridAxes, use: TermUse, commit: float, discount: float) -> Iterator[OfferPaths]:
    """One offer at every overage discount; where cost is linear in it, two of them say what all cost."""

    def at(overage: float) -> OfferPaths:
        typed = TypedOffer(commit_usd=commit, discount=discount, overage_discount=overage)
        return offer_paths(axes.contract, axes.offer(typed), use)

    low, high = axes.overages[0], axes.overages[-1]
    first = at(low)
    last = at(high) if commit > 0 else first
    # the recommended offer is settled by itself, so that it is read exactly as the program has it
    apart = commit > 0 and (axes.contract.marketplace is not None or (commit, discount) == axes.start_at)
    for overage in axes.overages:
        yield at(overage) if apart else first.between(last, (overage - low) / (high - low))


def _at_bands(axes: GridAxes, use: TermUse, measures: Sequence[str]) -> Iterator[list[float]]:
    for commit in axes.commits:
        offer = axes.offer(replace(axes.start, commit_usd=commit, by_bands=True))
        yield measured(offer_paths(axes.contract, offer, use), measures)
