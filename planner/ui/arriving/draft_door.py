"""A draft that an earlier session left becomes the plan on the screen."""

from hashlib import sha256

from planner.errors import InputError
from planner.plan import build_plan
from planner.ui.arriving.doors import Door
from planner.ui.arriving.uploaded import choice_maker
from planner.ui.arriving.uploads import Upload
from planner.ui.state import session
from planner.ui.state.drafts import Draft
from planner.ui.state.rebuilt import SpendOnly
from planner.ui.state.session import Loaded, Report


def draft_door(draft: Draft) -> Door:
    """The plan of a draft: as the edit that it was, where the plan is open that it was made of; else as if its text
    were uploaded. Errors: PlannerError here and there."""
    opened = session.loaded().edited_from or session.loaded()
    if draft.opened == opened.plan.inputs.sha256:
        return session.edit_of(draft.text)
    if draft.reads:
        raise InputError(
            f"{draft.name} reads {', '.join(draft.reads)}, which was brought to an earlier session and went with it; "
            "bring it again as you did then, and take the draft back once it is measured"
        )
    chosen = choice_maker([Upload(name="draft.toml", data=draft.text.encode())])

    def make(report: Report) -> Loaded:
        choice, paths = chosen(), SpendOnly()
        plan = build_plan(choice.inputs, report, paths)
        key = sha256(repr(("draft", draft.id, choice.inputs.sha256)).encode()).hexdigest()
        return Loaded(plan=plan, key=key, origin="upload", kept=paths, notes=choice.notes)

    return make
