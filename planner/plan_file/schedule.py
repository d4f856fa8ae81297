"""From [[team]], [[milestone]] and the ramps of a plan file to when levers start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from planner.errors import InputError
from planner.levers import Milestone, Ramp, Scenario, Team
from planner.plan_file.lever_sections import MilestoneSection, RampSection, TeamSection

Named = TypeVar("Named")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The teams and milestones of a plan by name, and the ramps that refer to them."""

    teams: Mapping[str, Team]
    milestones: Mapping[str, Milestone]

    @classmethod
    def of(cls, teams: Sequence[TeamSection], milestones: Sequence[MilestoneSection]) -> "Schedule":
        """Errors: InputError for a name that stands twice or nowhere, and for milestones that wait for each other."""
        _once("team", [team.name for team in teams])
        _once("milestone", [milestone.name for milestone in milestones])
        known = {team.name: Team(name=team.name, slip_months=team.slip_months) for team in teams}
        sections = {milestone.name: milestone for milestone in milestones}
        made: dict[str, Milestone] = {}
        for name in sections:
            _make(name, sections, known, made, ())
        return cls(teams=known, milestones=made)

    def ramp(self, section: RampSection, *, where: str) -> Ramp:
        """The ramp of a lever; where: whose it is, for the error that a name is not known."""
        return Ramp(
            start_month=section.start_month,
            months=section.months,
            ceiling=section.ceiling,
            after=tuple(_find(name, self.milestones, f"{where}: ramp.after", "milestone") for name in section.after),
            team=None if section.team is None else _find(section.team, self.teams, f"{where}: ramp.team", "team"),
        )

    def unused(self, scenarios: Sequence[Scenario]) -> tuple[str, ...]:
        """Milestones and teams that no lever of any scenario waits for, as sentences."""
        ramps = [lever.ramp for scenario in scenarios for lever in scenario.levers]
        waited = {milestone.name for ramp in ramps for milestone in ramp.milestones}
        teams = [ramp.team for ramp in ramps] + [self.milestones[name].team for name in waited]
        busy = {team.name for team in teams if team is not None}
        idle = [("milestone", name) for name in self.milestones if name not in waited]
        idle += [("team", name) for name in self.teams if name not in busy]
        return tuple(f"{kind} '{name}': no lever waits for it, so it has no effect" for kind, name in idle)


def _make(
    name: str,
    sections: Mapping[str, MilestoneSection],
    teams: Mapping[str, Team],
    made: dict[str, Milestone],
    waiting: tuple[str, ...],
) -> Milestone:
    if name in waiting:
        circle = "' after '".join((*waiting[waiting.index(name) :], name))
        raise InputError(f"milestone: '{circle}' wait for each other; take one of them out of `after`")
    if name not in made:
        section, where = sections[name], f"milestone '{name}'"
        before = [_find(other, sections, f"{where}: after", "milestone").name for other in section.after]
        made[name] = Milestone(
            name=name,
            month=section.month,
            probability=section.probability,
            after=tuple(_make(other, sections, teams, made, (*waiting, name)) for other in before),
            team=None if section.team is None else _find(section.team, teams, f"{where}: team", "team"),
        )
    return made[name]


def _find(name: str, known: Mapping[str, Named], where: str, kind: str) -> Named:
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    guess = f" Did you mean '{near[0]}'?" if near else ""
    names = ", ".join(known) or "none"
    raise InputError(f"{where} = '{name}': no [[{kind}]] has this name.{guess} Known: {names}")


def _once(kind: str, names: Sequence[str]) -> None:
    if doubled := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two [[{kind}]] are named '{doubled}'; give each a name of its own")
