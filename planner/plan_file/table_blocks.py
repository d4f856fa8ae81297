"""A plan's text by its tables: where each stands, with the comments right above it and the tables below it."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from planner.errors import InputError
from planner.plan_file.in_place import changed_in_place

_HEADER: Final = re.compile(r"^[ \t]*\[", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An entry of a list of tables in a text, from the comments right above its header to before the next table."""

    start: int
    header: int
    stop: int


def blocks(text: str, name: str) -> tuple[Block, ...]:
    """Every [[name]] of a text with the tables below it, in order; none where they are written in another way.

    Read off lines alone: who changes a text by them checks what it then says.
    """
    headers = [found.start() for found in _HEADER.finditer(text)]
    own = re.compile(rf"[ \t]*\[\[[ \t]*{name}[ \t]*\]\]")
    below = re.compile(rf"[ \t]*\[\[?[ \t]*{name}[ \t]*\.")
    found = []
    for index, header in enumerate(headers):
        if own.match(text, header):
            later = (other for other in headers[index + 1 :] if not below.match(text, other))
            after = next(later, None)
            stop = len(text) if after is None else above_comments(text, after)
            found.append(Block(start=above_comments(text, header), header=header, stop=stop))
    return tuple(found)


def above_comments(text: str, header: int) -> int:
    """Where the comments begin that stand right above a header and speak of it."""
    lines = text[:header].splitlines(keepends=True)
    while lines and lines[-1].startswith("#"):
        lines.pop()
    return sum(map(len, lines))


def after_the_last(text: str, name: str, added: str) -> str:
    """Tables after the last one of a list of tables, or at the end where there is none."""
    if not added:
        return text
    headers = list(re.finditer(r"^\[", text, re.MULTILINE))
    own = [index for index, found in enumerate(headers) if text.startswith(f"[[{name}", found.start())]
    if not own or own[-1] + 1 == len(headers):
        return f"{ended(text)}\n{added}"
    place = above_comments(text, headers[own[-1] + 1].start())
    return f"{ended(text[:place])}{added}\n{text[place:]}"


def with_first_key(text: str, table: str, line: str) -> str:
    """A line under the header of a table, or the table with it at the end where there is none."""
    header = re.search(rf"^\[{table}\][^\n]*\n", text, re.MULTILINE)
    if header is None:
        return f"{ended(text)}\n[{table}]\n{line}\n"
    return f"{text[: header.end()]}{line}\n{text[header.end() :]}"


def ended(text: str) -> str:
    """The text with an end to its last line."""
    return text if text.endswith("\n") or not text else f"{text}\n"


def apart(text: str) -> str:
    """The text with an empty line at its end, so that a table may follow."""
    whole = ended(text)
    return whole if not whole or whole.endswith(("\n\n", "\r\n\r\n")) else f"{whole}\n"


def changed_by(
    text: str,
    wanted: Mapping[str, Any],
    ways: Sequence[Callable[[str], str]],
    change: Callable[[Any], None],
    *,
    refused: str,
) -> str:
    """The text changed by the first of several ways that makes it say what is wanted, and at last by tomlkit.

    ways: on the text itself, which keep every other byte. change: of a tomlkit document. Errors: InputError with
    `refused` where the text is spelled in a way that none of them can change.
    """
    for way in ways:
        try:
            changed = way(text)
            if tomllib.loads(changed) == wanted:
                return changed
        except (LookupError, ValueError):
            continue  # not written as tables
    found = changed_in_place(text, wanted, change)
    if found is None:
        raise InputError(refused)
    return found
