"""The login, through a real browser and a provider that signs real tokens: who comes in, who does not, whose files."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from journeys import BROWSERS, SMALL, opened, picture, playwright, settle
from oidc_stub import CLIENT_SECRET, COOKIE_SECRET, Provider, provider
from serving import free_port, planner_app
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ANN = {"sub": "ann-1", "email": "Ann@example.com", "email_verified": True, "name": "Ann"}
BEN = {"sub": "ben-2", "email": "ben@example.com", "email_verified": True, "name": "Ben"}
EVE = {"sub": "eve-3", "email": "eve@elsewhere.example", "email_verified": True, "name": "Eve"}
FORGED = {"sub": "ann-1", "email": "ann@example.com", "email_verified": False, "name": "Ann?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """A server with a login, its provider, the folder of its users, and what it writes."""

    url: str
    provider: Provider
    users: Path
    log: Path


@pytest.fixture(scope="module")
def hosted(requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    """One server for all journeys of this file."""
    requires(*BROWSERS)
    folder, port = tmp_path_factory.mktemp("hosted"), free_port()
    users, log = folder / "users", folder / "log.txt"
    with provider({"ann": ANN, "ben": BEN, "eve": EVE, "forged": FORGED}) as oidc:
        env = oidc.environment(f"http://127.0.0.1:{port}/oauth2callback", "@example.com") | {
            "PLANNER_USERS": str(users),
            "NO_PROXY": "127.0.0.1",
        }
        with planner_app(SMALL, log, port=port, env=env):
            yield Hosted(url=f"http://127.0.0.1:{port}", provider=oidc, users=users, log=log)
        said = log.read_text(encoding="utf-8")
        assert CLIENT_SECRET not in said
        assert COOKIE_SECRET not in said


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
    const address = `/_stcore/upload_file/${session}/${crypto.randomUUID()}`
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
    for name, megabytes in (("ann", "0.0"), ("ben", "0.0"), ("ann", "0.5")):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        log_in(page, hosted, name)
        logged_in_as(page, name)
        files = page.get_by_role("button", name=re.compile("Your files here"))
        playwright.expect(files).to_contain_text(megabytes)
        if name == "ann" and megabytes == "0.0":
            upload = {"name": "../../ben.csv", "mimeType": "text/csv", "buffer": log + b" " * 500_000}
            page.get_by_test_id("stSidebar").locator("input[type=file]").set_input_files([upload])
            playwright.expect(files).to_contain_text("0.5", timeout=60_000)
        elif name == "ann":
            files.click()
            page.get_by_role("button", name="Remove them all").click()
            playwright.expect(files).to_contain_text("0.0", timeout=60_000)
            picture(page, "hosted-files")
        context.close()
    kept = {path.name: path for path in hosted.users.iterdir()}
    assert set(kept) == {key_of(hosted, ANN), key_of(hosted, BEN)}
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in kept.values())
    assert [path for path in hosted.users.rglob("*") if path.is_file()] == []


def key_of(hosted: Hosted, claims: dict[str, Any]) -> str:
    """The folder's name, worked out here from what the provider said."""
    return hashlib.sha256(hosted.provider.issuer.encode() + b"\0" + claims["sub"].encode()).hexdigest()


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("eve", {}, "You have no access"),
        ("forged", {}, "You have no access"),
        ("ann", {"lifetime_s": -30}, "Your login has ended"),  # Streamlit takes it
        ("ann", {"is_signed_by_another": True}, "Log in to the commit planner"),
        ("ann", {"changed": {"aud": "another-app"}}, "Log in to the commit planner"),
        ("ann", {"changed": {"nonce": "replayed"}}, "Log in to the commit planner"),
    ],
    ids=["not on the list", "address not verified", "token has expired", "wrong key", "wrong audience", "wrong nonce"],
)
def test_who_may_not_come_in_stays_outside(
    page: "playwright.Page",
    hosted: Hosted,
    name: str,
    wrong: dict[str, Any],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for attribute, value in wrong.items():
        monkeypatch.setattr(hosted.provider, attribute, value)
    log_in(page, hosted, name)
    heading(page, words)
    assert page.get_by_test_id("stSidebarNavLink").count() == 0
    if name == "eve":
        picture(page, "hosted-no-access")
