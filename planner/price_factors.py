"""Which factors of the price list apply to a model: batch, geography, fast mode, the regional endpoint of a cloud."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from planner.price_data.changes import modifiers_at
from planner.prices import PriceBook

_REGIONAL: Final = "regional endpoint"
_NAMES: Final = {_REGIONAL: f"{_REGIONAL}, against the global one"}
"""What is said of a factor that the price may have in it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A factor on every token class of a model. effective_from: None where the source gives no day."""

    name: str
    multiplier: Decimal
    effective_from: date | None
    source: str


def factors(book: PriceBook, model: str, on: date) -> tuple[Factor, ...]:
    """Every factor of the price list that a request of the model may pay on a day."""
    return (*_listed(book, model, on), *_bedrock_endpoint(book, model, on))


def _listed(book: PriceBook, model: str, on: date) -> Iterator[Factor]:
    for name, modifier in modifiers_at(book.facts, book.provider):
        multiplier = modifier.on(on)
        if multiplier is not None and modifier.covers(model):
            since = modifier.changed_before(on) or modifier
            yield Factor(
                name=_NAMES.get(name, name),
                multiplier=multiplier,
                effective_from=since.effective_from,
                source=since.source,
            )


def _bedrock_endpoint(book: PriceBook, model: str, on: date) -> Iterator[Factor]:
    """Bedrock's price list has no factor but two prices; none where the two are the same."""
    if book.provider != "bedrock":
        return
    there, here = (book.price(f"{place}.anthropic.{model}", on) for place in ("us", "global"))
    if there.rates.input_usd_per_mtok and here.rates.input_usd_per_mtok and there.rates != here.rates:
        yield Factor(
            name=_NAMES[_REGIONAL],
            multiplier=there.rates.input_usd_per_mtok / here.rates.input_usd_per_mtok,
            effective_from=there.effective_from,
            source=there.source,
        )
