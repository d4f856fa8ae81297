"""[[evidence]] of plan files and evidence files: graded answers of a model, as written, and as the engine's noun."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import Field

from planner.errors import InputError
from planner.evidence.provenance import Provenance
from planner.evidence.quality import DEFAULT_BAR, Evidence
from planner.plan_file.section import Name, Section, Share

Count = Annotated[int, Field(ge=0, le=10**9)]


class EvidenceSection(Section):
    """[[evidence]]: how many answers of a cheaper model met the bar, and how many did not."""

    request_type: Name = Field(description="whose requests were answered")
    model: Name = Field(description="whose answers were graded")
    passed: Count = Field(description="graded answers that met the bar")
    failed: Count = Field(description="graded answers that did not")
    bar: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=DEFAULT_BAR, description="pass rate that the model has to hold: the lower bound has to clear it"
    )
    fnr: Share | None = Field(
        default=None,
        description="of good answers: what the judge in production sends on all the same; default: as a route of the "
        "type says, else 0",
    )
    fpr: Share | None = Field(
        default=None, description="of wrong answers: what the judge in production accepts; default: as for `fnr`"
    )
    graded_on: date | None = Field(default=None, description="the day of the grading")
    source: Annotated[str, Field(max_length=2000)] = Field(default="", description="where the counts come from")


Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Ratio = Annotated[float, Field(gt=0, le=100)]
Error = Annotated[float, Field(ge=0, le=100)]
Cost = Annotated[float, Field(ge=0, le=1e9)]


class FileEntrySection(EvidenceSection):
    """[[evidence]] of an evidence file: the counts, and how they came to be."""

    verdict: Literal["pass", "fail", "undecided"] | None = Field(
        default=None, description="by the schedule of looks, and by the comparison where a margin is set; it holds"
    )
    answers_planned: Annotated[int, Field(ge=1, le=10**9)] | None = Field(
        default=None, description="answers within which it was to be settled"
    )
    looks: Annotated[int, Field(ge=1, le=10**6)] | None = Field(default=None, description="looks on the way there")
    margin: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="loss against the reference that was accepted"
    )
    only_candidate: Count | None = Field(default=None, description="requests on which only this model passed")
    only_reference: Count | None = Field(default=None, description="requests on which only the reference passed")
    reference_model: Name | None = Field(default=None, description="the model that it was compared with")
    served_model: Name | None = Field(default=None, description="the model that the replies name")
    prompt_sha256: Hash | None = Field(default=None, description="of system prompt, tools and settings, as asked")
    sample_sha256: Hash | None = Field(default=None, description="of the requests that were drawn")
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = Field(default=None, description="of the draw")
    grader: Name | None = Field(default=None, description="who said what passes")
    judge_model: Name | None = Field(default=None, description="the model that graded")
    judge_fnr: Share | None = Field(default=None, description="good answers that it failed, by people's verdicts")
    judge_fpr: Share | None = Field(default=None, description="wrong answers that it passed, by people's verdicts")
    judge_labels: Count | None = Field(default=None, description="verdicts of people that say so")
    token_ratio: Ratio | None = Field(default=None, description="input tokens per token of the reference")
    token_ratio_se: Error | None = Field(default=None, description="its standard error")
    output_ratio: Annotated[float, Field(ge=0, le=100)] | None = Field(
        default=None, description="output tokens per token of the reference, after the token ratio"
    )
    output_ratio_se: Error | None = Field(default=None, description="its standard error")
    cost_usd: Cost | None = Field(default=None, description="of the answers and their grading, USD")
    cost_per_answer_usd: Cost | None = Field(default=None, description="of one graded answer, USD")


OF_A_FILE: Final = tuple(name for name in FileEntrySection.model_fields if name not in EvidenceSection.model_fields)
"""Keys that only an evidence file has."""


class EvidenceFileSection(Section):
    """An evidence file, format 1."""

    format: Literal[1]
    evidence: Annotated[list[FileEntrySection], Field(min_length=1)]


def evidence_of(sections: Sequence[EvidenceSection]) -> tuple[Evidence, ...]:
    """The evidence of a plan. Errors: InputError for two entries on one type and model, and for one without answers."""
    seen: set[tuple[str, str]] = set()
    for index, section in enumerate(sections, start=1):
        pair = (section.request_type, section.model)
        what = f"evidence[{index}]: '{pair[0]}' on {pair[1]}"
        if pair in seen:
            raise InputError(f"{what} is there twice; add up the counts in one entry, or keep the newer one")
        if section.passed + section.failed == 0:
            raise InputError(f"{what} has no graded answer; leave the entry out until there are some")
        seen.add(pair)
    return tuple(map(_evidence, sections))


def _evidence(section: EvidenceSection) -> Evidence:
    provenance = None
    if isinstance(section, FileEntrySection):
        provenance = Provenance(**{name: getattr(section, name) for name in OF_A_FILE})
    return Evidence(**{name: getattr(section, name) for name in EvidenceSection.model_fields}, provenance=provenance)
