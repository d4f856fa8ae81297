"""How the command line talks: tables, JSON, notes, progress and errors. NO_COLOR is respected by rich."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, NoReturn

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from planner.tables import Table

_WIDTH_IN_A_FILE: Final = 10_000
"""In a file or pipe nothing has to fit anywhere: a table takes the width that it needs."""
_LEAST_TEXT: Final = 16
"""A column of text is wrapped to no less than this, unless all of it is shorter."""
_LONGEST_WORD: Final = 28
"""A longer word, such as a name that somebody made up, may be broken in a narrow terminal."""
_LONGEST_SHOWN_WORD: Final = 120
_LONGEST_CELL: Final = 2_000
_OVERLONG_WORD: Final = re.compile(rf"\S{{{_LONGEST_SHOWN_WORD + 1},}}")
_PADDINGS: Final = (1, 0)
"""Spaces on either side of a line between columns, the roomy first."""


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
    return escape(_printable(text))


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _cut(cell: str) -> str:
    """A cell of text without words that no screen can hold; JSON and saved files have them whole."""
    if len(cell) <= _LONGEST_SHOWN_WORD:
        return cell
    cut = _OVERLONG_WORD.sub(lambda found: f"{found[0][:_LONGEST_SHOWN_WORD]}...", cell)
    return cut if len(cut) <= _LONGEST_CELL else f"{cut[:_LONGEST_CELL]}..."


def _cut_table(table: Table) -> Table:
    rows = tuple(
        tuple(cell if index in table.numeric else _cut(cell) for index, cell in enumerate(row)) for row in table.rows
    )
    return replace(table, rows=rows)


def show(tables: Sequence[Table]) -> None:
    """Print tables that have rows. No figure is ever cut: where a table does not fit, each row is a list of its own.
    Text is cut where a word of it is longer than any name."""
    console = _console()
    for table in map(_cut_table, tables):
        if not table.rows:
            continue
        fitting = ((padding, _widths(table, console.width, padding)) for padding in _PADDINGS)
        padding, widths = next((pair for pair in fitting if pair[1] is not None), (0, None))
        if widths is None:
            _print_stacked(console, table)
        else:
            console.print(_drawn(table, widths, padding))
        console.print()


def _widths(table: Table, room: int, padding: int) -> tuple[int, ...] | None:
    """The width of each column, in cells: as wide as it likes if that fits in `room`, else less for text and headers.

    A figure keeps its width, a word of text too. None where even that does not fit.
    """
    columns = [
        [line for cell in column for line in _printable(cell).split("\n")]
        for column in zip(table.columns, *table.rows, strict=True)
    ]
    wanted = [max(map(cell_len, column)) for column in columns]
    least = [
        _least_of_figures(column) if index in table.numeric else _least_of_text(column)
        for index, column in enumerate(columns)
    ]
    lines = len(columns) + 1  # between and beside the columns, each one cell wide
    spare = room - lines - 2 * padding * (len(columns) - 1) - sum(least)
    lacking = sum(wanted) - sum(least)
    if spare < 0:
        return None
    if spare >= lacking:
        return tuple(wanted)
    return tuple(low + (high - low) * spare // lacking for low, high in zip(least, wanted, strict=True))


def _least_of_figures(column: Sequence[str]) -> int:
    """A cell with a digit stays on one line; words, such as 'not known', may wrap."""
    figures = [cell for cell in column[1:] if any(map(str.isdigit, cell))]
    return max([_longest_word(column), *map(cell_len, figures)])


def _least_of_text(column: Sequence[str]) -> int:
    header, *cells = column
    word = min(_longest_word(cells), _LONGEST_WORD)
    return max(_longest_word([header]), word, min(max(map(cell_len, cells)), _LEAST_TEXT))


def _longest_word(texts: Sequence[str]) -> int:
    return max((cell_len(word) for text in texts for word in text.split()), default=1)


def _drawn(table: Table, widths: Sequence[int], padding: int) -> RichTable:
    drawn = RichTable(
        title=plain(table.title),
        title_justify="left",
        caption=plain(table.note) or None,
        caption_justify="left",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, padding),
    )
    for index, (column, width) in enumerate(zip(table.columns, widths, strict=True)):
        justify = "right" if index in table.numeric else "left"
        drawn.add_column(plain(column), justify=justify, overflow="fold", width=max(width, 1))  # type: ignore[arg-type]
    for row in table.rows:
        drawn.add_row(*(plain(cell) for cell in row))
    return drawn


def _print_stacked(console: Console, table: Table) -> None:
    """A table as one list a row, which wraps and loses nothing; an empty cell is left out."""
    console.print(f"[italic]{plain(table.title)}[/]")
    for row in table.rows:
        console.print()
        for index, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            name = f"[bold]{plain(column)}:[/] " if column else ""
            if cell:
                console.print(f"{'  ' if index else ''}{name}{plain(cell)}", overflow="fold")
    if table.note:
        console.print(f"\n[italic]{plain(table.note)}[/]")


def say(sentences: Sequence[str]) -> None:
    """Print what an answer comes to, a sentence a line; names in it are text, whatever is in them."""
    sys.stdout.write("".join(f"{_printable(sentence)}\n" for sentence in sentences))


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
