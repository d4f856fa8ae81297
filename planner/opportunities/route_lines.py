"""A suggested route as lines of a plan file: what moves, what the plan's own routes of the type say, and the ramp."""

from typing import Any, Final

import numpy as np

from planner.distributions import Z90, Distribution, Point
from planner.levers import ExtraCall, Route
from planner.plan_file.suggest_text import Line, Lines
from planner.units import TOKEN_COLUMNS

_PLAIN: Final[dict[str, Any]] = {
    "escalate_to": None,
    "overhead_usd_per_request": 0.0,
    "output_ratio": 1.0,
    "token_ratio": None,
    "long_prompts": "move",
    "long_prompt_fraction": None,
    "long_request_fraction": None,
    "error_cost_usd": 0.0,
    "rule_error_fraction": 0.0,
    "one_off_usd": None,
}
"""Keys of a route that are numbers or names, and what they are where the plan does not say it."""

_OF_THE_TYPE: Final = ("overhead_usd_per_request", "error_cost_usd")
_CARRIED: Final = "as the plan's own route of the type has it, to this target or another"
_WHOLE: Final = "whole sessions, so that the cache is kept"


def route_lines(route: Route, *, sources: tuple[str, ...], share: Line, escalation: Line, ramp: Line) -> Lines:
    """The keys of a [[scenario.route]]; of the route itself those that differ from their defaults."""
    lines = [
        Line(key="request_type", value=route.request_type),
        Line(key="from", value=list(sources)),
        Line(key="to", value=route.to),
        share,
        escalation,
        Line(key="moves", value=route.moves, why=_WHOLE if route.moves == "session" else _CARRIED),
    ]
    if route.rule_fraction.mean > 0:
        lines.append(Line(key="rule_fraction", value=_fraction(route.rule_fraction)))
    for key, call in (("router", route.router), ("judge", route.judge)):
        if call is not None:
            lines.append(Line(key=key, value=_call(call), why=_CARRIED))
    for key, default in _PLAIN.items():
        value = getattr(route, key)
        if value != default:
            lines.append(Line(key=key, value=value, why=_CARRIED if key in _OF_THE_TYPE else ""))
    return (*lines, ramp)


def _fraction(value: Distribution) -> float | dict[str, float]:
    """A share as the plan file spells it: a number, or its P10 and P90."""
    if isinstance(value, Point):
        return value.value
    low, high = value.from_normal(np.array([-Z90, Z90]))
    return {"p10": round(float(low), 4), "p90": round(float(high), 4)}


def _call(call: ExtraCall) -> dict[str, Any]:
    """A router or a judge."""
    found: dict[str, Any] = {"usd_per_request": call.usd_per_request} if call.usd_per_request else {}
    if call.model is not None:
        counts = zip(TOKEN_COLUMNS, call.tokens_per_request, strict=True)
        found |= {"model": call.model, **{name: value for name, value in counts if value}}
    return found
