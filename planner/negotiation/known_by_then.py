"""What is known when a contract is signed later: groups of paths that have looked alike so far.

By the start of month m the buyer has seen the spend of the months before it. Paths are put into groups of equal size by
the mean list spend of the last three of them (or of as many as there are), and each group signs the commitment that is
best for what its paths still have to come.

No group is judged on the paths that sized it: groups are formed and sized on the paths of eight of the sixteen
randomisations (planner.streams) and applied to those of the other eight, and the other way round.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.errors import InputError
from planner.simulation import SpendPaths
from planner.streams import REPLICATES
from planner.units import FloatArray, IntArray

SEEN_MONTHS: Final = 3
"""Months before signing whose spend tells paths apart: a quarter evens out a noisy month and is still recent."""

PATHS_PER_GROUP: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownGroup:
    """Paths that have looked alike, by index: those that size a commitment, and those that it is judged on."""

    sizing: IntArray
    judged: IntArray


def seen_usd(spend: SpendPaths, month: int) -> FloatArray:
    """Mean list spend of the last months before `month`, USD a month, shape (n_paths,)."""
    seen: FloatArray = spend.list_cost_usd[max(month - SEEN_MONTHS, 0) : month].mean(axis=0)
    return seen


def known_groups(seen: FloatArray, most: int) -> list[KnownGroup]:
    """The groups of both halves of the paths; every path is judged in exactly one of them. seen: shape (n_paths,).

    As many groups as there are times 500 paths in a half, at least one and no more than `most`. Errors: InputError for
    fewer paths than randomisations.
    """
    if seen.size < REPLICATES:
        raise InputError(
            f"plan.paths = {seen.size}: a later commitment is sized on one half of the paths and judged on the other; "
            f"give plan.paths at least {REPLICATES}"
        )
    index = np.arange(seen.size)
    first_half = index % REPLICATES < REPLICATES // 2
    found = []
    for half in (first_half, ~first_half):
        sizing, judged = index[half], index[~half]
        edges = group_edges(seen[sizing], min(max(sizing.size // PATHS_PER_GROUP, 1), most))
        of_sizing, of_judged = (np.searchsorted(edges, seen[paths], side="right") for paths in (sizing, judged))
        found += [
            KnownGroup(sizing=sizing[of_sizing == group], judged=judged[of_judged == group])
            for group in range(len(edges) + 1)
        ]
    return found


def group_edges(seen: FloatArray, groups: int) -> FloatArray:
    """Where groups of equal size begin, the first one's beginning left out.

    Paths that are exactly alike stay together; no group has less than half of its equal share, so there may be fewer.
    """
    ordered, least = np.sort(seen), max(seen.size // (2 * groups), 1)
    edges, below = [], 0
    for group in range(1, groups):
        edge = ordered[group * seen.size // groups]
        before = int(np.searchsorted(ordered, edge))
        if before - below >= least and seen.size - before >= least:
            edges.append(edge)
            below = before
    return np.array(edges)
