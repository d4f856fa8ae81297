"""How much can be worked out: every group of n units is sized, 2^n - 1 of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from planner.business_units.signing import is_sized_by_ledger
from planner.business_units.spend import UnitSpend
from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import Decision
from planner.streams import REPLICATES

MOST_UNITS: Final = 8
MOST_BY_LEDGER: Final = 5
MOST_FREE_RAMP: Final = 3
"""The most units where sizing is exact, where it settles every offer, and where each year has its own commitment."""

_SETTLED: Final = 150_000
_SORTED: Final = 2**26
"""Paths x sizings where offers are settled, and paths x sizings x steps where they are not: below a minute."""
_FREE_RAMP: Final = 8
"""Sizings that one with a commitment of its own for every year is worth."""
_FEWEST_PATHS: Final = 1024
_MOST_RAMP: Final = 1_000


def check_number(decision: Decision, contract: Contract, n_units: int) -> None:
    """Errors: InputError for more units than can be sized in every combination."""
    most, why = MOST_UNITS, ""
    if is_sized_by_ledger(decision, contract):
        most, why = MOST_BY_LEDGER, ", and the clauses of this contract make each of them slow"
        if contract.ramp == "free":
            most, why = MOST_FREE_RAMP, ', and contract.ramp = "free" makes each of them slow'
    if n_units > most:
        raise InputError(
            f"{n_units} business units, what no unit has included: every group of them is sized, {2**n_units - 1:,} in "
            f"all{why}, so {most} are the most. Put several units into one"
        )


def affordable_paths(decision: Decision, contract: Contract, units: Sequence[UnitSpend]) -> int:
    """Paths on which every group can be sized, in whole randomisations; the first ones are spread as all are."""
    use = units[0].uses[decision.scenario]
    rights = [right for right in (contract.reduction, contract.early_renewal) if right is not None and right.exercised]
    # every group but all together, and every unit once more at the pooled discount
    sizings = (2 ** len(units) - 2 + len(units)) * 2 ** len(rights)
    by_ledger = is_sized_by_ledger(decision, contract)
    sizings *= _FREE_RAMP if contract.ramp == "free" else 1
    work = _SETTLED // sizings if by_ledger else _SORTED // (sizings * len(use.steps))
    return min(max(work // REPLICATES * REPLICATES, _FEWEST_PATHS), use.n_paths)


def without_fixed_commitments(contract: Contract) -> Contract:
    """The contract that a group would sign by itself: where commitments are fixed for all together, it sizes its own.

    Years that are fixed apart keep their proportions.
    """
    fixed = contract.commits_usd_per_year
    if fixed is None:
        return contract
    apart = contract.commit_period != "term" and len(set(fixed)) > 1 and 0 < max(fixed) <= _MOST_RAMP * min(fixed)
    return replace(contract, commits_usd_per_year=None, ramp=fixed if apart else contract.ramp)
