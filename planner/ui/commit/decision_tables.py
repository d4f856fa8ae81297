"""Tables beside the charts of the page Commit: the ledger, the periods, the frontier, the dead zone."""

import numpy as np

from planner.charts.commit_axis import RISK_OF, commit_on_axis, cost_title, counts_present_value, limited_chance
from planner.charts.ledger import period_name, periods_frame
from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.tables import Table
from planner.ui.commit.decision import alternatives, is_over, least_usd, more_words, years_words
from planner.words import percent, percent_estimate, usd, usd_rounded_down, usd_short

_LEDGER = {
    "committed_usd": "committed",
    "drawn_current_usd": "drawn, current",
    "drawn_banked_usd": "drawn, banked",
    "forfeited_usd": "forfeited",
    "waived_usd": "waived",
    "banked_usd": "banked at the end",
    "overage_usd": "overage",
    "outside_usd": "outside",
    "paid_usd": "paid",
}
_ONLY_WHERE_ANY = ("drawn_banked_usd", "waived_usd", "banked_usd", "outside_usd")
_MOST_ROWS = 14


def ledger_table(plan: Plan, outcome: OfferOutcome) -> Table:
    """What each period is expected to come to, and the term; columns that are nothing but zeros are left out."""
    shown = {
        name: words
        for name, words in _LEDGER.items()
        if name not in _ONLY_WHERE_ANY or any(getattr(row, name) > 0 for row in outcome.ledger)
    }
    rows = [
        (
            period_name(plan.inputs.contract, row.period),
            *(usd_short(getattr(row, name)) for name in shown),
            percent_estimate(row.shortfall_probability),
        )
        for row in outcome.ledger
    ]
    if len(rows) > 1:
        total = [
            usd_short(
                outcome.ledger[-1].banked_usd if name == "banked_usd" else sum(getattr(r, name) for r in outcome.ledger)
            )
            for name in shown
        ]
        rows.append(("the term", *total, percent_estimate(outcome.shortfall_probability)))
    return Table(
        title="The ledger: what each period is expected to come to",
        columns=("period", *shown.values(), "shortfall risk"),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(shown) + 2)),
        note="Means over the simulated paths. Commitment and balances in the dollars that draw them down; overage, "
        "outside and paid as billed.",
    )


def periods_table(plan: Plan, outcome: OfferOutcome) -> Table:
    """Commitment and use of each period."""
    rows = tuple(
        (
            row.period,
            *(usd_short(getattr(row, name)) for name in ("committed", "p10", "p50", "p90")),
            percent(row.reached),
        )
        for row in periods_frame(plan, outcome).itertuples()
    )
    return Table(
        title="Commitment and use, period by period",
        columns=("period", "committed", "use P10", "use P50", "use P90", "use reaches it"),
        rows=rows,
        numeric=frozenset(range(1, 6)),
        note="Use as it draws the commitment down, whatever balance is carried.",
    )


def frontier_table(plan: Plan) -> Table:
    """Commitments that no other one beats in cost and risk; of many, some, with both ends and the recommendation."""
    points = plan.frontier
    step = -(-len(points) // _MOST_ROWS)
    best = plan.recommendation.offer
    rows = tuple(
        (
            usd_rounded_down(commit_on_axis(plan, point.offer)) + (" *" if point.offer == best else ""),
            percent(point.offer.discount_fraction),
            usd_short(point.expected_cost_usd),
            percent(limited_chance(plan, point)),
            usd_short(point.expected_shortfall_usd),
        )
        for index, point in enumerate(points)
        if index % step == 0 or index == len(points) - 1 or point.offer == best
    )
    return Table(
        title="What accepting more risk saves",
        columns=(
            "commitment a year",
            "discount",
            cost_title(plan).split(" (")[0],
            "shortfall risk",
            "expected shortfall",
        ),
        rows=rows,
        numeric=frozenset(range(5)),
        note=f"* {'fixed by the plan' if plan.inputs.contract.commits_usd_per_year is not None else 'recommended'}",
    )


def dead_zone_table(plan: Plan) -> Table:
    """What a routed list dollar still saves over commitments."""
    rows = tuple(
        (usd_rounded_down(point.commit_usd_per_year), usd(point.marginal_saving_per_list_usd, cents=True))
        for point in plan.dead_zone
    )
    return Table(
        title="What a routed list dollar still saves",
        columns=("commitment a year", "still saves"),
        rows=rows,
        numeric=frozenset({0, 1}),
    )


def alternatives_table(plan: Plan) -> Table:
    """Why not more, why not less: each alternative with its cost and its risk against the recommendation."""
    least = least_usd(plan)
    limit = plan.inputs.decision.max_shortfall_probability
    cost = "present value" if counts_present_value(plan) else "expected cost"
    risk = f"the shortfall risk{_of_some_period(plan)}"
    rows = tuple(
        (
            name,
            years_words(plan, value.offer),
            _discounts(plan, value.offer),
            usd_short(value.expected_cost_usd),
            more_words(value.expected_cost_usd - least),
            percent(limited_chance(plan, value)) + (", over limit" if is_over(plan, value) else ""),
            usd_short(value.expected_shortfall_usd),
        )
        for name, value in alternatives(plan)
    )
    return Table(
        title="Why not less, why not more",
        columns=("", "a year", "discount", cost, "difference", "shortfall risk", "expected shortfall"),
        rows=rows,
        numeric=frozenset(range(1, 7)),
        note=f"The limit on {risk} is {percent(limit)}; it stands under [decision] in the plan.{_of_years(plan)}",
    )


def _discounts(plan: Plan, offer: Offer) -> str:
    """The discount in a cell: one, or one a contract year."""
    found = [percent(offer.in_year(year).discount_fraction) for year in range(plan.inputs.contract.n_years)]
    return found[0] if len(set(found)) == 1 else " / ".join(found)


def _of_some_period(plan: Plan) -> str:
    periods = plan.inputs.contract.periods
    return f", {RISK_OF[plan.inputs.decision.shortfall_limit_per]}," if len(periods) > 1 else ""


def _of_years(plan: Plan) -> str:
    if plan.recommendation.offer.is_flat:
        return ""
    return " Amounts and discounts are those of contract years 1, 2 and so on."


def used_up_table(plan: Plan, offer: Offer) -> Table:
    """List use of a year that is reached with a chance, and what uses the commitment up."""
    least = plan.uses[plan.inputs.decision.scenario].least_usd_per_year
    chances = (0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01)
    used_up = plan.inputs.contract.list_usd_per_year(offer.commit_usd_per_year, offer.discount_fraction)
    amounts = np.quantile(least, 1.0 - np.array(chances)).tolist()
    rows = [(percent(chance, 0), usd_short(amount)) for chance, amount in zip(chances, amounts, strict=True)]
    return Table(
        title="List use of a year that is reached with a chance of",
        columns=("chance", "list use"),
        rows=tuple(rows),
        numeric=frozenset({0, 1}),
        note=f"Your commitment is used up at {usd_rounded_down(used_up)} of list use a year.",
    )
