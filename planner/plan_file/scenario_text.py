"""Scenarios of a plan's text copied, renamed, removed and decided on; every other key, and every comment, as it was.

What names a scenario follows it: [decision] scenario and scenario_weights, and the keys of [[assumption]]. The mix as
it is needs no [[scenario]] of its own; where something is done to it that only a written one can have, it is written.
"""

import copy
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import tomlkit

from planner.errors import InputError
from planner.plan_file.assumption_keys import known_paths
from planner.plan_file.assumption_text import without_lost
from planner.plan_file.lever_loader import IMPLICIT_BASELINE
from planner.plan_file.section import LONGEST_NAME
from planner.plan_file.table_blocks import Block, after_the_last, apart, blocks, changed_by, with_first_key
from planner.plan_file.text import new_item

LEVER_TABLES: Final = ("route", "cache", "batch", "output")
"""Tables of a scenario that hold levers, in the order in which they are told."""

Way = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """What of a plan names a scenario.

    weight: in the decision, None where it has none. assumptions: keys of [[assumption]] that speak of it.
    """

    is_decided: bool
    is_baseline: bool
    weight: float | None
    assumptions: tuple[str, ...]


def names_of(text: str) -> tuple[str, ...]:
    """Every scenario that a plan's text has, the mix as it is among them where it is not written."""
    return _names(tomllib.loads(text))


def baseline_of(text: str) -> str:
    """The scenario that every other is compared with: the first without levers."""
    return baseline_in(tomllib.loads(text))


def decided_on(text: str) -> str:
    """The scenario that a plan's text decides on: the last one unless it says another."""
    return decided_in(tomllib.loads(text))


def free_name(text: str, wanted: str) -> str:
    """A name that no scenario has yet: the one that is wanted, or with the least number behind it."""
    taken = set(names_of(text))
    tried, number = wanted[:LONGEST_NAME], 1
    while tried in taken:
        number += 1
        tried = f"{wanted[: LONGEST_NAME - len(str(number)) - 1]} {number}"
    return tried


def mentions_of(text: str, name: str) -> Mentions:
    """What of a plan names a scenario. Errors: InputError for one that there is not."""
    document = tomllib.loads(text)
    _check_there(document, name)
    weights = document.get("decision", {}).get("scenario_weights", {})
    keys = _keys_of(document, name)
    return Mentions(
        is_decided=decided_in(document) == name,
        is_baseline=baseline_in(document) == name,
        weight=weights.get(name),
        assumptions=tuple(entry["key"] for entry in document.get("assumption", []) if entry["key"] in keys),
    )


def duplicated(text: str, name: str, new: str) -> str:
    """The text with a copy of a scenario right behind it, its comments and who answers for its keys too.

    What the plan decides on stays, and is written down where it was the last scenario by default. A copy of the mix as
    it is has no levers yet. Errors: InputError for a scenario that there is not, a name that is taken or empty, and
    scenarios that are spelled in a way that cannot be changed.
    """
    document = tomllib.loads(text)
    _check_there(document, name)
    _check_new(document, new)
    text = _written_baseline(text, name)

    def change(plan: Any) -> None:
        at = _index(plan, name)
        entry = copy.deepcopy(plan["scenario"][at])
        entry["name"] = new
        plan["scenario"].insert(at + 1, entry)

    def by_text(text: str) -> str:
        block = _block(text, name)
        copied = _renamed_block(text[block.start : block.stop], new)
        return f"{apart(text[: block.stop])}{copied}{text[block.stop :]}"

    changed = _same_decision(text, _changed(text, name, change, by_text))
    return _with_notes_of(changed, name, new)


def renamed(text: str, name: str, new: str) -> str:
    """The text with another name for a scenario, wherever it stands. Errors: as duplicated."""
    document = tomllib.loads(text)
    _check_there(document, name)
    if name == new:
        return text
    _check_new(document, new)
    text = _written_baseline(text, name)
    keys = _keys_of(tomllib.loads(text), name)

    def change(plan: Any) -> None:
        plan["scenario"][_index(plan, name)]["name"] = new
        decision = plan.get("decision", {})
        if decision.get("scenario") == name:
            decision["scenario"] = new
        weights = decision.get("scenario_weights", {})
        if name in weights:
            weight = weights[name]
            del weights[name]
            weights[new] = weight
        for entry in plan.get("assumption", []):
            if entry["key"] in keys:
                entry["key"] = f"scenario.{new}{entry['key'].removeprefix(f'scenario.{name}')}"

    return _changed(text, name, change)


def removed(text: str, name: str) -> str:
    """The text without a scenario, its weight in the decision and who answers for its keys.

    Errors: InputError for the one that the plan decides on, for the baseline, for the only one with a weight, and as
    duplicated.
    """
    said = mentions_of(text, name)
    if said.is_decided:
        raise InputError(f"the plan decides on '{name}': decide on another scenario first, then remove this one")
    if said.is_baseline:
        raise InputError(f"'{name}' is the mix as it is, which everything is compared with: rename it instead")

    def change(plan: Any) -> None:
        del plan["scenario"][_index(plan, name)]
        weights = plan.get("decision", {}).get("scenario_weights", {})
        if name in weights:
            del weights[name]

    def by_text(text: str) -> str:
        block = _block(text, name)
        return text[: block.start] + text[block.stop :]

    weights = tomllib.loads(text).get("decision", {}).get("scenario_weights", {})
    if name in weights and not any(weight for other, weight in weights.items() if other != name):
        raise InputError(f"'{name}' is the only scenario that decision.scenario_weights gives a weight; weigh another")
    ways = () if name in weights else (by_text,)
    return without_lost(text, _changed(text, name, change, *ways))


def with_decision_on(text: str, name: str) -> str:
    """The text with a scenario as the one decided on. Errors: InputError for one that there is not, and spellings."""
    document = tomllib.loads(text)
    _check_there(document, name)
    if document.get("decision", {}).get("scenario") == name:
        return text

    def change(plan: Any) -> None:
        if "decision" not in plan:
            plan["decision"] = {}
        plan["decision"]["scenario"] = name

    def by_text(text: str) -> str:
        return with_first_key(text, "decision", f"scenario = {_written(name)}")

    ways = () if "scenario" in document.get("decision", {}) else (by_text,)
    return _changed(text, name, change, *ways)


def with_baseline(text: str, name: str) -> str:
    """The text with a scenario without levers before every other such one, so that all are compared with it.

    Errors: InputError for a scenario with levers, and as duplicated.
    """
    document = tomllib.loads(text)
    _check_there(document, name)
    first = baseline_in(document)
    if name == first:
        return text
    if _has_levers(document["scenario"][_index(document, name)]):
        raise InputError(
            f"'{name}' has levers: the baseline is the mix as it is, so that a saving is a saving against today. "
            "Compare any two scenarios by their difference instead"
        )

    def change(plan: Any) -> None:
        entry = copy.deepcopy(plan["scenario"][_index(plan, name)])
        del plan["scenario"][_index(plan, name)]
        plan["scenario"].insert(_index(plan, first), entry)

    def by_text(text: str) -> str:
        block = _block(text, name)
        moved = apart(text[block.start : block.stop])
        rest = text[: block.start] + text[block.stop :]
        place = _block(rest, first).start
        return rest[:place] + moved + rest[place:]

    return _same_decision(text, _changed(text, name, change, by_text))


def _names(document: Mapping[str, Any]) -> tuple[str, ...]:
    written = [str(entry["name"]) for entry in document.get("scenario", [])]
    baseline = baseline_in(document)
    return tuple(written) if baseline in written else (baseline, *written)


def baseline_in(document: Mapping[str, Any]) -> str:
    """The scenario that every other is compared with, of a plan as read from TOML."""
    entries = document.get("scenario", [])
    return next((str(entry["name"]) for entry in entries if not _has_levers(entry)), IMPLICIT_BASELINE)


def _has_levers(entry: Mapping[str, Any]) -> bool:
    return any(entry.get(kind) for kind in LEVER_TABLES)


def decided_in(document: Mapping[str, Any]) -> str:
    """The scenario that is decided on, of a plan as read from TOML."""
    return str(document.get("decision", {}).get("scenario", _names(document)[-1]))


def _index(document: Any, name: str) -> int:
    return [str(entry["name"]) for entry in document["scenario"]].index(name)


def _check_there(document: Mapping[str, Any], name: str) -> None:
    if name not in _names(document):
        raise InputError(f"there is no scenario '{name}' in this plan. Known: {', '.join(_names(document))}")


def _check_new(document: Mapping[str, Any], new: str) -> None:
    if not new.strip():
        raise InputError("a scenario needs a name; type one")
    if len(new) > LONGEST_NAME:
        raise InputError(f"the name has {len(new):,} characters; a name has at most {LONGEST_NAME}")
    if new in _names(document):
        raise InputError(f"a scenario named '{new}' is there already; give this one another name")


def _written_baseline(text: str, name: str) -> str:
    """The text with the mix as it is as its first [[scenario]], where that is the scenario and is not written."""
    document = tomllib.loads(text)
    written = document.get("scenario", [])
    if name in [entry["name"] for entry in written]:
        return text
    entry = f"[[scenario]]\nname = {_written(name)}\n"

    def change(plan: Any) -> None:
        if "scenario" not in plan:
            plan["scenario"] = []
        plan["scenario"].insert(0, {"name": name})

    def by_text(text: str) -> str:
        if not written:
            return after_the_last(text, "milestone", entry)
        place = blocks(text, "scenario")[0].start
        return f"{apart(text[:place])}{entry}\n{text[place:]}"

    return _changed(text, name, change, by_text)


def _same_decision(before: str, after: str) -> str:
    """The changed text with the decision as it was, written down where another scenario is the last one now."""
    decided = decided_on(before)
    return after if decided_on(after) == decided else with_decision_on(after, decided)


def _with_notes_of(text: str, name: str, new: str) -> str:
    """The text with an [[assumption]] of a copy's key for each one of the original's."""
    document = tomllib.loads(text)
    keys = _keys_of(document, name)
    added = [
        {**entry, "key": f"scenario.{new}{entry['key'].removeprefix(f'scenario.{name}')}"}
        for entry in document.get("assumption", [])
        if entry["key"] in keys
    ]
    if not added:
        return text

    def change(plan: Any) -> None:
        for entry in added:
            plan["assumption"].append(dict(entry))

    def by_text(text: str) -> str:
        return after_the_last(text, "assumption", tomlkit.dumps({"assumption": new_item(added)}).rstrip("\n") + "\n")

    return _changed(text, name, change, by_text)


def _keys_of(document: Mapping[str, Any], name: str) -> frozenset[str]:
    """Keys of a plan that lie in a scenario, as [[assumption]] names them."""
    return frozenset(".".join(path) for path in known_paths(document) if path[:2] == ("scenario", name))


def _block(text: str, name: str) -> Block:
    """Where a scenario stands. Errors: LookupError where it is not written as a table."""
    return blocks(text, "scenario")[_index(tomllib.loads(text), name)]


def _renamed_block(text: str, new: str) -> str:
    """A scenario's own text under another name. Errors: LookupError where it is none by itself."""
    document = tomlkit.parse(text)
    document["scenario"][0]["name"] = new
    return tomlkit.dumps(document)


def _written(name: str) -> str:
    return str(tomlkit.item(name).as_string())


def _changed(text: str, name: str, change: Callable[[Any], None], *ways: Way) -> str:
    wanted = tomllib.loads(text)
    change(wanted)
    return changed_by(
        text,
        wanted,
        ways,
        change,
        refused=f"the scenario '{name}' is spelled in the plan file in a way that cannot be changed here without "
        "losing something; change it in the file",
    )
