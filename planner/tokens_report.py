"""Tokens per request as a table and as JSON."""

from collections.abc import Sequence
from math import isfinite
from typing import Any, Final

from planner.tables import Table
from planner.tokens_per_request import TokensPerRequest
from planner.units import TOKEN_CLASSES
from planner.words import count

Json = dict[str, Any]
_SHOWN_TYPES: Final = 5


def tokens_table(rows: Sequence[TokensPerRequest]) -> Table:
    """A line for each token class that a request type uses on a model."""
    lines: list[tuple[str, ...]] = []
    for row in rows:
        for index, name in enumerate(TOKEN_CLASSES):
            if row.requests and row.mean[index] > 0:
                figures = (row.mean[index], row.sd[index], row.p50[index], row.p95[index])
                shown = [count(float(value)) if isfinite(value) else "-" for value in figures]
                lines.append((row.request_type, row.model, count(row.requests), name.replace("_", " "), *shown))
    if not lines:
        lines.append(("every type", "every model", "0", "not known: the log has buckets", *["-"] * 4))
    return Table(
        title="Tokens per request",
        columns=("request type", "model", "requests", "tokens", "mean", "sd", "P50", "P95"),
        rows=tuple(lines),
        numeric=frozenset((2, 4, 5, 6, 7)),
        note=_note(rows),
    )


def _note(rows: Sequence[TokensPerRequest]) -> str:
    if not any(row.requests for row in rows):
        return "A bucket holds the tokens of several requests; how long each of them was is not in it."
    said = (
        "P50 and P95 are read off counts by powers of two: mostly within 10%, never further off than a factor of two."
    )
    bucketed = [row for row in rows if row.share_of_requests < 1]
    if not bucketed:
        return said
    names = sorted({row.request_type for row in bucketed})
    shown = ", ".join(names[:_SHOWN_TYPES]) + (", ..." if len(names) > _SHOWN_TYPES else "")
    return f"{said} Of {shown} the log has buckets as well, and what is in them is not known."


def tokens_json(rows: Sequence[TokensPerRequest]) -> list[Json]:
    """The same for scripts; null where it is not known."""
    return [
        {
            "request_type": row.request_type,
            "model": row.model,
            "requests": row.requests,
            "share_of_requests": row.share_of_requests,
            "not_known": "the log has buckets" if row.share_of_requests < 1 else None,
            **{
                name: {
                    figure: float(values[index]) if isfinite(values[index]) else None
                    for figure, values in (("mean", row.mean), ("sd", row.sd), ("p50", row.p50), ("p95", row.p95))
                }
                for index, name in enumerate(TOKEN_CLASSES)
            },
        }
        for row in rows
    ]
