"""Rules that say which request type a log's use is of: pattern -> type, after the scan, on the groups that it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.usage.columns import OWNERS, UNTAGGED
from planner.usage.groups import added_up
from planner.usage.patterns import matched, nearest
from planner.usage.read import Usage
from planner.usage.readings import Reading

RuleField = Literal["customer", "api_key", "workspace", "agent", "product", "model"]
RULE_FIELDS: Final[tuple[str, ...]] = get_args(RuleField)

ObjectArray = NDArray[np.object_]

PROMPT: Final = "prompt "
"""Before the digest of a system prompt that stands for a request type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRule:
    """Use whose `field` is of the pattern counts as the request type; field None is the request type as it was read.

    only_untagged: the rule leaves use alone that has a type already.
    """

    pattern: str
    request_type: str
    field: RuleField | None = None
    only_untagged: bool = False

    @property
    def column(self) -> str:
        """The column that the pattern is matched with."""
        return self.field or "request_type"

    def __str__(self) -> str:
        of = f"{self.field} " if self.field else ""
        return f"{of}{self.pattern!r} -> {self.request_type!r}"


def rule_owners(rules: Sequence[TypeRule]) -> tuple[str, ...]:
    """The owner columns that usage has to be grouped by for these rules."""
    return tuple(name for name in OWNERS if any(rule.field == name for rule in rules))


def labelled(usage: Usage, request_type: str | Reading) -> Usage:
    """Usage whose types are digests of system prompts, with the word "prompt" before each; other usage as it is."""
    return replace(usage, groups=_labelled(usage.groups, request_type))


def _labelled(frame: pd.DataFrame, request_type: str | Reading) -> pd.DataFrame:
    if not isinstance(request_type, Reading) or request_type.take != "digest":
        return frame
    types = frame["request_type"]
    return frame.assign(request_type=types.where(types == UNTAGGED, PROMPT + types))


def with_rules(usage: Usage, rules: Sequence[TypeRule]) -> Usage:
    """Usage under its rules: the first that matches a group names its type. Sums stay as they are.

    Every rule looks at the type as it was read, and not at what another rule made of it. Rules that match nothing, and
    rules that earlier ones leave nothing to, are said in the notes.
    """
    if not rules:
        return usage
    types, said = _ruled(usage.groups, rules)
    notes = tuple(dict.fromkeys([*usage.notes, *said]))
    return replace(usage, groups=added_up(usage.groups.assign(request_type=types)), notes=notes)


def named_sizes(sizes: pd.DataFrame, request_type: str | Reading, rules: Sequence[TypeRule]) -> pd.DataFrame:
    """Counts of requests by size under the same names and rules as the usage; rows may become alike."""
    types, _ = _ruled(sizes := _labelled(sizes, request_type), rules)
    return sizes.assign(request_type=types)


def _ruled(frame: pd.DataFrame, rules: Sequence[TypeRule]) -> tuple[ObjectArray, list[str]]:
    """The type of each row under the rules, shape (n_rows,), and what is to be said of rules without effect."""
    read = frame["request_type"]
    types = read.to_numpy(dtype=object).copy()
    untagged = (read == UNTAGGED).to_numpy()
    is_open = np.ones(len(frame), dtype=np.bool_)
    said: list[str] = []
    for rule in rules:
        values = frame[rule.column]
        fits = matched(values, rule.pattern)
        if rule.only_untagged:
            fits &= untagged
        hit = fits & is_open
        if not hit.any():
            said.append(_without_effect(rule, values, is_late=bool(fits.any())))
        types[hit] = rule.request_type
        is_open &= ~hit
    return types, said


def _without_effect(rule: TypeRule, values: pd.Series, *, is_late: bool) -> str:
    if is_late:
        return f"The rule {rule} changes nothing: earlier rules take all that it matches."
    named = sorted({str(value) for value in values} - {""})
    what = rule.column.replace("_", " ")
    if not named:
        return (
            f"The rule {rule} changes nothing: the log names no {what}. If it has one under another name, say so with "
            f'[usage] columns {{ {rule.column} = "its field" }}.'
        )
    if rule.only_untagged and matched(values, rule.pattern).any():
        return f"The rule {rule} changes nothing: what it matches has a type already, and it is for untagged use only."
    return (
        f"The rule {rule} changes nothing: the log has no such {what}. Did you mean {nearest(rule.pattern, named)!r}?"
    )
