"""How wide text is in the workbook's font, and how many lines it takes in a column.

Widths are in column widths as spreadsheets count them: digits of the default font. They are those of Arial, which
Liberation Sans and Helvetica share, in thousandths of the font's size.
"""

from functools import lru_cache
from math import ceil, inf
from typing import Final
from unicodedata import combining, east_asian_width, normalize

_REGULAR: Final = {
    191: "'",
    222: "ijl’",
    260: "|",
    278: " !,./:;I[\\]ft·",
    333: "()-`r“”",
    334: "{}",
    350: "•",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    549: "±≤≥",
    556: "#$0123456789?L_abdeghnopqu–€",
    584: "+<=>~×",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@",
}
_BOLD: Final = {
    238: "'",
    278: " ,./I\\ijl’·",
    280: "|",
    333: "!()-:;[]`ft",
    350: "•",
    389: "*r{}",
    474: '"',
    500: "z“”",
    549: "±≤≥",
    556: "#$0123456789J_aceksvxy–€",
    584: "+<=>^~×",
    611: "?FLTZbdghnopqu",
    667: "EPSVXY",
    722: "&ABCDHKNRU",
    778: "GOQw",
    833: "M",
    889: "%m",
    944: "W",
    975: "@",
}
_DIGIT: Final = 556
_UNKNOWN: Final = 778
_SQUARE: Final = 1000
_DEFAULT_SIZE: Final = 10

ON_SCREEN: Final = 1.05
"""Letters drawn for the screen are set on whole pixels, which makes running text up to a twentieth wider."""


def _by_letter(groups: dict[int, str]) -> dict[str, int]:
    return {letter: width for width, letters in groups.items() for letter in letters}


_LETTERS: Final = {False: _by_letter(_REGULAR), True: _by_letter(_BOLD)}


@lru_cache(maxsize=4096)
def _letter(letter: str, *, bold: bool) -> int:
    """Of letters that are not in the table, accents stand on their letter, and others are taken to be wide."""
    known = _LETTERS[bold]
    if letter in known:
        return known[letter]
    base = normalize("NFKD", letter)[0]
    if base in known:
        return known[base]
    if combining(letter):
        return 0
    return _SQUARE if east_asian_width(letter) in "WF" or letter == "…" else _UNKNOWN


def text_width(text: str, *, size: float = _DEFAULT_SIZE, bold: bool = False) -> float:
    """The width of text on one line, in column widths."""
    known = _LETTERS[bold]
    try:
        thousandths = sum(map(known.__getitem__, text))  # nearly all text, and twice as fast
    except KeyError:
        thousandths = sum(_letter(letter, bold=bold) for letter in text)
    return thousandths * size / (_DIGIT * _DEFAULT_SIZE)


def longest_word(text: str, *, size: float = _DEFAULT_SIZE, bold: bool = False) -> float:
    """The width of the widest word, below which a line breaks inside of words."""
    return max((text_width(word, size=size, bold=bold) for word in text.split()), default=0.0)


def line_count(text: str, width: float, *, size: float = _DEFAULT_SIZE, bold: bool = False) -> int:
    """Lines that text takes in a column, broken between words and inside words that are wider than the column."""
    room, space = max(width, 1.0) / ON_SCREEN, text_width(" ", size=size, bold=bold)
    lines = 0
    for paragraph in text.split("\n"):
        left = -inf  # every paragraph begins a line
        for word in paragraph.split(" "):
            needed = text_width(word, size=size, bold=bold)
            if needed > left:
                lines += max(ceil(needed / room), 1)
                left = room - needed % room if needed > room else room - needed
            else:
                left -= needed
            left -= space
    return lines
