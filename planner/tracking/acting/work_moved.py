"""Work brought forward: use of the time after the running period that is made in it, on commitment that goes unused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.clause_rules import Usd
from planner.contract import Period
from planner.lever_costs.unit_costs import Account
from planner.negotiation.part_of_term import price_factor
from planner.risk import Estimate, estimate
from planner.simulation import AccountPaths, SpendPaths
from planner.tracking.acting.spend_parts import parts_of, with_parts
from planner.tracking.acting.standing import Standing
from planner.tracking.result import Action
from planner.units import HALF_CENT_USD, MONTHS_PER_YEAR, FloatArray
from planner.words import percent, usd_rounded_down

AMOUNTS: Final = (0.10, 0.25, 0.50)
"""Quantiles of what is unused, where something is, that are tried as what is brought forward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Use brought forward. spend: with it. later_usd: what it would have cost after the term, (n_paths,), 0 inside."""

    spend: SpendPaths
    later_usd: FloatArray


def bring_forward(standing: Standing) -> Action | None:
    """Work brought into the running period; None where that saves nothing.

    Of amounts up to the half of what is unused, on the paths with something unused, the one that saves most.
    """
    unused = unused_list_usd(standing)
    short = unused > HALF_CENT_USD
    if not short.any() or not _months_after(standing):
        return None
    amounts = np.quantile(unused[short], AMOUNTS)
    tried = [(float(amount), estimate(saved_by_moving_usd(standing, float(amount)))) for amount in amounts]
    amount, value = max(tried, key=lambda item: item[1].mean)
    if not standing.is_seen(value):
        return None
    return _action(standing, amount, value, chance=float(short.mean()))


def _action(standing: Standing, amount: float, value: Estimate, *, chance: float) -> Action:
    last = standing.last_day_before(standing.period.stop)
    return Action(
        kind="bring work forward",
        action=f"Bring work forward that costs {usd_rounded_down(amount)} at list: do it by {last} and not after.",
        value=value,
        by=last,
        amount_usd=amount,
        why=(
            f"On {percent(chance)} of the paths commitment goes unused by then and is owed anyway: such work is not "
            "paid for later. Elsewhere it is billed beyond the commitment. Both count."
        ),
    )


def unused_list_usd(standing: Standing) -> FloatArray:
    """List use that would still draw the running period's commitment down, beyond what is to come, shape (n_paths,)."""
    row = standing.settled.ledger.rows[standing.index]
    left: FloatArray = np.maximum(_on_paths(row.committed, standing) - _on_paths(row.drawn_current, standing), 0.0)
    first, stop = standing.use.steps_of[standing.index]
    terms, contract = standing.offer.in_year(standing.period.year), standing.contract
    listed = np.sum([account.current[first:stop].sum(axis=0) for account in standing.use.accounts], axis=0)
    draws = [standing.use.step(number, contract, terms).draw for number in range(first, stop)]
    whole = 1.0 if contract.drawdown == "list" else 1.0 - terms.discount_fraction
    rate = np.divide(np.sum(draws, axis=0), listed, out=np.full_like(left, whole), where=listed > 0)
    found: FloatArray = left / np.maximum(rate * contract.eligible_fraction, 1e-12)
    return found


def _on_paths(figure: Usd, standing: Standing) -> FloatArray:
    return np.broadcast_to(figure, (standing.use.n_paths,))


def saved_by_moving_usd(standing: Standing, amount_usd: float) -> FloatArray:
    """What bringing forward so much list use saves, shape (n_paths,).

    Inside the term as it is settled; use of after it at what the contract would charge for it then.
    """
    moved = brought_forward(standing, amount_usd)
    saved: FloatArray = standing.saved_usd(standing.with_spend(moved.spend)) + moved.later_usd
    return saved


def brought_forward(standing: Standing, amount_usd: float) -> Moved:
    """Spend with list use of the next period, or of the year after the term, in equal parts in the months left of this.

    Each month of what follows gives the same share, in its own mix of models, at most all of it. Moved use has the
    prices of the months that it moves to.
    """
    later, into = _months_after(standing), range(standing.month, standing.period.stop)
    parts = {key: part for key, part in parts_of(standing.spend).items() if key.eligible}
    share = _share(parts, later, into.start, amount_usd)
    changed = {key: _shifted(part, share, later, into) for key, part in parts.items()}
    is_inside = later.stop <= standing.contract.term_months
    after = np.zeros_like(share) if is_inside else _charged_usd(standing, parts, share, later)
    return Moved(spend=with_parts(standing.spend, changed), later_usd=after)


def _months_after(standing: Standing) -> range:
    """The months that work is brought forward from."""
    period, following = standing.period, _next_period(standing)
    stop = period.stop + MONTHS_PER_YEAR if following is None else following.stop
    return range(period.stop, min(stop, len(standing.spend.list_cost_usd)))


def _next_period(standing: Standing) -> Period | None:
    periods = standing.contract.periods
    return periods[standing.index + 1] if standing.index + 1 < len(periods) else None


def _share(parts: Mapping[Account, AccountPaths], later: range, now: int, amount_usd: float) -> FloatArray:
    """Share of the later use that is so many dollars at the list of month `now`, shape (n_paths,)."""
    available = np.sum([_signing(part)[later].sum(axis=0) * _factor(part, now) for part in parts.values()], axis=0)
    share: FloatArray = np.divide(amount_usd, available, out=np.zeros_like(available), where=available > 0)
    return np.minimum(share, 1.0)


def _signing(part: AccountPaths) -> FloatArray:
    return part.current_usd if part.signing_usd is None else part.signing_usd


def _factor(part: AccountPaths, month: int) -> FloatArray | float:
    signing = _signing(part)
    return 1.0 if signing is part.current_usd else price_factor(part.current_usd, signing, month)


def _shifted(part: AccountPaths, share: FloatArray, later: range, into: range) -> AccountPaths:
    signing = _signing(part)
    each = share * signing[later].sum(axis=0) / len(into)
    current = part.current_usd.copy()
    current[later] -= share * current[later]
    for month in into:
        current[month] += each * _factor(part, month)
    if signing is part.current_usd:
        return replace(part, current_usd=current, signing_usd=None if part.signing_usd is None else current)
    at_signing = signing.copy()
    at_signing[later] -= share * at_signing[later]
    at_signing[into] += each
    return AccountPaths(current_usd=current, signing_usd=at_signing)


def _charged_usd(
    standing: Standing, parts: Mapping[Account, AccountPaths], share: FloatArray, later: range
) -> FloatArray:
    """What the moved use would have cost after the term, renewed on the same terms, shape (n_paths,)."""
    contract, terms = standing.contract, standing.offer.in_year(standing.contract.n_years)
    inside, rise = contract.eligible_fraction, 1.0 + contract.renewal.uplift_fraction
    total = np.zeros_like(share)
    for key, part in parts.items():
        rate = min(terms.kept_fraction(key.tier) * rise, 1.0)
        total += (inside * rate + 1.0 - inside) * share * part.current_usd[later].sum(axis=0)
    return total
