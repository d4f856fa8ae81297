"""What can be asked for and given up under some terms: clauses of the catalogue, and the plan's own asks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from planner.contract import Contract
from planner.errors import InputError
from planner.negotiation.catalogue import CLAUSES, Change, next_band_for
from planner.offer import Offer
from planner.quotes import Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Variation:
    """One clause, asked for or given up. name: for scripts; words: what the buyer has or would have by it.

    granted: whether the terms on the table have it, so that it is given up; instead: what holds then. own_value_usd:
    what only the buyer values, over the term; change is None then.
    """

    name: str
    words: str
    granted: bool
    instead: str = ""
    change: Change | None = None
    own_value_usd: float = 0.0

    def applied(self, contract: Contract) -> Contract:
        """The contract with the clause granted, or given up."""
        changed = None if self.change is None else self.change(contract)
        return contract if changed is None else changed


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A clause that these terms cannot have, and why."""

    words: str
    why: str


def variations(
    contract: Contract, asks: Sequence[Ask], offer: Offer
) -> tuple[tuple[Variation, ...], tuple[LeftOut, ...]]:
    """Everything that can be asked for or given up under some terms, and what cannot stand beside their other clauses.

    offer: what would be signed under them. A clause that is there in part can be both asked for in full and given up.
    """
    found, left_out = list(_next_band(contract, offer)), []
    for clause in CLAUSES:
        for granted, words, change in ((False, clause.asked, clause.ask), (True, clause.given, clause.give)):
            try:
                changed = change(contract)
            except InputError as error:
                left_out.append(LeftOut(words=words, why=str(error)))
                continue
            if changed is not None and changed != contract:
                instead = clause.instead if granted else ""
                found.append(Variation(name=clause.name, words=words, granted=granted, instead=instead, change=change))
    return (*found, *_own(contract, asks)), tuple(left_out)


def _next_band(contract: Contract, offer: Offer) -> Iterator[Variation]:
    """The next band's discount for the use that would be signed for."""
    if next_band_for(contract, offer) is not None:
        yield Variation(
            name="next_band_discount",
            words="the next band's discount for the same use",
            granted=False,
            change=lambda terms: next_band_for(terms, offer),
        )


def _own(contract: Contract, asks: Sequence[Ask]) -> Iterator[Variation]:
    """The plan's own asks: what they change of the terms on the table, or what they are worth to the buyer."""
    for ask in asks:
        if ask.contract is None:
            worth = (ask.value_usd_per_year or 0.0) * sum(contract.year_fractions)
            yield Variation(name=ask.name, words=ask.name, granted=ask.granted, own_value_usd=worth)
        else:
            changes = {
                item.name: getattr(ask.contract, item.name)
                for item in fields(Contract)
                if getattr(ask.contract, item.name) != getattr(contract, item.name)
            }
            yield Variation(name=ask.name, words=ask.name, granted=False, change=_changed_by(changes))


def _changed_by(changes: Mapping[str, Any]) -> Change:
    return lambda contract: replace(contract, **changes)
