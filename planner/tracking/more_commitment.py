"""More commitment for a coming overage: a top-up of the running period, and the next band."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

import numpy as np
from scipy.optimize import minimize_scalar

from planner.bands import DiscountBand
from planner.contract import Contract
from planner.coverage import first_day
from planner.offer import Offer
from planner.risk import Estimate, estimate
from planner.settlement import Settlement, settle
from planner.tracking.result import Action, Forecast
from planner.tracking.spend_parts import parts_of, with_parts
from planner.tracking.standing import Standing
from planner.units import HALF_CENT_USD, FloatArray
from planner.words import percent, usd, usd_rounded_down

_HALVINGS: Final = 24
"""Steps that find the largest commitment within the limit: to a sixteen-millionth of the largest overage."""

_NOT_SIGNED: Final = "this is an offer to ask for and not in the contract as signed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Use beyond the running period's commitment that is billed already: in its own basis, and in dollars billed."""

    beyond_usd: float
    overage_usd: float


def billed_so_far(standing: Standing) -> Billed:
    """The same settlement with nothing used later."""
    to_come = slice(standing.month, None)
    parts = {}
    for key, part in parts_of(standing.spend).items():
        current = part.current_usd.copy()
        current[to_come] = 0.0
        signing = part.signing_usd
        if signing is part.current_usd:
            signing = current
        elif signing is not None:
            signing = signing.copy()
            signing[to_come] = 0.0
        parts[key] = replace(part, current_usd=current, signing_usd=signing)
    row = standing.with_spend(with_parts(standing.spend, parts)).ledger.rows[standing.index]
    return Billed(beyond_usd=float(np.mean(row.beyond)), overage_usd=float(np.mean(row.overage)))


# --- a top-up --------------------------------------------------------------------------------------------------------


def top_up(standing: Standing, forecast: Forecast) -> Action | None:
    """The commitment on top that costs least at the discount that was signed; None where none saves anything.

    Within the decision's limit on the chance of a shortfall. It covers what is not billed yet.
    """
    beyond = np.broadcast_to(standing.settled.ledger.rows[standing.index].beyond, (standing.use.n_paths,))
    billed = billed_so_far(standing)
    most = float(beyond.max()) - billed.beyond_usd
    if most <= HALF_CENT_USD or standing.period.year_fraction == 0:
        return None

    def topped(extra: float) -> Settlement:
        return _topped_up(standing, billed.beyond_usd + extra)

    if not standing.is_allowed(standing.settled):
        return None
    most = _largest(lambda extra: standing.is_allowed(topped(extra)), most)
    if most <= HALF_CENT_USD:
        return None
    extra = _least(lambda extra: float(topped(extra).paid_usd.mean()), most)
    value = estimate(saved_by_topping_up_usd(standing, extra, billed))
    return _top_up_action(standing, forecast, extra, value) if standing.is_seen(value) else None


def _top_up_action(standing: Standing, forecast: Forecast, extra: float, value: Estimate) -> Action:
    terms = standing.offer.in_year(standing.period.year)
    return Action(
        kind="top up",
        action=(
            f"Ask for a top-up of {usd_rounded_down(extra)} on the commitment of the period that ends on "
            f"{standing.last_day_before(standing.period.stop)}, at the signed discount of "
            f"{percent(terms.discount_fraction)}."
        ),
        value=value,
        by=_before_exhaustion(standing, forecast),
        amount_usd=extra,
        why=(
            f"Use beyond the commitment is billed at a discount of {percent(terms.overage_discount_fraction)}; "
            f"{_NOT_SIGNED}"
        ),
    )


def saved_by_topping_up_usd(standing: Standing, extra_usd: float, billed: Billed) -> FloatArray:
    """What a top-up of the running period saves, in its own basis, shape (n_paths,).

    Use that is billed already stays billed: a commitment that covered it as well is settled, and it is taken out again.
    """
    topped = _topped_up(standing, billed.beyond_usd + extra_usd)
    owed = standing.contract.owed_fraction(standing.offer, standing.period)
    saved: FloatArray = standing.saved_usd(topped) - (billed.overage_usd - owed * billed.beyond_usd)
    return saved


def _topped_up(standing: Standing, extra_usd: float) -> Settlement:
    contract, offer = standing.contract, standing.offer
    commits = [contract.commit_usd_per_year_of(offer, period) for period in contract.periods]
    commits[standing.index] += extra_usd / standing.period.year_fraction
    return standing.with_commits(commits)


def _largest(holds: Callable[[float], bool], most: float) -> float:
    """The largest amount up to `most` for which something holds that more of it never brings back; 0 where none."""
    if holds(most):
        return most
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _least(cost: Callable[[float], float], most: float) -> float:
    """Where a cost is least on [0, most]: exactly where it is convex, else a good place."""
    found = minimize_scalar(cost, bounds=(0.0, most), method="bounded", options={"xatol": 1e-7 * most})
    return min((0.0, float(found.x), most), key=cost)


def _before_exhaustion(standing: Standing, forecast: Forecast) -> date:
    """The day before the month in which the commitment may run out (P10), at the earliest today; else the last day."""
    end, month = standing.last_day_before(standing.period.stop), forecast.exhaustion.p10
    if month is None:
        return end
    return max(standing.on, min(end, first_day(month) - timedelta(days=1)))


# --- the next band ---------------------------------------------------------------------------------------------------


def next_band(standing: Standing) -> Action | None:
    """The next band's commitment at its own discount from the running period on; None where it saves nothing.

    Within the decision's limit on the chance of a shortfall.
    """
    band = _next(standing)
    if band is None:
        return None
    offer = _raised(standing, band)
    settled = settle(standing.contract, offer, standing.use)
    value = estimate(standing.saved_usd(settled))
    if not standing.is_seen(value) or not standing.is_allowed(settled):
        return None
    year, before = standing.period.year, standing.offer.in_year(standing.period.year)
    return Action(
        kind="next band",
        action=(
            f"Ask for the next band, {usd(offer.in_year(year).commit_usd_per_year)} a year at "
            f"{percent(band.discount_fraction)}, from the running period on."
        ),
        value=value,
        by=standing.last_day_before(standing.period.stop),
        amount_usd=offer.in_year(year).commit_usd_per_year - before.commit_usd_per_year,
        why=(
            f"{usd(before.commit_usd_per_year)} a year at {percent(before.discount_fraction)} is signed; valued as if "
            f"it held for the whole of the running period and those after it, and {_NOT_SIGNED}"
        ),
    )


def _next(standing: Standing) -> DiscountBand | None:
    """The first band above what is signed that has a higher discount."""
    year = standing.period.year
    signed = _deciding(standing)[year]
    discount = standing.offer.in_year(year).discount_fraction
    above = (band for band in standing.contract.bands if band.min_commit_usd_per_year > signed)
    return next((band for band in above if band.discount_fraction > discount), None)


def _deciding(standing: Standing) -> list[float]:
    """The annual commitment that bands read, of every contract year as it was signed."""
    contract = standing.contract
    commits = list(standing.offer.commits_usd_per_year(contract.n_years))
    if not _reads_the_average(contract):
        return commits
    total = sum(c * share for c, share in zip(commits, contract.year_fractions, strict=True))
    return [total / sum(contract.year_fractions)] * len(commits)


def _reads_the_average(contract: Contract) -> bool:
    return contract.band_basis == "term" or contract.commit_period == "term"


def _raised(standing: Standing, band: DiscountBand) -> Offer:
    """The offer as signed for the years that are past, and for the others raised until they reach a band."""
    contract, begun = standing.contract, standing.period.year
    signed, shares = standing.offer.commits_usd_per_year(contract.n_years), contract.year_fractions
    needed = band.min_commit_usd_per_year
    if _reads_the_average(contract) and begun > 0:
        past = sum(commit * share for commit, share in zip(signed[:begun], shares, strict=False))
        needed = (needed * sum(shares) - past) / sum(shares[begun:])
    commits = [commit if year < begun else max(commit, needed) for year, commit in enumerate(signed)]
    if contract.commit_period == "term":
        commits = [band.min_commit_usd_per_year] * len(commits)
    raised = contract.offer_of(commits)
    years = [(standing.offer if year < begun else raised).in_year(year) for year in range(contract.n_years)]
    flat = [replace(year, later=()) for year in years]
    return flat[0] if len(set(flat)) == 1 else replace(flat[0], later=tuple(flat[1:]))
