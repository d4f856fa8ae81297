"""What must not feed a forward commitment: use by type, model, owner and days, taken out with its dollars."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from planner.errors import UsageError
from planner.units import BoolArray
from planner.usage.columns import OWNERS
from planner.usage.patterns import matched, matches, nearest

LOGGED_MODEL: Final = "logged_model"
"""Column of priced groups: the model as the log names it, beside the price book's own id."""
SHOWN_CHARACTERS: Final = 60
SHOWN_MODELS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """Usage that must not feed a forward commitment: all that fits every condition given, days inclusive.

    request_type, model and the owners are patterns (planner.usage.patterns); None is every one. A model is matched as
    the log names it and as the price book does.
    """

    request_type: str | None = None
    model: str | None = None
    customer: str | None = None
    api_key: str | None = None
    workspace: str | None = None
    agent: str | None = None
    product: str | None = None
    from_: date | None = None
    to: date | None = None
    reason: str = ""

    @property
    def patterns(self) -> Mapping[str, str]:
        """Column -> pattern, of the conditions that are given."""
        named = {name: getattr(self, name) for name in ("request_type", "model", *OWNERS)}
        return {name: pattern for name, pattern in named.items() if pattern is not None}

    @property
    def takes_whole_days(self) -> bool:
        """Whether it takes all use of a type on its days, and not the part of one model or owner."""
        return not self.patterns.keys() - {"request_type"}

    def __str__(self) -> str:
        what = self.request_type or "every request type"
        of = "".join(f", {name} {pattern}" for name, pattern in self.patterns.items() if name != "request_type")
        since = f" from {self.from_}" if self.from_ else ""
        until = f" to {self.to}" if self.to else ""
        return f"{what}{of}{since}{until}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What an exclusion took out: list dollars, requests, and the share of all list dollars of the window."""

    exclusion: Exclusion
    list_cost_usd: float
    requests: int
    share_of_all: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Priced groups after the exclusions.

    kept, removed: the groups, `removed` with the column `exclusion`, the place of the one that took it. removals: one
    per exclusion, in order; use that several name is the first one's. notes: exclusions that took nothing.
    """

    kept: pd.DataFrame
    removed: pd.DataFrame
    removals: tuple[Removal, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetApart:
    """Use that no price is known for and that an exclusion names, apart from the rest.

    by: places of the exclusions that took any. notes: what they took, whose dollars nobody knows.
    """

    rest: pd.DataFrame
    by: frozenset[int]
    notes: tuple[str, ...]


def set_apart(groups: pd.DataFrame, exclusions: Sequence[Exclusion], priceable: BoolArray) -> SetApart:
    """Take groups that cannot be priced, such as another vendor's models in a gateway's log, out before pricing, where
    an exclusion names them. Those that none names stay, and block. priceable: shape (n_groups,)."""
    check_owners(groups, exclusions)
    taken = np.zeros(len(groups), dtype=np.bool_)
    by: set[int] = set()
    notes: list[str] = []
    for place, exclusion in enumerate(exclusions):
        hit = excluded_rows(groups, exclusion) & ~priceable & ~taken
        if hit.any():
            models = sorted({str(name)[:SHOWN_CHARACTERS] for name in groups.loc[hit, "model"]})
            more = f" and {len(models) - SHOWN_MODELS} more" if len(models) > SHOWN_MODELS else ""
            notes.append(
                f"The exclusion of {exclusion} took out {int(groups.loc[hit, 'requests'].sum()):,} requests of models "
                f"without a price ({', '.join(models[:SHOWN_MODELS])}{more}): what they cost is not known."
            )
            by.add(place)
            taken |= hit
    if taken.all() and len(groups):
        raise UsageError("The exclusions remove every record of the window: nothing is left to plan with.")
    return SetApart(rest=groups.loc[~taken], by=frozenset(by), notes=tuple(notes))


def exclusion_owners(exclusions: Sequence[Exclusion]) -> tuple[str, ...]:
    """The owner columns that usage has to be grouped by for these exclusions."""
    return tuple(name for name in OWNERS if any(name in exclusion.patterns for exclusion in exclusions))


def exclude(groups: pd.DataFrame, exclusions: Sequence[Exclusion], *, effective: Collection[int] = frozenset()) -> Cut:
    """Take out of priced groups what the exclusions name, one after the other.

    effective: places of exclusions that took something elsewhere, and of which it is not said that they take nothing.

    Errors: UsageError where nothing is left, and for usage that was read without an owner that one names.
    """
    check_owners(groups, exclusions)
    notes, removals = [], []
    total = float(groups["list_cost_usd"].sum())
    taken_by = np.full(len(groups), -1, dtype=np.int64)
    for place, exclusion in enumerate(exclusions):
        named = excluded_rows(groups, exclusion)
        hit = named & (taken_by < 0)
        if not hit.any() and place not in effective:
            notes.append(_without_effect(groups, exclusion, is_late=bool(named.any())))
        taken_by[hit] = place
        usd = float(groups.loc[hit, "list_cost_usd"].sum())
        removals.append(
            Removal(
                exclusion=exclusion,
                list_cost_usd=usd,
                requests=int(groups.loc[hit, "requests"].sum()),
                share_of_all=usd / total if total else 0.0,
            )
        )
    taken = taken_by >= 0
    if taken.all():
        raise UsageError("The exclusions remove every record of the window: nothing is left to plan with.")
    return Cut(
        kept=groups.loc[~taken].reset_index(drop=True),
        removed=groups.loc[taken].assign(exclusion=taken_by[taken]).reset_index(drop=True),
        removals=tuple(removals),
        notes=tuple(notes),
    )


def check_owners(groups: pd.DataFrame, exclusions: Sequence[Exclusion]) -> None:
    """Errors: UsageError for usage that was read without an owner that an exclusion names."""
    if absent := [name for name in exclusion_owners(exclusions) if name not in groups]:
        raise UsageError(
            f"The usage was read without {', '.join(absent)}, which an exclusion names: read it with them."
        )


def excluded_rows(groups: pd.DataFrame, exclusion: Exclusion) -> BoolArray:
    """Which groups an exclusion names. Shape (n_groups,)."""
    hit = np.ones(len(groups), dtype=np.bool_)
    for name, pattern in exclusion.patterns.items():
        fits = matched(groups[name], pattern)
        if name == "model" and LOGGED_MODEL in groups:
            fits |= matched(groups[LOGGED_MODEL], pattern)
        hit &= fits
    if exclusion.from_ is not None:
        hit &= (groups["day"] >= pd.Timestamp(exclusion.from_)).to_numpy()
    if exclusion.to is not None:
        hit &= (groups["day"] <= pd.Timestamp(exclusion.to)).to_numpy()
    return hit


def excluded_days(days: pd.DatetimeIndex, request_type: str, exclusions: Sequence[Exclusion]) -> BoolArray:
    """Days that say nothing about a type, because an exclusion takes all of its use on them. Shape (n_days,).

    An exclusion of one model or owner takes a part of the use, and leaves the day to speak for the rest.
    """
    taken = np.zeros(len(days), dtype=np.bool_)
    for exclusion in exclusions:
        if not exclusion.takes_whole_days:
            continue
        if exclusion.request_type is not None and not matches(exclusion.request_type, request_type):
            continue
        inside = np.ones(len(days), dtype=np.bool_)
        if exclusion.from_ is not None:
            inside &= np.asarray(days >= pd.Timestamp(exclusion.from_))
        if exclusion.to is not None:
            inside &= np.asarray(days <= pd.Timestamp(exclusion.to))
        taken |= inside
    return taken


def _without_effect(groups: pd.DataFrame, exclusion: Exclusion, *, is_late: bool) -> str:
    """Why an exclusion takes nothing, with the value that is most like what it names."""
    nothing = f"The exclusion of {exclusion} removes nothing:"
    if is_late:
        return f"{nothing} exclusions before it take all that it names."
    for name, pattern in exclusion.patterns.items():
        columns = [name, LOGGED_MODEL] if name == "model" and LOGGED_MODEL in groups else [name]
        known = sorted({str(value) for column in columns for value in groups[column].unique()} - {""})
        what = name.replace("_", " ")
        if not known:
            return (
                f"{nothing} the log names no {what}. If it has one under another name, say so with [usage] columns "
                f'{{ {name} = "its field" }}.'
            )
        if not any(matches(pattern, value) for value in known):
            return f"{nothing} the log has no such {what}. Did you mean {nearest(pattern, known)!r}?"
    first, last = groups["day"].min().date(), groups["day"].max().date()
    since, until = exclusion.from_ or first, exclusion.to or last
    if until < first or since > last or since > until:
        return f"{nothing} the days that are measured run from {first} to {last}."
    return f"{nothing} no use fits all of its conditions together."
