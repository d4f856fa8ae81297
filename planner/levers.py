"""Levers: what a buyer can change about the traffic, and how fast it is adopted."""

from dataclasses import dataclass, field
from math import log
from typing import Final, Literal

from scipy.special import expit

from planner.distributions import Distribution, Point
from planner.errors import InputError
from planner.units import FloatArray

_LOG_81: Final = log(81.0)
# A logistic curve takes ln(81)/slope to climb from 10 % to 90 %.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Logistic adoption: 10 % at start_month, 90 % `months` later, up to a ceiling. months = 0 is a step."""

    start_month: Distribution = field(default_factory=lambda: Point(0.0))
    months: float = 0.0
    ceiling: Distribution = field(default_factory=lambda: Point(1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Send a share of a request type to another model; escalated requests are paid twice."""

    request_type: str
    to: str
    share: Distribution
    escalation: Distribution
    from_models: tuple[str, ...] = ()
    escalate_to: str | None = None
    overhead_usd_per_request: float = 0.0
    moves: Literal["session", "request"] = "session"
    token_ratio: float | None = None
    long_prompt_fraction: float | None = None
    ramp: Ramp = field(default_factory=Ramp)

    def applies_to(self, model: str) -> bool:
        """Whether traffic of this model moves: any but the target, or only those named in `from`."""
        return model in self.from_models if self.from_models else model != self.to


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLever:
    """Cache part of the input that is uncached today; of that part `hit_rate` is read and the rest written."""

    request_type: str
    cacheable_fraction: Distribution
    hit_rate: Distribution
    ttl: Literal["5m", "1h"] = "5m"
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLever:
    """Move a share of the requests that are not batch yet to the Batch API."""

    request_type: str
    share: Distribution
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLever:
    """Cut output tokens by a fraction."""

    request_type: str
    cut: Distribution
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A named set of levers; without any it is a baseline."""

    name: str
    routes: tuple[Route, ...] = ()
    caches: tuple[CacheLever, ...] = ()
    batches: tuple[BatchLever, ...] = ()
    outputs: tuple[OutputLever, ...] = ()

    @property
    def has_levers(self) -> bool:
        return bool(self.routes or self.caches or self.batches or self.outputs)

    def __post_init__(self) -> None:
        for levers, name in ((self.caches, "cache"), (self.batches, "batch"), (self.outputs, "output")):
            types = [lever.request_type for lever in levers]
            if doubled := next((t for t in types if types.count(t) > 1), None):
                raise InputError(
                    f"scenario '{self.name}' has two [[scenario.{name}]] entries for request type '{doubled}'; keep one"
                )


def adoption(months: FloatArray, *, start: FloatArray, span: float, ceiling: FloatArray) -> FloatArray:
    """Adopted share a(t) = ceiling / (1 + exp(-(ln 81 / span)(t + 1/2 - start - span/2))), at mid-month.

    months: whole months t, broadcast against start and ceiling. A span of 0 is a step at `start`.
    """
    if span == 0:
        return ceiling * (months + 0.5 > start)
    adopted: FloatArray = ceiling * expit(_LOG_81 / span * (months + 0.5 - start - span / 2))
    return adopted
