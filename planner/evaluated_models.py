"""Which models an evaluation asks: its candidates, and the reference whose answers are the standard."""

from collections.abc import Callable
from dataclasses import dataclass

from planner.errors import InputError, UnknownModelError
from planner.evaluation.evaluation import Evaluation
from planner.opportunities.candidates import TIERS, current_models
from planner.prepared import Prepared
from planner.prices import PriceBook


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedModels:
    """Models by the name that they are priced and asked by. candidates: in the plan's order, or the cheapest first."""

    candidates: tuple[str, ...]
    reference: str


def evaluated_models(evaluation: Evaluation, book: PriceBook, prepare: Callable[[], Prepared]) -> EvaluatedModels:
    """The models of an evaluation; those that it does not name follow from the plan's mix.

    prepare: the plan, measured and priced; only called where a model is not named.
    Errors: UnknownModelError naming the entry's key; InputError where no model serves the type, or several do, and no
    reference is named; where no cheaper tier has a model and no candidate is named; where a candidate is the reference.
    """
    place = f"evaluation of '{evaluation.request_type}'"
    if evaluation.reference is None:
        reference = _serving(prepare(), evaluation, place)
    else:
        reference = _named(book, evaluation.reference, f"{place}: reference")
    if evaluation.candidates:
        found = tuple(_named(book, model, f"{place}: candidates") for model in evaluation.candidates)
    else:
        found = _cheaper(prepare(), reference, place)
    if reference in found:
        raise InputError(f"{place}: {reference} is both candidate and reference; take it out of candidates")
    if len(set(found)) < len(found):
        raise InputError(f"{place}: candidates name one model twice ({', '.join(found)}); name each once")
    return EvaluatedModels(candidates=found, reference=reference)


def _named(book: PriceBook, model: str, place: str) -> str:
    try:
        return book.resolve(model)
    except UnknownModelError as error:
        raise UnknownModelError(f"{place}: {error}") from None


def _serving(prepared: Prepared, evaluation: Evaluation, place: str) -> str:
    """The one model that serves a type in the plan's mix."""
    models = sorted({item.model for item in prepared.mix.entries if item.request_type == evaluation.request_type})
    if not models:
        raise InputError(f"{place}: the plan's mix has no such type; correct request_type, or name a reference")
    if len(models) > 1:
        raise InputError(f"{place}: {' and '.join(models)} serve it; name one of them as reference")
    return models[0]


def _cheaper(prepared: Prepared, reference: str, place: str) -> tuple[str, ...]:
    """The current model of every tier below the reference's, the cheapest first."""
    own = prepared.price_book.tier(reference)
    below = TIERS[: TIERS.index(own)] if own in TIERS else TIERS
    found = tuple(model for tier, model in current_models(prepared).items() if tier in below and model != reference)
    if not found:
        raise InputError(f"{place}: no tier is cheaper than that of {reference}; name candidates")
    return found
