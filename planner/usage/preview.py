"""The first rows of a log under a mapping, as canonical records, before anything is measured."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from planner.errors import UsageError
from planner.units import TOKEN_COLUMNS
from planner.usage.columns import KEY_COLUMNS
from planner.usage.file_layouts import readable, translated, usage_connection
from planner.usage.files import LogFile, inspect_file
from planner.usage.folders import find_files
from planner.usage.heads import flatten
from planner.usage.opening import opened
from planner.usage.scan import record_columns
from planner.usage.source import UsageSource

FIRST_ROWS: Final = 1000
SHOWN_ROWS: Final = 8
SAMPLED_ROWS: Final = 100

Record = Mapping[str, str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a mapping makes of the first rows. records: the first of them, column -> value; columns that the log does
    not have are left out. rows: how many were looked at. other: of these, rows that are no usage record. refused: rows
    that cannot be read, and problems: where, which field and why, of the first (no values: they may be anything).
    totals: requests and tokens of the rest."""

    records: tuple[Record, ...]
    rows: int
    other: int
    refused: int
    problems: tuple[str, ...]
    totals: Mapping[str, int]


def preview(source: UsageSource) -> Preview:
    """The first rows of the first file of a source, read as its mapping says.

    Errors: UsageError for a mapping that is not complete or names what is not there, and without any row.
    """
    file = first_file(source)
    with opened(replace(source, sources=(str(file.path),))) as log:
        layout = log.layouts[0]
        table = log.engine.table(layout, "preview").limit(FIRST_ROWS)
        rows = log.engine.connection.to_pyarrow(table.select(**record_columns(table, layout))).to_pylist()
        rejects = log.rejects()
        good = [row for row in rows if not (row["fault"] or row.get("other") or not _has_model(row))]
        other = sum(bool(row.get("other")) for row in rows)
        refused = len(rows) - len(good) - other + len(rejects)
        examples = log.examples(rejects) if refused else ()
    if not rows and not rejects:
        raise UsageError(f"{file.name}: the first rows hold no record to look at.")
    counts = [name for name in ("requests", *TOKEN_COLUMNS) if rows and name in rows[0]]
    return Preview(
        records=tuple(_record(row, counts) for row in good[:SHOWN_ROWS]),
        rows=len(rows) + len(rejects),
        other=other,
        refused=refused,
        problems=tuple(f"line {bad.line}, {bad.field}: {bad.problem}" for bad in examples),
        totals={"requests": len(good)} | {name: int(sum(row[name] or 0 for row in good)) for name in counts},
    )


def first_file(source: UsageSource) -> LogFile:
    """The first file of a source that holds records. Errors: UsageError where there is none, or it cannot be a log."""
    for path in find_files(source.sources, source.base_dir)[0]:
        file = inspect_file(path, source.base_dir)
        if file is not None and file.has_rows:
            return file
    raise UsageError(f"No usage record in {', '.join(source.sources)}: nothing to look at.")


def _has_model(row: Mapping[str, Any]) -> bool:
    return bool((row.get("model") or "").strip())


def _record(row: Mapping[str, Any], counts: list[str]) -> Record:
    when = datetime.fromtimestamp(row["us"] / 1_000_000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
    keys = {name: row[name] for name in KEY_COLUMNS if row.get(name)}
    return {"timestamp": when} | keys | {name: None if row[name] is None else int(row[name]) for name in counts}


def with_fields(file: LogFile) -> LogFile:
    """The file with its fields and first rows, also where the schema of a Parquet file says them."""
    if file.kind != "parquet" or file.fields:
        return file
    with tempfile.TemporaryDirectory(prefix="planner-preview-") as folder:
        whole = readable(file, Path(folder))
        with usage_connection([whole], Path(folder)) as connection, translated():
            found = connection.raw_sql(
                f"SELECT * FROM read_parquet(?) LIMIT {SAMPLED_ROWS}", parameters=[str(whole.path)]
            )
            names = [column[0] for column in found.description]
            rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    flat = [list(flatten(row)) for row in rows]
    fields = {".".join(steps): steps for row in flat for steps, _ in row}
    return replace(file, fields=fields, sample=tuple({".".join(steps): value for steps, value in row} for row in flat))
