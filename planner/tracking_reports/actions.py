"""What can be done while there is time, each with its value under the contract as signed."""

from planner.risk import Estimate
from planner.tables import Table
from planner.tracking.result import Action
from planner.tracking.tracking import Tracking
from planner.tracking_reports.figures import is_over
from planner.units import HALF_CENT_USD
from planner.words import usd_estimate, usd_short


def actions_sentences(tracking: Tracking) -> tuple[str, ...]:
    """What is worth most, and the next day on which something ends."""
    saving = [action for action in tracking.actions if action.value.mean >= HALF_CENT_USD]
    best = max(saving, key=lambda action: action.value.mean, default=None)
    dated = [action for action in tracking.actions if action.by is not None and action.by >= tracking.on]
    soonest = min(dated, key=lambda action: action.by or tracking.on, default=None)
    said = (
        []
        if is_over(tracking)
        else ["Nothing that can be done now saves a sum worth naming (0.1% of what is committed)."]
    )
    if best is not None:
        said = [f"Worth most: {_stop(best.action)} {_value_sentence(best)}{_until(best)}."]
    if soonest is not None and soonest is not best:
        said.append(f"Next to decide, by {soonest.by}: {_stop(soonest.action)} {_value_sentence(soonest)}.")
    return tuple(said)


def _stop(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _value_sentence(action: Action) -> str:
    mean = action.value.mean
    if abs(mean) < HALF_CENT_USD:
        return "It saves and costs nothing by itself"
    amount = usd_estimate(Estimate(mean=abs(mean), se=action.value.se))
    return f"It {'saves' if mean > 0 else 'costs'} {amount}"


def _until(action: Action) -> str:
    if action.by is None or str(action.by) in action.action:
        return ""
    return f" if it is done by {action.by}"


def actions_table(tracking: Tracking) -> Table:
    """A line per action, in the order of tracking: best value first."""
    return Table(
        title="What to do, valued under the contract as signed",
        columns=("action", "saves", "by", "amount", "why"),
        rows=tuple(
            (
                action.action,
                usd_estimate(action.value),
                "-" if action.by is None else str(action.by),
                "-" if action.amount_usd is None else usd_short(action.amount_usd),
                action.why,
            )
            for action in tracking.actions
        ),
        numeric=frozenset({1, 3}),
        note="Saves: the expected saving on the paths of today's forecast, with its error; below zero it costs. By: "
        "the last day for it. Amount: dollars at list, or of commitment.",
    )
