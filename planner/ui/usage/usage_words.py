"""Sentences of the page Usage about the log: where it is from, what carries no type, what the bill says."""

from typing import Final

from planner.measurement import Measurement
from planner.plan import Plan
from planner.reconciliation.reconcile import GATE_FRACTION, Reconciliation
from planner.ui.state.session import Loaded
from planner.usage.columns import UNTAGGED
from planner.usage.readings import Reading
from planner.words import count, percent, usd

NO_LOG: Final = (
    "This plan's request mix was typed in ([[mix]] in the plan file), so there is no log to look into. Bring one "
    "above: its request types, its baseline, the comparison with the bill and the quality of its data then stand "
    "here, and the terms and levers of the plan stay as they are."
)
_FROM: Final = {
    "example": "a bundled example's, which is synthetic",
    "file": "named by the plan file that the app was started with",
    "upload": "uploaded in this session",
    "mapped": "read by the mapping that you chose",
    "folder": "from the folder that the app was started with",
    "pull": "pulled from Anthropic in this session",
    "typed": "typed by hand in this session",
}


def source_sentence(current: Loaded) -> str:
    """Where the log on the screen is from, and what it covers."""
    measurement, usage = current.plan.prepared.measurement, current.plan.inputs.usage
    if measurement is None or usage is None:
        return "No log: this plan's request mix was typed in."
    return (
        f"The log is {_FROM[current.origin]}: {count(measurement.totals.requests)} requests that count, "
        f"{measurement.first:%Y-%m-%d} to {measurement.last:%Y-%m-%d} (UTC)."
    )


def untagged_share(measurement: Measurement) -> float:
    """Share of the list dollars that count whose use carries no request type."""
    spend = measurement.daily.groupby("request_type")["list_cost_usd"].sum()
    total = float(spend.sum())
    return float(spend.get(UNTAGGED, 0.0)) / total if total else 0.0


def types_sentences(plan: Plan, measurement: Measurement) -> tuple[str, ...]:
    """How many request types there are, how they are read, and what share of the bill carries none."""
    named = measurement.daily.loc[measurement.daily["request_type"] != UNTAGGED, "request_type"].nunique()
    share = untagged_share(measurement)
    types = f"{count(named)} request {'type' if named == 1 else 'types'}"
    if share == 0:
        first = f"All of the bill carries a request type: {types}."
    elif named == 0:
        first = "None of the bill carries a request type, so levers can only treat it as one."
    else:
        first = f"{percent(share)} of the list bill carries no request type; the rest is {types}."
    assert plan.inputs.usage is not None
    return first, read_words(plan.inputs.usage.source.request_type)


def read_words(request_type: str | Reading) -> str:
    """How the type of a request is read."""
    if isinstance(request_type, str):
        return f"The type of a request is what the log has in the field {request_type}."
    paths = request_type.paths
    if request_type.take == "digest":
        return (
            f"The type of a request is which system prompt it had, told apart by a digest of the field {paths[0]}; its "
            "text is never shown."
        )
    if request_type.take == "joined" and len(paths) > 1:
        return f"The type of a request is made of the fields {', '.join(paths)}, joined."
    return f"The type of a request is the first of the fields {', '.join(paths)} that holds something."


def bill_sentences(found: Reconciliation) -> tuple[str, ...]:
    """The gate in words first, then what is paid today against list."""
    if not found.rows:
        return ("Nothing to compare with: the log carries no billed cost, and no bill was given.",)
    if not found.compared:
        return ("No month of the bill can be compared with the log; the table says why.",)
    fraction = found.unexplained_fraction
    share = "all of it" if fraction is None else percent(fraction, 2)
    limit = percent(float(GATE_FRACTION), 0)
    first = {
        "passed": f"The log explains the bill: {share} of list cost is not explained, within the {limit} that may be.",
        "failed": f"The log does not explain the bill: {share} of list cost is not explained, above the {limit} that "
        "may be. Every result of this plan rests on this log: settle it before signing.",
    }[found.gate]
    return first, _paid(found)


def _paid(found: Reconciliation) -> str:
    money = f"Billed {usd(float(found.billed_cost_usd))} for use of {usd(float(found.list_cost_usd))} at list"
    if found.discount_fraction is not None:
        return f"{money}: the discount paid today is {percent(found.discount_fraction)}."
    if found.likely_discount_fraction is not None:
        return f"{money}: a discount of {percent(found.likely_discount_fraction)} on everything is likely, not known."
    return f"{money}; the bill has no list price of its own, so it does not say which discount is paid."
