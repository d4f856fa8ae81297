"""An evaluation as a run sees it: what is asked of which model, in which order, at what cost, and what was answered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TypeVar

from planner.clock import today
from planner.errors import InputError
from planner.evaluation.answered import Answered
from planner.evaluation.estimate import Estimate, TypicalTokens, estimated
from planner.evaluation.evaluation import Evaluation, JudgeGrader, ModelRequest, SampleRequest
from planner.evaluation.graders.rules import needs_expected
from planner.evaluation.keys import sample_requests
from planner.evaluation.measured_tokens import MeasuredTokens, measured_by_answers, measured_by_counts
from planner.evaluation.sample import draw, requests_in
from planner.evaluation.store import Store
from planner.prices import PriceBook
from planner.units import OUTPUT

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An evaluation with its draw and its models. wanted: answers that the schedule plans, the draw may have fewer.

    asks_reference: whether the reference model is asked too.
    """

    evaluation: Evaluation
    sample: tuple[SampleRequest, ...]
    candidates: tuple[str, ...]
    reference: str
    wanted: int
    asks_reference: bool

    def requests(self, model: str) -> tuple[ModelRequest, ...]:
        """What is asked of one of the models, in draw order."""
        purpose = "reference" if model == self.reference else "candidate"
        return sample_requests(model, self.sample, purpose=purpose)  # type: ignore[arg-type]

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are asked."""
        return (*self.candidates, *((self.reference,) if self.asks_reference else ()))


def question(
    evaluation: Evaluation,
    candidates: Sequence[str],
    reference: str,
    *,
    seed: int,
    answers: int | None = None,
    with_reference: bool = False,
) -> Question:
    """The draw of an evaluation and who is asked. answers: in place of the schedule's.

    The reference model is asked where something needs its answers: a margin, or a grader that compares and has nothing
    to compare with in the sample; and where it is asked for, to measure the length of its answers.
    Errors: InputError for a sample that cannot be read, and for one without a request of the type.
    """
    wanted = evaluation.answers if answers is None else answers
    drawn = draw(requests_in(evaluation.samples), request_type=evaluation.request_type, answers=wanted, seed=seed)
    if not drawn:
        names = ", ".join(map(str, evaluation.samples))
        raise InputError(f"{names} has no request of type '{evaluation.request_type}'; correct request_type or sample")
    needed = evaluation.margin is not None or any(_lacks_standard(evaluation, item) for item in drawn)
    return Question(
        evaluation=evaluation,
        sample=drawn,
        candidates=tuple(candidates),
        reference=reference,
        wanted=wanted,
        asks_reference=needed or with_reference,
    )


def _lacks_standard(evaluation: Evaluation, item: SampleRequest) -> bool:
    if isinstance(evaluation.grader, JudgeGrader):
        return not (item.reference or "").strip()
    return needs_expected(evaluation.grader) and not item.has_expected and item.reference is None


def in_order(questions: Iterable[Question]) -> list[ModelRequest]:
    """Every request: the first of each type and model, then the second of each, so that a budget that ends in the
    middle leaves all of them about as many answers, and each the start of its draw."""
    columns = [item.requests(model) for item in questions for model in item.models]
    return [request for request in chain.from_iterable(zip_longest(*columns)) if request is not None]


def estimates(
    questions: Sequence[Question],
    book: PriceBook,
    store: Store | None,
    *,
    in_batch: bool,
    typical: Mapping[str, TypicalTokens],
) -> tuple[Estimate, ...]:
    """What each type and model costs, of what the store lacks. typical: of a request type in the plan's mix.

    Errors: PriceError for what has no price, before anything is spent.
    """
    found = []
    going = set() if store is None else {item.key for batch in store.open_batches() for item in batch.items}
    for item in questions:
        for model in item.models:
            requests = item.requests(model)
            keys = [request.key for request in requests]
            known = {} if store is None else {key: one.tokens[OUTPUT] for key, one in store.answers(keys).items()}
            found.append(
                estimated(
                    requests,
                    book,
                    on=today(),
                    in_batch=in_batch,
                    known=known,
                    counted={} if store is None else store.prompt_tokens(keys),
                    typical=typical.get(item.evaluation.request_type),
                    settled=going if store is None else going | store.refusals(keys).keys(),
                )
            )
    return tuple(found)


def answered(item: Question, store: Store) -> Answered:
    """What was answered of a question so far, for its grader."""
    keys = [request.key for model in (*item.candidates, item.reference) for request in item.requests(model)]
    return Answered(
        evaluation=item.evaluation,
        sample=item.sample,
        candidates=item.candidates,
        reference=item.reference,
        answers=store.answers(keys),
        refused=frozenset(store.refusals(keys)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateTokens:
    """A candidate's tokens against the reference's, for one type."""

    request_type: str
    model: str
    reference: str
    measured: MeasuredTokens


def measured_tokens(questions: Sequence[Question], store: Store) -> tuple[CandidateTokens, ...]:
    """Of every candidate with answers to requests that the reference has answered too, else with prompts counted on
    both."""
    found = []
    for item in questions:
        reference = [request.key for request in item.requests(item.reference)]
        for model in item.candidates:
            own = [request.key for request in item.requests(model)]
            measured = _measured(own, reference, store)
            if measured is not None:
                found.append(
                    CandidateTokens(
                        request_type=item.evaluation.request_type,
                        model=model,
                        reference=item.reference,
                        measured=measured,
                    )
                )
    return tuple(found)


def _measured(own: Sequence[str], reference: Sequence[str], store: Store) -> MeasuredTokens | None:
    by_answers = measured_by_answers(_by_place(own, store.answers(own)), _by_place(reference, store.answers(reference)))
    if by_answers is not None:
        return by_answers
    counted = [_by_place(keys, store.prompt_tokens(keys)) for keys in (own, reference)]
    return measured_by_counts(*counted)


def _by_place(keys: Sequence[str], found: Mapping[str, _Found]) -> dict[str, _Found]:
    """By the request's place in the draw, which both models share."""
    return {str(place): found[key] for place, key in enumerate(keys) if key in found}
