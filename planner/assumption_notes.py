"""Who answers for an assumption of the plan file, where it comes from, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumptionNote:
    """What the plan says of one of its keys. key: of the plan file, dotted, or a table, for all below it.

    owner: who answers for it. source: where it comes from. on: the day of that. None where the plan does not say it.
    """

    key: str
    owner: str | None
    source: str | None
    on: date | None


def note_of(notes: Sequence[AssumptionNote], path: Sequence[str]) -> AssumptionNote | None:
    """The note of a key, given by its parts: its own, else of the nearest table above it; None where there is none.

    Parts may have dots in them, as names do: a table is one by its parts and not by its letters.
    """
    by_key = {note.key: note for note in notes}
    above = (".".join(path[:depth]) for depth in range(len(path), 0, -1))
    return next((by_key[key] for key in above if key in by_key), None)
