"""Where the files of an edited plan are: where those of the plan as it was opened are, and nowhere else."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from planner.billed.records import BilledSource
from planner.errors import InputError
from planner.inputs import PlanInputs, UsageInputs
from planner.plan_file.usage_keys import usage_of


def edited_usage(inputs: PlanInputs, before: PlanInputs, bills: Mapping[str, Path]) -> UsageInputs | None:
    """The usage of an edited plan. before: the plan as it was opened. bills: uploaded here, by name.

    Errors: InputError where the text names a file that the opened plan does not, and that was not uploaded here.
    """
    if inputs.usage is None or before.usage is None:
        return before.usage
    if list(inputs.usage.source.sources) != usage_of(before.text).get("sources"):
        raise InputError("usage.sources: an edit cannot change where the log is; give the log itself")
    log = before.usage.source
    source = replace(inputs.usage.source, sources=log.sources, base_dir=log.base_dir, engine=log.engine)
    billed = _billed(inputs.usage.billed, before.usage.billed, usage_of(before.text).get("billed", []), bills)
    return replace(inputs.usage, source=source, billed=billed)


def _billed(edited: BilledSource, opened: BilledSource, written: list[str], bills: Mapping[str, Path]) -> BilledSource:
    """The bills of the edited plan, those of the opened plan where they were."""
    if list(edited.sources) == written:
        return replace(edited, sources=opened.sources, base_dir=opened.base_dir)
    places = {
        name: str((opened.base_dir / source).absolute()) for name, source in zip(written, opened.sources, strict=True)
    }
    places |= {name: str(path) for name, path in bills.items()}
    for name in edited.sources:
        if name not in places:
            raise InputError(f"usage.billed = {name}: the browser cannot see that file; upload it here")
    return replace(edited, sources=tuple(places[name] for name in edited.sources), base_dir=opened.base_dir)
