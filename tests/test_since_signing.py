"""Adoption beside the plan's, and the prices, retirements and new models that came after signing."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from strategies import mix_entry
from tracked import CHEAP, STRONG, expected_uses, month_of, signed_of, signed_table, use

from planner.tracking.causes.adoption import adoption_of
from planner.tracking.causes.planned import planned
from planner.tracking.causes.since_signing import since_signing
from planner.tracking.result import AdoptionDrift
from planner.tracking.signed_plan import SignedPlan

# --- adoption --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def routed() -> SignedPlan:
    route = {
        "request_type": "chat",
        "to": "cheap",
        "share": {"p10": 0.4, "p90": 0.7},
        "escalation": 0.25,
        "ramp": {"start_month": -20, "months": 0},
    }
    scenario = {"name": "levers", "route": [route]}
    return signed_of(signed_table(mix=[mix_entry()], overrides=[STRONG, CHEAP], scenario=[scenario], paths=64))


def adopted(signed: SignedPlan, *shares: float, calls: float = 1e6) -> AdoptionDrift:
    """Months in which the cheap model had these shares of the calls."""
    months = [
        month_of(
            signed,
            index,
            [
                use("chat", "cheap", share * calls, (1, 0, 0, 0, 0), 1.0),
                use("chat", "strong", (1.0 - share) * calls, (1, 0, 0, 0, 0), 1.0),
            ],
        )
        for index, share in enumerate(shares)
    ]
    (found,) = adoption_of(signed, months)
    return found


def test_adoption_is_a_share_of_the_last_closed_months_calls(routed: SignedPlan) -> None:
    found = adopted(routed, 0.1, 0.45)
    assert (found.request_type, found.model) == ("chat", "cheap")
    assert found.measured == pytest.approx(0.45)
    # a request that escalates is two calls: of a share a, a / (1 + a / 4) of the calls
    assert found.expected[::2] == pytest.approx([0.4 / 1.1, 0.7 / 1.175], abs=0.005)
    assert found.expected[0] < found.expected[1] < found.expected[2]


@pytest.mark.parametrize(("share", "moved"), [(0.30, True), (0.37, False), (0.55, False), (0.70, True)])
def test_adoption_has_moved_outside_the_plans_paths(routed: SignedPlan, share: float, moved: bool) -> None:
    assert adopted(routed, share).moved == moved
    assert not adopted(routed, share, calls=5.0).moved  # five calls show nothing


def test_no_adoption_is_told_without_counts_or_use_or_closed_months(routed: SignedPlan) -> None:
    blind = month_of(routed, 0, [use("chat", "cheap", None, (1, 0, 0, 0, 0), 1.0)])
    other = month_of(routed, 0, [use("other", "cheap", 5, (1, 0, 0, 0, 0), 1.0)])
    running = replace(month_of(routed, 0, [use("chat", "cheap", 5, (1, 0, 0, 0, 0), 1.0)]), is_closed=False)
    assert [adoption_of(routed, months) for months in ([blind], [other], [running], [])] == [()] * 4


def test_a_month_as_planned_has_not_drifted() -> None:
    signed = signed_of(signed_table())
    central = planned(signed)
    found = adoption_of(signed, [month_of(signed, 5, expected_uses(central, 5))], central)
    assert [(item.request_type, item.model) for item in found] == [("chat", "cheap"), ("code", "middle")]
    assert not any(item.moved for item in found)


# --- what came since -------------------------------------------------------------------------------------------------


def plan_of(on: str, *entries: dict[str, object], **changed: object) -> SignedPlan:
    """A plan without levers, priced and signed on a day; it starts in the month after and never moves."""
    day = date.fromisoformat(on)
    start = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    table = signed_table(
        mix=list(entries), overrides=[], scenario=(), decision={}, paths=16, start=start, prices={"on": day}, **changed
    )
    return signed_of(table | {"signed": {"on": day, "commit_usd_per_year": 100_000.0}})


def test_a_price_that_changed_moves_what_is_left() -> None:
    # cache reads of Sonnet 5.5 went from 0.20 to 0.10 USD per million tokens on 2026-10-07
    entry = mix_entry("chat", "claude-sonnet-5-5", uncached_input_tokens=100.0, cache_read_tokens=5000.0)
    signed = plan_of("2026-09-30", entry)
    (found,) = [item for item in since_signing(signed, on=date(2026, 12, 1)) if item.kind == "price"]
    assert (found.on, found.model) == (date(2026, 10, 7), "claude-sonnet-5-5")
    # ten months from December: a million requests of 5,000 tokens, 0.10 less a million tokens
    assert found.drawdown_usd == pytest.approx(-10 * 5000 * 0.10)
    assert "cache read 0.2 to 0.1" in found.words
    assert "$5.0k less" in found.words
    (half,) = [item for item in since_signing(signed, on=date(2027, 4, 16)) if item.kind == "price"]
    assert half.drawdown_usd == pytest.approx(-5.5 * 5000 * 0.10)


def test_a_new_model_is_beside_what_the_plan_uses_of_its_tier() -> None:
    # Opus 5.5 came on 2026-09-22 at 4 and 20 USD; Opus 5 costs 5 and 25; one tokenizer
    entry = mix_entry("chat", "claude-opus-5", uncached_input_tokens=1000.0, output_tokens=100.0)
    signed = plan_of("2026-09-15", entry)
    found = {item.model: item for item in since_signing(signed, on=date(2026, 10, 1)) if item.kind == "new model"}
    assert found["claude-opus-5-5"].drawdown_usd == pytest.approx(-0.2 * 12 * 7500)
    assert "costs 80.0% of what" in found["claude-opus-5-5"].words
    assert found["claude-sonnet-5-5"].drawdown_usd is None
    assert "nothing of its tier" in found["claude-sonnet-5-5"].words
    assert "claude-haiku-5-5" not in found  # it came on 2026-10-07


def test_after_the_term_nothing_can_move_any_more() -> None:
    entry = mix_entry("chat", "claude-sonnet-5-5", uncached_input_tokens=100.0, cache_read_tokens=5000.0)
    found = since_signing(plan_of("2026-09-15", entry), on=date(2027, 10, 1))
    assert {item.kind for item in found} == {"price", "new model"}
    assert all(item.drawdown_usd is None and "no day of the term is left" in item.words for item in found)


def test_a_new_model_counts_the_same_text_in_its_own_tokens() -> None:
    # Haiku 5.5 costs a tenth of Haiku 4.5, and counts more tokens for the same text
    entry = mix_entry("chat", "claude-haiku-4-5", uncached_input_tokens=1000.0)
    signed = plan_of("2026-09-30", entry)
    ratio = signed.prepared.price_book.token_ratio("claude-haiku-4-5", "claude-haiku-5-5")
    found = next(item for item in since_signing(signed, on=date(2026, 10, 8)) if item.model == "claude-haiku-5-5")
    left = 11 + 24 / 31  # of the term from 8 October on
    assert found.drawdown_usd == pytest.approx((0.1 * ratio - 1.0) * 1000.0 * left)


@pytest.mark.parametrize("beside", [False, True])
def test_a_retirement_is_what_the_plan_has_for_it(beside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is on the successor anyway is no part of it."""
    entry = [mix_entry("chat", "claude-opus-5", uncached_input_tokens=1000.0)]
    entry += [mix_entry("chat", "claude-opus-5-5", uncached_input_tokens=3000.0)] if beside else []
    signed = plan_of("2026-11-24", *entry)
    book = signed.prepared.price_book
    models = dict(book.facts.models)
    models["claude-opus-5"] = replace(models["claude-opus-5"], retires_on=date(2027, 3, 31))
    retiring = replace(book, facts=replace(book.facts, models=models))
    monkeypatch.setattr("planner.prices.load_price_facts", lambda: retiring.facts)
    again = plan_of("2026-11-24", *entry)
    (found,) = [item for item in since_signing(again, on=date(2026, 12, 1)) if item.kind == "retirement"]
    assert (found.on, found.model) == (date(2027, 3, 31), "claude-opus-5")
    # eight months on Opus 5.5, a fifth cheaper: 4,000 instead of 5,000 a month
    assert found.drawdown_usd == pytest.approx(-8 * 1000.0)
    assert "retires on 2027-03-31" in found.words
    assert "in the plan as signed" in found.words
    later = next(item for item in since_signing(again, on=date(2027, 10, 1)) if item.kind == "retirement")
    assert later.drawdown_usd == pytest.approx(-2 * 1000.0)
    assert "retired on" in later.words


def test_an_announced_price_is_told_before_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = mix_entry("chat", "claude-sonnet-5-5", uncached_input_tokens=1000.0)
    signed = plan_of("2026-11-24", entry)
    book = signed.prepared.price_book
    now = tuple(book.facts.in_force("claude-sonnet-5-5"))[-1]
    rise = replace(
        now,
        state="announced",
        effective_from=date(2027, 6, 1),
        rates=replace(now.rates, input_usd_per_mtok=Decimal(3)),
    )
    lists = dict(book.facts.list_prices) | {"claude-sonnet-5-5": (*book.facts.list_prices["claude-sonnet-5-5"], rise)}
    facts = replace(book.facts, list_prices=lists)
    monkeypatch.setattr("planner.prices.load_price_facts", lambda: facts)
    again = plan_of("2026-11-24", entry)
    (found,) = [item for item in since_signing(again, on=date(2026, 12, 1)) if item.kind == "price"]
    assert (found.on, found.drawdown_usd) == (date(2027, 6, 1), pytest.approx(6 * 1000.0))
    assert "is announced" in found.words


def test_nothing_came_where_nothing_came() -> None:
    signed = plan_of("2026-11-24", mix_entry("chat", "claude-opus-5-5"))
    assert since_signing(signed, on=date(2026, 12, 1)) == ()
