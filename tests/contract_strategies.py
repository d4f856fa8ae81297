"""Contracts with any clauses that may stand together, offers under them, and monthly spend to settle.

One description serves hypothesis, which looks for a counterexample and shrinks it, and a seeded generator, which makes
thousands fast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import settlement_reference as slow
from hypothesis import strategies as st

from planner.bands import DiscountBand
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
from planner.contract import Contract
from planner.lever_costs.unit_costs import Account
from planner.offer import Offer
from planner.simulation import AccountPaths, SpendPaths
from planner.units import FloatArray

TIERS = ("opus", "haiku")


class Pick(Protocol):
    """Where choices come from."""

    def one(self, options: Sequence[Any]) -> Any:
        """Any of the options; the first is the simplest."""

    def number(self, low: int, high: int) -> int:
        """A whole number from low to high; low is the simplest."""


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """Choices of a random generator."""

    rng: np.random.Generator

    def one(self, options: Sequence[Any]) -> Any:
        return options[self.rng.integers(len(options))]

    def number(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high, endpoint=True))


@dataclass(frozen=True, kw_only=True)
class Found:
    """Choices of hypothesis."""

    draw: st.DrawFn

    def one(self, options: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(options))

    def number(self, low: int, high: int) -> int:
        return self.draw(st.integers(low, high))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A contract, an offer under it, and paths: USD by account at current and at signing prices, (n_months, n_paths).

    has_accounts: whether the product is told the accounts, or only their sum.
    """

    contract: Contract
    offer: Offer
    spend: Mapping[Account, tuple[FloatArray, FloatArray]]
    has_accounts: bool = True

    @property
    def n_paths(self) -> int:
        return next(iter(self.spend.values()))[0].shape[1]

    @property
    def terms(self) -> slow.Terms:
        return terms_of(self.contract, self.offer)

    @property
    def paths(self) -> SpendPaths:
        accounts = {account: AccountPaths(current_usd=a, signing_usd=b) for account, (a, b) in self.spend.items()}
        current = sum(current for current, _ in self.spend.values())
        signing = sum(signing for _, signing in self.spend.values())
        return SpendPaths(
            list_cost_usd=current,
            signing_list_cost_usd=signing,
            accounts=accounts if self.has_accounts else {},
        )

    def months(self, path: int) -> list[dict[slow.Account, slow.Spent]]:
        """A path as the reference reads it."""
        return [
            {
                slow.Account(account.tier, account.eligible): slow.Spent(
                    dec(current[month, path]), dec(signing[month, path])
                )
                for account, (current, signing) in self.spend.items()
            }
            for month in range(self.contract.term_months)
        ]


def dec(value: float) -> Decimal:
    """The decimal number that a float is written as."""
    return Decimal(repr(float(value)))


# --- the reference's terms -------------------------------------------------------------------------------------------


def terms_of(contract: Contract, offer: Offer) -> slow.Terms:
    """What was signed, as the reference reads it; rights that are not exercised are no clauses."""
    payment, fixed = contract.payment, contract.fixed_spend
    return slow.Terms(
        months=contract.term_months,
        years=tuple(_year(offer.in_year(year)) for year in range(contract.n_years)),
        period=contract.commit_period,
        quarter_shares=tuple(dec(share) for share in contract.quarter_shares),
        drawdown=contract.drawdown,
        overage_by_tier=contract.overage == "committed",
        overage_cap=_maybe(contract.overage_cap_fraction),
        true_up=dec(contract.true_up_rate) if contract.shortfall == "true_up" else None,
        eligible=dec(contract.eligible_fraction),
        passed_through=contract.price_falls_passed_through,
        rise_cap=_maybe(contract.price_rise_cap_fraction),
        payment=payment.mode,
        cost_of_capital=dec(payment.cost_of_capital_per_year),
        bank_value=dec(contract.renewal.bank_value_fraction),
        extra_eligible=sum((dec(item.usd_per_month) for item in fixed if item.eligible), start=slow.ZERO),
        extra_outside=sum((dec(item.usd_per_month) for item in fixed if not item.eligible), start=slow.ZERO),
        **_carrying_clauses(contract),
        **_changing_clauses(contract),
        **_other_contracts(contract),
    )


def _maybe(value: float | None) -> Decimal | None:
    return None if value is None else dec(value)


def _year(offer: Offer) -> slow.Year:
    return slow.Year(
        commit=dec(offer.commit_usd_per_year),
        discount=dec(offer.discount_fraction),
        overage_discount=dec(offer.overage_discount_fraction),
        by_tier={tier: dec(discount) for tier, discount in offer.discount_by_tier},
    )


def _carrying_clauses(contract: Contract) -> dict[str, Any]:
    rollover, forward = contract.rollover, contract.carry_forward
    return {
        "rollover": rollover
        and slow.Rollover(
            share=dec(rollover.share),
            months=rollover.months,
            renew_min=dec(rollover.renew_min_fraction),
            max_fraction=_maybe(rollover.max_fraction_of_commit),
            carried_first=rollover.draw == "carried_first",
        ),
        "carry_forward": forward
        and slow.CarryForward(share=dec(forward.share), max_fraction=dec(forward.max_fraction_of_commit)),
    }


def _changing_clauses(contract: Contract) -> dict[str, Any]:
    lower, early, ratchet = contract.reduction, contract.early_renewal, contract.true_forward
    return {
        "reduction": slow.Reduction(max_fraction=dec(lower.max_fraction), lookback=lower.lookback_months)
        if lower and lower.exercised
        else None,
        "early_renewal": slow.EarlyRenewal(
            month=early.month, credit=dec(early.credit_fraction), commit=dec(early.commit_fraction)
        )
        if early and early.exercised
        else None,
        "true_forward": ratchet
        and slow.TrueForward(
            trigger=dec(ratchet.trigger_fraction),
            share=dec(ratchet.share),
            lookback=ratchet.lookback_months,
            resets=ratchet.resets,
        ),
    }


def _other_contracts(contract: Contract) -> dict[str, Any]:
    market, old = contract.marketplace, contract.in_force
    return {
        "marketplace": market
        and slow.Marketplace(
            fee=dec(market.fee_fraction),
            draws_down=dec(market.draws_down_fraction),
            cap_a_year=dec(market.cap_usd_per_year),
            unused_a_year=dec(market.otherwise_unused_usd_per_year),
        ),
        "in_force": old
        and slow.InForce(
            balances=((dec(old.bank_usd), old.bank_ends_month), (dec(old.balance_usd), old.ends_month)),
            discount=dec(old.discount_fraction),
            renew=old.on_signing == "renew",
        ),
    }


# --- contracts -------------------------------------------------------------------------------------------------------


def contract_from(pick: Pick, level_usd: int, **given: Any) -> Contract:
    """Any contract whose sums of money fit a monthly spend of about level_usd. given: fields that are decided."""
    months = given.get("term_months", pick.one([12, 24, 36, 36, 1, 2, 3, 5, 6, 11, 13, 18, 30]))
    period = given.get("commit_period", pick.one(["year", "year", "quarter", "term"]))
    made = {
        "term_months": months,
        "commit_period": period,
        **_band_fields(pick, level_usd),
        **_price_fields(pick),
        **_period_fields(pick, months, period),
        **_clauses(pick, months, period, level_usd),
        **_around(pick, months, level_usd),
    }
    return Contract(**{**made, **given})


def _mille(pick: Pick, low: int = 0, high: int = 1000) -> float:
    return pick.number(low, high) / 1000


def _band_fields(pick: Pick, level_usd: int) -> dict[str, Any]:
    lows = {pick.number(0, 24 * level_usd) for _ in range(pick.one([1, 2, 4]))}
    drawdown, mode = pick.one(["contracted", "contracted", "list"]), pick.one(["all_units", "all_units", "incremental"])
    is_tiered = drawdown == "contracted" and mode == "all_units" and pick.one([False, True])
    bands = []
    for low in lows:
        named = [tier for tier in TIERS if is_tiered and pick.one([False, True])]
        tiers = tuple((tier, _mille(pick, 0, 600)) for tier in named)
        bands.append(
            DiscountBand(min_commit_usd_per_year=float(low), discount_fraction=_mille(pick, 0, 600), by_tier=tiers)
        )
    return {
        "bands": tuple(bands),
        "band_basis": pick.one(["year", "term"]),
        "band_mode": mode,
        "drawdown": drawdown,
        "overage": pick.one(["list", "committed", _mille(pick, 0, 500)]),
        "overage_cap_fraction": pick.one([None, _mille(pick, 0, 1500)]),
    }


def _price_fields(pick: Pick) -> dict[str, Any]:
    is_some = pick.one([False, False, True])
    return {
        "eligible_fraction": pick.one([1.0, _mille(pick, 1)]),
        "eligible": pick.one([Eligibility(tiers=("opus",)), Eligibility(batch=False)]) if is_some else Eligibility(),
        "price_falls_passed_through": pick.one([True, False]),
        "price_rise_cap_fraction": pick.one([None, 0.0, _mille(pick, 0, 300)]),
    }


def _period_fields(pick: Pick, months: int, period: str) -> dict[str, Any]:
    shares = pick.one([(0.25, 0.25, 0.25, 0.25), (0.1, 0.2, 0.3, 0.4), (0.0, 0.5, 0.375, 0.125)])
    years = -(-months // 12)
    shape = tuple(pick.one([1.0, 0.5, 1.25, 2.0]) for _ in range(years))
    return {
        "quarter_shares": shares,
        "ramp": "flat" if period == "term" else pick.one(["flat", "free", shape]),
        "shortfall": pick.one(["forfeit", "true_up"]),
        "true_up_rate": _mille(pick),
    }


def _clauses(pick: Pick, months: int, period: str, level_usd: int) -> dict[str, Any]:
    """Each of the clauses is there or not."""
    first = min(months, {"quarter": 3, "year": 12, "term": months}[period])
    divisors = [n for n in range(1, first + 1) if first % n == 0]
    clauses = {
        "rollover": Rollover(
            share=pick.one([1.0, _mille(pick)]),
            months=pick.number(1, 26),
            renew_min_fraction=pick.one([0.0, 0.75, 1.0]),
            max_fraction_of_commit=pick.one([None, _mille(pick)]),
            draw=pick.one(["carried_first", "current_first"]),
        ),
        "carry_forward": CarryForward(
            share=pick.one([1.0, _mille(pick)]), max_fraction_of_commit=pick.one([1.0, _mille(pick)])
        ),
        "reduction": Reduction(
            max_fraction=_mille(pick), lookback_months=pick.number(1, 18), exercised=pick.one([True, True, False])
        ),
        "early_renewal": EarlyRenewal(
            month=pick.number(1, max(months - 1, 1)),
            credit_fraction=_mille(pick),
            commit_fraction=_mille(pick, 0, 1500),
            exercised=pick.one([True, True, False]),
        ),
        "true_forward": TrueForward(
            trigger_fraction=_mille(pick, 500, 1500),
            share=_mille(pick, 0, 1200),
            lookback_months=pick.one(divisors),
            resets=pick.one([True, False]),
        ),
    }
    if months == 1:
        del clauses["early_renewal"]
    return {name: clause if pick.one([False, True]) else None for name, clause in clauses.items()}


def _around(pick: Pick, months: int, level_usd: int) -> dict[str, Any]:
    """What a contract is paid with, bought through, follows, and what is not tokens."""
    signing = pick.one(["co_term", "renew"])
    old = InForce(
        ends_month=months if signing == "co_term" else pick.number(0, months + 3),
        balance_usd=float(pick.number(0, 6 * level_usd)),
        discount_fraction=_mille(pick, 0, 500),
        on_signing=signing,
        bank_usd=float(pick.one([0, pick.number(0, 3 * level_usd)])),
        bank_ends_month=pick.number(0, months),
    )
    market = Marketplace(
        channel="bedrock",
        fee_fraction=_mille(pick, 0, 50),
        draws_down_fraction=_mille(pick),
        cap_usd_per_year=float(pick.number(0, 12 * level_usd)),
        otherwise_unused_usd_per_year=float(pick.number(0, 12 * level_usd)),
    )
    seats = FixedSpend(name="seats", usd_per_month=float(pick.number(0, level_usd)), eligible=pick.one([True, False]))
    fees = FixedSpend(name="fees", usd_per_month=float(pick.number(0, level_usd)), eligible=pick.one([True, False]))
    return {
        "payment": Payment(
            mode=pick.one(["arrears", "quarterly", "upfront"]), cost_of_capital_per_year=pick.one([0.0, 0.08, 0.2])
        ),
        "marketplace": pick.one([None, None, market]),
        "in_force": pick.one([None, None, old]),
        "renewal": Renewal(bank_value_fraction=pick.one([0.0, _mille(pick)]), uplift_fraction=0.05),
        "fixed_spend": pick.one([(), (), (seats,), (seats, fees)]),
    }


# --- offers and spend ------------------------------------------------------------------------------------------------


def offer_from(pick: Pick, contract: Contract, level_usd: int) -> Offer:
    """Any offer: the ramp's from year 1's commitment, or year by year; none now and then."""
    top = 18 * level_usd
    if pick.one([True, False]):
        return contract.offer_at(float(pick.one([0, pick.number(1, top), pick.number(1, top), pick.number(1, top)])))
    lowest = 1 if contract.commit_period == "term" else 0
    years = [pick.number(1, top) for _ in range(contract.n_years)]
    return contract.offer_of([float(pick.one([usd, usd, usd, lowest])) for usd in years])


def spend_from(
    rng: np.random.Generator, contract: Contract, level_usd: int, n_paths: int
) -> dict[Account, tuple[FloatArray, FloatArray]]:
    """Months by paths in whole cents: idle months, tiny and huge paths, growth and decline, prices that move."""
    tiers: list[str | None] = [TIERS[0]]
    if contract.needs_accounts:
        tiers = [tier for tier in (*TIERS, None) if tier == TIERS[0] or rng.random() < 0.5]
    who = [Account(tier, True) for tier in tiers]
    if not contract.eligible.is_everything:
        who += [Account(TIERS[1], False)]
    months = np.arange(contract.term_months)[:, None]
    shape = (contract.term_months, n_paths)
    size = rng.choice([0.0, 0.01, 0.5, 1.0, 1.0, 1.0, 2.0, 50.0], size=n_paths)
    growth = rng.choice([0.93, 1.0, 1.0, 1.03, 1.1], size=n_paths) ** months
    moves = rng.choice([[1.0, 1.0, 1.0, 1.0], [1.0, 0.75, 0.4, 1.25], [1.0, 1.1, 1.2, 1.6]])
    spend = {}
    for account in who:
        signing = level_usd / len(who) * size * growth * rng.uniform(0.2, 1.8, size=shape)
        signing = np.round(signing * (rng.random(shape) > 0.15), 2)
        current = np.round(signing * rng.choice(moves, size=shape), 2)
        spend[account] = (current, signing)
    return spend


def case_from(pick: Pick, rng: np.random.Generator, n_paths: int, **given: Any) -> Case:
    """A contract, an offer and paths that fit each other."""
    level_usd = pick.one([1_000, 100, 10, 10**5, 10**7])
    contract = contract_from(pick, level_usd, **given)
    return Case(
        contract=contract,
        offer=offer_from(pick, contract, level_usd),
        spend=spend_from(rng, contract, level_usd, n_paths),
        has_accounts=contract.needs_accounts or pick.one([True, False]),
    )


def seeded_case(seed: int, n_paths: int = 4, **given: Any) -> Case:
    """The case of a seed."""
    rng = np.random.default_rng(seed)
    return case_from(Seeded(rng=rng), rng, n_paths, **given)


@st.composite
def cases(draw: st.DrawFn, *, n_paths: int = 4, **given: Any) -> Case:
    """Any case; months come from a seed: hypothesis looks for contracts, and drawn months would only slow it down."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    return case_from(Found(draw=draw), rng, n_paths, **given)
