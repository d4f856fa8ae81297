"""A draft that an earlier session left becomes the plan on the screen."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.plan import build_plan
from planner.plan_file.usage_keys import usage_of
from planner.ui.arriving.doors import Door
from planner.ui.arriving.uploaded import choice_maker
from planner.ui.arriving.uploads import Upload, plan_of
from planner.ui.state import opening, session
from planner.ui.state.drafts import Draft
from planner.ui.state.rebuilt import SpendOnly
from planner.ui.state.session import Loaded, Report


def draft_door(draft: Draft) -> Door:
    """The plan of a draft: as the edit that it was, where the plan is open that it was made of; with the logs that were
    brought again, where it reads such; else as if its text were uploaded. Errors: PlannerError here and there."""
    opened = session.loaded().edited_from or session.loaded()
    if draft.opened == opened.plan.inputs.sha256:
        return session.edit_of(draft.text)
    upload = Upload(name=f"{draft.name[:60]}.toml", data=draft.text.encode())
    if draft.reads:
        inputs = _with_logs_again(plan_of(upload, opening.folder(), opening.opening().inputs), draft)
        return _door(draft, lambda: inputs)
    chosen = choice_maker([upload])
    return _door(draft, lambda: chosen().inputs)


def _door(draft: Draft, find: Callable[[], PlanInputs]) -> Door:
    def make(report: Report) -> Loaded:
        report("reading the draft", 0.0)
        inputs, paths = find(), SpendOnly()
        key = sha256(repr(("draft", draft.id, inputs.sha256)).encode()).hexdigest()
        return Loaded(plan=build_plan(inputs, report, paths), key=key, origin="upload", kept=paths)

    return make


def _with_logs_again(inputs: PlanInputs, draft: Draft) -> PlanInputs:
    """The draft with its logs where they are in this session. Errors: InputError for one that is not there."""
    logs, bills = _logs_here(), session.bills()
    usage = inputs.usage
    if usage is None:
        return inputs
    lacking = [name for name in usage.source.sources if name not in logs]
    lacking += [name for name in usage.billed.sources if name not in bills]
    if lacking:
        raise InputError(
            f"it reads {', '.join(lacking)}, which went with the session that it was brought to: bring it again, as a "
            "file of that name, and then take the edits back"
        )
    source = replace(usage.source, sources=tuple(str(logs[name]) for name in usage.source.sources), engine=None)
    billed = replace(usage.billed, sources=tuple(str(bills[name]) for name in usage.billed.sources))
    return replace(inputs, usage=replace(usage, source=source, billed=billed))


def _logs_here() -> Mapping[str, Path]:
    """Logs that were brought to this session, by the names that a plan gives them: measured, or yet to be mapped."""
    found: dict[str, Path] = {}
    inputs = session.loaded().plan.inputs
    if inputs.usage is not None:
        source = inputs.usage.source
        written = usage_of(inputs.text).get("sources", [])
        found |= {name: source.base_dir / log for name, log in zip(written, source.sources, strict=False)}
    if (waiting := session.unmapped()) is not None:
        found |= waiting.logs
    return {name: path.absolute() for name, path in found.items()}
