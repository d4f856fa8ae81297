"""Numbers that are spelled out: forty-two, three thousand, a dozen, twice, two thirds."""

from decimal import Decimal
from typing import Final

_SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_UNITS: Final = {word: number for number, word in enumerate(_SMALL)}
_TENS: Final = {
    word: 10 * number
    for number, word in enumerate(
        ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"), start=2
    )
}
_SCALES: Final = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
    "trillion": 1_000_000_000_000,
}
ORDINALS: Final = {
    word: number
    for number, word in enumerate(
        ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), start=1
    )
}
"""Ordinals that number a year, a quarter or a month."""

VAGUE: Final = (
    *("half", "halves", "halve", "halved", "halving", "twice", "thrice", "double", "doubles", "doubled", "doubling"),
    *("triple", "triples", "tripled", "tripling", "quadruple", "quadrupled", "twofold", "threefold", "fourfold"),
    *("fivefold", "tenfold", "dozens", "hundreds", "thousands", "millions", "billions", "thirds", "fourths", "fifths"),
    *(
        "sixfold",
        "sevenfold",
        "eightfold",
        "ninefold",
        "hundredfold",
        "manifold",
        "quintuple",
        "quintupled",
        "sextuple",
        "couple",
        "handful",
        "decade",
        "decades",
        "fortnight",
        "majority",
    ),
    *(
        "minority",
        "decile",
        "quartile",
        "single digit",
        "year one",
        "quarter one",
        "month one",
        "a fourth",
        "one fourth",
    ),
    *("one fifth", "one sixth", "one seventh", "one eighth", "one ninth", "one tenth", "a sixth", "a seventh"),
    *("an eighth", "a ninth", "a hundredth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth"),
    *("sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "thirtieth", "fortieth", "fiftieth"),
    *("sixtieth", "seventieth", "eightieth", "ninetieth", "hundredth", "thousandth"),
    *("quarters of", "tenths", "a third", "one third", "a quarter of", "one quarter of", "a fifth", "a tenth"),
)
"""Fractions, multipliers and magnitudes in words: nothing that is sent is written like this."""

_CARDINAL: Final = "|".join(sorted((*_UNITS, *_TENS, *_SCALES), key=len, reverse=True))
CARDINALS: Final = rf"(?:(?:an?|{_CARDINAL})(?:[\s-]+(?:and[\s-]+)?(?:{_CARDINAL}))+|(?:{_CARDINAL}))"
"""A pattern of cardinals in a row, which may begin with "a"."""


def cardinal(words: str) -> Decimal:
    """The number that cardinals in a row come to: "two hundred and five thousand" is 205,000."""
    total, part = 0, 0
    for word in words.lower().replace("-", " ").split():
        if word in _UNITS or word in _TENS:
            part += _UNITS.get(word, 0) + _TENS.get(word, 0)
        elif word in ("hundred", "dozen"):
            part = max(part, 1) * _SCALES[word]
        elif word in _SCALES:
            total, part = total + max(part, 1) * _SCALES[word], 0
    return Decimal(total + part)
