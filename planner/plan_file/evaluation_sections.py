"""[[evaluation]] of the plan file as it is written: what is to be shown of which models on a request type, and how."""

from typing import Annotated, Any, Literal

from pydantic import Field

from planner.evaluation.evaluation import DEFAULT_ANSWERS, DEFAULT_LOOKS
from planner.evidence.quality import DEFAULT_BAR
from planner.plan_file.section import Name, Section

FileName = Annotated[str, Field(min_length=1, max_length=4096)]
Tolerance = Annotated[float, Field(ge=0, le=1e15)]


class ExactSection(Section):
    """[evaluation.grader]: the answer is the expected text, white space around it aside."""

    kind: Literal["exact"]


class TextSection(Section):
    """[evaluation.grader]: the same text without case, runs of white space and punctuation."""

    kind: Literal["text"]
    keep_punctuation: bool = Field(default=False, description="punctuation has to be the same as well")


class NumberSection(Section):
    """[evaluation.grader]: the last number of the answer is the expected one, within a tolerance."""

    kind: Literal["number"]
    absolute: Tolerance = Field(default=0.0, description="largest difference that passes")
    relative: Tolerance = Field(default=0.0, description="the same as a fraction of the expected number")


class PatternSection(Section):
    """[evaluation.grader]: a regular expression is found in the answer."""

    kind: Literal["pattern"]
    pattern: Annotated[str, Field(min_length=1, max_length=10_000)] = Field(
        description="regular expression, as Python spells them"
    )
    whole: bool = Field(default=False, description="it has to match the whole answer")


class SchemaSection(Section):
    """[evaluation.grader]: the answer is JSON that a JSON schema accepts."""

    kind: Literal["schema"]
    schema_: dict[str, Any] | None = Field(
        default=None, alias="schema", description="JSON schema as a table; or give `schema_file`"
    )
    schema_file: FileName | None = Field(default=None, description="file of a JSON schema, relative to the plan file")
    compare: bool = Field(default=False, description="and it has to equal the expected JSON, where a request has some")


class SetSection(Section):
    """[evaluation.grader]: the answer's items overlap the expected ones."""

    kind: Literal["set"]
    separator: Annotated[str, Field(min_length=1, max_length=20)] = Field(
        default=",", description="between the items of a text; a JSON list needs none"
    )
    measure: Literal["jaccard", "recall"] = Field(
        default="jaccard", description="shared items out of all of both, or out of the expected ones"
    )
    least: Annotated[float, Field(gt=0, le=1)] = Field(default=1.0, description="smallest overlap that passes")


class PythonSection(Section):
    """[evaluation.grader]: a callable of an installed package decides."""

    kind: Literal["python"]
    name: Name = Field(description='its name in the group "planner.graders" of entry points')


class JudgeSection(Section):
    """[evaluation.grader]: a model finds the answer no worse than the reference, in both orders."""

    kind: Literal["judge"]
    model: Name = Field(description="model that judges")
    rubric: Annotated[str, Field(min_length=1, max_length=100_000)] | None = Field(
        default=None, description="what makes an answer as good as another; or give `rubric_file`"
    )
    rubric_file: FileName | None = Field(default=None, description="text file of the rubric, relative to the plan file")
    max_tokens: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=1024, description="most output of one judgement, tokens"
    )


GraderSection = Annotated[
    ExactSection
    | TextSection
    | NumberSection
    | PatternSection
    | SchemaSection
    | SetSection
    | PythonSection
    | JudgeSection,
    Field(discriminator="kind"),
]


class EvaluationSection(Section):
    """[[evaluation]]: a sample of a request type that candidate models answer, and the bar that they have to hold."""

    request_type: Name = Field(description="whose requests are answered; one entry per type")
    sample: Annotated[list[FileName], Field(min_length=1)] = Field(
        description="files of requests, JSONL, also .gz and .zst; relative to the plan file"
    )
    candidates: list[Name] = Field(
        default_factory=list, description="models to try; default: the current model of every cheaper tier"
    )
    reference: Name | None = Field(
        default=None, description="model whose answers are the standard; default: the one that serves the type"
    )
    bar: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=DEFAULT_BAR, description="pass rate that a candidate has to hold: its lower bound has to clear it"
    )
    margin: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="with it a pass rate also has to be at most so much below that of the reference"
    )
    answers: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=DEFAULT_ANSWERS, description="graded answers per candidate within which it is to be settled"
    )
    looks: Annotated[int, Field(ge=1, le=100)] = Field(
        default=DEFAULT_LOOKS, description="how often they are looked at on the way, the last time included"
    )
    grader: GraderSection = Field(description="who says whether an answer passes, by its `kind`")
