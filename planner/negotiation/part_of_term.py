"""Some months of a plan's term as a contract of their own, on the plan's terms.

A contract signed at the start of month m has its own years and quarters from m on. Its commitments are annual rates, a
last part of a year owes pro rata, and bands read annual commitments, all as in the plan's own contract. What differs:

- a ramp or fixed commitments: each contract year has those of the plan's contract year in which it begins;
- thresholds that are total contract value stay the same dollars, so that fewer months need more a year;
- prices that committed use is locked to are those of the month of signing, not of the pricing day;
- clauses that need more months than there are fall away: early_renewal, and where there is one period those that
  change a later one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from planner.contract import Contract
from planner.simulation import AccountPaths, SpendPaths
from planner.term_use import TermUse, term_use
from planner.units import MONTHS_PER_YEAR, FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfTerm:
    """The months [first, stop) of a term under a contract that is signed at the start of month `first`.

    uses: scenario -> what the contract settles of its spend in these months; month 0 of it is month `first`.
    """

    first: int
    stop: int
    contract: Contract
    uses: Mapping[str, TermUse]


def part_of_term(contract: Contract, spend: Mapping[str, SpendPaths], first: int, stop: int) -> PartOfTerm:
    """The months [first, stop) of a plan's term and of the spend of its scenarios.

    spend: with all months kept, of the paths that are looked at.
    """
    part = contract_of_months(contract, first, stop)
    uses = {
        name: term_use(part, spend_of_months(paths, first, stop, locked=contract.protects_prices))
        for name, paths in spend.items()
    }
    return PartOfTerm(first=first, stop=stop, contract=part, uses=uses)


def contract_of_months(contract: Contract, first: int, stop: int) -> Contract:
    """The plan's terms for a contract over the months [first, stop) of its term."""
    months = stop - first
    years = [month // MONTHS_PER_YEAR for month in range(first, stop, MONTHS_PER_YEAR)]
    commits, ramp, early = contract.commits_usd_per_year, contract.ramp, contract.early_renewal
    bands = contract.bands
    if contract.band_basis == "term":
        longer = contract.term_months / months
        bands = tuple(replace(b, min_commit_usd_per_year=b.min_commit_usd_per_year * longer) for b in bands)
    part = replace(
        contract,
        term_months=months,
        bands=bands,
        commits_usd_per_year=None if commits is None else tuple(commits[year] for year in years),
        ramp=ramp if isinstance(ramp, str) else tuple(ramp[year] for year in years),
        early_renewal=early if early is not None and early.month < months else None,
        true_forward=None,  # whose blocks of months need not fit a period cut short
    )
    if len(part.periods) == 1:
        return replace(part, carry_forward=None, reduction=None)
    return replace(part, true_forward=contract.true_forward)


def spend_of_months(spend: SpendPaths, first: int, stop: int, *, locked: bool) -> SpendPaths:
    """The months [first, stop) of spend paths, of which all months are kept, as a contract signed then sees them.

    locked: whether the contract compares prices with those of signing; these are kept only then. For a contract that
    is signed at the plan's start they are the pricing day's, for a later one those of month `first`.
    """
    listed, signing = _months(spend.list_cost_usd, spend.signing_list_cost_usd if locked else None, first, stop)
    accounts = {}
    for key, paths in spend.accounts.items():
        current, locked_usd = _months(paths.current_usd, paths.signing_usd if locked else None, first, stop)
        accounts[key] = AccountPaths(current_usd=current, signing_usd=locked_usd)
    return SpendPaths(list_cost_usd=listed, signing_list_cost_usd=signing, accounts=accounts)


def _months(
    current: FloatArray, signing: FloatArray | None, first: int, stop: int
) -> tuple[FloatArray, FloatArray | None]:
    part = current[first:stop]
    if signing is None:
        return part, None
    if signing is current:  # no price moves, which settlement tells by the same array
        return part, part
    if first == 0:
        return part, signing[:stop]
    return part, signing[first:stop] * price_factor(current, signing, first)


def price_factor(current: FloatArray, signing: FloatArray, month: int) -> FloatArray:
    """List prices of a month over the pricing day's, shape (n_paths,), from the same use at both, (n_months, n_paths).

    On a path without use in that month: of the last month before it with use, else of the first after it; 1 without.
    """
    factor = np.ones(current.shape[1])
    open_paths = np.ones(current.shape[1], dtype=np.bool_)
    for other in (*range(month, -1, -1), *range(month + 1, len(current))):
        found = open_paths & (signing[other] > 0)
        factor[found] = current[other, found] / signing[other, found]
        open_paths &= ~found
        if not open_paths.any():
            break
    return factor
