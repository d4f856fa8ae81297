"""Which fields of a layout are read inside a JSON text, and which field holds the text."""

from collections.abc import Mapping

from planner.usage.files import FileKind
from planner.usage.formats import Binding

Steps = tuple[str, ...]


def inner_fields(
    binding: Binding, kind: FileKind, fields: Mapping[str, Steps], seen: Mapping[str, tuple[str, Steps]]
) -> dict[str, tuple[str, Steps]]:
    """Path -> the field of the text, and the keys inside; of those paths that the binding reads there.

    fields: of the file itself. seen: what the first rows hold in texts. A field that the format declares to hold JSON,
    as text or as it is, is read as text; so is one that is no object in the first rows, where a path goes on below it.
    """
    holders = {path[:end] for path in fields for end in range(len(path)) if path[end] == "."}
    found = {}
    for path in binding.paths:
        cell = _declared(path, binding.texts, kind, fields, holders)
        if cell is not None:
            found[path] = (cell, tuple(path.removeprefix(f"{cell}.").split(".")))
        elif path in fields:
            continue
        elif path in seen:
            found[path] = seen[path]
        else:
            ends = [end for end in range(len(path)) if path[end] == "."]
            cell = next((path[:end] for end in reversed(ends) if path[:end] in fields.keys() - holders), None)
            if cell is not None:
                found[path] = (cell, tuple(path.removeprefix(f"{cell}.").split(".")))
    return found


def _declared(path: str, texts: Steps, kind: FileKind, fields: Mapping[str, Steps], holders: set[str]) -> str | None:
    """The declared text that holds a path, where the file has it; typed objects of Parquet are read as they are."""
    for cell in texts:
        if path.startswith(f"{cell}.") and (cell in fields or (kind == "jsonl" and cell in holders)):
            return cell
    return None
