"""What every request passes before Streamlit: headers, other origins, closed addresses, uploads before they are read.

Streamlit caps one uploaded file; how many a session sends, and whether anybody is logged in there, it does not ask.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from streamlit import runtime

from planner.ui.hosted.admitted import is_admitted

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MOST_FILES: Final = 50
MOST_MEGABYTES: Final = 1000
"""Of files that one session holds in this server's memory at once."""

_UPLOADS: Final = "/_stcore/upload_file/"
_CLOSED: Final = ("/_stcore/metrics", "/_stcore/agent")

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",  # Vega compiles expressions; components are blobs
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEADERS: Final = (
    ("content-security-policy", POLICY),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
)


class Doorway:
    """An ASGI middleware. base_path: without slashes at its ends. needs_login: files come from people let in only."""

    def __init__(self, app: App, *, base_path: str, needs_login: bool) -> None:
        self._app, self._above, self._needs_login = app, f"/{base_path}" if base_path else "", needs_login
        self._sent: dict[str, set[str]] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] == "websocket" and not _is_same_origin(scope):
            # Streamlit would go and ask the internet for its own address before it said no.
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        if scope["type"] == "http":
            refusal = self._refusal(scope)
            if refusal is not None:
                await _answer(_with_headers(send), *refusal)
                return
            send = _with_headers(send)
        await self._app(scope, receive, send)

    def _refusal(self, scope: Message) -> tuple[int, str] | None:
        """Status and text of a request that goes no further."""
        path = str(scope["path"]).removeprefix(self._above)
        if any(path == closed or path.startswith(f"{closed}/") for closed in _CLOSED):
            return 404, "Not found"
        if path.startswith(_UPLOADS) and scope["method"] == "PUT":
            return self._upload_refusal(path.removeprefix(_UPLOADS), _header(scope, b"content-length"))
        return None

    def _upload_refusal(self, name: str, length: str) -> tuple[int, str] | None:
        session_id, _, file_id = name.partition("/")
        if self._needs_login and not is_admitted(session_id):
            return 403, "Log in first"
        if not length.isdecimal():
            return 411, "Say how long the file is"
        serving = runtime.get_instance()
        if not serving.is_active_session(session_id):
            return 400, "There is no such session"
        held = serving.uploaded_file_mgr.get_files(session_id, [*self._sent.get(session_id, ())])
        if len(held) >= MOST_FILES or sum(len(file.data) for file in held) + int(length) > MOST_MEGABYTES * 1_000_000:
            return 413, f"One session holds at most {MOST_FILES} files and {MOST_MEGABYTES} MB; remove some first"
        self._sent = {one: ids for one, ids in self._sent.items() if serving.is_active_session(one)}
        self._sent[session_id] = {*(file.file_id for file in held), file_id}
        return None


def _is_same_origin(scope: Message) -> bool:
    """Whether a page of this app opens the connection; what is no browser says no origin."""
    origin = _header(scope, b"origin")
    return not origin or urlsplit(origin).netloc.lower() == _header(scope, b"host").lower()


def _header(scope: Message, wanted: bytes) -> str:
    headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
    return next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message.get("headers", ())}
            added = [(name.encode(), text.encode()) for name, text in HEADERS if name.encode() not in there]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sent


async def _answer(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
