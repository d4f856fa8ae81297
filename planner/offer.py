"""An offer: a commitment with its discounts, year by year."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A commitment with its discounts, as it would be signed. A commitment of 0 is none: all on demand at list.

    The terms are those of contract year 1; `later` holds those of years 2, 3..., the last one standing for all that
    follow, and is empty where every year is as the first. discount_by_tier: tiers with a discount of their own.
    """

    commit_usd_per_year: float
    discount_fraction: float
    overage_discount_fraction: float
    discount_by_tier: tuple[tuple[str, float], ...] = ()
    later: tuple["Offer", ...] = ()

    def in_year(self, year: int) -> "Offer":
        """The terms of a contract year, 0 first."""
        return self if year == 0 or not self.later else self.later[min(year, len(self.later)) - 1]

    def commits_usd_per_year(self, n_years: int) -> tuple[float, ...]:
        """Annual commitment of each contract year."""
        return tuple(self.in_year(year).commit_usd_per_year for year in range(n_years))

    @property
    def is_none(self) -> bool:
        """Whether nothing is committed in any year."""
        return self.commit_usd_per_year == 0 and all(offer.commit_usd_per_year == 0 for offer in self.later)

    @property
    def is_flat(self) -> bool:
        """Whether every contract year has the terms of the first."""
        return not self.later

    def kept_fraction(self, tier: str | None) -> float:
        """1 - d: what a list dollar served by a tier costs within the commitment."""
        return 1.0 - dict(self.discount_by_tier).get(tier or "", self.discount_fraction)


NO_COMMITMENT = Offer(commit_usd_per_year=0.0, discount_fraction=0.0, overage_discount_fraction=0.0)
