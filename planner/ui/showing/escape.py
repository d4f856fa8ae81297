"""Text that others wrote, made inert in Markdown on the screen."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 600
_PUNCTUATION = re.compile(r"([!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~])")
_ADDRESS = re.compile(r"(?i)(https?|www|(?<=\S)(?=@))(?=:|\.|@)")
_JOINER: Final = "\u2060"
"""Seen by no one; an address with it inside is not made a link, which a backslash does not prevent."""


def visible(text: str, longest: int = LONGEST) -> str:
    """Text for a place that shows it letter by letter, such as a list to pick from.

    Control and direction-changing characters become spaces or nothing, and what is longer than `longest` is cut.
    """
    spaced = re.sub(r"\s+", " ", text)
    seen = "".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cf", "Co", "Cs"))
    return seen if len(seen) <= longest else seen[: longest - 1] + "…"


def plain(text: str, longest: int = LONGEST) -> str:
    """Text for a place that reads Markdown: visible, and without links, LaTeX or colours."""
    return _PUNCTUATION.sub(r"\\\1", _ADDRESS.sub(rf"\1{_JOINER}", visible(text, longest)))
