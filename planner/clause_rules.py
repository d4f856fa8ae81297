"""What each clause does to a ledger: small functions of commitments, use and balances.

Each is of shape (n_paths,), or a number where all paths have the same.

All dollars are in the commitment's own basis. docs/method.md, "Settle", states the same in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.clauses import CarryForward, Reduction, Rollover, TrueForward
from planner.units import MONTHS_PER_YEAR, BoolArray, FloatArray

Usd = float | FloatArray


@dataclass(frozen=True, slots=True)
class Bank:
    """A carried balance that use can draw until the start of month `expires`.

    owed_fraction: dollars that were owed per dollar of it, less than 1 where list dollars draw down.
    """

    usd: FloatArray
    expires: int
    owed_fraction: float


def expired(banks: Sequence[Bank], month: int) -> tuple[list[Bank], list[Bank]]:
    """The balances still good at the start of a month, and those that are not."""
    return [bank for bank in banks if bank.expires > month], [bank for bank in banks if bank.expires <= month]


def balance_usd(banks: Sequence[Bank]) -> Usd:
    """What is carried in all, in the commitment's own basis."""
    return sum((bank.usd for bank in banks), start=np.float64(0.0))


def owed_usd(banks: Sequence[Bank]) -> Usd:
    """What was owed for all that is carried, USD."""
    return sum((bank.owed_fraction * bank.usd for bank in banks), start=np.float64(0.0))


def draw_oldest_first(left: FloatArray, banks: Sequence[Bank]) -> tuple[FloatArray, list[Bank], Usd]:
    """Use drawn from carried balances: what is left of it, the balances after, and the dollars drawn."""
    after, total = [], np.float64(0.0) + np.zeros_like(left) if banks else np.float64(0.0)
    for bank in banks:
        drawn = np.minimum(left, bank.usd)
        left = left - drawn
        total = total + drawn
        after.append(replace(bank, usd=bank.usd - drawn))
    return left, after, total


def carried_usd(rollover: Rollover, unused: Usd, *, commit: Usd, commit_per_year: float, next_per_year: float) -> Usd:
    """What a period carries over: min(share x unused, max_fraction x commitment), if the next commitment allows it."""
    if next_per_year < rollover.renew_min_fraction * commit_per_year:
        return 0.0
    carried = rollover.share * unused
    if rollover.max_fraction_of_commit is None:
        return carried
    return np.minimum(carried, rollover.max_fraction_of_commit * commit)


def raised_usd_per_year(clause: TrueForward, *, used: FloatArray, commit: Usd, peak_per_year: FloatArray) -> FloatArray:
    """True-forward: the annual commitment that use above the trigger demands, 0 where it does not."""
    return np.where(used > clause.trigger_fraction * commit, clause.share * peak_per_year, 0.0)


def reduced_fraction(clause: Reduction, *, signed_per_year: Usd, target_per_year: FloatArray) -> FloatArray:
    """Share of the signed commitment that a buyer keeps who lowers it to the use of late, as far as the right goes."""
    wanted = np.divide(
        target_per_year, signed_per_year, out=np.ones_like(target_per_year), where=np.asarray(signed_per_year) > 0
    )
    kept: FloatArray = np.clip(wanted, 1.0 - clause.max_fraction, 1.0)
    return kept


def lowered_usd(clause: CarryForward, *, commit: Usd, credit: Usd) -> Usd:
    """Carry-forward: what earlier use beyond the commitment takes off this one."""
    return np.minimum(clause.max_fraction_of_commit * commit, credit)


def within_cap(left: FloatArray, *, cap: Usd, before: Usd) -> FloatArray:
    """The part of use beyond the commitment that still has the overage discount; before: what there was already."""
    within: FloatArray = np.clip(cap - before, 0.0, left)
    return within


def peak_per_year(blocks: Sequence[tuple[FloatArray, int]]) -> FloatArray:
    """The largest of several blocks' use, as an annual rate; blocks: (use, months)."""
    peak: FloatArray = np.max([used * (MONTHS_PER_YEAR / months) for used, months in blocks], axis=0)
    return peak


def is_behind(drawn: Usd, *, commit: Usd, elapsed_fraction: float) -> BoolArray:
    """Whether less than pro rata of a commitment has been drawn."""
    behind: BoolArray = np.asarray(drawn < commit * elapsed_fraction)
    return behind
