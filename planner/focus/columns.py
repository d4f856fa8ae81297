"""The columns of the two FOCUS datasets, version 1.4, as data, and those that this product adds to them.

Names, types, nullability and allowed values as in the FinOps Open Cost and Usage Specification 1.4, ratified on 4 June
2026 (specification/datasets/contract_commitment and specification/datasets/cost_and_usage of the FOCUS_Spec
repository). Columns of our own begin with x_, as the specification's custom column handling asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

FOCUS_VERSION: Final = "1.4"

Kind = Literal["String", "Decimal", "Date/Time", "JSON"]
Level = Literal["Mandatory", "Conditional", "Recommended", "Custom"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. allowed: the only values, where the specification lists them. left_out: why it is not written.

    meaning: what a column of our own holds.
    """

    name: str
    kind: Kind = "String"
    nullable: bool = False
    level: Level = "Mandatory"
    allowed: tuple[str, ...] = ()
    left_out: str = ""
    meaning: str = ""


def _columns(kind: Kind, names: str, *, nullable: bool = False, level: Level = "Mandatory") -> tuple[Column, ...]:
    return tuple(Column(name=name, kind=kind, nullable=nullable, level=level) for name in names.split())


def _absent(
    kind: Kind, names: str, why: str, *, nullable: bool = True, level: Level = "Conditional"
) -> tuple[Column, ...]:
    return tuple(Column(name=name, kind=kind, nullable=nullable, level=level, left_out=why) for name in names.split())


def _choice(name: str, *allowed: str, nullable: bool = False, level: Level = "Mandatory") -> Column:
    return Column(name=name, allowed=allowed, nullable=nullable, level=level)


def _custom(kind: Kind, name: str, meaning: str, *, nullable: bool = False) -> Column:
    return Column(name=name, kind=kind, nullable=nullable, level="Custom", meaning=meaning)


def _sorted(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(sorted(columns, key=lambda column: column.name))


_ONE_CURRENCY: Final = "prices and bills are both in US dollars"

CONTRACT_COMMITMENT: Final = _sorted(
    (
        *_columns("String", "BillingCurrency ContractCommitmentUnit ContractCommitmentDescription", nullable=True),
        *_columns("Decimal", "ContractCommitmentCost ContractCommitmentQuantity", nullable=True),
        *_columns("Decimal", "ContractCommitmentDiscountPercentage", nullable=True),
        *_columns("Decimal", "ContractCommitmentPaymentUpfrontPercentage", level="Conditional"),
        *_columns("JSON", "ContractCommitmentApplicability"),
        *_columns("String", "ContractCommitmentDurationType ContractCommitmentId ContractCommitmentType ContractId"),
        *_columns("String", "InvoiceIssuerName ServiceProviderName"),
        *_columns("Date/Time", "ContractCommitmentCreated ContractCommitmentLastUpdated"),
        *_columns("Date/Time", "ContractCommitmentPeriodStart ContractCommitmentPeriodEnd"),
        *_columns("Date/Time", "ContractPeriodStart ContractPeriodEnd"),
        _choice("ContractCommitmentBenefitCategory", "Discount", "Entitlement", "Availability", "Other"),
        _choice("ContractCommitmentCategory", "Spend", "Usage"),
        _choice(
            "ContractCommitmentFulfillmentInterval",
            *("Hourly", "Daily", "Weekly", "Monthly", "Quarterly", "Semi-Annual", "Annual"),
            *("Full Period", "Transactional", "Custom"),
        ),
        _choice(
            "ContractCommitmentLifecycleStatus",
            *("Proposed", "Pending", "Active", "Exhausted", "Expired", "Canceled", "Superseded"),
        ),
        _choice("ContractCommitmentModel", "Continuous", "Discontinuous"),
        _choice("ContractCommitmentOfferCategory", "Public", "Negotiated"),
        _choice(
            "ContractCommitmentPaymentInterval",
            *("One-Time", "Monthly", "Quarterly", "Semi-Annual", "Annual", "Custom"),
        ),
        _choice("ContractCommitmentPaymentModel", "No Upfront", "Partial Upfront", "All Upfront"),
        *_absent("String", "PricingCurrency", _ONE_CURRENCY, nullable=False),
        *_absent("Decimal", "PricingCurrencyContractCommitmentCost", _ONE_CURRENCY),
    )
)
"""The 30 columns of the Contract Commitment dataset."""

_NO_SPLIT: Final = "no cost is split over shared resources"
_NOT_PUBLIC: Final = "a negotiated discount is a contract commitment, not one of the public commitment discounts"
_NOT_METERED: Final = "the forecast is in dollars at list prices; nothing has been metered"
_NO_PLACE: Final = "the plan knows no regions"
_NO_ACCOUNTS: Final = "the plan knows no accounts below the bill"
_NO_CAPACITY: Final = "the contract reserves no capacity"

COST_AND_USAGE: Final = _sorted(
    (
        *_columns("Decimal", "BilledCost ContractedCost EffectiveCost ListCost"),
        *_columns("Decimal", "PricingQuantity", nullable=True),
        *_columns("Decimal", "ContractedUnitPrice ListUnitPrice", nullable=True, level="Conditional"),
        *_columns("String", "BillingAccountId BillingCurrency InvoiceIssuerName ServiceName ServiceProviderName"),
        *_columns("String", "BillingAccountName ChargeDescription HostProviderName PricingUnit", nullable=True),
        *_columns("Date/Time", "BillingPeriodStart BillingPeriodEnd ChargePeriodStart ChargePeriodEnd"),
        *_columns("String", "InvoiceDetailId InvoiceId ResourceId ResourceName", nullable=True, level="Conditional"),
        *_columns("String", "ResourceType SkuId SkuMeter SkuPriceId", nullable=True, level="Conditional"),
        *_columns("JSON", "ContractApplied SkuPriceDetails", nullable=True, level="Conditional"),
        _choice("ChargeCategory", "Usage", "Purchase", "Tax", "Credit", "Adjustment"),
        _choice("ChargeClass", "Correction", nullable=True),
        _choice("ChargeFrequency", "One-Time", "Recurring", "Usage-Based", level="Recommended"),
        _choice("PricingCategory", "Standard", "Dynamic", "Committed", "Other", nullable=True, level="Conditional"),
        _choice(
            "ServiceCategory",
            *("AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases"),
            *("Developer Tools", "Identity", "Integration", "Internet of Things", "Management and Governance"),
            *("Media", "Migration", "Mobile", "Multicloud", "Networking", "Security", "Storage", "Web", "Other"),
        ),
        _choice(
            "ServiceSubcategory",
            # those of AI and Machine Learning, the only category that is written
            *("AI Platforms", "Bots", "Generative AI", "Machine Learning", "Natural Language Processing"),
            "Other (AI and Machine Learning)",
            level="Recommended",
        ),
        *_absent("JSON", "AllocatedMethodDetails", _NO_SPLIT, level="Recommended"),
        *_absent("String", "AllocatedMethodId AllocatedResourceId AllocatedResourceName", _NO_SPLIT),
        *_absent("JSON", "AllocatedTags", _NO_SPLIT),
        *_absent("String", "AvailabilityZone", _NO_PLACE, level="Recommended"),
        *_absent("String", "RegionId RegionName", _NO_PLACE),
        *_absent("String", "BillingAccountType SubAccountId SubAccountName SubAccountType", _NO_ACCOUNTS),
        *_absent("String", "CapacityReservationId CapacityReservationStatus", _NO_CAPACITY),
        *_absent("String", "CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName", _NOT_PUBLIC),
        *_absent("String", "CommitmentDiscountStatus CommitmentDiscountType CommitmentDiscountUnit", _NOT_PUBLIC),
        *_absent("Decimal", "CommitmentDiscountQuantity", _NOT_PUBLIC),
        *_absent(
            "JSON", "CommitmentProgramEligibilityDetails", "which public programs a provider offers is its own to say"
        ),
        *_absent("Decimal", "ConsumedQuantity", _NOT_METERED),
        *_absent("String", "ConsumedUnit", _NOT_METERED),
        *_absent("String", "PricingCurrency", _ONE_CURRENCY, nullable=False),
        *_absent("Decimal", "PricingCurrencyContractedUnitPrice PricingCurrencyListUnitPrice", _ONE_CURRENCY),
        *_absent("Decimal", "PricingCurrencyEffectiveCost", _ONE_CURRENCY, nullable=False),
        *_absent("JSON", "Tags", "the plan knows no tags"),
    )
)
"""The 65 columns of the Cost and Usage dataset."""

_ORIGIN: Final = (
    _custom("String", "x_FocusVersion", "the version of the FOCUS specification that the columns follow"),
    _custom("String", "x_IsForecast", "always true: these figures were planned, not billed"),
    _custom("String", "x_PlanName", "the name of the plan"),
    _custom("String", "x_ScenarioName", "the scenario that the plan decides on, in which the figures are expected"),
)
_SE: Final = "standard error of the simulation in it"

COMMITMENT_CUSTOM: Final = _sorted(
    (
        *_ORIGIN,
        _custom("String", "x_DrawdownBasis", "whether use counts at contracted or at list dollars"),
        _custom("Decimal", "x_ExpectedCarriedBalance", "expected balance carried at the end of the period"),
        _custom("Decimal", "x_ExpectedCommitted", "expected commitment after the clauses that change it"),
        _custom("Decimal", "x_ExpectedCost", "expected dollars paid for the period, fees and credits included"),
        _custom("Decimal", "x_ExpectedCostStandardError", _SE, nullable=True),
        _custom("Decimal", "x_ExpectedDrawn", "expected use drawn from the period's own commitment"),
        _custom("Decimal", "x_ExpectedDrawnFromCarriedBalance", "expected use drawn from balances carried into it"),
        _custom("Decimal", "x_ExpectedForfeited", "expected commitment that is charged and lost"),
        _custom("Decimal", "x_ExpectedOutsideCost", "expected dollars billed outside the contract"),
        _custom("Decimal", "x_ExpectedOverageCost", "expected dollars billed for use beyond the commitment"),
        _custom("Decimal", "x_ExpectedShortfallCost", "expected dollars paid for nothing"),
        _custom("Decimal", "x_ExpectedShortfallCostStandardError", _SE, nullable=True),
        _custom("Decimal", "x_ExpectedWaived", "expected unused commitment that a true-up does not charge"),
        _custom("Decimal", "x_OverageDiscountPercentage", "discount on use beyond the commitment, as a fraction"),
        _custom(
            "Decimal", "x_RolloverMonths", "months after the period that a carried balance is good for", nullable=True
        ),
        _custom(
            "Decimal",
            "x_RolloverPercentage",
            "share of unused commitment that is carried, as a fraction",
            nullable=True,
        ),
        _custom("Decimal", "x_ShortfallProbability", "chance that the period pays for something unused"),
        _custom("Decimal", "x_ShortfallProbabilityStandardError", _SE, nullable=True),
        _custom(
            "Decimal", "x_TrueUpPercentage", "what an unused dollar is charged, as a fraction; 1 where all is lost"
        ),
    )
)
"""Our columns of the contract commitments. Commitment and draws are in the dollars that x_DrawdownBasis names."""

CHARGE_CUSTOM: Final = _sorted(
    (*_ORIGIN, _custom("String", "x_ForecastType", "what the row is of: see the list of rows in these notes"))
)
"""Our columns of cost and usage."""


def written(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns that are written."""
    return tuple(column for column in columns if not column.left_out)
