"""Where the figures of an offer come from: its risk, its shortfall, its cost, and what it saves.

Formulas as docs/method.md writes them; every value is read from the plan and its outcome.
"""

from typing import Final

from planner.offer import Offer
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.provenance import Input, Provenance
from planner.provenance_of.rests_on import assumption_input, basis_of, error_of, simulated, spend_rests_on
from planner.provenance_of.terms import commitment_inputs, estimate_input, paid_inputs, rows_of, use_input
from planner.risk import Estimate
from planner.words import count, percent, percent_estimate, usd, usd_estimate

_SETTLED: Final = "Settle"
_BESIDE: Final = "What is shown beside it"
_SHORTFALL: Final = {
    "contracted": "shortfall = (1 - d) * max(0, q - L)\nq = C / (1 - d)",
    "list": "shortfall = (1 - d) * max(0, q - L)\nq = C",
}
_CLAUSES: Final = "\nClauses that link periods: settled period by period in the ledger, docs/method.md, The ledger."


def _formula(plan: Plan, *lines: str) -> str:
    """Lines of a formula, with what clauses do to it where the contract has them."""
    return "\n".join(lines) + ("" if plan.inputs.contract.is_plain else _CLAUSES)


def _points(words: str) -> str:
    """The error of a probability in words."""
    _, found, error = words.partition(" ± ")
    return f"± {error} points" if found else ""


def _plus_minus(words: str) -> str:
    _, found, error = words.partition(" ± ")
    return f"± ${error}" if found else ""


def shortfall_risk(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """The share of paths on which some of the commitment is paid for nothing."""
    risk, paths = outcome.shortfall_probability, plan.n_paths
    said, words = simulated(plan, outcome.scenario), percent_estimate(risk)
    short = round(risk.mean * paths)
    return Provenance(
        name="Shortfall risk",
        value=words,
        formula=_formula(
            plan,
            _SHORTFALL[plan.inputs.contract.drawdown],
            "P(shortfall) = m / n\na shortfall is more than half a cent in any period of the term",
        ),
        section=_SETTLED,
        inputs=(
            Input(symbol="m", name="paths with a shortfall", value=count(short), source=said, number=float(short)),
            assumption_input(rows_of(plan)["plan.paths"], symbol="n", name="paths"),
            *commitment_inputs(plan, outcome.offer),
            use_input(plan, outcome.scenario),
        ),
        basis=basis_of(plan),
        error=error_of(plan, risk, _points(words)),
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def mean_shortfall(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """The mean of what is paid for nothing, all paths."""
    value, given = outcome.expected_shortfall, outcome.shortfall_given_shortfall_usd
    said, words = simulated(plan, outcome.scenario), usd_estimate(value)
    chance = outcome.shortfall_probability
    return Provenance(
        name="Mean shortfall",
        value=words,
        formula=_formula(
            plan,
            _SHORTFALL[plan.inputs.contract.drawdown],
            "E[shortfall] = mean over paths of the sum over periods = P(shortfall) * E[shortfall | there is one]",
        ),
        section=_BESIDE,
        inputs=(
            Input(
                symbol="P(shortfall)",
                name="shortfall risk",
                value=percent_estimate(chance),
                source=said,
                number=chance.mean,
            ),
            Input(
                symbol="E[shortfall | there is one]",
                name="mean of the paths that have one",
                value=usd(given),
                source=said,
                number=given,
            ),
            *commitment_inputs(plan, outcome.offer),
            use_input(plan, outcome.scenario),
        ),
        basis=basis_of(plan),
        error=error_of(plan, value, _plus_minus(words)),
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def expected_cost(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """The mean of what is paid over the term."""
    words = usd_estimate(outcome.expected_cost)
    parts = tuple(paid_inputs(plan, outcome))
    return Provenance(
        name="Expected cost",
        value=words,
        formula=_formula(
            plan,
            "paid = (1 - d) * q + (1 - e) * max(0, L - q) + what is billed outside",
            f"E[paid] = {' + '.join(item.symbol for item in parts)}",
        ),
        section=_SETTLED,
        inputs=(*parts, *commitment_inputs(plan, outcome.offer), use_input(plan, outcome.scenario)),
        basis=basis_of(plan),
        error=error_of(plan, outcome.expected_cost, _plus_minus(words)),
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def expected_overage(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """The mean of what is billed beyond the commitment."""
    words = usd_estimate(outcome.expected_overage)
    return Provenance(
        name="Expected overage",
        value=words,
        formula=_formula(plan, "overage = (1 - e) * max(0, L - q)\nits mean over paths, all periods"),
        section=_SETTLED,
        inputs=(*commitment_inputs(plan, outcome.offer), use_input(plan, outcome.scenario)),
        basis=basis_of(plan),
        error=error_of(plan, outcome.expected_overage, _plus_minus(words)),
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def present_value(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """The same payments at the buyer's cost of capital."""
    words, rows = usd_estimate(outcome.npv_cost), rows_of(plan)
    keys = (("w", "contract.payment.cost_of_capital_per_year"), ("", "contract.payment.mode"))
    return Provenance(
        name="Present value",
        value=words,
        formula=_formula(plan, "a dollar at the start of month x weighs (1 + w)^(-x / 12)"),
        section="When it is paid",
        inputs=(
            *(assumption_input(rows[key], symbol=symbol) for symbol, key in keys if key in rows),
            estimate_input(plan, outcome.scenario, "E[paid]", "expected cost as paid", outcome.expected_cost),
            *commitment_inputs(plan, outcome.offer),
        ),
        basis=basis_of(plan),
        error=error_of(plan, outcome.npv_cost, _plus_minus(words)),
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def on_demand(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """The mean list cost of the term."""
    words = usd_estimate(outcome.on_demand)
    return Provenance(
        name="On demand at list",
        value=words,
        formula="E[list] = mean over paths of the list cost of the term\n"
        "all of it but what a contract in force covers by itself",
        section=_BESIDE,
        inputs=(use_input(plan, outcome.scenario),),
        basis=basis_of(plan),
        error=error_of(plan, outcome.on_demand, _plus_minus(words)),
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def below_list(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """The effective savings rate."""
    scenario = outcome.scenario
    return Provenance(
        name="Below list",
        value=percent(outcome.effective_savings_rate),
        formula="effective savings rate = 1 - E[paid] / E[list]",
        section=_BESIDE,
        inputs=(
            estimate_input(plan, scenario, "E[paid]", "expected cost over the term", outcome.expected_cost),
            estimate_input(plan, scenario, "E[list]", "the same use on demand at list", outcome.on_demand),
            *commitment_inputs(plan, outcome.offer),
        ),
        basis=basis_of(plan),
        error="A ratio of two means of the same paths: their errors stand beside them, and mostly cancel.",
        scenario=scenario,
        rests_on=spend_rests_on(plan, scenario),
    )


def still_saves(plan: Plan, outcome: OfferOutcome) -> Provenance:
    """What a routed list dollar still saves."""
    plain = plan.inputs.contract.is_plain
    return Provenance(
        name="A routed list dollar still saves",
        value=usd(outcome.marginal_saving_per_list_usd, cents=True),
        formula="saving = (1 - e) * P(L > q), the mean over periods"
        if plain
        else "saving = (E[paid] - E[paid at a thousandth less use]) / a thousandth of E[L]",
        section=_BESIDE,
        inputs=(*commitment_inputs(plan, outcome.offer), use_input(plan, outcome.scenario)),
        basis=basis_of(plan),
        error=f"A share of {count(plan.n_paths)} paths; its Monte Carlo error is not worked out.",
        scenario=outcome.scenario,
        rests_on=spend_rests_on(plan, outcome.scenario),
    )


def against_best(plan: Plan, offer: Offer, *, present_value_counts: bool) -> Provenance:
    """What an offer costs more than the recommendation, in the money that the decision counts."""
    name, best = plan.inputs.decision.scenario, plan.recommendation.offer
    mine, least = plan.samples[name].expect([offer, best])
    said, money = simulated(plan, name), "present value" if present_value_counts else "cost"
    return Provenance(
        name="Against fixed" if plan.inputs.contract.commits_usd_per_year is not None else "Against best",
        value=usd(mine.expected_cost_usd - least.expected_cost_usd),
        formula="difference = E[paid(C)] - E[paid(C*)]\nboth on the same paths",
        section="The best commitment is a fractile",
        inputs=(
            Input(
                symbol="E[paid(C)]",
                name=f"expected {money} of this commitment",
                value=usd(mine.expected_cost_usd),
                source=said,
                number=mine.expected_cost_usd,
            ),
            Input(
                symbol="E[paid(C*)]",
                name=f"expected {money} of the recommendation",
                value=usd(least.expected_cost_usd),
                source=said,
                number=least.expected_cost_usd,
            ),
            *commitment_inputs(plan, offer),
        ),
        basis=basis_of(plan),
        error="Both are means of the same paths, so that most of their error cancels; the rest is not worked out."
        if offer != best
        else "The recommendation against itself: nothing on every path.",
        scenario=name,
        rests_on=spend_rests_on(plan, name),
    )


def signing_first(plan: Plan) -> Provenance:
    """What signing the baseline's best commitment costs more, lived in the scenario decided on."""
    first, best = plan.sign_first, plan.recommendation
    name = best.scenario
    words = usd_estimate(Estimate(mean=first.cost.mean, se=first.cost.se))
    return Provenance(
        name="Signing first",
        value=words,
        formula="cost of signing first = E[paid at the baseline's commitment] - E[paid at the recommendation]\n"
        "both lived in the scenario decided on, on the same paths",
        section="Signing first",
        inputs=(
            estimate_input(
                plan, name, "E[paid at the baseline's commitment]", "signed first, as lived", first.lived.expected_cost
            ),
            estimate_input(plan, name, "E[paid at the recommendation]", "recommended", best.expected_cost),
            *commitment_inputs(plan, first.signed.offer),
        ),
        basis=basis_of(plan),
        error=error_of(plan, first.cost, _plus_minus(words)),
        scenario=name,
        rests_on=spend_rests_on(plan, name),
    )
