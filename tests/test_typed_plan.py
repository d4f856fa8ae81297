"""A plan typed by hand: it says what was typed and nothing else, and what is wrong names row, value and remedy."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from planner.errors import InputError
from planner.plan import build_plan
from planner.plan_file.loader import parse_plan
from planner.plan_file.typed_plan import CALLED, COLUMNS, NUMBERS, Growth, offered_models, typed_growth, typed_plan_text
from planner.plan_state import has_placeholder_terms
from planner.prices import PriceBook

DAY = date(2026, 11, 24)
BOOK = PriceBook.load("anthropic")
MODELS = offered_models(BOOK, DAY)
GOOD: dict[str, Any] = dict(zip(COLUMNS, ("support", "claude-opus-5-5", 1_200_000, 900, 0, 60), strict=True))
EMPTY: dict[str, Any] = dict.fromkeys(COLUMNS)

names = some.text(min_size=1, max_size=200).map(str.strip).filter(bool)
rows = some.builds(
    lambda name, model, requests, *tokens: dict(zip(COLUMNS, (name, model, requests, *tokens), strict=True)),
    names,
    some.sampled_from(MODELS),
    some.one_of(some.integers(0, 10**13), some.floats(0, 1e13)),
    *(some.one_of(some.integers(0, 10**9), some.floats(0, 1e9)) for _ in range(3)),
)


def text_of(*typed: dict[str, Any], growth: Growth | None = None, name: str = "x") -> str:
    return typed_plan_text(typed, growth, name=name, on=DAY, book=BOOK)


@settings(max_examples=60, deadline=None)
@given(some.lists(rows, min_size=1, max_size=4, unique_by=lambda row: row["request_type"]), names)
def test_the_plan_says_what_was_typed(typed: list[dict[str, Any]], name: str) -> None:
    inputs = parse_plan(text_of(EMPTY, *typed, EMPTY, name=name), base_dir=Path())
    assert inputs.name == name
    assert [(item.request_type, item.model) for item in inputs.mix] == [
        (row["request_type"], row["model"]) for row in typed
    ]
    for item, row in zip(inputs.mix, typed, strict=True):
        uncached, read, *written, output = item.tokens_per_request
        assert [item.monthly_requests, uncached, read, output] == [row[key] for key in NUMBERS]
        assert not any(written)
    assert inputs.start == date(2026, 12, 1)
    assert inputs.prices.on == DAY
    assert "growth_per_year" not in inputs.demand_given
    assert not any(scenario.has_levers for scenario in inputs.scenarios)


def test_a_year_ends_and_the_next_begins() -> None:
    text = typed_plan_text([GOOD], None, name=" ", on=date(2025, 12, 31), book=BOOK)
    inputs = parse_plan(text, base_dir=Path())
    assert inputs.start == date(2026, 1, 1)
    assert inputs.name == "Typed by hand", "a plan without a name has one"


def test_it_is_priced_by_plain_arithmetic_and_its_contract_is_marked() -> None:
    plan = build_plan(parse_plan(text_of(GOOD).replace("paths = 16_384", "paths = 500"), base_dir=Path()))
    price = BOOK.price("claude-opus-5-5", DAY).rates
    want = 1_200_000 * (900 * float(price.input_usd_per_mtok) + 60 * float(price.output_usd_per_mtok)) / 1e6
    assert sum(line.monthly_list_cost_usd for line in plan.prepared.mix_lines) == pytest.approx(want)
    assert has_placeholder_terms(plan)
    assert "PLACEHOLDERS, not your contract" in plan.inputs.text


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        *((name, None, "is empty") for name in COLUMNS),
        ("request_type", "  ", "is empty"),
        ("request_type", "x" * 40_000, "has 40,000 characters"),
        ("model", "gpt-9", "gpt-9"),
        *((name, value, str(value)) for name in NUMBERS for value in (-1, float("nan"), float("inf"), 1e14, "many")),
    ],
)
def test_a_mistake_names_row_column_value_and_remedy(column: str, value: Any, says: str) -> None:
    other = GOOD | {"request_type": "other"}
    with pytest.raises(InputError) as refused:
        text_of(other, EMPTY, GOOD | {column: value})
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"Row 3: {CALLED[column]} ")
    assert says in line
    assert len(line) < 400


def test_every_row_has_a_line_of_its_own() -> None:
    with pytest.raises(InputError) as refused:
        text_of(GOOD | {"model": None}, GOOD, GOOD | {"output_tokens": -3}, GOOD)
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == ["Row 1", "Row 3", "Row 4"]
    assert "as row 2: add the requests up" in str(refused.value)


def test_nothing_typed_says_where_to_begin() -> None:
    with pytest.raises(InputError, match="Nothing is typed yet: fill in one row"):
        text_of(EMPTY, EMPTY | {"cache_read_tokens": 0})


@settings(max_examples=60, deadline=None)
@given(some.floats(-99, 1000), some.floats(-99, 1000))
def test_growth_is_a_range_and_is_written_as_one(low: float, high: float) -> None:
    low, high = sorted((low, high))
    growth = typed_growth(low, high)
    assert growth is not None
    inputs = parse_plan(text_of(GOOD, growth=growth), base_dir=Path())
    assert "growth_per_year" in inputs.demand_given
    assert f"{growth.p10!r}" in inputs.text
    assert (growth.p10, growth.p90) == (low / 100, high / 100)


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (5, None, "only the low"),
        (None, 5, "only the high"),
        (80, 5, "swap them"),
        (-100, 5, "-100 %"),
        (0, 5000, "1,000"),
    ],
)
def test_growth_that_cannot_be_is_refused(low: float | None, high: float | None, says: str) -> None:
    with pytest.raises(InputError, match=r"^Growth: ") as refused:
        typed_growth(low, high)
    assert says in str(refused.value)


def test_growth_that_is_not_typed_is_left_to_the_prior() -> None:
    assert typed_growth(None, None) is None


def test_only_models_of_the_day_are_offered() -> None:
    assert "claude-opus-5-5" in MODELS
    assert "claude-3-opus" not in MODELS, "retired"
    early = offered_models(BOOK, date(2025, 1, 1))
    assert "claude-opus-5-5" not in early
    assert set(early) <= set(BOOK.models())
