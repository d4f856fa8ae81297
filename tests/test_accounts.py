"""Spend by account: who is paid for what, which of it may draw a commitment down, and that it adds up to the whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import strategies
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mix_entry, override, plan_table
from test_retirements import START, book, entry, priced
from test_simulation import MODELS, MOVING, RANDOM, factor, route
from test_spend_terms import CACHES, CERTAIN, ROUTES, TYPES, UNCERTAIN

from planner.clauses import Eligibility
from planner.errors import InputError
from planner.lever_costs.unit_costs import OVERHEAD, Account, Copy
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare
from planner.simulation import AccountPaths, KeptPaths, SpendPaths, simulate_spend
from planner.simulation_block import SpendModel
from planner.streams import PATHS_PER_BLOCK

PATHS = 300
EVERYTHING = Eligibility()
NO_BATCH = Eligibility(batch=False)
OPUS, HAIKU = Account("opus"), Account("haiku")
NO_OPUS, NO_HAIKU = Account("opus", False), Account("haiku", False)


def model(eligible: Eligibility = EVERYTHING, **changed: Any) -> SpendModel:
    terms = {"mix": TYPES, "overrides": MODELS, "demand": RANDOM, "cuts": MOVING}
    inputs = parse_plan(tomlkit.dumps(plan_table(**{**terms, **changed})), base_dir=strategies.Path())
    return prepare(replace(inputs, contract=replace(inputs.contract, eligible=eligible))).spend_model


def calm(eligible: Eligibility, **changed: Any) -> dict[str, SpendPaths]:
    """Spend by account where neither demand nor prices move."""
    found = model(eligible, **{"mix": TYPES[:1], "demand": {}, "cuts": {}, **changed})
    return simulate_spend(found, paths=2, seed=1, accounts=True)


def usd(spend: SpendPaths, month: int = 0) -> dict[Account, float]:
    """What each account costs in one month, on the first path."""
    return {account: float(paths.current_usd[month, 0]) for account, paths in spend.accounts.items()}


def total(parts: list[np.ndarray | None]) -> np.ndarray:
    return np.sum(parts, axis=0)


def assert_adds_up(spend: SpendPaths) -> None:
    current = total([paths.current_usd for paths in spend.accounts.values()])
    signing = total([paths.signing_usd for paths in spend.accounts.values()])
    np.testing.assert_allclose(current, spend.list_cost_usd, rtol=1e-12)
    np.testing.assert_allclose(signing, spend.signing_list_cost_usd, rtol=1e-12)


# --- what invents plans: every form that a type's spend can take -----------------------------------------------------

RAMPS = st.sampled_from([{}, CERTAIN, UNCERTAIN])
BATCHES = st.fixed_dictionaries({"share": st.sampled_from([0.3, {"p10": 0.2, "p90": 0.6}]), "ramp": RAMPS})
LEVERS = st.lists(
    st.tuples(
        st.sampled_from(["chat", "code", "mail"]),
        st.none() | ROUTES,
        CACHES,
        st.none() | BATCHES,
        st.sampled_from([None, {"cut": 0.1}]),
    ),
    max_size=3,
    unique_by=lambda found: found[0],
)
BATCHED_TYPES = [{**item, "batch_fraction": share} for item, share in zip(TYPES, (0.0, 0.3, 0.5, 1.0), strict=True)]
ELIGIBILITIES = st.builds(
    Eligibility,
    models=st.sampled_from([None, (), ("strong",), ("light",)]),
    tiers=st.sampled_from([None, (), ("opus",), ("haiku",), ("opus", "haiku")]),
    batch=st.booleans(),
)


def scenarios(levers: Any) -> list[strategies.Table]:
    found: strategies.Table = {"name": "levers"}
    names = ("route", "cache", "batch", "output")
    for kind, routed, *others in levers:
        terms = (None if routed is None else route(kind, **routed), *others)
        for name, given_terms in zip(names, terms, strict=True):
            if given_terms is not None:
                found.setdefault(name, []).append({"request_type": kind, **given_terms})
    return [{"name": "as is"}, found]


def changing(found: SpendModel, change: Callable[[Copy], Copy]) -> SpendModel:
    """The model with every copy changed."""
    return replace(
        found,
        scenarios=tuple(
            replace(
                costs,
                types=tuple(replace(item, copies=tuple(map(change, item.copies))) for item in costs.types),
            )
            for costs in found.scenarios
        ),
    )


def eligible_spend(spend: SpendPaths) -> np.ndarray:
    return total([paths.current_usd for account, paths in spend.accounts.items() if account.eligible])


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(
    LEVERS, ELIGIBILITIES, st.sampled_from([{}, {"rebound": {"p10": 0.1, "p90": 0.3}}]), st.sampled_from([{}, MOVING])
)
def test_accounts_add_up_to_the_spend_and_leave_it_as_it_is(levers, eligible, rebound, cuts):
    found = model(eligible, mix=BATCHED_TYPES, scenario=scenarios(levers), demand={**RANDOM, **rebound}, cuts=cuts)
    apart = simulate_spend(found, paths=PATHS, seed=1, accounts=True)
    whole = simulate_spend(found, paths=PATHS, seed=1)
    for name, spend in apart.items():
        assert_adds_up(spend)
        np.testing.assert_array_equal(spend.list_cost_usd, whole[name].list_cost_usd)
        np.testing.assert_array_equal(spend.signing_list_cost_usd, whole[name].signing_list_cost_usd)
        assert min(paths.current_usd.min() for paths in spend.accounts.values()) >= 0.0
        assert not whole[name].accounts


@settings(max_examples=25)
@given(LEVERS, ELIGIBILITIES)
def test_the_eligible_accounts_hold_what_is_left_when_the_rest_is_free(levers, eligible):
    """Another plan with nothing apart: models that are not eligible cost nothing in it, nor does batch if it is not."""
    plan = {"mix": BATCHED_TYPES, "scenario": scenarios(levers)}
    named = {*(eligible.models or ()), *({"opus": "strong", "haiku": "light"}[tier] for tier in eligible.tiers or ())}
    paid = {"strong", "light"} if eligible.models is None and eligible.tiers is None else named

    def rest_free(copy: Copy) -> Copy:
        return replace(
            copy,
            usd=copy.usd * (copy.model in paid),
            batch_multiplier=copy.batch_multiplier if eligible.batch else 0.0,
        )

    expected = simulate_spend(changing(model(**plan), rest_free), paths=PATHS, seed=1)
    for name, spend in simulate_spend(model(eligible, **plan), paths=PATHS, seed=1, accounts=True).items():
        np.testing.assert_allclose(eligible_spend(spend), expected[name].list_cost_usd, rtol=1e-9, atol=1e-6)


def test_with_everything_eligible_there_is_one_account_a_tier_and_one_of_overhead():
    found = model(scenario=[{"name": "as is"}, {"name": "routed", "route": [route(overhead_usd_per_request=0.001)]}])
    spend = simulate_spend(found, paths=PATHS, seed=1, accounts=True)
    assert set(spend["as is"].accounts) == {OPUS}
    assert set(spend["routed"].accounts) == {OPUS, HAIKU, OVERHEAD}


def test_accounts_do_not_depend_on_the_number_of_threads():
    found = model(NO_BATCH, mix=BATCHED_TYPES, scenario=[{"name": "as is"}, {"name": "routed", "route": [route()]}])
    paths = PATHS_PER_BLOCK + 100
    one, two = (simulate_spend(found, paths=paths, seed=1, accounts=True, threads=n) for n in (1, 2))
    for name, spend in one.items():
        assert set(spend.accounts) == set(two[name].accounts)
        for account, paths_of in spend.accounts.items():
            np.testing.assert_array_equal(paths_of.current_usd, two[name].accounts[account].current_usd)
            np.testing.assert_array_equal(paths_of.signing_usd, two[name].accounts[account].signing_usd)


# --- by hand: 1,000,000 requests a month at 0.01 USD on opus, at 0.001 USD on haiku ----------------------------------

HALF = [{"name": "as is"}, {"name": "half", "route": [route(share=0.5, escalation=0.2, ramp={"start_month": 5.9})]}]
HALF[1]["route"][0]["overhead_usd_per_request"] = 0.002
"""From month 6 on half of the requests go to haiku, a fifth of these again to opus; routing costs 0.002 USD each."""


@pytest.mark.parametrize(
    ("eligible", "before", "after"),
    [
        (EVERYTHING, {OPUS: 10_000}, {OPUS: 6000, HAIKU: 500, OVERHEAD: 1000}),
        (Eligibility(models=("strong",)), {OPUS: 10_000}, {OPUS: 6000, NO_HAIKU: 500, OVERHEAD: 1000}),
        (Eligibility(models=("light",)), {NO_OPUS: 10_000}, {NO_OPUS: 6000, HAIKU: 500, OVERHEAD: 1000}),
        (Eligibility(tiers=("opus",)), {OPUS: 10_000}, {OPUS: 6000, NO_HAIKU: 500, OVERHEAD: 1000}),
        (Eligibility(models=("light",), tiers=("opus",)), {OPUS: 10_000}, {OPUS: 6000, HAIKU: 500, OVERHEAD: 1000}),
        (
            Eligibility(models=("light",), tiers=("sonnet",)),
            {NO_OPUS: 10_000},
            {NO_OPUS: 6000, HAIKU: 500, OVERHEAD: 1000},
        ),
    ],
)
def test_routing_moves_dollars_to_the_account_of_the_model_that_serves(eligible, before, after):
    spend = calm(eligible, scenario=HALF)["half"]
    assert usd(spend, 5) == pytest.approx({**dict.fromkeys(after, 0.0), **before})
    assert usd(spend, 6) == pytest.approx(after)


def test_two_models_of_one_tier_can_be_in_two_accounts():
    mix = [mix_entry("chat"), mix_entry("code", "second", monthly_requests=300_000.0)]
    models = [override("strong", "opus"), override("second", "opus")]
    spend = calm(Eligibility(models=("second",)), mix=mix, overrides=models)["as is"]
    assert usd(spend) == pytest.approx({OPUS: 3000, NO_OPUS: 10_000})


def test_batch_that_is_not_eligible_leaves_the_realtime_part_where_it_was():
    """A fifth runs through batch at half the price: 8,000 USD in real time, 1,000 USD through batch."""
    mix = [mix_entry(batch_fraction=0.2)]
    assert usd(calm(NO_BATCH, mix=mix)["as is"]) == pytest.approx({OPUS: 8000, NO_OPUS: 1000})
    assert usd(calm(EVERYTHING, mix=mix)["as is"]) == pytest.approx({OPUS: 9000})
    nothing = Eligibility(tiers=("haiku",), batch=False)
    assert usd(calm(nothing, mix=mix)["as is"]) == pytest.approx({NO_OPUS: 9000})


def test_a_batch_lever_moves_dollars_out_as_it_is_adopted():
    """Of the four fifths that are not batch yet a quarter moves: 6,000 and 2,000 USD, after 8,000 and 1,000."""
    lever = {"request_type": "chat", "share": 0.25, "ramp": {"start_month": 2.9}}
    scenario = [{"name": "as is"}, {"name": "batched", "batch": [lever]}]
    spend = calm(NO_BATCH, mix=[mix_entry(batch_fraction=0.2)], scenario=scenario)["batched"]
    assert usd(spend, 2) == pytest.approx({OPUS: 8000, NO_OPUS: 1000})
    assert usd(spend, 3) == pytest.approx({OPUS: 6000, NO_OPUS: 2000})


def test_a_routed_type_keeps_its_batch_share_on_the_model_it_goes_to():
    """Half of the requests go to haiku; two fifths of every model's requests run through batch at half the price."""
    scenario = [{"name": "as is"}, {"name": "routed", "route": [route(share=0.5, escalation=0.0, ramp={})]}]
    for share in (0.5, {"p10": 0.5, "p90": 0.5000001}):  # certain, and drawn
        scenario[1]["route"][0]["share"] = share
        spend = calm(NO_BATCH, mix=[mix_entry(batch_fraction=0.4)], scenario=scenario)["routed"]
        expected = {OPUS: 3000, NO_OPUS: 1000, HAIKU: 300, NO_HAIKU: 100}
        assert usd(spend) == pytest.approx(expected, rel=1e-5)


def test_types_that_are_routed_away_in_full_leave_nothing_behind_and_no_less():
    """What is certain and what drawn routes take away of it cancel but for rounding, in either direction."""
    away = {"share": 1.0, "escalation": {"p10": 0.1, "p90": 0.2}, "escalate_to": "light", "ramp": {}}
    scenario = [{"name": "as is"}, {"name": "routed", "route": [route(kind, **away) for kind in ("chat", "code")]}]
    found = simulate_spend(model(NO_BATCH, mix=TYPES[:2], scenario=scenario), paths=PATHS, seed=1, accounts=True)
    assert_adds_up(found["routed"])
    left = found["routed"].accounts[OPUS].current_usd
    assert left.min() == 0.0
    assert left.max() < 1e-9


def test_a_model_that_retires_takes_its_dollars_to_the_account_of_its_successor():
    """In service until the middle of February: half of that month, and all of the next, is its successor's."""
    prices = book({"claude-opus-4-6": START + timedelta(days=44)})  # 14 February, of 28 days
    eligible = Eligibility(models=("claude-opus-4-6",))
    costs = priced(prices, entry("claude-opus-4-6"), eligible=eligible)
    units = costs.types[0].unit_cost_by_account(np.arange(3.0), {})
    before = units[OPUS][:, 0]
    assert before == pytest.approx([before[0], before[0] / 2, 0.0])
    assert units[NO_OPUS][:, 0] == pytest.approx([0.0, units[NO_OPUS][2, 0] / 2, units[NO_OPUS][2, 0]])
    assert min(before[0], units[NO_OPUS][2, 0]) > 0


# --- prices, drift, rebound ------------------------------------------------------------------------------------------

ROUTED = [{"name": "as is"}, {"name": "routed", "route": [route(overhead_usd_per_request=0.002)]}]


def routed(eligible: Eligibility, **changed: Any) -> dict[Account, AccountPaths]:
    mix = [mix_entry(batch_fraction=0.2), *BATCHED_TYPES[1:]]
    found = model(eligible, mix=mix, scenario=ROUTED, **changed)
    return dict(simulate_spend(found, paths=PATHS, seed=1, accounts=True)["routed"].accounts)


def test_both_accounts_of_a_tier_pay_its_price_and_overhead_pays_none():
    """At signing prices an account is what it is where no price moves; at current ones the tier's factor is on top."""
    still, moving = routed(NO_BATCH, cuts={}), routed(NO_BATCH)
    assert set(moving) == {OPUS, NO_OPUS, HAIKU, NO_HAIKU, OVERHEAD}
    for account, paths in moving.items():
        assert still[account].signing_usd is still[account].current_usd
        np.testing.assert_allclose(paths.signing_usd, still[account].current_usd, rtol=1e-12)
    for one, other in ((OPUS, NO_OPUS), (HAIKU, NO_HAIKU)):
        np.testing.assert_allclose(
            moving[one].current_usd * moving[other].signing_usd,
            moving[other].current_usd * moving[one].signing_usd,
            rtol=1e-12,
        )
        assert not np.allclose(moving[other].current_usd, moving[other].signing_usd)
    np.testing.assert_array_equal(moving[OVERHEAD].current_usd, moving[OVERHEAD].signing_usd)


def test_the_price_of_an_account_is_that_of_its_tier():
    spend = simulate_spend(
        model(Eligibility(tiers=("haiku",)), mix=TYPES[:1], demand={}), paths=10_000, seed=1, accounts=True
    )["as is"]
    np.testing.assert_allclose(
        spend.accounts[NO_OPUS].current_usd[:, :PATHS_PER_BLOCK], 10_000 * factor("opus"), rtol=1e-12
    )


@pytest.mark.parametrize("rebound", [0.0, 1e-12])
def test_tokens_drift_in_every_account_but_overhead(rebound):
    quiet = {**strategies.CALM_DEMAND, "rebound": rebound}
    plain = routed(NO_BATCH, demand=quiet)
    drifting = routed(NO_BATCH, demand={**quiet, "token_drift_per_year": {"p10": -0.05, "p90": 0.4}})
    drift = drifting[OPUS].current_usd / plain[OPUS].current_usd
    assert drift[1:].std() > 0.01
    for account in (OPUS, NO_OPUS, HAIKU, NO_HAIKU):
        np.testing.assert_allclose(drifting[account].current_usd, plain[account].current_usd * drift, rtol=1e-9)
        np.testing.assert_allclose(drifting[account].signing_usd, plain[account].signing_usd * drift, rtol=1e-9)
    np.testing.assert_allclose(drifting[OVERHEAD].current_usd, plain[OVERHEAD].current_usd, rtol=1e-9)


def test_rebound_grows_every_account_of_a_type_alike():
    """All goes to haiku at a tenth: at an elasticity of 0.3 twice the use, in real time and through batch."""
    scenario = [{"name": "as is"}, {"name": "routed", "route": [route(share=1.0, escalation=0.0, ramp={})]}]
    spend = calm(NO_BATCH, mix=[mix_entry(batch_fraction=0.2)], demand={"rebound": 0.3}, scenario=scenario)
    expected = {OPUS: 0.0, NO_OPUS: 0.0, HAIKU: 800 * 10**0.3, NO_HAIKU: 100 * 10**0.3}
    assert usd(spend["routed"]) == pytest.approx(expected)
    assert usd(spend["as is"]) == pytest.approx({OPUS: 8000, NO_OPUS: 1000})


@pytest.mark.parametrize("eligible", [NO_BATCH, Eligibility(models=("light",))])
def test_accounts_with_almost_no_rebound_are_those_without(eligible):
    plain, tiny = routed(eligible), routed(eligible, demand={**RANDOM, "rebound": 1e-12})
    assert set(plain) == set(tiny)
    for account, paths in plain.items():
        np.testing.assert_allclose(tiny[account].current_usd, paths.current_usd, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(tiny[account].signing_usd, paths.signing_usd, rtol=1e-9, atol=1e-6)


# --- what is asked for, and what is kept -----------------------------------------------------------------------------


def test_accounts_keep_every_month_of_every_path():
    spend = simulate_spend(model(), paths=PATHS, seed=1, signing=False, accounts=True, months_of=128)["as is"]
    assert spend.list_cost_usd.shape == spend.accounts[OPUS].current_usd.shape == (12, PATHS)
    assert spend.sums == {}
    assert spend.accounts[OPUS].signing_usd is None


def test_spend_without_accounts_is_never_taken_for_spend_with_them():
    found, kept = model(), KeptPaths()
    simulate_spend(found, paths=PATHS, seed=1, kept=kept)
    first = simulate_spend(found, paths=PATHS, seed=1, kept=kept, accounts=True)["as is"]
    assert set(first.accounts) == {OPUS}
    assert simulate_spend(found, paths=PATHS, seed=1, kept=kept, accounts=True)["as is"] is first
    other = simulate_spend(model(Eligibility(tiers=())), paths=PATHS, seed=1, kept=kept, accounts=True)["as is"]
    assert set(other.accounts) == {NO_OPUS}


def test_what_is_kept_counts_the_accounts():
    n_bytes = 12 * PATHS * 8
    for arrays, stays in ((2, True), (1, False)):  # in half of the bound: the whole and one account, at one price
        kept = KeptPaths(max_bytes=2 * arrays * n_bytes)
        simulate_spend(model(cuts={}), paths=PATHS, seed=1, kept=kept, accounts=True)
        assert bool(kept.spend) is stays


# --- names -----------------------------------------------------------------------------------------------------------


def test_models_are_named_as_people_write_them():
    assert usd(calm(Eligibility(models=(" STRONG",)))["as is"]) == pytest.approx({OPUS: 10_000})
    prices = book({})
    for name in ("claude-opus-5-5", "anthropic.claude-opus-5-5", "Claude-Opus-5.5"):
        (costs,) = priced(prices, entry("claude-opus-5-5"), eligible=Eligibility(models=(name,))).types
        assert costs.accounts == {OPUS}


def test_a_model_that_nobody_knows_is_refused_by_name():
    with pytest.raises(InputError, match=r"contract\.eligible\.models: .*'stronger'.*Nearest known: .*strong"):
        model(Eligibility(models=("strong", "stronger")))
