"""What to pull from Anthropic's Usage and Cost Analytics: which days, by which dimensions, inside its limits."""

import calendar
import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from planner.errors import InputError

Kind = Literal["usage", "cost"]

DIMENSIONS: Final = (
    "actor",
    "actor_type",
    "agent_id",
    "api_key_id",
    "claude_tag_category",
    "claude_tag_user_id",
    "context_window",
    "deployment_id",
    "environment_id",
    "inference_geo",
    "model",
    "organization_id",
    "product",
    "service_tier",
    "session_id",
    "slack_channel_id",
    "speed",
    "user_profile_id",
    "workspace_id",
)
"""What the usage and the cost endpoint both break their rows out by. Left out are rbac_group_id, whose rows overlap,
and cost_type and token_type, under which a cost row no longer counts requests."""

DEFAULT_GROUP_BY: Final = ("api_key_id", "workspace_id", "model", "service_tier", "context_window")
MOST_DIMENSIONS: Final = 5
FIRST_DAY: Final = date(2026, 1, 1)
"""Before it the endpoint has nothing."""
DAYS_BACK: Final = 364
"""The endpoint goes 365 days back from now; 364 back from today is the earliest whole day in that."""
WINDOW_DAYS: Final = 31
"""The longest range of one request."""
DEFAULT_MONTHS: Final = 12
MOST_RETRIES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """Which usage to pull.

    first_day, last_day: UTC days, both included. group_by: the endpoint's names of up to five dimensions, model
    among them. with_cost: pull billed cost beside usage, by the same dimensions. max_retries: how often the SDK asks
    again after a refusal that may pass (408, 409, 429, 5xx, a broken connection), with its own pauses.
    Errors: InputError for days before 2026-01-01 or in the wrong order, and for dimensions that cannot be priced,
    added up or asked for.
    """

    first_day: date
    last_day: date
    group_by: tuple[str, ...] = DEFAULT_GROUP_BY
    with_cost: bool = True
    max_retries: int = 5

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise InputError(f"{self.first_day} to {self.last_day}: the first day comes after the last; swap them")
        if self.first_day < FIRST_DAY:
            raise InputError(f"{self.first_day}: the endpoint has nothing before {FIRST_DAY}; start there or later")
        if not 0 <= self.max_retries <= MOST_RETRIES:
            raise InputError(f"{self.max_retries} retries: give 0 to {MOST_RETRIES}")
        _check_dimensions(self.group_by)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return ("usage", "cost") if self.with_cost else ("usage",)

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(
            self.first_day + timedelta(days=index) for index in range((self.last_day - self.first_day).days + 1)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayWindow:
    """Consecutive UTC days that one request covers: first_day included, end_day not."""

    first_day: date
    end_day: date

    def __str__(self) -> str:
        last = self.end_day - timedelta(days=1)
        return str(self.first_day) if last == self.first_day else f"{self.first_day} to {last}"


def earliest_day(today: date) -> date:
    """The first day that the endpoint still gives."""
    return max(FIRST_DAY, today - timedelta(days=DAYS_BACK))


def default_days(today: date, first_day: date | None = None, last_day: date | None = None) -> tuple[date, date]:
    """The first and the last day where the user gave one of them or neither.

    Neither: the last 12 complete calendar months, or as many whole ones as the endpoint still gives; before the first
    month is complete, from its first day to yesterday. A first day alone: to yesterday, the last complete day. A last
    day alone: the months up to its own.
    """
    earliest, yesterday = earliest_day(today), today - timedelta(days=1)
    if first_day is not None:
        return first_day, last_day or yesterday
    end = last_day or today.replace(day=1) - timedelta(days=1)
    start = _month_start(end, 1 - DEFAULT_MONTHS)
    if start < earliest:
        start = earliest if earliest.day == 1 else _month_start(earliest, 1)
    if start > end:
        start = earliest if last_day is not None else start
        end = last_day or yesterday
    return start, end


def _month_start(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, len(calendar.month_name) - 1)
    return date(day.year + years, month + 1, 1)


def dimension_names(typed: Sequence[str]) -> tuple[str, ...]:
    """Dimensions as people type them (api_key, workspace, agent, model...) in the endpoint's names.

    Errors: InputError for one that there is not.
    """
    known = (*DIMENSIONS, "rbac_group_id")
    found = []
    for text in typed:
        name = text.strip().lower().replace("-", "_").replace(" ", "_")
        name = name if name in known else f"{name}_id"
        found.append(name if name in known else text.strip())
    return tuple(found)


def _check_dimensions(group_by: Sequence[str]) -> None:
    """Errors: InputError naming the dimension and the remedy."""
    for name in group_by:
        if name == "rbac_group_id":
            raise InputError(
                "group by rbac_group_id: its rows overlap (a person in two groups counts in both) and add up to more "
                "than was used; leave it out, or group by workspace_id"
            )
        if name in ("cost_type", "token_type"):
            raise InputError(f"group by {name}: its rows count no requests, so nothing adds up; leave it out")
        if name not in DIMENSIONS:
            near = difflib.get_close_matches(name, DIMENSIONS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise InputError(f"group by {name}: there is no such dimension; {hint}Known: {', '.join(DIMENSIONS)}")
    if len(set(group_by)) < len(group_by):
        raise InputError(f"group by {', '.join(group_by)}: a dimension is there twice; name each once")
    if "model" not in group_by:
        given = ", ".join(group_by) or "nothing"
        raise InputError(f"group by {given}: without model no row can be priced; add model to the list")
    if len(group_by) > MOST_DIMENSIONS:
        raise InputError(
            f"group by {', '.join(group_by)}: the endpoint takes {MOST_DIMENSIONS} dimensions at most; leave "
            f"{len(group_by) - MOST_DIMENSIONS} out"
        )


def windows(days: Collection[date]) -> Iterator[DayWindow]:
    """Days as runs of consecutive ones, none longer than one request may ask for, in order."""
    run: list[date] = []
    for day in sorted(days):
        if run and (day != run[-1] + timedelta(days=1) or len(run) == WINDOW_DAYS):
            yield DayWindow(first_day=run[0], end_day=run[-1] + timedelta(days=1))
            run = []
        run.append(day)
    if run:
        yield DayWindow(first_day=run[0], end_day=run[-1] + timedelta(days=1))
