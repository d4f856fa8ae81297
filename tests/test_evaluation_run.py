"""Models are asked through the real SDK, against a server that keeps its own bill: nothing is lost, nothing paid twice.

The oracle of money is the bill: what the server answered, at prices typed here.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from messages_stub import KEY, Billed, Fault, MessagesStub, luck, request_name

from planner.cli import main
from planner.clock import today
from planner.errors import PriceError, UsageError
from planner.evaluation import message_batches, messages
from planner.evaluation.answer_cost import worst_cost_usd
from planner.evaluation.asking import open_asking
from planner.evaluation.evaluation import Answer, Asked, AskingLimits, Evaluation, ExactGrader, ModelRequest
from planner.evaluation.keys import sample_requests
from planner.evaluation.prompt_counts import count_prompts
from planner.evaluation.runs import estimates, in_order, measured_tokens, question
from planner.evaluation.sample import read_sample
from planner.evaluation.store import Kept, open_store, read_store
from planner.plan_file.loader import load_plan
from planner.prepared import prepare
from planner.prices import PriceBook

HAIKU, OPUS = "claude-haiku-5-5", "claude-opus-5-5"
USD_PER_MTOK = {HAIKU: (Decimal("0.1"), Decimal("0.5")), OPUS: (Decimal(4), Decimal(20))}
SOON = {"retry-after-ms": "5"}
BOOK = PriceBook.load()
LIMITS = AskingLimits(budget_usd=5.0, concurrency=4, poll_seconds=0.01)
VARIABLES = ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesStub]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    monkeypatch.setattr("anthropic._base_client.INITIAL_RETRY_DELAY", 0.01)  # the pauses are not what is tested
    monkeypatch.setattr(messages, "SECONDS_AFTER_A_STOP", 5.0)
    monkeypatch.setattr(message_batches, "SECONDS_UNTIL_LISTED", 0.0)
    with MessagesStub() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
        monkeypatch.setenv("ANTHROPIC_API_KEY", server.key)
        yield server


def line(number: int, **more: Any) -> dict[str, Any]:
    content = f"Which number is this? {'so ' * (number % 7)}answer={number}"
    found = {"request_type": "triage", "id": f"t{number}", "max_tokens": 64, "expected": str(number)}
    return found | {"messages": [{"role": "user", "content": content}]} | more


def write_sample(folder: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    path = folder / "sample.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in lines), encoding="utf-8")
    return path


def requests_to(model: str, folder: Path, lines: Sequence[Mapping[str, Any]]) -> tuple[ModelRequest, ...]:
    return sample_requests(model, read_sample([write_sample(folder, lines)]), purpose="candidate")


def ask(
    folder: Path, requests: Sequence[ModelRequest], limits: AskingLimits = LIMITS, **more: Any
) -> tuple[Mapping[str, Answer], Asked, Kept]:
    with open_asking(folder / "store.sqlite", BOOK, limits, **more) as asking:
        try:
            answers = asking(requests)
        finally:
            asked, kept = asking.asked(), asking.store.kept()
    return answers, asked, kept


def cost_of(bill: Sequence[Billed]) -> Decimal:
    """At list, to the exact digit: tokens x price, half of it in a batch."""
    total = Decimal(0)
    for item in bill:
        prompt, output = item.tokens
        rates = USD_PER_MTOK[item.model]
        total += (prompt * rates[0] + output * rates[1]) / 1_000_000 / (2 if item.in_batch else 1)
    return total


def worst_of(folder: Path, requests: Sequence[ModelRequest]) -> Mapping[str, Decimal]:
    return {item.key: worst_cost_usd(item, BOOK, on=today(), in_batch=False) for item in requests}


def texts(answers: Mapping[str, Answer], requests: Sequence[ModelRequest]) -> list[str]:
    return [answers[item.key].text for item in requests]


def right_texts(stub: MessagesStub, requests: Sequence[ModelRequest]) -> list[str]:
    """What the server's models say, worked out beside it."""
    found = []
    for item in requests:
        is_right = luck("right", request_name({"model": item.model, **item.params})) < stub.pass_rates[item.model]
        found.append(str(item.params["messages"][0]["content"]).rpartition("=")[2] if is_right else "wrong")
    return found


def still_to_ask(folder: Path) -> int:
    """Of the sample, by the estimate that is shown before a run."""
    kind = Evaluation(request_type="triage", samples=(folder / "sample.jsonl",), grader=ExactGrader())
    asked = question(kind, [HAIKU], OPUS, seed=1)
    with read_store(folder / "store.sqlite") as store:
        return sum(item.to_ask for item in estimates([asked], BOOK, store, in_batch=False, typical={}))


# ---------------------------------------------------------------------------------------------------------------------
# Every answer is kept, and asked for once


def test_every_answer_is_kept_at_its_price_and_a_second_run_asks_nothing(stub: MessagesStub, tmp_path: Path) -> None:
    requests = (
        *requests_to(HAIKU, tmp_path, [line(i, max_tokens=20_000 if i % 4 == 0 else 64) for i in range(16)]),
        *requests_to(OPUS, tmp_path, [line(i) for i in range(8)]),
    )
    answers, asked, kept = ask(tmp_path, requests)
    assert texts(answers, requests) == right_texts(stub, requests)
    assert Decimal(str(asked.spent_usd)) == kept.spent_usd == cost_of(stub.bill)
    assert (asked.known, asked.answered, asked.left, kept.doubtful) == (0, 24, 0, 0)
    again, asked, kept = ask(tmp_path, requests)
    assert again == answers
    assert (asked.known, asked.answered, asked.spent_usd, len(stub.bill)) == (24, 0, 0.0, 24)


def test_an_answer_has_the_usage_of_the_reply_and_the_model_that_served_it(stub: MessagesStub, tmp_path: Path) -> None:
    def change(message: dict[str, Any]) -> None:
        message["model"] = f"{HAIKU}-20261007"
        message["usage"] |= {
            "input_tokens": 11,
            "cache_read_input_tokens": 1_000,
            "cache_creation_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
            "output_tokens": 7,
            "inference_geo": "us",
        }

    stub.fault = lambda number, body: Fault(change=change)
    (request,) = requests_to(HAIKU, tmp_path, [line(1)])
    answer = ask(tmp_path, [request])[0][request.key]
    assert answer.tokens == (11, 1_000, 10, 20, 7)
    assert (answer.model, answer.served_model, answer.stop_reason) == (HAIKU, f"{HAIKU}-20261007", "end_turn")
    # haiku: input 0.1, cache read 0.01, writes 0.125 and 0.2, output 0.5 USD/MTok; 1.1 for inference in the US
    usd = 1.1 * (11 * 0.1 + 1_000 * 0.01 + 10 * 0.125 + 20 * 0.2 + 7 * 0.5) / 1e6
    assert answer.cost_usd == pytest.approx(usd, rel=1e-12)


def test_no_more_requests_are_under_way_than_asked_for(stub: MessagesStub, tmp_path: Path) -> None:
    stub.fault = lambda number, body: Fault(seconds=0.05)
    ask(tmp_path, requests_to(HAIKU, tmp_path, [line(i) for i in range(12)]), replace(LIMITS, concurrency=3))
    assert stub.most_at_once == 3


def test_equal_requests_are_answered_each_by_itself(stub: MessagesStub, tmp_path: Path) -> None:
    same = {key: value for key, value in line(1).items() if key != "id"}
    requests = requests_to(HAIKU, tmp_path, [same, same, same])
    answers, _, _ = ask(tmp_path, requests)
    assert len(answers) == 3
    assert list(stub.billed.values()) == [3]


# ---------------------------------------------------------------------------------------------------------------------
# What goes wrong on the way


def test_rate_limits_and_overload_are_waited_out_and_cost_nothing(stub: MessagesStub, tmp_path: Path) -> None:
    statuses = (429, 529, 500, 503, 200)
    stub.fault = lambda number, body: Fault(status=statuses[number % 5], headers=SOON)
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(10)])
    answers, asked, kept = ask(tmp_path, requests, replace(LIMITS, max_retries=20))
    assert len(answers) == 10
    assert set(stub.billed.values()) == {1}
    assert Decimal(str(asked.spent_usd)) == cost_of(stub.bill)
    assert kept.doubtful == 0
    assert {429, 529, 500, 503} <= set(stub.asked("/v1/messages"))


def test_a_reply_that_breaks_off_may_have_been_billed_and_is_counted_so(stub: MessagesStub, tmp_path: Path) -> None:
    seen: set[str] = set()

    def fault(number: int, body: dict[str, Any]) -> Fault | None:
        name = request_name(body)
        first = name not in seen
        seen.add(name)
        return Fault(breaks_off=True) if first and number % 2 else None

    stub.fault = fault
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(8)])
    answers, asked, kept = ask(tmp_path, requests, replace(LIMITS, concurrency=1))
    assert len(answers) == 8
    twice = len(stub.bill) - 8
    assert twice == kept.doubtful > 0
    assert Decimal(str(asked.spent_usd)) <= cost_of(stub.bill) <= Decimal(str(asked.spent_usd + asked.doubtful_usd))


def test_a_reply_that_is_late_is_doubtful_and_asked_again_next_time(stub: MessagesStub, tmp_path: Path) -> None:
    requests = requests_to(HAIKU, tmp_path, [line(1), line(2)])
    stub.fault = lambda number, body: Fault(seconds=0.6)
    with Anthropic(api_key=KEY, base_url=stub.address, timeout=0.15) as client:
        answers, asked, kept = ask(tmp_path, requests, replace(LIMITS, max_retries=0), client=client)
    assert not answers
    assert sum(asked.failed.values()) == kept.doubtful == 2
    assert all("did not answer within" in words for words in asked.failed)
    stub.fault = lambda number, body: None
    answers, asked, _ = ask(tmp_path, requests)
    assert len(answers) == asked.answered == 2


def drop(name: str) -> Callable[[dict[str, Any]], None]:
    def change(message: dict[str, Any]) -> None:
        del message[name]

    return change


def minus_one(message: dict[str, Any]) -> None:
    message["usage"]["input_tokens"] = -1


def unpriced(message: dict[str, Any]) -> None:
    message["usage"]["server_tool_use"] = {"time_travel_requests": 1}


BROKEN = [
    (Fault(text="<html>"), "no JSON object"),
    (Fault(text="[]"), "no JSON object"),
    (Fault(text='{"type": "error"}'), "no message"),
    (Fault(change=drop("usage")), "does not say what it costs: it has no usage"),
    (Fault(change=drop("content")), "no list of blocks"),
    (Fault(change=drop("stop_reason")), "why it ended"),
    (Fault(change=minus_one), "input_tokens is no count"),
    (Fault(change=unpriced), "time_travel_requests has no known price"),
]


@pytest.mark.parametrize(("fault", "words"), BROKEN)
def test_a_reply_whose_cost_is_not_known_is_no_answer_and_may_have_been_billed(
    stub: MessagesStub, tmp_path: Path, fault: Fault, words: str
) -> None:
    stub.fault = lambda number, body: fault
    answers, asked, kept = ask(tmp_path, requests_to(HAIKU, tmp_path, [line(1)]))
    assert not answers
    assert kept.doubtful == 1
    assert asked.doubtful_usd > float(cost_of(stub.bill))
    assert [words in said for said in asked.failed] == [True]


def test_a_stream_that_breaks_off_is_doubtful(stub: MessagesStub, tmp_path: Path) -> None:
    stub.fault = lambda number, body: Fault(breaks_off=True)
    answers, asked, kept = ask(tmp_path, requests_to(HAIKU, tmp_path, [line(1, max_tokens=20_000)]))
    assert not answers
    assert (sum(asked.failed.values()), kept.doubtful) == (1, 1)


def test_what_is_refused_for_good_is_kept_and_not_asked_again(stub: MessagesStub, tmp_path: Path) -> None:
    lines = [line(i) for i in range(6)]
    lines[2]["messages"] = [{"role": "user", "content": "refuse me"}]
    requests = requests_to(HAIKU, tmp_path, lines)
    answers, asked, _ = ask(tmp_path, requests)
    assert (len(answers), asked.answered, sum(asked.refused.values())) == (5, 5, 1)
    assert "this request is refused, whoever asks" in next(iter(asked.refused))
    sent = len(stub.requests)
    _, asked, _ = ask(tmp_path, requests)
    assert (asked.known, sum(asked.refused.values()), len(stub.requests)) == (5, 1, sent)
    assert still_to_ask(tmp_path) == 0


def test_refusals_of_everything_stop_the_run_and_are_not_kept(stub: MessagesStub, tmp_path: Path) -> None:
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(40)])
    stub.fault = lambda number, body: Fault(status=400, message="thinking: not like this")
    with pytest.raises(UsageError, match=r"refused the first 5 requests.*thinking: not like this"):
        ask(tmp_path, requests)
    assert len(stub.requests) < 12
    stub.fault = lambda number, body: None
    assert ask(tmp_path, requests)[1].answered == 40


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=401, message=KEY), r"does not accept ANTHROPIC_API_KEY \(401\)"),
        (Fault(status=403, message=KEY), r"may not send this message \(403\)"),
        (Fault(status=400, message="Your credit balance is too low"), "credit balance is too low"),
        (Fault(status=307, headers={"location": "http://127.0.0.1:9/"}), r"sends elsewhere \(307\)"),
    ],
)
def test_what_is_of_the_key_or_the_account_stops_the_run_at_once(
    stub: MessagesStub, tmp_path: Path, fault: Fault, words: str
) -> None:
    stub.fault = lambda number, body: fault
    with pytest.raises(UsageError, match=words) as caught:
        ask(tmp_path, requests_to(HAIKU, tmp_path, [line(i) for i in range(30)]))
    assert len(stub.requests) <= LIMITS.concurrency
    assert caught.value.__context__ is None
    assert KEY not in str(caught.value)
    assert not stub.bill


def test_a_server_that_is_down_stops_the_run_and_leaves_the_rest(stub: MessagesStub, tmp_path: Path) -> None:
    stub.fault = lambda number, body: Fault(status=529, headers=SOON)
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(50)])
    _, asked, kept = ask(tmp_path, requests, replace(LIMITS, max_retries=1))
    assert asked.left >= 50 - 5 - LIMITS.concurrency
    assert sum(asked.failed.values()) + asked.left == 50
    assert kept.doubtful == 0


def test_nobody_there_costs_nothing(stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    _, asked, kept = ask(tmp_path, requests_to(HAIKU, tmp_path, [line(1)]), replace(LIMITS, max_retries=0))
    assert (sum(asked.failed.values()), kept.doubtful) == (1, 0)
    assert "no connection to 127.0.0.1" in next(iter(asked.failed))


# ---------------------------------------------------------------------------------------------------------------------
# The budget


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.01, 1.3), seed=st.integers(0, 10**6), n=st.integers(1, 24))
def test_the_bill_never_exceeds_the_budget_with_eight_in_flight(
    stub: MessagesStub, tmp_path_factory: pytest.TempPathFactory, share: float, seed: int, n: int
) -> None:
    folder = tmp_path_factory.mktemp("budget")
    requests = requests_to(HAIKU, folder, [line(i, max_tokens=20 + 50 * (i % 3)) for i in range(n)])
    worst = worst_of(folder, requests)
    budget = round(float(sum(worst.values())) * share, 9)
    faults = (None, None, Fault(breaks_off=True), Fault(status=529, headers=SOON), Fault(text="?"))
    stub.fault = lambda number, body: faults[int(luck(str(seed), str(number)) * len(faults))]
    begun = len(stub.bill)
    limits = AskingLimits(budget_usd=budget, concurrency=8, max_retries=3)
    _, asked, kept = ask(folder, requests, limits)
    billed = cost_of(stub.bill[begun:])
    assert billed <= Decimal(str(budget))
    assert asked.spent_usd + asked.doubtful_usd <= budget * (1 + 1e-12)
    assert float(billed) <= asked.spent_usd + asked.doubtful_usd + 1e-12
    assert Decimal(str(asked.doubtful_usd)) == pytest.approx(kept.doubtful_usd)
    assert asked.answered + asked.left + sum(asked.failed.values()) == n
    if asked.left and sum(asked.failed.values()) < 5:  # it stopped for money: the next one would not have fitted
        assert budget - asked.spent_usd - asked.doubtful_usd < float(max(worst.values()))


def test_where_the_budget_ends_the_start_of_the_draw_is_answered(stub: MessagesStub, tmp_path: Path) -> None:
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(20)])
    worst = max(worst_of(tmp_path, requests).values())
    limits = replace(LIMITS, concurrency=1, budget_usd=float(worst) * 1.2)
    answers, asked, _ = ask(tmp_path, requests, limits)
    assert 0 < asked.answered < 20
    assert [item.key in answers for item in requests] == [True] * asked.answered + [False] * asked.left


def test_a_model_without_a_price_is_refused_before_anything_is_sent(stub: MessagesStub, tmp_path: Path) -> None:
    requests = requests_to("claude-nobody-1", tmp_path, [line(1)])
    with pytest.raises(PriceError, match="claude-nobody-1"):
        ask(tmp_path, [*requests_to(HAIKU, tmp_path, [line(1)]), *requests])
    assert not stub.requests


# ---------------------------------------------------------------------------------------------------------------------
# Stopped and killed

CHILD = """
import sys
from pathlib import Path
from planner.evaluation.asking import open_asking
from planner.evaluation.evaluation import AskingLimits
from planner.evaluation.keys import sample_requests
from planner.evaluation.sample import read_sample
from planner.prices import PriceBook

folder = Path(sys.argv[1])
requests = sample_requests("claude-haiku-5-5", read_sample([folder / "sample.jsonl"]), purpose="candidate")
limits = AskingLimits(budget_usd=5.0, concurrency=4, in_batches=sys.argv[2] == "batch")
with open_asking(folder / "store.sqlite", PriceBook.load(), limits) as asking:
    asking(requests)
"""


def start_child(folder: Path, how: str) -> subprocess.Popen[bytes]:
    write_sample(folder, [line(i) for i in range(30)])
    return subprocess.Popen([sys.executable, "-c", CHILD, str(folder), how], env=os.environ)


def test_killed_in_the_middle_loses_nothing_and_pays_only_for_what_was_in_flight_again(
    stub: MessagesStub, tmp_path: Path
) -> None:
    stub.fault = lambda number, body: setattr(stub, "hold", number >= 12)
    child = start_child(tmp_path, "live")
    for _ in range(LIMITS.concurrency):
        assert stub.held.acquire(timeout=60)
    child.kill()
    child.wait(60)
    stub.fault = lambda number, body: None
    stub.hold = False
    stub.release.set()
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(30)])
    while len(stub.bill) < 11 + LIMITS.concurrency:
        time.sleep(0.01)  # the server answers, and bills, what nobody waits for any more
    answers, asked, kept = ask(tmp_path, requests)
    assert len(answers) == 30
    assert asked.known + asked.answered == 30
    assert asked.known >= 10
    twice = [name for name, times in stub.billed.items() if times > 1]
    assert len(twice) <= kept.doubtful <= LIMITS.concurrency
    assert max(stub.billed.values()) == 2
    assert kept.spent_usd < cost_of(stub.bill) <= kept.spent_usd + kept.doubtful_usd


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C as Python has it: Spark, once it has run in a process, answers it by itself."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_keeps_what_is_under_way(stub: MessagesStub, tmp_path: Path) -> None:
    stub.hold = True

    def interrupt() -> None:
        for _ in range(LIMITS.concurrency):
            stub.held.acquire(timeout=60)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.3)
        stub.hold = False
        stub.release.set()

    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(20)])
    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        ask(tmp_path, requests)
    with open_store(tmp_path / "store.sqlite") as store:
        assert store.kept().answers == len(stub.bill) == LIMITS.concurrency
        assert store.kept().doubtful == 0


# ---------------------------------------------------------------------------------------------------------------------
# Message Batches

BATCH = replace(LIMITS, in_batches=True)


def test_batches_are_waited_for_and_cost_half(stub: MessagesStub, tmp_path: Path) -> None:
    stub.polls_to_end = 3
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(25)])
    seen: list[tuple[str, float]] = []
    answers, asked, kept = ask(tmp_path, requests, BATCH, progress=lambda step, done: seen.append((step, done)))
    assert texts(answers, requests) == right_texts(stub, requests)
    assert all(answer.is_batch for answer in answers.values())
    assert Decimal(str(asked.spent_usd)) == kept.spent_usd == cost_of(stub.bill)
    assert cost_of(stub.bill) * 2 == cost_of([replace(item, in_batch=False) for item in stub.bill])
    assert [done for _, done in seen] == sorted(done for _, done in seen)
    assert (len(stub.batches), asked.answered) == (1, 25)
    assert ask(tmp_path, requests, BATCH)[1].known == 25
    assert len(stub.batches) == 1


def test_items_that_failed_are_asked_again_by_the_next_run_and_refused_ones_never(
    stub: MessagesStub, tmp_path: Path
) -> None:
    kinds = ("succeeded", "expired", "overloaded", "canceled", "invalid")
    stub.outcome = lambda number, params: kinds[number % 5]
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(20)])
    _, asked, kept = ask(tmp_path, requests, BATCH)
    assert (asked.answered, sum(asked.refused.values()), sum(asked.failed.values())) == (4, 4, 12)
    assert set(asked.failed) >= {"expired in its batch", "canceled in its batch"}
    assert (len(stub.bill), kept.doubtful) == (4, 0)
    stub.outcome = lambda number, params: "succeeded"
    _, asked, kept = ask(tmp_path, requests, BATCH)
    assert (asked.known, asked.answered, sum(asked.refused.values())) == (4, 12, 4)
    assert set(stub.billed.values()) == {1}
    assert kept.spent_usd == cost_of(stub.bill)


def test_killed_between_the_submit_and_its_id_nothing_is_submitted_twice(stub: MessagesStub, tmp_path: Path) -> None:
    stub.batch_fault = lambda number, place: Fault(seconds=30) if place == "POST all" else None
    stub.add_foreign_batch(30)
    child = start_child(tmp_path, "batch")
    assert stub.held.acquire(timeout=60)
    child.kill()
    child.wait(60)
    stub.release.set()
    stub.batch_fault = lambda number, place: None
    stub.polls_to_end = 3
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(30)])
    answers, _, kept = ask(tmp_path, requests, BATCH)
    assert (len(answers), len(stub.batches)) == (30, 2)
    assert max(stub.billed[request_name({"model": HAIKU, **item.params})] for item in requests) == 1
    assert kept.answers == 30


def test_a_submit_whose_reply_is_lost_is_found_among_the_batches(stub: MessagesStub, tmp_path: Path) -> None:
    lost = [Fault(breaks_off=True)]
    stub.batch_fault = lambda number, place: lost.pop() if place == "POST all" and lost else None
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(5)])
    answers, asked, kept = ask(tmp_path, requests, BATCH)
    assert (len(answers), asked.answered, len(stub.batches), kept.doubtful) == (5, 5, 1, 0)


def test_a_batch_that_never_arrived_is_known_to_be_none(stub: MessagesStub, tmp_path: Path) -> None:
    lost = [Fault(kind="lost")]
    stub.batch_fault = lambda number, place: lost.pop() if place == "POST all" and lost else None
    stub.add_foreign_batch(5)  # as many, of somebody else
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(5)])
    answers, asked, _ = ask(tmp_path, requests, BATCH)
    assert not answers
    assert asked.failed == {"its batch never arrived at Anthropic": 5}
    assert asked.spent_usd == asked.doubtful_usd == 0
    assert len(ask(tmp_path, requests, BATCH)[0]) == 5
    assert len(stub.batches) == 2


def test_a_submit_that_is_refused_for_now_is_repeated_and_made_once(stub: MessagesStub, tmp_path: Path) -> None:
    busy = [Fault(status=529, headers=SOON), Fault(status=429, headers=SOON)]
    stub.batch_fault = lambda number, place: busy.pop() if place == "POST all" and busy else None
    answers, _, _ = ask(tmp_path, requests_to(HAIKU, tmp_path, [line(i) for i in range(3)]), BATCH)
    assert (len(answers), len(stub.batches), stub.asked("/v1/messages/batches")[:3]) == (3, 1, [429, 529, 200])


def test_a_submit_that_is_refused_reserves_nothing_and_says_why(stub: MessagesStub, tmp_path: Path) -> None:
    stub.batch_fault = lambda number, place: Fault(status=401, message=KEY) if place == "POST all" else None
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(3)])
    with pytest.raises(UsageError, match=r"the batch was not submitted: Anthropic does not accept") as caught:
        ask(tmp_path, requests, BATCH)
    assert KEY not in str(caught.value)
    stub.batch_fault = lambda number, place: None
    assert len(ask(tmp_path, requests, BATCH)[0]) == 3


def test_a_run_that_is_stopped_while_it_waits_is_collected_by_the_next(
    stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(8)])
    stub.polls_to_end = 10**6
    with monkeypatch.context() as patched:
        patched.setattr(message_batches.time, "sleep", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            ask(tmp_path, requests, BATCH)
    assert still_to_ask(tmp_path) == 0
    more = requests_to(HAIKU, tmp_path, [line(i) for i in range(12)])
    assert still_to_ask(tmp_path) == 4
    answers, asked, _ = ask(tmp_path, more)  # a live run asks the others, and not what is in the batch
    assert (len(answers), asked.answered, asked.waiting) == (4, 4, 8)
    stub.polls_to_end = 1
    answers, asked, kept = ask(tmp_path, more)
    assert (len(answers), asked.known, asked.answered, asked.waiting) == (12, 4, 8, 0)
    assert (len(stub.batches), set(stub.billed.values())) == (1, {1})
    assert kept.spent_usd == cost_of(stub.bill)


def _interrupted(seconds: float) -> None:
    raise KeyboardInterrupt


def test_results_that_break_off_are_read_again_and_counted_once(stub: MessagesStub, tmp_path: Path) -> None:
    cut = [Fault(breaks_off=True), Fault(status=500, headers=SOON)]
    stub.batch_fault = lambda number, place: cut.pop() if place == "GET results" and cut else None
    answers, asked, kept = ask(tmp_path, requests_to(HAIKU, tmp_path, [line(i) for i in range(9)]), BATCH)
    assert (len(answers), asked.answered, kept.doubtful) == (9, 9, 0)
    assert Decimal(str(asked.spent_usd)) == cost_of(stub.bill)


def test_an_item_without_a_result_may_have_been_billed(
    stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stub._end

    def end(batch: Any) -> None:
        whole(batch)
        batch.results[:] = [item for item in batch.results if not item["custom_id"].endswith("-000001")]

    monkeypatch.setattr(stub, "_end", end)
    answers, asked, kept = ask(tmp_path, requests_to(HAIKU, tmp_path, [line(i) for i in range(3)]), BATCH)
    assert (len(answers), asked.failed, kept.doubtful) == (2, {"its batch has no result of it": 1}, 1)
    assert float(cost_of(stub.bill)) <= asked.spent_usd + asked.doubtful_usd


def test_a_batch_is_split_and_a_budget_holds_over_all_of_them(
    stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_batches, "MOST_REQUESTS", 7)
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(20)])
    worst = worst_of(tmp_path, requests)
    answers, asked, _ = ask(tmp_path, requests, BATCH)
    assert [len(batch.requests) for batch in stub.batches.values()] == [7, 7, 6]
    assert len(answers) == 20
    stub.batches.clear()
    stub.bill.clear()
    (tmp_path / "other").mkdir()
    budget = float(sum(list(worst.values())[:3]) / 2)
    _, asked, _ = ask(tmp_path / "other", requests, replace(BATCH, budget_usd=budget))
    assert [len(batch.requests) for batch in stub.batches.values()] == [3]
    assert cost_of(stub.bill) <= Decimal(str(budget))
    assert (asked.answered, asked.left) == (3, 17)


def test_a_batch_of_another_workspace_is_not_asked_again(stub: MessagesStub, tmp_path: Path) -> None:
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(3)])
    stub.batch_fault = lambda number, place: Fault(status=404) if place == "GET one" else None
    with pytest.raises(UsageError, match="is not in the workspace of ANTHROPIC_API_KEY: use the key"):
        ask(tmp_path, requests, BATCH)
    with pytest.raises(UsageError, match="not asked again before it is collected"):
        ask(tmp_path, requests)
    stub.batch_fault = lambda number, place: None
    assert len(ask(tmp_path, requests)[0]) == 3
    assert (len(stub.batches), set(stub.billed.values())) == (1, {1})


# ---------------------------------------------------------------------------------------------------------------------
# Keys


def test_without_a_key_what_is_missing_is_said_and_how_to_go_on(
    stub: MessagesStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = requests_to(HAIKU, tmp_path, [line(1)])
    ask(tmp_path, requests)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    assert len(ask(tmp_path, requests)[0]) == 1  # what is known needs no key
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant-admin01-another")
    with pytest.raises(UsageError, match="an Admin key cannot send messages") as caught:
        ask(tmp_path, requests_to(HAIKU, tmp_path, [line(2)]))
    for words in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "planner evidence decide", "JSON lines"):
        assert words in str(caught.value)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", KEY)
    assert len(ask(tmp_path, requests_to(HAIKU, tmp_path, [line(2)]))[0]) == 1


@pytest.mark.parametrize("limits", [LIMITS, BATCH])
def test_neither_key_nor_prompt_is_in_a_file_or_a_log(
    stub: MessagesStub, tmp_path: Path, caplog: pytest.LogCaptureFixture, limits: AskingLimits
) -> None:
    caplog.set_level("DEBUG")
    store = tmp_path / "kept"
    store.mkdir()
    lines = [line(i, system="a system prompt that stays here") for i in range(5)]
    lines[0]["messages"] = [{"role": "user", "content": "refuse me"}]
    ask(store, requests_to(HAIKU, tmp_path, lines), limits)
    for path in store.iterdir():
        content = path.read_bytes()
        assert KEY.encode() not in content
        assert b"system prompt" not in content
        assert b"refuse me" not in content
    assert KEY not in caplog.text
    assert "system prompt" not in caplog.text


# ---------------------------------------------------------------------------------------------------------------------
# Counting, measuring, the order of a run, the commands


def test_prompts_are_counted_once(stub: MessagesStub, tmp_path: Path) -> None:
    requests = requests_to(HAIKU, tmp_path, [line(i) for i in range(5)])
    with open_store(tmp_path / "store.sqlite") as store:
        counts = count_prompts(requests, store)
        assert [counts[item.key] for item in requests] == [
            8 + len(("user " + str(item.params["messages"][0]["content"])).split()) for item in requests
        ]
        assert count_prompts(requests, store) == counts
    assert len(stub.asked("/v1/messages/count_tokens")) == 5
    assert not stub.bill


def test_a_run_asks_type_by_type_and_measures_tokens(stub: MessagesStub, tmp_path: Path) -> None:
    lines = [line(i) for i in range(30)] + [line(i, request_type="other", id=f"o{i}") for i in range(30, 50)]
    path = write_sample(tmp_path, lines)
    kinds = [
        Evaluation(request_type=name, samples=(path,), grader=ExactGrader(), margin=margin, answers=25)
        for name, margin in (("triage", 0.05), ("other", None))
    ]
    first, second = (question(kind, [HAIKU], OPUS, seed=7) for kind in kinds)
    assert (first.models, second.models, len(second.sample)) == ((HAIKU, OPUS), (HAIKU,), 20)
    ordered = in_order([first, second])
    assert [(item.request_type, item.model) for item in ordered[:6]] == 2 * [
        ("triage", HAIKU),
        ("triage", OPUS),
        ("other", HAIKU),
    ]
    assert sorted(item.key for item in ordered) == sorted(
        item.key for each in (first, second) for model in each.models for item in each.requests(model)
    )
    ask(tmp_path, ordered)
    with open_store(tmp_path / "store.sqlite") as store:
        (measured,) = measured_tokens([first, second], store)
    outputs = {item.request: item.tokens[1] for item in stub.bill}
    haiku, opus = (
        sum(outputs[request_name({"model": model, **each.params})] for each in first.requests(model))
        for model in (HAIKU, OPUS)
    )
    assert (measured.request_type, measured.measured.prompt.value) == ("triage", 1.0)
    assert measured.measured.output is not None
    assert measured.measured.output.value == pytest.approx(haiku / opus)


@pytest.fixture
def planner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    def call(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["planner", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write_sample(tmp_path, [line(i) for i in range(30)])
    text = (Path(__file__).parent / "plans" / "small.toml").read_text(encoding="utf-8")
    path = tmp_path / "plan.toml"
    path.write_text(
        f'{text}\n[[evaluation]]\nrequest_type = "triage"\nsample = ["sample.jsonl"]\nanswers = 12\n'
        f'candidates = ["{HAIKU}"]\ngrader = {{ kind = "exact" }}\n',
        encoding="utf-8",
    )
    return path


def test_the_commands_show_ask_and_go_on(
    stub: MessagesStub, tmp_path: Path, plan: Path, planner: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    code, out, err = planner("evidence", "plan", plan, "--budget", "0.000001")
    assert (code, err) == (0, "")
    assert "12 requests one by one" in out
    assert "mean of the plan's mix" in out
    assert "less than expected" in out
    assert not (tmp_path / "plan.evidence.sqlite").exists()
    assert planner("evidence", "run", plan, "--yes")[0] == 2
    assert "--budget USD" in planner("evidence", "run", plan, "--yes")[2]
    assert "--yes" in planner("evidence", "run", plan, "--budget", "1")[2]
    code, _, err = planner("evidence", "run", plan, "--budget", "1", "--yes")
    assert code == 2
    assert "No key: set ANTHROPIC_API_KEY" in err
    assert not stub.requests
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    code, out, err = planner("evidence", "run", plan, "--budget", "1", "--yes", "--batch", "--answers", "5", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["answered"], found["left"]) == (5, 0)
    assert found["spent_usd"] == pytest.approx(float(cost_of(stub.bill)))
    code, out, err = planner("evidence", "run", plan, "--budget", "1", "--yes", "--with-reference", "--json")
    found = json.loads(out)
    assert (code, found["known"], found["answered"], found["answers_in_store"]) == (0, 5, 19, 24)
    assert found["tokens"][0]["token_ratio"] == {"value": 1.0, "se": 0.0, "requests": 12}
    assert set(stub.billed.values()) == {1}
    code, out, _ = planner("evidence", "run", plan)
    assert code == 0
    assert "Nothing is left to ask" in out
    assert "at worst" not in planner("evidence", "run", plan, "--quiet")[1].partition("\n")[0]


def test_what_cannot_be_run_is_said(stub: MessagesStub, plan: Path, planner: Callable[..., Any]) -> None:
    code, _, err = planner("evidence", "plan", plan, "--type", "nothing")
    assert (code, "no such [[evaluation]]; it has triage" in err) == (2, True)
    without = Path(__file__).parent / "plans" / "small.toml"
    code, _, err = planner("evidence", "run", without, "--budget", "1", "--yes")
    assert (code, "has no [[evaluation]]" in err) == (2, True)
    code, _, err = planner("evidence", "run", plan, "--budget", "-1", "--yes")
    assert (code, "give one above 0" in err) == (2, True)


def test_a_plan_that_asks_nothing_yet_is_told_what_to_test_and_given_a_beginning(
    planner: Callable[..., Any], tmp_path: Path
) -> None:
    small = Path(__file__).parent / "plans" / "small.toml"
    code, out, _ = planner("evidence", "plan", small)
    assert (code, "What to test next" in out) == (0, True)
    _, _, example = out.partition("[[evaluation]]\n")
    begun = tmp_path / "plan.toml"
    begun.write_text(f"{small.read_text()}\n[[evaluation]]\n{example}")
    (only,) = load_plan(begun).evaluations
    costs = {line.request_type: 0.0 for line in prepare(load_plan(small)).mix_lines}
    for line in prepare(load_plan(small)).mix_lines:
        costs[line.request_type] += line.monthly_list_cost_usd
    assert only.request_type == max(costs, key=costs.get)
    found = json.loads(planner("evidence", "plan", small, "--json")[1])
    gains = [item["gain_per_usd"] for item in found["next_tests"]]
    assert (found["questions"], gains) == ([], sorted(gains, reverse=True))
    for item in found["next_tests"]:
        assert item["gain_per_usd"] * item["cost_usd"] == pytest.approx(item["chance"] * item["saving_usd"])


def test_counting_from_the_command_line(stub: MessagesStub, plan: Path, planner: Callable[..., Any]) -> None:
    code, out, _ = planner("evidence", "plan", plan, "--count-tokens", "--json")
    found = json.loads(out)["questions"][0]
    assert (code, found["prompt_tokens_from"], found["to_ask"]) == (0, "count-tokens", 12)
    assert not stub.bill
