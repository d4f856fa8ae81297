"""Contract terms, as data. What they cost is settlement's business: quotes change weekly, arithmetic does not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Literal

from planner.bands import DiscountBand, blended_discount, in_order, reached
from planner.clauses import (
    EVERYTHING,
    IN_ARREARS,
    NO_RENEWAL,
    CarryForward,
    EarlyRenewal,
    Eligibility,
    FixedSpend,
    InForce,
    Marketplace,
    Payment,
    Reduction,
    Renewal,
    Rollover,
    TrueForward,
)
from planner.errors import InputError
from planner.offer import NO_COMMITMENT, Offer
from planner.units import MONTHS_PER_YEAR

_QUARTER = 3
_MOST_RAMP = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The months [first, stop) over which a commitment has to be used.

    year: contract year in which it begins. year_fraction: the annual commitments that it owes, 1 for a whole year.
    """

    first: int
    stop: int
    year: int
    year_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The terms on the table.

    bands: thresholds are annual commitments; with band_basis "term" the average over the term is what counts, else each
    contract year's own. band_mode: whether a band's discount applies to everything or, "incremental", to the part of
    the commitment inside it. commit_period: over what a commitment has to be used; quarter_shares: how a year's splits
    over its quarters. commits_usd_per_year: what each contract year commits, where that is fixed. ramp: "flat", a shape
    (the years relative to each other), or "free": each year its own.
    drawdown: whether the commitment counts discounted ("contracted") or list dollars. overage: the discount on use
    beyond it: none ("list"), the committed one ("committed"), or a fraction of its own, on use up to
    overage_cap_fraction of the period's commitment. true_up_rate: with shortfall "true_up", what an unused dollar is
    charged. eligible_fraction: the share of eligible list spend that draws down. price_falls_passed_through: whether
    the discount applies to the current list price, or committed use stays at the signing day's;
    price_rise_cap_fraction: how far above the signing day's it can rise, None where nothing caps it.
    """

    term_months: int
    bands: tuple[DiscountBand, ...]
    band_basis: Literal["year", "term"] = "year"
    band_mode: Literal["all_units", "incremental"] = "all_units"
    commit_period: Literal["quarter", "year", "term"] = "year"
    quarter_shares: tuple[float, ...] = (0.25, 0.25, 0.25, 0.25)
    commits_usd_per_year: tuple[float, ...] | None = None
    ramp: Literal["flat", "free"] | tuple[float, ...] = "flat"
    drawdown: Literal["contracted", "list"] = "contracted"
    overage: Literal["list", "committed"] | float = "list"
    overage_cap_fraction: float | None = None
    shortfall: Literal["forfeit", "true_up"] = "forfeit"
    true_up_rate: float = 1.0
    eligible_fraction: float = 1.0
    eligible: Eligibility = EVERYTHING
    price_falls_passed_through: bool = True
    price_rise_cap_fraction: float | None = None
    rollover: Rollover | None = None
    carry_forward: CarryForward | None = None
    reduction: Reduction | None = None
    early_renewal: EarlyRenewal | None = None
    true_forward: TrueForward | None = None
    payment: Payment = IN_ARREARS
    marketplace: Marketplace | None = None
    in_force: InForce | None = None
    renewal: Renewal = NO_RENEWAL
    fixed_spend: tuple[FixedSpend, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "bands", in_order(self.bands))
        for check in (_check_tiers, _check_periods, _check_blocks, _check_in_force):
            check(self)

    @property
    def n_years(self) -> int:
        """Contract years in the term, the last perhaps a part of one."""
        return -(-self.term_months // MONTHS_PER_YEAR)

    @property
    def year_fractions(self) -> tuple[float, ...]:
        """Length of each contract year, in years."""
        starts = range(0, self.term_months, MONTHS_PER_YEAR)
        return tuple(min(MONTHS_PER_YEAR, self.term_months - start) / MONTHS_PER_YEAR for start in starts)

    @property
    def periods(self) -> tuple[Period, ...]:
        """Contract years or quarters of the term, or the term itself; the last may be a part of one."""
        if self.commit_period == "term":
            return (Period(first=0, stop=self.term_months, year=0, year_fraction=sum(self.year_fractions)),)
        length = _QUARTER if self.commit_period == "quarter" else MONTHS_PER_YEAR
        return tuple(self._period(first, length) for first in range(0, self.term_months, length))

    def _period(self, first: int, length: int) -> Period:
        stop = min(first + length, self.term_months)
        share = 1.0 if length == MONTHS_PER_YEAR else self.quarter_shares[first % MONTHS_PER_YEAR // _QUARTER]
        return Period(
            first=first, stop=stop, year=first // MONTHS_PER_YEAR, year_fraction=share * (stop - first) / length
        )

    def commit_usd_per_year_of(self, offer: Offer, period: Period) -> float:
        """The annual commitment behind a period; that of a pool over the term is the average of its years."""
        if self.commit_period != "term":
            return offer.in_year(period.year).commit_usd_per_year
        commits = zip(offer.commits_usd_per_year(self.n_years), self.year_fractions, strict=True)
        return sum(commit * share for commit, share in commits) / sum(self.year_fractions)

    def owed_fraction(self, offer: Offer, period: Period) -> float:
        """Dollars owed per dollar of commitment: 1, or 1 - d where list dollars draw down."""
        return 1.0 if self.drawdown == "contracted" else 1.0 - offer.in_year(period.year).discount_fraction

    def commit_usd(self, offer: Offer, period: Period) -> float:
        """What an offer commits in a period, in its own basis, before any clause changes it."""
        return self.commit_usd_per_year_of(offer, period) * period.year_fraction

    def discount_at(self, commit_usd_per_year: float) -> float:
        """Discount of the band that a commitment reaches; 0 below the lowest band."""
        band = self.band_at(commit_usd_per_year)
        return band.discount_fraction if band else 0.0

    def band_at(self, commit_usd_per_year: float) -> DiscountBand | None:
        """The band that an annual commitment reaches; None below the lowest."""
        return reached(self.bands, commit_usd_per_year)

    def overage_discount(self, discount_fraction: float) -> float:
        """Discount on use beyond the commitment, where committed use has this one."""
        if self.overage == "list":
            return 0.0
        return discount_fraction if self.overage == "committed" else self.overage

    def overage_rate(self, terms: Offer, tier: str | None) -> float:
        """1 - e: what a list dollar of a tier costs beyond the commitment."""
        if self.overage == "committed" and terms.discount_by_tier:
            return terms.kept_fraction(tier)
        return 1.0 - terms.overage_discount_fraction

    @property
    def ramp_shape(self) -> tuple[float, ...]:
        """Each contract year's commitment relative to the first one's; all 1 unless a shape is given."""
        if isinstance(self.ramp, str):
            return (1.0,) * self.n_years
        return tuple(weight / self.ramp[0] for weight in self.ramp)

    def offer_at(self, commit_usd_per_year: float, discount_fraction: float | None = None) -> Offer:
        """The offer that these terms make for contract year 1's commitment, at its band's discount unless one is given.

        Later years follow the ramp. A commitment below the lowest band earns no discount, on use within it or beyond
        it.
        """
        return self.offer_of([commit_usd_per_year * weight for weight in self.ramp_shape], discount_fraction)

    def offer_of(self, commits_usd_per_year: Sequence[float], discount_fraction: float | None = None) -> Offer:
        """The offer for the commitments of the contract years, each at its band's discount unless one is given."""
        commits = [float(commit) for commit in commits_usd_per_year]
        deciding = commits
        if self.band_basis == "term" or self.commit_period == "term":
            deciding = [self._average(commits)] * len(commits)
        years = [self._offer_year(commit, at, discount_fraction) for commit, at in zip(commits, deciding, strict=True)]
        return years[0] if len(set(years)) == 1 else replace(years[0], later=tuple(years[1:]))

    def _average(self, commits: Sequence[float]) -> float:
        """The average a year over the term; of years alike exactly theirs, so that a threshold is reached by itself."""
        if len(set(commits)) == 1:
            return commits[0]
        return sum(c * share for c, share in zip(commits, self.year_fractions, strict=True)) / sum(self.year_fractions)

    def _offer_year(self, commit: float, deciding: float, discount_fraction: float | None) -> Offer:
        if commit == 0 and (self.commit_period != "term" or deciding == 0):
            return NO_COMMITMENT
        if discount_fraction is not None:
            return Offer(
                commit_usd_per_year=commit,
                discount_fraction=discount_fraction,
                overage_discount_fraction=self.overage_discount(discount_fraction),
            )
        band = self.band_at(deciding)
        if band is None:
            return replace(NO_COMMITMENT, commit_usd_per_year=commit)
        discount = band.discount_fraction
        if self.band_mode == "incremental":
            discount = blended_discount(self.bands, deciding, counts_list=self.drawdown == "list")
        return Offer(
            commit_usd_per_year=commit,
            discount_fraction=discount,
            overage_discount_fraction=self.overage_discount(band.discount_fraction),
            discount_by_tier=band.by_tier,
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
        """[lowest, first of the next) of year 1's commitment inside which every contract year stays in its band.

        The first range lies below the bands. Without a ramp these are the bands themselves.
        """
        shape = self.ramp_shape
        weights = set(shape)
        if self.band_basis == "term":
            weights = {sum(w * f for w, f in zip(shape, self.year_fractions, strict=True)) / sum(self.year_fractions)}
        thresholds = {band.min_commit_usd_per_year / weight for band in self.bands for weight in weights}
        return tuple(pairwise([0.0, *sorted(thresholds), inf]))

    @property
    def is_linked(self) -> bool:
        """Whether what one period does can change another: a balance carried, or a commitment that depends on use."""
        in_force = self.in_force is not None and self.in_force.on_signing == "renew"
        clauses = (self.rollover, self.carry_forward, self.reduction, self.early_renewal, self.true_forward)
        return in_force or any(clause is not None for clause in clauses)

    @property
    def is_plain(self) -> bool:
        """Whether the cost of a commitment is settled by each period's use alone, at one discount for every dollar."""
        each_owes = all(period.year_fraction > 0 for period in self.periods)
        one_discount = (
            each_owes and not self.has_tier_discounts and self.band_mode == "all_units" and self.ramp == "flat"
        )
        by_use = self.shortfall == "forfeit" and self.overage_cap_fraction is None and self.marketplace is None
        return one_discount and by_use and not self.is_linked

    @property
    def has_tier_discounts(self) -> bool:
        """Whether a band quotes model tiers apart."""
        return any(band.by_tier for band in self.bands)

    @property
    def values_time(self) -> bool:
        """Whether a dollar later is worth less than one now."""
        return self.payment.cost_of_capital_per_year > 0

    @property
    def looks_back(self) -> bool:
        """Whether a commitment depends on use before it."""
        return self.true_forward is not None or self.reduction is not None

    @property
    def protects_prices(self) -> bool:
        """Whether committed use can be priced at other than the current list."""
        return not self.price_falls_passed_through or self.price_rise_cap_fraction is not None

    @property
    def needs_accounts(self) -> bool:
        """Whether spend has to be known by model tier or by what is eligible."""
        return self.has_tier_discounts or not self.eligible.is_everything or self.price_rise_cap_fraction is not None


def _check_tiers(contract: Contract) -> None:
    if contract.has_tier_discounts and (contract.drawdown == "list" or contract.band_mode == "incremental"):
        raise InputError(
            'discount_by_tier needs drawdown = "contracted" and band_mode = "all_units": with list dollars or '
            "incremental bands the price of an unused dollar depends on a tier that did not use it"
        )


def _check_periods(contract: Contract) -> None:
    if len(contract.quarter_shares) != 4 or abs(sum(contract.quarter_shares) - 1.0) > 1e-9:
        raise InputError(
            f"contract.quarter_shares = {list(contract.quarter_shares)}: give four shares that add up to 1"
        )
    for name, years in (("commit_usd_per_year", contract.commits_usd_per_year), ("ramp", contract.ramp)):
        if years is not None and not isinstance(years, str) and len(years) != contract.n_years:
            raise InputError(
                f"contract.{name} has {len(years)} values and a term of {contract.term_months} months has "
                f"{contract.n_years} contract years; give one value a year"
            )
    if not isinstance(contract.ramp, str) and min(contract.ramp) <= 0:
        raise InputError(f"contract.ramp = {list(contract.ramp)}: give positive weights, one a contract year")
    if not isinstance(contract.ramp, str) and max(contract.ramp) > _MOST_RAMP * min(contract.ramp):
        raise InputError(
            f"contract.ramp = {list(contract.ramp)}: years differ by more than a factor of {_MOST_RAMP:,}; check the "
            "weights, or fix the years with commit_usd_per_year"
        )
    if contract.ramp != "flat" and contract.commit_period == "term":
        raise InputError(
            'contract.ramp: a commitment over the whole term (commit_period = "term") has no years to ramp'
        )


def _check_blocks(contract: Contract) -> None:
    """Blocks that a clause looks back on have to fit the periods that they are read in."""
    period = contract.periods[0]
    clause = contract.true_forward
    if clause is not None and (period.stop - period.first) % clause.lookback_months:
        raise InputError(
            f"contract.true_forward.lookback_months = {clause.lookback_months} does not divide a commitment period of "
            f"{period.stop - period.first} months; give 1, 3 or the whole period"
        )
    early = contract.early_renewal
    if early is not None and not 0 < early.month < contract.term_months:
        raise InputError(
            f"contract.early_renewal.month = {early.month} lies outside a term of {contract.term_months} months"
        )


def _check_in_force(contract: Contract) -> None:
    clause = contract.in_force
    if clause is not None and clause.on_signing == "co_term" and clause.ends_month != contract.term_months:
        raise InputError(
            f"contract.in_force ends {clause.ends_month} months after the start and the term is "
            f'{contract.term_months} months: with on_signing = "co_term" both end together; set term_months = '
            f"{clause.ends_month}"
        )
