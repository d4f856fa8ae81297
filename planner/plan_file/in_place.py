"""A plan's text changed in place, checked: what it then says is what was wanted, and nothing else has moved."""

import tomllib
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError


def changed_in_place(text: str, wanted: Mapping[str, Any], change: Callable[[Any], None]) -> str | None:
    """The text after a change of its tomlkit document, comments and all; None where it would not say what is wanted.

    tomlkit has spellings that it reads and cannot change: what it makes of them is not taken. It writes a new table
    onto a last line that has no end, so such a line is ended where that helps.
    """
    changed = _changed(text, wanted, change)
    if changed is None and not text.endswith("\n"):
        return _changed(f"{text}\n", wanted, change)
    return changed


def _changed(text: str, wanted: Mapping[str, Any], change: Callable[[Any], None]) -> str | None:
    try:
        document = tomlkit.parse(text)
        change(document)
        changed = tomlkit.dumps(document)
        if tomllib.loads(changed) != wanted:
            return None
        spaced = _spaced_as_before(text, changed)
        return spaced if tomllib.loads(spaced) == wanted else changed
    except (TOMLKitError, tomllib.TOMLDecodeError, KeyError, IndexError, AttributeError, TypeError, ValueError):
        return None


def _spaced_as_before(text: str, changed: str) -> str:
    """The changed text, with the old spelling of lines that differ in nothing but their spaces: tomlkit drops some.

    What was put in before a table is set apart from it as the lines before were.
    """
    old, new = text.splitlines(keepends=True), changed.splitlines(keepends=True)
    words = [["".join(line.split()) for line in lines] for lines in (old, new)]
    matcher = SequenceMatcher(None, words[0], words[1])
    for there, here, size in matcher.get_matching_blocks():
        new[here : here + size] = old[there : there + size]
        is_apart = there > 0 and not old[there - 1].strip()
        if size and is_apart and here > 0 and old[there].startswith("[") and new[here - 1].strip():
            new[here] = f"\n{new[here]}"
    return "".join(new)
