"""The login, through a real browser and a provider that signs real tokens: who comes in, who does not, whose files."""

import hashlib
import http.client
import re
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from journeys import ROOT, SMALL, opened, picture, playwright, settle
from oidc_stub import CLIENT_SECRET, COOKIE_SECRET, Provider, provider
from serving import free_port, nginx, planner_app, started
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ANN = {"sub": "ann-1", "email": "Ann@example.com", "email_verified": True, "name": "Ann"}
BEN = {"sub": "ben-2", "email": "ben@example.com", "email_verified": True, "name": "Ben"}
EVE = {"sub": "eve-3", "email": "eve@elsewhere.example", "email_verified": True, "name": "Eve"}
KEY = "sk-ant-api03-" + "Ab1" * 10
FORGED = {"sub": "ann-1", "email": "ann@example.com", "email_verified": False, "name": "Ann?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A server with a login behind nginx, its provider, the folder of its users, and what it writes.

    url: of the browser, through nginx; app_port: of the app itself.
    """

    url: str
    app_port: int
    provider: Provider
    users: Path
    log: Path


@pytest.fixture(scope="module")
def hosted(requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One server for all journeys of this file: nginx as the documents configure it, and the app below a path."""
    program, folder = requires("nginx"), tmp_path_factory.mktemp("hosted")
    users, log, port, app_port = folder / "users", folder / "log.txt", free_port(), free_port()
    url = f"https://127.0.0.1:{port}/planner"
    with provider({"ann": ANN, "ben": BEN, "eve": EVE, "forged": FORGED}) as oidc:
        env = oidc.environment(f"{url}/oauth2callback", "@example.com") | {
            "PLANNER_USERS": str(users),
            "PLANNER_BASE_PATH": "/planner",
            "PLANNER_ALLOW_HOST": "planner.example.com",
            "NO_PROXY": "127.0.0.1",
        }
        with (
            planner_app(SMALL, log, port=app_port, env=env, base="/planner"),
            nginx(program, folder, port=port, app_port=app_port),
        ):
            yield Hosted(url=url, app_port=app_port, provider=oidc, users=users, log=log)
    said = log.read_text(encoding="utf-8") + (folder / "error.log").read_text(encoding="utf-8")
    assert CLIENT_SECRET not in said
    assert COOKIE_SECRET not in said


@pytest.fixture
def page(browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    """A window of a user of its own, who takes the certificate that was made here."""
    opened_page = new_page(browser)
    yield opened_page
    opened_page.context.close()


def new_page(browser: "playwright.Browser") -> "playwright.Page":
    """Such a window."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, ignore_https_errors=True)
    return context.new_page()


def log_in(page: "playwright.Page", hosted: Hosted, name: str, path: str = "") -> None:
    """Open the app, and log in as somebody at the provider."""
    page.goto(hosted.url + path)
    settle(page)
    page.get_by_role("button", name=re.compile("^.*Log in")).click()
    page.get_by_role("link", name=name, exact=True).click(timeout=30_000)
    page.wait_for_url(re.compile(re.escape(hosted.url)))
    settle(page)


def heading(page: "playwright.Page", words: str) -> None:
    """Wait until a page says in its heading what is expected."""
    playwright.expect(page.get_by_role("heading", name=words)).to_be_visible(timeout=60_000)


def logged_in_as(page: "playwright.Page", name: str) -> None:
    """Wait until the sidebar says who is logged in; an address is shown with a sign in it that nobody sees."""
    side = page.get_by_test_id("stSidebar")
    playwright.expect(side).to_contain_text(re.compile(rf"{name}.?@example\.com"), timeout=60_000)


SEND = """async ([session, bytes]) => {
    const xsrf = document.cookie.match(/_streamlit_xsrf=([^;]*)/)
    const form = new FormData()
    form.append("file", new Blob([new Uint8Array(bytes)]), "log.csv")
    const headers = {"X-Xsrftoken": xsrf ? xsrf[1] : ""}
    const address = `/planner/_stcore/upload_file/${session}/${crypto.randomUUID()}`
    const answer = await fetch(address, {method: "PUT", body: form, headers})
    return `${answer.status} ${await answer.text()}`
}"""


def test_nothing_is_seen_or_sent_before_the_login_and_the_way_out_leads_out(
    page: "playwright.Page", hosted: Hosted
) -> None:
    sessions: list[str] = []
    refused: list[str] = []
    page.on("websocket", lambda socket: socket.once("framereceived", lambda frame: sessions.append(session_of(frame))))
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{hosted.url}/commit")
    settle(page)
    heading(page, "Log in to the commit planner")
    assert page.get_by_test_id("stSidebarNavLink").count() == 0
    assert "Support assistant" not in page.inner_text("body")
    assert page.evaluate(SEND, [sessions[-1], 10]) == "403 Log in first"
    picture(page, "hosted-log-in")
    log_in(page, hosted, "ann")
    logged_in_as(page, "ann")
    assert page.evaluate(SEND, [sessions[-1], 10]) == "204 "
    assert page.evaluate(SEND, ["00000000-0000-0000-0000-000000000000", 10]) == "403 Log in first"
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    assert [name for name, cookie in cookies.items() if not cookie["secure"]] == []
    assert cookies["_streamlit_user"]["httpOnly"]
    assert cookies["_streamlit_user"]["path"] == "/planner"
    token = cookies["_streamlit_xsrf"]["value"]
    address = f"/planner/_stcore/upload_file/{sessions[-1]}/one"
    known = {"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}"}
    too_large = {"Content-Length": str(200 * 2**20 + 1)}
    assert status_of(hosted, address, method="PUT", through="app", headers=known | too_large) == 413
    assert status_of(hosted, address, method="PUT", through="nginx", headers=known | too_large) == 413
    assert status_of(hosted, address, method="PUT", through="app", headers=too_large) == 403
    assert (
        status_of(hosted, address, method="PUT", through="app", headers=known | {"Transfer-Encoding": "chunked"}) == 411
    )
    opened(page, "Commit")
    picture(page, "hosted-logged-in")
    assert hosted.provider.complaints == []
    assert refused == []
    page.get_by_role("button", name="Log out").click()
    heading(page, "Log in to the commit planner")


def session_of(frame: bytes) -> str:
    """The session's name, which the server says first."""
    return str(ForwardMsg.FromString(frame).new_session.initialize.session_id)


def test_people_find_their_own_files_again_and_nobody_elses(browser: "playwright.Browser", hosted: Hosted) -> None:
    log = b"timestamp,request_type,model,input_tokens,output_tokens\n2026-10-05T10:00:00Z,chat,claude-opus-5-5,90,9\n"
    pages = {name: new_page(browser) for name in ("ann", "ben")}
    files = {name: page.get_by_role("button", name=re.compile("Your files here")) for name, page in pages.items()}
    for name, page in pages.items():
        log_in(page, hosted, name)
        logged_in_as(page, name)
        playwright.expect(files[name]).to_contain_text("0.0")
    upload = {"name": "../../ben.csv", "mimeType": "text/csv", "buffer": log + b" " * 500_000}
    pages["ann"].get_by_test_id("stSidebar").locator("input[type=file]").set_input_files([upload])
    playwright.expect(files["ann"]).to_contain_text("0.5", timeout=60_000)
    kept = {path.name: path for path in hosted.users.iterdir()}
    assert set(kept) == {key_of(hosted, ANN), key_of(hosted, BEN)}
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in kept.values())
    assert [path.parent.name for path in hosted.users.rglob("*") if path.is_file()] == [key_of(hosted, ANN)]
    for page in pages.values():
        page.reload()
        settle(page)
    playwright.expect(files["ann"]).to_contain_text("0.5", timeout=60_000)  # in another session
    playwright.expect(files["ben"]).to_contain_text("0.0", timeout=60_000)
    files["ann"].click()
    pages["ann"].get_by_role("button", name="Remove them all").click()
    playwright.expect(files["ann"]).to_contain_text("0.0", timeout=60_000)
    picture(pages["ann"], "hosted-files")
    assert [path for path in hosted.users.rglob("*") if path.is_file()] == []
    for page in pages.values():
        page.context.close()


def key_of(hosted: Hosted, claims: dict[str, Any]) -> str:
    """The folder's name, worked out here from what the provider said."""
    return hashlib.sha256(hosted.provider.issuer.encode() + b"\0" + claims["sub"].encode()).hexdigest()


def test_an_expired_token_lets_nobody_in_though_streamlit_takes_it(
    page: "playwright.Page", hosted: Hosted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosted.provider, "lifetime_s", -30)
    log_in(page, hosted, "ann")
    heading(page, "Your login has ended")
    assert page.get_by_test_id("stSidebarNavLink").count() == 0
    picture(page, "hosted-login-ended")


@pytest.mark.parametrize(
    ("wrong", "comes_in"),
    [
        ({}, True),
        ({"is_signed_by_another": True}, False),
        ({"changed": {"aud": "another-app"}}, False),
        ({"changed": {"nonce": "replayed"}}, False),
        ({"changed": {"iss": "https://evil.example"}}, False),
        ({"lifetime_s": -600}, False),
    ],
    ids=["right", "another key", "another audience", "another nonce", "another issuer", "long expired"],
)
def test_a_token_that_is_wrong_makes_no_cookie(
    hosted: Hosted, wrong: dict[str, Any], comes_in: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same way as a browser goes, without one."""
    for attribute, value in wrong.items():
        monkeypatch.setattr(hosted.provider, attribute, value)
    ticket = jwt.encode(
        {"alg": "HS256"}, {"provider": "default", "exp": time.time() + 60}, OctKey.import_key(COOKIE_SECRET)
    )
    out = answer_of(hosted, f"/planner/auth/login?provider={ticket}", through="nginx", headers={})
    assert out.status == 302
    session = out.headers["Set-Cookie"].partition(";")[0]
    with urllib.request.build_opener(NoRedirect()).open(f"{out.headers['Location']}&person=ann") as answered:
        back = urlsplit(answered.headers["Location"])
    done = answer_of(hosted, f"{back.path}?{back.query}", through="nginx", headers={"Cookie": session})
    assert done.status == 302
    made = [cookie for cookie in done.headers.get_all("Set-Cookie") or [] if cookie.startswith("_streamlit_user=")]
    assert any("Max-Age=2592000" in cookie for cookie in made) is comes_in


class NoRedirect(urllib.request.HTTPErrorProcessor):
    """Gives a redirection as an answer."""

    def http_response(self, request: Any, response: Any) -> Any:
        return response


FAULT = f"""
import planner.clock
def today():
    raise RuntimeError("asked with {KEY} and {CLIENT_SECRET}")
planner.clock.today = today
"""


def test_a_fault_shows_no_traceback_in_the_browser_and_no_key_in_the_log(
    page: "playwright.Page", tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(FAULT, encoding="utf-8")
    port, log = free_port(), tmp_path / "log.txt"
    command = ["planner.ui.hosted.server", "--host", "127.0.0.1", "--port", str(port), "--allow-host", "127.0.0.1"]
    env = {"PLANNER_PLAN": str(SMALL), "PYTHONPATH": f"{tmp_path}:{ROOT}", "SOME_PASSWORD": CLIENT_SECRET}
    with started(command, log, url=f"http://127.0.0.1:{port}", env=env):
        page.goto(f"http://127.0.0.1:{port}")
        settle(page)
        playwright.expect(page.get_by_text(re.compile("^The program failed"))).to_be_visible(timeout=60_000)
        shown, said = page.inner_text("body"), log.read_text(encoding="utf-8")
    assert "RuntimeError: asked with key " in said
    assert "and [SOME_PASSWORD]" in said
    assert "Traceback" in said
    for text in (shown, said):
        assert KEY not in text
        assert CLIENT_SECRET not in text
    for word in ("Traceback", "RuntimeError", ".py"):
        assert word not in shown


def answer_of(
    hosted: Hosted, path: str, *, through: str, method: str = "GET", headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    """What nginx, or the app itself, says to a request that no browser sends, when it has heard of its headers."""
    if through == "nginx":
        unverified = ssl._create_unverified_context()
        server = http.client.HTTPSConnection(urlsplit(hosted.url).netloc, timeout=30, context=unverified)
    else:
        server = http.client.HTTPConnection("127.0.0.1", hosted.app_port, timeout=30)
    with closing(server):
        server.putrequest(method, path, skip_host="Host" in headers)
        for name, value in headers.items():
            server.putheader(name, value)
        server.endheaders()
        return server.getresponse()


def status_of(hosted: Hosted, path: str, **asked: Any) -> int:
    """The status of such an answer."""
    return answer_of(hosted, path, **asked).status


@pytest.mark.parametrize(
    ("through", "path", "headers", "status"),
    [
        ("nginx", "/planner/", {"Host": "planner.example.com"}, 200),
        ("nginx", "/planner/", {"Host": "evil.example"}, 403),
        ("nginx", "/planner/_stcore/health", {}, 200),
        ("nginx", "/planner/_stcore/metrics", {}, 404),
        ("app", "/planner/", {"Host": "planner.example.com"}, 200),
        ("app", "/planner/", {"Host": "evil.example"}, 400),
        ("app", "/planner/_stcore/health", {}, 200),
        ("app", "/planner/_stcore/metrics", {}, 404),
        ("app", "/planner/_stcore/agent/mcp", {}, 404),
    ],
)
def test_the_app_answers_to_its_names_and_closes_what_no_browser_needs(
    hosted: Hosted, through: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = answer_of(hosted, path, through=through, headers=headers)
    assert answer.status == status
    if through == "nginx" and status == 200:
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        assert not re.search(r"[0-9]", answer.headers["Server"])


@pytest.mark.parametrize("through", ["nginx", "app"])
def test_no_page_of_another_origin_opens_a_connection(hosted: Hosted, through: str) -> None:
    upgrade = {
        "Host": "planner.example.com",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    for origin, status in (("https://planner.example.com", 101), ("https://evil.example", 403), ("null", 403)):
        asked = upgrade | {"Origin": origin}
        assert status_of(hosted, "/planner/_stcore/stream", through=through, headers=asked) == status
