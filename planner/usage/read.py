"""Read usage logs: every source becomes one table of daily groups, in one streaming scan."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import numpy as np
import pandas as pd

from planner.errors import UsageError
from planner.units import TOKEN_COLUMNS, BoolArray
from planner.usage.columns import COUNT_COLUMNS, KEY_COLUMNS, BadRow
from planner.usage.duplicates import EXAMPLES, ID, ids, may_hold_ids, once, repeated, shown_id
from planner.usage.engines import Engine
from planner.usage.file_layouts import integrity_checks
from planner.usage.groups import daily_groups
from planner.usage.log_facts import (
    LogFacts,
    absent_cache,
    counts_requests,
    facts_notes,
    layout_notes,
    no_requests,
    window_notes,
    zones,
)
from planner.usage.opening import OpenLog, opened
from planner.usage.scan import aggregate, record_columns, square_name, union
from planner.usage.source import UsageSource
from planner.usage.views import Layout, Table

__all__ = ["BadRow", "Usage", "UsageSource", "read_usage", "usage_expression"]

GROUP_LIMIT: Final = 2_000_000
Progress = Callable[[float], None]
T = TypeVar("T")

_POLL_SECONDS: Final = 0.2
_OF_IDS: Final = 0.4
"""Share of the progress that looking for repeated ids has."""

_ABSENT: Final[Mapping[str, Any]] = {
    **dict.fromkeys(KEY_COLUMNS),
    **dict.fromkeys(COUNT_COLUMNS, 0.0),
    "billed_cost_usd": float("nan"),
    "billed_records": 0,
    "no_split": 0.0,
    "other": False,
    **dict.fromkeys(map(square_name, TOKEN_COLUMNS), 0.0),
    "repeats": 0,
    "apart": 0,
    "repeated_id": None,
    "ids": 0,
}


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
    single_requests, single_<class>, square_<class>: number, tokens and squares of tokens of the group's records of one
      request.
    refused: rows left out (skip_bad_rows). facts: about its rows, its clocks, what it lacks. sha256: of the
      files' bytes, independent of names and order; of a table, of the engine's address, its name and the result.
    files: or tables. engine: what read them, as it may be shown.
    """

    groups: pd.DataFrame
    records: int
    refused: int
    refused_examples: tuple[BadRow, ...]
    facts: LogFacts
    first: datetime
    last: datetime
    notes: tuple[str, ...]
    format: str
    files: int
    sha256: str
    engine: str
    prompt_edges: tuple[int, ...]


def read_usage(
    source: UsageSource,
    *,
    prompt_edges: Sequence[int],
    owners: Sequence[str] = (),
    progress: Progress | None = None,
    inspected: Callable[[int, int], None] | None = None,
) -> Usage:
    """Aggregate usage logs in one scan, memory bounded.

    prompt_edges: prompt lengths (tokens) at which a price may change. owners: which of OWNERS to group by as well.
    progress: called with a fraction in [0, 1]. inspected: called with the number of files looked at, and of all.
    Errors: UsageError for a file that cannot be read; for refused rows and files without records unless
    skip_bad_rows, with the count and the first examples; and when nothing is left.
    """
    edges = tuple(sorted({int(edge) for edge in prompt_edges}))
    with opened(source, (*owners, ID), inspected) as log:
        with integrity_checks(log.files, log.engine.interrupt):
            frame = _scan(log, edges, owners, progress)
        return _finish(log, source, frame, edges, owners)


def _scan(log: OpenLog, edges: tuple[int, ...], owners: Sequence[str], progress: Progress | None) -> pd.DataFrame:
    """Ids that the first rows do not show are counted beside the rest; where there are any, a second scan follows."""
    looked = may_hold_ids(log.layouts)
    keys = find_repeated(log, _part(progress, 0.0, _OF_IDS)) if looked else None
    begun = _OF_IDS if looked else 0.0
    frame = _frame(log, edges, owners, keys, count_ids=not looked, progress=_part(progress, begun, 1.0))
    if not looked and int(frame["ids"].sum()) > 1:
        keys = find_repeated(log, _part(progress, 1.0, 1.0))
        if keys is not None:
            frame = _frame(log, edges, owners, keys, count_ids=False, progress=_part(progress, 1.0, 1.0))
    if len(frame) >= GROUP_LIMIT:
        raise UsageError(_too_many(owners))
    return frame


def _too_many(owners: Sequence[str]) -> str:
    said = f"The log has more than {GROUP_LIMIT:,} combinations of day, request type, model"
    if not owners:
        return f"{said} and others. Does request_type name single requests instead of kinds of requests?"
    named = ", ".join(owners)
    return (
        f"{said} and {named}. Exclusions and rules ask for {named}: write them by request type or model instead, or by "
        "an owner with fewer values. Or does request_type name single requests instead of kinds of requests?"
    )


def _part(progress: Progress | None, begin: float, end: float) -> Progress | None:
    return None if progress is None else lambda done: progress(begin + (end - begin) * done)


def _frame(
    log: OpenLog,
    edges: tuple[int, ...],
    owners: Sequence[str],
    keys: Table | None,
    *,
    count_ids: bool,
    progress: Progress | None,
) -> pd.DataFrame:
    expression = usage_expression(log.engine, log.layouts, edges, owners, repeated=keys, count_ids=count_ids)
    frame = whole_query(log, expression, progress)
    for name, value in {**_ABSENT, **dict.fromkeys(owners)}.items():
        if name not in frame:
            frame[name] = frame["records"] if name == "requests" else value
    return frame


def find_repeated(log: OpenLog, progress: Progress | None = None) -> Table | None:
    """The keys of ids that may stand in several rows, kept by the engine where it may; None where there is none."""
    tables = [ids(log.engine.table(layout, f"ids_{number}"), layout) for number, layout in enumerate(log.layouts)]
    if not any(table is not None for table in tables):
        return None
    connection = log.engine.connection
    found = repeated(connection, tables)
    if not log.engine.keeps_tables:
        return found
    kept = _reporting(log.engine, progress, lambda: connection.create_table("repeated_ids", found, temp=True))
    return kept if int(connection.to_pyarrow(kept.count()).as_py()) else None


def usage_expression(
    engine: Engine,
    layouts: Sequence[Layout],
    edges: Sequence[int],
    owners: Sequence[str] = (),
    *,
    repeated: Table | None = None,
    count_ids: bool = False,
) -> Any:
    """The whole measurement as one Ibis expression over every layout.

    repeated: keys of request ids whose rows are to be counted once. count_ids: without them, count the rows with an id.
    """
    records = canonical_records(engine, layouts, owners, repeated=repeated, with_ids=count_ids)
    return aggregate(records, prompt_edges=edges, limit=GROUP_LIMIT, dialect=engine.dialect)


def canonical_records(
    engine: Engine,
    layouts: Sequence[Layout],
    owners: Sequence[str] = (),
    *,
    repeated: Table | None = None,
    with_ids: bool = False,
) -> Table:
    """The records of every layout, as `record_columns` describes them; each request once where keys are given."""
    wanted = (*owners, ID) if with_ids or repeated is not None else owners
    tables = []
    for number, layout in enumerate(layouts):
        table = engine.table(layout, f"layout_{number}")
        tables.append(table.select(**record_columns(table, layout, wanted)))
    records = union(tables)
    return records if repeated is None else once(engine.connection, records, repeated)


def whole_query(log: OpenLog, expression: Any, progress: Progress | None = None) -> pd.DataFrame:
    """What an expression over an open log gives; progress is called with fractions in [0, 1]."""
    return _reporting(log.engine, progress, lambda: log.engine.frame(expression))


def _reporting(engine: Engine, progress: Progress | None, query: Callable[[], T]) -> T:
    """What a query gives, run in a thread of its own while this one says how far it is.

    progress is called in the caller's thread alone: what shows it (a page, a terminal) belongs to that thread. An error
    that it raises, or a Ctrl-C, stops the query.
    """
    if progress is None:
        return query()
    with ThreadPoolExecutor(max_workers=1) as pool:
        running, percent = pool.submit(query), 0.0
        try:
            while not wait((running,), timeout=_POLL_SECONDS).done:
                percent = max(percent, engine.query_progress())  # below zero where it is not known
                progress(min(percent / 100, 1.0))
        except BaseException:
            while not running.done():  # what has not begun yet cannot be interrupted yet
                engine.interrupt()
                wait((running,), timeout=_POLL_SECONDS)
            raise
    found = running.result()
    progress(1.0)
    return found


def _finish(
    log: OpenLog, source: UsageSource, frame: pd.DataFrame, edges: tuple[int, ...], owners: Sequence[str]
) -> Usage:
    rejects = log.rejects()
    other = frame["other"].to_numpy(dtype=np.bool_)
    bad = _is_bad(frame) & ~other
    refused = int(frame.loc[bad, "records"].sum()) + len(rejects)
    good = frame.loc[~bad & ~other]
    examples = log.examples(rejects) if refused else ()
    if refused and not source.skip_bad_rows:
        raise UsageError(_refusal(refused, int(good["records"].sum()), examples))
    if good.empty:
        raise _none_left(log, source, int(frame.loc[other, "records"].sum()), refused, examples)
    groups = daily_groups(good, {path: file.stem for path, file in log.file_of.items()}, edges, owners)
    facts = _facts(log, frame, good, len(rejects))
    notes = [*log.notes, *layout_notes(log.layouts, log.files, frame), *facts_notes(facts), *window_notes(groups)]
    if refused:
        notes.append(_left_out(refused, int(good["records"].sum()), examples))
    return Usage(
        groups=groups,
        records=int(groups["records"].sum()),
        refused=refused,
        refused_examples=examples,
        facts=facts,
        first=_moment(good["first_us"].min()),
        last=_moment(good["last_us"].max()),
        notes=tuple(dict.fromkeys(notes)),
        format=", ".join(sorted({layout.binding.format for layout in log.layouts})),
        files=log.sources,
        sha256=log.sha256(frame),
        engine=log.engine.shown,
        prompt_edges=edges,
    )


def _none_left(log: OpenLog, source: UsageSource, other: int, refused: int, examples: Sequence[BadRow]) -> UsageError:
    if refused:
        return UsageError(f"Every one of {refused} rows was refused, none is left. {_listed(examples)}")
    said = [*log.notes, *(file.note for file in log.files if file.note)]
    if other:
        said.append(no_requests(other))
    return UsageError(" ".join([f"There is no usage record in {', '.join(source.sources)}.", *said[-1:]]))


def _facts(log: OpenLog, frame: pd.DataFrame, good: pd.DataFrame, rejects: int) -> LogFacts:
    found = zones(log.layouts, log.files)
    repeats = int(frame["repeats"].sum())
    texts = sorted({text for text in frame["repeated_id"] if isinstance(text, str)})
    return LogFacts(
        rows_read=int(frame["records"].sum()) + repeats + rejects,
        no_requests=int(frame.loc[frame["other"].astype(bool), "records"].sum()),
        duplicates=repeats,
        duplicate_ids=tuple(shown_id(text) for text in texts[:EXAMPLES]),
        ids_apart=int(frame["apart"].sum()),
        same_content=log.same_content,
        without_zone="" in found,
        offsets=tuple(sorted(found - {""})),
        absent_cache=absent_cache(log.layouts, frame),
        unsplit_tokens=int(good["no_split"].sum()),
        counts_requests=counts_requests(log.layouts, good),
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


def _left_out(refused: int, good: int, examples: Sequence[BadRow]) -> str:
    first = "; ".join(map(str, examples))
    return f"{refused} of {refused + good} rows were refused and left out. The first: {first}."


def _listed(examples: Sequence[BadRow]) -> str:
    return "The first:" + "".join(f"\n  {example}" for example in examples)


def _moment(us: float) -> datetime:
    return datetime.fromtimestamp(int(us) / 1_000_000, tz=UTC)
