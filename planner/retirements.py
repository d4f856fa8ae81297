"""Models that retire: when their traffic has to move, and to which model of the tier."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from planner.prices import PriceBook
from planner.units import MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """The months that a plan looks at. start: first day of month 0."""

    start: date
    n_months: int

    def end_of(self, day: date) -> float:
        """The end of a day in months from the start: of a month's n days, k have passed at the end of its k-th."""
        months = (day.year - self.start.year) * MONTHS_PER_YEAR + day.month - self.start.month
        return months + day.day / monthrange(day.year, day.month)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """A model's last day inside the horizon, the end of it in contract months, and who serves from the next day.

    month is 0 or less where the day lies before the contract. successor: None where the price data knows none.
    """

    model: str
    on: date
    month: float
    successor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedMove:
    """What a retirement does to the traffic of a scenario.

    successor: the model that serves from the day after `on`; None where the traffic stays at its last price.
    cost_change_fraction: of all requests that the model serves, in whatever role, other levers apart; None where they
    stay or cost nothing.
    note: what happens and what that means, in a sentence or two.
    """

    model: str
    successor: str | None
    on: date
    month: float
    cost_change_fraction: float | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedCopy:
    """One paid copy of a type's requests at a retirement: list USD of all of them before and after."""

    retirement: Retirement
    moves: bool
    before_usd: float
    after_usd: float
    note: str


def retirement(price_book: PriceBook, model: str, *, priced_on: date, horizon: Horizon | None) -> Retirement | None:
    """The retirement that traffic on a model has to live through, or None.

    A model that had retired before the pricing day is taken as said: it keeps its last price, and its price notes say
    so. UnknownModelError for a model that was never priced.
    """
    on = price_book.retires_on(model)
    if horizon is None or on is None or on < priced_on or horizon.end_of(on) >= horizon.n_months:
        return None
    return Retirement(
        model=model, on=on, month=horizon.end_of(on), successor=successor_in_service(price_book, model, retired_on=on)
    )


def successor_in_service(price_book: PriceBook, model: str, *, retired_on: date) -> str | None:
    """The next model of the tier, along the chain of successors, that serves on the day after; None without one.

    It must have been launched by then, must not itself have retired, and must have a price.
    """
    facts, priced = price_book.facts.models, price_book.models()
    step = facts.get(price_book.resolve(model))
    while step is not None and step.successor is not None:
        step = facts[step.successor]
        if step.launched is not None and step.launched > retired_on + timedelta(days=1):
            return None
        if step.model in priced and (step.retires_on is None or step.retires_on > retired_on):
            return step.model
    return None


def forced_moves(copies: Sequence[MovedCopy]) -> tuple[ForcedMove, ...]:
    """The moves of a scenario's copies, one per retirement and note, earliest first."""
    groups: dict[tuple[date, str, str], list[MovedCopy]] = {}
    for copy in copies:
        groups.setdefault((copy.retirement.on, copy.retirement.model, copy.note), []).append(copy)
    return tuple(_forced_move(group) for _, group in sorted(groups.items(), key=lambda item: item[0]))


def _forced_move(copies: Sequence[MovedCopy]) -> ForcedMove:
    first = copies[0]
    before = sum(copy.before_usd for copy in copies)
    after = sum(copy.after_usd for copy in copies)
    return ForcedMove(
        model=first.retirement.model,
        successor=first.retirement.successor if first.moves else None,
        on=first.retirement.on,
        month=first.retirement.month,
        cost_change_fraction=after / before - 1.0 if first.moves and before > 0 else None,
        note=first.note,
    )
