"""The local store of an evaluation: every answer as it arrives, and every attempt before it is sent, in SQLite.

A run that is killed loses no answer that has arrived, and knows of each attempt that it does not know the end of. The
file is its owner's alone, because prompts' answers stand in it; keys and prompts do not.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

from planner.errors import InputError
from planner.evaluation.evaluation import Answer, ModelRequest
from planner.evaluation.store_file import damaged, dollars, locked, moment, opened
from planner.evaluation.store_rows import ANSWER_COLUMNS, answer_in, insert_answer

_KEYS_AT_ONCE: Final = 500
EndOfAttempt = Literal["answered", "free", "doubtful"]
BatchState = Literal["intended", "submitted", "collected", "not submitted", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One request of a batch. worst_usd: set aside for it. state: "" until a result says what became of it.

    has_hour_cache: whether it asks for a cache of an hour. The rest is as in its ModelRequest.
    """

    custom_id: str
    key: str
    model: str
    request_type: str
    purpose: str
    has_hour_cache: bool
    worst_usd: Decimal
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """What became of an item of a batch. state: as the store keeps it. outcome, words: as the run counts it."""

    item: BatchItem
    state: str
    outcome: Literal["answered", "refused", "failed"]
    words: str = ""
    answer: Answer | None = None
    cost_usd: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBatch:
    """A batch as the store knows it. batch_id: None where the submit's own answer never arrived."""

    token: str
    batch_id: str | None
    intended_at: str
    state: BatchState
    items: tuple[BatchItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a store holds in all, runs of every day together. doubtful_usd: at worst, of attempts without a reply."""

    answers: int
    spent_usd: Decimal
    doubtful: int
    doubtful_usd: Decimal


class Store:
    """An open store. Any thread may call it; each call is written to disk before it returns."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.RLock()

    def close(self) -> None:
        """Close it, after what another thread is writing."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction. Errors: InputError naming the file where it cannot be written."""
        with self._lock:
            try:
                self._connection.execute("begin immediate")
                yield self._connection
                self._connection.execute("commit")
            except sqlite3.Error as error:
                said = f"cannot write {self.path}: {error}; what arrived before is kept. Make room, or check the disk"
            except BaseException:
                self._connection.execute("rollback")
                raise
            else:
                return
            if self._connection.in_transaction:
                self._connection.execute("rollback")
        raise InputError(said)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self._lock:
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                said = damaged(self.path, error)
        raise InputError(said)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Rows into values. Errors: InputError naming the file where what it holds is none."""
        try:
            yield
        except (ArithmeticError, RecursionError, TypeError, ValueError):
            said = damaged(self.path, None)
        else:
            return
        raise InputError(said)

    def _of_keys(self, sql: str, keys: Iterable[str]) -> Iterator[tuple[object, ...]]:
        """Rows of a query that ends in `in`, for many keys."""
        listed = list(dict.fromkeys(keys))
        for start in range(0, len(listed), _KEYS_AT_ONCE):
            part = listed[start : start + _KEYS_AT_ONCE]
            yield from self._rows(f"{sql} ({', '.join('?' * len(part))})", part)

    def answers(self, keys: Iterable[str]) -> dict[str, Answer]:
        """The answers to these requests that are there, by key."""
        sql = f"select {ANSWER_COLUMNS} from answers where key in"
        with self._reading():
            return {str(row[0]): answer_in(row) for row in self._of_keys(sql, keys)}

    def refusals(self, keys: Iterable[str]) -> dict[str, str]:
        """Of these requests those that the API will never answer, with its words."""
        return {
            str(key): str(words) for key, words in self._of_keys("select key, words from refusals where key in", keys)
        }

    def prompt_tokens(self, keys: Iterable[str]) -> dict[str, int]:
        """What the count-tokens endpoint has said of these requests."""
        rows = self._of_keys("select key, tokens from prompt_tokens where key in", keys)
        with self._reading():
            return {str(key): int(str(tokens)) for key, tokens in rows}

    def keep_prompt_tokens(self, counts: Mapping[str, int]) -> None:
        """Keep what the count-tokens endpoint said."""
        with self._writing() as connection:
            connection.executemany("insert or replace into prompt_tokens values (?, ?)", list(counts.items()))

    def begin_attempt(self, key: str, worst_usd: Decimal, at: str) -> int:
        """An attempt is about to be sent. Its number."""
        with self._writing() as connection:
            row = connection.execute(
                "insert into attempts (key, worst_usd, sent_at, state) values (?, ?, ?, 'sent')",
                (key, str(worst_usd), at),
            )
            return int(row.lastrowid or 0)

    def end_attempt(self, attempt: int, state: EndOfAttempt) -> None:
        """What became of an attempt that brought no answer."""
        with self._writing() as connection:
            connection.execute("update attempts set state = ? where id = ?", (state, attempt))

    def keep_answer(self, answer: Answer, request: ModelRequest, cost_usd: Decimal, attempt: int) -> None:
        """An answer has arrived, and its attempt has ended, in one step."""
        with self._writing() as connection:
            insert_answer(connection, answer, request.request_type, request.purpose, cost_usd)
            connection.execute("update attempts set state = 'answered' where id = ?", (attempt,))

    def keep_refusals(self, refused: Mapping[str, tuple[ModelRequest, str]], at: str) -> None:
        """Requests that the API will never answer, by key, with its words."""
        rows = [(key, request.model, request.request_type, words, at) for key, (request, words) in refused.items()]
        with self._writing() as connection:
            connection.executemany("insert or replace into refusals values (?, ?, ?, ?, ?)", rows)

    def open_attempts(self) -> tuple[int, Decimal]:
        """Attempts whose end a killed run did not see become doubtful: how many those are, and what at worst."""
        rows = self._rows("select worst_usd from attempts where state = 'sent'")
        worst_usd = self._sum([row[0] for row in rows])
        if rows:
            with self._writing() as connection:
                connection.execute("update attempts set state = 'doubtful' where state = 'sent'")
        return len(rows), worst_usd

    def _sum(self, costs: Iterable[object]) -> Decimal:
        with self._reading():
            return sum(map(dollars, costs), Decimal(0))

    def kept(self) -> Kept:
        """What there is in all."""
        costs = self._rows("select cost_usd from answers")
        open_ = self._rows("select worst_usd from attempts where state in ('sent', 'doubtful')")
        lost = self._rows(
            "select worst_usd from batch_items join batches using (token) where batches.state = 'lost' "
            "or batch_items.state = 'doubtful'"
        )
        return Kept(
            answers=len(costs),
            spent_usd=self._sum([row[0] for row in costs]),
            doubtful=len(open_) + len(lost),
            doubtful_usd=self._sum([row[0] for row in (*open_, *lost)]),
        )

    def intend_batch(self, token: str, items: Sequence[BatchItem], at: str) -> None:
        """A batch is about to be submitted."""
        with self._writing() as connection:
            connection.execute("insert into batches values (?, null, ?, 'intended')", (token, at))
            connection.executemany(
                f"insert into batch_items ({_ITEM_COLUMNS}, token) values (?, ?, ?, ?, ?, ?, ?, '', ?)",
                [(*_item_values(item), token) for item in items],
            )

    def set_batch(self, token: str, state: BatchState, batch_id: str | None = None) -> None:
        """What has become of a batch, and its id where it is known now."""
        with self._writing() as connection:
            connection.execute(
                "update batches set state = ?, batch_id = coalesce(?, batch_id) where token = ?",
                (state, batch_id, token),
            )

    def open_batches(self) -> tuple[KeptBatch, ...]:
        """Batches whose results are still to come, the oldest first."""
        rows = self._rows(
            "select token, batch_id, intended_at, state from batches where state in ('intended', 'submitted') "
            "order by intended_at, token"
        )
        with self._reading():
            return tuple(self._batch(row) for row in rows)

    def batch_ids(self) -> frozenset[str]:
        """Every batch that the store knows by its id."""
        return frozenset(str(row[0]) for row in self._rows("select batch_id from batches where batch_id is not null"))

    def _batch(self, row: tuple[object, ...]) -> KeptBatch:
        token, batch_id, intended_at, state = row
        items = self._rows(f"select {_ITEM_COLUMNS} from batch_items where token = ? order by custom_id", (token,))
        return KeptBatch(
            token=str(token),
            batch_id=None if batch_id is None else str(batch_id),
            intended_at=moment(intended_at),
            state=str(state),  # type: ignore[arg-type]
            items=tuple(map(_item, items)),
        )

    def keep_results(self, token: str, results: Sequence[ItemResult], at: str) -> None:
        """What became of items of a batch, in one step."""
        with self._writing() as connection:
            for result in results:
                item = result.item
                if result.answer is not None:
                    insert_answer(connection, result.answer, item.request_type, item.purpose, result.cost_usd)
                if result.state == "refused":
                    refusal = (item.key, item.model, item.request_type, result.words, at)
                    connection.execute("insert or replace into refusals values (?, ?, ?, ?, ?)", refusal)
                connection.execute(
                    "update batch_items set state = ? where token = ? and custom_id = ?",
                    (result.state, token, item.custom_id),
                )


_ITEM_COLUMNS: Final = "custom_id, key, model, request_type, purpose, has_hour_cache, worst_usd, state"


def _item_values(item: BatchItem) -> tuple[object, ...]:
    own = (item.custom_id, item.key, item.model, item.request_type, item.purpose)
    return (*own, int(item.has_hour_cache), str(item.worst_usd))


def _item(row: tuple[object, ...]) -> BatchItem:
    custom_id, key, model, request_type, purpose, has_hour_cache, worst, state = row
    return BatchItem(
        custom_id=str(custom_id),
        key=str(key),
        model=str(model),
        request_type=str(request_type),
        purpose=str(purpose),
        has_hour_cache=bool(has_hour_cache),
        worst_usd=dollars(worst),
        state=str(state),
    )


@contextmanager
def open_store(path: Path) -> Iterator[Store]:
    """A store, made where there is none; no other run can open it meanwhile.

    Errors: InputError where another run has it, where it is damaged or no store, and where it is of a newer version.
    """
    lock = locked(path)
    try:
        with closing(Store(path, opened(path))) as store:
            yield store
    finally:
        os.close(lock)


@contextmanager
def read_store(path: Path) -> Iterator[Store]:
    """A store that is there, to be looked at only: also while a run writes to it. Errors: InputError, as open_store."""
    with closing(Store(path, opened(path, read_only=True))) as store:
        yield store
