"""[[assumption]] of a plan's text when what its entries speak of is taken out of the plan."""

import tomllib
from typing import Any

from planner.errors import InputError
from planner.plan_file.assumption_keys import known_paths
from planner.plan_file.in_place import changed_in_place


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
