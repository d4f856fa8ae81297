"""A canonical column of a layout as an Ibis expression, before it is judged."""

from collections.abc import Collection, Sequence
from typing import Any

import ibis

from planner.units import TOKEN_COLUMNS
from planner.usage.dialects import DUCKDB
from planner.usage.readings import DIGEST_DIGITS, FILE_STEM, JOINED_BY, NOT_JSON, Reading
from planner.usage.views import FILE_COLUMN, Layout, Table, source_field

Steps = tuple[str, ...]


@ibis.udf.scalar.builtin(name="json_valid", signature=(("string",), "boolean"))
def _is_json(text):  # type: ignore[no-untyped-def]
    """DuckDB's test of a JSON text."""


@ibis.udf.scalar.builtin(name="json_extract_string", signature=(("string", "array<string>"), "array<string>"))
def _extracted(text, pointers):  # type: ignore[no-untyped-def]
    """DuckDB's texts of what JSON pointers lead to; an error where the text is not JSON."""


def json_text(value: Any, steps: Steps, among: Collection[Steps] = ()) -> Any:
    """What keys (and numbers of a list's elements) lead to inside a JSON text, as text; objects and lists as JSON.

    NULL where it is not there or the text is blank; NOT_JSON where the text is something and no JSON. among: everything
    that is read in the same text, so that an engine that sees equal expressions parses it once.
    """
    every = sorted({*among, steps})
    pointers = ibis.literal([_pointer(each) for each in every], "array<string>")
    text = value if value.type().is_string() else value.cast("string")
    broken = (text.strip() != "").fill_null(False)
    marked = ibis.literal([NOT_JSON] * len(every), "array<string>")
    found = ibis.cases((_is_json(text).fill_null(False), _extracted(text, pointers)), (broken, marked))
    return found[every.index(steps)]


def _pointer(steps: Steps) -> str:
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def raw_column(table: Table, layout: Layout, name: str) -> Any:
    """The expression behind a column, in the source's own units; None where the layout has none."""
    if name in layout.binding.constants:
        return ibis.literal(layout.binding.constants[name], "string")
    source = layout.binding.fields.get(name)
    return None if source is None else read(table, layout, source)


def read(table: Table, layout: Layout, source: Reading) -> Any:
    """A reading as an expression; a field that the file lacks is NULL."""
    values = [_value(table, layout, path) for path in source.paths if _is_there(layout, path)]
    if source.ignored_prefix:
        values = [
            ibis.cases((value.startswith(source.ignored_prefix), ibis.null("string")), else_=value) for value in values
        ]
    if len(values) == 1 and source.take == "first":
        return _translated(values[0], source)
    if source.take == "first":
        return _translated(ibis.coalesce(*(_or_null(value) for value in values)), source)
    texts = [_text(value) for value in values]
    joined = texts[0]
    for text in texts[1:]:
        joined = ibis.cases((joined == "", text), (text == "", joined), else_=joined + JOINED_BY + text)
    if source.take == "digest":
        return ibis.cases((joined == "", ibis.null("string")), else_=layout.dialect.digest(joined)[:DIGEST_DIGITS])
    return joined


def _is_there(layout: Layout, path: str) -> bool:
    return path == FILE_STEM or path in layout.inner or path in layout.fields


def _value(table: Table, layout: Layout, path: str) -> Any:
    """A field as it stands in the file, or inside the JSON text of one."""
    if path not in layout.inner:
        return source_field(table, layout, path)
    cell, steps = layout.inner[path]
    if layout.dialect is not DUCKDB:
        return layout.dialect.json_text(source_field(table, layout, cell), steps)
    among = [other for of_cell, other in layout.inner.values() if of_cell == cell]
    return json_text(source_field(table, layout, cell), steps, among)


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
    binding = layout.binding
    tests = [_is_one_of(table, layout, path, values) for path, values in binding.only.items()]
    tests += [~_is_one_of(table, layout, path, values) for path, values in binding.leaves_out.items()]
    if needed := [_value(table, layout, path) for path in binding.needs if _is_there(layout, path)]:
        tests.append(ibis.or_(*(value.notnull() for value in needed)))
    if binding.needs_use:
        tests.append(_has_use(table, layout))
    if not tests:
        return None
    found = ibis.and_(*tests)
    return found | _is_broken(table) if layout.kind == "jsonl" and not layout.is_flat else found


def _has_use(table: Table, layout: Layout) -> Any:
    """Whether a row has tokens, or names a model without saying that nothing was asked of it."""
    counts = [raw_column(table, layout, name) for name in (*TOKEN_COLUMNS, "input_tokens_including_cache")]
    used = [(count.cast("string") != "0").fill_null(False) for count in counts if count is not None]
    model, requests = raw_column(table, layout, "model"), raw_column(table, layout, "requests")
    named = ibis.literal(False) if model is None else (model.cast("string").strip() != "").fill_null(False)
    if requests is not None:
        named &= (requests.cast("string") != "0").fill_null(True)
    return ibis.or_(named, *used)


def _is_broken(table: Table) -> Any:
    """Whether a line could not be read at all: it is refused, and not taken for another kind of row."""
    return ibis.and_(*(table[name].isnull() for name in table.columns if name != FILE_COLUMN))


def _is_one_of(table: Table, layout: Layout, path: str, values: Sequence[str]) -> Any:
    if not _is_there(layout, path):
        return ibis.literal(False)
    return _value(table, layout, path).cast("string").isin(values).fill_null(False)
