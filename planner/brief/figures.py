"""Every figure of a text, and which of them do not stand in another text, to the digits that are written.

Nothing that looks like a figure is passed over: what cannot be read as one is a figure that matches nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from planner.brief.number_words import CARDINALS, ORDINALS, VAGUE, cardinal

Day = tuple[int | None, int | None, int | None]
"""Year, month and day, as far as they are said."""

_UNREADABLE: Final = "unreadable"
_COUNT: Final = "count"
_NEAR: Final = Decimal("0.05")
"""Of itself: a figure with one digit may be rounded by no more, or "$2M" would stand for $1.5M."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure as it is written. unit: usd, percent, count, a span of time, or what else; step: of its last digit.
    "name": digits inside a word, or years 1 to 3; "words": a fraction in words, with the words that say of what.

    day: of a date; then value says nothing. rate: the span that it is said to be for, such as "month" of "$5 a month".
    """

    text: str
    unit: str
    value: Decimal = Decimal(0)
    step: Decimal = Decimal(1)
    day: Day | None = None
    rate: str = ""
    start: int = 0
    stop: int = 0


def unmatched(answer: str, sent: str) -> tuple[str, ...]:
    """The figures of an answer, as written, that are not among those sent: each once, in order."""
    known = figures_in(sent)
    return tuple(dict.fromkeys(f.text for f in figures_in(answer) if not any(_is_same(f, other) for other in known)))


def _is_same(said: Figure, sent: Figure) -> bool:
    """Whether a figure is one that was sent, perhaps to fewer digits and without its sign."""
    if said.unit != sent.unit or said.unit == _UNREADABLE or said.rate not in ("", sent.rate):
        return False
    if said.day is not None or sent.day is not None:
        return _is_same_day(said.day, sent.day)
    if said.unit in ("name", "words"):
        return said.text.lower() == sent.text.lower()
    value = sent.value if said.value < 0 else abs(sent.value)
    off = abs(said.value - value)
    return said.step >= sent.step and off <= said.step / 2 and off <= _NEAR * abs(value)


def _is_same_day(said: Day | None, sent: Day | None) -> bool:
    if said is None or sent is None:
        return False
    return all(part is None or part == other for part, other in zip(said, sent, strict=True))


# --- reading ---------------------------------------------------------------------------------------------------------

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_MONTH: Final = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|"
    r"Nov(?:ember)?|Dec(?:ember)?)\.?"
)
_ALONE: Final = r"January|February|April|June|July|August|September|October|November|December"
_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
_SCALE: Final = {"": 0, "k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "billion": 9}
_UNIT: Final = (
    r"%|percentage\s+points?|basis\s+points?|points?|percent|per\s?cent|pct|pp|bps|US\s+dollars?|dollars?|USD|cents?|¢|"
    r"\$|euros?|pounds?|x|×|times|fold|months?|years?|weeks?|days?|hours?|quarters?|paths?|st|nd|rd|th"
)
_VAGUE: Final = "|".join(VAGUE).replace(" ", r"[\s-]+")
_PER: Final = r"(?:\s?/\s?|\s+(?:an?|per|each|every)\s+|\s+)"
_SPAN: Final = (
    r"(?:contract\s+)?(?:year|quarter|month|week|day|hour)\b|"
    r"(?:yearly|annually|quarterly|monthly|weekly|daily|hourly)\b"
)
_SPANS: Final = {"annually": "year", "daily": "day"}
_SCANNER: Final = re.compile(
    rf"""
    (?P<iso>\d{{4}}-\d{{2}}-\d{{2}}(?!\d))
    |(?P<iso_month>(?<![\d-])\d{{4}}-\d{{2}}(?![\d-]))
    |(?P<dmy>\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?:,?\s+\d{{4}})?)(?![\w])
    |(?P<mdy>\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?)(?![\w%])
    |(?P<my>\b{_MONTH},?\s+\d{{4}})(?!\w)
    |(?P<month>\b(?:{_ALONE})\b|(?:\b(?:in|of|by|from|until|since|before|after|through|early|late|mid)\s+)(?:May|March)\b(?!\s+\d))
    |(?P<nth>\b(?:{"|".join(ORDINALS)})[\s-]+(?:contract[\s-]+)?(?:year|quarter|month|period)s?\b)
    |(?P<span>\b(?:year|quarter|month|period)s?\s+\d+\s?(?:to|-|\u2013)\s?\d+)(?![\w.,]*\d)
    |(?P<numbered>\b(?:year|quarter|month|period)s?\s+\d+)(?![\w.,]*\d)
    |(?P<vague>\b(?:{_VAGUE})\b(?:\s+[^\W\d]+){{0,3}})
    |(?P<name>[A-Za-z_][A-Za-z_.-]*\d(?:[\w.-]*\w)?)
    |(?P<number>
        (?P<sign>(?<![\w.%])[-\u2212\u2013]\s?|\b(?:minus|negative)\s+)?
        (?:(?P<currency>(?:US\s?|\b[A-Z]{{1,3}})?\$\s?|\bUSD\s?|[\u20ac\u00a3\u00a5\u20b9]\s?)(?P<sign_inside>[-\u2212])?)?
        (?P<digits>{_NUMBER})
        (?:[\s-]?(?P<scale>thousand|million|billion|bn|mn|[kKmMbB])(?![A-Za-z]))?
        (?:[\s-]{{0,2}}(?P<unit>{_UNIT})(?![A-Za-z]))?
        (?:{_PER}(?P<rate>{_SPAN}))?
     )
    |(?P<roman>\b(?-i:[IVX]{{2,}})\b)
    |(?P<words>(?P<word_sign>\b(?:minus|negative)\s+)?\b(?P<word_number>{CARDINALS})\b(?:[\s-](?P<word_unit>{_UNIT})(?![A-Za-z]))?(?:{_PER}(?P<word_rate>{_SPAN}))?)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_UNITS: Final = {
    "percent": ("%", "percent", "per cent", "pct", "pp", "point", "percentage point"),
    "usd": ("us dollar", "dollar", "usd", "$"),
    "times": ("x", "×", "time", "fold"),
}
_CANONICAL: Final = {word: unit for unit, words in _UNITS.items() for word in words}
_RANGE: Final = re.compile(r"\s?(?:to|and|or|-|\u2013|\u2014)\s?", re.IGNORECASE)
_ERROR: Final = re.compile(r"\s?(?:±|\+/-|plus or minus)\s?", re.IGNORECASE)


def figures_in(text: str) -> tuple[Figure, ...]:
    """Every figure of a text, in order; what has digits and cannot be read is a figure of no known unit."""
    odd = [
        Figure(text=char, unit=_UNREADABLE)
        for char in text
        if not char.isascii() and unicodedata.numeric(char, None) is not None
    ]
    plain = unicodedata.normalize("NFKC", text)
    found = [figure for match in _SCANNER.finditer(plain) for figure in _read(match, plain)]
    return (*odd, *_with_shared_units(found, plain))


def _read(match: re.Match[str], text: str) -> Iterator[Figure]:
    kind, said = match.lastgroup or "", match[0]
    kind = next(name for name in _READERS if match[name] is not None)
    figure = _READERS[kind](match)
    if figure is None:
        return
    after = text[match.end() : match.end() + 1]
    if kind == "number" and (after.isalpha() or after == "_"):
        figure = replace(figure, unit=_UNREADABLE)
    yield replace(figure, text=said.strip(), start=match.start(), stop=match.end())


def _number(match: re.Match[str]) -> Figure:
    digits = match["digits"].replace(",", "")
    decimals = len(digits.partition(".")[2])
    currency, unit = (match["currency"] or "").strip().lower(), (match["unit"] or "").lower()
    scale = Decimal(10) ** _SCALE[(match["scale"] or "").lower()]
    value = Decimal(digits) * scale
    if match["sign"] or match["sign_inside"]:
        value = -value
    step = scale / Decimal(10) ** decimals
    name, factor = _unit_of(unit)
    if currency:
        is_plain = name in (_COUNT, "usd") or unit in ("month", "months", "year", "years")
        name = "usd" if currency in ("$", "us$", "us $", "usd") and is_plain else _UNREADABLE
    is_year = name == _COUNT and not match["scale"] and not decimals and re.fullmatch(r"(?:19|20)\d\d", match["digits"])
    return Figure(
        text="", unit="date" if is_year else name, value=value * factor, step=step * factor,
        day=(int(digits), None, None) if is_year else None, rate=_span_of(match["rate"]),
    )  # fmt: skip


def _span_of(said: str | None) -> str:
    """The span of a rate: "month" of "per month" and of "monthly"."""
    word = (said or "").lower()
    return _SPANS.get(word) or (word.removesuffix("ly").split() or [""])[-1]


def _unit_of(word: str) -> tuple[str, Decimal]:
    """The unit that a word stands for, and what a figure is multiplied by."""
    word = " ".join(word.split())
    one = word if word in ("%", "×", "x", "bps", "pp", "¢") else word.removesuffix("s")
    if one in ("basis point", "bps"):
        return "percent", Decimal("0.01")
    if one in ("cent", "¢"):
        return "usd", Decimal("0.01")
    if one in ("euro", "pound", "st", "nd", "rd", "th", "t"):
        return _UNREADABLE, Decimal(1)
    return _CANONICAL.get(one, one) or _COUNT, Decimal(1)


def _words(match: re.Match[str]) -> Figure | None:
    words, unit, sign = match["word_number"], match["word_unit"] or "", match["word_sign"]
    if words.lower() == "one" and not unit:
        return None  # a pronoun
    name, factor = _unit_of(unit.lower())
    value = cardinal(words) * factor
    return Figure(
        text="", unit=name, value=-value if sign else value, step=factor, rate=_span_of(match["word_rate"])
    )  # fmt: skip


def _dated(match: re.Match[str]) -> Figure:
    said = match[0]
    month = re.search(_MONTH, said, re.IGNORECASE)
    if month is None:
        parts = [int(part) for part in said.split("-")]
        return Figure(text="", unit="date", day=(parts[0], parts[1], parts[2] if len(parts) > 2 else None))
    number = next(i for i, name in enumerate(_MONTHS, start=1) if name.startswith(month[0].lower()[:3]))
    numbers = [int(digits) for digits in re.findall(r"\d+", said)]
    year = next((value for value in numbers if value > 31), None)
    day = next((value for value in numbers if value <= 31), None)
    return Figure(text="", unit="date", day=(year, number, day))


def _numbered(match: re.Match[str]) -> Figure:
    word, _, number = match["numbered"].rpartition(" ")
    return Figure(text="", unit=f"number of a {word.strip().lower().removesuffix('s')}", value=Decimal(number.strip()))


def _nth(match: re.Match[str]) -> Figure:
    first, *_, last = match["nth"].lower().replace("-", " ").split()
    return Figure(text="", unit=f"number of a {last.removesuffix('s')}", value=Decimal(ORDINALS[first]))


_READERS: Final = {
    **dict.fromkeys(("iso", "iso_month", "dmy", "mdy", "my", "month"), _dated),
    "nth": _nth,
    "span": lambda match: Figure(text="", unit="name"),
    "numbered": _numbered,
    "vague": lambda match: Figure(text="", unit="words"),
    "name": lambda match: Figure(text="", unit="name"),
    "number": _number,
    "roman": lambda match: Figure(text="", unit=_UNREADABLE),
    "words": _words,
}


def _with_shared_units(found: Sequence[Figure], text: str) -> Iterator[Figure]:
    """Figures of a range and an error take the unit of their neighbour: "8 to 10%", "$5 ± 1"."""
    for index, figure in enumerate(found):
        if figure.unit == _COUNT and index > 0 and _ERROR.fullmatch(text[found[index - 1].stop : figure.start]):
            figure = replace(figure, unit=found[index - 1].unit)
        elif figure.unit == _COUNT and index + 1 < len(found):
            following = found[index + 1]
            if _RANGE.fullmatch(text[figure.stop : following.start]) and following.unit in ("percent", "usd"):
                figure = replace(figure, unit=following.unit)
        yield figure
