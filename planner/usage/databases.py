"""Tables and views of databases as usage: read only, by one query, with the fields of the table's own schema."""

import difflib
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import pandas as pd
from ibis.common.exceptions import TableNotFound

from planner.errors import UsageError
from planner.usage.addresses import Address
from planner.usage.columns import KEY_COLUMNS, BadRow
from planner.usage.dialects import ATHENA, BIGQUERY, POSTGRES, SNOWFLAKE, TRINO, Dialect
from planner.usage.engines import Engine, engine_errors, plain_frame
from planner.usage.fields import read
from planner.usage.formats import Binding, bind
from planner.usage.log_formats.registry import FORMATS
from planner.usage.readings import FILE_STEM, Reading, reading
from planner.usage.refused import EXAMPLES, explain, shown_value
from planner.usage.scan import US_RANGE, check_types, record_columns
from planner.usage.views import FILE_COLUMN, Layout, Table, csv_name

_NAME: Final = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')
_PACKAGES: Final = ("psycopg", "trino", "google", "snowflake", "pyathena", "botocore", "requests", "ibis")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTable:
    """A table or view that is read as usage. rows: the fields that are read, as `layout` addresses them."""

    name: str
    layout: Layout
    rows: Table
    without_zone: bool


@contextmanager
def database_engine(address: Address) -> Iterator[Engine]:
    """A database that can only be read. Its `table` is not known before `database_tables`.

    Errors: UsageError where the engine's package is not installed, and for what the database says.
    """
    dialect, connect = _ENGINES[address.scheme]
    try:
        backend = getattr(ibis, dialect.name)
    except (ImportError, AttributeError):
        raise UsageError(
            f"{address.scheme} is not installed here. Install it: pip install 'commit-planner[{address.scheme}]'."
        ) from None
    with engine_errors(address.shown, _PACKAGES):
        connection = connect(backend, address)
        try:
            yield Engine(
                shown=address.shown,
                dialect=dialect,
                connection=connection,
                table=_not_open,
                frame=plain_frame(connection),
                query_progress=lambda: -1.0,
                interrupt=getattr(getattr(connection, "con", None), "cancel", lambda: None),
            )
        finally:
            connection.disconnect()


def _not_open(layout: Layout, name: str) -> Table:
    raise LookupError(f"{name} is not open")


def _postgres(backend: Any, address: Address) -> Any:
    """The password is psycopg's business: PGPASSWORD, or ~/.pgpass."""
    return backend.connect(
        host=address.host,
        port=address.port or 5432,
        user=address.user,
        database=address.path[0],
        schema=address.path[1] if len(address.path) > 1 else None,
        options="-c default_transaction_read_only=on",
        application_name="commit-planner",
        **address.options,
    )


def _trino(backend: Any, address: Address) -> Any:
    password = os.environ.get("TRINO_PASSWORD")
    return backend.connect(
        user=address.user or "commit-planner",
        auth=password,
        host=f"https://{address.host}" if password else address.host,
        port=address.port or (443 if password else 8080),
        database=address.path[0],
        schema=address.path[1],
        source="commit-planner",
        **address.options,
    )


def _bigquery(backend: Any, address: Address) -> Any:
    return backend.connect(project_id=address.host, dataset_id=address.path[0], **address.options)


def _snowflake(backend: Any, address: Address) -> Any:
    """Ibis would create functions of its own in the schema; a measurement creates nothing."""
    password = os.environ.get("SNOWFLAKE_PASSWORD")
    secret = {"password": password} if password else {}
    return backend.connect(
        user=address.user,
        account=address.host,
        database="/".join(address.path),
        create_object_udfs=False,
        **secret,
        **address.options,
    )


def _athena(backend: Any, address: Address) -> Any:
    options = {"s3_staging_dir" if name == "staging" else "work_group": text for name, text in address.options.items()}
    return backend.connect(region_name=address.host, schema_name=address.path[0], **{"s3_staging_dir": ""} | options)


_ENGINES: Final[Mapping[str, tuple[Dialect, Callable[[Any, Address], Any]]]] = {
    "postgres": (POSTGRES, _postgres),
    "trino": (TRINO, _trino),
    "bigquery": (BIGQUERY, _bigquery),
    "snowflake": (SNOWFLAKE, _snowflake),
    "athena": (ATHENA, _athena),
}


def database_tables(
    engine: Engine,
    sources: Sequence[str],
    *,
    format: str,
    columns: Mapping[str, str],
    constants: Mapping[str, str],
    request_type: Reading,
    wanted: Sequence[str],
) -> tuple[Engine, tuple[DatabaseTable, ...]]:
    """The tables by name, bound like files of the same fields, and the engine that has them open.

    A name is table, schema.table or catalog.schema.table; a part with a point in it stands in double quotes. A field
    inside a JSON column is found where a format or the mapping names it.
    Errors: UsageError for a table that is not there, and for one that does not provide a required column.
    """
    tables = []
    for name in dict.fromkeys(sources):
        table = _table(engine, name)
        named = [path for path in (*columns.values(), *request_type.paths) if path != FILE_STEM]
        fields = _fields(table.schema(), named)
        binding = bind(
            file=name,
            seen=tuple(fields),
            format=format,
            columns=columns,
            constants=constants,
            request_type=request_type,
            wanted=wanted,
        )
        tables.append(_bound(engine, name, table, binding, fields))
    opened = tuple(tables)
    return replace(engine, table=lambda layout, _: next(t.rows for t in opened if t.layout is layout)), opened


def _table(engine: Engine, name: str) -> Table:
    parts = [quoted.replace('""', '"') or plain for quoted, plain in _NAME.findall(name)]
    if not 1 <= len(parts) <= 3 or "".join(parts) == "":
        raise UsageError(f"{name!r} is not the name of a table. Write table, schema.table or catalog.schema.table.")
    *above, table = parts
    database = None if not above else above[0] if len(above) == 1 else tuple(above)
    try:
        return engine.connection.table(table, database=database)
    except TableNotFound:
        known = engine.connection.list_tables(database=database)
        near = difflib.get_close_matches(table, known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else f" Tables there: {', '.join(sorted(known)[:20]) or 'none'}."
        raise UsageError(f"{engine.shown} has no table or view {name!r}.{hint}") from None


def _fields(schema: Any, named: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Path -> the keys that lead to it: columns, what is in structs, and what formats and mapping read in JSON."""
    fields: dict[str, tuple[str, ...]] = {}

    def walk(kind: dt.DataType, steps: tuple[str, ...]) -> None:
        if kind.is_struct():
            for inner, inner_kind in kind.items():
                walk(inner_kind, (*steps, inner))
        else:
            fields[".".join(steps)] = steps

    for name, kind in schema.items():
        walk(kind, (name,))
    known = [path for each in FORMATS for source in each.fields.values() for path in reading(source).paths]
    for path in (*known, *named):
        first, _, rest = path.partition(".")
        if rest and path not in fields and first in schema and schema[first].is_json():
            fields[path] = (first, *rest.split("."))
    return fields


def _bound(
    engine: Engine, name: str, table: Table, binding: Binding, fields: Mapping[str, tuple[str, ...]]
) -> DatabaseTable:
    inside = {path for path in fields if table.schema()[fields[path][0]].is_json() and len(fields[path]) > 1}
    unseen = {
        column for column, source in binding.fields.items() if all(path in inside for path in source.paths)
    } | binding.unseen
    read_paths = [path for path in binding.paths if path in fields]
    flat = {csv_name(index): _value(engine, table, fields[path]) for index, path in enumerate(read_paths)}
    rows = table.select(**flat, **{FILE_COLUMN: ibis.literal(name)})
    layout = Layout(
        kind="jsonl" if inside else "parquet",
        compression="none",
        fields={path: (csv_name(index),) for index, path in enumerate(read_paths)},
        binding=replace(binding, unseen=frozenset(unseen)),
        paths=(),
        dialect=engine.dialect,
    )
    check_types(name, layout, rows)
    return DatabaseTable(name=name, layout=layout, rows=rows, without_zone=_is_naive(layout, rows))


def _value(engine: Engine, table: Table, steps: tuple[str, ...]) -> Any:
    value = table[steps[0]]
    for number, step in enumerate(steps[1:], start=1):
        if value.type().is_json():
            return engine.dialect.json_text(value, steps[number:])
        value = value[step]
    return value


def _is_naive(layout: Layout, rows: Table) -> bool:
    source = layout.binding.fields.get("timestamp")
    if source is None or source.epoch_units_per_second is not None:
        return False
    kind = read(rows, layout, source).type()
    return bool(kind.is_date() or (kind.is_timestamp() and kind.timezone is None))


def table_examples(engine: Engine, tables: Sequence[DatabaseTable]) -> tuple[BadRow, ...]:
    """Some refused rows, by one more query a table until there are enough. Rows of a database have no order."""
    examples: list[BadRow] = []
    for table in tables:
        for row in engine.frame(_faulty(table)).to_dict("records"):
            texts = {str(name): None if pd.isna(value) else value for name, value in row.items()}
            field, value, problem = explain(texts, table.layout, "")
            examples.append(BadRow(file=table.name, line=0, field=field, value=shown_value(value), problem=problem))
        if len(examples) >= EXAMPLES:
            break
    return tuple(examples[:EXAMPLES])


def _faulty(table: DatabaseTable) -> Table:
    columns = record_columns(table.rows, table.layout)
    fault = columns["fault"] | (columns["model"].strip() == "").fill_null(True)
    if "other" in columns:
        fault = fault & ~columns["other"]
    raw = {
        f"raw_{name}": read(table.rows, table.layout, source).cast("string")
        for name, source in table.layout.binding.fields.items()
        if FILE_STEM not in source.paths and (name not in KEY_COLUMNS or name == "model")
    }
    time_fault = ~columns["us"].between(*US_RANGE).fill_null(False)
    return table.rows.select(is_fault=fault, is_time_fault=time_fault, **raw).filter(ibis._.is_fault).limit(EXAMPLES)


def result_digest(address: Address, sources: Sequence[str], frame: pd.DataFrame) -> str:
    """What stands for the SHA-256 of a file: a table has no bytes to take it of. Address, names and grouped result."""
    rows = frame.sort_index(axis=1)
    ordered = sorted(map(repr, rows.itertuples(index=False, name=None)))
    return hashlib.sha256("\n".join((address.shown, *sorted(sources), *rows.columns, *ordered)).encode()).hexdigest()
