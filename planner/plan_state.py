"""How far a plan has come: for each step of the path what is there, what is missing, and what that means."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from planner.assumption_notes import AssumptionNote, note_of
from planner.evidence_reports.standings import RouteStanding, State
from planner.mix import Measurement
from planner.plan import Plan
from planner.report import offer_name
from planner.words import counted, percent, percent_estimate, usd_commitment, usd_estimate, usd_short

Mark = Literal["there", "partly", "missing", "later"]

MARK_WORDS: Final[dict[Mark, str]] = {
    "there": "There",
    "partly": "In part",
    "missing": "Missing",
    "later": "Not needed yet",
}
"""later: nothing is wrong with its not being there."""

PLACEHOLDER: Final = "placeholder"
"""What the source of an [[assumption]] on the contract says of terms that nobody has offered."""

_GROWTH: Final = "growth_per_year"
_BANDS: Final = ("contract", "band")
_LONGEST_NAME: Final = 40
_SHAKY: Final[tuple[tuple[State, str], ...]] = (
    ("stale", "stale"),
    ("undecided", "undecided"),
    ("fail", "failed"),
    ("none", "without any"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepState:
    """Where a plan stands at a step. step: its page's title. there, missing: empty where nothing is; means: for the
    answer."""

    step: str
    mark: Mark
    there: str
    missing: str = ""
    means: str


def plan_state(plan: Plan, routes: Sequence[RouteStanding]) -> tuple[StepState, ...]:
    """Every step of the path, in its order. routes: what the routes decided on rest on."""
    of_plan: tuple[Callable[[Plan], StepState], ...] = (_usage, _calibration, _levers)
    after: tuple[Callable[[Plan], StepState], ...] = (_run_rate, _contract, _commit, _compare, _negotiate, _track)
    return (*(step(plan) for step in of_plan), _evidence(routes), *(step(plan) for step in after))


def state_sentence(states: Sequence[StepState]) -> str:
    """The whole in one sentence: how many steps are there, and which are not."""
    counting = [state for state in states if state.mark != "later"]
    whole = [state for state in counting if state.mark == "there"]
    if len(whole) == len(counting):
        return "Every step that this answer needs is there."
    parts = [
        f"{words}: {', '.join(state.step for state in counting if state.mark == mark)}"
        for mark, words in (("missing", "missing"), ("partly", "in part"))
        if any(state.mark == mark for state in counting)
    ]
    there = f"{len(whole)} of {counted(len(counting), 'step')} {'is' if len(whole) == 1 else 'are'} there"
    return f"{'; '.join([there, *parts])}."


def terms_source(plan: Plan) -> AssumptionNote | None:
    """Who answers for the bands of the contract and where they are from; None where the plan does not say."""
    return note_of(plan.inputs.assumption_notes, _BANDS)


def has_placeholder_terms(plan: Plan) -> bool:
    """Whether the plan itself says that the terms of its contract are nobody's offer."""
    note = terms_source(plan)
    return note is not None and PLACEHOLDER in (note.source or "").lower()


def terms_sentence(plan: Plan) -> str:
    """Whose terms the contract's are, as far as the plan says."""
    note = terms_source(plan)
    if has_placeholder_terms(plan):
        return "These terms are placeholders, nobody's offer: put in what you were offered, and say where it is from."
    if note is None or not note.source:
        return "The plan does not say where these terms come from: a quote, a draft, or a guess."
    on = "" if note.on is None else f", {note.on}"
    return f"Where these terms come from: {note.source.rstrip('.')}{on}."


def _named(name: str) -> str:
    """A name in quotes, cut where it is long: the page of its step has the whole one."""
    return f"'{name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + '…'}'"


def _types(plan: Plan) -> int:
    return len({line.request_type for line in plan.prepared.mix_lines})


def _usage(plan: Plan) -> StepState:
    measurement = plan.prepared.measurement
    if not sum(line.monthly_list_cost_usd for line in plan.prepared.mix_lines):
        means = "There is nothing to commit to."
        return StepState(step="Usage", mark="missing", there="", missing="Any use: the mix costs nothing.", means=means)
    if measurement is None:
        return StepState(
            step="Usage",
            mark="partly",
            there=f"Typed by hand: {counted(_types(plan), 'request type')}.",
            missing="A log to measure them on.",
            means="The answer is as good as these figures; nothing checks them.",
        )
    return _measured(plan, measurement)


def _measured(plan: Plan, measurement: Measurement) -> StepState:
    whole = len(measurement.complete_months)
    types = counted(_types(plan), "request type")
    bill = "" if measurement.reconciliation.rows else "A bill to compare it with."
    if whole:
        return StepState(
            step="Usage",
            mark="there",
            there=f"{counted(whole, 'whole month')} measured, {types}.",
            missing=bill,
            means="The answer starts from what was used."
            if not bill
            else "What was used counts; that it explains what you pay is not checked.",
        )
    return StepState(
        step="Usage",
        mark="partly",
        there=f"{measurement.coverage.span_days:.1f} days measured, {types}.",
        missing="One whole month.",
        means="A short stretch stands for a typical month, so the run rate is taken to be less certain.",
    )


def _calibration(plan: Plan) -> StepState:
    calibration = plan.prepared.calibration
    if _GROWTH in plan.inputs.demand_given:
        return StepState(
            step="Calibration",
            mark="there" if calibration is not None and calibration.trend is not None else "partly",
            there="Growth as you typed it.",
            missing="" if calibration is not None else "A log to hold it against.",
            means="Your own view of growth counts, whatever a log says.",
        )
    weight = 0.0 if calibration is None else calibration.parameter(_GROWTH).weight_of_data
    if calibration is None or weight == 0:
        return StepState(
            step="Calibration",
            mark="missing",
            there="",
            missing="Growth: neither typed nor long enough measured to fit.",
            means="Growth is a prior, from none to a bill that more than doubles in a year; it moves the answer.",
        )
    is_learnt = calibration.parameter(_GROWTH).source == "data"
    return StepState(
        step="Calibration",
        mark="there" if is_learnt else "partly",
        there=f"Growth fitted: {percent(weight, 0)} of the prior's uncertainty is gone.",
        missing="" if is_learnt else "A longer log.",
        means="Growth is mostly what your log says."
        if is_learnt
        else "Growth is still mostly a prior; it moves the answer.",
    )


def _levers(plan: Plan) -> StepState:
    decided = plan.inputs.scenario(plan.inputs.decision.scenario)
    known = {line.request_type for line in plan.prepared.mix_lines}
    touched = len({lever.request_type for lever in decided.levers} & known)
    if not decided.has_levers or not touched:
        return StepState(
            step="Levers",
            mark="missing",
            there="",
            missing=f"Levers in {_named(decided.name)}, which is decided on.",
            means="The answer is for the bill as it is."
            if plan.recommendation.offer.is_none
            else "The commitment is sized on the bill as it is; routing after signing would leave part of it unused.",
        )
    return StepState(
        step="Levers",
        mark="there",
        there=f"{_named(decided.name)} changes {touched} of {counted(len(known), 'request type')}.",
        means="The commitment is sized on the bill after these levers.",
    )


def _evidence(routes: Sequence[RouteStanding]) -> StepState:
    if not routes:
        means = "The answer rests on no model that has yet to be shown to hold."
        return StepState(step="Evidence", mark="later", there="Nothing is routed, so none is needed.", means=means)
    holding = sum(route.state == "pass" for route in routes)
    of_routes = f"{holding} of {counted(len(routes), 'route')}"
    if holding == len(routes):
        means = "What is left uncertain of their pass rates is in the simulation."
        there = f"{of_routes} {'rests' if holding == 1 else 'rest'} on evidence that passes."
        return StepState(step="Evidence", mark="there", there=there, means=means)
    shaky = [f"{n} {words}" for state, words in _SHAKY if (n := sum(route.state == state for route in routes))]
    at_stake = sum(max(route.saving_usd_per_month or 0.0, 0.0) for route in routes if route.state != "pass")
    return StepState(
        step="Evidence",
        mark="partly" if holding else "missing",
        there=f"{of_routes} {'rests' if holding == 1 else 'rest'} on evidence that passes." if holding else "",
        missing=f"Evidence that passes{' for the rest' if holding else ''}: {', '.join(shaky)}.",
        means=f"{usd_short(at_stake)} a month of savings are assumed, and not yet shown.",
    )


def _run_rate(plan: Plan) -> StepState:
    name = plan.inputs.decision.scenario
    summary = plan.summaries[name]
    p10, p90 = summary.annual_quantiles_usd[1], summary.annual_quantiles_usd[3]
    return StepState(
        step="Run rate",
        mark="there",
        there=f"{usd_estimate(summary.annual)} at list in the first year of {_named(name)}.",
        means=f"Eight years in ten lie between {usd_short(float(p10))} and {usd_short(float(p90))}.",
    )


def _contract(plan: Plan) -> StepState:
    note = terms_source(plan)
    if has_placeholder_terms(plan):
        return StepState(
            step="Contract",
            mark="missing",
            there="",
            missing="Your terms: these discounts are placeholders, not an offer.",
            means="Discounts decide how much to commit to: put in the terms that you were offered before signing.",
        )
    months = f"{plan.inputs.contract.term_months} months"
    if note is None or not note.source:
        return StepState(
            step="Contract",
            mark="partly",
            there=f"Terms over {months}.",
            missing="Where they come from; the plan does not say.",
            means="The answer holds for these terms and for no others.",
        )
    on = "" if note.on is None else f", {note.on}"
    there = f"Terms over {months}, from {_named(note.source)}{on}."
    return StepState(step="Contract", mark="there", there=there, means="The answer holds for these terms.")


def _commit(plan: Plan) -> StepState:
    best, signed = plan.recommendation, plan.inputs.signed
    if signed is not None:
        years = signed.commits_usd_per_year
        amount = f"{usd_commitment(years[0])} {'a year' if len(set(years)) == 1 else 'in year 1'}"
        means = "The commitment is fixed; what is left to decide is on the page Track."
        return StepState(step="Commit", mark="there", there=f"Signed: {amount}.", means=means)
    fixed = plan.inputs.contract.commits_usd_per_year is not None
    there = f"{'As the plan fixes it' if fixed else 'Sign'}: {offer_name(best.offer)}."
    if best.offer.is_none:
        return StepState(step="Commit", mark="there", there=there, means="Everything is billed at list.")
    means = f"Its shortfall risk is {percent_estimate(best.shortfall_probability)}."
    return StepState(step="Commit", mark="there", there=there, means=means)


def _compare(plan: Plan) -> StepState:
    n = len(plan.inputs.scenarios)
    if n < 2:
        return StepState(
            step="Compare",
            mark="missing",
            there="",
            missing="A second scenario to set beside this one.",
            means="What signing for the wrong future would cost is not known.",
        )
    means = "What signing for one of them costs if another comes true is worked out on the page."
    return StepState(step="Compare", mark="there", there=f"{n} scenarios, on the same paths.", means=means)


def _negotiate(plan: Plan) -> StepState:
    quotes, asks = len(plan.inputs.quotes), len(plan.inputs.asks)
    if not quotes and plan.inputs.signed is not None:
        means = "Quotes matter again before the next term."
        return StepState(step="Negotiate", mark="later", there="It is signed.", means=means)
    if not quotes:
        return StepState(
            step="Negotiate",
            mark="missing",
            there=f"{counted(asks, 'ask')} of your own." if asks else "",
            missing="A quote in hand.",
            means="Where to open and where to walk away come from the terms on the page Contract alone.",
        )
    asked = f", {counted(asks, 'ask')} of your own" if asks else ""
    means = "Each is priced on the same paths, against your target and your walk-away."
    return StepState(step="Negotiate", mark="there", there=f"{counted(quotes, 'quote')} in hand{asked}.", means=means)


def _track(plan: Plan) -> StepState:
    signed = plan.inputs.signed
    if signed is None:
        means = "Once something is signed, each month is held against this plan."
        return StepState(step="Track", mark="later", there="Nothing is signed yet.", means=means)
    return StepState(
        step="Track",
        mark="there",
        there=f"Signed on {signed.on}; {counted(plan.inputs.contract.term_months, 'month')} to hold against the plan.",
        means="Give the logs since: a shortfall is seen while something can still be done.",
    )
