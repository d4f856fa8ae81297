"""planner read-offers: quotes that were typed into the workbook, printed as [[offer]] entries or put into the plan.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import print_json, say, warn
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.workbook.reading.into_plan import TakenIn
    from planner.workbook.reading.read_quotes import ReadQuotes

Book = Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The workbook, filled in and saved.")]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into", metavar="PLAN.toml", help="Put the quotes into this plan, in place of those of their names."
    ),
]


def read_offers(path: Book, into: Into = None, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Read the quotes that were typed into a workbook of `planner export`, and print them or put them into a plan."""
    from planner.workbook.reading import into_plan as told  # noqa: PLC0415
    from planner.workbook.reading.package import MOST_BYTES  # noqa: PLC0415
    from planner.workbook.reading.read_quotes import read_quotes  # noqa: PLC0415

    read = read_quotes(_content(path, MOST_BYTES), str(path))
    found = told.read_json(read)
    if into is None:
        sentences, notes = told.read_sentences(read, str(path)), read.notes
    else:
        taken = _taken(read, into)
        sentences, notes = told.taken_sentences(taken.merged, str(into)), taken.notes
        found |= {"into": str(into), **told.taken_json(taken.merged)}
    if as_json:
        print_json(found | {"notes": list(notes)})
        return
    say(sentences)
    warn([] if quiet else notes)


def _content(path: Path, most_bytes: int) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    try:
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; give the workbook that was filled in") from None


def _taken(read: "ReadQuotes", into: Path) -> "TakenIn":
    """The quotes put into the plan file, written whole or not at all."""
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.whole_file import write_whole  # noqa: PLC0415
    from planner.workbook.reading.into_plan import taken_into  # noqa: PLC0415

    inputs = load_plan(into)
    taken = taken_into(read, inputs)
    if taken.merged.text != inputs.text:
        write_whole(into, taken.merged.text, remedy="make the plan file writable")
    return taken
