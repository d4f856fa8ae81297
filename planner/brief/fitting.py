"""What fits on one printed page: the size of its letters, and how many of the warnings it has room for."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from planner.brief.brief import Brief


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintSize:
    """A size of letters. name: its class in the style sheet. across, aside: characters of a line over the page and in
    half of it; page: lines of the page, charts taking `charts` of them."""

    name: str
    across: int
    aside: int
    page: float
    charts: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The size of letters, the warnings that are shown, the most consequential first, and how many are not."""

    size: PrintSize
    warnings: tuple[str, ...]
    left_out: int


# What an A4 page holds by the style sheet; lines are counted on the careful side of what Chromium makes of them.
_SIZES: Final = (
    PrintSize(name="plain", across=135, aside=62, page=79.0, charts=19.0),
    PrintSize(name="middle", across=145, aside=66, page=86.0, charts=20.5),
    PrintSize(name="full", across=155, aside=71, page=94.5, charts=22.0),
)
_HEADING: Final = 2.0
_AROUND: Final = 7.0
"""Lines of title, footer and the space between parts."""


def fitted(brief: Brief, *, figure_rows: int) -> Fitted:
    """The largest size where everything fits; else the smallest, with as many warnings as fit, at least one."""
    for size in _SIZES:
        room = size.page - _above(brief, size, figure_rows) - _AROUND
        if max(_listed(brief.changes, size), _listed(brief.warnings, size)) <= room:
            return Fitted(size=size, warnings=brief.warnings, left_out=0)
    shown = len(brief.warnings)
    while shown > 1 and _listed(brief.warnings[:shown], size) + 1.0 > room:
        shown -= 1
    return Fitted(size=size, warnings=brief.warnings[:shown], left_out=len(brief.warnings) - shown)


def _above(brief: Brief, size: PrintSize, figure_rows: int) -> float:
    """Lines of everything above the warnings."""
    first, *others = brief.sign
    sign = 1.2 * _lines([first], int(size.across / 1.3)) + _lines(others, size.across)
    best = 2.0 + 2.0 * len(brief.alternatives) + 3.0 + _lines(brief.next_best, size.aside)
    halves = max(_listed(brief.why, size), _listed(brief.risk, size)) + _HEADING + max(1.15 * figure_rows + 1.0, best)
    return _HEADING + sign + halves + size.charts


def _listed(sentences: Sequence[str], size: PrintSize) -> float:
    return _HEADING + _lines(sentences, size.aside) + 0.15 * len(sentences) if sentences else 0.0


def _lines(sentences: Sequence[str], width: int) -> int:
    return sum(len(wrap(sentence, width)) for sentence in sentences)
