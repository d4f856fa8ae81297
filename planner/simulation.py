"""Simulation: monthly list spend of every scenario on common random numbers.

Paths are drawn in blocks that fit the processor's cache; threads work on blocks side by side (NumPy releases the
interpreter lock), and because each block has its own random streams the result does not depend on how many.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from os import cpu_count
from typing import Final

import numpy as np

from planner.digest import digest
from planner.distributions import Point
from planner.errors import InputError
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import Account
from planner.price_moves import PRICE_MOVES, PricePool, price_pool
from planner.simulation_block import Block, DemandBlock, SpendModel
from planner.spend_terms import BlockSpend, BothPrices, ScenarioTerms, spend_terms
from planner.streams import PATHS_PER_BLOCK, BlockStreams
from planner.units import MONTHS_PER_YEAR, FloatArray

Months = tuple[int, int]
"""A stretch of months, first and one past the last."""

MONTHS_OF: Final = 131_072
"""Paths whose months are all kept; of more, the sums over the stretches that are asked for."""

SCORED_PATHS: Final = 32_768
"""Paths whose uncertain inputs are kept beside the spend, to say afterwards what drove it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPaths:
    """Monthly spend, USD, each (n_months, n_paths): at the list price of each month, and at the pricing day's.

    signing_usd is None where it was not asked for, and the same array where no price moves.
    """

    current_usd: FloatArray
    signing_usd: FloatArray | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendPaths:
    """Simulated monthly spend of one scenario, USD before any negotiated discount.

    list_cost_usd: shape (n_months, n_paths), at the list price of each month; of many paths only the first ones, and
    then sums holds what is asked of all: (first, stop) months -> list cost over them, shape (n_paths,).
    signing_list_cost_usd: the same usage at the list prices of the pricing day; None where it was not asked for.
    scores: uncertain input -> its score in (0, 1) on the first SCORED_PATHS paths, for what this scenario depends on.
    accounts: the same spend by account, which add up to it; empty where it was not asked for.
    """

    list_cost_usd: FloatArray
    signing_list_cost_usd: FloatArray | None
    scores: Mapping[str, FloatArray] = field(default_factory=dict)
    sums: Mapping[Months, FloatArray] = field(default_factory=dict)
    accounts: Mapping[Account, AccountPaths] = field(default_factory=dict)

    @property
    def n_paths(self) -> int:
        return next((total.size for total in self.sums.values()), int(self.list_cost_usd.shape[1]))

    def list_cost_over(self, first: int, stop: int) -> FloatArray:
        """List spend of months first .. stop - 1 on every path, shape (n_paths,)."""
        if (first, stop) in self.sums:
            return self.sums[first, stop]
        if self.sums:
            raise InputError(
                f"of {self.n_paths:,} paths the months are not kept, and {first} to {stop - 1} were not asked for; "
                "simulate with these months among stretches, or with months_of as large as paths"
            )
        total: FloatArray = self.list_cost_usd[first:stop].sum(axis=0)
        return total

    def annual_list_cost_usd(self) -> FloatArray:
        """List spend of months 0 to 11, shape (n_paths,)."""
        return self.list_cost_over(0, MONTHS_PER_YEAR)


@dataclass(slots=True, kw_only=True)
class KeptPaths:
    """What one simulation leaves for the next: spend by scenario, and the demand that any scenario starts from.

    max_bytes bounds both together; what does not fit is worked out again.
    """

    max_bytes: int = 512 * 2**20
    spend: dict[str, SpendPaths] = field(default_factory=dict)
    demand_key: str = ""
    demand: dict[int, DemandBlock] = field(default_factory=dict)

    def keep_spend(self, made: Mapping[str, SpendPaths]) -> None:
        """Keep newer results, dropping the oldest ones beyond half of the bound."""
        self.spend.update(made)
        while self.spend and sum(_n_bytes(item) for item in self.spend.values()) > self.max_bytes // 2:
            del self.spend[next(iter(self.spend))]

    def demand_of(self, key: str, n_bytes: int) -> dict[int, DemandBlock] | None:
        """Blocks of demand kept under this key, to be added to; None where they are beyond half of the bound.

        Demand of another key is dropped.
        """
        if key != self.demand_key:
            self.demand_key = key
            self.demand = {}
        return self.demand if n_bytes <= self.max_bytes // 2 else None


def _n_bytes(spend: SpendPaths) -> int:
    apart = (array for item in spend.accounts.values() for array in (item.current_usd, item.signing_usd))
    arrays = (spend.list_cost_usd, spend.signing_list_cost_usd, *spend.sums.values(), *apart)
    return sum(array.nbytes for array in {id(array): array for array in arrays if array is not None}.values())


def simulate_spend(
    model: SpendModel,
    *,
    paths: int,
    seed: int,
    signing: bool = True,
    accounts: bool = False,
    steered: bool = True,
    stretches: Sequence[Months] = (),
    months_of: int = MONTHS_OF,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    kept: KeptPaths | None = None,
) -> dict[str, SpendPaths]:
    """Simulate every scenario on the same demand and price paths; same seed, same result for any thread count.

    signing, accounts: whether the same usage at the pricing day's list, and spend by account, are wanted; either keeps
    every month of every path. steered: spread what carries the variance evenly over the paths (planner.streams); plain
    draws are for comparison. stretches: months asked of every path, beside the first year, where there are more paths
    than months_of: of those the months themselves are not kept, so that memory is bounded. progress, if given, is
    called with the fraction done; an error that it raises stops the simulation. kept: what an earlier simulation left;
    only what depends on a changed input is worked out again. Returns a SpendPaths per scenario name.
    """
    keeps_months = signing or accounts
    run = _Run(
        model=model,
        paths=paths,
        seed=seed,
        signing=signing,
        accounts=accounts,
        steered=steered,
        stretches=tuple(sorted({(0, MONTHS_PER_YEAR), *stretches})) if paths > months_of and not keeps_months else (),
        months_of=paths if keeps_months else min(months_of, paths),
    )
    if kept is None:
        return run.simulate(model.scenarios, None, threads=threads, progress=progress)
    keys = {costs.scenario.name: run.key(costs) for costs in model.scenarios}
    found = {name: kept.spend[key] for name, key in keys.items() if key in kept.spend}
    missing = tuple(costs for costs in model.scenarios if costs.scenario.name not in found)
    made = run.simulate(missing, kept, threads=threads, progress=progress) if missing else {}
    kept.keep_spend({keys[name]: value for name, value in made.items()})
    return {name: found[name] if name in found else made[name] for name in keys}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One call of simulate_spend."""

    model: SpendModel
    paths: int
    seed: int
    signing: bool
    accounts: bool
    steered: bool
    stretches: tuple[Months, ...]
    months_of: int

    def key(self, costs: ScenarioCosts) -> str:
        """What the spend of a scenario depends on."""
        model = self.model
        shared = (
            model.demand,
            model.requests,
            model.unit_costs_usd,
            model.price_moves,
            model.months_before_start,
        )
        drawn = self.paths, self.seed, self.signing, self.accounts, self.steered, self.stretches, self.months_of
        return digest(costs, shared, drawn)

    def simulate(
        self,
        scenarios: tuple[ScenarioCosts, ...],
        kept: KeptPaths | None,
        *,
        threads: int | None,
        progress: Callable[[float], None] | None,
    ) -> dict[str, SpendPaths]:
        """Spend of the scenarios, block by block."""
        model, n_months = self.model, self.model.demand.n_months
        terms = spend_terms(scenarios, model.requests, n_months)
        results = [self._result(item) for item in terms.scenarios]
        blocks = None if kept is None else self._kept_blocks(kept)

        def run(first: int) -> dict[str, FloatArray]:
            streams = self._streams(first)
            demand = _demand_block(model, streams, blocks)
            block = Block(
                model=model,
                streams=streams,
                terms=terms,
                demand=demand,
                pools=pools,
                signing=self.signing,
                accounts=self.accounts,
            )
            for result in results:
                result.put(block.spend(result.terms), first)
            return block.scores() if first < SCORED_PATHS else {}

        starts = range(0, self.paths, PATHS_PER_BLOCK)
        with ThreadPoolExecutor(max_workers=threads or cpu_count() or 1) as pool:
            pools = self._price_pools(terms.scenarios, pool) if self.steered else {}
            scored = _all_of(pool.map(run, starts), len(starts), pool, progress)
        joined = {name: np.concatenate([part[name] for part in scored if part]) for name in scored[0]}
        return {result.terms.costs.scenario.name: result.paths(joined) for result in results}

    def _streams(self, first: int) -> BlockStreams:
        return BlockStreams(
            seed=self.seed,
            block=first // PATHS_PER_BLOCK,
            size=min(PATHS_PER_BLOCK, self.paths - first),
            leverage=self.model.demand.leverage,
            is_steered=self.steered,
        )

    def _kept_blocks(self, kept: KeptPaths) -> dict[int, DemandBlock] | None:
        """Where demand is kept for this run, None where it is too large to be."""
        key = digest(self.model.demand, self.paths, self.seed, self.steered)
        size = self.model.requests.size * self.model.demand.n_months * self.paths * 8
        return kept.demand_of(key, size)

    def _price_pools(self, scenarios: tuple[ScenarioTerms, ...], pool: ThreadPoolExecutor) -> dict[str, PricePool]:
        model = self.model
        tiers = {} if model.price_moves.is_still else _tiers(scenarios)

        def draw(tier: str) -> PricePool:
            return price_pool(
                model.price_moves,
                tier=tier,
                months_before_start=model.months_before_start,
                n_months=model.demand.n_months,
                aim_months=model.demand.aim_months,
                seed=self.seed,
                paths=self.paths,
            )

        return {drawn.tier: drawn for drawn in pool.map(draw, sorted(tiers))}

    def _result(self, terms: ScenarioTerms) -> "_Result":
        return _Result(
            terms=terms,
            total=self._months(),
            accounts={account: self._months() for account in terms.accounts} if self.accounts else {},
            sums={months: np.empty(self.paths) for months in self.stretches},
        )

    def _months(self) -> AccountPaths:
        """Zeros to be filled; one array for both prices where no price moves."""
        current = np.zeros((self.model.demand.n_months, self.months_of))
        signing = current if self.model.price_moves.is_still else np.zeros_like(current) if self.signing else None
        return AccountPaths(current_usd=current, signing_usd=signing)


def _all_of(
    parts: Iterable[dict[str, FloatArray]],
    n_parts: int,
    pool: ThreadPoolExecutor,
    progress: Callable[[float], None] | None,
) -> list[dict[str, FloatArray]]:
    """Every part, once it is done. An error, of a part or of progress, lets go of what the pool has not begun."""
    found = []
    try:
        for part in parts:
            found.append(part)
            if progress is not None:
                progress(len(found) / n_parts)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return found


def _tiers(scenarios: Sequence[ScenarioTerms]) -> set[str]:
    return {account.tier for item in scenarios for account in item.accounts if account.tier is not None}


def _demand_block(model: SpendModel, streams: BlockStreams, kept: dict[int, DemandBlock] | None) -> DemandBlock:
    if kept is not None and streams.block in kept:
        known = kept[streams.block]
        streams.scores.update(known.scores)
        return known
    factors, tokens = model.demand.factors(streams), model.demand.token_factors(streams)
    drawn = DemandBlock(factors=factors, tokens=tokens, scores=dict(streams.scores))
    if kept is not None:
        kept[streams.block] = drawn
    return drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """Where the blocks of one scenario are put together."""

    terms: ScenarioTerms
    total: AccountPaths
    accounts: Mapping[Account, AccountPaths]
    sums: Mapping[Months, FloatArray]

    def put(self, spend: BlockSpend, first: int) -> None:
        current = spend.total[0]
        for (month, end), total in self.sums.items():
            current[month:end].sum(axis=0, out=total[first : first + current.shape[1]])
        _put(self.total, spend.total, first)
        for account, usd in spend.accounts.items():
            _put(self.accounts[account], usd, first)

    def paths(self, scores: Mapping[str, FloatArray]) -> SpendPaths:
        own = {key for key, value in self.terms.costs.inputs.items() if not isinstance(value, Point)}
        own |= {f"{PRICE_MOVES}{tier}" for tier in _tiers([self.terms])}
        return SpendPaths(
            list_cost_usd=self.total.current_usd,
            signing_list_cost_usd=self.total.signing_usd,
            sums=self.sums,
            scores={name: score for name, score in scores.items() if name in own or not name.startswith(_OF_SOME)},
            accounts=self.accounts,
        )


def _put(paths: AccountPaths, block: BothPrices, first: int) -> None:
    """Fill the paths of a block from `first` on, as far as their months are kept."""
    current, signing = block
    kept = max(min(first + current.shape[1], paths.current_usd.shape[1]) - first, 0)
    paths.current_usd[:, first : first + kept] = current[:, :kept]
    if paths.signing_usd is not None and signing is not None:
        paths.signing_usd[:, first : first + kept] = signing[:, :kept]


_OF_SOME = (PRICE_MOVES, "route/", "cache/", "batch/", "output/", "milestone/", "team/")
"""Beginnings of uncertain inputs that only some scenarios depend on."""
