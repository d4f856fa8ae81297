"""What has changed since answers were graded: the model that answers, the one compared with, the prompt."""

from planner.errors import InputError, UnknownModelError
from planner.evaluation.evaluation import Evaluation
from planner.evaluation.keys import prompt_sha256
from planner.evaluation.sample import read_sample
from planner.evidence.quality import Evidence
from planner.prepared import Prepared


def why_changed(prepared: Prepared, evidence: Evidence) -> str | None:
    """What is no longer as it was when the answers were graded, in words; None where nothing is known to differ."""
    came = evidence.provenance
    if came is None:
        return None
    if came.served_model is not None and (served := _named(prepared, came.served_model)) != evidence.model:
        return f"the answers came from {served or came.served_model}, and {evidence.model} is what is priced"
    if came.reference_model is not None:
        serving = {entry.model for entry in prepared.mix.entries if entry.request_type == evidence.request_type}
        reference = _named(prepared, came.reference_model) or came.reference_model
        if serving and reference not in serving:
            return f"compared with {reference}, and {' and '.join(sorted(serving))} serves the type now"
    evaluation = prepared.inputs.evaluation(evidence.request_type)
    if came.prompt_sha256 is not None and evaluation is not None:
        now = prompt_now(evaluation)
        if now is not None and now != came.prompt_sha256:
            return "the prompt has changed since: system prompt, tools or settings of the sample are not those graded"
    return None


def _named(prepared: Prepared, model: str) -> str | None:
    """A model by the name that is priced, None for one that the price list does not know."""
    try:
        return prepared.price_book.resolve(model)
    except UnknownModelError:
        return None


def prompt_now(evaluation: Evaluation) -> str | None:
    """The hash of what the requests of an evaluation's sample have in common today; None where it cannot be read.

    Of all of the type's requests, whichever are drawn.
    """
    try:
        sample = read_sample(evaluation.samples, request_types=(evaluation.request_type,))
    except InputError:
        return None
    return prompt_sha256(list(sample))
