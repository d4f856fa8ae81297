"""Samples, draws, the store's file, what an answer costs and what it may cost: against plain arithmetic."""

import gzip
import json
import sqlite3
import threading
from datetime import date
from decimal import Decimal
from math import isnan, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.errors import InputError, PriceError
from planner.evaluation.answer_cost import (
    LONGEST_PROMPT_TOKENS,
    BilledUse,
    UnusableUsageError,
    answer_cost_usd,
    billed_use,
    most_prompt_tokens,
    worst_cost_usd,
)
from planner.evaluation.budget import Ledger
from planner.evaluation.estimate import TypicalTokens, estimated
from planner.evaluation.evaluation import SampleRequest
from planner.evaluation.keys import model_request
from planner.evaluation.measured_tokens import ratio_of_ratios, ratio_of_sums
from planner.evaluation.sample import draw, read_sample
from planner.evaluation.store import open_store, read_store
from planner.evidence_reports.run import estimate_sentences, money
from planner.prices import PriceBook, PriceOverride

BOOK = PriceBook.load()
DAY = date(2026, 11, 24)
HAIKU, OPUS, OLD = "claude-haiku-5-5", "claude-opus-5-5", "claude-haiku-4-5"
GOOD: dict[str, Any] = {"request_type": "t", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 10}


def text_of(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def written(folder: Path, content: bytes, name: str = "s.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


# ---------------------------------------------------------------------------------------------------------------------
# Reading


def test_a_sample_reads_the_same_however_it_is_packed(tmp_path: Path) -> None:
    rows = [GOOD | {"id": f"r{i}", "expected": i, "system": "häß ☃"} for i in range(50)]
    content = text_of(*rows)
    plain = read_sample([written(tmp_path, content)])
    assert [item.id for item in plain] == [f"r{i}" for i in range(50)]
    assert [item.expected for item in plain] == list(range(50))
    assert all(item.has_expected and set(item.params) == {"messages", "max_tokens", "system"} for item in plain)
    packed = {
        "s.jsonl.gz": gzip.compress(content),
        "s.jsonl.zst": zstandard.compress(content),
        "bom.jsonl": b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"),
        "blank.jsonl": b"\n\n" + content.replace(b"\n", b"\n \n"),
        "end.jsonl": content.rstrip(b"\n"),
    }
    for name, changed in packed.items():
        assert read_sample([written(tmp_path, changed, name)]) == plain
    halves = [written(tmp_path, text_of(*rows[:20]), "a.jsonl"), written(tmp_path, text_of(*rows[20:]), "b.jsonl")]
    assert read_sample(halves) == plain
    assert read_sample(halves, request_types=["u"]) == ()


def test_null_is_an_expected_value_and_nothing_is_none(tmp_path: Path) -> None:
    null, none = read_sample([written(tmp_path, text_of(GOOD | {"expected": None}, GOOD))])
    assert (null.has_expected, null.expected, none.has_expected) == (True, None, False)


def test_ids_follow_from_what_is_asked_and_equal_requests_are_told_apart(tmp_path: Path) -> None:
    other = GOOD | {"max_tokens": 11}
    found = read_sample([written(tmp_path, text_of(GOOD, other, GOOD, GOOD))])
    first = found[0].id
    assert len(first) == 16
    assert [item.id for item in found] == [first, found[1].id, f"{first}-2", f"{first}-3"]
    again = read_sample([written(tmp_path, text_of(GOOD | {"expected": 1, "reference": "x"}))])
    assert again[0].id == first  # what is expected of an answer is not asked


DEEP = b'{"request_type": "t", "max_tokens": 1, "messages": ' + b"[" * 5000 + b"]" * 5000 + b"}"
FAULTS = [
    (b"{", "s.jsonl:3: not JSON at column 2"),
    (b"[1]", "s.jsonl:3: not a JSON object"),
    (b'"\xff"', "s.jsonl:3: not UTF-8 at byte 2 of the line"),
    (json.dumps(GOOD | {"max_token": 3}).encode(), "unknown key 'max_token'; did you mean max_tokens?"),
    (json.dumps(GOOD | {"stream": True}).encode(), "unknown key 'stream'"),
    (json.dumps(GOOD | {"model": "x"}).encode(), "unknown key 'model'"),
    (b'{"request_type": "t"}', "s.jsonl:3: the request has no messages and no max_tokens"),
    (json.dumps(GOOD | {"max_tokens": "5"}).encode(), "max_tokens has to be a whole number"),
    (json.dumps(GOOD | {"max_tokens": True}).encode(), "max_tokens has to be a whole number"),
    (json.dumps(GOOD | {"max_tokens": 0}).encode(), "max_tokens has to be from 1 to 1,000,000"),
    (json.dumps(GOOD | {"max_tokens": 10**400}).encode(), "max_tokens has to be from 1 to 1,000,000"),
    (json.dumps(GOOD | {"messages": []}).encode(), "at least one"),
    (json.dumps(GOOD | {"messages": ["hi"]}).encode(), "objects with role and content"),
    (json.dumps(GOOD | {"system": 5}).encode(), "system has to be text or a list"),
    (json.dumps(GOOD | {"id": ""}).encode(), "id has to be text"),
    (json.dumps(GOOD | {"reference": 5}).encode(), "reference has to be text"),
    (b'{"request_type": "t", "max_tokens": NaN}', "NaN is no number in JSON"),
    (b'{"request_type": "t", "max_tokens": 1e999, "messages": [{"role": "u"}]}', "a number is too large"),
    (b'{"request_type": "t", "max_tokens": ' + b"9" * 5000 + b"}", "a number is too large, or has too many digits"),
    (b'{"id": "a", "id": "b"}', "the key 'id' stands twice"),
    (json.dumps(GOOD | {"system": "\ud800"}).encode(), "half of a character"),
    (DEEP, "nested more than 100 deep"),
]


@pytest.mark.parametrize(("content", "words"), FAULTS, ids=[words[-30:] for _, words in FAULTS])
def test_a_line_that_is_no_request_is_named_with_its_place(tmp_path: Path, content: bytes, words: str) -> None:
    path = written(tmp_path, text_of(GOOD) + b"\n" + content + b"\n")
    with pytest.raises(InputError) as caught:
        read_sample([path])
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}:3: ")
    assert len(str(caught.value)) < 400


def test_two_requests_with_one_id_are_both_named(tmp_path: Path) -> None:
    path = written(tmp_path, text_of(GOOD | {"id": "a"}, GOOD, GOOD | {"id": "a"}))
    with pytest.raises(InputError, match=rf"{path}:3: the id 'a' is that of {path}:1 too"):
        read_sample([path])


def test_files_that_cannot_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"cannot read the sample .*none: No such file"):
        read_sample([tmp_path / "none"])
    content = text_of(*(GOOD | {"id": str(i), "system": "x" * i} for i in range(500)))
    for packed in (gzip.compress(content)[:-100], zstandard.compress(content)[:-10]):
        with pytest.raises(InputError, match=r"the file is damaged (after line|from its beginning on)"):
            read_sample([written(tmp_path, packed)])
    monkeypatch.setattr("planner.evaluation.sample.LONGEST_LINE_BYTES", 1000)
    with pytest.raises(InputError, match=r"s.jsonl:2: the line is longer than"):
        read_sample([written(tmp_path, text_of(GOOD) + b"x" * 2000)])


# ---------------------------------------------------------------------------------------------------------------------
# The draw


def named(count: int, request_type: str = "t") -> list[SampleRequest]:
    return [SampleRequest(request_type=request_type, id=str(i), params={"max_tokens": 1}) for i in range(count)]


@settings(max_examples=30)
@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 10**9), st.randoms())
def test_a_draw_is_the_start_of_every_larger_one_in_whatever_order_the_file_is(
    few: int, more: int, seed: int, luck: Any
) -> None:
    requests = named(50) + named(30, "u")
    shuffled = luck.sample(requests, len(requests))
    small, large = (
        draw(rows, request_type="t", answers=n, seed=seed) for rows, n in ((requests, few), (shuffled, more))
    )
    shared = min(len(small), len(large))
    assert small[:shared] == large[:shared]
    assert len(small) == min(few, 50)
    assert {item.request_type for item in small} <= {"t"}
    assert len({item.id for item in large}) == len(large)


def test_every_request_is_drawn_equally_often() -> None:
    times = np.zeros(20)
    for seed in range(2_000):
        for item in draw(named(20), request_type="t", answers=5, seed=seed):
            times[int(item.id)] += 1
    share, se = times / 2_000, sqrt(0.25 * 0.75 / 2_000)
    assert abs(share - 0.25).max() < 4 * se


# ---------------------------------------------------------------------------------------------------------------------
# Money


@pytest.mark.parametrize(
    ("use", "in_batch", "expected"),
    [
        (BilledUse(tokens=(1000, 2000, 300, 400, 50)), False, 1000 * 0.1 + 2000 * 0.01 + 300 * 0.125 + 400 * 0.2 + 25),
        (BilledUse(tokens=(100_000, 0, 0, 0, 10)), False, 100_000 * 0.1 + 10 * 0.5),
        (BilledUse(tokens=(1, 100_000, 0, 0, 10)), False, 0.5 + 100_000 * 0.05 + 10 * 2.5),
        (BilledUse(tokens=(1000, 0, 0, 0, 10)), True, (1000 * 0.1 + 10 * 0.5) / 2),
        (BilledUse(tokens=(1000, 0, 0, 0, 10), service_tier="batch"), False, (1000 * 0.1 + 10 * 0.5) / 2),
        (BilledUse(tokens=(1000, 0, 0, 0, 0), inference_geo="us"), False, 110.0),
        (BilledUse(tokens=(0, 0, 0, 0, 0), web_searches=3), False, 3 * 10_000.0),
    ],
)
def test_an_answer_costs_its_tokens_at_the_price_of_its_whole_prompt(
    use: BilledUse, in_batch: bool, expected: float
) -> None:
    cost = answer_cost_usd(use, HAIKU, BOOK, on=DAY, in_batch=in_batch)
    assert float(cost) == pytest.approx(expected / 1e6, rel=1e-12)


@settings(max_examples=40)
@given(st.data())
def test_the_worst_case_is_no_less_than_any_bill_of_the_request(data: st.DataObject) -> None:
    text = data.draw(st.text(max_size=300))
    block: dict[str, Any] = {"type": "text", "text": text}
    if data.draw(st.booleans()):
        block["cache_control"] = {"type": "ephemeral"}
    params = {"messages": [{"role": "user", "content": [block]}], "max_tokens": data.draw(st.integers(1, 200_000))}
    model, in_batch = data.draw(st.sampled_from([HAIKU, OPUS, OLD, "claude-sonnet-4-5"])), data.draw(st.booleans())
    request = model_request(model, params, purpose="candidate", request_type="t")
    worst = worst_cost_usd(request, BOOK, on=DAY, in_batch=in_batch)
    prompt = data.draw(st.integers(0, len(text.encode("utf-8", "surrogatepass")) + 1000))
    split = sorted(data.draw(st.tuples(*[st.integers(0, prompt)] * 3))) if "cache_control" in block else [prompt] * 3
    tokens = (split[0], split[1] - split[0], split[2] - split[1], prompt - split[2], params["max_tokens"])
    use = BilledUse(tokens=tokens, inference_geo=data.draw(st.sampled_from(["", "global", "us"])))
    assert answer_cost_usd(use, model, BOOK, on=DAY, in_batch=in_batch) <= worst


def test_how_many_tokens_a_prompt_can_have() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 3_000_000}}
    document = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "A" * 10}}

    def most(*blocks: dict[str, Any], counted: int | None = None) -> int:
        params = {"messages": [{"role": "user", "content": list(blocks)}], "max_tokens": 1}
        return most_prompt_tokens(params, counted)

    text = {"type": "text", "text": "ü" * 500}
    assert 1000 < most(text) < 4_000
    assert most(text, image) - most(text) in range(8_000, 9_000)
    assert most(document) == LONGEST_PROMPT_TOKENS
    assert 5_000 < most(document, counted=5_000) < 10_000
    assert most(image, counted=10**9) == most(image)


def test_a_tool_that_anthropic_runs_has_no_worst_case() -> None:
    for kind, is_refused in (("web_search_20250305", True), ("custom", False), ("bash_20250124", False)):
        params = GOOD | {"tools": [{"type": kind, "name": "x"}]}
        request = model_request(HAIKU, params, purpose="candidate", request_type="t")
        if is_refused:
            with pytest.raises(InputError, match=r"web_search_20250305.*has no bound"):
                worst_cost_usd(request, BOOK, on=DAY, in_batch=False)
        else:
            assert worst_cost_usd(request, BOOK, on=DAY, in_batch=False) > 0


def test_a_cache_write_without_a_price_is_no_guess() -> None:
    own = PriceOverride(
        model="house", source="a letter", input_usd_per_mtok=Decimal(1), output_usd_per_mtok=Decimal(2), tier="haiku"
    )
    use = BilledUse(tokens=(0, 0, 0, 5, 0))
    with pytest.raises(PriceError, match="house has no known price for 1-hour cache write"):
        answer_cost_usd(use, "house", PriceBook.load(overrides=[own]), on=DAY, in_batch=False)


def test_usage_says_all_of_it_or_nothing() -> None:
    whole = {"input_tokens": 5, "output_tokens": 7, "cache_creation_input_tokens": 9}
    assert billed_use(whole).tokens == (5, 0, 9, 0, 7)
    assert billed_use(whole, writes_last_an_hour=True).tokens == (5, 0, 0, 9, 7)
    split = {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 5}
    assert billed_use(whole | {"cache_creation": split}).tokens == (5, 0, 4, 5, 7)
    broken: list[Any] = [None, [], {}, whole | {"output_tokens": 1.5}, whole | {"input_tokens": True}]
    broken.append(whole | {"cache_creation": {"ephemeral_5m_input_tokens": 1}})
    for usage in broken:
        with pytest.raises(UnusableUsageError):
            billed_use(usage)


def test_a_ledger_never_sets_aside_more_than_it_has_and_waits_for_what_is_in_flight() -> None:
    ledger = Ledger(Decimal(10))
    assert ledger.reserve(Decimal(6))
    threading.Timer(0.05, ledger.settle, [Decimal(6), Decimal(1)]).start()
    assert ledger.reserve(Decimal(9))  # after the other has come back as 1
    ledger.doubt(Decimal(9))
    assert (ledger.spent_usd, ledger.doubtful_usd, ledger.left_usd) == (1, 9, 0)
    assert not ledger.reserve(Decimal("0.01"))
    assert ledger.reserve(Decimal(0))
    ledger.stop()
    assert not ledger.reserve(Decimal(0))


def test_an_estimate_says_what_it_rests_on() -> None:
    requests = [
        model_request(HAIKU, long_request(4_000), purpose="candidate", request_type="t", repeat=i) for i in range(4)
    ]
    common: dict[str, Any] = {"on": DAY, "in_batch": False}
    typical = TypicalTokens(model=OLD, prompt=1_000, output=50)
    found = estimated(requests, BOOK, known={}, counted={}, typical=typical, **common)
    assert (found.prompt_from, found.output_from, found.to_ask) == ("plan", "plan", 4)
    assert float(found.expected_usd) == pytest.approx(4 * (1_300 * 0.1 + 65 * 0.5) / 1e6)  # 1.3 tokens for one
    counted = {item.key: 200 for item in requests}
    known = {requests[0].key: 30}
    found = estimated(requests, BOOK, known=known, counted=counted, typical=typical, **common)
    assert (found.prompt_from, found.output_from, found.known, found.to_ask) == ("count-tokens", "answers", 1, 3)
    assert float(found.expected_usd) == pytest.approx(3 * (200 * 0.1 + 30 * 0.5) / 1e6)
    found = estimated(requests, BOOK, known={}, counted={}, typical=None, **common)
    assert (found.prompt_from, found.output_from, found.output_tokens) == ("characters", "max_tokens", 400)
    assert found.expected_usd <= found.worst_usd
    done = {item.key: 5 for item in requests}
    assert estimated(requests, BOOK, known=done, counted={}, typical=None, **common).worst_usd == 0


def long_request(letters: int, max_tokens: int = 100) -> dict[str, Any]:
    return {"max_tokens": max_tokens, "messages": [{"role": "user", "content": "a" * letters}]}


@settings(max_examples=40, deadline=None)
@given(
    letters=st.integers(1, 60_000),
    mix=st.floats(1, 900_000),
    output=st.floats(0, 1e6),
    max_tokens=st.integers(1, 64_000),
    counted=st.none() | st.integers(1, 1_000_000),
    in_batch=st.booleans(),
)
def test_no_request_is_expected_to_cost_more_than_its_worst(
    letters: int, mix: float, output: float, max_tokens: int, counted: int | None, in_batch: bool
) -> None:
    request = model_request(HAIKU, long_request(letters, max_tokens), purpose="candidate", request_type="t")
    found = estimated(
        [request],
        BOOK,
        on=DAY,
        in_batch=in_batch,
        known={},
        counted={} if counted is None else {request.key: counted},
        typical=TypicalTokens(model=OLD, prompt=mix, output=output),
    )
    assert 0 < found.expected_usd <= found.worst_usd


@pytest.mark.parametrize(("letters", "source"), [(400, "characters"), (4_000, "plan"), (40_000, "characters")])
def test_a_sample_of_quite_another_length_than_the_mix_is_said_to_be(letters: int, source: str) -> None:
    requests = [
        model_request(HAIKU, long_request(letters), purpose="candidate", request_type="t", repeat=i) for i in (0, 1)
    ]
    typical = TypicalTokens(model=OLD, prompt=1_000, output=50)
    common: dict[str, Any] = {"on": DAY, "in_batch": False, "known": {}}
    found = estimated(requests, BOOK, counted={}, typical=typical, **common)
    own = 2 * letters / 4 * 1.3  # four letters a token, 1.3 times as many in the newer tokenizer
    assert found.prompt_from == source
    assert found.prompt_tokens == pytest.approx(2_600 if source == "plan" else own, rel=0.2)
    said = " ".join(estimate_sentences((), (found,), in_batch=False))
    assert ("those of the plan's mix 1,300" in said) is (source == "characters")
    counted = {item.key: 1_300 for item in requests}
    assert not estimated(requests, BOOK, counted=counted, typical=typical, **common).lengths.differ_much  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "$0.00"), (12.345, "$12.35"), (0.5, "$0.500"), (0.00123456, "$0.00123"), (2e-7, "$0.000000200")],
)
def test_small_money_keeps_its_digits(value: float, shown: str) -> None:
    assert money(value) == shown


# ---------------------------------------------------------------------------------------------------------------------
# Ratios


def test_ratios_have_the_errors_that_a_simulation_has() -> None:
    random, n = np.random.default_rng(11), 60
    sums, lengths = [], []
    for _ in range(1_500):
        prompt = random.integers(50, 2_000, n)
        prompt_own = np.rint(prompt * random.normal(1.3, 0.05, n)).astype(int)
        output = random.integers(20, 400, n)
        output_own = np.rint(output * 1.3 * random.lognormal(np.log(1.5) - 0.08, 0.4, n)).astype(int)
        sums.append(ratio_of_sums(prompt_own.tolist(), prompt.tolist()))
        own = list(zip(prompt_own.tolist(), output_own.tolist(), strict=True))
        lengths.append(ratio_of_ratios(own, list(zip(prompt.tolist(), output.tolist(), strict=True))))
    for found, truth in ((sums, 1.3), (lengths, 1.5)):
        values = np.array([item.value for item in found if item is not None])
        errors = np.array([item.se for item in found if item is not None])
        assert abs(values.mean() - truth) < 5 * values.std() / sqrt(len(values)) + 0.002
        assert abs(np.sqrt((errors**2).mean()) / values.std() - 1) < 0.08


def test_ratios_without_spread_or_without_pairs() -> None:
    exact = ratio_of_sums([2, 4, 6], [1, 2, 3])
    assert exact is not None
    assert (exact.value, exact.se, exact.pairs) == (2.0, 0.0, 3)
    single = ratio_of_sums([3], [2])
    assert single is not None
    assert (single.value, isnan(single.se)) == (1.5, True)
    assert ratio_of_sums([], []) is None
    assert ratio_of_ratios([(0, 1)], [(1, 1)]) is None


# ---------------------------------------------------------------------------------------------------------------------
# The store's file


def test_a_store_is_its_owner_s_alone_and_of_one_run_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with open_store(path) as store:
        store.begin_attempt("k", Decimal("1.5"), "now")
        assert {item.stat().st_mode & 0o777 for item in tmp_path.iterdir()} == {0o600}
        with pytest.raises(InputError, match="is in use by another run"), open_store(path):
            pass
        with read_store(path) as read:  # whoever only looks is not in the way
            assert read.kept().doubtful == 1
            with pytest.raises(InputError, match="cannot write"):
                read.begin_attempt("k", Decimal(1), "now")
    with read_store(path) as read:
        assert read.kept().doubtful == 1
    with pytest.raises(InputError, match="cannot open"), read_store(tmp_path / "none.sqlite"):
        pass
    assert not (tmp_path / "none.sqlite").exists()
    with open_store(path) as store:  # what was in flight when a run ended is doubtful from then on
        assert store.kept().doubtful_usd == Decimal("1.5")
        assert store.open_attempts() == (1, Decimal("1.5"))
        assert store.open_attempts() == (0, Decimal(0))
        assert (store.kept().doubtful, store.kept().doubtful_usd) == (1, Decimal("1.5"))


def test_a_file_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite"
    with open_store(path):
        pass
    whole = path.read_bytes()
    newer = sqlite3.connect(path)
    newer.execute("pragma user_version = 7")
    newer.close()
    with pytest.raises(InputError, match="written by a newer version of this program"), open_store(path):
        pass
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    with pytest.raises(InputError, match="is damaged or no store"), open_store(path):
        pass
    path.write_bytes(b"something else" * 100)
    with pytest.raises(InputError, match="is damaged or no store"), open_store(path):
        pass
    assert path.read_bytes() == b"something else" * 100
    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("create table mine (a)")
    other.close()
    with pytest.raises(InputError, match="database of another program"), open_store(tmp_path / "other.sqlite"):
        pass
    with (
        pytest.raises(InputError, match=r"cannot write .*choose another place"),
        open_store(tmp_path / "no" / "a.sqlite"),
    ):
        pass
