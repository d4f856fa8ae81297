"""What showing that models hold has cost, in a table and sentences."""

from collections.abc import Sequence
from typing import Final

from planner.evaluation.spent import Paid, Spent
from planner.inputs import PlanInputs
from planner.tables import Table
from planner.words import count, usd

_PURPOSE_WORDS: Final = {
    "candidate": "answers of candidates",
    "reference": "answers of the reference, to compare with",
    "judge": "verdicts of a judge",
}


def spent_table(found: Spent) -> Table:
    """A line per purpose, the doubtful and the open ones, and the sum of what is known."""
    lines = [
        *((_PURPOSE_WORDS[purpose], paid) for purpose, paid in found.by_purpose.items()),
        ("paid in all", Paid(answers=sum(paid.answers for paid in found.by_purpose.values()), cost_usd=found.cost_usd)),
        *((("sent and without a reply, at worst", found.doubtful),) if found.doubtful.answers else ()),
        *((("still to come, at worst", found.waiting),) if found.waiting.answers else ()),
    ]
    return Table(
        title="Paid for answers, by purpose",
        columns=("what for", "answers", "USD at list"),
        rows=tuple((what, count(paid.answers), usd(float(paid.cost_usd), cents=True)) for what, paid in lines),
        numeric=frozenset({1, 2}),
        note="List prices of the day of each answer, half of them in a batch; your discount is not in it.",
    )


def spent_sentences(found: Spent, store: str) -> tuple[str, ...]:
    """What was paid in all, what is doubtful, and whether a run is under way. store: its file's name."""
    answers = sum(paid.answers for paid in found.by_purpose.values())
    what = "1 answer" if answers == 1 else f"{count(answers)} answers"
    said = [f"{usd(float(found.cost_usd), cents=True)} for {what}, by the store '{store}'."]
    if found.in_use:
        said.append("A run has the store now: load this page again to see what has arrived since.")
    if found.waiting.answers:
        said.append(
            f"Requests whose reply is still to come: {count(found.waiting.answers)}, for "
            f"{usd(float(found.waiting.cost_usd), cents=True)} at worst."
        )
    if found.doubtful.answers:
        said.append(
            f"Up to {usd(float(found.doubtful.cost_usd), cents=True)} more is doubtful: requests that were sent and "
            f"brought no reply ({count(found.doubtful.answers)}) may have been billed."
        )
    return tuple(said)


def told_sentences(inputs: PlanInputs, uploaded_usd: Sequence[float | None]) -> tuple[str, ...]:
    """What the evidence itself says of its cost. uploaded_usd: of each uploaded answer, None where it is not known."""
    entries = [item.evidence for item in inputs.file_evidence]
    costs = [item.provenance.cost_usd for item in entries if item.provenance and item.provenance.cost_usd is not None]
    known = [cost for cost in uploaded_usd if cost is not None]
    said = []
    if costs:
        some = "" if len(costs) == len(entries) else f", of {len(costs)} of {len(entries)} entries"
        said.append(f"{usd(sum(costs), cents=True)} by the plan's evidence files{some}.")
    if known:
        some = "" if len(known) == len(uploaded_usd) else f", of {count(len(known))} of {count(len(uploaded_usd))}"
        said.append(f"{usd(sum(known), cents=True)} by cost_usd of the uploaded answers{some}.")
    return tuple(said) or (
        "Nothing is known of what this evidence cost. An evaluation that is run keeps the price of every answer in a "
        "store beside the plan file, and graded answers may say theirs; either would stand here.",
    )
