"""Whoever asks models within a budget and keeps every answer: what is known is not asked again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from planner.clock import today
from planner.errors import InputError
from planner.evaluation.answer_cost import check_priced, worst_cost_usd
from planner.evaluation.evaluation import Answer, Asked, AskingLimits, ModelRequest
from planner.evaluation.messages import MESSAGES, Attempts, LiveAsking
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
        known = self._run.store.answers(by_key)
        refused = self._run.store.refusals(by_key.keys() - known.keys())
        self._run.count("known", number=len(known))
        for words in refused.values():
            self._run.count("refused", words)
        to_ask = [request for key, request in by_key.items() if key not in known and key not in refused]
        if to_ask:
            self._ask(to_ask)
        return self._run.store.answers(by_key)

    def _ask(self, requests: Sequence[ModelRequest]) -> None:
        check_priced({request.model for request in requests}, self._run.book)
        counted = self._run.store.prompt_tokens(request.key for request in requests)
        worst = {
            request.key: worst_cost_usd(
                request,
                self._run.book,
                on=today(),
                in_batch=self._run.limits.in_batches,
                counted_tokens=counted.get(request.key),
            )
            for request in requests
        }
        LiveAsking(self._run, self._connect, worst)(requests)

    def _connect(self, attempts: Attempts) -> Connection:
        return connect(MESSAGES, max_retries=self._run.limits.max_retries, client=self._client, middleware=(attempts,))

    @property
    def store(self) -> Store:
        """Where the answers are."""
        return self._run.store

    def asked(self) -> Asked:
        """What the run has come to."""
        return self._run.asked()


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
    if not limits.budget_usd > 0 or Decimal(str(limits.budget_usd)).is_infinite():
        raise InputError(f"a budget of {limits.budget_usd} USD: give one above 0 with --budget")
    if limits.concurrency < 1:
        raise InputError(f"--concurrency {limits.concurrency}: give 1 or more")
    with open_store(path) as store:
        store.open_attempts()
        yield Asking(RunState(store, book, limits, progress), client)
