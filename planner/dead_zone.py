"""The dead zone: what routing one more list dollar away still saves once a commitment is signed."""

from dataclasses import replace
from typing import Final

import numpy as np

from planner.contract import Contract
from planner.offer import Offer
from planner.settlement import settle
from planner.term_use import AccountUse, TermUse

_NUDGE: Final = 1e-3
"""Share of use by which it is lowered, where the saving has to be found by settling again."""


def marginal_saving_per_list_usd(contract: Contract, offer: Offer, use: TermUse) -> float:
    """USD saved by one list dollar less that enters the contract, in expectation.

    Where periods stand alone it is (1 - e) P(use > commitment), the mean over periods. Elsewhere every month's use is
    lowered by a thousandth and settled again: a dollar that is not used now may be drawn later.
    """
    if contract.is_plain:
        q = contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)
        beyond = [
            (drawn > q * period.year_fraction).mean() for drawn, period in zip(use.drawn_usd, use.periods, strict=True)
        ]
        return (1.0 - offer.overage_discount_fraction) * float(np.mean(beyond))
    lower = replace(use, accounts=tuple(_lowered(account) for account in use.accounts))
    saved = settle(contract, offer, use).paid_usd.mean() - settle(contract, offer, lower).paid_usd.mean()
    removed = _NUDGE * use.list_usd.sum(axis=0).mean()
    return float(saved / removed) if removed > 0 else 0.0


def _lowered(account: AccountUse) -> AccountUse:
    current = (1.0 - _NUDGE) * account.current
    same = account.drawing is account.current
    return replace(account, current=current, drawing=current if same else (1.0 - _NUDGE) * account.drawing)
