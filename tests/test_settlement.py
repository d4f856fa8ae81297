"""Settlement against a ledger kept month by month in Decimal, and the laws that every bill obeys."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import reference
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import Case, contract_of, spend_paths

from planner.foresight import least_paid_usd
from planner.offer import NO_COMMITMENT, Offer
from planner.settlement import Settlement, settle
from planner.term_use import term_use

CENT = 0.01
COMMITS = st.one_of(strategies.cents(1, 20_000_000), strategies.cents(1, 100_000))


def settled(case: Case, commit: Decimal) -> Settlement:
    contract = case.contract
    return settle(contract, contract.offer_at(float(commit)), term_use(contract, case.spend))


@settings(max_examples=1000)
@given(strategies.cases(), COMMITS)
def test_every_bill_agrees_to_the_cent_with_the_ledger(case, commit):
    result = settled(case, commit)
    for path, (current, signing) in enumerate(case.paths()):
        bills = reference.settle(case.terms, commit, current, signing)
        for year, bill in enumerate(bills):
            assert result.shortfall_usd[year, path] == pytest.approx(float(bill.shortfall), abs=CENT / 2)
            assert result.overage_usd[year, path] == pytest.approx(float(bill.overage), abs=CENT / 2)
        assert result.paid_usd[path] == pytest.approx(float(sum(bill.paid for bill in bills)), abs=CENT / 2)
        assert result.on_demand_usd[path] == pytest.approx(float(sum(current)), abs=CENT / 2)


@given(strategies.cases(), COMMITS)
def test_every_committed_dollar_is_used_or_forfeited_and_all_that_is_paid_has_a_name(case, commit):
    result = settled(case, commit)
    for path, (current, signing) in enumerate(case.paths()):
        bills = reference.settle(case.terms, commit, current, signing)
        for bill in bills:
            assert bill.committed == pytest.approx(bill.used + bill.shortfall, abs=Decimal("1e-9"))
        committed, outside = sum(bill.committed for bill in bills), sum(bill.outside for bill in bills)
        named = float(committed + outside) + result.overage_usd[:, path].sum()
        assert result.paid_usd[path] == pytest.approx(named, abs=CENT / 2)


@given(strategies.cases())
def test_no_commitment_pays_list_for_everything(case):
    contract = case.contract
    result = settle(contract, NO_COMMITMENT, term_use(contract, case.spend))
    assert result.paid_usd == pytest.approx([float(sum(current)) for current, _ in case.paths()])
    assert result.paid_usd == pytest.approx(result.on_demand_usd)
    assert not result.shortfall_usd.any()


@given(strategies.cases(), COMMITS)
def test_doubling_every_price_and_the_contract_doubles_the_bill(case, commit):
    doubled = replace(
        case,
        terms=replace(case.terms, bands=tuple((2 * low, d) for low, d in case.terms.bands)),
        current=tuple(tuple(2 * usd for usd in month) for month in case.current),
        signing=tuple(tuple(2 * usd for usd in month) for month in case.signing),
    )
    np.testing.assert_allclose(settled(doubled, 2 * commit).paid_usd, 2 * settled(case, commit).paid_usd)


def more_generous(terms: reference.Terms, draw: st.DrawFn) -> reference.Terms:
    clause = draw(st.sampled_from(["discount", "threshold", "overage"]))
    if clause == "discount":
        return replace(terms, bands=tuple((low, min(d + Decimal("0.05"), Decimal("0.95"))) for low, d in terms.bands))
    if clause == "threshold":
        return replace(terms, bands=tuple((low / 2, d) for low, d in terms.bands))
    own = terms.overage if isinstance(terms.overage, Decimal) else Decimal(0)
    return replace(terms, overage=own + Decimal("0.05")) if terms.overage != "committed" else terms


@given(strategies.cases(rising=True), COMMITS, st.data())
def test_a_more_generous_clause_never_costs_more_for_the_same_use_of_list_dollars(case, commit, data):
    """In list dollars: a higher discount on a fixed commitment in contracted dollars asks for more use, not less."""
    terms = replace(case.terms, drawdown="list")
    generous = replace(case, terms=more_generous(terms, data.draw))
    before, after = settled(replace(case, terms=terms), commit), settled(generous, commit)
    assert (after.paid_usd <= before.paid_usd + 1e-6).all()


@given(strategies.cases(), COMMITS)
def test_shortfall_and_overage_exclude_each_other_in_a_year(case, commit):
    result = settled(case, commit)
    assert (np.minimum(result.shortfall_usd, result.overage_usd) < 1e-6).all()
    assert (result.shortfall_usd >= 0).all()
    assert (result.overage_usd >= 0).all()


@settings(max_examples=100)
@given(strategies.cases(), COMMITS)
def test_perfect_foresight_never_pays_more_than_any_commitment(case, commit):
    contract = case.contract
    use = term_use(contract, case.spend)
    least = least_paid_usd(contract, use)
    assert (settled(case, commit).paid_usd >= least - 1e-6).all()
    assert (use.on_demand_usd >= least - 1e-6).all()


@settings(max_examples=40)
@given(strategies.cases(max_paths=1))
def test_perfect_foresight_is_what_the_best_of_many_commitments_pays(case):
    """The grid holds the ends of every band, what lies below them included, and 150 steps between; a step's worth of
    slope is what it can miss."""
    contract = case.contract
    use = term_use(contract, case.spend)
    least = float(least_paid_usd(contract, use)[0])
    (current, signing) = case.paths()[0]
    lows = [Decimal(0), *sorted(low for low, _ in case.terms.bands)]
    top = max(lows[-1], 12 * max(*current, *signing)) + 1
    ends = [*lows[1:], top]
    grid = [low + (end - low) * i / 150 for low, end in zip(lows, ends, strict=True) for i in range(151)]
    grid += [end - Decimal("0.01") for end in ends]
    found = min(reference.paid(case.terms, commit, current, signing) for commit in grid)
    widest = max((end - low) / 150 for low, end in zip(lows, ends, strict=True))
    slope = 5 * Decimal(case.terms.term_months) / 12  # (1 - e) / (1 - d) of a price that has risen
    assert least <= float(found) + 1e-6
    assert least >= float(found - widest * slope) - CENT


def test_a_worked_year_in_contracted_dollars():
    """C = 90,000 at 10 %: 100,000 list dollars; 130,000 used pays 90,000 and 30,000; 80,000 used wastes 18,000."""
    terms = reference.Terms(term_months=12, bands=((Decimal(1000), Decimal("0.1")),))
    contract = contract_of(terms)
    use = term_use(contract, spend_paths([[130_000.0, 80_000.0]] + [[0.0, 0.0]] * 11))
    result = settle(contract, contract.offer_at(90_000.0), use)
    assert result.paid_usd.tolist() == [120_000.0, 90_000.0]
    assert result.overage_usd.tolist() == [[30_000.0, 0.0]]
    assert result.shortfall_usd[0] == pytest.approx([0.0, 18_000.0])


def test_a_worked_year_in_list_dollars():
    """C = 100,000 list dollars at 10 % owes 90,000; unused list dollars are lost at what they cost."""
    terms = reference.Terms(term_months=12, bands=((Decimal(1000), Decimal("0.1")),), drawdown="list")
    contract = contract_of(terms)
    use = term_use(contract, spend_paths([[130_000.0, 80_000.0]] + [[0.0, 0.0]] * 11))
    result = settle(contract, contract.offer_at(100_000.0), use)
    assert result.paid_usd.tolist() == [120_000.0, 90_000.0]
    assert result.shortfall_usd[0] == pytest.approx([0.0, 18_000.0])


def test_each_year_stands_alone_and_the_last_half_owes_half():
    terms = reference.Terms(term_months=18, bands=((Decimal(1000), Decimal("0.1")),))
    contract = contract_of(terms)
    months = [[20_000.0]] * 12 + [[5_000.0]] * 6
    result = settle(contract, contract.offer_at(108_000.0), term_use(contract, spend_paths(months)))
    assert result.overage_usd[:, 0] == pytest.approx([240_000 - 120_000, 0])
    assert result.shortfall_usd[:, 0] == pytest.approx([0, 54_000 - 27_000])
    assert result.paid_usd[0] == pytest.approx(108_000 + 120_000 + 54_000)


def test_locked_prices_draw_the_commitment_at_signing_day_list_and_bill_overage_at_current():
    """12 months of 10,000 at signing; prices halve in month 6. 90,000 list are used up after nine months."""
    terms = reference.Terms(term_months=12, bands=((Decimal(1000), Decimal("0.1")),), passed_through=False)
    signing = [[10_000.0]] * 12
    current = [[10_000.0]] * 6 + [[5_000.0]] * 6
    for passed_through, paid in ((False, 81_000 + 15_000), (True, 81_000 + 0)):
        contract = contract_of(replace(terms, passed_through=passed_through))
        use = term_use(contract, spend_paths(current, signing))
        result = settle(contract, contract.offer_at(81_000.0), use)
        assert result.paid_usd[0] == pytest.approx(paid)
        assert result.on_demand_usd[0] == pytest.approx(90_000)


def test_spend_that_is_not_eligible_is_billed_at_list_and_draws_nothing():
    terms = reference.Terms(term_months=12, bands=((Decimal(1000), Decimal("0.2")),), eligible=Decimal("0.6"))
    contract = contract_of(terms)
    use = term_use(contract, spend_paths([[10_000.0]] * 12))
    result = settle(contract, contract.offer_at(48_000.0), use)
    assert result.paid_usd[0] == pytest.approx(48_000 + 12_000 + 48_000)
    assert result.overage_usd[0, 0] == pytest.approx(72_000 - 60_000)
    assert result.on_demand_usd[0] == pytest.approx(120_000)


def test_an_offer_may_carry_discounts_that_no_band_has():
    contract = contract_of(reference.Terms(term_months=12, bands=((Decimal(1000), Decimal("0.2")),)))
    offer = Offer(commit_usd_per_year=70_000.0, discount_fraction=0.3, overage_discount_fraction=0.05)
    result = settle(contract, offer, term_use(contract, spend_paths([[10_000.0]] * 12)))
    assert result.paid_usd[0] == pytest.approx(70_000 + 0.95 * 20_000)
