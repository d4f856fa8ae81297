"""Every known log format in one list, and which of them a file is of."""

from collections.abc import Collection
from typing import Final

from planner.errors import UsageError
from planner.usage.log_formats.anthropic import ANTHROPIC_FORMATS, PLANNER
from planner.usage.log_formats.clouds import CLOUD_FORMATS
from planner.usage.log_formats.gateways import GATEWAY_FORMATS
from planner.usage.log_formats.log_format import LogFormat
from planner.usage.log_formats.telemetry import TELEMETRY_FORMATS

FORMATS: Final = (*ANTHROPIC_FORMATS, *GATEWAY_FORMATS, *CLOUD_FORMATS, *TELEMETRY_FORMATS)
"""Every way to write each format; several have one name."""

NAMES: Final = tuple(dict.fromkeys(known.name for known in FORMATS))
GENERIC: Final = LogFormat(name="mapped", meaning="columns named by the user", fields=PLANNER.fields, recognise=())

ROWS: Final = tuple(sorted({known.rows for known in FORMATS if known.rows}, key=lambda keys: (-len(keys), keys)))
"""Where records are nested in the JSON documents of known formats, the deepest first."""


def recognised(seen: Collection[str], rows: tuple[str, ...] | None = None) -> LogFormat | None:
    """The format that a file with the fields `seen` is of: the one that asks for the most of them.

    rows: only formats that nest their records there.
    """
    fields = frozenset(seen)
    candidates = [known for known in FORMATS if rows in (None, known.rows)]
    found = [known for known in candidates if known.recognises(fields)]
    framed = (known for known in candidates if known.frame and fields.issuperset(known.frame))
    return max(found, key=lambda known: len(known.recognise), default=None) or next(framed, None)


def log_format(name: str, seen: Collection[str], *, is_mapped: bool) -> LogFormat:
    """The format of a file with the fields `seen`: by name, by its fields ("auto"), or the user's own mapping.

    Errors: UsageError for a name that is not a format.
    """
    if name == "auto":
        return recognised(seen) or (GENERIC if is_mapped else PLANNER)
    ways = [known for known in FORMATS if known.name == name]
    if not ways:
        raise UsageError(f"There is no usage format {name!r}. Known: {', '.join(('auto', *NAMES))}.")
    fields = frozenset(seen)
    return max(ways, key=lambda known: sum(path in fields for path in known.paths))
