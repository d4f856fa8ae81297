"""From [[scenario]] of a plan file to scenarios, and what was assumed where a lever does not say it."""

from collections.abc import Sequence

from planner.distributions import JudgedEscalation, Point
from planner.errors import InputError
from planner.levers import BatchLever, CacheLever, ExtraCall, OutputLever, Route, Scenario
from planner.plan_file.lever_sections import ExtraCallSection, RouteSection, ScenarioSection
from planner.plan_file.schedule import Schedule
from planner.units import TOKEN_COLUMNS

IMPLICIT_BASELINE = "as is"


def scenarios_of(sections: Sequence[ScenarioSection], schedule: Schedule) -> tuple[tuple[Scenario, ...], str]:
    """The scenarios, an implicit baseline first where none is without levers, and the baseline's name.

    Errors: InputError for two scenarios of one name, and for levers that contradict themselves.
    """
    scenarios = tuple(_scenario(section, schedule) for section in sections)
    names = [scenario.name for scenario in scenarios]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two scenarios are named '{doubled}'; give each a name of its own")
    baseline = next((scenario.name for scenario in scenarios if not scenario.has_levers), None)
    if baseline is not None:
        return scenarios, baseline
    if IMPLICIT_BASELINE in names:
        raise InputError(f"the scenario '{IMPLICIT_BASELINE}' has levers; that name is kept for the mix as it is")
    return (Scenario(name=IMPLICIT_BASELINE), *scenarios), IMPLICIT_BASELINE


def _scenario(section: ScenarioSection, schedule: Schedule) -> Scenario:
    where = f"scenario '{section.name}'"
    return Scenario(
        name=section.name,
        routes=tuple(_route(route, schedule, where) for route in section.route),
        caches=tuple(
            CacheLever(
                request_type=cache.request_type,
                cacheable_fraction=cache.cacheable_fraction,
                hit_rate=cache.hit_rate,
                ttl=cache.ttl,
                one_off_usd=cache.one_off_usd,
                ramp=schedule.ramp(cache.ramp, where=f"{where}, cache of '{cache.request_type}'"),
            )
            for cache in section.cache
        ),
        batches=tuple(
            BatchLever(
                request_type=batch.request_type,
                share=batch.share,
                one_off_usd=batch.one_off_usd,
                ramp=schedule.ramp(batch.ramp, where=f"{where}, batch of '{batch.request_type}'"),
            )
            for batch in section.batch
        ),
        outputs=tuple(
            OutputLever(
                request_type=output.request_type,
                cut=output.cut,
                one_off_usd=output.one_off_usd,
                ramp=schedule.ramp(output.ramp, where=f"{where}, output of '{output.request_type}'"),
            )
            for output in section.output
        ),
    )


def _route(section: RouteSection, schedule: Schedule, where: str) -> Route:
    where = f"{where}, route of '{section.request_type}'"
    if section.to in section.from_ and len(section.from_) > 1:
        raise InputError(f"{where}: {section.to} stands under `from` and is the target; take it out of one of them")
    if (
        section.error_cost_usd > 0
        and section.rule_fraction.mean < 1
        and not isinstance(section.escalation, JudgedEscalation)
    ):
        raise InputError(
            f"{where}: error_cost_usd = {section.error_cost_usd:g} needs the share of wrong answers that the judge "
            "accepts, and `escalation` does not say it. Give escalation = { pass_rate = 0.9, fnr = 0.05, fpr = 0.10 } "
            "or { passed, failed, fnr, fpr }"
        )
    return Route(
        request_type=section.request_type,
        to=section.to,
        from_models=tuple(section.from_),
        share=section.share,
        rule_fraction=section.rule_fraction,
        escalation=section.escalation if section.escalation is not None else Point(0.0),
        escalate_to=section.escalate_to,
        overhead_usd_per_request=section.overhead_usd_per_request,
        router=_extra_call(section.router),
        judge=_extra_call(section.judge),
        moves=section.moves,
        token_ratio=section.token_ratio,
        output_ratio=section.output_ratio,
        long_prompts=section.long_prompts,
        long_prompt_fraction=section.long_prompt_fraction,
        long_request_fraction=section.long_request_fraction,
        error_cost_usd=section.error_cost_usd,
        rule_error_fraction=section.rule_error_fraction,
        one_off_usd=section.one_off_usd,
        ramp=schedule.ramp(section.ramp, where=where),
    )


def _extra_call(section: ExtraCallSection | None) -> ExtraCall | None:
    if section is None:
        return None
    return ExtraCall(
        usd_per_request=section.usd_per_request,
        model=section.model,
        tokens_per_request=tuple(float(getattr(section, column)) for column in TOKEN_COLUMNS),
    )


def assumed(sections: Sequence[ScenarioSection]) -> tuple[str, ...]:
    """What was assumed because a lever does not say it."""
    notes = []
    for scenario in sections:
        for route in scenario.route:
            what = f"scenario '{scenario.name}', route of '{route.request_type}' to {route.to}"
            if route.escalation is None:
                notes.append(f"{what}: no escalation given, so every routed answer is taken as accepted")
            if route.error_cost_usd > 0 and isinstance(route.escalation, JudgedEscalation) and not route.escalation.fpr:
                notes.append(
                    f"{what}: its escalation has fpr = 0, the default: the judge is taken to accept no wrong answer, "
                    f"so error_cost_usd = {route.error_cost_usd:g} counts for none of its answers"
                )
            if route.error_cost_usd > 0 and route.rule_fraction.mean > 0 and route.rule_error_fraction == 0:
                notes.append(
                    f"{what}: no rule_error_fraction given, so every answer that a rule sends is taken as right"
                )
            if route.rule_error_fraction > 0 and route.error_cost_usd == 0:
                notes.append(f"{what}: rule_error_fraction has no effect without error_cost_usd")
            if route.long_request_fraction is not None and route.long_prompts == "move":
                notes.append(f"{what}: long_request_fraction has no effect where long prompts move as well")
            if route.escalate_to == route.to:
                notes.append(f"{what}: escalates to {route.to} itself, so what it answered wrong is asked there again")
            if "share" not in route.model_fields_set:
                notes.append(f"{what}: no share given, so every request of the type is routed")
    return tuple(notes)
