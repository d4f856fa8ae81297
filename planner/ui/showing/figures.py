"""A figure to show by itself."""

from collections.abc import Callable
from dataclasses import dataclass

from planner.provenance import Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure with its name, its Monte Carlo error in words where it has one, and what it means in full.

    provenance: tells where it comes from, worked out only when somebody asks; None where nothing is known of it.
    """

    name: str
    value: str
    meaning: str
    error: str = ""
    provenance: Callable[[], Provenance] | None = None


def error_words(words: str) -> str:
    """The error of an estimate as `planner.words` tells it: what follows the value in `$1,234,500 ± 700`."""
    _, found, error = words.partition(" ± ")
    return f"± {error}" if found else ""
