"""One generation of models: a log's past traffic on the models that serve it at the log's end.

Prices move in place and by new generations, and a demand model forecasts neither. To hold prices constant over a
history, traffic that has since moved to a newer model of its tier is counted on that model, its tokens in that model's
tokenizer; what server tools did is the same for every model. What moved to another tier stays as it was: that is a
change of the mix.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from planner.prices import PriceBook
from planner.units import TOKEN_COLUMNS, FloatArray
from planner.usage.read import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """Traffic of a request type counted on the model that followed; both by the price book's ids."""

    request_type: str
    model: str
    counted_on: str


def one_generation(
    usage: Usage, price_book: PriceBook, *, since: date, until: date
) -> tuple[Usage, tuple[Replaced, ...]]:
    """Usage with every model that a type has left counted on the one of its tier that serves at the end.

    since, until: the days that are the end, both included. A model that still serves the type then stays, and so does
    one whose tier no longer serves it. Of several models in a tier the one with the most requests counts. Prompt
    lengths of single requests are carried over; context windows of buckets stay as logged.

    Errors: UnknownModelError for a model that was never priced.
    """
    groups = usage.groups
    ids = groups["model"].map({name: price_book.resolve(str(name)) for name in groups["model"].unique()})
    replaced = _replaced(groups, ids, price_book, since, until)
    if not replaced:
        return usage, ()
    pairs = list(zip(groups["request_type"], ids, strict=True))
    new = [replaced.get(pair, pair[1]) for pair in pairs]
    moved = np.array([pair in replaced for pair in pairs])
    models = np.where(moved, np.array(new, dtype=object), groups["model"].to_numpy(dtype=object))
    counted = counted_on(groups, [pair[1] for pair in pairs], new, price_book, usage.prompt_edges)
    said = tuple(
        Replaced(request_type=name, model=model, counted_on=by) for (name, model), by in sorted(replaced.items())
    )
    return replace(usage, groups=counted.assign(model=models)), said


def counted_on(
    groups: pd.DataFrame, models: Sequence[str], new: Sequence[str], price_book: PriceBook, edges: Sequence[int]
) -> pd.DataFrame:
    """The same text as other models count it: tokens and prompt lengths in their tokenizers, nothing else.

    models, new: the models of each group and those to count it on, by the price book's ids. edges: the prompt lengths
    that the usage was read with.
    """
    ratio = np.array([price_book.token_ratio(old, by) for old, by in zip(models, new, strict=True)])
    columns = {name: np.rint(groups[name].to_numpy() * ratio).astype(np.int64) for name in TOKEN_COLUMNS}
    columns["prompt_above"] = _prompt_above(groups["prompt_above"].to_numpy(), ratio, edges)
    return groups.assign(**columns)


def _replaced(
    groups: pd.DataFrame, ids: pd.Series, book: PriceBook, since: date, until: date
) -> Mapping[tuple[str, str], str]:
    """(request type, model) -> the model that followed it."""
    frame = pd.DataFrame({"type": groups["request_type"], "model": ids, "requests": groups["requests"]})
    last = groups["day"].between(pd.Timestamp(since), pd.Timestamp(until))
    serving = frame[last].groupby(["type", "model"], sort=True)["requests"].sum().sort_values(kind="stable")
    # the largest comes last, so that it is the one that stays
    of_tier = {(str(name), book.tier(str(model))): str(model) for name, model in serving.index}
    served = set(serving.index)
    known = frame[["type", "model"]].drop_duplicates().itertuples(index=False, name=None)
    left = [(str(name), str(model)) for name, model in known if (name, model) not in served]
    found = {(name, model): of_tier.get((name, book.tier(model))) for name, model in left}
    return {pair: model for pair, model in found.items() if model is not None}


def _prompt_above(above: FloatArray, ratio: FloatArray, edges: Sequence[int]) -> FloatArray:
    """The largest edge that a prompt exceeds in the new tokenizer, where `above` is that in the old; -1 stays unknown.

    A prompt is beyond edge e in new tokens where it is beyond e / ratio in old ones, itself an edge that was read.
    """
    new = above.copy()
    for factor in set(ratio[ratio != 1.0].tolist()):
        rows = (ratio == factor) & (above >= 0)
        beyond = np.zeros(int(rows.sum()), dtype=above.dtype)
        for edge in sorted(edges):
            beyond = np.where(above[rows] >= round(edge / factor), edge, beyond)
        new[rows] = beyond
    return new
