"""Simulation: common random numbers, one stream per driver, and prices that follow the tier that serves."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import strategies
import tomlkit
from strategies import built, mix_entry, override, plan_table

from planner import simulation
from planner.plan_file.loader import parse_plan
from planner.prepared import prepare
from planner.price_moves import price_pool
from planner.simulation import SpendPaths, simulate_spend
from planner.simulation_block import SpendModel
from planner.streams import PATHS_PER_BLOCK, BlockStreams

PATHS = 10_000  # more than one block
RANDOM = {
    "level_sd": 0.1,
    "growth_per_year": {"p10": 0.0, "p90": 1.0},
    "growth_damping_per_month": 0.98,
    "monthly_volatility": 0.06,
    "monthly_noise": 0.1,
    "noise_ar1": 0.3,
    "token_drift_per_year": {"p10": -0.05, "p90": 0.15},
    "leave_probability_per_quarter": 0.1,
    "event": [
        {
            "name": "launch",
            "probability": 0.5,
            "month": {"low": 1, "mode": 4, "high": 9},
            "size": {"p10": 1.1, "p90": 2},
        }
    ],
}
MOVING = {
    "falls_per_year": 2.0,
    "fall": {"p10": 0.1, "p90": 0.6},
    "rises_per_year": 1.0,
    "rise": {"p10": 0.05, "p90": 0.3},
    "lag_months": 1,
}
MODELS = [override("strong", "opus"), override("light", "haiku", (1.0, 0.1, 1.25, 2.0, 5.0))]
TWO_TYPES = [mix_entry("chat"), mix_entry("code", monthly_requests=300_000.0)]


def table(**changed: Any) -> strategies.Table:
    terms = {"mix": TWO_TYPES, "overrides": MODELS, "demand": RANDOM, "cuts": MOVING, "paths": PATHS}
    return plan_table(**{**terms, **changed})


def spend_model(**changed: Any) -> SpendModel:
    return prepare(parse_plan(tomlkit.dumps(table(**changed)), base_dir=strategies.Path())).spend_model


def spend(
    *, seed: int = 1, threads: int | None = None, paths: int = PATHS, steered: bool = True, **changed: Any
) -> dict[str, SpendPaths]:
    return simulate_spend(spend_model(**changed), paths=paths, seed=seed, threads=threads, steered=steered)


def route(request_type: str = "chat", **changed: Any) -> strategies.Table:
    given_terms = {
        "request_type": request_type,
        "to": "light",
        "share": {"p10": 0.4, "p90": 0.9},
        "escalation": {"passed": 188, "failed": 12},
        "ramp": {"start_month": {"low": -2, "mode": 1, "high": 5}, "months": 3, "ceiling": {"p10": 0.6, "p90": 0.9}},
    }
    return given_terms | changed


def demand(**changed: Any) -> Mapping[str, Any]:
    return {**RANDOM, **changed}


# --- reproducible ----------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_paths_for_any_number_of_threads():
    scenario = [{"name": "as is"}, {"name": "routed", "route": [route()]}]
    one, two = spend(threads=1, scenario=scenario), spend(threads=2, scenario=scenario)
    for name in ("as is", "routed"):
        np.testing.assert_array_equal(one[name].list_cost_usd, two[name].list_cost_usd)
        np.testing.assert_array_equal(one[name].signing_list_cost_usd, two[name].signing_list_cost_usd)


def test_another_seed_gives_other_paths_with_the_same_mean():
    one, other = (spend(seed=seed)["as is"].annual_list_cost_usd() for seed in (1, 2))
    assert not np.isin(one, other).any()
    assert abs(one.mean() - other.mean()) <= 4 * np.hypot(one.std(), other.std()) / np.sqrt(PATHS)


def test_paths_do_not_repeat_from_block_to_block():
    annual = spend(paths=PATHS_PER_BLOCK + 4808)["as is"].annual_list_cost_usd()
    assert np.unique(annual).size == annual.size


def test_a_longer_horizon_leaves_the_earlier_months_unchanged():
    scenario = [{"name": "as is"}, {"name": "routed", "route": [route()]}]
    short, long = (spend(scenario=scenario, months=months) for months in (12, 30))
    for name in short:
        assert long[name].list_cost_usd.shape[0] == 30
        np.testing.assert_allclose(long[name].list_cost_usd[:12], short[name].list_cost_usd, rtol=1e-12)


def test_more_paths_keep_the_first_blocks():
    few, many = spend(paths=PATHS_PER_BLOCK)["as is"], spend(paths=2 * PATHS_PER_BLOCK + 10)["as is"]
    np.testing.assert_array_equal(many.list_cost_usd[:, :PATHS_PER_BLOCK], few.list_cost_usd)


def test_an_error_of_progress_stops_the_simulation_and_what_has_not_begun_of_it(monkeypatch):
    begun = []

    def counted(self, first):
        begun.append(first)
        return streams(self, first)

    streams = simulation._Run._streams
    monkeypatch.setattr(simulation._Run, "_streams", counted)

    def leaves(done: float) -> None:
        raise InterruptedError(f"left at {done}")

    with pytest.raises(InterruptedError, match="left at"):
        simulate_spend(spend_model(), paths=60 * PATHS_PER_BLOCK, seed=1, threads=1, progress=leaves)
    assert len(begun) < 30


def test_progress_ends_at_one():
    said: list[float] = []
    simulate_spend(spend_model(), paths=PATHS, seed=1, progress=said.append)
    assert said == sorted(said)
    assert said[-1] == 1.0


# --- one stream per driver -------------------------------------------------------------------------------------------


def log_ratio(before: Mapping[str, Any], after: Mapping[str, Any]) -> np.ndarray:
    """Change of every log spend, (months, paths), where the largest type has not left."""
    one, two = (spend(demand=terms, steered=False)["as is"].list_cost_usd for terms in (before, after))
    return np.log(two / one)


def test_editing_growth_moves_each_path_by_its_own_growth_and_nothing_else():
    """The change divided by the months of growth is the same in every month of a path."""
    change = log_ratio(RANDOM, demand(growth_per_year={"p10": 0.0, "p90": 2.0}))
    worth = (1 - 0.98 ** np.arange(12)) / 0.02
    assert np.abs(change[0]).max() < 1e-12
    per_month = change[1:] / worth[1:, None]
    assert np.ptp(per_month, axis=0).max() < 1e-9
    assert per_month[0].std() > 0.001


def test_editing_the_level_moves_a_path_by_one_factor():
    change = log_ratio(RANDOM, demand(level_sd=0.2))
    assert np.ptp(change, axis=0).max() < 1e-9
    assert change[0].std() == pytest.approx(0.1, rel=0.05)


def test_editing_the_drift_of_tokens_moves_a_path_along_a_straight_line():
    change = log_ratio(RANDOM, demand(token_drift_per_year={"p10": 0.0, "p90": 0.5}))
    assert np.ptp(change[1:] / np.arange(1, 12)[:, None], axis=0).max() < 1e-9


def test_dropping_an_event_changes_only_the_paths_and_months_it_hit():
    size = 1.5
    event = [{"name": "launch", "probability": 0.5, "month": {"low": 1, "mode": 4, "high": 9}, "size": size}]
    change = log_ratio(demand(event=event), demand(event=[]))
    hit = np.abs(change + np.log(size)) < 1e-9
    assert (hit | (np.abs(change) < 1e-9)).all()
    assert abs(hit[11].mean() - 0.5) < 4 * 0.5 / np.sqrt(PATHS)


def test_editing_prices_leaves_demand_alone():
    still, moving = (spend(cuts=cuts)["as is"] for cuts in (strategies.STILL_PRICES, MOVING))
    np.testing.assert_allclose(moving.signing_list_cost_usd, still.list_cost_usd, rtol=1e-12)


def test_editing_falls_leaves_the_rises_alone():
    up = {**MOVING, "falls_per_year": 0.0}
    rises, both, falls = (
        spend(demand=strategies.CALM_DEMAND, cuts=cuts, steered=False)["as is"].list_cost_usd
        for cuts in (up, MOVING, {**MOVING, "rises_per_year": 0.0})
    )
    np.testing.assert_allclose(
        both * spend(demand=strategies.CALM_DEMAND, cuts={})["as is"].list_cost_usd, rises * falls
    )


# --- scenarios -------------------------------------------------------------------------------------------------------


def test_identical_entries_in_two_scenarios_share_their_draws():
    nothing = {"request_type": "chat", "cut": 0.0}
    found = spend(
        scenario=[
            {"name": "as is"},
            {"name": "one", "route": [route()]},
            {"name": "two", "output": [nothing], "route": [route("code", share=0.0), route()]},
        ]
    )
    np.testing.assert_allclose(found["two"].list_cost_usd, found["one"].list_cost_usd, rtol=1e-12)
    assert not np.allclose(found["as is"].list_cost_usd, found["one"].list_cost_usd)


def test_a_scenario_does_not_depend_on_the_others_in_the_plan():
    alone = spend(scenario=[{"name": "as is"}])["as is"]
    among = spend(scenario=[{"name": "x", "route": [route()]}, {"name": "as is"}])["as is"]
    # the same numbers in a larger matrix product: its sums may round differently in the last bit
    np.testing.assert_allclose(alone.list_cost_usd, among.list_cost_usd, rtol=1e-14)


def shares(request_type: str, *, ramp: strategies.Table | None = None) -> np.ndarray:
    """Routed share of one type, read off a calm plan where the target is free; (months, paths)."""
    free = [override("strong"), override("light", "haiku", (0.0, 0.0, 0.0, 0.0, 0.0))]
    routed = route(request_type, escalation=0.0, ramp=ramp or {"start_month": -9})
    scenario = [{"name": "as is"}, {"name": "routed", "route": [routed]}]
    found = spend(mix=[mix_entry("chat"), mix_entry("code")], overrides=free, demand={}, cuts={}, scenario=scenario)
    return 2 - 2 * found["routed"].list_cost_usd / found["as is"].list_cost_usd


def test_an_uncertain_input_is_one_draw_a_path_and_two_entries_are_independent():
    chat, code = shares("chat"), shares("code")
    assert np.ptp(chat, axis=0).max() < 1e-9
    assert np.quantile(chat[0], [0.1, 0.9]) == pytest.approx([0.4, 0.9], abs=0.02)
    assert abs(np.corrcoef(chat[0], code[0])[0, 1]) < 4 / np.sqrt(PATHS)


def test_share_ceiling_and_start_of_one_route_are_independent():
    certain = shares("chat")[0]
    ramp = {"start_month": -9, "ceiling": {"p10": 0.6, "p90": 0.9}}
    ceiling = shares("chat", ramp=ramp)[0] / certain
    assert np.quantile(ceiling, [0.1, 0.9]) == pytest.approx([0.6, 0.9], abs=0.02)
    assert abs(np.corrcoef(ceiling, certain)[0, 1]) < 4 / np.sqrt(PATHS)
    late = shares("chat", ramp={"start_month": {"low": 0, "mode": 3, "high": 9}})
    begins = (late > 1e-9).argmax(axis=0)
    assert set(begins) <= set(range(10))
    assert abs(np.corrcoef(begins, certain)[0, 1]) < 4 / np.sqrt(PATHS)


# --- prices ----------------------------------------------------------------------------------------------------------


def factor(tier: str) -> np.ndarray:
    """What the price of a tier is multiplied by on the first block of paths; prices are those of December."""
    moves = spend_model().price_moves
    pool = price_pool(moves, tier=tier, months_before_start=1, n_months=12, aim_months=12, seed=1, paths=PATHS)
    return pool.of(BlockStreams(seed=1, block=0, size=min(PATHS, PATHS_PER_BLOCK)))


def test_every_copy_of_a_request_pays_the_factor_of_the_tier_that_serves_it():
    """Half moves to the haiku tier, a fifth of it is paid again in the sonnet tier, and the router has no tier."""
    models = [*MODELS, override("middle", "sonnet", (3.0, 0.3, 3.75, 6.0, 15.0))]
    routed = route(
        share=0.5, escalation=0.2, escalate_to="middle", overhead_usd_per_request=0.004, ramp={"start_month": -9}
    )
    found = spend(
        mix=[mix_entry("chat")],
        overrides=models,
        demand={},
        scenario=[{"name": "as is"}, {"name": "routed", "route": [routed]}],
    )
    opus, sonnet, haiku = 1e6 * 0.01 * factor("opus"), 1e6 * 0.003 * factor("sonnet"), 1e6 * 0.001 * factor("haiku")
    np.testing.assert_allclose(found["as is"].list_cost_usd[:, :PATHS_PER_BLOCK], opus)
    expected = 0.5 * opus + 0.5 * haiku + 0.1 * sonnet + 0.5 * 4000
    np.testing.assert_allclose(found["routed"].list_cost_usd[:, :PATHS_PER_BLOCK], expected)
    assert found["routed"].signing_list_cost_usd == pytest.approx(5000 + 500 + 300 + 2000)


def test_models_of_one_tier_move_together():
    mix = [mix_entry("chat"), mix_entry("code", "other", monthly_requests=123_456.0)]
    found = spend(mix=mix, overrides=[override("strong", "opus"), override("other", "opus")], demand={})["as is"]
    np.testing.assert_allclose(found.list_cost_usd[:, :PATHS_PER_BLOCK], (10_000 + 1234.56) * factor("opus"))


def test_prices_move_from_the_month_they_were_read_in():
    """Read in June for a start in January: seven months of moves have arrived at month 0, one less for the lag."""
    rate = {"falls_per_year": 6.0, "fall": 0.5, "rises_per_year": 0.0, "lag_months": 1}
    early = table(demand={}, cuts=rate)
    early["prices"]["on"] = strategies.date(2026, 6, 15)
    found = built(early).spend["as is"].list_cost_usd / 13_000
    for month in (0, 5):
        stayed = np.exp(-0.5 * (month + 6))
        assert abs((found[month] == 1).mean() - stayed) <= 4 * np.sqrt(stayed * (1 - stayed) / PATHS)
    later = table(demand={}, cuts=rate)
    later["prices"]["on"] = strategies.date(2027, 1, 31)
    assert (built(later).spend["as is"].list_cost_usd[:2] == 13_000).all()


def test_where_no_price_moves_the_two_prices_are_one_array():
    found = spend(cuts={})["as is"]
    assert found.list_cost_usd is found.signing_list_cost_usd
