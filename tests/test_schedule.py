"""When levers start: milestones, teams, and what a plan file may say of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from planner.distributions import Chance, Point, pert
from planner.errors import InputError
from planner.lever_costs.applied_levers import AppliedLever, lever_inputs, waiting_inputs
from planner.levers import CacheLever, Milestone, Ramp, Scenario, Team
from planner.plan_file.lever_sections import MilestoneSection, RampSection, TeamSection
from planner.plan_file.schedule import Schedule

PLATFORM, DATA = Team(name="platform", slip_months=Point(2.0)), Team(name="data", slip_months=Point(5.0))


def start_of(ramp: Ramp) -> float:
    """The month from which a step ramp with certain dates is adopted."""
    lever = AppliedLever(key="lever", ramp=ramp, amounts=())
    drawn = {key: np.array([value.mean]) for key, value in lever_inputs("lever", ramp, {}).items()}
    adopted = lever.ramped(np.arange(-100.0, 100.0), drawn)[:, 0]
    return float(np.arange(-100.0, 100.0)[adopted > 0][0]) if adopted.any() else np.inf


def milestone(name: str, month: float, *after: Milestone, **more: Any) -> Milestone:
    return Milestone(name=name, month=Point(month), after=after, **more)


def test_a_ramp_counts_from_the_latest_of_its_milestones():
    early, late = milestone("early", 3.0), milestone("late", 7.0)
    assert start_of(Ramp(start_month=Point(2.0))) == 2
    assert start_of(Ramp(start_month=Point(2.0), after=(early, late))) == 9
    assert start_of(Ramp(start_month=Point(-1.0), after=(early,))) == 2


def test_milestones_wait_for_one_another():
    first = milestone("first", 3.0)
    second = milestone("second", 4.0, first)
    assert start_of(Ramp(after=(second,))) == 7
    assert [item.name for item in Ramp(after=(second, first)).milestones] == ["first", "second"]


def test_a_slip_counts_once_along_the_work_of_one_team():
    own = milestone("evaluation", 3.0, team=PLATFORM)
    assert start_of(Ramp(team=PLATFORM)) == 2
    assert start_of(Ramp(after=(own,))) == 5
    assert start_of(Ramp(after=(own,), team=PLATFORM)) == 5
    assert start_of(Ramp(after=(own,), team=DATA)) == 10
    between = milestone("gateway", 1.0, own, team=DATA)
    assert start_of(Ramp(after=(between,), team=PLATFORM)) == 3 + 2 + 1 + 5


def test_more_work_of_a_team_never_makes_a_lever_earlier():
    late = milestone("late", 6.0)
    alone = start_of(Ramp(after=(late,), team=PLATFORM))
    assert alone == 6 + 2
    assert start_of(Ramp(after=(milestone("early", 0.0, team=PLATFORM), late), team=PLATFORM)) == alone


def test_milestones_that_all_wait_for_all_of_the_layer_before_are_each_dated_once():
    """2^30 chains: a walk of each would not end."""
    layer: tuple[Milestone, ...] = ()
    for depth in range(30):
        layer = tuple(milestone(f"{side} {depth}", 1.0, *layer, team=PLATFORM) for side in ("left", "right"))
    assert start_of(Ramp(after=layer, team=DATA)) == 30 + 2 + 5
    assert len(Ramp(after=layer).milestones) == 60


def test_what_waits_for_something_that_never_happens_is_never_adopted():
    never = milestone("never", 0.0, probability=0.0)
    assert start_of(Ramp(after=(never,))) == np.inf
    assert start_of(Ramp(after=(milestone("later", 1.0, never),))) == np.inf
    ramp = Ramp(months=Point(3.0), after=(never,))
    lever = AppliedLever(key="lever", ramp=ramp, amounts=())
    drawn = {key: np.array([value.mean]) for key, value in lever_inputs("lever", ramp, {}).items()}
    assert not lever.ramped(np.arange(24.0), drawn).any()


def test_a_milestone_and_a_team_are_one_draw_wherever_they_stand():
    graded = Milestone(name="graded", month=pert(0, 1, 4, whole=True), probability=0.7, team=PLATFORM)
    one, two = Ramp(after=(graded,)), Ramp(after=(milestone("live", 1.0, graded),), team=PLATFORM)
    shared = {"milestone/graded.month", "milestone/graded.happens", "team/platform.slip_months"}
    assert set(waiting_inputs(one)) == shared
    assert shared < set(waiting_inputs(two))
    assert waiting_inputs(one)["milestone/graded.happens"] == Chance(0.7)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_chance_comes_up_as_often_as_it_says(probability):
    z = np.linspace(-4.0, 4.0, 8001)
    happens = Chance(probability).from_normal(z)
    weights = np.exp(-(z**2) / 2)
    assert float(happens @ weights / weights.sum()) == pytest.approx(probability, abs=1e-3)
    assert (np.diff(happens) >= 0).all()


def schedule(*milestones: dict[str, Any], teams: tuple[str, ...] = ()) -> Schedule:
    return Schedule.of(
        [TeamSection(name=name) for name in teams], [MilestoneSection.model_validate(item) for item in milestones]
    )


@pytest.mark.parametrize(
    ("milestones", "message"),
    [
        ([{"name": "a", "month": 1}, {"name": "a", "month": 2}], r"two \[\[milestone\]\] are named 'a'"),
        (
            [{"name": "a", "month": 1, "after": ["b"]}],
            r"milestone 'a': after = 'b': no \[\[milestone\]\] has this name",
        ),
        ([{"name": "a", "month": 1, "after": ["a"]}], "'a' after 'a' wait for each other"),
        (
            [{"name": "a", "month": 1, "after": ["b"]}, {"name": "b", "month": 1, "after": ["a"]}],
            "'a' after 'b' after 'a' wait for each other",
        ),
        ([{"name": "a", "month": 1, "team": "platfrom"}], "Did you mean 'platform'"),
    ],
)
def test_what_a_plan_may_not_say_of_milestones(milestones, message):
    with pytest.raises(InputError, match=message):
        schedule(*milestones, teams=("platform",))


def test_a_ramp_that_names_what_is_not_there_is_an_error_that_says_whose_it_is():
    known = schedule({"name": "triage graded", "month": 1})
    with pytest.raises(InputError, match=r"'triage': ramp.after = 'triage grded'.*Did you mean 'triage graded'"):
        known.ramp(RampSection(after=["triage grded"]), where="route of 'triage'")
    with pytest.raises(InputError, match=r"ramp.team = 'x': no \[\[team\]\] has this name. Known: none"):
        known.ramp(RampSection(team="x"), where="route of 'triage'")


def test_what_nothing_waits_for_is_said():
    known = schedule({"name": "graded", "month": 1}, {"name": "live", "month": 2}, teams=("platform",))
    used = Scenario(name="routed", caches=(replace(CACHE, ramp=Ramp(after=(known.milestones["live"],))),))
    said = known.unused([used])
    assert [note for note in said if "'live'" in note] == []
    assert any("milestone 'graded'" in note for note in said)
    assert any("team 'platform'" in note for note in said)


CACHE = CacheLever(request_type="chat", cacheable_fraction=Point(0.5), hit_rate=Point(0.5))
