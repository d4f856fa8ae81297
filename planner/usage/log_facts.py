"""What a log is like beside its figures: its rows, its clocks, what it lacks; and the notes on what it lacks."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from planner.units import TOKEN_COLUMNS
from planner.usage.columns import COUNT_COLUMNS, UNTAGGED, is_band
from planner.usage.dialects import MOMENT
from planner.usage.files import LogFile
from planner.usage.formats import PLANNER, Binding
from planner.usage.log_formats.registry import FORMATS
from planner.usage.views import Layout

_MOMENT: Final = re.compile(MOMENT)
_MOST_TOKENS: Final = 2_000_000
"""More than a request can have on any model, prompt and answer together."""

_SHOWN: Final = 3
_SHOWN_CHARACTERS: Final = 60
_CACHE: Final = tuple(name for name in COUNT_COLUMNS if name.startswith("cache_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFacts:
    """Facts about a log that its sums do not show.

    rows_read: all of them, refused ones included. no_requests: rows that are no answered requests and were left out.
    duplicates: rows that repeat a request id and were not counted again; duplicate_ids: the first of these ids, as they
    may be shown; ids_apart: ids that repeat over more than a day. same_content: files left out because another holds
    the same. without_zone: the first rows have time stamps without a zone. offsets: from UTC, those that they have.
    absent_cache: format -> cache classes that it does not carry and that count as zero. unsplit_tokens: cache writes
    without a split by lifetime. counts_requests: whether every row says how many requests it is, or can be one.
    """

    rows_read: int
    no_requests: int
    duplicates: int
    duplicate_ids: tuple[str, ...]
    ids_apart: int
    same_content: int
    without_zone: bool
    offsets: tuple[str, ...]
    absent_cache: Mapping[str, tuple[str, ...]]
    unsplit_tokens: int
    counts_requests: bool = True


def absent_cache(layouts: Sequence[Layout], frame: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Format -> cache classes that none of its rows carries; of JSON, where neither first rows nor sums show them."""
    found = {name for name in _CACHE if float(frame[name].sum()) > 0}
    absent: dict[str, tuple[str, ...]] = {}
    for layout in layouts:
        later = found if layout.kind == "jsonl" else set()
        missing = tuple(name for name in _CACHE if not _given(layout.binding, name) and name not in later)
        if missing:
            absent[layout.binding.format] = tuple(dict.fromkeys((*absent.get(layout.binding.format, ()), *missing)))
    return absent


def layout_notes(layouts: Sequence[Layout], files: Sequence[LogFile], frame: pd.DataFrame) -> list[str]:
    """What is said about columns that a log does not have; of JSON, where neither first rows nor sums show them."""
    single = bool((frame["requests"] == frame["records"]).all())
    untagged = not frame["request_type"].notna().any()
    notes = [file.note for file in files if file.note]
    for layout in layouts:
        binding = layout.binding
        if single and _has_no_requests(layout):
            notes.append("Without a requests column, every row counts as one request.")
            if (most := _tokens_of_a_row(frame)) > _MOST_TOKENS:
                notes.append(
                    f"Rows have up to {most:,.0f} tokens on average, more than a request can have: they are sums of "
                    "requests, whose number nothing says. Add a requests column."
                )
        notes += binding.notes
        for absent in absent_cache([layout], frame).values():
            notes.append(f"No {', '.join(absent)} in the log: counted as zero.")
        notes += _tier_note(binding, frame)
        if not _seen(binding, "request_type") and (untagged or layout.kind != "jsonl"):
            notes.append(f"The log names no request type: everything is {UNTAGGED!r}.")
    return notes


def counts_requests(layouts: Sequence[Layout], frame: pd.DataFrame) -> bool:
    """Whether every row says how many requests it is, or can be a single one. frame: sums of the rows of each key."""
    if any(layout.binding.is_bucketed for layout in layouts):
        return False
    single = bool((frame["requests"] == frame["records"]).all())
    is_silent = single and any(map(_has_no_requests, layouts))
    return not is_silent or _tokens_of_a_row(frame) <= _MOST_TOKENS


def _has_no_requests(layout: Layout) -> bool:
    return layout.binding.format == PLANNER.name and not _seen(layout.binding, "requests")


def _tokens_of_a_row(frame: pd.DataFrame) -> float:
    """Mean of the rows of the key in which it is largest."""
    rows = frame[frame["records"] > 0]
    return float((rows[list(TOKEN_COLUMNS)].sum(axis=1) / rows["records"]).max()) if len(rows) else 0.0


def _tier_note(binding: Binding, frame: pd.DataFrame) -> Iterator[str]:
    """That nothing says the service tier; in JSON a later row may."""
    if _seen(binding, "service_tier") or (binding.has("service_tier") and frame["service_tier"].notna().any()):
        return
    ways = [known for known in FORMATS if known.name == binding.format]
    is_mute = bool(ways) and not any("service_tier" in known.readings for known in ways)
    which = f"{binding.format} does not say the service tier" if is_mute else "No service_tier in the log"
    yield f"{which}: everything is priced as standard, which is dearer than batch and cheaper than priority."


def window_notes(groups: pd.DataFrame) -> Iterator[str]:
    """What is said of context windows that are no bands. groups: as the measurement has them."""
    rows = groups.groupby("context_window", sort=True)["records"].sum()
    odd = {str(text): int(count) for text, count in rows.items() if text and not is_band(str(text))}
    if odd:
        shown = ", ".join(repr(text[:_SHOWN_CHARACTERS]) for text in [*odd][:_SHOWN])
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        yield (
            f"context_window {shown}{more} of {sum(odd.values()):,} rows is no band such as 0-200k or >200k and is not "
            "used."
        )


def no_requests(rows: int) -> str:
    """What is said of rows that are no answered requests."""
    many = (
        "1 row is no answered request, and was" if rows == 1 else f"{rows:,} rows are not answered requests, and were"
    )
    return f"{many} left out."


def facts_notes(facts: LogFacts) -> list[str]:
    """What the facts of a log mean for its measurement."""
    notes = []
    if facts.without_zone:
        notes.append("Time stamps without a zone are taken as UTC.")
    if facts.no_requests:
        notes.append(no_requests(facts.no_requests))
    if facts.unsplit_tokens:
        notes.append(
            f"{facts.unsplit_tokens:,} cache write tokens come without their split by lifetime and count as "
            "5-minute writes."
        )
    if facts.duplicates:
        notes.append(
            f"{facts.duplicates:,} rows repeat a request id and were counted once, such as "
            f"{', '.join(map(repr, facts.duplicate_ids))}."
        )
    if facts.ids_apart:
        notes.append(
            f"{facts.ids_apart:,} request ids repeat over more than a day. An id of a session, user or trace is no "
            "request id: rows of different requests would be counted as one. Check what request_id is mapped to."
        )
    return notes


def zones(layouts: Sequence[Layout], files: Sequence[LogFile]) -> set[str]:
    """The zones of the first rows' time stamps: offsets from UTC, "Z" for UTC itself, "" where there is none."""
    by_path = {file.path: file for file in files}
    stamps = (each for layout in layouts for path in layout.paths for each in _stamps(layout, by_path[path]))
    return {_zone(stamp) for stamp in stamps if _MOMENT.fullmatch(stamp)}


def _stamps(layout: Layout, file: LogFile) -> Iterator[str]:
    source = layout.binding.fields.get("timestamp")
    if source is None or source.epoch_units_per_second is not None:
        return
    yield from (text for row in file.sample for path in source.paths if (text := row.get(path, "").strip()))


def _zone(stamp: str) -> str:
    """A date has no zone, and its hyphens are no sign of one."""
    if stamp.endswith(("Z", "z", "UTC")):
        return "Z"
    sign = max(stamp.rfind("+", 10), stamp.rfind("-", 10))
    if sign < 0:
        return ""
    return "Z" if not stamp[sign + 1 :].strip("0:") else stamp[sign:]


def _given(binding: Binding, name: str) -> bool:
    total = name == "cache_write_5m_tokens" and _seen(binding, "cache_write_tokens")
    return _seen(binding, name) or total


def _seen(binding: Binding, name: str) -> bool:
    return binding.has(name) and name not in binding.unseen
