"""The arithmetic of the offer calculator, in Python: what its formulas compute, from the same 1,001 points.

Paths are sorted and summed up in 1,001 bins of equal probability. Bin means keep the mean exactly, so that expected
cost, shortfall and overage are wrong only in the one bin that the commitment cuts. Probabilities and percentiles are
read from the quantiles at 0.0 %, 0.1 %, ... 100.0 %, linear between them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.contract import Contract
from planner.offer import Offer
from planner.plan import Plan
from planner.risk import quantiles
from planner.sizing.plain_sample import PlainSample, plain_sample
from planner.term_use import TermUse
from planner.units import HALF_CENT_USD, FloatArray

N_POINTS = 1001
PERCENTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPoints:
    """One scenario's spend as the workbook carries it, USD at list.

    use: shape (n_years, 1001), bin means of what draws the commitment down, per contract year. least_use: (1001,),
    quantiles of each path's smallest annual use. locked: None, or where prices are locked shape (2, 1001): annual list
    use q, and the expected use beyond it at the prices of the day. outside_percentiles_usd: P10, P50, P90 of list
    spend outside the contract.
    """

    name: str
    use: FloatArray
    least_use: FloatArray
    locked: FloatArray | None
    outside_usd: float
    outside_percentiles_usd: tuple[float, ...]
    on_demand_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPoints:
    """Everything that the offer calculator prices from. has_percentiles: whether cost quantiles follow from use."""

    contract: Contract
    scenarios: tuple[ScenarioPoints, ...]
    has_percentiles: bool

    @property
    def year_fractions(self) -> tuple[float, ...]:
        """Share of a year in each contract year; the last may be a part of one."""
        return tuple(period.year_fraction for period in self.contract.periods)


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

    @property
    def owed_usd(self) -> float:
        return self.list_usd * self.kept


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedYear:
    """A contract year: list use that exhausts the commitment, expected use beyond it, expected unused, mean use."""

    list_usd: float
    beyond_usd: float
    unused_usd: float
    mean_usd: float

    @property
    def balance(self) -> float:
        """q + use beyond it over use + use short of it: 1, since every committed dollar is drawn or unused."""
        used = self.mean_usd + self.unused_usd
        return (self.list_usd + self.beyond_usd) / used if used > 0 else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """Between which of the 1,001 points a value lies: the rank below it (0: below all) and the points either side."""

    rank: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOffer:
    """An offer priced in one scenario, with the steps on the way. USD over the term."""

    years: tuple[PricedYear, ...]
    beyond_usd: float
    unused_usd: float
    short_below_usd: float
    short: Bracket
    between: float
    shortfall_probability: float
    locked: Bracket | None
    locked_ends_usd: tuple[float, float]
    overage_list_usd: float
    overage_usd: float
    shortfall_usd: float
    expected_cost_usd: float
    savings_rate: float
    use_percentiles_usd: tuple[float, ...]
    cost_percentiles_usd: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferState:
    """What the sheet opens with: the recommended offer, in the scenario decided on, priced in every scenario."""

    points: OfferPoints
    scenario: int
    terms: OfferTerms
    priced: Sequence[PricedOffer]

    @property
    def scenario_name(self) -> str:
        return self.points.scenarios[self.scenario].name


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileError:
    """Largest difference from the full sample, over scenarios and the commitments of the curve.

    cost: of expected cost, relative. shortfall and overage: relative to expected cost. probability: absolute.
    """

    cost: float
    shortfall: float
    overage: float
    probability: float


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
    passed_through = all(not use.is_protected for use in plan.uses.values())
    # Where only some models are eligible, what is billed outside does not rise with what enters.
    in_step = contract.eligible.is_everything
    return OfferPoints(
        contract=contract,
        scenarios=tuple(_scenario_points(plan, name, locked=not passed_through) for name in plan.summaries),
        has_percentiles=passed_through and in_step and len(contract.periods) == 1,
    )


def sample_of(plan: Plan, scenario: str) -> PlainSample:
    """A scenario's spend sorted for plain offers; plans with a fixed commitment keep theirs otherwise."""
    sample = plan.samples[scenario]
    return sample if isinstance(sample, PlainSample) else plain_sample(plan.inputs.contract, plan.uses[scenario])


def _scenario_points(plan: Plan, name: str, *, locked: bool) -> ScenarioPoints:
    use: TermUse = plan.uses[name]
    sample = sample_of(plan, name)
    levels = np.linspace(0.0, 1.0, N_POINTS)
    grid = None
    if locked:
        q = _locked_grid(sample.drawing.points)
        grid = np.stack([q, sample.overage.at(q)])
    return ScenarioPoints(
        name=name,
        use=np.stack([bin_means(use.drawn_list_usd(period)) for period in plan.inputs.contract.periods]),
        least_use=np.maximum.accumulate(np.quantile(sample.least_use, levels)),
        locked=grid,
        outside_usd=sample.outside_usd,
        outside_percentiles_usd=tuple(quantiles(use.outside_total_usd, PERCENTILES).tolist()),
        on_demand_usd=sample.on_demand_usd,
    )


def _locked_grid(annual_use: FloatArray) -> FloatArray:
    """Annual list use at which locked prices are tabulated, (1001,), from 0: dense where a year's use may end."""
    even = np.linspace(0.0, annual_use[-1], N_POINTS // 4)
    likely = np.quantile(annual_use, np.linspace(0.0, 1.0, N_POINTS - even.size))
    return np.sort(np.concatenate([even, likely]))


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


def price_offer(points: OfferPoints, scenario: ScenarioPoints, offer: OfferTerms) -> PricedOffer:
    """Price an offer from the points, step by step as the sheet Calc does."""
    years = tuple(
        _priced_year(use, offer.list_usd * fraction)
        for use, fraction in zip(scenario.use, points.year_fractions, strict=True)
    )
    beyond, unused = sum(year.beyond_usd for year in years), sum(year.unused_usd for year in years)
    short_below = offer.list_usd - HALF_CENT_USD / offer.kept
    short = bracket(scenario.least_use, short_below)
    locked, ends, overage_list = None, (0.0, 0.0), beyond
    if scenario.locked is not None:
        locked = bracket(scenario.locked[0], offer.list_usd)
        ends = tuple(scenario.locked[1][[locked.rank - 1, min(locked.rank, N_POINTS - 1)]].tolist())
        overage_list = ends[0] + (ends[1] - ends[0]) * _share(locked, offer.list_usd)
    n_years = sum(points.year_fractions)
    cost = scenario.on_demand_usd
    if offer.commit_usd > 0:
        cost = offer.owed_usd * n_years + offer.overage_rate * overage_list + scenario.outside_usd
    use_percentiles = _use_percentiles(points, scenario)
    return PricedOffer(
        years=years,
        beyond_usd=beyond,
        unused_usd=unused,
        short_below_usd=short_below,
        short=short,
        between=_between(short, short_below),
        shortfall_probability=_probability(short, short_below),
        locked=locked,
        locked_ends_usd=ends,
        overage_list_usd=overage_list,
        overage_usd=offer.overage_rate * overage_list,
        shortfall_usd=offer.kept * unused,
        expected_cost_usd=cost,
        savings_rate=1 - cost / scenario.on_demand_usd if scenario.on_demand_usd > 0 else 0.0,
        use_percentiles_usd=use_percentiles,
        cost_percentiles_usd=tuple(
            offer.owed_usd * n_years + offer.overage_rate * max(use - offer.list_usd * n_years, 0) + outside
            for use, outside in zip(use_percentiles, scenario.outside_percentiles_usd, strict=False)
        ),
    )


def _priced_year(use: FloatArray, list_usd: float) -> PricedYear:
    return PricedYear(
        list_usd=list_usd,
        beyond_usd=float(np.maximum(use - list_usd, 0.0).sum()) / N_POINTS,
        unused_usd=float(np.maximum(list_usd - use, 0.0).sum()) / N_POINTS,
        mean_usd=float(use.sum()) / N_POINTS,
    )


def bracket(points: FloatArray, value: float) -> Bracket:
    """Where a value lies among ascending points; a value equal to a point lies above it."""
    rank = int(np.searchsorted(points, value, side="right"))
    return Bracket(
        rank=rank,
        low=float(points[rank - 1]) if rank else 0.0,
        high=float(points[min(rank, N_POINTS - 1)]),
    )


def _share(at: Bracket, value: float) -> float:
    """How far a value is from its lower to its upper point; 0 beyond the last one."""
    return (value - at.low) / (at.high - at.low) if at.high > at.low else 0.0


def _probability(at: Bracket, value: float) -> float:
    """P(use < value), linear between quantiles."""
    if at.rank == 0:
        return 0.0
    return 1.0 if at.rank == N_POINTS else _between(at, value)


def _between(at: Bracket, value: float) -> float:
    """The level of a value between its two quantiles; of use only where it lies between two."""
    return (at.rank - 1 + _share(at, value)) / (N_POINTS - 1) if at.high > at.low else 1.0


def _use_percentiles(points: OfferPoints, scenario: ScenarioPoints) -> tuple[float, ...]:
    if not points.has_percentiles:
        return ()
    rows = [round(level * (N_POINTS - 1)) for level in PERCENTILES]
    return tuple((scenario.least_use[rows] * sum(points.year_fractions)).tolist())


def quantile_error(plan: Plan, points: OfferPoints) -> QuantileError:
    """How far the points are from the full sample, on every commitment of the curve and in every scenario."""
    worst = np.zeros(4)
    offers: Sequence[Offer] = [point.offer for point in plan.curve]
    for scenario in points.scenarios:
        for exact in sample_of(plan, scenario.name).expect(offers):
            priced = price_offer(points, scenario, terms(points.contract, exact.offer))
            scale = exact.expected_cost_usd or 1.0
            found = [
                (priced.expected_cost_usd - exact.expected_cost_usd) / scale,
                (priced.shortfall_usd - exact.expected_shortfall_usd) / scale,
                (priced.overage_usd - exact.expected_overage_usd) / scale,
                priced.shortfall_probability - exact.shortfall_probability,
            ]
            worst = np.maximum(worst, np.abs(found))
    cost, shortfall, overage, probability = worst.tolist()
    return QuantileError(cost=cost, shortfall=shortfall, overage=overage, probability=probability)
