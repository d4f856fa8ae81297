"""Requests put to models through Message Batches, at half the price: submitted, waited for, collected, resumed.

A batch is written to the store before it is submitted, with a random word in the custom id of each of its requests. A
submit whose own reply never came is looked for among the batches of the workspace by that word, so that nothing is
submitted twice. A batch that is interrupted goes on at Anthropic, and the next run collects it.
"""

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from planner.errors import UsageError
from planner.evaluation.answer_cost import writes_for_an_hour
from planner.evaluation.batch_results import collected
from planner.evaluation.evaluation import ModelRequest
from planner.evaluation.keys import canonical_json
from planner.evaluation.messages import ENDS_THE_RUN, IN_A_ROW, MAYBE_BILLED
from planner.evaluation.replies import BrokenReplyError, now_text, reply_object
from planner.evaluation.run_state import RunState
from planner.evaluation.store import BatchItem, KeptBatch
from planner.sdk import NOT_SENT, Connection, cause_names, why

if TYPE_CHECKING:
    from anthropic import AnthropicError

MOST_REQUESTS: Final = 100_000
MOST_BYTES: Final = 250_000_000
"""A batch takes 100,000 requests and 256 MB; some bytes are its own."""

LEAST_AGAIN: Final = 20
"""A further batch is only made for so many requests, or for all that are left: each may take hours."""

SECONDS_UNTIL_LISTED: Final = 60.0
"""A batch that is in no list so long after it was meant to be submitted never arrived."""

_KEPT_FOR: Final = timedelta(days=29)
_CLOCKS_DIFFER_BY: Final = timedelta(hours=1)
_PAGE: Final = 100


class _SubmitUnknownError(Exception):
    """The submit may have arrived: no reply says so or otherwise. Never repeated by itself."""


class Submitting:
    """Middleware of the client that lets the SDK repeat a submit only where the API has said that it made no batch."""

    def __init__(self) -> None:
        self._here = threading.local()

    def announce(self, is_submit: bool) -> None:
        """Whether this thread's next calls submit a batch."""
        self._here.is_submit = is_submit

    def __call__(self, request: Any, call_next: Callable[[Any], Any]) -> Any:
        """One attempt. Errors: _SubmitUnknownError, which the SDK does not retry."""
        if not getattr(self._here, "is_submit", False):
            return call_next(request)
        try:
            response = call_next(request)
        except Exception as error:
            if cause_names(error) & NOT_SENT:
                raise
        else:
            if response.status_code not in MAYBE_BILLED:
                return response
        raise _SubmitUnknownError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a look at a batch found. done: results that are in, of all; a batch whose results are kept is over."""

    is_over: bool
    done: int = 0


class BatchAsking:
    """Batches of a run and those that an earlier one left. wanted: keys of the requests whose outcome is counted."""

    def __init__(self, run: RunState, connect: Callable[[Submitting], Connection], wanted: Collection[str]) -> None:
        self._run, self._wanted = run, frozenset(wanted)
        self._submitting = Submitting()
        self._connection = connect(self._submitting)
        self._mine: set[str] = set()
        self._foreign: set[str] = set()
        self._failures = 0

    def close(self) -> None:
        """Count what is still open, and close the client."""
        open_items = [item for batch in self._run.store.open_batches() for item in batch.items]
        self._run.waiting = len({item.key for item in open_items if item.key in self._wanted and not item.state})
        self._connection.close()

    def collect(self, *, wait: bool) -> None:
        """Look at every open batch and keep what has ended; with `wait` until all have.

        Errors: UsageError where the batches cannot be looked at; they go on meanwhile.
        """
        while self._look_at_all() and wait:
            time.sleep(self._run.limits.poll_seconds)

    def submit(self, requests: Sequence[ModelRequest], worst: Mapping[str, Decimal]) -> None:
        """Submit what fits in the budget at its worst, wait, collect, and go on with what fits then.

        Errors: UsageError where nothing can be submitted.
        """
        pending, is_first = deque(requests), True
        try:
            while True:
                while chunk := self._fitting(pending, worst, is_first):
                    self._submit(chunk, worst)
                    is_first = False
                    for _ in chunk:
                        pending.popleft()
                if not self._look_at_all():
                    if not self._fitting(pending, worst, is_first):
                        return
                    continue
                time.sleep(self._run.limits.poll_seconds)
        finally:
            self._run.count("left", number=len(pending))

    def _fitting(
        self, pending: Sequence[ModelRequest], worst: Mapping[str, Decimal], is_first: bool
    ) -> list[ModelRequest]:
        """The next batch: requests from the first on, as many as limits and budget allow."""
        left, size = self._run.ledger.left_usd, 0
        chunk: list[ModelRequest] = []
        for request in pending:
            size += len(canonical_json(request.params).encode()) + len(request.model) + 100
            left -= worst[request.key]
            if left < 0 or size > MOST_BYTES or len(chunk) == MOST_REQUESTS:
                break
            chunk.append(request)
        is_worth_it = is_first or len(chunk) in (len(pending), MOST_REQUESTS) or len(chunk) >= LEAST_AGAIN
        return chunk if is_worth_it else []

    def _submit(self, chunk: Sequence[ModelRequest], worst: Mapping[str, Decimal]) -> None:
        token = secrets.token_hex(8)
        items = [_item(token, index, request, worst[request.key]) for index, request in enumerate(chunk)]
        total = sum((item.worst_usd for item in items), Decimal(0))
        if not self._run.ledger.reserve(total):
            raise UsageError("the run is stopped")
        self._run.store.intend_batch(token, items, now_text())
        self._mine.add(token)
        try:
            batch_id = self._created(
                [
                    {"custom_id": item.custom_id, "params": {"model": request.model, **request.params}}
                    for item, request in zip(items, chunk, strict=True)
                ]
            )
        except _SubmitUnknownError:
            return  # it is looked for among the batches that there are
        except UsageError:
            self._run.store.set_batch(token, "not submitted")
            self._run.ledger.settle(total, Decimal(0))
            raise
        self._run.store.set_batch(token, "submitted", batch_id)

    def _created(self, requests: list[dict[str, Any]]) -> str:
        """The id of a new batch. Errors: _SubmitUnknownError; UsageError where the API made none."""
        from anthropic import AnthropicError  # noqa: PLC0415

        self._submitting.announce(True)
        try:
            create = self._connection.client.messages.batches.with_raw_response.create
            found = reply_object(create(requests=requests).text()).get("id")  # type: ignore[arg-type]
        except AnthropicError as error:
            said = why(error, self._connection)
        except BrokenReplyError:
            found = said = None
        else:
            said = None
        finally:
            self._submitting.announce(False)
        if said is not None:
            raise UsageError(f"the batch was not submitted: {said}")
        if not isinstance(found, str) or not found:
            raise _SubmitUnknownError
        return found

    def _look_at_all(self) -> bool:
        """Look at every open batch once; whether one is still open."""
        open_batches = self._run.store.open_batches()
        looks = [self._look(batch) for batch in open_batches]
        if self._run.progress is not None and open_batches:
            total = sum(len(batch.items) for batch in open_batches)
            self._run.progress("waiting for batches", sum(look.done for look in looks) / total)
        return not all(look.is_over for look in looks)

    def _look(self, batch: KeptBatch) -> _Look:
        """Errors: UsageError where the key cannot look, or looking has failed so often that it is of no use."""
        from anthropic import AnthropicError  # noqa: PLC0415

        try:
            look = self._found(batch) if batch.batch_id is None else self._looked(batch)
        except AnthropicError as error:
            said = self._after(error, batch)
        except BrokenReplyError as error:
            said = str(error)
        except Exception as error:
            if not type(error).__module__.startswith("httpx"):
                raise
            said = "the reply broke off"
        else:
            self._failures = 0
            return look
        self._failures += 1
        if said is None:
            return _Look(is_over=True, done=len(batch.items))
        if self._failures >= IN_A_ROW:
            raise UsageError(f"{_name(batch)} cannot be looked at: {said}. It goes on; the same command collects it")
        return _Look(is_over=False)

    def _after(self, error: "AnthropicError", batch: KeptBatch) -> str | None:
        """What is wrong; None where the batch is given up. Errors: UsageError where looking again is of no use."""
        status = getattr(error, "status_code", 0)
        said = why(error, self._connection)
        if status == 404 and batch.batch_id is not None:
            if _age(batch) > _KEPT_FOR:
                self._give_up(batch)
                return None
            raise UsageError(
                f"{_name(batch)} is not in the workspace of {self._connection.key_name}: use the key that it was "
                "submitted with. Its requests are not asked again before it is collected, so that none is paid twice"
            )
        if status in ENDS_THE_RUN or 400 <= status < 408:
            raise UsageError(f"{_name(batch)} cannot be looked at: {said}")
        return said

    def _looked(self, batch: KeptBatch) -> _Look:
        batches = self._connection.client.messages.batches
        shown = reply_object(batches.with_raw_response.retrieve(str(batch.batch_id)).text())
        if shown.get("processing_status") != "ended":
            counts = shown.get("request_counts")
            counts = counts if isinstance(counts, dict) else {}
            going = counts.get("processing")
            return _Look(is_over=False, done=len(batch.items) - going if isinstance(going, int) else 0)
        if not shown.get("results_url"):
            self._give_up(batch)
        else:
            collected(
                self._run,
                batch,
                self._results(str(batch.batch_id)),
                is_mine=batch.token in self._mine,
                wanted=self._wanted,
                clean=self._connection.without_secrets,
            )
        return _Look(is_over=True, done=len(batch.items))

    def _results(self, batch_id: str) -> Iterator[Mapping[str, Any]]:
        """Results of a batch, of which one that cannot be kept is as good as none. Errors: BrokenReplyError."""
        try:
            for item in self._connection.client.messages.batches.results(batch_id):
                try:
                    yield self._connection.data_without_secrets(item.to_dict(warnings=False))
                except (AttributeError, RecursionError):  # no object, or nested too deeply
                    continue
        except ValueError:
            raise BrokenReplyError("its results are no JSON lines") from None

    def _give_up(self, batch: KeptBatch) -> None:
        """The results are gone: they were paid for, and nobody knows what they cost."""
        self._run.store.set_batch(batch.token, "lost")
        if batch.token in self._mine:
            for item in batch.items:
                self._run.ledger.doubt(item.worst_usd)
        self._run.count("failed", "the results of its batch are gone", len(batch.items))

    def _found(self, batch: KeptBatch) -> _Look:
        """Look for a batch whose submit was never answered, by the custom ids of those that have ended."""
        is_open = False
        for shown in self._listed_since(datetime.fromisoformat(batch.intended_at) - _CLOCKS_DIFFER_BY):
            if shown["id"] in self._foreign or _size(shown) != len(batch.items):
                continue
            if shown.get("processing_status") != "ended":
                is_open = True  # whose it is shows when it has ended
            elif self._first_custom_id(shown["id"]).startswith(f"{batch.token}-"):
                self._run.store.set_batch(batch.token, "submitted", shown["id"])
                return self._looked(replace(batch, batch_id=shown["id"]))
            else:
                self._foreign.add(shown["id"])
        if is_open or _age(batch).total_seconds() < SECONDS_UNTIL_LISTED:
            return _Look(is_over=False)
        self._run.store.set_batch(batch.token, "not submitted")
        if batch.token in self._mine:
            self._run.ledger.settle(sum((item.worst_usd for item in batch.items), Decimal(0)), Decimal(0))
            self._run.count("failed", "its batch never arrived at Anthropic", len(batch.items))
        return _Look(is_over=True, done=len(batch.items))

    def _listed_since(self, since: datetime) -> Iterator[dict[str, Any]]:
        """Batches of the workspace that the store does not know, the newest first."""
        known = self._run.store.batch_ids()
        for listed in self._connection.client.messages.batches.list(limit=_PAGE):
            shown = listed.to_dict(warnings=False)
            created = listed.created_at
            if isinstance(created, datetime) and created.tzinfo is not None and created < since:
                return
            if isinstance(shown.get("id"), str) and shown["id"] not in known:
                yield shown

    def _first_custom_id(self, batch_id: str) -> str:
        return next((str(result.get("custom_id")) for result in self._results(batch_id)), "")


def _item(token: str, index: int, request: ModelRequest, worst_usd: Decimal) -> BatchItem:
    return BatchItem(
        custom_id=f"{token}-{index:06d}",
        key=request.key,
        model=request.model,
        request_type=request.request_type,
        purpose=request.purpose,
        has_hour_cache=writes_for_an_hour(request.params),
        worst_usd=worst_usd,
    )


def _size(shown: Mapping[str, Any]) -> int:
    counts = shown.get("request_counts")
    return sum(value for value in counts.values() if isinstance(value, int)) if isinstance(counts, dict) else -1


def _age(batch: KeptBatch) -> timedelta:
    return datetime.now(tz=UTC) - datetime.fromisoformat(batch.intended_at)


def _name(batch: KeptBatch) -> str:
    return f"batch {batch.batch_id or 'of ' + batch.intended_at}"
