"""What a model is sent to draft from: figures and names of terms, and stand-ins for every name that a user made up."""

from collections.abc import Iterator
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from planner.brief.brief import Alternative, Brief
from planner.brief.sentences import cost_words, day_words, difference_words, month_words, risk_sentences, why_sentences
from planner.decision_caveats import limit_sentences
from planner.dossier import Dossier
from planner.drivers import Drivers
from planner.drivers_report import driver_name
from planner.focus.contract_words import terms_sentences
from planner.negotiation.positions import Position
from planner.plan import Plan
from planner.report import headline, offer_name
from planner.words import percent, percent_estimate, usd_estimate, usd_rounded_down

_MOST_INPUTS: Final = 3
_SHARED: Final = frozenset(
    {
        *("level", "growth", "token drift", "rebound", "largest leaves", "largest type leaves", "walk and noise"),
    }
)
"""Inputs whose names are the program's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Lines that are sent, and (stand-in, what it stands for) of every name that is not."""

    lines: tuple[str, ...]
    stand_ins: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """The lines as they are sent."""
        return "\n".join(f"- {line}" for line in self.lines)


def facts_sent(found: Dossier, brief: Brief) -> Facts:
    """Everything on the page that is a figure or a term. Names of scenarios, quotes, types and events stay here."""
    names: dict[str, str] = {}
    lines = tuple(_lines(found, brief, names))
    return Facts(lines=lines, stand_ins=tuple((stand_in, name) for name, stand_in in names.items()))


def _lines(found: Dossier, brief: Brief, names: dict[str, str]) -> Iterator[str]:
    plan = brief.plan
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    last = month_words(plan.inputs.start, contract.term_months - 1)
    yield f"The contract: {contract.term_months} months, from {day_words(plan.inputs.start)} to the end of {last}."
    yield headline(plan)[0]
    if not offer.is_none:
        yield " ".join(terms_sentences(contract, offer))
    yield from why_sentences(plan, brief.saving, brief.alternatives)
    yield from risk_sentences(plan, brief.shortfall)
    yield from (_alternative(plan, item, names) for item in brief.alternatives)
    yield from limit_sentences(plan.inputs, plan.constraint)
    yield from _uncertain(found.drivers, names)
    yield from _worth_knowing(found, names)
    if brief.walk_away_fraction is not None:
        yield (
            f"Walk away below {percent(brief.walk_away_fraction, 2)} discount on the recommended commitment: there the "
            "best alternative costs the same."
        )
    if found.negotiated is not None:
        yield from _asks("The opening", found.negotiated.positions.opening, names)
        yield from _asks("The target", found.negotiated.positions.target, names)


def _stand_in(kind: str, name: str, names: dict[str, str]) -> str:
    """The stand-in of a name: "quote A". The same name has the same one."""
    if name not in names:
        number = sum(other.startswith(f"{kind} ") for other in names.values())
        again, letter = divmod(number, len(ascii_uppercase))
        names[name] = f"{kind} {ascii_uppercase[letter] * (again + 1)}"
    return names[name]


def _alternative(plan: Plan, item: Alternative, names: dict[str, str]) -> str:
    name = item.name
    if item.quote is not None:
        at_best = item.kind == "quote_at_best"
        name = f"{_stand_in('quote', item.quote, names)} {'at its best' if at_best else 'as quoted'}"
    months = "" if item.term_months == plan.inputs.contract.term_months else f" over {item.term_months} months"
    limit = "" if item.meets_limit else "; the limit forbids it"
    at = "" if item.offer.is_none else f" ({offer_name(item.offer)})"
    return (
        f"Instead, {name}{at}{months}: by {cost_words(plan)} it {difference_words(item.costs_more)}; shortfall risk "
        f"{percent_estimate(item.shortfall_probability)}{limit}."
    )


def _uncertain(found: Drivers | None, names: dict[str, str]) -> Iterator[str]:
    """The inputs that move the best commitment most."""
    moved = [
        (one.name, one.commit_at_p10_usd, one.commit_at_p90_usd)
        for one in (found.inputs if found is not None else ())
        if one.commit_at_p10_usd is not None and one.commit_at_p90_usd is not None
    ]
    for key, low, high in sorted(moved, key=lambda item: -abs(item[2] - item[1]))[:_MOST_INPUTS]:
        at_low, at_high = (usd_rounded_down(usd) for usd in (low, high))
        yield (
            f"With {_input(key, names)} known to stand at its P10 the best commitment would be {at_low} a year, at its "
            f"P90 {at_high} a year."
        )


def _input(key: str, names: dict[str, str]) -> str:
    words = driver_name(key)
    return f"the {words}" if key in _SHARED else _stand_in("input", words, names)


def _worth_knowing(found: Dossier, names: dict[str, str]) -> Iterator[str]:
    lessons = [] if found.learning is None else [one for one in found.learning.lessons if one.value.mean > 0]
    for one in lessons[:_MOST_INPUTS]:
        when = "" if one.resolution.is_before_signing else ", but it cannot be known by then"
        yield f"Knowing {_input(one.name, names)} before signing is worth {usd_estimate(one.value)}{when}."


def _asks(name: str, position: Position, names: dict[str, str]) -> Iterator[str]:
    """A position with its asks; an ask of the plan's own is named by its stand-in."""
    if not position.asks:
        return
    yield f"{name} asks for what is together worth {usd_estimate(position.better)}:"
    for ask in position.asks:
        own = ask.variation.words == ask.variation.name
        words = _stand_in("own ask", ask.variation.name, names) if own else ask.variation.words
        yield f"{name}: {words}, alone worth {usd_estimate(ask.value)}."
