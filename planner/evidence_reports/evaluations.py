"""What a plan's evaluations are to show, as a table, and one to begin with as text to paste."""

import json
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


def example_text(prepared: Prepared) -> str:
    """An [[evaluation]] of the costliest type of a plan, to paste into its file."""
    costs: dict[str, float] = {}
    for line in prepared.mix_lines:
        costs[line.request_type] = costs.get(line.request_type, 0.0) + line.monthly_list_cost_usd
    name = max(costs, key=costs.__getitem__)
    return (
        "[[evaluation]]\n"
        f"request_type = {json.dumps(name)}\n"
        'sample = ["sample.jsonl"]      # {"messages": [...], "max_tokens": 500, "expected": "..."} a line\n'
        "bar = 0.90                     # pass rate that a candidate has to hold\n"
        "answers = 200                  # graded answers within which it is to be settled\n"
        "looks = 4                      # how often they are counted on the way\n"
        'grader = { kind = "exact" }    # or text, number, pattern, schema, set, python, judge\n'
    )
