"""A plan's text as it has to read in another folder: the files that it names, relative to that folder."""

import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from planner.errors import InputError
from planner.plan_file.in_place import changed_in_place


def address_from(source: str, base_dir: Path, folder: Path) -> str:
    """The address of a file as it is written in another folder; absolute ones and those of no file stay."""
    if "://" in source or Path(source).is_absolute():
        return source
    return Path(os.path.relpath(base_dir.resolve() / source, folder.resolve())).as_posix()


def with_evidence_from(text: str, base_dir: Path, folder: Path) -> str:
    """A plan's text with its samples, evidence files and files of graders named relative to another folder.

    Errors: InputError where they are spelled in a way that cannot be changed in place.
    """

    def moved(document: Any) -> None:
        for holder, key in _names(document):
            _change(holder, key, lambda name: address_from(name, base_dir, folder))

    wanted = tomllib.loads(text)
    moved(wanted)
    if wanted == tomllib.loads(text):
        return text
    changed = changed_in_place(text, wanted, moved)
    if changed is None:
        raise InputError(
            "the plan names files of evidence in a way that cannot be changed for another folder; write the new plan "
            "into the folder of the old one"
        )
    return changed


def _names(document: Any) -> Iterator[tuple[Any, str]]:
    """Tables of a plan and their keys that name files, the log's apart."""
    yield document.get("plan", {}), "evidence"
    for evaluation in document.get("evaluation", []):
        yield evaluation, "sample"
        for key in ("schema_file", "rubric_file"):
            yield evaluation.get("grader", {}), key
    for scenario in document.get("scenario", []):
        for route in scenario.get("route", []):
            for key in ("share", "escalation"):
                if isinstance(route.get(key), dict):
                    yield route[key], "evidence"


def _change(holder: Any, key: str, moved: Callable[[str], str]) -> None:
    value = holder.get(key)
    if isinstance(value, str):
        holder[key] = moved(value)
    elif isinstance(value, list):
        for index, name in enumerate(value):
            value[index] = moved(name)
