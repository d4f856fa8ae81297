"""What of the running period is past: use that drew its commitment, and use that is billed beyond it."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from planner.tracking.spend_parts import parts_of, with_parts
from planner.tracking.standing import Standing

NOT_SIGNED: Final = "this is an offer to ask for and not in the contract as signed."


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """Of the closed months of the running period: what drew its commitment and what went beyond it, in its own basis,
    and what is billed for the latter."""

    drawn_usd: float
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
    return Billed(
        drawn_usd=float(np.mean(row.drawn_current)),
        beyond_usd=float(np.mean(row.beyond)),
        overage_usd=float(np.mean(row.overage)),
    )
