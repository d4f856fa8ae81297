"""From [[evaluation]] of a checked plan file to evaluations: files of graders read, patterns and schemas checked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from planner.errors import InputError
from planner.evaluation.evaluation import (
    Evaluation,
    ExactGrader,
    Grader,
    JudgeGrader,
    NumberGrader,
    PatternGrader,
    PythonGrader,
    SchemaGrader,
    SetGrader,
    TextGrader,
)
from planner.evaluation.graders.texts import compiled
from planner.evaluation.json_schemas import check_schema
from planner.named_files import NamedFiles, text_of
from planner.plan_file.evaluation_sections import (
    EvaluationSection,
    ExactSection,
    GraderSection,
    JudgeSection,
    NumberSection,
    PatternSection,
    PythonSection,
    SchemaSection,
    SetSection,
)
from planner.plan_file.mistakes import located


def evaluations_of(sections: Sequence[EvaluationSection], files: NamedFiles) -> tuple[Evaluation, ...]:
    """The evaluations of a plan. Models are as typed: the price book knows them.

    Errors: InputError naming the entry for two on one type, a candidate twice, more looks than answers, and a grader
    whose pattern, schema or files cannot be used.
    """
    seen: dict[str, int] = {}
    for index, section in enumerate(sections, start=1):
        if (first := seen.setdefault(section.request_type, index)) != index:
            raise InputError(
                f"evaluation[{index}]: '{section.request_type}' is there twice, first in evaluation[{first}]; keep one "
                "entry per type: it may have several samples and candidates"
            )
    return tuple(_evaluation(section, files, f"evaluation[{index}]") for index, section in enumerate(sections, start=1))


def _evaluation(section: EvaluationSection, files: NamedFiles, place: str) -> Evaluation:
    if doubled := next((name for name in section.candidates if section.candidates.count(name) > 1), None):
        raise InputError(f"{place}.candidates: {doubled} is there twice; name each model once")
    if section.looks > section.answers:
        raise InputError(
            f"{place}.looks = {section.looks} is more than answers = {section.answers}; each look needs an answer more"
        )
    return Evaluation(
        request_type=section.request_type,
        samples=tuple(files.path(name, place=f"{place}.sample") for name in section.sample),
        grader=located(f"{place}.grader", _grader, section.grader, files),
        candidates=tuple(section.candidates),
        reference=section.reference,
        bar=section.bar,
        margin=section.margin,
        answers=section.answers,
        looks=section.looks,
    )


def _grader(section: GraderSection, files: NamedFiles) -> Grader:
    match section:
        case ExactSection():
            return ExactGrader()
        case NumberSection():
            return NumberGrader(absolute=section.absolute, relative=section.relative)
        case PatternSection():
            return PatternGrader(pattern=compiled(section.pattern).pattern, whole=section.whole)
        case SchemaSection():
            return SchemaGrader(schema=_schema(section, files), compare=section.compare)
        case SetSection():
            return SetGrader(separator=section.separator, measure=section.measure, least=section.least)
        case PythonSection():
            return PythonGrader(name=section.name)
        case JudgeSection():
            return JudgeGrader(model=section.model, rubric=_rubric(section, files), max_tokens=section.max_tokens)
        case _:
            return TextGrader(keep_punctuation=section.keep_punctuation)


def _schema(section: SchemaSection, files: NamedFiles) -> Mapping[str, Any]:
    if (section.schema_ is None) == (section.schema_file is None):
        raise InputError("give either schema, a table, or schema_file, the name of a file with one")
    if section.schema_ is not None:
        check_schema(section.schema_)
        return section.schema_
    name = section.schema_file or ""
    text = text_of(files.path(name, place="schema_file"), place=f"schema_file = '{name}'")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"schema_file = '{name}' is not valid JSON: {error}; correct it") from None
    if not isinstance(found, dict):
        raise InputError(f"schema_file = '{name}' holds no JSON object; a JSON schema is one")
    located(f"schema_file = '{name}'", check_schema, found)
    return found


def _rubric(section: JudgeSection, files: NamedFiles) -> str:
    if (section.rubric is None) == (section.rubric_file is None):
        raise InputError("give either rubric, a text, or rubric_file, the name of a file with one")
    if section.rubric is not None:
        rubric = section.rubric
    else:
        name = section.rubric_file or ""
        rubric = text_of(files.path(name, place="rubric_file"), place=f"rubric_file = '{name}'")
    if not rubric.strip():
        raise InputError("the rubric is empty; say what makes one answer as good as another")
    return rubric
