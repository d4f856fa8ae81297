"""Prices: every published fact on its day, the library as an independent witness, and what happens at the edges."""

import csv
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import genai_prices
import numpy as np
import pytest
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given
from hypothesis import strategies as st

from planner.bundled import data_path
from planner.errors import PriceError, UnknownModelError
from planner.price_data.facts import ListPrice, PriceFacts, load_price_facts
from planner.price_data.library import LibraryPrice, PriceLibrary, differences
from planner.prices import LongPromptRates, ModelPrice, PriceBook, PriceOverride, Rates
from planner.units import TOKEN_CLASSES, TOKENS_PER_MTOK

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
BOOK = PriceBook.load()
CLASSES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
CURRENT = ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-5-2", "claude-opus-5")
NEVER = "claude-never-1"


def rows() -> list[dict[str, str]]:
    with data_path("prices", "list-prices.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


IN_FORCE = [row for row in rows() if row["state"] == "in_force"]


def row_id(row: dict[str, str]) -> str:
    return f"{row['model']}@{row['effective_from']}"


def usd(rates: Rates, name: str) -> Decimal | None:
    value: Decimal | None = getattr(rates, f"{name}_usd_per_mtok")
    return value


def assert_reproduces(price: ModelPrice, row: dict[str, str]) -> None:
    """Every class that the row names, below and above its threshold, exactly."""
    for name in CLASSES:
        if row[f"{name}_usd_per_mtok"]:
            assert usd(price.rates, name) == Decimal(row[f"{name}_usd_per_mtok"]), name
    steps = {step.above_prompt_tokens: step.rates for step in price.long_prompt}
    assert [str(step) for step in steps] == [row["above_prompt_tokens"]] * bool(row["above_prompt_tokens"])
    for rates in steps.values():
        for name in CLASSES:
            assert usd(rates, name) == Decimal(row[f"long_{name}_usd_per_mtok"]), name


def request_usd(price: ModelPrice, tokens: dict[str, int]) -> Decimal:
    """One request in exact arithmetic, from the published rule: the whole request at the rates of its prompt."""
    prompt = sum(count for name, count in tokens.items() if name != "output")
    rates = price.rates
    for step in price.long_prompt:
        if prompt > step.above_prompt_tokens:
            rates = step.rates
    total = Decimal(0)
    for name, count in tokens.items():
        rate = usd(rates, name)
        assert rate is not None
        total += rate * count
    return total / TOKENS_PER_MTOK


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


# --- own dated facts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", IN_FORCE, ids=row_id)
def test_every_list_price_holds_from_its_day(row: dict[str, str]) -> None:
    day = date.fromisoformat(row["effective_from"])
    price = BOOK.price(row["model"], day)
    assert_reproduces(price, row)
    assert (price.model, price.provider, price.on, price.effective_from) == (row["model"], "anthropic", day, day)
    assert price.source.startswith(row["source"])
    assert price.checked_on == TODAY
    assert not price.notes


@pytest.mark.parametrize("row", IN_FORCE, ids=row_id)
def test_the_day_before_has_the_price_before(row: dict[str, str]) -> None:
    day = date.fromisoformat(row["effective_from"]) - DAY
    history = [other for other in IN_FORCE if other["model"] == row["model"]]
    index = history.index(row)
    price = BOOK.price(row["model"], day)
    assert_reproduces(price, history[max(0, index - 1)])
    assert any("before its first known price" in note for note in price.notes) == (index == 0)


def test_the_history_has_the_rows_that_were_collected() -> None:
    assert len(IN_FORCE) == 36
    assert len({row_id(row) for row in IN_FORCE}) == 36
    for row in rows():
        assert row["source"]
        assert date.fromisoformat(row["checked_on"]) == BOOK.checked_on


def test_opus_5_5() -> None:
    price = BOOK.price("claude-opus-5-5", TODAY)
    assert [str(rate) for rate in price.rates.in_class_order()] == ["4", "0.2", "5", "8", "20"]
    assert price.long_prompt == ()
    assert price.batch_multiplier == Decimal("0.5")
    assert BOOK.price("claude-opus-5", TODAY).rates.input_usd_per_mtok == 5


def test_the_cache_read_of_sonnet_5_5_halves_on_its_day_and_nothing_else_moves() -> None:
    before = BOOK.price("claude-sonnet-5-5", date(2026, 10, 6)).rates
    after = BOOK.price("claude-sonnet-5-5", date(2026, 10, 7)).rates
    assert (before.cache_read_usd_per_mtok, after.cache_read_usd_per_mtok) == (Decimal("0.2"), Decimal("0.1"))
    for name in set(CLASSES) - {"cache_read"}:
        assert usd(before, name) == usd(after, name)


def test_the_cancelled_rise_of_sonnet_5_has_no_effect_and_is_on_record() -> None:
    record = [row for row in rows() if row["model"] == "claude-sonnet-5" and row["state"] == "cancelled"]
    assert [(row["effective_from"], row["input_usd_per_mtok"]) for row in record] == [("2026-09-01", "3")]
    for day in (date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), TODAY, date(2028, 1, 1)):
        price = BOOK.price("claude-sonnet-5", day)
        assert (price.rates.input_usd_per_mtok, price.rates.output_usd_per_mtok) == (2, 10)
        assert not price.notes


def test_haiku_5_5_costs_five_times_as_much_above_100_000_tokens_in_every_class() -> None:
    price = BOOK.price("claude-haiku-5-5", TODAY)
    (long,) = price.long_prompt
    assert long.above_prompt_tokens == 100_000
    assert np.allclose(long.rates.per_token(), 5 * price.rates.per_token(), rtol=1e-15)
    at = {"input": 40_000, "cache_read": 50_000, "cache_write_5m": 10_000, "cache_write_1h": 0, "output": 1_000}
    above = at | {"cache_write_1h": 1}
    # by hand: 40k x 0.1 + 50k x 0.01 + 10k x 0.125 + 1k x 0.5, per million
    assert request_usd(price, at) == Decimal("0.00625")
    assert request_usd(price, above) == 5 * (Decimal("0.00625") + Decimal("0.2") / TOKENS_PER_MTOK)


def test_the_200_000_threshold_comes_and_goes() -> None:
    def above(model: str, on: date) -> list[int]:
        return [step.above_prompt_tokens for step in BOOK.price(model, on).long_prompt]

    assert above("claude-sonnet-4", date(2025, 8, 11)) == []
    assert above("claude-sonnet-4", date(2025, 8, 12)) == [200_000]
    for model in ("claude-sonnet-4-6", "claude-opus-4-6"):
        assert above(model, date(2026, 3, 12)) == [200_000]
        assert above(model, date(2026, 3, 13)) == []
    price = BOOK.price("claude-sonnet-4-5", TODAY)
    long = price.long_prompt[0].rates
    assert long.output_usd_per_mtok == Decimal("22.5")
    assert [usd(long, name) for name in CLASSES if name != "output"] == [
        2 * (usd(price.rates, name) or 0) for name in CLASSES if name != "output"
    ]
    assert BOOK.thresholds() == (100_000, 200_000)


def test_a_cancelled_change_would_have_no_effect_on_a_day_of_its_own_either(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    shutil.copytree(data_path("prices"), folder)
    file = folder / "list-prices.csv"
    text = file.read_text(encoding="utf-8")
    assert text.count("2026-09-01,exact_repo,scheduled_rise,cancelled") == 1
    moved = text.replace("2026-09-01,exact_repo,scheduled_rise", "2026-10-01,exact_repo,scheduled_rise")
    file.write_text(moved, encoding="utf-8")
    price = PriceBook(provider="anthropic", facts=load_price_facts(folder)).price("claude-sonnet-5", TODAY)
    assert (price.rates, price.notes) == (BOOK.price("claude-sonnet-5", TODAY).rates, ())


def test_announced_changes_price_nothing_and_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    shutil.copytree(data_path("prices"), folder)
    file = folder / "list-prices.csv"
    old = next(line for line in file.read_text(encoding="utf-8").splitlines() if ",cancelled," in line)
    new = old.replace(",cancelled,", ",announced,").replace("2026-09-01", "2027-02-01")
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    book = PriceBook(provider="anthropic", facts=load_price_facts(folder))
    for day in (TODAY, date(2027, 2, 1), date(2027, 6, 1)):
        price = book.price("claude-sonnet-5", day)
        assert price.rates.input_usd_per_mtok == 2
        (note,) = price.notes
        assert "announced for 2027-02-01" in note
    assert book.sha256 != BOOK.sha256


def test_classes_that_a_fact_lacks_come_from_the_library_at_the_same_list_price() -> None:
    opus = BOOK.price("claude-3-opus", date(2025, 6, 1))
    assert opus.rates.cache_write_1h_usd_per_mtok == 30
    assert "cache_write_1h: genai-prices" in opus.source
    # the library knows only the later, lower price list of Haiku 3.5: its 1-hour write does not belong to this one
    assert BOOK.price("claude-3-5-haiku", date(2024, 12, 1)).rates.cache_write_1h_usd_per_mtok is None
    unknown = BOOK.price("claude-instant-1", date(2024, 2, 1)).rates
    assert unknown.cache_read_usd_per_mtok is None
    assert np.isnan(unknown.per_token()).tolist() == [False, True, True, True, False]


def test_per_token_is_in_the_order_of_the_token_classes() -> None:
    rates = BOOK.price("claude-opus-5-5", TODAY).rates
    assert TOKEN_CLASSES == ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    assert rates.per_token().tolist() == [4e-6, 0.2e-6, 5e-6, 8e-6, 20e-6]


def test_a_retired_model_keeps_its_last_price_and_says_so() -> None:
    last = date(2026, 6, 15)
    assert BOOK.retires_on("claude-opus-4") == last
    assert not BOOK.price("claude-opus-4", last).notes
    after = BOOK.price("claude-opus-4", last + DAY)
    assert after.rates == BOOK.price("claude-opus-4", last).rates
    assert any("retired by Anthropic on 2026-06-15, keeps its last price" in note for note in after.notes)
    assert BOOK.retires_on("claude-sonnet-4-5") == date(2026, 11, 30)
    assert BOOK.retires_on("claude-opus-5-5") is None


# --- tiers, tokenizers, successors -------------------------------------------------------------------------------


def test_tiers() -> None:
    tiers = {model: BOOK.tier(model) for model in BOOK.models()}
    assert set(tiers.values()) == {"haiku", "sonnet", "opus", "fable", "other"}
    for model, tier in tiers.items():
        word = next((word for word in ("haiku", "sonnet", "opus", "fable") if word in model), None)
        assert tier == (word or ("fable" if "mythos" in model else "other"))


def test_the_same_text_is_33_percent_cheaper_on_the_list_and_13_percent_in_fact() -> None:
    old, new = (
        BOOK.price(model, TODAY).rates.input_usd_per_mtok for model in ("claude-sonnet-4-6", "claude-sonnet-5-5")
    )
    assert old is not None
    assert new is not None
    ratio = BOOK.token_ratio("claude-sonnet-4-6", "claude-sonnet-5-5")
    assert ratio == 1.3
    assert round(float(new / old) - 1, 2) == -0.33
    assert round(float(new / old) * ratio - 1, 2) == -0.13


@given(st.sampled_from(BOOK.models()), st.sampled_from(BOOK.models()), st.sampled_from(BOOK.models()))
def test_token_ratios_are_consistent(a: str, b: str, c: str) -> None:
    assert BOOK.token_ratio(a, a) == 1
    assert BOOK.token_ratio(a, b) * BOOK.token_ratio(b, c) == pytest.approx(BOOK.token_ratio(a, c))


def test_the_generation_changes_with_opus_4_7_sonnet_5_and_haiku_5_5() -> None:
    steps = [("claude-opus-4-6", "claude-opus-4-7"), ("claude-sonnet-4-6", "claude-sonnet-5")]
    for before, after in [*steps, ("claude-haiku-4-5", "claude-haiku-5-5")]:
        assert BOOK.token_ratio(before, after) == 1.3


@pytest.mark.parametrize("model", BOOK.models())
def test_a_successor_is_of_the_same_tier_and_current(model: str) -> None:
    successor = BOOK.successor(model)
    assert BOOK.tier(successor) == BOOK.tier(model)
    assert BOOK.successor(successor) == successor
    if BOOK.tier(model) != "other":
        retires = BOOK.retires_on(successor)
        assert retires is None or retires > TODAY


def test_successors_depend_on_the_day() -> None:
    assert BOOK.successor("claude-sonnet-4-5") == "claude-sonnet-5-5"
    assert BOOK.successor("claude-sonnet-4-5", date(2026, 9, 27)) == "claude-sonnet-5"
    assert BOOK.successor("claude-opus-4", date(2025, 8, 4)) == "claude-opus-4"


# --- names -------------------------------------------------------------------------------------------------------

NAMES = {
    "claude-opus-5-5": "claude-opus-5-5",
    "CLAUDE-Opus-4-5-20251101": "claude-opus-4-5",
    "claude-opus-4-20250514": "claude-opus-4",
    "claude-opus-4-0": "claude-opus-4",
    "claude-opus-4@20250514": "claude-opus-4",
    "claude-sonnet-4-5@20250929": "claude-sonnet-4-5",
    "claude-sonnet-4-5@default": "claude-sonnet-4-5",
    "claude-3-5-haiku-latest": "claude-3-5-haiku",
    "claude-3-5-sonnet-latest": "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet-20240620": "claude-3-5-sonnet-20240620",
    "claude-3.7-sonnet": "claude-3-7-sonnet",
    "anthropic/claude-opus-4.5": "claude-opus-4-5",
    "Claude Opus 5": "claude-opus-5",
    "Claude Haiku 4.5": "claude-haiku-4-5",
    "anthropic.claude-opus-4-5-20251101-v1:0": "claude-opus-4-5",
    "global.anthropic.claude-haiku-4-5-20251001-v1:0": "claude-haiku-4-5",
    "us.anthropic.claude-opus-5-5": "claude-opus-5-5",
    "arn:aws:bedrock:us-east-1:1:inference-profile/global.anthropic.claude-sonnet-4-20250514-v1:0": "claude-sonnet-4",
    "publishers/anthropic/models/claude-haiku-5-5@20261007": "claude-haiku-5-5",
    "anthropic.claude-v2": "claude-2",
    "anthropic.claude-v2:1": "claude-2.1",
    "claude-2.0": "claude-2",
    "claude-instant-1.2": "claude-instant-1",
    "claude-mythos-5-2": "claude-mythos-5-2",
}


@pytest.mark.parametrize(("name", "model"), NAMES.items())
def test_a_name_resolves(name: str, model: str) -> None:
    assert BOOK.resolve(name) == model


@pytest.mark.parametrize("provider", ["anthropic", "bedrock", "vertex"])
def test_every_model_of_a_book_resolves_to_itself_and_has_a_price(provider: str) -> None:
    book = PriceBook.load(provider)
    assert set(book.models()) <= set(BOOK.models())
    for model in book.models():
        assert book.resolve(model) == model
        assert {book.price(model, TODAY).rates.input_usd_per_mtok} - {None}


DECORATED = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "anthropic.", "us.anthropic.", "global.anthropic.", "anthropic/", " "]),
    st.sampled_from([*BOOK.models(), *NAMES]),
    st.sampled_from(["", "-latest", "-20260101", "@20260101", "-v1:0", "-1", "-10", "-fast", ".5", "x", " "]),
)


@given(DECORATED | st.text(max_size=30))
def test_resolving_twice_is_resolving_once(name: str) -> None:
    try:
        model = BOOK.resolve(name)
    except UnknownModelError:
        return
    assert BOOK.resolve(model) == model
    assert model in BOOK.models()


@pytest.mark.parametrize(
    "name", ["claude-opus-4-10", "claude-opus-6", "claude-sonnet-4-60", "claude-opus-4-6-fast", "gpt-4", "", "claude"]
)
def test_a_model_that_was_never_priced_is_refused_by_name_with_a_remedy(name: str) -> None:
    with pytest.raises(UnknownModelError) as error:
        BOOK.price(name, TODAY)
    assert repr(name) in str(error.value)
    assert "[[prices.override]]" in str(error.value)
    nearest = str(error.value).partition("Nearest known: ")[2].partition(". ")[0]
    assert set(nearest.split(", ")) <= {*BOOK.models(), ""}


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-4", "<synthetic>", "nonsense", "", "claude", "opus", "gemini-2.5-pro"])
def test_no_model_is_offered_for_a_name_that_is_like_none(name: str) -> None:
    """An alias to a model that somebody pays ten times as much for is no remedy."""
    with pytest.raises(UnknownModelError) as error:
        BOOK.resolve(name)
    said = str(error.value)
    assert "[prices.aliases]" in said
    assert "planner prices" in said
    assert not [model for model in BOOK.models() if model in said]


@pytest.mark.parametrize(
    ("name", "model"),
    [("opus5.5", "claude-opus-5-5"), ("claude-haiku-55", "claude-haiku-5-5"), ("claude-sonet-5", "claude-sonnet-5")],
)
def test_a_close_name_is_offered_as_an_alias(name: str, model: str) -> None:
    with pytest.raises(UnknownModelError) as error:
        BOOK.resolve(name)
    assert f'("{name}" = "{model}")' in str(error.value)


def test_a_misspelt_model_is_told_its_neighbour() -> None:
    with pytest.raises(UnknownModelError, match=r"Nearest known: claude-sonnet-5-5"):
        BOOK.resolve("claude-sonet-5-5")


# --- overrides ---------------------------------------------------------------------------------------------------


def test_an_override_replaces_what_it_names_and_nothing_else() -> None:
    override = PriceOverride(model="Claude-Sonnet-5-5", source="quote", input_usd_per_mtok=Decimal("1.90"))
    book = BOOK.with_overrides([override])
    listed, price = (b.price("claude-sonnet-5-5", TODAY) for b in (BOOK, book))
    assert price.rates.input_usd_per_mtok == Decimal("1.90")
    for name in set(CLASSES) - {"input"}:
        assert usd(price.rates, name) == usd(listed.rates, name)
    assert price.source.endswith("override: quote")
    assert book.price("claude-opus-5-5", TODAY) == BOOK.price("claude-opus-5-5", TODAY)
    assert BOOK.price("claude-sonnet-5-5", TODAY) == listed
    assert len({book.sha256, BOOK.sha256, PriceBook.load("vertex").sha256}) == 3
    assert PriceBook.load(overrides=[override]).sha256 == book.sha256


def test_an_override_leaves_long_prompts_at_list_and_says_so() -> None:
    book = BOOK.with_overrides(
        [PriceOverride(model="claude-haiku-5-5", source="quote", input_usd_per_mtok=Decimal("0.08"))]
    )
    price = book.price("claude-haiku-5-5", TODAY)
    assert price.long_prompt == BOOK.price("claude-haiku-5-5", TODAY).long_prompt
    assert any("above 100,000 prompt tokens the list price holds" in note for note in price.notes)


def test_an_override_creates_an_unknown_model_with_unknown_cache_prices() -> None:
    rates = {"input_usd_per_mtok": Decimal(1), "output_usd_per_mtok": Decimal(2)}
    book = BOOK.with_overrides([PriceOverride(model="House-Model", source="invoice", tier="haiku", **rates)])
    assert book.resolve("house-model") == book.resolve(" House-Model ") == "House-Model"
    price = book.price("house-model", TODAY)
    assert price.model == "House-Model"
    assert price.rates == Rates(**rates)
    assert price.effective_from is None
    assert (price.source, book.tier("House-Model")) == ("override: invoice", "haiku")
    assert book.token_ratio("House-Model", "claude-opus-5-5") == 1
    assert any("tokenizer is unknown" in note for note in price.notes)
    assert book.successor("House-Model") == "House-Model"
    assert "House-Model" in book.models()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"model": NEVER, "output_usd_per_mtok": Decimal(2)}, "input_usd_per_mtok must be given"),
        ({"model": NEVER, "cache_read_usd_per_mtok": Decimal(2)}, "input_usd_per_mtok and output_usd_per_mtok must"),
        ({"model": "claude-opus-5"}, "names no price"),
        ({"model": "claude-opus-5", "input_usd_per_mtok": Decimal(-1)}, "input_usd_per_mtok = -1 is not a price"),
        ({"model": "claude-opus-5", "input_usd_per_mtok": Decimal("NaN")}, "is not a price"),
    ],
)
def test_an_override_that_cannot_be_used_says_why(fields: dict[str, str | Decimal], message: str) -> None:
    with pytest.raises(PriceError, match=message):
        BOOK.with_overrides([PriceOverride(source="quote", **fields)])  # type: ignore[arg-type]


def test_two_overrides_for_one_model_are_refused() -> None:
    names = ("claude-opus-5-5", "us.anthropic.claude-opus-5-5")
    twice = [PriceOverride(model=name, source="quote", input_usd_per_mtok=Decimal(3)) for name in names]
    with pytest.raises(PriceError, match="claude-opus-5-5 twice"):
        BOOK.with_overrides(twice)


# --- multipliers -------------------------------------------------------------------------------------------------


def factor(model: str, **handling: str | None) -> tuple[Decimal, tuple[str, ...]]:
    defaults: dict[str, str | None] = {"service_tier": None, "inference_geo": None, "speed": None}
    return BOOK.multiplier(model, on=TODAY, **(defaults | handling))


@pytest.mark.parametrize("value", [None, "", "standard", "Standard", "global", "not_available", "default"])
def test_what_is_standard_costs_the_list_price_without_a_word(value: str | None) -> None:
    assert factor("claude-opus-5-5", service_tier=value, inference_geo=value, speed=value) == (1, ())


@pytest.mark.parametrize(
    ("model", "handling", "expected"),
    [
        ("claude-opus-5-5", {"service_tier": "batch"}, "0.5"),
        ("claude-3-haiku", {"service_tier": "batch"}, "0.5"),
        ("claude-opus-5-5", {"inference_geo": "us"}, "1.1"),
        ("claude-sonnet-4-6", {"inference_geo": "US"}, "1.1"),
        ("claude-opus-5-5", {"service_tier": "batch", "inference_geo": "us"}, "0.55"),
        ("claude-opus-5-5", {"speed": "fast"}, "2"),
        ("claude-opus-4-6", {"speed": "fast"}, "6"),
        ("claude-opus-4-7", {"speed": "fast"}, "6"),
        ("claude-fable-5-2", {"speed": "fast", "inference_geo": "us"}, "2.2"),
    ],
)
def test_known_multipliers(model: str, handling: dict[str, str], expected: str) -> None:
    assert factor(model, **handling) == (Decimal(expected), ())


@pytest.mark.parametrize(
    ("model", "handling"),
    [
        ("claude-opus-5-5", {"service_tier": "priority"}),
        ("claude-opus-5-5", {"service_tier": "flex"}),
        ("claude-opus-5-5", {"service_tier": "flex_discount"}),
        ("claude-opus-5-5", {"service_tier": "gold"}),
        ("claude-opus-5-5", {"inference_geo": "eu"}),
        ("claude-haiku-4-5", {"inference_geo": "us"}),
        ("claude-opus-5-5", {"speed": "slow"}),
    ],
)
def test_what_has_no_public_list_price_is_standard_and_said(model: str, handling: dict[str, str]) -> None:
    value, notes = factor(model, **handling)
    assert value == 1
    assert len(notes) == 1
    assert next(iter(handling.values())) in notes[0]
    assert "priced as standard" in notes[0]


def test_fast_mode_without_a_known_price_is_an_error() -> None:
    with pytest.raises(PriceError, match=r"claude-haiku-5-5 on anthropic.*Known: .*claude-opus-5-5"):
        factor("claude-haiku-5-5", speed="fast")
    with pytest.raises(PriceError, match="claude-opus-5-5 on bedrock"):
        PriceBook.load("bedrock").multiplier("claude-opus-5-5", on=TODAY, speed="fast")


def test_the_end_of_fast_mode_on_opus_4_8_is_announced_and_prices_nothing() -> None:
    value, notes = factor("claude-opus-4-8", speed="fast")
    assert value == 2
    assert len(notes) == 1
    assert "2026-11-30 (announced" in notes[0]


def facts_in_force(tmp_path: Path, change: str = "") -> PriceFacts:
    """The facts with the announced end of fast mode in force, or with another change in its place."""
    for path in data_path("prices").iterdir():
        text = path.read_text(encoding="utf-8")
        if path.name == "modifiers.toml":
            assert text.count('state = "announced"') == 1
            text = text.replace('state = "announced"', f'state = "in_force"\n{change}')
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    return load_price_facts(tmp_path)


def test_a_fast_price_that_is_removed_ends_on_its_day(tmp_path: Path) -> None:
    book = PriceBook(provider="anthropic", facts=facts_in_force(tmp_path))
    last, end = date(2026, 11, 29), date(2026, 11, 30)
    assert book.multiplier("claude-opus-4-8", on=last, speed="fast") == (2, ())
    with pytest.raises(
        PriceError, match=r"claude-opus-4-8 on anthropic on 2026-11-30 .*Known: .*claude-opus-5"
    ) as error:
        book.multiplier("claude-opus-4-8", on=end, speed="fast")
    assert "claude-opus-4-8" not in str(error.value).partition("Known: ")[2]
    assert book.multiplier("claude-opus-5", on=end, speed="fast")[0] == 2
    (row,) = (row for row in book.changes(last, end) if row.unit == "factor")
    assert (row.model, row.token_class, row.state) == ("claude-opus-4-8", "fast mode", "in_force")
    assert (row.before, row.after, row.effective_from) == (2, None, end)
    assert [row for row in book.changes(end, end + timedelta(days=1)) if row.unit == "factor"] == []


def test_a_factor_that_changes_counts_from_its_day(tmp_path: Path) -> None:
    book = PriceBook(provider="anthropic", facts=facts_in_force(tmp_path, "multiplier = 2.5"))
    last, change = date(2026, 11, 29), date(2026, 11, 30)
    days = (last, change, date(2027, 6, 1))
    factors = [book.multiplier("claude-opus-4-8", on=day, speed="fast")[0] for day in days]
    assert factors == [2, Decimal("2.5"), Decimal("2.5")]
    (row,) = (row for row in book.changes(last, change) if row.unit == "factor")
    assert (row.before, row.after) == (2, Decimal("2.5"))


def test_a_multiplier_used_before_its_day_says_so() -> None:
    value, (note,) = BOOK.multiplier("claude-3-opus", on=date(2024, 10, 7), service_tier="batch")
    assert value == Decimal("0.5")
    assert "known from 2024-10-08" in note
    assert BOOK.multiplier("claude-3-opus", on=date(2024, 10, 8), service_tier="batch") == (value, ())


def test_multipliers_agree_with_every_variant_that_the_library_lists() -> None:
    (provider,) = (entry for entry in get_snapshot().providers if entry.id == "anthropic")
    keys = {"processing": "service_tier", "speed": "speed"}
    seen = 0
    for entry in provider.models:
        for variant in entry.price_variants or ():
            ((key, value),) = variant.when.items()
            ours, _ = factor(entry.id, **{keys[key]: value})
            listed = BOOK.price(entry.id, TODAY).rates
            theirs = variant.prices.input_mtok
            assert (listed.input_usd_per_mtok or 0) * ours == getattr(theirs, "base", theirs)
            seen += 1
    assert seen > 15


# --- other providers ---------------------------------------------------------------------------------------------


def test_bedrock_sells_the_same_models_at_its_own_endpoints() -> None:
    book = PriceBook.load("bedrock")
    prices = {
        name: book.price(name, TODAY).rates.input_usd_per_mtok
        for name in (
            "claude-opus-5-5",
            "global.anthropic.claude-opus-5-5",
            "us.anthropic.claude-opus-5-5",
            "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-opus-5-5",
        )
    }
    assert list(prices.values()) == [4, 4, Decimal("4.4"), Decimal("4.4")]
    assert {book.resolve(name) for name in prices} == {"claude-opus-5-5"}
    assert book.price("claude-haiku-5-5", TODAY).long_prompt[0].above_prompt_tokens == 100_000
    assert 100_000 in book.thresholds()
    with pytest.raises(UnknownModelError, match="on bedrock"):
        book.price("claude-2.1", TODAY)


def test_bedrock_says_when_its_price_has_no_date_and_anthropics_moved() -> None:
    book = PriceBook.load("bedrock")
    (note,) = book.price("claude-sonnet-5-5", date(2026, 10, 1)).notes
    assert "2026-10-07" in note
    assert book.price("claude-sonnet-5-5", date(2026, 10, 7)).notes == ()


def test_a_dated_change_of_the_library_on_vertex_is_not_said_to_have_no_date() -> None:
    book = PriceBook.load("vertex")
    before, after = date(2026, 3, 12), date(2026, 3, 13)
    assert book.price("claude-opus-4-6", before).long_prompt != book.price("claude-opus-4-6", after).long_prompt
    assert not [note for day in (before, after) for note in book.price("claude-opus-4-6", day).notes if "date" in note]


def test_vertex_has_googles_prices_and_falls_back_to_anthropics_aloud() -> None:
    book = PriceBook.load("vertex")
    own = book.price("claude-opus-4-5@20251101", TODAY)
    assert (own.model, own.provider, own.rates.input_usd_per_mtok, own.notes) == ("claude-opus-4-5", "vertex", 5, ())
    assert ", google, " in own.source
    lent = book.price("claude-sonnet-5", TODAY)
    assert lent.rates == BOOK.price("claude-sonnet-5", TODAY).rates
    assert any("Anthropic's list price is used" in note for note in lent.notes)


def test_the_geography_of_another_provider_is_in_its_endpoint() -> None:
    value, (note,) = PriceBook.load("bedrock").multiplier("claude-opus-5-5", on=TODAY, inference_geo="us")
    assert value == 1
    assert "endpoint sets the price" in note


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(PriceError, match=r"'azure'. Known: anthropic, bedrock, vertex"):
        PriceBook.load("azure")


# --- the library -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", CURRENT)
@given(
    counts=st.tuples(*[st.integers(0, 400_000)] * 5),
)
def test_a_request_costs_what_the_library_calculates(model: str, counts: tuple[int, ...]) -> None:
    tokens = dict(zip(CLASSES, counts, strict=True))
    writes = tokens["cache_write_5m"] + tokens["cache_write_1h"]
    usage = genai_prices.Usage(
        input_tokens=tokens["input"] + tokens["cache_read"] + writes,
        cache_read_tokens=tokens["cache_read"],
        cache_write_tokens=writes,
        cache_write_1h_tokens=tokens["cache_write_1h"],
        output_tokens=tokens["output"],
    )
    theirs = genai_prices.calc_price(usage, model, provider_id="anthropic", genai_request_timestamp=noon(TODAY))
    assert request_usd(BOOK.price(model, TODAY), tokens) == theirs.total_price


def test_the_check_lists_real_differences_only() -> None:
    found = BOOK.differences()
    known = {(row.model, row.token_class, row.on) for row in found}
    assert ("claude-sonnet-5-5", "cache_read", date(2026, 9, 28)) in known
    assert ("claude-3-5-haiku", "output", date(2024, 11, 4)) in known
    assert ("claude-sonnet-4", "output above 200000", date(2025, 8, 12)) in known
    assert len(known) == len(found)
    (provider,) = (entry for entry in get_snapshot().providers if entry.id == "anthropic")
    keys = dict(zip(TOKEN_CLASSES, ("input", "cache_read", "cache_write", "cache_write_1h", "output"), strict=True))
    for row in found:
        assert row.own_usd_per_mtok != row.library_usd_per_mtok
        assert row.wins == "own"
        name, _, above = row.token_class.partition(" above ")
        entry = provider.find_model(row.model)
        if entry is None or above:
            assert row.library_usd_per_mtok is None
            continue
        price = entry.get_prices(noon(row.on))
        value = getattr(price, f"{keys[name]}_mtok")
        assert row.library_usd_per_mtok == getattr(value, "base", value)


class _StubLibrary(PriceLibrary):
    """A library of one model whose price moved on a day."""

    def __init__(self, starts_on: date) -> None:
        super().__init__("anthropic")
        self.starts_on = starts_on

    def find(self, name: str) -> str | None:
        return name if name == "claude-opus-5-5" else None

    def price(self, entry: str, on: date) -> LibraryPrice:
        before = on < self.starts_on
        rates = Rates(input_usd_per_mtok=Decimal(4 if before else 3), output_usd_per_mtok=Decimal(20))
        starts_on = None if before else self.starts_on
        return LibraryPrice(entry=entry, rates=rates, long_prompt=(), starts_on=starts_on, source="stub")


def test_a_library_change_dated_after_our_newest_fact_wins_from_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    def price_input(starts_on: date, on: date) -> Decimal | None:
        monkeypatch.setattr("planner.prices.price_library", lambda provider, **_: _StubLibrary(starts_on))
        book = PriceBook(provider="anthropic", facts=load_price_facts())
        return book.price("claude-opus-5-5", on).rates.input_usd_per_mtok

    later, earlier = date(2026, 11, 1), date(2026, 9, 1)
    assert price_input(later, later - DAY) == 4
    assert price_input(later, later) == 3
    assert price_input(earlier, later) == 4


def test_the_check_says_when_the_library_wins() -> None:
    found = differences(BOOK.facts, _StubLibrary(date(2026, 11, 1)))
    (row,) = (r for r in found if (r.model, r.token_class) == ("claude-opus-5-5", "uncached_input"))
    assert (row.on, row.own_usd_per_mtok, row.library_usd_per_mtok, row.wins) == (TODAY, 4, 3, "library")


def test_the_library_serves_models_without_facts_of_our_own() -> None:
    for model in ("claude-2", "claude-v1", "claude-mythos-5-2"):
        assert not BOOK.facts.in_force(model)
        price = BOOK.price(model, TODAY)
        assert price.source.startswith("genai-prices")
        assert price.checked_on == TODAY


# --- the files ---------------------------------------------------------------------------------------------------


def test_a_fact_that_cannot_be_read_is_named_by_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    shutil.copytree(data_path("prices"), folder)
    file = folder / "list-prices.csv"
    text = file.read_text(encoding="utf-8")
    for old, new, message in (
        ("in_force,10,50", "in_force,1e1,50", "list-prices.csv:2: '1e1' is not a price"),
        ("in_force,10,50", "in_force,,50", "list-prices.csv:2: a price in force needs input and output"),
        ("in_force,10,50", "maybe,10,50", "list-prices.csv:2: state 'maybe' is not one of"),
        ("2026-06-09", "2026-6-9", "list-prices.csv:2: '2026-6-9' is not a day"),
    ):
        file.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(PriceError) as error:
            load_price_facts(folder)
        assert message in str(error.value)


def test_every_priced_model_is_described_and_every_successor_exists() -> None:
    facts = BOOK.facts
    assert set(facts.list_prices) <= set(facts.models)
    for fact in facts.models.values():
        assert fact.successor is None or fact.successor in facts.models
        history: tuple[ListPrice, ...] = facts.in_force(fact.model)
        if fact.launched and history:
            assert history[0].effective_from == fact.launched
    names = [*facts.models, *facts.aliases]
    assert len(names) == len(set(names))


def test_importing_prices_does_not_load_the_library() -> None:
    code = "import sys, planner.prices; print([m for m in sys.modules if m.startswith('genai_prices')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_nouns_of_a_price_can_be_taken_from_one_place() -> None:
    (step,) = BOOK.price("claude-haiku-5-5", TODAY).long_prompt
    assert isinstance(step, LongPromptRates)
