"""What was answered of an evaluation: answers of candidates and of the reference model to its sample."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from planner.errors import InputError
from planner.evaluation.evaluation import Answer, Evaluation, JudgeGrader, SampleRequest
from planner.evaluation.graders.grades import CUT_OFF, UnusableReferenceError, place_of
from planner.evaluation.graders.json_answers import NoJsonError, json_of_answer
from planner.evaluation.graders.rules import check_expected, needs_expected
from planner.evaluation.judge import shown
from planner.evaluation.keys import canonical_json, sample_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An evaluation, the requests of its sample in draw order, and the answers that there are, by the key of a request.

    candidates, reference: models as they were asked. refused: keys of requests that the API will never answer.
    of_others: keys of those that another model answered than was asked; such an answer is not among the answers.
    """

    evaluation: Evaluation
    sample: tuple[SampleRequest, ...]
    candidates: tuple[str, ...]
    reference: str | None
    answers: Mapping[str, Answer]
    refused: Collection[str] = field(default_factory=frozenset)
    of_others: Collection[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What answers to one request are held against.

    request: of the sample; its reference is the reference model's answer where the sample says nothing else. answer: of
    the reference model, None where there is none; is_refused: the API will never answer it. stands_in: that answer is
    the reference, so that it cannot be graded itself. fault: why no answer to the request can be graded; None where it
    can.
    """

    request: SampleRequest
    answer: Answer | None
    is_refused: bool
    stands_in: bool
    fault: str | None


def without_others(answered: Answered, is_of_another: Callable[[Answer], bool]) -> Answered:
    """The same without answers of another model than was asked, which show nothing of that one."""
    others = {key for key, answer in answered.answers.items() if is_of_another(answer)}
    kept = {key: answer for key, answer in answered.answers.items() if key not in others}
    return replace(answered, answers=kept, of_others=frozenset(others))


def keys_of(answered: Answered, model: str) -> tuple[str, ...]:
    """Keys of the sample's requests to a model, in draw order; they are the same whatever the model is asked for."""
    return tuple(item.key for item in sample_requests(model, answered.sample, purpose="candidate"))


def standards(answered: Answered) -> tuple[Standard, ...]:
    """What the answers to each request are held against, in draw order.

    Errors: InputError naming the first request that has nothing to compare with where the grader compares, or something
    that it cannot compare with.
    """
    model = answered.reference
    keys = keys_of(answered, model) if model is not None else ("",) * len(answered.sample)
    was_asked = any(key in answered.answers or key in answered.refused or key in answered.of_others for key in keys)
    return tuple(
        _standard(answered, request, key, was_asked) for request, key in zip(answered.sample, keys, strict=True)
    )


def _standard(answered: Answered, request: SampleRequest, key: str, was_asked: bool) -> Standard:
    answer, is_refused = answered.answers.get(key), key in answered.refused
    grader = answered.evaluation.grader
    if isinstance(grader, JudgeGrader):
        stands_in = not (request.reference or "").strip()
    else:
        stands_in = needs_expected(grader) and not request.has_expected and request.reference is None
    if not stands_in:
        found = Standard(request=request, answer=answer, is_refused=is_refused, stands_in=False, fault=None)
        return _checked(answered, found)
    if not was_asked:
        raise InputError(_nothing_there(answered, request))
    fault = _fault(answer, is_refused) if key not in answered.of_others else "another model answered for the reference"
    if answer is not None and fault is None and not isinstance(grader, JudgeGrader):
        request = replace(request, reference=_as_text(answer))
    found = Standard(request=request, answer=answer, is_refused=is_refused, stands_in=True, fault=fault)
    return found if fault is not None else _checked(answered, found)


def _checked(answered: Answered, found: Standard) -> Standard:
    """The same, with a fault where the reference answer cannot be compared with. Errors: as standards."""
    try:
        check_expected(answered.evaluation.grader, found.request)
    except UnusableReferenceError as error:
        return replace(found, fault=str(error))
    return found


def _fault(answer: Answer | None, is_refused: bool) -> str | None:
    """Why the reference model's answer cannot stand for the expected one."""
    if answer is None:
        return "the API refused the reference request" if is_refused else "no reference answer yet"
    if answer.stop_reason == "refusal":
        return "the reference model refused"
    if answer.stop_reason in CUT_OFF:
        return "the reference answer was cut off"
    return None if shown(answer) else "the reference answer is empty"


def _as_text(answer: Answer) -> str:
    """A reference answer as the text to compare with: of a tool call its input."""
    if not any(block.get("type") == "tool_use" for block in answer.content):
        return answer.text
    try:
        return canonical_json(json_of_answer(answer))
    except NoJsonError:
        return answer.text


def _nothing_there(answered: Answered, request: SampleRequest) -> str:
    judged = isinstance(answered.evaluation.grader, JudgeGrader)
    what = "'reference'" if judged else "'expected' or 'reference'"
    run = f"run the reference model {answered.reference}" if answered.reference else "name a reference model and run it"
    return f"{place_of(request)} has nothing to compare an answer with; give it {what} in the sample, or {run}"
