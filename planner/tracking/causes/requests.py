"""Requests behind the calls of a log, and how they were served: a request that escalates is two calls.

A log shows calls by model. How many requests they are, and how many of these a route moved, follows from the plan's own
structure: of D_g requests routed to model g the plan pays K_g,m more calls on model m (escalated copies, calls of a
router or a judge), and where g serves a share eta_g of the type by itself, that share stays. With A_m calls on m

    D_g + eta_g N + sum over b of K_b,g D_b = A_g      for every model g that a route moves requests to
    N + sum over b, m of K_b,m D_b = sum over m of A_m

are as many equations as there are unknowns: the requests N and the routed ones D.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.evidence.drift import Counts
from planner.tracking.causes.plan_streams import CALL, ESCALATED, HOME, NOTHING, ROUTED
from planner.tracking.causes.planned import Planned
from planner.tracking.causes.served import Served
from planner.tracking.causes.sums import summed
from planner.units import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Structure:
    """How requests are served in M months. routed: (M, G), share of the type's requests that a route moved to the
    model; home: (M, G), of the rest, what each model serves. per_routed: (M, S), copies per routed request."""

    routed: FloatArray
    home: FloatArray
    per_routed: FloatArray


@dataclass(frozen=True, kw_only=True)
class Requests:
    """requests: (M, K), of every type; structure: how they were served. told: pairs of type and model whose escalation
    rate was logged, or is seen in the calls of a model that serves nothing else."""

    requests: FloatArray
    structure: Structure
    told: frozenset[tuple[str, str]]


def planned_structure(central: Planned, at: IntArray) -> Structure:
    """The structure that the plan expects in these months."""
    streams, n_groups = central.streams, len(central.groups)
    calls = streams.calls[at]
    routed, home = (summed(calls[:, of], streams.group_of[of], n_groups) for of in map(streams.of, (ROUTED, HOME)))
    total = _by_type(home, central)
    return Structure(
        routed=routed,
        home=np.divide(home, total, out=_first_share(central, home), where=total > NOTHING),
        per_routed=streams.per_routed[at],
    )


def requests_of(central: Planned, actual: Served, logged: Mapping[tuple[str, str], Counts]) -> Requests:
    """Requests of every month and type, and how they were served. Where nothing was called it is as planned.

    logged: escalations by type and model of the plan (planner.tracking.causes.served.logged_escalations).
    """
    before = planned_structure(central, actual.at)
    per_routed, told = _escalation(central, actual.at, before.per_routed, logged)
    routed_calls, requests = _solved(central, actual, before, per_routed)
    per_routed, seen = _seen_escalation(central, actual, routed_calls, per_routed, told)
    of_type = requests[:, central.type_of_group]
    routed = np.divide(routed_calls, of_type, out=before.routed.copy(), where=of_type > 0)
    return Requests(
        requests=requests,
        structure=Structure(
            # calls that contradict the plan's structure may have no sensible answer; what is cut off stands in the rest
            routed=np.clip(routed, -1.0, 2.0),
            home=_home(central, actual, before, requests, routed_calls, per_routed),
            per_routed=per_routed,
        ),
        told=told | seen,
    )


def _escalation(
    central: Planned, at: IntArray, per_routed: FloatArray, logged: Mapping[tuple[str, str], Counts]
) -> tuple[FloatArray, frozenset[tuple[str, str]]]:
    """Copies per routed request with the escalation rates that were logged, of what no rule sends."""
    streams, found, told = central.streams, per_routed.copy(), set()
    for place in streams.of(ESCALATED).tolist():
        key = streams.keys[place]
        pair = central.types[key[0]], key[3]
        if pair in logged:
            found[:, place] = streams.if_escalated[at, place] * logged[pair].rate
            told.add(pair)
    return found, frozenset(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Targets:
    """The models that routes move requests to. local: (G,), place of each among those of its type, -1 for others.
    types: number of targets -> types that have so many; own: type -> its targets in order."""

    local: IntArray
    types: Mapping[int, Sequence[int]]
    own: Mapping[int, Sequence[int]]


def _targets(central: Planned) -> _Targets:
    streams = central.streams
    own: dict[int, list[int]] = {}
    for place in streams.of(ROUTED).tolist():
        own.setdefault(int(streams.type_of[place]), []).append(int(streams.group_of[place]))
    local = np.full(len(central.groups), -1, dtype=np.int64)
    types: dict[int, list[int]] = {}
    for index, groups in own.items():
        local[groups] = np.arange(len(groups))
        types.setdefault(len(groups), []).append(index)
    return _Targets(local=local, types=types, own=own)


def _solved(
    central: Planned, actual: Served, before: Structure, per_routed: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Routed requests by model, (M, G), and requests by type, (M, K)."""
    targets = _targets(central)
    total = _to_types(np.where(serving_groups(central), actual.calls, 0.0), central) + actual.other_calls
    own_share = before.home * (1.0 - _by_type(before.routed, central))
    requests, routed = total.copy(), np.zeros_like(actual.calls)
    for count, types in targets.types.items():
        groups = np.array([targets.own[index] for index in types], dtype=np.int64)
        matrix = np.eye(count + 1) + _paid_matrix(central, targets, per_routed, types, count)
        matrix[:, :, :count, count] += own_share[:, groups]
        found = _solve(matrix, np.concatenate([actual.calls[:, groups], total[:, list(types), None]], axis=2))
        routed[:, groups] = found[:, :, :count]
        requests[:, list(types)] = np.maximum(found[:, :, count], 0.0)
    return routed, requests


def _paid_matrix(
    central: Planned, targets: _Targets, per_routed: FloatArray, types: Sequence[int], count: int
) -> FloatArray:
    """K of types with so many targets, (M, n_types, count + 1, count + 1): on each target, and in all, per request
    routed to each."""
    streams, serving, size = central.streams, serving_groups(central), count + 1
    row = np.full(len(central.types), -1, dtype=np.int64)
    row[list(types)] = np.arange(len(types))
    paid = np.isin(streams.kind_of, (ESCALATED, CALL)) & (row[streams.type_of] >= 0) & serving[streams.group_of]
    of = np.flatnonzero(paid)
    first, source, sink = row[streams.type_of[of]] * size, targets.local[streams.from_of[of]], streams.group_of[of]
    in_all = (first + count) * size + source
    on = targets.local[sink] >= 0
    on_target = (first[on] + targets.local[sink[on]]) * size + source[on]
    places = np.concatenate([in_all, on_target])
    values = np.concatenate([per_routed[:, of], per_routed[:, of[on]]], axis=1)
    return summed(values, places, len(types) * size * size).reshape(-1, len(types), size, size)


def _solve(matrix: FloatArray, known: FloatArray) -> FloatArray:
    """Solutions of many small systems; of least squares where one has no single solution."""
    single = np.abs(np.linalg.det(matrix)) > NOTHING
    found = np.zeros_like(known)
    found[single] = np.linalg.solve(matrix[single], known[single][:, :, None])[:, :, 0]
    if not single.all():
        found[~single] = (np.linalg.pinv(matrix[~single]) @ known[~single][:, :, None])[:, :, 0]
    return found


def serving_groups(central: Planned) -> BoolArray:
    """Which models serve requests first, at home or by a route, (G,); others see only what escalates, or a judge's."""
    streams = central.streams
    found = np.zeros(len(central.groups), dtype=np.bool_)
    found[streams.group_of[np.isin(streams.kind_of, (ROUTED, HOME))]] = True
    return found


def _seen_escalation(
    central: Planned, actual: Served, routed: FloatArray, per_routed: FloatArray, told: frozenset[tuple[str, str]]
) -> tuple[FloatArray, frozenset[tuple[str, str]]]:
    """Escalation to a model that serves nothing else of the type is seen in its calls, unless it was logged."""
    streams, serving, found = central.streams, serving_groups(central), per_routed.copy()
    called = set(streams.group_of[streams.of(CALL)].tolist())
    escalated = [
        place
        for place in streams.of(ESCALATED).tolist()
        if not serving[streams.group_of[place]] and int(streams.group_of[place]) not in called
    ]
    own = [place for place in escalated if (central.types[streams.keys[place][0]], streams.keys[place][3]) not in told]
    groups = streams.group_of[own]
    expected = summed(routed[:, streams.from_of[own]] * per_routed[:, own], groups, len(central.groups))
    factor = np.divide(actual.calls, expected, out=np.ones_like(expected), where=expected > NOTHING)
    found[:, own] *= factor[:, groups]
    return found, frozenset((central.types[streams.keys[place][0]], streams.keys[place][3]) for place in own)


def _home(
    central: Planned,
    actual: Served,
    before: Structure,
    requests: FloatArray,
    routed: FloatArray,
    per_routed: FloatArray,
) -> FloatArray:
    """Of what no route moved, the share of each model, (M, G): as planned where it cannot be told."""
    streams = central.streams
    paid = np.flatnonzero(np.isin(streams.kind_of, (ESCALATED, CALL)))
    copies = routed[:, streams.from_of[paid]] * per_routed[:, paid]
    spilled = summed(copies, streams.group_of[paid], len(central.groups))
    is_home, is_target = (np.zeros(len(central.groups), dtype=np.bool_) for _ in range(2))
    is_home[streams.group_of[streams.of(HOME)]] = True
    is_target[streams.group_of[streams.of(ROUTED)]] = True
    own_share = before.home * (1.0 - _by_type(before.routed, central))
    of_type = requests[:, central.type_of_group]
    calls = np.where(is_target, own_share * of_type, np.maximum(actual.calls - spilled, 0.0)) * is_home
    total = _by_type(calls, central)
    return np.divide(calls, total, out=before.home.copy(), where=total > 0)


def _to_types(values: FloatArray, central: Planned) -> FloatArray:
    """(M, G) summed over the models of every type, (M, K)."""
    return summed(values, central.type_of_group, len(central.types))


def _by_type(values: FloatArray, central: Planned) -> FloatArray:
    """(M, G) summed over the models of the same type, (M, G)."""
    found: FloatArray = _to_types(values, central)[:, central.type_of_group]
    return found


def _first_share(central: Planned, like: FloatArray) -> FloatArray:
    """Every model that a type has at home alike, for types of which a route takes all; (M, G)."""
    is_home = np.zeros(len(central.groups))
    is_home[central.streams.group_of[central.streams.of(HOME)]] = 1.0
    whole = np.broadcast_to(is_home, like.shape)
    total = _by_type(np.ascontiguousarray(whole), central)
    return np.divide(whole, total, out=np.zeros_like(like), where=total > 0)
