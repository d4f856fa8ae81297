"""PlanInputs: every assumption of a plan, checked.

Two people with the same file and the same log get the same numbers: everything that the engine needs is here or is
addressed from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from planner.assumption_notes import AssumptionNote
from planner.billed.records import BilledSource
from planner.contract import Contract
from planner.demand import DemandModel
from planner.evaluation.evaluation import Evaluation
from planner.evidence.quality import Evidence
from planner.exclusions import Exclusion
from planner.levers import Scenario
from planner.named_files import NamedFiles
from planner.price_moves import PriceMoves
from planner.prices import OwnTerms, PriceBook, PriceOverride
from planner.quotes import Ask, Quote
from planner.signed import Signed
from planner.usage.read import UsageSource
from planner.usage.rules import TypeRule

Window = tuple[date | None, date | None]

EVERYTHING_ELSE: Final = "everything else"
"""The business unit of the request types that no other has, and of fixed spend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageInputs:
    """A log to measure: where it is, which days count, what is left out, and rules that name request types."""

    source: UsageSource
    window: Window
    exclusions: tuple[Exclusion, ...]
    billed: BilledSource = field(default_factory=BilledSource)
    rules: tuple[TypeRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedMix:
    """One request type on one model, typed in by hand; token counts and server tools are means per request."""

    request_type: str
    model: str
    monthly_requests: float
    tokens_per_request: tuple[float, ...]
    batch_fraction: float
    long_prompt_fraction: float | None
    long_request_fraction: float | None = None
    web_searches_per_request: float = 0.0
    code_execution_hours_per_request: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceInputs:
    """Whose prices, as of which day (None: when the price data was last checked), and how they may move.

    terms: what the plan says of prices beside overrides. snapshot: the price data that it was last priced with.
    """

    provider: Literal["anthropic", "bedrock", "vertex"]
    on: date | None
    overrides: tuple[PriceOverride, ...]
    moves: PriceMoves
    terms: OwnTerms = field(default_factory=OwnTerms)
    snapshot: str | None = None

    def price_book(self) -> PriceBook:
        """The prices of the plan. Errors: PriceError for terms that cannot be used."""
        return PriceBook.load(self.provider, self.overrides, self.terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided on, and by which measure.

    scenario_weights: (scenario, weight) for objective "weighted", weights adding up to 1. money: whether dollars count
    as paid or at their present value. shortfall_limit_per: whether max_shortfall_probability limits a shortfall in any
    period of the term, or in each period by itself.
    """

    scenario: str
    objective: Literal["expected_cost", "mean_cvar", "minimax_regret", "weighted"]
    max_shortfall_probability: float
    cvar_loss: Literal["cost", "regret"]
    cvar_weight: float
    cvar_level: float
    scenario_weights: tuple[tuple[str, float], ...] = ()
    money: Literal["nominal", "npv"] = "nominal"
    shortfall_limit_per: Literal["term", "period"] = "term"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetError:
    """How precise the recommendation has to be: largest standard errors, None where it does not matter."""

    shortfall_probability: float | None
    expected_cost_fraction: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEvidence:
    """An entry of an evidence file that a plan names. place: the file as the plan names it, and the entry."""

    place: str
    path: Path
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessUnit:
    """A part of the company that shares a commitment with others: its request types, at least one, are no other's."""

    name: str
    request_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanInputs:
    """All assumptions of a plan. `priors`: keys whose default is a judgement and not the user's own, in words.

    demand: as the plan has it. demand_given: the keys of [demand] that the user typed; the others are fitted to the log
    where there is one. demand_at_defaults: the same with every key that was not typed at its default. evidence: as the
    plan has it itself; file_evidence: of every evidence file that it names. files: where these and the files of its
    evaluations are looked for. signed: None before signing. actual_usage: how use after signing is read, also where the
    mix is typed in; None where nothing is said of it. assumption_notes: who answers for which key.
    """

    name: str
    start: date
    months: int
    paths: int
    target_error: TargetError | None
    seed: int
    usage: UsageInputs | None
    mix: tuple[TypedMix, ...]
    prices: PriceInputs
    demand: DemandModel
    demand_at_defaults: DemandModel
    demand_given: frozenset[str]
    scenarios: tuple[Scenario, ...]
    baseline: str
    evidence: tuple[Evidence, ...]
    contract: Contract
    decision: Decision
    priors: Mapping[str, str]
    notes: tuple[str, ...]
    text: str
    base_dir: Path
    quotes: tuple[Quote, ...] = ()
    asks: tuple[Ask, ...] = ()
    target_share: float = 0.5
    business_units: tuple[BusinessUnit, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    file_evidence: tuple[FileEvidence, ...] = ()
    files: NamedFiles = field(default_factory=lambda: NamedFiles(base_dir=Path()))
    signed: Signed | None = None
    actual_usage: UsageInputs | None = None
    assumption_notes: tuple[AssumptionNote, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of the plan file's text."""
        return sha256(self.text.encode()).hexdigest()

    def scenario(self, name: str) -> Scenario:
        """The scenario of a name; the caller has checked that it exists."""
        return next(scenario for scenario in self.scenarios if scenario.name == name)

    def evaluation(self, request_type: str) -> Evaluation | None:
        """What is to be shown on a type, None where the plan has no evaluation of it."""
        return next((item for item in self.evaluations if item.request_type == request_type), None)
