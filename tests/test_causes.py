"""Actual less planned in causes: against slow plain arithmetic over every order, closed forms, and laws."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import permutations

import numpy as np
import pytest
from strategies import mix_entry, override
from tracked import CHEAP, CUTS, RESTLESS, STRONG, expected_uses, month_of, signed_of, signed_table, use

from planner.evidence.drift import Counts
from planner.evidence_in_plan.checking import NewCounts
from planner.price_data.facts import load_price_facts
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.causes.causes import NAMES, causes_of, steps_of
from planner.tracking.causes.planned import Planned, planned
from planner.tracking.result import Causes
from planner.tracking.signed_plan import SignedPlan

CENT = 0.005
MTOK = 1e6


def usd_of(causes: Causes) -> dict[str, float]:
    return {item.cause: item.usd for item in causes.causes}


def words_of(causes: Causes) -> dict[str, str]:
    return {item.cause: item.words for item in causes.causes}


@pytest.fixture(scope="module")
def signed() -> SignedPlan:
    return signed_of(signed_table(demand=RESTLESS, cuts=CUTS))


@pytest.fixture(scope="module")
def central(signed: SignedPlan) -> Planned:
    return planned(signed)


@pytest.fixture(scope="module")
def as_planned(signed: SignedPlan, central: Planned) -> list[ActualMonth]:
    return [month_of(signed, index, expected_uses(central, index)) for index in range(12)]


# --- laws ------------------------------------------------------------------------------------------------------------


def test_a_month_as_planned_has_no_cause(signed: SignedPlan, central: Planned, as_planned: list[ActualMonth]) -> None:
    found = causes_of(signed, as_planned, (), central)
    charges = 0.0001 * central.calls()[:, [key[1] == 4 for key in central.streams.keys]].sum()
    for name, usd in usd_of(found).items():
        assert usd == pytest.approx(-charges if name == "rest" else 0.0, abs=CENT), name
    assert "charges in dollars" in words_of(found)["rest"]
    for month in found.by_month:
        assert all(abs(item.usd) < CENT for item in month.causes if item.cause != "rest")


def test_shapley_is_the_mean_over_every_order() -> None:
    values = np.random.default_rng(1).normal(size=(3, 2, 2, 2, 2))
    orders = list(permutations(range(4)))
    for row, steps in zip(values, steps_of(values), strict=True):
        mean = np.zeros(4)
        for order in orders:
            at = [0, 0, 0, 0]
            for factor in order:
                before = row[tuple(at)]
                at[factor] = 1
                mean[factor] += (row[tuple(at)] - before) / len(orders)
        assert steps == pytest.approx(mean)
        assert steps.sum() == pytest.approx(row[1, 1, 1, 1] - row[0, 0, 0, 0])


@pytest.mark.parametrize("seed", range(8))
def test_causes_add_up_to_the_last_bit(
    signed: SignedPlan, central: Planned, as_planned: list[ActualMonth], seed: int
) -> None:
    draw = np.random.default_rng(seed)
    odd = draw.choice([0.0, 5e-324, 1e-9], (60, 4))
    factors = np.where(draw.random((60, 4)) < 0.2, odd, draw.lognormal(0.0, 1.0, (60, 4))).tolist()
    months = []
    for month in as_planned[:3]:
        uses = [
            replace(
                item,
                requests=None if item.requests is None else item.requests * calls,
                tokens=tuple(count * size for count, size in zip(item.tokens, (much, 1, 1, other, much), strict=True)),
                list_cost_usd=item.list_cost_usd * price,
                signing_list_cost_usd=item.signing_list_cost_usd * other,
                server_tools_usd=0.0,
            )
            for item, (calls, much, price, other) in zip(month.uses, factors, strict=False)
        ]
        months.append(replace(month, uses=tuple(uses)))
    found = causes_of(signed, months, (), central)
    for item in (found, *found.by_month):
        assert sum(cause.usd for cause in item.causes) == item.actual_usd - item.planned_usd
        assert sum(cause.usd for cause in reversed(item.causes)) == item.actual_usd - item.planned_usd
        assert all(np.isfinite(cause.usd) for cause in item.causes)
    assert found.actual_usd == pytest.approx(sum(month.list_cost_usd for month in months), abs=CENT)
    parts = [sum(month.causes[place].usd for month in found.by_month) for place in range(len(NAMES))]
    assert parts == [cause.usd for cause in found.causes]


def test_only_closed_months_count_and_in_their_order(
    signed: SignedPlan, central: Planned, as_planned: list[ActualMonth]
) -> None:
    running = replace(as_planned[2], is_closed=False, scale=2.0, scale_log_sd=0.1)
    found = causes_of(signed, [as_planned[1], running, as_planned[0]], (), central)
    assert [month.month for month in found.by_month] == ["2027-01", "2027-02"]
    nothing = causes_of(signed, [running], (), central)
    assert (nothing.planned_usd, nothing.actual_usd, nothing.by_month) == (0.0, 0.0, ())
    assert all(item.usd == 0.0 for item in nothing.causes)


# --- a slow second reckoning over every order ------------------------------------------------------------------------

TOKENS = {"strong": (600.0, 400.0, 50.0), "cheap": (700.0, 300.0, 60.0)}
"""Uncached, read and output tokens of a call as planned."""

RATES = {"strong": (10.0, 1.0, 50.0), "cheap": (1.0, 0.1, 5.0)}


@dataclass(frozen=True, kw_only=True)
class World:
    """One side of two types: "chat" is routed and escalates, "code" stays. Each field is one factor."""

    volume: float
    mix: float  # share of chat
    tokens: Mapping[str, float]  # on each planned token of a call
    adoption: float
    escalation: float
    caching: Mapping[str, float]  # of a prompt, read from cache
    prices: Mapping[str, float]

    def calls(self) -> dict[tuple[str, str], float]:
        chat = self.volume * self.mix
        routed = chat * self.adoption
        return {
            ("chat", "strong"): chat - routed + routed * self.escalation,
            ("chat", "cheap"): routed,
            ("code", "strong"): self.volume - chat,
        }

    def counts(self, model: str) -> tuple[float, float, float]:
        uncached, read, output = TOKENS[model]
        prompt, size = uncached + read, self.tokens[model]
        return prompt * size * (1.0 - self.caching[model]), prompt * size * self.caching[model], output * size

    def usd(self) -> float:
        each = {
            model: sum(count * rate for count, rate in zip(self.counts(model), RATES[model], strict=True)) / MTOK
            for model in TOKENS
        }
        return sum(calls * each[model] * self.prices[model] for (_, model), calls in self.calls().items())

    def uses(self) -> list[Use]:
        found = []
        for (name, model), calls in self.calls().items():
            uncached, read, output = (count * calls for count in self.counts(model))
            signing = sum(
                count * rate / MTOK for count, rate in zip((uncached, read, output), RATES[model], strict=True)
            )
            tokens = (uncached, read, 0.0, 0.0, output)
            found.append(use(name, model, calls, tokens, signing, list_cost_usd=signing * self.prices[model]))
        return found


FACTORS = ("volume", "mix", "tokens", "adoption", "escalation", "caching", "prices")
PLAN = World(
    volume=3_000_000.0,
    mix=1 / 3,
    tokens={"strong": 1.0, "cheap": 1.0},
    adoption=0.4,
    escalation=0.1,
    caching={"strong": 0.4, "cheap": 0.3},
    prices={"strong": 1.0, "cheap": 1.0},
)


def two_types() -> SignedPlan:
    """The plan of PLAN. The route's text has other token counts there by its ratios."""
    strong = {"uncached_input_tokens": 600.0, "cache_read_tokens": 400.0, "output_tokens": 50.0}
    route = {
        "request_type": "chat",
        "to": "cheap",
        "share": 0.4,
        "escalation": 0.1,
        "ramp": {"start_month": -20, "months": 0},
        "token_ratio": 1.0,
        "output_ratio": 1.2,
    }
    return signed_of(
        signed_table(
            mix=[mix_entry("chat", "strong", **strong), mix_entry("code", monthly_requests=2_000_000.0, **strong)],
            overrides=[STRONG, CHEAP],
            scenario=[{"name": "levers", "route": [route]}],
            paths=16,
        )
    )


TWO = replace(PLAN, caching={"strong": 0.4, "cheap": 0.4})
TOKENS["cheap"] = (600.0, 400.0, 60.0)


@pytest.fixture(scope="module")
def small() -> SignedPlan:
    return two_types()


def escalated(rate: float) -> tuple[NewCounts, ...]:
    counts = Counts(hits=round(rate * 1_000_000), total=1_000_000)
    return (NewCounts(request_type="chat", model="cheap", source="logged outcomes", counts=counts),)


def test_the_small_plan_costs_what_it_says(small: SignedPlan) -> None:
    assert planned(small).month_usd()[5] == pytest.approx(TWO.usd())


def test_causes_against_every_order_of_slow_arithmetic(small: SignedPlan) -> None:
    actual = World(
        volume=3_700_000.0,
        mix=0.45,
        tokens={"strong": 1.2, "cheap": 0.9},
        adoption=0.3,
        escalation=0.22,
        caching={"strong": 0.55, "cheap": 0.1},
        prices={"strong": 0.8, "cheap": 1.3},
    )
    known: dict[frozenset[str], float] = {}

    def cost(of: frozenset[str]) -> float:
        if of not in known:
            known[of] = replace(TWO, **{name: getattr(actual, name) for name in of}).usd()
        return known[of]

    orders = list(permutations(FACTORS))
    steps = dict.fromkeys(FACTORS, 0.0)
    for order in orders:
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            steps[name] += (cost(before | {name}) - cost(before)) / len(orders)
    found = usd_of(causes_of(small, [month_of(small, 4, actual.uses())], escalated(0.22)))
    assert list(found.values())[:-1] == pytest.approx(list(steps.values()), abs=0.01)
    assert found["rest"] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"volume": 3_300_000.0}, "volume"),
        ({"mix": 0.5}, "mix"),
        ({"tokens": {"strong": 1.3, "cheap": 1.0}}, "tokens per request"),
        ({"adoption": 0.1}, "routing adoption"),
        ({"escalation": 0.3}, "escalation"),
        ({"caching": {"strong": 0.4, "cheap": 0.9}}, "caching"),
        ({"prices": {"strong": 0.8, "cheap": 0.8}}, "prices"),
    ],
)
def test_what_changes_alone_is_the_only_cause(small: SignedPlan, changed: Mapping[str, object], cause: str) -> None:
    actual = replace(TWO, **changed)
    found = causes_of(small, [month_of(small, 0, actual.uses())], escalated(actual.escalation))
    expected = dict.fromkeys(NAMES, 0.0) | {cause: actual.usd() - TWO.usd()}
    assert usd_of(found) == pytest.approx(expected, abs=CENT)
    said = words_of(found)
    assert all((words == "As planned.") == (name != cause) for name, words in said.items() if name != "volume")


def test_volume_and_price_by_hand() -> None:
    # the example of docs/method.md: 3 million requests at 0.01 USD are planned, 3.3 million at 0.009 are used
    signed = signed_of(signed_table(mix=[mix_entry(monthly_requests=3e6)], scenario=(), decision={}, paths=16))
    used = use("chat", "strong", 3.3e6, (3.3e9, 0, 0, 0, 0), 33_000.0, list_cost_usd=29_700.0)
    found = causes_of(signed, [month_of(signed, 0, [used])], ())
    assert (found.planned_usd, found.actual_usd) == pytest.approx((30_000.0, 29_700.0))
    assert usd_of(found) == pytest.approx(dict.fromkeys(NAMES, 0.0) | {"volume": 2850.0, "prices": -3150.0}, abs=CENT)
    assert "3,300,000 requests against 3,000,000 planned (+10.0%)" in words_of(found)["volume"]
    assert "opus 90.0% against 100.0% planned" in words_of(found)["prices"]


# --- what the rest holds, and what cannot be told --------------------------------------------------------------------


def test_the_rest_is_named(small: SignedPlan) -> None:
    (home, cheap, code) = TWO.uses()
    half = replace(code, requests=code.requests / 2, tokens=tuple(count / 2 for count in code.tokens))
    usd = code.list_cost_usd
    plain = replace(half, list_cost_usd=usd / 2, signing_list_cost_usd=usd / 2)
    batch = replace(plain, list_cost_usd=usd / 4, signing_list_cost_usd=usd / 4, is_batch=True)
    found = causes_of(small, [month_of(small, 0, [home, cheap, plain, batch])], ())
    assert usd_of(found)["rest"] == pytest.approx(-usd / 4, abs=CENT)
    assert "another share through batch" in words_of(found)["rest"]
    longer = replace(code, list_cost_usd=usd * 1.5, signing_list_cost_usd=usd * 1.5)
    found = causes_of(small, [month_of(small, 0, [home, cheap, longer])], ())
    assert usd_of(found)["rest"] == pytest.approx(usd / 2, abs=CENT)
    assert "prompt lengths" in words_of(found)["rest"]
    searched = replace(code, list_cost_usd=usd + 77.0, signing_list_cost_usd=usd + 77.0, server_tools_usd=77.0)
    found = causes_of(small, [month_of(small, 0, [home, cheap, searched])], ())
    assert usd_of(found)["rest"] == pytest.approx(77.0, abs=CENT)
    assert "server tools $77" in words_of(found)["rest"]


def test_a_model_that_no_route_names_counts_in_volume_and_its_cost_in_the_rest(small: SignedPlan) -> None:
    extra = use("chat", "claude-haiku-4-5", 100_000.0, (0, 0, 0, 0, 1), 55.0)  # the plan's cheap model is of that tier
    dear = use("chat", "claude-sonnet-5-5", 100_000.0, (0, 0, 0, 0, 1), 55.0)
    at_home = causes_of(small, [month_of(small, 0, replace(TWO, volume=3_100_000.0, mix=1 / 3).uses())], ())
    found = causes_of(small, [month_of(small, 0, [*TWO.uses(), dear])], ())
    assert "does not name 'chat' on claude-sonnet-5-5" in " ".join(found.notes)
    assert "models that the plan does not name" in words_of(found)["rest"]
    assert usd_of(found)["volume"] == pytest.approx(usd_of(at_home)["volume"], rel=0.05)
    assert usd_of(found)["rest"] < 0
    alike = causes_of(small, [month_of(small, 0, [*TWO.uses(), extra])], ())
    assert "does not name" not in " ".join(alike.notes)


def test_a_type_that_the_plan_does_not_know_is_volume_at_its_own_prices(small: SignedPlan) -> None:
    new = use("novel", "strong", 10.0, (1, 0, 0, 0, 0), 500.0, list_cost_usd=400.0)
    found = causes_of(small, [month_of(small, 0, [*TWO.uses(), new])], ())
    assert usd_of(found) == pytest.approx(dict.fromkeys(NAMES, 0.0) | {"volume": 450.0, "prices": -50.0}, abs=CENT)
    assert "'novel', $400" in words_of(found)["volume"]


def test_without_request_counts_there_are_volume_and_prices_alone(small: SignedPlan) -> None:
    actual = replace(TWO, volume=3_300_000.0, adoption=0.1, prices={"strong": 0.8, "cheap": 0.8})
    uses = [replace(item, requests=None) for item in actual.uses()]
    found = causes_of(small, [month_of(small, 0, uses)], ())
    usd = usd_of(found)
    assert {name for name, value in usd.items() if abs(value) > CENT} == {"volume", "prices"}
    listed = replace(actual, prices=TWO.prices).usd()
    # two factors: the mean of both orders
    assert usd["volume"] == pytest.approx((listed - TWO.usd()) * 0.9, abs=CENT)
    assert usd["prices"] == pytest.approx(-0.2 * (listed + TWO.usd()) / 2, abs=CENT)
    assert "does not count requests" in found.notes[0]
    mixed = causes_of(small, [month_of(small, 0, uses), month_of(small, 1, TWO.uses())], ())
    assert mixed.by_month[1].causes[0].usd == pytest.approx(0.0, abs=CENT)


def test_nothing_used_is_all_volume(small: SignedPlan) -> None:
    found = causes_of(small, [month_of(small, 0, [])], ())
    assert usd_of(found) == pytest.approx(dict.fromkeys(NAMES, 0.0) | {"volume": -TWO.usd()}, abs=CENT)
    home, cheap, _ = TWO.uses()
    one_type = causes_of(small, [month_of(small, 0, [home, cheap])], ())
    assert usd_of(one_type)["rest"] == pytest.approx(0.0, abs=CENT)
    assert usd_of(one_type)["volume"] < 0


def test_escalation_that_is_not_told_is_said(small: SignedPlan) -> None:
    months = [month_of(small, 0, TWO.uses())]
    assert "'chat' on cheap" in causes_of(small, months, ()).notes[0]
    assert causes_of(small, months, escalated(0.1)).notes == ()


def test_escalation_to_a_model_of_its_own_is_seen_in_its_calls() -> None:
    route = {
        "request_type": "chat",
        "to": "cheap",
        "escalate_to": "other",
        "share": 0.5,
        "escalation": 0.2,
        "ramp": {"start_month": -20, "months": 0},
    }
    table = signed_table(
        mix=[mix_entry()],
        overrides=[STRONG, CHEAP, override("other", tier="sonnet")],
        scenario=[{"name": "levers", "route": [route]}],
        paths=16,
    )
    signed = signed_of(table)
    central = planned(signed)

    def calls(model: str, count: float) -> Use:
        usd = count * 0.001 if model == "cheap" else count * 0.01
        return use("chat", model, count, (count * 1000, 0, 0, 0, 0), usd)

    uses = [calls("strong", 500_000.0), calls("cheap", 500_000.0), calls("other", 150_000.0)]
    found = causes_of(signed, [month_of(signed, 0, uses)], (), central)
    assert usd_of(found) == pytest.approx(dict.fromkeys(NAMES, 0.0) | {"escalation": 500.0}, abs=CENT)
    assert found.notes == ()


@pytest.mark.parametrize("tier", ["opus", "sonnet"])
def test_calls_that_nothing_can_have_escalated_to_are_requests(tier: str) -> None:
    # nothing is routed any more, and the model that was only escalated to serves half of the requests
    route = {"request_type": "chat", "to": "cheap", "escalate_to": "other", "share": 0.5, "escalation": 0.2}
    signed = signed_of(
        signed_table(
            mix=[mix_entry()],
            overrides=[STRONG, CHEAP, override("other", tier=tier)],
            scenario=[{"name": "levers", "route": [route | {"ramp": {"start_month": -20, "months": 0}}]}],
            paths=16,
        )
    )
    uses = [use("chat", model, 500_000.0, (500_000_000, 0, 0, 0, 0), 5000.0) for model in ("strong", "other")]
    found = causes_of(signed, [month_of(signed, 0, uses)], ())
    assert words_of(found)["volume"] == "1,000,000 requests against 1,000,000 planned (+0.0%)."
    assert "0.0% of its requests routed" in words_of(found)["routing adoption"]
    assert usd_of(found)["volume"] == pytest.approx(0.0, abs=CENT)
    assert sum(usd_of(found).values()) == pytest.approx(found.actual_usd - found.planned_usd, abs=CENT)
    assert ("does not name" in " ".join(found.notes)) == (tier == "sonnet")


def test_several_routes_of_one_type_are_told_apart() -> None:
    routes = [
        {"request_type": "chat", "to": "cheap", "share": 0.3, "escalation": 0.1},
        {"request_type": "chat", "to": "middle", "share": 0.2, "escalation": 0.05},
    ]
    signed = signed_of(
        signed_table(
            mix=[mix_entry()],
            overrides=[STRONG, CHEAP, override("middle", tier="sonnet", rates=(4.0, 0.4, 5.0, 8.0, 20.0))],
            scenario=[{"name": "levers", "route": routes}],
            paths=16,
        )
    )

    def month(cheap: float, middle: float) -> ActualMonth:
        home = 1e6 - cheap - middle + 0.1 * cheap + 0.05 * middle
        each = {"strong": (home, 0.01), "cheap": (cheap, 0.001), "middle": (middle, 0.004)}
        uses = [use("chat", name, n, (n * 1000, 0, 0, 0, 0), n * usd) for name, (n, usd) in each.items()]
        return month_of(signed, 3, uses)

    assert usd_of(causes_of(signed, [month(300_000.0, 200_000.0)], ())) == pytest.approx(
        dict.fromkeys(NAMES, 0.0), abs=CENT
    )
    moved = causes_of(signed, [month(400_000.0, 100_000.0)], ())
    expected = 1e5 * (0.001 + 0.1 * 0.01) - 1e5 * (0.004 + 0.05 * 0.01)
    assert usd_of(moved) == pytest.approx(dict.fromkeys(NAMES, 0.0) | {"routing adoption": expected}, abs=CENT)


def test_long_prompts_that_stay_at_home_go_with_the_requests() -> None:
    routes = [
        {
            "request_type": "chat",
            "to": "claude-haiku-5-5",
            "share": 1.0,
            "escalation": 0.0,
            "long_prompts": "stay",
            "long_prompt_fraction": 0.3,
            "ramp": {"start_month": -20, "months": 0},
        }
    ]
    entry = mix_entry("chat", "claude-opus-5-5", uncached_input_tokens=20_000.0, output_tokens=300.0)
    signed = signed_of(
        signed_table(mix=[entry], overrides=[], scenario=[{"name": "levers", "route": routes}], paths=16)
    )
    central = planned(signed)
    assert central.month_usd()[:12] == pytest.approx(signed.spend.list_cost_usd[:12, 0])
    found = causes_of(signed, [month_of(signed, 0, expected_uses(central, 0))], (), central)
    assert usd_of(found) == pytest.approx(dict.fromkeys(NAMES, 0.0), abs=CENT)


def test_a_newer_model_of_the_tier_counts_as_the_plans_in_its_tokens() -> None:
    entry = mix_entry("chat", "claude-opus-4-6", uncached_input_tokens=1000.0, output_tokens=100.0)
    signed = signed_of(signed_table(mix=[entry], overrides=[], scenario=(), decision={}, paths=16))
    central = planned(signed)
    ratio = signed.prepared.price_book.token_ratio("claude-opus-4-6", "claude-opus-5-5")
    assert ratio > 1.0
    tokens = (1e9 * ratio, 0, 0, 0, 1e8 * ratio)
    newer = use("chat", "claude-opus-5-5", 1e6, tokens, 7500.0, list_cost_usd=6000.0)
    found = usd_of(causes_of(signed, [month_of(signed, 0, [newer])], (), central))
    assert found == pytest.approx(dict.fromkeys(NAMES, 0.0) | {"prices": -1500.0}, abs=CENT)


ROUTE = {"request_type": "chat", "share": {"p10": 0.3, "p90": 0.6}, "escalation": {"p10": 0.05, "p90": 0.3}}
ON_TARGET = {"model": "cheap", "uncached_input_tokens": 90.0, "output_tokens": 2.0}


@pytest.mark.parametrize(
    "levers",
    [
        {"route": [{**ROUTE, "to": "cheap", "judge": ON_TARGET, "router": {**ON_TARGET, "usd_per_request": 0.0}}]},
        {"route": [{**ROUTE, "to": "cheap", "share": 1.0, "escalate_to": "middle"}]},
        {"route": [{**ROUTE, "to": "cheap", "ramp": {"start_month": 30, "months": 0}}]},
        {"route": [{**ROUTE, "to": "cheap", "share": 0.4}, {**ROUTE, "to": "middle", "share": 0.6, "escalation": 1.0}]},
        {"route": [{**ROUTE, "to": "middle", "from": ["other strong"]}, {**ROUTE, "to": "middle", "from": ["strong"]}]},
        {"route": [{**ROUTE, "to": "claude-opus-4-6"}], "output": [{"request_type": "chat", "cut": 0.2}]},
        {"cache": [{"request_type": "chat", "cacheable_fraction": 0.7, "hit_rate": {"p10": 0.2, "p90": 0.9}}]},
    ],
    ids=["judge on the target", "all is routed", "not begun", "two targets", "one target", "retires", "no route"],
)
def test_however_a_plan_routes_a_month_as_planned_has_no_cause(
    levers: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = load_price_facts()
    leaves = replace(facts.models["claude-opus-4-6"], retires_on=date(2027, 2, 10))
    changed = replace(facts, models={**facts.models, "claude-opus-4-6": leaves})
    monkeypatch.setattr("planner.prices.load_price_facts", lambda: changed)
    signed = signed_of(signed_table(scenario=[{"name": "levers", **levers}], paths=16))
    central = planned(signed)
    months = [month_of(signed, index, expected_uses(central, index)) for index in range(3)]
    for month in causes_of(signed, months, (), central).by_month:
        assert {item.cause: item.usd for item in month.causes} == pytest.approx(dict.fromkeys(NAMES, 0.0), abs=CENT)


def test_many_types_are_split_in_arrays() -> None:
    entries = [mix_entry(f"type {index}", monthly_requests=1000.0 + index) for index in range(300)]
    route = {"to": "cheap", "share": {"p10": 0.2, "p90": 0.6}, "escalation": {"p10": 0.05, "p90": 0.2}}
    levers = {"name": "levers", "route": [{**route, "request_type": f"type {index}"} for index in range(150)]}
    signed = signed_of(signed_table(mix=entries, overrides=[STRONG, CHEAP], scenario=[levers], paths=16))
    central = planned(signed)
    months = [month_of(signed, index, expected_uses(central, index)) for index in range(2)]
    found = causes_of(signed, months, (), central)
    assert max(abs(item.usd) for item in found.causes) < CENT
