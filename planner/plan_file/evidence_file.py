"""Evidence files: graded answers with how they came to be, read and written. TOML, format 1."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import tomlkit
from pydantic import ValidationError

from planner.errors import InputError
from planner.evidence.quality import Evidence
from planner.named_files import text_of
from planner.plan_file.evidence_sections import EvidenceFileSection, FileEntrySection, evidence_of
from planner.plan_file.mistakes import explain
from planner.plan_file.toml_document import toml_document
from planner.whole_file import write_whole

_HEADER: Final = """\
# Evidence: graded answers of models to request types. A route of a plan takes its counts by
# share = { evidence = "THIS FILE" } or escalation = { evidence = "THIS FILE" }; [plan] evidence = ["THIS FILE"] brings
# it where no route does yet. `planner evidence check` says whether it still holds.
format = 1
"""


def read_evidence_file(path: Path, *, place: str) -> tuple[Evidence, ...]:
    """The entries of an evidence file. place: what names the file, for messages.

    Errors: InputError naming place, file, key and remedy.
    """
    text = text_of(path, place=place)
    try:
        return parse_evidence(text)
    except InputError as error:
        raise InputError(f"{place}: {path}: {error}") from None


def parse_evidence(text: str) -> tuple[Evidence, ...]:
    """The entries of an evidence file's text. Errors: InputError naming key and remedy."""
    try:
        document = toml_document(text)
    except InputError as error:
        raise InputError(f"{error}; an evidence file is what `decide --write` makes") from None
    version = document.get("format")
    if isinstance(version, int) and version > 1:
        raise InputError(f"format = {version}: this version of the planner reads format 1; update the planner")
    if version is None:
        raise InputError("format is missing: an evidence file begins with format = 1; name the file that is meant")
    try:
        file = EvidenceFileSection.model_validate(document)
    except ValidationError as error:
        raise InputError(explain(error, of=EvidenceFileSection)) from None
    return evidence_of(file.evidence)


def evidence_text(entries: Sequence[Evidence]) -> str:
    """An evidence file of these entries, commented: what parse_evidence makes of it are the entries themselves."""
    return "\n".join([_HEADER, *map(_entry_text, entries)])


def write_evidence(path: Path, entries: Sequence[Evidence]) -> int:
    """Write entries into an evidence file; how many entries on other pairs it had, which stay behind the new ones.

    Errors: InputError for a file that is there and is no evidence file, and for one that cannot be written.
    """
    pairs = {(item.request_type, item.model) for item in entries}
    there = read_evidence_file(path, place="writing evidence") if path.exists() else ()
    kept = [item for item in there if (item.request_type, item.model) not in pairs]
    write_whole(path, evidence_text([*entries, *kept]), remedy="name another file")
    return len(kept)


def _entry_text(entry: Evidence) -> str:
    values: dict[str, Any] = asdict(entry)
    values |= values.pop("provenance") or {}
    lines = ["[[evidence]]"]
    for key, field in FileEntrySection.model_fields.items():
        if values.get(key) not in (None, ""):
            said = f"{entry.passed / entry.answers:.1%} of the graded answers" if key == "passed" else field.description
            lines.append(f"{key} = {_value(values[key])}    # {said}")
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    written = str(tomlkit.item(value).as_string())
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in written)
