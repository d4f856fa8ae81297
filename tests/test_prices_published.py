"""An independent table of published Anthropic prices, typed from where they were published, against the price book.

Rows: model, first day, input, output, cache read, 5-minute write, 1-hour write, prompt threshold, input and output
above it, tokenizer, source. USD per million tokens; "" where the source names none.
"""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from planner.prices import PriceBook, Rates

BOOK = PriceBook.load()
DAY = timedelta(days=1)
SDK = "anthropics/anthropic-sdk-python CHANGELOG.md"
COST = "AgentOps-AI/tokencost model_prices.json history"
DOCS = "platform.claude.com models overview and release notes"
LIB = "pydantic/genai-prices prices/providers/anthropic.yml"

TABLE = f"""
claude-instant-1           2024-01-30 1.63 5.51  -     -     -    -      -  -    old {COST}
claude-2.1                 2024-01-30 8    24    -     -     -    -      -  -    old {COST}
claude-3-sonnet            2024-03-06 3    15    -     -     -    -      -  -    old {COST}
claude-3-opus              2024-03-06 15   75    -     -     -    -      -  -    old {COST}
claude-3-opus              2024-09-06 15   75    1.5   18.75 -    -      -  -    old {COST}
claude-3-haiku             2024-03-13 0.25 1.25  -     -     -    -      -  -    old {SDK} 0.20.0
claude-3-haiku             2024-09-06 0.25 1.25  0.03  0.3   -    -      -  -    old {COST}
claude-3-5-sonnet-20240620 2024-06-20 3    15    -     -     -    -      -  -    old {SDK} 0.29.0
claude-3-5-sonnet-20240620 2024-09-06 3    15    0.3   3.75  -    -      -  -    old {COST}
claude-3-5-sonnet-20241022 2024-10-23 3    15    0.3   3.75  -    -      -  -    old {COST}
claude-3-5-haiku           2024-11-04 1    5     0.1   1.25  -    -      -  -    old {SDK} 0.39.0
claude-3-5-haiku           2025-03-01 0.8  4     0.08  1     1.6  -      -  -    old {COST}
claude-3-7-sonnet          2025-02-24 3    15    0.3   3.75  6    -      -  -    old {SDK} 0.47.0
claude-opus-4              2025-05-22 15   75    1.5   18.75 30   -      -  -    old {SDK} 0.52.0
claude-sonnet-4            2025-05-22 3    15    0.3   3.75  6    -      -  -    old {SDK} 0.52.0
claude-sonnet-4            2025-08-12 3    15    0.3   3.75  6    200000 6  22.5 old simonw/llm-prices
claude-opus-4-1            2025-08-05 15   75    1.5   18.75 30   -      -  -    old {SDK} 0.61.0
claude-sonnet-4-5          2025-09-29 3    15    0.3   3.75  6    200000 6  22.5 old {SDK} 0.69.0; {LIB}
claude-haiku-4-5           2025-10-15 1    5     0.1   1.25  2    -      -  -    old {DOCS}
claude-opus-4-5            2025-11-24 5    25    0.5   6.25  10   -      -  -    old {SDK} 0.75.0; {LIB}
claude-opus-4-6            2026-02-05 5    25    0.5   6.25  10   200000 10 37.5 old {SDK} 0.78.0; {LIB}
claude-opus-4-6            2026-03-13 5    25    0.5   6.25  10   -      -  -    old {LIB} (1m-context-ga)
claude-sonnet-4-6          2026-02-17 3    15    0.3   3.75  6    200000 6  22.5 old {SDK} 0.80.0; {LIB}
claude-sonnet-4-6          2026-03-13 3    15    0.3   3.75  6    -      -  -    old {LIB} (1m-context-ga)
claude-opus-4-7            2026-04-16 5    25    0.5   6.25  10   -      -  -    new {SDK} 0.96.0; {LIB}
claude-opus-4-8            2026-05-28 5    25    0.5   6.25  10   -      -  -    new {SDK} 0.105.0; {LIB}
claude-fable-5             2026-06-09 10   50    1.0   12.5  20   -      -  -    new {SDK} 0.108.0; {LIB}
claude-sonnet-5            2026-06-30 2    10    0.2   2.5   4    -      -  -    new {SDK} 0.114.0; {LIB}
claude-sonnet-5            2026-09-01 2    10    0.2   2.5   4    -      -  -    new kurofune/claudit v1.8.1
claude-opus-5              2026-07-24 5    25    0.5   6.25  10   -      -  -    new {SDK} 0.120.0; {LIB}
claude-fable-5-1           2026-09-01 10   50    0.25  12.5  20   -      -  -    new {DOCS}
claude-opus-5-5            2026-09-22 4    20    0.2   5     8    -      -  -    new {DOCS}
claude-sonnet-5-5          2026-09-28 2    10    0.2   2.5   4    -      -  -    new {DOCS}
claude-sonnet-5-5          2026-10-07 2    10    0.1   2.5   4    -      -  -    new kurofune/claudit v1.9.2
claude-haiku-5-5           2026-10-07 0.1  0.5   0.01  0.125 0.2  100000 0.5 2.5 new {DOCS}
claude-fable-5-2           2026-11-23 8    40    0.2   10    16   -      -  -    new genai-prices 0.2.3
"""
ROWS = [line.split(maxsplit=11) for line in TABLE.strip().splitlines()]
CLASSES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


def rate(rates: Rates, name: str) -> Decimal | None:
    value: Decimal | None = getattr(rates, f"{name}_usd_per_mtok")
    return value


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}@{row[1]}")
def test_a_published_price_holds_from_its_day_to_the_next(row: list[str]) -> None:
    model, first, *prices, threshold, long_input, long_output, tokenizer, _ = row
    later = [date.fromisoformat(other[1]) for other in ROWS if other[0] == model and other[1] > first]
    begins = date.fromisoformat(first)
    last = min(later, default=date(2027, 12, 31)) - DAY
    for on in (begins, begins + (last - begins) / 2, last):
        price = BOOK.price(model, on)
        for name, published in zip(CLASSES, prices, strict=True):
            if published != "-":
                assert rate(price.rates, name) == Decimal(published)
        assert [str(step.above_prompt_tokens) for step in price.long_prompt] == [threshold] * (threshold != "-")
        for step in price.long_prompt:
            assert rate(step.rates, "input") == Decimal(long_input)
            assert rate(step.rates, "output") == Decimal(long_output)
            # what no price list spells out: the cache classes above a threshold follow the input
            for name in CLASSES[2:]:
                below = rate(price.rates, name)
                assert below is not None
                assert rate(step.rates, name) == below * Decimal(long_input) / Decimal(prices[0])
        assert price.batch_multiplier == Decimal("0.5")
    assert BOOK.tokenizer(model) == tokenizer


def test_the_price_book_has_no_price_of_its_own_that_is_not_in_this_table() -> None:
    own = {
        (fact.model, fact.effective_from.isoformat()) for m in BOOK.facts.list_prices for fact in BOOK.facts.in_force(m)
    }
    assert own == {(row[0], row[1]) for row in ROWS}


RETIRED = {
    "claude-instant-1": "2024-11-06",
    "claude-2.1": "2025-07-21",
    "claude-3-sonnet": "2025-07-21",
    "claude-3-5-sonnet-20240620": "2025-10-28",
    "claude-3-5-sonnet-20241022": "2025-10-28",
    "claude-3-opus": "2026-01-05",
    "claude-3-5-haiku": "2026-02-19",
    "claude-3-7-sonnet": "2026-02-19",
    "claude-opus-4": "2026-06-15",
    "claude-sonnet-4": "2026-06-15",
    "claude-opus-4-1": "2026-08-05",
    "claude-sonnet-4-5": "2026-11-30",
}
"""Last days: DEPRECATED_MODELS of the anthropic SDK 2.12.0 and the release notes of platform.claude.com."""


def test_retirements_are_the_published_ones() -> None:
    known = {model: BOOK.retires_on(model) for model in BOOK.models()}
    assert {model: day.isoformat() for model, day in known.items() if day is not None} == RETIRED


NEWEST = {
    "haiku": ("claude-3-haiku", "claude-haiku-5-5"),
    "sonnet": ("claude-3-sonnet", "claude-sonnet-5-5"),
    "opus": ("claude-3-opus", "claude-opus-5-5"),
    "fable": ("claude-fable-5", "claude-fable-5-2"),
}


@pytest.mark.parametrize("tier", NEWEST)
def test_every_tier_is_one_chain_from_its_first_model_to_its_newest(tier: str) -> None:
    first, newest = NEWEST[tier]
    chain = (first, *BOOK.successors(first))
    assert chain[-1] == newest
    assert set(chain) == {model for model in BOOK.models() if BOOK.tier(model) == tier and "mythos" not in model}
    launches = [BOOK.launched(model) for model in chain]
    assert launches == sorted(day for day in launches if day is not None)
    for index, model in enumerate(chain):
        assert BOOK.successors(model) == chain[index + 1 :]
        assert BOOK.successor(model) == newest
