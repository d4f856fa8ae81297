"""What has changed since answers were graded: the model that answers, the one compared with."""

from planner.errors import UnknownModelError
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
    return None


def _named(prepared: Prepared, model: str) -> str | None:
    """A model by the name that is priced, None for one that the price list does not know."""
    try:
        return prepared.price_book.resolve(model)
    except UnknownModelError:
        return None
