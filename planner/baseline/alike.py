"""Request types that look like one: the same name in another spelling, and names that hold identifiers.

Nothing is merged by itself: each suggestion is rules to paste, with the dollars on each side. The rule is to suggest
too little: numbers in names tell types apart unless they are a version, a date or an identifier.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from planner.measurement import Measurement
from planner.usage.columns import UNTAGGED
from planner.usage.patterns import literally, matches
from planner.usage.rules import TypeRule

LEAST_IDENTIFIERS: Final = 20
"""So many types of one shape, each with few requests, are one type with an identifier in its name."""
_FEW_REQUESTS: Final = 5
_TYPO_WORD: Final = 7
_TYPO_SHARE: Final = 0.05
"""A misspelled name has at most this share of the dollars of the name that it is a spelling of."""
_LONGEST_NAME: Final = 190

_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DATE: Final = r"20[0-9]{2}[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12][0-9]|3[01]))?"
_HEX: Final = r"(?=[0-9a-f]*[0-9])[0-9a-f]{8,}"
_SUFFIX: Final = re.compile(
    rf"[-_./:@# ]+(?:(?P<uuid>{_UUID}|{_HEX})|(?P<date>{_DATE})|(?P<version>v[0-9]+(?:[._-][0-9]+)*))$", re.IGNORECASE
)
_SUFFIX_WORDS: Final = {"uuid": "an identifier", "date": "a date", "version": "a version"}
_IDENTIFIER: Final = re.compile(
    rf"(?<![0-9a-z])(?:{_UUID}|[a-z]{{2,12}}_01[0-9a-z]{{10,40}}|key [0-9a-f]{{6}}|{_HEX}|[0-9]{{3,}})(?![0-9a-z])",
    re.IGNORECASE,
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SEPARATORS: Final = re.compile(r"[\s\-_./:]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Types that a user may want to count as one.

    into: the name of the most dollars, or the name that the rules give. names: (type, list dollars) of those that would
    be renamed, largest first, at most three where they are many; types: how many. why: what they have in common. rules:
    what would merge them.
    """

    into: str
    into_usd: float
    names: tuple[tuple[str, float], ...]
    types: int
    list_cost_usd: float
    why: str
    rules: tuple[TypeRule, ...]


def suggest_merges(measurement: Measurement) -> tuple[Alike, ...]:
    """Types that look like one, the most dollars to be renamed first; those with identifiers in their names before."""
    groups = measurement.daily.groupby("request_type", sort=True)
    usd = {str(name): float(value) for name, value in groups["list_cost_usd"].sum().items() if name != UNTAGGED}
    requests = {str(name): int(value) for name, value in groups["requests"].sum().items()}
    identified = tuple(_identified(usd, requests))
    taken = {name for name in usd for each in identified if matches(each.rules[0].pattern, name)}
    rest = {name: value for name, value in usd.items() if name not in taken and len(name) <= _LONGEST_NAME}
    spelled = [*_respelled(rest), *_misspelled(rest)]
    return (*identified, *sorted(spelled, key=lambda each: (-each.list_cost_usd, each.into)))


# ---------------------------------------------------------------------------------------------------------------------
# Identifiers in names


def _identified(usd: Mapping[str, float], requests: Mapping[str, int]) -> Iterator[Alike]:
    """Many types of one shape, each with few requests."""
    shapes: dict[str, list[str]] = {}
    for name in usd:
        if (shape := _IDENTIFIER.sub("*", name.lower())) != name.lower():
            shapes.setdefault(shape, []).append(name)
    for shape, names in sorted(shapes.items(), key=lambda item: -sum(usd[name] for name in item[1])):
        if len(names) < LEAST_IDENTIFIERS or np.median([requests[name] for name in names]) > _FEW_REQUESTS:
            continue
        pattern = _narrow_pattern(names, usd)
        if pattern is None:
            continue
        into = _SEPARATORS.sub("-", shape.replace("*", " ").strip(" -_./:#@")).strip("-") or "without a name"
        total = sum(usd[name] for name in names)
        largest = sorted(names, key=lambda name: (-usd[name], name))[:3]
        yield Alike(
            into=into,
            into_usd=usd.get(into, 0.0),
            names=tuple((name, usd[name]) for name in largest),
            types=len(names),
            list_cost_usd=total,
            why="an identifier in the name: as many types as requests",
            rules=(TypeRule(pattern=pattern, request_type=into),),
        )


def _narrow_pattern(names: Sequence[str], everything: Iterable[str]) -> str | None:
    """A pattern of all these names and of no other: with *, or with a ? for each character; None where neither is."""
    inside = set(names)
    for wild in (_any_text, _any_characters):
        patterns = {_with_wild(name, wild) for name in names}
        if len(patterns) != 1:
            continue
        (pattern,) = patterns
        if pattern.strip("*") and all(name in inside or not matches(pattern, name) for name in everything):
            return pattern
    return None


def _any_text(_: re.Match[str]) -> str:
    return "*"


def _any_characters(found: re.Match[str]) -> str:
    return re.sub(r"[0-9A-Za-z]", "?", found[0])


def _with_wild(name: str, wild: Callable[[re.Match[str]], str]) -> str:
    parts, at = [], 0
    for found in _IDENTIFIER.finditer(name.lower()):
        parts += [literally(name.lower()[at : found.start()]), wild(found)]
        at = found.end()
    return "".join([*parts, literally(name.lower()[at:])])


# ---------------------------------------------------------------------------------------------------------------------
# Other spellings of a name


def _respelled(usd: Mapping[str, float]) -> Iterator[Alike]:
    """Names that are one once case, separators, plurals and suffixes are left away."""
    clusters: dict[tuple[str, ...], list[str]] = {}
    for name in usd:
        clusters.setdefault(_words(_without_suffix(name)[0]), []).append(name)
    for words, names in clusters.items():
        if words and len(names) > 1:
            yield _alike(names, usd, _difference(names))


def _without_suffix(name: str) -> tuple[str, str | None]:
    """The name without a version, a date or an identifier at its end, and which of them it was."""
    found = _SUFFIX.search(name)
    return (name, None) if found is None else (name[: found.start()], _SUFFIX_WORDS[str(found.lastgroup)])


def _words(name: str) -> tuple[str, ...]:
    """The words of a name in the singular, without case."""
    parts = _SEPARATORS.split(_CAMEL.sub(" ", name.strip()))
    return tuple(_singular(part.lower()) for part in parts if part)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _difference(names: Sequence[str]) -> str:
    suffixes = sorted({word for name in names if (word := _without_suffix(name)[1])})
    if suffixes:
        return f"one has {' or '.join(suffixes)} at its end"
    if len({name.lower() for name in names}) == 1:
        return "differ in case"
    if len({_SEPARATORS.sub("-", _CAMEL.sub(" ", name).lower()) for name in names}) == 1:
        return "differ in separators"
    return "singular and plural"


def _misspelled(usd: Mapping[str, float]) -> Iterator[Alike]:
    """Long names that differ by one letter of one long word, the smaller of few dollars."""
    near: dict[tuple[str, ...], set[str]] = {}
    words = {name: tuple(part.lower() for part in _SEPARATORS.split(_CAMEL.sub(" ", name)) if part) for name in usd}
    for name, parts in words.items():
        for at, word in enumerate(parts):
            if len(word) >= _TYPO_WORD - 1 and word.isalpha():
                for shorter in {word, *(word[:cut] + word[cut + 1 :] for cut in range(1, len(word)))}:
                    near.setdefault((*parts[:at], f"\0{shorter}", *parts[at + 1 :]), set()).add(name)
    pairs = {
        (small, large)
        for names in near.values()
        for small in names
        for large in names
        if usd[small] <= _TYPO_SHARE * usd[large] and _is_typo(words[small], words[large])
    }
    done: set[str] = set()
    for small, large in sorted(pairs, key=lambda pair: (-usd[pair[1]], pair)):
        if small not in done:
            done.add(small)
            yield _alike([small, large], usd, "differ by one letter")


def _is_typo(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether exactly one word differs, by one letter put in, left out, changed or swapped with its neighbour."""
    different = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
    if len(one) != len(other) or len(different) != 1:
        return False
    a, b = different[0]
    if min(len(a), len(b)) < _TYPO_WORD - 1 or max(len(a), len(b)) < _TYPO_WORD or _singular(a) == _singular(b):
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    tails = a[start:], b[start:]
    swapped = tails[0][1::-1] == tails[1][:2] and tails[0][2:] == tails[1][2:]
    changed = tails[0][1:] == tails[1][1:]
    return start > 0 and (swapped or changed or tails[0][1:] == tails[1] or tails[0] == tails[1][1:])


def _alike(names: Sequence[str], usd: Mapping[str, float], why: str) -> Alike:
    into, *others = sorted(names, key=lambda name: (-usd[name], name))
    patterns = dict.fromkeys(literally(name.lower()) for name in others)
    return Alike(
        into=into,
        into_usd=usd[into],
        names=tuple((name, usd[name]) for name in others),
        types=len(others),
        list_cost_usd=sum(usd[name] for name in others),
        why=why,
        rules=tuple(TypeRule(pattern=pattern, request_type=into) for pattern in patterns),
    )
