"""What one paid copy of a request costs, on each of the models that serve it over the horizon."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from math import inf

import numpy as np

from planner.clauses import Eligibility
from planner.errors import InputError, PriceError
from planner.lever_costs.unit_costs import Copy, Role
from planner.levers import CacheLever, Route
from planner.mix import MixEntry
from planner.prices import ModelPrice, PriceBook
from planner.retirements import Horizon, MovedCopy, Retirement, retirement
from planner.units import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, OUTPUT, TOKEN_CLASSES, UNCACHED_INPUT, FloatArray


def effective_rates(price: ModelPrice, long_prompt_fraction: Mapping[int, float], *, where: str) -> FloatArray:
    """USD per token of each class, shape (5,), averaged over requests below and above the prompt thresholds.

    long_prompt_fraction: share of the tokens in requests above each threshold. Raises InputError where the model has
    a threshold and the share is not known: a share that is not known is not zero.
    """
    rates = price.rates.per_token()
    below = price.rates.per_token()
    for band in price.long_prompt:
        if band.above_prompt_tokens not in long_prompt_fraction:
            raise InputError(
                f"{where}: {price.model} costs more above {band.above_prompt_tokens:,} prompt tokens and the share of "
                "tokens in such requests is not known. Measure it from per-request records, or give "
                "long_prompt_fraction in the route or the mix"
            )
        above = band.rates.per_token()
        rates = rates + long_prompt_fraction[band.above_prompt_tokens] * (above - below)
        below = above
    return rates


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidCopy:
    """One paid copy of an entry's requests, before it meets a model.

    share: of the type's requests. source: the model of the mix whose requests they are. routes: as of a Copy. route:
    what sent it, None for a copy at home. cache: the type's cache lever, None where none acts on the copy. is_counted:
    as of a Copy.
    """

    entry: MixEntry
    share: float
    role: Role
    source: str = ""
    routes: tuple[int, ...] = ()
    route: Route | None = None
    cache: CacheLever | None = None
    is_counted: bool = True

    @property
    def target(self) -> Route | None:
        """The route whose target serves this copy, None for a copy at home or escalated."""
        return self.route if self.role == "routed" else None

    @property
    def is_call(self) -> bool:
        """Whether this is a call of a router or a judge, on which no lever acts."""
        return self.role in ("router", "judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """The copy's text on one model: its tokens, (5,), and what is known of its shares above prompt lengths.

    ratio: tokens there per token of the entry. given: the share that the route names, if it speaks of this model.
    """

    model: str
    tokens: FloatArray
    ratio: float
    shares: Mapping[int, float]
    given: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyPricer:
    """Prices the copies of one request type at the list prices of a day.

    moved collects what retirements inside the horizon did to the copies; without a horizon nothing moves. eligible:
    what may draw a commitment down, its models by the price book's own names.
    """

    price_book: PriceBook
    on: date
    horizon: Horizon | None
    scenario: str
    request_type: str
    moved: list[MovedCopy]
    eligible: Eligibility

    def copies(self, paid: PaidCopy, model: str) -> list[Copy]:
        """The copy on the model that serves it today, then on each that it has to move to, one after the other.

        Errors: InputError and PriceError where the model of today cannot be priced; a successor that cannot be
        priced leaves the traffic where it is, with a note in `moved`.
        """
        text: _Text | None = self._first(paid, model)
        found: list[Copy] = []
        starts = -inf
        while text is not None:
            here = replace(self._copy(paid, text), starts=starts)
            leaving = retirement(self.price_book, text.model, priced_on=self.on, horizon=self.horizon)
            text = None if leaving is None else self._next(paid, text, leaving, here)
            starts = inf if leaving is None or text is None else leaving.month
            found.append(replace(here, stops=starts))
        return found

    def _copy(self, paid: PaidCopy, text: _Text) -> Copy:
        price = self.price_book.price(text.model, self.on)
        where = f"scenario '{self.scenario}', request type '{self.request_type}' on {text.model}"
        rates = effective_rates(price, text.shares, where=where) * paid.entry.modifier
        tier = self.price_book.tier(text.model)
        counts = is_eligible(self.eligible, self.price_book.resolve(text.model), tier)
        return Copy(
            tier=tier,
            role=paid.role,
            routes=paid.routes,
            traffic_share=paid.share,
            batch_fraction=paid.entry.batch_fraction,
            # no lever moves a call of a router or a judge to batch: it has to answer before anything else happens
            batch_multiplier=1.0 if paid.is_call else float(price.batch_multiplier),
            usd=_copy_usd(text.tokens, rates, paid, where=where),
            flat_usd=self._server_tools_usd(paid.entry, where=where),
            is_counted=paid.is_counted,
            tokens=text.tokens,
            usd_per_token=rates,
            source=paid.source,
            model=text.model,
            eligible=counts,
            batch_eligible=counts if paid.is_call else counts and self.eligible.batch,
        )

    def _server_tools_usd(self, entry: MixEntry, *, where: str) -> float:
        searches, hours = entry.web_searches_per_request, entry.code_execution_hours_per_request
        try:
            return float(self.price_book.server_tools_usd(searches, hours, self.on)) if searches or hours else 0.0
        except PriceError as error:
            raise PriceError(f"{where}: {error}") from None

    def _first(self, paid: PaidCopy, model: str) -> _Text:
        price = self.price_book.price(model, self.on)
        route = paid.route
        given = route.long_prompt_fraction if route is not None and route.to == model else None
        ratio = text_ratio(self.price_book, paid.entry.model, model, paid.target)
        return _Text(
            model=model,
            tokens=_tokens(paid, ratio),
            ratio=ratio,
            shares=_first_shares(paid.entry, price, ratio=ratio, given=given),
            given=given,
        )

    def _next(self, paid: PaidCopy, text: _Text, leaving: Retirement, last: Copy) -> _Text | None:
        """The text on the successor, or None where it stays; either is noted."""
        if leaving.successor is None:
            self._stays(leaving, "no successor of its tier is known. Name the model that takes over in the mix.")
            return None
        hop = self.price_book.token_ratio(text.model, leaving.successor)
        price = self.price_book.price(leaving.successor, self.on)
        there = replace(
            text,
            model=leaving.successor,
            tokens=text.tokens * hop,
            ratio=text.ratio * hop,
            shares=_carried_shares(paid.entry, text, price, hop=hop),
        )
        lacking = [
            band.above_prompt_tokens for band in price.long_prompt if band.above_prompt_tokens not in there.shares
        ]
        try:
            after = None if lacking else self._copy(paid, there)
            why = self._between(paid, there, price, last) if lacking else ""
        except PriceError as error:
            after, why = None, f"its successor cannot be priced ({error})."
        if after is None:
            self._stays(leaving, why)
            return None
        self._moves(paid, leaving, hop, last, after)
        return there

    def _between(self, paid: PaidCopy, there: _Text, price: ModelPrice, last: Copy) -> str:
        """Why traffic cannot be priced where the share above a threshold is not known, and between what it lies."""
        thresholds = [band.above_prompt_tokens for band in price.long_prompt]
        ends = [self._copy(paid, replace(there, shares=dict.fromkeys(thresholds, share))) for share in (0.0, 1.0)]
        base = float(last.usd[0])
        low, high = (float(end.usd[0]) / base - 1.0 if base else 0.0 for end in ends)
        return (
            f"{there.model}, which follows it, costs more above {thresholds[0]:,} prompt tokens and the share of "
            f"tokens in such requests is not known: a request there may cost anything from {low:+.0%} (none above) to "
            f"{high:+.0%} (all above). Measure it from per-request records, or give long_prompt_fraction."
        )

    def _stays(self, leaving: Retirement, why: str) -> None:
        note = (
            f"{self._retires(leaving)}, and '{self.request_type}' stays at its last price in this plan, because {why} "
            "Until then its spend after that day, and what it draws from a commitment, is a guess."
        )
        self.moved.append(MovedCopy(retirement=leaving, moves=False, before_usd=0.0, after_usd=0.0, note=note))

    def _moves(self, paid: PaidCopy, leaving: Retirement, hop: float, last: Copy, after: Copy) -> None:
        counted = "" if hop == 1.0 else f", with {hop:.3g} times the tokens for the same text"
        note = (
            f"{self._retires(leaving)}: from the next day its traffic is priced on {after.model}, the next model of "
            f"its tier in service then, at the list price of {self.on}{counted}."
        )
        if any(self.price_book.resolve(item.model) == leaving.model for item in self.price_book.overrides):
            note += f" The override of {leaving.model} does not go along."
        requests = paid.entry.monthly_requests
        self.moved.append(
            MovedCopy(
                retirement=leaving,
                moves=True,
                before_usd=requests * float(last.usd[0]),
                after_usd=requests * float(after.usd[0]),
                note=note,
            )
        )

    def _retires(self, leaving: Retirement) -> str:
        provider = self.price_book.provider
        whose = "" if provider == "anthropic" else f" (Anthropic's own day; {provider} may have another)"
        return f"{leaving.model} retires on {leaving.on}{whose}"


def is_eligible(eligible: Eligibility, model: str, tier: str) -> bool:
    """Whether a copy may draw a commitment down: its model or its tier is named, or nothing is."""
    if eligible.models is None and eligible.tiers is None:
        return True
    return model in (eligible.models or ()) or tier in (eligible.tiers or ())


def _tokens(paid: PaidCopy, ratio: float) -> FloatArray:
    tokens: FloatArray = paid.entry.tokens_per_request * ratio
    if paid.target is not None:
        tokens[OUTPUT] *= paid.target.output_ratio
        if paid.target.moves == "request":
            # A single call moved out of its session finds a cold cache: its prefix is written again before it helps.
            tokens[CACHE_WRITE_5M] += tokens[CACHE_READ]
            tokens[CACHE_READ] = 0.0
    return tokens


def _first_shares(entry: MixEntry, price: ModelPrice, *, ratio: float, given: float | None) -> dict[int, float]:
    """Shares above each threshold of `price`, for the tokens that the entry's text makes on that model."""
    known = {}
    for band in price.long_prompt:
        # the same text crosses a threshold of the target at threshold / ratio of the source's own tokens
        share = (
            given if given is not None else share_above(entry.long_prompt_fraction, band.above_prompt_tokens / ratio)
        )
        if share is None and price.model == entry.model:
            # traffic that stays is priced as it was measured: below the threshold, and the measurement says so
            share = 0.0
        if share is not None:
            known[band.above_prompt_tokens] = share
    return known


def _carried_shares(entry: MixEntry, text: _Text, price: ModelPrice, *, hop: float) -> dict[int, float]:
    """Shares above each threshold of a successor: from what was known on the model it left, else from the entry.

    A share that a route gives for a target without thresholds can only speak of the text itself, and goes along.
    """
    known = {}
    for band in price.long_prompt:
        share = share_above(text.shares, band.above_prompt_tokens / hop)
        if share is None and not text.shares:
            share = text.given
        if share is None:
            share = share_above(entry.long_prompt_fraction, band.above_prompt_tokens / (text.ratio * hop))
        if share is not None:
            known[band.above_prompt_tokens] = share
    return known


def text_ratio(price_book: PriceBook, home: str, target: str, route: Route | None) -> float:
    """Tokens of a text on the target per token of it at home: as the route says, else by tokenizer generation."""
    if route is not None and route.token_ratio is not None:
        return route.token_ratio
    return price_book.token_ratio(home, target)


def share_above(shares: Mapping[int, float], tokens: float) -> float | None:
    """Share of tokens in requests above a prompt length, from the shares at known lengths; None if they leave it open.

    The share falls with the length: between two lengths with the same share there is only that one.
    """
    if round(tokens) in shares:
        return shares[round(tokens)]
    below = [shares[length] for length in sorted(shares) if length < tokens]
    above = [shares[length] for length in sorted(shares) if length > tokens]
    return below[-1] if below and above and below[-1] == above[0] else None


def _copy_usd(tokens: FloatArray, rates: FloatArray, paid: PaidCopy, *, where: str) -> FloatArray:
    """(4,) USD: base, per cached share, per cached share that hits, per output cut."""
    cache = paid.cache
    write = CACHE_WRITE_1H if cache is not None and cache.ttl == "1h" else CACHE_WRITE_5M
    used = tokens > 0
    if cache is not None and tokens[UNCACHED_INPUT] > 0:
        used[[CACHE_READ, write]] = True
    if missing := [name for name, u, rate in zip(TOKEN_CLASSES, used, rates, strict=True) if u and np.isnan(rate)]:
        raise PriceError(
            f"{where}: no price is known for {', '.join(missing)} tokens; add it under "
            "[[prices.override]] with its source"
        )
    rates = np.where(used, rates, 0.0)
    uncached = tokens[UNCACHED_INPUT]
    return np.array(
        [
            tokens @ rates,
            uncached * (rates[write] - rates[UNCACHED_INPUT]) if cache is not None else 0.0,
            uncached * (rates[CACHE_READ] - rates[write]) if cache is not None else 0.0,
            0.0 if paid.is_call else -tokens[OUTPUT] * rates[OUTPUT],
        ]
    )
