"""The plans that were on the screen, in order, and which of them is: what undo and redo go through.

Of every step its name and how to work it out again are kept; of the plans themselves only the last few that were shown.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

Report = Callable[[str, float], None]
Shown = TypeVar("Shown")

MOST_STEPS: Final = 100
MOST_HELD: Final = 4
"""Plans that are held beside the one on the screen: one of 100,000 paths takes some 40 MB, one of a million 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[Shown]):
    """A change. what: was changed, in a few words. key: of what it led to; again: gives what works that out once more,
    in any thread."""

    what: str
    key: str
    again: Callable[[], Callable[[Report], Shown]]


@dataclass(slots=True, kw_only=True)
class History(Generic[Shown]):
    """Steps, the first of which is the start, and the place of the one on the screen among them."""

    steps: list[Step[Shown]] = field(default_factory=list)
    place: int = -1
    held: dict[str, Shown] = field(default_factory=dict)

    def add(self, step: Step[Shown], shown: Shown) -> None:
        """A step from the one on the screen: what was undone before it is gone. The same plan again is no step."""
        here = self.at(0)
        if here is None or here.key != step.key:
            del self.steps[self.place + 1 :]
            self.steps.append(step)
            del self.steps[:-MOST_STEPS]
            self.place = len(self.steps) - 1
        self._hold(step.key, shown)

    def at(self, offset: int) -> Step[Shown] | None:
        """The step so many after the one on the screen (before it, where negative); None beyond the ends."""
        place = self.place + offset
        return self.steps[place] if 0 <= place < len(self.steps) else None

    def of(self, step: Step[Shown]) -> Callable[[Report], Shown]:
        """What gives what a step led to, in any thread, worked out again where it is no longer held. Errors: as
        step.again."""
        if (held := self.held.get(step.key)) is not None:
            return lambda report: held
        return step.again()

    def go(self, offset: int, shown: Shown) -> None:
        """Another step is on the screen. Errors: IndexError beyond the ends."""
        step = self.at(offset)
        if step is None:
            raise IndexError(f"no step at {self.place} + {offset} of {len(self.steps)}")
        self.place += offset
        self._hold(step.key, shown)

    def _hold(self, key: str, shown: Shown) -> None:
        """The last that were shown are the last to go."""
        self.held.pop(key, None)
        self.held[key] = shown
        while len(self.held) > MOST_HELD + 1:
            del self.held[next(iter(self.held))]
