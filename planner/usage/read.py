"""Read usage logs: every source becomes one table of daily groups, in one streaming scan."""

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numpy as np
import pandas as pd

from planner.errors import UsageError
from planner.units import BoolArray
from planner.usage.columns import COUNT_COLUMNS, COUNT_LIMIT, KEY_COLUMNS, UNTAGGED, BadRow, window_exceeds
from planner.usage.files import LogFile
from planner.usage.formats import PLANNER, Binding
from planner.usage.opening import (
    UsageSource,
    file_layouts,
    inspect_all,
    integrity_checks,
    readable,
    translated,
    usage_connection,
)
from planner.usage.readings import JOINED_BY
from planner.usage.refused import csv_rejects, find_examples
from planner.usage.scan import NOT_KNOWN, aggregate, record_columns, union
from planner.usage.views import Layout, open_layout

__all__ = ["BadRow", "Usage", "UsageSource", "read_usage", "usage_expression"]

GROUP_LIMIT: Final = 2_000_000
Progress = Callable[[float], None]
T = TypeVar("T")

_POLL_SECONDS: Final = 0.2

_ABSENT: Final[Mapping[str, Any]] = {
    **dict.fromkeys(KEY_COLUMNS),
    **dict.fromkeys(COUNT_COLUMNS, 0.0),
    "billed_cost_usd": float("nan"),
    "billed_records": 0,
    "no_split": 0.0,
    "other": False,
}
_SUMS: Final = [*COUNT_COLUMNS, "records", "billed_records"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A log, aggregated.

    groups: one row per (day, request_type, model, service_tier, context_window, inference_geo, speed, provider,
      prompt_above), days in UTC, with int64 sums `requests`, the five token columns, the two of server tools (0
      where the log does not say), `records`, `billed_records` (records that carry a billed cost), float64
      `billed_cost_usd` (NaN where none does), and `first`, `last` (the group's time stamps, UTC). prompt_above is
      the largest edge in prompt_edges that the prompt of the single request exceeds, 0 for none, -1 where a record
      of several requests leaves it open.
    provider is blank where the log does not say it; columns of OWNERS are there where they were asked for.
    refused: rows left out (skip_bad_rows). sha256: of the files' bytes, independent of names and order.
    """

    groups: pd.DataFrame
    records: int
    refused: int
    refused_examples: tuple[BadRow, ...]
    first: datetime
    last: datetime
    notes: tuple[str, ...]
    format: str
    files: int
    sha256: str
    prompt_edges: tuple[int, ...]


def read_usage(
    source: UsageSource,
    *,
    prompt_edges: Sequence[int],
    owners: Sequence[str] = (),
    progress: Progress | None = None,
) -> Usage:
    """Aggregate usage logs in one scan, memory bounded.

    prompt_edges: prompt lengths (tokens) at which a price may change. owners: which of OWNERS to group by as well.
    progress: called with a fraction in [0, 1].
    Errors: UsageError for a file that cannot be read; for refused rows and files without records unless
    skip_bad_rows, with the count and the first examples; and when nothing is left.
    """
    edges = tuple(sorted({int(edge) for edge in prompt_edges}))
    files, notes = inspect_all(source)
    with tempfile.TemporaryDirectory(prefix="planner-usage-") as folder:
        files = [readable(file, Path(folder)) for file in files]
        with usage_connection(files, Path(folder)) as connection, translated():
            layouts, file_of = file_layouts(connection, files, source, wanted=owners)
            with integrity_checks(files):
                frame = _scan(connection, layouts, edges, owners, progress)
            notes += _layout_notes(layouts, files, frame)
            return _finish(connection, source, frame, layouts, file_of, edges, owners, notes)


def _scan(
    connection: Any,
    layouts: Sequence[Layout],
    edges: tuple[int, ...],
    owners: Sequence[str],
    progress: Progress | None,
) -> pd.DataFrame:
    expression = usage_expression(connection, layouts, edges, owners)
    frame = _reporting(connection, progress, lambda: cast(pd.DataFrame, connection.to_pyarrow(expression).to_pandas()))
    for name, value in {**_ABSENT, **dict.fromkeys(owners)}.items():
        if name not in frame:
            frame[name] = frame["records"] if name == "requests" else value
    if len(frame) >= GROUP_LIMIT:
        raise UsageError(
            f"The log has more than {GROUP_LIMIT:,} combinations of day, request type and model. Does request_type "
            "name single requests instead of kinds of requests?"
        )
    return frame


def usage_expression(
    connection: Any, layouts: Sequence[Layout], edges: Sequence[int], owners: Sequence[str] = ()
) -> Any:
    """The whole measurement as one Ibis expression over every layout."""
    tables = []
    for number, layout in enumerate(layouts):
        table = open_layout(connection, layout, name=f"layout_{number}")
        tables.append(table.select(**record_columns(table, layout, owners)))
    return aggregate(union(tables), prompt_edges=edges, limit=GROUP_LIMIT)


def _reporting(connection: Any, progress: Progress | None, query: Callable[[], T]) -> T:
    """What a query gives, run in a thread of its own while this one says how far it is.

    progress is called in the caller's thread alone: what shows it (a page, a terminal) belongs to that thread. An error
    that it raises, or a Ctrl-C, stops the query.
    """
    if progress is None:
        return query()
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(query)
        try:
            while not wait((running,), timeout=_POLL_SECONDS).done:
                percent = connection.con.query_progress()
                if percent >= 0:
                    progress(min(percent / 100, 1.0))
        except BaseException:
            while not running.done():  # what has not begun yet cannot be interrupted yet
                connection.con.interrupt()
                wait((running,), timeout=_POLL_SECONDS)
            raise
    found = running.result()
    progress(1.0)
    return found


def _finish(
    connection: Any,
    source: UsageSource,
    frame: pd.DataFrame,
    layouts: Sequence[Layout],
    file_of: Mapping[str, LogFile],
    edges: tuple[int, ...],
    owners: Sequence[str],
    notes: list[str],
) -> Usage:
    rejects = csv_rejects(connection, {path: file.name for path, file in file_of.items()})
    bad = _is_bad(frame)
    refused = int(frame.loc[bad, "records"].sum()) + len(rejects)
    other = frame["other"].to_numpy(dtype=np.bool_)
    bad &= ~other
    good = frame.loc[~bad & ~other]
    if left := int(frame.loc[other, "records"].sum()):
        notes.append(f"{left:,} rows are not answered requests, and were left out.")
    examples = find_examples(connection, layouts, file_of, rejects) if refused else ()
    if refused and not source.skip_bad_rows:
        raise UsageError(_refusal(refused, int(good["records"].sum()), examples))
    if good.empty:
        raise UsageError(f"Every one of {refused} rows was refused, none is left. {_listed(examples)}")
    if refused:
        notes.append(_left_out(refused, int(good["records"].sum()), examples))
    groups = _groups(good, {path: file.stem for path, file in file_of.items()}, edges, owners)
    notes += _unsplit_notes(good)
    return Usage(
        groups=groups,
        records=int(groups["records"].sum()),
        refused=refused,
        refused_examples=examples,
        first=_moment(good["first_us"].min()),
        last=_moment(good["last_us"].max()),
        notes=tuple(dict.fromkeys(notes)),
        format=", ".join(sorted({layout.binding.format for layout in layouts})),
        files=len(file_of),
        sha256=_digest([file.sha256 for file in file_of.values()]),
        prompt_edges=edges,
    )


def _is_bad(frame: pd.DataFrame) -> BoolArray:
    bad = frame["fault"].to_numpy(dtype=np.bool_) | ~_any(frame["model"], lambda model: bool(model.strip()))
    for name in KEY_COLUMNS:
        bad |= _any(frame[name], lambda value: "\0" in value)
    return bad


def _any(column: pd.Series, test: Callable[[str], bool]) -> BoolArray:
    return np.array([isinstance(value, str) and test(value) for value in column], dtype=np.bool_)


def _refusal(refused: int, good: int, examples: Sequence[BadRow]) -> str:
    return (
        f"{refused} of {refused + good} rows cannot be read. {_listed(examples)}\n"
        "Correct them, or skip bad rows (every result then says so)."
    )


def _unsplit_notes(good: pd.DataFrame) -> list[str]:
    if unsplit := int(good["no_split"].sum()):
        return [f"{unsplit:,} cache write tokens come without their split by lifetime and count as 5-minute writes."]
    return []


def _left_out(refused: int, good: int, examples: Sequence[BadRow]) -> str:
    first = "; ".join(map(str, examples))
    return f"{refused} of {refused + good} rows were refused and left out. The first: {first}."


def _listed(examples: Sequence[BadRow]) -> str:
    return "The first:" + "".join(f"\n  {example}" for example in examples)


def _groups(
    frame: pd.DataFrame, stems: Mapping[str, str], edges: tuple[int, ...], owners: Sequence[str]
) -> pd.DataFrame:
    """Clean keys, resolve prompt_above by context window, and add up what became equal; checked int64 sums."""
    counts = frame[list(COUNT_COLUMNS)].astype("float64")
    if bool((counts >= COUNT_LIMIT).any(axis=None)):
        raise UsageError(
            "The token counts of one day add up to 2**53 or more: no log holds that many. Check the units."
        )
    groups = pd.DataFrame({"day": pd.to_datetime(frame["day"].astype("int64"), unit="D")})
    keys = (*KEY_COLUMNS, *owners)
    for name in keys:
        groups[name] = frame[name].map(lambda value: _clean(value, stems)).astype(object)
    groups["request_type"] = groups["request_type"].replace("", UNTAGGED)
    for name in ("service_tier", "speed"):
        groups[name] = groups[name].str.lower().replace("", "standard")
    above = zip(frame["prompt_above"].astype("int64"), groups["context_window"], strict=True)
    groups["prompt_above"] = [_settled(int(edge), window, edges) for edge, window in above]
    groups[list(COUNT_COLUMNS)] = counts.astype("int64")
    for name in ("records", "billed_records"):
        groups[name] = frame[name].astype("int64")
    groups["billed_cost_usd"] = frame["billed_cost_usd"].astype("float64")
    for name in ("first", "last"):
        groups[name] = pd.to_datetime(frame[f"{name}_us"].astype("int64"), unit="us")
    return _added_up(groups, ["day", *keys, "prompt_above"])


def _added_up(groups: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    if float(groups[_SUMS].astype("float64").sum().max()) >= 2.0**62:
        raise UsageError(
            "The token counts of the log add up to 2**62 or more: no log holds that many. Check the units."
        )
    grouped = groups.groupby(keys, sort=True, dropna=False)
    result = grouped[_SUMS].sum()
    result["billed_cost_usd"] = grouped["billed_cost_usd"].sum(min_count=1)
    result["first"] = grouped["first"].min()
    result["last"] = grouped["last"].max()
    return result.reset_index()


def _clean(value: object, stems: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        return ""
    return JOINED_BY.join(stems.get(part, part) for part in value.split(JOINED_BY)).strip()


def _settled(edge: int, window: str, edges: tuple[int, ...]) -> int:
    """prompt_above of several requests, where their context window lies wholly on one side of every edge."""
    if edge != NOT_KNOWN:
        return edge
    sides = [window_exceeds(window, each) for each in edges]
    if not all(side is not None for side in sides) or not window:
        return NOT_KNOWN
    return max((each for each, side in zip(edges, sides, strict=True) if side), default=0)


def _layout_notes(layouts: Sequence[Layout], files: Sequence[LogFile], frame: pd.DataFrame) -> list[str]:
    """What is said about columns that a log does not have; of JSON, where neither first rows nor sums show them."""
    single = bool((frame["requests"] == frame["records"]).all())
    found = {name for name in COUNT_COLUMNS if float(frame[name].sum()) > 0}
    notes = []
    for layout in layouts:
        binding = layout.binding
        if binding.format == PLANNER.name and not _seen(binding, "requests") and single:
            notes.append("Without a requests column, every row counts as one request.")
        cache = [name for name in COUNT_COLUMNS if name.startswith("cache_")]
        absent = [
            name for name in cache if not _given(binding, name) and not (layout.kind == "jsonl" and name in found)
        ]
        if absent:
            notes.append(f"No {', '.join(absent)} in the log: counted as zero.")
        untagged = not frame["request_type"].notna().any()
        if not _seen(binding, "request_type") and (untagged or layout.kind != "jsonl"):
            notes.append(f"The log names no request type: everything is {UNTAGGED!r}.")
    by_path = {file.path: file for file in files}
    if any(_is_naive(layout, by_path[path]) for layout in layouts for path in layout.paths):
        notes.append("Time stamps without a zone are taken as UTC.")
    return notes


def _given(binding: Binding, name: str) -> bool:
    total = name == "cache_write_5m_tokens" and _seen(binding, "cache_write_tokens")
    return _seen(binding, name) or total


def _seen(binding: Binding, name: str) -> bool:
    return binding.has(name) and name not in binding.unseen


def _is_naive(layout: Layout, file: LogFile) -> bool:
    """Whether the first rows hold a time stamp without a zone (a date is one)."""
    source = layout.binding.fields.get("timestamp")
    if source is None or source.epoch_units_per_second is not None:
        return False
    stamps = (row.get(path, "").strip() for row in file.sample for path in source.paths)
    return any(
        stamp and not stamp.endswith(("Z", "z")) and not any(sign in stamp[10:] for sign in "+-") for stamp in stamps
    )


def _moment(us: float) -> datetime:
    return datetime.fromtimestamp(int(us) / 1_000_000, tz=UTC)


def _digest(digests: Sequence[str]) -> str:
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()
