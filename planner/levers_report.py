"""What the levers bring, in words: the waterfall, unit costs before and after, break-evens, and JSON for scripts."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from planner.lever_savings import JointSaving, LeverEffort, TypeSaving, joint_savings, lever_efforts, type_savings
from planner.levers import LEVER_KINDS
from planner.levers_sentences import (
    KIND_WORDS,
    costs_of,
    discount_name,
    is_cost,
    levers_sentences,
    misstatement,
    told_scenario,
)
from planner.plan import Plan
from planner.risk import Estimate, RangedEstimate
from planner.tables import Table
from planner.units import MONTHS_PER_YEAR
from planner.waterfall import Step, Waterfall
from planner.words import break_even_words, count, months_words, percent, usd, usd_estimate, usd_short

Json = dict[str, Any]


def levers_tables(plan: Plan, found: Mapping[str, Waterfall]) -> list[Table]:
    """Every table of the levers: the waterfall, all scenarios, each type and model, each type, one-off efforts."""
    told = told_scenario(plan)
    if told is None:
        return []
    costs = costs_of(plan, told)
    return [
        waterfall_table(found[told]),
        waterfalls_table(plan, found),
        type_savings_table(told, type_savings(plan.prepared, costs)),
        joint_savings_table(told, joint_savings(plan.prepared, costs)),
        efforts_table(told, lever_efforts(plan.prepared, costs.scenario)),
    ]


def waterfall_table(found: Waterfall) -> Table:
    """From today's list spend to what is paid, step by step."""

    def row(name: str, value: RangedEstimate, alone: str = "") -> tuple[str, ...]:
        low, high = usd_short(value.p10), usd_short(value.p90)
        spread = low if low == high else f"{low} to {high}"
        return name, usd_estimate(value), spread, _of(value.mean, found.before), alone

    fixed = (f"seats and fees{_when(found)}", usd(found.fixed_usd), "", _of(found.fixed_usd, found.before), "")
    return Table(
        title=f"Waterfall of '{found.scenario}': list spend of contract year 1, from today to what is paid",
        columns=("step", "USD a year", "P10 to P90", "of today's", "by itself"),
        rows=(
            row("today", found.before),
            *(row(_step_name(step), step.usd, usd_estimate(step.alone)) for step in found.steps),
            row("optimised", found.after),
            *((fixed,) if found.fixed_usd else ()),
            row(discount_name(found), found.discount),
            row("what is paid", found.paid),
        ),
        numeric=frozenset({1, 2, 3, 4}),
        note=f"A saving is negative, and P10 the larger saving. {_discount_note(found)}{_additive_note(found)}",
    )


def _step_name(step: Step) -> str:
    """The kind, and that it costs where it does."""
    name = KIND_WORDS[step.kind]
    return f"{name} (costs more than it saves)" if is_cost(step.usd) else name


def _of(usd: float, whole: Estimate) -> str:
    return percent(usd / whole.mean) if whole.mean else "n/a"


def _discount_note(found: Waterfall) -> str:
    return f"Net discount: what the commitment takes off list{_when(found)}, less what a shortfall costs."


def _when(found: Waterfall) -> str:
    """The months of the year that the contract covers, where these are not all."""
    return "" if found.signed_months == MONTHS_PER_YEAR else f" in the {found.signed_months} months of the contract"


def _additive_note(found: Waterfall) -> str:
    if len(found.steps) < 2:
        return ""
    wrong = misstatement(found.additive_error, found.change)
    return (
        " Steps average over all orders in which levers could come, and add up. What each does by itself adds up to "
        f"{usd_estimate(found.additive)}{f', which would {wrong}' if wrong else ', the same'}."
    )


def waterfalls_table(plan: Plan, found: Mapping[str, Waterfall]) -> Table:
    """Every scenario with levers on one line, means only."""
    falls = [fall for fall in found.values() if fall.steps]
    kinds = [kind for kind in LEVER_KINDS if any(step.kind == kind for fall in falls for step in fall.steps)]
    rows = []
    for fall in falls:
        steps = {step.kind: usd_short(step.usd.mean) for step in fall.steps}
        decided = " (decided on)" if fall.scenario == plan.inputs.decision.scenario else ""
        rows.append(
            (
                f"{fall.scenario}{decided}",
                usd_short(fall.before.mean),
                *(steps.get(kind, "") for kind in kinds),
                usd_short(fall.after.mean),
                usd_short(fall.additive.mean),
                _signed_share(fall),
            )
        )
    return Table(
        title="Waterfalls of all scenarios, list spend of contract year 1",
        columns=("scenario", "today", *(KIND_WORDS[kind] for kind in kinds), "optimised", "added up", "overstates by"),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(kinds) + 5)),
        note="Added up: what each kind of lever would do by itself, as if levers did not compound.",
    )


def _signed_share(found: Waterfall) -> str:
    """The error of adding up as a share of the saving; nothing to overstate where nothing is saved."""
    return percent(found.additive_error.mean / found.change.mean) if found.change.mean < 0 else "n/a"


def type_savings_table(scenario: str, savings: Sequence[TypeSaving]) -> Table:
    """Every type and model that a lever touches: unit costs, escalation beside its break-even, saving a month."""
    errors = any(one.error_cost_usd_per_month for one in savings)
    rows = [
        (
            one.request_type,
            one.model or "no traffic",
            one.to or "stays",
            usd(one.saving_usd_per_month),
            verdict(one),
            usd(one.unit_cost_before_usd * 1000, cents=True),
            usd(one.unit_cost_after_usd * 1000, cents=True),
            "" if one.escalation is None else percent(one.escalation),
            "" if one.to is None else break_even_words(one.break_even_escalation),
            *((usd(one.error_cost_usd_per_month),) if errors else ()),
        )
        for one in savings
    ]
    columns = ("before", "after", "escalation", "break-even", *(("errors a month",) if errors else ()))
    return Table(
        title=f"Types and models in '{scenario}': list cost per 1,000 requests that a lever touches, at full adoption",
        columns=("request type", "from", "to", "saves a month", "pays", *columns),
        rows=tuple(rows),
        numeric=frozenset({3, *range(5, 5 + len(columns))}),
        note="A route counts the cheap call, escalations paid again, router and judge, other levers apart; it pays "
        "while its escalation is below the break-even. What stays has all its other levers.",
    )


def verdict(one: TypeSaving) -> str:
    """Whether it pays, and why not."""
    if one.pays:
        return "yes"
    if one.saving_usd_per_month < 0:
        return "no: costs more"
    return "no: wrong answers cost more" if one.error_cost_usd_per_month else "moves no money"


def joint_savings_table(scenario: str, savings: Sequence[JointSaving]) -> Table:
    """Every type of the mix, all levers together at full adoption."""
    rows = [
        (
            one.request_type,
            count(one.monthly_requests),
            usd(one.unit_cost_before_usd * 1000, cents=True),
            usd(one.unit_cost_after_usd * 1000, cents=True),
            percent(one.unit_cost_after_usd / one.unit_cost_before_usd - 1.0) if one.unit_cost_before_usd else "n/a",
            usd(one.saving_usd_per_month),
        )
        for one in savings
    ]
    return Table(
        title=f"Types in '{scenario}': list cost per 1,000 requests, all levers together",
        columns=("request type", "requests a month", "before", "after", "change", "saves a month"),
        rows=tuple(rows),
        numeric=frozenset(range(1, 6)),
        note="At full adoption, at the level before growth. What saves next to nothing is not worth the effort.",
    )


def efforts_table(scenario: str, efforts: Sequence[LeverEffort]) -> Table:
    """What levers cost once, and when that is earned back; no rows where no effort is given."""
    rows = [
        (
            KIND_WORDS[one.kind],
            one.request_type,
            one.to or "",
            usd(one.one_off_usd),
            usd(one.saving_usd_per_month),
            months_words(one.payback_months),
        )
        for one in efforts
    ]
    return Table(
        title=f"One-off efforts in '{scenario}' and when they are earned back",
        columns=("lever", "request type", "to", "one-off", "saves a month", "payback"),
        rows=tuple(rows),
        numeric=frozenset({3, 4, 5}),
        note="Saving a month of the lever by itself, fully adopted; in no other figure is the effort counted.",
    )


def levers_json(plan: Plan, found: Mapping[str, Waterfall]) -> Json:
    """Everything that `planner levers --json` prints; a saving is a negative change, dollars are contract year 1's."""
    return {
        "baseline": plan.inputs.baseline,
        "decision_scenario": plan.inputs.decision.scenario,
        "paths": plan.n_paths,
        "priced_on": plan.prepared.priced_on.isoformat(),
        "scenarios": {name: _waterfall_json(fall) | _savings_json(plan, name) for name, fall in found.items()},
        "sentences": list(levers_sentences(plan, found)),
        "warnings": list(plan.warnings),
    }


def _waterfall_json(fall: Waterfall) -> Json:
    figures: dict[str, Estimate] = {
        "before": fall.before,
        "after": fall.after,
        "change": fall.change,
        "discount": fall.discount,
        "paid": fall.paid,
        "additive_total": fall.additive,
        "additive_error": fall.additive_error,
        "additive_total_with_discount": fall.naive,
        "additive_error_with_discount": fall.naive_error,
    }
    return {
        "waterfall": [_step_json(step, fall.before) for step in fall.steps],
        **{f"{name}_usd_per_year": value.mean for name, value in figures.items()},
        **{f"{name}_se_usd": _finite(value.se) for name, value in figures.items()},
        **{
            f"{name}_{level}_usd_per_year": getattr(value, level)
            for name, value in figures.items()
            if isinstance(value, RangedEstimate)
            for level in ("p10", "p90")
        },
        "fixed_spend_usd_per_year": fall.fixed_usd,
        "signed_months": fall.signed_months,
        "discount_fraction": fall.discount_fraction,
    }


def _step_json(step: Step, before: Estimate) -> Json:
    return {
        "step": step.kind,
        "usd_per_year": step.usd.mean,
        "se_usd": _finite(step.usd.se),
        "p10": step.usd.p10,
        "p90": step.usd.p90,
        "fraction_of_before": step.usd.mean / before.mean if before.mean else None,
        "fraction_p10": step.of_before[0],
        "fraction_p90": step.of_before[1],
        "alone_usd_per_year": step.alone.mean,
        "alone_se_usd": _finite(step.alone.se),
    }


def _savings_json(plan: Plan, scenario: str) -> Json:
    costs = costs_of(plan, scenario)
    return {
        "types": [_type_json(one) for one in type_savings(plan.prepared, costs)],
        "by_type": [_joint_json(one) for one in joint_savings(plan.prepared, costs)],
        "efforts": [_effort_json(one) for one in lever_efforts(plan.prepared, costs.scenario)],
    }


def _type_json(one: TypeSaving) -> Json:
    return {
        "request_type": one.request_type,
        "from": one.model or None,
        "to": one.to,
        "unit_cost_before_usd": one.unit_cost_before_usd,
        "unit_cost_after_usd": one.unit_cost_after_usd,
        "break_even_escalation": one.break_even_escalation,
        "escalation": one.escalation,
        "saving_usd_per_month": one.saving_usd_per_month,
        "error_cost_usd_per_month": one.error_cost_usd_per_month,
        "pays": one.pays,
    }


def _joint_json(one: JointSaving) -> Json:
    return {
        "request_type": one.request_type,
        "monthly_requests": one.monthly_requests,
        "unit_cost_before_usd": one.unit_cost_before_usd,
        "unit_cost_after_usd": one.unit_cost_after_usd,
        "saving_usd_per_month": one.saving_usd_per_month,
    }


def _effort_json(one: LeverEffort) -> Json:
    return {
        "step": one.kind,
        "request_type": one.request_type,
        "to": one.to,
        "one_off_usd": one.one_off_usd,
        "saving_usd_per_month": one.saving_usd_per_month,
        "payback_months": one.payback_months,
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
