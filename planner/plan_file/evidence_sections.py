"""[[evidence]] of the plan file: graded answers of a model to a request type, as written, and as the engine's noun."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from planner.errors import InputError
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
    return tuple(
        Evidence(
            request_type=section.request_type,
            model=section.model,
            passed=section.passed,
            failed=section.failed,
            bar=section.bar,
            fnr=section.fnr,
            fpr=section.fpr,
            graded_on=section.graded_on,
            source=section.source,
        )
        for section in sections
    )
