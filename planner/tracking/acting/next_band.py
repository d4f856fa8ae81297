"""The next band for a coming overage: its commitment at its own discount, from today on."""

from dataclasses import replace

import numpy as np

from planner.bands import DiscountBand
from planner.contract import Contract
from planner.offer import Offer
from planner.risk import Estimate, estimate
from planner.settlement import Settlement, settle
from planner.steps import by_month, steps
from planner.term_use import AccountUse, TermUse, term_use
from planner.tracking.acting.extra_commitment import (
    NOT_SIGNED,
    Billed,
    before_exhaustion,
    best_extra_usd,
    billed_so_far,
)
from planner.tracking.acting.standing import Standing
from planner.tracking.result import Action, Forecast
from planner.units import FloatArray
from planner.words import percent, usd, usd_rounded_down


def next_band(standing: Standing, forecast: Forecast) -> Action | None:
    """The next band at its own discount from here on; None where it saves nothing.

    With the commitment in the running period that costs least at it: its threshold, or more. Within the decision's
    limit on the chance of a shortfall.
    """
    band = _next(standing)
    if band is None or standing.period.year_fraction == 0:
        return None
    offer, billed = _raised(standing, band), billed_so_far(standing)
    use = _drawing_as_before(standing, offer)

    def amended(extra: float) -> Settlement:
        return _amended(standing, offer, billed.beyond_usd + extra, use)

    beyond = amended(0.0).ledger.rows[standing.index].beyond
    extra = best_extra_usd(standing, amended, float(np.max(beyond)))
    if extra is None:
        return None
    value = estimate(saved_by_amending_usd(standing, offer, billed, extra))
    return _action(standing, forecast, offer, extra, value) if standing.is_seen(value) else None


def _action(standing: Standing, forecast: Forecast, offer: Offer, extra: float, value: Estimate) -> Action:
    contract, period, day = standing.contract, standing.period, standing.first_day(standing.month)
    before, after = (contract.commit_usd_per_year_of(terms, period) for terms in (standing.offer, offer))
    discounts = [terms.in_year(period.year).discount_fraction for terms in (standing.offer, offer)]
    commit = after + extra / period.year_fraction
    return Action(
        kind="next band",
        action=(
            f"Ask for the next band from {day} on: {usd_rounded_down(commit)} a year at {percent(discounts[1])} "
            "discount."
        ),
        value=value,
        by=before_exhaustion(standing, forecast),
        amount_usd=(commit - before) * period.year_fraction,
        why=(
            f"{usd(before)} a year at {percent(discounts[0])} discount is signed; what is used already stays as it was "
            f"billed, and {NOT_SIGNED}"
        ),
    )


def saved_by_amending_usd(standing: Standing, offer: Offer, billed: Billed, extra_usd: float = 0.0) -> FloatArray:
    """What another offer for the running period and those after it saves, shape (n_paths,).

    Use of closed months stays as it drew the commitment and as it was billed, at the discount that was signed.
    extra_usd: committed on top of the offer in the running period.
    """
    use = _drawing_as_before(standing, offer)
    amended = _amended(standing, offer, billed.beyond_usd + extra_usd, use)
    owed, before = (standing.contract.owed_fraction(terms, standing.period) for terms in (offer, standing.offer))
    stays = billed.overage_usd - owed * billed.beyond_usd + (before - owed) * billed.drawn_usd
    saved: FloatArray = standing.saved_usd(amended) - stays
    return saved


def _amended(standing: Standing, offer: Offer, extra_usd: float, use: TermUse) -> Settlement:
    """The offer settled with so much more in the running period."""
    contract = standing.contract
    commits = [contract.commit_usd_per_year_of(offer, period) for period in contract.periods]
    commits[standing.index] += extra_usd / standing.period.year_fraction
    return settle(contract, offer, use, commits=commits)


def _drawing_as_before(standing: Standing, offer: Offer) -> TermUse:
    """Use whose closed months of the running period, fixed spend among it, draw at another discount what they drew at
    the one signed."""
    contract = standing.contract
    if contract.drawdown == "list" or standing.month == standing.period.first:
        return standing.use
    before, after = (terms.in_year(standing.period.year) for terms in (standing.offer, offer))
    closed = slice(standing.period.first, standing.month)
    use = term_use(by_month(contract), standing.spend)
    accounts = tuple(
        _scaled(account, closed, before.kept_fraction(account.tier) / after.kept_fraction(account.tier))
        for account in use.accounts
    )
    return replace(use, accounts=accounts).over(steps(contract))


def _scaled(account: AccountUse, months: slice, ratio: float) -> AccountUse:
    current = account.current.copy()
    current[months] *= ratio
    if account.drawing is account.current:
        return replace(account, current=current, drawing=current)
    drawing = account.drawing.copy()
    drawing[months] *= ratio
    return replace(account, current=current, drawing=drawing)


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
