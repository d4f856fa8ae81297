"""Quotes written into a plan's text, or taken out of it; every other key, and every comment, as it was."""

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import tomlkit

from planner.errors import InputError
from planner.plan_file.in_place import changed_in_place

Change = Callable[[Any], None]


def with_offer(text: str, offer: Mapping[str, Any]) -> str:
    """The text with one [[offer]] more, the last. Errors: InputError for a name that is taken, or text that resists."""
    if any(known["name"] == offer["name"] for known in tomllib.loads(text).get("offer", [])):
        raise InputError(f"an offer named '{offer['name']}' is there already; give this one another name")

    def added(document: Any) -> None:
        if "offer" not in document:
            document["offer"] = tomlkit.aot() if isinstance(document, tomlkit.TOMLDocument) else []
        table = tomlkit.table()
        table.update(offer)
        document["offer"].append(table if isinstance(document, tomlkit.TOMLDocument) else dict(offer))

    return _changed(text, added)


def without_offer(text: str, name: str) -> str:
    """The text without the [[offer]] of a name. Errors: InputError for text that resists."""

    def removed(document: Any) -> None:
        at = [item["name"] for item in document["offer"]].index(name)
        del document["offer"][at]
        if not document["offer"]:
            del document["offer"]

    return _changed(text, removed)


def _changed(text: str, change: Change) -> str:
    wanted = tomllib.loads(text)
    change(wanted)
    changed = changed_in_place(text, wanted, change)
    if changed is None:
        raise InputError(
            "the offers are spelled in the plan file in a way that cannot be changed here without losing something; "
            "change them in the file"
        )
    return changed
