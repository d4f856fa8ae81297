"""The ledger of every contract against a second implementation, worked examples by hand, and the laws of clauses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import contract_strategies as strategies
import numpy as np
import pytest
import settlement_reference as slow
from contract_strategies import Case, dec, seeded_case
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from planner.clauses import (
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
from planner.contract import Contract, DiscountBand
from planner.lever_costs.unit_costs import Account
from planner.offer import Offer
from planner.settlement import Settlement, settle
from planner.term_use import term_use
from planner.units import FloatArray

CENT = 0.01
COLUMNS = (*slow.BALANCE_COLUMNS, *slow.BILLED_COLUMNS)
OPUS, HAIKU = Account("opus", True), Account("haiku", True)


def settled(case: Case) -> Settlement:
    return settle(case.contract, case.offer, term_use(case.contract, case.paths))


def column(result: Settlement, name: str) -> FloatArray:
    """A column of the ledger, shape (n_periods, n_paths)."""
    return getattr(result.ledger, f"{name}_usd")


# --- two implementations ---------------------------------------------------------------------------------------------


def differences(case: Case) -> list[tuple[Any, ...]]:
    """Where the two implementations are half a cent or more apart: (path, period, what, by reference, by product)."""
    result, terms, found = settled(case), case.terms, []
    columns = {name: column(result, name) for name in COLUMNS}
    shortfall_usd, overage_usd = result.shortfall_usd, result.overage_usd
    for path in range(case.n_paths):
        bill = slow.settle(terms, case.months(path))
        pairs = [
            (period, name, getattr(row, name), columns[name][period, path])
            for period, row in enumerate(bill.rows)
            for name in COLUMNS
        ]
        for period, row in enumerate(bill.rows):
            pairs.append((period, "shortfall", row.shortfall, shortfall_usd[period, path]))
            pairs.append((period, "overage", row.overage, overage_usd[period, path]))
        pairs += [
            ("term", "paid", bill.paid, result.paid_usd[path]),
            ("term", "npv", bill.npv, result.npv_paid_usd[path]),
            ("term", "on demand", bill.on_demand, result.on_demand_usd[path]),
            ("term", "opening bank", bill.opening, result.ledger.opening_bank_usd),
        ]
        found += [(path, *pair) for pair in pairs if not abs(float(pair[2]) - pair[3]) < CENT / 2]
    return found


@pytest.mark.parametrize("first", range(0, 4000, 500))
def test_every_row_of_thousands_of_random_contracts_agrees_to_the_cent(first):
    wrong = {seed: found for seed in range(first, first + 500) if (found := differences(seeded_case(seed)))}
    assert not wrong, (
        f"{len(wrong)} contracts, {sorted(wrong)[:9]}; the first differs at {next(iter(wrong.values()))[:3]}"
    )


@settings(max_examples=75)
@given(strategies.cases(n_paths=2))
def test_every_row_of_contracts_that_hypothesis_invents_agrees_to_the_cent(case):
    assert not differences(case)


@given(strategies.cases(n_paths=1), st.data())
def test_the_bands_give_the_discounts_that_the_second_reading_gives(case, data):
    contract = case.contract
    commits = [float(data.draw(st.integers(0, 3 * 10**6))) for _ in range(contract.n_years)]
    offer = contract.offer_of(commits)
    bands = [
        slow.Band(
            threshold=dec(band.min_commit_usd_per_year),
            discount=dec(band.discount_fraction),
            by_tier={tier: dec(discount) for tier, discount in band.by_tier},
        )
        for band in contract.bands
    ]
    expected = slow.sign(
        bands,
        [dec(commit) for commit in commits],
        contract.term_months,
        by_term="term" in (contract.band_basis, contract.commit_period),
        one_pool=contract.commit_period == "term",
        incremental=contract.band_mode == "incremental",
        drawdown=contract.drawdown,
        overage=contract.overage if isinstance(contract.overage, str) else dec(contract.overage),
    )
    for year, signed in enumerate(expected):
        made = offer.in_year(year)
        assert made.commit_usd_per_year == float(signed.commit)
        assert made.discount_fraction == pytest.approx(float(signed.discount), abs=1e-12)
        assert made.overage_discount_fraction == pytest.approx(float(signed.overage_discount), abs=1e-12)
        assert dict(made.discount_by_tier) == pytest.approx({t: float(d) for t, d in signed.by_tier.items()})


# --- the ledger's own laws -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, 4000, 1000))
def test_every_ledger_balances_on_every_path_and_in_every_period(first):
    for seed in range(10_000 + first, 11_000 + first):
        case = seeded_case(seed)
        result = settled(case)
        opening = np.full((1, case.n_paths), result.ledger.opening_bank_usd)
        banked = column(result, "banked")
        before = np.concatenate([opening, banked[:-1]])
        went = sum(column(result, name) for name in ("drawn_current", "drawn_banked", "forfeited", "waived"))
        np.testing.assert_allclose(before + column(result, "committed"), went + banked, rtol=1e-12, atol=1e-6)
        assert all((column(result, name) > -1e-6).all() for name in COLUMNS if name != "paid"), seed
        np.testing.assert_allclose(result.paid_usd, column(result, "paid").sum(axis=0), rtol=1e-12, atol=1e-6)


@given(strategies.cases(marketplace=None, renewal=Renewal()))
def test_all_that_is_paid_is_owed_or_over_use_or_outside(case):
    result, contract = settled(case), case.contract
    discounts = [case.offer.in_year(period.year).discount_fraction for period in contract.periods]
    owed = 1.0 - np.array(discounts)[:, None] if contract.drawdown == "list" else 1.0
    charged = owed * (column(result, "committed") - column(result, "waived"))
    named = charged + column(result, "overage") + column(result, "outside")
    np.testing.assert_allclose(column(result, "paid"), named, rtol=1e-12, atol=1e-6)


@given(strategies.cases(payment=Payment(cost_of_capital_per_year=0.0), renewal=Renewal(bank_value_fraction=0.25)))
def test_where_money_costs_nothing_the_net_present_value_is_what_is_paid(case):
    result = settled(case)
    np.testing.assert_allclose(result.npv_paid_usd, result.paid_usd, rtol=1e-9, atol=1e-6)


# --- worked examples -------------------------------------------------------------------------------------------------

# Unless an example says otherwise the discount is 20% from the first dollar on, so that 100 list dollars draw 80.


def contract_of(**terms: Any) -> Contract:
    bands = (DiscountBand(min_commit_usd_per_year=1.0, discount_fraction=0.2),)
    return Contract(**{"term_months": 12, "bands": bands, **terms})


def bands(*listed: tuple[float, float]) -> tuple[DiscountBand, ...]:
    return tuple(DiscountBand(min_commit_usd_per_year=low, discount_fraction=discount) for low, discount in listed)


Use = Sequence[float] | Mapping[Account, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Example:
    """Terms, annual commitments, monthly list spend (at the signing day's prices if those differ), and the bill.

    rows: by period, the columns of the ledger that the example is about, the others not being looked at.
    """

    name: str
    contract: Contract
    commits: tuple[float, ...]
    use: Use
    signing: Sequence[float] | None = None
    rows: tuple[dict[str, float], ...] = ()
    paid: float
    npv: float | None = None
    on_demand: float | None = None

    @property
    def case(self) -> Case:
        use = self.use if isinstance(self.use, Mapping) else {OPUS: self.use}
        spend = {}
        for account, months in use.items():
            current = np.array(months, dtype=np.float64)[:, None]
            signing = current if self.signing is None else np.array(self.signing, dtype=np.float64)[:, None]
            spend[account] = (current, signing)
        return Case(contract=self.contract, offer=self.contract.offer_of(self.commits), spend=spend)


def months(*stretches: tuple[int, float]) -> list[float]:
    """(months, USD a month) one after the other."""
    return [usd for n, usd in stretches for _ in range(n)]


ROLLOVER = Rollover(share=1.0, months=12)

CARRYING = (
    Example(
        name="half of the unused commitment is carried, and is gone three months into the next year",
        contract=contract_of(term_months=24, rollover=Rollover(share=0.5, months=3)),
        commits=(960, 960),
        use=months((24, 50)),  # 40 a month
        rows=(
            {"committed": 960, "drawn_current": 480, "forfeited": 240, "banked": 240},
            # banked: 3 x 40 drawn, 120 gone; current: 9 x 40; of 600 unused half is still banked after the term
            {"committed": 960, "drawn_current": 360, "drawn_banked": 120, "forfeited": 420, "banked": 300},
        ),
        paid=1920,
    ),
    Example(
        name="nothing is carried into a commitment below 75% of the one before",
        contract=contract_of(term_months=24, rollover=replace(ROLLOVER, renew_min_fraction=0.75)),
        commits=(960, 480),
        use=months((24, 50)),
        rows=({"forfeited": 480, "banked": 0}, {"drawn_current": 480, "drawn_banked": 0, "forfeited": 0}),
        paid=1440,
    ),
    Example(
        name="with 50% asked for it is carried, and drawn before the current commitment, which is still banked then",
        contract=contract_of(term_months=24, rollover=replace(ROLLOVER, renew_min_fraction=0.5)),
        commits=(960, 480),
        use=months((24, 50)),
        rows=({"forfeited": 0, "banked": 480}, {"drawn_current": 0, "drawn_banked": 480, "banked": 480}),
        paid=1440,
    ),
    Example(
        name="at most a quarter of the commitment is carried",
        contract=contract_of(term_months=24, rollover=replace(ROLLOVER, max_fraction_of_commit=0.25)),
        commits=(960, 960),
        use=months((12, 50), (12, 100)),
        rows=({"forfeited": 240, "banked": 240}, {"drawn_current": 720, "drawn_banked": 240, "banked": 240}),
        paid=1920,
    ),
    Example(
        name="carried first: year 2 draws 480 from the bank, and 480 of its own are still banked",
        contract=contract_of(term_months=24, rollover=ROLLOVER),
        commits=(960, 960),
        use=months((12, 50), (12, 100)),
        rows=({"banked": 480}, {"drawn_current": 480, "drawn_banked": 480, "forfeited": 0, "banked": 480}),
        paid=1920,
    ),
    Example(
        name="current first: year 2 draws its own 960, and the bank ends with the term",
        contract=contract_of(term_months=24, rollover=replace(ROLLOVER, draw="current_first")),
        commits=(960, 960),
        use=months((12, 50), (12, 100)),
        rows=({"banked": 480}, {"drawn_current": 960, "drawn_banked": 0, "forfeited": 480, "banked": 0}),
        paid=1920,
    ),
    Example(
        name="half of what is still banked is expected back",
        contract=contract_of(term_months=24, rollover=ROLLOVER, renewal=Renewal(bank_value_fraction=0.5)),
        commits=(960, 960),
        use=months((12, 50), (12, 100)),
        rows=({"paid": 960}, {"banked": 480, "paid": 720}),
        paid=1680,
    ),
)

SHORT_OR_OVER = (
    Example(
        name="a year half used",
        contract=contract_of(),
        commits=(960,),
        use=months((12, 50)),
        rows=({"drawn_current": 480, "forfeited": 480, "overage": 0},),
        paid=960,
        on_demand=600,
    ),
    Example(
        name="true-up: of 480 unused dollars a quarter is charged",
        contract=contract_of(shortfall="true_up", true_up_rate=0.25),
        commits=(960,),
        use=months((12, 50)),
        rows=({"drawn_current": 480, "forfeited": 120, "waived": 360},),
        paid=600,
    ),
    Example(
        name="over-use at the committed rate as far as a quarter of the commitment, then at list",
        contract=contract_of(overage="committed", overage_cap_fraction=0.25),
        commits=(960,),
        use=months((12, 150)),  # 120 a month: used up after 8; 2 months x 120 within the cap, 2 x 150 beyond
        rows=({"drawn_current": 960, "overage": 540},),
        paid=1500,
    ),
    Example(
        name="list dollars draw down: 1000 of them owe 800",
        contract=contract_of(drawdown="list", overage=0.1),
        commits=(1000,),
        use=months((12, 100)),
        rows=({"committed": 1000, "drawn_current": 1000, "overage": 180, "paid": 980},),
        paid=980,
    ),
    Example(
        name="incremental bands: 900 at 10% and 700 at 30% buy 2000 list dollars, over-use earns the upper 30%",
        contract=contract_of(bands=bands((0.0, 0.1), (900.0, 0.3)), band_mode="incremental", overage="committed"),
        commits=(1600,),
        use=months((12, 200)),
        rows=({"drawn_current": 1600, "overage": 280},),
        paid=1880,
    ),
    Example(
        name="incremental bands in list dollars: 1000 at 10% and 1000 at 30% owe 1600",
        contract=contract_of(
            bands=bands((0.0, 0.1), (1000.0, 0.3)), band_mode="incremental", drawdown="list", overage="committed"
        ),
        commits=(2000,),
        use=months((12, 200)),
        rows=({"committed": 2000, "drawn_current": 2000, "overage": 280},),
        paid=1880,
    ),
    Example(
        name="tiers: 100 opus draw 80 and 100 haiku 50; half a year fits, the other half is billed the same",
        contract=contract_of(
            bands=(DiscountBand(min_commit_usd_per_year=1.0, discount_fraction=0.2, by_tier=(("haiku", 0.5),)),),
            overage="committed",
        ),
        commits=(780,),
        use={OPUS: months((12, 100)), HAIKU: months((12, 100))},
        rows=({"drawn_current": 780, "overage": 780},),
        paid=1560,
    ),
    Example(
        name="tiers, over-use at list: half a year of 200",
        contract=contract_of(
            bands=(DiscountBand(min_commit_usd_per_year=1.0, discount_fraction=0.2, by_tier=(("haiku", 0.5),)),),
        ),
        commits=(780,),
        use={OPUS: months((12, 100)), HAIKU: months((12, 100))},
        rows=({"drawn_current": 780, "overage": 1200},),
        paid=1980,
    ),
)

PERIODS = (
    Example(
        name="quarters of 100, 200, 300 and 400 for 240 of use in each",
        contract=contract_of(commit_period="quarter", quarter_shares=(0.1, 0.2, 0.3, 0.4)),
        commits=(1000,),
        use=months((12, 100)),
        rows=(
            {"committed": 100, "drawn_current": 100, "overage": 175},
            {"committed": 200, "drawn_current": 200, "overage": 50},
            {"committed": 300, "drawn_current": 240, "forfeited": 60},
            {"committed": 400, "drawn_current": 240, "forfeited": 160},
        ),
        paid=1225,
    ),
    Example(
        name="year by year, 480 are forfeited and 600 billed over",
        contract=contract_of(term_months=24),
        commits=(960, 960),
        use=months((12, 50), (12, 150)),
        rows=({"forfeited": 480, "overage": 0}, {"forfeited": 0, "overage": 600}),
        paid=2520,
    ),
    Example(
        name="over the term, the same use fits",
        contract=contract_of(term_months=24, commit_period="term"),
        commits=(960, 960),
        use=months((12, 50), (12, 150)),
        rows=({"committed": 1920, "drawn_current": 1920, "forfeited": 0, "overage": 0},),
        paid=1920,
    ),
    Example(
        name="a last half-year commits half",
        contract=contract_of(term_months=18),
        commits=(960, 960),
        use=months((18, 100)),
        rows=({"committed": 960, "drawn_current": 960}, {"committed": 480, "drawn_current": 480}),
        paid=1440,
    ),
)

CHANGING = (
    Example(
        name="carry-forward: half of 480 over-use, at most a quarter of the year, lowers year 2 to 720",
        contract=contract_of(term_months=24, carry_forward=CarryForward(share=0.5, max_fraction_of_commit=0.25)),
        commits=(960, 960),
        use=months((12, 150), (12, 50)),
        rows=({"committed": 960, "overage": 600}, {"committed": 720, "drawn_current": 480, "forfeited": 240}),
        paid=2280,
    ),
    Example(
        name="carry-forward costs more where the lower commitment makes over-use at list: 2580, and 2520 without it",
        contract=contract_of(term_months=24, carry_forward=CarryForward(share=0.5, max_fraction_of_commit=0.25)),
        commits=(960, 960),
        use=months((12, 150), (12, 100)),
        rows=({"committed": 960, "overage": 600}, {"committed": 720, "drawn_current": 720, "overage": 300}),
        paid=2580,
    ),
    Example(
        name="carry-forward: what one year cannot take lowers the next one: 480 in three parts of 192 at most",
        contract=contract_of(term_months=48, carry_forward=CarryForward(share=1.0, max_fraction_of_commit=0.2)),
        commits=(960, 960, 960, 960),
        use=months((12, 150), (36, 0)),
        rows=({"committed": 960}, {"committed": 768}, {"committed": 768}, {"committed": 864}),
        paid=960 + 600 + 768 + 768 + 864,
    ),
    Example(
        name="true-forward: use of 1080 is above 110%; half of the best quarter's 2880 a year, for one year",
        contract=contract_of(
            term_months=36,
            true_forward=TrueForward(trigger_fraction=1.1, share=0.5, lookback_months=3, resets=True),
        ),
        commits=(960, 960, 960),
        use=months((9, 50), (3, 300), (24, 50)),
        rows=(
            {"committed": 960, "drawn_current": 960, "overage": 150},
            {"committed": 1440, "drawn_current": 480, "forfeited": 960},
            {"committed": 960, "drawn_current": 480, "forfeited": 480},
        ),
        paid=3510,
    ),
    Example(
        name="true-forward that does not reset: 1440 for all years that follow",
        contract=contract_of(
            term_months=36, true_forward=TrueForward(trigger_fraction=1.1, share=0.5, lookback_months=3)
        ),
        commits=(960, 960, 960),
        use=months((9, 50), (3, 300), (24, 50)),
        rows=({"committed": 960}, {"committed": 1440}, {"committed": 1440}),
        paid=3990,
    ),
    Example(
        name="reduction to 70%: the last half-year alone would ask for 576",
        contract=contract_of(term_months=24, reduction=Reduction(max_fraction=0.3, lookback_months=6)),
        commits=(960, 960),
        use=months((6, 100), (18, 60)),
        rows=({"committed": 960, "forfeited": 192}, {"committed": 672, "drawn_current": 576, "forfeited": 96}),
        paid=1632,
    ),
    Example(
        name="reduction to what is used, where up to a half may go",
        contract=contract_of(term_months=24, reduction=Reduction(max_fraction=0.5, lookback_months=6)),
        commits=(960, 960),
        use=months((6, 100), (18, 60)),
        rows=({"committed": 960}, {"committed": 576, "drawn_current": 576, "forfeited": 0}),
        paid=1536,
    ),
    Example(
        name="reduction of a year by quarters: the factor of the anniversary holds for each of them",
        contract=contract_of(
            term_months=24,
            commit_period="quarter",
            quarter_shares=(0.1, 0.2, 0.3, 0.4),
            reduction=Reduction(max_fraction=0.5, lookback_months=12),
        ),
        commits=(1000, 1000),
        use=months((12, 62.5), (12, 62.5)),  # 50 a month, 600 a year: 60% of the commitment
        rows=tuple({"committed": usd} for usd in (100, 200, 300, 400, 60, 120, 180, 240)),
        # over-use of 150 - 100 and of 150 - 60 and 150 - 120, at list
        paid=1000 + 600 + (50 + 90 + 30) / 0.8,
    ),
    Example(
        name="early renewal after half a year with a quarter used",
        contract=contract_of(
            term_months=24, early_renewal=EarlyRenewal(month=6, credit_fraction=0.75, commit_fraction=0.5)
        ),
        commits=(960, 960),
        use=months((24, 50)),
        rows=(
            # 240 used, 720 left: 540 banked, 180 gone; 240 more committed and unused, the bank being drawn first
            {"committed": 1200, "drawn_current": 240, "drawn_banked": 240, "forfeited": 420, "banked": 300},
            {"committed": 480, "drawn_current": 180, "drawn_banked": 300, "forfeited": 300, "banked": 0},
        ),
        paid=1680,
    ),
    Example(
        name="no early renewal for a buyer ahead of the calendar",
        contract=contract_of(
            term_months=24, early_renewal=EarlyRenewal(month=6, credit_fraction=0.75, commit_fraction=0.5)
        ),
        commits=(960, 960),
        use=months((6, 120), (18, 50)),
        rows=({"committed": 960, "drawn_current": 816, "forfeited": 144}, {"committed": 960, "forfeited": 480}),
        paid=1920,
    ),
    Example(
        name="early renewal with the second year: it commits half, and three quarters of what is left are credited",
        contract=contract_of(
            term_months=24, early_renewal=EarlyRenewal(month=12, credit_fraction=0.75, commit_fraction=0.5)
        ),
        commits=(960, 960),
        use=months((24, 50)),
        rows=(
            {"committed": 960, "forfeited": 120, "banked": 360},
            {"committed": 480, "drawn_banked": 360, "drawn_current": 120, "forfeited": 360},
        ),
        paid=1440,
    ),
)

AROUND = (
    Example(
        name="co-term: the old 450 at 10% cover 500 list, which is in no total",
        contract=contract_of(
            in_force=InForce(ends_month=12, balance_usd=450.0, discount_fraction=0.1, on_signing="co_term")
        ),
        commits=(480,),
        use=months((12, 100)),
        rows=({"committed": 480, "drawn_current": 480, "drawn_banked": 0, "forfeited": 0, "overage": 100},),
        paid=580,
        on_demand=700,
    ),
    Example(
        name="renew: the old 450 are banked for three months, at the new discount",
        contract=contract_of(
            in_force=InForce(ends_month=3, balance_usd=450.0, discount_fraction=0.1, on_signing="renew")
        ),
        commits=(480,),
        use=months((12, 100)),
        rows=({"committed": 480, "drawn_current": 480, "drawn_banked": 240, "forfeited": 210, "overage": 300},),
        paid=780,
        on_demand=900,
    ),
    Example(
        name="who signs nothing renews nothing: the old 450 cover 500 list at their own 10%",
        contract=contract_of(
            in_force=InForce(ends_month=12, balance_usd=450.0, discount_fraction=0.1, on_signing="renew")
        ),
        commits=(0,),
        use=months((12, 100)),
        rows=({"committed": 0, "drawn_banked": 0, "forfeited": 0, "banked": 0, "overage": 700},),
        paid=700,
        on_demand=700,
    ),
    Example(
        name="co-term with a bank of 180 for one month: 80 of it are too late, the balance covers the second month",
        contract=contract_of(
            in_force=InForce(
                ends_month=12,
                balance_usd=90.0,
                discount_fraction=0.1,
                on_signing="co_term",
                bank_usd=180.0,
                bank_ends_month=1,
            )
        ),
        commits=(800,),
        use=months((12, 100)),
        rows=({"drawn_current": 800, "forfeited": 0, "overage": 0},),
        paid=800,
        on_demand=1000,
    ),
    Example(
        name="marketplace: 3% on 960, and a quarter of 988.80 spares a cloud commitment, of which 100 would be unused",
        contract=contract_of(
            marketplace=Marketplace(
                channel="bedrock",
                fee_fraction=0.03,
                draws_down_fraction=0.25,
                cap_usd_per_year=10_000.0,
                otherwise_unused_usd_per_year=100.0,
            )
        ),
        commits=(960,),
        use=months((12, 100)),
        paid=888.8,
        on_demand=1200,
    ),
    Example(
        name="marketplace, enough unused: the whole 247.20",
        contract=contract_of(
            marketplace=Marketplace(
                channel="bedrock",
                fee_fraction=0.03,
                draws_down_fraction=0.25,
                cap_usd_per_year=10_000.0,
                otherwise_unused_usd_per_year=1_000.0,
            )
        ),
        commits=(960,),
        use=months((12, 100)),
        paid=741.6,
    ),
    Example(
        name="half of 200 enters with 50 for seats; half, 10 of fees and 30 that no tier names stay outside",
        contract=contract_of(
            eligible=Eligibility(tiers=("opus",)),
            eligible_fraction=0.5,
            fixed_spend=(
                FixedSpend(name="seats", usd_per_month=50.0, eligible=True),
                FixedSpend(name="fees", usd_per_month=10.0, eligible=False),
            ),
        ),
        commits=(1440,),
        use={OPUS: months((12, 200)), Account("haiku", False): months((12, 30))},
        rows=({"drawn_current": 1440, "outside": 12 * 140},),
        paid=1440 + 12 * 140,
        on_demand=12 * 290,
    ),
)

PRICES = (
    Example(
        name="a fall to half passed through: 6 x 80 and 3 x 40 draw 600, three months of 50 are over",
        contract=contract_of(),
        commits=(600,),
        use=months((6, 100), (6, 50)),
        signing=months((12, 100)),
        rows=({"drawn_current": 600, "overage": 150},),
        paid=750,
    ),
    Example(
        name="the rate locked: 80 a month draw 600 in 7.5 months, 4.5 months of 50 are over",
        contract=contract_of(price_falls_passed_through=False),
        commits=(600,),
        use=months((6, 100), (6, 50)),
        signing=months((12, 100)),
        rows=({"drawn_current": 600, "overage": 225},),
        paid=825,
    ),
    Example(
        name="a rise to double capped at a quarter: 6 x 80 and 3 x 100 draw 780, three months of 200 are over",
        contract=contract_of(price_rise_cap_fraction=0.25),
        commits=(780,),
        use=months((6, 100), (6, 200)),
        signing=months((12, 100)),
        rows=({"drawn_current": 780, "overage": 600},),
        paid=1380,
    ),
    Example(
        name="locked against falls and capped against rises: 6 x 80 and 6 x 100",
        contract=contract_of(price_falls_passed_through=False, price_rise_cap_fraction=0.25),
        commits=(1080,),
        use=months((6, 50), (6, 200)),
        signing=months((12, 100)),
        rows=({"drawn_current": 1080, "overage": 0},),
        paid=1080,
    ),
)


def paying(mode: str) -> Payment:
    """Money costs 44% a year: 20% for half a year."""
    return Payment(mode=mode, cost_of_capital_per_year=0.44)


IN_TWO_MONTHS = months((5, 0), (1, 600), (5, 0), (1, 600))  # 480 drawn in month 6, paid after half a year, and in 12

CASH = (
    Example(
        name="upfront: all on the first day",
        contract=contract_of(payment=paying("upfront")),
        commits=(960,),
        use=months((12, 100)),
        paid=960,
        npv=960,
    ),
    Example(
        name="quarterly in advance: 240 x (1 + 1.44^-0.25 + 1.44^-0.5 + 1.44^-0.75)",
        contract=contract_of(payment=paying("quarterly")),
        commits=(960,),
        use=months((12, 100)),
        paid=960,
        npv=240 * (1 + 0.9128709292 + 0.8333333333 + 0.7607257743),
    ),
    Example(
        name="arrears: 480 / 1.2 + 480 / 1.44",
        contract=contract_of(payment=paying("arrears")),
        commits=(960,),
        use=IN_TWO_MONTHS,
        paid=960,
        npv=400 + 480 / 1.44,
    ),
    Example(
        name="arrears: what is unused is owed when the year ends",
        contract=contract_of(payment=paying("arrears")),
        commits=(960,),
        use=months((5, 0), (1, 600), (6, 0)),
        paid=960,
        npv=400 + 480 / 1.44,
    ),
    Example(
        name="over-use at the end of its month, whenever the commitment is paid",
        contract=contract_of(payment=paying("upfront")),
        commits=(960,),
        use=months((5, 0), (1, 1500), (6, 0)),
        paid=1260,
        npv=960 + 300 / 1.2,
    ),
    Example(
        name="a true-up at 25% pays 360 of 960 back after the year",
        contract=contract_of(payment=paying("upfront"), shortfall="true_up", true_up_rate=0.25),
        commits=(960,),
        use=months((5, 0), (1, 600), (6, 0)),
        paid=600,
        npv=960 - 360 / 1.44,
    ),
    Example(
        name="a true-up at 25% in arrears asks for 120 after the year",
        contract=contract_of(payment=paying("arrears"), shortfall="true_up", true_up_rate=0.25),
        commits=(960,),
        use=months((5, 0), (1, 600), (6, 0)),
        paid=600,
        npv=400 + 120 / 1.44,
    ),
    Example(
        name="over the term, upfront: each year's on its first day",
        contract=contract_of(term_months=24, commit_period="term", payment=paying("upfront")),
        commits=(960, 480),
        use=months((24, 75)),
        paid=1440,
        npv=960 + 480 / 1.44,
    ),
    Example(
        name="a marketplace's fee of 48 and credit of 100 at the end of the year",
        contract=contract_of(
            payment=paying("upfront"),
            marketplace=Marketplace(
                channel="vertex",
                fee_fraction=0.05,
                draws_down_fraction=1.0,
                cap_usd_per_year=100.0,
                otherwise_unused_usd_per_year=500.0,
            ),
        ),
        commits=(960,),
        use=months((12, 100)),
        paid=908,
        npv=960 - 52 / 1.44,
    ),
)

EXAMPLES = (*CARRYING, *SHORT_OR_OVER, *PERIODS, *CHANGING, *AROUND, *PRICES, *CASH)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_product_bills_the_worked_examples(example):
    result = settled(example.case)
    for period, row in enumerate(example.rows):
        found = {name: column(result, name)[period, 0] for name in row}
        assert found == pytest.approx(row), f"period {period}"
    assert result.paid_usd[0] == pytest.approx(example.paid)
    if example.npv is not None:
        assert result.npv_paid_usd[0] == pytest.approx(example.npv)
    if example.on_demand is not None:
        assert result.on_demand_usd[0] == pytest.approx(example.on_demand)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_second_implementation_bills_the_worked_examples(example):
    bill = slow.settle(example.case.terms, example.case.months(0))
    for period, row in enumerate(example.rows):
        found = {name: float(getattr(bill.rows[period], name)) for name in row}
        assert found == pytest.approx(row), f"period {period}"
    assert float(bill.paid) == pytest.approx(example.paid)
    if example.npv is not None:
        assert float(bill.npv) == pytest.approx(example.npv)
    if example.on_demand is not None:
        assert float(bill.on_demand) == pytest.approx(example.on_demand)


# --- laws ------------------------------------------------------------------------------------------------------------

NO_CLAUSES: Mapping[str, None] = {
    "rollover": None,
    "carry_forward": None,
    "reduction": None,
    "early_renewal": None,
    "true_forward": None,
}


def paid(case: Case, **changed: Any) -> FloatArray:
    """What is paid under changed terms, the offer and the use being the same."""
    contract = replace(case.contract, **changed)
    return settle(contract, case.offer, term_use(contract, case.paths)).paid_usd


def assert_never_more(after: FloatArray, before: FloatArray) -> None:
    assert (after <= before + 1e-9 * np.abs(before) + 1e-6).all(), (after - before).max()


def changed_years(offer: Offer, change: Callable[[Offer], Offer]) -> Offer:
    """The offer with each contract year that commits something changed."""
    years = [offer, *offer.later]
    first, *later = [change(replace(year, later=())) if year.commit_usd_per_year else year for year in years]
    return replace(first, later=tuple(later))


@settings(max_examples=50)
@given(strategies.cases(), st.sampled_from([0.125, 0.5, 2.0, 64.0]))
def test_the_ledger_is_homogeneous_in_dollars(case, k):
    """Powers of two, so that no comparison of a clause falls otherwise by rounding."""
    contract = case.contract
    old, market = contract.in_force, contract.marketplace
    scaled = replace(
        contract,
        bands=tuple(replace(band, min_commit_usd_per_year=k * band.min_commit_usd_per_year) for band in contract.bands),
        in_force=old and replace(old, balance_usd=k * old.balance_usd, bank_usd=k * old.bank_usd),
        marketplace=market
        and replace(
            market,
            cap_usd_per_year=k * market.cap_usd_per_year,
            otherwise_unused_usd_per_year=k * market.otherwise_unused_usd_per_year,
        ),
        fixed_spend=tuple(replace(item, usd_per_month=k * item.usd_per_month) for item in contract.fixed_spend),
    )
    commits = case.offer.commits_usd_per_year(contract.n_years)
    offer = scaled.offer_of([k * commit for commit in commits])
    assert offer == changed_years(
        contract.offer_of(commits), lambda year: replace(year, commit_usd_per_year=k * year.commit_usd_per_year)
    )
    times = {account: (k * current, k * signing) for account, (current, signing) in case.spend.items()}
    small, large = settled(case), settled(replace(case, contract=scaled, offer=offer, spend=times))
    for name in COLUMNS:
        np.testing.assert_allclose(column(large, name), k * column(small, name), rtol=1e-9, atol=1e-9)
    for name in ("paid_usd", "npv_paid_usd", "on_demand_usd", "shortfall_usd"):
        np.testing.assert_allclose(getattr(large, name), k * getattr(small, name), rtol=1e-9, atol=1e-6)


@given(strategies.cases(), st.randoms())
def test_the_order_of_bands_tiers_and_other_spend_does_not_matter(case, random):
    contract = case.contract
    listed = [replace(band, by_tier=band.by_tier[::-1]) for band in contract.bands]
    random.shuffle(listed)
    other = replace(contract, bands=tuple(listed), fixed_spend=contract.fixed_spend[::-1])
    offer = other.offer_of(case.offer.commits_usd_per_year(contract.n_years))
    before = settled(case)
    after = settled(replace(case, contract=other, offer=offer, spend=dict(reversed(case.spend.items()))))
    for name in COLUMNS:
        np.testing.assert_allclose(column(after, name), column(before, name), rtol=1e-9, atol=1e-6)


@given(strategies.cases(marketplace=None, in_force=None))
def test_without_a_commitment_whatever_the_clauses_everything_is_paid_at_list(case):
    contract = case.contract
    result = settled(replace(case, offer=contract.offer_of([0.0] * contract.n_years)))
    np.testing.assert_allclose(result.paid_usd, result.on_demand_usd, rtol=1e-12, atol=1e-9)
    assert not any(column(result, name).any() for name in slow.BALANCE_COLUMNS)
    assert not result.shortfall_usd.any()


# --- a more generous clause never costs more -------------------------------------------------------------------------

# Of a fixed commitment, path by path. Each law says beside which other clauses it is a theorem. Of the clauses that are
# missing here: raising a commitment (true-forward, a smaller reduction, a smaller carry-forward) can save money where
# over-use costs more than committed use, so neither direction is generous; and an early renewal, a reduction and a
# true-forward are told by use, so that a gentler price can push a path over their edge.


def raised(year: Offer) -> Offer:
    return replace(year, overage_discount_fraction=min(0.95, year.overage_discount_fraction + 0.125))


@settings(max_examples=50)
@given(strategies.cases(n_paths=8), st.data())
def test_gentler_bills_for_the_same_balances_never_cost_more(case, data):
    """Beside every clause: no clause looks at the dollars that over-use, true-up, or a marketplace comes to."""
    contract = case.contract
    use, before = term_use(contract, case.paths), settled(case).paid_usd
    more = data.draw(st.integers(0, 500)) / 1000
    assert_never_more(settle(contract, changed_years(case.offer, raised), use).paid_usd, before)
    assert_never_more(paid(case, true_up_rate=max(0.0, contract.true_up_rate - more)), before)
    if contract.overage_cap_fraction is not None:
        assert_never_more(paid(case, overage_cap_fraction=contract.overage_cap_fraction + more), before)
    worth = contract.renewal.bank_value_fraction
    assert_never_more(paid(case, renewal=Renewal(bank_value_fraction=min(1.0, worth + more))), before)
    if (market := contract.marketplace) is not None:
        caps = (market.cap_usd_per_year, market.otherwise_unused_usd_per_year)
        for kinder in (
            replace(market, fee_fraction=market.fee_fraction / 2),
            replace(market, draws_down_fraction=min(1.0, market.draws_down_fraction + more)),
            replace(market, cap_usd_per_year=2 * caps[0]),
            replace(market, otherwise_unused_usd_per_year=2 * caps[1]),
        ):
            assert_never_more(paid(case, marketplace=kinder), before)


@settings(max_examples=50)
@given(
    strategies.cases(n_paths=8, shortfall="forfeit", carry_forward=None, early_renewal=None),
    st.data(),
)
def test_a_more_generous_rollover_never_costs_more(case, data):
    """Banks are drawn oldest first, so each balance is as large or larger in every month, and over-use no larger.

    Not beside a true-up, which waives less the more is carried; nor beside carry-forward, which is earned by over-use;
    nor beside early renewal, which asks how much of the commitment itself was drawn.
    """
    clause = case.contract.rollover or Rollover(share=0.25, months=2, max_fraction_of_commit=0.25)
    before, more = paid(case, rollover=clause), data.draw(st.integers(0, 500)) / 1000
    cap = clause.max_fraction_of_commit
    for kinder in (
        replace(clause, share=min(1.0, clause.share + more)),
        replace(clause, months=clause.months + data.draw(st.integers(0, 12))),
        replace(clause, renew_min_fraction=clause.renew_min_fraction / 2),
        replace(clause, max_fraction_of_commit=None if cap is None else cap + more),
        replace(clause, max_fraction_of_commit=None),
    ):
        assert_never_more(paid(case, rollover=kinder), before)
    assert_never_more(before, paid(case, rollover=replace(clause, share=0.0)))


@settings(max_examples=50)
@given(strategies.cases(n_paths=8, rollover=None, carry_forward=None), st.data())
def test_more_credit_at_an_early_renewal_never_costs_more(case, data):
    """The bank is larger and whether a path renews is decided before; beside the same clauses as a rollover."""
    months = case.contract.term_months
    clause = case.contract.early_renewal or EarlyRenewal(
        month=max(1, months // 2), credit_fraction=0.25, commit_fraction=0.5
    )
    assume(months > 1)
    kinder = replace(clause, credit_fraction=min(1.0, clause.credit_fraction + data.draw(st.integers(0, 500)) / 1000))
    assert_never_more(paid(case, early_renewal=kinder), paid(case, early_renewal=clause))


def is_sound(contract: Contract) -> bool:
    """A rollover beside a true-up carries dollars that would have been waived."""
    return contract.rollover is None or contract.shortfall == "forfeit"


NOT_TOLD_BY_USE: Mapping[str, None] = {name: None for name in NO_CLAUSES if name != "rollover"}


@settings(max_examples=50)
@given(
    strategies.cases(n_paths=8, **NOT_TOLD_BY_USE).filter(lambda case: is_sound(case.contract)),
    st.integers(0, 300).map(lambda value: value / 1000),
    st.integers(0, 300).map(lambda value: value / 1000),
)
def test_gentler_prices_for_committed_use_never_cost_more(case, cap, more):
    """The same use draws less in every month, so balances last longer and less of any month is over-use.

    That a passed-through fall leaves more of the commitment unused is no contradiction: it is owed either way.
    """
    contract = replace(case.contract, price_rise_cap_fraction=cap)
    case = replace(case, contract=contract, has_accounts=True)
    assert_never_more(paid(case), paid(case, price_rise_cap_fraction=cap + more))
    assert_never_more(paid(case, price_falls_passed_through=True), paid(case, price_falls_passed_through=False))
    through = replace(case, contract=replace(contract, price_falls_passed_through=True))
    assert_never_more(paid(through), paid(through, price_rise_cap_fraction=None))


def cheaper(year: Offer) -> Offer:
    return replace(
        year,
        discount_fraction=year.discount_fraction + 0.125,
        discount_by_tier=tuple((tier, discount + 0.125) for tier, discount in year.discount_by_tier),
    )


@settings(max_examples=50)
@given(strategies.cases(n_paths=8, renewal=Renewal(), **NOT_TOLD_BY_USE).filter(lambda case: is_sound(case.contract)))
def test_lower_rates_for_a_commitment_in_the_same_dollars_never_cost_more(case):
    """In contracted dollars the same use draws less; in list dollars each of them owes less.

    In list dollars nothing must be expected back for what is banked, which a lower rate makes worth less.
    """
    use = term_use(case.contract, case.paths)
    assert_never_more(settle(case.contract, changed_years(case.offer, cheaper), use).paid_usd, settled(case).paid_usd)


AT_ONE_RATE: Mapping[str, Any] = {
    **NO_CLAUSES,
    "drawdown": "contracted",
    "band_mode": "all_units",
    "overage": "committed",
    "overage_cap_fraction": None,
    "price_falls_passed_through": True,
    "price_rise_cap_fraction": None,
    "shortfall": "forfeit",
}


@settings(max_examples=50)
@given(strategies.cases(n_paths=8, **AT_ONE_RATE), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_more_carry_forward_never_costs_more_where_over_use_has_the_committed_rate(case, share, most, more):
    """There a period costs the larger of its use and its commitment, so a lower commitment never costs more.

    A larger share leaves no less credit after any period. A larger part of a commitment may spend the credit where it
    saves nothing: unless all of the over-use that this makes is credited again, that can cost more later.
    """

    def with_clause(share: int, most: int) -> FloatArray:
        clause = CarryForward(share=min(share, 1000) / 1000, max_fraction_of_commit=min(most, 1000) / 1000)
        return paid(case, carry_forward=clause)

    assert_never_more(with_clause(share + more, most), with_clause(share, most))
    assert_never_more(with_clause(1000, most + more), with_clause(1000, most))


@settings(max_examples=50)
@given(
    strategies.cases(
        n_paths=8,
        **{
            **NO_CLAUSES,
            "bands": (DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.2),),
            "eligible": Eligibility(),
            "overage": 0.05,
            "overage_cap_fraction": None,
            "price_falls_passed_through": True,
            "price_rise_cap_fraction": None,
            "shortfall": "forfeit",
            "marketplace": None,
            "renewal": Renewal(),
            "ramp": "flat",
        },
    ),
    st.integers(1, 24),
)
def test_the_cost_of_a_flat_commitment_with_full_rollover_is_convex_on_every_path(case, months):
    """Balances are drawn in the order in which they end, which covers as much use as any order can: a linear program
    whose resources are multiples of the commitment. With one price for all over-use its value is convex."""
    contract = replace(case.contract, rollover=Rollover(share=1.0, months=months))
    use = term_use(contract, case.paths)
    top = 2 * max(1.0, float(use.on_demand_usd.mean()) * 12 / contract.term_months)
    costs = np.array([settle(contract, contract.offer_at(top * n / 16), use).paid_usd for n in range(1, 17)])
    bends = np.diff(costs, n=2, axis=0)
    assert (bends >= -1e-9 * costs.max(axis=0) - 1e-6).all(), bends.min()


# --- a published check -----------------------------------------------------------------------------------------------

# Three years of independent log-normal use, medians growing from 0.7 by 0.3 a year, sigma 0.35, a discount of 20%, and
# a flat commitment of 0.7: a simulation printed these, with a sampling error of its own in the last digit.
PUBLISHED = {"forfeited": 0.213, "cost": 2.933, "forfeited_with_rollover": 0.054, "cost_with_rollover": 2.734}
MEDIANS, SIGMA, COMMIT = np.array([0.7, 1.0, 1.3]), 0.35, 0.7


def expected_below(median: float, strike: float) -> float:
    """E[(strike - X)+] of a log-normal X."""
    edge = np.log(strike / median) / SIGMA
    return float(strike * norm.cdf(edge) - median * np.exp(SIGMA**2 / 2) * norm.cdf(edge - SIGMA))


def three_years(rollover: Rollover | None) -> tuple[FloatArray, FloatArray]:
    """(forfeited or still banked after three years, paid) per path, in millions."""
    contract = contract_of(term_months=36, rollover=rollover)
    draws = np.random.default_rng(20).standard_normal((3, 20_000))
    years = MEDIANS[:, None] * np.exp(SIGMA * np.concatenate([draws, -draws], axis=1))
    spend = np.repeat(years * 1e6 / 12, 12, axis=0)
    case = Case(contract=contract, offer=contract.offer_at(COMMIT * 1e6), spend={OPUS: (spend, spend)})
    result = settled(case)
    return result.shortfall_usd.sum(axis=0) / 1e6, result.paid_usd / 1e6


def assert_mean(values: FloatArray, expected: float, rounding: float = 0.0) -> None:
    """Within four standard errors of antithetic pairs."""
    pairs = values.reshape(2, -1).mean(axis=0)
    assert values.mean() == pytest.approx(expected, abs=4 * pairs.std() / np.sqrt(pairs.size) + rounding)


def test_without_rollover_three_years_cost_what_the_closed_form_says_and_what_was_published():
    below = [expected_below(median, COMMIT / 0.8) for median in MEDIANS]
    mean = MEDIANS.sum() * np.exp(SIGMA**2 / 2)
    forfeited, cost = 0.8 * sum(below), 3 * COMMIT + mean - 3 * COMMIT / 0.8 + sum(below)
    assert (forfeited, cost) == pytest.approx((PUBLISHED["forfeited"], PUBLISHED["cost"]), abs=0.003)
    unused, billed = three_years(None)
    assert_mean(unused, forfeited)
    assert_mean(billed, cost)


def test_rollover_cuts_what_is_forfeited_in_three_growing_years_as_was_published():
    unused, billed = three_years(ROLLOVER)
    assert_mean(unused, PUBLISHED["forfeited_with_rollover"], rounding=0.003)
    assert_mean(billed, PUBLISHED["cost_with_rollover"], rounding=0.003)
