"""Which use is measured, as typed on the command line: its mapping, types, rules, exclusions and days, checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

from planner.commands.arguments import day, pairs
from planner.errors import InputError
from planner.exclusions import Exclusion
from planner.inputs import UsageInputs, Window
from planner.usage.columns import OWNERS
from planner.usage.read import UsageSource
from planner.usage.readings import Reading
from planner.usage.rules import RULE_FIELDS, RuleField, TypeRule
from planner.usage.secrets import masked

TYPED_REASON: Final = "typed on the command line"
_EXCLUDE_KEYS: Final = {"type": "request_type", "request_type": "request_type", "key": "api_key", "model": "model"} | {
    name: name for name in OWNERS
}
_NEXT_CONDITION: Final = re.compile(rf",\s*(?=(?:{'|'.join([*_EXCLUDE_KEYS, 'days', 'reason'])})=)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed after the sources. types: fields to join, fields of which the first counts, a system prompt's."""

    log_format: str
    types: tuple[Sequence[str] | None, str | None, str | None]
    rules: Sequence[str] | None
    exclusions: Sequence[str] | None
    columns: Sequence[str] | None
    constants: Sequence[str] | None
    days: tuple[str | None, str | None]
    skip_bad_rows: bool
    engine: str | None = None

    def usage(self, sources: Sequence[str]) -> UsageInputs:
        """Usage as addressed on the command line, relative to the folder it is typed in."""
        source = UsageSource(
            sources=tuple(sources),
            base_dir=Path.cwd(),
            format=self.log_format,
            columns=pairs("--column", self.columns),
            constants=pairs("--constant", self.constants),
            request_type=request_type_typed(*self.types),
            skip_bad_rows=self.skip_bad_rows,
            engine=self.engine,
        )
        return UsageInputs(
            source=source, window=self.window, exclusions=self.typed_exclusions(), rules=self.typed_rules()
        )

    @property
    def of_the_log(self) -> tuple[str, ...]:
        """The options typed that say how a log is read, which a plan says itself."""
        given = {
            "--format": self.log_format != "auto",
            "--request-type": bool(self.types[0]),
            "--request-type-first": self.types[1] is not None,
            "--system-prompt": self.types[2] is not None,
            "--column": bool(self.columns),
            "--constant": bool(self.constants),
            "--from": self.days[0] is not None,
            "--to": self.days[1] is not None,
            "--skip-bad-rows": self.skip_bad_rows,
        }
        return tuple(name for name, is_given in given.items() if is_given)

    @property
    def window(self) -> Window:
        return day("--from", self.days[0]), day("--to", self.days[1])

    def typed_exclusions(self) -> tuple[Exclusion, ...]:
        """What --exclude says."""
        return tuple(map(exclusion_typed, self.exclusions or ()))

    def typed_rules(self) -> tuple[TypeRule, ...]:
        """What --rule says."""
        return tuple(map(rule_typed, self.rules or ()))


def request_type_typed(joined: Sequence[str] | None, first_of: str | None, system_prompt: str | None) -> str | Reading:
    """How the request type is read. Errors: InputError where it is said in more than one way."""
    if sum(each is not None for each in (joined or None, first_of, system_prompt)) > 1:
        raise InputError(
            "give one of --request-type (repeated, its fields are joined), --request-type-first and --system-prompt"
        )
    if first_of is not None:
        fields = tuple(field.strip() for field in first_of.split(",") if field.strip())
        if not fields:
            raise InputError(f"--request-type-first {first_of!r}: write fields with commas between, as feature,api_key")
        return Reading(paths=fields)
    if system_prompt is not None:
        return Reading(paths=(system_prompt,), take="digest")
    if not joined:
        return "request_type"
    return joined[0] if len(joined) == 1 else Reading(paths=tuple(joined), take="joined")


def rule_typed(text: str) -> TypeRule:
    """PATTERN=TYPE or FIELD:PATTERN=TYPE."""
    pattern, _, request_type = text.rpartition("=")
    field, colon, rest = pattern.partition(":")
    of_field = bool(colon) and field.strip() in RULE_FIELDS
    pattern = rest if of_field else pattern
    if not pattern.strip() or not request_type.strip():
        raise InputError(
            f"--rule {masked(text)}: write PATTERN=TYPE, such as 'summari*=summaries', or FIELD:PATTERN=TYPE with one "
            f"of {', '.join(RULE_FIELDS)}"
        )
    return TypeRule(
        pattern=masked(pattern.strip()),
        request_type=request_type.strip(),
        field=cast(RuleField, field.strip()) if of_field else None,
    )


def exclusion_typed(text: str) -> Exclusion:
    """KEY=VALUE conditions with commas between; days=FIRST..LAST, either of which may be left out, or one day."""
    found: dict[str, Any] = {}
    for part in _NEXT_CONDITION.split(text):
        key, separator, value = (piece.strip() for piece in part.partition("="))
        if not separator or not value or key not in {*_EXCLUDE_KEYS, "days", "reason"}:
            keys = ", ".join(dict.fromkeys([*_EXCLUDE_KEYS, "days", "reason"]))
            raise InputError(
                f"--exclude {masked(text)}: {masked(part)!r} is no condition; write KEY=VALUE with one of {keys}"
            )
        if key == "days":
            found["from_"], found["to"] = _days(text, value)
        else:
            found[_EXCLUDE_KEYS.get(key, key)] = masked(value)
    if not found.keys() - {"reason"}:
        raise InputError(f"--exclude {masked(text)}: say what is left out, such as type=backfill-* or days=2026-08-03")
    return Exclusion(**{"reason": TYPED_REASON} | found)


def _days(text: str, value: str) -> tuple[date | None, date | None]:
    first, dots, last = value.partition("..")
    since = day(f"--exclude {text}:", first.strip() or None)
    until = day(f"--exclude {text}:", last.strip() or None) if dots else since
    if since and until and since > until:
        raise InputError(f"--exclude {text}: {since} is after {until}; swap them")
    if since is None and until is None:
        raise InputError(f"--exclude {text}: write days=FIRST..LAST, such as days=2026-08-03..2026-08-09")
    return since, until
