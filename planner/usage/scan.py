"""The one Ibis expression that aggregates usage records, built over files of one layout at a time."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import ibis

from planner.errors import UsageError
from planner.units import SERVER_TOOL_COLUMNS, TOKEN_COLUMNS
from planner.usage.columns import (
    BY_NAME,
    COUNT_COLUMNS,
    COUNT_LIMIT,
    EARLIEST,
    KEY_COLUMNS,
    LATEST,
    ON_DEMAND,
    OWNERS,
)
from planner.usage.dialects import DUCKDB, US_PER_SECOND, Dialect, floor
from planner.usage.fields import is_record, raw_column, read
from planner.usage.files import FileKind
from planner.usage.secrets import masked
from planner.usage.views import BROKEN_LINE, Layout, Table

US_PER_DAY: Final = 86_400_000_000
US_RANGE: Final = (int(EARLIEST.timestamp()) * 1_000_000, int(LATEST.timestamp()) * 1_000_000 - 1)
DOLLARS: Final = "USD"
NOT_KNOWN: Final = -1
BILLIONTHS: Final = 1e9


def _count(raw: Any, dialect: Dialect, *, blank: float | None) -> tuple[Any, Any]:
    """A count as float64 and whether it can be used: a whole number from 0 to 2**53 - 1. NULL counts as False.

    blank: what an empty value stands for; None refuses it. Text is read as a double and not as a whole number, because
    a cast to the latter rounds 1.5 to 2.
    """
    kind = raw.type()
    number = _number(raw, dialect)
    if blank is not None:
        number = ibis.cases((raw.isnull(), blank), else_=number)
    in_range = number.between(0.0, float(COUNT_LIMIT - 1))
    return number, in_range if kind.is_integer() else in_range & (number == floor(number))


def _number(raw: Any, dialect: Dialect) -> Any:
    return dialect.number(raw) if raw.type().is_string() else raw.cast("float64")


def check_types(file: str, layout: Layout, table: Table) -> None:
    """Errors: UsageError for a typed (Parquet) column that cannot be what it is mapped to."""
    for name, source in layout.binding.fields.items():
        path = source.shown
        kind = read(table, layout, source).type()
        number = kind.is_numeric() and not kind.is_boolean()
        if name == "timestamp":
            fits, needs = kind.is_string() or kind.is_timestamp() or kind.is_date(), "a timestamp or ISO text"
        elif BY_NAME[name].kind == "text":
            continue
        else:
            fits, needs = kind.is_string() or number, "a number"
        if not fits:
            raise UsageError(f"{file}: column {masked(path)!r} for {name} is of type {kind}; it has to be {needs}.")


def record_columns(table: Table, layout: Layout, owners: Sequence[str] = ()) -> dict[str, Any]:
    """The layout's rows as canonical records, by column expression.

    us: microseconds since 1970. Key columns, `owners` and counts; only those that the layout has. prompt: input of all
    classes. is_bucket: the row stands for an unknown number of requests, where the layout has such rows.
    billed: billionths of a dollar. no_split: cache writes without a split by lifetime. fault: the row must be refused.
    other: the row is no usage record, where the layout has such rows.
    """
    binding = layout.binding
    us = _microseconds(table, layout)
    values, goods = _counts(table, layout)
    columns = {"us": us} | _keys(table, layout, owners) | values
    if binding.is_bucketed:
        columns["is_bucket"] = ibis.literal(True)
    columns["prompt"] = prompt_tokens(values)
    if binding.has("billed_cost_usd"):
        columns["billed"], good = _money(table, layout)
        goods.append(good)
        if binding.has("currency"):
            goods.append(_in_dollars(table, layout))
    if binding.has("cache_write_tokens"):
        columns["no_split"] = _no_split(table, layout)
    good = us.between(*US_RANGE)
    for each in goods:
        good = good & each
    columns["fault"] = ~good.fill_null(False)
    record = is_record(table, layout)
    if record is not None:
        columns["other"] = ~record
        columns["fault"] = columns["fault"] & record
    if BROKEN_LINE in table.columns:
        columns["fault"] = columns["fault"] | table[BROKEN_LINE]
        if record is not None:
            columns["other"] = columns["other"] & ~table[BROKEN_LINE]
    return columns


def prompt_tokens(values: Mapping[str, Any]) -> Any:
    """Input of all classes, of token columns by name."""
    first, *rest = [values[name] for name in TOKEN_COLUMNS[:-1] if name in values]
    return sum(rest, start=first)


def _microseconds(table: Table, layout: Layout) -> Any:
    raw = raw_column(table, layout, "timestamp")
    kind = raw.type()
    per_second = (
        layout.binding.fields["timestamp"].epoch_units_per_second if "timestamp" in layout.binding.fields else None
    )
    if per_second is not None:
        number = _number(raw, layout.dialect)
        in_range = number.abs() < float(COUNT_LIMIT) * per_second / US_PER_SECOND
        nearest = floor(number * (US_PER_SECOND / per_second) + 0.5)  # engines cast halves each in their own way
        return ibis.cases((in_range, nearest)).cast("int64")
    if kind.is_string():
        return layout.dialect.text_us(raw)
    zoned = kind.is_timestamp() and kind.timezone is not None
    return layout.dialect.utc_us(raw) if zoned else layout.dialect.naive_us(raw)


def _keys(table: Table, layout: Layout, owners: Sequence[str]) -> dict[str, Any]:
    raws = {name: raw_column(table, layout, name) for name in (*KEY_COLUMNS, *owners)}
    return {name: raw.cast("string") for name, raw in raws.items() if raw is not None}


def _counts(table: Table, layout: Layout) -> tuple[dict[str, Any], list[Any]]:
    """The counts that the layout has, and for each whether it can be used."""
    values: dict[str, Any] = {}
    goods: list[Any] = []
    for name in COUNT_COLUMNS:
        raw = raw_column(table, layout, name)
        if raw is not None:
            values[name], good = _count(raw, layout.dialect, blank=blank_value(name, layout.kind))
            goods.append(good & (values[name] >= 1.0) if name == "requests" else good)
    _derive_writes(table, layout, values, goods)
    _derive_input(table, layout, values, goods)
    return values, goods


def blank_value(name: str, kind: FileKind) -> float | None:
    """What a blank count stands for: 0 for cache classes and server tools; 1 request where an object lacks the key;
    else refused."""
    if name.startswith("cache_") or name in SERVER_TOOL_COLUMNS:
        return 0.0
    return 1.0 if name == "requests" and kind == "jsonl" else None


def _derive_writes(table: Table, layout: Layout, values: dict[str, Any], goods: list[Any]) -> None:
    """Cache writes without the split by lifetime are 5-minute writes: 5m = total - 1h where 5m is not given."""
    raw = raw_column(table, layout, "cache_write_tokens")
    if raw is None:
        return
    total, good = _count(raw, layout.dialect, blank=0.0)
    rest = total - values["cache_write_1h_tokens"] if "cache_write_1h_tokens" in values else total
    split = raw_column(table, layout, "cache_write_5m_tokens")
    derived = rest if split is None else ibis.cases((split.isnull(), rest), else_=values["cache_write_5m_tokens"])
    values["cache_write_5m_tokens"] = derived
    goods.extend([good, derived >= 0.0])


def _no_split(table: Table, layout: Layout) -> Any:
    total, _ = _count(raw_column(table, layout, "cache_write_tokens"), layout.dialect, blank=0.0)
    splits = [raw_column(table, layout, name) for name in ("cache_write_5m_tokens", "cache_write_1h_tokens")]
    given = [split.notnull() for split in splits if split is not None]
    return ibis.cases((ibis.or_(*given), 0.0), else_=total) if given else total


def _derive_input(table: Table, layout: Layout, values: dict[str, Any], goods: list[Any]) -> None:
    """Where the source's input includes cache tokens: uncached = input - reads - writes; below zero is a fault."""
    raw = raw_column(table, layout, "input_tokens_including_cache")
    if raw is None or layout.binding.has("uncached_input_tokens"):
        return
    uncached, good = _count(raw, layout.dialect, blank=None)
    for name in TOKEN_COLUMNS[1:4]:
        uncached = uncached - values[name] if name in values else uncached
    values["uncached_input_tokens"] = uncached
    goods.extend([good, uncached >= 0.0])


def _money(table: Table, layout: Layout) -> tuple[Any, Any]:
    """Billionths of a dollar as float64, and whether they are finite; a blank is no bill.

    Whole numbers add up to the same in whatever order threads, files and engines come to them.
    """
    raw = raw_column(table, layout, "billed_cost_usd")
    number = _number(raw, layout.dialect)
    finite = number.between(-sys.float_info.max, sys.float_info.max)
    source = layout.binding.fields.get("billed_cost_usd")
    per_unit = BILLIONTHS if source is None else BILLIONTHS / source.units_per_unit
    return floor(number * per_unit + 0.5), raw.isnull() | finite


def _in_dollars(table: Table, layout: Layout) -> Any:
    """Whether a billed cost is in USD, as far as the row says."""
    currency = raw_column(table, layout, "currency").cast("string").fill_null("").strip().upper()
    return raw_column(table, layout, "billed_cost_usd").isnull() | currency.isin(["", DOLLARS])


def union(tables: Sequence[Table]) -> Table:
    """Records of several layouts as one table; a column that a layout lacks is NULL, its count zero or one."""
    names = dict.fromkeys(name for table in tables for name in table.columns)
    filled = []
    for table in tables:
        absent = {name: _absent(name) for name in names if name not in table.columns}
        filled.append(table.mutate(**absent).select(*names))
    return ibis.union(*filled, distinct=False) if len(filled) > 1 else filled[0]


def _absent(name: str) -> Any:
    if name in KEY_COLUMNS or name in ON_DEMAND:
        return ibis.null("string")
    if name in ("other", "is_bucket"):
        return ibis.literal(False)
    return ibis.null("float64") if name == "billed" else ibis.literal(1.0 if name == "requests" else 0.0)


def square_name(token_column: str) -> str:
    """The name of the sum of squares of a token column."""
    return f"square_{token_column}"


def aggregate(table: Table, *, prompt_edges: Sequence[int], limit: int, dialect: Dialect = DUCKDB) -> Table:
    """Group records by day, the key columns, the prompt edge and the fault flag; sums, counts, first and last.

    prompt_above of a record of one request: the largest edge its prompt exceeds, 0 for none; of several
    requests, or of an unknown number: NOT_KNOWN, whatever the total. Beside the sums of tokens those of their squares,
    which say something of groups of single requests only. Columns that no layout has are left out.
    """
    keys: dict[str, Any] = {"day": dialect.whole(table.us, US_PER_DAY)}
    keys |= {name: table[name] for name in (*KEY_COLUMNS, *OWNERS, "other") if name in table.columns}
    keys |= {"prompt_above": _prompt_above(table, sorted(prompt_edges)), "fault": table.fault}
    present = set(table.columns)
    sums = {name: table[name].sum() for name in (*COUNT_COLUMNS, "no_split") if name in present}
    sums |= {square_name(name): (table[name] * table[name]).sum() for name in TOKEN_COLUMNS if name in present}
    if "billed" in present:
        sums |= {"billed_cost_usd": table.billed.sum() / BILLIONTHS, "billed_records": table.billed.count()}
    if "repeats" in present:
        some = table.repeats > 0
        sums |= {"repeats": table.repeats.sum(), "apart": table.apart.sum()}
        sums |= {"repeated_id": table.request_id.min(where=some)}
    elif "request_id" in present:
        sums |= {"ids": table.request_id.count()}
    grouped = table.group_by(**keys).aggregate(
        records=table.count(), first_us=table.us.min(), last_us=table.us.max(), **sums
    )
    return cast(Table, grouped.limit(limit))


def _prompt_above(table: Table, edges: list[int]) -> Any:
    """The most common answers first: an engine looks at the later branches only for the rows that are left."""
    cases: list[tuple[Any, int]] = [(table.requests != 1.0, NOT_KNOWN)] if "requests" in table.columns else []
    if "is_bucket" in table.columns:
        cases.insert(0, (table.is_bucket, NOT_KNOWN))
    if edges:
        cases.append((table.prompt <= float(edges[0]), 0))
    cases += [(table.prompt > float(edge), edge) for edge in reversed(edges)]
    return ibis.cases(*cases, else_=0).cast("int32") if cases else ibis.literal(0, "int32")
