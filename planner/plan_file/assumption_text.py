"""[[assumption]] of a plan's text: where a value is from, written in; what its entries speak of, taken out."""

import tomllib
from datetime import date
from typing import Any

import tomlkit

from planner.errors import InputError
from planner.plan_file.assumption_keys import known_paths
from planner.plan_file.in_place import changed_in_place


def with_source(text: str, key: str, source: str, on: date) -> str:
    """A plan's text that says where a value comes from, and since when; who answers for it stays.

    key: of the plan file, dotted, or a table. Errors: InputError where its entries cannot be changed in place.
    """
    wanted = tomllib.loads(text)
    entries = wanted.setdefault("assumption", [])
    said = {"source": source, "on": on}
    at = next((at for at, entry in enumerate(entries) if entry["key"] == key), len(entries))
    if at == len(entries):
        entries.append({"key": key})
    entries[at] |= said

    def change(document: Any) -> None:
        if "assumption" not in document:
            document.add("assumption", tomlkit.aot())
        listed = document["assumption"]
        if at == len(listed):
            listed.append(tomlkit.item({"key": key}))
        for name, value in said.items():
            listed[at][name] = value

    changed = changed_in_place(text, wanted, change)
    if changed is None:
        raise InputError(
            f"[[assumption]] is spelled in the plan file in a way that cannot be changed here; write source and on of "
            f"'{key}' in the file"
        )
    return changed


def without_lost(before: str, after: str) -> str:
    """A changed text without the entries whose key the change took away: with a clause or a route goes its owner.

    Every other entry stays as it is. Errors: InputError where that cannot be done in place.
    """
    wanted = tomllib.loads(after)
    lost = _keys(tomllib.loads(before)) - _keys(wanted) if wanted.get("assumption") else set()
    if not any(entry["key"] in lost for entry in wanted.get("assumption", [])):
        return after

    def change(document: Any) -> None:
        entries = document["assumption"]
        for at in reversed(range(len(entries))):
            if entries[at]["key"] in lost:
                del entries[at]
        if not entries:
            del document["assumption"]

    change(wanted)
    changed = changed_in_place(after, wanted, change)
    if changed is None:
        raise InputError(
            f"[[assumption]] speaks of {', '.join(sorted(lost)[:3])}, which would be gone, and is spelled in the plan "
            "file in a way that cannot be changed here without losing something; take its entry out in the file first"
        )
    return changed


def _keys(document: dict[str, Any]) -> set[str]:
    return {".".join(path) for path in known_paths(document)}
