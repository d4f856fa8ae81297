"""What a plan's evaluations are to show, as a table."""

from collections.abc import Sequence

from planner.evaluation.evaluation import Evaluation
from planner.prepared import Prepared
from planner.tables import Table
from planner.words import count, percent


def evaluations_table(found: Sequence[Evaluation]) -> Table:
    """A line per evaluation."""
    return Table(
        title="What this plan is to show",
        columns=("type", "candidates", "bar", "margin", "answers", "looks", "grader", "sample"),
        rows=tuple(map(_row, found)),
        numeric=frozenset({2, 3, 4, 5}),
    )


def _row(one: Evaluation) -> tuple[str, ...]:
    return (
        one.request_type,
        ", ".join(one.candidates) or "the current model of every cheaper tier",
        percent(one.bar),
        "-" if one.margin is None else percent(one.margin),
        count(one.answers),
        count(one.looks),
        type(one.grader).__name__.removesuffix("Grader").lower(),
        ", ".join(path.name for path in one.samples),
    )


def costliest_type(prepared: Prepared) -> str:
    """The type with the most of the list bill."""
    costs: dict[str, float] = {}
    for line in prepared.mix_lines:
        costs[line.request_type] = costs.get(line.request_type, 0.0) + line.monthly_list_cost_usd
    return max(costs, key=costs.__getitem__)
