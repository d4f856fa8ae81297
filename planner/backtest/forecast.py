"""The forecast of hidden periods: the plan's own model of the traffic as it is, from what was known the day before.

No levers, prices that stay, no events: those are dated in months of the contract and not of the past.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np

from planner.backtest.judge import periods_per_year
from planner.calibration.calibrate import Calibration, calibrate
from planner.calibration.panel import monthly_of_weekly
from planner.caveats import history_level_sd
from planner.coverage import days_in, month_index, month_of
from planner.demand import DemandModel
from planner.demand_process import DemandProcess, demand_process
from planner.history.history import History, Period
from planner.inputs import PlanInputs
from planner.lever_costs.scenario_costs import price_scenario
from planner.levers import Scenario
from planner.mix import Measurement, RequestMix, forward_mix
from planner.prices import PriceBook
from planner.simulation import simulate_spend
from planner.simulation_block import SpendModel
from planner.units import DAYS_PER_MONTH, MONTHS_PER_YEAR, FloatArray, IntArray

PATHS: Final = 4_096
"""Simulated paths per fold: their error is far below that of so few held-out periods."""

_WEEKLY_AR1: Final = (-0.5, 0.985)
_AS_IS: Final = Scenario(name="as is")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """The periods that a fold hides, and what was known before.

    seen: the history without them. measured: the log up to the day before.
    """

    seen: History
    measured: Measurement
    ahead: tuple[Period, ...]
    steps: IntArray

    @property
    def steps_per_year(self) -> float:
        """Periods in a year."""
        assert self.seen.period is not None
        return periods_per_year(self.seen.period)

    @property
    def days(self) -> FloatArray:
        """Calendar days of each hidden period."""
        return np.array([(period.end - period.start).days + 1 for period in self.ahead], dtype=np.float64)

    def steps_since(self, months_before_start: float) -> float:
        """Steps to the middle of the first hidden period, from a time so many months before its calendar month.

        A month's middle is its whole index. Where periods are months, those are the months themselves.
        """
        if self.seen.period == "month":
            return months_before_start
        start = self.ahead[0].start
        middle = start + timedelta(days=3)
        passed = (middle.day - 0.5) / days_in(month_of(middle)) - 0.5
        months = month_index(month_of(middle)) + passed - month_index(month_of(start))
        return (months_before_start + months) * self.steps_per_year / MONTHS_PER_YEAR

    def season(self, factors: Sequence[float]) -> FloatArray | None:
        """Season of each step, the mean over its days, shape (n_steps,); None where the steps are months."""
        if self.seen.period == "month":
            return None
        first = self.ahead[0].start
        n_days = 7 * (int(self.steps[-1]) + 1)
        daily = [factors[(first + timedelta(days=day)).month - 1] for day in range(n_days)]
        return np.array(daily).reshape(-1, 7).mean(axis=1)


def hide(past: History, measured: Measurement, hidden: int) -> Hidden:
    """The last periods of a history, hidden. measured: the log up to the day before them."""
    at = np.array(past.indices[-hidden:], dtype=np.int64)
    return Hidden(seen=past.without_last(hidden), measured=measured, ahead=past.periods[-hidden:], steps=at - at[0])


def forecast_usd(inputs: PlanInputs, hidden: Hidden, price_book: PriceBook, *, on: date) -> FloatArray:
    """Simulated list spend of each hidden period at the prices of one day, shape (n_hidden, PATHS).

    Keys of [demand] that the user typed win; the others are fitted to what was known. The model's month is one of
    365.25 / 12 days: a period has its share of it by its days.
    """
    fit = calibrate(hidden.seen, replace(inputs.demand_at_defaults, events=()), inputs.demand_given)
    season = np.array(fit.demand.season)
    mix = forward_mix(hidden.measured, start=hidden.ahead[0].start, season=season, price_book=price_book)
    costs = price_scenario(_AS_IS, mix, price_book, on=on)
    names = tuple(item.request_type for item in costs.types)
    requests, growth_steps = _levels(hidden, fit, mix, names, inputs.demand_given)
    unit_costs = costs.mean_unit_costs(np.zeros(1))[0]
    model = SpendModel(
        demand=_process(hidden, _demand(inputs, hidden, fit), mix, names, requests * unit_costs, growth_steps),
        requests=requests,
        unit_costs_usd=unit_costs,
        price_moves=replace(inputs.prices.moves, falls_per_year=0.0, rises_per_year=0.0),
        months_before_start=0,
        scenarios=(costs,),
    )
    paths = simulate_spend(model, paths=PATHS, seed=inputs.seed, signing=False)[_AS_IS.name].list_cost_usd
    forecast: FloatArray = paths[hidden.steps] * (hidden.days / DAYS_PER_MONTH)[:, None]
    return forecast


def _demand(inputs: PlanInputs, hidden: Hidden, fit: Calibration) -> DemandModel:
    """The fitted model with the noise of a period, its level as wide as in a plan where nothing could be fitted."""
    demand = fit.demand
    if fit.levels is None:
        demand = replace(demand, level_sd=history_level_sd(inputs, demand, hidden.measured))
    return demand if hidden.seen.period == "month" else weekly_noise(demand)


def weekly_noise(demand: DemandModel) -> DemandModel:
    """The model with the noise of a week: that AR(1) whose means over months have the model's sd and correlation.

    A correlation of months that no weekly one leads to is taken as the nearest that one does.
    """
    weekly = np.tanh(np.linspace(np.arctanh(_WEEKLY_AR1[0]), np.arctanh(_WEEKLY_AR1[1]), 513))
    sd, monthly = monthly_of_weekly(weekly)
    ar1 = float(np.interp(demand.noise_ar1, monthly, weekly))
    return replace(demand, monthly_noise=demand.monthly_noise / float(np.interp(ar1, weekly, sd)), noise_ar1=ar1)


def _levels(
    hidden: Hidden, fit: Calibration, mix: RequestMix, names: tuple[str, ...], given: frozenset[str]
) -> tuple[FloatArray, float]:
    """Monthly requests of each type, and steps from where that level stands to the middle of the first hidden period.

    A fitted level stands at the end of what was seen. With a growth that the user typed it is the mean of the complete
    months, at their middle, as in the plan.
    """
    measured = {
        name: sum(entry.monthly_requests for entry in mix.entries if entry.request_type == name) for name in names
    }
    if fit.levels is None or "growth_per_year" in given:
        return np.array([measured[name] for name in names]), hidden.steps_since(mix.growth_months)
    gap = (hidden.ahead[0].start - hidden.seen.periods[-1].end).days - 1
    steps = gap * hidden.steps_per_year / (MONTHS_PER_YEAR * DAYS_PER_MONTH) + 0.5
    return np.array([fit.levels.get(name, measured[name]) for name in names]), steps


def _process(
    hidden: Hidden,
    demand: DemandModel,
    mix: RequestMix,
    names: tuple[str, ...],
    spend_usd: FloatArray,
    growth_steps: float,
) -> DemandProcess:
    return demand_process(
        demand,
        request_types=names,
        largest_type=names[int(np.argmax(spend_usd))] if names else None,
        growth_months=growth_steps,
        drift_months=hidden.steps_since(mix.drift_months),
        start_month=hidden.ahead[0].start.month,
        n_months=int(hidden.steps[-1]) + 1,
        spend_shares=spend_usd,
        steps_per_year=hidden.steps_per_year,
        season=hidden.season(demand.season),
    )
