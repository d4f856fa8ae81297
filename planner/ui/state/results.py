"""Results that pages asked for, kept for the session under the key of the plan that they belong to."""

from collections.abc import Callable
from typing import Any, Final

from planner.backtest.folds import backtest
from planner.backtest.judge import Backtest
from planner.drivers import Drivers
from planner.opportunities.report import Suggestion
from planner.opportunities.suggest import suggestion
from planner.plan_drivers import plan_drivers
from planner.ui.state.kept import is_kept, once
from planner.ui.state.session import Loaded, Report
from planner.waterfall import Waterfall, waterfalls

_BACKTEST: Final = "backtest"
_SUGGESTION: Final = "suggestion"


def has_backtest(current: Loaded) -> bool:
    """Whether the plan on the screen was backtested in this session."""
    return has_result(_BACKTEST, current)


def backtest_of(current: Loaded, report: Report) -> Backtest:
    """The backtest of the plan on the screen, run once per key. Errors: PlannerError."""
    found: Backtest = result_of(_BACKTEST, current, lambda: backtest(current.plan.inputs, report))
    return found


def drivers_of(current: Loaded) -> Drivers:
    """What drives the plan on the screen, worked out once per key."""
    found: Drivers = result_of("drivers", current, lambda: plan_drivers(current.plan))
    return found


def waterfalls_of(current: Loaded) -> dict[str, Waterfall]:
    """The waterfall of every scenario of the plan on the screen, worked out once per key."""
    found: dict[str, Waterfall] = result_of("waterfalls", current, lambda: waterfalls(current.plan))
    return found


def has_suggestion(current: Loaded) -> bool:
    """Whether opportunities were looked for in this session."""
    return has_result(_SUGGESTION, current)


def suggestion_of(current: Loaded, report: Report) -> Suggestion:
    """What is suggested for the plan on the screen, worked out once per key. Errors: PlannerError."""
    found: Suggestion = result_of(_SUGGESTION, current, lambda: suggestion(current.plan.inputs, None, report))
    return found


def has_result(kind: str, current: Loaded) -> bool:
    """Whether a result of a kind was worked out in this session for the plan on the screen."""
    return is_kept(kind, current.key)


def result_of(kind: str, current: Loaded, make: Callable[[], Any]) -> Any:
    """A result of a kind for the plan on the screen, worked out once per key. Errors: as make."""
    return once(kind, current.key, make)
