"""From evidence to a plan that rests on it: the route to paste, and the plan's text with that route in a scenario."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner.errors import InputError
from planner.evidence.quality import Evidence
from planner.known_evidence import written_evidence
from planner.plan_file.lever_text import RouteEdit, routes_of, scenario_names, with_routes
from planner.plan_file.loader import parse_plan
from planner.plan_file.suggest_text import Line, route_table_text, with_sources_from


def route_values(item: Evidence, file: str) -> dict[str, Any]:
    """Keys of a route that rests on an evidence file: all of the type, escalation by the file, ratios as measured."""
    came = item.provenance
    ratios = {} if came is None else {"token_ratio": came.token_ratio, "output_ratio": came.output_ratio}
    measured = {key: round(value, 4) for key, value in ratios.items() if value is not None}
    return {"share": 1.0, "escalation": {"evidence": file}, **measured}


def route_text(item: Evidence, file: str) -> str:
    """The [[scenario.route]] to paste into a scenario of a plan, each number with its reason."""
    reasons = {
        "share": "all of the type; less while it is tried out",
        "escalation": f"{item.passed} of {item.answers} graded answers passed",
        "token_ratio": "input tokens per token of the reference, as measured",
        "output_ratio": "output tokens per token of the reference, after token_ratio, as measured",
    }
    head = [Line(key="request_type", value=item.request_type), Line(key="to", value=item.model)]
    lines = [Line(key=key, value=value, why=reasons[key]) for key, value in route_values(item, file).items()]
    return route_table_text((*head, *lines))


def with_evidence_routes(text: str, scenario: str, found: Sequence[Evidence], file: str) -> str:
    """A plan's text whose scenario routes the types of this evidence by it. file: as the plan is to name it.

    Keys of a route that is there already and that evidence says nothing of stay: share, ramp, judge, long prompts.
    Errors: InputError for a scenario that the plan does not have, a type with several routes in it, or two models for
    one type.
    """
    names = scenario_names(text)
    if scenario not in names:
        known = ", ".join(names) or "none"
        raise InputError(f"the plan has no scenario '{scenario}'; name one of its own, or add it. Known: {known}")
    types = [item.request_type for item in found]
    if doubled := next((name for name in types if types.count(name) > 1), None):
        raise InputError(f"two models are to serve '{doubled}'; choose one")
    for item in found:
        if len(routes_of(text, scenario, item.request_type)) > 1:
            raise InputError(
                f"scenario '{scenario}' has several routes of '{item.request_type}'; change them in the plan file"
            )
    return with_routes(text, scenario, [_edit(text, scenario, item, file) for item in found])


def _edit(text: str, scenario: str, item: Evidence, file: str) -> RouteEdit:
    values = route_values(item, file)
    if any("share" in route for route in routes_of(text, scenario, item.request_type)):
        del values["share"]
    return RouteEdit(request_type=item.request_type, to=item.model, values=values)


def moved_plan(
    text: str, scenario: str, found: Sequence[Evidence], evidence: Path, *, base_dir: Path, folder: Path
) -> str:
    """The text of a plan for a folder, with routes by an evidence file that is written already. Read and checked.

    Errors: InputError as with_evidence_routes, and for a plan that would not be read, such as one that speaks of
    the same type and model elsewhere.
    """
    name = Path(os.path.relpath(evidence.resolve(), folder.resolve())).as_posix()
    changed = with_evidence_routes(with_sources_from(text, base_dir, folder), scenario, found, name)
    inputs = parse_plan(changed, base_dir=folder.resolve())
    written_evidence(inputs, inputs.prices.price_book())
    return changed
