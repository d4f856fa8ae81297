"""What is said of a log format, so that its mapping is data and not code."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from planner.usage.readings import Reading, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFormat:
    """A source's way to write usage records.

    fields: canonical (or derived) column -> path into the source, dots into nested objects, or a whole reading.
    recognise: the source fields that all have to be there for the format to be recognised by itself. frame: those of
    its rows that need not be usage records, by which a file without any is recognised.
    input_includes_cache: the source's input count includes cache reads and writes; it is then mapped to
    input_tokens_including_cache, and cache tokens above it are a fault.
    only: field -> its values in rows that are usage records; other rows are counted and left out. leaves_out: field ->
    its values in rows that are not. needs: a usage record holds one of these fields.
    needs_use: a row without tokens that names no model, or no request of it, is none. overlapping: field -> why rows
    that hold it cannot be added up.
    constants: canonical column -> its value in every row, such as the provider.
    rows: keys of the nested lists of a JSON document whose elements are the records; () where there are none.
    texts: fields that hold a JSON value as text or as it is; paths go on inside.
    is_bucketed: a row is a bucket of an unknown number of requests.
    note: what to know of every measurement of it. lacks: what it does not say. remedies: missing column -> what to
    give. refusal: why no request mix can be read from it, where none can.
    """

    name: str
    meaning: str
    fields: Mapping[str, str | Reading]
    recognise: tuple[str, ...]
    frame: tuple[str, ...] = ()
    input_includes_cache: bool = False
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leaves_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    needs_use: bool = False
    overlapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    is_bucketed: bool = False
    note: str = ""
    lacks: tuple[str, ...] = ()
    remedies: Mapping[str, str] = field(default_factory=dict)
    refusal: str = ""

    @property
    def readings(self) -> dict[str, Reading]:
        """Canonical column -> how it is read."""
        return {name: reading(source) for name, source in self.fields.items()}

    @property
    def paths(self) -> Iterator[str]:
        """Every field that is read or asked for, some more than once."""
        for source in self.readings.values():
            yield from source.paths
        yield from (*self.only, *self.leaves_out, *self.needs)

    @property
    def provider(self) -> str:
        """Who served the requests: a provider, "per row", or "" where the source does not say."""
        return "per row" if "provider" in self.fields else self.constants.get("provider", "")

    def recognises(self, seen: Collection[str]) -> bool:
        """Whether a file with these fields is of this format."""
        return bool(self.recognise) and all(path in seen for path in self.recognise)


def nested(known: LogFormat, under: str) -> LogFormat:
    """The format with its own fields one level down, as loggers write that keep a whole response; a time stamp and a
    request type stay above, where it is the logger that gives them."""

    def below(path: str) -> str:
        return path if path in ("timestamp", "request_type") else f"{under}.{path}"

    fields = {
        name: replace(source, paths=tuple(below(path) for path in source.paths))
        for name, source in known.readings.items()
    }
    return replace(
        known,
        fields=fields,
        recognise=tuple(below(path) for path in known.recognise),
        only={below(path): values for path, values in known.only.items()},
        leaves_out={below(path): values for path, values in known.leaves_out.items()},
        needs=tuple(below(path) for path in known.needs),
        texts=tuple(below(path) for path in known.texts),
    )


def first_of(*paths: str) -> Reading:
    """A column that several fields may give: the first that holds something."""
    return Reading(paths=paths)
