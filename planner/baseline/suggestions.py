"""What a user may want to leave out of the baseline: spikes, one-off types, types that stopped. Nothing is left out by
itself, and types on retiring models are none of these: their use moves to another model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np
import pandas as pd

from planner.baseline.level import level_usd_per_month, type_level_usd
from planner.exclusions import Exclusion, excluded_rows
from planner.history.checks import unusual_days
from planner.history.daily_use import days_taken, holes
from planner.measurement import Measurement
from planner.units import BoolArray, FloatArray
from planner.usage.columns import UNTAGGED
from planner.usage.patterns import literally

Kind = Literal["spike", "one-off", "stopped"]
Sure = Literal["high", "medium", "low"]

LEAST_SHARE: Final = 0.001
"""A suggestion moves the level by this share of it or more; what moves it less does not move a commitment."""
LEAST_LOG_DAYS: Final = 56
QUIET_DAYS: Final = 28
"""Days without use at the end of the log before a type counts as ended."""
ONE_OFF_DAYS: Final = 31
"""A one-off lies within so many days."""
_BEGUN_DAYS: Final = 14
"""A type that has been there since the first two weeks of the log may have been there long before."""
_QUIET_GAPS: Final = 3
_BLOCK_DAYS: Final = 5
"""Used on fewer days, a type may be one that is rarely used, such as once a quarter."""
_NAMED: Final = 3
_LONGEST_PATTERN: Final = 190


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedExclusion:
    """An exclusion for the user to accept or not.

    exclusion: with a reason to keep or reword. evidence: what speaks for it, in a sentence. list_cost_usd, requests:
    what it takes out of the log. level_usd_per_month: what it takes out of the level, at the list of each day. sure:
    how far the evidence goes.
    """

    kind: Kind
    exclusion: Exclusion
    evidence: str
    list_cost_usd: float
    requests: int
    level_usd_per_month: float
    sure: Sure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """Use by day and type; arrays of shape (n_days, n_types). Names that differ in case alone are one type."""

    first: date
    names: tuple[str, ...]
    requests: FloatArray
    spend_usd: FloatArray
    counted: BoolArray

    def day(self, row: int) -> date:
        return self.first + timedelta(days=int(row))

    @property
    def last(self) -> date:
        return self.day(len(self.requests) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """When a type was used, in rows of the days: its first and last use, and the longest stretch between two uses."""

    first: int
    last: int
    active_days: int
    longest_gap: int
    quiet: int

    @property
    def span(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    kind: Kind
    exclusion: Exclusion
    evidence: str
    sure: Sure


def suggest_exclusions(measurement: Measurement) -> tuple[SuggestedExclusion, ...]:
    """Exclusions that the log speaks for, the largest change of the level first.

    A spike is one or several days in a row on which a type stands out upwards, as planner.history.checks judges days.
    A one-off type was used within a month, after the log began, and no more for four weeks or as long as it lasted. A
    stopped type was used for longer, and has been quiet for four weeks and three times its longest pause. What is
    excluded already, what moves the level by less than a thousandth, and untagged use as a type are not suggested.
    """
    use = _daily(measurement)
    whole = level_usd_per_month(measurement)
    ended = tuple(_ended(use, measurement))
    gone = {proposal.exclusion.request_type for proposal in ended}
    spikes = (spike for spike in _spikes(use, measurement) if spike.exclusion.request_type not in gone)
    found = [_weighed(proposal, measurement) for proposal in (*ended, *spikes)]
    kept = [each for each in found if each.level_usd_per_month >= LEAST_SHARE * whole and each.list_cost_usd > 0]
    return tuple(sorted(kept, key=lambda each: (-each.level_usd_per_month, str(each.exclusion))))


def _weighed(proposal: _Proposal, measurement: Measurement) -> SuggestedExclusion:
    groups = measurement.daily
    hit = excluded_rows(groups, proposal.exclusion)
    taken = groups[hit]
    change = 0.0
    for name in taken["request_type"].unique():
        of_type = (groups["request_type"] == name).to_numpy()
        before = type_level_usd(groups[of_type], str(name), measurement)
        change += before - type_level_usd(groups[of_type & ~hit], str(name), measurement, (proposal.exclusion,))
    return SuggestedExclusion(
        kind=proposal.kind,
        exclusion=proposal.exclusion,
        evidence=proposal.evidence,
        list_cost_usd=float(taken["list_cost_usd"].sum()),
        requests=int(taken["requests"].sum()),
        level_usd_per_month=change,
        sure=proposal.sure,
    )


def _daily(measurement: Measurement) -> _Use:
    """Days and types, without types too small to move the level by LEAST_SHARE."""
    groups = measurement.daily
    key = groups["request_type"].str.lower()
    spend = groups.groupby(key)["list_cost_usd"].sum()
    floor = LEAST_SHARE * float(spend.sum())
    names: dict[str, str] = {}
    for name, usd in groups.groupby("request_type")["list_cost_usd"].sum().sort_values(ascending=False).items():
        if spend[str(name).lower()] >= floor and usd > 0:
            names.setdefault(str(name).lower(), str(name))
    inside = key.isin(names)
    days = pd.date_range(measurement.first.date(), measurement.last.date(), freq="D")
    sums = groups[inside].groupby([groups["day"], key])[["requests", "list_cost_usd"]].sum().unstack(fill_value=0)
    dense = sums.reindex(index=days, fill_value=0.0)
    shown = tuple(names.values())
    counted = ~days_taken(measurement, days, shown)
    for begin, end in holes(measurement):
        counted[(begin - days[0].date()).days : (end - days[0].date()).days + 1] = False
    return _Use(
        first=days[0].date(),
        names=shown,
        requests=dense["requests"][list(names)].to_numpy(dtype=np.float64),
        spend_usd=dense["list_cost_usd"][list(names)].to_numpy(dtype=np.float64),
        counted=counted,
    )


def _spikes(use: _Use, measurement: Measurement) -> Iterator[_Proposal]:
    if measurement.coverage.gap_days != 1 or not use.names:
        return
    far, expected = unusual_days(use.requests, use.counted, use.first.weekday())
    high = far & (use.requests > expected)
    for column, name in enumerate(use.names):
        for begin, end in _runs(high[:, column]):
            rows = slice(begin, end + 1)
            times = float(use.requests[rows, column].sum() / max(float(expected[rows, column].sum()), 1.0))
            yield _spike(use, name, begin, end, times)


def _spike(use: _Use, name: str, begin: int, end: int, times: float) -> _Proposal:
    n_days = end - begin + 1
    long = "a day" if n_days == 1 else f"{n_days} days in a row"
    evidence = f"{long} at {times:,.1f} times the requests that the days around and the weekday lead to expect"
    reason = f"spike of {n_days} day{'s' if n_days > 1 else ''}, {times:,.1f} times the usual use; will not recur"
    return _Proposal(
        kind="spike",
        exclusion=Exclusion(request_type=_pattern(name), from_=use.day(begin), to=use.day(end), reason=reason),
        evidence=evidence,
        sure="high" if times >= 3 else "medium",
    )


def _runs(flags: BoolArray) -> Iterator[tuple[int, int]]:
    """First and last row of each stretch that is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)


def _ended(use: _Use, measurement: Measurement) -> Iterator[_Proposal]:
    if measurement.coverage.span_days < LEAST_LOG_DAYS:
        return
    lives = [_life(use, column) for column in range(len(use.names))]
    for column, (name, life) in enumerate(zip(use.names, lives, strict=True)):
        if life is None or name == UNTAGGED:
            continue
        if _is_one_off(life):
            yield _one_off(use, name, life)
        elif life.quiet >= max(QUIET_DAYS, _QUIET_GAPS * life.longest_gap):
            yield _stopped(use, name, life, _successors(use, column, lives))


def _life(use: _Use, column: int) -> _Life | None:
    rows = np.flatnonzero(use.requests[:, column] > 0)
    if not len(rows):
        return None
    return _Life(
        first=int(rows[0]),
        last=int(rows[-1]),
        active_days=len(rows),
        longest_gap=int(np.diff(rows).max()) if len(rows) > 1 else QUIET_DAYS,
        quiet=len(use.requests) - 1 - int(rows[-1]),
    )


def _is_one_off(life: _Life) -> bool:
    return life.span <= ONE_OFF_DAYS and life.first >= _BEGUN_DAYS and life.quiet >= max(QUIET_DAYS, life.span)


def _one_off(use: _Use, name: str, life: _Life) -> _Proposal:
    since, until = use.day(life.first), use.day(life.last)
    days = f"{life.active_days} day{'s' if life.active_days > 1 else ''}"
    return _Proposal(
        kind="one-off",
        exclusion=Exclusion(request_type=_pattern(name), reason=f"one-off, {since} to {until}; will not recur"),
        evidence=f"used on {days} only, from {since} to {until}, and not in the {life.quiet} days since",
        sure="high" if life.active_days >= _BLOCK_DAYS and life.quiet >= 2 * max(QUIET_DAYS, life.span) else "medium",
    )


def _stopped(use: _Use, name: str, life: _Life, successors: Sequence[str]) -> _Proposal:
    until = use.day(life.last)
    pause = "" if life.active_days == 1 else f", where the longest pause before was {life.longest_gap} days"
    evidence = f"used on {life.active_days} days up to {until}, and not in the {life.quiet} days since{pause}"
    sure: Sure = "high" if life.quiet >= 2 * max(QUIET_DAYS, _QUIET_GAPS * life.longest_gap) else "medium"
    if successors:
        named = ", ".join(map(repr, successors[:_NAMED]))
        evidence += (
            f". But {named} began when it ended, at a like size: if it was renamed, name both alike with a "
            "[[usage.rule]] and leave nothing out"
        )
        sure = "low"
    return _Proposal(
        kind="stopped",
        exclusion=Exclusion(request_type=_pattern(name), reason=f"stopped: no use since {until}"),
        evidence=evidence,
        sure=sure,
    )


def _successors(use: _Use, column: int, lives: Sequence[_Life | None]) -> list[str]:
    """Types that began within ten days of a type's end, and spend a third to three times as much a day."""
    ended = lives[column]
    assert ended is not None
    before = float(use.spend_usd[:, column].sum()) / ended.span
    found = []
    for other, life in enumerate(lives):
        if life is None or other == column or life.first < _BEGUN_DAYS or abs(life.first - ended.last) > 10:
            continue
        after = float(use.spend_usd[:, other].sum()) / life.span
        if before / 3 <= after <= before * 3:
            found.append(use.names[other])
    return found


def _pattern(name: str) -> str:
    return literally(name) if len(name) <= _LONGEST_PATTERN else literally(name[: _LONGEST_PATTERN // 2]) + "*"
