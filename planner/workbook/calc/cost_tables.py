"""Percentiles of what an offer costs, tabulated on all paths so that formulas can interpolate them.

With annual list use q that exhausts the commitment, use L_y and length f_y of contract year y, T = sum L_y,
B(q) = sum max(0, L_y - q f_y), O the spend outside, k = 1 - d, o = 1 - e, and the charged share c of an unused dollar,

    cost = k c q W + (o - k (1 - c)) B + k (1 - c) T + O.

Where O = m T plus what is certain, that is a certain amount plus a B + b X with X = T, a = o - k (1 - c) and
b = k (1 - c) + m; else with X = O, a = o and b = 1, and only where c = 1. A percentile of a B + b X is (a + b) times
that of (1 - s) B + s X, s = b / (a + b), which is tabulated over q and s.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.contract import Contract
from planner.risk import quantiles
from planner.term_use import TermUse
from planner.units import FloatArray

PERCENTILES: Final = (0.1, 0.5, 0.9)
_ROWS: Final = 101
SHARE_DIGITS: Final = 12
_SHARES: Final = (0.0, 0.1, 0.3, 0.6, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBlend:
    """How costs are tabulated. shares: the s of the columns, from 0 to 1. outside_per_use: m, where outside spend
    follows use; is_apart: whether it does not, so that X is the outside spend itself."""

    shares: tuple[float, ...]
    outside_per_use: float
    is_apart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTable:
    """list_usd: (n_rows,), annual list use q, ascending from 0. usd: (3, n_shares, n_rows), P10, P50 and P90 over the
    term."""

    list_usd: FloatArray
    usd: FloatArray


def cost_blend(contract: Contract, uses: Iterable[TermUse]) -> CostBlend:
    """The columns for a contract's terms; the share that the plan's own offers have is one of them."""
    share = contract.eligible_fraction
    is_beside = any(use.outside_usd is not None for use in uses)
    is_apart = is_beside and (share == 0 or not contract.eligible.is_everything)
    per_use = 0.0 if is_apart else (1 - share) / share
    over = [0.0] if contract.overage == "list" else _overage_discounts(contract)
    other = 1.0 if is_apart else per_use
    own = [other / (1 - e + other) for e in over]
    shares = sorted({*_SHARES, *(round(s, SHARE_DIGITS) for s in own)})
    return CostBlend(shares=tuple(shares), outside_per_use=per_use, is_apart=is_apart)


def _overage_discounts(contract: Contract) -> list[float]:
    return [contract.overage_discount(band.discount_fraction) for band in contract.bands]


def cost_table(blend: CostBlend, use: TermUse) -> CostTable:
    """Tabulate a term's percentiles on all paths."""
    fractions = np.array([period.year_fraction for period in use.periods])[:, None]
    drawn = use.drawn_usd
    q = _rows(drawn / fractions)
    total = drawn.sum(axis=0)
    other = use.outside_total_usd if blend.is_apart else total
    if len(drawn) == 1 and not blend.is_apart:
        return CostTable(list_usd=q, usd=_of_one_year(blend, q, total, float(fractions[0, 0])))
    usd = np.empty((len(PERCENTILES), len(blend.shares), q.size))
    usd[:, -1] = quantiles(other, PERCENTILES)[:, None]  # the last share is all of it, at any q
    shares = np.array(blend.shares[:-1])[:, None]
    for row, at in enumerate(q.tolist()):
        beyond = np.maximum(drawn - at * fractions, 0.0).sum(axis=0)
        usd[:, :-1, row] = quantiles((1 - shares) * beyond + shares * other, PERCENTILES)
    return CostTable(list_usd=q, usd=usd)


def _rows(annual: FloatArray) -> FloatArray:
    """Annual use q to tabulate at, (101,): dense where years end, and where each percentile is first free of overage.

    annual: (n_years, n_paths)
    """
    turns = np.quantile(annual.max(axis=0), PERCENTILES)
    even = np.linspace(0.0, annual.max(), _ROWS // 3)
    likely = np.quantile(annual, np.linspace(0.001, 0.999, _ROWS - even.size - turns.size))
    return np.sort(np.concatenate([even, likely, turns]))


def _of_one_year(blend: CostBlend, q: FloatArray, total: FloatArray, fraction: float) -> FloatArray:
    """With one contract year cost rises with use, so its percentiles are those of use."""
    use = np.quantile(total, PERCENTILES)[:, None]
    beyond = np.maximum(use - q * fraction, 0.0)
    return np.stack([(1 - share) * beyond + share * use for share in blend.shares], axis=1)
