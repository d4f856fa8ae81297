"""A plan file written back: the keys that the product changes for a user, everything else, comments too, as it was."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT, InlineTable, Table

from planner.calibration.calibrate import CALENDAR, DEMAND_KEYS, FITTED_KEYS, Calibration, Fitted
from planner.plan_file.assumption_text import without_lost
from planner.plan_file.in_place import changed_in_place

RARER_TERMS: Final = ("eligible", "marketplace", "in_force", "renewal")
"""Tables under [contract] that a form leaves as text."""

_RATES = ("growth_per_year", "token_drift_per_year")
_GROUPED_FROM = 10_000


def with_usage_sources(text: str, sources: Sequence[str], *, keep_selection: bool) -> str:
    """A plan's text that measures these sources, in place of its own log or of a mix typed in.

    keep_selection: whether [usage] window, exclude, billed and invoice stay; they speak of particular days and use.
    With what goes, its [[assumption]] goes. Errors: InputError where that cannot be changed in place.
    """
    document = tomlkit.parse(text)
    if "usage" not in document:
        document.add("usage", tomlkit.table())
    usage = document["usage"]
    usage["sources"] = list(sources)
    if not keep_selection:
        for key in ("window", "exclude", "billed", "invoice"):
            usage.pop(key, None)
    document.pop("mix", None)
    return without_lost(text, tomlkit.dumps(document))


def terms_of(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """[contract] and [[fixed_spend]] of a plan that was read before, as written."""
    document = tomllib.loads(text)
    return document["contract"], document.get("fixed_spend", [])


def rarer_terms(text: str) -> str:
    """What a form leaves as text: the rarer tables under [contract], and [[fixed_spend]]."""
    contract, fixed_spend = terms_of(text)
    rarer: dict[str, Any] = {}
    if tables := {key: contract[key] for key in RARER_TERMS if key in contract}:
        rarer["contract"] = tables
    if fixed_spend:
        rarer["fixed_spend"] = fixed_spend
    return tomlkit.dumps(rarer)


def with_contract(text: str, contract: Mapping[str, Any], fixed_spend: Sequence[Mapping[str, Any]] = ()) -> str:
    """A plan's text with these terms under [contract] and [[fixed_spend]]; every other section as it was, comments too.

    Keys that say the same already stay as they are written. Where terms are spelled in a way that cannot be
    changed in place, such as dotted keys, the two sections are written anew at the end. A horizon (plan.months) that
    the term outgrows grows with it, and with a clause or a band that goes, its [[assumption]] goes. Errors: InputError
    where that cannot be changed in place.
    """
    if terms_of(text) == (contract, list(fixed_spend)):
        return text
    before, text = text, _with_horizon(text, contract.get("term_months", 0))
    wanted = tomllib.loads(text) | {"contract": contract}
    wanted.pop("fixed_spend", None)
    if fixed_spend:
        wanted["fixed_spend"] = list(fixed_spend)
    changed = changed_in_place(text, wanted, lambda document: _put(document, contract, fixed_spend))
    if changed is None:
        changed = written_anew(text, {"contract": contract, "fixed_spend": list(fixed_spend)})
    return without_lost(before, changed)


def _with_horizon(text: str, term_months: int) -> str:
    """The text with plan.months, where it is given, at least the term."""
    months = tomllib.loads(text).get("plan", {}).get("months")
    if months is None or months >= term_months:
        return text
    document = tomlkit.parse(text)
    _table(document, "plan")["months"] = term_months
    return tomlkit.dumps(document)


def _put(document: Any, contract: Mapping[str, Any], fixed_spend: Sequence[Mapping[str, Any]]) -> None:
    merge(document["contract"], contract)
    if not fixed_spend:
        document.pop("fixed_spend", None)
    elif isinstance(document.get("fixed_spend"), AoT):
        _merge_entries(document["fixed_spend"], fixed_spend)
    elif document.get("fixed_spend") != list(fixed_spend):
        document.pop("fixed_spend", None)
        document.add("fixed_spend", new_item(list(fixed_spend)))


def written_anew(text: str, sections: Mapping[str, Any]) -> str:
    """A plan's text with these sections at its end, in place of those that it has under the same names.

    A section without a value is left out.
    """
    document = tomlkit.parse(text)
    for name in sections:
        while name in document:
            document.remove(name)
    added = {name: new_item(value) for name, value in sections.items() if value}
    kept = tomlkit.dumps(document).rstrip("\n")
    return f"{kept}\n\n{tomlkit.dumps(added)}" if kept else tomlkit.dumps(added)


def merge(table: Any, values: Mapping[str, Any]) -> None:
    """Bring a table in line with values, touching only what differs."""
    for key in [key for key in table if key not in values]:
        del table[key]
    for key, value in values.items():
        old = table.get(key)
        if old is None:
            table[key] = new_item(value, inline=isinstance(table, InlineTable))
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            merge(old, value)
        elif isinstance(old, AoT):
            _merge_entries(old, value)
        elif old != value:
            table[key] = new_item(value, inline=True)


def _merge_entries(entries: AoT, values: Sequence[Mapping[str, Any]]) -> None:
    """The same for a list of tables, entry by entry."""
    while len(entries) > len(values):
        del entries[-1]
    for entry, value in zip(entries, values, strict=False):
        merge(entry, value)
    for value in values[len(entries) :]:
        entries.append(new_item(value))


def new_item(value: Any, *, inline: bool = False) -> Any:
    """A value that the file did not have; whole amounts get separators. inline: tables on one line."""
    if isinstance(value, Mapping):
        table: Any = tomlkit.inline_table() if inline else tomlkit.table()
        ordered = sorted(value.items(), key=lambda item: isinstance(item[1], Mapping) or _is_entries(item[1]))
        for key, part in ordered:
            table.add(key, new_item(part, inline=inline))
        if not inline:
            table.add(tomlkit.nl())
        return table
    if _is_entries(value) and not inline:
        entries = tomlkit.aot()
        for part in value:
            entries.append(new_item(part))
        return entries
    if isinstance(value, list | tuple):
        listed = tomlkit.array()
        listed.extend([new_item(part, inline=True) for part in value])
        return listed
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and value == int(value)
        and value >= _GROUPED_FROM
    ):
        return tomlkit.value(f"{int(value):_}")
    return value


def _is_entries(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


def with_calibration(text: str, calibration: Calibration) -> str:
    """A plan's text with the fit in [demand], and in [demand.fitted] what it rests on.

    Keys that the user typed stay as they are and are marked there; so do keys that are never fitted. [demand.fitted] of
    an earlier fit is replaced.
    """
    document = tomlkit.parse(text)
    demand = _table(document, "demand")
    demand.pop("fitted", None)
    for key in FITTED_KEYS:
        fits = _fits_of(calibration, key)
        if fits[0].source != "user":
            demand[key] = _value(key, fits)
    fitted = tomlkit.table()
    fitted.add("rests_on", calibration.rests_on)
    for key in DEMAND_KEYS:
        fitted.add(key, _record(_fits_of(calibration, key)))
    fitted.add(tomlkit.nl())
    demand.add("fitted", fitted)
    return tomlkit.dumps(document)


def _table(document: tomlkit.TOMLDocument, name: str) -> Any:
    """A section as a table of its own, made where there is none or it is written on one line or with dotted keys.

    Those have no place for tables below them. Their values move to the end of the file as they are; a comment on such a
    line does not.
    """
    found: Any = document.get(name)
    if isinstance(found, Table) and not found.is_super_table():
        return found
    values: dict[str, Any] = {} if found is None else found.unwrap()
    while name in document:
        document.remove(name)
    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, _item(value))
    document.add(name, table)
    return document[name]


def _item(value: Any) -> Any:
    """A value of a section: tables in it on one line, lists of tables as such."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        entries = tomlkit.aot()
        for item in value:
            entry = tomlkit.table()
            for key, part in item.items():
                entry.add(key, _item(part))
            entries.append(entry)
        return entries
    if isinstance(value, dict):
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline
    return value


def _fits_of(calibration: Calibration, key: str) -> list[Fitted]:
    """The parameter of a key; the twelve of a season."""
    if key == "season":
        return [calibration.parameter(f"season.{month}") for month in CALENDAR]
    return [calibration.parameter(key)]


def _value(key: str, fits: Sequence[Fitted]) -> Any:
    if key == "season":
        return [fit.value for fit in fits]
    fit = fits[0]
    if key not in _RATES or fit.p10 == fit.p90:
        return fit.value
    quantiles = tomlkit.inline_table()
    quantiles.update({"p10": fit.p10, "p90": fit.p90})
    return quantiles


def _record(fits: Sequence[Fitted]) -> Any:
    """value, p10, p90 (lists for a season), source, weight_of_data."""
    record = tomlkit.table()
    for name in ("value", "p10", "p90"):
        values = [getattr(fit, name) for fit in fits]
        record.add(name, values if len(values) > 1 else values[0])
    record.add("source", fits[0].source)
    record.add("weight_of_data", fits[0].weight_of_data)
    return record
