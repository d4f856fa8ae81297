"""What runs a measurement: how it opens a layout's rows, runs an expression, says how far it is, and is stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import pandas as pd

from planner.errors import UsageError
from planner.usage.dialects import Dialect
from planner.usage.views import Layout, Table

UNTESTED: Final = ("trino", "bigquery", "snowflake", "athena")
"""Engines whose queries are compiled and inspected in the tests, and that nobody has run the planner on."""

UNTESTED_NOTE: Final = (
    "The planner's query for {} is compiled and inspected, and not tested live. Compare a month with an export of the "
    "same table."
)

SHOWN_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that has a log open.

    shown: its name and address, without credentials. connection: Ibis's. table: a layout's rows by a name. frame: an
    expression's result. query_progress: percent, below zero where it is not known. keeps_tables: temporary tables may
    be made; without them everything is one query.
    """

    shown: str
    dialect: Dialect
    connection: Any
    table: Callable[[Layout, str], Table]
    frame: Callable[[Any], pd.DataFrame]
    query_progress: Callable[[], float]
    interrupt: Callable[[], object]
    keeps_tables: bool = False


def plain_frame(connection: Any) -> Callable[[Any], pd.DataFrame]:
    """How a database's result comes back: the grouped table, and nothing else."""
    return lambda expression: cast(pd.DataFrame, connection.execute(expression))


@contextmanager
def engine_errors(shown: str, packages: tuple[str, ...]) -> Iterator[None]:
    """What the engine's own packages raise, as ours, in a line, without its query."""
    try:
        yield
    except Exception as error:
        if type(error).__module__.split(".")[0] not in packages:
            raise
        said = " ".join(str(error).split("\n\n")[0].split())[:SHOWN_CHARACTERS]
        raise UsageError(f"{shown} says: {said or type(error).__name__}") from error
