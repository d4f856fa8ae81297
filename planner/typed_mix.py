"""A request mix typed in by hand, as the mix that a plan starts from."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from planner.errors import UnknownModelError
from planner.inputs import TypedMix
from planner.mix import MixEntry, RequestMix, prompt_edges
from planner.prices import PriceBook


def typed_mix(items: Sequence[TypedMix], price_book: PriceBook, *, on: date) -> RequestMix:
    """The mix as typed: the season-free level of month 0, so that growth begins there.

    Raises UnknownModelError for a model without a price.
    """
    entries, notes = [], []
    for item in items:
        try:
            model = price_book.resolve(item.model)
        except UnknownModelError as error:
            raise UnknownModelError(f"mix '{item.request_type}': {error}") from None
        thresholds = tuple(band.above_prompt_tokens for band in price_book.price(model, on).long_prompt)
        if thresholds and item.long_prompt_fraction is None:
            notes.append(
                f"mix '{item.request_type}' on {model}: no long_prompt_fraction given, so no request is taken to "
                f"exceed {thresholds[0]:,} prompt tokens, where the price rises"
            )
        entries.append(_entry(item, model, thresholds, prompt_edges(price_book)))
    return RequestMix(
        entries=tuple(entries), growth_months=0.0, drift_months=0.0, warnings=tuple(notes), history_days=None
    )


def _entry(item: TypedMix, model: str, thresholds: tuple[int, ...], edges: tuple[int, ...]) -> MixEntry:
    given = item.long_prompt_fraction
    # Where its own model has no threshold, a share that is given can only speak of the text itself.
    tokens = _at(thresholds, given or 0.0) if thresholds else _at(edges, given)
    # Where no token is above, no request is; what share of the requests a known part of the tokens is, is not known.
    none_above = 0.0 if tokens and not given else None
    requests = item.long_request_fraction if item.long_request_fraction is not None else none_above
    return MixEntry(
        request_type=item.request_type,
        model=model,
        monthly_requests=item.monthly_requests,
        tokens_per_request=np.array(item.tokens_per_request),
        batch_fraction=item.batch_fraction,
        long_prompt_fraction=tokens,
        long_request_fraction=_at(tuple(tokens), requests),
        web_searches_per_request=item.web_searches_per_request,
        code_execution_hours_per_request=item.code_execution_hours_per_request,
    )


def _at(lengths: tuple[int, ...], share: float | None) -> dict[int, float]:
    return {} if share is None else dict.fromkeys(lengths, share)
