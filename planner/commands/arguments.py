"""What people type after an option, checked: errors name the option, the value and the form it needs."""

from collections.abc import Sequence
from datetime import date

from planner.errors import InputError


def pairs(option: str, values: Sequence[str] | None) -> dict[str, str]:
    """NAME=VALUE options as a mapping."""
    found = {}
    for value in values or ():
        name, separator, rest = value.partition("=")
        if not (name and separator and rest):
            raise InputError(f"{option} {value}: write NAME=VALUE, such as {option} model=claude-opus-5-5")
        found[name.strip()] = rest.strip()
    return found


def day(option: str, value: str | None) -> date | None:
    """A day typed as YYYY-MM-DD; None where none was."""
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InputError(f"{option} {value}: give a day as YYYY-MM-DD") from None
