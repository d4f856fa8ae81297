"""Offers priced by the program for the calculator: every node of a grid, each settled on every path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
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
    """A scenario in which offers are priced. on_demand_usd: the term at list.

    uses, commits: the axes, ascending: list uses at typed discounts, commitments at the contract's bands, USD a year.
    """

    name: str
    on_demand_usd: float
    uses: tuple[float, ...]
    commits: tuple[float, ...]


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
        return self.typed_before(len(self.scenarios))

    @property
    def planes(self) -> int:
        """Pairs of discounts at which a scenario's list uses are priced."""
        return len(self.axes.discounts) * len(self.axes.overages)

    def typed_before(self, scenario: int) -> int:
        """Rows of offers at typed discounts before a scenario's first."""
        return self.planes * sum(len(item.uses) for item in self.scenarios[:scenario])

    def bands_before(self, scenario: int) -> int:
        """Rows before a scenario's first offer at the contract's bands."""
        return self.n_typed + sum(len(item.commits) for item in self.scenarios[:scenario])

    def column(self, measure: str) -> FloatArray:
        """A figure of every row, shape (n_rows,)."""
        return self.table[:, self.measures.index(measure)]

    def plane_numbers(self) -> list[int]:
        """The plane of every row, from 1: a scenario at a pair of discounts, or at the contract's bands."""
        sizes = [len(item.uses) for item in self.scenarios for _ in range(self.planes)]
        sizes += [len(item.commits) for item in self.scenarios]
        return [number for number, size in enumerate(sizes, start=1) for _ in range(size)]

    def offers(self) -> Iterator[tuple[int, TypedOffer]]:
        """(index of the scenario, offer) of every row, in the order of the rows."""
        axes = self.axes
        for index, scenario in enumerate(self.scenarios):
            for discount, overage, use in product(axes.discounts, axes.overages, scenario.uses):
                commit = axes.commit_usd(use, discount)
                yield index, TypedOffer(commit_usd=commit, discount=discount, overage_discount=overage)
        for index, scenario in enumerate(self.scenarios):
            for commit in scenario.commits:
                yield index, replace(axes.start, commit_usd=commit, by_bands=True)


def offer_grid(plan: Plan) -> OfferGrid:
    """Price the grid around the plan's recommendation, on as many of its paths as take a few seconds."""
    measures = measures_of(plan)
    axes = grid_axes(plan.inputs.contract, plan.recommendation.offer, plan.uses)
    scenarios = []
    for name, use in plan.uses.items():
        uses, commits = refined(axes, use, measures)
        listed = GridScenario(name=name, on_demand_usd=0.0, uses=uses, commits=commits)
        scenarios.append(listed)
    n_paths = _affordable(plan, axes, scenarios)
    paths = [use if n_paths == use.n_paths else use.on(np.arange(n_paths)) for use in plan.uses.values()]
    pairs = list(zip(scenarios, paths, strict=True))
    typed = [row for scenario, use in pairs for row in _at_typed_discounts(axes, scenario, use, measures)]
    banded = [row for scenario, use in pairs for row in _at_bands(axes, scenario, use, measures)]
    planes = len(axes.discounts) * len(axes.overages)
    places = [np.tile(item.uses, planes) for item in scenarios] + [np.array(item.commits) for item in scenarios]
    return OfferGrid(
        axes=axes,
        scenarios=tuple(replace(item, on_demand_usd=float(use.on_demand_usd.mean())) for item, use in pairs),
        measures=measures,
        axis_usd=np.concatenate(places),
        table=np.array([*typed, *banded]),
        n_paths=n_paths,
        all_paths=plan.n_paths,
    )


def _affordable(plan: Plan, axes: GridAxes, scenarios: Sequence[GridScenario]) -> int:
    """How many of the first paths, which are spread as all of them are, are settled: a power of two, or all."""
    settled = 2 if axes.contract.marketplace is None else len(axes.overages)
    offers = sum(len(axes.discounts) * settled * len(item.uses) + len(item.commits) for item in scenarios)
    steps = max(len(use.steps) * len(use.accounts) for use in plan.uses.values())
    most = _WORK // (offers * steps)
    return plan.n_paths if plan.n_paths <= most else min(max(_FEWEST_PATHS, 1 << (most.bit_length() - 1)), plan.n_paths)


def _at_typed_discounts(
    axes: GridAxes, scenario: GridScenario, use: TermUse, measures: Sequence[str]
) -> Iterator[list[float]]:
    for discount in axes.discounts:
        commits = [axes.commit_usd(listed, discount) for listed in scenario.uses]
        found = [list(_at_overages(axes, use, commit, discount)) for commit in commits]
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


def _at_bands(axes: GridAxes, scenario: GridScenario, use: TermUse, measures: Sequence[str]) -> Iterator[list[float]]:
    for commit in scenario.commits:
        offer = axes.offer(replace(axes.start, commit_usd=commit, by_bands=True))
        yield measured(offer_paths(axes.contract, offer, use), measures)
