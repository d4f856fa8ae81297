"""A server on 127.0.0.1 that speaks Anthropic's Usage and Cost Analytics, for the real SDK to talk to.

It checks what it is asked as the endpoint documents it and answers 400 to anything else; it can be told to fail at a
request, to be slow at one, and to know keys that are expired or lack the scope. `use_of_day` is what was used; tests
add it up by themselves.

    with AnalyticsStub() as stub:
        os.environ |= {"ANTHROPIC_BASE_URL": stub.address, "ANTHROPIC_ADMIN_KEY": stub.key}
"""

import base64
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

BETA = "analytics-usage-cost-2026-08-24"
KEY = "sk-ant-admin01-planted-key-that-must-never-be-seen"
COUNTS = ("uncached", "read", "write_5m", "write_1h", "output", "searches", "requests")
GROUPS = (
    *("actor", "actor_type", "agent_id", "api_key_id", "claude_tag_category", "claude_tag_user_id", "context_window"),
    *("deployment_id", "environment_id", "inference_geo", "model", "organization_id", "product", "rbac_group_id"),
    *("service_tier", "session_id", "slack_channel_id", "speed", "user_profile_id", "workspace_id"),
)
COST_GROUPS = (*GROUPS, "cost_type", "token_type")
PARAMETERS = {"starting_at", "ending_at", "time_bucket_width", "group_by[]", "limit", "order", "order_by", "page"}
PRICES = {"claude-opus-5-5": (4, 20), "claude-haiku-5-5": (0.1, 0.5), "claude-sonnet-5-5": (2, 10)}


@dataclass(frozen=True, kw_only=True)
class Use:
    """What one key used of one model in one day: its dimensions, counts, and money in cents."""

    group: Mapping[str, Any]
    counts: Mapping[str, int]
    amount: Decimal
    list_amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the server does instead of answering: a status with a message, a text, or a reply that breaks off.

    change: the right reply, changed.
    """

    status: int = 200
    message: str = "a planted fault"
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    breaks_off: bool = False
    change: Callable[[dict[str, Any]], None] | None = None


def use_of_day(day: date) -> list[Use]:
    """The same for the same day; nothing on the 13th of a month. Money with more decimals than a cent has."""
    if day.day == 13:
        return []
    seed = day.toordinal()
    found = []
    for number, (model, (input_usd, output_usd)) in enumerate(PRICES.items()):
        for key in range(2 + (seed + number) % 2):
            base = (seed * 37 + number * 101 + key * 13) % 997
            counts = dict(
                zip(COUNTS, (base * 1000, base * 700, base * 30, base * 7, base * 90, base % 5, base), strict=True)
            )
            fresh = counts["uncached"] + counts["write_5m"] * Decimal("1.25") + 2 * counts["write_1h"]
            listed = (fresh * Decimal(str(input_usd)) + counts["output"] * Decimal(str(output_usd))) / 10_000
            batch = (seed + key) % 3 == 0
            group = {
                "actor": {"type": "api_actor", "api_key_id": f"apikey_{key}"},
                "actor_type": "api_actor",
                "api_key_id": f"apikey_{key}" if key else None,
                "workspace_id": f"wrkspc_{key % 2}",
                "model": model,
                "service_tier": "batch" if batch else "standard",
                "context_window": "0-200k" if seed % 2 else "200k-1M",
                "product": "message_batches_api" if batch else "messages_api",
                "agent_id": None,
            }
            found.append(Use(group=group, counts=counts, amount=listed * Decimal("0.8537"), list_amount=listed))
    return found


class AnalyticsStub:
    """The server. requests: what was asked and allowed or refused, in order. faults: by request number from 1.

    page_rows: as many rows as it puts on a page whatever the limit. always: what it does at every request instead.
    order: what it does to the order of rows that was asked for. hold_at: the request at which it waits until
    `release` is set; `held` is set meanwhile.
    """

    def __init__(
        self,
        *,
        use: Callable[[date], Sequence[Use]] = use_of_day,
        page_rows: int = 1000,
        refreshed_at: str | None = "2026-11-24T00:00:00Z",
        organization_id: str | None = "00000000-0000-4000-8000-000000000001",
        now: date = date(2026, 11, 24),
    ) -> None:
        self.use, self.page_rows, self.refreshed_at, self.now = use, page_rows, refreshed_at, now
        self.organization_id = organization_id
        self.key = KEY
        self.expired: set[str] = set()
        self.without_scope: set[str] = set()
        self.faults: dict[int, Fault] = {}
        self.always: Fault | None = None
        self.order: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = list
        self.requests: list[dict[str, Any]] = []
        self.hold_at: int | None = None
        self.held, self.release = threading.Event(), threading.Event()
        self._lock = threading.Lock()
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

    def asked(self, kind: str) -> list[tuple[str, str]]:
        """The first and the end day of every first page of a kind, as asked."""
        return [
            (row["starting_at"][:10], row["ending_at"][:10])
            for row in self.requests
            if row["kind"] == kind and not row.get("page") and row["status"] == 200 and row["retry"] == "0"
        ]

    def answer(self, path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes, int]:
        """Status, headers, body, and the length that is claimed for it."""
        parts = urlsplit(path)
        query = parse_qs(parts.query, keep_blank_values=True)
        kind = parts.path.rpartition("/")[2]
        row = {name.removesuffix("[]"): values if name.endswith("[]") else values[0] for name, values in query.items()}
        with self._lock:
            row |= {"kind": kind, "retry": headers.get("x-stainless-retry-count", "0"), "status": 200}
            self.requests.append(row)
            number = len(self.requests)
        if number == self.hold_at:
            self.held.set()
            self.release.wait(60)
        own = {"request-id": f"req_{number:04d}", "content-type": "application/json"}
        if self.organization_id is not None:
            own["anthropic-organization-id"] = self.organization_id
        try:
            self._check_key(headers)
            if parts.path not in ("/v1/organizations/analytics/usage", "/v1/organizations/analytics/cost"):
                raise RefusedError(404, "not_found_error", "Not found")
            reply = self._reply(kind, query, headers)
            fault = self.faults.get(number) or self.always
            if fault is not None and fault.status != 200:
                own |= fault.headers
                raise RefusedError(fault.status, "api_error", fault.message)
        except RefusedError as refused:
            row["status"] = refused.status
            error = {"type": "error", "error": {"type": refused.kind, "message": refused.message}, "request_id": "req"}
            body = json.dumps(error).encode()
            return refused.status, own, body, len(body)
        if fault is not None and fault.change is not None:
            fault.change(reply)
        body = (json.dumps(reply) if fault is None or fault.text is None else fault.text).encode()
        return (
            (200, own, body[: len(body) // 2], len(body)) if fault and fault.breaks_off else (200, own, body, len(body))
        )

    def _check_key(self, headers: Mapping[str, str]) -> None:
        authorization = headers.get("authorization", "")
        key = headers.get("x-api-key") or authorization.removeprefix("Bearer ")
        if key in self.expired:
            raise RefusedError(401, "authentication_error", f"{key} has expired")
        if key in self.without_scope:
            raise RefusedError(403, "permission_error", f"{key} lacks read:analytics")
        if key != self.key:
            raise RefusedError(401, "authentication_error", "invalid x-api-key")

    def _reply(self, kind: str, query: Mapping[str, list[str]], headers: Mapping[str, str]) -> dict[str, Any]:
        first, end, groups, limit = self._checked(kind, query, headers)
        rows = [
            row
            for index in range((end - first).days)
            for row in _rows(kind, first + timedelta(days=index), self.use(first + timedelta(days=index)), groups)
        ]
        asked = json.dumps({name: values for name, values in sorted(query.items()) if name != "page"})
        rows, start = self.order(rows), 0
        if "page" in query:
            try:
                of, start = json.loads(base64.urlsafe_b64decode(query["page"][0]))
            except ValueError:
                raise RefusedError(400, "invalid_request_error", "page: not a cursor") from None
            _demand(of == asked, "page: the cursor belongs to another query")
        size = min(limit, self.page_rows)
        more = start + size < len(rows)
        token = base64.urlsafe_b64encode(json.dumps([asked, start + size]).encode()).decode()
        return {
            "data": rows[start : start + size],
            "has_more": more,
            "next_page": token if more else None,
            "data_refreshed_at": self.refreshed_at,
        }

    def _checked(
        self, kind: str, query: Mapping[str, list[str]], headers: Mapping[str, str]
    ) -> tuple[date, date, list[str], int]:
        _demand(BETA in headers.get("anthropic-beta", "").split(","), f"anthropic-beta: {BETA} is required")
        _demand(not set(query) - PARAMETERS, f"unknown parameters: {sorted(set(query) - PARAMETERS)}")
        _demand(query.get("time_bucket_width") == ["1d"], "time_bucket_width: this server knows 1d")
        _demand(query.get("order_by") == ["time"] and query.get("order") == ["asc"], "this server knows time, asc")
        groups = query.get("group_by[]", [])
        known = GROUPS if kind == "usage" else COST_GROUPS
        _demand(len(groups) <= 5, "group_by[]: at most 5")
        _demand(all(name in known for name in groups), f"group_by[]: unknown among {groups}")
        limit = int(query.get("limit", ["20"])[0])
        _demand(1 <= limit <= 1000, "limit: 1 to 1000")
        start, end = (datetime.fromisoformat(query.get(name, [""])[0]) for name in ("starting_at", "ending_at"))
        _demand(start.tzinfo is not None and start.hour == 0 and end.hour == 0, "starting_at, ending_at: not a UTC day")
        _demand(start < end <= start + timedelta(days=31), "the range may span at most 31 days")
        earliest = datetime(self.now.year, self.now.month, self.now.day, tzinfo=UTC) - timedelta(days=364)
        _demand(start >= max(earliest, datetime(2026, 1, 1, tzinfo=UTC)), "starting_at: too early")
        return start.date(), end.date(), groups, limit


class RefusedError(Exception):
    """An error reply."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise RefusedError(400, "invalid_request_error", message)


def _rows(kind: str, day: date, use: Sequence[Use], groups: Sequence[str]) -> list[dict[str, Any]]:
    """The endpoint's rows of a day: one for each combination of dimensions, most tokens first."""
    gathered: dict[str, list[Use]] = defaultdict(list)
    for one in use:
        gathered[json.dumps([one.group.get(name) for name in groups])].append(one)
    found = []
    for values, members in gathered.items():
        sums = {name: sum(one.counts[name] for one in members) for name in COUNTS}
        body = _usage(sums) if kind == "usage" else _cost(members, sums)
        group = dict.fromkeys(GROUPS if kind == "usage" else COST_GROUPS) | dict(
            zip(groups, json.loads(values), strict=True)
        )
        end = day + timedelta(days=1)
        found.append({"starting_at": f"{day}T00:00:00Z", "ending_at": f"{end}T00:00:00Z", "group": group, kind: body})
    return sorted(found, key=lambda row: -(row[kind].get("total_tokens") or 0))


def _usage(sums: Mapping[str, int]) -> dict[str, Any]:
    return {
        "uncached_input_tokens": sums["uncached"],
        "output_tokens": sums["output"],
        "cache_read_input_tokens": sums["read"],
        "cache_creation": {
            "ephemeral_5m_input_tokens": sums["write_5m"],
            "ephemeral_1h_input_tokens": sums["write_1h"],
        },
        "requests": sums["requests"],
        "server_tool_use": {"web_search_requests": sums["searches"]},
        "total_tokens": sum(sums[name] for name in ("uncached", "output", "read", "write_5m", "write_1h")),
    }


def _cost(members: Sequence[Use], sums: Mapping[str, int]) -> dict[str, Any]:
    return {
        "amount": f"{sum(one.amount for one in members):f}",
        "list_amount": f"{sum(one.list_amount for one in members):f}",
        "currency": "USD",
        "requests": sums["requests"],
    }


def _handler(stub: AnalyticsStub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, own, body, length = stub.answer(self.path, headers)
            try:
                self.send_response(status)
                for name, value in own.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(length))
                self.end_headers()
                self.wfile.write(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # whoever asked was killed meanwhile: a test does that

        def log_message(self, *_: object) -> None:
            """Nothing: the tests look at `requests`."""

    return Handler
