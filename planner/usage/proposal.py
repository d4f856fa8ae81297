"""What a file holds and how it could be mapped, for a person to look at: fields, sample values, a proposed mapping."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from planner.usage.files import LogFile
from planner.usage.formats import PLANNER
from planner.usage.guesses import guess, nearest
from planner.usage.log_formats.registry import recognised
from planner.usage.secrets import masked

SAMPLES: Final = 3
SHOWN_CHARACTERS: Final = 40
_LOOKED_AT: Final = 1000

_PROMPT_TEXT: Final = {
    "prompts", "contents", "input", "output", "inputs", "outputs", "texts", "system", "instructions", "completion",
    "completions", "response", "request", "body", "answer", "question", "query", "tools", "choices", "arguments",
    "thinking", "inputbodyjson", "outputbodyjson",
}  # fmt: skip
_ENDS_OF_TEXT: Final = ("prompt", "content", "text", "message", "messages")
_ABOVE_TEXT: Final = frozenset({"prompt", "messages", "content", "system", "instructions", "text", "tools"})
_WORD: Final = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A file's fields and a mapping that may fit. Samples never show the text of a prompt or an answer.

    format: the known format that it is of, "" for none. like: the closest one, and lacking: its fields that are not
    there. columns: canonical column -> field; constants: canonical column -> an example of a value. missing: required
    columns that no field seems to hold. samples: field -> its first different values, cut to SHOWN_CHARACTERS; none for
    fields that may hold text of a prompt. toml, options: the mapping as a plan's [usage] and the command line say it.
    """

    format: str
    like: str
    lacking: tuple[str, ...]
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    missing: tuple[str, ...]
    samples: Mapping[str, tuple[str, ...]]
    toml: str
    options: str


def propose(file: LogFile) -> Proposal:
    """How a file could be mapped. Parquet, whose fields its own schema says, has none here."""
    seen = (*file.fields, *file.inner)
    known = recognised(seen)
    near = nearest(seen) if known is None else None
    guessed = guess(seen, sample=file.sample)
    return Proposal(
        format="" if known is None else known.name,
        like="" if near is None or near[0].name == PLANNER.name else near[0].name,
        lacking=() if near is None else near[1],
        columns=guessed.columns,
        constants=guessed.constants,
        missing=guessed.missing,
        samples={path: _samples(file, path) for path in file.fields},
        toml=guessed.toml,
        options=guessed.options,
    )


def _samples(file: LogFile, path: str) -> tuple[str, ...]:
    if may_be_prompt(path):
        return ()
    values = dict.fromkeys(row[path] for row in file.sample if row.get(path))
    shown = [masked(value[:_LOOKED_AT]) for value in values if value[:1] not in ("{", "[")][:SAMPLES]
    return tuple(value if len(value) <= SHOWN_CHARACTERS else f"{value[:SHOWN_CHARACTERS]}..." for value in shown)


def may_be_prompt(path: str) -> bool:
    """Whether a field may hold the text of a prompt or an answer, by the names that lead to it."""
    *above, last = path.lower().split(".")
    return (
        any(part in _ABOVE_TEXT for part in above)
        or last.endswith(_ENDS_OF_TEXT)
        or _WORD.findall(last)[-1:] in ([word] for word in _PROMPT_TEXT)
    )
