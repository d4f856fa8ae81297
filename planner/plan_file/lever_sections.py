"""[[scenario]] of the plan file as it is written: levers, and how each is adopted."""

from typing import Annotated, Literal

from pydantic import Field

from planner.distributions import Point
from planner.plan_file.section import Name, Section, Share
from planner.plan_file.values import Escalation, Fraction, Month


class RampSection(Section):
    """How a lever is adopted: 10 % at start_month, 90 % so many months later."""

    start_month: Month = Field(default_factory=lambda: Point(0.0))
    months: Annotated[float, Field(ge=0, le=120)] = 0.0
    ceiling: Fraction = Field(default_factory=lambda: Point(1.0))


class RouteSection(Section):
    """[[scenario.route]]: a share of a request type moves to another model."""

    request_type: Name
    to: Name
    from_: list[Name] = Field(default_factory=list, alias="from", description="default: every model but the target")
    share: Fraction = Field(default_factory=lambda: Point(1.0))
    escalation: Escalation | None = Field(default=None, description="share of routed requests paid again elsewhere")
    escalate_to: Name | None = Field(default=None, description="default: the model the request came from")
    overhead_usd_per_request: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    moves: Literal["session", "request"] = "session"
    token_ratio: Annotated[float, Field(gt=0, le=100)] | None = None
    long_prompt_fraction: Share | None = Field(default=None, description="share of tokens above the target's threshold")
    ramp: RampSection = Field(default_factory=RampSection)


class CacheSection(Section):
    """[[scenario.cache]]: part of the input that is uncached today is cached."""

    request_type: Name
    cacheable_fraction: Fraction = Field(default_factory=lambda: Point(1.0))
    hit_rate: Fraction
    ttl: Literal["5m", "1h"] = "5m"
    ramp: RampSection = Field(default_factory=RampSection)


class BatchSection(Section):
    """[[scenario.batch]]: requests that can wait move to the Batch API."""

    request_type: Name
    share: Fraction
    ramp: RampSection = Field(default_factory=RampSection)


class OutputSection(Section):
    """[[scenario.output]]: fewer output tokens."""

    request_type: Name
    cut: Fraction
    ramp: RampSection = Field(default_factory=RampSection)


class ScenarioSection(Section):
    """[[scenario]]: a named set of levers; none is a baseline."""

    name: Name
    route: list[RouteSection] = Field(default_factory=list)
    cache: list[CacheSection] = Field(default_factory=list)
    batch: list[BatchSection] = Field(default_factory=list)
    output: list[OutputSection] = Field(default_factory=list)
