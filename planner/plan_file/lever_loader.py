"""From [[scenario]] of a plan file to scenarios, and what was assumed where a lever does not say it."""

from collections.abc import Sequence

from planner.distributions import Point
from planner.errors import InputError
from planner.levers import BatchLever, CacheLever, OutputLever, Ramp, Route, Scenario
from planner.plan_file.lever_sections import RampSection, RouteSection, ScenarioSection

IMPLICIT_BASELINE = "as is"


def _ramp(section: RampSection) -> Ramp:
    return Ramp(start_month=section.start_month, months=section.months, ceiling=section.ceiling)


def _route(section: RouteSection) -> Route:
    if section.to in section.from_:
        raise InputError(f"route of '{section.request_type}': {section.to} stands under `from` and is the target")
    return Route(
        request_type=section.request_type,
        to=section.to,
        from_models=tuple(section.from_),
        share=section.share,
        escalation=section.escalation if section.escalation is not None else Point(0.0),
        escalate_to=section.escalate_to,
        overhead_usd_per_request=section.overhead_usd_per_request,
        moves=section.moves,
        token_ratio=section.token_ratio,
        long_prompt_fraction=section.long_prompt_fraction,
        ramp=_ramp(section.ramp),
    )


def scenarios_of(sections: Sequence[ScenarioSection]) -> tuple[tuple[Scenario, ...], str]:
    """The scenarios, an implicit baseline first where none is without levers, and the baseline's name."""
    scenarios = tuple(
        Scenario(
            name=section.name,
            routes=tuple(_route(route) for route in section.route),
            caches=tuple(
                CacheLever(
                    request_type=cache.request_type,
                    cacheable_fraction=cache.cacheable_fraction,
                    hit_rate=cache.hit_rate,
                    ttl=cache.ttl,
                    ramp=_ramp(cache.ramp),
                )
                for cache in section.cache
            ),
            batches=tuple(
                BatchLever(request_type=batch.request_type, share=batch.share, ramp=_ramp(batch.ramp))
                for batch in section.batch
            ),
            outputs=tuple(
                OutputLever(request_type=output.request_type, cut=output.cut, ramp=_ramp(output.ramp))
                for output in section.output
            ),
        )
        for section in sections
    )
    names = [scenario.name for scenario in scenarios]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two scenarios are named '{doubled}'; give each a name of its own")
    baseline = next((scenario.name for scenario in scenarios if not scenario.has_levers), None)
    if baseline is not None:
        return scenarios, baseline
    if IMPLICIT_BASELINE in names:
        raise InputError(f"the scenario '{IMPLICIT_BASELINE}' has levers; that name is kept for the mix as it is")
    return (Scenario(name=IMPLICIT_BASELINE), *scenarios), IMPLICIT_BASELINE


def assumed(sections: Sequence[ScenarioSection]) -> tuple[str, ...]:
    """What was assumed because a lever does not say it."""
    notes = []
    for scenario in sections:
        for route in scenario.route:
            what = f"scenario '{scenario.name}', route of '{route.request_type}' to {route.to}"
            if route.escalation is None:
                notes.append(f"{what}: no escalation given, so every routed answer is taken as accepted")
            if "share" not in route.model_fields_set:
                notes.append(f"{what}: no share given, so every request of the type is routed")
    return tuple(notes)
