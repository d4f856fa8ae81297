"""Sentences and tables that only the pages show, made of the words of `planner.words`."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from planner.charts.commit_axis import counts_present_value
from planner.charts.mix import measured_months_frame
from planner.charts.style import shortened
from planner.measurement import Measurement
from planner.plan import Plan
from planner.provenance_of.spend import annual_spend, run_rate_saving
from planner.scenario_diff import Side, answer_of
from planner.sizing.expectation import Expectation
from planner.tables import Table
from planner.ui.commit.decision import years_words
from planner.ui.showing.figures import Figure, error_words
from planner.words import count, percent, usd, usd_estimate, usd_short

MOST_OF_THE_BILL = 0.8


def usage_conclusion(plan: Plan) -> tuple[str, ...]:
    """What a level month costs, what most of the bill is, and how much of it was measured."""
    lines = plan.prepared.mix_lines
    total = sum(line.monthly_list_cost_usd for line in lines)
    if not lines or total == 0:
        return ("Nothing was used, so there is nothing to commit to.",)
    shares = np.cumsum([line.share_of_bill for line in lines])
    most = int(np.searchsorted(shares, MOST_OF_THE_BILL - 1e-9)) + 1
    types = len({line.request_type for line in lines})
    models = sorted({line.model for line in lines[:most]})
    named = ", ".join(dict.fromkeys(shortened(line.request_type) for line in lines[:most]))
    on = ", ".join(models) if len(models) <= 3 else f"{len(models)} models"
    first = (
        f"A level month costs {usd_short(total)} at list: {named} on {on} "
        f"{'is' if most == 1 else 'are'} {percent(float(shares[most - 1]), 0)} of it, "
        f"out of {count(types)} request types."
    )
    return first, _basis(plan)


def _basis(plan: Plan) -> str:
    measurement = plan.prepared.measurement
    if measurement is None:
        return "The mix was typed into the plan, not measured."
    whole = measurement.complete_months
    months = f"{count(len(whole))} whole months ({whole[0]} to {whole[-1]})" if whole else "less than one whole month"
    if len(whole) == 1:
        months = f"one whole month ({whole[0]})"
    removed = sum(usd for _, usd in measurement.excluded)
    taken = f", after leaving out {usd(removed)} that will not recur" if removed > 0 else ""
    return f"Measured on {count(measurement.totals.requests)} requests in {months}{taken}."


def months_table(measurement: Measurement) -> Table:
    """Measured months with what the log covers of each."""
    frame = measured_months_frame(measurement)
    rows = tuple((str(row.month), str(row.state), usd(float(row.usd))) for row in frame.itertuples())
    return Table(title="Measured months", columns=("month", "covered", "list cost"), rows=rows, numeric=frozenset({2}))


def exclusions_table(measurement: Measurement) -> Table:
    """What was left out of the baseline, why, and what it cost."""
    rows = tuple((str(exclusion), exclusion.reason, usd(removed)) for exclusion, removed in measurement.excluded)
    return Table(
        title="Left out of the baseline",
        columns=("what", "why", "list cost removed"),
        rows=rows,
        numeric=frozenset({2}),
        note="Listed in the plan under [[usage.exclude]]; nothing is left out silently.",
    )


def run_rate_conclusion(plan: Plan) -> tuple[str, ...]:
    """The first year at list as it is and as decided on, and the saving by the last month."""
    decided, baseline = plan.inputs.decision.scenario, plan.inputs.baseline
    after, before = plan.summaries[decided], plan.summaries[baseline]
    if decided == baseline:
        return (f"The first year costs {usd_estimate(before.annual)} at list in '{baseline}'; no lever is decided on.",)
    saving = after.run_rate_saving_fraction
    change = f"{percent(saving)} below" if saving >= 0 else f"{percent(-saving)} above"
    first = (
        f"By the last month '{decided}' runs {change} '{baseline}': the first year costs "
        f"{usd_estimate(after.annual)} at list, not {usd_estimate(before.annual)}."
    )
    p10, p90 = after.annual_quantiles_usd[1], after.annual_quantiles_usd[3]
    return first, f"Eight years in ten it lies between {usd_short(float(p10))} and {usd_short(float(p90))}."


def run_rate_figures(plan: Plan) -> list[Figure]:
    """Annual list spend as it is and as decided on, and the saving."""
    decided, baseline = plan.inputs.decision.scenario, plan.inputs.baseline
    figures = []
    for name in dict.fromkeys([baseline, decided]):
        summary = plan.summaries[name]
        words = usd_estimate(summary.annual)
        meaning = f"Expected list spend of months 1 to 12 in '{name}': {words}"
        value = usd_short(summary.annual.mean)
        figures.append(
            Figure(
                name=shortened(name),
                value=value,
                error=error_words(words),
                meaning=meaning,
                provenance=partial(annual_spend, plan, name),
            )
        )
    saving = plan.summaries[decided].run_rate_saving_fraction
    meaning = "List spend of the last month of the term against the baseline's"
    origin = partial(run_rate_saving, plan, decided)
    return [*figures, Figure(name="Saving, last month", value=percent(saving), meaning=meaning, provenance=origin)]


def months_ahead_table(plan: Plan, scenarios: Sequence[str]) -> Table:
    """Monthly list spend P10, P50, P90 of scenarios."""
    start, rows = plan.inputs.start, []
    for month in range(plan.inputs.months):
        index = start.year * 12 + start.month - 1 + month
        cells = [f"{index // 12}-{index % 12 + 1:02d}"]
        for name in scenarios:
            cells += [usd_short(float(value)) for value in plan.summaries[name].monthly_quantiles_usd[:, month]]
        rows.append(tuple(cells))
    columns = ("month", *(f"{name}: {level}" for name in scenarios for level in ("P10", "P50", "P90")))
    return Table(
        title="Monthly list spend", columns=columns, rows=tuple(rows), numeric=frozenset(range(1, len(columns)))
    )


def annual_chances_table(plan: Plan, scenarios: Sequence[str]) -> Table:
    """Annual list spend that is exceeded with a chance."""
    chances = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01)
    amounts = [np.quantile(plan.spend[name].annual_list_cost_usd(), [1 - c for c in chances]) for name in scenarios]
    rows = tuple(
        (percent(chance, 0), *(usd_short(float(column[index])) for column in amounts))
        for index, chance in enumerate(chances)
    )
    return Table(
        title="Annual list spend exceeded with a chance of",
        columns=("chance", *scenarios),
        rows=rows,
        numeric=frozenset(range(len(scenarios) + 1)),
    )


def compare_conclusion(plan: Plan) -> tuple[str, ...]:
    """Which scenario costs least at list, and by how much it differs from the baseline."""
    cheapest = min(plan.summaries, key=lambda name: plan.summaries[name].annual.mean)
    baseline = plan.inputs.baseline
    if cheapest == baseline:
        return (f"No scenario is cheaper at list than '{baseline}', {usd_estimate(plan.summaries[baseline].annual)}.",)
    return (
        f"'{cheapest}' costs least at list: {usd_estimate(plan.summaries[cheapest].annual)} in the first year, against "
        f"{usd_estimate(plan.summaries[baseline].annual)} for '{baseline}'.",
        "Scenarios are run on the same demand and price paths, so they differ by their levers and not by luck.",
    )


def _best_in(plan: Plan, scenario: str) -> tuple[Expectation, float, float]:
    """What to sign if a scenario comes true, its expected cost and list spend as billed over the term, USD."""
    sample = plan.samples[scenario]
    best = sample.expect([answer_of(Side(plan=plan, scenario=scenario))])[0]
    if not counts_present_value(plan):
        return best, best.expected_cost_usd, sample.on_demand_usd
    outcome = plan.outcome(best.offer, scenario=scenario)
    return best, outcome.expected_cost.mean, outcome.on_demand_cost_usd


def scenario_commitments_table(plans: Sequence[Plan]) -> Table:
    """The commitment that is best if each scenario is the one that comes true."""
    rows = []
    for index, plan in enumerate(plans, start=1):
        for name in plan.samples:
            best, cost, listed = _best_in(plan, name)
            decided = name == plan.inputs.decision.scenario
            rows.append(
                (
                    (f"{index}. " if len(plans) > 1 else "") + name + (" (decided on)" if decided else ""),
                    "none" if best.offer.is_none else years_words(plan, best.offer),
                    percent(best.offer.discount_fraction),
                    usd_short(cost),
                    percent(1.0 - cost / listed if listed else 0.0),
                    percent(best.shortfall_probability),
                    usd_short(best.expected_shortfall_usd),
                )
            )
    return Table(
        title="What to sign if that scenario comes true",
        columns=(
            "scenario",
            "a year",
            "discount",
            "expected cost",
            "below list",
            "shortfall risk",
            "expected shortfall",
        ),
        rows=tuple(rows),
        numeric=frozenset(range(1, 7)),
        note="Each for its own scenario alone, by the plan's objective and limit on the shortfall risk.",
    )
