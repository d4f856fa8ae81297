"""Requests that a log holds more than once, told by their ids: found in one step, counted once in the next.

Two steps, because the first is cheap and mostly the last: ids are grouped by hash alone. Only where one repeats are its
rows read again and reduced to one; a window over all ids would sort the whole log.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import ibis
import ibis.expr.operations as ops

from planner.units import TOKEN_COLUMNS
from planner.usage.columns import COUNT_COLUMNS, COUNT_LIMIT, KEY_COLUMNS, OWNERS
from planner.usage.fields import raw_column
from planner.usage.scan import US_PER_DAY, prompt_tokens, union
from planner.usage.views import Layout, Table

ID: Final = "request_id"
EXAMPLES: Final = 3
SHOWN_CHARACTERS: Final = 40

_BETWEEN: Final = "\x1f"
_SECRET: Final = re.compile(r"(?i)^(sk|pk|rk|key|api|secret|token|bearer|basic|gh[a-z]|xox|akia|asia|eyj)[-_ .=a-z0-9]")


def may_hold_ids(layouts: Sequence[Layout]) -> bool:
    """Whether the first rows of any layout show a request id, or a constant stands for one."""
    return any(layout.binding.has(ID) and ID not in layout.binding.unseen for layout in layouts)


def ids(table: Table, layout: Layout) -> Table | None:
    """The ids of a layout's rows that have one, as text; None where the layout has none.

    Not stripped: that would cost more than finding repeats. Blanks are told from ids later, where one repeats.
    """
    raw = raw_column(table, layout, ID)
    if raw is None:
        return None
    named = table.select(request_id=raw.cast("string"))
    return named.filter(named.request_id != "")


def repeated(connection: Any, tables: Iterable[Table | None]) -> Table:
    """One column, key: of the ids that stand in more than one row, and of those that share their hash."""
    every = union([table for table in tables if table is not None])
    keys = every.select(key=_key(connection, every.request_id)).group_by("key").aggregate(rows=ibis._.count())
    return keys.filter(keys.rows > 1).select("key")


def _key(connection: Any, text: Any) -> Any:
    """Eight bytes in place of a text, where the engine has a hash; two ids that share one are told apart later."""
    return text.hash() if connection.has_operation(ops.Hash) else text


def once(connection: Any, records: Table, keys: Table) -> Table:
    """Records (columns of `record_columns` and request_id) with each request once.

    keys: what `repeated` gives. A request is the records of one id that are neither faulty nor left out, and stand for
    one request: a record of several is a bucket, whose id is not a request's. It has the earliest time stamp, the
    largest of each count and of the bill (a streamed answer is logged several times, with growing counts), and the key
    columns of the record with the most output tokens; of several such, the first in text order. repeats: records that
    it stands for beside itself. apart: whether they lie more than a day apart. Everything else is as it was.
    """
    name = records.request_id
    is_request = ~records.fault & (name.strip() != "") & (records.model.strip() != "")
    if "other" in records.columns:
        is_request &= ~records.other
    if "requests" in records.columns:
        is_request &= records.requests == 1.0
    key = ibis.cases((is_request.fill_null(False), _key(connection, name)))
    keyed = records.mutate(key=key)
    alone = keyed.anti_join(keys, "key").mutate(repeats=ibis.literal(0, "int64"), apart=ibis.literal(0, "int64"))
    reduced = _reduced(keyed.semi_join(keys, "key"))
    return ibis.union(alone.select(*reduced.columns), reduced, distinct=False)


def _reduced(rows: Table) -> Table:
    """One record for each id."""
    names = [name for name in (*KEY_COLUMNS, *OWNERS) if name in rows.columns]
    blanks = {name: rows[name].fill_null("") for name in names}
    text = ibis.literal(_BETWEEN).join([ibis.literal(""), *blanks.values()])
    least_first = (ibis.literal(float(COUNT_LIMIT)) - rows.output_tokens).cast("int64").cast("string").lpad(16, "0")
    rows = rows.mutate(rank=least_first + text, **blanks)
    counts = [name for name in (*COUNT_COLUMNS, "no_split", "billed") if name in rows.columns]
    grouped = rows.group_by(ID).aggregate(
        us=rows.us.min(),
        repeats=rows.count() - 1,
        apart=ibis.cases((rows.us.max() - rows.us.min() > US_PER_DAY, 1), else_=0).cast("int64"),
        **{name: rows[name].argmin(rows["rank"]) for name in names},
        **{name: rows[name].max() for name in counts},
    )
    derived = {name: grouped[name].nullif("") for name in names}
    derived |= {"prompt": prompt_tokens({name: grouped[name] for name in TOKEN_COLUMNS if name in counts})}
    derived |= {name: ibis.literal(False) for name in ("fault", "other") if name in rows.columns}
    order = [name for name in rows.columns if name not in {"key", "rank"}]
    return grouped.mutate(**derived).select(*order, "repeats", "apart")


def shown_id(text: str) -> str:
    """An id as it may be shown: never whole where it looks like a key, and not at any length."""
    if _SECRET.match(text):
        return f"{text[:3]}... ({len(text)} characters)"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
