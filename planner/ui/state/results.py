"""Results that pages asked for, kept for the session under the key of the plan that they belong to."""

from collections.abc import Callable
from typing import Any

from planner.ui.state.kept import is_kept, once
from planner.ui.state.session import Loaded
from planner.waterfall import Waterfall, waterfalls


def waterfalls_of(current: Loaded) -> dict[str, Waterfall]:
    """The waterfall of every scenario of the plan on the screen, worked out once per key."""
    found: dict[str, Waterfall] = result_of("waterfalls", current, lambda: waterfalls(current.plan))
    return found


def has_result(kind: str, current: Loaded) -> bool:
    """Whether a result of a kind was worked out in this session for the plan on the screen."""
    return is_kept(kind, current.key)


def result_of(kind: str, current: Loaded, make: Callable[[], Any]) -> Any:
    """A result of a kind for the plan on the screen, worked out once per key. Errors: as make."""
    return once(kind, current.key, make)
