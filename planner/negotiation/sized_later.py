"""Commitments for a part of the term, sized as the plan sizes its own: by the decision's objective and limit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from planner.commit import commit_sample
from planner.contract import Contract
from planner.inputs import Decision
from planner.negotiation.known_by_then import KnownGroup, known_groups
from planner.negotiation.lived import SignedByGroup
from planner.negotiation.part_of_term import PartOfTerm
from planner.objectives import best_exercise, recommend
from planner.offer import Offer
from planner.sizing.commit_search import thinned
from planner.sizing.plain_sample import PlainSample
from planner.term_use import TermUse
from planner.units import FloatArray

MOST_GROUPS: Final = 16
MOST_SEARCHED_GROUPS: Final = 6
"""Groups where each commitment is searched for, offer by offer through the ledger."""


def sized(decision: Decision, contract: Contract, uses: Mapping[str, TermUse]) -> tuple[Contract, Offer]:
    """The best offer for uses of the scenarios, and the contract with its rights used or left alone."""
    contract = best_exercise(decision, contract, scenario=decision.scenario, uses=uses)
    samples = {name: commit_sample(contract, use, money=decision.money) for name, use in uses.items()}
    return contract, recommend(decision, scenario=decision.scenario, samples=samples, uses=uses)


def groups_for(decision: Decision, part: PartOfTerm, seen: FloatArray) -> list[KnownGroup]:
    """The groups of paths that sign for a part; one where the contract fixes what is signed.

    seen: what tells the paths apart, shape (n_paths,). Errors: as known_groups.
    """
    if part.contract.commits_usd_per_year is not None:
        return known_groups(seen, most=1)
    return known_groups(seen, most=MOST_SEARCHED_GROUPS if _is_searched(decision, part) else MOST_GROUPS)


def sized_by_group(
    decision: Decision,
    part: PartOfTerm,
    groups: Sequence[KnownGroup],
    progress: Callable[[float], None] | None = None,
) -> list[SignedByGroup]:
    """What each group signs for the months of a part, sized on its sizing paths, for its judged ones.

    Where commitments are searched for, the first 1,024 of 2,048 or more sizing paths of a group stand for all.
    """
    found, is_searched = [], _is_searched(decision, part)
    for done, group in enumerate(groups, start=1):
        if group.judged.size:
            uses = {name: use.on(group.sizing) for name, use in part.uses.items()}
            few = {name: thinned(use) or use for name, use in uses.items()} if is_searched else uses
            contract, offer = sized(decision, part.contract, few)
            found.append(SignedByGroup(paths=group.judged, contract=contract, offer=offer))
        if progress is not None:
            progress(done / len(groups))
    return found


def _is_searched(decision: Decision, part: PartOfTerm) -> bool:
    """Whether every offer that is looked at has to be settled on every path."""
    one = part.uses[decision.scenario].on(np.arange(1))
    sample = commit_sample(part.contract, one, money=decision.money)
    return decision.objective != "expected_cost" or not isinstance(sample, PlainSample)
