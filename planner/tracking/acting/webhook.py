"""Alerts sent to an address of the user's: one POST of JSON, and never a reason to lose the report.

The address comes from the environment and goes into the request and nowhere else: it may hold a token, so no message
or log has it or a part of it. A redirect is not followed, because it would carry the report to another address.
"""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

WEBHOOK_VARIABLE: Final = "PLANNER_WEBHOOK_URL"
TIMEOUT_SECONDS: Final = 10.0

_LOGS_ADDRESSES: Final = (
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
)


def send_alerts(report: Mapping[str, Any]) -> str | None:
    """POST a report to the address in PLANNER_WEBHOOK_URL.

    What went wrong in a sentence; None where it was sent, or no address is set. Never raises.
    """
    address = os.environ.get(WEBHOOK_VARIABLE, "").strip()
    if not address:
        return None
    try:
        body = json.dumps(dict(report), allow_nan=False)
    except (TypeError, ValueError) as error:
        return _not_sent(f"the report cannot be written as JSON ({type(error).__name__})")
    wrong = _wrong_with(address) or _posted(address, body)
    return None if wrong is None else _not_sent(wrong)


def _not_sent(why: str) -> str:
    return f"The alerts were not sent: {why}."


def _wrong_with(address: str) -> str | None:
    """Why an address cannot be one, in words that have nothing of it."""
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        has_host = False
        parts = urlsplit("")
    if parts.scheme in ("http", "https") and has_host and address.isprintable() and " " not in address:
        return None
    return f"{WEBHOOK_VARIABLE} holds no address; give one that begins with https:// or http://, or unset it"


def _posted(address: str, body: str) -> str | None:
    """What went wrong with a POST, in words without the address; None where it arrived."""
    try:
        with (
            _unlogged(),
            httpx2.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
            client.stream("POST", address, content=body, headers={"content-type": "application/json"}) as response,
        ):
            status = response.status_code  # the reply itself is of no use, and could be endless
    except httpx2.TimeoutException:
        return f"the server of {WEBHOOK_VARIABLE} did not answer within {TIMEOUT_SECONDS:.0f} seconds; try again later"
    except Exception as error:  # whatever the client makes of an address, a proxy or a network that is none
        return (
            f"there was no connection to the server of {WEBHOOK_VARIABLE} ({type(error).__name__}); check the address, "
            "the network and proxy settings"
        )
    return _refused(status)


def _refused(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return (
            f"the server of {WEBHOOK_VARIABLE} sends elsewhere ({status}), and a report is not sent on; set the right "
            "address"
        )
    if status >= 500:
        return f"the server of {WEBHOOK_VARIABLE} failed ({status}); try again later"
    return f"the server of {WEBHOOK_VARIABLE} refused the report ({status}); check the address and what it accepts"


@contextmanager
def _unlogged() -> Iterator[None]:
    """The client's log lines left out meanwhile: they hold the whole address."""
    loggers = [logging.getLogger(name) for name in _LOGS_ADDRESSES]
    for logger in loggers:
        logger.addFilter(_drop)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(_drop)


def _drop(record: logging.LogRecord) -> bool:
    """No line is kept."""
    return False
