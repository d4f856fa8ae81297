"""The fit against the measured spend: the level that demand followed, and where a period was to be expected."""

from dataclasses import dataclass

import numpy as np

from planner.calibration.grid import Posterior
from planner.calibration.panel import Panel
from planner.calibration.priors import calendar_months
from planner.demand import DemandModel
from planner.distributions import Z90
from planner.history.history import History
from planner.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Dollars of a month of 365.25 / 12 days at the last period's cost of a request, each of shape (n_periods,).

    measured: the period's requests. fitted: the level with growth, steps, walk and season, transitory noise left out.
    p10, p90: the band that a period lies in four times in five.
    """

    measured_usd: FloatArray
    fitted_usd: FloatArray
    p10_usd: FloatArray
    p90_usd: FloatArray


def bill_trend(history: History, demand: DemandModel, panel: Panel, nodes: Posterior) -> Trend:
    """The smoothed level of the whole bill at the posterior's centre, shapes (n_periods,).

    log spend = a + b t + steps + season + W + eps with the fitted variances, of which types that move apart leave the
    bill rho + (1 - rho) sum w^2; the level is its best linear unbiased prediction from all periods, and the band adds
    its error and the noise of one period.
    """
    measured = history.bill_usd_per_month
    season = np.log(np.array(demand.season))[calendar_months(history)]
    indices, months, steps = panel.indices, panel.months, panel.steps
    share = 1.0 if panel.n_types == 1 else float(nodes.weight @ nodes.share)
    of_bill = float(np.sqrt(share + (1 - share) * panel.weights @ panel.weights))
    noise = of_bill * float(np.exp(nodes.weight @ np.log(nodes.period_noise)))
    volatility = of_bill * float(np.exp(nodes.weight @ np.log(nodes.volatility)))
    walk = volatility**2 * np.minimum.outer(months, months)
    lags = np.abs(np.subtract.outer(indices, indices))
    total = walk + noise**2 * demand.noise_ar1**lags
    regressors = np.column_stack([np.ones(len(months)), months, steps])
    log_spend = np.log(measured) - season
    solved = np.linalg.solve(total, np.column_stack([regressors, log_spend, walk]))
    n_x = regressors.shape[1]
    inverse = np.linalg.inv(regressors.T @ solved[:, :n_x])
    beta = inverse @ (regressors.T @ solved[:, n_x])
    left = log_spend - regressors @ beta
    level = regressors @ beta + walk @ np.linalg.solve(total, left)
    lever = regressors.T - regressors.T @ solved[:, n_x + 1 :]
    var = np.diag(walk) - np.einsum("st,st->t", walk, solved[:, n_x + 1 :])
    var = var + np.einsum("xt,xz,zt->t", lever, inverse, lever)
    spread = Z90 * np.sqrt(np.maximum(var, 0.0) + noise**2)
    fitted = np.exp(level + season)
    return Trend(
        measured_usd=measured, fitted_usd=fitted, p10_usd=fitted * np.exp(-spread), p90_usd=fitted * np.exp(spread)
    )
