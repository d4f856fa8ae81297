"""What a store of answers tells of a candidate beside its grades: tokens against the reference, and who served it."""

from dataclasses import replace
from math import isnan

from planner.evaluation.evaluation import Evaluation
from planner.evaluation.measured_tokens import Ratio
from planner.evaluation.runs import measured_tokens, question
from planner.evaluation.store import Store
from planner.evidence.provenance import Provenance

_MOST_RATIO = 100.0
"""What a plan takes at most as a ratio of tokens."""

_DECIMALS = 4
"""Of a ratio and its error: a sample of some hundred answers knows no more."""


def with_store(
    came: Provenance, store: Store, evaluation: Evaluation, candidate: str, reference: str | None, *, seed: int
) -> Provenance:
    """Where answers come from, with what the store has of them: measured ratios and the model that the replies name.

    Nothing is added where the store has no answer of the candidate to the draw of this seed. Errors: InputError for a
    sample that cannot be read.
    """
    asked = question(evaluation, (candidate,), reference or candidate, seed=seed)
    answers = store.answers(request.key for request in asked.requests(candidate)).values()
    latest = max(answers, key=lambda answer: answer.answered_at, default=None)
    if latest is not None:
        came = replace(came, served_model=latest.served_model)
    if reference is None or reference == candidate:
        return came
    for found in measured_tokens((asked,), store):
        token_ratio, token_se = _known(found.measured.prompt)
        output_ratio, output_se = _known(found.measured.length)
        came = replace(
            came,
            token_ratio=token_ratio,
            token_ratio_se=token_se,
            output_ratio=output_ratio,
            output_ratio_se=output_se,
            reference_model=came.reference_model or reference,
        )
    return came


def _known(ratio: Ratio | None) -> tuple[float | None, float | None]:
    """A ratio and its standard error, None for what is not known or is none that a plan takes."""
    if ratio is None or not 0.0 < ratio.value <= _MOST_RATIO:
        return None, None
    se = None if isnan(ratio.se) or ratio.se > _MOST_RATIO else round(ratio.se, _DECIMALS)
    return round(ratio.value, _DECIMALS), se
