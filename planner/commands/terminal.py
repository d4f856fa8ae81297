"""How the command line talks: tables, JSON, notes, progress and errors. NO_COLOR is respected by rich."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from planner.tables import Table

_WIDTH_IN_A_FILE = 150


def _console(*, stderr: bool = False) -> Console:
    """A terminal's own width; in a file or pipe, room for the widest table and notes on one line each."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, width=_WIDTH_IN_A_FILE, soft_wrap=stderr)
    return console


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong on stderr and stop with an exit code."""
    _console(stderr=True).print(f"[bold red]error:[/] {plain(message)}")
    sys.exit(code)


def plain(text: str) -> str:
    """Text of a user's file is text: no markup, no control characters."""
    return escape("".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text))


def show(tables: Sequence[Table]) -> None:
    """Print tables that have rows."""
    console = _console()
    for table in tables:
        if not table.rows:
            continue
        rich_table = RichTable(
            title=plain(table.title),
            title_justify="left",
            caption=plain(table.note) or None,
            caption_justify="left",
            header_style="bold",
            box=box.SIMPLE_HEAD,
            pad_edge=False,
        )
        for index, column in enumerate(table.columns):
            numeric = index in table.numeric
            rich_table.add_column(
                plain(column), justify="right" if numeric else "left", overflow="fold", no_wrap=numeric
            )
        for row in table.rows:
            rich_table.add_row(*(plain(cell) for cell in row))
        console.print(rich_table)
        console.print()


def print_json(value: Any) -> None:
    """Print JSON and nothing else on stdout; NaN is a fault, not a value."""
    sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")


def warn(warnings: Sequence[str]) -> None:
    """Print what must be said beside the answer, on stderr."""
    console = _console(stderr=True)
    for warning in warnings:
        console.print(f"[yellow]note:[/] {plain(warning)}")


@contextmanager
def progress_bars(*, quiet: bool) -> Iterator[Callable[[str, float], None] | None]:
    """A progress bar on stderr, drawn once a second has passed; none when quiet or not on a terminal."""
    console = _console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def update(step: str, done: float) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=1.0)
            bars.update(tasks[step], completed=done)

        yield update
