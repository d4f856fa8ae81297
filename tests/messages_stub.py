"""A server on 127.0.0.1 that speaks Messages, Message Batches and count-tokens, for the real SDK to talk to.

It checks what it is sent as the API documents it and answers 400 to anything else. Its models are arithmetic: a prompt
has as many tokens as words, an answer is right as often as `pass_rates` says, the same for the same request. It counts
what it bills by request: that nothing is paid for twice is a comparison with `bill`.

    with MessagesStub() as stub:
        os.environ |= {"ANTHROPIC_BASE_URL": stub.address, "ANTHROPIC_API_KEY": stub.key}
"""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY = "sk-ant-api03-planted-key-that-must-never-be-seen"
PASS_RATES = {"claude-haiku-5-5": 0.9, "claude-sonnet-5-5": 0.95, "claude-opus-5-5": 1.0}
WORDY = {"claude-haiku-5-5": 3, "claude-sonnet-5-5": 2, "claude-opus-5-5": 1}
"""How many output tokens each model uses for one of the dearest's."""

PARAMS = {
    *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "stop_sequences", "thinking"),
    *("output_config", "cache_control", "service_tier", "stream"),
}
COUNTED = {"model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control"}
CUSTOM_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the server does in place of an answer: a status with a message, a text, a reply that breaks off, a pause.

    seconds: how long it waits first. change: the right reply, changed. kind "lost": a batch never arrives.
    """

    status: int = 200
    message: str = "a planted fault"
    kind: str = "api_error"
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    breaks_off: bool = False
    seconds: float = 0.0
    change: Callable[[dict[str, Any]], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Billed:
    """One answer that the server bills. request: its name, by what was asked. tokens: prompt and output."""

    request: str
    model: str
    tokens: tuple[int, int]
    in_batch: bool


@dataclass(kw_only=True)
class StubBatch:
    """A batch. polls: how often it was looked at. results: outcome by custom id."""

    id: str
    requests: list[dict[str, Any]]
    created_at: datetime
    polls: int = 0
    is_ended: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)


class RefusedError(Exception):
    """An error reply."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


def demand(holds: bool, message: str) -> None:
    if not holds:
        raise RefusedError(400, "invalid_request_error", message)


def request_name(body: Mapping[str, Any]) -> str:
    """The same for what asks the same of the same model."""
    asked = {name: value for name, value in body.items() if name not in ("service_tier", "stream")}
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def luck(*parts: str) -> float:
    """A number in [0, 1) that depends on nothing else."""
    return int.from_bytes(sha256("|".join(parts).encode()).digest()[:6], "big") / 2**48


def text_in(value: Any) -> str:
    """All text of a prompt."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return " ".join(text_in(item) for item in value.values())
    return " ".join(map(text_in, value)) if isinstance(value, list) else str(value)


def prompt_tokens(body: Mapping[str, Any]) -> int:
    asked = {name: value for name, value in body.items() if name in ("system", "messages", "tools")}
    return 8 + len(text_in(asked).split())


class MessagesStub:
    """The server. requests: (path, status) in order. bill: what was answered. fault: of a request's number and body.

    outcome: what becomes of an item of a batch, by its number and params: succeeded, invalid, overloaded, expired,
    canceled. polls_to_end: how often a batch is looked at, itself or in a
    list, before it has ended. hold: while set, answers wait for
    `release`; `held` counts those that wait.
    """

    def __init__(self, *, pass_rates: Mapping[str, float] = PASS_RATES) -> None:
        self.pass_rates = pass_rates
        self.key = KEY
        self.fault: Callable[[int, dict[str, Any]], Fault | None] = lambda number, body: None
        self.batch_fault: Callable[[int, str], Fault | None] = lambda number, path: None
        self.outcome: Callable[[int, dict[str, Any]], str] = lambda number, params: "succeeded"
        self.polls_to_end = 1
        self.requests: list[tuple[str, int]] = []
        self.bill: list[Billed] = []
        self.batches: dict[str, StubBatch] = {}
        self.most_at_once = self._at_once = 0
        self.hold = False
        self.held = threading.Semaphore(0)
        self.release = threading.Event()
        self.lock = threading.Lock()
        self._number = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def billed(self) -> Counter[str]:
        """How often each request was billed."""
        return Counter(item.request for item in self.bill)

    def asked(self, path: str) -> list[int]:
        """The statuses of the requests to a path."""
        return [status for asked, status in self.requests if asked == path]

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> "Reply":
        """What is sent back."""
        parts = urlsplit(path)
        with self.lock:
            self._number += 1
            number = self._number
        own = {"request-id": f"req_{number:05d}", "content-type": "application/json"}
        try:
            self._check_key(headers)
            found = self._route(method, parts.path, parse_qs(parts.query), headers, body, number)
        except RefusedError as refused:
            error = {"type": "error", "error": {"type": refused.kind, "message": refused.message}}
            found = Reply(status=refused.status, text=json.dumps(error), headers=getattr(refused, "headers", {}))
        with self.lock:
            self.requests.append((parts.path, found.status))
        return Reply(
            status=found.status, text=found.text, headers=own | dict(found.headers), breaks_off=found.breaks_off
        )

    def _check_key(self, headers: Mapping[str, str]) -> None:
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if key != self.key:
            raise RefusedError(401, "authentication_error", f"invalid x-api-key {key}")
        demand(
            re.fullmatch(r"\d{4}-\d{2}-\d{2}", headers.get("anthropic-version", "")) is not None, "anthropic-version"
        )

    def _route(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
        number: int,
    ) -> "Reply":
        if path.startswith("/v1/messages/batches"):
            return self._batches(method, path.removeprefix("/v1/messages/batches").strip("/"), query, body, number)
        if method != "POST" or path not in ("/v1/messages", "/v1/messages/count_tokens"):
            raise RefusedError(404, "not_found_error", "Not found")
        demand(headers.get("content-type") == "application/json", "content-type")
        asked = json.loads(body)
        self._check_params(asked, PARAMS if path == "/v1/messages" else COUNTED)
        if path != "/v1/messages":
            return Reply(text=json.dumps({"input_tokens": prompt_tokens(asked)}))
        with self.lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return self._message(asked, number)
        finally:
            with self.lock:
                self._at_once -= 1

    def _check_params(self, asked: Any, known: set[str]) -> None:
        demand(isinstance(asked, dict), "body: not an object")
        demand(not asked.keys() - known, f"{sorted(asked.keys() - known)}: Extra inputs are not permitted")
        if asked.get("model") not in self.pass_rates:
            raise RefusedError(404, "not_found_error", f"model: {asked.get('model')}")
        demand(
            "max_tokens" not in known or (type(asked.get("max_tokens")) is int and asked["max_tokens"] > 0),
            "max_tokens",
        )
        messages = asked.get("messages")
        demand(isinstance(messages, list) and bool(messages), "messages: at least one")
        demand(all(set(item) == {"role", "content"} for item in messages), "messages: role and content")
        demand(
            messages[0]["role"] == "user" and all(item["role"] in ("user", "assistant") for item in messages), "role"
        )
        demand(asked.get("service_tier", "auto") in ("auto", "standard_only"), "service_tier")
        demand("refuse me" not in text_in(messages), "messages.0: this request is refused, whoever asks")

    def _message(self, asked: dict[str, Any], number: int) -> "Reply":
        fault = self.fault(number, asked)
        if self.hold:
            self.held.release()
            self.release.wait(60)
        if fault is not None and fault.status != 200:
            return _error(fault)
        message = self.answered(asked, in_batch=False)
        if fault is not None and fault.seconds:
            time.sleep(fault.seconds)
        if fault is not None and fault.change is not None:
            fault.change(message)
        breaks_off = fault is not None and fault.breaks_off
        if asked.get("stream"):
            return Reply(text=_events(message), headers={"content-type": "text/event-stream"}, breaks_off=breaks_off)
        text = json.dumps(message) if fault is None or fault.text is None else fault.text
        return Reply(text=text, breaks_off=breaks_off)

    def answered(self, asked: Mapping[str, Any], *, in_batch: bool) -> dict[str, Any]:
        """The message that a model gives, and one more line on the bill."""
        model, name = asked["model"], request_name(asked)
        wanted = re.findall(r"answer=(\S+)", text_in(asked["messages"]))
        is_right = luck("right", name) < self.pass_rates[model]
        said = wanted[-1] if wanted and is_right else "wrong"
        output = min(
            int(WORDY.get(model, 1) * (4 + 20 * luck("length", json.dumps(asked["messages"])))), asked["max_tokens"]
        )
        prompt = prompt_tokens(asked)
        with self.lock:
            self.bill.append(Billed(request=name, model=model, tokens=(prompt, output), in_batch=in_batch))
        return {
            "id": f"msg_{name[:20]}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": said}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {
                "input_tokens": prompt,
                "output_tokens": output,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "service_tier": "batch" if in_batch else "standard",
                "inference_geo": "global",
                "server_tool_use": None,
            },
        }

    def _batches(self, method: str, rest: str, query: Mapping[str, list[str]], body: bytes, number: int) -> "Reply":
        place = f"{method} {rest.partition('/')[2] or ('one' if rest else 'all')}"
        fault = self.batch_fault(number, place)
        if fault is not None and fault.status != 200:
            return _error(fault)
        breaks_off = fault is not None and fault.breaks_off
        if place == "POST all":
            if fault is not None and fault.kind == "lost":
                return Reply(text="lost on the way", breaks_off=True)
            batch = self._create(json.loads(body))
            if fault is not None and fault.seconds:
                self.held.release()
                self.release.wait(fault.seconds)
            return Reply(text=json.dumps(self._shown(batch)), breaks_off=breaks_off)
        if place == "GET all":
            return Reply(text=json.dumps(self._listed(query)), breaks_off=breaks_off)
        batch = self._known(rest.partition("/")[0])
        if place == "GET one":
            self._look_at(batch)
            return Reply(text=json.dumps(self._shown(batch)), breaks_off=breaks_off)
        if place == "GET results":
            demand(batch.is_ended, "the batch has not ended")
            text = "".join(json.dumps(item) + "\n" for item in batch.results)
            return Reply(text=text, headers={"content-type": "application/x-jsonl"}, breaks_off=breaks_off)
        if place == "POST cancel":
            return Reply(text=json.dumps(self._shown(batch)))
        raise RefusedError(404, "not_found_error", "Not found")

    def _known(self, batch_id: str) -> StubBatch:
        if batch_id not in self.batches:
            raise RefusedError(404, "not_found_error", "no such batch")
        return self.batches[batch_id]

    def _create(self, asked: Any) -> StubBatch:
        demand(isinstance(asked, dict) and set(asked) == {"requests"}, "requests: required, and nothing else")
        requests = asked["requests"]
        demand(isinstance(requests, list) and 0 < len(requests) <= 100_000, "requests: 1 to 100,000")
        names = [item.get("custom_id", "") for item in requests]
        demand(all(set(item) == {"custom_id", "params"} for item in requests), "requests: custom_id and params")
        demand(len(set(names)) == len(names), "custom_id: twice")
        demand(all(CUSTOM_ID.fullmatch(name) for name in names), "custom_id: 1 to 64 letters, digits, - and _")
        with self.lock:
            batch = StubBatch(
                id=f"msgbatch_{len(self.batches) + 1:04d}", requests=requests, created_at=datetime.now(tz=UTC)
            )
            self.batches[batch.id] = batch
        return batch

    def add_foreign_batch(self, size: int) -> str:
        """A batch of somebody else in the same workspace. Its id."""
        params = {"model": "claude-haiku-5-5", "max_tokens": 5, "messages": [{"role": "user", "content": "other"}]}
        return self._create({"requests": [{"custom_id": f"other-{i}", "params": params} for i in range(size)]}).id

    def _look_at(self, batch: StubBatch) -> None:
        batch.polls += 1
        if batch.polls >= self.polls_to_end:
            self._end(batch)

    def _end(self, batch: StubBatch) -> None:
        if batch.is_ended:
            return
        batch.is_ended = True
        for index, item in enumerate(batch.requests):
            became = self.outcome(index, item["params"])
            result: dict[str, Any] = {"type": became}
            if became == "succeeded":
                try:
                    self._check_params(item["params"], PARAMS)
                    result["message"] = self.answered(item["params"], in_batch=True)
                except RefusedError as refused:
                    error = {"type": refused.kind, "message": refused.message}
                    result = {"type": "errored", "error": {"type": "error", "error": error}}
            elif became in ("invalid", "overloaded"):
                kind = "invalid_request_error" if became == "invalid" else "overloaded_error"
                inner = {"type": "error", "error": {"type": kind, "message": f"{became} item"}}
                result = {"type": "errored", "error": inner}
            batch.results.append({"custom_id": item["custom_id"], "result": result})
        batch.results.reverse()  # results come in any order

    def _shown(self, batch: StubBatch) -> dict[str, Any]:
        kinds = Counter(item["result"]["type"] for item in batch.results)
        counts = {kind: kinds[kind] for kind in ("succeeded", "errored", "canceled", "expired")}
        created = batch.created_at
        return {
            "id": batch.id,
            "type": "message_batch",
            "processing_status": "ended" if batch.is_ended else "in_progress",
            "request_counts": {**counts, "processing": 0 if batch.is_ended else len(batch.requests)},
            "created_at": created.isoformat(),
            "expires_at": (created + timedelta(days=1)).isoformat(),
            "ended_at": created.isoformat() if batch.is_ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{self.address}/v1/messages/batches/{batch.id}/results" if batch.is_ended else None,
        }

    def _listed(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        newest = sorted(self.batches.values(), key=lambda batch: batch.id, reverse=True)
        limit = int(query.get("limit", ["20"])[0])
        demand(1 <= limit <= 1000, "limit: 1 to 1000")
        if "after_id" in query:
            ids = [batch.id for batch in newest]
            newest = newest[ids.index(query["after_id"][0]) + 1 :]
        page = newest[:limit]
        for batch in page:
            self._look_at(batch)
        return {
            "data": [self._shown(batch) for batch in page],
            "has_more": len(page) < len(newest),
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
        }


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Status, headers and text; breaks_off: half of the text comes, and the connection ends."""

    status: int = 200
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    breaks_off: bool = False


def _error(fault: Fault) -> Reply:
    error = {"type": "error", "error": {"type": fault.kind, "message": fault.message}}
    return Reply(status=fault.status, text=json.dumps(error), headers=fault.headers)


def _events(message: Mapping[str, Any]) -> str:
    """A message as the events of a stream: the prompt's usage first, the output's last."""
    usage = message["usage"]
    begun = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(message["content"]):
        empty = {**block, "text": ""}
        events += [
            {"type": "content_block_start", "index": index, "content_block": empty},
            {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": block["text"]}},
            {"type": "content_block_stop", "index": index},
        ]
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events += [
        {"type": "message_delta", "delta": delta, "usage": {"output_tokens": usage["output_tokens"]}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def _handler(stub: MessagesStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("content-length") or 0)))

        def _serve(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = stub.answer(self.command, self.path, headers, body)
            text = reply.text.encode()
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text[: len(text) // 2] if reply.breaks_off else text)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked was killed meanwhile: a test does that
            if reply.breaks_off:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: the tests look at `requests`."""

    return Handler
