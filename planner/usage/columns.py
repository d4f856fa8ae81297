"""The canonical usage record: its columns, their units, and what a value must be. The single place for them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from planner.units import SERVER_TOOL_COLUMNS, TOKEN_COLUMNS

Kind = Literal["timestamp", "text", "count", "money"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One canonical column. `required`: a log without it, and a row that leaves it blank, is refused."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    required: bool = False
    grouped: bool = False


def _text(name: str, meaning: str, *, grouped: bool = False, required: bool = False) -> Column:
    return Column(name=name, kind="text", unit="-", meaning=meaning, grouped=grouped, required=required)


def _tokens(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="count", unit="tokens", meaning=meaning, required=required)


COLUMNS: Final = (
    Column(
        name="timestamp",
        kind="timestamp",
        unit="ISO 8601, UTC",
        meaning="when the request or the bucket began",
        required=True,
    ),
    _text("request_type", "what the user tags: a feature, agent, product or key", grouped=True),
    _text("model", "the model that answered, as logged", grouped=True, required=True),
    Column(name="requests", kind="count", unit="requests", meaning="requests in the row; absent: one per row"),
    _tokens("uncached_input_tokens", "input neither read from nor written to the cache", required=True),
    _tokens("cache_read_tokens", "input read from the cache"),
    _tokens("cache_write_5m_tokens", "input written to the 5-minute cache"),
    _tokens("cache_write_1h_tokens", "input written to the 1-hour cache"),
    _tokens("output_tokens", "output, thinking included", required=True),
    Column(
        name="web_search_requests",
        kind="count",
        unit="searches",
        meaning="searches of the provider's web search tool; absent: the log does not say",
    ),
    Column(
        name="code_execution_seconds",
        kind="count",
        unit="seconds",
        meaning="time of the provider's code execution tool; absent: the log does not say",
    ),
    _text("service_tier", "standard, batch, priority, flex; blank is standard", grouped=True),
    _text("context_window", "prompt-length band of every request in the row, such as 0-200k", grouped=True),
    _text("inference_geo", "where inference ran, such as us; blank is unrestricted", grouped=True),
    _text("speed", "standard or fast; blank is standard", grouped=True),
    _text("provider", "who served it: anthropic, bedrock or vertex; blank is the plan's", grouped=True),
    _text("customer", "whose request it was"),
    _text("api_key", "an identifier of the key, never the key; shown as a digest"),
    _text("workspace", "the workspace, project or team of the key"),
    _text("agent", "the agent that asked"),
    _text("product", "the product of the provider that was used, such as messages_api"),
    _text("request_id", "the source's own identifier of the request"),
    Column(name="billed_cost_usd", kind="money", unit="USD", meaning="what the source billed for the row"),
)
"""Every column of the product's own format, in its order. Tokens and server tools are totals of the row."""

DERIVED: Final = (
    _tokens("input_tokens_including_cache", "all input; uncached = this - cache reads - cache writes"),
    _tokens("cache_write_tokens", "cache writes of both lifetimes; without the split, 5-minute writes"),
    _text("currency", "of the billed cost; a row with another than USD is refused"),
)
"""Columns that other sources have in place of canonical ones; a mapping may name them."""

BY_NAME: Final[Mapping[str, Column]] = {column.name: column for column in COLUMNS + DERIVED}
KEY_COLUMNS: Final = tuple(column.name for column in COLUMNS if column.grouped)
OWNERS: Final = ("customer", "api_key", "workspace", "agent", "product")
"""Who asked. A measurement is grouped by one of them only where something asks for it."""
ON_DEMAND: Final = (*OWNERS, "request_id")
"""Columns that a format names and that are read only where something asks for them."""

COUNT_COLUMNS: Final = ("requests", *TOKEN_COLUMNS, *SERVER_TOOL_COLUMNS)

COUNT_LIMIT: Final = 2**53
"""Counts are below this: up to here every whole number is exact in float64 as well."""

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""Timestamps outside [EARLIEST, LATEST) are faults: they are placeholders such as 'epoch' or 'infinity'."""

UNTAGGED: Final = "untagged"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A refused row: where it is, which field is at fault, its value, and what is wrong with it.

    value is None where the whole row is at fault, whose text is not shown: it may hold a prompt. line is the physical
    line of a text file, counted from 1, or the row of a Parquet file; 0 for a row of a database.
    """

    file: str
    line: int
    field: str
    value: str | None
    problem: str

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        if self.value is None:
            return f"{place}: {self.problem}"
        return f"{place}: {self.field} = {self.value!r}: {self.problem}"


CURRENCY_FIELDS: Final = ("currency", "billing_currency", "billed_currency")
"""Names of fields that say the currency of a cost beside them."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKmM]?)")
_SCALE: Final = {"": 1, "k": 1_000, "m": 1_000_000}


def window_exceeds(window: str, edge: int) -> bool | None:
    """Whether every prompt in a context window band is above `edge` tokens (True), none is (False), or unknown.

    Bands read "low-high", such as 0-200k or 200k-1M (low < prompt <= high), or one-sided: <= 200k, > 200k.
    A band that spans the edge, and any other text, settles nothing: None.
    """
    band = _band(window)
    if band is None:
        return None
    low, high = band
    if low >= edge:
        return True
    return False if high <= edge else None


def is_band(window: str) -> bool:
    """Whether a text can be read as a context window band."""
    return _band(window) is not None


def _band(window: str) -> tuple[float, float] | None:
    """The prompt lengths of a band: above the first number, and up to the second."""
    text = window.strip().lower()
    sizes = [float(number) * _SCALE[unit.lower()] for number, unit in _SIZE.findall(text)]
    if len(sizes) == 2 and text[0].isdigit():
        low, high = sizes
    elif len(sizes) == 1 and text[0] in "<≤":
        low, high = 0.0, sizes[0]
    elif len(sizes) == 1 and (text[0] in ">≥" or text.endswith("+")):
        low, high = sizes[0], float("inf")
    else:
        return None
    return None if low >= high else (low, high)
