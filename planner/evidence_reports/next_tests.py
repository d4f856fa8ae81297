"""What to test next, as a table and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from planner.evidence_in_plan.next_tests import Information, NextTest
from planner.opportunities.wording import bar_in_words
from planner.tables import Table
from planner.words import count, percent, usd, usd_estimate, usd_short


def next_tests_table(found: Sequence[NextTest]) -> Table:
    """A line per type and model, the most expected gain per dollar of grading first."""
    informed = any(one.information is not None for one in found)
    columns = (
        "type",
        "model",
        "graded",
        "bar",
        "further answers",
        "cost",
        "chance to pass",
        "saves if so",
        "gain per $1",
    )
    return Table(
        title="What to test next",
        columns=(*columns, "worth knowing", "per $1") if informed else columns,
        rows=tuple(_row(one, informed=informed) for one in found),
        numeric=frozenset({*range(2, 9), *((9, 10) if informed else ())}),
        note="Saves: list dollars over the term, all of the type moved. A chance in brackets is a judgement by how "
        "many tiers the model is down; a cost in brackets is the plan's price of a request, not a measured one."
        + " A cost with + lacks the judge's calls." * any(one.lacks_judge for one in found)
        + " Worth knowing: EVPPI of the route's share or escalation, and per dollar of the answers that resolve half."
        * informed,
    )


def _row(one: NextTest, *, informed: bool) -> tuple[str, ...]:
    row = (
        one.request_type,
        one.model,
        "none" if one.answers == 0 else f"{count(one.passed)} of {count(one.answers)}",
        bar_in_words(one.bar),
        "too close to its bar" if one.further_answers is None else count(one.further_answers),
        _cost(one),
        f"({percent(one.chance)})" if one.by_prior else percent(one.chance),
        usd_short(one.saving_usd),
        _multiple(one.gain_per_usd),
    )
    return (*row, *_information(one.information)) if informed else row


def _cost(one: NextTest) -> str:
    if one.cost_usd is None:
        return "-"
    cost = usd(one.cost_usd, cents=True) + "+" * one.lacks_judge
    return cost if one.is_cost_measured else f"({cost})"


def _information(found: Information | None) -> tuple[str, str]:
    if found is None:
        return "-", "-"
    return usd_estimate(found.value), _multiple(found.per_usd)


def _multiple(value: float | None) -> str:
    return "-" if value is None else usd_short(value)


def next_tests_json(found: Sequence[NextTest]) -> list[dict[str, Any]]:
    """Every test with its figures."""
    return [
        {
            **{key: value for key, value in asdict(one).items() if key != "information"},
            "cost_usd": one.cost_usd,
            "expected_gain_usd": one.expected_gain_usd,
            "gain_per_usd": one.gain_per_usd,
            "information": None if one.information is None else _information_json(one.information),
        }
        for one in found
    ]


def _information_json(found: Information) -> dict[str, Any]:
    return {
        "name": found.name,
        "value_usd": found.value.mean,
        "value_se_usd": found.value.se,
        "answers": found.answers,
        "cost_usd": found.cost_usd,
        "per_usd": found.per_usd,
    }
