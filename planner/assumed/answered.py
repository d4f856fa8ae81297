"""Every assumption in force with who answers for it: the plan's own words, else what the program knows."""

from dataclasses import dataclass
from typing import Final

from planner.assumed.assumption import YOURS, Assumption, Known, plain
from planner.assumed.assumptions import assumptions, source_of
from planner.assumption_notes import AssumptionNote, note_of
from planner.plan import Plan

NOT_NAMED: Final = "not named"
NOT_GIVEN: Final = "not given"
NO_DAY: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An assumption with who answers for it. owner, source, on: in words, which say so where nothing is known."""

    assumption: Assumption
    owner: str
    source: str
    on: str


def answered(plan: Plan) -> list[Answered]:
    """Every assumption in force with its owner, source and day: the plan's own words, else what the program knows.

    An entry of the plan that speaks of none of them, such as one of a clause that is not in force, comes last.
    """
    rows, notes = assumptions(plan), plan.inputs.assumption_notes
    above = {".".join(row.path[:depth]) for row in rows for depth in range(1, len(row.path) + 1)}
    others = [_other(note) for note in notes if note.key not in above]
    return [
        *(_answered(plan, row, note_of(notes, row.path)) for row in rows),
        *(_answered(plan, row, note_of(notes, (row.key,))) for row in others),
    ]


def _other(note: AssumptionNote) -> Assumption:
    return plain("Named in the plan", (note.key,), "no line above", "right", "", YOURS)


def _answered(plan: Plan, row: Assumption, note: AssumptionNote | None) -> Answered:
    known = source_of(plan, row)
    said = known if note is None else _said(row, note, known)
    return Answered(
        assumption=row,
        owner=(note.owner if note is not None else None) or NOT_NAMED,
        source=said.source or NOT_GIVEN,
        on=NO_DAY if said.on is None else said.on.isoformat(),
    )


def _said(row: Assumption, note: AssumptionNote, known: Known) -> Known:
    """An entry of the key goes first; one of a table speaks of what the plan types in it and nothing else is known of.

    The source of what is measured, or left to a default, is not the table's.
    """
    if note.key == row.key:
        return Known(source=note.source or known.source, on=note.on if note.source else note.on or known.on)
    if row.origin != YOURS:
        return known
    return Known(source=known.source or note.source or "", on=known.on or note.on)
