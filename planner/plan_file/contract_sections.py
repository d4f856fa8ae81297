"""[contract] of a plan file as it is written: the terms, one table per clause, and spend that is not tokens."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from planner.plan_file.section import Name, Provider, Section, Share, Tier, Usd

Discount = Annotated[float, Field(ge=0, lt=1)]
Multiple = Annotated[float, Field(ge=0, le=10)]
Weight = Annotated[float, Field(gt=0, le=1e6)]
Months = Annotated[int, Field(ge=1, le=120)]


class TierDiscountsSection(Section):
    """[contract.band.discount_by_tier]: model tiers that the quote discounts apart; the others have the band's."""

    haiku: Discount | None = Field(default=None, description="discount on use of Haiku models; left out: the band's")
    sonnet: Discount | None = Field(default=None, description="on use of Sonnet models; left out: the band's")
    opus: Discount | None = Field(default=None, description="on use of Opus models; left out: the band's")
    fable: Discount | None = Field(default=None, description="on use of the tier above Opus; left out: the band's")
    other: Discount | None = Field(default=None, description="on use of any other model; left out: the band's")


class BandSection(Section):
    """[[contract.band]]: from this commitment on, this discount; thresholds a year or for the term, not both kinds."""

    min_commit_usd_per_year: Usd | None = None
    min_commit_usd_total: Usd | None = Field(
        default=None, description="or: commitment over the whole term at which the band begins"
    )
    discount_fraction: Discount
    discount_by_tier: TierDiscountsSection | None = None
    source: Name | None = Field(default=None, description="for people: where the quote is from; changes no figure")


class RolloverSection(Section):
    """[contract.rollover]: part of a period's unused commitment is carried over."""

    share: Share = Field(description="share of the unused commitment that is carried; the rest is shortfall")
    months: Months = Field(description="months after the period's end at which what was carried expires")
    renew_min_fraction: Multiple = Field(
        default=0.0,
        description="carried only if the next commitment a year is at least this fraction of the one before",
    )
    max_fraction_of_commit: Share | None = Field(
        default=None, description="at most this fraction of the period's commitment is carried"
    )
    draw: Literal["carried_first", "current_first"] = Field(
        default="carried_first", description="whether use draws carried balances before the current commitment"
    )


class CarryForwardSection(Section):
    """[contract.carry_forward]: use beyond a period's commitment lowers later ones."""

    share: Share = Field(default=1.0, description="share of the use beyond the commitment that is credited")
    max_fraction_of_commit: Share = Field(default=1.0, description="a commitment is lowered by at most this fraction")


class ReductionSection(Section):
    """[contract.reduction]: the right to lower the commitment at each anniversary."""

    max_fraction: Share = Field(description="by at most this fraction of what was signed for the year")
    lookback_months: Months = Field(default=12, description="to what the last so many months would draw in a year")
    exercised: bool = Field(default=True, description="whether the buyer uses the right")


class EarlyRenewalSection(Section):
    """[contract.early_renewal]: the right to renew before the term ends; a buyer behind pro-rata use takes it."""

    month: Months = Field(description="contract month at whose start the buyer may renew; 0 is the first month")
    credit_fraction: Share = Field(description="share of the unused commitment that is banked until the term ends")
    commit_fraction: Multiple = Field(description="commitment from then on, as a fraction of the one signed")
    exercised: bool = Field(default=True, description="whether the buyer uses the right")


class TrueForwardSection(Section):
    """[contract.true_forward]: use above a commitment raises the next one."""

    trigger_fraction: Multiple = Field(default=1.0, description="fraction of the commitment above which use raises it")
    share: Share = Field(default=1.0, description="the next commitment is at least this share of peak use")
    lookback_months: Months = Field(default=12, description="peak use is the largest of the period's blocks this long")
    resets: bool = Field(default=False, description="whether a raise holds for one period only")


class PaymentSection(Section):
    """[contract.payment]: when the commitment is paid; use beyond it is always paid at the end of its month."""

    mode: Literal["upfront", "quarterly", "arrears"] = Field(
        default="arrears", description="a period in advance, a quarter in advance, or as it is used"
    )
    cost_of_capital_per_year: Multiple = Field(default=0.0, description="what money costs the buyer: 0.08 is 8 %")


class PriceFallsSection(Section):
    """[contract.price_falls]: who has the benefit of list-price falls during the term."""

    passed_through: bool = True


class PriceRisesSection(Section):
    """[contract.price_rises]: a limit on list-price rises of committed use."""

    cap_fraction: Multiple = Field(description="committed use costs at most so much above the pricing day's list")


class EligibleSection(Section):
    """[contract.eligible]: which token spend draws the commitment down; the rest is billed at list beside it."""

    models: Annotated[list[Name], Field(min_length=1)] | None = Field(
        default=None, description="models that count, beside those of `tiers`; neither: all"
    )
    tiers: Annotated[list[Tier], Field(min_length=1)] | None = Field(
        default=None, description="model tiers that count, beside `models`; neither: all"
    )
    batch: bool = Field(default=True, description="whether requests through the Batch API count")
    channels: Annotated[list[Provider], Field(min_length=1)] | None = Field(
        default=None, description="where use counts; `prices.provider` must be among them"
    )


class MarketplaceSection(Section):
    """[contract.marketplace]: buying through a cloud that one has committed to as well."""

    channel: Name = Field(description="which marketplace, for people")
    fee_fraction: Share = Field(default=0.0, description="fee on what is paid")
    draws_down_fraction: Share = Field(default=1.0, description="share of what is paid that counts there")
    cap_usd_per_year: Usd = Field(description="at most this much counts there a year")
    otherwise_unused_usd_per_year: Usd = Field(
        description="part of the cloud commitment that would be forfeited without it, a year"
    )


class InForceSection(Section):
    """[contract.in_force]: a contract already signed."""

    ends: date = Field(description="first day after it, the first of a month after `plan.start`")
    balance_usd: Usd = Field(description="what is left to draw at `plan.start`")
    discount_fraction: Discount = Field(default=0.0, description="its own discount, on what it still covers")
    on_signing: Literal["co_term", "renew"] = Field(
        description="both run on and end together, the old balance first; or the balance moves into the new contract"
    )
    bank_usd: Usd = Field(default=0.0, description="what it carries over from earlier years, drawn before the balance")
    bank_ends: date | None = Field(default=None, description="first day on which that is gone; default: `ends`")


class RenewalSection(Section):
    """[contract.renewal]: what the end of the term is worth."""

    bank_value_fraction: Share = Field(
        default=0.0, description="worth of a dollar still banked at the end: chance to renew times usable share"
    )
    uplift_fraction: Multiple = Field(
        default=0.0, description="rise of the contract's prices on renewal; reported only"
    )


class ContractTerms(Section):
    """What any terms may say, bands apart: those of [contract], of an offer, of an ask."""

    term_months: Months = 12
    commit_usd_per_year: Usd | list[Usd] | None = Field(
        default=None,
        description="fixes the commitment: a number, or one per contract year; 0 is none; left out: it is sized",
    )
    commit_period: Literal["year", "quarter", "term"] = Field(
        default="year", description="over what a commitment has to be used"
    )
    quarter_shares: list[Share] = Field(
        default_factory=lambda: [0.25] * 4, description="how a year's commitment splits over its four quarters; sum 1"
    )
    ramp: Literal["flat", "free"] | list[Weight] = Field(
        default="flat",
        description="how contract years relate: all the same, each sized by itself, or one weight a year",
    )
    drawdown: Literal["contracted", "list"] = "contracted"
    overage: Literal["list", "committed"] | Discount = "list"
    overage_cap_fraction_of_commit: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None,
        description="the overage discount ends at this fraction of the period's commitment; list beyond it",
    )
    band_mode: Literal["all_units", "incremental"] = Field(
        default="all_units", description="a band's discount holds for everything, or for the part of it in the band"
    )
    shortfall: Literal["forfeit", "true_up"] = "forfeit"
    true_up_rate: Share = Field(default=1.0, description='with shortfall = "true_up": charge per unused dollar')
    eligible_fraction: Share = 1.0
    rollover: RolloverSection | None = None
    carry_forward: CarryForwardSection | None = None
    reduction: ReductionSection | None = None
    early_renewal: EarlyRenewalSection | None = None
    true_forward: TrueForwardSection | None = None
    payment: PaymentSection = Field(default_factory=PaymentSection)
    price_falls: PriceFallsSection = Field(default_factory=PriceFallsSection)
    price_rises: PriceRisesSection | None = None
    eligible: EligibleSection = Field(default_factory=EligibleSection)
    marketplace: MarketplaceSection | None = None
    in_force: InForceSection | None = None
    renewal: RenewalSection = Field(default_factory=RenewalSection)


class ContractSection(ContractTerms):
    """[contract]: the terms on the table."""

    band: Annotated[list[BandSection], Field(min_length=1)]


class FixedSpendSection(Section):
    """[[fixed_spend]]: spend that is not tokens: seats, tools, other fees."""

    name: Name = Field(description="what is paid for; each name once")
    usd_per_month: Usd = Field(description="at list, the same every month")
    eligible: bool = Field(default=True, description="whether it draws the commitment down")
