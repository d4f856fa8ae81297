"""Actual use at the list of the plan's pricing day.

A model that came after that day is a new generation of its tier: its text counts as the newest model of the tier that
was in service then would have counted it, at that model's price. So a new generation is a price move of the tier, as
it is in the simulation.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from planner.errors import PriceError
from planner.generations import counted_on
from planner.list_cost import STANDARD, at_provider, price_groups
from planner.prices import PriceBook
from planner.units import FloatArray


@dataclass(frozen=True, kw_only=True)
class SigningPrices:
    """list_cost_usd: of each group, at the pricing day's list, without server tools; shape (n_groups,). notes: which
    models were counted as which."""

    list_cost_usd: FloatArray
    notes: tuple[str, ...]


def signing_prices(
    groups: pd.DataFrame, book: PriceBook, *, on: date, edges: Sequence[int], planned: Collection[str] = ()
) -> SigningPrices:
    """Priced groups at the list of the day `on`.

    planned: models that the plan itself prices, which stay what they are. edges: the prompt lengths that the usage was
    read with. Errors: PriceError, UnknownModelError.
    """
    triples = list(zip(groups["provider"], groups["model"], groups["speed"], strict=True))
    stands = {
        (provider, model, speed): _stands_for(at_provider(book, provider or book.provider), model, speed, on, planned)
        for provider, model, speed in dict.fromkeys(triples)
    }
    new = [stands[triple] for triple in triples]
    counted = counted_on(groups, [model for _, model, _ in triples], new, book, edges)
    priced = price_groups(counted.assign(model=new, day=pd.Timestamp(on)), book, edges).groups
    usd = (priced["list_cost_usd"] - priced["server_tools_usd"]).to_numpy(dtype="float64")
    later = sorted({(model, by) for (_, model, _), by in stands.items() if model != by})
    return SigningPrices(
        list_cost_usd=usd,
        notes=tuple(
            f"{model} came after the pricing day ({on}): at that day's list its use counts as {by}'s, the newest of "
            "its tier then."
            for model, by in later
        ),
    )


def _stands_for(book: PriceBook, model: str, speed: str, on: date, planned: Collection[str]) -> str:
    """The model whose price on a day the use of a model has; itself where it was there, or nothing else was."""
    launched = book.launched(model)
    if launched is None or launched <= on or model in planned:
        return model
    then = newest_in_service(book, book.tier(model), on)
    if then is None or not _has_speed(book, then, speed, on):
        return model
    return then


def _has_speed(book: PriceBook, model: str, speed: str, on: date) -> bool:
    if speed in ("", STANDARD):
        return True
    try:
        book.multiplier(model, on=on, speed=speed)
    except PriceError:
        return False
    return True


def newest_in_service(book: PriceBook, tier: str, on: date) -> str | None:
    """The model of a tier that was launched last of those that a provider serves on a day; None where there is none."""
    found = []
    for model in book.models():
        launched, retires = book.launched(model), book.retires_on(model)
        if launched is not None and launched <= on and (retires is None or retires >= on) and book.tier(model) == tier:
            found.append((launched, model))
    return max(found)[1] if found else None
