"""Requests put to models one by one through the anthropic SDK: a few at once, the SDK's retries, each attempt paid for.

Every attempt, a retry included, is set aside in the budget and written to the store before it is sent. An attempt that
was answered with an error status costs nothing; one that brought no reply may have cost its worst.
"""

import threading
import warnings
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from planner.errors import PlannerError, UsageError
from planner.evaluation.answer_cost import writes_for_an_hour
from planner.evaluation.evaluation import ModelRequest
from planner.evaluation.replies import (
    NESTED_TOO_DEEPLY,
    BrokenReplyError,
    answer_of,
    is_of_another_model,
    now_text,
    reply_object,
)
from planner.evaluation.run_state import RunState
from planner.sdk import NOT_SENT, TOKEN_VARIABLE, Access, Connection, cause_names, why

if TYPE_CHECKING:
    from anthropic import AnthropicError

MESSAGES: Final = Access(
    variables=("ANTHROPIC_API_KEY", TOKEN_VARIABLE),
    needed="an API key of a workspace that may send messages, or a token that may",
    where="made in the Claude Console under Settings, API keys",
    without="To go on without a key, bring evidence made elsewhere: JSON lines with request_type, candidate, id and "
    "passed, decided on by `planner evidence decide FILE`",
    may="send this message",
    timeout_seconds=600.0,
    other=("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ADMIN_KEY is set, but an Admin key cannot send messages."),
)

STREAMED_ABOVE_TOKENS: Final = 16_000
"""A longer answer is streamed, because a connection on which nothing arrives for minutes is cut; the SDK refuses to
wait for more than about 21,000 tokens."""

SECONDS_AFTER_A_STOP: Final = 30.0
"""How long a stopped run waits for answers that are under way and paid for."""

IN_A_ROW: Final = 5
"""So many refusals, or failures, with no answer between: the next requests would end the same way."""

MAYBE_BILLED: Final = frozenset({408, 502, 504, *range(520, 528)})
"""Statuses with which a gateway answers in place of the API, which may have gone on without it."""

ENDS_THE_RUN: Final = frozenset({401, 402, 403, *range(300, 400)})
"""Statuses that are of the key, the account or the address, and not of a request."""

_PERMANENT: Final = frozenset({400, 404, 413, 422})
_ACCOUNT_WORDS: Final = ("credit balance", "billing", "spend limit", "usage limit")


class DoesNotFitError(Exception):
    """The budget has no room for one more attempt, or the run is stopped."""


class Attempts:
    """The SDK's attempts at a request, a retry each by itself: called around each one as the client's middleware.

    Only what a thread has announced is accounted; other calls of the client pass through.
    """

    def __init__(self, run: RunState, worst: Mapping[str, Decimal]) -> None:
        self._run, self._worst = run, worst
        self._here = threading.local()

    def announce(self, request: ModelRequest | None) -> None:
        """What this thread's next calls ask."""
        self._here.request, self._here.attempt = request, None

    @property
    def open(self) -> int | None:
        """The number of this thread's attempt whose end is not known yet."""
        found: int | None = getattr(self._here, "attempt", None)
        return found

    def __call__(self, request: Any, call_next: Callable[[Any], Any]) -> Any:
        """One attempt. Errors: DoesNotFitError, which the SDK does not retry; those of the attempt as they are."""
        asked: ModelRequest | None = getattr(self._here, "request", None)
        if asked is None:
            return call_next(request)
        self._begin(asked)
        try:
            response = call_next(request)
        except Exception as error:
            self.end(is_free=bool(cause_names(error) & NOT_SENT))
            raise
        status = response.status_code
        if not 200 <= status < 300:
            self.end(is_free=status not in MAYBE_BILLED)
        return response

    def _begin(self, asked: ModelRequest) -> None:
        worst = self._worst[asked.key]
        if not self._run.ledger.reserve(worst):
            raise DoesNotFitError
        try:
            self._here.attempt = self._run.store.begin_attempt(asked.key, worst, now_text())
        except BaseException:
            self._run.ledger.settle(worst, Decimal(0))
            raise

    def end(self, *, is_free: bool) -> None:
        """This thread's attempt brought no answer; it cost nothing, or its worst."""
        attempt, worst = self.open, self._worst[self._here.request.key]
        if attempt is None:
            return
        self._here.attempt = None
        try:
            self._run.store.end_attempt(attempt, "free" if is_free else "doubtful")
        finally:
            if is_free:
                self._run.ledger.settle(worst, Decimal(0))
            else:
                self._run.ledger.doubt(worst)

    def close(self) -> None:
        """This thread's attempt was answered, and the answer is kept."""
        self._here.attempt = None


class LiveAsking:
    """Requests on their way: a few workers take one after the other, in order, until all are asked or the run stops."""

    def __init__(self, run: RunState, connect: Callable[[Attempts], Connection], worst: Mapping[str, Decimal]) -> None:
        self._run, self._worst = run, worst
        self._attempts = Attempts(run, worst)
        self._connection = connect(self._attempts)
        self._waiting: deque[ModelRequest] = deque()
        self._refused: dict[str, tuple[ModelRequest, str]] = {}
        self._answered = self._done = self._failed_in_a_row = 0
        self._error: PlannerError | None = None
        self._fault: BaseException | None = None
        self._is_stopped = False
        self._lock = threading.Lock()

    def __call__(self, requests: Sequence[ModelRequest]) -> None:
        """Ask them all; what arrives is in the store.

        Errors: UsageError where no request can be asked; KeyboardInterrupt after what was under way has arrived.
        """
        self._waiting.extend(requests)
        size = min(self._run.limits.concurrency, len(requests))
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(size)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the SDK's, of models that retire: prices say so
                for thread in threads:
                    thread.start()
                self._watch(threads, len(requests))
        except KeyboardInterrupt:
            self._stop()
            self._run.ledger.wait_for_flight(SECONDS_AFTER_A_STOP)
            raise
        finally:
            self._finish(len(requests))
        if self._fault is not None:
            raise self._fault
        if self._error is not None:
            raise self._error

    def _watch(self, threads: Sequence[threading.Thread], total: int) -> None:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
                if self._run.progress is not None:
                    self._run.progress("asking", self._done / total)
                if self._is_stopped and self._run.ledger.wait_for_flight(SECONDS_AFTER_A_STOP):
                    return  # a worker may still sit out one of the SDK's pauses; it finds the run stopped

    def _finish(self, total: int) -> None:
        with self._lock:
            self._run.count("left", number=total - self._done)
            self._done = total
        self._connection.close()

    def _stop(self) -> None:
        with self._lock:
            self._waiting.clear()
            self._is_stopped = True
        self._run.ledger.stop()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    return
                request = self._waiting.popleft()
            try:
                self._ask(request)
            except DoesNotFitError:
                with self._lock:
                    self._waiting.clear()  # what comes later may be cheaper, but a sample has an order
            except PlannerError as error:
                self._error = error
                self._stop()
            except BaseException as error:  # a fault of ours: told by the thread that waits
                self._fault = error
                self._stop()

    def _ask(self, request: ModelRequest) -> None:
        """Ask one, and count what became of it. Errors: DoesNotFitError; UsageError where the run has to end."""
        from anthropic import AnthropicError  # noqa: PLC0415

        said: BrokenReplyError | AnthropicError
        self._attempts.announce(request)
        try:
            self._keep(request, self._connection.data_without_secrets(self._reply(request)))
        except RecursionError:
            said = BrokenReplyError(NESTED_TOO_DEEPLY)
        except (BrokenReplyError, AnthropicError) as error:
            said = error
        else:
            return
        finally:
            if self._attempts.open is not None:
                self._attempts.end(is_free=False)
        if isinstance(said, BrokenReplyError):
            self._count_failure(self._connection.without_secrets(str(said)))
        else:
            self._judge(request, said)

    def _reply(self, request: ModelRequest) -> Any:
        messages = self._connection.client.messages
        params: dict[str, Any] = {"model": request.model, "service_tier": "standard_only", **request.params}
        if params["max_tokens"] <= STREAMED_ABOVE_TOKENS:
            return reply_object(messages.with_raw_response.create(**params).text())
        try:
            with messages.stream(**params) as stream:
                return stream.get_final_message().to_dict(warnings=False)
        except Exception as error:
            if not type(error).__module__.startswith("httpx"):
                raise
        raise BrokenReplyError("the reply broke off; a later run asks again")

    def _keep(self, request: ModelRequest, reply: Any) -> None:
        answer, cost = answer_of(
            reply,
            key=request.key,
            model=request.model,
            book=self._run.book,
            in_batch=False,
            has_hour_cache=writes_for_an_hour(request.params),
        )
        attempt = self._attempts.open
        if attempt is None:
            raise RuntimeError("an answer without an attempt")
        self._run.store.keep_answer(answer, request, cost, attempt)
        self._attempts.close()
        self._run.ledger.settle(self._worst[request.key], cost)
        with self._lock:
            self._answered += 1
            self._failed_in_a_row = 0
            self._done += 1
        self._run.count("answered")
        self._keep_refusals()
        if is_of_another_model(answer, self._run.book):
            raise UsageError(
                f"{request.model} was asked, and {answer.served_model} answered and was paid for: its answers are kept "
                "and are not graded as another's. Check ANTHROPIC_BASE_URL and what stands between; then name another "
                "--store"
            )

    def _judge(self, request: ModelRequest, error: "AnthropicError") -> None:
        """What follows from an error of the SDK. Errors: UsageError where it ends the run."""
        status = getattr(error, "status_code", 0)
        said = why(error, self._connection)
        words = said.rpartition(" (request ")[0] or said  # without its number, so that equal ones count as such
        if status in ENDS_THE_RUN or (status == 400 and any(part in words for part in _ACCOUNT_WORDS)):
            raise UsageError(said)
        if status not in _PERMANENT:
            self._count_failure(words)
            return
        with self._lock:
            self._done += 1
            self._refused[request.key] = (request, words)
            is_hopeless = self._answered == 0 and len(self._refused) >= IN_A_ROW
        self._run.count("refused", words)
        if is_hopeless:
            raise UsageError(
                f"Anthropic refused the first {IN_A_ROW} requests, so no more were sent. The last: {words}"
            )
        if self._answered:
            self._keep_refusals()

    def _keep_refusals(self) -> None:
        """Refusals are kept once something is answered: before that they may be of all requests, not of these.

        A model that is not found may be there tomorrow, so that is not kept.
        """
        with self._lock:
            kept = {key: found for key, found in self._refused.items() if "(404)" not in found[1]}
            self._refused.clear()
        if kept:
            self._run.store.keep_refusals(kept, now_text())

    def _count_failure(self, words: str) -> None:
        with self._lock:
            self._done += 1
            self._failed_in_a_row += 1
            in_a_row = self._failed_in_a_row
        self._run.count("failed", words)
        if in_a_row >= max(IN_A_ROW, self._run.limits.concurrency):
            self._stop()
