"""One line of a log of months: what it holds as JSON, and how strictly it is read back.

What is read was written by this program, or by anybody: it is checked key by key, and only compared and added up.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NoReturn, TypeGuard, TypeVar

from planner.coverage import first_day, last_day
from planner.errors import InputError
from planner.lever_costs.unit_costs import Account
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.result import PastForecast
from planner.units import HALF_CENT_USD, TOKEN_CLASSES

FORMAT: Final = 1
MARK: Final = '{"track":'
"""How every line begins, so that what a kill left of one is known for it."""

_MONTH: Final = re.compile(r"20\d{2}-(0[1-9]|1[0-2])")
_SHOWN: Final = 40
_MOST: Final = 1e18
"""Of dollars, calls and tokens of a month, and of a scale: more is no use of anybody, and no sum of it is exact."""
_ROUNDING: Final = 1e-9

Fan = Mapping[str, tuple[float, float, float]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One run of tracking that had something new.

    on: its day. version: of the program. plan_sha256: of the plan's text. months: new, or as restated. forecast: made
    then. fan: YYYY-MM -> P10, P50 and P90 of the plan as signed, in the first line.
    """

    on: date
    version: str
    plan_sha256: str
    months: tuple[ActualMonth, ...]
    forecast: PastForecast | None = None
    fan: Fan | None = None


def as_line(entry: Entry) -> str:
    """The entry as one line of JSON, plain ASCII, with its line end."""
    whole: dict[str, Any] = {
        "track": FORMAT,
        "on": entry.on.isoformat(),
        "version": entry.version,
        "plan_sha256": entry.plan_sha256,
        "months": [_month_json(month) for month in entry.months],
        "forecast": None if entry.forecast is None else _forecast_json(entry.forecast),
    }
    if entry.fan is not None:
        whole["fan"] = {month: list(values) for month, values in entry.fan.items()}
    return json.dumps(whole, separators=(",", ":"), allow_nan=False) + "\n"


def _month_json(month: ActualMonth) -> dict[str, Any]:
    return {
        "month": month.month,
        "first": month.first.isoformat(),
        "last": month.last.isoformat(),
        "is_closed": month.is_closed,
        "scale": month.scale,
        "scale_log_sd": month.scale_log_sd,
        "billed_cost_usd": month.billed_cost_usd,
        "notes": list(month.notes),
        "uses": [
            {
                "request_type": use.request_type,
                "model": use.model,
                "is_batch": use.is_batch,
                "requests": use.requests,
                "tokens": list(use.tokens),
                "list_cost_usd": use.list_cost_usd,
                "signing_list_cost_usd": use.signing_list_cost_usd,
                "server_tools_usd": use.server_tools_usd,
                "tier": use.account.tier,
                "eligible": use.account.eligible,
            }
            for use in month.uses
        ],
    }


_FORECAST_NUMBERS: Final = (
    "shortfall_probability",
    "expected_shortfall_usd",
    "overage_probability",
    "expected_overage_usd",
    "effective_sample_size",
)


def _forecast_json(forecast: PastForecast) -> dict[str, Any]:
    return {
        "as_of": forecast.as_of,
        **{name: getattr(forecast, name) for name in _FORECAST_NUMBERS},
        "exhaustion_month": forecast.exhaustion_month,
        "months": {month: list(values) for month, values in forecast.months.items()},
    }


def entry_of(whole: Mapping[str, Any], place: str) -> Entry:
    """A line read back. place: the file and the line. Errors: InputError naming place, key, value and remedy."""
    read = _Reader(whole, place)
    version = read.whole_number("track")
    if version > FORMAT:
        raise InputError(
            f"{place}: written by a newer version of this program (its format is {version}, this one knows {FORMAT}); "
            "install that one"
        )
    on = read.day("on")
    forecast = read.optional("forecast", read.inside)
    return Entry(
        on=on,
        version=read.text("version"),
        plan_sha256=read.text("plan_sha256"),
        months=tuple(_month_of(item) for item in read.items("months")),
        forecast=None if forecast is None else _forecast_of(forecast, on),
        fan=read.optional("fan", read.fan) if "fan" in whole else None,
    )


def _month_of(read: "_Reader") -> ActualMonth:
    month = read.month("month")
    first, last, closed = read.day("first"), read.day("last"), read.flag("is_closed")
    if not first_day(month) <= first <= last <= last_day(month):
        read.fail("first", f"{first} to {last}", f"days of {month}, in order")
    scale, scale_log_sd = read.number("scale", least=1.0), read.number("scale_log_sd", least=0.0)
    if closed and (scale, scale_log_sd) != (1.0, 0.0):
        read.fail("scale", scale, "1 for a month that is closed, with scale_log_sd = 0,")
    return ActualMonth(
        month=month,
        first=first,
        last=last,
        is_closed=closed,
        scale=scale,
        scale_log_sd=scale_log_sd,
        uses=tuple(_use_of(item) for item in read.items("uses")),
        billed_cost_usd=read.optional("billed_cost_usd", read.number),
        notes=read.texts("notes"),
    )


def _use_of(read: "_Reader") -> Use:
    list_usd, signing_usd, tools_usd = (
        read.number(name, least=0.0) for name in ("list_cost_usd", "signing_list_cost_usd", "server_tools_usd")
    )
    if tools_usd > min(list_usd, signing_usd) + HALF_CENT_USD:
        read.fail("server_tools_usd", tools_usd, "no more than the list cost that it is a part of")
    return Use(
        request_type=read.text("request_type"),
        model=read.text("model"),
        is_batch=read.flag("is_batch"),
        requests=read.optional("requests", read.whole_number),
        tokens=read.counts("tokens", len(TOKEN_CLASSES)),
        list_cost_usd=list_usd,
        signing_list_cost_usd=signing_usd,
        server_tools_usd=tools_usd,
        account=Account(read.optional("tier", read.text), read.flag("eligible")),
    )


def _forecast_of(read: "_Reader", on: date) -> PastForecast:
    return PastForecast(
        as_of=read.month("as_of"),
        on=on,
        exhaustion_month=read.optional("exhaustion_month", read.month),
        months=read.fan("months"),
        **{name: read.number(name, least=-HALF_CENT_USD, most=_most_of(name)) for name in _FORECAST_NUMBERS},
    )


def _most_of(name: str) -> float:
    return 1.0 + _ROUNDING if name.endswith("_probability") else _MOST


class _Reader:
    """The keys of one object, each checked as it is read."""

    def __init__(self, whole: Any, place: str) -> None:
        if not isinstance(whole, dict):
            raise InputError(f"{place}: {_shown(whole)} is no object of a log of months; {_REMEDY}")
        self._whole, self._place = whole, place

    def fail(self, key: str, value: object, wanted: str) -> NoReturn:
        """Errors: InputError, always."""
        raise InputError(f"{self._place}: {key} = {_shown(value)}: {wanted} belongs here; {_REMEDY}")

    def _kind(self, key: str, kind: type[T], wanted: str) -> T:
        value = self._whole.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fail(key, value, wanted)
        return value

    def optional(self, key: str, read: Callable[[str], T]) -> T | None:
        """What a key holds, None where it holds null."""
        return None if key in self._whole and self._whole[key] is None else read(key)

    def inside(self, key: str) -> "_Reader":
        """The object at a key."""
        return _Reader(self._whole.get(key), f"{self._place}, {key}")

    def items(self, key: str) -> list["_Reader"]:
        """The objects of the list at a key."""
        found: list[Any] = self._kind(key, list, "a list")
        return [_Reader(item, f"{self._place}, {key} {number}") for number, item in enumerate(found, start=1)]

    def text(self, key: str) -> str:
        """A text."""
        return self._kind(key, str, "a text")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        found: list[Any] = self._kind(key, list, "a list of texts")
        if not all(isinstance(text, str) for text in found):
            self.fail(key, found, "a list of texts")
        return tuple(found)

    def flag(self, key: str) -> bool:
        """True or false."""
        return self._kind(key, bool, "true or false")

    def whole_number(self, key: str) -> int:
        """A whole number, 0 or more."""
        value = self._kind(key, int, "a whole number")
        if not 0 <= value <= _MOST:
            self.fail(key, value, f"a whole number from 0 to {_MOST:g}")
        return value

    def counts(self, key: str, length: int) -> tuple[int, ...]:
        """So many whole numbers."""
        found: list[Any] = self._kind(key, list, f"{length} whole numbers")
        if len(found) != length or not all(isinstance(n, int) and _is_number(n) and n >= 0 for n in found):
            self.fail(key, found, f"{length} whole numbers from 0 to {_MOST:g}")
        return tuple(found)

    def number(self, key: str, *, least: float = -_MOST, most: float = _MOST) -> float:
        """A number in a range."""
        value = self._whole.get(key)
        if not _is_number(value) or not least <= value <= most:
            self.fail(key, value, f"a number from {least:g} to {most:g}")
        return float(value)

    def day(self, key: str) -> date:
        """A day YYYY-MM-DD."""
        value = self._whole.get(key)
        try:
            return date.fromisoformat(str(value))
        except (TypeError, ValueError):
            self.fail(key, value, "a day as YYYY-MM-DD")

    def month(self, key: str) -> str:
        """A month YYYY-MM."""
        value = self._whole.get(key)
        if not isinstance(value, str) or not _MONTH.fullmatch(value):
            self.fail(key, value, "a month as YYYY-MM")
        return str(value)

    def fan(self, key: str) -> dict[str, tuple[float, float, float]]:
        """Month -> three numbers in order."""
        wanted = "months with three numbers in order each"
        found: dict[str, Any] = self._kind(key, dict, wanted)
        for month, values in found.items():
            is_three = isinstance(values, list) and len(values) == 3 and all(map(_is_number, values))
            if not _MONTH.fullmatch(month) or not is_three or not _in_order(values):
                self.fail(key, {month: values}, wanted)
        return {month: (float(low), float(middle), float(high)) for month, (low, middle, high) in found.items()}


_REMEDY: Final = "the log of months is damaged there: take the line out, or choose another log with --log"


def _in_order(values: Sequence[float]) -> bool:
    """Whether they are no less than nothing and do not fall, but for the rounding of a quantile."""
    steps = zip((-HALF_CENT_USD, *values), values, strict=False)
    return all(after >= before - _ROUNDING * abs(before) for before, after in steps)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_MOST <= value <= _MOST


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
