"""Discount bands: which one a commitment reaches, and what incremental bands come to."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from planner.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountBand:
    """From this annual commitment on, this negotiated discount. by_tier: model tiers with a discount of their own."""

    min_commit_usd_per_year: float
    discount_fraction: float
    by_tier: tuple[tuple[str, float], ...] = ()


def in_order(bands: Sequence[DiscountBand]) -> tuple[DiscountBand, ...]:
    """Bands by threshold. Errors: InputError where there is none, or two begin at the same commitment."""
    thresholds = [band.min_commit_usd_per_year for band in bands]
    if not thresholds:
        raise InputError("the contract has no discount band; add [[contract.band]] as quoted")
    if doubled := next((t for t in thresholds if thresholds.count(t) > 1), None):
        raise InputError(f"two discount bands begin at {doubled:,.0f} USD a year; keep one")
    return tuple(sorted(bands, key=lambda band: band.min_commit_usd_per_year))


def reached(bands: Sequence[DiscountBand], commit_usd_per_year: float) -> DiscountBand | None:
    """The band, of some in order, that an annual commitment reaches; None below the lowest."""
    count = bisect_right([band.min_commit_usd_per_year for band in bands], commit_usd_per_year)
    return bands[count - 1] if count else None


def blended_discount(bands: Sequence[DiscountBand], commit_usd_per_year: float, *, counts_list: bool) -> float:
    """Incremental bands: each part of the commitment at its own band's discount, below the lowest at none.

    1 - C / sum of part / (1 - d) in contracted dollars; where list dollars count, 1 - sum of part (1 - d) / C.
    """
    edges = [0.0, *(band.min_commit_usd_per_year for band in bands), inf]
    kept = [1.0, *(1.0 - band.discount_fraction for band in bands)]
    parts = [
        (min(commit_usd_per_year, stop) - low, rate)
        for (low, stop), rate in zip(pairwise(edges), kept, strict=True)
        if commit_usd_per_year > low
    ]
    if counts_list:
        return 1.0 - sum(part * rate for part, rate in parts) / commit_usd_per_year
    return 1.0 - commit_usd_per_year / sum(part / rate for part, rate in parts)
