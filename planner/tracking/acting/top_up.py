"""A top-up of the running period's commitment at the discount that was signed, for a coming overage."""

import numpy as np

from planner.risk import Estimate, estimate
from planner.settlement import Settlement
from planner.tracking.acting.extra_commitment import (
    NOT_SIGNED,
    Billed,
    before_exhaustion,
    best_extra_usd,
    billed_so_far,
)
from planner.tracking.acting.standing import Standing
from planner.tracking.result import Action, Forecast
from planner.units import HALF_CENT_USD, FloatArray
from planner.words import percent, usd_rounded_down


def top_up(standing: Standing, forecast: Forecast) -> Action | None:
    """The commitment on top that costs least at the discount that was signed; None where none saves anything.

    Within the decision's limit on the chance of a shortfall. It covers what is not billed yet.
    """
    beyond = np.broadcast_to(standing.settled.ledger.rows[standing.index].beyond, (standing.use.n_paths,))
    billed = billed_so_far(standing)
    most = float(beyond.max()) - billed.beyond_usd
    if most <= HALF_CENT_USD or standing.period.year_fraction == 0:
        return None
    extra = best_extra_usd(standing, lambda usd: _topped_up(standing, billed.beyond_usd + usd), most)
    if extra is None:
        return None
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
        by=before_exhaustion(standing, forecast),
        amount_usd=extra,
        why=(f"Use beyond the commitment is billed {_overage_words(terms.overage_discount_fraction)}; {NOT_SIGNED}"),
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


def _overage_words(discount_fraction: float) -> str:
    return "at list" if discount_fraction == 0.0 else f"at a discount of {percent(discount_fraction)}"
