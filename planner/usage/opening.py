"""Open usage sources with the engine that measures them."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from planner.usage.addresses import Address, engine_address, reads_tables
from planner.usage.columns import BadRow
from planner.usage.databases import database_engine, database_tables, result_digest, table_examples
from planner.usage.dialects import DUCKDB
from planner.usage.engines import UNTESTED, UNTESTED_NOTE, Engine
from planner.usage.file_layouts import SAME_CONTENT, file_layouts, inspect_all, readable, translated, usage_connection
from planner.usage.files import LogFile
from planner.usage.readings import reading
from planner.usage.refused import Reject, csv_rejects, find_examples
from planner.usage.source import UsageSource
from planner.usage.spark import spark_engine
from planner.usage.views import Layout, open_layout


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLog:
    """A source that an engine has open. file_of: path as the engine was given it -> file. notes: on what was left out.

    same_content: files left out because another holds the same. rejects: lines that the engine set aside. examples: of
    refused rows, given those. sha256: of what was read, given the result. sources: files or tables.
    """

    engine: Engine
    files: tuple[LogFile, ...]
    layouts: tuple[Layout, ...]
    file_of: Mapping[str, LogFile]
    notes: tuple[str, ...]
    same_content: int
    rejects: Callable[[], list[Reject]]
    examples: Callable[[Sequence[Reject]], tuple[BadRow, ...]]
    sha256: Callable[[pd.DataFrame], str]
    sources: int


@contextmanager
def opened(
    source: UsageSource, wanted: Sequence[str] = (), inspected: Callable[[int, int], None] | None = None
) -> Iterator[OpenLog]:
    """Find, inspect and bind the files of a source. wanted: columns to read that are read on demand.

    inspected: called with the number of files looked at, and of all, after each.
    Temporary files are gone in the end, however it ends. Errors: UsageError for what cannot be read.
    """
    address = engine_address(source.engine or "duckdb")
    if reads_tables(source.engine):
        with _opened_tables(address, source, wanted) as log:
            yield log
        return
    files, notes = inspect_all(source, inspected)
    with tempfile.TemporaryDirectory(prefix="planner-usage-") as folder:
        files = [readable(file, Path(folder)) for file in files]
        with usage_connection(files, Path(folder)) as connection, translated():
            layouts, file_of = file_layouts(connection, files, source, wanted=wanted)
            log = _log_of_files(connection, files, layouts, file_of, notes)
            if address.scheme == "duckdb":
                yield log
                return
            with spark_engine(address.host, files) as engine:
                yield _on_spark(log, engine)


def _log_of_files(
    connection: Any,
    files: Sequence[LogFile],
    layouts: Sequence[Layout],
    file_of: Mapping[str, LogFile],
    notes: Sequence[str],
) -> OpenLog:
    names = {path: file.name for path, file in file_of.items()}
    return OpenLog(
        engine=_duckdb_engine(connection),
        files=tuple(files),
        layouts=tuple(layouts),
        file_of=file_of,
        notes=tuple(notes),
        same_content=sum(SAME_CONTENT in note for note in notes),
        rejects=lambda: csv_rejects(connection, names),
        examples=lambda rejects: find_examples(connection, layouts, file_of, rejects),
        sha256=lambda _: _digest([file.sha256 for file in file_of.values()]),
        sources=len(file_of),
    )


def _duckdb_engine(connection: Any) -> Engine:
    return Engine(
        shown="DuckDB",
        dialect=DUCKDB,
        connection=connection,
        table=lambda layout, name: open_layout(connection, layout, name=name),
        frame=lambda expression: connection.to_pyarrow(expression).to_pandas(),
        query_progress=connection.con.query_progress,
        interrupt=connection.con.interrupt,
        keeps_tables=True,
    )


def _on_spark(log: OpenLog, engine: Engine) -> OpenLog:
    """DuckDB still tells what the files are, and looks for the first refused rows. Spark counts lines that it cannot
    split among the rows."""

    def examples(_: Sequence[Reject]) -> tuple[BadRow, ...]:
        values = log.examples(())  # looking for these makes DuckDB set aside the lines that it cannot split
        return log.examples(rejects) if (rejects := log.rejects()) else values

    return replace(
        log,
        engine=engine,
        layouts=tuple(replace(layout, dialect=engine.dialect) for layout in log.layouts),
        notes=(*log.notes, f"Measured by {engine.shown}."),
        rejects=list,
        examples=examples,
    )


@contextmanager
def _opened_tables(address: Address, source: UsageSource, wanted: Sequence[str]) -> Iterator[OpenLog]:
    with database_engine(address) as plain:
        engine, tables = database_tables(
            plain,
            source.sources,
            format=source.format,
            columns=source.columns,
            constants=source.constants,
            request_type=reading(source.request_type),
            wanted=wanted,
        )
        notes = [f"Measured by {engine.shown}."]
        if address.scheme in UNTESTED:
            notes.append(UNTESTED_NOTE.format(address.scheme))
        if any(table.without_zone for table in tables):
            notes.append("Time stamps without a zone are taken as UTC.")
        yield OpenLog(
            engine=engine,
            files=(),
            layouts=tuple(table.layout for table in tables),
            file_of={},
            notes=tuple(notes),
            same_content=0,
            rejects=list,
            examples=lambda _: table_examples(engine, tables),
            sha256=lambda frame: result_digest(address, source.sources, frame),
            sources=len(tables),
        )


def _digest(digests: Sequence[str]) -> str:
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
