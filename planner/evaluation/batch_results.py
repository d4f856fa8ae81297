"""The results of a batch into the store: answers, refusals, and what has to be asked again."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from planner.evaluation.replies import BrokenReplyError, answer_of, now_text
from planner.evaluation.run_state import RunState
from planner.evaluation.store import BatchItem, ItemResult, KeptBatch

_AT_ONCE: Final = 200
_PERMANENT: Final = frozenset({"invalid_request_error", "request_too_large"})


def collected(
    run: RunState,
    batch: KeptBatch,
    results: Iterable[Mapping[str, Any]],
    *,
    is_mine: bool,
    wanted: Collection[str],
    clean: Callable[[str], str],
) -> None:
    """Keep every result of a batch that has ended, a few hundred at a time; what was kept before is passed over.

    is_mine: whether this run set money aside for it. wanted: keys of the requests whose outcome is counted.
    clean: of what somebody else wrote. An item without any result may have been answered, so its worst is doubtful.
    """
    items = {item.custom_id: item for item in batch.items if not item.state}
    waiting = iter(results)
    while some := list(islice(waiting, _AT_ONCE)):
        _keep(run, batch, list(_results(run, items, some, clean)), is_mine=is_mine, wanted=wanted)
    missing = [_doubtful(item, "its batch has no result of it") for item in items.values()]
    _keep(run, batch, missing, is_mine=is_mine, wanted=wanted)
    run.store.set_batch(batch.token, "collected")


def _keep(run: RunState, batch: KeptBatch, found: list[ItemResult], *, is_mine: bool, wanted: Collection[str]) -> None:
    run.store.keep_results(batch.token, found, now_text())
    for result in found:
        if result.item.key in wanted:
            run.count(result.outcome, result.words)
        if not is_mine:
            continue
        if result.state == "doubtful":
            run.ledger.doubt(result.item.worst_usd)
        else:
            run.ledger.settle(result.item.worst_usd, result.cost_usd)


def _results(
    run: RunState, items: dict[str, BatchItem], results: Iterable[Mapping[str, Any]], clean: Callable[[str], str]
) -> Iterator[ItemResult]:
    for entry in results:
        item = items.pop(str(entry.get("custom_id")), None)
        if item is not None:
            yield _result(run, item, entry.get("result"), clean)


def _result(run: RunState, item: BatchItem, result: Any, clean: Callable[[str], str]) -> ItemResult:
    kind = result.get("type") if isinstance(result, Mapping) else None
    if kind == "succeeded":
        try:
            answer, cost = answer_of(
                result.get("message"),
                key=item.key,
                model=item.model,
                book=run.book,
                in_batch=True,
                has_hour_cache=item.has_hour_cache,
            )
        except BrokenReplyError as error:
            return _doubtful(item, clean(str(error)))
        return ItemResult(item=item, state="succeeded", outcome="answered", answer=answer, cost_usd=cost)
    if kind == "errored":
        return _errored(item, result.get("error"), clean)
    if kind in ("canceled", "expired"):
        return ItemResult(item=item, state=str(kind), outcome="failed", words=f"{kind} in its batch")
    return _doubtful(item, "its batch does not say what became of it")


def _errored(item: BatchItem, error: Any, clean: Callable[[str], str]) -> ItemResult:
    inner = error.get("error") if isinstance(error, Mapping) else None
    inner = inner if isinstance(inner, Mapping) else {}
    kind = str(inner.get("type"))
    words = clean(f"Anthropic refused the request ({kind}): {inner.get('message', 'it does not say why')}")
    if kind in _PERMANENT:
        return ItemResult(item=item, state="refused", outcome="refused", words=words)
    return ItemResult(item=item, state="errored", outcome="failed", words=words)


def _doubtful(item: BatchItem, words: str) -> ItemResult:
    return ItemResult(item=item, state="doubtful", outcome="failed", words=words, cost_usd=Decimal(0))
