"""Serving the app to people: what is refused at the start, who may come in, whose files are whose, what logs say."""

import asyncio
import hashlib
import logging
import os
import stat
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path
from planner.errors import InputError
from planner.ui.arriving.uploads import Upload, stored_path
from planner.ui.hosted import admitted, doorway, server, user_folders
from planner.ui.hosted.doorway import Doorway
from planner.ui.hosted.login_settings import Admission, Login, admission, login_settings
from planner.ui.hosted.people import Person, is_allowed, person_of
from planner.ui.hosted.redacted_logs import RedactedStream, redact_records, redactor
from planner.ui.hosted.serving import Serving, serving_of

SMALL = Path(__file__).parent / "plans" / "small.toml"
SECRET = "s3cret/with+signs=and more"
LOGIN = {
    "PLANNER_OIDC_ISSUER": "https://login.example.com/realm/",
    "PLANNER_OIDC_CLIENT_ID": "planner",
    "PLANNER_OIDC_CLIENT_SECRET": SECRET,
    "PLANNER_OIDC_COOKIE_SECRET": "c" * 32,
    "PLANNER_OIDC_REDIRECT_URI": "https://planner.example.com/oauth2callback",
    "PLANNER_OIDC_ALLOW": "@example.com, Eve@Elsewhere.example",
}
CLAIMS = {"iss": "https://login.example.com", "sub": "1", "email": "Ann@Example.com", "exp": 2e9, "is_logged_in": True}

# ---------------------------------------------------------------------------------------------------------------------
# The login's settings, and how the app is served


def test_the_login_becomes_streamlits_secrets_and_shows_none_of_them() -> None:
    login = login_settings(LOGIN)
    assert login is not None
    assert login.streamlit_secrets()["auth"] == {
        "redirect_uri": "https://planner.example.com/oauth2callback",
        "cookie_secret": "c" * 32,
        "client_id": "planner",
        "client_secret": SECRET,
        "server_metadata_url": "https://login.example.com/realm/.well-known/openid-configuration",
    }
    assert SECRET not in repr(login)
    assert "c" * 32 not in repr(login)
    assert login.admission.allow == ("@example.com", "eve@elsewhere.example")


def test_no_variable_is_no_login() -> None:
    assert login_settings({"PLANNER_OIDC_ISSUER": " ", "HOME": "/root"}) is None


@pytest.mark.parametrize("missing", sorted(LOGIN))
def test_a_login_that_is_half_described_is_refused_by_the_name_of_what_lacks(missing: str) -> None:
    with pytest.raises(InputError, match=f"lacks {missing}:"):
        login_settings({name: value for name, value in LOGIN.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PLANNER_OIDC_COOKIE_SECRET", "short", "openssl rand"),
        ("PLANNER_OIDC_ISSUER", "http://login.example.com", "https://"),
        ("PLANNER_OIDC_ISSUER", "login.example.com", "whole address"),
        ("PLANNER_OIDC_REDIRECT_URI", "http://planner.example.com/oauth2callback", "https://"),
        ("PLANNER_OIDC_REDIRECT_URI", "https://planner.example.com/", "add /oauth2callback"),
        ("PLANNER_OIDC_ALLOW", "everyone", "@example.com"),
        ("PLANNER_OIDC_ALLOW", "a@b@c", "@example.com"),
        ("PLANNER_OIDC_ALLOW", "@", "@example.com"),
        ("PLANNER_OIDC_HOURS", "-1", "hours"),
        ("PLANNER_OIDC_HOURS", "nan", "hours"),
        ("PLANNER_OIDC_HOURS", "always", "hours"),
    ],
)
def test_a_setting_that_would_not_hold_is_refused_with_its_name_and_no_secret(
    name: str, value: str, words: str
) -> None:
    with pytest.raises(InputError, match=name) as refused:
        login_settings(LOGIN | {name: value})
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


def serve(host: str = "127.0.0.1", *, login: Login | None = None, **changed: Any) -> Serving:
    given_ = {"names": (), "base_path": "", "without_login": False} | changed
    return serving_of(host=host, port=8501, login=login, **given_)


def test_the_app_serves_this_machine_unless_told_otherwise() -> None:
    assert serve() == Serving(host="127.0.0.1", port=8501, names=("127.0.0.1", "localhost"))
    assert serve().address == "http://127.0.0.1:8501"


def test_beyond_this_machine_only_with_a_login_and_a_name() -> None:
    with pytest.raises(InputError, match="nobody logs in"):
        serve("0.0.0.0", names=("planner.example.com",))
    with pytest.raises(InputError, match="--allow-host"):
        serve("0.0.0.0", without_login=True)
    served = serve("0.0.0.0", names=("planner.example.com",), without_login=True, base_path="/planner/")
    assert served.names == ("127.0.0.1", "localhost", "planner.example.com")
    assert served.address == "http://127.0.0.1:8501/planner"


def test_a_login_brings_its_own_name_and_its_path_is_the_apps() -> None:
    login = login_settings(LOGIN)
    assert serve("0.0.0.0", login=login).names[-1] == "planner.example.com"
    with pytest.raises(InputError, match="PLANNER_OIDC_REDIRECT_URI"):
        serve("0.0.0.0", login=login, base_path="/planner")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("names", ("*",)),
        ("names", ("https://planner.example.com",)),
        ("names", ("planner.example.com:8501",)),
        ("names", ("",)),
        ("base_path", "/../etc"),
        ("base_path", "/a b"),
        ("base_path", "/a//b"),
        ("host", "planner.example.com"),
    ],
)
def test_names_paths_and_addresses_that_are_none_are_refused(option: str, value: Any) -> None:
    with pytest.raises(InputError, match=option.replace("names", "allow.host").replace("_", ".")):
        serve(**{option: value})


def test_the_server_closes_what_streamlit_leaves_open() -> None:
    config = server.config_of(serve())
    assert config["client.showErrorDetails"] == "none"
    assert config["browser.gatherUsageStats"] is False
    assert config["server.enableAgentApi"] is False
    assert config["server.enableXsrfProtection"] is True
    assert config["server.enableCORS"] is True
    assert config["server.allowedHosts"] == ["127.0.0.1", "localhost"]


# ---------------------------------------------------------------------------------------------------------------------
# Who may come in


def test_a_person_is_who_the_token_says_until_it_ends() -> None:
    person = person_of(CLAIMS, Admission(allow=("*",)))
    assert person == Person(issuer=CLAIMS["iss"], subject="1", email="ann@example.com", name="", ends_at=2e9)
    later = person_of(CLAIMS | {"iat": 1000}, Admission(allow=("*",), hours=2))
    assert later is not None
    assert later.ends_at == 1000 + 2 * 3600


@pytest.mark.parametrize(
    "changed",
    [
        {"is_logged_in": False},
        {"is_logged_in": "yes"},
        {"sub": ""},
        {"sub": None},
        {"iss": None},
        {"exp": None},
        {"exp": "2000000000"},
        {"exp": True},
    ],
)
def test_a_token_without_what_is_needed_is_nobodys(changed: dict[str, Any]) -> None:
    assert person_of(CLAIMS | changed, Admission(allow=("*",))) is None


@pytest.mark.parametrize(
    ("allow", "email", "may"),
    [
        (("*",), "", True),
        ((), "ann@example.com", False),
        (("ann@example.com",), "ann@example.com", True),
        (("ann@example.com",), "joann@example.com", False),
        (("@example.com",), "ann@example.com", True),
        (("@example.com",), "ann@sub.example.com", False),
        (("@example.com",), "ann@example.com.evil.example", False),
        (("@example.com",), "ann@notexample.com", False),
        (("@example.com",), "", False),
    ],
)
def test_the_list_holds_addresses_and_whole_domains(allow: tuple[str, ...], email: str, may: bool) -> None:
    person = Person(issuer="i", subject="s", email=email, name="", ends_at=0)
    assert is_allowed(person, Admission(allow=allow)) is may


@pytest.mark.parametrize("verified", [False, "false", 0, None])
def test_an_address_that_is_not_verified_is_none(verified: Any) -> None:
    person = person_of(CLAIMS | {"email_verified": verified}, Admission(allow=("*",)))
    assert person is not None
    assert person.email == ""


def test_nobody_is_allowed_where_nothing_is_said() -> None:
    assert admission({}).allow == ()


# ---------------------------------------------------------------------------------------------------------------------
# The gate


def gated(claims: Mapping[str, Any] | None, monkeypatch: pytest.MonkeyPatch, **env: str) -> AppTest:
    """The app as somebody with these claims opens it; None for nobody."""
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    app = AppTest.from_file(str(app_path()), default_timeout=120)
    app.secrets["auth"] = {"client_id": "planner", "cookie_secret": "c" * 32}
    monkeypatch.setattr("streamlit.user", SimpleNamespace(to_dict=lambda: dict(claims or {"is_logged_in": False})))
    return app.run()


def test_no_page_is_shown_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    app = gated(None, monkeypatch, PLANNER_OIDC_ALLOW="*")
    assert [title.value for title in app.title] == ["Log in to the commit planner"]
    assert not app.metric
    assert not app.sidebar.children


def test_the_list_decides_and_no_list_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [title.value for title in gated(CLAIMS, monkeypatch).title] == ["You have no access"]
    app = gated(CLAIMS, monkeypatch, PLANNER_OIDC_ALLOW="@example.com")
    assert [title.value for title in app.title] == ["Start"]
    assert app.session_state["person"].email == "ann@example.com"


def test_a_login_ends_in_the_middle_of_a_session_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = gated(CLAIMS | {"exp": time.time() + 3600}, monkeypatch, PLANNER_OIDC_ALLOW="*")
    assert [title.value for title in app.title] == ["Start"]
    later = time.time() + 3601
    monkeypatch.setattr("time.time", lambda: later)
    assert [title.value for title in app.run().title] == ["Your login has ended"]
    assert "ticket" not in app.session_state
    monkeypatch.setattr("time.time", lambda: later - 2)
    assert [title.value for title in app.run().title] == ["Start"]
    assert "ticket" in app.session_state


def test_a_session_of_somebody_else_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    app = gated(CLAIMS, monkeypatch, PLANNER_OIDC_ALLOW="*")
    app.session_state["kept_secret"] = "of Ann"
    other = CLAIMS | {"sub": "2", "email": "ben@example.com"}
    monkeypatch.setattr("streamlit.user", SimpleNamespace(to_dict=lambda: other))
    app.run()
    assert app.session_state["person"].email == "ben@example.com"
    assert "kept_secret" not in app.session_state


def test_a_login_that_the_server_does_not_know_of_closes_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_OIDC_ISSUER", "https://login.example.com")
    app = AppTest.from_file(str(app_path()), default_timeout=120).run()
    assert [title.value for title in app.title] == ["This app is not open yet"]


# ---------------------------------------------------------------------------------------------------------------------
# Whose files are whose


def person(subject: str, issuer: str = "https://login.example.com") -> Person:
    return Person(issuer=issuer, subject=subject, email="", name="", ends_at=0)


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_a_folder_is_one_persons_and_no_name_leads_out_of_it(a: str, b: str, c: str, d: str) -> None:
    one, other = person(a.replace("\0", ""), b.replace("\0", "")), person(c.replace("\0", ""), d.replace("\0", ""))
    assert set(one.key) <= set("0123456789abcdef")
    assert len(one.key) == 64
    assert (one.key == other.key) == ((one.issuer, one.subject) == (other.issuer, other.subject))


def test_only_this_program_reads_a_folder_and_hostile_names_stay_below_it(tmp_path: Path) -> None:
    root = tmp_path / "users"
    paths = [user_folders.folder_of(root, person(name)) for name in ("../..", "/etc/passwd", "a/b", ".")]
    assert len(set(paths)) == 4
    assert {path.parent for path in paths} == {root}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (root, *paths)} == {0o700}


@pytest.mark.parametrize("kind", ["link", "file", "open to others"])
def test_a_folder_that_somebody_else_laid_there_is_refused(tmp_path: Path, kind: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    planted = tmp_path / person("1").key
    match kind:
        case "link":
            planted.symlink_to(elsewhere)
        case "file":
            planted.touch(0o700)
        case _:
            planted.mkdir(mode=0o700)
            planted.chmod(0o750)
    with pytest.raises(InputError, match="tell those who run it") as refused:
        user_folders.folder_of(tmp_path, person("1"))
    assert str(tmp_path) not in str(refused.value)


def test_users_folders_lie_nowhere_that_pages_read(tmp_path: Path) -> None:
    for users, read in ((tmp_path / "a", tmp_path), (tmp_path, tmp_path / "a"), (tmp_path, tmp_path)):
        with pytest.raises(InputError, match="keep the two apart"):
            user_folders.check_root(users, read)
    user_folders.check_root(tmp_path / "a", tmp_path / "b")


def test_a_person_keeps_so_much_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_USERS", str(tmp_path))
    monkeypatch.setenv("PLANNER_USER_MEGABYTES", "1")
    mine, other = (user_folders.folder_of(tmp_path, person(name)) for name in "ab")
    first = stored_path(Upload(name="a.csv", data=b"x" * 600_000), mine)
    assert first.read_bytes() == b"x" * 600_000
    with pytest.raises(InputError, match="1 MB is the most"):
        stored_path(Upload(name="b.csv", data=b"y" * 600_000), mine)
    assert list(mine.iterdir()) == [first]
    assert stored_path(Upload(name="b.csv", data=b"y" * 600_000), other).exists()
    user_folders.remove_files(mine)
    assert user_folders.used_bytes(mine) == 0
    assert user_folders.used_bytes(other) == 600_000


def test_files_go_after_their_days_and_links_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_USER_DAYS", "30")
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "users"
    mine = user_folders.folder_of(root, person("1"))
    (mine / "pulled").mkdir()
    files = {name: mine / "pulled" / name for name in ("old", "new")} | {"outside": outside / "kept"}
    now = time.time()
    for name, path in files.items():
        path.write_text(name, encoding="utf-8")
        os.utime(path, (now, now - (29 if name == "new" else 31) * 86_400))
    (mine / "way out").symlink_to(outside)
    user_folders.remove_old(root)
    assert {name for name, path in files.items() if path.exists()} == {"new", "outside"}


@pytest.mark.parametrize("value", ["0", "-3", "1.5", "lots"])
def test_a_quota_that_is_no_number_is_said_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("PLANNER_USER_MEGABYTES", value)
    with pytest.raises(InputError, match="PLANNER_USER_MEGABYTES"):
        user_folders.check_root(tmp_path, None)


# ---------------------------------------------------------------------------------------------------------------------
# What the log says

KEY = "sk-ant-api03-" + "Ab1" * 10


@pytest.fixture
def records() -> Iterator[StringIO]:
    """What a handler writes of records that are made clean."""
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    redact_records(redactor(LOGIN))
    out = StringIO()
    handler = logging.StreamHandler(out)
    logging.getLogger("planner.test").addHandler(handler)
    yield out
    logging.getLogger("planner.test").removeHandler(handler)
    logging.setLogRecordFactory(before)


def test_no_key_reaches_the_log_in_a_message_an_argument_or_a_traceback(records: StringIO) -> None:
    log = logging.getLogger("planner.test")
    log.error("asked with %s", KEY)
    log.error(f"asked with {SECRET}")
    log.error("halves: %s%s", KEY[:20], KEY[20:])
    log.error("too many: %s", KEY, KEY)  # noqa: PLE1205 (what logging complains of is clean too)
    log.error("twice %(a)s", {"a": SECRET}, stack_info=True)
    try:
        try:
            raise ValueError(KEY)
        except ValueError as error:
            raise RuntimeError(f"{SECRET!r} was refused") from error
    except RuntimeError:
        log.exception("while asking")
    said = records.getvalue()
    assert KEY not in said
    assert KEY[13:] not in said
    assert SECRET not in said
    assert "[PLANNER_OIDC_CLIENT_SECRET] was refused" in said.replace("'", "")
    assert "Traceback" in said
    assert "The above exception was the direct cause" in said


def test_what_is_not_secret_is_logged_as_it_is(records: StringIO) -> None:
    log = logging.getLogger("planner.test")
    log.warning("%d of %s", 3, "claude-opus-5-5")
    try:
        raise KeyError("usage.sources")
    except KeyError:
        log.exception("no such key")
    assert records.getvalue().startswith("3 of claude-opus-5-5\nno such key\nTraceback")
    assert "KeyError: 'usage.sources'" in records.getvalue()


def test_records_are_cleaned_once_however_often_it_is_asked_for(records: StringIO) -> None:
    made = logging.getLogRecordFactory()
    redact_records(redactor({}))
    assert logging.getLogRecordFactory() is made


def test_what_threads_print_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    monkeypatch.setattr(sys, "stderr", RedactedStream(out, redactor(LOGIN)))
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)

    def fail() -> None:
        raise RuntimeError(f"{KEY} and {SECRET}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    print("done", SECRET, file=sys.stderr)
    assert "RuntimeError" in out.getvalue()
    assert "done [PLANNER_OIDC_CLIENT_SECRET]" in out.getvalue()
    assert KEY not in out.getvalue()
    assert SECRET not in out.getvalue()


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("ANTHROPIC_ADMIN_KEY", True),
        ("ANTHROPIC_AUTH_TOKEN", True),
        ("PGPASSWORD", True),
        ("PLANNER_WEBHOOK_URL", True),
        ("PLANNER_OIDC_COOKIE_SECRET", True),
        ("PLANNER_PLAN", False),
        ("HOME", False),
    ],
)
def test_variables_are_secret_by_their_names(name: str, is_secret: bool) -> None:
    said = redactor({name: "open sesame, please"})("he said: open sesame, please!")
    assert said == (f"he said: [{name}]!" if is_secret else "he said: open sesame, please!")


# ---------------------------------------------------------------------------------------------------------------------
# The doorway


class Sessions:
    """Stands for Streamlit's runtime: sessions, and the files that they hold."""

    def __init__(self) -> None:
        self.active, self.files = {"one", "two"}, dict[tuple[str, str], int]()
        self.uploaded_file_mgr = self

    def is_active_session(self, session_id: str) -> bool:
        return session_id in self.active

    def get_files(self, session_id: str, file_ids: list[str]) -> list[Any]:
        sizes = {name: self.files[session_id, name] for name in file_ids if (session_id, name) in self.files}
        return [SimpleNamespace(file_id=name, data=range(size)) for name, size in sizes.items()]


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Sessions:
    found = Sessions()
    monkeypatch.setattr(doorway.runtime, "get_instance", lambda: found)
    return found


def asked(door: Doorway, path: str, *, kind: str = "http", method: str = "GET", **headers: str) -> dict[str, Any]:
    """What a request gets: the first message of the answer."""
    told: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        told.append(dict(message))

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "method": method, "headers": pairs}
    # In a thread of its own: a browser that other tests of this process opened keeps a loop running in this one.
    with ThreadPoolExecutor(1) as other:
        other.submit(lambda: asyncio.run(door(scope, None, send))).result()  # type: ignore[arg-type]
    return told[0]


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """An app that says yes."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"DENY")]})


def test_every_answer_has_its_headers_and_those_of_the_app_win() -> None:
    answer = asked(Doorway(behind, base_path="", needs_login=False), "/")
    headers = [name for name, _ in answer["headers"]]
    assert dict(answer["headers"])[b"x-frame-options"] == b"DENY"
    assert len(set(headers)) == len(headers)
    assert {b"content-security-policy", b"x-content-type-options", b"referrer-policy"} <= set(headers)


@pytest.mark.parametrize("base", ["", "planner"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/_stcore/metrics", 404),
        ("/_stcore/agent/mcp", 404),
        ("/_stcore/agent/interact", 404),
        ("/_stcore/health", 200),
        ("/commit", 200),
    ],
)
def test_addresses_that_no_browser_needs_are_closed(base: str, path: str, status: int) -> None:
    door = Doorway(behind, base_path=base, needs_login=False)
    assert asked(door, (f"/{base}" if base else "") + path)["status"] == status


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"host": "planner.example.com", "origin": "https://planner.example.com"}, "websocket.accept"),
        ({"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:8501"}, "websocket.accept"),
        ({"host": "127.0.0.1:8501"}, "websocket.accept"),
        ({"host": "127.0.0.1:8501", "origin": "http://127.0.0.1:9999"}, "websocket.close"),
        ({"host": "127.0.0.1:8501", "origin": "http://localhost:8501"}, "websocket.close"),
        ({"host": "planner.example.com", "origin": "https://evil.example"}, "websocket.close"),
        ({"host": "planner.example.com", "origin": "null"}, "websocket.close"),
    ],
)
def test_pages_of_other_origins_open_no_connection(headers: dict[str, str], kind: str) -> None:
    door = Doorway(behind, base_path="", needs_login=False)
    assert asked(door, "/_stcore/stream", kind="websocket", **headers)["type"] == kind


def put(door: Doorway, session: str, file: str, size: int | str) -> int:
    answer = asked(door, f"/_stcore/upload_file/{session}/{file}", method="PUT", content_length=str(size))
    return int(answer["status"])


def test_a_session_holds_so_many_files_and_so_many_bytes(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorway, "MOST_FILES", 3)
    monkeypatch.setattr(doorway, "MOST_MEGABYTES", 1)
    door = Doorway(behind, base_path="", needs_login=False)
    for name in "abc":
        assert put(door, "one", name, 300_000) == 200
        sessions.files["one", name] = 300_000
    assert put(door, "one", "d", 1) == 413
    assert put(door, "two", "a", 1_000_001) == 413
    assert put(door, "two", "a", 1_000_000) == 200
    del sessions.files["one", "b"]
    assert put(door, "one", "d", 400_001) == 413
    assert put(door, "one", "d", 400_000) == 200
    assert put(door, "gone", "a", 1) == 400
    assert put(door, "one", "e", "") == 411
    assert put(door, "one", "e", "-1") == 411


def test_with_a_login_only_people_who_were_let_in_send_files(sessions: Sessions) -> None:
    door = Doorway(behind, base_path="", needs_login=True)
    assert put(door, "one", "a", 1) == 403
    ticket = admitted.Ticket("one")
    assert put(door, "one", "a", 1) == 200
    assert put(door, "two", "a", 1) == 403
    del ticket
    assert put(door, "one", "a", 1) == 403


def test_the_digest_of_a_person_is_the_one_that_the_documents_say() -> None:
    assert person("1").key == hashlib.sha256(b"https://login.example.com\x001").hexdigest()
