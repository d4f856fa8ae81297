"""Facts that came after signing: list prices, retirements and new models, and what they do to the months left.

Dollars are at the pricing day's list and for the use that the plan expects: they are beside the plan as it was signed,
which expects prices to move but knows no single move. A retirement inside the plan's months is in the plan already;
what is told of it is what the plan has for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

import numpy as np

from planner.coverage import last_day
from planner.price_data.changes import scheduled
from planner.prices import PriceBook, PriceChange
from planner.retirements import Horizon
from planner.tracking.causes.plan_streams import DOLLARS
from planner.tracking.causes.planned import Planned, decided_costs, planned
from planner.tracking.result import SinceSigning
from planner.tracking.signed_plan import SignedPlan
from planner.units import MONTHS_PER_YEAR, TOKEN_CLASSES, FloatArray
from planner.words import percent, usd_short


def since_signing(signed: SignedPlan, *, on: date, central: Planned | None = None) -> tuple[SinceSigning, ...]:
    """What came after the plan's prices: in force on a day, or to come before the term ends; in the order of the days.

    central: the plan's central case, where it is at hand.
    """
    of_plan = planned(signed) if central is None else central
    since = min(signed.prepared.priced_on, signed.signed.on)
    left = _Left(signed=signed, central=of_plan, on=on)
    found = [*_prices(left, since), *_retirements(left, since), *_new_models(left, since)]
    return tuple(sorted(found, key=lambda item: (item.on, item.model, item.kind)))


@dataclass(frozen=True, kw_only=True)
class _Left:
    """The months of the term that are left on a day."""

    signed: SignedPlan
    central: Planned
    on: date

    @property
    def book(self) -> PriceBook:
        return self.signed.prepared.price_book

    @property
    def end(self) -> date:
        """The last day of the term."""
        start, months = self.signed.inputs.start, self.signed.contract.term_months
        years, month = divmod(start.month - 1 + months - 1, MONTHS_PER_YEAR)
        return last_day(f"{start.year + years:04d}-{month + 1:02d}")

    @property
    def is_over(self) -> bool:
        """Whether no day of the term is left."""
        return self.on > self.end

    def parts(self, first: date) -> FloatArray:
        """Share of each month of the term from a day on, but none that has passed, (T,)."""
        horizon = Horizon(start=self.signed.inputs.start, n_months=self.central.n_months)
        begins = horizon.end_of(max(first, self.on) - timedelta(days=1))
        found: FloatArray = np.clip(np.arange(self.central.n_months) + 1.0 - begins, 0.0, 1.0)
        return found

    def class_usd(self, models: Sequence[str], first: date) -> Mapping[str, FloatArray]:
        """Expected cost of what is left on these models from a day on, by model and token class, (5,) each."""
        streams, parts = self.central.streams, self.parts(first)
        calls = self.central.calls() * parts[:, None]
        found: dict[str, FloatArray] = {}
        for place, (_, kind, model, _) in enumerate(streams.keys):
            if model in models and kind != DOLLARS:
                usd_each = streams.tokens[:, place] * streams.rate[:, place]
                found[model] = found.get(model, np.zeros(usd_each.shape[1])) + calls[:, place] @ usd_each
        return found

    def models(self) -> dict[str, str]:
        """Models that the plan uses in its term, with their tiers."""
        used = self.central.calls().sum(axis=0) > 0
        keys = self.central.streams.keys
        return {
            model: self.book.tier(model)
            for (_, kind, model, _), some in zip(keys, used, strict=True)
            if some and kind != DOLLARS
        }


def _prices(left: _Left, since: date) -> Iterator[SinceSigning]:
    """Prices in place that changed, step by step, and those that are announced."""
    book, models = left.book, left.models()
    for model in sorted(models):
        listed = {fact.effective_from for fact in book.facts.in_force(model)} | book.library_starts
        for first in sorted(day for day in listed if since < day <= left.on):
            before, after = (book.price(model, day).rates for day in (first - timedelta(days=1), first))
            pairs = zip(TOKEN_CLASSES, before.in_class_order(), after.in_class_order(), strict=True)
            steps = [(name, old, new) for name, old, new in pairs if old is not None and new is not None and old != new]
            if steps:
                yield _price(left, model, first, steps, "holds")
    coming = scheduled(book.facts, book.provider, left.on, left.end)
    rows = [row for row in coming if row.state == "announced" and row.model in models and row.effective_from]
    for (model, day), own in groupby(sorted(rows, key=_model_and_day), key=_model_and_day):
        steps = [(row.token_class, row.before, row.after) for row in own if row.before and row.after is not None]
        if steps:
            yield _price(left, model, day, steps, "is announced")


def _model_and_day(row: PriceChange) -> tuple[str, date]:
    return row.model, row.effective_from or date.max


_Step = tuple[str, Decimal, Decimal]
"""A token class, USD per million tokens before and after."""


def _price(left: _Left, model: str, first: date, steps: Sequence[_Step], state: str) -> SinceSigning:
    cost = left.class_usd([model], first).get(model)
    rates = left.book.price(model, left.signed.prepared.priced_on).rates.in_class_order()
    change = None
    if cost is not None and cost.any():
        change = 0.0
        for name, old, new in steps:
            at = TOKEN_CLASSES.index(name)
            base = rates[at]
            change += float(cost[at]) * float((new - old) / base) if base else 0.0
    said = ", ".join(f"{name.replace('_', ' ')} {old.normalize():f} to {new.normalize():f}" for name, old, new in steps)
    worth = "; no day of the term is left" if left.is_over else _worth(change)
    words = f"A price of {model} {state} from {first} on: {said} USD per million tokens{worth}."
    return SinceSigning(kind="price", on=first, model=model, drawdown_usd=change, words=words)


def _rate_ratio(book: PriceBook, before: str, day: date, after: str, later: date) -> FloatArray:
    """List price of each token class over an earlier one, (5,), of short prompts; 1 where one of them is not known."""
    old, new = book.price(before, day).rates.per_token(), book.price(after, later).rates.per_token()
    known = ~(np.isnan(old) | np.isnan(new)) & (old > 0)
    return np.divide(new, old, out=np.ones_like(old), where=known)


def _worth(change: float | None) -> str:
    if change is None:
        return "; the plan uses nothing of it from then on"
    more = "more" if change > 0 else "less"
    return f", {usd_short(abs(change))} {more} at list over the months left for the use that the plan expects"


def _retirements(left: _Left, since: date) -> Iterator[SinceSigning]:
    """Models of the plan whose last day lies after signing: the plan has moved their traffic already, where it can."""
    for move in decided_costs(left.signed).retirements:
        if not since < move.on <= left.end:
            continue
        past = "retired" if move.on < left.on else "retires"
        if move.successor is None:
            words = f"{move.model} {past} on {move.on}; the plan leaves its traffic at its last price: {move.note}"
            yield SinceSigning(kind="retirement", on=move.on, model=move.model, drawdown_usd=None, words=words)
            continue
        fraction, change = move.cost_change_fraction, None
        if fraction is not None and fraction > -1.0:
            cost = _moved_usd(left, move.model, move.successor, move.on + timedelta(days=1), 1.0 + fraction)
            change = cost * fraction / (1.0 + fraction)
        told = "" if fraction is None else f" at {percent(1.0 + fraction)} of the cost"
        worth = "" if change is None else f": {usd_short(change)} of the list cost of the months left"
        words = (
            f"{move.model} {past} on {move.on}; its traffic is on {move.successor} from the next day{told}, which is "
            f"in the plan as signed{worth}."
        )
        yield SinceSigning(kind="retirement", on=move.on, model=move.model, drawdown_usd=change, words=words)


def _moved_usd(left: _Left, model: str, successor: str, first: date, ratio: float) -> float:
    """Expected cost, from a day on, of what came to the successor from a model, USD.

    Of the successor's calls of the same type and kind, as large a share as the model had in the month before. ratio:
    what its text costs on the successor over what it cost.
    """
    central, keys = left.central, left.central.streams.keys
    usd, parts = central.calls() * central.streams.call_usd(), left.parts(first)
    horizon = Horizon(start=left.signed.inputs.start, n_months=central.n_months)
    before = max(int(horizon.end_of(first - timedelta(days=1))) - 1, 0)
    total = 0.0
    for of_type, kind in dict.fromkeys(key[:2] for key in keys if key[2] == model and key[1] != DOLLARS):
        from_it, of = (
            [place for place, key in enumerate(keys) if key[:3] == (of_type, kind, name)] for name in (model, successor)
        )
        came, own = ratio * float(usd[before, from_it].sum()), float(usd[before, of].sum())
        if came > 0:
            total += came / (came + own) * float(usd[:, of].sum(axis=1) @ parts)
    return total


def _new_models(left: _Left, since: date) -> Iterator[SinceSigning]:
    """Models that came, each beside what the plan uses of its tier; it is as if all of that moved to it."""
    book, models = left.book, left.models()
    for model in book.models():
        launched = book.launched(model)
        if launched is None or not since < launched <= min(left.on, left.end) or model in models:
            continue
        tier = book.tier(model)
        alike = [name for name, of_tier in models.items() if of_tier == tier]
        costs = {name: cost for name, cost in left.class_usd(alike, launched).items() if cost.any()}
        if not costs:
            when = " in the months left" if alike else ""
            why = "no day of the term is left" if left.is_over else f"the plan uses nothing of its tier ({tier}){when}"
            words = f"{model} came on {launched}; {why}."
            yield SinceSigning(kind="new model", on=launched, model=model, drawdown_usd=None, words=words)
            continue
        priced_on = left.signed.prepared.priced_on
        change = sum(
            float(cost @ (_rate_ratio(book, name, priced_on, model, left.on) * book.token_ratio(name, model) - 1.0))
            for name, cost in costs.items()
        )
        total = sum(float(cost.sum()) for cost in costs.values())
        words = (
            f"{model} came on {launched}: a text costs {percent(1.0 + change / total)} of what it costs on "
            f"{', '.join(costs)} in the plan. If all of that moved, the list cost of the months left would change by "
            f"{usd_short(change)}."
        )
        yield SinceSigning(kind="new model", on=launched, model=model, drawdown_usd=change, words=words)
