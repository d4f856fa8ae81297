"""What has changed since answers were graded: the model that answers, the one compared with, the prompt."""

from functools import lru_cache
from pathlib import Path

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
    now, _ = _prompt(prepared, evidence)
    if now is not None and now != came.prompt_sha256:
        return "the prompt has changed since: system prompt, tools or settings of the sample are not those graded"
    return None


def why_unknown(prepared: Prepared, evidence: Evidence) -> str | None:
    """Why it cannot be told whether the prompt has changed; None where it can, and where nothing is to be compared."""
    return _prompt(prepared, evidence)[1]


def _prompt(prepared: Prepared, evidence: Evidence) -> tuple[str | None, str | None]:
    """The hash of the prompt today, and why there is none; neither where plan or evidence says nothing of it."""
    evaluation = prepared.inputs.evaluation(evidence.request_type)
    if evaluation is None or evidence.provenance is None or evidence.provenance.prompt_sha256 is None:
        return None, None
    try:
        return prompt_now(evaluation), None
    except InputError as error:
        return None, str(error)


def _named(prepared: Prepared, model: str) -> str | None:
    """A model by the name that is priced, None for one that the price list does not know."""
    try:
        return prepared.price_book.resolve(model)
    except UnknownModelError:
        return None


def prompt_now(evaluation: Evaluation) -> str:
    """The hash of what the requests of an evaluation's sample have in common today, of all of them, drawn or not.

    Errors: InputError where the sample cannot be read.
    """
    stamps = tuple((path.stat().st_mtime_ns, path.stat().st_size) for path in evaluation.samples if path.is_file())
    return _prompt_of(evaluation.request_type, evaluation.samples, stamps)


@lru_cache(maxsize=64)
def _prompt_of(request_type: str, samples: tuple[Path, ...], stamps: tuple[tuple[int, int], ...]) -> str:
    """Reports ask for the same sample several times; stamps tell one that was written since."""
    return prompt_sha256(list(read_sample(samples, request_types=(request_type,))))
