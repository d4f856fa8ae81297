"""Spend put together from requests and unit costs: every form of a type against the plain sum, rebound, kept paths."""

from typing import Any

import numpy as np
import pytest
import strategies
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import mix_entry, plan_table
from test_simulation import MODELS, MOVING, RANDOM, route

from planner.digest import digest
from planner.errors import InputError
from planner.lever_costs.unit_costs import Account
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare
from planner.rebound import rebound_factor
from planner.simulation import KeptPaths, SpendPaths, simulate_spend
from planner.simulation_block import InputDraws, SpendModel
from planner.spend_terms import KnownChanges, spend_terms
from planner.streams import BlockStreams

PATHS = 500
TYPES = [mix_entry(name, monthly_requests=n) for name, n in (("chat", 1e6), ("code", 3e5), ("mail", 2e5), ("ads", 1e5))]


def model(**changed: Any) -> SpendModel:
    terms = {"mix": TYPES, "overrides": MODELS, "demand": RANDOM, "cuts": MOVING, "paths": PATHS}
    table = plan_table(**{**terms, **changed})
    return prepare(parse_plan(tomlkit.dumps(table), base_dir=strategies.Path())).spend_model


CERTAIN = {"start_month": 1, "months": 3}
UNCERTAIN = {"start_month": {"low": -2, "mode": 1, "high": 5}, "months": 3}
ROUTES = st.fixed_dictionaries(
    {
        "share": st.sampled_from([0.5, {"p10": 0.4, "p90": 0.9}]),
        "escalation": st.sampled_from([0.0, 0.2, {"passed": 188, "failed": 12}]),
        "ramp": st.sampled_from([{}, CERTAIN, UNCERTAIN]),
        "overhead_usd_per_request": st.sampled_from([0.0, 0.001]),
    }
)
CACHES = st.sampled_from([None, {"cacheable_fraction": 0.5, "hit_rate": {"p10": 0.5, "p90": 0.9}}])
LEVERS = st.lists(
    st.tuples(st.sampled_from(["chat", "code", "mail"]), ROUTES, CACHES), max_size=3, unique_by=lambda x: x[0]
)


@settings(max_examples=25)
@given(LEVERS, LEVERS)
def test_every_form_of_a_type_is_the_plain_sum_of_requests_times_unit_costs(one, other):
    scenarios = [{"name": "as is"}]
    for name, levers in (("one", one), ("other", other)):
        scenarios.append(
            {
                "name": name,
                "route": [route(kind, **terms) for kind, terms, _ in levers],
                "cache": [{"request_type": kind, **cache} for kind, _, cache in levers if cache],
            }
        )
    found = model(scenario=scenarios)
    streams = BlockStreams(seed=3, block=0, size=PATHS, leverage=found.demand.leverage)
    factors, draws, known = found.demand.factors(streams), InputDraws(streams), KnownChanges()
    terms = spend_terms(found.scenarios, found.requests, found.demand.n_months)
    certain, months = terms.certain_usd(factors), np.arange(12.0)
    for scenario in terms.scenarios:
        drawn = draws.draw(scenario.costs.inputs)
        spend = terms.spend_usd(scenario, factors, certain, drawn, known)
        slow: dict[Account, Any] = {}
        for k, costs in enumerate(scenario.costs.types):
            units = costs.unit_cost_by_account(months, drawn)
            for account, unit in units.items():
                slow[account] = slow.get(account, 0.0) + factors[k] * found.requests[k] * unit
        for account, usd in slow.items():
            np.testing.assert_allclose(spend.get(account, np.zeros_like(usd)), usd, rtol=1e-9, atol=1e-9)
        assert set(spend) <= set(scenario.accounts)


# --- rebound and who leaves ------------------------------------------------------------------------------------------


def test_half_the_cost_at_an_elasticity_of_a_fifth_is_fifteen_percent_more():
    grown = rebound_factor(np.array([0.5, 1.0, 2.0]), as_is_usd=1.0, elasticity=np.array([0.2]))
    assert grown == pytest.approx([2**0.2, 1.0, 1.0])
    assert rebound_factor(np.array([0.0]), as_is_usd=1.0, elasticity=np.array([0.5])) == pytest.approx(1.0)


def calm(**demand: Any) -> dict[str, SpendPaths]:
    scenario = [{"name": "as is"}, {"name": "routed", "route": [route(share=1.0, escalation=0.0, ramp={})]}]
    found = model(demand={**strategies.CALM_DEMAND, **demand}, cuts={}, mix=TYPES[:1], scenario=scenario)
    return simulate_spend(found, paths=PATHS, seed=1)


def test_rebound_grows_the_use_that_became_cheaper_and_no_other():
    """The routed request costs a tenth: at an elasticity of 0.3 use doubles (10^0.3 = 1.995), and spend with it."""
    without, with_it = calm(), calm(rebound=0.3)
    ratio = with_it["routed"].list_cost_usd / without["routed"].list_cost_usd
    assert ratio == pytest.approx(10**0.3)
    assert with_it["as is"].list_cost_usd == pytest.approx(without["as is"].list_cost_usd)


def test_no_rebound_and_almost_none_agree():
    scenario = [{"name": "as is"}, {"name": "routed", "route": [route(), route("code", ramp=UNCERTAIN)]}]
    plain = simulate_spend(model(scenario=scenario), paths=PATHS, seed=1)
    tiny = simulate_spend(model(scenario=scenario, demand={**RANDOM, "rebound": 1e-12}), paths=PATHS, seed=1)
    for name, spend in plain.items():
        np.testing.assert_allclose(tiny[name].list_cost_usd, spend.list_cost_usd, rtol=1e-9)
        np.testing.assert_allclose(tiny[name].signing_list_cost_usd, spend.signing_list_cost_usd, rtol=1e-9)


def test_an_uncertain_rebound_is_one_of_the_inputs():
    found = calm(rebound={"p10": 0.1, "p90": 0.4})
    ratio = found["routed"].list_cost_usd[0] / calm()["routed"].list_cost_usd[0]
    assert np.log10(np.quantile(ratio, [0.1, 0.9])) == pytest.approx([0.1, 0.4], abs=0.02)
    assert "rebound" in found["routed"].scores


def test_a_customer_that_leaves_takes_its_share_of_every_type():
    leaves = {"leave_probability_per_quarter": 0.5, "largest_customer_fraction": 0.3}
    found = model(demand={**strategies.CALM_DEMAND, **leaves}, cuts={})
    spend = simulate_spend(found, paths=4096, seed=1)["as is"].list_cost_usd
    whole = spend[0, 0]
    stays = np.isclose(spend, whole)
    assert np.isclose(spend, 0.7 * whole)[~stays].all()
    expected = 0.5 ** (np.arange(12) / 3)
    assert (np.abs(stays.mean(axis=1) - expected) <= 4 * np.sqrt(expected * (1 - expected) / 4096)).all()


# --- what an earlier simulation left ---------------------------------------------------------------------------------


def test_a_changed_lever_takes_demand_and_the_other_scenarios_from_before():
    def scenarios(share: float) -> list[strategies.Table]:
        return [{"name": "as is"}, {"name": "one", "route": [route()]}, {"name": "two", "route": [route(share=share)]}]

    kept = KeptPaths()
    first = simulate_spend(model(scenario=scenarios(0.5)), paths=PATHS, seed=1, kept=kept)
    second = simulate_spend(model(scenario=scenarios(0.6)), paths=PATHS, seed=1, kept=kept)
    assert second["as is"] is first["as is"]
    assert second["one"] is first["one"]
    fresh = simulate_spend(model(scenario=scenarios(0.6)), paths=PATHS, seed=1)
    np.testing.assert_allclose(second["two"].list_cost_usd, fresh["two"].list_cost_usd, rtol=1e-14)
    for name, score in fresh["two"].scores.items():
        np.testing.assert_array_equal(second["two"].scores[name], score)


def test_a_changed_demand_is_never_taken_from_before():
    kept = KeptPaths()
    simulate_spend(model(), paths=PATHS, seed=1, kept=kept)
    changed = {**RANDOM, "level_sd": 0.3}
    kept_result = simulate_spend(model(demand=changed), paths=PATHS, seed=1, kept=kept)
    fresh = simulate_spend(model(demand=changed), paths=PATHS, seed=1)
    np.testing.assert_array_equal(kept_result["as is"].list_cost_usd, fresh["as is"].list_cost_usd)
    for seed, paths in ((2, PATHS), (1, PATHS + 16)):
        other = simulate_spend(model(demand=changed), paths=paths, seed=seed, kept=kept)["as is"]
        np.testing.assert_array_equal(
            other.list_cost_usd, simulate_spend(model(demand=changed), paths=paths, seed=seed)["as is"].list_cost_usd
        )


def test_what_is_kept_is_bounded():
    kept = KeptPaths(max_bytes=2 * 12 * PATHS * 8)  # half of it: one scenario at one price
    for level in (0.1, 0.2, 0.3):
        simulate_spend(model(demand={**RANDOM, "level_sd": level}, cuts={}), paths=PATHS, seed=1, kept=kept)
        assert len(kept.spend) == 1
        assert not kept.demand


def test_spend_without_signing_prices_is_the_same_at_current_ones():
    found = model()
    both, current = (simulate_spend(found, paths=PATHS, seed=1, signing=asked)["as is"] for asked in (True, False))
    np.testing.assert_array_equal(both.list_cost_usd, current.list_cost_usd)
    assert current.signing_list_cost_usd is None


def test_a_digest_tells_values_apart():
    one = model()
    assert digest(one.demand) == digest(model().demand)
    values = [1, 1.0, "1", (1,), [[1]], {"a": 1}, np.array([1.0]), np.array([1]), np.array([[1.0]]), None, True]
    assert len({digest(value) for value in values}) == len(values)
    assert digest("a", "b") != digest("ab")
    assert digest(one.demand) != digest(model(demand={**RANDOM, "level_sd": 0.3}).demand)


# --- many paths ------------------------------------------------------------------------------------------------------


def test_of_many_paths_the_sums_that_are_asked_for_are_those_of_their_months():
    found = model(months=24)
    whole = simulate_spend(found, paths=PATHS, seed=1, signing=False)["as is"]
    few = simulate_spend(found, paths=PATHS, seed=1, signing=False, months_of=128, stretches=[(12, 18)])["as is"]
    assert (few.n_paths, few.list_cost_usd.shape) == (PATHS, (24, 128))
    np.testing.assert_array_equal(few.list_cost_usd, whole.list_cost_usd[:, :128])
    np.testing.assert_allclose(few.annual_list_cost_usd(), whole.annual_list_cost_usd(), rtol=1e-14)
    np.testing.assert_allclose(few.list_cost_over(12, 18), whole.list_cost_over(12, 18), rtol=1e-14)
    with pytest.raises(InputError, match="12 to 23 were not asked for"):
        few.list_cost_over(12, 24)


def test_locked_prices_keep_every_month_of_every_path():
    found = simulate_spend(model(), paths=PATHS, seed=1, signing=True, months_of=128)["as is"]
    assert found.list_cost_usd.shape[1] == PATHS
    assert found.signing_list_cost_usd.shape[1] == PATHS
