"""Replies that nobody should send: what a broken or hostile server puts in them reaches no screen and stops no run."""

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from messages_stub import KEY, Fault, MessagesStub
from test_evaluation_run import HAIKU, LIMITS, OPUS, VARIABLES, ask, cost_of, line, requests_to

from planner.errors import InputError, UsageError
from planner.evaluation import message_batches, messages
from planner.evaluation.evaluation import Answer
from planner.evaluation.replies import is_of_another_model
from planner.evaluation.spent import spent_in
from planner.evaluation.store import open_store
from planner.prices import PriceBook

CONTROL = "\x1b[31mred\x1b]0;title\x07"
NESTED = 400
BOOK = PriceBook.load()


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesStub]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("anthropic._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr(messages, "SECONDS_AFTER_A_STOP", 5.0)
    monkeypatch.setattr(message_batches, "SECONDS_UNTIL_LISTED", 0.0)
    with MessagesStub() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
        monkeypatch.setenv("ANTHROPIC_API_KEY", server.key)
        yield server


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def too_many(message: dict[str, Any]) -> None:
    message["usage"]["output_tokens"] = 10**30


def too_deep(message: dict[str, Any]) -> None:
    message["content"] = [{"type": "tool_use", "id": "t", "name": "n", "input": {"x": nested(NESTED)}}]


def unknown_tool(message: dict[str, Any]) -> None:
    message["usage"]["server_tool_use"] = {f"{KEY}{CONTROL}": 1}


def echoed_key(message: dict[str, Any]) -> None:
    message["content"] = [{"type": "text", "text": f"your key is {KEY}"}]
    message["id"] = message["usage"]["service_tier"] = KEY


STREAMED = messages.STREAMED_ABOVE_TOKENS + 1
BROKEN = [
    (too_many, "is no count", 64),
    (too_many, "is no count", STREAMED),
    (too_deep, "nested too deeply", 64),
    (unknown_tool, "has no known price", 64),
]


@pytest.mark.parametrize(("change", "words", "max_tokens"), BROKEN)
def test_a_reply_that_cannot_be_kept_may_have_cost_its_worst(
    stub: MessagesStub, tmp_path: Path, change: Callable[[dict[str, Any]], None], words: str, max_tokens: int
) -> None:
    stub.fault = lambda number, body: Fault(change=change) if "answer=1" in str(body) else None
    lines = [line(number, max_tokens=max_tokens) for number in (1, 2)]
    _, asked, kept = ask(tmp_path, requests_to(HAIKU, tmp_path, lines), replace(LIMITS, concurrency=1))
    (said,) = asked.failed
    assert words in said
    assert said.isprintable()
    assert KEY not in said
    assert (asked.answered, kept.doubtful) == (1, 1)
    assert kept.spent_usd + kept.doubtful_usd > cost_of(stub.bill)


def in_results(change: Callable[[list[dict[str, Any]]], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch ends, and its results are changed."""
    end = MessagesStub._end

    def changed(self: MessagesStub, batch: Any) -> None:
        if not batch.is_ended:
            end(self, batch)
            change(batch.results)

    monkeypatch.setattr(MessagesStub, "_end", changed)


def test_no_result_of_a_batch_keeps_the_others_from_being_kept(
    stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(results: list[dict[str, Any]]) -> None:
        for broken, result in zip((too_many, too_deep, unknown_tool, echoed_key), results, strict=False):
            broken(result["result"]["message"])
        error = {"type": f"{KEY}{CONTROL}", "message": f"{KEY}{CONTROL}"}
        results[4]["result"] = {"type": "errored", "error": {"type": "error", "error": error}}
        results[5]["result"] = {"type": KEY}

    in_results(change, monkeypatch)
    requests = requests_to(HAIKU, tmp_path, [line(number) for number in range(10)])
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        answers, asked, kept = ask(tmp_path, requests, replace(LIMITS, in_batches=True))
    assert [str(warning.message) for warning in warned] == []  # the SDK's would quote the reply
    assert (asked.answered, sum(asked.failed.values()), kept.doubtful) == (5, 5, 4)
    assert all(words.isprintable() and KEY not in words for words in asked.failed)
    assert sum(answer.text == "your key is [key]" for answer in answers.values()) == 1


@pytest.mark.parametrize("in_batches", [False, True])
def test_the_key_is_in_no_file_even_where_a_server_echoes_it(
    stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_batches: bool
) -> None:
    stub.fault = lambda number, body: Fault(change=echoed_key)
    in_results(lambda results: [echoed_key(item["result"]["message"]) for item in results][:0], monkeypatch)
    requests = requests_to(HAIKU, tmp_path, [line(1)])
    store = tmp_path / "store.sqlite"
    with open_store(store):  # its write-ahead log stays while it is open
        pass
    answers, _, _ = ask(tmp_path, requests, replace(LIMITS, in_batches=in_batches))
    assert answers[requests[0].key].text == "your key is [key]"
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("lines", ["5\nnull\n[]\n", "no JSON\n"])
def test_lines_of_results_that_are_none(
    stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    real = MessagesStub._batches

    def batches(self: MessagesStub, method: str, rest: str, *more: Any) -> Any:
        reply = real(self, method, rest, *more)
        return replace(reply, text=reply.text + lines) if rest.endswith("/results") else reply

    monkeypatch.setattr(MessagesStub, "_batches", batches)
    requests = requests_to(HAIKU, tmp_path, [line(number) for number in range(3)])
    limits = replace(LIMITS, in_batches=True)
    if lines.startswith("5"):
        assert ask(tmp_path, requests, limits)[1].answered == 3
        return
    with pytest.raises(UsageError, match=r"its results are no JSON lines.*the same command collects it"):
        ask(tmp_path, requests, limits)
    monkeypatch.setattr(MessagesStub, "_batches", real)
    assert ask(tmp_path, requests, limits)[1].failed == {}
    assert len(stub.bill) == 3


def test_an_answer_of_another_model_ends_the_run(stub: MessagesStub, tmp_path: Path) -> None:
    stub.fault = lambda number, body: Fault(change=lambda message: message.update(model=OPUS))
    requests = requests_to(HAIKU, tmp_path, [line(number) for number in range(20)])
    with pytest.raises(UsageError, match=f"{HAIKU} was asked, and {OPUS} answered"):
        ask(tmp_path, requests, replace(LIMITS, concurrency=2))
    assert len(stub.bill) <= 3
    with open_store(tmp_path / "store.sqlite") as store:
        answers = store.answers(item.key for item in requests)
        assert len(answers) == len(stub.bill)  # paid for, so kept
        assert all(is_of_another_model(answer, BOOK) for answer in answers.values())


@pytest.mark.parametrize(
    ("served", "is_other"), [(HAIKU, False), (f"{HAIKU}-20261007", False), (OPUS, True), ("a-house-model", False)]
)
def test_which_names_are_of_another_model(served: str, is_other: bool) -> None:
    answer = Answer(
        key="k",
        model=HAIKU,
        served_model=served,
        content=(),
        stop_reason="end_turn",
        tokens=(1, 0, 0, 0, 1),
        cost_usd=0.0,
        is_batch=False,
        answered_at="2026-11-24T00:00:00+00:00",
    )
    assert is_of_another_model(answer, BOOK) is is_other


DAMAGE = [
    "update answers set content = '{'",
    "update answers set content = '[5]'",
    f"update answers set content = '{'[' * 100_000}'",
    "update answers set output_tokens = 'many'",
    "update answers set cost_usd = 'abc'",
    "update answers set cost_usd = 'NaN'",
    "update answers set cost_usd = '-5'",
    "insert into attempts values (99, 'k', 'zz', 't', 'sent')",
    "insert into batches values ('t', null, 'no time', 'intended')",
]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[str]]:
    """A store with answers, and their keys."""
    folder = tmp_path_factory.mktemp("answered")
    with pytest.MonkeyPatch.context() as patch, MessagesStub() as server:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("ANTHROPIC_BASE_URL", server.address)
        patch.setenv("ANTHROPIC_API_KEY", server.key)
        requests = requests_to(HAIKU, folder, [line(number) for number in range(3)])
        ask(folder, requests)
    return (folder / "store.sqlite").read_bytes(), [item.key for item in requests]


def read_all(path: Path, keys: list[str]) -> None:
    with open_store(path) as store:
        store.answers(keys)
        store.open_attempts()
        store.open_batches()
        store.kept()


@pytest.mark.parametrize("sql", DAMAGE)
def test_a_store_whose_rows_are_damaged_is_said_to_be(
    tmp_path: Path, answered: tuple[bytes, list[str]], sql: str
) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(answered[0])
    with sqlite3.connect(path) as connection:
        connection.execute(sql)
    connection.close()
    with pytest.raises(InputError, match="is damaged or no store of answers"):
        read_all(path, answered[1])
    if "cost_usd" in sql or "'zz'" in sql:
        with pytest.raises(InputError, match="is damaged or no store of answers"):
            spent_in(path)


def test_amounts_of_a_store_are_summed_exactly(answered: tuple[bytes, list[str]], tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(answered[0])
    found = spent_in(path)
    assert found is not None
    with open_store(path) as store:
        assert store.kept().spent_usd == found.cost_usd > Decimal(0)
