"""A second opinion: prices, levers and settlement worked out slowly, in plain Python and Decimal money.

Written from docs/method.md and from nothing else; it imports nothing of the product. Where the product disagrees with
this file, one of the two misreads the method.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

CLASSES = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
PROMPT_CLASSES = CLASSES[:4]
MTOK = Decimal(1_000_000)
HALF_CENT = Decimal("0.005")
ONE, ZERO = Decimal(1), Decimal(0)

Amounts = Mapping[str, Decimal]


def amounts(*values: object) -> dict[str, Decimal]:
    """Five values, in the order of CLASSES, by class."""
    return {name: Decimal(str(value)) for name, value in zip(CLASSES, values, strict=True)}


# --- one request -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Card:
    """Rate card of one model: USD/MTok per class, rates above prompt thresholds, batch multiplier, tokenizer."""

    rates: Amounts
    above: Mapping[int, Amounts] = field(default_factory=dict)
    batch: Decimal = Decimal("0.5")
    generation: str = "new"


def price_request(card: Card, tokens: Amounts, *, batch: bool = False) -> Decimal:
    """USD of a single request: the prompt's length picks one set of rates for all of its tokens."""
    prompt = sum(tokens[name] for name in PROMPT_CLASSES)
    rates = card.rates
    for threshold in sorted(card.above):
        if prompt > threshold:
            rates = card.above[threshold]
    return at_rates(rates, tokens) * (card.batch if batch else ONE)


def at_rates(rates: Amounts, tokens: Amounts) -> Decimal:
    """USD of tokens at given rates, whatever the prompt."""
    total = ZERO
    for name in CLASSES:
        if tokens[name]:
            total += tokens[name] * rates[name] / MTOK
    return total


# --- levers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """Adoption over time."""

    start_month: Decimal = ZERO
    months: Decimal = ZERO
    ceiling: Decimal = ONE


@dataclass(frozen=True, kw_only=True)
class Route:
    """A share of a type moves to another model."""

    to: str
    share: Decimal
    escalation: Decimal = ZERO
    escalate_to: str | None = None
    from_models: tuple[str, ...] = ()
    overhead: Decimal = ZERO
    moves: str = "session"
    token_ratio: Decimal | None = None
    long_prompt: Decimal | None = None
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, kw_only=True)
class Cache:
    """Part of the uncached input is cached."""

    cacheable: Decimal
    hit_rate: Decimal
    ttl: str = "5m"
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A batch share or an output cut."""

    amount: Decimal
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, kw_only=True)
class Levers:
    """What a scenario does to one request type."""

    routes: tuple[Route, ...] = ()
    cache: Cache | None = None
    batch: Cut | None = None
    output: Cut | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Requests of one type on one model. long_prompt: share of the tokens in requests above each threshold."""

    model: str
    requests: Decimal
    tokens: Amounts
    batch_fraction: Decimal = ZERO
    long_prompt: Mapping[int, Decimal] = field(default_factory=dict)


def adoption(ramp: Ramp, month: int) -> Decimal:
    """a(t), mid-month, by Decimal's own exponential."""
    if ramp.months == 0:
        return ramp.ceiling if Decimal(month) + Decimal("0.5") > ramp.start_month else ZERO
    with localcontext() as context:
        context.prec = 40
        slope = Decimal(81).ln() / ramp.months
        return ramp.ceiling / (1 + (-slope * (month + Decimal("0.5") - ramp.start_month - ramp.months / 2)).exp())


Serving = Callable[[str], str]
"""The model that answers what is sent to a model."""


def type_cost(
    entries: Sequence[Entry],
    levers: Levers,
    cards: Mapping[str, Card],
    month: int,
    serving: Serving = lambda name: name,
) -> Decimal:
    """List cost of one request type in one month, every population of requests priced by itself."""
    return sum((_entry_cost(entry, levers, cards, month, serving) for entry in entries), start=ZERO)


def _entry_cost(entry: Entry, levers: Levers, cards: Mapping[str, Card], month: int, serving: Serving) -> Decimal:
    def priced(model: str, requests: Decimal, tokens: Amounts, long_prompt: Mapping[int, Decimal]) -> Decimal:
        card = cards[serving(model)]
        tokens = _retokenized(tokens, cards[model], card, None)
        levered = _output(_cached(tokens, levers.cache, month), levers.output, month)
        return requests * _mean_request(card, levered, _batched(entry, levers.batch, month), long_prompt)

    route = next((r for r in levers.routes if _applies(r, entry.model)), None)
    if route is None:
        return priced(entry.model, entry.requests, entry.tokens, entry.long_prompt)
    moved = entry.requests * adoption(route.ramp, month) * route.share
    again = route.escalate_to or entry.model
    on_target = _retokenized(entry.tokens, cards[entry.model], cards[route.to], route.token_ratio)
    if route.moves == "request":
        on_target = {
            **on_target,
            "cache_read": ZERO,
            "cache_write_5m": on_target["cache_write_5m"] + on_target["cache_read"],
        }
    on_again = _retokenized(entry.tokens, cards[entry.model], cards[again], None)
    long_on_target = dict.fromkeys(cards[route.to].above, route.long_prompt) if route.long_prompt is not None else None
    return (
        priced(entry.model, entry.requests - moved, entry.tokens, entry.long_prompt)
        + priced(route.to, moved, on_target, entry.long_prompt if long_on_target is None else long_on_target)
        + priced(again, moved * route.escalation, on_again, entry.long_prompt)
        + moved * route.overhead
    )


def _applies(route: Route, model: str) -> bool:
    return model in route.from_models if route.from_models else model != route.to


def _retokenized(tokens: Amounts, before: Card, after: Card, given: Decimal | None) -> dict[str, Decimal]:
    ratio = ONE
    if before.generation == "old" and after.generation == "new":
        ratio = Decimal("1.3")
    if before.generation == "new" and after.generation == "old":
        ratio = ONE / Decimal("1.3")
    ratio = ratio if given is None else given
    return {name: value * ratio for name, value in tokens.items()}


def _cached(tokens: Amounts, cache: Cache | None, month: int) -> Amounts:
    if cache is None:
        return tokens
    cacheable = tokens["uncached_input"] * cache.cacheable * adoption(cache.ramp, month)
    write = f"cache_write_{cache.ttl}"
    changed = dict(tokens)
    changed["uncached_input"] -= cacheable
    changed["cache_read"] += cacheable * cache.hit_rate
    changed[write] += cacheable * (1 - cache.hit_rate)
    return changed


def _output(tokens: Amounts, output: Cut | None, month: int) -> Amounts:
    if output is None:
        return tokens
    return {**tokens, "output": tokens["output"] * (1 - output.amount * adoption(output.ramp, month))}


def _batched(entry: Entry, batch: Cut | None, month: int) -> Decimal:
    waiting = ZERO if batch is None else batch.amount * adoption(batch.ramp, month)
    return entry.batch_fraction + (1 - entry.batch_fraction) * waiting


def _mean_request(card: Card, tokens: Amounts, batched: Decimal, long_prompt: Mapping[int, Decimal]) -> Decimal:
    """Mean over four populations or more: batch or not, below or above each threshold."""
    mean = ZERO
    for factor, share in ((ONE, 1 - batched), (card.batch, batched)):
        thresholds = sorted(card.above)
        shares = [ONE, *(long_prompt[threshold] for threshold in thresholds), ZERO]
        rates = [card.rates, *(card.above[threshold] for threshold in thresholds)]
        for rate, (from_here, from_next) in zip(rates, pairwise(shares), strict=True):
            mean += share * factor * (from_here - from_next) * at_rates(rate, tokens)
    return mean


# --- retirements -----------------------------------------------------------------------------------------------------


def type_cost_by_days(
    entries: Sequence[Entry],
    levers: Levers,
    cards: Mapping[str, Card],
    month: int,
    days: Sequence[Mapping[str, str]],
) -> Decimal:
    """List cost of a month whose requests fall evenly on its days. days: model -> the model that serves it that day."""
    kinds = {tuple(sorted(day.items())): days.count(day) for day in days}
    total = sum(n * type_cost(entries, levers, cards, month, dict(kind).__getitem__) for kind, n in kinds.items())
    return total / len(days)


def serving_days(
    models: Sequence[str], last_day: Mapping[str, date], successor: Mapping[str, str], *, since: date, to: date
) -> dict[date, dict[str, str]]:
    """For each day from `since` to `to`, the model that serves what is sent to each model, followed day by day.

    The morning after a model's last day its traffic goes to the next of its successors that is still there, or stays.
    A model that was gone before `since` keeps the traffic that is sent to it, and takes over no other's.
    """
    now = {model: model for model in models}
    days = {}
    day = since
    while day <= to:
        for model, server in now.items():
            if day > since and last_day.get(server) == day - timedelta(days=1):
                step = successor.get(server)
                while step is not None and step in last_day and last_day[step] < day:
                    step = successor.get(step)
                now[model] = server if step is None else step
        days[day] = dict(now)
        day += timedelta(days=1)
    return days


# --- settlement ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A contract: bands as (annual commitment, discount), overage "list", "committed" or a discount of its own."""

    term_months: int
    bands: tuple[tuple[Decimal, Decimal], ...]
    drawdown: str = "contracted"
    overage: str | Decimal = "list"
    eligible: Decimal = ONE
    passed_through: bool = True


@dataclass(frozen=True, kw_only=True)
class YearBill:
    """What one contract year came to: what was owed, used, left unused and billed beyond, in USD."""

    committed: Decimal
    used: Decimal
    shortfall: Decimal
    overage: Decimal
    outside: Decimal

    @property
    def paid(self) -> Decimal:
        """Everything that the buyer paid for the year."""
        return self.committed + self.overage + self.outside


def band_discount(terms: Terms, commit: Decimal) -> Decimal:
    """The discount of the highest band that an annual commitment reaches; none below the lowest."""
    reached = [discount for threshold, discount in sorted(terms.bands) if commit >= threshold]
    return reached[-1] if reached else ZERO


def overage_discount(terms: Terms, commit: Decimal) -> Decimal:
    """The discount on use beyond the commitment; none where the commitment reaches no band."""
    if terms.overage == "list" or commit == 0 or commit < min(low for low, _ in terms.bands):
        return ZERO
    return band_discount(terms, commit) if terms.overage == "committed" else Decimal(terms.overage)


def settle(
    terms: Terms, commit: Decimal, current: Sequence[Decimal], signing: Sequence[Decimal] | None = None
) -> list[YearBill]:
    """Bill a path month by month. current: list spend of each month; signing: the same at signing-day prices."""
    signing = current if terms.passed_through or signing is None else signing
    return [
        _settle_year(terms, commit, current[first:stop], signing[first:stop])
        for first, stop in contract_years(terms.term_months)
    ]


def contract_years(term_months: int) -> Iterator[tuple[int, int]]:
    """[first, stop) months of each contract year, the last maybe a part of one."""
    first = 0
    while first < term_months:
        yield first, min(first + 12, term_months)
        first += 12


def _settle_year(terms: Terms, commit: Decimal, current: Sequence[Decimal], signing: Sequence[Decimal]) -> YearBill:
    d = ZERO if commit == 0 else band_discount(terms, commit)
    e = overage_discount(terms, commit)
    balance = commit * len(current) / 12  # in the contract's own dollars
    owed = balance * (1 - d) if terms.drawdown == "list" else balance
    worth = ONE if terms.drawdown == "list" else 1 - d  # dollars of the balance that one list dollar draws
    used = overage = outside = ZERO
    for now, then in zip(current, signing, strict=True):
        outside += (1 - terms.eligible) * now
        wanted = terms.eligible * then * worth
        drawn = min(balance, wanted)
        balance -= drawn
        used += drawn * (1 - d) / worth
        if wanted > drawn:
            overage += (1 - e) * terms.eligible * now * (wanted - drawn) / wanted
    return YearBill(committed=owed, used=used, shortfall=balance * (1 - d) / worth, overage=overage, outside=outside)


def paid(
    terms: Terms, commit: Decimal, current: Sequence[Decimal], signing: Sequence[Decimal] | None = None
) -> Decimal:
    """Everything paid over the term."""
    return sum((year.paid for year in settle(terms, commit, current, signing)), start=ZERO)


def is_short(bills: Sequence[YearBill]) -> bool:
    """Whether any year of the term left more than half a cent unused."""
    return any(year.shortfall > HALF_CENT for year in bills)


# --- brute force -----------------------------------------------------------------------------------------------------


def least_on_grid(cost: Callable[[Decimal], Decimal], grid: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """(cost, commitment) of the cheapest commitment on a grid, the smaller one where two cost the same."""
    return min((cost(commit), commit) for commit in grid)


def mean(values: Sequence[Decimal]) -> Decimal:
    """Arithmetic mean."""
    return sum(values, start=ZERO) / len(values)


def mean_of_worst(losses: Sequence[Decimal], level: Decimal) -> Decimal:
    """Mean of the worst 1 - level share of losses, the boundary loss counted by its share."""
    left = (1 - level) * len(losses)
    total, weight = ZERO, left
    for loss in sorted(losses, reverse=True):
        share = min(left, ONE)
        total += share * loss
        left -= share
        if left <= 0:
            break
    return total / weight
