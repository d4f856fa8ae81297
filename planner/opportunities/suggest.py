"""From a plan to what is suggested for it, and to a plan file that holds the suggested scenarios."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.known_evidence import evidence_caveats
from planner.opportunities.beside_routing import beside_routing
from planner.opportunities.efforts import paybacks
from planner.opportunities.preset_outcomes import n_paths, preset_outcomes
from planner.opportunities.presets import PRESETS, Preset, presets
from planner.opportunities.report import Suggestion
from planner.opportunities.suggestions import together
from planner.opportunities.unused_evidence import evidence_notes
from planner.opportunities.verdicts import Opportunity, opportunities
from planner.plan import plan_warnings
from planner.plan_file.loader import parse_plan
from planner.plan_file.suggest_text import suggested_scenarios, suggested_text, with_sources_from, with_suggested
from planner.prepared import Progress, prepare
from planner.whole_file import write_whole


def suggestion(inputs: PlanInputs, names: Sequence[str] | None = None, progress: Progress | None = None) -> Suggestion:
    """Measure and price a plan, find what could move, and simulate the presets asked for beside its baseline.

    Errors: InputError for a preset that does not exist, and whatever stops the plan itself.
    """
    wanted = names or PRESETS
    if unknown := next((name for name in wanted if name not in PRESETS), None):
        raise InputError(f"--preset {unknown}: give {', '.join(PRESETS[:-1])} or {PRESETS[-1]}")
    prepared = prepare(inputs, progress)
    found, ungraded = opportunities(prepared), evidence_caveats(prepared)
    chosen = tuple(preset for preset in presets(found) if preset.name in wanted)
    suggested = together(chosen)
    report = None if progress is None else lambda done: progress("simulating", done)
    baseline, decided, *outcomes = preset_outcomes(prepared, suggested_scenarios(inputs.text, suggested), report)
    return Suggestion(
        priced_on=prepared.priced_on,
        opportunities=found,
        paybacks=paybacks(prepared, found),
        beside=beside_routing(prepared),
        presets=chosen,
        baseline=baseline,
        decided=() if decided.scenario == baseline.scenario else (decided,),
        outcomes=tuple(outcomes),
        ungraded=ungraded,
        text=suggested_text(suggested),
        notes=(
            *evidence_notes(prepared, found),
            *(text for text in plan_warnings(prepared, (), n_paths(prepared)) if text not in ungraded),
            *_priced_notes(found),
        ),
        pasting=_pasting_notes(inputs, chosen),
    )


def check_target(output: Path, *, source: Path, force: bool) -> None:
    """Errors: InputError for the plan itself, also by another name, and for a file that may not be replaced."""
    if output.resolve() == source.resolve() or (output.exists() and output.samefile(source)):
        raise InputError(f"{output} is the plan itself, which is never changed; give another file with -o")
    if output.exists() and not force:
        raise InputError(f"{output} is there already and is kept; give another file with -o, or --force")


def written(inputs: PlanInputs, found: Suggestion, output: Path, *, source: Path, force: bool) -> list[str]:
    """Write a plan with the presets as further scenarios; says what else had to be written for it to mean the same.

    The plan decides on the scenario that it decided on, and its log is found from the new place. source: the plan's
    file, whose line ends and byte-order mark are kept.

    Errors: InputError as check_target, for a name that the plan has taken, and where nothing is suggested.
    """
    check_target(output, source=source, force=force)
    suggested = together(found.presets)
    if not suggested.scenarios:
        raise InputError("there is nothing to write: no preset moves anything in this plan")
    decided_on = inputs.decision.scenario
    text = with_suggested(inputs.text, suggested, decided_on=decided_on)
    moved = with_sources_from(text, inputs.base_dir, output.parent)
    parse_plan(moved, base_dir=output.parent.resolve())
    write_whole(output, moved, remedy="give another file with -o", like=source)
    notes = [] if moved == text else ["[usage] sources are written relative to the new file's folder."]
    if "scenario" not in _decision_of(inputs):
        notes.append(f"decision.scenario = '{decided_on}' is written down: it was the last scenario, and is no longer.")
    if inputs.decision.objective == "minimax_regret":
        notes.append(
            "This plan weighs the regret over all of its scenarios, and the presets are among them now: its "
            "recommendation may change."
        )
    return notes


def _decision_of(inputs: PlanInputs) -> dict[str, object]:
    decision: dict[str, object] = tomllib.loads(inputs.text).get("decision", {})
    return decision


def _priced_notes(found: Sequence[Opportunity]) -> list[str]:
    """Targets without a price, and models that are gone before the contract starts."""
    return [note for item in found for note in item.notes] + [
        f"'{item.request_type}' on {item.model}: {item.model} retires before month 0, so it is priced on {item.serves}."
        for item in found
        if item.serves != item.model
    ]


def _pasting_notes(inputs: PlanInputs, chosen: Sequence[Preset]) -> tuple[str, ...]:
    """What the plan has already of what the presets would add to it."""
    plan = tomllib.loads(inputs.text)
    taken = {item["name"] for item in plan.get("scenario", [])}
    known = {item["name"] for item in plan.get("milestone", [])}
    waited = {move.milestone for preset in chosen for move in preset.moves}
    return (
        *(
            f"The plan has a scenario '{preset.name}' already; rename one of them before you paste."
            for preset in chosen
            if preset.name in taken
        ),
        *(f"Milestone '{name}' stays as the plan has it." for name in sorted(known & waited)),
    )
