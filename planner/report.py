"""Every table and sentence that people see, on the terminal, in the app and in the workbook."""

from collections.abc import Sequence
from math import isfinite

from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.risk import Estimate
from planner.sizing.expectation import Expectation
from planner.tables import Table
from planner.words import count, percent, percent_estimate, usd, usd_commitment, usd_estimate, usd_short


def offer_name(offer: Offer) -> str:
    """A commitment in words, to four digits: $1,234,000 a year at 15.0% discount; with a ramp, year by year."""
    if offer.is_none:
        return "no commitment"
    if offer.is_flat:
        return f"{usd_commitment(offer.commit_usd_per_year)} a year at {percent(offer.discount_fraction)} discount"
    years = (offer, *offer.later)
    commits = ", ".join(usd_commitment(year.commit_usd_per_year) for year in years)
    discounts = [percent(year.discount_fraction) for year in years]
    at = discounts[0] if len(set(discounts)) == 1 else ", ".join(discounts)
    return f"{commits} in contract years 1 to {len(years)} at {at} discount"


def headline(plan: Plan) -> tuple[str, str, str]:
    """The conclusion in three lines: what to sign, the risk in it, and what signing first would have cost."""
    what, risk = _unsigned_lines(plan) if plan.recommendation.offer.is_none else _signed_lines(plan)
    if plan.inputs.decision.scenario == plan.inputs.baseline:
        last = "No scenario with levers is decided on: this sizes the commitment on the bill as it is."
    else:
        last = _sign_first_line(plan, plan.sign_first.signed.offer)
    return _reservation(plan) + what, risk, last


def _signed_lines(plan: Plan) -> tuple[str, str]:
    best, months = plan.recommendation, plan.inputs.contract.term_months
    sign = "Sign" if plan.inputs.contract.commits_usd_per_year is None else "As the plan fixes it,"
    return (
        f"{sign} {offer_name(best.offer)}: expected cost {usd_estimate(best.expected_cost)} over {months} months, "
        f"{against_list(best.effective_savings_rate)} on-demand list ({usd_estimate(best.on_demand)}).",
        f"Shortfall risk: {percent_estimate(best.shortfall_probability)}, expected shortfall "
        f"{usd_estimate(best.expected_shortfall)}, expected overage {usd_estimate(best.expected_overage)}.",
    )


def against_list(savings_rate: float) -> str:
    """A savings rate in words: 4.4% below, or 25.0% above."""
    if not isfinite(savings_rate):
        return "against"
    return f"{percent(abs(savings_rate))} {'below' if savings_rate >= 0 else 'above'}"


def _unsigned_lines(plan: Plan) -> tuple[str, str]:
    best, inputs = plan.recommendation, plan.inputs
    if inputs.contract.commits_usd_per_year is not None:
        return (
            f"As the plan fixes it, no commitment: {usd_estimate(best.expected_cost)} over "
            f"{inputs.contract.term_months} months at list.",
            "Shortfall risk: none without a commitment; everything is billed at list.",
        )
    limit = percent(inputs.decision.max_shortfall_probability)
    return (
        f"Sign no commitment: none is cheaper than on-demand list, {usd_estimate(best.expected_cost)} over "
        f"{inputs.contract.term_months} months, with at most {limit} chance of a shortfall.",
        "Shortfall risk: none without a commitment; everything is billed at list.",
    )


def _reservation(plan: Plan) -> str:
    measured = plan.prepared.measurement
    if measured is None or measured.complete_months:
        return ""
    return "Too little history to sign on: not one complete month is measured. As if it were typical: "


def _sign_first_line(plan: Plan, hasty: Offer) -> str:
    first = plan.sign_first
    if hasty == plan.recommendation.offer:
        return f"Signing before routing leads to the same: {offer_name(hasty)}."
    what, than = ("cost", "more than after it") if first.cost.mean >= 0 else ("saved", "against signing after it")
    amount = Estimate(mean=abs(first.cost.mean), se=first.cost.se)
    return (
        f"Signing first, before routing, would have meant {offer_name(hasty)} and {what} {usd_estimate(amount)} "
        f"{than}: "
        f"{percent(first.lived.shortfall_probability.mean)} shortfall risk once routing works, not the "
        f"{percent(first.signed.shortfall_probability.mean)} seen at signing."
    )


def mix_table(plan: Plan) -> Table:
    """The request mix at the plan's prices with its cumulative share of the bill; server tools where there are any."""
    rows, cumulative = [], 0.0
    tools = _server_tools(plan)
    for line in plan.prepared.mix_lines:
        cumulative += line.share_of_bill
        searches, hours = tools.get((line.request_type, line.model), (0.0, 0.0))
        rows.append(
            (
                line.request_type,
                line.model,
                count(line.monthly_requests),
                *((count(searches), f"{hours:,.1f}") if tools else ()),
                usd(line.monthly_list_cost_usd),
                percent(line.share_of_bill),
                percent(min(cumulative, 1.0)),
            )
        )
    columns = ("request type", "model", "requests", *(("web searches", "code hours") if tools else ()))
    columns += ("list cost", "share of bill", "cumulative")
    return Table(
        title=f"Request mix, a level month at list prices of {plan.prepared.priced_on}",
        columns=columns,
        rows=tuple(rows),
        numeric=frozenset(range(2, len(columns))),
    )


def _server_tools(plan: Plan) -> dict[tuple[str, str], tuple[float, float]]:
    """Web searches and hours of code execution of a level month by type and model; empty where nothing uses them."""
    used = {
        (entry.request_type, entry.model): (
            entry.monthly_requests * entry.web_searches_per_request,
            entry.monthly_requests * entry.code_execution_hours_per_request,
        )
        for entry in plan.prepared.mix.entries
    }
    return used if any(any(amounts) for amounts in used.values()) else {}


def scenarios_table(plan: Plan) -> Table:
    """Annual list spend of every scenario, months 0 to 11."""
    rows = []
    for name, summary in plan.summaries.items():
        p5, p10, p50, p90, p95 = summary.annual_quantiles_usd
        marks = [
            mark
            for mark, at in (("baseline", plan.inputs.baseline), ("decided on", plan.inputs.decision.scenario))
            if at == name
        ]
        rows.append(
            (
                f"{name} ({', '.join(marks)})" if marks else name,
                usd_estimate(summary.annual),
                *(usd_short(value) for value in (p5, p10, p50, p90, p95)),
                percent(summary.run_rate_saving_fraction),
            )
        )
    return Table(
        title="Annual list spend by scenario, before any negotiated discount",
        columns=("scenario", "mean ± error", "P5", "P10", "P50", "P90", "P95", "run-rate saving"),
        rows=tuple(rows),
        numeric=frozenset(range(1, 8)),
        note="Run-rate saving: list spend of the last term month against the baseline's.",
    )


def routes_table(plan: Plan) -> Table:
    """Every route with its break-even escalation beside the one assumed or measured."""
    rows = [
        (
            costs.scenario.name,
            route.request_type if len(sources) == 1 else f"{route.request_type} on {route.source}",
            route.to,
            usd(route.unit_cost_before_usd * 1000, cents=True),
            usd(route.unit_cost_after_usd * 1000, cents=True),
            percent(route.escalation),
            percent(route.break_even_escalation) if isfinite(route.break_even_escalation) else "none",
            "yes" if route.pays else "no",
        )
        for costs in plan.prepared.scenario_costs
        for route in costs.economics
        for sources in [{item.source for item in costs.economics if item.request_type == route.request_type}]
    ]
    return Table(
        title="Routes: list cost per 1,000 requests, escalation and its break-even",
        columns=("scenario", "request type", "to", "before", "after", "escalation", "break-even", "pays"),
        rows=tuple(rows),
        numeric=frozenset({3, 4, 5, 6}),
        note="After: the cheap call, escalations paid again, router and judge. Routing pays below the break-even.",
    )


def caches_table(plan: Plan) -> Table:
    """Every caching lever with its break-even hit rate beside the one assumed."""
    rows = [
        (
            costs.scenario.name,
            cache.request_type,
            percent(cache.hit_rate),
            percent(cache.break_even_hit_rate),
            "yes" if cache.hit_rate > cache.break_even_hit_rate else "no",
        )
        for costs in plan.prepared.scenario_costs
        for cache in costs.cache_economics
    ]
    return Table(
        title="Caching: hit rate and its break-even",
        columns=("scenario", "request type", "hit rate", "break-even", "pays"),
        rows=tuple(rows),
        numeric=frozenset({2, 3}),
        note="On the models that serve the type today. Caching pays above the break-even: below it, writes cost more.",
    )


def _commitment(offer: Offer) -> str:
    """A commitment in a cell: one year's terms, or those of every contract year in short."""
    if offer.is_flat:
        return offer_name(offer).removesuffix(" discount")
    years = (offer, *offer.later)
    commits = " / ".join(usd_short(year.commit_usd_per_year) for year in years)
    discounts = list(dict.fromkeys(percent(year.discount_fraction) for year in years))
    return f"{commits} at {' / '.join(discounts)}"


def outcome_rows(outcome: OfferOutcome) -> tuple[tuple[str, str], ...]:
    """Everything shown beside an offer, as label and value."""
    p10, p50, p90 = outcome.cost_p10_p50_p90_usd
    s10, s50, s90 = outcome.savings_rate_p10_p50_p90
    worst = percent(1.0 - outcome.cvar_level, 0)
    return (
        ("commitment", _commitment(outcome.offer)),
        ("lived in scenario", outcome.scenario),
        ("expected cost over the term", usd_estimate(outcome.expected_cost)),
        *((("at present value", usd_estimate(outcome.npv_cost)),) if outcome.npv_cost != outcome.expected_cost else ()),
        ("cost P10 / P50 / P90", " / ".join(usd_short(value) for value in (p10, p50, p90))),
        ("on demand at list", usd_estimate(outcome.on_demand)),
        ("effective savings rate", percent(outcome.effective_savings_rate)),
        ("savings rate P10 / P50 / P90", " / ".join(percent(value) for value in (s10, s50, s90))),
        ("shortfall probability", percent_estimate(outcome.shortfall_probability)),
        ("expected shortfall", usd_estimate(outcome.expected_shortfall)),
        ("shortfall when there is one", usd_short(outcome.shortfall_given_shortfall_usd)),
        ("expected overage", usd_estimate(outcome.expected_overage)),
        ("regret against perfect foresight", usd_estimate(outcome.regret)),
        ("break-even utilization", percent(outcome.break_even_utilization)),
        (f"cost in the worst {worst}", usd_short(outcome.cost_cvar_usd)),
        (f"unused commitment in the worst {worst}", usd_short(outcome.waste_cvar_usd)),
        *(
            (("dearer on renewal", f"{usd_short(outcome.renewal_uplift_usd_per_year)} a year"),)
            if outcome.renewal_uplift_usd_per_year
            else ()
        ),
        ("a routed list dollar still saves", usd(outcome.marginal_saving_per_list_usd, cents=True)),
    )


def decision_table(plan: Plan) -> Table:
    """The recommendation, sign-first as its signer sees it, and sign-first lived after routing, side by side."""
    columns = [plan.recommendation, plan.sign_first.signed, plan.sign_first.lived]
    rows = [(rows[0][0], *(cell for _, cell in rows)) for rows in zip(*map(outcome_rows, columns), strict=True)]
    return Table(
        title=f"The commitment to sign, over {plan.inputs.contract.term_months} months from {plan.inputs.start:%B %Y}",
        columns=("", "recommended", "signed first: as seen", "signed first: as lived"),
        rows=tuple(rows),
        numeric=frozenset({1, 2, 3}),
        note="A routed list dollar saves nothing while use is below the commitment: the dead zone.",
    )


def outcome_table(outcome: OfferOutcome, title: str) -> Table:
    """One offer on its own."""
    return Table(title=title, columns=("", "offer"), rows=outcome_rows(outcome), numeric=frozenset({1}))


def differences_table(differences: Sequence[dict[str, object]]) -> Table:
    """Differences of annual list spend between scenarios, on common paths; rows as `compare_json` gives them."""
    rows = []
    for item in differences:
        value = item["annual_list_cost_usd"]
        assert isinstance(value, dict)
        rows.append(
            (
                str(item["a"]),
                str(item["b"]),
                usd_estimate(Estimate(mean=value["mean"], se=float("nan") if value["se"] is None else value["se"])),
            )
        )
    return Table(
        title="Differences in annual list spend, a less b, on the same paths",
        columns=("a", "b", "a - b"),
        rows=tuple(rows),
        numeric=frozenset({2}),
    )


def curve_table(plan: Plan, points: int = 12) -> Table:
    """The cost curve at some commitments, among them every band's threshold and the recommendation."""
    best = plan.recommended_point
    keep = {low for low, _ in plan.inputs.contract.commit_ranges}
    step = max(len(plan.curve) // points, 1)
    told = [p for i, p in enumerate(plan.curve) if i % step == 0 or p.offer.commit_usd_per_year in keep or p == best]
    if best not in told:
        told.append(best)
    rows = [
        (
            _commitment_a_year(plan, point) + (" *" if point == best else ""),
            percent(point.offer.discount_fraction),
            usd_short(point.expected_cost_usd),
            percent(point.shortfall_probability),
            usd_short(point.expected_shortfall_usd),
            usd_short(point.expected_overage_usd),
        )
        for point in told
    ]
    ramped = any(weight != 1 for weight in plan.inputs.contract.ramp_shape)
    first = "commitment, year 1" if ramped else "commitment a year"
    return Table(
        title="Expected cost over commitments",
        columns=(first, "discount", "expected cost", "P(shortfall)", "shortfall", "overage"),
        rows=tuple(rows),
        numeric=frozenset(range(6)),
        note="* recommended; later years follow the ramp" if ramped else "* recommended",
    )


def _commitment_a_year(plan: Plan, point: Expectation) -> str:
    """Year 1's commitment; those of all years where they do not follow the curve's ramp."""
    offer = point.offer
    if offer.is_flat or point in plan.curve:
        return usd_commitment(offer.commit_usd_per_year)
    return " / ".join(usd_short(year.commit_usd_per_year) for year in (offer, *offer.later))
