"""[[assumption]] of the plan file: who answers for a key, where its value comes from and since when."""

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from planner.assumption_notes import AssumptionNote
from planner.clock import today
from planner.errors import InputError
from planner.plan_file.section import Name, Section

_LONGEST_KEY: Final = 1_000
_LISTED: Final = 24

Path = tuple[str, ...]


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("there is nothing in it; write it, or leave the key out")
    return text


class AssumptionSection(Section):
    """[[assumption]]: who answers for an assumption, where it comes from, and since when. It changes no figure."""

    key: Annotated[str, Field(min_length=1, max_length=_LONGEST_KEY)] = Field(
        description="a key of this plan with its tables before it, names of entries among them, such as "
        '"contract.rollover.months" or "scenario.route first.route.triage.escalation"; or a table such as "demand", '
        "for all below it that has no entry of its own"
    )
    owner: Annotated[Name, AfterValidator(_said)] | None = Field(
        default=None, description="who answers for it: a person or a role"
    )
    source: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_said)] | None = Field(
        default=None, description="where the value comes from"
    )
    on: date | None = Field(default=None, description="the day of the source, not after today")


def notes_of(sections: Sequence[AssumptionSection], known: frozenset[Path]) -> tuple[AssumptionNote, ...]:
    """Who answers for what. known: every key of the plan, by its parts.

    Errors: InputError for a key that names nothing, for one twice, for an entry that says nothing, and for a day to
    come.
    """
    keys = {".".join(path) for path in known}
    seen: set[str] = set()
    for index, section in enumerate(sections, start=1):
        place = f"assumption[{index}]"
        if section.key not in keys:
            there_is = _what_there_is(section.key, known)
            raise InputError(f"{place}.key = '{section.key}': names nothing in this plan{there_is}")
        if section.key in seen:
            raise InputError(f"{place}: '{section.key}' is there twice; keep one entry for each key")
        if section.owner is None and section.source is None and section.on is None:
            raise InputError(f"{place}: '{section.key}' has neither owner, source nor day; give one, or leave it out")
        if section.on is not None and section.on > today():
            raise InputError(f"{place}.on = {section.on}: is still to come, today is {today()}; correct it")
        seen.add(section.key)
    return tuple(
        AssumptionNote(key=section.key, owner=section.owner, source=section.source, on=section.on)
        for section in sections
    )


def _what_there_is(key: str, known: frozenset[Path]) -> str:
    """Keys that are written alike; where there are none, the keys of the table that the first parts name."""
    above = max((path for path in known if key.startswith(f"{'.'.join(path)}.")), key=len, default=())
    below = sorted({path[len(above)] for path in known if path[: len(above)] == above and len(path) > len(above)})
    table = ".".join(above)
    if not below:
        return f", where '{table}' has no keys below it; name that, or leave the entry out"
    if near := get_close_matches(key, sorted(".".join(path) for path in known), n=3, cutoff=0.75):
        return f"; did you mean {' or '.join(repr(name) for name in near)}?"
    listed = ", ".join(below[:_LISTED]) + (", and more" if len(below) > _LISTED else "")
    return f". Known below '{table}': {listed}" if above else f". Keys begin with one of: {listed}"
