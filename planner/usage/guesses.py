"""Which fields of an unknown log are probably which columns: a proposed mapping, said as TOML and as options."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from planner.usage.columns import COLUMNS
from planner.usage.log_formats.log_format import LogFormat
from planner.usage.log_formats.registry import FORMATS
from planner.usage.secrets import masked

LIKELY_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "timestamp": (
        "timestamp", "time", "ts", "datetime", "date", "created_at", "createdat", "created", "starttime", "start_time",
        "startedat", "started_at", "request_created_at", "requesttime", "request_time", "event_time", "eventtime",
        "logged_at", "usage_date_utc", "day",
    ),
    "request_type": (
        "request_type", "feature", "use_case", "usecase", "task", "purpose", "operation", "category", "endpoint",
        "prompt_name", "tag",
    ),
    "model": (
        "model", "model_id", "modelid", "model_name", "modelname", "model_version", "response_model", "engine", "slug",
    ),
    "requests": ("requests", "request_count", "requestcount", "num_requests", "api_requests", "calls", "num_calls"),
    "uncached_input_tokens": (
        "uncached_input_tokens", "input_tokens", "inputtokens", "usage_input_tokens_no_cache", "input_tokens_no_cache",
        "inputtokencount", "tokens_in", "tokensin", "in_tokens", "input",
    ),
    "input_tokens_including_cache": (
        "input_tokens_including_cache", "prompt_tokens", "prompttokens", "contexttokens", "context_tokens",
        "total_input_tokens", "prompt_token_count", "prompttokencount",
    ),
    "cache_read_tokens": (
        "cache_read_tokens", "cache_read_input_tokens", "cachereadtokens", "cachereadinputtokens", "cached_tokens",
        "cached_input_tokens", "cachedtokens", "input_cached_tokens", "prompt_cache_read_tokens", "cache_read",
        "cachereadinputtokencount",
    ),
    "cache_write_tokens": (
        "cache_write_tokens", "cache_creation_input_tokens", "cachecreationtokens", "cachecreationinputtokens",
        "cache_creation_tokens", "prompt_cache_write_tokens", "cachewriteinputtokencount", "cache_write",
    ),
    "cache_write_5m_tokens": ("cache_write_5m_tokens", "ephemeral_5m_input_tokens", "cache_write_5m"),
    "cache_write_1h_tokens": ("cache_write_1h_tokens", "ephemeral_1h_input_tokens", "cache_write_1h"),
    "output_tokens": (
        "output_tokens", "completion_tokens", "completiontokens", "generatedtokens", "generated_tokens",
        "outputtokens", "usage_output_tokens", "outputtokencount", "tokens_out", "tokensout", "out_tokens",
        "completion_token_count", "output",
    ),
    "service_tier": ("service_tier", "servicetier", "tier"),
    "customer": ("customer", "customer_id", "tenant", "tenant_id", "end_user"),
    "api_key": ("api_key_id", "api_key", "apikey", "key_id"),
    "workspace": ("workspace", "workspace_id", "project", "team", "team_id"),
    "agent": ("agent", "agent_id", "agent_name"),
    "request_id": ("request_id", "requestid", "message_id", "trace_id"),
    "billed_cost_usd": ("billed_cost_usd", "billed_usd", "billed_cost"),
}  # fmt: skip
"""The last part of a field's name, in small letters. OpenAI's names (prompt_tokens) are of counts that include cached
ones; a cost is only taken where its name says that it was billed."""

_VALUES: Final = {
    "timestamp": re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}([T ].{0,30})?$"),
    "model": re.compile(r"[\w.:/@-]{0,120}claude[\w.:/@-]{0,60}$"),
}
_LOOKED_AT: Final = 100
_MISSING_VALUES: Final = {"model": "claude-opus-5-5", "timestamp": "2026-06-01"}
_REQUIRED: Final = tuple(column.name for column in COLUMNS if column.required)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A proposed mapping. columns: canonical column -> field. constants: canonical column -> an example of a value.
    missing: required columns that no field seems to hold; each has a constant or is to be filled in."""

    columns: Mapping[str, str]
    constants: Mapping[str, str]
    missing: tuple[str, ...]

    @property
    def toml(self) -> str:
        """The mapping as lines of a plan's [usage]."""
        lines = [_table("columns", self.columns), _table("constants", self.constants)]
        return "\n".join(line for line in lines if line)

    @property
    def options(self) -> str:
        """The mapping as options of the command line."""
        pairs = [f"--column {name}={_shell(masked(path))}" for name, path in self.columns.items()]
        return " ".join([*pairs, *(f"--constant {name}={value}" for name, value in self.constants.items())])


def _table(key: str, values: Mapping[str, str]) -> str:
    if not values:
        return ""
    inner = ", ".join(f"{name} = {_quoted(masked(value))}" for name, value in values.items())
    return f"{key} = {{ {inner} }}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _shell(text: str) -> str:
    return f"'{text}'" if any(sign in text for sign in " $'\"&|;<>()*?") else text


def guess(seen: Collection[str], given: Iterable[str] = (), sample: Sequence[Mapping[str, str]] = ()) -> Guess:
    """A mapping of the fields `seen` that fills what it can, by their names, and time and model by what they hold.

    given: columns that something provides already. sample: the first rows as field -> text.
    """
    provided = set(given)
    by_name = _by_last_part(seen)
    columns: dict[str, str] = {}
    for name, likely in LIKELY_NAMES.items():
        found = next((by_name[each] for each in likely if each in by_name), None) or _by_value(name, seen, sample)
        if name not in provided and found is not None and found not in columns.values():
            columns[name] = found
    _settle_input(columns, provided)
    has = provided | columns.keys()
    has |= {"uncached_input_tokens"} if "input_tokens_including_cache" in has else set()
    missing = tuple(name for name in _REQUIRED if name not in has)
    constants = {name: _MISSING_VALUES[name] for name in missing if name in _MISSING_VALUES}
    columns |= {name: "<field>" for name in missing if name not in constants}
    return Guess(columns=columns, constants=constants, missing=missing)


def _by_value(name: str, seen: Collection[str], sample: Sequence[Mapping[str, str]]) -> str | None:
    """The first field whose values all look like a time, or like a model of the provider; None for other columns."""
    pattern = _VALUES.get(name)
    if pattern is None:
        return None
    for path in seen:
        values = [row[path] for row in sample[:_LOOKED_AT] if row.get(path)]
        if values and all(pattern.match(value) for value in values):
            return path
    return None


def _settle_input(columns: dict[str, str], provided: set[str]) -> None:
    """One column of input: a total is uncached input where the log has no cache tokens to take off."""
    total = columns.pop("input_tokens_including_cache", None)
    if total is None or "uncached_input_tokens" in columns.keys() | provided:
        return
    has_cache = any(name.startswith("cache_") for name in columns.keys() | provided)
    columns["input_tokens_including_cache" if has_cache else "uncached_input_tokens"] = total


def _by_last_part(seen: Collection[str]) -> dict[str, str]:
    """Field by its name in small letters, and by the last part of it; the shallower field wins."""
    found: dict[str, str] = {}
    for path in sorted(seen, key=lambda path: path.count(".")):
        lowered = path.lower().replace(" ", "_").replace("-", "_")
        for name in (lowered, lowered.rsplit(".", 1)[-1]):
            found.setdefault(name, path)
    return found


def nearest(seen: Collection[str]) -> tuple[LogFormat, tuple[str, ...]] | None:
    """The known format of whose recognising fields most are there, and those that are not; None where few are."""
    fields = frozenset(seen)

    def share(known: LogFormat) -> float:
        return sum(path in fields for path in known.recognise) / max(len(known.recognise), 1)

    best = max((known for known in FORMATS if not known.refusal), key=share)
    if share(best) < 0.5:
        return None
    return best, tuple(path for path in best.recognise if path not in fields)


def close_to(path: str, seen: Collection[str]) -> str:
    """A hint at a field with a similar name, blank where there is none."""
    near = difflib.get_close_matches(path, seen, n=1, cutoff=0.5)
    return f" Did you mean {masked(near[0])!r}?" if near else ""
