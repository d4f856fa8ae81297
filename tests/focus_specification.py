"""FOCUS 1.4 as the tests read it: column lists and rules, transcribed from the specification and from nothing else.

Sources, at tag v1.4 of the FOCUS_Spec repository: specification/datasets/contract_commitment and .../cost_and_usage
(dataset.md and columns/*.md), specification/attributes (date/time, numeric, currency, null, JSON object and custom
column rules), and the JSON schemas of ContractApplied and ContractCommitmentApplicability. Rules that no forecast can
keep are not here: that a cost is on an invoice, and that an identifier is a provider's.

It imports nothing of the product.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Cells = Mapping[str, str]
"""A row as it stands in the CSV; an empty cell is null."""

COMMITMENT_MANDATORY = {
    "BillingCurrency",
    "ContractCommitmentApplicability",
    "ContractCommitmentBenefitCategory",
    "ContractCommitmentCategory",
    "ContractCommitmentCost",
    "ContractCommitmentCreated",
    "ContractCommitmentDescription",
    "ContractCommitmentDiscountPercentage",
    "ContractCommitmentDurationType",
    "ContractCommitmentFulfillmentInterval",
    "ContractCommitmentId",
    "ContractCommitmentLastUpdated",
    "ContractCommitmentLifecycleStatus",
    "ContractCommitmentModel",
    "ContractCommitmentOfferCategory",
    "ContractCommitmentPaymentInterval",
    "ContractCommitmentPaymentModel",
    "ContractCommitmentPeriodEnd",
    "ContractCommitmentPeriodStart",
    "ContractCommitmentQuantity",
    "ContractCommitmentType",
    "ContractCommitmentUnit",
    "ContractId",
    "ContractPeriodEnd",
    "ContractPeriodStart",
    "InvoiceIssuerName",
    "ServiceProviderName",
}
COMMITMENT_CONDITIONAL = {
    "ContractCommitmentPaymentUpfrontPercentage",  # the provider offers partial upfront payment
    "PricingCurrency",  # pricing and billing in different currencies
    "PricingCurrencyContractCommitmentCost",
}
COMMITMENT_NULLABLE = {
    "BillingCurrency",
    "ContractCommitmentCost",
    "ContractCommitmentDescription",
    "ContractCommitmentDiscountPercentage",
    "ContractCommitmentQuantity",
    "ContractCommitmentUnit",
    "PricingCurrencyContractCommitmentCost",
}

CHARGE_MANDATORY = {
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "HostProviderName",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
}
CHARGE_RECOMMENDED = {"ChargeFrequency", "ServiceSubcategory", "AllocatedMethodDetails", "AvailabilityZone"}
CHARGE_CONDITIONAL = {
    "AllocatedMethodId",
    "AllocatedResourceId",
    "AllocatedResourceName",
    "AllocatedTags",
    "BillingAccountType",
    "CapacityReservationId",
    "CapacityReservationStatus",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountQuantity",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "CommitmentDiscountUnit",
    "CommitmentProgramEligibilityDetails",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractApplied",
    "ContractedUnitPrice",
    "InvoiceDetailId",
    "InvoiceId",
    "ListUnitPrice",
    "PricingCategory",
    "PricingCurrency",
    "PricingCurrencyContractedUnitPrice",
    "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "SubAccountType",
    "Tags",
}
CHARGE_NOT_NULL = {
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingCurrency",
    "PricingCurrencyEffectiveCost",
    "ServiceCategory",
    "ServiceName",
    "ServiceProviderName",
    "ServiceSubcategory",
}
# A provider of commitments supports contract commitments, negotiated and published unit prices, payable invoices.
CHARGE_CONDITIONS_MET = {
    "ContractApplied",
    "ContractedUnitPrice",
    "InvoiceDetailId",
    "InvoiceId",
    "ListUnitPrice",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
}

ALLOWED = {
    "ContractCommitmentBenefitCategory": "Discount|Entitlement|Availability|Other",
    "ContractCommitmentCategory": "Spend|Usage",
    "ContractCommitmentFulfillmentInterval": "Hourly|Daily|Weekly|Monthly|Quarterly|Semi-Annual|Annual|Full Period"
    "|Transactional|Custom",
    "ContractCommitmentLifecycleStatus": "Proposed|Pending|Active|Exhausted|Expired|Canceled|Superseded",
    "ContractCommitmentModel": "Continuous|Discontinuous",
    "ContractCommitmentOfferCategory": "Public|Negotiated",
    "ContractCommitmentPaymentInterval": "One-Time|Monthly|Quarterly|Semi-Annual|Annual|Custom",
    "ContractCommitmentPaymentModel": "No Upfront|Partial Upfront|All Upfront",
    "ChargeCategory": "Usage|Purchase|Tax|Credit|Adjustment",
    "ChargeClass": "Correction",
    "ChargeFrequency": "One-Time|Recurring|Usage-Based",
    "PricingCategory": "Standard|Dynamic|Committed|Other",
    "ServiceCategory": "AI and Machine Learning|Analytics|Business Applications|Compute|Databases|Developer Tools"
    "|Identity|Integration|Internet of Things|Management and Governance|Media|Migration|Mobile|Multicloud|Networking"
    "|Security|Storage|Web|Other",
    "ServiceSubcategory": "AI Platforms|Bots|Generative AI|Machine Learning|Natural Language Processing"
    r"|Other \(AI and Machine Learning\)",  # those of the category AI and Machine Learning
}

DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
DECIMAL = re.compile(r"-?\d+(\.\d+)?(E-?\d+)?")
CUSTOM_NAME = re.compile(r"x_[A-Z][A-Za-z0-9]*")
DURATION = re.compile(r"[1-9]\d* (Minute|Hour|Day|Week|Month|Quarter|Year)s?")
DATE_TIME_COLUMN = re.compile(r"[A-Za-z]*(Start|End|Created|LastUpdated)")
DECIMAL_COLUMN = re.compile(r"(?!x_)[A-Za-z]*(Cost|Quantity|UnitPrice|Percentage)")
JSON_COLUMNS = {"ContractApplied", "ContractCommitmentApplicability", "SkuPriceDetails"}


def commitment_faults(header: Sequence[str], rows: Sequence[Cells]) -> list[str]:
    """What a Contract Commitment file breaks."""
    known = COMMITMENT_MANDATORY | COMMITMENT_CONDITIONAL
    found = [*_header_faults(header, COMMITMENT_MANDATORY, known)]
    for number, row in enumerate(rows):
        faults = [*_cell_faults(row, known - COMMITMENT_NULLABLE), *(f for rule in COMMITMENT_RULES for f in rule(row))]
        found += [f"row {number}: {fault}" for fault in faults]
    ids = [row["ContractCommitmentId"] for row in rows]
    return found + [f"ContractCommitmentId is not unique: {name}" for name in set(ids) if ids.count(name) > 1]


def charge_faults(header: Sequence[str], rows: Sequence[Cells]) -> list[str]:
    """What a Cost and Usage file breaks."""
    required = CHARGE_MANDATORY | CHARGE_CONDITIONS_MET
    known = required | CHARGE_RECOMMENDED | CHARGE_CONDITIONAL
    found = [*_header_faults(header, required, known)]
    for number, row in enumerate(rows):
        faults = [*_cell_faults(row, CHARGE_NOT_NULL), *(fault for rule in CHARGE_RULES for fault in rule(row))]
        found += [f"row {number} ({row['ChargeDescription']}): {fault}" for fault in faults]
    return found


def _header_faults(header: Sequence[str], required: set[str], known: set[str]) -> Iterator[str]:
    own = [name for name in header if name.startswith("x_")]
    named = [name for name in header if not name.startswith("x_")]
    yield from (f"{name} is missing" for name in sorted(required - set(header)))
    yield from (f"{name} is no column of FOCUS" for name in named if name not in known)
    yield from (f"{name} is no name for a custom column" for name in own if not CUSTOM_NAME.fullmatch(name))
    yield from (f"{name} is longer than 50 characters" for name in header if len(name) > 50)
    if list(header) != [*sorted(named), *sorted(own)]:
        yield "columns are not sorted, those of FOCUS first"


def _cell_faults(row: Cells, not_null: set[str]) -> Iterator[str]:
    for name, cell in row.items():
        if cell == "":
            if name in not_null:
                yield f"{name} is null"
        elif name in ALLOWED and not re.fullmatch(ALLOWED[name], cell):
            yield f"{name} = {cell} is not allowed"
        elif name.endswith("Currency") and cell != "USD":
            yield f"{name} = {cell} is not the currency of the plan"
        elif DECIMAL_COLUMN.fullmatch(name) and not DECIMAL.fullmatch(cell):
            yield f"{name} = {cell} is no decimal"
        elif DATE_TIME_COLUMN.fullmatch(name):
            yield from _moment_faults(name, cell)
        elif name in JSON_COLUMNS and not isinstance(_json(cell), dict):
            yield f"{name} = {cell} is no JSON object"


def _moment_faults(name: str, cell: str) -> Iterator[str]:
    if not DATE_TIME.fullmatch(cell):
        yield f"{name} = {cell} is no UTC moment"
    else:
        datetime.strptime(cell, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)  # raises for a day that there is not


def _json(cell: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any] | None:
        keys = [key for key, _ in pairs]
        return dict(pairs) if len(keys) == len(set(keys)) else None

    try:
        return json.loads(cell, object_pairs_hook=unique, parse_constant=lambda _: None)
    except ValueError:
        return None


Rule = Callable[[Cells], Iterator[str]]


# --- contract commitment ---------------------------------------------------------------------------------------------


def _spend_is_priced(row: Cells) -> Iterator[str]:
    if row["ContractCommitmentCategory"] == "Spend":
        yield from (
            f"{name} of Spend is null" for name in ("BillingCurrency", "ContractCommitmentCost") if not row[name]
        )
    if bool(row["ContractCommitmentQuantity"]) != bool(row["ContractCommitmentUnit"]):
        yield "quantity and unit are not given together"


def _discount(row: Cells) -> Iterator[str]:
    category, cell = row["ContractCommitmentBenefitCategory"], row["ContractCommitmentDiscountPercentage"]
    if (category == "Discount" and not cell) or (category == "Availability" and cell):
        yield f"discount '{cell}' of benefit {category}"
    if cell and not 0 <= float(cell) <= 1:
        yield f"discount {cell} is no fraction"


def _duration(row: Cells) -> Iterator[str]:
    if not DURATION.fullmatch(row["ContractCommitmentDurationType"]):
        yield f"duration {row['ContractCommitmentDurationType']}"


def _model(row: Cells) -> Iterator[str]:
    if row["ContractCommitmentFulfillmentInterval"] == "Full Period" and row["ContractCommitmentModel"] == "Continuous":
        yield "a continuous commitment is fulfilled over its full period"


def _payment(row: Cells) -> Iterator[str]:
    model, share = row["ContractCommitmentPaymentModel"], float(row["ContractCommitmentPaymentUpfrontPercentage"])
    if not {"All Upfront": share == 1, "No Upfront": share == 0, "Partial Upfront": 0 < share < 1}[model]:
        yield f"{model} with {share} upfront"
    if model == "All Upfront" and row["ContractCommitmentPaymentInterval"] != "One-Time":
        yield "all upfront, and not paid once"


def _commitment_periods(row: Cells) -> Iterator[str]:
    first, last = row["ContractCommitmentPeriodStart"], row["ContractCommitmentPeriodEnd"]
    if not row["ContractPeriodStart"] <= first < last <= row["ContractPeriodEnd"]:
        yield "the period does not lie in the contract's"
    if row["ContractCommitmentLastUpdated"] < row["ContractCommitmentCreated"]:
        yield "updated before it was created"


def _applicability(row: Cells) -> Iterator[str]:
    scope = _json(row["ContractCommitmentApplicability"]) or {}
    own = ("IsGlobalScope", "IsComplexScope", "Applicability", "InclusionOperator", "Inclusions", "ExclusionOperator")
    if strange := [key for key in scope if key not in (*own, "Exclusions") and not CUSTOM_NAME.fullmatch(key)]:
        yield f"unknown keys {strange}"
    is_global, is_complex = scope.get("IsGlobalScope", False), scope.get("IsComplexScope", False)
    if is_global and is_complex:
        yield "global and complex"
    rules = {"InclusionOperator", "Inclusions"} & scope.keys()
    if (is_global or is_complex) == bool(rules):
        yield "inclusions beside a global or complex scope, or neither"
    share = scope.get("Applicability", {})
    if share.keys() - {"Cost", "Usage"} or not all(0 <= value <= 1 for value in share.values()):
        yield f"applicability {share}"


COMMITMENT_RULES: tuple[Rule, ...] = (
    _spend_is_priced,
    _discount,
    _duration,
    _model,
    _payment,
    _commitment_periods,
    _applicability,
)


# --- cost and usage --------------------------------------------------------------------------------------------------


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(1.0, abs(one), abs(other))


def _unit_prices(row: Cells) -> Iterator[str]:
    for price, cost in (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")):
        if not row[price]:
            continue
        if float(row[price]) < 0:
            yield f"{price} is negative"
        if row["PricingQuantity"] and not _close(float(row[price]) * float(row["PricingQuantity"]), float(row[cost])):
            yield f"{cost} is not {price} times PricingQuantity"


def _priced_by_sku(row: Cells) -> Iterator[str]:
    priced = ("SkuId", "SkuPriceId", "PricingQuantity", "PricingUnit", "ListUnitPrice", "ContractedUnitPrice")
    if "PricingCategory" in row:
        priced = (*priced, "PricingCategory")
    is_priced = row["ChargeCategory"] in ("Usage", "Purchase")
    if row["ChargeCategory"] == "Tax" or not row["SkuPriceId"]:
        yield from (f"{name} without a SKU price" for name in priced if row[name] and name != "SkuId")
    if is_priced:
        yield from (f"{name} of {row['ChargeCategory']} is null" for name in priced if not row[name])
    if row["SkuMeter"] and not row["SkuId"]:
        yield "a meter without a SKU"
    if row["SkuPriceDetails"] and not row["SkuPriceId"]:
        yield "details without a SKU price"


def _effective(row: Cells) -> Iterator[str]:
    billed, effective = float(row["BilledCost"]), float(row["EffectiveCost"])
    if row["ChargeCategory"] == "Purchase" and row["ContractApplied"] and effective != 0:
        yield "a purchase that covers use has an effective cost"
    if row["ChargeCategory"] in ("Tax", "Credit") and billed != effective:
        yield "effective is not billed cost"
    if row["ChargeCategory"] == "Usage" and billed not in (0.0, effective):
        yield "use that is billed in part: covered and uncovered parts are rows of their own"


def _frequency(row: Cells) -> Iterator[str]:
    if row["ChargeCategory"] == "Purchase" and row["ChargeFrequency"] == "Usage-Based":
        yield "a purchase that is usage-based"


def _resource(row: Cells) -> Iterator[str]:
    if bool(row["ResourceId"]) != bool(row["ResourceType"]) or (row["ResourceName"] and not row["ResourceId"]):
        yield "resource columns do not fit each other"


def _charge_periods(row: Cells) -> Iterator[str]:
    for name in ("ChargePeriod", "BillingPeriod"):
        if not row[f"{name}Start"] < row[f"{name}End"]:
            yield f"{name} ends before it starts"


def _applied(row: Cells) -> Iterator[str]:
    if not row["ContractApplied"]:
        return
    applied = _json(row["ContractApplied"]) or {}
    if strange := [key for key in applied if key != "Elements" and not CUSTOM_NAME.fullmatch(key)]:
        yield f"unknown keys {strange}"
    if not applied.get("Elements"):
        yield "no elements"
    for element in applied.get("Elements", ()):
        yield from _element_faults(element)
        if row["ChargeCategory"] == "Purchase" and row["ResourceId"] != element.get("ContractCommitmentId"):
            yield "ResourceId of a purchase is not the commitment"


def _element_faults(element: Mapping[str, Any]) -> Iterator[str]:
    metrics = {"ContractCommitmentAppliedCost", "ContractCommitmentAppliedQuantity"}
    known = {"ContractId", "ContractCommitmentId", "ContractCommitmentAppliedUnit", *metrics}
    if strange := [key for key in element if key not in known and not CUSTOM_NAME.fullmatch(key)]:
        yield f"unknown keys {strange} of an element"
    if not all(isinstance(element.get(key), str) for key in ("ContractId", "ContractCommitmentId")):
        yield "an element without contract or commitment"
    if not metrics & element.keys():
        yield "an element without a cost or a quantity"
    if element.get("ContractCommitmentAppliedQuantity") is not None and "ContractCommitmentAppliedUnit" not in element:
        yield "a quantity without a unit"


CHARGE_RULES: tuple[Rule, ...] = (
    _unit_prices,
    _priced_by_sku,
    _effective,
    _frequency,
    _resource,
    _charge_periods,
    _applied,
)
