"""What would resolve an uncertain input before signing, and how far: answers to grade, months to watch, or nothing.

Resolved is the share of an input's prior variance that is gone, on average, once something has been looked at.

- A share with prior Beta(a, b): n graded answers leave (a + b) / (a + b + n) of it. Half is resolved by a + b answers
  and four fifths by 4 (a + b). For another prior of a share p, a + b stands for E[p (1 - p)] / Var p, which is the same
  for a Beta and the best straight-line forecast otherwise (Buhlmann 1967).
- Growth and level are read off the monthly total of all types, whose log carries the walk and the noise of the types
  with the factor f = c + (1 - c) sum of squared shares of spend, c the common share. After m months beyond one that is
  known, least squares with these errors know log(1 + G) with a variance v, which is 144 f sigma^2 / m for a walk of
  sigma without noise and without damping; prior / (prior + v) is resolved. The level is known as it stands at the end
  of the months that are watched. Tokens per request have the walk and noise of the calibration's priors.
- What is adopted, and what is dated, shows when it comes. Chance, and moves of list prices, nobody can learn.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, exp, tanh
from typing import Final, Literal

import numpy as np
from scipy.linalg import solve_triangular

from planner.calibration.priors import DRIFT_PRIORS
from planner.demand import DemandModel, damped_months
from planner.distributions import Z90, Distribution, JudgedEscalation, ScaledBeta
from planner.lever_costs.scenario_costs import ScenarioCosts
from planner.levers import Milestone
from planner.prepared import Prepared
from planner.price_moves import PRICE_MOVES
from planner.units import MONTHS_PER_YEAR, FloatArray

HALF: Final = 0.5
MOST: Final = 0.8
LONGEST_MONTHS: Final = 24
"""Months of watching beyond which nobody waits with a signature."""

LEAVER: Final = "largest leaves"
"""How the score of who may leave is named."""

_SEARCHED_MONTHS: Final = 240
_BEFORE_START: Final = 60
_TINY: Final = 1e-12
_ROUNDING: Final = 1e-9
_RAMP_PARTS: Final = ("start_month", "months", "ceiling")

Kind = Literal["answers", "history", "adoption", "date", "people", "afterwards", "clause", "chance"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What would resolve an input.

    kind: answers to grade; history, months of use to watch; adoption, the lever at work; date, a milestone reached;
    people who decide on it or know of it; afterwards, nothing before it has happened; clause, nobody can know but a
    clause can take it; chance, nothing. half, most: how many answers or months resolve 50 % and 80 % of it, None where
    20 years do not. month: the contract month by which it shows, 0 the first one, negative before the start; None where
    it has none.
    """

    kind: Kind
    half: int | None = None
    most: int | None = None
    month: float | None = None

    @property
    def is_before_signing(self) -> bool:
        """Whether half of it can be known when the contract starts, given two years to look."""
        if self.kind == "history":
            return self.half is not None and self.half <= LONGEST_MONTHS
        if self.kind in ("adoption", "date"):
            return self.month is not None and self.month < 0
        return self.kind in ("answers", "people")


def resolution(prepared: Prepared, scenarios: Iterable[str], key: str) -> Resolution:
    """What would resolve an uncertain input, named as its score is. scenarios: by name, in which it is looked up."""
    by_name = {costs.scenario.name: costs for costs in prepared.scenario_costs}
    found = next((by_name[name] for name in scenarios if key in by_name[name].inputs), None)
    if found is not None:
        return _of_lever(found, key)
    if key.startswith(PRICE_MOVES):
        return Resolution(kind="clause")
    if key.startswith("walk and noise"):
        return Resolution(kind="chance")
    if key == LEAVER or re.fullmatch(r"event \d+ .* (happens|month)", key):
        return Resolution(kind="people")
    if key in ("level", "growth", "token drift"):
        return _of_history(prepared, key)
    return Resolution(kind="afterwards")


# --- shares ----------------------------------------------------------------------------------------------------------


def answers_for(resolved: float, distribution: Distribution) -> int | None:
    """Graded answers after which a share is resolved so far on average; None where it is certain."""
    if isinstance(distribution, JudgedEscalation):
        return answers_for(resolved, distribution.pass_rate)
    if not isinstance(distribution, ScaledBeta):
        return None
    weight = distribution.a + distribution.b
    if (distribution.low, distribution.high) != (0.0, 1.0):
        mean, width = distribution.mean, distribution.high - distribution.low
        variance = width**2 * distribution.a * distribution.b / (weight**2 * (weight + 1.0))
        weight = mean * (1.0 - mean) / variance - 1.0
    return ceil(weight * resolved / (1.0 - resolved) - _ROUNDING)


def _of_lever(costs: ScenarioCosts, key: str) -> Resolution:
    owner, _, part = key.rpartition(".")
    distribution = costs.inputs[key]
    if owner.startswith("milestone/"):
        milestone = _milestone(costs, owner.removeprefix("milestone/"))
        at = distribution if part == "month" else milestone.month
        return Resolution(kind="date", month=_reached(milestone, _p90(at), frozenset()))
    if owner.startswith("team/"):
        return Resolution(kind="date")
    if part in _RAMP_PARTS:
        return Resolution(kind="adoption", month=_shows(costs, owner, part))
    return Resolution(kind="answers", half=answers_for(HALF, distribution), most=answers_for(MOST, distribution))


def _p90(distribution: Distribution) -> float:
    return float(distribution.from_normal(np.array([Z90]))[0])


def _shows(costs: ScenarioCosts, owner: str, part: str) -> float | None:
    """When a ramp has begun, or run its course where that is what is uncertain; the input at its P90, all others at
    their means, and what the ramp waits for as it is expected."""
    drawn = {key: np.array([value.mean]) for key, value in costs.inputs.items()}
    drawn[f"{owner}.{part}"] = np.array([_p90(costs.inputs[f"{owner}.{part}"])])
    lever = next(lever for item in costs.types for lever in item.levers if lever.key == owner)
    months = np.arange(-_BEFORE_START, _SEARCHED_MONTHS, dtype=np.float64)
    adopted = lever.ramped(months, drawn)[:, 0]
    reached = adopted >= (0.1 if part == "start_month" else 0.9) * float(drawn[f"{owner}.ceiling"][0])
    return float(months[np.argmax(reached)]) if reached.any() else None


def _milestone(costs: ScenarioCosts, name: str) -> Milestone:
    ramps = [lever.ramp for lever in costs.scenario.levers]
    return next(item for ramp in ramps for item in ramp.milestones if item.name == name)


def _reached(milestone: Milestone, month: float, late: frozenset[str]) -> float:
    """The contract month of a milestone, what it waits for at its mean; a team slips once in a chain."""
    team = milestone.team
    slip = 0.0 if team is None or team.name in late else team.slip_months.mean
    late = late if team is None else late | {team.name}
    return month + slip + max((_reached(one, one.month.mean, late) for one in milestone.after), default=0.0)


# --- history ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrest:
    """What hides a trend in monthly figures: sd of the log's walk a month, of its noise, and the noise's AR(1)."""

    walk: float
    noise: float
    ar1: float

    def whitened(self, columns: FloatArray) -> FloatArray:
        """Columns over months since one that is known, shape (n_months, n), divided by a root of the covariance."""
        t = np.arange(len(columns), dtype=np.float64)
        lags = np.abs(np.subtract.outer(t, t))
        covariance = self.walk**2 * np.minimum.outer(t, t) + self.noise**2 * self.ar1**lags
        root = np.linalg.cholesky(covariance + _TINY * np.eye(t.size))
        found: FloatArray = solve_triangular(root, columns, lower=True)
        return found


def total_unrest(model: DemandModel, shares: FloatArray) -> Unrest:
    """That of the total of all types, by their shares of spend (sum 1): logs add up by share where they move little."""
    factor = np.sqrt(model.common_share + (1.0 - model.common_share) * float((shares**2).sum()))
    return Unrest(walk=model.monthly_volatility * factor, noise=model.monthly_noise * factor, ar1=model.noise_ar1)


def rate_information(unrest: Unrest, damping: float, n_months: int = _SEARCHED_MONTHS) -> FloatArray:
    """One over the variance with which log(1 + rate) is known after 1, 2, ... n_months more months; level unknown."""
    worth = damped_months(np.arange(n_months + 1.0), damping) / MONTHS_PER_YEAR
    level, rate = unrest.whitened(np.column_stack([np.ones_like(worth), worth])).T
    found: FloatArray = np.cumsum(rate**2) - np.cumsum(level * rate) ** 2 / np.cumsum(level**2)
    return found[1:]


def level_information(unrest: Unrest, n_months: int = _SEARCHED_MONTHS) -> FloatArray:
    """The same of the log of the level, growth known, after 1, 2, ... n_months months."""
    found: FloatArray = np.cumsum(unrest.whitened(np.ones((n_months, 1)))[:, 0] ** 2)
    return found


def months_for(resolved: float, prior_sd: float, information: FloatArray) -> int | None:
    """Months after which so much of a prior's variance is resolved; None where all that are looked at are too few."""
    enough = prior_sd**2 * information >= resolved / (1.0 - resolved)
    return int(np.argmax(enough)) + 1 if enough.any() else None


def _of_history(prepared: Prepared, key: str) -> Resolution:
    model = prepared.demand
    spend: dict[str, float] = {}
    for line in prepared.mix_lines:
        spend[line.request_type] = spend.get(line.request_type, 0.0) + line.share_of_bill
    unrest = total_unrest(model, np.array(list(spend.values())))
    if key == "level":
        prior, information = model.level_sd, level_information(unrest)
    elif key == "growth":
        prior = _log_sd(model.growth_per_year)
        information = rate_information(unrest, model.growth_damping_per_month)
    else:
        prior, information = _log_sd(model.token_drift_per_year), rate_information(_of_tokens(), 1.0)
    return Resolution(
        kind="history", half=months_for(HALF, prior, information), most=months_for(MOST, prior, information)
    )


def _log_sd(rate: Distribution) -> float:
    """Half the distance between log(1 + rate) at one standard normal either side."""
    low, high = np.log1p(rate.from_normal(np.array([-1.0, 1.0])))
    return float(high - low) / 2


def _of_tokens() -> Unrest:
    priors = DRIFT_PRIORS
    return Unrest(
        walk=exp(priors.log_volatility.mean), noise=exp(priors.log_noise.mean), ar1=tanh(priors.atanh_ar1.mean)
    )
