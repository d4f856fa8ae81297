"""Quotes that were read from a workbook, put into the plan that they belong to."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from planner.inputs import PlanInputs
from planner.plan_file.loader import parse_plan
from planner.plan_file.quote_text import Merged, offers_text, with_offers
from planner.words import counted
from planner.workbook.reading.read_quotes import OFFER_KEYS, ReadQuotes

_NAMES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """A plan with the quotes in it. notes: what must be said beside it."""

    merged: Merged
    notes: tuple[str, ...]


def taken_into(read: ReadQuotes, inputs: PlanInputs) -> TakenIn:
    """The plan's text with the quotes, checked as a plan. Errors: InputError for what the plan cannot say."""
    merged = with_offers(inputs.text, read.offers, OFFER_KEYS)
    parse_plan(merged.text, base_dir=inputs.base_dir, files=inputs.files)
    return TakenIn(merged=merged, notes=(*read.notes, *_made_of(read, inputs), *_kept(merged)))


def _made_of(read: ReadQuotes, inputs: PlanInputs) -> Iterator[str]:
    """That a workbook was made of another plan, or by another version."""
    if read.plan_sha256 != inputs.sha256:
        yield (
            "The workbook was made of another plan file, or of this one before it was changed; the quotes are as "
            f"typed, their prices on its sheets are that plan's. Plan there: {(read.plan_sha256 or 'not said')[:16]}, "
            f"here: {inputs.sha256[:16]}."
        )
    ours = f"commit-planner {version('commit-planner')}"
    if read.program != ours:
        yield f"The workbook was written by {(read.program or 'an unknown version')[:60]}; this is {ours}."


def _kept(merged: Merged) -> Iterator[str]:
    for name, keys in merged.kept.items():
        yield f"'{name}' keeps what a row cannot say: {', '.join(keys)}."


def read_sentences(read: ReadQuotes, label: str) -> list[str]:
    """What was read, where no plan is given."""
    if not read.offers:
        return [
            f"Nothing was typed into {label}: no row holds a quote, and the calculator shows the offer it came with."
        ]
    return [offers_text(read.offers)]


def found_sentences(merged: Merged) -> list[str]:
    """What becomes of each quote."""
    parts = (("New", merged.added), ("In place of one of its name", merged.replaced), ("As it is", merged.unchanged))
    lines = [f"{what}: {_listed(names)}." for what, names in parts if names]
    return lines or ["Nothing was typed in: no row holds a quote, and the calculator shows the offer it came with."]


def taken_sentences(merged: Merged, plan: str) -> list[str]:
    """What became of each quote in a plan file."""
    lines = found_sentences(merged)
    changed = len(merged.added) + len(merged.replaced)
    last = f"Wrote {counted(changed, 'quote')} into {plan}; `planner offers {plan}` prices them."
    return [*lines, last if changed else f"{plan} was left as it is."]


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names[:_NAMES])


def read_json(read: ReadQuotes) -> dict[str, Any]:
    """What was read, for scripts: the quotes as [[offer]] says them, dates as text."""
    return {
        "offers": [
            {key: value.isoformat() if key == "received_on" else value for key, value in offer.items()}
            for offer in read.offers
        ],
        "workbook": {"plan_sha256": read.plan_sha256, "program": read.program},
    }


def taken_json(merged: Merged) -> dict[str, Any]:
    """What became of each quote, by name."""
    return {
        "added": list(merged.added),
        "replaced": list(merged.replaced),
        "unchanged": list(merged.unchanged),
        "kept": {name: list(keys) for name, keys in merged.kept.items()},
    }
