"""What new answers and logged outcomes say of a plan's evidence, as table, sentences and JSON."""

from collections.abc import Sequence
from typing import Any

from planner.evidence.drift import Drift
from planner.evidence_in_plan.checking import PairCheck
from planner.evidence_in_plan.effect import Effect
from planner.machine import outcome_json
from planner.report import offer_name
from planner.tables import Table
from planner.words import count, percent, percent_estimate, points, usd_estimate

_RATES = {"graded answers": "pass rate", "logged outcomes": "escalation"}


def check_table(found: Sequence[PairCheck]) -> Table:
    """A line per type and model: the rate before and now, whether it has moved, why to grade a new sample."""
    return Table(
        title="Evidence against what is new",
        columns=("type", "model", "rate", "before", "now", "change", "moved", "grade a new sample"),
        rows=tuple(map(_row, found)),
        numeric=frozenset({3, 4, 5}),
        note="Change: one-sided 95% bounds. Each line errs one time in twenty where nothing has moved; of many lines "
        "some will.",
    )


def _row(one: PairCheck) -> tuple[str, ...]:
    before, now = "-", "-"
    if one.drift is not None:
        before = f"{percent(one.drift.old.rate)} of {count(one.drift.old.total)}"
    elif one.known is not None:
        before = f"{percent(one.known.passed / one.known.answers)} of {count(one.known.answers)}"
    if one.new is not None:
        now = f"{percent(one.new.counts.rate)} of {count(one.new.counts.total)}"
    return (
        one.request_type,
        one.model,
        "pass rate" if one.new is None else _RATES[one.new.source],
        before,
        now,
        "-" if one.drift is None else _change(one.drift),
        "-" if one.drift is None else one.drift.moved,
        "; ".join(one.why) or "no",
    )


def _change(moved: Drift) -> str:
    return f"{points(moved.change)} points ({points(moved.lower)} to {points(moved.upper)})"


def check_sentences(found: Sequence[PairCheck], effect: Effect) -> list[str]:
    """What to grade again, and what the new counts do to the commitment."""
    again = list(dict.fromkeys(f"'{one.request_type}' on {one.model}" for one in found if one.why))
    said = [
        f"Grade a new sample of {', '.join(again)}." if again else "No type needs a new sample.",
    ]
    if not effect.changed:
        return [*said, "No route of the plan is on what is new, so the commitment stays as it is."]
    before, after, kept = effect.before, effect.after, effect.kept
    same = before.offer == after.offer
    risk = _from_to(percent_estimate(before.shortfall_probability), percent_estimate(kept.shortfall_probability))
    cost = _from_to(usd_estimate(before.expected_cost), usd_estimate(kept.expected_cost))
    said.append(
        f"With the new counts in place of the old ones, {offer_name(before.offer)}: shortfall risk {risk}, expected "
        f"cost {cost}."
    )
    if same:
        return [*said, "The recommendation stays."]
    return [
        *said,
        f"The recommendation becomes {offer_name(after.offer)}: expected cost {usd_estimate(after.expected_cost)}, "
        f"shortfall risk {percent_estimate(after.shortfall_probability)}.",
    ]


def _from_to(before: str, after: str) -> str:
    return f"{after} as before" if before == after else f"{after} instead of {before}"


def check_json(found: Sequence[PairCheck], effect: Effect) -> dict[str, Any]:
    """Every pair, the types to grade again, and the effect on the commitment."""
    return {
        "pairs": pairs_json(found),
        "recheck": sorted({one.request_type for one in found if one.why}),
        "effect": {
            "routes": [
                {"scenario": scenario, "request_type": name, "model": model} for scenario, name, model in effect.changed
            ],
            "recommended_before": outcome_json(effect.before),
            "recommended_after": outcome_json(effect.after),
            "before_with_new_counts": outcome_json(effect.kept),
        },
    }


def pairs_json(found: Sequence[PairCheck]) -> list[dict[str, Any]]:
    """What is known and new of each pair."""
    return [_pair_json(one) for one in found]


def _pair_json(one: PairCheck) -> dict[str, Any]:
    moved, new = one.drift, one.new
    return {
        "request_type": one.request_type,
        "model": one.model,
        "is_routed": one.is_routed,
        "rate": None if new is None else _RATES[new.source].replace(" ", "_"),
        "before": None if moved is None else moved.old.rate,
        "before_count": None if moved is None else moved.old.total,
        "now": None if new is None else new.counts.rate,
        "now_count": None if new is None else new.counts.total,
        "change": None if moved is None else moved.change,
        "change_lower": None if moved is None else moved.lower,
        "change_upper": None if moved is None else moved.upper,
        "moved": None if moved is None else moved.moved,
        "seen_fall": None if moved is None else moved.seen_fall,
        "seen_rise": None if moved is None else moved.seen_rise,
        "bar": None if one.known is None else one.known.bar,
        "decision_now": None if moved is None else moved.verdict,
        "recheck": list(one.why),
    }
