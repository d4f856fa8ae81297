"""A plan's text changed in place, checked: what it then says is what was wanted, and nothing else has moved."""

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError


def changed_in_place(text: str, wanted: Mapping[str, Any], change: Callable[[Any], None]) -> str | None:
    """The text after a change of its tomlkit document, comments and all; None where it would not say what is wanted.

    tomlkit has spellings that it reads and cannot change: what it makes of them is not taken.
    """
    try:
        document = tomlkit.parse(text)
        change(document)
        changed = tomlkit.dumps(document)
        return changed if tomllib.loads(changed) == wanted else None
    except (TOMLKitError, tomllib.TOMLDecodeError, KeyError, IndexError, AttributeError, TypeError, ValueError):
        return None
