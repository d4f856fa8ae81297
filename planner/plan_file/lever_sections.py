"""[[scenario]], [[milestone]] and [[team]] of the plan file as they are written: levers, and how each is adopted."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from planner.distributions import Point
from planner.plan_file.section import Name, Section, Share
from planner.plan_file.values import Duration, Escalation, Fraction, Month, RouteShare

Tokens = Annotated[float, Field(ge=0, le=1e9)]
SmallUsd = Annotated[float, Field(ge=0, le=1e6)]
OneOffUsd = Annotated[float, Field(ge=0, le=1e12)]


class TeamSection(Section):
    """[[team]]: who does the work; one slip delays everything that the team does."""

    name: Name = Field(description="what the team is called, for ramps and milestones to name")
    slip_months: Month = Field(default_factory=lambda: Point(0.0), description="months later than planned, one draw")


class MilestoneSection(Section):
    """[[milestone]]: something that levers wait for, such as an evaluation that has to pass."""

    name: Name = Field(description="what has to happen, for ramps and other milestones to name")
    month: Month = Field(
        description="contract month of it; with `after`, months after the latest of those, a team's slip once a chain"
    )
    probability: Share = Field(
        default=1.0, description="that it happens at all; if not, what waits for it never starts"
    )
    after: list[Name] = Field(default_factory=list, description="milestones that come first")
    team: Name | None = Field(default=None, description="whose slip delays it")


class RampSection(Section):
    """How a lever is adopted: 10 % at start_month, 90 % so many months later."""

    start_month: Month = Field(
        default_factory=lambda: Point(0.0), description="contract month; with `after`, months after the latest of those"
    )
    months: Duration = Field(default_factory=lambda: Point(0.0), description="from 10 % to 90 %")
    ceiling: Fraction = Field(default_factory=lambda: Point(1.0), description="adopted in the end")
    after: list[Name] = Field(default_factory=list, description="milestones that have to happen first")
    team: Name | None = Field(default=None, description="whose slip delays the start")


class ExtraCallSection(Section):
    """A router or a judge: what one of its calls costs, in dollars, in tokens of a model, or both."""

    usd_per_request: SmallUsd = Field(default=0.0, description="USD per call")
    model: Name | None = Field(default=None, description="model that makes the call")
    uncached_input_tokens: Tokens = Field(default=0.0, description="its input per call, neither read nor written")
    cache_read_tokens: Tokens = Field(default=0.0, description="its input read from the cache, per call")
    cache_write_5m_tokens: Tokens = Field(default=0.0, description="its input written for 5 minutes, per call")
    cache_write_1h_tokens: Tokens = Field(default=0.0, description="its input written for 1 hour, per call")
    output_tokens: Tokens = Field(default=0.0, description="its output per call")

    @model_validator(mode="after")
    def _tokens_have_a_model(self) -> "ExtraCallSection":
        counts = [name for name in type(self).model_fields if name.endswith("_tokens") and getattr(self, name) > 0]
        if counts and self.model is None:
            raise ValueError(f"{counts[0]} without a model: name the model that reads and writes them")
        if self.model is not None and not counts:
            raise ValueError(f"{self.model} without tokens: give uncached_input_tokens and output_tokens of one call")
        if self.model is None and self.usd_per_request == 0:
            raise ValueError("give usd_per_request, or a model with its tokens")
        return self


class RouteSection(Section):
    """[[scenario.route]]: a share of a request type moves to another model."""

    request_type: Name
    to: Name
    from_: list[Name] = Field(default_factory=list, alias="from", description="default: every model but the target")
    share: RouteShare = Field(
        default_factory=lambda: Point(1.0), description="of the type's requests; of several routes, together at most 1"
    )
    rule_fraction: Fraction = Field(
        default_factory=lambda: Point(0.0), description="of the routed: sent by a rule, without judge and escalation"
    )
    escalation: Escalation | None = Field(default=None, description="share of judged requests paid again elsewhere")
    escalate_to: Name | None = Field(default=None, description="default: the model the request came from")
    overhead_usd_per_request: SmallUsd = 0.0
    router: ExtraCallSection | None = Field(default=None, description="paid for every routed request")
    judge: ExtraCallSection | None = Field(default=None, description="paid for every routed request that no rule sent")
    moves: Literal["session", "request"] = "session"
    token_ratio: Annotated[float, Field(gt=0, le=100)] | None = None
    output_ratio: Annotated[float, Field(ge=0, le=100)] = Field(
        default=1.0, description="output tokens on the target per output token at home; thinking changes it"
    )
    long_prompts: Literal["move", "stay", "cheaper"] = Field(
        default="move", description="requests above the target's price threshold; cheaper: move where that costs less"
    )
    long_prompt_fraction: Share | None = Field(default=None, description="share of tokens above the target's threshold")
    long_request_fraction: Share | None = Field(default=None, description="share of requests above it")
    error_cost_usd: SmallUsd = Field(default=0.0, description="of a wrong answer that is accepted; in no bill")
    rule_error_fraction: Share = Field(default=0.0, description="of what a rule sends: answers that are wrong")
    one_off_usd: OneOffUsd | None = Field(default=None, description="engineering and evaluation, once, USD; in no bill")
    ramp: RampSection = Field(default_factory=RampSection)


class CacheSection(Section):
    """[[scenario.cache]]: part of the input that is uncached today is cached."""

    request_type: Name
    cacheable_fraction: Fraction = Field(default_factory=lambda: Point(1.0))
    hit_rate: Fraction
    ttl: Literal["5m", "1h"] = "5m"
    one_off_usd: OneOffUsd | None = Field(default=None, description="engineering, once, USD; in no bill")
    ramp: RampSection = Field(default_factory=RampSection)


class BatchSection(Section):
    """[[scenario.batch]]: requests that can wait move to the Batch API."""

    request_type: Name
    share: Fraction
    one_off_usd: OneOffUsd | None = Field(default=None, description="engineering, once, USD; in no bill")
    ramp: RampSection = Field(default_factory=RampSection)


class OutputSection(Section):
    """[[scenario.output]]: fewer output tokens."""

    request_type: Name
    cut: Fraction
    one_off_usd: OneOffUsd | None = Field(default=None, description="engineering, once, USD; in no bill")
    ramp: RampSection = Field(default_factory=RampSection)


class ScenarioSection(Section):
    """[[scenario]]: a named set of levers; none is a baseline."""

    name: Name
    route: list[RouteSection] = Field(default_factory=list)
    cache: list[CacheSection] = Field(default_factory=list)
    batch: list[BatchSection] = Field(default_factory=list)
    output: list[OutputSection] = Field(default_factory=list)
