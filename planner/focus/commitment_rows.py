"""Contract Commitment rows: one for each commitment period of the recommended offer, with its forecast beside it."""

import json
from collections.abc import Mapping
from datetime import date
from math import isclose, isfinite

from planner.cash import paid_in_advance
from planner.contract import Contract, Period
from planner.focus.columns import FOCUS_VERSION
from planner.focus.contract_words import commitment_type, description, duration
from planner.focus.forecast import PeriodForecast, TermForecast
from planner.focus.identity import CURRENCY, Identity, at_midnight
from planner.ledger import LedgerRow
from planner.offer import Offer
from planner.outcome import ExpectedRow
from planner.plan import Plan

Row = Mapping[str, str | float | None]
"""A row of a dataset: column -> text, number or null."""


def origin(plan: Plan) -> dict[str, str | float | None]:
    """The columns of our own that every row has."""
    return {
        "x_FocusVersion": FOCUS_VERSION,
        "x_IsForecast": "true",
        "x_PlanName": plan.inputs.name,
        "x_ScenarioName": plan.recommendation.scenario,
    }


def commitment_rows(plan: Plan, forecast: TermForecast, who: Identity, on: date) -> list[Row]:
    """A row for each commitment period; none where nothing is committed. on: the day that the rows are made."""
    if plan.recommendation.offer.is_none:
        return []
    return [
        _terms(plan, who, index, on) | _forecast(plan.recommendation.ledger[index], item) | origin(plan)
        for index, item in enumerate(forecast.periods)
    ]


def _terms(plan: Plan, who: Identity, index: int, on: date) -> dict[str, str | float | None]:
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    period, made = contract.periods[index], at_midnight(on)
    committed = contract.commit_usd(offer, period)
    return {
        "BillingCurrency": CURRENCY,
        "ContractCommitmentApplicability": json.dumps(_applicability(contract)),
        "ContractCommitmentBenefitCategory": "Discount",
        "ContractCommitmentCategory": "Spend",
        "ContractCommitmentCost": contract.owed_fraction(offer, period) * committed,
        "ContractCommitmentCreated": made,
        "ContractCommitmentDescription": description(contract, offer, period),
        "ContractCommitmentDiscountPercentage": offer.in_year(period.year).discount_fraction,
        "ContractCommitmentDurationType": duration(period.stop - period.first),
        "ContractCommitmentFulfillmentInterval": _fulfillment_interval(contract, period),
        "ContractCommitmentId": who.commitment_id(index),
        "ContractCommitmentLastUpdated": made,
        "ContractCommitmentLifecycleStatus": "Proposed",
        "ContractCommitmentModel": "Discontinuous",
        "ContractCommitmentOfferCategory": "Negotiated",
        **_payment(contract, offer, period),
        "ContractCommitmentPeriodEnd": who.moment(period.stop),
        "ContractCommitmentPeriodStart": who.moment(period.first),
        "ContractCommitmentQuantity": committed,
        "ContractCommitmentType": commitment_type(contract),
        "ContractCommitmentUnit": CURRENCY,
        "ContractId": who.contract_id,
        "ContractPeriodEnd": who.moment(contract.term_months),
        "ContractPeriodStart": who.moment(0),
        "InvoiceIssuerName": who.invoice_issuer,
        "ServiceProviderName": who.service_provider,
        **_clauses(contract, offer.in_year(period.year)),
    }


def _applicability(contract: Contract) -> dict[str, object]:
    """What the commitment applies to. Models, tiers and fees are no columns of a bill, so a choice among them is told
    in keys of our own."""
    eligible, share = contract.eligible, contract.eligible_fraction
    kept: dict[str, object] = {} if share == 1.0 else {"Applicability": {"Cost": share}}
    chosen: dict[str, object] = {}
    if eligible.models is not None:
        chosen["x_EligibleModels"] = list(eligible.models)
    if eligible.tiers is not None:
        chosen["x_EligibleModelTiers"] = list(eligible.tiers)
    if not eligible.batch:
        chosen["x_EligibleBatch"] = False
    if outside := [item.name for item in contract.fixed_spend if not item.eligible]:
        chosen["x_NotEligible"] = outside
    return {"IsComplexScope": True, **kept, **chosen} if chosen else {"IsGlobalScope": True, **kept}


def _fulfillment_interval(contract: Contract, period: Period) -> str:
    """Annual and quarterly where the period is a whole year or quarter; the commitment's full period otherwise."""
    known = {("year", 12): "Annual", ("quarter", 3): "Quarterly"}
    return known.get((contract.commit_period, period.stop - period.first), "Full Period")


def _payment(contract: Contract, offer: Offer, period: Period) -> dict[str, str | float | None]:
    """How a commitment is paid: the share due at its start, and the interval of the rest."""
    upfront, interval = 0.0, "Monthly"
    if contract.payment.mode != "arrears":
        one = LedgerRow(period=period, committed=1.0)
        upfront = sum(float(share) for month, share in paid_in_advance(contract, offer, one) if month == period.first)
        upfront = 1.0 if isclose(upfront, 1.0) else upfront
        interval = "Quarterly" if contract.payment.mode == "quarterly" else "Annual"
    model = "All Upfront" if upfront == 1.0 else "Partial Upfront" if upfront > 0.0 else "No Upfront"
    return {
        "ContractCommitmentPaymentInterval": "One-Time" if model == "All Upfront" else interval,
        "ContractCommitmentPaymentModel": model,
        "ContractCommitmentPaymentUpfrontPercentage": upfront,
    }


def _clauses(contract: Contract, terms: Offer) -> dict[str, str | float | None]:
    rollover = contract.rollover
    return {
        "x_DrawdownBasis": "List cost" if contract.drawdown == "list" else "Contracted cost",
        "x_OverageDiscountPercentage": terms.overage_discount_fraction,
        "x_RolloverMonths": None if rollover is None else rollover.months,
        "x_RolloverPercentage": None if rollover is None else rollover.share,
        "x_TrueUpPercentage": contract.true_up_rate if contract.shortfall == "true_up" else 1.0,
    }


def _forecast(row: ExpectedRow, forecast: PeriodForecast) -> dict[str, str | float | None]:
    return {
        "x_ExpectedCarriedBalance": row.banked_usd,
        "x_ExpectedCommitted": row.committed_usd,
        "x_ExpectedCost": row.paid_usd,
        "x_ExpectedCostStandardError": _known(forecast.cost.se),
        "x_ExpectedDrawn": row.drawn_current_usd,
        "x_ExpectedDrawnFromCarriedBalance": row.drawn_banked_usd,
        "x_ExpectedForfeited": row.forfeited_usd,
        "x_ExpectedOutsideCost": row.outside_usd,
        "x_ExpectedOverageCost": row.overage_usd,
        "x_ExpectedShortfallCost": forecast.shortfall.mean,
        "x_ExpectedShortfallCostStandardError": _known(forecast.shortfall.se),
        "x_ExpectedWaived": row.waived_usd,
        "x_ShortfallProbability": row.shortfall_probability.mean,
        "x_ShortfallProbabilityStandardError": _known(row.shortfall_probability.se),
    }


def _known(value: float) -> float | None:
    """A standard error; None of a single path, which has none."""
    return value if isfinite(value) else None
