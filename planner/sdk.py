"""Anthropic's API through the anthropic SDK: the key, the client, and its errors in plain words.

The key comes from the environment, goes into the SDK's client and nowhere else: no message, file or log holds it, and
a redirect, which would carry it to another address, is an error. Retries and their pauses are the SDK's own.
"""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from planner.errors import UsageError

if TYPE_CHECKING:
    from anthropic import Anthropic as Anthropic
    from anthropic import AnthropicError, APIStatusError

TOKEN_VARIABLE: Final = "ANTHROPIC_AUTH_TOKEN"
"""The variable that holds an OAuth token in place of a key."""

NOT_SENT: Final = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"})
"""Errors of a connection that was never made, by name: the server has seen nothing of the request."""

_LONGEST_WORDS: Final = 300
_IN_PLACE_OF_A_KEY: Final = "[key]"
_LOGS_REQUESTS: Final = "anthropic._base_client"
_BROKEN_OFF: Final = frozenset({"RemoteProtocolError", "ReadError", "DecodingError"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a key has to open, in the words that are said where there is none or where it does not.

    variables: where a key is looked for, the first that is set counts. needed: what kind of key. where: who makes one.
    without: how to go on. may: what a key without the right may not do. absent: what else to check where an endpoint
    is not found, None where the API's own words say more. other: a variable that holds a key of the wrong kind, and
    what to say where it alone is set.
    """

    variables: tuple[str, ...]
    needed: str
    where: str
    without: str
    may: str
    timeout_seconds: float
    absent: str | None = None
    other: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A client of the API. key_name: where its key is from. secrets: what no text may hold. retries: its own."""

    client: "Anthropic"
    access: Access
    key_name: str
    secrets: tuple[str, ...] = field(repr=False)
    retries: int
    is_ours: bool

    def without_secrets(self, text: str) -> str:
        """Text that somebody else wrote, on one line, cut where it is long, without the key and control characters."""
        for secret in self.secrets:
            text = text.replace(secret, _IN_PLACE_OF_A_KEY)
        words = " ".join(text.split())
        words = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in words)
        return words if len(words) <= _LONGEST_WORDS else f"{words[: _LONGEST_WORDS - 3]}..."

    def data_without_secrets(self, data: Any) -> Any:
        """JSON data that somebody else wrote, without the key. Errors: RecursionError where it is nested too deeply."""
        text = found = json.dumps(data)
        for secret in self.secrets:
            found = found.replace(json.dumps(secret)[1:-1], _IN_PLACE_OF_A_KEY)
        return data if found == text else json.loads(found)

    def close(self) -> None:
        """Close the client, where it is not the caller's."""
        if self.is_ours:
            self.client.close()


def sdk_version() -> str:
    """The SDK and its version, for the record of what was asked."""
    return f"anthropic {version('anthropic')}"


def connect(
    access: Access,
    *,
    max_retries: int,
    client: "Anthropic | None" = None,
    middleware: Sequence[Any] = (),
) -> Connection:
    """A client with the key of the environment, or the caller's own with as many retries.

    middleware: called around each attempt. Errors: UsageError where there is no key, saying what to set, or where the
    client cannot be made.
    """
    logging.getLogger(_LOGS_REQUESTS).addFilter(_without_requests)  # the same filter is added once
    if client is not None:
        secrets = tuple(secret for secret in (client.api_key, client.auth_token) if secret)
        own = client.with_options(max_retries=max_retries)
        if middleware:
            own = own.with_options(middleware=middleware)
        return Connection(
            client=own,
            access=access,
            key_name="the client's key",
            secrets=secrets,
            retries=max_retries,
            is_ours=False,
        )
    name, key = key_of(access, os.environ)
    # A heavy dependency behind a door: it takes a second or two to load, and few commands need it.
    from anthropic import Anthropic, DefaultHttpxClient  # noqa: PLC0415

    credential = {"auth_token": key} if name == TOKEN_VARIABLE else {"api_key": key}
    try:
        made = Anthropic(
            **credential,  # type: ignore[arg-type]
            max_retries=max_retries,
            timeout=access.timeout_seconds,
            http_client=DefaultHttpxClient(follow_redirects=False),
            middleware=middleware,
            open_telemetry=False,
        )
    except Exception as error:  # whatever the client makes of an address or a proxy that is none
        said = f"the SDK's client cannot be made ({type(error).__name__}); check ANTHROPIC_BASE_URL and proxy settings"
    else:
        return Connection(client=made, access=access, key_name=name, secrets=(key,), retries=max_retries, is_ours=True)
    raise UsageError(said)


def _without_requests(record: logging.LogRecord) -> bool:
    """Whether a line of the SDK's log may be kept: with ANTHROPIC_LOG=debug it writes down whole requests."""
    return not str(record.msg).startswith("Request options")


def key_of(access: Access, environment: Mapping[str, str]) -> tuple[str, str]:
    """The variable that holds a key, and the key. Errors: UsageError where there is none, or none that can be sent."""
    for name in access.variables:
        key = environment.get(name, "").strip()
        if not key:
            continue
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise UsageError(f"{name} holds what cannot be a key (spaces, line breaks or other letters); set it again")
        return name, key
    other = access.other
    wrong = "" if other is None or not environment.get(other[0], "").strip() else f" {other[1]}"
    raise UsageError(
        f"No key: set {access.variables[0]} (or {' or '.join(access.variables[1:])}) in the environment to "
        f"{access.needed}; {access.where}.{wrong} {access.without}"
    )


def cause_names(error: BaseException) -> set[str]:
    """The names of what an SDK's error of a connection rests on, and of what that is a kind of."""
    return {kind.__name__ for kind in type(error.__cause__ or error).__mro__}


def why(error: "AnthropicError", connection: Connection) -> str:
    """What went wrong in plain words, and what to do."""
    from anthropic import APIConnectionError, APIStatusError, APITimeoutError  # noqa: PLC0415

    tries = f"{connection.retries + 1} {'try' if connection.retries == 0 else 'tries'}"
    host = connection.client.base_url.host
    if isinstance(error, APIStatusError):
        request = error.response.headers.get("request-id")
        named = "" if request is None else f" (request {connection.without_secrets(request)})"
        return f"{_refused(error, connection, tries)}{named}"
    if isinstance(error, APITimeoutError):
        seconds = connection.access.timeout_seconds
        return f"{host} did not answer within {seconds:.0f} seconds in {tries}; try again later"
    if isinstance(error, APIConnectionError):
        if cause_names(error) & _BROKEN_OFF:
            return f"the reply of {host} broke off in {tries}; try again later"
        return (
            f"no connection to {host} ({type(error.__cause__).__name__}) in {tries}; check the network, "
            "ANTHROPIC_BASE_URL and proxy settings"
        )
    return f"the SDK could not ask ({type(error).__name__})"


def _refused(error: "APIStatusError", connection: Connection, tries: str) -> str:
    status, key, access = error.status_code, connection.key_name, connection.access
    said = connection.without_secrets(error.api_message or "it does not say why")
    if status == 401:
        return (
            f"Anthropic does not accept {key} (401): it is wrong, expired or switched off. It has to be "
            f"{access.needed}; {access.where}. {access.without}"
        )
    if status == 403:
        return f"{key} may not {access.may} (403): it has to be {access.needed}; {access.where}. {access.without}"
    if status == 404 and access.absent is not None:
        return f"{connection.client.base_url.host} has no such endpoint (404); {access.absent}"
    if status == 429:
        return f"Anthropic limits how often it may be asked (429), in {tries}; wait some minutes"
    if status >= 500:
        return f"Anthropic's server failed ({status}) in {tries}; try again later"
    if 300 <= status < 400:
        return (
            f"{connection.client.base_url.host} sends elsewhere ({status}), and a key is not sent on; set the right "
            "address"
        )
    return f"Anthropic refused the request ({status}): {said}"
