"""From a plan file to PlanInputs: the only parser of assumptions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from planner.billed.records import BilledSource
from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import Decision, PlanInputs, TargetError, TypedMix, UsageInputs
from planner.levers import Scenario
from planner.named_files import NamedFiles
from planner.plan_file.assumption_keys import known_paths
from planner.plan_file.assumption_sections import notes_of
from planner.plan_file.contract_loader import contract_notes, contract_of
from planner.plan_file.demand import demand_model, priors, typed_keys, typed_part
from planner.plan_file.evaluation_loader import evaluations_of
from planner.plan_file.evidence_sections import evidence_of
from planner.plan_file.lever_loader import assumed, scenarios_of
from planner.plan_file.mistakes import explain, located
from planner.plan_file.named_evidence import named_evidence
from planner.plan_file.price_loader import price_inputs
from planner.plan_file.quote_loader import QuoteReader
from planner.plan_file.schedule import Schedule
from planner.plan_file.schema import (
    MixSection,
    PlanFile,
    PlanSection,
    TargetErrorSection,
)
from planner.plan_file.signed_sections import alert_notes, signed_of
from planner.plan_file.toml_document import toml_document
from planner.plan_file.unit_sections import business_units_of
from planner.plan_file.usage_sections import UsageSection, request_type_reading
from planner.units import TOKEN_COLUMNS
from planner.usage.addresses import engine_address
from planner.usage.read import UsageSource

_PATHS = 16_384
_MOST_PATHS = 1_048_576


def load_plan(path: Path) -> PlanInputs:
    """Read and check a plan file; InputError names the key's path, the value and what is allowed."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot read the plan {path}: {error.strerror}. `planner init DIR` writes one") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    try:
        return parse_plan(text, base_dir=path.resolve().parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def parse_plan(text: str, *, base_dir: Path, files: NamedFiles | None = None) -> PlanInputs:
    """Check a plan's text; addresses in it are relative to base_dir.

    files: where evidence and what evaluations name is, unless in base_dir too.
    """
    document = toml_document(text)
    if isinstance(version := document.get("format", 1), int) and version > 1:
        raise InputError(f"format = {version}: this version of the planner reads format 1; update the planner")
    try:
        file = PlanFile.model_validate(document)
    except ValidationError as error:
        raise InputError(explain(error)) from None
    inputs = _inputs(file, document, text=text, base_dir=base_dir, files=files or NamedFiles(base_dir=base_dir))
    if not file.assumption:
        return inputs
    return replace(inputs, assumption_notes=notes_of(file.assumption, known_paths(document)))


def _inputs(file: PlanFile, document: Mapping[str, Any], *, text: str, base_dir: Path, files: NamedFiles) -> PlanInputs:
    prices = price_inputs(file.prices)
    contract = contract_of(file, prices)
    schedule = Schedule.of(file.team, file.milestone)
    sections, file_evidence = named_evidence(file, prices, files)
    scenarios, baseline = scenarios_of(sections, schedule)
    given = typed_keys(document.get("demand", {}))
    quoted = QuoteReader(file=file, document=document, prices=prices)
    return PlanInputs(
        name=file.plan.name,
        start=_start(file.plan),
        months=_months(file.plan, contract),
        paths=_paths(file.plan),
        target_error=_target_error(file.plan.target_error),
        seed=file.plan.seed,
        usage=_usage(file.usage, base_dir) if file.usage and file.usage.sources else None,
        actual_usage=_usage(file.usage, base_dir) if file.usage else None,
        mix=_typed_mix(file.mix),
        prices=prices,
        demand=located("demand", demand_model, file.demand),
        demand_at_defaults=located("demand", demand_model, typed_part(file.demand, given)),
        demand_given=given,
        scenarios=scenarios,
        baseline=baseline,
        evidence=evidence_of(file.evidence),
        file_evidence=file_evidence,
        evaluations=evaluations_of(file.evaluation, files),
        contract=contract,
        decision=_decision(file, scenarios),
        priors=priors(file, given),
        notes=(*assumed(sections), *schedule.unused(scenarios), *contract_notes(file), *_alert_notes(file, document)),
        text=text,
        base_dir=base_dir,
        files=files,
        quotes=quoted.quotes(),
        asks=quoted.asks(),
        target_share=file.negotiation.target_share,
        business_units=business_units_of(file.business_unit),
        signed=signed_of(file.signed, file.alerts, contract, start=file.plan.start, priced_on=prices.on),
    )


def _alert_notes(file: PlanFile, document: Mapping[str, Any]) -> tuple[str, ...]:
    return alert_notes(file.signed, alerts_given="alerts" in document)


def _start(section: PlanSection) -> date:
    if section.start.day != 1:
        raise InputError(f"plan.start = {section.start}: give the first day of a month; a contract starts on one")
    return section.start


def _months(section: PlanSection, contract: Contract) -> int:
    months = section.months if section.months is not None else contract.term_months
    if months < contract.term_months:
        raise InputError(
            f"plan.months = {months} is shorter than contract.term_months = {contract.term_months}; "
            "leave it out or make it at least the term"
        )
    return months


def _paths(section: PlanSection) -> int:
    if section.paths is not None:
        return section.paths
    return _PATHS if section.target_error is None else _MOST_PATHS


def _target_error(section: TargetErrorSection | None) -> TargetError | None:
    if section is None:
        return None
    if section.shortfall_probability is None and section.expected_cost_fraction is None:
        raise InputError("plan.target_error: give shortfall_probability or expected_cost_fraction, or leave it out")
    return TargetError(
        shortfall_probability=section.shortfall_probability, expected_cost_fraction=section.expected_cost_fraction
    )


def _usage(section: UsageSection, base_dir: Path) -> UsageInputs:
    window = section.window
    if window and window.from_ and window.to and window.from_ > window.to:
        raise InputError(f"usage.window: from = {window.from_} is after to = {window.to}; swap them")
    if section.engine is not None:
        engine_address(section.engine)
    return UsageInputs(
        source=UsageSource(
            sources=tuple(section.sources or ()),
            base_dir=base_dir,
            format=section.format,
            columns=dict(section.columns),
            constants=dict(section.constants),
            request_type=request_type_reading(section.request_type),
            skip_bad_rows=section.skip_bad_rows,
            engine=section.engine,
        ),
        window=(window.from_, window.to) if window else (None, None),
        exclusions=tuple(
            item.exclusion(f"usage.exclude[{index}]") for index, item in enumerate(section.exclude, start=1)
        ),
        rules=tuple(item.rule() for item in section.rule),
        billed=BilledSource(
            sources=tuple(section.billed),
            base_dir=base_dir,
            invoices=tuple(item.invoice() for item in section.invoice),
        ),
    )


def _typed_mix(sections: Sequence[MixSection]) -> tuple[TypedMix, ...]:
    seen: set[tuple[str, str]] = set()
    for index, section in enumerate(sections, start=1):
        pair = (section.request_type, section.model)
        if pair in seen:
            raise InputError(
                f"mix[{index}]: '{pair[0]}' on {pair[1]} is typed in twice; add the requests up in one entry"
            )
        seen.add(pair)
    return tuple(
        TypedMix(
            request_type=section.request_type,
            model=section.model,
            monthly_requests=section.monthly_requests,
            tokens_per_request=tuple(float(getattr(section, column)) for column in TOKEN_COLUMNS),
            batch_fraction=section.batch_fraction,
            long_prompt_fraction=section.long_prompt_fraction,
            long_request_fraction=section.long_request_fraction,
            web_searches_per_request=section.web_searches,
            code_execution_hours_per_request=section.code_execution_hours,
        )
        for section in sections
    )


def _decision(file: PlanFile, scenarios: Sequence[Scenario]) -> Decision:
    section, names = file.decision, [scenario.name for scenario in scenarios]
    name = section.scenario if section.scenario is not None else names[-1]
    if name not in names:
        raise InputError(f"decision.scenario = '{name}' is not a scenario of this plan. Known: {', '.join(names)}")
    if section.objective == "weighted" and not section.scenario_weights:
        raise InputError(
            f'decision.objective = "weighted" needs scenario_weights, such as {{ "{names[0]}" = 1 }}; '
            f"scenarios: {', '.join(names)}"
        )
    return Decision(
        scenario=name,
        objective=section.objective,
        max_shortfall_probability=section.max_shortfall_probability,
        cvar_loss=section.cvar_loss,
        cvar_weight=section.cvar_weight,
        cvar_level=section.cvar_level,
        scenario_weights=_weights(section.scenario_weights, names),
        money=section.money,
        shortfall_limit_per=section.shortfall_limit_per,
    )


def _weights(given: Mapping[str, float], names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """(scenario, weight), weights adding up to 1, in the order of the scenarios."""
    if unknown := next((name for name in given if name not in names), None):
        raise InputError(
            f"decision.scenario_weights: '{unknown}' is not a scenario of this plan. Known: {', '.join(names)}"
        )
    total = sum(given.values())
    if given and total == 0:
        raise InputError("decision.scenario_weights: every weight is 0; give one scenario a weight above 0")
    return tuple((name, given[name] / total) for name in names if name in given)
