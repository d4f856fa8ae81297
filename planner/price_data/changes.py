"""What differs between the price lists of two days, or of two snapshots on one day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Protocol

from planner.price_data.facts import Modifier, ModifierChange, PriceFacts
from planner.price_data.model_price import ModelPrice
from planner.units import TOKEN_CLASSES

EVERY_MODEL: Final = "every model"
"""What a change of a factor that holds for all of them calls its model."""


class PricesOfDays(Protocol):
    """What is asked of a price book here."""

    @property
    def provider(self) -> str:
        """Whose prices they are."""

    @property
    def facts(self) -> PriceFacts:
        """Our own dated facts."""

    def models(self) -> tuple[str, ...]:
        """Every model that it can price."""

    def launched(self, model: str) -> date | None:
        """The first day of a model, None where it is not known."""

    def retires_on(self, model: str) -> date | None:
        """The last day of a model, None where none is known."""

    def price(self, model: str, on: date) -> ModelPrice:
        """What it costs on a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """One line of a comparison. model: a model, or what else has a price or a factor.

    token_class: one of TOKEN_CLASSES, a tool or a factor. above_prompt_tokens: 0 for the price of short prompts.
    before, after: USD in `unit`, or a factor; None where there was none, or where nothing is known. change_fraction:
    after over before, less one. state: in_force, new_model, retired, no_longer_listed, announced or cancelled.
    effective_from: the first day of the change (of a retirement, the last day of the model) where it is known. what:
    the same in words.
    """

    model: str
    token_class: str
    above_prompt_tokens: int
    before: Decimal | None
    after: Decimal | None
    unit: str
    state: str
    effective_from: date | None
    source: str
    what: str = ""

    def names(self, model: str) -> bool:
        """Whether it is a change of the model's price or factor."""
        return model in self.model.split(", ") or self.model == EVERY_MODEL

    @property
    def change_fraction(self) -> float | None:
        """None where one side has no price."""
        if self.before is None or self.after is None or self.before == 0:
            return None
        return float(self.after / self.before - 1)


def price_changes(before: PricesOfDays, after: PricesOfDays, since: date, until: date) -> tuple[PriceChange, ...]:
    """Every price and factor that differs, models that came and went, and what was announced or cancelled for a day
    after `since` and not after `until`. The two books are the same for a comparison of two days.
    """
    found: list[PriceChange] = []
    for model in sorted({*before.models(), *after.models()}):
        found += _of_model(model, before, after, since, until)
    found += _factors(after, since, until)
    found += _tools(after, since, until)
    found += scheduled(after.facts, after.provider, since, until)
    return tuple(found)


def scheduled(facts: PriceFacts, provider: str, since: date, until: date | None) -> Iterator[PriceChange]:
    """List prices and factors announced for a day after `since`, or cancelled ones; up to `until`, or without end."""

    def inside(day: date) -> bool:
        return since < day and (until is None or day <= until)

    for history in facts.list_prices.values():
        for fact in history:
            if fact.state == "in_force" or not inside(fact.effective_from):
                continue
            standing = [item for item in facts.in_force(fact.model) if item.effective_from <= fact.effective_from]
            old = standing[-1].rates.in_class_order() if standing else (None,) * len(TOKEN_CLASSES)
            for name, was, new in zip(TOKEN_CLASSES, old, fact.rates.in_class_order(), strict=True):
                if new is not None and new != was:
                    yield _line(fact.model, name, 0, was, new, fact.state, fact.effective_from, fact.source)
    for name, modifier in modifiers_at(facts, provider):
        for change in modifier.changes:
            if change.state != "in_force" and inside(change.effective_from):
                yield _factor_change(name, modifier, change)


def retirements(book: PricesOfDays, since: date, until: date | None) -> Iterator[tuple[str, date]]:
    """(model, last day) of the models that retire on or after `since`, the next first."""
    days = [(book.retires_on(model), model) for model in book.models()]
    for day, model in sorted((day, model) for day, model in days if day is not None):
        if since <= day and (until is None or day <= until):
            yield model, day


def _of_model(model: str, before: PricesOfDays, after: PricesOfDays, since: date, until: date) -> Iterator[PriceChange]:
    was, new = _on_list(before, model, since), _on_list(after, model, until)
    shown = new or was
    if shown is None:
        return
    state = "in_force" if was and new else "new_model" if new else "retired"
    day = after.launched(model) if state == "new_model" else shown.effective_from
    if before is after and day is not None and not since < day <= until:
        day = None  # a price without a day of its own between the two
    old_steps, new_steps = _by_step(was), _by_step(new)
    for above in sorted({*old_steps, *new_steps}):
        old, now = (steps.get(above, steps.get(0, _NONE)) for steps in (old_steps, new_steps))
        for name, a, b in zip(TOKEN_CLASSES, old, now, strict=True):
            if a != b:
                yield _line(model, name, above, a, b, state, day, shown.source)
    yield from _gone(model, was, new, after.retires_on(model), since, until)


def _gone(
    model: str, was: ModelPrice | None, new: ModelPrice | None, retires: date | None, since: date, until: date
) -> Iterator[PriceChange]:
    """That a model on sale retired between the two days, or that the price library no longer lists it."""
    if new is None:
        return
    if retires is not None and since <= retires < until:
        said = "retired; a plan that has it keeps its last price"
        yield _line(model, "every class", 0, None, None, "retired", retires, new.source, said)
    if new.unlisted_since is not None and (was is None or was.unlisted_since is None):
        said = "no longer listed by the price library; its last price is used"
        yield _line(model, "every class", 0, None, None, "no_longer_listed", new.unlisted_since, new.source, said)


_NONE = (None,) * len(TOKEN_CLASSES)


def _on_list(book: PricesOfDays, model: str, on: date) -> ModelPrice | None:
    """The price of a model that was on sale on or before a day; None before its launch, or where it is unknown."""
    if model not in book.models():
        return None
    launched = book.launched(model)
    return None if launched is not None and on < launched else book.price(model, on)


def _by_step(price: ModelPrice | None) -> dict[int, Sequence[Decimal | None]]:
    if price is None:
        return {}
    long = {step.above_prompt_tokens: step.rates.in_class_order() for step in price.long_prompt}
    return {0: price.rates.in_class_order(), **long}


def modifiers_at(facts: PriceFacts, provider: str) -> Iterator[tuple[str, Modifier]]:
    """Every factor of a provider's price list, with what it is of."""
    yield "batch", facts.batch
    if provider == "anthropic":
        yield from ((f"geography {item.value}", item) for item in facts.geography)
        yield from (("fast mode", item) for item in facts.fast)
    yield from ((f"{item.value} endpoint", item) for item in facts.endpoints if item.provider == provider)


def _factors(book: PricesOfDays, since: date, until: date) -> Iterator[PriceChange]:
    """Factors that came into force, changed or went away between the two days."""
    for name, modifier in modifiers_at(book.facts, book.provider):
        if since < modifier.effective_from <= until:
            yield PriceChange(
                model=", ".join(sorted(modifier.models or (EVERY_MODEL,))),
                token_class=name,
                above_prompt_tokens=0,
                before=None,
                after=modifier.multiplier,
                unit="factor",
                state="in_force",
                effective_from=modifier.effective_from,
                source=modifier.source,
            )
        for change in modifier.changes:
            if change.state == "in_force" and since < change.effective_from <= until:
                yield _factor_change(name, modifier, change)


def _factor_change(name: str, modifier: Modifier, change: ModifierChange) -> PriceChange:
    return PriceChange(
        model=", ".join(sorted(modifier.models or (EVERY_MODEL,))),
        token_class=name,
        above_prompt_tokens=0,
        before=modifier.on(change.effective_from - timedelta(days=1)),
        after=change.multiplier,
        unit="factor",
        state=change.state,
        effective_from=change.effective_from,
        source=change.source,
        what=change.what,
    )


def _tools(book: PricesOfDays, since: date, until: date) -> Iterator[PriceChange]:
    """Prices of server tools that came into force between the two days."""
    standing: dict[str, Decimal] = {}
    for fact in book.facts.server_tools:
        if fact.provider != book.provider:
            continue
        if since < fact.effective_from <= until and standing.get(fact.tool) != fact.usd:
            yield PriceChange(
                model="server tools",
                token_class=fact.tool,
                above_prompt_tokens=0,
                before=standing.get(fact.tool),
                after=fact.usd,
                unit=fact.unit,
                state="in_force",
                effective_from=fact.effective_from,
                source=fact.source,
            )
        standing[fact.tool] = fact.usd


def _line(
    model: str,
    token_class: str,
    above: int,
    before: Decimal | None,
    after: Decimal | None,
    state: str,
    effective_from: date | None,
    source: str,
    what: str = "",
) -> PriceChange:
    return PriceChange(
        model=model,
        token_class=token_class,
        above_prompt_tokens=above,
        before=before,
        after=after,
        unit="USD per million tokens",
        state=state,
        effective_from=effective_from,
        source=source,
        what=what,
    )
