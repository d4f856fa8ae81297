"""Causes in words: for each the type or the model that moved most, with its figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.tracking.causes.plan_streams import ESCALATED, ROUTED
from planner.tracking.causes.split_terms import ACTUAL, PLANNED, Terms
from planner.tracking.causes.sums import summed
from planner.tracking.result import CauseName
from planner.units import CACHE_READ, HALF_CENT_USD, OUTPUT, FloatArray
from planner.words import count, percent, usd

_AS_PLANNED = "As planned."
_CENTS_BELOW_USD = 10.0
"""The rest takes the rounding of its table, so that the cents of larger parts would not agree with it."""
_UNTOLD = "The log counts no requests, so that this stands as volume."


def blind_words() -> dict[CauseName, str]:
    """Of months without request counts."""
    volume = (
        "What was used, at the prices of the pricing day; the log counts no requests, so that nothing else is told."
    )
    prices = "List prices beside those that the plan expects, over everything that was used."
    untold: dict[CauseName, str] = dict.fromkeys(
        ("mix", "tokens per request", "routing adoption", "escalation", "caching"), _UNTOLD
    )
    return {"volume": volume, **untold, "prices": prices, "rest": _AS_PLANNED}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What words need of M months. effects: cause -> (M, K), what it alone would change of each type, USD."""

    terms: Terms
    effects: Mapping[CauseName, FloatArray]

    def words(self, rows: Sequence[int], parts: Mapping[str, float]) -> dict[CauseName, str]:
        """A sentence for every cause, over some months. parts: what is in the rest."""
        of = list(rows)
        return {
            "volume": self._volume(of),
            "mix": self._of_largest("mix", of, self._mix),
            "tokens per request": self._of_largest("tokens per request", of, self._tokens),
            "routing adoption": self._of_largest("routing adoption", of, self._adoption),
            "escalation": self._of_largest("escalation", of, self._escalation),
            "caching": self._of_largest("caching", of, self._caching),
            "prices": self._prices(of),
            "rest": _rest(parts),
        }

    def _of_largest(self, cause: CauseName, rows: list[int], say: Callable[[list[int], int], str]) -> str:
        """What is said of the type in which the cause moves most; as planned where it moves none by a cent."""
        effect = self.effects[cause][rows].sum(axis=0)
        if not effect.size or np.abs(effect).max() < HALF_CENT_USD:
            return _AS_PLANNED
        return say(rows, int(np.abs(effect).argmax()))

    def _volume(self, rows: list[int]) -> str:
        before, now = (float(self.terms.volume(side)[rows].sum()) for side in (PLANNED, ACTUAL))
        change = f" ({(now / before - 1.0) * 100:+.1f}%)" if before > 0 else ""
        unknown = [
            (sum(float(own[rows, 1].sum()) for own in by_tier.values()), name)
            for name, by_tier in self.terms.actual.unknown.items()
        ]
        said = [f"'{name}', {usd(cost)}" for cost, name in sorted(unknown, reverse=True) if cost]
        more = f", and {count(len(said) - 3)} more" if len(said) > 3 else ""
        new = f" Types that the plan does not know count in full: {'; '.join(said[:3])}{more}." if said else ""
        return f"{count(now)} requests against {count(before)} planned{change}.{new}"

    def _mix(self, rows: list[int], index: int) -> str:
        name = self.terms.central.types[index]
        shares = []
        for side in (PLANNED, ACTUAL):
            total = float(self.terms.volume(side)[rows].sum())
            shares.append(float(self.terms.requests[side][rows, index].sum()) / total if total else 0.0)
        digits = 1 if percent(shares[PLANNED]) != percent(shares[ACTUAL]) else 2
        before, now = (percent(share, digits) for share in shares)
        if before == now:
            return f"Most in '{name}': {now} of all requests, as planned, but not month by month or model by model."
        return f"Most in '{name}': {now} of all requests against {before} planned."

    def _tokens(self, rows: list[int], index: int) -> str:
        before, now = (
            self._type_tokens(side, rows)[index].sum() / max(float(self._counted(side, rows)[index]), 1.0)
            for side in (PLANNED, ACTUAL)
        )
        name = self.terms.central.types[index]
        return f"Most in '{name}': {count(now)} tokens a request against {count(before)} planned, routes included."

    def _caching(self, rows: list[int], index: int) -> str:
        read = []
        for side in (PLANNED, ACTUAL):
            tokens = self._type_tokens(side, rows)[index]
            prompt = float(tokens[:OUTPUT].sum())
            read.append(float(tokens[CACHE_READ]) / prompt if prompt else 0.0)
        name = self.terms.central.types[index]
        return (
            f"Most in '{name}': {percent(read[ACTUAL])} of its prompt tokens read from cache against "
            f"{percent(read[PLANNED])} planned."
        )

    def _adoption(self, rows: list[int], index: int) -> str:
        central = self.terms.central
        groups = [int(central.streams.group_of[place]) for place in self._places(ROUTED, index)]
        shares = [self._routed(side, rows, groups) for side in (PLANNED, ACTUAL)]
        most = int(np.abs(shares[ACTUAL] - shares[PLANNED]).argmax())
        return (
            f"Most in '{central.types[index]}': {percent(float(shares[ACTUAL][most]))} of its requests routed to "
            f"{central.groups[groups[most]][1]} against {percent(float(shares[PLANNED][most]))} planned."
        )

    def _escalation(self, rows: list[int], index: int) -> str:
        central, streams = self.terms.central, self.terms.central.streams
        places = self._places(ESCALATED, index)
        rates = []
        for side in (PLANNED, ACTUAL):
            structure, requests = self.terms.structures[side], self.terms.requests[side][rows, index]
            routed = requests[:, None] * structure.routed[rows][:, streams.from_of[places]]
            again = (routed * structure.per_routed[rows][:, places]).sum()
            total = float((requests * structure.routed[rows][:, np.unique(streams.from_of[places])].sum(axis=1)).sum())
            rates.append(float(again) / total if total else 0.0)
        return (
            f"Most in '{central.types[index]}': {percent(rates[ACTUAL])} of what is routed escalates against "
            f"{percent(rates[PLANNED])} planned."
        )

    def _prices(self, rows: list[int]) -> str:
        streams, calls = self.terms.central.streams, self.terms.named[rows]
        base = calls * self.terms.call_usd(ACTUAL, ACTUAL)[rows]
        names = sorted({tier for tier in streams.tiers if tier is not None})
        said = []
        for name in names:
            of = np.array([tier == name for tier in streams.tiers])
            listed = float(base[:, of].sum())
            if listed > 0:
                before, now = (
                    float((base * self.terms.prices[side][rows])[:, of].sum()) / listed for side in (PLANNED, ACTUAL)
                )
                said.append((abs(now - before) * listed, f"{name} {percent(now)} against {percent(before)} planned"))
        if not said or max(said)[0] < HALF_CENT_USD:
            return _AS_PLANNED
        listed_words = "; ".join(words for _, words in sorted(said)[::-1])
        return f"List prices as a share of those on the pricing day: {listed_words}."

    def _places(self, kind: int, index: int) -> list[int]:
        streams = self.terms.central.streams
        found: list[int] = np.flatnonzero((streams.kind_of == kind) & (streams.type_of == index)).tolist()
        return found

    def _routed(self, side: int, rows: list[int], groups: list[int]) -> FloatArray:
        """Share of a type's requests that is routed to each of its models, (n,)."""
        index = self.terms.central.groups[groups[0]][0]
        requests = self.terms.requests[side][rows, index]
        routed = (requests[:, None] * self.terms.structures[side].routed[rows][:, groups]).sum(axis=0)
        found: FloatArray = routed / max(float(requests.sum()), 1e-9)
        return found

    def _counted(self, side: int, rows: list[int]) -> FloatArray:
        less = self.terms.other[rows].sum(axis=0) if side == ACTUAL else 0.0
        found: FloatArray = self.terms.requests[side][rows].sum(axis=0) - less
        return found

    def _type_tokens(self, side: int, rows: list[int]) -> FloatArray:
        """Tokens of every type, (K, 5)."""
        central, actual = self.terms.central, self.terms.actual
        if side == ACTUAL:
            return summed(actual.tokens[rows], central.type_of_group, len(central.types)).sum(axis=0)
        at = actual.at[rows]
        tokens = central.calls()[at][:, :, None] * central.streams.tokens[at]
        return summed(tokens, central.streams.type_of, len(central.types)).sum(axis=0)


def facts_of(terms: Terms) -> Facts:
    """What each cause alone would change of each type, from the plan."""
    streams, n_types = terms.central.streams, len(terms.central.types)
    volume, price, flat = terms.volume(PLANNED)[:, None], terms.prices[PLANNED], terms.flat_usd()
    calls, usd_each = terms.calls(0, 0, 0), terms.call_usd(0, 0)

    def by_type(change: FloatArray) -> FloatArray:
        return summed(volume * change, streams.type_of, n_types)

    of_calls: dict[CauseName, tuple[int, int, int]] = {
        "mix": (1, 0, 0),
        "routing adoption": (0, 1, 0),
        "escalation": (0, 0, 1),
    }
    of_tokens: dict[CauseName, tuple[int, int]] = {"tokens per request": (1, 0), "caching": (0, 1)}
    moved = {name: by_type((terms.calls(*way) - calls) * (usd_each * price + flat)) for name, way in of_calls.items()}
    changed = {name: by_type(calls * (terms.call_usd(*way) - usd_each) * price) for name, way in of_tokens.items()}
    return Facts(terms=terms, effects={**moved, **changed})


def _rest(parts: Mapping[str, float]) -> str:
    said = sorted(((abs(part), name) for name, part in parts.items() if abs(part) >= HALF_CENT_USD), reverse=True)
    if not said:
        return _AS_PLANNED
    named = (f"{name} {usd(parts[name], cents=size < _CENTS_BELOW_USD)}" for size, name in said)
    return f"What is left, by name: {'; '.join(named)}."
