"""FOCUS rows: the specification's columns and rules, sums that are the plan's, months that are settled by hand."""

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import focus_specification as spec
import numpy as np
import pytest
import settlement_reference as slow
from contract_strategies import Case, seeded_case

from planner import cli
from planner.bands import DiscountBand
from planner.clauses import Payment, Rollover
from planner.contract import Contract
from planner.errors import InputError
from planner.focus.charge_rows import FORECAST_TYPES, USE_TYPES
from planner.focus.columns import CHARGE_CUSTOM, COMMITMENT_CUSTOM, CONTRACT_COMMITMENT, COST_AND_USAGE, Column, written
from planner.focus.contract_words import description, duration
from planner.focus.forecast import TermForecast, term_forecast
from planner.focus.identity import identity
from planner.focus.write import (
    CHARGE_COLUMNS,
    CHARGE_FILE,
    COMMITMENT_COLUMNS,
    COMMITMENT_FILE,
    NOTES_FILE,
    check_folder,
    csv_text,
    focus_json,
    focus_rows,
    write_focus,
)
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.steps import stretches
from planner.term_use import term_use
from planner.units import FloatArray

ROOT = Path(__file__).parent.parent
BUNDLED = ROOT / "data" / "plans"
DAY = date(2026, 11, 24)
CENT = 0.01

SPEND = """
[plan]
name = "=HYPERLINK(1)"
start = 2027-03-01
paths = 1_024
seed = 7
[[mix]]
request_type = "answer"
model = "claude-opus-5-5"
monthly_requests = 1_600_000
uncached_input_tokens = 4000
cache_read_tokens = 9000
output_tokens = 600
long_prompt_fraction = 0.0
[demand]
level_sd = 0.3
[[scenario]]
name = "+plan"
[contract]
"""
BANDS = """
[[contract.band]]
min_commit_usd_per_year = 250_000
discount_fraction = 0.10
[[contract.band]]
min_commit_usd_per_year = 400_000
discount_fraction = 0.20
"""
SEATS = '[[fixed_spend]]\nname = "seats"\nusd_per_month = 4_000\neligible = false\n'
MARKET = """
[contract.marketplace]
channel = "@cloud"
fee_fraction = 0.03
cap_usd_per_year = 100_000
otherwise_unused_usd_per_year = 50_000
"""

CONTRACTS = {
    "quarterly": "term_months = 24\ncommit_usd_per_year = [450_000, 500_000]\n"
    f'[contract.payment]\nmode = "quarterly"\n{BANDS}',
    "upfront": f'term_months = 12\ncommit_usd_per_year = 450_000\n[contract.payment]\nmode = "upfront"\n{BANDS}',
    "quarters": 'term_months = 14\ncommit_period = "quarter"\ndrawdown = "list"\nshortfall = "true_up"\n'
    f'true_up_rate = 0.4\ncommit_usd_per_year = 450_000\n[contract.payment]\nmode = "quarterly"\n{BANDS}',
    "pool": f'term_months = 30\ncommit_period = "term"\ncommit_usd_per_year = 450_000\nshortfall = "true_up"\n'
    f'true_up_rate = 0.5\n[contract.payment]\nmode = "upfront"\n{BANDS}',
    "rollover": "term_months = 36\ncommit_usd_per_year = [300_000, 400_000, 500_000]\noverage = 0.05\n"
    "[contract.rollover]\nshare = 0.8\nmonths = 9\n"
    f"[contract.renewal]\nbank_value_fraction = 0.5\n{BANDS}{SEATS}",
    "list dollars carried": 'term_months = 36\ndrawdown = "list"\ncommit_usd_per_year = [300_000, 450_000, 450_000]\n'
    f"[contract.rollover]\nshare = 1.0\nmonths = 12\n{BANDS}",
    "renewed": f"term_months = 24\ncommit_usd_per_year = 450_000\n[contract.in_force]\nends = 2027-12-01\n"
    f'balance_usd = 60_000\non_signing = "renew"\n{BANDS}',
    "market": f"term_months = 24\ncommit_usd_per_year = 450_000\neligible_fraction = 0.8\n{MARKET}{BANDS}",
    "tiers": "term_months = 12\ncommit_usd_per_year = 450_000\n"
    f'[contract.eligible]\ntiers = ["opus"]\nbatch = false\n{BANDS}',
    "none": f"term_months = 12\ncommit_usd_per_year = 0\n{BANDS}{SEATS}",
    "none, in force": f"term_months = 12\ncommit_usd_per_year = 0\n[contract.in_force]\nends = 2027-12-01\n"
    f'balance_usd = 60_000\non_signing = "renew"\n{BANDS}',
}
NAMES = ("example", "three-years", *CONTRACTS)


def plan_of(name: str) -> Plan:
    if name in CONTRACTS:
        return build_plan(parse_plan(SPEND + CONTRACTS[name], base_dir=BUNDLED))
    text = (BUNDLED / f"{name}.toml").read_text(encoding="utf-8")
    return build_plan(parse_plan(re.sub(r"(?m)^paths = .*", "paths = 1_024", text), base_dir=BUNDLED))


@pytest.fixture(scope="module")
def plans() -> Callable[[str], Plan]:
    made: dict[str, Plan] = {}

    def find(name: str) -> Plan:
        if name not in made:
            made[name] = plan_of(name)
        return made[name]

    return find


def read(text: str) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a CSV."""
    header, *lines = csv.reader(io.StringIO(text))
    return header, [dict(zip(header, line, strict=True)) for line in lines]


def files(plan: Plan) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Commitments and charges as they stand in the files."""
    rows = focus_rows(plan, DAY)
    texts = csv_text(rows.commitments, COMMITMENT_COLUMNS), csv_text(rows.charges, CHARGE_COLUMNS)
    return read(texts[0])[1], read(texts[1])[1]


def total(rows: Sequence[Mapping[str, str]], column: str, kinds: Sequence[str] = tuple(FORECAST_TYPES)) -> float:
    return sum(float(row[column]) for row in rows if row["x_ForecastType"] in kinds)


# --- the specification -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_files_keep_the_rules_of_the_specification(name: str, plans: Callable[[str], Plan]) -> None:
    rows = focus_rows(plans(name), DAY)
    commitments = read(csv_text(rows.commitments, COMMITMENT_COLUMNS))
    charges = read(csv_text(rows.charges, CHARGE_COLUMNS))
    assert spec.commitment_faults(*commitments) == []
    assert spec.charge_faults(*charges) == []
    for row in (*commitments[1], *charges[1]):
        assert row["x_IsForecast"] == "true"
        assert row["x_FocusVersion"] == "1.4"


@pytest.mark.parametrize(
    ("ours", "known", "nullable"),
    [
        (CONTRACT_COMMITMENT, spec.COMMITMENT_MANDATORY | spec.COMMITMENT_CONDITIONAL, spec.COMMITMENT_NULLABLE),
        (
            COST_AND_USAGE,
            charge_names := spec.CHARGE_MANDATORY | spec.CHARGE_CONDITIONAL | spec.CHARGE_RECOMMENDED,
            charge_names - spec.CHARGE_NOT_NULL,
        ),
    ],
    ids=["contract commitment", "cost and usage"],
)
def test_the_lists_of_columns_are_those_of_the_specification(
    ours: tuple[Column, ...], known: set[str], nullable: set[str]
) -> None:
    assert {column.name for column in ours} == known
    assert len(ours) == len(known) in (30, 65)
    assert {column.name for column in ours if column.nullable} == nullable
    assert {column.name: "|".join(map(re.escape, column.allowed)) for column in ours if column.allowed}.keys() == (
        spec.ALLOWED.keys() & known
    )
    for column in ours:
        assert all(re.fullmatch(spec.ALLOWED[column.name], value) for value in column.allowed)
        is_mandatory = column.name in spec.COMMITMENT_MANDATORY | spec.CHARGE_MANDATORY
        assert (column.level == "Mandatory") == is_mandatory
        assert not (is_mandatory and column.left_out)


BROKEN: list[tuple[str, dict[str, str], str]] = [
    ("commitment", {"ContractCommitmentCost": ""}, "ContractCommitmentCost of Spend is null"),
    ("commitment", {"ContractId": ""}, "ContractId is null"),
    ("commitment", {"ContractCommitmentCategory": "Money"}, "is not allowed"),
    ("commitment", {"ContractCommitmentPeriodEnd": "2028-03-01"}, "is no UTC moment"),
    ("commitment", {"ContractCommitmentPeriodEnd": "2031-03-01T00:00:00Z"}, "does not lie in the contract's"),
    ("commitment", {"ContractCommitmentCost": "1e+06"}, "is no decimal"),
    ("commitment", {"BillingCurrency": "$"}, "is not the currency"),
    ("commitment", {"ContractCommitmentPaymentUpfrontPercentage": "0.0"}, "with 0.0 upfront"),
    ("commitment", {"ContractCommitmentDiscountPercentage": "20"}, "is no fraction"),
    (
        "commitment",
        {"ContractCommitmentModel": "Continuous", "ContractCommitmentFulfillmentInterval": "Full Period"},
        "full",
    ),
    ("commitment", {"ContractCommitmentDurationType": "a year"}, "duration"),
    ("commitment", {"ContractCommitmentApplicability": '{"IsGlobalScope": true, "IsGlobalScope": true}'}, "no JSON"),
    ("commitment", {"ContractCommitmentApplicability": '{"Scope": true}'}, "unknown keys"),
    ("commitment", {"ContractCommitmentUnit": ""}, "not given together"),
    ("charge", {"ChargeCategory": ""}, "ChargeCategory is null"),
    ("charge", {"EffectiveCost": "5.0", "ChargeCategory": "Purchase"}, "covers use has an effective cost"),
    ("charge", {"PricingQuantity": "5.0"}, "is not ListUnitPrice times"),
    ("charge", {"SkuPriceId": ""}, "without a SKU price"),
    ("charge", {"ChargeFrequency": "Usage-Based", "ChargeCategory": "Purchase"}, "usage-based"),
    ("charge", {"ResourceType": ""}, "resource columns"),
    ("charge", {"ContractApplied": '{"Elements": []}'}, "no elements"),
    ("charge", {"ContractApplied": '{"Elements": [{"ContractId": "a"}]}'}, "without contract or commitment"),
    ("charge", {"BilledCost": "5.0", "ChargeCategory": "Usage"}, "billed in part"),
    ("charge", {"ChargePeriodEnd": "2027-01-01T00:00:00Z"}, "ends before it starts"),
]


@pytest.mark.parametrize(("kind", "change", "fault"), BROKEN)
def test_the_validator_finds_what_is_broken(
    kind: str, change: dict[str, str], fault: str, plans: Callable[[str], Plan]
) -> None:
    commitments, charges = files(plans("quarterly"))
    rows, check = (commitments, spec.commitment_faults) if kind == "commitment" else (charges, spec.charge_faults)
    found = check(list(rows[0]), [rows[0] | change, *rows[1:]])
    assert any(fault in item for item in found), found


def test_the_validator_finds_columns_that_are_missing_strange_or_out_of_order(plans: Callable[[str], Plan]) -> None:
    commitments, charges = files(plans("quarterly"))
    header = list(commitments[0])
    assert "BillingCurrency is missing" in spec.commitment_faults(header[1:], [])
    assert "Discount is no column of FOCUS" in spec.commitment_faults([*header, "Discount"], [])
    assert "x_plan_name is no name for a custom column" in spec.charge_faults([*charges[0], "x_plan_name"], [])
    assert "columns are not sorted, those of FOCUS first" in spec.charge_faults([*charges[0]][::-1], [])


# --- the commitment --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_row_for_each_commitment_period_with_what_the_offer_commits(
    name: str, plans: Callable[[str], Plan]
) -> None:
    plan = plans(name)
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    commitments, _ = files(plan)
    periods = () if offer.is_none else contract.periods
    assert [float(row["ContractCommitmentQuantity"]) for row in commitments] == [
        contract.commit_usd(offer, period) for period in periods
    ]
    for row, period, seen in zip(commitments, periods, plan.recommendation.ledger, strict=False):
        terms = offer.in_year(period.year)
        kept = 1.0 if contract.drawdown == "contracted" else 1.0 - terms.discount_fraction
        assert float(row["ContractCommitmentCost"]) == pytest.approx(kept * contract.commit_usd(offer, period))
        assert float(row["ContractCommitmentDiscountPercentage"]) == terms.discount_fraction
        assert float(row["x_ExpectedDrawn"]) == seen.drawn_current_usd
        assert float(row["x_ExpectedCost"]) == seen.paid_usd
        assert float(row["x_ShortfallProbability"]) == seen.shortfall_probability.mean
        assert float(row["x_ShortfallProbabilityStandardError"]) == seen.shortfall_probability.se
    assert len({row["ContractId"] for row in commitments}) == min(len(commitments), 1)
    shortfall = sum(float(row["x_ExpectedShortfallCost"]) for row in commitments)
    assert shortfall == pytest.approx(plan.recommendation.expected_shortfall.mean, abs=CENT)


def test_periods_follow_each_other_and_the_dates_are_the_contract_s(plans: Callable[[str], Plan]) -> None:
    commitments, _ = files(plans("quarters"))
    starts = [row["ContractCommitmentPeriodStart"][:10] for row in commitments]
    assert starts == ["2027-03-01", "2027-06-01", "2027-09-01", "2027-12-01", "2028-03-01"]
    assert [row["ContractCommitmentPeriodEnd"][:10] for row in commitments] == [*starts[1:], "2028-05-01"]
    assert {row["ContractPeriodStart"] for row in commitments} == {"2027-03-01T00:00:00Z"}
    assert {row["ContractPeriodEnd"] for row in commitments} == {"2028-05-01T00:00:00Z"}
    assert [row["ContractCommitmentFulfillmentInterval"] for row in commitments] == ["Quarterly"] * 4 + ["Full Period"]
    assert [row["ContractCommitmentDurationType"] for row in commitments] == ["3 Months"] * 4 + ["2 Months"]


@pytest.mark.parametrize(
    ("name", "model", "interval", "upfront"),
    [
        ("example", "No Upfront", "Monthly", 0.0),
        ("upfront", "All Upfront", "One-Time", 1.0),
        ("quarterly", "Partial Upfront", "Quarterly", 0.25),
        ("quarters", "All Upfront", "One-Time", 1.0),  # each commitment is one quarter, paid at its start
        ("pool", "Partial Upfront", "Annual", 0.4),  # 12 of 30 months
    ],
)
def test_how_a_commitment_is_paid(
    name: str, model: str, interval: str, upfront: float, plans: Callable[[str], Plan]
) -> None:
    row = files(plans(name))[0][0]
    assert row["ContractCommitmentPaymentModel"] == model
    assert row["ContractCommitmentPaymentInterval"] == interval
    assert float(row["ContractCommitmentPaymentUpfrontPercentage"]) == pytest.approx(upfront)


@pytest.mark.parametrize(("months", "words"), [(1, "1 Month"), (3, "3 Months"), (12, "1 Year"), (36, "3 Years")])
def test_lengths_are_told_in_years_where_they_are_whole(months: int, words: str) -> None:
    assert duration(months) == words


def test_what_focus_has_no_column_for_is_in_words_and_in_columns_of_our_own(plans: Callable[[str], Plan]) -> None:
    row = files(plans("three-years"))[0][0]
    for words in (
        "Proposed, not signed",
        "8.0% off the list price",
        "8.0% from $250,000, 15.0% from $1,000,000",
        "up to 25.0% of the commitment",
        "paid in advance, quarter by quarter",
        "Of what is not used 50.0%, at most 20.0% of the commitment, is carried over for 6 months",
        "The rest is charged and lost",
        "only up to 5.0% above the signing day's",
    ):
        assert words in row["ContractCommitmentDescription"]
    assert (row["x_RolloverPercentage"], row["x_RolloverMonths"], row["x_TrueUpPercentage"]) == ("0.5", "6.0", "1.0")
    assert json.loads(row["ContractCommitmentApplicability"]) == {
        "IsComplexScope": True,
        "x_NotEligible": ["support package"],
    }
    market = files(plans("market"))[0][0]
    assert json.loads(market["ContractCommitmentApplicability"]) == {
        "IsGlobalScope": True,
        "Applicability": {"Cost": 0.8},
    }
    tiers = json.loads(files(plans("tiers"))[0][0]["ContractCommitmentApplicability"])
    assert tiers == {"IsComplexScope": True, "x_EligibleModelTiers": ["opus"], "x_EligibleBatch": False}


def test_every_clause_has_a_sentence() -> None:
    said: set[str] = set()
    for seed in range(150):
        case = seeded_case(seed)
        said.add(description(case.contract, case.offer, case.contract.periods[0]))
    for words in (
        "Model tiers with a discount of their own",
        "each for its own part",
        "is billed at the committed discounts",
        "A true-up charges",
        "lowers later commitments",
        "of the peak use",
        "At each anniversary",
        "renewed early",
        "Falls of the list price",
        "through a marketplace",
        "is carried into this one",
        "beside the contract in force",
    ):
        assert any(words in text for text in said), words
    assert not any("nan" in text or "  " in text for text in said)


# --- the sums --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_the_rows_add_up_to_the_plan(name: str, plans: Callable[[str], Plan]) -> None:
    plan = plans(name)
    best, (_, charges) = plan.recommendation, files(plan)
    found = focus_rows(plan, DAY).totals
    billed = total(charges, "BilledCost")
    left = found.marketplace_credit_usd + found.renewal_value_usd
    assert billed - left == pytest.approx(best.expected_cost.mean, abs=CENT / 2)
    assert (left != 0) == (name in ("market", "rollover"))
    covered = plan.uses[best.scenario].covered_usd
    beside = float(covered.mean()) if covered is not None and not best.offer.is_none else 0.0
    assert total(charges, "ListCost", USE_TYPES) - beside == pytest.approx(best.on_demand.mean, abs=CENT / 2)
    opening = 60_000.0 if name == "renewed" else 0.0
    assert total(charges, "EffectiveCost") == pytest.approx(billed + opening, abs=CENT / 2)
    assert (found.billed_usd, found.list_usd) == pytest.approx((billed, total(charges, "ListCost", USE_TYPES)))


@pytest.mark.parametrize("name", ["example", "three-years", "quarterly", "rollover", "pool"])
def test_what_is_applied_to_a_commitment_is_what_the_ledger_draws_and_loses(
    name: str, plans: Callable[[str], Plan]
) -> None:
    plan = plans(name)
    commitments, charges = files(plan)
    last = len(plan.recommendation.ledger) - 1
    for index, (row, seen) in enumerate(zip(commitments, plan.recommendation.ledger, strict=True)):
        applied = {"Usage": 0.0, "Purchase": 0.0}
        for charge in charges:
            for element in json.loads(charge["ContractApplied"] or '{"Elements": []}')["Elements"]:
                if element["ContractCommitmentId"] == row["ContractCommitmentId"]:
                    applied[charge["ChargeCategory"]] += element["ContractCommitmentAppliedCost"]
        used = seen.drawn_current_usd + seen.forfeited_usd + (seen.banked_usd if index == last else 0.0)
        assert applied["Usage"] == pytest.approx(used, abs=CENT)
        is_arrears = plan.inputs.contract.payment.mode == "arrears"
        paid = seen.committed_usd - seen.waived_usd - (seen.drawn_current_usd if is_arrears else 0.0)
        assert applied["Purchase"] == pytest.approx(paid, abs=CENT)


def test_unused_commitment_and_payments_name_the_commitment_as_their_resource(plans: Callable[[str], Plan]) -> None:
    commitments, charges = files(plans("quarterly"))
    ids = {row["ContractCommitmentId"] for row in commitments}
    for charge in charges:
        is_own = charge["x_ForecastType"] in ("Payment for the commitment", "Unused commitment")
        assert (charge["ResourceId"] in ids) == is_own
    assert {row["ContractId"] for row in commitments} == {next(iter(ids)).split("/commitment/")[0]}


def test_instalments_are_billed_in_advance_and_what_a_true_up_waives_comes_back(plans: Callable[[str], Plan]) -> None:
    payments = [row for row in files(plans("quarterly"))[1] if row["ChargeCategory"] == "Purchase"]
    assert [row["BillingPeriodStart"][:7] for row in payments] == [
        *("2027-03", "2027-06", "2027-09", "2027-12", "2028-03", "2028-06", "2028-09", "2028-12")
    ]
    assert [float(row["BilledCost"]) for row in payments] == [112_500.0] * 4 + [125_000.0] * 4
    assert payments[0]["ChargePeriodEnd"] == payments[1]["ChargePeriodStart"] == "2027-06-01T00:00:00Z"
    assert {row["ChargeFrequency"] for row in payments} == {"Recurring"}
    pool = [row for row in files(plans("pool"))[1] if row["ChargeCategory"] == "Purchase"]
    assert [float(row["BilledCost"]) for row in pool[:3]] == pytest.approx([450_000.0, 450_000.0, 225_000.0])
    assert [row["BillingPeriodStart"][:7] for row in pool] == ["2027-03", "2028-03", "2029-03", "2029-08"]
    assert float(pool[3]["BilledCost"]) < 0
    assert pool[3]["ChargeDescription"].endswith("given back by the true-up")


def test_a_marketplace_bills_its_fee_and_its_credit_stands_in_no_row(plans: Callable[[str], Plan]) -> None:
    plan = plans("market")
    rows = focus_rows(plan, DAY)
    fees = [row for row in files(plan)[1] if row["ChargeCategory"] == "Adjustment"]
    fee = sum(float(row["BilledCost"]) for row in fees)
    billed = total(files(plan)[1], "BilledCost")
    assert len(fees) == 2
    assert fee == pytest.approx(0.03 * (billed - fee))
    # by hand, path by path: at most 50,000 a year is credited, and never more than what is paid
    market, contract = plan.inputs.contract.marketplace, plan.inputs.contract
    alone = settle(replace(contract, marketplace=None), plan.recommendation.offer, plan.uses["+plan"])
    credit = sum(np.minimum(year * 1.03, market.otherwise_unused_usd_per_year) for year in alone.ledger.paid_usd)
    assert rows.totals.marketplace_credit_usd == pytest.approx(float(np.mean(credit)))
    assert {row["InvoiceIssuerName"] for row in files(plan)[1]} == {"'@cloud"}


# --- the months ------------------------------------------------------------------------------------------------------


def forecast_of(case: Case) -> TermForecast:
    return term_forecast(case.contract, case.offer, case.paths, term_use(case.contract, case.paths))


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_the_forecast_of_random_contracts_adds_up_to_what_a_second_implementation_bills(first: int) -> None:
    for seed in range(first, first + 50):
        case = seeded_case(seed, n_paths=2)
        case = replace(case, contract=replace(case.contract, marketplace=None))
        forecast = forecast_of(case)
        bills = [slow.settle(case.terms, case.months(path)) for path in range(case.n_paths)]
        is_arrears = case.contract.payment.mode == "arrears"
        billed = effective = 0.0
        for index, item in enumerate(forecast.periods):
            alone = [use for s in item.stretches for use in (s.beyond, s.over_cap, s.outside)]
            uses = [*alone, *(use for s in item.stretches for use in (s.within, s.carried))]
            direct = sum(use.effective_usd for use in alone)
            direct += sum(s.within.effective_usd for s in item.stretches) if is_arrears else 0.0
            here = direct + sum(payment.usd for payment in item.payments)
            worth = forecast.renewal_value_usd if index == len(forecast.periods) - 1 else 0.0
            assert here - worth == pytest.approx(mean(bill.rows[index].paid for bill in bills), rel=1e-9, abs=CENT)
            assert item.shortfall.mean == pytest.approx(
                mean(b.rows[index].shortfall for b in bills), rel=1e-9, abs=CENT
            )
            billed, effective = billed + here, effective + sum(use.effective_usd for use in uses) + item.unused_usd
            assert all(use.list_usd > -CENT and use.effective_usd > -CENT for use in uses)
        opening = 0.0 if case.offer.is_none else forecast.opening_usd
        assert effective == pytest.approx(billed + opening, rel=1e-9, abs=CENT)


def mean(values: Any) -> float:
    found = [float(value) for value in values]
    return sum(found) / len(found)


@pytest.mark.parametrize("seed", range(12))
def test_months_are_drawn_one_after_another_on_every_path(seed: int) -> None:
    """A year at a time in a plain loop: use draws the year's own commitment until it is gone, the rest is overage."""
    case = seeded_case(
        seed,
        n_paths=5,
        **dict.fromkeys(("rollover", "carry_forward", "reduction", "early_renewal", "true_forward", "in_force")),
        commit_period="year",
        drawdown="contracted",
        band_mode="all_units",
        overage_cap_fraction=None,
        price_falls_passed_through=True,
        price_rise_cap_fraction=None,
        eligible_fraction=1.0,
        fixed_spend=(),
        shortfall="forfeit",
        payment=Payment(),
    )
    contract = replace(case.contract, bands=tuple(replace(band, by_tier=()) for band in case.contract.bands))
    offer = contract.offer_of([2_000.0 * (year + 1) for year in range(contract.n_years)])
    spend: FloatArray = np.round(np.random.default_rng(seed).uniform(0, 600, (contract.term_months, 5)), 2)
    paths = SpendPaths(list_cost_usd=spend, signing_list_cost_usd=spend)
    contract = replace(contract, eligible=replace(contract.eligible, tiers=None, models=None, batch=True))
    forecast = term_forecast(contract, offer, paths, term_use(contract, paths))
    found = [stretch for item in forecast.periods for stretch in item.stretches]
    assert [(stretch.first, stretch.stop) for stretch in found] == [(m, m + 1) for m in range(contract.term_months)]
    left = np.zeros(5)
    for month, stretch in enumerate(found):
        terms = offer.in_year(month // 12)
        if month % 12 == 0:
            left = np.full(5, terms.commit_usd_per_year * min(12, contract.term_months - month) / 12)
        drawn = np.minimum(left, spend[month] * (1 - terms.discount_fraction))
        left = left - drawn
        beyond = spend[month] - drawn / (1 - terms.discount_fraction)
        assert stretch.within.effective_usd == pytest.approx(drawn.mean(), abs=1e-8)
        assert stretch.beyond.list_usd == pytest.approx(beyond.mean(), abs=1e-8)
        assert stretch.beyond.effective_usd == pytest.approx(
            (beyond * (1 - terms.overage_discount_fraction)).mean(), abs=1e-8
        )
        assert stretch.within.list_usd + stretch.beyond.list_usd == pytest.approx(spend[month].mean())


def test_a_carried_balance_is_drawn_first_expires_and_is_lost_by_hand() -> None:
    """Two years of 1,200 at 10% off, all of the unused carried for half a year; use of 50, then of 100 a month at list.

    Year 1 draws 45 a month and leaves 660. Year 2 draws 90 a month: for six months from the balance, of which then 120
    expire, and for six from its own 1,200, of which 660 are carried out of the term.
    """
    contract = Contract(
        term_months=24,
        bands=(DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.1),),
        rollover=Rollover(share=1.0, months=6),
        payment=Payment(mode="quarterly"),
    )
    months = np.repeat([[50.0], [100.0]], 12, axis=0)
    spend = SpendPaths(list_cost_usd=months, signing_list_cost_usd=months)
    first, second = term_forecast(contract, contract.offer_at(1_200.0), spend, term_use(contract, spend)).periods
    assert [stretch.within.effective_usd for stretch in first.stretches] == pytest.approx([45.0] * 12)
    assert [stretch.carried.effective_usd for stretch in second.stretches] == pytest.approx([90.0] * 6 + [0.0] * 6)
    assert [stretch.carried.list_usd for stretch in second.stretches] == pytest.approx([100.0] * 6 + [0.0] * 6)
    assert [stretch.within.effective_usd for stretch in second.stretches] == pytest.approx([0.0] * 6 + [90.0] * 6)
    assert [first.unused_usd, second.unused_usd] == pytest.approx([0.0, 120.0 + 660.0])
    assert [payment.usd for payment in first.payments if payment.usd] == [300.0] * 4
    assert not any(stretch.beyond.list_usd for item in (first, second) for stretch in item.stretches)


def test_use_beyond_the_cap_of_the_overage_discount_stands_apart_at_list() -> None:
    """A commitment of 1,200 at 10% off, overage at 5% off up to 300: 250 a month at list are 225 drawn.

    Month 5 draws the last 75 of it, and 150 are beyond. Month 6 is beyond it as a whole: 150 of its 225 still lie under
    the cap, 75 do not, and from then on nothing does.
    """
    contract = Contract(
        term_months=12,
        bands=(DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.1),),
        overage=0.05,
        overage_cap_fraction=0.25,
    )
    months = np.full((12, 3), 250.0)
    spend = SpendPaths(list_cost_usd=months, signing_list_cost_usd=months)
    (year,) = term_forecast(contract, contract.offer_at(1_200.0), spend, term_use(contract, spend)).periods
    under, over = ([getattr(stretch, name) for stretch in year.stretches] for name in ("beyond", "over_cap"))
    assert [use.list_usd for use in under] == pytest.approx([0.0] * 5 + [150 / 0.9, 150 / 0.9] + [0.0] * 5)
    assert [use.list_usd for use in over] == pytest.approx([0.0] * 6 + [75 / 0.9] + [250.0] * 5)
    assert [use.effective_usd for use in under] == pytest.approx([0.95 * use.list_usd for use in under])
    assert [use.effective_usd for use in over] == pytest.approx([use.list_usd for use in over])


def test_where_months_are_not_kept_use_is_told_for_what_the_contract_settles(plans: Callable[[str], Plan]) -> None:
    plan = plans("rollover")
    best, contract = plan.recommendation, plan.inputs.contract
    spend = plan.spend[best.scenario]
    sums = {(first, stop): spend.list_cost_over(first, stop) for first, stop in (*stretches(contract), (0, 12))}
    many = replace(spend, list_cost_usd=spend.list_cost_usd[:, :64], sums=sums)
    few = replace(plan, spend=dict(plan.spend) | {best.scenario: many})
    whole, coarse = focus_rows(plan, DAY), focus_rows(few, DAY)
    assert (whole.by_month, coarse.by_month) == (True, False)
    assert coarse.totals.billed_usd == pytest.approx(whole.totals.billed_usd)
    assert coarse.totals.list_usd == pytest.approx(whole.totals.list_usd)
    assert coarse.commitments == whole.commitments
    assert spec.charge_faults(*read(csv_text(coarse.charges, CHARGE_COLUMNS))) == []
    spans = {(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in coarse.charges}
    assert ("2027-03-01T00:00:00Z", "2028-03-01T00:00:00Z") in spans


# --- identity and text -----------------------------------------------------------------------------------------------


def test_identifiers_belong_to_the_proposal(plans: Callable[[str], Plan]) -> None:
    plan = plans("quarterly")
    inputs, offer = plan.inputs, plan.recommendation.offer
    own = identity(inputs, inputs.contract, offer).contract_id
    assert own == identity(replace(inputs, seed=8, paths=99, name="x"), inputs.contract, offer).contract_id
    others = {
        identity(inputs, inputs.contract, replace(offer, commit_usd_per_year=1.0)).contract_id,
        identity(inputs, replace(inputs.contract, overage=0.1), offer).contract_id,
        identity(replace(inputs, start=date(2028, 1, 1)), inputs.contract, offer).contract_id,
    }
    assert len(others | {own}) == 4


def test_no_name_becomes_a_formula_and_no_number_is_touched(plans: Callable[[str], Plan]) -> None:
    for rows in files(plans("pool")):
        for row in rows:
            assert (row["x_PlanName"], row["x_ScenarioName"]) == ("'=HYPERLINK(1)", "'+plan")
            cells = {name: cell for name, cell in row.items() if cell.startswith(("=", "+", "-", "@"))}
            assert all(re.fullmatch(r"-\d+\.\d+", cell) for cell in cells.values())
    assert any(row["BilledCost"].startswith("-") for row in files(plans("pool"))[1])


def test_numbers_have_all_their_digits_and_no_exponent() -> None:
    column = Column(name="BilledCost", kind="Decimal")
    values = [1e-7, 1e22, -0.0, 1 / 3, None, 123456789.12]
    text = csv_text([{"BilledCost": value} for value in values], [column])
    assert text.splitlines() == [
        "BilledCost",
        *("0.0000001", "10000000000000000000000", "0.0", "0.3333333333333333", '""', "123456789.12"),
    ]


# --- files -----------------------------------------------------------------------------------------------------------


def test_the_same_plan_gives_the_same_bytes_and_files_of_ours_are_replaced(
    plans: Callable[[str], Plan], tmp_path: Path
) -> None:
    made = [write_focus(plan_of("quarterly"), tmp_path / name / "rows", DAY) for name in ("one", "two")]
    first, second = ({path.name: path.read_bytes() for path in item.files} for item in made)
    assert first == second
    assert first.keys() == {COMMITMENT_FILE, CHARGE_FILE, NOTES_FILE}
    folder = tmp_path / "one" / "rows"
    (folder / CHARGE_FILE).write_bytes(b"\xef\xbb\xbf" + first[CHARGE_FILE].replace(b"\n", b"\r\n"))
    write_focus(plans("upfront"), folder, DAY)
    write_focus(plans("quarterly"), folder, DAY)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


@pytest.mark.parametrize("name", [COMMITMENT_FILE, CHARGE_FILE, NOTES_FILE])
def test_files_that_others_made_are_kept(name: str, plans: Callable[[str], Plan], tmp_path: Path) -> None:
    (tmp_path / name).write_text("BilledCost\n1.00\n", encoding="utf-8")
    with pytest.raises(InputError, match=rf"{name} is there and was not made by this planner.*choose another folder"):
        write_focus(plans("none"), tmp_path, DAY)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is no folder"):
        check_folder(tmp_path / "file")


def test_a_folder_that_cannot_be_made_is_said(plans: Callable[[str], Plan], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match=r"cannot make .*choose another folder"):
        write_focus(plans("none"), tmp_path / "file" / "rows", DAY)


@pytest.mark.parametrize("name", ["none", "none, in force"])
def test_without_a_commitment_the_header_stands_alone_and_all_use_is_on_demand(
    name: str, plans: Callable[[str], Plan], tmp_path: Path
) -> None:
    made = write_focus(plans(name), tmp_path, DAY)
    assert (tmp_path / COMMITMENT_FILE).read_text(encoding="utf-8").count("\n") == 1
    assert "No commitment is recommended" in made.notes[0]
    charges = read((tmp_path / CHARGE_FILE).read_text(encoding="utf-8"))[1]
    assert {row["ChargeCategory"] for row in charges} == {"Usage"}
    assert {row["ContractApplied"] for row in charges} == {""}
    assert "Forecast, not billed: use on demand" in {row["ChargeDescription"] for row in charges}


@pytest.mark.parametrize("name", ["rollover", "renewed", "market"])
def test_the_notes_say_how_the_rows_add_up_and_what_every_column_of_ours_is(
    name: str, plans: Callable[[str], Plan], tmp_path: Path
) -> None:
    plan = plans(name)
    made = write_focus(plan, tmp_path, DAY)
    text = (tmp_path / NOTES_FILE).read_text(encoding="utf-8")
    assert "FOCUS 1.4" in text
    assert f"expected cost of the term: ${plan.recommendation.expected_cost.mean:,.2f}." in text
    assert f"BilledCost over all rows: ${made.rows.totals.billed_usd:,.2f}." in text
    assert ("No invoice shows" in text) == (name != "renewed")
    assert ("that was owed earlier" in text) == ("would cover if nothing were signed" in text) == (name == "renewed")
    for column in (*COMMITMENT_CUSTOM, *CHARGE_CUSTOM):
        assert f"- {column.name}: {column.meaning}." in text
    for column in (*CONTRACT_COMMITMENT, *COST_AND_USAGE):
        if column.left_out:
            assert re.search(rf"\b{column.name}\b.*: {re.escape(column.left_out)}", text)
    for kind, words in FORECAST_TYPES.items():
        assert f"- {kind}: {words}." in text
    assert "HYPERLINK" not in text


def test_json_tells_what_was_written(plans: Callable[[str], Plan], tmp_path: Path) -> None:
    told = focus_json(write_focus(plans("upfront"), tmp_path, DAY))
    assert told["version"] == "1.4"
    assert [Path(item["file"]).name for item in told["files"]] == [COMMITMENT_FILE, CHARGE_FILE, NOTES_FILE]
    for item in told["files"]:
        content = Path(item["file"]).read_bytes()
        assert item["bytes"] == len(content)
        assert item["rows"] is None or item["rows"] == content.count(b"\n") - 1
    assert told["billed_cost_usd"] == pytest.approx(plans("upfront").recommendation.expected_cost.mean)
    json.dumps(told, allow_nan=False)


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def planner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["planner", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(SPEND.replace("1_024", "1") + CONTRACTS["upfront"], encoding="utf-8")
    return path


def test_export_needs_something_to_write(planner: Any, plan_file: Path) -> None:
    code, _, said = planner("export", plan_file)
    assert code == 2
    assert "give -o FILE.xlsx for a workbook, --focus DIR for FOCUS rows, --brief FILE.html for one page" in said


def test_export_writes_rows_a_workbook_or_both(planner: Any, plan_file: Path, tmp_path: Path) -> None:
    code, out, said = planner("export", plan_file, "--focus", tmp_path / "a")
    assert (code, out.startswith("Wrote ")) == (0, True)
    assert "keep it apart from real bills" in said
    assert not list(tmp_path.rglob("*.xlsx"))
    book = "export", plan_file, "--quick", "--json", "-o"
    both = json.loads(planner(*book, tmp_path / "b.xlsx", "--focus", tmp_path / "b")[1])
    assert both.keys() == {"file", "bytes", "focus", "warnings"}
    assert (tmp_path / "b.xlsx").stat().st_size == both["bytes"]
    assert json.loads(planner(*book, tmp_path / "c.xlsx")[1]).keys() == {"file", "bytes", "warnings"}
    assert planner("export", plan_file, "--focus", tmp_path / "a", "-q")[2] == ""
    assert (
        read((tmp_path / "a" / COMMITMENT_FILE).read_text(encoding="utf-8"))[1][0]["ContractCommitmentCreated"]
        == "2026-11-24T00:00:00Z"
    )  # the tests' PLANNER_TODAY


def test_a_folder_with_real_bills_is_said_before_anything_is_worked_out(planner: Any, tmp_path: Path) -> None:
    (tmp_path / CHARGE_FILE).write_text("BilledCost\n", encoding="utf-8")
    code, _, said = planner("export", tmp_path / "no-such-plan.toml", "--focus", tmp_path)
    assert code == 2
    assert "was not made by this planner" in said


def test_one_path_has_no_standard_error_and_says_so_by_null(planner: Any, plan_file: Path, tmp_path: Path) -> None:
    assert planner("export", plan_file, "--focus", tmp_path / "one")[0] == 0
    row = read((tmp_path / "one" / COMMITMENT_FILE).read_text(encoding="utf-8"))[1][0]
    assert (row["x_ExpectedCostStandardError"], row["x_ShortfallProbabilityStandardError"]) == ("", "")


def test_only_columns_that_are_written_stand_in_the_files() -> None:
    assert not any(column.left_out for column in (*COMMITMENT_COLUMNS, *CHARGE_COLUMNS))
    assert len(written(COST_AND_USAGE)) == len(CHARGE_COLUMNS) - len(CHARGE_CUSTOM)
