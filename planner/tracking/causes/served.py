"""Actual use laid beside the plan's streams: by request type and by the models that the plan serves it with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from planner.coverage import month_index, month_of
from planner.errors import InputError
from planner.evidence.drift import Counts
from planner.evidence_in_plan.checking import NewCounts
from planner.prices import PriceBook
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.causes.plan_streams import CALL, ESCALATED, HOME, NOTHING, ROUTED
from planner.tracking.causes.planned import Planned
from planner.tracking.causes.sums import summed
from planner.tracking.signed_plan import SignedPlan
from planner.units import BoolArray, FloatArray, IntArray

_NOWHERE = -1


@dataclass(frozen=True, kw_only=True)
class Served:
    """Actual use of M months, of the days that are covered. G models that the plan serves types with, K types.

    at: their contract months, (M,). is_counted: whether the log counts requests, (M,). calls: (M, G); tokens: (M, G,
    5), each in the tokens of the plan's model. plain_usd, batch_usd: (M, G), the tokens at the pricing day's list, not
    through batch and through it; current_usd: (M, G), the same at each day's list. tools_usd: (M, K). Of the plan's
    types on models that it does not name: other_calls, other_signing_usd, other_current_usd, (M, K), and which, other.
    unknown: types that the plan does not know -> their tier -> (M, 2), USD at the pricing day's list and at each day's,
    tools among both (tier None).
    """

    at: IntArray
    is_counted: BoolArray
    calls: FloatArray
    tokens: FloatArray
    plain_usd: FloatArray
    batch_usd: FloatArray
    current_usd: FloatArray
    tools_usd: FloatArray
    other_calls: FloatArray
    other_signing_usd: FloatArray
    other_current_usd: FloatArray
    other: tuple[tuple[str, str], ...]
    unknown: Mapping[str, Mapping[str | None, FloatArray]]
    type_of_group: IntArray

    def signing_of_types(self, types: Sequence[int]) -> FloatArray:
        """List cost of types of the plan at the pricing day's list, (M, n)."""
        of_group = summed(self.plain_usd + self.batch_usd, self.type_of_group, self.tools_usd.shape[1])
        found: FloatArray = (self.tools_usd + self.other_signing_usd + of_group)[:, list(types)]
        return found

    @property
    def unknown_signing_usd(self) -> FloatArray:
        """List cost of unknown types at the pricing day's list, (M,)."""
        found = np.zeros(len(self.at))
        for by_tier in self.unknown.values():
            for usd in by_tier.values():
                found += usd[:, 0]
        return found


def served(signed: SignedPlan, central: Planned, months: Sequence[ActualMonth]) -> Served:
    """Lay months beside the plan. A model that it does not name for a type counts as the one of its tier, if any.

    Errors: InputError for a month outside the term.
    """
    start = month_index(month_of(signed.inputs.start))
    shape = len(months), len(central.groups), len(central.types)
    sums = _Sums(shape=shape, places=_Places(central=central, book=signed.prepared.price_book))
    for row, month in enumerate(months):
        if not 0 <= month_index(month.month) - start < central.n_months:
            first = month_of(signed.inputs.start)
            raise InputError(
                f"{month.month} is no month of the term, which has {central.n_months} from {first}; leave it out"
            )
        for use in month.uses:
            sums.add(row, use)
    found = sums.served(
        at=np.array([month_index(month.month) - start for month in months], dtype=np.int64),
        is_counted=np.array([all(use.requests is not None for use in month.uses) for month in months], dtype=np.bool_),
    )
    return _without_excess(found, central, sums.places)


def _without_excess(actual: Served, central: Planned, places: "_Places") -> Served:
    """Calls of a model that the plan only escalates to, beyond one for each call that can escalate, are requests.

    They count as those of a model that the plan does not name: at the model of their tier that serves the type.
    """
    streams = central.streams
    serving = np.isin(streams.kind_of, (HOME, ROUTED, CALL))
    excess = actual.calls.copy()
    excess[:, streams.group_of[serving]] = 0.0
    for place in streams.of(ESCALATED).tolist():
        excess[:, streams.group_of[place]] -= actual.calls[:, streams.from_of[place]]
    found = actual
    for group in np.flatnonzero((excess > 0).any(axis=0)).tolist():
        calls = actual.calls[:, group]
        share = np.divide(excess[:, group].clip(min=0.0), calls, out=np.zeros_like(calls), where=calls > 0)
        found = _moved(found, central, group, share, places.serving(group))
    return found


def _moved(actual: Served, central: Planned, group: int, share: FloatArray, to: tuple[int, float]) -> Served:
    """A share of a model's calls, (M,), with all that they used, counted at another of the type's models."""
    target, ratio = to
    values = {
        "calls": actual.calls,
        "plain_usd": actual.plain_usd,
        "batch_usd": actual.batch_usd,
        "current_usd": actual.current_usd,
    }
    moved = {name: share * value[:, group] for name, value in values.items()}
    tokens = share[:, None] * actual.tokens[:, group]
    change: dict[str, Any] = {}
    for name, value in (values | {"tokens": actual.tokens}).items():
        part = tokens if name == "tokens" else moved[name]
        change[name] = value.copy()
        change[name][:, group] -= part
        if target != _NOWHERE:
            change[name][:, target] += ratio * part if name == "tokens" else part
    if target != _NOWHERE:
        return replace(actual, **change)
    index, model = central.groups[group]
    more = {"other_calls": moved["calls"], "other_current_usd": moved["current_usd"]}
    more["other_signing_usd"] = moved["plain_usd"] + moved["batch_usd"]
    for name, part in more.items():
        change[name] = getattr(actual, name).copy()
        change[name][:, index] += part
    return replace(actual, other=(*actual.other, (central.types[index], model)), **change)


def logged_escalations(signed: SignedPlan, central: Planned, new: Sequence[NewCounts]) -> dict[tuple[str, str], Counts]:
    """(request type, model of the plan) -> escalated of routed requests that were logged, as models count in `served`.

    Graded answers are left out: they are no log of what happened.
    """
    places = _Places(central=central, book=signed.prepared.price_book)
    found: dict[tuple[str, str], Counts] = {}
    for item in new:
        index = places.types.get(item.request_type)
        if item.source == "logged outcomes" and index is not None:
            group, _ = places.of(index, item.model)
            model = item.model if group == _NOWHERE else central.groups[group][1]
            before = found.get((item.request_type, model))
            hits, total = (0, 0) if before is None else (before.hits, before.total)
            counts = Counts(hits=hits + item.counts.hits, total=total + item.counts.total)
            found[item.request_type, model] = counts
    return found


@dataclass(slots=True, kw_only=True)
class _Places:
    """Where the use of a type on a model belongs: (group, tokens there per token of the model); no group: _NOWHERE."""

    central: Planned
    book: PriceBook
    types: dict[str, int] = field(default_factory=dict)
    known: dict[tuple[int, str], tuple[int, float]] = field(default_factory=dict)
    by_type: dict[int, list[int]] = field(default_factory=dict)
    size: FloatArray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.types = {name: index for index, name in enumerate(self.central.types)}
        for group, (index, model) in enumerate(self.central.groups):
            self.by_type.setdefault(index, []).append(group)
            self.known[index, model] = group, 1.0
        streams = self.central.streams
        serving = np.isin(streams.kind_of, (HOME, ROUTED))
        self.size = np.zeros(len(self.central.groups))
        np.add.at(self.size, streams.group_of[serving], streams.calls[:, serving].sum(axis=0))

    def of(self, index: int, model: str) -> tuple[int, float]:
        """Of a model by the price book's own name."""
        if (index, model) not in self.known:
            self.known[index, model] = self._of_tier(index, model)
        return self.known[index, model]

    def serving(self, group: int) -> tuple[int, float]:
        """Of a model that serves nothing first: the model of its tier that does."""
        return self._of_tier(*self.central.groups[group], least=NOTHING)

    def _of_tier(self, index: int, model: str, *, least: float = 0.0) -> tuple[int, float]:
        """The model of the same tier that serves most of the type in the plan; least: how much of it, calls a term."""
        tier, groups = self.book.tier(model), self.central.groups
        own = [group for group in self.by_type[index] if self.size[group] >= least]
        alike = [group for group in own if self.book.tier(groups[group][1]) == tier]
        if not alike:
            return _NOWHERE, 1.0
        group = max(alike, key=lambda item: (self.size[item], item))
        return group, self.book.token_ratio(model, groups[group][1])


@dataclass(slots=True, kw_only=True)
class _Sums:
    """Uses as they are added up."""

    shape: tuple[int, int, int]
    places: _Places
    rows: list[tuple[int, int]] = field(default_factory=list)
    values: list[tuple[float, ...]] = field(default_factory=list)
    type_rows: list[tuple[int, int]] = field(default_factory=list)
    type_values: list[tuple[float, ...]] = field(default_factory=list)
    other: dict[tuple[str, str], None] = field(default_factory=dict)
    unknown: dict[str, dict[str | None, FloatArray]] = field(default_factory=dict)

    def add(self, row: int, use: Use) -> None:
        """One use of month `row`."""
        index, tools = self.places.types.get(use.request_type), use.server_tools_usd
        signing, current, calls = use.signing_list_cost_usd - tools, use.list_cost_usd - tools, float(use.requests or 0)
        if index is None:
            self._unknown(row, use, signing, current)
            return
        group, ratio = self.places.of(index, use.model)
        if group == _NOWHERE:
            self.other[use.request_type, use.model] = None
            self.type_rows.append((row, index))
            self.type_values.append((tools, calls, signing, current))
            return
        if tools:
            self.type_rows.append((row, index))
            self.type_values.append((tools, 0.0, 0.0, 0.0))
        plain, batch = (0.0, signing) if use.is_batch else (signing, 0.0)
        self.rows.append((row, group))
        self.values.append((calls, plain, batch, current, *(count * ratio for count in use.tokens)))

    def _unknown(self, row: int, use: Use, signing: float, current: float) -> None:
        by_tier = self.unknown.setdefault(use.request_type, {})
        tools = use.server_tools_usd
        for tier, pair in ((self.places.book.tier(use.model), (signing, current)), (None, (tools, tools))):
            if any(pair):
                by_tier.setdefault(tier, np.zeros((self.shape[0], 2)))[row] += pair

    def served(self, *, at: IntArray, is_counted: BoolArray) -> Served:
        """What was added up."""
        months, groups, types = self.shape
        of_group = _added(self.rows, self.values, (months, groups, 9))
        of_type = _added(self.type_rows, self.type_values, (months, types, 4))
        return Served(
            at=at,
            is_counted=is_counted,
            calls=of_group[:, :, 0],
            plain_usd=of_group[:, :, 1],
            batch_usd=of_group[:, :, 2],
            current_usd=of_group[:, :, 3],
            tokens=of_group[:, :, 4:],
            tools_usd=of_type[:, :, 0],
            other_calls=of_type[:, :, 1],
            other_signing_usd=of_type[:, :, 2],
            other_current_usd=of_type[:, :, 3],
            other=tuple(self.other),
            unknown=self.unknown,
            type_of_group=self.places.central.type_of_group,
        )


def _added(
    rows: Sequence[tuple[int, int]], values: Sequence[tuple[float, ...]], shape: tuple[int, int, int]
) -> FloatArray:
    found = np.zeros(shape)
    if rows:
        month, place = np.array(rows).T
        np.add.at(found, (month, place), np.array(values, dtype=np.float64))
    return found
