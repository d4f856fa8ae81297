"""Evidence that no target rests on, and why: nothing that the plan says is left out in silence."""

from collections.abc import Sequence

from planner.known_evidence import overruled_notes, own_evidence, verdict_notes, why_stale
from planner.opportunities.candidates import TIERS, current_models
from planner.opportunities.verdicts import Opportunity
from planner.prepared import Prepared


def evidence_notes(prepared: Prepared, found: Sequence[Opportunity]) -> list[str]:
    """Evidence that may no longer hold, that is contradicted, or that is of no use, in sentences.

    Errors: InputError and UnknownModelError for entries that cannot be used.
    """
    used = {(item.request_type, candidate.to) for item in found for candidate in item.candidates}
    types = {item.request_type for item in found}
    stale, unused = [], []
    for pair, (what, item) in own_evidence(prepared).items():
        if pair in used:
            why = why_stale(prepared, item)
            stale += [f"{what} may be stale: {why}."] if why else []
        elif pair[0] in types:  # the plan's own warnings name a type that the mix does not have
            unused.append(f"{what} is of no use here: {_why_unused(prepared, found, *pair)}.")
    return [*stale, *verdict_notes(prepared), *overruled_notes(prepared), *unused]


def _why_unused(prepared: Prepared, found: Sequence[Opportunity], request_type: str, model: str) -> str:
    if any(model in (item.model, item.serves) for item in found if item.request_type == request_type):
        return "the type is on that model already"
    tier = prepared.price_book.tier(model)
    newest = current_models(prepared).get(tier)
    if tier not in TIERS or newest is None:
        return f"no current model is of its tier, {tier}"
    if model != newest:
        return f"of each tier the current model is a target, here {newest}"
    return "its tier is dearer than the type's own, or it could not be priced"
