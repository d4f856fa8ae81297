"""Exclusions and rules as text of a plan file: to paste, or written into a plan, everything else as it was."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import tomlkit

from planner.errors import InputError
from planner.exclusions import Exclusion
from planner.plan_file.in_place import changed_in_place
from planner.usage.rules import TypeRule

Key = Literal["exclude", "rule"]
Entry = Mapping[str, Any]

_HEADER: Final = re.compile(r"\s*\[")


def exclusion_entry(exclusion: Exclusion) -> Entry:
    """An exclusion as [[usage.exclude]] has it."""
    days = {"from": exclusion.from_, "to": exclusion.to}
    given = {key: day for key, day in days.items() if day is not None}
    return {**exclusion.patterns, **given, "reason": exclusion.reason or "not part of the run rate"}


def rule_entry(rule: TypeRule) -> Entry:
    """A rule as [[usage.rule]] has it."""
    of = {} if rule.field is None else {"field": rule.field}
    only = {"only_untagged": True} if rule.only_untagged else {}
    return {"pattern": rule.pattern, **of, "request_type": rule.request_type, **only}


def exclusion_toml(exclusion: Exclusion) -> str:
    """The table to paste into a plan file."""
    return _tables("exclude", [exclusion_entry(exclusion)])


def rules_toml(rules: Sequence[TypeRule]) -> str:
    """The tables to paste into a plan file."""
    return _tables("rule", [rule_entry(rule) for rule in rules])


def with_exclusions(text: str, exclusions: Sequence[Exclusion]) -> str:
    """A plan's text with further exclusions after its own, everything else, comments too, as it was.

    Errors: InputError for a plan without [usage], and for one that is written in a way that cannot be added to.
    """
    return _with_entries(text, "exclude", [exclusion_entry(exclusion) for exclusion in exclusions])


def with_type_rules(text: str, rules: Sequence[TypeRule]) -> str:
    """The same for rules that name request types."""
    return _with_entries(text, "rule", [rule_entry(rule) for rule in rules])


def _tables(key: Key, entries: Sequence[Entry]) -> str:
    return "\n".join(f"[[usage.{key}]]\n{tomlkit.dumps(dict(entry))}" for entry in entries)


def _with_entries(text: str, key: Key, entries: Sequence[Entry]) -> str:
    if not entries:
        return text
    wanted = tomllib.loads(text)
    if "usage" not in wanted:
        raise InputError(
            f"this plan has a typed [[mix]] and no [usage]: there is no log for [[usage.{key}]] to speak of"
        )
    wanted["usage"][key] = [*wanted["usage"].get(key, []), *entries]
    tables = _tables(key, entries)
    inserted = _inserted(text, key, tables)
    for changed in (
        inserted if _says(inserted, wanted) else None,
        changed_in_place(text, wanted, lambda document: _append(document, key, entries)),
        f"{text.rstrip()}\n\n{tables}",
    ):
        if changed is not None and _says(changed, wanted):
            return changed
    raise InputError(f"[usage] of this plan is written in a way that cannot be added to; paste this:\n{tables}")


def _says(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _inserted(text: str, key: Key, tables: str) -> str:
    """The text with the tables after the last one of that name, or else after [usage]; comments below stay there."""
    lines = text.splitlines(keepends=True)
    headers = [
        index
        for pattern in (rf"\s*\[\[\s*usage\s*\.\s*{key}\s*\]\]", r"\s*\[\s*usage\s*\]")
        for index, line in enumerate(lines)
        if re.match(pattern, line)
    ]
    of_key = [index for index in headers if lines[index].lstrip().startswith("[[")]
    begin = of_key[-1] if of_key else headers[0] if headers else len(lines) - 1
    end = next((index for index in range(begin + 1, len(lines)) if _HEADER.match(lines[index])), len(lines))
    last = max(
        (index for index in range(begin, end) if lines[index].strip() and not lines[index].lstrip().startswith("#")),
        default=end - 1,
    )
    before, after = "".join(lines[: last + 1]), "".join(lines[last + 1 :])
    return f"{before.rstrip()}\n\n{tables.rstrip()}\n{after}"


def _append(document: Any, key: Key, entries: Sequence[Entry]) -> None:
    """By tomlkit, where the tables are written on one line."""
    listed = document["usage"][key]
    for entry in entries:
        table = tomlkit.inline_table()
        table.update(dict(entry))
        listed.append(table)
