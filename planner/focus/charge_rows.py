"""Cost and Usage rows: the forecast of the term, month by month, as the charges that it would lead to.

Who pays in advance, or at a period's end for what is left of a commitment, buys the commitment: a Purchase, whose
effective cost is 0. Use that it covers, and what stays unused of it, is Usage with a billed cost of 0 and the effective
cost that falls to it. Use that is paid as it is drawn, and use beyond the commitment, is billed itself. So

    effective cost of all rows = billed cost of all rows + what was owed for balances of an earlier contract

and the billed cost of all rows is the expected cost of the plan, but for what no invoice shows (Totals).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from planner.focus.commitment_rows import Row, origin
from planner.focus.forecast import Payment, PeriodForecast, Stretch, TermForecast, Use
from planner.focus.identity import BILLING_ACCOUNT_ID, COMMITMENT_SKU_ID, CURRENCY, USE_SKU_ID, Identity
from planner.plan import Plan

FORECAST_TYPES: Final = {
    "Use within the commitment": "use drawn from the commitment of its own period",
    "Use of a carried balance": "use drawn from a balance that was carried into the period",
    "Use beyond the commitment": "use billed at the overage price, or at list where nothing is committed",
    "Use beyond the overage cap": "use beyond the commitment that the discount on it no longer reaches, at list",
    "Use outside the contract": "list spend and fees that do not count towards the contract",
    "Payment for the commitment": "an instalment, what is left to pay at a period's end, or what a true-up gives back",
    "Unused commitment": "commitment that is paid for and lost; in the last period with all that is still carried",
    "Marketplace fee": "what the marketplace takes on top, for a contract year",
}
"""Values of x_ForecastType, and what they are."""

_WITHIN, _CARRIED, _BEYOND, _OVER_CAP, _OUTSIDE, _PAYMENT, _UNUSED, _FEE = FORECAST_TYPES
USE_TYPES: Final = (_WITHIN, _CARRIED, _BEYOND, _OVER_CAP, _OUTSIDE)
"""The types of rows that are use; their list cost adds up to the use of the term at list."""

_NOTHING_USD: Final = 1e-6
"""Sums of nothing, but for the rounding of floats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A row's own figures. use: amounts at list, at the contract's price and effective; months are the contract's."""

    kind: str
    category: str
    frequency: str
    words: str
    first: int
    stop: int
    billed_in: int
    billed_usd: float
    use: Use
    applied: dict[str, str | float] | None = None
    resource_id: str | None = None

    @property
    def is_something(self) -> bool:
        """Whether there is any amount in it."""
        amounts = (self.billed_usd, self.use.list_usd, self.use.contracted_usd, self.use.effective_usd)
        return any(abs(usd) > _NOTHING_USD for usd in amounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the rows add up to over the term, USD, and what of the plan's expected cost no invoice shows.

    marketplace_credit_usd: cloud commitment that would be lost without the purchase. renewal_value_usd: what renewal
    makes of a balance that the term leaves. expected cost = billed - both.
    """

    billed_usd: float
    effective_usd: float
    list_usd: float
    marketplace_credit_usd: float
    renewal_value_usd: float


def charges(plan: Plan, forecast: TermForecast, who: Identity) -> list[Charge]:
    """Every charge of the term that is expected to be something, by contract year and period."""
    found: list[Charge] = []
    for year in sorted({item.period.year for item in forecast.periods}):
        of_year = [
            charge
            for index, item in enumerate(forecast.periods)
            if item.period.year == year
            for charge in _of_period(plan, item, who, index)
            if charge.is_something
        ]
        found += [*of_year, *_fee(plan, of_year, [item for item in forecast.periods if item.period.year == year])]
    return found


def _of_period(plan: Plan, item: PeriodForecast, who: Identity, index: int) -> Iterator[Charge]:
    is_committed = not plan.recommendation.offer.is_none
    if is_committed:
        yield from (_payment(plan, item, payment, who, index) for payment in item.payments)
    for stretch in item.stretches:
        yield from _use(plan, stretch, who, index if is_committed else None)
    if is_committed:
        yield _unused(item, who, index)


def _use(plan: Plan, stretch: Stretch, who: Identity, index: int | None) -> Iterator[Charge]:
    """The use of a stretch of months; index: of the commitment period, None where nothing is committed."""
    uses = {
        _WITHIN: stretch.within,
        _CARRIED: stretch.carried,
        _BEYOND: stretch.beyond,
        _OVER_CAP: stretch.over_cap,
        _OUTSIDE: stretch.outside,
    }
    covered = {_CARRIED} if plan.inputs.contract.payment.mode == "arrears" else {_WITHIN, _CARRIED}
    applied: dict[str, dict[str, str | float]] = {}
    if index is not None:
        applied[_WITHIN] = _applied(who, index, stretch.within.effective_usd)
        # which earlier period left a balance is not known, and none of this one's commitment is drawn with it
        carried = stretch.carried.effective_usd
        applied[_CARRIED] = {**_applied(who, index, 0.0), "x_CarriedBalanceAppliedCost": carried}
    for kind, use in uses.items():
        yield Charge(
            kind=kind,
            category="Usage",
            frequency="Usage-Based",
            words="Use on demand" if kind == _BEYOND and index is None else kind,
            first=stretch.first,
            stop=stretch.stop,
            billed_in=stretch.first,
            billed_usd=0.0 if kind in covered else use.effective_usd,
            use=use,
            applied=applied.get(kind),
        )


def _payment(plan: Plan, item: PeriodForecast, payment: Payment, who: Identity, index: int) -> Charge:
    is_rest = plan.inputs.contract.payment.mode == "arrears"
    words = "Left to pay of the commitment at the end of its period" if is_rest else "Commitment paid in advance"
    is_whole = (payment.first, payment.stop) == (item.period.first, item.period.stop)
    return Charge(
        kind=_PAYMENT,
        category="Purchase",
        frequency="One-Time" if is_whole else "Recurring",
        words=words if payment.usd >= 0 else "Given back by the true-up",
        first=payment.first,
        stop=payment.stop,
        billed_in=payment.billed_in,
        billed_usd=payment.usd,
        use=Use(list_usd=payment.usd, contracted_usd=payment.usd),
        applied=_applied(who, index, payment.usd),
        resource_id=who.commitment_id(index),
    )


def _unused(item: PeriodForecast, who: Identity, index: int) -> Charge:
    lost = item.unused_usd
    return Charge(
        kind=_UNUSED,
        category="Usage",
        frequency="Usage-Based",
        words="Commitment that is not used",
        first=item.period.first,
        stop=item.period.stop,
        billed_in=item.period.stop - 1,
        billed_usd=0.0,
        use=Use(list_usd=lost, contracted_usd=lost, effective_usd=lost),
        applied=_applied(who, index, lost),
        resource_id=who.commitment_id(index),
    )


def _fee(plan: Plan, billed: Sequence[Charge], periods: Sequence[PeriodForecast]) -> Iterator[Charge]:
    """The marketplace's fee on what a contract year bills, at list and at the contract's price as on those charges."""
    market = plan.inputs.contract.marketplace
    if market is None:
        return
    on = [charge for charge in billed if charge.billed_usd]
    fee = market.fee_fraction * sum(charge.billed_usd for charge in on)
    charge = Charge(
        kind=_FEE,
        category="Adjustment",
        frequency="Recurring" if plan.inputs.contract.n_years > 1 else "One-Time",
        words="Marketplace fee on what is billed in the contract year",
        first=periods[0].period.first,
        stop=periods[-1].period.stop,
        billed_in=periods[-1].period.stop - 1,
        billed_usd=fee,
        use=Use(
            list_usd=market.fee_fraction * sum(charge.use.list_usd for charge in on),
            contracted_usd=market.fee_fraction * sum(charge.use.contracted_usd for charge in on),
            effective_usd=fee,
        ),
    )
    if charge.is_something:
        yield charge


def _applied(who: Identity, index: int, usd: float) -> dict[str, str | float]:
    """How much of a charge a period's commitment is credited with."""
    return {
        "ContractId": who.contract_id,
        "ContractCommitmentId": who.commitment_id(index),
        "ContractCommitmentAppliedCost": usd,
    }


def charge_rows(plan: Plan, found: Sequence[Charge], who: Identity) -> list[Row]:
    """Charges as Cost and Usage rows."""
    return [_row(charge, who) | origin(plan) for charge in found]


def _row(charge: Charge, who: Identity) -> dict[str, str | float | None]:
    billed_until = charge.stop if charge.kind in USE_TYPES else charge.billed_in + 1
    return {
        "BilledCost": charge.billed_usd,
        "BillingAccountId": BILLING_ACCOUNT_ID,
        "BillingAccountName": None,
        "BillingCurrency": CURRENCY,
        "BillingPeriodEnd": who.moment(billed_until),
        "BillingPeriodStart": who.moment(charge.billed_in),
        "ChargeCategory": charge.category,
        "ChargeClass": None,
        "ChargeDescription": f"Forecast, not billed: {charge.words[0].lower()}{charge.words[1:]}",
        "ChargeFrequency": charge.frequency,
        "ChargePeriodEnd": who.moment(charge.stop),
        "ChargePeriodStart": who.moment(charge.first),
        "ContractApplied": None if charge.applied is None else json.dumps({"Elements": [charge.applied]}),
        "ContractedCost": charge.use.contracted_usd,
        "EffectiveCost": charge.use.effective_usd,
        "HostProviderName": who.service_provider,
        "InvoiceDetailId": None,
        "InvoiceId": None,
        "InvoiceIssuerName": who.invoice_issuer,
        "ListCost": charge.use.list_usd,
        "ResourceId": charge.resource_id,
        "ResourceName": None,
        "ResourceType": None if charge.resource_id is None else "Contract Commitment",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": who.service,
        "ServiceProviderName": who.service_provider,
        "ServiceSubcategory": "Generative AI",
        "x_ForecastType": charge.kind,
        **_price(charge),
    }


def _price(charge: Charge) -> dict[str, str | float | None]:
    """What is priced: a dollar of use at list, or a dollar of commitment; nothing has a unit price in a fee."""
    has_price = charge.category != "Adjustment"
    is_use = charge.kind in USE_TYPES
    sku = (USE_SKU_ID if is_use else COMMITMENT_SKU_ID) if has_price else None
    quantity = charge.use.list_usd
    return {
        "ContractedUnitPrice": charge.use.contracted_usd / quantity if has_price else None,
        "ListUnitPrice": 1.0 if has_price else None,
        "PricingCategory": "Standard" if has_price else None,
        "PricingQuantity": quantity if has_price else None,
        "PricingUnit": CURRENCY if has_price else None,
        "SkuId": sku,
        "SkuMeter": ("Use at list prices" if is_use else "Contract commitment") if has_price else None,
        "SkuPriceDetails": None,
        "SkuPriceId": sku,
    }


def totals(plan: Plan, forecast: TermForecast, found: Sequence[Charge]) -> Totals:
    """What charges add up to, and what of the expected cost they leave out."""
    billed = sum(charge.billed_usd for charge in found)
    credit = 0.0
    if plan.inputs.contract.marketplace is not None:
        credit = billed - forecast.renewal_value_usd - plan.recommendation.expected_cost.mean
    return Totals(
        billed_usd=billed,
        effective_usd=sum(charge.use.effective_usd for charge in found),
        list_usd=sum(charge.use.list_usd for charge in found if charge.kind in USE_TYPES),
        marketplace_credit_usd=credit,
        renewal_value_usd=forecast.renewal_value_usd,
    )
