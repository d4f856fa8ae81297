"""The quality of a log in words: a line, a short table, JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from planner.data_quality import DataQuality
from planner.tables import Table
from planner.usage.columns import UNTAGGED
from planner.words import count, percent

Json = dict[str, Any]
Row = tuple[str, str, str]

_SHOWN_DAYS: Final = 3


def quality_line(quality: DataQuality) -> str:
    """The quality of a log in a line."""
    facts = quality.facts
    said = [
        f"{count(facts.rows_read)} rows read",
        f"{count(quality.rows_refused) if quality.rows_refused else 'none'} refused",
    ]
    parts = [", ".join(said)]
    if facts.no_requests:
        parts.append(f"{count(facts.no_requests)} {'is no request' if facts.no_requests == 1 else 'are no requests'}")
    if facts.duplicates:
        parts.append(f"{count(facts.duplicates)} repeat a request id")
    if doubts := len(_doubts(quality)):
        parts.append(f"{doubts} to look at: --quality says more")
    return "; ".join(parts) + "."


def quality_table(quality: DataQuality) -> Table:
    """What was found, and what it means for the answer."""
    return Table(title="Quality of the data", columns=("what", "found", "what it means"), rows=tuple(_rows(quality)))


def quality_json(quality: DataQuality) -> Json:
    """The same for scripts."""
    facts = asdict(quality.facts)
    return {
        **facts,
        "rows_refused": quality.rows_refused,
        "refused_examples": [asdict(example) for example in quality.refused_examples],
        "files": quality.files,
        "rows_after_today": quality.after_today,
        "days_far_before_the_rest": [day.isoformat() for day in quality.early_days],
        "priced_by": dict(quality.priced_by),
        "untagged_fraction": quality.untagged_fraction,
        "doubts": [f"{what}: {found}" for what, found, _ in _doubts(quality)],
    }


def _rows(quality: DataQuality) -> Iterator[Row]:
    facts = quality.facts
    yield "rows read", count(facts.rows_read), ""
    yield "rows refused", count(quality.rows_refused), _first(quality)
    yield (
        "rows that are no requests",
        count(facts.no_requests),
        "left out: the source marks them so" * bool(facts.no_requests),
    )
    shown = f"counted once, such as {', '.join(facts.duplicate_ids)}" if facts.duplicates else ""
    yield "rows that repeat a request id", count(facts.duplicates), shown
    copies = (
        f"{count(facts.same_content)} more hold what another holds, and were read once" if facts.same_content else ""
    )
    yield "files read", count(quality.files), copies
    yield "time stamps", _zones(quality), "without a zone they are taken as UTC" * facts.without_zone
    yield from _clock_rows(quality)
    yield from _cache_rows(quality)
    yield "priced by prompt length", _shares(quality), _unknown(quality)
    meaning = f"kept as {UNTAGGED!r}: no lever can be aimed at it" if quality.untagged_fraction else ""
    yield "list spend without a request type", percent(quality.untagged_fraction), meaning


def _doubts(quality: DataQuality) -> Sequence[Row]:
    """The rows that may make the answer wrong."""
    found = [*_clock_rows(quality), *_cache_rows(quality)]
    if quality.facts.ids_apart:
        found.append(("request ids that repeat over more than a day", count(quality.facts.ids_apart), ""))
    return found


def _clock_rows(quality: DataQuality) -> Iterator[Row]:
    if quality.after_today:
        yield (
            "rows dated after today",
            count(quality.after_today),
            "a clock or a date format is wrong, or they are a plan",
        )
    if quality.early_days:
        days = [day.isoformat() for day in quality.early_days]
        more = f" and {len(days) - _SHOWN_DAYS} more" if len(days) > _SHOWN_DAYS else ""
        yield (
            "days long before the rest",
            ", ".join(days[:_SHOWN_DAYS]) + more,
            "a clock that was not set; see [usage] window",
        )


def _cache_rows(quality: DataQuality) -> Iterator[Row]:
    absent = [
        f"{form}: {', '.join(name.removesuffix('_tokens') for name in names)}"
        for form, names in quality.facts.absent_cache.items()
    ]
    if absent:
        meaning = "counted as zero; if the cache is used, these tokens are missing (too cheap) or in input (too dear)"
        yield "cache classes not in the log", "; ".join(absent), meaning
    if quality.facts.unsplit_tokens:
        yield (
            "cache writes without their lifetime",
            f"{count(quality.facts.unsplit_tokens)} tokens",
            ("priced as 5-minute writes; 1-hour writes cost 1.6 times as much"),
        )


def _first(quality: DataQuality) -> str:
    return f"the first: {quality.refused_examples[0]}" if quality.refused_examples else ""


def _zones(quality: DataQuality) -> str:
    zones = ["UTC" if zone == "Z" else zone for zone in quality.facts.offsets]
    zones += ["without a zone"] if quality.facts.without_zone else []
    return ", ".join(zones) or "moments"


def _shares(quality: DataQuality) -> str:
    return ", ".join(
        f"{percent(share)} {basis}" for basis, share in sorted(quality.priced_by.items(), key=lambda pair: -pair[1])
    )


def _unknown(quality: DataQuality) -> str:
    return "" if not quality.priced_by.get("unknown prompt length") else "unknown ones are priced as short prompts"
