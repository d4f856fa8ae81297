"""Where list spend comes from: a scenario's year, its saving against the baseline, and the level month."""

from typing import Final

from planner.plan import Plan
from planner.provenance import EXACT, Input, Provenance
from planner.provenance_of.rests_on import basis_of, error_of, log_words, simulated, spend_rests_on
from planner.words import count, percent, usd, usd_estimate

_MOST_LINES: Final = 12


def annual_spend(plan: Plan, scenario: str) -> Provenance:
    """Expected list spend of months 1 to 12."""
    summary = plan.summaries[scenario]
    words, months = usd_estimate(summary.annual), summary.monthly_mean_usd[:12].tolist()
    _, _, error = words.partition(" ± ")
    return Provenance(
        name=f"Annual list spend of '{scenario}'",
        value=words,
        formula="list spend of month t = sum over types of requests(t) * list cost of a request(t)\n"
        "annual = mean over paths of the sum of months 1 to 12",
        section="Demand",
        inputs=tuple(
            Input(
                symbol=f"E[month {month}]",
                name="mean list spend",
                value=usd(value),
                source=simulated(plan, scenario),
                number=value,
            )
            for month, value in enumerate(months, start=1)
        ),
        basis=basis_of(plan),
        error=error_of(plan, summary.annual, f"± ${error}"),
        scenario=scenario,
        rests_on=spend_rests_on(plan, scenario),
    )


def run_rate_saving(plan: Plan, scenario: str) -> Provenance:
    """The saving of the last month of the term."""
    last, baseline = plan.inputs.contract.term_months - 1, plan.inputs.baseline
    means = {name: float(plan.spend[name].list_cost_usd[last].mean()) for name in (scenario, baseline)}
    return Provenance(
        name="Saving, last month" if scenario == plan.inputs.decision.scenario else f"Saving of '{scenario}'",
        value=percent(plan.summaries[scenario].run_rate_saving_fraction),
        formula="run-rate saving = 1 - E[last month, scenario] / E[last month, baseline]",
        section="What is shown beside it",
        inputs=tuple(
            Input(
                symbol=f"E[last month, {symbol}]",
                name=f"mean list spend of month {last + 1} in '{name}'",
                value=usd(means[name]),
                source=simulated(plan, name),
                number=means[name],
            )
            for symbol, name in (("scenario", scenario), ("baseline", baseline))
        ),
        basis=basis_of(plan),
        error="A ratio of two means on the same paths; its Monte Carlo error is not worked out.",
        scenario=scenario,
        rests_on=spend_rests_on(plan, scenario),
    )


def level_month(plan: Plan) -> Provenance:
    """What a level month costs at list: the lines of the mix, largest first."""
    lines, measured = plan.prepared.mix_lines, plan.prepared.measurement
    total = sum(line.monthly_list_cost_usd for line in lines)
    source = "plan file, [[mix]]" if measured is None else log_words(plan)
    shown, rest = lines[:_MOST_LINES], lines[_MOST_LINES:]
    inputs = [
        Input(
            name=f"{line.request_type} on {line.model}: {count(line.monthly_requests)} requests",
            value=usd(line.monthly_list_cost_usd),
            source=source,
            number=line.monthly_list_cost_usd,
        )
        for line in shown
    ]
    if rest:
        others = sum(line.monthly_list_cost_usd for line in rest)
        inputs.append(Input(name=f"{len(rest)} more lines", value=usd(others), source=source, number=others))
    return Provenance(
        name="A level month at list",
        value=usd(total),
        formula="month = sum over types and models of requests * list cost of a request\n"
        "list cost = sum over token classes of tokens * list price, each at its batch, cache and long-prompt factor",
        section="The level",
        inputs=tuple(inputs),
        basis=basis_of(plan),
        error=EXACT,
    )
