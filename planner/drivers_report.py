"""What drives the answer, in words a buyer understands: names of inputs, tables, sentences, and JSON for scripts."""

import re
from collections import Counter
from collections.abc import Sequence
from math import ceil, floor, isfinite, log10
from typing import Any, Final

from planner.drivers import Driver, Drivers
from planner.effects import Indices
from planner.risk import Estimate
from planner.tables import Table
from planner.words import percent, percent_estimate, usd, usd_rounded_down, usd_short

WORTH_NAMING: Final = 0.02
"""Total index from which a sentence names an input."""

_MOST_NAMED: Final = 3
_WORTH_JOINING: Final = 0.05
"""From this much beyond its share alone, a sentence says what an input explains together with others."""

_PLAIN: Final = {
    "level": "level of usage today",
    "growth": "growth of usage",
    "token drift": "drift of tokens per request",
    "rebound": "rebound of usage",
    "largest leaves": "largest type or customer leaves",
    "largest type leaves": "largest type leaves",
    "walk and noise": "ups and downs of usage",
}
_PATTERNS: Final = (
    (r"walk and noise, direction \d+", "ups and downs of usage between years"),
    (r"price moves,? (.+)", r"list price moves: \1"),
    (r"(?:size of )?price (falls|rises),? (.+)", r"list price \1: \2"),
    (r"event \d+ (.+) happens", r"event '\1': whether it happens"),
    (r"event \d+ (.+) (month|size)", r"event '\1': its \2"),
    (r"milestone/(.+)\.happens", r"milestone '\1': whether it is reached"),
    (r"milestone/(.+)\.month", r"milestone '\1': its month"),
    (r"team/(.+)\.slip_months", r"team '\1': how far it slips"),
    (r"route/(.+)/any/([^/]+)\.(\w+)", r"\1 to \2: route \3"),
    (r"route/(.+)/([^/]+)/([^/]+)\.(\w+)", r"\1 from \2 to \3: route \4"),
    (r"cache/(.+)\.(\w+)", r"\1: cache \2"),
    (r"batch/(.+)\.(\w+)", r"\1: batch \2"),
    (r"output/(.+)\.(\w+)", r"\1: output \2"),
)
_AMOUNTS: Final = {
    "route share": "share routed",
    "route escalation": "share that escalates",
    "cache cacheable_fraction": "share that can be cached",
    "cache hit_rate": "cache hit rate",
    "batch share": "share sent as batch",
    "output cut": "cut of output tokens",
}
_SPOKEN: Final = (
    (r"level of usage today", r"the level of usage today"),
    (r"(largest .+) leaves", r"the \1 leaving"),
    (r"list price (moves|falls|rises): (.+)", r"list price \1 of \2"),
    (r"event '(.+)': whether it happens", r"whether event '\1' happens"),
    (r"event '(.+)': its (month|size)", r"the \2 of event '\1'"),
    (r"(.+) to (.+): share routed", r"the share of \1 routed to \2"),
    (r"(.+) to (.+): share that escalates", r"the share of \1 that escalates from \2"),
)
_OF_A_RAMP: Final = {"start_month": "month it starts", "ceiling": "share adopted in the end"}


def driver_name(key: str) -> str:
    """An uncertain input in words; one that is not known keeps its key.

    "route/triage/any/claude-haiku-5-5.share" is "triage to claude-haiku-5-5: share routed".
    """
    if key in _PLAIN:
        return _PLAIN[key]
    for pattern, words in _PATTERNS:
        if found := re.fullmatch(pattern, key):
            return _with_amount(found.expand(words))
    return key


def driver_names(found: Drivers) -> dict[str, str]:
    """The inputs in words by key; the key stands beside words that two inputs would share."""
    words = {one.name: driver_name(one.name) for one in found.inputs}
    counts = Counter(words.values())
    return {key: f"{said} [{key}]" if counts[said] > 1 else said for key, said in words.items()}


def _with_amount(words: str) -> str:
    subject, colon, amount = words.rpartition(": ")
    lever, _, part = amount.partition(" ")
    named = _AMOUNTS.get(amount)
    if named is None and part in _OF_A_RAMP:
        named = _OF_A_RAMP[part] if lever == "route" else f"{lever}, {_OF_A_RAMP[part]}"
    return f"{subject}{colon}{named or amount.replace('_', ' ')}"


def drivers_table(found: Drivers) -> Table:
    """Every input: its shares of the variance of annual spend, and spend and best commitment at its P10 and P90."""
    names = driver_names(found)
    rows = [
        (
            names[one.name],
            *_share_cells(one.spend),
            *("n/a" if end is None else usd_short(end.mean) for end in _spend_ends(one)),
            *(_commit_cell(value, found.commit_se_usd) for value in (one.commit_at_p10_usd, one.commit_at_p90_usd)),
        )
        for one in found.inputs
    ]
    return Table(
        title=f"What drives annual list spend and the best commitment, from {found.paths:,} paths",
        columns=("input", "alone", "with interactions", *_at("spend"), *_at("commitment")),
        rows=tuple(rows),
        numeric=frozenset(range(1, 7)),
        note=_note(found),
    )


def shortfall_drivers_table(found: Drivers) -> Table:
    """Every input: its shares of the variance of shortfall cost, the largest first."""
    names = driver_names(found)
    known = [(names[one.name], one.shortfall) for one in found.inputs if one.shortfall is not None]
    known.sort(key=lambda pair: -pair[1].total.mean)
    return Table(
        title="What drives shortfall cost",
        columns=("input", "alone", "with interactions"),
        rows=tuple((name, *_share_cells(indices)) for name, indices in known),
        numeric=frozenset({1, 2}),
        note=_shortfall_note(found),
    )


def _spend_ends(one: Driver) -> tuple[Estimate | None, Estimate | None]:
    return one.spend_at_p10_usd, one.spend_at_p90_usd


def _at(what: str) -> tuple[str, str]:
    return f"{what} at its P10", f"{what} at its P90"


def _note(found: Drivers) -> str:
    said = ["Alone, with interactions: shares of the variance of annual list spend; interactions are counted in pairs."]
    if found.spend_unexplained is not None:
        said.append(_unexplained(found.spend_unexplained))
    if errors := [end.se for one in found.inputs for end in _spend_ends(one) if end is not None and end.se]:
        said.append(f"Spend is good to about ± {usd_short(max(errors))}.")
    if found.commit_se_usd:
        said.append(f"Commitments are good to about ± {usd(_rounded(found.commit_se_usd, found.commit_se_usd))}.")
    return " ".join(said)


def _shortfall_note(found: Drivers) -> str:
    said = "Shares of its variance. Interactions are counted in pairs: a share with interactions is a lower bound."
    rest = found.shortfall_unexplained
    return said if rest is None else f"{said} {_unexplained(rest)}"


def _share_cells(indices: Indices | None) -> tuple[str, str]:
    if indices is None:
        return "n/a", "n/a"
    return _share_cell(indices.first_order), _share_cell(indices.total)


def _share_cell(share: Estimate) -> str:
    """A share with its error; one that cannot be told from nothing says below what it is."""
    if share.mean > 0:
        return percent_estimate(share)
    return f"< {percent(max(2 * share.se, 0.001))}"


def _commit_cell(value: float | None, se: float | None) -> str:
    if value is None or not isfinite(value):
        return "n/a"
    if value == 0:
        return "none"
    return usd(_rounded(value, se)) if se else usd_rounded_down(value)


def _rounded(value: float, se: float) -> float:
    """To the first digit of its error."""
    unit = 10.0 ** max(floor(log10(se)), 0)
    return round(value / unit) * unit


def drivers_sentences(found: Drivers) -> tuple[str, ...]:
    """What makes annual spend uncertain, what moves the most dollars, what makes shortfall uncertain; warnings."""
    said = [
        *_uncertain("Annual spend", [(one.name, one.spend) for one in found.inputs]),
        *most_moved(found),
        *_uncertain("Shortfall cost", [(one.name, one.shortfall) for one in found.inputs]),
        *(f"{warning}." for warning in found.warnings),
    ]
    return tuple(said)


def _uncertain(figure: str, inputs: Sequence[tuple[str, Indices | None]]) -> list[str]:
    """The inputs with the largest shares of a figure's variance, and the most that any other has."""
    known = sorted(((name, i) for name, i in inputs if i is not None), key=lambda pair: -pair[1].total.mean)
    if not known:
        return []
    named = [pair for pair in known if pair[1].total.mean >= WORTH_NAMING][:_MOST_NAMED]
    if not named:
        return [f"{figure} hangs on no single input: none explains {percent(WORTH_NAMING, 0)} of its variance."]
    joint = any(i.total.mean - i.first_order.mean >= _WORTH_JOINING for _, i in named)
    (name, indices), *others = named
    said = f"{figure} is uncertain above all because of {spoken_driver(name)} ({_of_variance(indices, joint)})"
    if others:
        said += f", then {_and([f'{spoken_driver(name)} ({_short_share(i, joint)})' for name, i in others])}"
    if unnamed := known[len(named) :]:
        most = max(max(i.total.mean, 2 * i.total.se) for _, i in unnamed)
        said += f"; no other input explains more than {max(ceil(100 * most), 1)}%"
    return [f"{said}."]


def _of_variance(indices: Indices, joint: bool) -> str:
    alone = f"{_alone(indices)} of its variance"
    return f"{alone} alone, {_about(indices.total)} together with other inputs" if joint else alone


def _short_share(indices: Indices, joint: bool) -> str:
    return f"{_alone(indices)} and {_about(indices.total)}" if joint else _alone(indices)


def _alone(indices: Indices) -> str:
    """An estimate can fall below nothing, a share cannot."""
    return _about(indices.first_order) if indices.first_order.mean > 0 else "0%"


def _and(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def spoken_driver(key: str) -> str:
    """An uncertain input inside a sentence, which has colons of its own: "list price moves of opus"."""
    words = driver_name(key)
    for pattern, said in _SPOKEN:
        if found := re.fullmatch(pattern, words):
            return found.expand(said)
    subject, colon, amount = words.rpartition(": ")
    return f"{subject} ({amount})" if colon else words


def _unexplained(rest: Estimate) -> str:
    if rest.mean <= 2 * rest.se:
        most = max(rest.mean + 2 * rest.se, 0.01)
        return f"As far as these paths can tell, the listed inputs leave at most {percent(most, 0)} unexplained."
    return (
        f"The listed inputs, one by one and in pairs, leave {_about(rest)} unexplained: chance inside months and "
        "request types, or what needs three inputs at once."
    )


def _about(share: Estimate) -> str:
    """A share to the digits that are real and matter: a decimal below two points, tens with an error above five."""
    if share.se >= 0.05:
        return f"about {round(share.mean, 1):.0%}"
    return percent(share.mean, 0 if share.se >= 0.005 or share.mean >= 0.02 else 1)


def most_moved(found: Drivers) -> list[str]:
    """The input that moves expected spend most between its P10 and P90, in dollars; empty where none is seen to."""
    moves = [
        (abs(high.mean - low.mean), one, low, high)
        for one in found.inputs
        if (low := one.spend_at_p10_usd) is not None and (high := one.spend_at_p90_usd) is not None
    ]
    seen = [move for move in moves if move[0] > 2 * (move[2].se ** 2 + move[3].se ** 2) ** 0.5]
    if not seen:
        return []
    _, one, low, high = max(seen, key=lambda move: move[0])
    commits = [_commit_cell(value, found.commit_se_usd) for value in (one.commit_at_p10_usd, one.commit_at_p90_usd)]
    return [
        f"The most dollars hang on {spoken_driver(one.name)}: from the low end (P10) to the high end (P90), expected "
        f"annual spend goes from {usd_short(low.mean)} to {usd_short(high.mean)}, and the best commitment from "
        f"{commits[0]} to {commits[1]}."
    ]


def drivers_json(found: Drivers) -> dict[str, Any]:
    """Everything that a script gets; shares are fractions of the variance, null where a figure does not exist."""
    return {
        "inputs": [_driver_json(one) for one in found.inputs],
        "paths": found.paths,
        **_estimate_json(found.spend_usd, "spend", "_usd"),
        "commit_usd_per_year": _finite(found.commit_usd),
        "commit_se_usd": _finite(found.commit_se_usd),
        **_estimate_json(found.spend_unexplained, "unexplained"),
        **_estimate_json(found.shortfall_unexplained, "shortfall_unexplained"),
        "sentences": list(drivers_sentences(found)),
        "warnings": list(found.warnings),
    }


def _driver_json(one: Driver) -> dict[str, Any]:
    return {
        "name": one.name,
        "words": driver_name(one.name),
        **_indices_json(one.spend, ""),
        **_estimate_json(one.spend_at_p10_usd, "spend_at_p10", "_usd"),
        **_estimate_json(one.spend_at_p90_usd, "spend_at_p90", "_usd"),
        "commit_at_p10_usd": _finite(one.commit_at_p10_usd),
        "commit_at_p90_usd": _finite(one.commit_at_p90_usd),
        **_indices_json(one.shortfall, "shortfall_"),
    }


def _indices_json(indices: Indices | None, prefix: str) -> dict[str, float | None]:
    first, total = (None, None) if indices is None else (indices.first_order, indices.total)
    return {**_estimate_json(first, f"{prefix}first_order"), **_estimate_json(total, f"{prefix}total")}


def _estimate_json(value: Estimate | None, name: str, unit: str = "") -> dict[str, float | None]:
    mean, se = (None, None) if value is None else (value.mean, value.se)
    return {f"{name}{unit}": _finite(mean), f"{name}_se{unit}": _finite(se)}


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else value
