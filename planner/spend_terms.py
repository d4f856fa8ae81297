"""A scenario's spend as sums that a processor likes: what is certain of the unit costs, what is routed, and the rest.

Spend is bilinear in requests and unit costs, so it is worked out by the cheapest form that a request type allows:

- certain: no uncertain input touches the type; its unit cost varies by month at most, and all such types of all
  scenarios are one matrix product with the requests;
- routed: its unit cost is u(0) + sum_j a_j(t) d_j, with certain ramps a_j and draws d_j: one product per draw, and
  types with the same ramp are added up before the ramp multiplies them;
- any other: its unit cost is worked out per month and path.

Groups of one spend are kept by account: what is priced and settled alike (planner.lever_costs.unit_costs).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from planner.digest import digest
from planner.distributions import Point
from planner.lever_costs.applied_levers import Drawn
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import NO_LEVERS, ROUTE_OFF, Account, RouteLevel, TypeCosts
from planner.units import FloatArray

BothPrices = tuple[FloatArray, FloatArray | None]
"""USD at each month's list and at the pricing day's, each (n_months, n_paths); the latter None where not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockSpend:
    """Spend of one scenario on one block of paths: in total and, where it is asked for, by account."""

    total: BothPrices
    accounts: Mapping[Account, BothPrices] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What full adoption of a route changes of a type's monthly USD of one account, per unit of the request factor.

    usd: shape (n_paths,).
    """

    index: int
    account: Account
    usd: FloatArray


@dataclass(slots=True, kw_only=True)
class KnownChanges:
    """What scenarios share on one block of paths: the changes by route and draws, and their sums over types.

    The draws are held beside the changes so that their identity stays theirs.
    """

    by_route: dict[tuple[str, int, tuple[int, ...]], tuple[tuple[FloatArray, ...], tuple[Change, ...]]] = field(
        default_factory=dict
    )
    totals: dict[tuple[int, ...], FloatArray] = field(default_factory=dict)

    def total(self, changes: Sequence[Change], factors: FloatArray) -> FloatArray:
        """USD before the ramp, (n_months, n_paths), summed over the types of the changes."""
        key = tuple(id(change) for change in changes)
        if key not in self.totals:
            total, scratch = factors[changes[0].index] * changes[0].usd, np.empty(factors.shape[1:])
            for change in changes[1:]:
                total += np.multiply(factors[change.index], change.usd, out=scratch)
            self.totals[key] = total
        return self.totals[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedType:
    """A type of the second form: its place among the types and its costs.

    before: u(0) by account. ramps: of each route, shape (n_months, 1). key: equal for types whose draws d_j are the
    same function of the same inputs, whatever their ramps.
    """

    index: int
    costs: TypeCosts
    before: Mapping[Account, FloatArray]
    ramps: tuple[FloatArray, ...]
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioTerms:
    """One scenario put together: rows of the matrix product by account, routed types, the rest with their places."""

    costs: ScenarioCosts
    certain: Mapping[Account, int]
    routed: tuple[RoutedType, ...]
    others: tuple[tuple[int, TypeCosts], ...]

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Every account that may cost something, tiers in alphabetical order and overhead last."""
        found = {account for item in self.costs.types for account in item.accounts}
        return tuple(sorted(found, key=lambda item: (item.tier is None, item.tier or "", not item.eligible)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendTerms:
    """All scenarios put together. rows: shape (n_months, n_rows, n_types), USD per unit of request factor: certain unit
    costs x monthly requests, each distinct row once."""

    rows: FloatArray
    requests: FloatArray
    scenarios: tuple[ScenarioTerms, ...]

    def certain_usd(self, factors: FloatArray) -> FloatArray:
        """The matrix product of the certain rows with request factors (n_types, n_months, n_paths): (n_months, n_rows,
        n_paths)."""
        product: FloatArray = self.rows @ factors.swapaxes(0, 1)
        return product

    def spend_usd(
        self, terms: ScenarioTerms, factors: FloatArray, certain: FloatArray, drawn: Drawn, known: KnownChanges
    ) -> dict[Account, FloatArray]:
        """USD by account before drift and price moves, each (n_months, n_paths). known: what the scenarios share."""
        spend = {account: certain[:, row, :].copy() for account, row in terms.certain.items()}
        groups: dict[tuple[Account, bytes], tuple[FloatArray, list[Change]]] = {}
        for routed in terms.routed:
            for ramp, change in _changes(routed, drawn, known, self.requests[routed.index]):
                groups.setdefault((change.account, ramp.tobytes()), (ramp, []))[1].append(change)
        for (account, _), (ramp, changes) in groups.items():
            _add(spend, account, ramp * known.total(changes, factors))
        months = np.arange(factors.shape[1], dtype=np.float64)
        for index, costs in terms.others:
            for account, unit in costs.unit_cost_by_account(months, drawn).items():
                _add(spend, account, factors[index] * (unit * self.requests[index]))
        return spend


def spend_terms(scenarios: Sequence[ScenarioCosts], requests: FloatArray, n_months: int) -> SpendTerms:
    """Sort the types of every scenario by the form that they allow. requests: shape (n_types,), a month."""
    rows = _Rows(n_months=n_months, n_types=len(requests))
    found = tuple(_scenario_terms(costs, requests, rows) for costs in scenarios)
    return SpendTerms(rows=rows.stacked(), requests=requests, scenarios=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Distinct rows of the matrix product, each (n_months, n_types)."""

    n_months: int
    n_types: int
    found: dict[bytes, FloatArray] = field(default_factory=dict)

    def index(self, row: FloatArray) -> int:
        key = row.tobytes()
        self.found.setdefault(key, row)
        return list(self.found).index(key)

    def stacked(self) -> FloatArray:
        if not self.found:
            return np.zeros((self.n_months, 0, self.n_types))
        return np.ascontiguousarray(np.stack(list(self.found.values()), axis=1))


def _scenario_terms(costs: ScenarioCosts, requests: FloatArray, rows: _Rows) -> ScenarioTerms:
    months = np.arange(rows.n_months, dtype=np.float64)
    certain: dict[Account, FloatArray] = {}
    routed, others = [], []
    points = {key: np.array([value.value]) for key, value in costs.inputs.items() if isinstance(value, Point)}
    for index, item in enumerate(costs.types):
        if all(key in points for lever in item.levers for key in lever.input_keys):
            units = item.unit_cost_by_account(months, points)
        elif (ramps := _certain_ramps(item, points, months)) is not None:
            before = _at(item, [ROUTE_OFF] * len(item.routes))
            routed.append(
                RoutedType(index=index, costs=item, before=before, ramps=ramps, key=digest(index, item.copies))
            )
            units = before
        else:
            others.append((index, item))
            units = {}
        for account, unit in units.items():
            if unit.any():
                row = certain.setdefault(account, np.zeros((rows.n_months, rows.n_types)))
                row[:, index] = unit[:, 0] * requests[index]
    return ScenarioTerms(
        costs=costs,
        certain={account: rows.index(row) for account, row in certain.items()},
        routed=tuple(routed),
        others=tuple(others),
    )


def _certain_ramps(
    costs: TypeCosts, points: Mapping[str, FloatArray], months: FloatArray
) -> tuple[FloatArray, ...] | None:
    """The ramp of each route, where routes are all that touches the type and their ramps are certain."""
    if costs.cache or costs.batch or costs.output or not all(copy.is_lasting for copy in costs.copies):
        return None
    if not all(key in points for route in costs.routes for key in route.ramp_keys):
        return None
    return tuple(route.ramped(months, points) for route in costs.routes)


def _at(costs: TypeCosts, routes: Sequence[RouteLevel]) -> dict[Account, FloatArray]:
    """Unit costs of a type that only routes touch, in any month."""
    return costs.unit_cost_at(np.zeros(1), routes, NO_LEVERS)


def _changes(
    routed: RoutedType, drawn: Drawn, known: KnownChanges, requests: float
) -> Iterator[tuple[FloatArray, Change]]:
    """Each route's ramp, (n_months, 1), with what its full adoption changes."""
    costs = routed.costs
    draws = tuple(drawn[f"{route.key}.{name}"] for route in costs.routes for name in route.amounts)
    for j, ramp in enumerate(routed.ramps):
        key = routed.key, j, tuple(id(draw) for draw in draws)
        if key not in known.by_route:
            full = list(costs.routes_at([np.ones((1, 1))] * len(costs.routes), drawn))
            units = _at(costs, [level if i == j else ROUTE_OFF for i, level in enumerate(full)])
            changes = (
                Change(index=routed.index, account=account, usd=(unit - routed.before[account])[0] * requests)
                for account, unit in units.items()
            )
            known.by_route[key] = draws, tuple(change for change in changes if change.usd.any())
        for change in known.by_route[key][1]:
            yield ramp, change


def _add(spend: dict[Account, FloatArray], account: Account, usd: FloatArray) -> None:
    if account in spend:
        spend[account] += usd
    else:
        spend[account] = usd
