"""What the numbers of a plan rest on: prices, seed and paths, the mix, demand, levers, terms, each with its source."""

from collections.abc import Iterator
from math import isfinite
from typing import Final

from planner.assumed.answered import NOT_GIVEN, Answered, answered
from planner.assumed.assumption import CHOSEN, DEFAULT, PRIOR, YOURS, Assumption
from planner.identity import program
from planner.plan import Plan
from planner.prepared import Prepared
from planner.provenance import Basis, Input
from planner.risk import Estimate
from planner.streams import REPLICATES
from planner.words import count, counted, percent, usd, usd_short

_LEVER_KEYS: Final = ("to", "share", "escalation", "cacheable_fraction", "hit_rate", "cut")
_MOST_LEVERS: Final = 12
_UNSPREAD: Final = ("growth_damping_per_month", "common_share", "noise_ar1", "season")
"""Keys of [demand] that shape others and add no uncertainty of their own."""


def basis_of(plan: Plan) -> Basis:
    """What all numbers of a plan share."""
    return basis(plan.prepared, plan.n_paths)


def basis(prepared: Prepared, paths: int) -> Basis:
    """What all numbers share that rest on so many paths of what is prepared."""
    inputs, book = prepared.inputs, prepared.price_book
    own = counted(len(inputs.prices.overrides), "override")
    overrides = f", with {own} of the plan" if inputs.prices.overrides else ""
    return Basis(
        plan=inputs.name,
        plan_sha256=inputs.sha256,
        priced_on=prepared.priced_on,
        prices=f"{inputs.prices.provider}, price data {book.snapshot} checked on {book.checked_on}{overrides}",
        seed=inputs.seed,
        paths=paths,
        version=program(),
    )


def simulated(plan: Plan, scenario: str) -> str:
    """The source of what is counted over paths."""
    return f"simulated: {count(plan.n_paths)} paths of '{scenario}'"


def error_of(plan: Plan, value: Estimate, words: str) -> str:
    """A Monte Carlo standard error in words. words: the error as the number's own words tell it."""
    return error_over(plan.n_paths, value, words)


def error_over(n_paths: int, value: Estimate, words: str) -> str:
    """The same over so many paths."""
    paths = f"{count(n_paths)} paths in {REPLICATES} independent randomisations"
    if value.se == 0:
        return f"No Monte Carlo error: the same on all {paths}."
    if not isfinite(value.se):
        return f"The Monte Carlo error is not known from {paths}."
    return f"Monte Carlo standard error {words}, from the scatter over {paths}."


def assumption_input(answer: Answered, *, symbol: str = "", name: str = "") -> Input:
    """An assumption as an input: its value with its spread, and the key, log, quote or prior that it comes from."""
    item = answer.assumption
    return Input(
        symbol=symbol,
        name=name or f"{item.section}: {item.name.replace('_', ' ')}",
        value=_value(item),
        source=_source(answer),
        number=None if isinstance(item.value, str | bool) else float(item.value),
    )


def _source(answer: Answered) -> str:
    item, said = answer.assumption, "" if answer.source == NOT_GIVEN else answer.source
    if item.origin == YOURS:
        return f"plan file, {item.key}" + (f": {said}" if said else "")
    if item.origin in (PRIOR, DEFAULT):
        return f"{said}; yours would stand under {item.key}"
    if item.origin == CHOSEN:
        return said
    return f"{item.origin}: {said}" if said else item.origin


def _value(item: Assumption) -> str:
    shown = _words(item, item.value)
    if item.p10_p90 is not None:
        low, high = (_words(item, value) for value in item.p10_p90)
        shown += f" (P10 {low}, P90 {high})"
    has_unit = item.unit and item.section != "Decision" and item.style in ("percent", "number", "count")
    return f"{shown} {item.unit}" if has_unit else shown


def _words(item: Assumption, value: float | str | bool) -> str:
    if isinstance(value, str | bool):
        return str(value).replace("_", " ") if item.section == "Decision" else str(value)
    if item.style == "percent":
        return percent(value)
    if item.style == "usd":
        return usd_short(value)
    if item.style in ("usd_small", "usd_cents"):
        return f"${value:,.4g}"
    return count(value) if item.style == "count" else f"{value:.4g}"


def spend_rests_on(plan: Plan, scenario: str) -> tuple[Input, ...]:
    """What list spend in a scenario rests on: mix, prices, demand and how prices move, and the scenario's levers."""
    rows = answered(plan)
    return (
        *_mix(plan),
        *(assumption_input(row) for row in rows if _is_demand(row.assumption)),
        *_levers([row for row in rows if row.assumption.path[:2] == ("scenario", scenario)], scenario),
    )


def _mix(plan: Plan) -> Iterator[Input]:
    lines, measured = plan.prepared.mix_lines, plan.prepared.measurement
    total = sum(line.monthly_list_cost_usd for line in lines)
    what = f"{usd_short(total)} a month at list, {counted(len(lines), 'line')} of request types and models"
    typed = f"plan file, [[mix]]: {counted(len(plan.inputs.mix), 'entry', 'entries')}"
    yield Input(name="request mix, a level month", value=what, source=typed if measured is None else log_words(plan))
    yield Input(
        name="list prices",
        value=f"as of {plan.prepared.priced_on}",
        source="plan file, prices.on" if plan.inputs.prices.on else "the day the price data was checked, or the start",
    )


def log_words(plan: Plan) -> str:
    """The log that was measured: its files, its days, its requests, and what was left out of it."""
    measured, usage = plan.prepared.measurement, plan.inputs.usage
    assert measured is not None
    sources = ", ".join(usage.source.sources) if usage is not None else "the log"
    removed = sum(value for _, value in measured.excluded)
    left_out = f", less {usd(removed)} that [[usage.exclude]] leaves out" if removed > 0 else ""
    return (
        f"measured from {sources}, {measured.first.date()} to {measured.last.date()}: "
        f"{counted(measured.totals.requests, 'request')}{left_out}"
    )


def _is_demand(item: Assumption) -> bool:
    """Whether it moves spend: a key of [demand] or of the list prices' moves that is not neutral, or an event."""
    if item.section.startswith("Event: "):
        return item.path[-1] in ("probability", "size")
    if item.section not in ("Demand", "List-price moves") or item.path[-1] in _UNSPREAD:
        return False
    return item.p10_p90 is not None or (isinstance(item.value, float | int) and item.value != 0)


def _levers(rows: list[Answered], scenario: str) -> Iterator[Input]:
    named = [row for row in rows if row.assumption.path[-1] in _LEVER_KEYS]
    for row in named[:_MOST_LEVERS]:
        yield assumption_input(row)
    if len(named) > _MOST_LEVERS:
        rest = counted(len(named) - _MOST_LEVERS, "more assumption")
        yield Input(name="other levers", value=rest, source=f"plan file, [[scenario]] '{scenario}'; sheet Assumptions")
    if not named:
        yield Input(name="levers", value="none", source=f"scenario '{scenario}' leaves the mix as it is")
