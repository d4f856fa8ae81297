"""Whoever asks models within a budget and keeps every answer: what is known is not asked again."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.clock import today
from planner.errors import InputError
from planner.evaluation.answer_cost import check_priced, worst_cost_usd
from planner.evaluation.evaluation import Answer, Asked, AskingLimits, ModelRequest
from planner.evaluation.message_batches import BatchAsking
from planner.evaluation.messages import MESSAGES, LiveAsking
from planner.evaluation.run_state import Progress, RunState
from planner.evaluation.store import Store, open_store
from planner.prices import PriceBook
from planner.sdk import Connection, connect

if TYPE_CHECKING:
    from planner.sdk import Anthropic


class Asking:
    """An Asker with a store and a budget that all of its calls share."""

    def __init__(self, run: RunState, client: "Anthropic | None" = None) -> None:
        self._run, self._client = run, client

    def __call__(self, requests: Sequence[ModelRequest]) -> Mapping[str, Answer]:
        """Answers by the key of their request, from the store, else from the model.

        A request without one was refused, failed or left. Errors: UsageError where nothing can be asked, such as
        without a key; PriceError, before anything is sent, where a model or a token class has no price.
        """
        by_key = {request.key: request for request in requests}
        store = self._run.store
        self._run.count("known", number=len(store.answers(by_key)))
        for words in store.refusals(by_key).values():
            self._run.count("refused", words)
        going = self._collect_earlier(by_key)
        done = {**store.answers(by_key), **store.refusals(by_key)}
        to_ask = [request for key, request in by_key.items() if key not in done and key not in going]
        if to_ask:
            self._ask(to_ask)
        return store.answers(by_key)

    def _collect_earlier(self, wanted: Collection[str]) -> set[str]:
        """Collect what is in batches; a live run does not wait for them. Keys of requests that are in open ones."""
        if self._run.store.open_batches():
            with closing(BatchAsking(self._run, self._connect, wanted)) as batches:
                batches.collect(wait=self._run.limits.in_batches)
        return {item.key for batch in self._run.store.open_batches() for item in batch.items}

    def _ask(self, requests: Sequence[ModelRequest]) -> None:
        worst = worst_costs_usd(requests, self._run)
        if not self._run.limits.in_batches:
            LiveAsking(self._run, self._connect, worst)(requests)
            return
        with closing(BatchAsking(self._run, self._connect, worst)) as batches:
            batches.submit(requests, worst)

    def _connect(self, middleware: Any) -> Connection:
        return connect(
            MESSAGES, max_retries=self._run.limits.max_retries, client=self._client, middleware=(middleware,)
        )

    @property
    def store(self) -> Store:
        """Where the answers are."""
        return self._run.store

    def asked(self) -> Asked:
        """What the run has come to."""
        return self._run.asked()


def worst_costs_usd(requests: Sequence[ModelRequest], run: RunState) -> dict[str, Decimal]:
    """What each request costs at worst, by key. Errors: PriceError, InputError, before anything is sent."""
    check_priced({request.model for request in requests}, run.book)
    counted = run.store.prompt_tokens(request.key for request in requests)
    return {
        request.key: worst_cost_usd(
            request,
            run.book,
            on=today(),
            in_batch=run.limits.in_batches,
            counted_tokens=counted.get(request.key),
        )
        for request in requests
    }


def check_budget(budget_usd: float) -> None:
    """Errors: InputError for what is no amount above 0."""
    if not (isfinite(budget_usd) and budget_usd > 0):
        raise InputError(f"a budget of {budget_usd} USD: give one above 0 with --budget")


@contextmanager
def open_asking(
    path: Path,
    book: PriceBook,
    limits: AskingLimits,
    *,
    client: "Anthropic | None" = None,
    progress: Progress | None = None,
) -> Iterator[Asking]:
    """An Asker with its store open. What a killed run left in flight counts as doubtful from now on.

    client: the caller's own, in place of one with the key of the environment. progress(step, fraction).
    Errors: InputError for a store that cannot be used, and for limits that are none.
    """
    check_budget(limits.budget_usd)
    if limits.concurrency < 1:
        raise InputError(f"--concurrency {limits.concurrency}: give 1 or more")
    with open_store(path) as store:
        store.open_attempts()
        yield Asking(RunState(store, book, limits, progress), client)
