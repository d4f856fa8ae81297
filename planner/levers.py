"""Levers: what a buyer can change about the traffic, and how fast it is adopted."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from math import log
from typing import Final, Literal

import numpy as np
from scipy.special import expit

from planner.distributions import Distribution, Point
from planner.errors import InputError
from planner.units import TOKEN_CLASSES, FloatArray

_LOG_81: Final = log(81.0)
# A logistic curve takes ln(81)/slope to climb from 10 % to 90 %.


LeverKind = Literal["routing", "caching", "batch", "output"]
LEVER_KINDS: Final[tuple[LeverKind, ...]] = ("routing", "caching", "batch", "output")
"""The kinds of lever, in the order in which every table shows them."""

LongPrompts = Literal["move", "stay", "cheaper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Who does the work: one slip, months, delays everything that the team does on a path."""

    name: str
    slip_months: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """Something that levers wait for, such as an evaluation that has to pass.

    month: the contract month of it; with `after`, months after the latest of those, which count the slip of a team once
    in a chain. probability: that it happens at
    all; where it does not, nothing that waits for it is adopted.
    """

    name: str
    month: Distribution
    probability: float = 1.0
    after: tuple["Milestone", ...] = ()
    team: Team | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """Logistic adoption: 10 % at start_month, 90 % `months` later, up to a ceiling. months = 0 is a step.

    With `after`, start_month counts from the latest of those milestones. team: whose slip delays the start.
    """

    start_month: Distribution = field(default_factory=lambda: Point(0.0))
    months: Distribution = field(default_factory=lambda: Point(0.0))
    ceiling: Distribution = field(default_factory=lambda: Point(1.0))
    after: tuple[Milestone, ...] = ()
    team: Team | None = None

    @property
    def milestones(self) -> tuple[Milestone, ...]:
        """Everything that the ramp waits for, directly or not, each once, what comes first first."""
        found: dict[str, Milestone] = {}
        _collect(self.after, found)
        return tuple(found.values())


def _collect(milestones: Sequence[Milestone], found: dict[str, Milestone]) -> None:
    for milestone in milestones:
        if milestone.name not in found:
            _collect(milestone.after, found)
            found[milestone.name] = milestone


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraCall:
    """What a router or a judge costs for one request: a call of a model, dollars, or both.

    tokens_per_request: in the order of TOKEN_CLASSES, of the model's own tokens.
    """

    usd_per_request: float = 0.0
    model: str | None = None
    tokens_per_request: tuple[float, ...] = (0.0,) * len(TOKEN_CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Send a share of a request type to another model; escalated requests are paid twice.

    rule_fraction: of the routed requests, what a rule sends without judge and without escalation. router is paid for
    every routed request, judge for those that no rule sent. long_prompts: whether requests whose prompt is above the
    target's price threshold move, stay, or move only where that is cheaper; long_prompt_fraction and
    long_request_fraction are their shares of the tokens and of the requests. output_ratio: output tokens on the target
    per output token of the same text at home. error_cost_usd: of a wrong answer that is accepted, in no bill.
    rule_error_fraction: of what a rule sends, answers that are wrong.
    """

    request_type: str
    to: str
    share: Distribution
    escalation: Distribution
    from_models: tuple[str, ...] = ()
    escalate_to: str | None = None
    overhead_usd_per_request: float = 0.0
    rule_fraction: Distribution = field(default_factory=lambda: Point(0.0))
    router: ExtraCall | None = None
    judge: ExtraCall | None = None
    moves: Literal["session", "request"] = "session"
    token_ratio: float | None = None
    output_ratio: float = 1.0
    long_prompts: LongPrompts = "move"
    long_prompt_fraction: float | None = None
    long_request_fraction: float | None = None
    error_cost_usd: float = 0.0
    rule_error_fraction: float = 0.0
    one_off_usd: float | None = None
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
    one_off_usd: float | None = None
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLever:
    """Move a share of the requests that are not batch yet to the Batch API."""

    request_type: str
    share: Distribution
    one_off_usd: float | None = None
    ramp: Ramp = field(default_factory=Ramp)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputLever:
    """Cut output tokens by a fraction."""

    request_type: str
    cut: Distribution
    one_off_usd: float | None = None
    ramp: Ramp = field(default_factory=Ramp)


Lever = Route | CacheLever | BatchLever | OutputLever


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
        return bool(self.kinds)

    @property
    def kinds(self) -> tuple[LeverKind, ...]:
        """The kinds of lever in use, in the order of LEVER_KINDS."""
        used = (self.routes, self.caches, self.batches, self.outputs)
        return tuple(kind for kind, levers in zip(LEVER_KINDS, used, strict=True) if levers)

    def where(self, holds: Callable[["Lever"], bool]) -> "Scenario":
        """The scenario with no levers but those for which it holds."""
        return replace(
            self,
            routes=tuple(filter(holds, self.routes)),
            caches=tuple(filter(holds, self.caches)),
            batches=tuple(filter(holds, self.batches)),
            outputs=tuple(filter(holds, self.outputs)),
        )

    def only(self, kinds: Collection[LeverKind]) -> "Scenario":
        """The scenario with no levers but those of these kinds."""
        return replace(
            self,
            routes=self.routes if "routing" in kinds else (),
            caches=self.caches if "caching" in kinds else (),
            batches=self.batches if "batch" in kinds else (),
            outputs=self.outputs if "output" in kinds else (),
        )

    @property
    def levers(self) -> tuple[Lever, ...]:
        """Every lever, kind by kind."""
        return (*self.routes, *self.caches, *self.batches, *self.outputs)

    def __post_init__(self) -> None:
        for levers, name in ((self.caches, "cache"), (self.batches, "batch"), (self.outputs, "output")):
            types = [lever.request_type for lever in levers]
            if doubled := next((t for t in types if types.count(t) > 1), None):
                raise InputError(
                    f"scenario '{self.name}' has two [[scenario.{name}]] entries for request type '{doubled}'; keep one"
                )


def adoption(months: FloatArray, *, start: FloatArray, span: FloatArray, ceiling: FloatArray) -> FloatArray:
    """Adopted share a(t) = ceiling / (1 + exp(-(ln 81 / span)(t + 1/2 - start - span/2))), at mid-month.

    months: whole months t, broadcast against start, span and ceiling. A span of 0 is a step at `start`; a start of
    infinity never comes.
    """
    since = months + 0.5 - start
    ramped = span > 0
    if ramped.all():
        return ceiling * expit(_LOG_81 / span * (since - span / 2))
    slope = _LOG_81 / np.where(ramped, span, 1.0)
    adopted: FloatArray = ceiling * np.where(ramped, expit(slope * (since - span / 2)), since > 0)
    return adopted
