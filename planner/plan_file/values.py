"""How uncertain values are written in a plan file, and which distribution each spelling means.

A number is a constant. {p10, p90} is log(1+x) normal for rates, Beta for shares, log-normal for other positive
quantities. {low, mode, high} is PERT. {passed, failed} is the Beta posterior of evidence, {evidence} that of a file.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from planner.distributions import (
    Distribution,
    JudgedEscalation,
    Point,
    fraction_from_quantiles,
    pert,
    positive_from_quantiles,
    posterior,
    rate_from_quantiles,
)
from planner.errors import InputError
from planner.units import FloatArray

_NUMBER = {"type": "number"}


def _table(*names: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(names, _NUMBER),
        "required": list(names),
        "additionalProperties": False,
    }


_EVIDENCE = {
    **_table("passed", "failed"),
    "properties": {"passed": {"type": "integer"}, "failed": {"type": "integer"}, "fnr": _NUMBER, "fpr": _NUMBER},
}


_EVIDENCE_FILE = {
    "type": "object",
    "properties": {"evidence": {"type": "string"}},
    "required": ["evidence"],
    "additionalProperties": False,
}
_JUDGED_FILE = {**_EVIDENCE_FILE, "properties": {"evidence": {"type": "string"}, "fnr": _NUMBER, "fpr": _NUMBER}}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedEvidence:
    """Evidence that stands in a file: a placeholder, in whose place the file's posterior comes when a plan is read.

    fnr, fpr: of the judge in production, where the plan says them itself.
    """

    file: str
    fnr: float | None = None
    fpr: float | None = None

    @property
    def mean(self) -> float:
        raise InputError(f"the evidence in '{self.file}' is not read here; read the whole plan")

    def from_normal(self, z: FloatArray) -> FloatArray:
        """None: there is nothing to draw from. Errors: InputError, always."""
        raise InputError(f"the evidence in '{self.file}' is not read here; read the whole plan")


def _numbers(value: object, allowed: str) -> dict[str, float]:
    """A number as {"value": x}, a table of numbers as it is; ValueError for anything else."""
    table: dict[str, Any] = value if isinstance(value, dict) else {"value": value}
    for name, number in table.items():
        if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < float("inf"):
            raise ValueError(f"{name} must be a finite number" if isinstance(value, dict) else f"give {allowed}")
    return {name: float(number) for name, number in table.items()}


def _within(numbers: dict[str, float], low: float, high: float, hint: str) -> None:
    for name, number in numbers.items():
        if name in ("value", "p10", "p90", "low", "mode", "high", "fnr", "fpr") and not low <= number <= high:
            raise ValueError(f"{number:g} is outside {low:g} to {high:g}{hint}")


def _counts(table: dict[str, float]) -> tuple[int, int]:
    passed, failed = table["passed"], table["failed"]
    if passed < 0 or failed < 0 or passed % 1 or failed % 1:
        raise ValueError("passed and failed are counts of graded answers: whole numbers, not negative")
    return int(passed), int(failed)


def _fraction(value: object) -> Distribution:
    """Share of something: number, {p10, p90}, {low, mode, high} or {passed, failed}."""
    return _spread(value, fraction_from_quantiles, low=0.0, high=1.0, evidence=True)


def _route_share(value: object) -> Distribution:
    """As a share, or {evidence}: the pass rate that an evidence file has."""
    return _named(value, ()) if isinstance(value, dict) and "evidence" in value else _fraction(value)


def _named(value: dict[str, Any], beside: tuple[str, ...]) -> NamedEvidence:
    if unknown := set(value) - {"evidence", *beside}:
        also = f", optionally with {' and '.join(beside)}" if beside else ""
        raise ValueError(f"give {{ evidence }}{also}, not {', '.join(sorted(unknown))}")
    if not isinstance(value["evidence"], str) or not value["evidence"]:
        raise ValueError("evidence is the name of a file, relative to the plan file")
    errors = _numbers({name: value[name] for name in beside if name in value}, "")
    _within(errors, 0.0, 1.0, "")
    return NamedEvidence(file=value["evidence"], fnr=errors.get("fnr"), fpr=errors.get("fpr"))


def _escalation(value: object) -> Distribution:
    """As a share; {passed, failed, fnr, fpr} or {pass_rate, fnr, fpr} is q = p FNR + (1 - p)(1 - FPR).

    {evidence, fnr, fpr}: the same of an evidence file's counts.
    """
    if isinstance(value, dict) and "evidence" in value:
        return _named(value, ("fnr", "fpr"))
    if isinstance(value, dict) and "pass_rate" in value:
        return _judged(value)
    if isinstance(value, dict) and "passed" in value:
        table = _numbers(value, "")
        if unknown := set(table) - {"passed", "failed", "fnr", "fpr"} | ({"failed"} - set(table)):
            raise ValueError(f"give {{ passed, failed }}, optionally with fnr and fpr; {', '.join(sorted(unknown))}?")
        _within(table, 0.0, 1.0, "")
        passed, failed = _counts(table)
        return JudgedEscalation(
            pass_rate=posterior(passed, failed), fnr=table.get("fnr", 0.0), fpr=table.get("fpr", 0.0)
        )
    return _spread(value, fraction_from_quantiles, low=0.0, high=1.0, evidence=False)


def _judged(value: dict[str, Any]) -> Distribution:
    if unknown := set(value) - {"pass_rate", "fnr", "fpr"}:
        raise ValueError(f"give {{ pass_rate }}, optionally with fnr and fpr, not {', '.join(sorted(unknown))}")
    errors = _numbers({name: value[name] for name in ("fnr", "fpr") if name in value}, "")
    _within(errors, 0.0, 1.0, "")
    return JudgedEscalation(
        pass_rate=_fraction(value["pass_rate"]), fnr=errors.get("fnr", 0.0), fpr=errors.get("fpr", 0.0)
    )


def _positive(value: object) -> Distribution:
    return _spread(value, positive_from_quantiles, low=0.0, high=float("inf"), evidence=False)


def _duration(value: object) -> Distribution:
    """A number of months, 0 or more: {p10, p90} is log-normal, {low, mode, high} PERT."""
    return _spread(value, positive_from_quantiles, low=0.0, high=120.0, evidence=False)


def _rate(value: object) -> Distribution:
    found = _spread(value, rate_from_quantiles, low=-1.0, high=float("inf"), evidence=False)
    if -1.0 in (getattr(found, "value", 0.0), getattr(found, "low", 0.0)):
        raise ValueError("a rate must be above -1: -1 is a fall to nothing")
    return found


def _month(value: object) -> Distribution:
    """A whole month: number or {low, mode, high}, which rounds to the nearest."""
    table = _numbers(value, "a month, or { low, mode, high }")
    if set(table) == {"low", "mode", "high"}:
        return _or_value_error(pert, table["low"], table["mode"], table["high"], whole=True)
    if set(table) == {"value"}:
        return Point(table["value"])
    raise ValueError("give a month, or { low, mode, high }")


def _spread(value: object, from_quantiles: Any, *, low: float, high: float, evidence: bool) -> Distribution:
    allowed = "a number, { p10, p90 } or { low, mode, high }" + (" or { passed, failed }" if evidence else "")
    table = _numbers(value, allowed)
    _within(table, low, high, "; fractions: 0.12 is 12 %" if high == 1.0 else "")
    if set(table) == {"value"}:
        return Point(table["value"])
    if set(table) == {"p10", "p90"}:
        return _or_value_error(from_quantiles, table["p10"], table["p90"])
    if set(table) == {"low", "mode", "high"}:
        return _or_value_error(pert, table["low"], table["mode"], table["high"])
    if evidence and set(table) == {"passed", "failed"}:
        return posterior(*_counts(table))
    raise ValueError(f"give {allowed}, not the keys {', '.join(table)}")


def _or_value_error(make: Any, *args: Any, **kwargs: Any) -> Distribution:
    try:
        made: Distribution = make(*args, **kwargs)
    except InputError as error:
        raise ValueError(str(error)) from None
    return made


def _schema(*variants: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [_NUMBER, *variants]})


_JUDGED = {
    "type": "object",
    "properties": {"pass_rate": {"anyOf": [_NUMBER, {"type": "object"}]}, "fnr": _NUMBER, "fpr": _NUMBER},
    "required": ["pass_rate"],
    "additionalProperties": False,
}
_QUANTILES, _PERT = _table("p10", "p90"), _table("low", "mode", "high")
Fraction = Annotated[Distribution, PlainValidator(_fraction), _schema(_QUANTILES, _PERT, _EVIDENCE)]
RouteShare = Annotated[
    Distribution, PlainValidator(_route_share), _schema(_QUANTILES, _PERT, _EVIDENCE, _EVIDENCE_FILE)
]
Escalation = Annotated[
    Distribution, PlainValidator(_escalation), _schema(_QUANTILES, _PERT, _EVIDENCE, _JUDGED, _JUDGED_FILE)
]
Positive = Annotated[Distribution, PlainValidator(_positive), _schema(_QUANTILES, _PERT)]
Duration = Annotated[Distribution, PlainValidator(_duration), _schema(_QUANTILES, _PERT)]
Rate = Annotated[Distribution, PlainValidator(_rate), _schema(_QUANTILES, _PERT)]
Month = Annotated[Distribution, PlainValidator(_month), _schema(_PERT)]
