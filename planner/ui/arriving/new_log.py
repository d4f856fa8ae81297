"""A plan with another log: picked below a folder, pulled, or uploaded and mapped. The page names no other file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from planner.inputs import PlanInputs
from planner.plan_file.loader import parse_plan
from planner.plan_file.usage_keys import EXAMPLE_GONE, usage_of, with_log, without_example
from planner.ui.arriving.uploads import Choice

Places = Mapping[str, Path | Sequence[Path]]
"""As the plan's text names them -> where they are: a file, a folder, a pattern, or the files behind it."""


def choice_of(
    before: PlanInputs,
    logs: Places,
    changes: Mapping[str, Any],
    *,
    folder: Path,
    bills: Places | None = None,
    is_example: bool,
) -> Choice:
    """The plan on the screen with other logs, and bills to compare them with.

    changes: other keys of [usage]. folder: what names in messages are below. Terms and everything else of the plan
    stay; levers, rules and exclusions too. Of the bundled example only terms, prices and risk limit stay.
    Errors: InputError.
    """
    named = dict(changes) | ({"billed": list(bills)} if bills else {})
    text = with_log(before.text, list(logs), named, keep_names=not is_example)
    if is_example:
        text = without_example(text, list(logs))
    inputs = parse_plan(text, base_dir=before.base_dir, files=before.files)
    return Choice(
        inputs=_addressed(inputs, logs, bills or {}, folder), notes=tuple(_notes(before, is_example=is_example))
    )


def _addressed(inputs: PlanInputs, logs: Places, bills: Places, folder: Path) -> PlanInputs:
    assert inputs.usage is not None
    source, billed = inputs.usage.source, inputs.usage.billed
    usage = replace(
        inputs.usage,
        source=replace(source, sources=_absolute(logs.values()), base_dir=folder, engine=None),
        billed=replace(billed, sources=_absolute(bills.values()), base_dir=folder),
    )
    return replace(inputs, usage=usage)


def _absolute(places: Iterable[Path | Sequence[Path]]) -> tuple[str, ...]:
    each = [[place] if isinstance(place, Path) else list(place) for place in places]
    return tuple(str(path.absolute()) for paths in each for path in paths)


def _notes(before: PlanInputs, *, is_example: bool) -> Sequence[str]:
    usage = usage_of(before.text)
    if not usage:
        return ("the mix that was typed in gave way to the log",)
    if is_example:
        return (EXAMPLE_GONE,)
    gone = [key for key in ("window", "billed", "invoice") if key in usage]
    return (f"dropped with the log before: {', '.join(gone)}, which speak of its days",) if gone else ()
