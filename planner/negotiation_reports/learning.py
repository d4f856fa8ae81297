"""What to learn first, in a table, sentences and JSON."""

from collections import Counter
from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from planner.drivers_report import driver_name, spoken_driver
from planner.negotiation.evppi import SEEN
from planner.negotiation.learning import Learning, Lesson
from planner.negotiation.resolving import LEAVER
from planner.negotiation_reports.resolving_words import resolved_by
from planner.offer import Offer
from planner.risk import Estimate
from planner.tables import Table
from planner.words import usd, usd_estimate, usd_rounded_down, usd_short

_MOST_NAMED: Final = 2
_UNITS: Final = {"answers": "answers", "history": "months"}


def learning_table(found: Learning) -> Table:
    """Every uncertain input: what knowing it first is worth, what would then be signed, what would resolve it."""
    names = [driver_name(one.name) for one in found.lessons]
    counts = Counter(names)
    rows = [
        (
            f"{name} [{one.name}]" if counts[name] > 1 else name,
            _worth(one),
            _signed(one.at_low),
            _signed(one.at_high),
            resolved_by(one.name, one.resolution),
        )
        for name, one in zip(names, found.lessons, strict=True)
    ]
    return Table(
        title=f"What knowing an input before signing is worth, from {found.paths:,} paths and {found.offers} offers",
        columns=("input", "worth", "signed at its P10", "signed at its P90", "what would resolve it"),
        rows=tuple(rows),
        numeric=frozenset({1, 2, 3}),
        note=f"Signed while nothing is known: {_signed(found.signed)}. Each input by itself: two together are worth "
        "another amount than their sum. Of what happens or not, the P10 is that it does not, the P90 that it does.",
    )


def _worth(one: Lesson) -> str:
    """One that cannot be told from nothing says below what it is."""
    return usd_estimate(one.value) if one.value.mean > 0 else f"< {usd(_at_most(one))}"


def _at_most(one: Lesson) -> float:
    """What knowing an input is worth at most, as far as the paths can tell; a dollar is the least that is said."""
    return max(max(one.fitted.mean, 0.0) + SEEN * one.value.se, 1.0)


def _signed(offer: Offer) -> str:
    """The commitment of the first contract year."""
    return "none" if offer.is_none else usd_rounded_down(offer.commit_usd_per_year)


def learning_sentences(found: Learning) -> tuple[str, ...]:
    """What is worth learning first, what cannot be learned, the most that knowing everything is worth."""
    if not found.lessons:
        return tuple(f"{warning}." for warning in found.warnings)
    if found.offers == 1:
        return (
            "The contract fixes what is committed: whatever is learned before signing, the same is signed, so that "
            "knowing it first is worth nothing.",
        )
    open_ones = [one for one in found.lessons if one.resolution.is_before_signing]
    closed = [one for one in found.lessons if not one.resolution.is_before_signing and one.value.mean > 0]
    return (*_to_learn(found, open_ones), *_not_to_learn(closed), _perfect(found), *_limit(found))


def _to_learn(found: Learning, lessons: Sequence[Lesson]) -> list[str]:
    named = [one for one in lessons if one.value.mean > 0][:_MOST_NAMED]
    rest = [one for one in lessons if one not in named]
    said = [
        f"Knowing {_spoken(one.name)} before signing is worth {usd_estimate(one.value)}: "
        f"{resolved_by(one.name, one.resolution)}."
        for one in named
    ]
    if rest or not named:
        which = "No other input" if named else "No single input"
        most = usd_short(max((_at_most(one) for one in rest), default=1.0))
        then = "" if named else f": {_to_sign(found.signed)}"
        said.append(f"{which} that can be known before signing is worth more than {most}{then}.")
    return said


def _spoken(key: str) -> str:
    return "whether the largest type or customer leaves, and when," if key == LEAVER else spoken_driver(key)


def _to_sign(offer: Offer) -> str:
    return "sign nothing" if offer.is_none else f"sign {_signed(offer)} a year"


def _not_to_learn(lessons: Sequence[Lesson]) -> list[str]:
    return [
        f"Knowing {_spoken(one.name)} would be worth {usd_estimate(one.value)}, but "
        f"{resolved_by(one.name, one.resolution)}."
        for one in lessons[:_MOST_NAMED]
    ]


def _perfect(found: Learning) -> str:
    return f"Knowing everything would be worth {usd_estimate(found.perfect)}: no study is worth more."


def _limit(found: Learning) -> list[str]:
    if found.limit_price_usd == 0:
        return []
    return [
        "An offer that the limit on shortfalls forbids today is charged "
        f"{usd_short(found.limit_price_usd)} wherever it falls short, so that the recommendation is best while nothing "
        "is known."
    ]


def learning_json(found: Learning) -> list[dict[str, Any]]:
    """One object an input, the most valuable first; what is the same for all stands in each."""
    shared = {
        **_estimate_json(found.perfect, "evpi"),
        "commit_usd_per_year": found.signed.commit_usd_per_year,
        "limit_price_usd": found.limit_price_usd,
        "paths": found.paths,
        "offers": found.offers,
    }
    return [_lesson_json(one) | shared for one in found.lessons]


def _lesson_json(one: Lesson) -> dict[str, Any]:
    resolution = one.resolution
    return {
        "input": one.name,
        "words": driver_name(one.name),
        **_estimate_json(one.value, "evppi"),
        "evppi_fitted_usd": one.fitted.mean,
        "resolved_by": resolved_by(one.name, resolution),
        "resolved_by_kind": resolution.kind,
        "known_before_signing": resolution.is_before_signing,
        "resolves_in": _UNITS.get(resolution.kind),
        "for_half": resolution.half,
        "for_80_percent": resolution.most,
        "shows_in_contract_month": resolution.month,
        "commit_at_p10_usd_per_year": one.at_low.commit_usd_per_year,
        "commit_at_p90_usd_per_year": one.at_high.commit_usd_per_year,
    }


def _estimate_json(value: Estimate, name: str) -> dict[str, float | None]:
    return {f"{name}_usd": value.mean, f"{name}_se_usd": value.se if isfinite(value.se) else None}
