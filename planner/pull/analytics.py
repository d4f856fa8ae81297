"""Anthropic's Usage and Cost Analytics through the anthropic SDK: what opens it, and pages of rows."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from planner.errors import UsageError
from planner.pull.request import DayWindow, Kind
from planner.pull.rows import moment
from planner.sdk import TOKEN_VARIABLE, Access, Connection, connect, why

if TYPE_CHECKING:
    from anthropic import Anthropic

KEY_VARIABLES: Final = ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_API_KEY", TOKEN_VARIABLE)
"""Where a key is looked for, the first that is set counts. The SDK knows the last two by itself."""

ROWS_PER_PAGE: Final = 1000

_ANALYTICS: Final = Access(
    variables=KEY_VARIABLES,
    needed="an Admin key, or a key or token with the scope read:analytics",
    where="an administrator makes one in the Claude Console under Settings, Admin keys",
    without="To go on without a key, export usage in the Console as CSV, or save the endpoint's reply as JSON, and "
    "measure that file",
    may="read usage",
    absent="check ANTHROPIC_BASE_URL, and whether the organisation has Usage and Cost Analytics, which is in beta",
    timeout_seconds=120.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one reply. place: what was asked, for messages. organization_id: None where the reply has none."""

    rows: Sequence[Any]
    refreshed_at: datetime | None
    organization_id: str | None
    place: str


def open_source(max_retries: int, client: "Anthropic | None" = None) -> Connection:
    """The endpoint, with the key of the environment or the caller's own client. Errors: as connect."""
    return connect(_ANALYTICS, max_retries=max_retries, client=client)


def pages(source: Connection, kind: Kind, window: DayWindow, group_by: Sequence[str]) -> Iterator[Page]:
    """All pages of a window by day, oldest day first.

    Errors: UsageError naming the window for every refusal and for a reply that is cut off or is not the endpoint's.
    """
    token: str | None = None
    followed = set()
    number = 0
    while True:
        number += 1
        place = f"{kind} of {window}, page {number}"
        reply, organization_id = _reply(source, kind, window, group_by, token, place)
        yield _page(reply, organization_id, place)
        token = _next_token(reply, place)
        if token is None:
            return
        if token in followed:
            raise UsageError(f"{place}: the reply leads back to a page that was read already; try again later")
        followed.add(token)


def _reply(
    source: Connection, kind: Kind, window: DayWindow, group_by: Sequence[str], token: str | None, place: str
) -> tuple[dict[str, Any], str | None]:
    """One reply as the endpoint wrote it, and the organisation that it is of.

    Errors are raised outside of the handler, so that none of the SDK's, which hold the headers sent, hangs on them.
    """
    from anthropic import AnthropicError  # noqa: PLC0415

    analytics = source.client.beta.organization.analytics
    endpoint: Any = analytics.usage if kind == "usage" else analytics.cost
    try:
        raw = endpoint.with_raw_response.list(
            starting_at=_midnight(window.first_day),
            ending_at=_midnight(window.end_day),
            time_bucket_width="1d",
            group_by=list(group_by),
            order_by="time",
            order="asc",
            limit=ROWS_PER_PAGE,
            page=token,
        )
        text, organization_id = raw.text(), raw.headers.get("anthropic-organization-id")
    except AnthropicError as error:
        said = why(error, source)
    else:
        return _json(text, place), organization_id
    raise UsageError(f"{place}: {said}")


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def _json(text: str, place: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_no_number)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(
            f"{place}: the reply is no JSON object; it was cut off, or something on the way changed it. Try again, and "
            "check ANTHROPIC_BASE_URL and proxy settings"
        )
    return found


def _no_number(text: str) -> None:
    raise ValueError(text)


def _page(reply: Mapping[str, Any], organization_id: str | None, place: str) -> Page:
    rows = reply.get("data")
    if not isinstance(rows, list):
        raise UsageError(f"{place}: the reply has no list named data, so it is not the endpoint's; check the address")
    refreshed_at = moment(reply.get("data_refreshed_at"), f"{place}, data_refreshed_at")
    return Page(rows=rows, refreshed_at=refreshed_at, organization_id=organization_id, place=place)


def _next_token(reply: Mapping[str, Any], place: str) -> str | None:
    """The token of the next page, None after the last. Errors: UsageError where there is more, but no way to it."""
    token = reply.get("next_page")
    if reply.get("has_more") is False or (token is None and reply.get("has_more") is None):
        return None
    if not isinstance(token, str) or not token:
        raise UsageError(f"{place}: the reply says that there is more and not where (next_page); try again later")
    return token
