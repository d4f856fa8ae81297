"""Usage files as DuckDB views with declared columns, and as Ibis tables over those views."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
from ibis.backends.sql.datatypes import DuckDBType

from planner.usage.columns import BY_NAME
from planner.usage.dialects import DUCKDB, Dialect
from planner.usage.files import FileKind
from planner.usage.formats import Binding
from planner.usage.readings import FILE_STEM
from planner.usage.streams import Compression

Table = Any
"""An Ibis table expression (Ibis ships no usable types for a strict checker)."""

FILE_COLUMN: Final = "planner file name"
BROKEN_LINE: Final = "planner broken line"
"""Where an engine gives lines that it could not split as rows: whether a row is one."""
_CSV_TYPES: Final = {"timestamp": "VARCHAR", "count": "DOUBLE", "money": "DOUBLE", "text": "VARCHAR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Files that are read alike: one kind, one compression, the same fields, the same mapping.

    fields: field name -> the keys that lead to it, in the file's order. inner: path that is read inside a JSON text ->
    the field that holds the text, and the keys inside. is_flat: a JSON document that was written row by row. dialect:
    of the engine that reads the table.
    """

    kind: FileKind
    compression: Compression
    fields: Mapping[str, tuple[str, ...]]
    binding: Binding
    paths: tuple[Path, ...]
    inner: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    is_flat: bool = False
    dialect: Dialect = DUCKDB


def open_layout(connection: Any, layout: Layout, *, name: str, as_text: bool = False) -> Table:
    """The layout's files as one table of declared types: nothing is inferred.

    as_text: CSV as text throughout, for a second look at what could not be parsed.
    In CSV, what is mapped to a number is parsed as such, and a line that fails is set aside. Times are text, because
    DuckDB's own idea of a time is wider than ISO 8601. JSON is read as text throughout, because DuckDB reads true as
    the number 1. Parquet has types of its own.
    """
    if layout.kind == "parquet":
        return _view(connection, name, "read_parquet", layout.paths, {}, parquet_schema(connection, layout.paths[0]))
    options: dict[str, Any] = {"compression": layout.compression}
    if layout.kind == "csv":
        columns = _csv_columns(layout, as_text=as_text)
        options |= {"auto_detect": False, "header": True, "delim": ",", "quote": '"', "escape": '"'}
        options |= {"columns": columns, "store_rejects": True}
        return _view(connection, name, "read_csv", layout.paths, options, _read_of(columns, layout))
    columns = _json_columns(layout)
    options |= {"columns": columns, "format": "newline_delimited", "ignore_errors": True}
    return _view(connection, name, "read_json", layout.paths, options, columns)


def parquet_schema(connection: Any, path: Path) -> dict[str, str]:
    """Column name -> DuckDB type of a Parquet file."""
    rows = connection.raw_sql(f"DESCRIBE SELECT * FROM read_parquet({_literal(str(path))})").fetchall()
    return {row[0]: row[1] for row in rows}


def first_texts(connection: Any, path: Path, columns: Sequence[str], rows: int) -> list[dict[str, str]]:
    """The first rows of some text columns of a Parquet file; a NULL is an empty text."""
    if not columns:
        return []
    quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
    query = f"SELECT {quoted} FROM read_parquet({_literal(str(path))}) LIMIT {rows}"
    found = connection.raw_sql(query).fetchall()
    return [{name: value or "" for name, value in zip(columns, row, strict=True)} for row in found]


def parquet_kinds(connection: Any, paths: Sequence[Path]) -> dict[Path, str]:
    """A text for each Parquet file, the same for files of the same schema: one question instead of one a file."""
    if not paths:
        return {}
    names = _literal([str(path) for path in paths])
    rows = connection.raw_sql(f"SELECT * FROM parquet_schema({names})").fetchall()
    kinds: dict[str, list[str]] = {str(path): [] for path in paths}
    for name, *column in rows:
        kinds[name].append(repr(column))
    return {path: "".join(kinds[str(path)]) for path in paths}


def as_type(declared: str) -> dt.DataType:
    """A DuckDB type as Ibis knows it; a column that holds nothing at all, which has no type, is text."""
    if declared.strip('"') == "NULL":
        return dt.string
    return DuckDBType.from_string(declared)


def _view(
    connection: Any,
    name: str,
    function: str,
    paths: Iterable[Path],
    options: Mapping[str, Any],
    columns: Mapping[str, str],
) -> Table:
    """Ibis has readers of its own; these views tell DuckDB the same without asking it for the schema again."""
    arguments = [_literal([str(path) for path in paths])]
    arguments += [f"{key} = {_literal(value)}" for key, value in {**options, "filename": FILE_COLUMN}.items()]
    call = f"{function}({', '.join(arguments)})"
    connection.raw_sql(f'CREATE OR REPLACE TEMPORARY VIEW "{name}" AS SELECT * FROM {call}')
    schema = {column: as_type(declared) for column, declared in columns.items()}
    return ibis.table(schema | {FILE_COLUMN: dt.string}, name=name)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_literal(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_literal(key)}: {_literal(each)}' for key, each in value.items())}}}"
    return "'" + str(value).replace("'", "''") + "'"


def _csv_columns(layout: Layout, *, as_text: bool) -> dict[str, str]:
    kinds = {} if as_text else _parsed(layout)
    return {csv_name(index): kinds.get(field, "VARCHAR") for index, field in enumerate(layout.fields)}


def _read_of(columns: Mapping[str, str], layout: Layout) -> dict[str, str]:
    """The columns that anything reads: telling Ibis of thousands more takes longer than the scan."""
    binding = layout.binding
    read = {*binding.paths, *binding.only, *binding.leaves_out, *binding.needs}
    read |= {cell for cell, _ in layout.inner.values()}
    names = zip(layout.fields, columns, strict=True)
    return {column: columns[column] for field, column in names if field in read}


def _parsed(layout: Layout) -> dict[str, str]:
    """The fields that DuckDB parses by itself: those that one column reads as they stand."""
    binding = layout.binding
    uses = [path for source in binding.fields.values() for path in source.paths]
    uses += [*binding.only, *binding.leaves_out, *binding.needs, *(cell for cell, _ in layout.inner.values())]
    return {
        source.paths[0]: _CSV_TYPES[BY_NAME[name].kind]
        for name, source in binding.fields.items()
        if source.is_plain and uses.count(source.paths[0]) == 1
    }


def csv_name(index: int) -> str:
    """Fields of a CSV file are addressed by position: a header may hold any text."""
    return f"f{index}"


def _json_columns(layout: Layout) -> dict[str, str]:
    tree: dict[str, Any] = {}
    for path in layout.binding.paths:
        node = tree
        cell, _ = layout.inner.get(path, (path, ()))
        for step in layout.fields[cell]:
            node = node.setdefault(step, {})
    return {name: _struct(children) for name, children in tree.items()}


def _struct(children: Mapping[str, Any]) -> str:
    if not children:
        return "VARCHAR"
    inner = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" {_struct(child)}' for name, child in children.items())
    return f"STRUCT({inner})"


def source_field(table: Table, layout: Layout, path: str) -> Any:
    """The column expression of a source field."""
    if path == FILE_STEM:
        return table[FILE_COLUMN]
    if layout.kind == "csv":
        return table[csv_name(list(layout.fields).index(path))]
    value = table
    for step in layout.fields[path]:
        value = value[step]
    return value
