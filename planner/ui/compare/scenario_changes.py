"""A change of the plan's scenarios: worked out and put on the screen, or refused where it was asked for."""

from collections.abc import Callable
from typing import Any

from planner.ui.showing.changing import change_plan, nothing, refusal, refused_at
from planner.ui.showing.escape import plain
from planner.ui.state import session


def change_scenarios(text: Callable[[], str], *, pressed: bool, what: str, says: Any, picks: str | None = None) -> None:
    """Work the plan out with another text of it, once pressed. what: is changed, in a few words. picks: the scenario
    that pages show then. Where that fails the plan stays and `says` says why."""
    place = f"scenarios: {what}"
    if pressed:
        done = nothing if picks is None else lambda: session.pick_scenario(picks)
        change_plan(text, what=what, refused=refused_at(place), done=done, says=says)
    elif why := refusal(place):
        says.error(plain(why, 2000))
