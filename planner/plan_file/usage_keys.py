"""[usage] of a plan's text, changed: how the log is read, its rules, exclusions and invoices; all else as it was."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomlkit

from planner.errors import InputError
from planner.plan_file.assumption_text import without_lost
from planner.plan_file.in_place import changed_in_place
from planner.plan_file.section import LONGEST_NAME
from planner.plan_file.text import merge, written_anew

OF_ONE_LOG: Final = (
    *("window", "billed", "invoice", "engine"),
    *("format", "columns", "constants", "request_type", "skip_bad_rows"),
)
"""Keys of [usage] that speak of one log, and go with it; rules and exclusions name request types of a company."""

OF_THE_EXAMPLE: Final = ("demand", "offer", "ask", "evaluation")
"""Tables of the bundled example that tell of its own company beside its levers, and would move another's figures."""
EXAMPLE_GONE: Final = (
    "the example's name, growth, levers, quotes, window and exclusions were dropped: they speak of its own log. Its "
    "terms stayed: put yours in on the page Contract"
)


def usage_of(text: str) -> dict[str, Any]:
    """[usage] of a plan that was read before, as written; empty for a mix typed in."""
    found: dict[str, Any] = tomllib.loads(text).get("usage", {})
    return found


def entries_of(text: str, name: str) -> list[dict[str, Any]]:
    """A list of tables under [usage], such as exclude, as written."""
    found: list[dict[str, Any]] = usage_of(text).get(name, [])
    return found


def with_usage(text: str, changes: Mapping[str, Any]) -> str:
    """A plan's text with these keys of [usage] changed; None and empty ones are taken out. Comments stay.

    Where [usage] is spelled in a way that cannot be changed in place, it is written anew at the end.
    Errors: InputError for a plan without a log, whose mix is typed in.
    """
    before = usage_of(text)
    if not before:
        raise InputError("this plan's mix is typed in ([[mix]]): it has no log to change; give it one first")
    return _with(text, _changed(before, changes), drop=())


def with_log(text: str, sources: Sequence[str], changes: Mapping[str, Any], *, keep_names: bool) -> str:
    """A plan's text that measures another log, in place of its own or of a mix typed in.

    changes: keys of [usage] for the new log. What spoke of the old one goes; rules and exclusions stay if keep_names.
    """
    before = usage_of(text)
    gone = (*OF_ONE_LOG, *(() if keep_names else ("rule", "exclude")))
    kept = {key: value for key, value in before.items() if key not in gone}
    return _with(text, _changed(kept | {"sources": list(sources)}, changes), drop=("mix",))


def without_levers(text: str) -> str:
    """A plan's text with its mix as it is for the only scenario, decided on: levers name request types of a log."""
    document = tomlkit.parse(text)
    for name in ("scenario", "evidence", "business_unit"):
        document.pop(name, None)
    if "decision" in document:
        for key in ("scenario", "scenario_weights", "objective"):
            document["decision"].pop(key, None)
    return without_lost(text, tomlkit.dumps(document))


def without_example(text: str, logs: Sequence[str]) -> str:
    """The bundled example's text as a plan for other logs, under their name: without its levers, and without the
    growth, seasons, events, quotes and tests of a company that does not exist. Terms, prices and risk limit stay."""
    document = tomlkit.parse(without_levers(text))
    for name in OF_THE_EXAMPLE:
        document.pop(name, None)
    kept = [item for item in document.get("assumption", ()) if item["key"].split(".")[0] in ("contract", "prices")]
    document["assumption"] = tomlkit.aot()
    for item in kept:
        document["assumption"].append(item)
    document["plan"]["name"] = _called(logs)
    return tomlkit.dumps(document)


def _called(logs: Sequence[str]) -> str:
    """A plan's name from the names of its logs: that of the first file, and how many more there are."""
    name = re.split(r"[/\\\\]", logs[0].rstrip("/"))[-1]
    stem = "".join(char if char.isprintable() else " " for char in name.split(".")[0]).strip()[: LONGEST_NAME - 20]
    return f"{stem or 'Own log'} and {len(logs) - 1} more" if len(logs) > 1 else stem or "Own log"


def usage_toml(text: str) -> str:
    """[usage] of a plan as TOML by itself, for the user to keep."""
    return tomlkit.dumps({"usage": usage_of(text)})


def _changed(usage: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**usage, **changes}
    return {key: value for key, value in merged.items() if value is not None and value not in ([], {})}


def _with(text: str, usage: Mapping[str, Any], *, drop: Sequence[str]) -> str:
    wanted = {key: value for key, value in tomllib.loads(text).items() if key not in drop} | {"usage": dict(usage)}
    if wanted == tomllib.loads(text):
        return text

    def change(document: Any) -> None:
        for name in drop:
            document.pop(name, None)
        if "usage" not in document:
            document.add("usage", tomlkit.table())
        merge(document["usage"], usage)

    changed = changed_in_place(text, wanted, change)
    if changed is None:
        changed = written_anew(text, {"usage": usage} | dict.fromkeys(drop))
    return without_lost(text, changed)
