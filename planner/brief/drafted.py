"""Prose that a model drafted and whose every figure stands in what it was sent."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Paragraphs of plain text. stand_ins: (name in the text, what it stands for). model: that wrote them; on: the day;
    cost_usd: of the request and its answer."""

    paragraphs: tuple[str, ...]
    stand_ins: tuple[tuple[str, str], ...]
    model: str
    on: date
    cost_usd: float
