"""The webhook, against a server on this machine: what arrives, and that no failure says or follows an address."""

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import nan
from typing import Any

import pytest

from planner.tracking.acting import webhook
from planner.tracking.acting.webhook import WEBHOOK_VARIABLE, send_alerts

TOKEN = "T0K3N-that-must-never-be-seen"
REPORT = {
    "plan": "Support assistant 2027",
    "alerts": [{"kind": "shortfall_probability", "value": 0.31, "words": "é ±"}],
}


@dataclass
class Hook:
    """A server that keeps what it is sent. answer: (status, headers); hangs: it never answers."""

    port: int = 0
    answer: tuple[int, dict[str, str]] = (204, {})
    hangs: bool = False
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://user-{TOKEN}:{TOKEN}@127.0.0.1:{self.port}/{TOKEN}/hook?token={TOKEN}"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.seen.append(("POST", self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if made.hangs:
                made.released.wait(5.0)
                return
            status, headers = made.answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            made.seen.append(("GET", self.path, {}, b""))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv(WEBHOOK_VARIABLE, made.address)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield made
    made.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def hides(said: str | None, port: int) -> bool:
    """Whether a sentence has nothing of the address but the name of the variable."""
    assert said is not None
    return said.endswith(".") and not any(part in said for part in (TOKEN, "127.0.0.1", str(port), "hook", "user-"))


def test_the_report_arrives_once_as_json(hook: Hook) -> None:
    assert send_alerts(REPORT) is None
    ((method, path, headers, body),) = hook.seen
    assert (method, path) == ("POST", f"/{TOKEN}/hook?token={TOKEN}")
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == REPORT


@pytest.mark.parametrize("address", [None, "", "  "])
def test_without_an_address_nothing_is_sent(hook: Hook, monkeypatch: pytest.MonkeyPatch, address: str | None) -> None:
    if address is None:
        monkeypatch.delenv(WEBHOOK_VARIABLE)
    else:
        monkeypatch.setenv(WEBHOOK_VARIABLE, address)
    assert send_alerts(REPORT) is None
    assert hook.seen == []


@pytest.mark.parametrize(
    "address",
    [
        f"ftp://{TOKEN}/hook",
        f"file:///{TOKEN}/hook",
        f"//{TOKEN}/hook",
        f"{TOKEN}/hook",
        f"https://:{TOKEN}@/hook",
        f"http://[{TOKEN}/hook",
        f"http://example.org:{TOKEN}/hook",
        f"http://example.org/{TOKEN} hook",
        f"http://example.org/{TOKEN}\nhook",
    ],
)
def test_what_is_no_address_is_said_without_it(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv(WEBHOOK_VARIABLE, address)
    said = send_alerts(REPORT)
    assert hides(said, 443)
    assert said == (
        "The alerts were not sent: PLANNER_WEBHOOK_URL holds no address; give one that begins with https:// or "
        "http://, or unset it."
    )


@pytest.mark.parametrize(("status", "words"), [(400, "refused"), (404, "refused"), (500, "failed"), (503, "failed")])
def test_a_server_that_does_not_take_it_is_said_with_its_status(hook: Hook, status: int, words: str) -> None:
    hook.answer = (status, {"content-length": "0"})
    said = send_alerts(REPORT)
    assert hides(said, hook.port)
    assert f"{words}" in str(said)
    assert f"({status})" in str(said)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(hook: Hook, status: int) -> None:
    hook.answer = (status, {"location": f"http://127.0.0.1:{hook.port}/elsewhere", "content-length": "0"})
    said = send_alerts(REPORT)
    assert hides(said, hook.port)
    assert f"sends elsewhere ({status})" in str(said)
    assert len(hook.seen) == 1


def test_a_server_that_hangs_is_given_up(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", 0.05)
    hook.hangs = True
    said = send_alerts(REPORT)
    assert hides(said, hook.port)
    assert "did not answer within" in str(said)


def test_no_server_is_said(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        port = closed.server_address[1]
    monkeypatch.setenv(WEBHOOK_VARIABLE, f"http://127.0.0.1:{port}/{TOKEN}")
    said = send_alerts(REPORT)
    assert hides(said, port)
    assert "no connection" in str(said)


@pytest.mark.parametrize("value", [nan, object(), {1, 2}])
def test_a_report_that_is_no_json_is_said_and_nothing_is_sent(hook: Hook, value: Any) -> None:
    said = send_alerts({"value": value})
    assert "cannot be written as JSON" in str(said)
    assert hook.seen == []


def test_no_log_has_the_address(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    names = ("httpx2", "httpcore2.connection", "httpcore2.http11")
    with caplog.at_level(logging.DEBUG):
        for name in names:
            caplog.set_level(logging.DEBUG, logger=name)
        assert send_alerts(REPORT) is None
    assert len(hook.seen) == 1
    assert TOKEN not in caplog.text
    assert "127.0.0.1" not in caplog.text
    logging.getLogger("httpx2").info("still speaks afterwards")
    assert "still speaks afterwards" in caplog.text
