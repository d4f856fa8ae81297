"""Models that retire inside the horizon: hand-worked months, the day-by-day reference, and what must hold always."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import reference
import strategies
import tomlkit
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import CARDS, figures, mix_entry, plan_table

from planner.distributions import Point
from planner.lever_costs.scenario_costs import ScenarioCosts, price_scenario
from planner.lever_costs.unit_costs import NO_LEVERS
from planner.levers import BatchLever, CacheLever, Ramp, Route, Scenario
from planner.mix import MixEntry, RequestMix
from planner.plan_file.loader import parse_plan
from planner.prices import PriceBook, PriceOverride
from planner.retirements import Horizon, retirement, successor_in_service
from planner.typed_mix import typed_mix

ON, START, MONTHS = date(2026, 12, 15), date(2027, 1, 1), 18
SUCCESSOR = {
    "claude-opus-4-6": "claude-opus-4-7",
    "claude-opus-4-7": "claude-opus-4-8",
    "claude-opus-4-8": "claude-opus-5",
    "claude-opus-5": "claude-opus-5-5",
}
"""The chain of the tier, typed in a second time."""

FAST = (7, 0.7, 8.75, 14, 35)
"""A price of its own for Opus 4.8, in the order of the token classes, so that the chain does not cost the same."""

AS_IS = Scenario(name="as is")


def book(
    retires: Mapping[str, date | None], *, successor: Mapping[str, str | None] | None = None, **changed
) -> PriceBook:
    """The price book with other last days and successors than the facts have."""
    loaded = PriceBook.load(**changed)
    models = dict(loaded.facts.models)
    for model, on in retires.items():
        models[model] = replace(models[model], retires_on=on)
    for model, name in (successor or {}).items():
        models[model] = replace(models[model], successor=name)
    return replace(loaded, facts=replace(loaded.facts, models=models))


def override(model: str, *rates: float) -> PriceOverride:
    """A model's own rates, in the order of the token classes."""
    names = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    each = {f"{name}_usd_per_mtok": Decimal(str(rate)) for name, rate in zip(names, rates, strict=True)}
    return PriceOverride(model=model, source="test", **each)


def entry(
    model: str = "claude-opus-4-6", *tokens: float, requests: float = 1.0, kind: str = "chat", **changed
) -> MixEntry:
    """Requests of 1,000 uncached input tokens unless given."""
    return MixEntry(
        request_type=kind,
        model=model,
        monthly_requests=requests,
        tokens_per_request=np.array(tokens or (1000.0, 0.0, 0.0, 0.0, 0.0)),
        batch_fraction=0.0,
        **changed,
    )


def route(to: str, **changed) -> Route:
    """Everything goes, from long before the contract, and nothing comes back, unless given."""
    terms = {"share": Point(1.0), "escalation": Point(0.0), "ramp": Ramp(start_month=Point(-9.0))}
    return Route(request_type="chat", to=to, **{**terms, **changed})


def priced(prices: PriceBook, *entries: MixEntry, scenario: Scenario = AS_IS, **clock) -> ScenarioCosts:
    mix = RequestMix(entries=entries, growth_months=0.0, drift_months=0.0, warnings=(), history_days=None)
    return price_scenario(scenario, mix, prices, **{"on": ON, "start": START, "n_months": MONTHS, **clock})


def unit_costs(costs: ScenarioCosts, months: int = MONTHS) -> np.ndarray:
    """USD per request of the first type, by month."""
    return costs.mean_unit_costs(np.arange(float(months)))[:, 0]


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_a_model_that_retires_in_the_middle_of_month_four_moves_with_its_days():
    """Opus 4.6 serves to 10 May, 10 of 31 days; then 1,000 tokens are 1,300 on Opus 4.7, at 5 USD/MTok as before."""
    costs = priced(book({"claude-opus-4-6": date(2027, 5, 10)}), entry())
    before, after = 1000 * 5 / 1e6, 1300 * 5 / 1e6
    expected = [before] * 4 + [(10 * before + 21 * after) / 31] + [after] * (MONTHS - 5)
    assert unit_costs(costs) == pytest.approx(expected, rel=1e-12)
    (move,) = costs.retirements
    assert (move.model, move.successor, move.on) == ("claude-opus-4-6", "claude-opus-4-7", date(2027, 5, 10))
    assert move.month == pytest.approx(4 + 10 / 31)
    assert move.cost_change_fraction == pytest.approx(0.3)
    assert "1.3 times the tokens" in move.note
    method = " ".join((Path(__file__).parents[1] / "docs" / "method.md").read_text(encoding="utf-8").split())
    assert "(10 x 0.0050 + 21 x 0.0065) / 31 = $0.0060" in method
    assert round(unit_costs(costs)[4], 4) == 0.0060


def test_a_successor_that_retires_as_well_is_left_in_its_turn():
    """4.6 to 28 February, Opus 5 to the end of June, then Opus 5.5 at 4 USD/MTok; 4.7 and 4.8 go with 4.6 or before."""
    gone = date(2027, 2, 28)
    retires = {
        "claude-opus-4-6": gone,
        "claude-opus-4-7": gone,
        "claude-opus-4-8": date(2027, 1, 5),
        "claude-opus-5": date(2027, 6, 30),
    }
    costs = priced(book(retires), entry())
    expected = [0.005] * 2 + [0.0065] * 4 + [0.0052] * (MONTHS - 6)
    assert unit_costs(costs) == pytest.approx(expected, rel=1e-12)
    found = [(move.model, move.successor, move.month) for move in costs.retirements]
    assert found == [("claude-opus-4-6", "claude-opus-5", 2.0), ("claude-opus-5", "claude-opus-5-5", 6.0)]
    assert costs.retirements[1].cost_change_fraction == pytest.approx(-0.2)


def test_haiku_4_5_needs_the_share_above_the_threshold_of_its_successor():
    """1 USD/MTok becomes 0.10 x 1.3 = 0.13 below 100,000 tokens and 0.65 above: a quarter above is 0.26."""
    prices = book({"claude-haiku-4-5": date(2027, 3, 31)})
    unknown = priced(prices, entry("claude-haiku-4-5"))
    assert unit_costs(unknown) == pytest.approx([0.001] * MONTHS)
    (stays,) = unknown.retirements
    assert (stays.successor, stays.cost_change_fraction) == (None, None)
    for said in ("'chat' stays at its last price", "100,000", "-87% (none above)", "-35% (all above)"):
        assert said in stays.note
    # 100,000 of its successor's tokens are 76,923 of Haiku 4.5's own
    known = priced(prices, entry("claude-haiku-4-5", long_prompt_fraction={76_923: 0.25, 100_000: 0.1}))
    assert unit_costs(known) == pytest.approx([0.001] * 3 + [0.00026] * (MONTHS - 3))


def twins(tokenizer: str, threshold: int) -> PriceBook:
    """Haiku 5.5 retires in January and a Haiku 4.5 with its prices follows, with this tokenizer and threshold."""
    loaded = book({"claude-haiku-5-5": date(2027, 1, 31)}, successor={"claude-haiku-5-5": "claude-haiku-4-5"})
    models, listed = dict(loaded.facts.models), dict(loaded.facts.list_prices)
    models["claude-haiku-4-5"] = replace(models["claude-haiku-4-5"], tokenizer=tokenizer)
    (fact,) = listed["claude-haiku-5-5"]
    step = replace(fact.long_prompt[0], above_prompt_tokens=threshold)
    listed["claude-haiku-4-5"] = (replace(fact, model="claude-haiku-4-5", long_prompt=(step,)),)
    return PriceBook(provider="anthropic", facts=replace(loaded.facts, models=models, list_prices=listed))


@pytest.mark.parametrize(("tokenizer", "threshold", "tokens"), [("new", 100_000, 1.0), ("old", 76_923, 1 / 1.3)])
def test_a_share_above_a_threshold_goes_along_to_a_successor_with_the_same_one(tokenizer, threshold, tokens):
    """What is known of the text on the model that it leaves is known of it on the next: 0.10 USD/MTok, 0.50 above."""
    prices = twins(tokenizer, threshold)
    # unknown at home is priced below the threshold, as it was measured, and stays below it
    unknown = priced(prices, entry("claude-haiku-5-5"))
    assert unit_costs(unknown, 2) == pytest.approx([0.0001, 0.0001 * tokens])
    half = priced(prices, entry("claude-haiku-5-5", long_prompt_fraction={100_000: 0.5}))
    assert unit_costs(half, 2) == pytest.approx([0.0003, 0.0003 * tokens])
    assert [move.successor for move in half.retirements] == ["claude-haiku-4-5"]
    routed = route("claude-haiku-5-5", long_prompt_fraction=0.5)
    costs = priced(prices, entry("claude-opus-5-5"), scenario=Scenario(name="r", routes=(routed,)))
    assert unit_costs(costs, 2) == pytest.approx([0.0003, 0.0003 * tokens])


def test_a_threshold_is_read_in_the_tokens_of_the_model_that_was_measured_however_many_moves_ago():
    """Sonnet 4.6 to Sonnet 5 (1.3 x tokens) to Haiku 5.5: its 100,000 tokens are 76,923 of the first model's."""
    retires = {"claude-sonnet-4-6": date(2027, 1, 31), "claude-sonnet-5": date(2027, 2, 28)}
    prices = book(retires, successor={"claude-sonnet-5": "claude-haiku-5-5"})
    known = {76_923: 0.25, 100_000: 0.1, 130_000: 0.0}
    costs = priced(prices, entry("claude-sonnet-4-6", long_prompt_fraction=known))
    assert unit_costs(costs, 3) == pytest.approx([0.003, 0.0026, 0.00013 * (0.75 + 0.25 * 5)])


def test_a_model_without_a_threshold_needs_no_share():
    prices = book({"claude-haiku-5-5": date(2027, 1, 31)}, successor={"claude-haiku-5-5": "claude-fable-5-2"})
    assert unit_costs(priced(prices, entry("claude-haiku-5-5")), 2) == pytest.approx([0.0001, 0.008])


def test_the_share_that_a_route_gives_speaks_of_the_text_where_its_target_has_no_threshold():
    prices = book({"claude-haiku-4-5": date(2027, 1, 31)})
    routed = route("claude-haiku-4-5", long_prompt_fraction=0.25)
    costs = priced(prices, entry("claude-opus-4-6"), scenario=Scenario(name="r", routes=(routed,)))
    assert unit_costs(costs, 2) == pytest.approx([0.001, 0.00026])


def test_without_a_successor_the_traffic_stays_and_the_plan_says_what_that_means():
    costs = priced(book({"claude-opus-5-5": date(2027, 6, 30)}), entry("claude-opus-5-5"))
    assert unit_costs(costs) == pytest.approx([0.004] * MONTHS)
    assert costs.types[0].is_constant
    (move,) = costs.retirements
    assert move.successor is None
    assert "no successor of its tier is known" in move.note
    assert "what it draws from a commitment, is a guess" in move.note


def test_a_successor_without_a_price_for_what_is_used_leaves_the_traffic_where_it_is():
    prices = book(
        {"claude-opus-4-6": date(2027, 5, 31), "claude-2.1": None}, successor={"claude-opus-4-6": "claude-2.1"}
    )
    plain = priced(prices, entry())
    assert unit_costs(plain)[5] == pytest.approx(0.008)
    cached = priced(prices, entry("claude-opus-4-6", 0.0, 1000.0, 0.0, 0.0, 0.0))
    assert unit_costs(cached) == pytest.approx([0.0005] * MONTHS)
    assert "no price is known for cache_read tokens" in cached.retirements[0].note


def test_a_successor_that_has_not_been_launched_by_then_serves_nothing():
    prices = book({"claude-opus-4-6": date(2026, 3, 31)})
    assert successor_in_service(prices, "claude-opus-4-6", retired_on=date(2026, 3, 31)) is None
    assert successor_in_service(prices, "claude-opus-4-6", retired_on=date(2026, 4, 15)) == "claude-opus-4-7"


# --- the clock -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_day", "month"),
    [
        (date(2027, 1, 31), 1.0),
        (date(2027, 1, 1), 1 / 31),
        (date(2027, 2, 14), 1.5),
        (date(2028, 2, 29), 14.0),
        (date(2026, 12, 31), 0.0),
        (date(2026, 11, 30), -1.0),
    ],
)
def test_a_day_ends_at_its_share_of_its_own_month(last_day, month):
    assert Horizon(start=START, n_months=MONTHS).end_of(last_day) == pytest.approx(month)


def test_a_model_that_retires_before_the_contract_begins_has_moved_in_month_zero():
    costs = priced(book({"claude-opus-4-6": date(2026, 12, 20)}), entry())
    assert unit_costs(costs) == pytest.approx([0.0065] * MONTHS)
    on_the_day = priced(book({"claude-opus-4-6": ON}), entry())
    assert unit_costs(on_the_day) == pytest.approx([0.0065] * MONTHS)
    (today,) = costs.types[0].first_copies
    assert float(today.cost_usd(NO_LEVERS)[0, 0]) == pytest.approx(0.005)
    assert today.model == "claude-opus-4-6"


@pytest.mark.parametrize("last_day", [date(2026, 12, 14), date(2028, 6, 30), date(2030, 1, 1), None])
def test_a_retirement_before_the_pricing_day_or_after_the_horizon_changes_nothing(last_day):
    """A model that was gone when prices were read is taken as said: it keeps its last price, and its price says so."""
    prices = book({"claude-opus-4-6": last_day})
    costs = priced(prices, entry())
    assert costs.retirements == ()
    assert costs.types[0].is_constant
    assert unit_costs(costs) == pytest.approx([0.005] * MONTHS)
    horizon = Horizon(start=START, n_months=MONTHS)
    assert retirement(prices, "claude-opus-4-6", priced_on=ON, horizon=horizon) is None


def test_without_a_start_nothing_moves():
    prices = book({"claude-opus-4-6": date(2027, 5, 10)})
    costs = priced(prices, entry(), start=None, n_months=0)
    assert costs.retirements == ()
    assert costs.types[0].is_constant


# --- against the reference, day by day -------------------------------------------------------------------------------

OPUS = reference.amounts(5, 0.5, 6.25, 10, 25)
ALL_CARDS = {
    **CARDS,
    "claude-opus-4-7": reference.Card(rates=OPUS),
    "claude-opus-4-8": reference.Card(rates=reference.amounts(*FAST)),
    "claude-opus-5": reference.Card(rates=OPUS),
}
LAST_DAYS = st.none() | st.integers(-40, 560).map(lambda days: START + timedelta(days=days))


def month_days(month: int) -> list[date]:
    first, after = (date(2027 + m // 12, m % 12 + 1, 1) for m in (month, month + 1))
    return [first + timedelta(days=offset) for offset in range((after - first).days)]


@settings(max_examples=60)
@given(strategies.lever_cases(), st.tuples(*(LAST_DAYS for _ in range(5))))
def test_every_month_costs_what_the_reference_adds_up_day_by_day(case, last_days):
    retires = dict(zip((*SUCCESSOR, "claude-opus-5-5"), last_days, strict=True))
    inputs = parse_plan(tomlkit.dumps(case.table), base_dir=Path())
    prices = book(
        retires, overrides=(*inputs.prices.overrides, override("claude-opus-4-8", *FAST)), terms=inputs.prices.terms
    )
    mix = typed_mix(inputs.mix, prices, on=ON)
    costs = price_scenario(inputs.scenarios[-1], mix, prices, on=ON, start=START, n_months=MONTHS)
    requests = sum(float(item.requests) for item in case.entries)

    gone = {name: day for name, day in retires.items() if day is not None}
    last_of_all = month_days(MONTHS - 1)[-1]
    serving = reference.serving_days(list(ALL_CARDS), gone, SUCCESSOR, since=ON, to=last_of_all)
    months = sorted({0, 1, MONTHS - 1, *(m for m in range(MONTHS) if set(month_days(m)) & set(gone.values()))})
    slow = [
        reference.type_cost_by_days(case.entries, case.levers, ALL_CARDS, m, [serving[day] for day in month_days(m)])
        for m in months
    ]
    found = unit_costs(costs)[months] * requests
    assert found == pytest.approx([float(usd) for usd in slow], rel=1e-9, abs=1e-6)


# --- laws ------------------------------------------------------------------------------------------------------------

CHAIN = book(
    {"claude-opus-4-6": date(2027, 3, 9), "claude-opus-4-7": date(2027, 3, 20), "claude-opus-5": date(2027, 11, 2)}
)


def levered(*, to: str = "claude-opus-4-7") -> Scenario:
    ramp = Ramp(start_month=Point(-9.0))
    return Scenario(
        name="levers",
        routes=(route(to, share=Point(0.5), escalation=Point(0.2), overhead_usd_per_request=0.001),),
        caches=(CacheLever(request_type="chat", cacheable_fraction=Point(0.5), hit_rate=Point(0.8), ramp=ramp),),
        batches=(BatchLever(request_type="chat", share=Point(0.3), ramp=ramp),),
    )


@pytest.mark.parametrize("scenario", [AS_IS, levered(), levered(to="claude-sonnet-5-5")])
def test_every_month_of_every_copy_is_served_exactly_once(scenario):
    costs = priced(
        CHAIN, entry("claude-opus-4-6"), entry("claude-opus-4-7"), entry("claude-opus-5-5"), scenario=scenario
    )
    months = np.arange(float(MONTHS))
    roles = {copy.role for copy in costs.types[0].copies}
    for role in roles:
        copies = [copy for copy in costs.types[0].copies if copy.role == role]
        served = sum(copy.served(months) * copy.traffic_share for copy in copies)
        once = sum(copy.traffic_share for copy in copies if copy.is_first)
        np.testing.assert_allclose(np.broadcast_to(served, (MONTHS, 1)), once, rtol=1e-12)
    assert len(roles) == (4 if scenario.routes else 1)
    assert len(costs.types[0].first_copies) == 3


def test_time_varying_unit_costs_have_one_column_where_nothing_is_uncertain():
    (moving,) = priced(CHAIN, entry()).types
    (still,) = priced(CHAIN, entry("claude-sonnet-5-5")).types
    months = np.arange(float(MONTHS))
    by_tier, overhead = moving.unit_cost_by_tier(months, {})
    assert not moving.is_constant
    assert {tier: usd.shape for tier, usd in by_tier.items()} == {"opus": (MONTHS, 1)}
    assert overhead.shape == (1, 1)
    assert still.is_constant
    assert still.unit_cost_by_tier(months, {})[0]["sonnet"].shape == (1, 1)


def test_uncertain_levers_and_moves_broadcast_to_months_and_paths():
    costs = priced(CHAIN, entry(), scenario=levered())
    drawn = {key: np.full(7, value.mean) for key, value in costs.inputs.items()}
    by_tier, overhead = costs.types[0].unit_cost_by_tier(np.arange(float(MONTHS)), drawn)
    assert by_tier["opus"].shape == (MONTHS, 7)
    np.testing.assert_allclose((by_tier["opus"] + overhead)[:, 3], unit_costs(costs), rtol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, MONTHS * 30))
def test_a_move_between_models_of_one_price_and_one_tokenizer_changes_nothing(days):
    prices = book({"claude-opus-4-7": START + timedelta(days=days)})
    costs = priced(prices, entry("claude-opus-4-7", 900.0, 4000.0, 100.0, 50.0, 60.0))
    assert np.ptp(unit_costs(costs)) == pytest.approx(0, abs=1e-15)
    assert [move.cost_change_fraction for move in costs.retirements] == pytest.approx([0.0] * len(costs.retirements))


def test_what_a_route_is_worth_is_told_once_and_not_once_per_model():
    still = priced(PriceBook.load(), entry(), scenario=levered())
    moving = priced(CHAIN, entry(), scenario=levered())
    assert moving.economics == still.economics
    assert moving.cache_economics == still.cache_economics
    assert moving.types[0].routes == still.types[0].routes


def test_what_a_route_is_worth_is_told_of_the_models_that_serve_when_the_contract_begins():
    prices = book({"claude-opus-4-6": date(2026, 12, 31)})
    (route,) = priced(prices, entry(), scenario=levered(to="claude-sonnet-5-5")).economics
    assert route.unit_cost_before_usd == pytest.approx(0.0065)
    assert route.unit_cost_escalated_usd == pytest.approx(0.0065)


def test_the_target_and_the_model_escalated_to_retire_as_well():
    """Routed to 4.6, gone after February (1.3 x tokens on 4.7), half of it escalated to 4.7, gone after May (4.8)."""
    prices = book(
        {"claude-opus-4-6": date(2027, 2, 28), "claude-opus-4-7": date(2027, 5, 31)},
        overrides=(override("claude-opus-4-8", *FAST),),
    )
    routed = route("claude-opus-4-6", escalation=Point(0.5), escalate_to="claude-opus-4-7")
    costs = priced(prices, entry("claude-sonnet-4-6"), scenario=Scenario(name="r", routes=(routed,)))
    first = 0.005 + 0.5 * 0.0065
    second = 0.0065 + 0.5 * 0.0065
    third = 0.0091 + 0.5 * 0.0091
    assert unit_costs(costs) == pytest.approx([first] * 2 + [second] * 3 + [third] * (MONTHS - 5))


def test_an_override_stays_with_its_model_and_that_is_said():
    own = override("claude-opus-4-6", 10, 1, 12.5, 20, 50)
    costs = priced(book({"claude-opus-4-6": date(2027, 1, 31)}, overrides=(own,)), entry())
    assert unit_costs(costs, 2) == pytest.approx([0.01, 0.0065])
    assert "override of claude-opus-4-6 does not go along" in costs.retirements[0].note


def test_the_cost_of_a_move_is_weighted_by_what_moves():
    """Uncached input costs 1.3 times as much on 4.7; of a type that is priced by thresholds nothing is known."""
    costs = priced(
        book({"claude-opus-4-6": date(2027, 1, 31), "claude-haiku-4-5": date(2027, 1, 31)}),
        entry(requests=3.0),
        entry(requests=1.0, kind="other"),
        entry("claude-haiku-4-5", kind="small"),
        entry("claude-haiku-4-5", kind="tiny"),
    )
    assert [(m.model, m.successor) for m in costs.retirements] == [
        ("claude-haiku-4-5", None),
        ("claude-haiku-4-5", None),
        ("claude-opus-4-6", "claude-opus-4-7"),
    ]
    assert costs.retirements[2].cost_change_fraction == pytest.approx(0.3)


def test_another_cloud_may_keep_a_model_longer_and_the_note_says_so():
    costs = priced(book({"claude-opus-4-6": date(2027, 1, 31)}, provider="bedrock"), entry())
    assert "bedrock may have another" in costs.retirements[0].note


# --- in a plan -------------------------------------------------------------------------------------------------------


def test_a_plan_moves_sonnet_4_5_when_it_retires_and_says_so():
    """It serves to 30 November 2026, half of its tokens at 6 USD/MTok above 200,000; Sonnet 4.6 costs 3 throughout."""
    table = plan_table(
        mix=[mix_entry("chat", "claude-sonnet-4-5", long_prompt_fraction=0.5)], overrides=[], start=date(2026, 11, 1)
    )
    table["prices"]["on"] = date(2026, 11, 1)
    found = figures(table)
    monthly = found["scenarios"]["as is"]["monthly_list_cost_usd"]["mean"]
    assert monthly == pytest.approx([4500.0] + [3000.0] * 11)
    (said,) = [warning for warning in found["warnings"] if "retires on" in warning]
    assert "claude-sonnet-4-5 retires on 2026-11-30" in said
    assert "priced on claude-sonnet-4-6" in said
    assert said.endswith("A request costs 33.3% less there.")
