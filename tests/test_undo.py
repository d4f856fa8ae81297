"""Undo and redo: a history of plans under its laws, and in the app over every kind of change."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as some

from planner.ui.state.history import MOST_HELD, MOST_STEPS, History, Step


def quiet(step: str, done: float) -> None:
    """Nobody watches."""


def makes(value: str, made: list[str]) -> Callable[[], Callable[[object], str]]:
    def make(report: object) -> str:
        made.append(value)
        return value

    return lambda: make


@given(some.lists(some.one_of(some.sampled_from(["undo", "redo"]), some.integers(0, 3)), max_size=150))
def test_a_history_is_two_stacks(commands: list[str | int]) -> None:
    made: list[str] = []
    history: History[str] = History()
    history.add(Step(what="start", key="s", again=makes("s", made)), "s")
    back, here, onward = [], "s", []  # the model: two stacks and what is between them
    for number, command in enumerate(commands):
        if isinstance(command, int):
            key = here if command == 0 else f"{command}:{number}"  # 0: the plan that is there, once more
            history.add(Step(what=key, key=key, again=makes(key, made)), key)
            if key != here:
                back, here, onward = [*back, here], key, []
        elif step := history.at(-1 if command == "undo" else 1):
            shown = history.of(step)(quiet)
            history.go(-1 if command == "undo" else 1, shown)
            assert shown == step.key, "the same, held or worked out again"
            if command == "undo":
                back, here, onward = back[:-1], back[-1], [here, *onward]
            else:
                back, here, onward = [*back, here], onward[0], onward[1:]
        back = back[-(MOST_STEPS - 1 - len(onward)) :]
        assert history.at(0).key == here
        assert (history.at(-1) is None) == (not back)
        assert (history.at(1) is None) == (not onward)
        assert len(history.held) <= MOST_HELD + 1
        assert len(history.steps) <= MOST_STEPS
        assert here in history.held


def test_old_plans_are_let_go_and_worked_out_again() -> None:
    made: list[str] = []
    history: History[str] = History()
    for key in "abcdefgh":
        history.add(Step(what=key, key=key, again=makes(key, made)), key)
    for key in "gfedcba":
        history.go(-1, history.of(history.at(-1))(quiet))
        assert history.at(0).key == key
    assert made == list("cba"), "those that are no longer held, and no other"
    assert history.at(-1) is None
    with pytest.raises(IndexError, match="no step"):
        history.go(-1, "")
