"""How graded answers came to be, in sentences: when, by whom, how they were drawn, and where that is written down."""

from collections.abc import Iterator
from typing import Final

from planner.evidence.provenance import Provenance
from planner.evidence.quality import Evidence
from planner.words import count, counted, percent, usd

_DIGITS: Final = 12
_CENT_USD: Final = 0.01


def grading_words(evidence: Evidence, stale: str | None) -> str:
    """One paragraph on a piece of evidence, with what nobody says of it. stale: why it may no longer hold."""
    day = "On a day that is not given" if evidence.graded_on is None else f"Graded on {evidence.graded_on}"
    came = evidence.provenance
    said = [f"{day}{_by(came)}."]
    said.append(_age(evidence, stale))
    said += _of_judge(came) if came is not None else ()
    said += _drawn(came) if came is not None else ("How the answers were drawn, asked and graded is not recorded.",)
    said.append(f"Source: {evidence.source}." if evidence.source else "No source is given.")
    return " ".join(said)


def _age(evidence: Evidence, stale: str | None) -> str:
    if stale is not None:
        return f"Stale: {stale}."
    if evidence.graded_on is None:
        return "Without a day it cannot be told whether it still holds."
    return "Nothing known speaks against it still holding."


def _by(came: Provenance | None) -> str:
    if came is None or came.grader is None:
        return ", by whom is not recorded"
    judge = f" ({came.judge_model})" if came.judge_model is not None else ""
    return f", by the grader '{came.grader}'{judge}"


def _of_judge(came: Provenance) -> Iterator[str]:
    """How far the judge is to be trusted, as people's verdicts say."""
    if came.judge_fnr is not None and came.judge_fpr is not None and came.judge_labels:
        yield (
            f"Against {counted(came.judge_labels, 'verdict')} of people that judge failed {percent(came.judge_fnr)} of "
            f"the good answers and passed {percent(came.judge_fpr)} of the wrong ones."
        )
    elif came.judge_model is not None:
        yield "No verdicts of people say how often that judge is wrong."


def _drawn(came: Provenance) -> Iterator[str]:
    if came.answers_planned is not None:
        looks = "" if came.looks is None else f", counted in {counted(came.looks, 'look')}"
        yield f"Planned: {counted(came.answers_planned, 'answer')}{looks}."
    if came.reference_model is not None:
        yield f"Compared with {came.reference_model} on the same requests{_discordant(came)}."
    if came.served_model is not None:
        yield f"The replies name {came.served_model}."
    hashes = (("prompt", came.prompt_sha256), ("sample", came.sample_sha256))
    if stamps := [f"{what} {digits[:_DIGITS]}" for what, digits in hashes if digits is not None]:
        yield f"SHA-256 of {', '.join(stamps)}{'' if came.seed is None else f', drawn with seed {came.seed}'}."
    if came.cost_usd is not None:
        yield f"It cost {'less than a cent' if 0 < came.cost_usd < _CENT_USD else usd(came.cost_usd, cents=True)}."


def _discordant(came: Provenance) -> str:
    if came.only_candidate is None or came.only_reference is None:
        return ""
    margin = "" if came.margin is None else f"; a loss of {percent(came.margin)} was accepted"
    return f": only this one passed {count(came.only_candidate)}, only that one {count(came.only_reference)}{margin}"
