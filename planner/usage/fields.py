"""A canonical column of a layout as an Ibis expression, before it is judged."""

from typing import Any

import ibis

from planner.usage.readings import DIGEST_DIGITS, FILE_STEM, JOINED_BY, Reading
from planner.usage.views import Layout, Table, source_field


def raw_column(table: Table, layout: Layout, name: str) -> Any:
    """The expression behind a column, in the source's own units; None where the layout has none."""
    if name in layout.binding.constants:
        return ibis.literal(layout.binding.constants[name], "string")
    source = layout.binding.fields.get(name)
    return None if source is None else read(table, layout, source)


def read(table: Table, layout: Layout, source: Reading) -> Any:
    """A reading as an expression; a field that the file lacks is NULL."""
    values = [source_field(table, layout, path) for path in source.paths if _is_there(layout, path)]
    if len(values) == 1 and source.take == "first":
        return _translated(values[0], source)
    if source.take == "first":
        return _translated(ibis.coalesce(*(_or_null(value) for value in values)), source)
    texts = [_text(value) for value in values]
    joined = texts[0]
    for text in texts[1:]:
        joined = ibis.cases((joined == "", text), (text == "", joined), else_=joined + JOINED_BY + text)
    if source.take == "digest":
        return ibis.cases((joined == "", ibis.null("string")), else_=joined.hexdigest("sha256")[:DIGEST_DIGITS])
    return joined


def _is_there(layout: Layout, path: str) -> bool:
    return path == FILE_STEM or path in layout.fields


def _or_null(value: Any) -> Any:
    """The next field is asked where this one is blank."""
    return value.nullif("") if value.type().is_string() else value


def _text(value: Any) -> Any:
    return value.cast("string").strip().fill_null("")


def _translated(value: Any, source: Reading) -> Any:
    if not source.values:
        return value
    text = value.cast("string")
    return ibis.cases(*((text == theirs, ours) for theirs, ours in source.values.items()), else_=text)


def is_record(table: Table, layout: Layout) -> Any:
    """Whether a row is a usage record; None where every row is one."""
    tests = [
        source_field(table, layout, path).cast("string").isin(values).fill_null(False)
        for path, values in layout.binding.only.items()
    ]
    return ibis.and_(*tests) if tests else None
