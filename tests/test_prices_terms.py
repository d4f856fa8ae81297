"""What a plan says of prices: discounts, prices above a threshold, factors, token ratios, aliases, endpoints, tools."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from planner.errors import InputError, PriceError, UnknownModelError
from planner.plan_file.price_loader import price_inputs
from planner.plan_file.price_sections import PricesSection
from planner.prices import (
    ModelPrice,
    OwnModifier,
    OwnServerTools,
    OwnTerms,
    OwnTokenRatio,
    PriceBook,
    PriceOverride,
    Rates,
)

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
BOOK = PriceBook.load()
HAIKU = "claude-haiku-5-5"
MILLION = 1_000_000


def override(model: str, **fields: Any) -> PriceBook:
    values = {name: Decimal(value) if name != "tier" else value for name, value in fields.items()}
    return BOOK.with_overrides([PriceOverride(model=model, source="quote", **values)])


def with_terms(provider: str = "anthropic", **terms: Any) -> PriceBook:
    return PriceBook.load(provider, terms=OwnTerms(**terms))


def factor_of(field: str, value: str, multiplier: str, *models: str) -> OwnModifier:
    return OwnModifier(field=field, value=value, multiplier=Decimal(multiplier), source="quote", models=models)


def every_rate(price: ModelPrice) -> list[Decimal | None]:
    return [rate for rates in (price.rates, *(s.rates for s in price.long_prompt)) for rate in rates.in_class_order()]


# --- overrides ---------------------------------------------------------------------------------------------------


@given(st.sampled_from(BOOK.models()), st.decimals(0, "0.99", places=3), st.dates(date(2024, 1, 1), date(2027, 6, 1)))
def test_a_discount_is_off_every_class_and_every_threshold(model: str, discount: Decimal, on: date) -> None:
    listed, price = BOOK.price(model, on), override(model, discount_fraction=discount).price(model, on)
    expected = [None if rate is None else rate * (1 - discount) for rate in every_rate(listed)]
    assert every_rate(price) == expected
    assert price.notes == listed.notes
    assert price.source.endswith("override: quote")


def test_prices_above_a_threshold_can_be_negotiated_class_by_class() -> None:
    price = override(HAIKU, input_usd_per_mtok="0.09", long_input_usd_per_mtok="0.3").price(HAIKU, TODAY)
    (long,) = price.long_prompt
    assert price.rates.input_usd_per_mtok == Decimal("0.09")
    assert (long.rates.input_usd_per_mtok, long.rates.output_usd_per_mtok) == (Decimal("0.3"), Decimal("2.5"))
    assert price.notes == ()
    partly = override(HAIKU, input_usd_per_mtok="0.09", output_usd_per_mtok="0.4", long_input_usd_per_mtok="0.3")
    assert any("list price holds for output, not" in note for note in partly.price(HAIKU, TODAY).notes)
    alone = override(HAIKU, long_output_usd_per_mtok="2").price(HAIKU, TODAY)
    assert alone.rates == BOOK.price(HAIKU, TODAY).rates
    assert alone.long_prompt[0].rates.output_usd_per_mtok == 2
    assert alone.notes == ()


def test_on_a_day_without_the_threshold_its_negotiated_price_is_not_used_and_that_is_said() -> None:
    book = override("claude-sonnet-4-6", long_input_usd_per_mtok="5")
    assert book.price("claude-sonnet-4-6", date(2026, 3, 12)).long_prompt[0].rates.input_usd_per_mtok == 5
    after = book.price("claude-sonnet-4-6", date(2026, 3, 13))
    assert after.rates == BOOK.price("claude-sonnet-4-6", date(2026, 3, 13)).rates
    assert any("no prompt threshold on 2026-03-13" in note for note in after.notes)


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        ("claude-opus-5-5", {"long_input_usd_per_mtok": "5"}, "has no prompt threshold; leave long_input_usd_per_mtok"),
        ("house", {"input_usd_per_mtok": "1", "output_usd_per_mtok": "2", "long_input_usd_per_mtok": "3"}, "no prompt"),
        (HAIKU, {"discount_fraction": "0.1", "input_usd_per_mtok": "1"}, "leave input_usd_per_mtok out"),
        (HAIKU, {"discount_fraction": "0.1", "long_output_usd_per_mtok": "1"}, "leave output_usd_per_mtok out"),
        (HAIKU, {"discount_fraction": "1"}, "is no discount"),
        (HAIKU, {"discount_fraction": "-0.1"}, "is no discount"),
        (HAIKU, {"discount_fraction": "NaN"}, "is no discount"),
        (HAIKU, {"long_output_usd_per_mtok": "-1"}, "= -1 is not a price"),
        ("house", {"discount_fraction": "0.1"}, "nothing to discount"),
        ("claude-opus-5", {}, "names no price"),
    ],
)
def test_an_override_that_cannot_be_meant_says_why(model: str, fields: dict[str, str], message: str) -> None:
    with pytest.raises(PriceError) as error:
        override(model, **fields)
    assert message in str(error.value)
    assert repr(model) in str(error.value)


# --- factors -----------------------------------------------------------------------------------------------------


def test_a_factor_of_the_plan_wins_over_ours_and_prices_what_has_no_list_price() -> None:
    book = with_terms(
        modifiers=(
            factor_of("service_tier", "Priority", "1.25"),
            factor_of("inference_geo", "us", "1.05"),
            factor_of("speed", "fast", "1.8", "Opus 5.5"),
            factor_of("service_tier", "batch", "0.4", "claude-haiku-5-5"),
        )
    )
    on = {"on": TODAY}
    assert book.multiplier("claude-opus-5-5", **on, service_tier="priority") == (Decimal("1.25"), ())
    assert book.multiplier("claude-haiku-4-5", **on, inference_geo="us") == (Decimal("1.05"), ())
    assert book.multiplier("claude-opus-5-5", **on, speed="fast")[0] == Decimal("1.8")
    assert book.multiplier("claude-opus-5", **on, speed="fast")[0] == 2
    assert book.multiplier(HAIKU, **on, service_tier="batch")[0] == Decimal("0.4")
    assert book.price(HAIKU, TODAY).batch_multiplier == Decimal("0.4")
    assert book.price("claude-opus-5-5", TODAY).batch_multiplier == Decimal("0.5")
    together = {"service_tier": "priority", "inference_geo": "us", "speed": "fast"}
    assert book.multiplier("claude-opus-5-5", **on, **together)[0] == Decimal("1.25") * Decimal("1.05") * Decimal("1.8")
    assert book.multiplier("claude-opus-5-5", **on, service_tier="flex")[1]
    assert book.at_list().multiplier("claude-opus-5-5", **on, service_tier="priority")[0] == Decimal("1.25")


def test_a_factor_for_a_model_wins_over_one_for_all() -> None:
    both = (factor_of("inference_geo", "eu", "1.2"), factor_of("inference_geo", "eu", "1.1", HAIKU))
    for modifiers in (both, both[::-1]):
        book = with_terms(modifiers=modifiers)
        assert book.multiplier(HAIKU, on=TODAY, inference_geo="eu")[0] == Decimal("1.1")
        assert book.multiplier("claude-opus-5-5", on=TODAY, inference_geo="eu")[0] == Decimal("1.2")


@pytest.mark.parametrize(
    ("modifiers", "message"),
    [
        ((factor_of("region", "eu", "1.2"),), "field is one of service_tier, inference_geo, speed"),
        ((factor_of("speed", "fast", "0"),), "is no factor"),
        ((factor_of("speed", "fast", "NaN"),), "is no factor"),
        ((factor_of("speed", " ", "2"),), "value names what a log says"),
        ((factor_of("speed", "fast", "2"), factor_of("speed", "FAST", "3")), "twice for every model"),
        (
            (factor_of("speed", "fast", "2", "claude-opus-5-5"), factor_of("speed", "fast", "3", "Claude Opus 5.5")),
            "twice for claude-opus-5-5",
        ),
        ((factor_of("speed", "fast", "2", "opus 5.5", "claude-opus-5-5"),), "twice for claude-opus-5-5"),
        ((factor_of("service_tier", "standard", "0.9"),), "discount_fraction, or prices, under [[prices.override]]"),
        ((factor_of("service_tier", " Default ", "0.9"),), "[[prices.modifier]] service_tier = ' Default '"),
        ((factor_of("inference_geo", "global", "0.9"),), "that is the standard request"),
        ((factor_of("inference_geo", "not_available", "0.9"),), "that is the standard request"),
        ((factor_of("speed", "standard", "0.9"),), "that is the standard request"),
    ],
)
def test_a_factor_that_cannot_be_used_says_why(modifiers: tuple[OwnModifier, ...], message: str) -> None:
    with pytest.raises(PriceError, match=r"\[\[prices.modifier\]\]") as error:
        with_terms(modifiers=modifiers)
    assert message in str(error.value)


def test_a_factor_for_an_unknown_model_says_where_it_stands() -> None:
    with pytest.raises(UnknownModelError, match=r"\[\[prices.modifier\]\].*'claude-opus-9'"):
        with_terms(modifiers=(factor_of("speed", "fast", "2", "claude-opus-9"),))


# --- token ratios ------------------------------------------------------------------------------------------------


def ratio(before: str, after: str, value: float) -> OwnTokenRatio:
    return OwnTokenRatio(from_generation=before, to_generation=after, ratio=value, source="counted")


@given(st.floats(0.2, 5))
def test_the_plans_token_ratio_wins_in_both_directions(value: float) -> None:
    for book in (
        with_terms(token_ratios=(ratio("old", "new", value),)),
        with_terms(token_ratios=(ratio("new", "old", 1 / value),)),
    ):
        assert book.new_tokens_per_old == pytest.approx(value)
        assert book.token_ratio("claude-sonnet-4-6", "claude-sonnet-5-5") == pytest.approx(value)
        assert book.token_ratio("claude-sonnet-5-5", "claude-sonnet-4-6") == pytest.approx(1 / value)
        assert book.token_ratio("claude-sonnet-5", "claude-sonnet-5-5") == 1


@pytest.mark.parametrize(
    ("ratios", "message"),
    [
        ((ratio("old", "newest", 1.2),), "no tokenizer generation is called 'newest'. Known: new, old"),
        ((ratio("old", "old", 1.2),), "Name two"),
        ((ratio("old", "new", 0.0),), "ratio = 0 is no ratio"),
        ((ratio("old", "new", -1.0),), "ratio = -1 is no ratio"),
        ((ratio("old", "new", 1.2), ratio("old", "new", 1.2)), "there twice"),
        ((ratio("old", "new", 1.2), ratio("new", "old", 0.8)), "gives both directions"),
    ],
)
def test_a_token_ratio_that_cannot_be_used_says_why(ratios: tuple[OwnTokenRatio, ...], message: str) -> None:
    with pytest.raises(PriceError, match=r"\[\[prices.token_ratio\]\]") as error:
        with_terms(token_ratios=ratios)
    assert message in str(error.value)


# --- names of the plan's own -------------------------------------------------------------------------------------

PROFILE = "arn:aws:bedrock:us-east-1:1:application-inference-profile/k3x9"


def test_an_alias_gives_a_name_its_model_whatever_the_name_is() -> None:
    book = with_terms(
        "bedrock", aliases={PROFILE: "us.anthropic.claude-opus-5-5", "Prod": "Haiku 5.5", "opus": "opus 5"}
    )
    assert book.resolve(PROFILE.upper()) == "claude-opus-5-5"
    assert book.price(PROFILE, TODAY).rates.input_usd_per_mtok == Decimal("4.4")
    assert book.resolve(" prod ") == HAIKU
    assert book.resolve("opus") == "claude-opus-5"
    assert book.at_list().resolve("prod") == HAIKU
    with pytest.raises(UnknownModelError):
        book.resolve("sonnet")


def test_an_alias_may_lead_to_a_model_that_only_an_override_prices() -> None:
    rates = {"input_usd_per_mtok": Decimal(1), "output_usd_per_mtok": Decimal(2)}
    book = PriceBook.load(
        overrides=[PriceOverride(model="House-Model", source="invoice", **rates)],
        terms=OwnTerms(aliases={"h": "house-model"}),
    )
    assert book.price("H", TODAY).rates == Rates(**rates)


def test_an_alias_may_not_rename_a_known_model_and_must_lead_to_one() -> None:
    with pytest.raises(PriceError, match="but it names claude-opus-5-5"):
        with_terms(aliases={"us.anthropic.claude-opus-5-5": "claude-haiku-5-5"})
    with pytest.raises(UnknownModelError, match=r"\[prices.aliases\].*'claude-opus-9'"):
        with_terms(aliases={"prod": "claude-opus-9"})
    with pytest.raises(UnknownModelError, match="'prod'"):
        with_terms(aliases={"test": "prod", "prod": "opus 5"})
    assert with_terms(aliases={"opus 5": "claude-opus-5"}).resolve("opus 5") == "claude-opus-5"


# --- endpoints ---------------------------------------------------------------------------------------------------


def test_bedrock_sells_at_a_global_and_a_regional_endpoint() -> None:
    book = with_terms("bedrock", endpoint="regional")
    prices = {name: book.price(name, TODAY).rates.input_usd_per_mtok for name in ("claude-opus-5-5", "claude-3-opus")}
    assert prices == {"claude-opus-5-5": Decimal("4.4"), "claude-3-opus": 15}
    assert book.price("global.anthropic.claude-opus-5-5", TODAY).rates.input_usd_per_mtok == 4
    plain = with_terms("bedrock", endpoint="global")
    assert plain.price("claude-opus-5-5", TODAY).rates.input_usd_per_mtok == 4
    assert plain.price("us.anthropic.claude-opus-5-5", TODAY).rates.input_usd_per_mtok == Decimal("4.4")


def test_a_govcloud_name_is_priced_at_the_regional_endpoint_and_that_is_said() -> None:
    price = PriceBook.load("bedrock").price("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", TODAY)
    assert price.rates.input_usd_per_mtok == Decimal("3.3")
    assert any("GovCloud" in note for note in price.notes)


def test_bedrocks_regional_endpoint_costs_a_tenth_more_since_sonnet_4_5_and_nothing_before() -> None:
    world, region = (with_terms("bedrock", endpoint=endpoint) for endpoint in ("global", "regional"))
    dearer = set()
    for model in world.models():
        a, b = every_rate(world.price(model, TODAY)), every_rate(region.price(model, TODAY))
        assert b in ([None if x is None else x * Decimal("1.1") for x in a], a)
        dearer |= {model} if a != b else set()
    (vertex,) = BOOK.facts.endpoints
    assert dearer == vertex.models  # two clouds, one rule: an independent witness of the fact that we typed


def test_vertex_regional_endpoints_cost_a_tenth_more_for_the_models_that_say_so() -> None:
    world, region = (with_terms("vertex", endpoint=endpoint) for endpoint in ("global", "regional"))
    (fact,) = BOOK.facts.endpoints
    for model in world.models():
        factor = Decimal("1.1") if model in (fact.models or ()) else Decimal(1)
        expected = [None if rate is None else rate * factor for rate in every_rate(world.price(model, TODAY))]
        assert every_rate(region.price(model, TODAY)) == expected
    path = "projects/p/locations/{}/publishers/anthropic/models/claude-opus-5-5"
    assert world.price(path.format("europe-west1"), TODAY).rates.input_usd_per_mtok == Decimal("4.4")
    assert region.price(path.format("global"), TODAY).rates.input_usd_per_mtok == 4
    before = region.price("claude-opus-4-5", fact.effective_from - DAY)
    assert any("factor is known from 2025-09-29" in note for note in before.notes)


def test_an_endpoint_of_anthropics_own_api_is_refused() -> None:
    with pytest.raises(PriceError, match="endpoint = 'regional' is of a cloud"):
        with_terms(endpoint="regional")


# --- server tools ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "tool", "day", "usd"),
    [
        ("anthropic", "web_search", date(2025, 5, 7), "10"),
        ("anthropic", "code_execution", date(2025, 5, 22), "0.05"),
        ("vertex", "web_search", date(2026, 11, 23), "10"),
    ],
)
def test_each_price_of_a_server_tool_on_both_sides_of_its_day(provider: str, tool: str, day: date, usd: str) -> None:
    book = PriceBook.load(provider)
    for on in (day, day + DAY, TODAY + 1000 * DAY):
        assert getattr(book.server_tools(on), tool) == Decimal(usd)
        assert not any(f"known from {day}" in note for note in book.server_tools(on).notes)
    before = book.server_tools(day - DAY)
    assert getattr(before, tool) == Decimal(usd)
    assert any(f"known from {day}; used for earlier days too" in note for note in before.notes)


def test_server_tools_are_priced_by_the_search_and_the_hour() -> None:
    tools = BOOK.server_tools(TODAY)
    assert (tools.web_search_usd_per_thousand, tools.code_execution_usd_per_hour) == (10, Decimal("0.05"))
    assert BOOK.server_tools_usd(2_500, 40, TODAY) == 25 + 2
    assert tools.free_code_execution_hours_per_month == 1550
    assert any("worth at most 77.50 USD a month" in note for note in tools.notes)
    assert (tools.source, tools.effective_from) != ("", None)


def test_the_library_has_the_same_price_of_a_search() -> None:
    for ours, theirs in (("anthropic", "anthropic"), ("vertex", "google")):
        (provider,) = (entry for entry in get_snapshot().providers if entry.id == theirs)
        prices = [
            entry.prices for entry in provider.models if "claude" in entry.id and not isinstance(entry.prices, list)
        ]
        listed = {price.web_searches_kcount for price in prices} - {None}
        assert listed == {PriceBook.load(ours).server_tools(TODAY).web_search_usd_per_thousand}


def test_what_a_cloud_does_not_sell_is_an_error_only_where_it_is_used() -> None:
    bedrock, vertex = PriceBook.load("bedrock"), PriceBook.load("vertex")
    assert bedrock.server_tools_usd(0, 0, TODAY) == 0
    assert vertex.server_tools_usd(1_000, 0, TODAY) == 10
    for book, use in ((bedrock, (1, 0)), (bedrock, (0, 1)), (vertex, (5, 1))):
        with pytest.raises(PriceError, match=rf"on {book.provider} is known.*\[prices.server_tools\]"):
            book.server_tools_usd(*use, TODAY)


def test_a_plans_own_price_of_a_server_tool_wins() -> None:
    own = OwnServerTools(source="quote", web_search_usd_per_thousand=Decimal(8))
    tools = with_terms(server_tools=own).server_tools(TODAY)
    assert (tools.web_search_usd_per_thousand, tools.code_execution_usd_per_hour) == (8, Decimal("0.05"))
    assert "your own: quote" in tools.source
    assert with_terms("bedrock", server_tools=own).server_tools_usd(1_000, 0, TODAY) == 8
    with pytest.raises(PriceError, match="code execution on bedrock"):
        with_terms("bedrock", server_tools=own).server_tools_usd(0, 1, TODAY)
    for bad in (OwnServerTools(source="x"), OwnServerTools(source="x", code_execution_usd_per_hour=Decimal(-1))):
        with pytest.raises(PriceError, match=r"\[prices.server_tools\]"):
            with_terms(server_tools=bad)


# --- one request with everything ---------------------------------------------------------------------------------


def test_one_request_with_every_class_and_every_modifier_by_hand() -> None:
    """Fable 5.2, in a batch, in the US, fast, with all five classes and both server tools.

    Tokens: 20,000 x 8 + 200,000 x 0.20 + 10,000 x 10 + 5,000 x 16 + 2,000 x 40 = 160,000 + 40,000 + 100,000 + 80,000
    + 80,000 = 460,000 millionths of a dollar: 0.46 USD. Factors: 0.5 x 1.1 x 2 = 1.1, so 0.506 USD. Two searches at
    0.01 USD and 6 minutes at 0.05 USD an hour: 0.02 + 0.005, which no factor touches. In all 0.531 USD.
    """
    tokens = {
        "input": 20_000,
        "cache_read": 200_000,
        "cache_write_5m": 10_000,
        "cache_write_1h": 5_000,
        "output": 2_000,
    }
    rates = BOOK.price("claude-fable-5-2", TODAY).rates
    usd = sum(getattr(rates, f"{name}_usd_per_mtok") * count for name, count in tokens.items()) / MILLION
    assert usd == Decimal("0.46")
    factor, notes = BOOK.multiplier(
        "claude-fable-5-2", on=TODAY, service_tier="batch", inference_geo="us", speed="fast"
    )
    assert (factor, notes) == (Decimal("1.1"), ())
    assert usd * factor + BOOK.server_tools_usd(2, 0.1, TODAY) == Decimal("0.531")


def test_one_long_request_on_a_regional_endpoint_in_a_batch_by_hand() -> None:
    """Haiku 5.5 at Vertex AI's regional endpoint, prompt of 100,001 tokens, so five times the price, times 1.1 and 0.5.

    60,001 x 0.5 + 30,000 x 0.05 + 10,000 x 0.625 + 1,000 x 2.5 = 30,000.5 + 1,500 + 6,250 + 2,500 = 40,250.5 millionths
    of a dollar; x 1.1 x 0.5 = 22,137.775 millionths.
    """
    book = with_terms("vertex", endpoint="regional")
    price = book.price(HAIKU, TODAY)
    (long,) = price.long_prompt
    tokens = {"input": 60_001, "cache_read": 30_000, "cache_write_5m": 10_000, "output": 1_000}
    assert sum(tokens.values()) - tokens["output"] == long.above_prompt_tokens + 1
    usd = sum(getattr(long.rates, f"{name}_usd_per_mtok") * count for name, count in tokens.items()) / MILLION
    assert usd * price.batch_multiplier == Decimal("0.022137775")


# --- from the plan file ------------------------------------------------------------------------------------------


def section(**values: Any) -> PricesSection:
    return PricesSection.model_validate(values)


def test_every_key_of_the_section_reaches_the_price_book() -> None:
    inputs = price_inputs(
        section(
            provider="vertex",
            endpoint="regional",
            snapshot="0123456789abcdef",
            aliases={"prod": "opus 5.5"},
            override=[
                {"model": "opus 5.5", "source": "q", "discount_fraction": 0.1},
                {"model": HAIKU, "source": "q", "long_output_usd_per_mtok": 2.1},
            ],
            modifier=[{"field": "service_tier", "value": "priority", "multiplier": 1.3, "source": "q"}],
            token_ratio=[{"from": "old", "to": "new", "ratio": 1.25, "source": "counted"}],
            server_tools={"code_execution_usd_per_hour": 0.07, "source": "q"},
        )
    )
    book = inputs.price_book()
    assert inputs.snapshot == "0123456789abcdef"
    assert book.price("prod", TODAY).rates.input_usd_per_mtok == 4 * Decimal("1.1") * Decimal("0.9")
    assert book.price(HAIKU, TODAY).long_prompt[0].rates.output_usd_per_mtok == Decimal("2.1")
    assert book.multiplier(HAIKU, on=TODAY, service_tier="priority")[0] == Decimal("1.3")
    assert book.new_tokens_per_old == 1.25
    assert book.server_tools_usd(0, 1, TODAY) == Decimal("0.07")
    assert book.snapshot == BOOK.snapshot
    assert book.sha256 != PriceBook.load("vertex").sha256


@pytest.mark.parametrize(
    "values",
    [
        {"endpoint": "regional"},
        {"aliases": {"prod": "claude-opus-9"}},
        {"token_ratio": [{"from": "old", "to": "newest", "ratio": 1.25, "source": "counted"}]},
        {"override": [{"model": HAIKU, "source": "q", "discount_fraction": 0.1, "input_usd_per_mtok": 1.0}]},
        {"cuts": {"fall": 1.0}},
    ],
)
def test_what_cannot_be_used_is_refused_when_the_plan_is_read(values: dict[str, Any]) -> None:
    with pytest.raises((PriceError, InputError)):
        price_inputs(section(**values))
