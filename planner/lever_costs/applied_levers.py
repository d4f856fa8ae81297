"""Levers as a simulation applies them: which uncertain inputs each depends on, and how far it is adopted on a path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from planner.distributions import Chance, Distribution, Point
from planner.levers import Milestone, Ramp, Team, adoption
from planner.units import FloatArray

Drawn = Mapping[str, FloatArray]
"""Values of the uncertain inputs by key, each of shape (n_paths,)."""

Teams = frozenset[str]
"""Teams by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedLever:
    """A lever whose uncertain parts are looked up among the drawn inputs under `key`. amounts: the names of them."""

    key: str
    ramp: Ramp
    amounts: tuple[str, ...]

    @property
    def ramp_keys(self) -> tuple[str, ...]:
        """Drawn inputs that its adoption depends on."""
        own = tuple(f"{self.key}.{name}" for name in ("start_month", "months", "ceiling"))
        return (*own, *waiting_inputs(self.ramp))

    @property
    def input_keys(self) -> tuple[str, ...]:
        """Every drawn input that it reads."""
        return (*self.ramp_keys, *(f"{self.key}.{name}" for name in self.amounts))

    def ramped(self, months: FloatArray, drawn: Drawn) -> FloatArray:
        """a(t), shape (n_months, n_paths)."""
        return adoption(
            months[:, None],
            start=drawn[f"{self.key}.start_month"] + _waited(self.ramp, drawn),
            span=drawn[f"{self.key}.months"],
            ceiling=drawn[f"{self.key}.ceiling"],
        )

    def adopted(self, months: FloatArray, drawn: Drawn, amount: str) -> FloatArray:
        """a(t) times the drawn amount, shape (n_months, n_paths)."""
        return self.ramped(months, drawn) * drawn[f"{self.key}.{amount}"]


def lever_inputs(key: str, ramp: Ramp, amounts: Mapping[str, Distribution]) -> dict[str, Distribution]:
    """The uncertain inputs of a lever, by key."""
    own = {"start_month": ramp.start_month, "months": ramp.months, "ceiling": ramp.ceiling, **amounts}
    return {f"{key}.{name}": value for name, value in own.items()} | waiting_inputs(ramp)


def waiting_inputs(ramp: Ramp) -> dict[str, Distribution]:
    """What the start of a lever waits for: dates of milestones, whether they happen, and slips of teams.

    A milestone or a team has the same key in every lever and every scenario, and so the same draw.
    """
    found: dict[str, Distribution] = {}
    for item in ramp.milestones:
        certain = item.probability in (0.0, 1.0)
        found[f"milestone/{item.name}.month"] = item.month
        found[f"milestone/{item.name}.happens"] = Point(item.probability) if certain else Chance(item.probability)
    for team in (ramp.team, *(item.team for item in ramp.milestones)):
        if team is not None:
            found[f"team/{team.name}.slip_months"] = team.slip_months
    return found


def _waited(ramp: Ramp, drawn: Drawn) -> FloatArray:
    """Months that a ramp's own start is pushed back by what it waits for; infinite where that never happens.

    The longest chain of what comes before it; a team that stands in a chain more than once slips once in it.
    """
    chains = _Chains(drawn)
    return chains.slip(ramp.team, frozenset()) + chains.latest(ramp.after, _with(ramp.team, frozenset()))


@dataclass(frozen=True, slots=True)
class _Chains:
    """Dates of milestones, (n_paths,), in chains whose later work has the slips of some teams (`late`) already.

    known: dates by milestone and `late`, because the chains of a plan meet.
    """

    drawn: Drawn
    known: dict[tuple[str, Teams], FloatArray] = field(default_factory=dict)

    def latest(self, milestones: Sequence[Milestone], late: Teams) -> FloatArray:
        """The latest of the milestones; 0 where there is none."""
        return reduce(np.maximum, (self.date(item, late) for item in milestones)) if milestones else np.zeros(1)

    def date(self, milestone: Milestone, late: Teams) -> FloatArray:
        """The contract month of a milestone without the slips of `late`; infinite where it does not happen."""
        key = milestone.name, late
        if key not in self.known:
            drawn, name, team = self.drawn, f"milestone/{milestone.name}", milestone.team
            before = self.latest(milestone.after, _with(team, late))
            month = drawn[f"{name}.month"] + self.slip(team, late) + before
            self.known[key] = np.where(drawn[f"{name}.happens"] > 0, month, np.inf)
        return self.known[key]

    def slip(self, team: Team | None, late: Teams) -> FloatArray:
        """The slip of a team, unless it counts already."""
        return np.zeros(1) if team is None or team.name in late else self.drawn[f"team/{team.name}.slip_months"]


def _with(team: Team | None, late: Teams) -> Teams:
    return late if team is None else late | {team.name}
