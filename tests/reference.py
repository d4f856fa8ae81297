"""A second opinion: prices, levers and settlement worked out slowly, in plain Python and Decimal money.

Written from docs/method.md and from nothing else; it imports nothing of the product. Where the product disagrees with
this file, one of the two misreads the method.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise, permutations

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


# --- when a lever starts ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who does the work, and how late everything of theirs was on this path."""

    name: str
    slip: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """What levers wait for, as one path drew it: its month after those before it, and whether it comes at all."""

    name: str
    month: Decimal
    happens: bool = True
    after: tuple["Milestone", ...] = ()
    team: Team | None = None


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """Adoption over time, as one path drew it."""

    start_month: Decimal = ZERO
    months: Decimal = ZERO
    ceiling: Decimal = ONE
    after: tuple[Milestone, ...] = ()
    team: Team | None = None


def chains(item: Milestone | Ramp) -> Iterator[tuple[Milestone | Ramp, ...]]:
    """Every chain of work that ends with something: it, one thing that it waits for, one that that waits for, ..."""
    if not item.after:
        yield (item,)
    for milestone in item.after:
        for chain in chains(milestone):
            yield (item, *chain)


def length(chain: Sequence[Milestone | Ramp]) -> Decimal:
    """Months of a chain: those of each part, and of each team that works in it its slip, once."""
    own = [item.month if isinstance(item, Milestone) else item.start_month for item in chain]
    slips = {item.team.name: item.team.slip for item in chain if item.team is not None}
    return sum(own, start=ZERO) + sum(slips.values(), start=ZERO)


def day_zero(item: Milestone | Ramp) -> Decimal | None:
    """Months until the longest of the chains is done; None where a part of one never comes."""
    found = list(chains(item))
    parts = [part for chain in found for part in chain if isinstance(part, Milestone)]
    return max(map(length, found)) if all(part.happens for part in parts) else None


def adoption(ramp: Ramp, month: int) -> Decimal:
    """a(t), mid-month, by Decimal's own exponential; 0 where what the lever waits for never comes."""
    start = day_zero(ramp)
    if start is None:
        return ZERO
    if ramp.months == 0:
        return ramp.ceiling if Decimal(month) + Decimal("0.5") > start else ZERO
    with localcontext() as context:
        context.prec = 40
        slope = Decimal(81).ln() / ramp.months
        return ramp.ceiling / (1 + (-slope * (month + Decimal("0.5") - start - ramp.months / 2)).exp())


# --- levers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Call:
    """A router or a judge: dollars a call, and the tokens of one call of a model."""

    usd: Decimal = ZERO
    model: str | None = None
    tokens: Amounts = field(default_factory=lambda: amounts(0, 0, 0, 0, 0))


@dataclass(frozen=True, kw_only=True)
class Route:
    """A share of a type moves to another model.

    pass_rate, fnr, fpr: where given, the escalation follows from them. long_prompt, long_request: shares of tokens and
    of requests above the target's lowest threshold, where the route says them itself.
    """

    to: str
    share: Decimal
    escalation: Decimal = ZERO
    pass_rate: Decimal | None = None
    fnr: Decimal = ZERO
    fpr: Decimal = ZERO
    escalate_to: str | None = None
    from_models: tuple[str, ...] = ()
    overhead: Decimal = ZERO
    rule: Decimal = ZERO
    router: Call | None = None
    judge: Call | None = None
    moves: str = "session"
    token_ratio: Decimal | None = None
    output_ratio: Decimal = ONE
    long_prompts: str = "move"
    long_prompt: Decimal | None = None
    long_request: Decimal | None = None
    error_cost: Decimal = ZERO
    rule_error: Decimal = ZERO
    ramp: Ramp = field(default_factory=Ramp)

    @property
    def escalated(self) -> Decimal:
        """Of the answers that are judged, those paid for again: right ones rejected, wrong ones not accepted."""
        if self.pass_rate is None:
            return self.escalation
        return self.pass_rate * self.fnr + (1 - self.pass_rate) * (1 - self.fpr)


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

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of lever in use."""
        used = (("routing", self.routes), ("caching", self.cache), ("batch", self.batch), ("output", self.output))
        return tuple(kind for kind, lever in used if lever)

    def only(self, kinds: Collection[str]) -> "Levers":
        """The levers of these kinds."""
        return Levers(
            routes=self.routes if "routing" in kinds else (),
            cache=self.cache if "caching" in kinds else None,
            batch=self.batch if "batch" in kinds else None,
            output=self.output if "output" in kinds else None,
        )


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What server tools cost: USD per thousand web searches and per hour of code execution."""

    search_usd_per_thousand: Decimal = Decimal(10)
    code_usd_per_hour: Decimal = Decimal("0.05")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Requests of one type on one model.

    long_prompt, long_request: share of the tokens, and of the requests, above each threshold. searches, code_hours:
    web searches and hours of code execution per request, at the prices of `tools`.
    """

    model: str
    requests: Decimal
    tokens: Amounts
    batch_fraction: Decimal = ZERO
    long_prompt: Mapping[int, Decimal] = field(default_factory=dict)
    long_request: Mapping[int, Decimal] = field(default_factory=dict)
    searches: Decimal = ZERO
    code_hours: Decimal = ZERO
    tools: Tools = field(default_factory=Tools)


Serving = Callable[[str], str]
"""The model that answers what is sent to a model."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What everything is priced by: cards, the month, the day's successors of models that retired."""

    cards: Mapping[str, Card]
    month: int
    serving: Serving = lambda name: name


def type_cost(
    entries: Sequence[Entry],
    levers: Levers,
    cards: Mapping[str, Card],
    month: int,
    serving: Serving = lambda name: name,
) -> Decimal:
    """List cost of one request type in one month, every population of requests priced by itself."""
    world = World(cards=cards, month=month, serving=serving)
    levers = replace(levers, routes=_split(levers.routes, [entry.model for entry in entries]))
    return sum((_entry_cost(entry, levers, world) for entry in entries), start=ZERO)


def _split(routes: Sequence[Route], models: Sequence[str]) -> tuple[Route, ...]:
    """Routes whose shares leave no request to be moved twice, whichever model it is on."""
    scaled = []
    for route in routes:
        claimed = [
            sum((other.share for other in routes if applies(other, model)), start=ZERO)
            for model in models
            if applies(route, model)
        ]
        scaled.append(replace(route, share=route.share / max([ONE, *claimed])))
    return tuple(scaled)


def _entry_cost(entry: Entry, levers: Levers, world: World) -> Decimal:
    """Slice by slice of the prompt lengths: what stays, what moves, what is paid again; then what is paid per call."""
    routes = [route for route in levers.routes if applies(route, entry.model)]
    moved = {id(route): entry.requests * adoption(route.ramp, world.month) * route.share for route in routes}
    total = ZERO
    for low, high in _slices(entry, routes, world.cards):
        stays = entry.requests * (high - low)
        for route in routes:
            if holds_back(entry, route, world.cards) and low < above_target(entry, route, world.cards):
                continue
            here = moved[id(route)] * (high - low)
            stays -= here
            again = here * (1 - route.rule) * route.escalated
            total += _slice_cost(entry, levers, world, route, here, low)
            total += _slice_cost(entry, levers, world, route.escalate_to or entry.model, again, low)
        total += _slice_cost(entry, levers, world, entry.model, stays, low)
    for route in routes:
        calls = moved[id(route)] * (1 - _requests_held(entry, route, world.cards))
        total += calls * (route.overhead + _call_cost(route.router, world))
        total += calls * (1 - route.rule) * (_call_cost(route.judge, world) + route.escalated * _tools(entry))
    return total + entry.requests * _tools(entry)


def applies(route: Route, model: str) -> bool:
    """Whether requests of a type that are on this model move."""
    return model in route.from_models if route.from_models else model != route.to


def _tools(entry: Entry) -> Decimal:
    """Server tools of one request, paid each time that the request is answered."""
    searched = entry.searches * entry.tools.search_usd_per_thousand / 1000
    return searched + entry.code_hours * entry.tools.code_usd_per_hour


def _call_cost(call: Call | None, world: World) -> Decimal:
    """One call of a router or a judge: neither batched nor cached nor cut; its own prompt picks the rates."""
    if call is None:
        return ZERO
    if call.model is None:
        return call.usd
    served = world.cards[world.serving(call.model)]
    return call.usd + price_request(served, _retokenized(call.tokens, world.cards[call.model], served, None))


# --- long prompts ----------------------------------------------------------------------------------------------------
# The tokens of a type lie on [0, 1] by the length of their prompt, the longest at 0. A share F above a threshold
# is then the stretch [0, F), whichever model asks.


def above_target(entry: Entry, route: Route, cards: Mapping[str, Card]) -> Decimal:
    """Share of the tokens in prompts above the target's lowest threshold."""
    if not cards[route.to].above:
        return ZERO
    return entry.long_prompt[min(cards[route.to].above)] if route.long_prompt is None else route.long_prompt


def _requests_held(entry: Entry, route: Route, cards: Mapping[str, Card]) -> Decimal:
    """Share of the requests that do not move because of their length; 0 where nobody said it."""
    return requests_above(entry, route, cards) if holds_back(entry, route, cards) else ZERO


def requests_above(entry: Entry, route: Route, cards: Mapping[str, Card]) -> Decimal:
    """Share of the requests whose prompts are above the target's lowest threshold; 0 where nobody said it."""
    if not cards[route.to].above:
        return ZERO
    if route.long_request is not None:
        return route.long_request
    return entry.long_request.get(min(cards[route.to].above), ZERO)


def holds_back(entry: Entry, route: Route, cards: Mapping[str, Card]) -> bool:
    """Whether long prompts stay at home: by rule, or because moving them would cost more, whatever has to be paid."""
    if route.long_prompts != "cheaper":
        return route.long_prompts == "stay"
    plain, world = Levers(), World(cards=cards, month=0)
    at_home = at_target = ZERO
    again = (1 - route.rule) * route.escalated
    for low, high in _slices(entry, [route], cards):
        if low < above_target(entry, route, cards):
            at_home += _slice_cost(entry, plain, world, entry.model, high - low, low)
            at_target += _slice_cost(entry, plain, world, route, high - low, low)
            at_target += again * _slice_cost(entry, plain, world, route.escalate_to or entry.model, high - low, low)
    calls = route.overhead + _call_cost(route.router, world) + (1 - route.rule) * _call_cost(route.judge, world)
    return at_target + requests_above(entry, route, cards) * (calls + again * _tools(entry)) > at_home


def _slices(entry: Entry, routes: Sequence[Route], cards: Mapping[str, Card]) -> list[tuple[Decimal, Decimal]]:
    """Stretches of [0, 1] inside which every model has one set of rates."""
    given = [route.long_prompt for route in routes if route.long_prompt is not None]
    cuts = sorted({ZERO, ONE, *entry.long_prompt.values(), *given})
    return list(pairwise(cuts))


def _slice_cost(
    entry: Entry, levers: Levers, world: World, to: str | Route, requests: Decimal, length: Decimal
) -> Decimal:
    """USD of requests whose prompts are of one length, sent to a model or along a route; levers act on every copy."""
    model = to.to if isinstance(to, Route) else to
    tokens = _moved(entry.tokens, to, world.cards[entry.model], world.cards[model])
    served = world.cards[world.serving(model)]
    tokens = _retokenized(tokens, world.cards[model], served, None)
    tokens = _output(_cached(tokens, levers.cache, world.month), levers.output, world.month)
    batched = _batched(entry, levers.batch, world.month)
    rates = served.rates
    for threshold in sorted(served.above):
        given = to.long_prompt if isinstance(to, Route) else None
        if length < (entry.long_prompt[threshold] if given is None else given):
            rates = served.above[threshold]
    return requests * at_rates(rates, tokens) * (1 - batched + batched * served.batch)


def _moved(tokens: Amounts, to: str | Route, home: Card, target: Card) -> dict[str, Decimal]:
    """The tokens of a request on another model; along a route a cold prefix is written, and answers have a length."""
    if isinstance(to, str):
        return _retokenized(tokens, home, target, None)
    changed = _retokenized(tokens, home, target, to.token_ratio)
    changed["output"] *= to.output_ratio
    if to.moves == "request":
        changed["cache_write_5m"] += changed["cache_read"]
        changed["cache_read"] = ZERO
    return changed


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


# --- what a route is worth, and whose saving it is -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Worth:
    """Of a route, USD of a month in which all that may move does, other levers apart; error_cost is in no bill."""

    before: Decimal
    after: Decimal
    error_cost: Decimal
    break_even_escalation: Decimal | None


def worth(entries: Sequence[Entry], route: Route, cards: Mapping[str, Card]) -> Worth:
    """By pricing the month without the route, with it, and with it at escalation 0 and 1: cost is linear in it.

    Which long prompts move is decided at the route's own escalation.
    """

    def month(escalation: Decimal | None) -> Decimal:
        total = ZERO
        for entry in entries:
            rule = "stay" if holds_back(entry, route, cards) else "move"
            full = replace(route, share=ONE, ramp=Ramp(start_month=Decimal(-1)), long_prompts=rule)
            if escalation is not None:
                full = replace(full, pass_rate=None, escalation=escalation)
            total += type_cost([entry], Levers(routes=(full,)), cards, 0)
        return total

    wrong = route.rule * route.rule_error
    if route.pass_rate is not None:
        wrong += (1 - route.rule) * (1 - route.pass_rate) * route.fpr
    errors = ZERO
    for entry in entries:
        if applies(route, entry.model):
            errors += entry.requests * (1 - _requests_held(entry, route, cards)) * wrong * route.error_cost
    before, none, all_of_it = type_cost(entries, Levers(), cards, 0), month(ZERO), month(ONE)
    slope = all_of_it - none
    break_even = None if slope == 0 else (before - none - errors) / slope
    return Worth(before=before, after=month(None), error_cost=errors, break_even_escalation=break_even)


@dataclass(frozen=True, kw_only=True)
class Waterfall:
    """Today, the change of each kind of lever, what is left; and what adding savings up one by one would claim."""

    before: Decimal
    steps: Mapping[str, Decimal]
    after: Decimal
    additive_total: Decimal


def waterfall(kinds: Sequence[str], spend: Callable[[frozenset[str]], Decimal]) -> Waterfall:
    """Every order in which the kinds can be adopted, one after the other; a kind's step is its mean change."""
    orders = list(permutations(kinds))
    steps = dict.fromkeys(kinds, ZERO)
    for order in orders:
        for position, kind in enumerate(order):
            change = spend(frozenset(order[: position + 1])) - spend(frozenset(order[:position]))
            steps[kind] += change / len(orders)
    before = spend(frozenset())
    alone = [spend(frozenset([kind])) - before for kind in kinds]
    return Waterfall(before=before, steps=steps, after=spend(frozenset(kinds)), additive_total=sum(alone, start=ZERO))


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
