"""What a store holds of an evaluation: the draw of its sample as far as it was answered, and the answers."""

from collections.abc import Sequence
from dataclasses import replace

from planner.evaluation.answered import Answered, keys_of
from planner.evaluation.evaluation import Evaluation
from planner.evaluation.grade import judge_requests
from planner.evaluation.runs import answered, question
from planner.evaluation.store import Store


def collected(
    evaluation: Evaluation, store: Store, *, candidates: Sequence[str], reference: str, seed: int
) -> Answered:
    """The answers to an evaluation that are kept: to its first `answers` requests in draw order, and to those beyond
    them up to the last that a candidate was asked. Without a judge's replies, which `with_replies` adds.

    Errors: InputError naming file and line of a sample that cannot be read, and where it has no request of the type.
    """
    size = 2 * evaluation.answers
    while True:
        found = answered(question(evaluation, candidates, reference, seed=seed, answers=size), store)
        last = _last_asked(found)
        if last < size // 2 or len(found.sample) < size:
            return replace(found, sample=found.sample[: max(evaluation.answers, last + 1)])
        size *= 2


def with_replies(found: Answered, store: Store) -> Answered:
    """The same with the replies of its judge that are kept. Errors: as `judge_requests`."""
    asked = [request.key for request in judge_requests(found)]
    if not asked:
        return found
    refused = frozenset(found.refused) | set(store.refusals(asked))
    return replace(found, answers={**found.answers, **store.answers(asked)}, refused=refused)


def is_begun(found: Answered) -> bool:
    """Whether any candidate was asked anything."""
    return _last_asked(found) >= 0


def _last_asked(found: Answered) -> int:
    """The place in the draw of the last request that a candidate answered or will never answer; -1 without any."""
    places = [
        place
        for model in found.candidates
        for place, key in enumerate(keys_of(found, model))
        if key in found.answers or key in found.refused or key in found.of_others
    ]
    return max(places, default=-1)
