"""A second opinion on settlement: one path, month by month, in plain Python and Decimal money.

Written from docs/method.md and from nothing else; it imports nothing of the product. Where the product disagrees with
this file, one of the two misreads the method.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import NamedTuple

ONE, ZERO = Decimal(1), Decimal(0)


# --- the terms -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Year:
    """What was signed for one contract year: the commitment and the discounts of its band."""

    commit: Decimal
    discount: Decimal = ZERO
    overage_discount: Decimal = ZERO
    by_tier: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rollover:
    """Unused commitment is carried."""

    share: Decimal
    months: int
    renew_min: Decimal = ZERO
    max_fraction: Decimal | None = None
    carried_first: bool = True


@dataclass(frozen=True, kw_only=True)
class CarryForward:
    """Over-use lowers later commitments."""

    share: Decimal
    max_fraction: Decimal


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """The buyer lowers the commitment at an anniversary."""

    max_fraction: Decimal
    lookback: int


@dataclass(frozen=True, kw_only=True)
class EarlyRenewal:
    """The buyer renews before a period is over."""

    month: int
    credit: Decimal
    commit: Decimal


@dataclass(frozen=True, kw_only=True)
class TrueForward:
    """Over-use raises later commitments."""

    trigger: Decimal
    share: Decimal
    lookback: int
    resets: bool


@dataclass(frozen=True, kw_only=True)
class Marketplace:
    """A fee on what is paid, and a credit towards a cloud commitment."""

    fee: Decimal
    draws_down: Decimal
    cap_a_year: Decimal
    unused_a_year: Decimal


@dataclass(frozen=True, kw_only=True)
class InForce:
    """Balances (USD, month at whose start it ends) of an earlier contract, oldest first, and its discount."""

    balances: tuple[tuple[Decimal, int], ...]
    discount: Decimal
    renew: bool


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A signed contract; a clause that is None was not agreed, or is not exercised.

    period: "year", "quarter" or "term". overage_by_tier: over-use has the committed discounts, tier by tier.
    extra_eligible, extra_outside: USD a month that is not tokens.
    """

    months: int
    years: tuple[Year, ...]
    period: str = "year"
    quarter_shares: tuple[Decimal, ...] = (Decimal("0.25"),) * 4
    drawdown: str = "contracted"
    overage_by_tier: bool = False
    overage_cap: Decimal | None = None
    true_up: Decimal | None = None
    eligible: Decimal = ONE
    passed_through: bool = True
    rise_cap: Decimal | None = None
    rollover: Rollover | None = None
    carry_forward: CarryForward | None = None
    reduction: Reduction | None = None
    early_renewal: EarlyRenewal | None = None
    true_forward: TrueForward | None = None
    payment: str = "arrears"
    cost_of_capital: Decimal = ZERO
    marketplace: Marketplace | None = None
    in_force: InForce | None = None
    bank_value: Decimal = ZERO
    extra_eligible: Decimal = ZERO
    extra_outside: Decimal = ZERO


class Account(NamedTuple):
    """Who was paid: a model tier, or None for what is not a model; and whether that may draw the commitment down."""

    tier: str | None
    eligible: bool = True


class Spent(NamedTuple):
    """The use of one account in one month, at the list prices of that month and of the signing day."""

    current: Decimal
    signing: Decimal


Month = Mapping[Account, Spent]


# --- bands -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Band:
    """A discount from an annual commitment on."""

    threshold: Decimal
    discount: Decimal
    by_tier: Mapping[str, Decimal] = field(default_factory=dict)


def sign(
    bands: Sequence[Band],
    commits: Sequence[Decimal],
    months: int,
    *,
    by_term: bool = False,
    one_pool: bool = False,
    incremental: bool = False,
    drawdown: str = "contracted",
    overage: str | Decimal = "list",
) -> tuple[Year, ...]:
    """The discounts that the bands give to the commitments of the contract years."""
    lengths = [Decimal(stop - first) / 12 for first, stop in spans(months, 12)]
    years = []
    for commit in commits:
        deciding = commit
        if by_term:
            deciding = sum(c * n for c, n in zip(commits, lengths, strict=True)) / sum(lengths)
        reached = [band for band in sorted(bands, key=lambda band: band.threshold) if band.threshold <= deciding]
        if not reached or (commit == 0 and not (one_pool and deciding > 0)):
            years.append(Year(commit=commit))
            continue
        top = reached[-1]
        discount = _blended(bands, deciding, drawdown) if incremental else top.discount
        beyond = {"list": ZERO, "committed": top.discount}[overage] if isinstance(overage, str) else overage
        years.append(Year(commit=commit, discount=discount, overage_discount=beyond, by_tier=top.by_tier))
    return tuple(years)


def _blended(bands: Sequence[Band], commit: Decimal, drawdown: str) -> Decimal:
    """Every dollar of the commitment at the discount of the band in which it lies; below the lowest at none."""
    list_dollars, paid_dollars = ZERO, ZERO
    steps = [(ZERO, ZERO), *sorted((band.threshold, band.discount) for band in bands)]
    for step, (low, discount) in enumerate(steps):
        high = steps[step + 1][0] if step + 1 < len(steps) else max(commit, low)
        part = max(ZERO, min(commit, high) - low)
        list_dollars += part if drawdown == "list" else part / (1 - discount)
        paid_dollars += part * (1 - discount) if drawdown == "list" else part
    return 1 - paid_dollars / list_dollars


# --- the bill --------------------------------------------------------------------------------------------------------

BALANCE_COLUMNS = ("committed", "drawn_current", "drawn_banked", "forfeited", "waived", "banked")
BILLED_COLUMNS = ("overage", "outside", "paid")


@dataclass(kw_only=True)
class Row:
    """The ledger of one period. Balances in the commitment's own dollars; overage, outside and paid as billed."""

    committed: Decimal = ZERO
    drawn_current: Decimal = ZERO
    drawn_banked: Decimal = ZERO
    forfeited: Decimal = ZERO
    waived: Decimal = ZERO
    banked: Decimal = ZERO
    overage: Decimal = ZERO
    outside: Decimal = ZERO
    paid: Decimal = ZERO
    shortfall: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Bill:
    """What a path came to. opening: what an earlier contract brought into the banks. cash: (month, USD) paid at the
    start of that month, the end of the last being the start of a next; in_advance: of it, instalments. listed: the same
    at list with nothing signed."""

    rows: tuple[Row, ...]
    opening: Decimal
    paid: Decimal
    npv: Decimal
    on_demand: Decimal
    npv_on_demand: Decimal
    cash: tuple[tuple[int, Decimal], ...]
    in_advance: tuple[tuple[int, Decimal], ...]
    listed: tuple[tuple[int, Decimal], ...]


class Entering(NamedTuple):
    """A month as the contract sees it: what draws, that use billed as overage and at list, and what stays outside."""

    draw: Decimal
    as_overage: Decimal
    at_list: Decimal
    outside: Decimal


@dataclass(kw_only=True)
class Bank:
    """A balance of earlier money, gone at the start of month `ends`. owed: what a dollar of it had cost."""

    usd: Decimal
    ends: int
    owed: Decimal = ONE


@dataclass(kw_only=True)
class State:
    """What a path carries from period to period.

    raised: annual level of a true-forward. renewed: whether the early renewal has happened. factor: of a reduction.
    credit: over-use that has not yet lowered a commitment.
    cash: (month, USD); in_advance: of it, instalments. use: D of each month so far.
    """

    banks: list[Bank] = field(default_factory=list)
    raised: Decimal = ZERO
    renewed: bool = False
    factor: Decimal = ONE
    credit: Decimal = ZERO
    cash: list[tuple[int, Decimal]] = field(default_factory=list)
    in_advance: list[tuple[int, Decimal]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    use: list[Decimal] = field(default_factory=list)


def spans(months: int, length: int) -> list[tuple[int, int]]:
    """[first, stop) of stretches of a length, the last maybe shorter."""
    return [(first, min(first + length, months)) for first in range(0, months, length)]


def period_spans(terms: Terms) -> list[tuple[int, int]]:
    """[first, stop) months of every period over which a commitment has to be used."""
    return spans(terms.months, {"quarter": 3, "year": 12, "term": terms.months}[terms.period])


def settle(terms: Terms, path: Sequence[Month]) -> Bill:
    """Bill a path: one Month per month of the term."""
    months = enter(terms, path)
    state = State()
    if terms.in_force and renews(terms):
        worth = 1 - terms.in_force.discount if terms.drawdown == "list" else ONE
        state.banks = [Bank(usd=usd, ends=ends, owed=worth) for usd, ends in terms.in_force.balances]
    opening = sum((bank.usd for bank in state.banks), start=ZERO)
    for number in range(len(period_spans(terms))):
        settle_period(terms, state, months, number)
    add_marketplace(terms, state)
    value_what_is_left(terms, state)
    uncovered = enter(replace(terms, years=(Year(commit=ZERO),) * len(terms.years)), path)
    listed = [(t + 1, month.at_list + month.outside) for t, month in enumerate(uncovered)]
    return Bill(
        rows=tuple(state.rows),
        opening=opening,
        paid=sum((row.paid for row in state.rows), start=ZERO),
        npv=present_value(terms, state.cash),
        on_demand=sum((usd for _, usd in listed), start=ZERO),
        npv_on_demand=present_value(terms, listed),
        cash=tuple(state.cash),
        in_advance=tuple(state.in_advance),
        listed=tuple(listed),
    )


def renews(terms: Terms) -> bool:
    """Whether what an earlier contract left is banked in this one; who commits nothing has signed nothing."""
    return terms.in_force is not None and terms.in_force.renew and any(year.commit for year in terms.years)


def present_value(terms: Terms, cash: Iterable[tuple[int, Decimal]]) -> Decimal:
    """Payments at their worth on the first day."""
    return sum((usd * _weight(terms.cost_of_capital, month) for month, usd in cash), start=ZERO)


@cache
def _weight(cost_of_capital: Decimal, month: int) -> Decimal:
    return ONE if cost_of_capital == 0 else (1 + cost_of_capital) ** (-Decimal(month) / 12)


# --- what enters -----------------------------------------------------------------------------------------------------


def enter(terms: Terms, path: Sequence[Month]) -> list[Entering]:
    """Every month of the term as the contract sees it; use that an earlier contract covers is nowhere any more."""
    left = []
    if terms.in_force and not renews(terms):
        worth = 1 - terms.in_force.discount
        left = [Bank(usd=usd / worth, ends=ends) for usd, ends in terms.in_force.balances]  # in list dollars
    months = []
    for t in range(terms.months):
        inside, outside = _inside_and_outside(terms, path[t])
        total = sum(spent.current for _, spent in inside)
        uncovered = total
        for balance in left:
            if t < balance.ends:
                covered = min(balance.usd, uncovered)
                balance.usd -= covered
                uncovered -= covered
        share = uncovered / total if total else ONE
        stays = [(tier, Spent(spent.current * share, spent.signing * share)) for tier, spent in inside]
        months.append(_measured(terms, terms.years[t // 12], stays, outside))
    return months


def _inside_and_outside(terms: Terms, month: Month) -> tuple[list[tuple[str | None, Spent]], Decimal]:
    inside, outside = [], terms.extra_outside
    for account, spent in month.items():
        if account.eligible:
            inside.append((account.tier, Spent(spent.current * terms.eligible, spent.signing * terms.eligible)))
            outside += spent.current * (1 - terms.eligible)
        else:
            outside += spent.current
    if terms.extra_eligible:
        inside.append((None, Spent(terms.extra_eligible, terms.extra_eligible)))
    return inside, outside


def _measured(terms: Terms, year: Year, inside: Sequence[tuple[str | None, Spent]], outside: Decimal) -> Entering:
    draw = as_overage = at_list = ZERO
    for tier, spent in inside:
        discount = year.by_tier.get(tier, year.discount)
        beyond = year.by_tier.get(tier, year.overage_discount) if terms.overage_by_tier else year.overage_discount
        protected = _protected(terms, spent)
        draw += protected if terms.drawdown == "list" else (1 - discount) * protected
        as_overage += (1 - beyond) * spent.current
        at_list += spent.current
    return Entering(draw=draw, as_overage=as_overage, at_list=at_list, outside=outside)


def _protected(terms: Terms, spent: Spent) -> Decimal:
    """The use at the list price that the contract guarantees for committed use."""
    price = spent.current
    if terms.rise_cap is not None:
        price = min(price, spent.signing * (1 + terms.rise_cap))
    if not terms.passed_through:
        price = spent.signing if terms.rise_cap is None else max(price, spent.signing)
    return price


# --- one period ------------------------------------------------------------------------------------------------------


def settle_period(terms: Terms, state: State, months: Sequence[Entering], number: int) -> None:
    """Commit, use month by month, and close a period."""
    first, stop = period_spans(terms)[number]
    owed = owed_rate(terms, number)
    commit = commitment(terms, state, number)
    row = Row(committed=commit)
    state.rows.append(row)
    pay_commitment(terms, state, number, owed * commit)
    left, over_so_far = commit, ZERO
    for t in range(first, stop):
        expire(state, row, t)
        left = renew_early(terms, state, number, t, left)
        current, banked, over = draw(terms, state, months[t].draw, left)
        left -= current
        row.drawn_current += current
        row.drawn_banked += banked
        billed = bill_overage(terms, months[t], over, row.committed, over_so_far)
        over_so_far += over
        row.overage += billed
        row.outside += months[t].outside
        state.cash.append((t + 1, billed + months[t].outside))
        if terms.payment == "arrears":
            state.cash.append((t + 1, owed * current))
        state.use.append(months[t].draw)
    close(terms, state, number, left)
    if terms.carry_forward:
        state.credit += terms.carry_forward.share * over_so_far


def owed_rate(terms: Terms, number: int) -> Decimal:
    """Dollars owed per dollar of the commitment's own."""
    if terms.drawdown == "contracted":
        return ONE
    first, _ = period_spans(terms)[number]
    return 1 - terms.years[first // 12].discount


def expire(state: State, row: Row, month: int) -> None:
    """What is in banks that are over is forfeited."""
    for bank in state.banks:
        if bank.ends <= month:
            forfeit(row, bank.usd, bank.owed)
    state.banks = [bank for bank in state.banks if bank.ends > month]


def forfeit(row: Row, usd: Decimal, owed: Decimal) -> None:
    """Dollars of commitment lost, and what they had cost."""
    row.forfeited += usd
    row.shortfall += owed * usd


def draw(terms: Terms, state: State, use: Decimal, left: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """A month's use: how much of it comes out of the commitment, out of the banks, and is over-use."""
    current = banked = ZERO
    carried_first = terms.rollover is None or terms.rollover.carried_first
    if not carried_first:
        current = min(left, use)
    for bank in state.banks:  # the oldest first
        taken = min(bank.usd, use - current - banked)
        bank.usd -= taken
        banked += taken
    if carried_first:
        current = min(left, use - banked)
    return current, banked, use - current - banked


def bill_overage(terms: Terms, month: Entering, over: Decimal, commit: Decimal, before: Decimal) -> Decimal:
    """USD for the over-use of a month: at the overage rate as far as the cap of the period reaches, else at list."""
    if month.draw == 0:
        return ZERO
    cheaper = over
    if terms.overage_cap is not None:
        cheaper = min(over, max(ZERO, terms.overage_cap * commit - before))
    return (cheaper * month.as_overage + (over - cheaper) * month.at_list) / month.draw


def close(terms: Terms, state: State, number: int, unused: Decimal) -> None:
    """What is unused at the end of a period is carried, waived or forfeited."""
    periods = period_spans(terms)
    first, stop = periods[number]
    is_last = number + 1 == len(periods)
    row, owed = state.rows[number], owed_rate(terms, number)
    carried = ZERO
    early = terms.early_renewal
    if early and early.month == stop and not is_last:
        # who leaves anything renews: part of it is credited until the term ends, and nothing else is carried or waived
        state.renewed = unused > 0
        state.banks.append(Bank(usd=early.credit * unused, ends=terms.months, owed=owed))
        forfeit(row, (1 - early.credit) * unused, owed)
        unused = ZERO
    if terms.rollover and unused:
        if is_last:
            is_allowed = True
        else:
            this_year, next_year = terms.years[first // 12], terms.years[stop // 12]
            is_allowed = next_year.commit >= terms.rollover.renew_min * this_year.commit
        if is_allowed:
            carried = terms.rollover.share * unused
            if terms.rollover.max_fraction is not None:
                carried = min(carried, terms.rollover.max_fraction * row.committed)
            state.banks.append(Bank(usd=carried, ends=stop + terms.rollover.months, owed=owed))
    charged = ONE if terms.true_up is None else terms.true_up
    forfeit(row, charged * (unused - carried), owed)
    row.waived += (1 - charged) * (unused - carried)
    expire(state, row, stop)
    row.banked = sum((bank.usd for bank in state.banks), start=ZERO)
    row.paid = owed * (row.committed - row.waived) + row.overage + row.outside
    if terms.payment == "arrears":
        state.cash.append((stop, owed * (row.committed - row.drawn_current - row.waived)))
    else:
        state.cash.append((stop, -owed * row.waived))


def pay_commitment(terms: Terms, state: State, number: int, owed_usd: Decimal) -> None:
    """Payments in advance for a whole period; of a term, upfront, each contract year's on its first day."""
    first, stop = period_spans(terms)[number]
    if terms.payment == "upfront" and terms.period == "term":
        for year, (begin, end) in zip(terms.years, spans(terms.months, 12), strict=True):
            pay_instalment(state, begin, owed_rate(terms, number) * year.commit * (end - begin) / 12)
    else:
        pay_in_advance(terms, state, first, stop, owed_usd)


def pay_in_advance(terms: Terms, state: State, first: int, stop: int, owed_usd: Decimal) -> None:
    """What is owed for [first, stop): year by year or quarter by quarter from its beginning; in arrears nothing."""
    if terms.payment != "arrears":
        for begin, end in spans(stop - first, {"upfront": 12, "quarterly": 3}[terms.payment]):
            pay_instalment(state, first + begin, owed_usd * (end - begin) / (stop - first))


def pay_instalment(state: State, month: int, usd: Decimal) -> None:
    state.cash.append((month, usd))
    state.in_advance.append((month, usd))


# --- clauses that change a commitment --------------------------------------------------------------------------------


def commitment(terms: Terms, state: State, number: int) -> Decimal:
    """C of a period: what was signed, after true-forward, early renewal, reduction and carry-forward."""
    first, stop = period_spans(terms)[number]
    if terms.period == "term":
        parts = zip(terms.years, spans(terms.months, 12), strict=True)
        return sum((year.commit * (end - begin) / 12 for year, (begin, end) in parts), start=ZERO)
    fraction = Decimal(stop - first) / 12
    if terms.period == "quarter":
        fraction = terms.quarter_shares[first % 12 // 3] * (stop - first) / 3
    raise_level(terms, state, number)
    level = max(terms.years[first // 12].commit, state.raised)  # a year
    if state.renewed and terms.early_renewal:
        level *= terms.early_renewal.commit
    if first % 12 == 0:
        state.factor = reduced_to(terms, state, level)
    signed = level * state.factor * fraction
    lowered = ZERO
    if terms.carry_forward:
        lowered = min(terms.carry_forward.max_fraction * signed, state.credit)
        state.credit -= lowered
    return signed - lowered


def raise_level(terms: Terms, state: State, number: int) -> None:
    """True-forward: over-use of a commitment raises the next one, and with resets = false all that follow."""
    clause = terms.true_forward
    if clause is None or number == 0:
        return
    if clause.resets:
        state.raised = ZERO
    first, stop = period_spans(terms)[number - 1]
    commit = state.rows[number - 1].committed
    if commit and sum(state.use[first:stop]) > clause.trigger * commit:
        length = min(clause.lookback, stop - first)
        blocks = [state.use[first:stop][begin:end] for begin, end in spans(stop - first, length)]
        peak = max(sum(block) * 12 / len(block) for block in blocks)
        state.raised = max(state.raised, clause.share * peak)


def reduced_to(terms: Terms, state: State, level: Decimal) -> Decimal:
    """Reduction: the part of the annual commitment that is left after an anniversary."""
    clause, recent = terms.reduction, []
    if clause:
        recent = state.use[-clause.lookback :]
    if not recent or level == 0:
        return ONE
    a_year = sum(recent) * 12 / len(recent)
    return max(1 - clause.max_fraction, min(ONE, a_year / level))


def renew_early(terms: Terms, state: State, number: int, month: int, left: Decimal) -> Decimal:
    """Early renewal inside a period: what is left of the commitment from this month on."""
    clause = terms.early_renewal
    first, stop = period_spans(terms)[number]
    if clause is None or month != clause.month or month == first:
        return left
    row, commit, owed = state.rows[number], state.rows[number].committed, owed_rate(terms, number)
    if row.drawn_current >= commit * (month - first) / (stop - first):
        return left
    state.renewed = True
    state.banks.append(Bank(usd=clause.credit * left, ends=terms.months, owed=owed))
    forfeit(row, (1 - clause.credit) * left, owed)
    again = clause.commit * commit * (stop - month) / (stop - first)
    row.committed += again
    pay_in_advance(terms, state, month, stop, owed * again)
    return again


# --- after the last month --------------------------------------------------------------------------------------------


def value_what_is_left(terms: Terms, state: State) -> None:
    """What is still banked after the term is worth bank_value a dollar, and the rest was paid for nothing."""
    last, had_cost = state.rows[-1], sum((bank.owed * bank.usd for bank in state.banks), start=ZERO)
    last.paid -= terms.bank_value * had_cost
    last.shortfall += (1 - terms.bank_value) * had_cost
    state.cash.append((terms.months, -terms.bank_value * had_cost))


def add_marketplace(terms: Terms, state: State) -> None:
    """Fee and credit of each contract year, booked in its last period at the year's end."""
    clause = terms.marketplace
    if clause is None:
        return
    windows = [(0, terms.months)] if terms.period == "term" else spans(terms.months, 12)
    for begin, end in windows:
        inside = [row for row, (first, _) in zip(state.rows, period_spans(terms), strict=True) if begin <= first < end]
        paid = sum((row.paid for row in inside), start=ZERO)
        fee, years = clause.fee * paid, Decimal(end - begin) / 12
        credit = min(clause.draws_down * (paid + fee), clause.cap_a_year * years, clause.unused_a_year * years)
        inside[-1].paid += fee - credit
        state.cash.append((end, fee - credit))
