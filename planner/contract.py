"""Contract terms, as data. What they cost is settlement's business: quotes change weekly, arithmetic does not."""

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Literal

from planner.errors import InputError
from planner.units import MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountBand:
    """From this annual commitment on, this negotiated discount on all units."""

    min_commit_usd_per_year: float
    discount_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One commitment with its discounts, as it would be signed. A commitment of 0 is none: all on demand at list."""

    commit_usd_per_year: float
    discount_fraction: float
    overage_discount_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A contract year, or the part of one in which the term ends: months [first, stop), year_fraction of a year."""

    first: int
    stop: int

    @property
    def year_fraction(self) -> float:
        """Share of the annual commitment that the period owes."""
        return (self.stop - self.first) / MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The terms on the table.

    drawdown: whether the commitment counts discounted ("contracted") or list dollars. overage: the discount on use
    beyond it: none ("list"), the committed one ("committed"), or a fraction of its own. eligible_fraction: the share
    of list spend that draws down. price_falls_passed_through: whether the discount applies to the current list
    price, or committed use stays at the signing day's.
    """

    term_months: int
    bands: tuple[DiscountBand, ...]
    drawdown: Literal["contracted", "list"] = "contracted"
    overage: Literal["list", "committed"] | float = "list"
    shortfall: Literal["forfeit"] = "forfeit"
    eligible_fraction: float = 1.0
    price_falls_passed_through: bool = True

    def __post_init__(self) -> None:
        thresholds = [band.min_commit_usd_per_year for band in self.bands]
        if not thresholds:
            raise InputError("the contract has no discount band; add [[contract.band]] as quoted")
        if doubled := next((t for t in thresholds if thresholds.count(t) > 1), None):
            raise InputError(f"two discount bands begin at {doubled:,.0f} USD a year; keep one")
        object.__setattr__(self, "bands", tuple(sorted(self.bands, key=lambda band: band.min_commit_usd_per_year)))

    @property
    def periods(self) -> tuple[Period, ...]:
        """Contract years of the term; the last may be a part of one."""
        starts = range(0, self.term_months, MONTHS_PER_YEAR)
        return tuple(Period(first=s, stop=min(s + MONTHS_PER_YEAR, self.term_months)) for s in starts)

    def discount_at(self, commit_usd_per_year: float) -> float:
        """Discount of the band that a commitment reaches; 0 below the lowest band."""
        reached = bisect_right([band.min_commit_usd_per_year for band in self.bands], commit_usd_per_year)
        return self.bands[reached - 1].discount_fraction if reached else 0.0

    def overage_discount(self, discount_fraction: float) -> float:
        """Discount on use beyond the commitment, where committed use has this one."""
        if self.overage == "list":
            return 0.0
        return discount_fraction if self.overage == "committed" else self.overage

    def offer_at(self, commit_usd_per_year: float, discount_fraction: float | None = None) -> Offer:
        """The offer that these terms make for a commitment, at its band's discount unless another is given.

        A commitment below the lowest band earns no discount, on use within it or beyond it.
        """
        if commit_usd_per_year == 0:
            return NO_COMMITMENT
        if discount_fraction is None and commit_usd_per_year < self.bands[0].min_commit_usd_per_year:
            return replace(NO_COMMITMENT, commit_usd_per_year=commit_usd_per_year)
        discount = self.discount_at(commit_usd_per_year) if discount_fraction is None else discount_fraction
        return Offer(
            commit_usd_per_year=commit_usd_per_year,
            discount_fraction=discount,
            overage_discount_fraction=self.overage_discount(discount),
        )

    def list_usd_per_year(self, commit_usd_per_year: float, discount_fraction: float) -> float:
        """q, the annual list spend that uses a commitment up: C / (1 - d), or C itself where list dollars draw down."""
        if self.drawdown == "list":
            return commit_usd_per_year
        return commit_usd_per_year / (1.0 - discount_fraction)

    def commit_usd_per_year(self, list_usd_per_year: float, discount_fraction: float) -> float:
        """The commitment that an annual list spend q uses up; inverse of list_usd_per_year."""
        if self.drawdown == "list":
            return list_usd_per_year
        return list_usd_per_year * (1.0 - discount_fraction)

    @property
    def commit_ranges(self) -> tuple[tuple[float, float], ...]:
        """[lowest commitment, first commitment of the next) of what lies below the bands, and of each band."""
        edges = [0.0, *(band.min_commit_usd_per_year for band in self.bands), inf]
        return tuple(pairwise(edges))


NO_COMMITMENT = Offer(commit_usd_per_year=0.0, discount_fraction=0.0, overage_discount_fraction=0.0)
