"""A plan file written back: the keys that the product changes for a user, everything else, comments too, as it was."""

from collections.abc import Sequence
from typing import Any

import tomlkit
from tomlkit.items import Table

from planner.calibration.calibrate import CALENDAR, DEMAND_KEYS, FITTED_KEYS, Calibration, Fitted

_RATES = ("growth_per_year", "token_drift_per_year")


def with_usage_sources(text: str, sources: Sequence[str], *, keep_selection: bool) -> str:
    """A plan's text that measures these sources, in place of its own log or of a mix typed in.

    keep_selection: whether [usage] window and exclude stay; they speak of particular days and request types.
    """
    document = tomlkit.parse(text)
    if "usage" not in document:
        document.add("usage", tomlkit.table())
    usage = document["usage"]
    usage["sources"] = list(sources)
    if not keep_selection:
        for key in ("window", "exclude"):
            usage.pop(key, None)
    document.pop("mix", None)
    return tomlkit.dumps(document)


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
