"""Contract terms: which band, which years, which dollars."""

from decimal import Decimal

import pytest
import reference
import strategies
from hypothesis import given
from hypothesis import strategies as st

from planner.bands import DiscountBand
from planner.contract import Contract
from planner.errors import InputError
from planner.offer import NO_COMMITMENT, Offer

BANDS = ((250_000.0, 0.08), (1_000_000.0, 0.15), (5_000_000.0, 0.25))


def contract(*, bands=BANDS, term_months=12, **terms) -> Contract:
    listed = tuple(DiscountBand(min_commit_usd_per_year=low, discount_fraction=d) for low, d in bands)
    return Contract(term_months=term_months, bands=listed, **terms)


@pytest.mark.parametrize(
    ("commit", "discount"),
    [
        (0, 0),
        (249_999.99, 0),
        (250_000, 0.08),
        (999_999.99, 0.08),
        (1_000_000, 0.15),
        (4_999_999.99, 0.15),
        (5_000_000, 0.25),
        (1e9, 0.25),
    ],
)
def test_a_commitment_gets_the_discount_of_the_band_it_reaches_on_all_its_units(commit, discount):
    assert contract().discount_at(commit) == discount


@pytest.mark.parametrize("terms", [{"commit_period": "term"}, {"band_basis": "term"}])
def test_the_average_of_years_alike_reaches_its_threshold_whatever_the_term(terms):
    """Averaged over 14 or 25 months, 250,000 a year is a hair less by rounding."""
    for months in range(1, 61):
        offers = [contract(term_months=months, **terms).offer_at(low) for low, _ in BANDS]
        assert [offer.discount_fraction for offer in offers] == [discount for _, discount in BANDS], months


@given(strategies.terms(), strategies.cents(0, 30_000_000))
def test_bands_are_read_as_the_reference_reads_them_in_any_order(terms, commit):
    discount = reference.band_discount(terms, commit)
    offer = strategies.contract_of(terms).offer_at(float(commit))
    assert offer.discount_fraction == float(discount)
    if commit > 0:
        assert offer.overage_discount_fraction == float(reference.overage_discount(terms, commit))


def test_no_commitment_has_no_discount_on_anything():
    assert contract(bands=((0.0, 0.3),), overage=0.2).offer_at(0.0) == NO_COMMITMENT
    assert Offer(commit_usd_per_year=0.0, discount_fraction=0.0, overage_discount_fraction=0.0) == NO_COMMITMENT


@given(st.integers(1, 120))
def test_contract_years_follow_one_another_and_a_last_part_year_is_pro_rata(term_months):
    periods = contract(term_months=term_months).periods
    assert [(period.first, period.stop) for period in periods] == list(reference.contract_years(term_months))
    assert sum(period.year_fraction for period in periods) == pytest.approx(term_months / 12)


@given(st.sampled_from(["contracted", "list"]), st.floats(1, 1e8), st.integers(0, 999))
def test_list_dollars_and_commitment_convert_both_ways(drawdown, commit, per_mille):
    terms, d = contract(drawdown=drawdown), per_mille / 1000
    q = terms.list_usd_per_year(commit, d)
    assert q == pytest.approx(commit if drawdown == "list" else commit / (1 - d))
    assert terms.commit_usd_per_year(q, d) == pytest.approx(commit)


@pytest.mark.parametrize(("overage", "discount"), [("list", 0.0), ("committed", 0.15), (0.1, 0.1)])
def test_overage_is_at_list_at_the_committed_discount_or_at_its_own(overage, discount):
    assert contract(overage=overage).offer_at(1_000_000.0).overage_discount_fraction == discount


@pytest.mark.parametrize("overage", ["list", "committed", 0.1])
def test_a_commitment_that_reaches_no_band_earns_no_discount_on_what_lies_beyond_it(overage):
    offer = contract(overage=overage).offer_at(249_999.99)
    assert (offer.discount_fraction, offer.overage_discount_fraction) == (0.0, 0.0)


def test_two_bands_from_the_same_commitment_and_no_band_are_errors():
    with pytest.raises(InputError, match="250,000"):
        contract(bands=((250_000.0, 0.08), (250_000.0, 0.1)))
    with pytest.raises(InputError, match="band"):
        contract(bands=())


def test_an_offer_may_have_a_discount_of_its_own():
    offer = contract(overage="committed").offer_at(300_000.0, 0.11)
    assert (offer.discount_fraction, offer.overage_discount_fraction) == (0.11, 0.11)


def test_the_reference_reads_a_threshold_as_reached_by_the_cent():
    terms = reference.Terms(term_months=12, bands=((Decimal(100), Decimal("0.1")),))
    assert reference.band_discount(terms, Decimal("99.99")) == 0
    assert reference.band_discount(terms, Decimal(100)) == Decimal("0.1")
