"""The simulated spend as the workbook carries it: 1,001 points per contract year, from which its formulas price offers.

Paths are sorted and summed up in 1,001 bins of equal probability. Bin means keep the mean exactly, so that expected
cost, shortfall and overage are wrong only in the one bin that the commitment cuts. Probabilities are read from the
quantiles at 0.0 %, 0.1 %, ... 100.0 %, linear between them. Percentiles of cost come from tables that the program
computed on all paths (planner.workbook.calc.cost_tables).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from planner.contract import Contract
from planner.offer import Offer
from planner.plan import Plan
from planner.sizing.plain_sample import PlainSample, plain_sample
from planner.steps import steps
from planner.term_use import TermUse, term_use
from planner.units import MONTHS_PER_YEAR, FloatArray
from planner.workbook.calc.cost_tables import CostBlend, CostTable, cost_blend, cost_table

N_POINTS = 1001
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class YearColumn:
    """Months [first, stop) that the points of a column sum up: a whole contract year, or the part of one that ends the
    plan's own term and counts in no other."""

    first: int
    stop: int

    @property
    def year_fraction(self) -> float:
        return (self.stop - self.first) / MONTHS_PER_YEAR

    @property
    def is_whole(self) -> bool:
        return self.stop - self.first == MONTHS_PER_YEAR

    @property
    def label(self) -> str:
        year = f"contract year {self.first // MONTHS_PER_YEAR + 1}"
        return year if self.is_whole else f"{year}, {self.stop - self.first} months"

    def fraction_in(self, term_months: int) -> float:
        """The share of a year that a term owes in these months; 0 where they are no contract year of it."""
        counts = self.stop <= term_months if self.is_whole else self.stop == term_months
        return self.year_fraction if counts else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TermPoints:
    """What a scenario's points say over one term.

    least_use: (1001,), quantiles of each path's smallest annual use over the contract years. pooled_use: (1001,), the
    bin means of all its contract years as annual use, every n-th of the sorted n x 1001, by the share of a year that
    they stand for. cost: percentiles of cost, None at protected prices.
    """

    term_months: int
    least_use: FloatArray
    pooled_use: FloatArray
    cost: CostTable | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPoints:
    """One scenario's spend as the workbook carries it, USD at list.

    use: shape (n_columns, 1001), bin means of what draws the commitment down, per year column. outside_usd,
    certain_usd, on_demand_usd: (n_columns,), expected list spend outside the contract, the part of it that is the same
    on every path, and all spend at list. terms: one per offered term. locked: None, or where prices are protected shape
    (3, 1001): annual list use q, the expected use beyond it at the prices of the day, and the expected use short of it.
    """

    name: str
    use: FloatArray
    outside_usd: FloatArray
    certain_usd: FloatArray
    on_demand_usd: FloatArray
    terms: tuple[TermPoints, ...]
    locked: FloatArray | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPoints:
    """Everything that the offer calculator prices from. blend: how percentiles of cost are tabulated, None where they
    are not."""

    contract: Contract
    years: tuple[YearColumn, ...]
    terms_months: tuple[int, ...]
    scenarios: tuple[ScenarioPoints, ...]
    blend: CostBlend | None

    @property
    def is_locked(self) -> bool:
        """Whether prices of committed use are protected, so that use beyond it is looked up in a table."""
        return self.scenarios[0].locked is not None

    @property
    def columns_per_scenario(self) -> int:
        """Columns of points: the years, two for each term, and three where prices are protected."""
        return len(self.years) + 2 * len(self.terms_months) + (3 if self.is_locked else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferTerms:
    """An offer in the terms of the formulas. owed and list_usd are per year; list_usd is the use that exhausts it.

    charged: the share of an unused dollar that is charged: 1 where it is forfeited, the rate of a true-up else.
    """

    commit_usd: float
    discount: float
    overage_discount: float
    draws_list: bool
    term_months: int
    charged: float = 1.0

    @property
    def kept(self) -> float:
        return 1 - self.discount

    @property
    def overage_rate(self) -> float:
        return 1 - self.overage_discount if self.commit_usd > 0 else 1.0

    @property
    def list_usd(self) -> float:
        return self.commit_usd if self.draws_list else self.commit_usd / self.kept


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileError:
    """Largest difference from the full sample, over scenarios, offered terms and the commitments of the curve.

    cost: of expected cost. shortfall, overage, and percentile, of P10, P50 and P90 of cost, relative to expected cost
    too; percentile is None where they are not tabulated. probability: absolute. anywhere: of expected cost,
    shortfall and overage at any commitment and discount, relative to the cost on demand.
    """

    cost: float
    shortfall: float
    overage: float
    probability: float
    anywhere: float
    percentile: float | None = None

    @property
    def sentence(self) -> str:
        """The error as it is stated beside the results."""
        cost, shortfall, anywhere = (_bound(item, 3) for item in (self.cost, self.shortfall, self.anywhere))
        points = _bound(self.probability, 2).removesuffix("%")
        known = self.percentile is not None
        tail = f", P10, P50 and P90 of cost within {_bound(self.percentile or 0.0, 3)} of it" if known else ""
        apart = "; percentiles of cost may be further off there" if known else ""
        return (
            "Against all paths, at every commitment of the curve, in every scenario and term: expected cost within "
            f"{cost}, expected shortfall within {shortfall} of it, shortfall probability within {points} points{tail}. "
            f"At any other commitment and any discount: expected cost, shortfall and overage within {anywhere} of the "
            f"cost on demand{apart}."
        )


def _bound(error: float, decimals: int) -> str:
    """An error as a percentage, rounded up: what is stated holds."""
    unit = 10.0 ** (decimals + 2)
    return f"{ceil(error * unit - _ROUNDING) / unit:.{decimals}%}"


def terms(contract: Contract, offer: Offer) -> OfferTerms:
    """An offer under a contract's drawdown basis, as the formulas take it."""
    return OfferTerms(
        commit_usd=offer.commit_usd_per_year,
        discount=offer.discount_fraction,
        overage_discount=offer.overage_discount_fraction,
        draws_list=contract.drawdown == "list",
        term_months=contract.term_months,
        charged=contract.true_up_rate if contract.shortfall == "true_up" else 1.0,
    )


def bin_means(sample: FloatArray, n: int = N_POINTS) -> FloatArray:
    """Means of n bins of equal probability, ascending, shape (n,); their mean is the sample's mean."""
    ordered = np.sort(sample)
    # Taking a middle value away first keeps the digits of a sample that hardly varies.
    base = ordered[ordered.size // 2]
    sums = np.concatenate([[0.0], np.cumsum(ordered - base)])
    at_edges = np.interp(np.linspace(0.0, ordered.size, n + 1), np.arange(ordered.size + 1), sums)
    means: FloatArray = np.maximum.accumulate(base + np.diff(at_edges) * (n / ordered.size))
    return means


def offer_points(plan: Plan) -> OfferPoints:
    """Condense every scenario's paths into the points that the workbook carries."""
    contract = plan.inputs.contract
    uses = {name: offered_uses(plan, name) for name in plan.summaries}
    terms_months = tuple(uses[plan.inputs.baseline])
    years = tuple(_year_columns(contract.term_months, terms_months))
    locked = any(use.is_protected for use in plan.uses.values())
    blend = None if locked else cost_blend(contract, plan.uses.values())
    return OfferPoints(
        contract=contract,
        years=years,
        terms_months=terms_months,
        scenarios=tuple(_scenario_points(plan, name, of_name, years, blend) for name, of_name in uses.items()),
        blend=blend,
    )


def of_term(contract: Contract, term_months: int) -> Contract:
    """The same terms over another term, the commitment open and what is unused forfeited."""
    return replace(contract, term_months=term_months, commits_usd_per_year=None, shortfall="forfeit", true_up_rate=1.0)


def offered_uses(plan: Plan, name: str) -> dict[int, TermUse]:
    """Use by term, the shortest first: the plan's own, and whole years that the forecast covers and whose sums were
    kept."""
    return dict(sorted(_offered(plan, name)))


def _offered(plan: Plan, name: str) -> Iterator[tuple[int, TermUse]]:
    contract, spend = plan.inputs.contract, plan.spend[name]
    yield contract.term_months, plan.uses[name]
    if any(use.is_protected for use in plan.uses.values()):
        return  # what is protected is tabulated for the plan's own term only
    for term in range(MONTHS_PER_YEAR, plan.inputs.months + 1, MONTHS_PER_YEAR):
        other = of_term(contract, term)
        kept = contract.needs_accounts or not spend.sums or all((s.first, s.stop) in spend.sums for s in steps(other))
        if term != contract.term_months and kept:
            yield term, term_use(other, spend)


def _year_columns(own_months: int, terms_months: tuple[int, ...]) -> Iterator[YearColumn]:
    for stop in range(MONTHS_PER_YEAR, max(terms_months) + 1, MONTHS_PER_YEAR):
        yield YearColumn(first=stop - MONTHS_PER_YEAR, stop=stop)
    if part := own_months % MONTHS_PER_YEAR:
        yield YearColumn(first=own_months - part, stop=own_months)


def sample_of(plan: Plan, scenario: str) -> PlainSample:
    """A scenario's spend sorted for offers whose unused dollars are forfeited, over the plan's own term."""
    sample = plan.samples[scenario]
    if isinstance(sample, PlainSample):
        return sample
    contract = plan.inputs.contract
    return plain_sample(of_term(contract, contract.term_months), plan.uses[scenario])


def _scenario_points(
    plan: Plan, name: str, uses: dict[int, TermUse], years: tuple[YearColumn, ...], blend: CostBlend | None
) -> ScenarioPoints:
    found = [_year_points(uses, column) for column in years]
    use = np.stack([points for points, _, _ in found])
    return ScenarioPoints(
        name=name,
        use=use,
        outside_usd=np.array([outside for _, outside, _ in found]),
        certain_usd=np.array([_certain(blend, outside, points) for points, outside, _ in found]),
        on_demand_usd=np.array([listed for _, _, listed in found]),
        terms=tuple(_term_points(term, of_it, use, years, blend) for term, of_it in uses.items()),
        locked=_locked(sample_of(plan, name)) if plan.uses[name].is_protected or blend is None else None,
    )


def _year_points(uses: dict[int, TermUse], column: YearColumn) -> tuple[FloatArray, float, float]:
    """A year's bin means of use, its expected spend outside, and what it costs at list."""
    use = next(use for term, use in uses.items() if column.fraction_in(term) > 0)
    index = next(i for i, period in enumerate(use.periods) if period.first == column.first)
    first, stop = use.steps_of[index]
    outside = 0.0 if use.outside_usd is None else float(use.outside_usd[first:stop].sum(axis=0).mean())
    return bin_means(use.drawn_usd[index]), outside, float(use.list_usd[index].mean()) + outside


def _certain(blend: CostBlend | None, outside_usd: float, points: FloatArray) -> float:
    """What of the spend outside neither follows use nor is apart."""
    if blend is None or blend.is_apart:
        return 0.0
    rest = outside_usd - blend.outside_per_use * float(points.mean())
    return rest if abs(rest) > _ROUNDING * abs(outside_usd) else 0.0


def _term_points(
    term: int, use: TermUse, points: FloatArray, years: tuple[YearColumn, ...], blend: CostBlend | None
) -> TermPoints:
    fractions = [column.fraction_in(term) for column in years]
    return TermPoints(
        term_months=term,
        least_use=np.maximum.accumulate(np.quantile(use.least_usd_per_year, np.linspace(0.0, 1.0, N_POINTS))),
        pooled_use=_pooled(points, fractions),
        cost=None if blend is None else cost_table(blend, use),
    )


def _pooled(points: FloatArray, fractions: list[float]) -> FloatArray:
    """The smallest annual use of any year at or below which at least 1/1001, 2/1001, ... 1 of the term's use lies."""
    counted = [(row / share, np.full(N_POINTS, share)) for row, share in zip(points, fractions, strict=True) if share]
    annual, weights = (np.concatenate(parts) for parts in zip(*counted, strict=True))
    order = np.argsort(annual, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    # a hair below each level, so that the rounding of a sum does not move a point
    at = np.searchsorted(reached, (np.arange(N_POINTS) + 1 - 1e-6) / N_POINTS)
    pooled: FloatArray = annual[order][np.minimum(at, annual.size - 1)]
    return pooled


def _locked(sample: PlainSample) -> FloatArray:
    q = _locked_grid(sample.drawing.points)
    short = q * sample.years - sample.mean_drawn_usd + sample.drawing.at(q)
    # a sum and its difference leave a trace of rounding where nothing is short
    return np.stack([q, sample.overage.at(q), np.where(short > _ROUNDING * sample.mean_drawn_usd, short, 0.0)])


def _locked_grid(annual_use: FloatArray) -> FloatArray:
    """Annual list use at which protected prices are tabulated, (1001,), from 0: dense where a year's use may end."""
    even = np.linspace(0.0, annual_use[-1], N_POINTS // 4)
    likely = np.quantile(annual_use, np.linspace(0.0, 1.0, N_POINTS - even.size))
    return np.sort(np.concatenate([even, likely]))
