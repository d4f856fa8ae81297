"""Suggested scenarios as text: what a plan would have to say, each number with its reason, and a plan that says it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from planner.errors import InputError
from planner.levers import Scenario
from planner.plan_file.lever_loader import scenarios_of
from planner.plan_file.lever_sections import MilestoneSection, ScenarioSection, TeamSection
from planner.plan_file.moved_text import address_from, with_evidence_from
from planner.plan_file.schedule import Schedule
from planner.plan_file.table_blocks import above_comments, after_the_last, with_first_key

_WIDTH: Final = 118

Value = str | int | float | list[str] | Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One key of a suggested table: its value as the plan file has it, and why."""

    key: str
    value: Value
    why: str = ""


Lines = tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedScenario:
    """A [[scenario]] of routes. about: what is assumed, in sentences, which become comments above it."""

    name: str
    about: tuple[str, ...]
    routes: tuple[Lines, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """What is added to a plan: milestones, one table each, and the scenarios that wait for them."""

    milestones: tuple[Lines, ...]
    scenarios: tuple[SuggestedScenario, ...]


def suggested_text(suggested: Suggested) -> str:
    """The tables to paste into a plan file; empty where nothing is suggested."""
    return "\n".join([*map(_milestone_text, suggested.milestones), *map(_scenario_text, suggested.scenarios)])


def with_suggested(text: str, suggested: Suggested, *, decided_on: str) -> str:
    """A plan's text with suggested milestones and scenarios, everything else, comments too, as it was.

    decided_on: the scenario that the plan decides on, which is written down where it was the last one by default, so
    that adding scenarios decides nothing. A milestone that the plan has already stays as the plan has it.

    Errors: InputError for a scenario whose name is taken, and for a plan whose scenarios are not written as tables.
    """
    before = tomllib.loads(text)
    _names_are_free(before, suggested)
    known = {item["name"] for item in before.get("milestone", [])}
    new = tuple(item for item in suggested.milestones if _name(item) not in known)
    wanted = _wanted(before, tomllib.loads(suggested_text(replace(suggested, milestones=new))), decided_on)
    for attempt in (_inserted, _added_by_tomlkit):
        try:
            changed = attempt(text, replace(suggested, milestones=new), decided_on)
            if tomllib.loads(changed) == wanted:
                return changed
        except (TOMLKitError, tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError, ValueError):
            continue  # a spelling that this way of writing cannot change
    raise InputError(
        "scenarios cannot be added to how this plan writes its own: write them as [[scenario]] tables, or paste what "
        "`planner suggest` prints"
    )


def suggested_scenarios(text: str, suggested: Suggested) -> tuple[Scenario, ...]:
    """The suggested scenarios as the plan of this text would read them."""
    plan, added = tomllib.loads(text), tomllib.loads(suggested_text(suggested))
    milestones = {item["name"]: item for part in (added, plan) for item in part.get("milestone", [])}
    schedule = Schedule.of(
        [TeamSection.model_validate(item) for item in plan.get("team", [])],
        [MilestoneSection.model_validate(item) for item in milestones.values()],
    )
    sections = [ScenarioSection.model_validate(item) for item in added.get("scenario", [])]
    scenarios, _ = scenarios_of(sections, schedule)
    return tuple(scenario for scenario in scenarios if scenario.has_levers)


_ADDRESSES: Final = ("sources", "billed")
"""Keys of [usage] that hold addresses of files."""


def with_sources_from(text: str, base_dir: Path, folder: Path) -> str:
    """A plan's text as it has to read in another folder: addresses of its files relative to that folder."""
    if base_dir.resolve() == folder.resolve():
        return text
    text = with_evidence_from(text, base_dir, folder)
    before = tomllib.loads(text)
    if "usage" not in before:
        return text
    usage = before["usage"]
    moved = {
        key: [address_from(source, base_dir, folder) for source in usage[key]] for key in _ADDRESSES if key in usage
    }
    wanted = {**before, "usage": {**usage, **moved}}
    changed = text
    for key, addresses in moved.items():
        changed = _with_strings(changed, key, dict(zip(usage[key], addresses, strict=True)))
    if tomllib.loads(changed) == wanted:
        return changed
    document: Any = tomlkit.parse(text)  # the addresses stand elsewhere too, or are spelled with escapes
    for key, addresses in moved.items():
        for index, source in enumerate(addresses):
            document["usage"][key][index] = source
    return tomlkit.dumps(document)


def _with_strings(text: str, key: str, changed: Mapping[str, str]) -> str:
    """Text with strings of an array replaced, each once where it begins, every other byte as it was."""
    start = re.search(rf"^\s*(?:usage\.)?{key}\s*=", text, re.MULTILINE)
    if start is None:
        return text
    head, rest = text[: start.end()], text[start.end() :]
    for old, new in changed.items():
        for quote in ('"', "'"):
            rest = rest.replace(f"{quote}{old}{quote}", _value(new), 1)
    return head + rest


def _names_are_free(before: Mapping[str, Any], suggested: Suggested) -> None:
    taken = {item["name"] for item in before.get("scenario", [])}
    if doubled := next((item.name for item in suggested.scenarios if item.name in taken), None):
        raise InputError(
            f"the plan has a scenario '{doubled}' already, and it is kept; rename it there, or take another preset "
            "with --preset"
        )


def _wanted(before: Mapping[str, Any], added: Mapping[str, Any], decided_on: str) -> dict[str, Any]:
    """What the new plan has to say."""
    wanted = {**before}
    for name, entries in added.items():
        wanted[name] = [*before.get(name, []), *entries]
    wanted["decision"] = {"scenario": decided_on, **before.get("decision", {})}
    return wanted


def _inserted(text: str, suggested: Suggested, decided_on: str) -> str:
    """The new tables after those of their kind and the decision under its header, every other byte as it was."""
    if "scenario" not in tomllib.loads(text).get("decision", {}):
        text = with_first_key(text, "decision", f"scenario = {_value(decided_on)}")
    text = after_the_last(text, "scenario", suggested_text(replace(suggested, milestones=())))
    milestones = suggested_text(replace(suggested, scenarios=()))
    first = re.search(r"^\[\[scenario\]\]", text, re.MULTILINE)
    if not milestones or first is None or re.search(r"^\[\[milestone\]\]", text, re.MULTILINE):
        return after_the_last(text, "milestone", milestones)
    place = above_comments(text, first.start())
    return f"{text[:place]}{milestones}\n{text[place:]}"


def _added_by_tomlkit(text: str, suggested: Suggested, decided_on: str) -> str:
    document = tomlkit.parse(text)
    for name, entries in tomlkit.parse(suggested_text(suggested)).items():
        own: Any = document.get(name)
        if own is None:
            document.add(name, entries)
            continue
        for entry in entries:
            own.append(entry if isinstance(own, AoT) else _inline(entry.unwrap()))
    if "decision" not in document:
        document.add("decision", tomlkit.table())
    document["decision"].setdefault("scenario", decided_on)
    return tomlkit.dumps(document)


def _inline(values: Mapping[str, Any]) -> Any:
    table = tomlkit.inline_table()
    table.update(values)
    return table


def _name(lines: Lines) -> Value:
    return next(line.value for line in lines if line.key == "name")


def _milestone_text(lines: Lines) -> str:
    return "[[milestone]]\n" + _table_text(lines)


def _scenario_text(scenario: SuggestedScenario) -> str:
    about = "".join(map(_comment, scenario.about))
    parts = [f"[[scenario]]\nname = {_value(scenario.name)}\n{about}"]
    parts += map(route_table_text, scenario.routes)
    return "\n".join(parts)


def route_table_text(lines: Sequence[Line]) -> str:
    """A [[scenario.route]] to paste."""
    return "[[scenario.route]]\n" + _table_text(lines)


def _table_text(lines: Sequence[Line]) -> str:
    return "".join(_line_text(line) for line in lines)


def _line_text(line: Line) -> str:
    """A key with its reason behind it, or above it where the line would be long."""
    written, why = f"{line.key} = {_value(line.value)}", printable(line.why)
    if not why:
        return f"{written}\n"
    beside = f"{written}    # {why}\n"
    return beside if len(beside) <= _WIDTH else f"{_comment(why)}{written}\n"


def _comment(text: str) -> str:
    return "".join(f"# {part}\n" for part in wrap(printable(text), _WIDTH - 2, break_long_words=False))


def printable(text: str) -> str:
    """Text that stays on one line, in a comment or on a terminal, whatever a request type is called."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _value(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{int(value):_}" if value == int(value) else repr(round(value, 12))
    written = str(tomlkit.item(value).as_string())
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in written)
