"""The plan file as it is written: every section and key of the TOML, its type, its range and its default.

Nothing here calculates. `planner schema` prints these models as JSON schema; `planner.inputs` turns a checked file
into the nouns of the engine.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from planner.distributions import Point, rate_from_quantiles
from planner.plan_file.assumption_sections import AssumptionSection
from planner.plan_file.contract_sections import ContractSection, FixedSpendSection
from planner.plan_file.evaluation_sections import EvaluationSection, FileName
from planner.plan_file.evidence_sections import EvidenceSection
from planner.plan_file.lever_sections import MilestoneSection, ScenarioSection, TeamSection, Tokens
from planner.plan_file.price_sections import PricesSection
from planner.plan_file.quote_sections import AskSection, NegotiationSection, OfferSection
from planner.plan_file.section import Name, Section, Share
from planner.plan_file.signed_sections import AlertsSection, SignedSection
from planner.plan_file.unit_sections import BusinessUnitSection
from planner.plan_file.usage_sections import UsageSection
from planner.plan_file.values import Fraction, Month, Positive, Rate

ToolUse = Annotated[float, Field(ge=0, le=10_000)]
Numbers = float | list[float]


class TargetErrorSection(Section):
    """[plan] target_error: largest standard errors of the recommendation; paths are added until they are met."""

    shortfall_probability: Annotated[float, Field(gt=0, le=0.5)] | None = Field(
        default=None, description="as a probability: 0.003 is 0.3 points"
    )
    expected_cost_fraction: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="as a fraction of the expected cost"
    )


class PlanSection(Section):
    """[plan]: what is planned, from when, and how precisely."""

    name: Name = "plan"
    start: date = Field(description="first day of the contract, the first of a month; month 0")
    months: int | None = Field(default=None, ge=1, le=120, description="horizon; default and minimum: the term")
    paths: int | None = Field(
        default=None,
        ge=1,
        le=5_000_000,
        description="Monte Carlo paths, default 16,384; with target_error the most that are drawn, default 1,048,576",
    )
    target_error: TargetErrorSection | None = None
    seed: int = Field(default=1, ge=0, lt=2**63)
    evidence: list[FileName] = Field(
        default_factory=list,
        description="evidence files, also by pattern such as evidence/*.toml, beside those that routes name; relative "
        "to the plan file",
    )


class MixSection(Section):
    """[[mix]]: one request type on one model, typed in by hand. Tokens and server tools are means per request."""

    request_type: Name
    model: Name
    monthly_requests: Annotated[float, Field(ge=0, le=1e13)]
    uncached_input_tokens: Tokens
    cache_read_tokens: Tokens = 0.0
    cache_write_5m_tokens: Tokens = 0.0
    cache_write_1h_tokens: Tokens = 0.0
    output_tokens: Tokens
    batch_fraction: Share = 0.0
    long_prompt_fraction: Share | None = Field(default=None, description="share of tokens above the price threshold")
    long_request_fraction: Share | None = Field(default=None, description="share of requests above it")
    web_searches: ToolUse = Field(
        default=0.0, description="searches of the provider's web search tool, mean per request"
    )
    code_execution_hours: ToolUse = Field(
        default=0.0, description="hours of the provider's code execution tool, mean per request"
    )

    @model_validator(mode="after")
    def _long_requests_have_tokens(self) -> "MixSection":
        if self.long_request_fraction and not self.long_prompt_fraction:
            raise ValueError(
                f"long_request_fraction = {self.long_request_fraction:g}: requests above the price threshold have "
                "tokens; give their share as long_prompt_fraction as well"
            )
        return self


class EventSection(Section):
    """[[demand.event]]: something that may happen once and multiplies requests from then on."""

    name: Name
    probability: Share
    month: Month
    size: Positive
    request_types: list[Name] = Field(default_factory=lambda: ["*"])


class FittedKeySection(Section):
    """One key of [demand] as `planner calibrate` fitted it; lists where the key is one."""

    value: Numbers = Field(description="as fitted; a list where the key is one")
    p10: Numbers = Field(description="the true value is below it one time in ten")
    p90: Numbers = Field(description="the true value is above it one time in ten")
    source: Literal["data", "prior", "user"] = Field(description="what it mostly rests on; user: typed, and not fitted")
    weight_of_data: Share = Field(description="share of the prior's uncertainty that the log has taken away")


class FittedSection(Section):
    """[demand.fitted]: written by `planner calibrate`. A key of [demand] that still has the value recorded here is
    fitted again; any other value is the user's."""

    rests_on: str = Field(description="the part of the log that the fit rests on")
    level_sd: FittedKeySection | None = None
    growth_per_year: FittedKeySection | None = None
    growth_damping_per_month: FittedKeySection | None = None
    monthly_volatility: FittedKeySection | None = None
    common_share: FittedKeySection | None = None
    monthly_noise: FittedKeySection | None = None
    noise_ar1: FittedKeySection | None = None
    token_drift_per_year: FittedKeySection | None = None
    leave_probability_per_quarter: FittedKeySection | None = None
    largest_customer_fraction: FittedKeySection | None = None
    rebound: FittedKeySection | None = None
    season: FittedKeySection | None = None


class DemandSection(Section):
    """[demand]: how the run rate may move. Keys that are left out are fitted to the log, where there is one."""

    level_sd: Annotated[float, Field(ge=0, le=3)] = 0.10
    growth_per_year: Rate = Field(default_factory=lambda: rate_from_quantiles(0.0, 1.56))
    growth_damping_per_month: Annotated[float, Field(gt=0, le=1)] = 0.98
    monthly_volatility: Annotated[float, Field(ge=0, le=3)] = 0.06
    common_share: Share = 0.5
    monthly_noise: Annotated[float, Field(ge=0, le=3)] = 0.10
    noise_ar1: Annotated[float, Field(gt=-1, lt=1)] = 0.3
    token_drift_per_year: Rate = Field(default_factory=lambda: Point(0.0))
    leave_probability_per_quarter: Share = 0.05
    largest_customer_fraction: Share = Field(
        default=0.0,
        description="above 0: who may leave is a customer with this share of every type, not the largest type",
    )
    rebound: Fraction = Field(
        default_factory=lambda: Point(0.0), description="elasticity of requests to the cost of a request; 0: none"
    )
    season: list[Annotated[float, Field(gt=0)]] = Field(default_factory=lambda: [1.0] * 12)
    event: list[EventSection] = Field(default_factory=list)
    fitted: FittedSection | None = None


class DecisionSection(Section):
    """[decision]: what is decided on, and by which measure."""

    scenario: Name | None = Field(default=None, description="default: the last scenario")
    objective: Literal["expected_cost", "mean_cvar", "minimax_regret", "weighted"] = "expected_cost"
    scenario_weights: dict[str, Annotated[float, Field(ge=0, le=1e6)]] = Field(
        default_factory=dict, description='with objective = "weighted": scenario = weight; scaled to add up to 1'
    )
    money: Literal["nominal", "npv"] = Field(
        default="nominal", description="whether dollars count as paid or at their present value"
    )
    max_shortfall_probability: Share = 0.10
    shortfall_limit_per: Literal["term", "period"] = Field(
        default="term", description="the limit holds for a shortfall in any period of the term, or in each by itself"
    )
    cvar_loss: Literal["cost", "regret"] = "cost"
    cvar_weight: Annotated[float, Field(ge=0, le=1000)] = 1.0
    cvar_level: Annotated[float, Field(ge=0, lt=1)] = 0.9

    @field_validator("cvar_loss", mode="before")
    @classmethod
    def _waste_is_no_objective(cls, value: object) -> object:
        if value == "waste":
            raise ValueError(
                "waste only serves as a constraint, because committing nothing always wastes least; give 'cost' or "
                "'regret', and limit waste with max_shortfall_probability"
            )
        return value


class PlanFile(Section):
    """A complete plan file, format 1."""

    format: Literal[1] = 1
    plan: PlanSection
    usage: UsageSection | None = None
    mix: list[MixSection] = Field(default_factory=list)
    prices: PricesSection = Field(default_factory=PricesSection)
    demand: DemandSection = Field(default_factory=DemandSection)
    team: list[TeamSection] = Field(default_factory=list)
    milestone: list[MilestoneSection] = Field(default_factory=list)
    evaluation: list[EvaluationSection] = Field(default_factory=list)
    evidence: list[EvidenceSection] = Field(default_factory=list)
    scenario: list[ScenarioSection] = Field(default_factory=list)
    contract: ContractSection
    fixed_spend: list[FixedSpendSection] = Field(default_factory=list)
    business_unit: list[BusinessUnitSection] = Field(default_factory=list)
    decision: DecisionSection = Field(default_factory=DecisionSection)
    offer: list[OfferSection] = Field(default_factory=list)
    ask: list[AskSection] = Field(default_factory=list)
    negotiation: NegotiationSection = Field(default_factory=NegotiationSection)
    signed: SignedSection | None = None
    alerts: AlertsSection = Field(default_factory=AlertsSection)
    assumption: list[AssumptionSection] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_source(self) -> "PlanFile":
        if self.usage is not None and self.usage.sources is None and not self.mix:
            raise ValueError("usage.sources is missing; give the files of a log, or [[mix]] entries typed in by hand")
        if (self.usage is None or self.usage.sources is None) == (not self.mix):
            raise ValueError("give either [usage] with the sources of a log, or [[mix]] entries typed in by hand")
        return self
