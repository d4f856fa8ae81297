"""The table of types and routes: what a cell shows, what may be typed into it, and what that changes of the plan.

A cell holds words and not numbers, because "5 to 9" is an interval. What is shown reads back as what it shows; only
cells that were changed are read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from planner.errors import InputError
from planner.plan_file.lever_text import RouteEdit, routes_of

KEEP: Final = "stays"
"""The target of a type that no route takes anywhere."""

CELLS: Final = {"share": "share", "escalation": "escalation", "start": "ramp start", "length": "ramp length"}
_KEYS: Final = {"share": "share", "escalation": "escalation", "start": "start_month", "length": "months"}
_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_SPAN: Final = re.compile(rf"({_NUMBER})\s*%?\s*(?:to|–|-)\s*({_NUMBER})")
_THREE: Final = re.compile(rf"({_NUMBER})\s*/\s*({_NUMBER})\s*/\s*({_NUMBER})")
_COUNTS: Final = re.compile(r"(\d+)\s+of\s+(\d+)(?:\s+passed)?")
_FRACTION_FORMS: Final = "7 or 7 % (a percentage), 5 to 9 (P10 to P90), 2 / 7 / 12 (low, most likely, high)"
_MONTH_FORMS: Final = "3 (months), 3 to 9, 2 / 3 / 6 (low, most likely, high)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRow:
    """One request type in the table. locked: why it cannot be edited here, empty where it can."""

    request_type: str
    models: str
    share_of_bill: float
    target: str
    share: str
    escalation: str
    start: str
    length: str
    saving_usd_per_month: float
    locked: str = ""


def type_row(
    text: str,
    scenario: str,
    request_type: str,
    *,
    models: str,
    share_of_bill: float,
    saving_usd_per_month: float,
) -> TypeRow:
    """The row of a type, as the plan's text has its route in a scenario."""
    routes = routes_of(text, scenario, request_type)
    route = routes[0] if len(routes) == 1 else {}
    ramp = route.get("ramp", {})
    return TypeRow(
        request_type=request_type,
        models=models,
        share_of_bill=share_of_bill,
        target=str(route.get("to", KEEP)) if len(routes) < 2 else "several",
        share=shown_fraction(route.get("share", 1)) if route else "",
        escalation=shown_fraction(route.get("escalation", 0)) if route else "",
        start=shown_months(ramp.get("start_month", 0)) if route else "",
        length=shown_months(ramp.get("months", 0)) if route else "",
        saving_usd_per_month=saving_usd_per_month,
        locked=f"{len(routes)} routes" if len(routes) > 1 else "",
    )


def edits(before: Sequence[TypeRow], after: Sequence[Mapping[str, Any]]) -> list[RouteEdit]:
    """What the cells that were changed say. after: target, share, escalation, start, length of each row, as typed.

    Errors: InputError naming the cell, what was typed and what may be.
    """
    found = []
    for row, typed in zip(before, after, strict=True):
        cells = {name: str(typed.get(name) or "").strip() for name in ("target", *CELLS)}
        target = cells["target"] or KEEP
        if all(cells[name] == getattr(row, name) for name in CELLS) and target == row.target:
            continue
        if row.locked:
            raise InputError(f"'{row.request_type}' has {row.locked}; change them in the plan file")
        if target == KEEP:
            found.append(RouteEdit(request_type=row.request_type, to=None))
            continue
        values = {
            _KEYS[name]: _read(name, cells[name], row.request_type)
            for name in CELLS
            if cells[name] and cells[name] != getattr(row, name)
        }
        found.append(RouteEdit(request_type=row.request_type, to=target, values=values))
    return found


def _read(name: str, text: str, request_type: str) -> Any:
    try:
        return read_fraction(text) if name in ("share", "escalation") else read_months(text, is_start=name == "start")
    except ValueError:
        forms = _FRACTION_FORMS if name in ("share", "escalation") else _MONTH_FORMS
        graded = ", 188 of 200 passed (graded answers)" if name == "escalation" else ""
        raise InputError(f"{CELLS[name]} of '{request_type}': {text!r} cannot be read. Write {forms}{graded}") from None


def read_fraction(text: str) -> Any:
    """A percentage as TOML has it; ValueError for what is none."""
    text = text.strip()
    if counts := _COUNTS.fullmatch(text):
        passed, graded = int(counts[1]), int(counts[2])
        if passed > graded:
            raise ValueError(text)
        return {"passed": passed, "failed": graded - passed}
    plain = text.removesuffix("%").strip()
    if three := _THREE.fullmatch(plain):
        return dict(zip(("low", "mode", "high"), map(_part, three.groups()), strict=True))
    if span := _SPAN.fullmatch(plain):
        return {"p10": _part(span[1]), "p90": _part(span[2])}
    if re.fullmatch(_NUMBER, plain):
        return _part(plain)
    raise ValueError(text)


def read_months(text: str, *, is_start: bool) -> Any:
    """Months as TOML has them; "a to b" is a whole month between for a start, P10 to P90 for a length."""
    plain = text.strip().removesuffix("months").removesuffix("month").strip()
    if three := _THREE.fullmatch(plain):
        return dict(zip(("low", "mode", "high"), map(_number, three.groups()), strict=True))
    if span := _SPAN.fullmatch(plain):
        low, high = _number(span[1]), _number(span[2])
        return {"low": low, "mode": round((low + high) / 2), "high": high} if is_start else {"p10": low, "p90": high}
    if re.fullmatch(_NUMBER, plain):
        return _number(plain)
    raise ValueError(text)


def shown_fraction(value: Any) -> str:
    """A share as the plan file has it, in percent."""
    if not isinstance(value, dict):
        return f"{_percent(value)} %"
    if "passed" in value:
        return f"{value['passed']} of {value['passed'] + value['failed']} passed"
    if "pass_rate" in value:
        return f"pass rate {shown_fraction(value['pass_rate'])}"
    return _spread({key: _percent(number) for key, number in value.items()}) + " %"


def shown_months(value: Any) -> str:
    """Months as the plan file has them."""
    return _spread({key: _plain(number) for key, number in value.items()}) if isinstance(value, dict) else _plain(value)


def _spread(values: Mapping[str, str]) -> str:
    if "p10" in values:
        return f"{values['p10']} to {values['p90']}"
    return f"{values['low']} / {values['mode']} / {values['high']}"


def _part(text: str) -> float:
    return float(Decimal(text) / 100)


def _number(text: str) -> float | int:
    return float(text) if "." in text else int(text)


def _percent(value: float) -> str:
    return _plain(Decimal(repr(value)) * 100)


def _plain(value: Any) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return f"{number.normalize():f}"
