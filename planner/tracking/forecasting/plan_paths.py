"""The plan's paths in log dollars: what each path has of its own, and the swing about it that is jointly normal.

Of month t on path i, V is requests times what one costs as measured, S list cost at the pricing day's prices:

    log V = log B + z        log S = log A + z + y

B and A are the same path drawn calm: without walk and noise, and with level, growth and token drift at their middle.
They keep the path's events, who leaves, and its levers. z and y, the swing of volume and of cost per unit of volume,
are close to jointly normal over months, whatever B and A are; mean and covariance are those of the plan's own paths.
To y comes what no plan models, what a request costs beyond drift, mix and levers: the walk and noise that calibration
has as priors of tokens per request.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import ceil, exp, tanh
from os import cpu_count
from typing import Final

import numpy as np

from planner.calibration.priors import DRIFT_PRIORS
from planner.demand_process import DemandProcess
from planner.distributions import Distribution, Point
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.lever_costs.unit_costs import Account
from planner.simulation import AccountPaths, SpendPaths, simulate_spend
from planner.simulation_block import SpendModel
from planner.streams import PATHS_PER_BLOCK, BlockStreams
from planner.tracking.forecasting.shares import ShareSwing, share_swing
from planner.tracking.signed_plan import SignedPlan
from planner.units import BoolArray, FloatArray

LEAST_LOG_SD: Final = 0.01
"""What a plan is wrong by at the least, relative: one without uncertainty cannot be conditioned on anything else."""

LEAST_LEVEL_SD: Final = 0.05
"""What the level of volume is uncertain by at the least, where it has to be widened."""

_UNMODELLED: Final = "what no plan models"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPaths:
    """A signed plan's paths, n_months x n_paths.

    base: log B over log A, shape (2 n_months, n_paths), -inf where there is no use. swing: z over y, the same shape,
    with what no plan models; mean: (2 n_months,), covariance: (2 n_months, 2 n_months). whole: the paths with use in
    every month. wander: (3, 2 n_months, 2 n_months), parts of the covariance that are widened where a plan does not
    explain what was seen: the level of volume, its walk and noise, and what no plan models of cost. has_floor: the plan
    is certain of its volume, and a walk of LEAST_LOG_SD was added. shares: of the accounts in list cost. prices: of
    each over the pricing day's, (n_months, n_paths), None where no price moves.
    """

    base: FloatArray
    swing: FloatArray
    mean: FloatArray
    covariance: FloatArray
    whole: BoolArray
    wander: FloatArray
    has_floor: bool
    shares: Mapping[Account, ShareSwing]
    prices: Mapping[Account, FloatArray | None]

    @property
    def n_months(self) -> int:
        return len(self.mean) // 2

    @property
    def n_paths(self) -> int:
        return int(self.swing.shape[1])


def plan_paths(signed: SignedPlan) -> PlanPaths:
    """The parts of a signed plan's paths. Draws its demand twice more: as it is, and calm."""
    model, spend = signed.prepared.spend_model, signed.spend
    quiet = replace(model, demand=calm(model.demand))
    volume, base_volume = (volume_usd(item, signed.inputs.seed, spend.n_paths) for item in (model, quiet))
    cost, calm_spend = spend.signing_list_cost_usd, _calm_spend(quiet, signed)
    base_cost = calm_spend.signing_list_cost_usd
    assert cost is not None  # simulated with the signing day's prices
    assert base_cost is not None
    used = (volume > 0) & (base_volume > 0) & (cost > 0) & (base_cost > 0)
    z, total = _log_ratio(volume, base_volume, used), _log_ratio(cost, base_cost, used)
    mean, covariance, drawn = _moments(np.vstack([z, total - z]), np.vstack([used, used]))
    has_floor = float(np.diag(covariance)[: len(used)].max(initial=0.0)) < LEAST_LOG_SD**2
    extra = unmodelled(model.demand, has_floor=has_floor)
    with np.errstate(divide="ignore"):
        base = np.log(np.vstack([np.where(used, base_volume, 0.0), np.where(used, base_cost, 0.0)]))
    return PlanPaths(
        base=base,
        swing=drawn + _drawn(extra, signed.inputs.seed, spend.n_paths),
        mean=mean - np.diag(extra) / 2,
        covariance=covariance + extra,
        whole=np.logical_and.reduce(used, axis=0),
        wander=_wander(model, unmodelled(model.demand, has_floor=False)),
        has_floor=has_floor,
        shares=_shares(signed, calm_spend, used, extra[len(used) :, len(used) :]),
        prices={key: _prices(paths) for key, paths in spend.accounts.items()},
    )


def _shares(
    signed: SignedPlan, calm_spend: SpendPaths, used: BoolArray, extra: FloatArray
) -> dict[Account, ShareSwing]:
    """The share of every account in list cost at the pricing day's prices. extra: covariance of what no plan models."""
    spend, found = signed.spend, {}
    total, calm_total = spend.signing_list_cost_usd, calm_spend.signing_list_cost_usd
    assert total is not None
    assert calm_total is not None
    for key, paths in spend.accounts.items():
        usd, calm_usd = paths.signing_usd, calm_spend.accounts[key].signing_usd
        assert usd is not None
        assert calm_usd is not None
        base, swing = share_swing(usd, total, calm_usd, calm_total, used)
        mean, covariance, drawn = _moments(swing, used)
        own = _drawn(extra, signed.inputs.seed, spend.n_paths, f" of {key.tier}, {key.eligible}")
        found[key] = ShareSwing(
            base=base, swing=drawn + own, mean=mean - np.diag(extra) / 2, covariance=covariance + extra
        )
    return found


def _prices(paths: AccountPaths) -> FloatArray | None:
    """List price of an account over the pricing day's, (n_months, n_paths): in a month without use that of the month
    before. None where no price moves."""
    signing = paths.signing_usd
    if signing is None or signing is paths.current_usd:
        return None
    found = np.ones_like(signing)
    np.divide(paths.current_usd, signing, out=found, where=signing > 0)
    for month in range(1, len(found)):
        np.copyto(found[month], found[month - 1], where=signing[month] <= 0)
    return found


def calm(process: DemandProcess) -> DemandProcess:
    """The process without what is jointly normal: the same draws of everything else."""
    model = process.model
    return replace(
        process,
        steering=None,
        walk_noise=np.zeros_like(process.walk_noise),
        model=replace(
            model,
            level_sd=0.0,
            monthly_volatility=0.0,
            monthly_noise=0.0,
            growth_per_year=_middle(model.growth_per_year),
            token_drift_per_year=_middle(model.token_drift_per_year),
        ),
    )


def unmodelled(demand: DemandProcess, *, has_floor: bool) -> FloatArray:
    """Covariance over months of what no plan models, of volume and then of cost per unit of it.

    Shape (2 n_months, 2 n_months). The walk begins with the measurement of tokens per request.
    """
    t = np.arange(demand.n_months, dtype=np.float64)
    walk, noise = exp(DRIFT_PRIORS.log_volatility.mean), exp(DRIFT_PRIORS.log_noise.mean)
    lags = np.abs(np.subtract.outer(t, t))
    steps = np.maximum(t + ceil(demand.drift_months), 0.0)
    found = np.zeros((2 * t.size, 2 * t.size))
    found[t.size :, t.size :] = walk**2 * np.minimum.outer(steps, steps)
    found[t.size :, t.size :] += noise**2 * tanh(DRIFT_PRIORS.atanh_ar1.mean) ** lags
    if has_floor:
        found[: t.size, : t.size] = _least_walk(t.size)
    return found


def _wander(model: SpendModel, of_cost: FloatArray) -> FloatArray:
    """Covariances of the level of volume, of its walk and noise, and of what no plan models of cost.

    Shape (3, 2 n_months, 2 n_months). The log of a total moves as its parts do, by their shares. What a plan takes as
    certain has the least that there is.
    """
    demand = model.demand
    usd = model.requests * model.unit_costs_usd
    shares = usd / usd.sum() if usd.sum() > 0 else usd
    together = demand.model.common_share + (1.0 - demand.model.common_share) * float((shares**2).sum())
    n = demand.n_months
    walk = together * (demand.walk_noise @ demand.walk_noise.T)
    found = np.zeros((3, 2 * n, 2 * n))
    found[0, :n, :n] = max(demand.model.level_sd, LEAST_LEVEL_SD) ** 2
    found[1, :n, :n] = walk if walk.max(initial=0.0) >= LEAST_LOG_SD**2 else _least_walk(n)
    found[2] = of_cost
    return found


def _least_walk(n_months: int) -> FloatArray:
    t = np.arange(n_months, dtype=np.float64)
    walk: FloatArray = LEAST_LOG_SD**2 * (1.0 + np.minimum.outer(t, t))
    return walk


def _middle(rate: Distribution) -> Distribution:
    """The median of a rate whose log is normal, as a certain one; any other is left as it is."""
    at = np.log1p(rate.from_normal(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])))
    is_normal = np.allclose(np.diff(at), at[3] - at[2], rtol=1e-6, atol=1e-12)
    return Point(float(np.expm1(at[2]))) if is_normal else rate


def volume_usd(model: SpendModel, seed: int, paths: int) -> FloatArray:
    """Requests, each at what one of its type costs as measured at the pricing day's list, on the paths of a seed.

    Shape (n_months, n_paths).
    """
    usd = model.requests * model.unit_costs_usd

    def block(first: int) -> FloatArray:
        found: FloatArray = np.tensordot(usd, model.demand.factors(_streams(model, seed, first, paths)), 1)
        return found

    with ThreadPoolExecutor(max_workers=cpu_count() or 1) as pool:
        return np.concatenate(list(pool.map(block, range(0, paths, PATHS_PER_BLOCK))), axis=1)


def _streams(model: SpendModel, seed: int, first: int, paths: int) -> BlockStreams:
    return BlockStreams(
        seed=seed,
        block=first // PATHS_PER_BLOCK,
        size=min(PATHS_PER_BLOCK, paths - first),
        leverage=model.demand.leverage,
    )


def _calm_spend(model: SpendModel, signed: SignedPlan) -> SpendPaths:
    """Spend under the scenario that was decided on, by account; prices stand still where no request depends on them."""
    decided = tuple(costs for costs in model.scenarios if _is_decided(costs, signed))
    moves = model.price_moves
    if model.demand.model.rebound == Point(0.0):  # else requests depend on the prices of each path
        moves = replace(moves, falls_per_year=0.0, rises_per_year=0.0)
    still = replace(model, scenarios=decided, price_moves=moves)
    drawn = simulate_spend(still, paths=signed.spend.n_paths, seed=signed.inputs.seed, accounts=True)
    return drawn[decided[0].scenario.name]


def _is_decided(costs: ScenarioCosts, signed: SignedPlan) -> bool:
    return costs.scenario.name == signed.inputs.decision.scenario


def _log_ratio(usd: FloatArray, base: FloatArray, used: BoolArray) -> FloatArray:
    ratio = np.divide(usd, base, out=np.ones_like(usd), where=used)
    found: FloatArray = np.log(ratio, out=ratio)
    return found


def _moments(swing: FloatArray, used: BoolArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean and covariance over the paths on which a month is used, and the swing with its mean on all others."""
    counts = np.maximum(used.sum(axis=1), 1).astype(np.float64)
    mean = (swing * used).sum(axis=1) / counts
    off = np.where(used, swing - mean[:, None], 0.0)
    if used.all():
        return mean, off @ off.T / counts[0], swing
    both = np.maximum(used.astype(np.float64) @ used.T.astype(np.float64), 1.0)
    values, vectors = np.linalg.eigh(off @ off.T / both)
    # pairs of months are counted on different paths, so that a direction can come out below zero
    covariance: FloatArray = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return mean, covariance, mean[:, None] + off


def _drawn(covariance: FloatArray, seed: int, paths: int, of: str = "") -> FloatArray:
    """Normal draws with this covariance and the mean that makes their exponential one, (n, n_paths)."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    blocks = [
        BlockStreams(seed=seed, block=first // PATHS_PER_BLOCK, size=min(PATHS_PER_BLOCK, paths - first))
        for first in range(0, paths, PATHS_PER_BLOCK)
    ]
    z = np.concatenate([streams.normal(_UNMODELLED + of, len(root)) for streams in blocks], axis=1)
    drawn: FloatArray = root @ z - np.diag(covariance)[:, None] / 2
    return drawn
