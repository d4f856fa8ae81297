"""Files of a source found, identified and bound, under a DuckDB that can reach nothing else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any, Final

import duckdb
import ibis

from planner.errors import UsageError
from planner.usage.columns import ON_DEMAND
from planner.usage.files import LogFile, check_whole, expand, inspect_file, parquet_rows
from planner.usage.flat import flat_binding, write_flat
from planner.usage.folders import find_files, one_line
from planner.usage.formats import Binding, bind, is_inside
from planner.usage.heads import TEXT_ROWS, inner_fields_of
from planner.usage.inner import inner_fields
from planner.usage.log_formats.registry import recognised
from planner.usage.readings import FILE_STEM, reading
from planner.usage.scan import check_types
from planner.usage.secrets import masked
from planner.usage.source import UsageSource
from planner.usage.views import Layout, as_type, first_texts, open_layout, parquet_kinds, parquet_schema

MEMORY_LIMIT: Final = "512MB"
SAME_CONTENT: Final = "has the same content as"
INSPECTED_AT_ONCE: Final = 4

_NO_RECORDS: Final = "{} holds no usage record (0 rows). Remove it from the sources."
_POLL_SECONDS: Final = 0.2


def inspect_all(
    source: UsageSource, inspected: Callable[[int, int], None] | None = None
) -> tuple[list[LogFile], list[str]]:
    """The files of a source that hold records, each content once, and notes on what was left out.

    A document whose list of records is empty says that there was no use, as a pulled day without any does, and is no
    fault. Errors: UsageError for a file that cannot be a log, and for one without records unless skip_bad_rows.
    """
    paths, notes = find_files(source.sources, source.base_dir)
    by_content = FILE_STEM not in (*source.columns.values(), *reading(source.request_type).paths)
    files: dict[str, LogFile] = {}
    idle: list[str] = []
    with ThreadPoolExecutor(max_workers=INSPECTED_AT_ONCE) as pool:
        looked_at = pool.map(lambda path: inspect_file(path, source.base_dir), paths)
        for number, (path, file) in enumerate(zip(paths, looked_at, strict=True), start=1):
            if inspected is not None:
                inspected(number, len(paths))
            if file is not None and file.is_idle:
                idle.append(file.name)
                continue
            if file is None or not file.has_rows:
                notes.append(_without_records(one_line(path.name), source.skip_bad_rows))
                continue
            key = file.sha256 if by_content else str(file.path)
            if key in files:
                notes.append(f"{file.name} {SAME_CONTENT} {files[key].name} and is read once.")
            else:
                files[key] = _bound(file, source) if file.document else file
    if idle:
        named = "file says" if len(idle) == 1 else "files say"
        notes.append(f"{len(idle):,} {named} that there was no use, such as {idle[0]}.")
    if not files:
        said = f" {notes[-1]}" if idle else ""
        raise UsageError(f"There is no usage record in {', '.join(map(masked, source.sources))}.{said}")
    return list(files.values()), notes


def _without_records(name: str, skip: bool) -> str:
    if not skip:
        raise UsageError(_NO_RECORDS.format(name) + " Or skip bad rows.")
    return f"{name} holds no usage record and was left out."


def _bound(file: LogFile, source: UsageSource) -> LogFile:
    """A document, with what of it may be read."""
    return replace(file, reads=_binding(file, file.fields, source, ON_DEMAND))


def _binding(
    file: LogFile, fields: Mapping[str, tuple[str, ...]], source: UsageSource, wanted: Sequence[str]
) -> Binding:
    return bind(
        file=file.name,
        seen=(*fields, *file.inner),
        format=source.format,
        columns=source.columns,
        constants=source.constants,
        request_type=reading(source.request_type),
        open_ended=file.kind == "jsonl",
        wanted=wanted,
        sample=file.sample,
    )


def readable(file: LogFile, folder: Path) -> LogFile:
    """What the engine cannot read as it is, as a temporary file: Parquet inside gzip or zstd and JSON lines after a
    byte order mark expanded, a JSON document as one record per line of the fields that are read."""
    if file.document is not None and file.reads is not None:
        return write_flat(file, file.reads, folder)
    packed_parquet = file.kind == "parquet" and file.compression != "none"
    if packed_parquet or (file.kind == "jsonl" and file.has_byte_order_mark):
        path = expand(file, folder)
        if packed_parquet and parquet_rows(path, file.name) == 0:
            raise UsageError(_NO_RECORDS.format(file.name))
        return replace(file, path=path, compression="none")
    return file


@contextmanager
def usage_connection(files: Sequence[LogFile], folder: Path) -> Iterator[Any]:
    """DuckDB under Ibis: bounded memory, UTC, and no reach beyond the given files."""
    connection = ibis.duckdb.connect(memory_limit=MEMORY_LIMIT, temp_directory=str(folder / "spill"))
    allowed = ", ".join("'" + str(file.path).replace("'", "''") + "'" for file in files)
    for setting in (
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        f"allowed_paths = [{allowed}]",
        "enable_external_access = false",
        "enable_progress_bar = true",
        "enable_progress_bar_print = false",
        "lock_configuration = true",
    ):
        connection.raw_sql(f"SET {setting}")
    try:
        yield connection
    finally:
        connection.disconnect()


@contextmanager
def translated() -> Iterator[None]:
    """DuckDB's errors about the user's files, as ours."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise UsageError(
            f"The log has too many distinct combinations for {MEMORY_LIMIT} of memory. Does request_type name "
            "single requests instead of kinds of requests?"
        ) from error
    except duckdb.Error as error:
        text = str(error).strip()
        if "state machine reached an invalid state" in text:
            where = next((line.strip() for line in text.splitlines() if line.strip().startswith("file =")), "")
            raise UsageError(
                f"The CSV mixes line endings ({where}). Write all lines with the same one, for example with dos2unix."
            ) from error
        hint = " The file is damaged or cut off: copy it again." if "GZIP" in text or "ZSTD" in text.upper() else ""
        raise UsageError(f"The log cannot be read: {text.splitlines()[0]}.{hint}") from error


def file_layouts(
    connection: Any, files: Sequence[LogFile], source: UsageSource, wanted: Sequence[str] = ()
) -> tuple[list[Layout], dict[str, LogFile]]:
    """Files grouped by how they are read, and the file behind each path that DuckDB is given.

    wanted: columns to read where there are any, of those that are read on demand.

    Errors: UsageError when a file does not provide a required column.
    """
    grouped: dict[str, Layout] = {}
    kinds = parquet_kinds(connection, [file.path for file in files if file.kind == "parquet"])
    schemas: dict[str, _Schema] = {}
    for file in files:
        kind = kinds.get(file.path, "")
        if kind and kind not in schemas:
            schemas[kind] = _Schema(fields=_parquet_fields(connection, file))
        layout = _layout(connection, file, schemas[kind].fields if kind else file.fields, source, wanted)
        fields, binding = layout.fields, layout.binding
        used = dict(fields) if file.kind == "csv" else {path: fields.get(path) for path in binding.paths}
        key = repr((file.kind, file.compression, used, layout.inner, replace(binding, unseen=frozenset())))
        if kind:
            if not schemas[kind].types:
                table = open_layout(connection, layout, name="schema")
                check_types(file.name, layout, table)
                schemas[kind].types = repr(table.schema())
            key += schemas[kind].types
        known = grouped.get(key)
        grouped[key] = _joined(known, layout) if known else layout
    return list(grouped.values()), {str(file.path): file for file in files}


@dataclass(slots=True, kw_only=True)
class _Schema:
    """What Parquet files of one schema have in common: their fields and, once one was opened, their types."""

    fields: Mapping[str, tuple[str, ...]]
    types: str = ""


def _layout(
    connection: Any,
    file: LogFile,
    fields: Mapping[str, tuple[str, ...]],
    source: UsageSource,
    wanted: Sequence[str],
) -> Layout:
    if file.kind == "parquet":
        file = _looked_into(connection, file, fields, source)
    binding = _binding(file, fields, source, wanted)
    inner = {} if file.is_flat else inner_fields(binding, file.kind, fields, file.inner)
    if file.is_flat:
        binding = flat_binding(binding)
        fields = {path: (path,) for path in binding.paths}
    elif file.kind == "jsonl":
        cells = [cell for cell, _ in inner.values()]
        fields = {path: tuple(path.split(".")) for path in (*binding.paths, *cells)} | dict(fields)
    return Layout(
        kind=file.kind,
        compression=file.compression,
        fields=fields,
        binding=binding,
        paths=(file.path,),
        inner=inner,
        is_flat=file.is_flat,
    )


def _joined(known: Layout, more: Layout) -> Layout:
    binding = replace(known.binding, unseen=known.binding.unseen & more.binding.unseen)
    return replace(known, binding=binding, paths=(*known.paths, *more.paths))


def _parquet_fields(connection: Any, file: LogFile) -> dict[str, tuple[str, ...]]:
    fields: dict[str, tuple[str, ...]] = {}

    def walk(name: str, kind: Any, above: tuple[str, ...]) -> None:
        steps = (*above, name)
        if kind.is_struct():
            for inner, inner_kind in kind.items():
                walk(inner, inner_kind, steps)
        else:
            fields[".".join(steps)] = steps

    for name, declared in parquet_schema(connection, file.path).items():
        walk(name, as_type(declared), ())
    return fields


def _looked_into(connection: Any, file: LogFile, fields: Mapping[str, tuple[str, ...]], source: UsageSource) -> LogFile:
    """A Parquet file with the fields inside its JSON texts, where its columns do not say all that is asked for."""
    asked = [path for path in (*source.columns.values(), *reading(source.request_type).paths) if path not in fields]
    is_known = source.format != "auto" or recognised(fields) is not None
    if is_known and not any(is_inside(path, fields) for path in asked):
        return file
    schema = parquet_schema(connection, file.path)
    texts = [name for name, declared in schema.items() if declared in ("VARCHAR", "JSON")]
    rows = first_texts(connection, file.path, texts, TEXT_ROWS)
    return replace(file, inner=inner_fields_of(rows))


@contextmanager
def integrity_checks(files: Sequence[LogFile], interrupt: Callable[[], object]) -> Iterator[None]:
    """Verify files, compressed ones beside the scan: DuckDB takes a damaged one for a shorter one, and a line that it
    has no room for as none. interrupt: stops the scan, which may not end by itself in such a line."""
    texts = [file for file in files if file.kind != "parquet"]
    for file in texts:
        if file.compression == "none":
            check_whole(file, bool)
    scanned, stopped = Event(), Event()

    def check(file: LogFile) -> None:
        try:
            check_whole(file, stopped.is_set)
        except UsageError:
            stopped.set()
            while not scanned.wait(_POLL_SECONDS):  # what has not begun yet cannot be interrupted yet
                interrupt()
            raise

    with ThreadPoolExecutor(max_workers=1) as pool:
        checks = [pool.submit(check, file) for file in texts if file.compression != "none"]
        try:
            yield
        except BaseException as error:
            scanned.set()
            if stopped.is_set() or isinstance(error, duckdb.Error):
                _raise_first(checks, pool)  # says in which line, where it was the file's fault
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
        scanned.set()
        _raise_first(checks, pool)


def _raise_first(checks: Sequence[Future[None]], pool: ThreadPoolExecutor) -> None:
    try:
        for check in checks:
            check.result()
    finally:
        pool.shutdown(cancel_futures=True)
