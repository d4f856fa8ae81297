"""Anthropic's Usage and Cost Analytics through the anthropic SDK: the key, pages of rows, and errors in plain words.

The key comes from the environment, goes into the SDK's client and nowhere else: no message, file or log holds it, and
a redirect, which would carry it to another address, is an error. Retries and their pauses are the SDK's own.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from planner.errors import UsageError
from planner.pull.request import DayWindow, Kind
from planner.pull.rows import moment

if TYPE_CHECKING:
    from anthropic import Anthropic as Anthropic
    from anthropic import AnthropicError, APIStatusError

KEY_VARIABLES: Final = ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
"""Where a key is looked for, the first that is set counts. The SDK knows the last two by itself; the last holds an
OAuth token."""

ROWS_PER_PAGE: Final = 1000
TIMEOUT_SECONDS: Final = 120.0

_NEEDED: Final = "an Admin key, or a key or token with the scope read:analytics"
_WHERE: Final = "an administrator makes one in the Claude Console under Settings, Admin keys"
_WITHOUT: Final = (
    "To go on without a key, export usage in the Console as CSV, or save the endpoint's reply as JSON, and measure "
    "that file"
)
_LONGEST_WORDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A client of the endpoint. key_name: where its key is from. secrets: what no text may hold. retries: its own."""

    client: "Anthropic"
    key_name: str
    secrets: tuple[str, ...] = field(repr=False)
    retries: int
    is_ours: bool

    def without_secrets(self, text: str) -> str:
        """Text that somebody else wrote, on one line, cut where it is long, without the key."""
        for secret in self.secrets:
            text = text.replace(secret, "[key]")
        words = " ".join(text.split())
        return words if len(words) <= _LONGEST_WORDS else f"{words[: _LONGEST_WORDS - 3]}..."

    def close(self) -> None:
        """Close the client, where it is not the caller's."""
        if self.is_ours:
            self.client.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of one reply. place: what was asked, for messages. organization_id: None where the reply has none."""

    rows: Sequence[Any]
    refreshed_at: datetime | None
    organization_id: str | None
    place: str


def sdk_version() -> str:
    """The SDK and its version, for the record of a pull."""
    return f"anthropic {version('anthropic')}"


def open_source(max_retries: int, client: "Anthropic | None" = None) -> Source:
    """A client with the key of the environment, or the caller's own with as many retries.

    Errors: UsageError where there is no key, saying what to set, or where the client cannot be made.
    """
    if client is not None:
        secrets = tuple(secret for secret in (client.api_key, client.auth_token) if secret)
        own = client.with_options(max_retries=max_retries)
        return Source(client=own, key_name="the client's key", secrets=secrets, retries=max_retries, is_ours=False)
    name, key = _key(os.environ)
    # A heavy dependency behind a door: it takes a second or two to load, and only a pull needs it.
    from anthropic import Anthropic, DefaultHttpxClient  # noqa: PLC0415

    credential = {"auth_token": key} if name == KEY_VARIABLES[-1] else {"api_key": key}
    try:
        made = Anthropic(
            **credential,  # type: ignore[arg-type]
            max_retries=max_retries,
            timeout=TIMEOUT_SECONDS,
            http_client=DefaultHttpxClient(follow_redirects=False),
        )
    except Exception as error:  # whatever the client makes of an address or a proxy that is none
        said = f"the SDK's client cannot be made ({type(error).__name__}); check ANTHROPIC_BASE_URL and proxy settings"
    else:
        return Source(client=made, key_name=name, secrets=(key,), retries=max_retries, is_ours=True)
    raise UsageError(said)


def _key(environment: Mapping[str, str]) -> tuple[str, str]:
    """The variable that holds a key, and the key. Errors: UsageError where there is none, or none that can be sent."""
    for name in KEY_VARIABLES:
        key = environment.get(name, "").strip()
        if not key:
            continue
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UsageError(f"{name} holds what cannot be a key (spaces, line breaks or other letters); set it again")
        return name, key
    raise UsageError(
        f"No key: set {KEY_VARIABLES[0]} (or {' or '.join(KEY_VARIABLES[1:])}) in the environment to {_NEEDED}; "
        f"{_WHERE}. {_WITHOUT}"
    )


def pages(source: Source, kind: Kind, window: DayWindow, group_by: Sequence[str]) -> Iterator[Page]:
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
    source: Source, kind: Kind, window: DayWindow, group_by: Sequence[str], token: str | None, place: str
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
        said = _why(error, source)
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


def _why(error: "AnthropicError", source: Source) -> str:
    """What went wrong in plain words, and what to do."""
    from anthropic import APIConnectionError, APIStatusError, APITimeoutError  # noqa: PLC0415

    tries = f"{source.retries + 1} {'try' if source.retries == 0 else 'tries'}"
    host = source.client.base_url.host
    if isinstance(error, APIStatusError):
        request = error.response.headers.get("request-id")
        named = "" if request is None else f" (request {source.without_secrets(request)})"
        return f"{_refused(error, source, tries)}{named}"
    if isinstance(error, APITimeoutError):
        return f"{host} did not answer within {TIMEOUT_SECONDS:.0f} seconds in {tries}; try again later"
    if isinstance(error, APIConnectionError):
        kinds = {kind.__name__ for kind in type(error.__cause__).__mro__}
        if kinds & {"RemoteProtocolError", "ReadError", "DecodingError"}:
            return f"the reply of {host} broke off in {tries}; try again later"
        return (
            f"no connection to {host} ({type(error.__cause__).__name__}) in {tries}; check the network, "
            "ANTHROPIC_BASE_URL and proxy settings"
        )
    return f"the SDK could not ask ({type(error).__name__})"


def _refused(error: "APIStatusError", source: Source, tries: str) -> str:
    status, key = error.status_code, source.key_name
    said = source.without_secrets(error.api_message or "it does not say why")
    if status == 401:
        return (
            f"Anthropic does not accept {key} (401): it is wrong, expired or switched off. It has to be {_NEEDED}; "
            f"{_WHERE}. {_WITHOUT}"
        )
    if status == 403:
        return f"{key} may not read usage (403): it has to be {_NEEDED}; {_WHERE}. {_WITHOUT}"
    if status == 404:
        return (
            f"{source.client.base_url.host} has no such endpoint (404); check ANTHROPIC_BASE_URL, and whether the "
            "organisation has Usage and Cost Analytics, which is in beta"
        )
    if status == 429:
        return f"Anthropic limits how often it may be asked (429), in {tries}; wait some minutes"
    if status >= 500:
        return f"Anthropic's server failed ({status}) in {tries}; try again later"
    if 300 <= status < 400:
        return (
            f"{source.client.base_url.host} sends elsewhere ({status}), and a key is not sent on; set the right address"
        )
    return f"Anthropic refused the request ({status}): {said}"
