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
_GRADED_IN: Final = "graded in"
"""Begins what the table shows of a share or an escalation that stands in a file."""

_KEYS: Final = {"share": "share", "escalation": "escalation", "start": "start_month", "length": "months"}
_NUMBER: Final = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
_SPAN: Final = re.compile(rf"({_NUMBER})\s*%?\s*(?:to|–|-)\s*({_NUMBER})", re.IGNORECASE)
_THREE: Final = re.compile(rf"({_NUMBER})\s*%?\s*/\s*({_NUMBER})\s*%?\s*/\s*({_NUMBER})")
_COUNTS: Final = re.compile(r"(\d+)\s+of\s+(\d+)(?:\s+passed)?", re.IGNORECASE)
_FRACTION_FORMS: Final = "7 or 7 % (a percentage), 5 to 9 (P10 to P90), 2 / 7 / 12 (low, most likely, high)"
_GRADED_FORM: Final = ", 188 of 200 passed (graded answers)"
_START_FORMS: Final = "3 (contract month), 0 to 4 (earliest to latest), 0 / 1 / 4 (low, most likely, high)"
_LENGTH_FORMS: Final = "3 (months), 3 to 9 (P10 to P90), 2 / 3 / 6 (low, most likely, high)"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRow:
    """One request type in the table.

    judge: the errors of the judge from which the escalation follows, in words, empty without. waits: what the start of
    the ramp counts from, empty where from month 0. locked: why the row cannot be edited here, empty where it can.
    """

    request_type: str
    models: str
    share_of_bill: float
    target: str
    share: str
    escalation: str
    start: str
    length: str
    saving_usd_per_month: float
    judge: str = ""
    waits: str = ""
    locked: str = ""

    @property
    def has_grades(self) -> bool:
        """Whether the escalation is what graded answers of the target say."""
        return self.escalation.endswith("passed") or self.escalation.startswith(("pass rate", _GRADED_IN))

    @property
    def notes(self) -> tuple[str, ...]:
        """What the cells of the row do not show."""
        name = f"'{self.request_type}'"
        said = {
            f"{name}: escalation follows from the pass rate and the judge's errors, {self.judge}.": self.judge,
            f"{name}: the start counts from {self.waits}.": self.waits,
            f"{name} has {self.locked}: change them in the plan file.": self.locked,
        }
        return tuple(text for text, is_so in said.items() if is_so)


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
        judge=_judge(route.get("escalation")),
        waits=_waits(ramp),
        locked=f"{len(routes)} routes" if len(routes) > 1 else "",
    )


def _judge(escalation: Any) -> str:
    errors = escalation if isinstance(escalation, dict) else {}
    return " and ".join(f"{name} {_percent(errors[name])} %" for name in ("fnr", "fpr") if errors.get(name))


def _waits(ramp: Mapping[str, Any]) -> str:
    after = " and ".join(f"'{name}'" for name in ramp.get("after", ()))
    slip = f"whatever team '{ramp['team']}' slips" if "team" in ramp else ""
    return ", plus ".join(part for part in (after or ("month 0" if slip else ""), slip) if part)


def edits(before: Sequence[TypeRow], after: Sequence[Mapping[str, Any]]) -> list[RouteEdit]:
    """What the cells that were changed say. after: target, share, escalation, start, length of each row, as typed.

    Errors: InputError naming the cell, what was typed and what may be.
    """
    found = (_edit(row, _typed(typed)) for row, typed in zip(before, after, strict=True))
    return [edit for edit in found if edit is not None]


def is_edited(before: Sequence[TypeRow], after: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any cell differs from what the plan has."""
    return any(_changed(row, _typed(typed)) for row, typed in zip(before, after, strict=True))


def _typed(row: Mapping[str, Any]) -> dict[str, str]:
    """Cells as text; an emptied one comes as None or as NaN."""
    cells = {name: row.get(name) for name in ("target", *CELLS)}
    return {name: value.strip() if isinstance(value, str) else "" for name, value in cells.items()}


def _changed(row: TypeRow, cells: Mapping[str, str]) -> list[str]:
    return [name for name in ("target", *CELLS) if cells[name] != getattr(row, name)]


def _edit(row: TypeRow, cells: Mapping[str, str]) -> RouteEdit | None:
    """What was changed of one row; None where nothing was."""
    changed = _changed(row, cells)
    if not changed:
        return None
    name = row.request_type
    if row.locked:
        raise InputError(f"'{name}' has {row.locked}; change them in the plan file")
    filled = [cell for cell in changed if cell in CELLS and cells[cell]]
    if (target := cells["target"] or KEEP) == KEEP:
        if filled:
            raise InputError(f"{CELLS[filled[0]]} of '{name}': {cells[filled[0]]!r} needs a target; pick one first")
        return RouteEdit(request_type=name, to=None)
    for cell in ("share", "escalation", *(cell for cell in changed if getattr(row, cell))):
        if not cells[cell]:
            raise InputError(f"{CELLS[cell]} of '{name}' is empty. Write {_forms(cell)}")
    if "target" in changed and row.has_grades and "escalation" not in changed:
        raise InputError(
            f"escalation of '{name}': {row.escalation!r} is of answers of {row.target}; write what is known of {target}"
        )
    values = {_KEYS[cell]: _read(cell, cells[cell], name) for cell in filled}
    if row.judge and "escalation" in values and "passed" not in _keys(values["escalation"]):
        raise InputError(
            f"escalation of '{name}' follows from graded answers and the judge's errors ({row.judge}): write the "
            "answers, as in 188 of 200 passed, or change it in the plan file"
        )
    return RouteEdit(request_type=name, to=target, values=values)


def _keys(value: Any) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _forms(cell: str) -> str:
    if cell in ("share", "escalation"):
        return _FRACTION_FORMS + (_GRADED_FORM if cell == "escalation" else "")
    return _START_FORMS if cell == "start" else _LENGTH_FORMS


def _read(cell: str, text: str, request_type: str) -> Any:
    try:
        return read_fraction(text) if cell in ("share", "escalation") else read_months(text, is_start=cell == "start")
    except ValueError as error:
        raise InputError(f"{CELLS[cell]} of '{request_type}': {text!r} {error}. Write {_forms(cell)}") from None


def read_fraction(text: str) -> Any:
    """A percentage as TOML has it; ValueError saying why for what is none."""
    text = text.strip()
    if counts := _COUNTS.fullmatch(text):
        passed, graded = int(counts[1]), int(counts[2])
        if passed > graded:
            raise ValueError("has more passed than graded answers")
        return {"passed": passed, "failed": graded - passed}
    parts, names = _parts(text.removesuffix("%").strip())
    if any(not 0 <= part <= 100 for part in parts):
        raise ValueError("is not between 0 and 100 %")
    if "%" not in text and any(parts) and max(parts) < 1:
        raise ValueError("is less than one percent: write 95 for 95 %, and a % sign where less than one is meant")
    _check_ascending(parts)
    if names == _P10_P90 and parts[0] < parts[1] and not 0 < parts[0] < parts[1] < 100:
        raise ValueError("reaches 0 or 100 %, where neither a P10 nor a P90 can lie")
    return _value([float(part / 100) for part in parts], names)


def read_months(text: str, *, is_start: bool) -> Any:
    """Months as TOML has them; "a to b" is earliest to latest for a start, P10 to P90 for a length.

    ValueError saying why for what are none.
    """
    parts, names = _parts(text.strip().lower().removesuffix("months").removesuffix("month").strip())
    _check_ascending(parts)
    if not is_start and parts[0] < 0:
        raise ValueError("is less than no months")
    if is_start and names == _P10_P90:
        low, high = parts
        parts, names = [low, (low + high) / 2, high], _LOW_MODE_HIGH
    if names == _P10_P90 and parts[0] == 0 < parts[1]:
        raise ValueError("begins at 0, where no P10 can lie")
    return _value([_number(part) for part in parts], names)


_P10_P90: Final = ("p10", "p90")
_LOW_MODE_HIGH: Final = ("low", "mode", "high")


def _parts(text: str) -> tuple[list[Decimal], tuple[str, ...]]:
    """The one, two or three numbers of a cell, and the keys that TOML has for them; none for one."""
    for form, names in ((_THREE, _LOW_MODE_HIGH), (_SPAN, _P10_P90), (re.compile(f"({_NUMBER})"), ())):
        if found := form.fullmatch(text):
            return [Decimal(part) for part in found.groups()], names
    raise ValueError("cannot be read")


def _check_ascending(parts: Sequence[Decimal]) -> None:
    if list(parts) != sorted(parts):
        raise ValueError("does not go from the least to the most")


def _value(numbers: Sequence[float | int], names: tuple[str, ...]) -> Any:
    return dict(zip(names, numbers, strict=True)) if names else numbers[0]


def shown_fraction(value: Any) -> str:
    """A share as the plan file has it, in percent."""
    if not isinstance(value, dict):
        return f"{_percent(value)} %"
    if "passed" in value:
        return f"{value['passed']} of {value['passed'] + value['failed']} passed"
    if "evidence" in value:
        return f"{_GRADED_IN} {value['evidence']}"
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


def _number(value: Decimal) -> float | int:
    return int(value) if value == value.to_integral_value() else float(value)


def _percent(value: float) -> str:
    return _plain(Decimal(repr(value)) * 100)


def _plain(value: Any) -> str:
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return f"{number.normalize():f}"
