"""Newer prices on request, from a server on this machine: fetched, kept, used, compared; and what goes wrong."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data import providers as installed

from planner.clock import today
from planner.errors import InputError, PriceError, UnknownModelError
from planner.price_data import updater
from planner.price_data.age import STALE_AFTER_DAYS, stale_note
from planner.price_data.fetched import fetched_path
from planner.price_snapshot import snapshot_note
from planner.price_update import PriceUpdate, remove, update
from planner.prices import PROVIDERS, PriceBook

TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)
BUNDLED = PriceBook.load(bundled=True)
Raw = list[dict[str, Any]]


def raw_providers() -> Raw:
    """What is installed, in the form of the library's own data files."""
    ours = [entry for entry in installed if entry.id in updater.LIBRARY_PROVIDERS.values()]
    values = updater._raw([replace(entry, extractors=None) for entry in ours])
    return json.loads(json.dumps(values))  # type: ignore[no-any-return]


RAW = json.dumps(raw_providers())


def model_of(raw: Raw, provider: str, model: str) -> dict[str, Any]:
    (entry,) = (entry for entry in raw if entry["id"] == provider)
    (found,) = (item for item in entry["models"] if item["id"] == model)
    return found  # type: ignore[no-any-return]


class Reply:
    """What the server on this machine answers."""

    def __init__(self) -> None:
        self.status, self.body, self.asked = 200, b"", 0


@pytest.fixture
def reply(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Reply]:
    """A server on this machine in place of the library's address, and a user folder of its own."""
    answer = Reply()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer.asked += 1
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(updater, "ADDRESS", f"http://127.0.0.1:{server.server_port}/data.json")
    yield answer
    server.shutdown()
    server.server_close()
    thread.join()


def answers(reply: Reply, change: Callable[[Raw], None] | None = None) -> None:
    raw = json.loads(RAW)
    if change is not None:
        change(raw)
    reply.body = json.dumps(raw).encode()


def cheaper_opus(raw: Raw, usd: float = 3.1) -> None:
    model_of(raw, "anthropic", "claude-opus-5-5")["prices"]["input_mtok"] = usd


def without(raw: Raw, provider: str, *models: str) -> None:
    for model in models:
        (entry,) = (entry for entry in raw if entry["id"] == provider)
        entry["models"].remove(model_of(raw, provider, model))


def fetched_on(day: date, reply: Reply, change: Callable[[Raw], None] | None = None) -> PriceUpdate:
    """An update on a day of a library that was changed so."""
    answers(reply, change)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_TODAY", day.isoformat())
        return update()


def opus_input(on: date) -> Decimal | None:
    return PriceBook.load().price("claude-opus-5-5", on).rates.input_usd_per_mtok


def the_file() -> Path:
    path = fetched_path()
    assert path is not None
    return path


def test_a_snapshot_without_changes_changes_nothing(reply: Reply) -> None:
    answers(reply)
    done = update()
    assert (reply.asked, done.changes, done.checked_on) == (1, (), TODAY)
    assert done.path == the_file()
    kept = json.loads(the_file().read_text(encoding="utf-8"))
    assert (kept["checked_on"], [item["fetched_on"] for item in kept["fetches"]]) == ("2026-11-24", ["2026-11-24"])
    assert PriceBook.load().snapshot == BUNDLED.snapshot == done.snapshot
    for provider in PROVIDERS:
        new, old = PriceBook.load(provider), PriceBook.load(provider, bundled=True)
        assert new.models() == old.models()
        for model in new.models():
            a, b = new.price(model, TODAY), old.price(model, TODAY)
            assert (a.rates, a.long_prompt, a.effective_from) == (b.rates, b.long_prompt, b.effective_from)
    assert [path.name for path in the_file().parent.iterdir()] == ["genai-prices.json"]


def test_what_is_installed_comes_back_exactly_from_the_librarys_own_parser() -> None:
    ours = [entry for entry in installed if entry.id in updater.LIBRARY_PROVIDERS.values()]
    again = updater.providers_from(json.loads(RAW))
    for before, after in zip(ours, again, strict=True):
        assert before.models == after.models


def test_a_price_without_a_date_counts_from_the_day_it_was_fetched(reply: Reply) -> None:
    answers(reply, cheaper_opus)
    done = update()
    (row,) = done.changes
    assert (row.model, row.token_class, row.before, row.after) == (
        "claude-opus-5-5",
        "uncached_input",
        4,
        Decimal("3.1"),
    )
    assert row.change_fraction == pytest.approx(3.1 / 4 - 1)
    book = PriceBook.load()
    assert book.price("claude-opus-5-5", TODAY - DAY).rates.input_usd_per_mtok == 4
    now = book.price("claude-opus-5-5", TODAY)
    assert (now.rates.input_usd_per_mtok, now.effective_from) == (Decimal("3.1"), TODAY)
    assert "as fetched on 2026-11-24" in now.source
    assert (book.checked_on, book.library_date) == (TODAY, TODAY)
    assert len({book.snapshot, done.snapshot, BUNDLED.snapshot}) == 2
    assert book.sha256 != BUNDLED.sha256


def test_new_models_and_dated_changes_arrive_and_are_shown(reply: Reply) -> None:
    def change(raw: Raw) -> None:
        (anthropic,) = (entry for entry in raw if entry["id"] == "anthropic")
        new = json.loads(json.dumps(model_of(raw, "anthropic", "claude-opus-5-5")))
        new.update(id="claude-opus-6", name="Claude Opus 6", match={"starts_with": "claude-opus-6"})
        anthropic["models"].append(new)
        sonnet = model_of(raw, "anthropic", "claude-sonnet-5-5")
        later = {**sonnet["prices"], "output_mtok": 9}
        sonnet["prices"] = [
            {"prices": sonnet["prices"]},
            {"constraint": {"start_date": "2027-02-01"}, "prices": later},
        ]

    answers(reply, change)
    rows = {(row.model, row.token_class): row for row in update().changes}
    assert rows["claude-opus-6", "output"].state == "new_model"
    sonnet = rows["claude-sonnet-5-5", "output"]
    assert (sonnet.before, sonnet.after, sonnet.effective_from) == (10, 9, date(2027, 2, 1))
    book = PriceBook.load()
    assert book.resolve("Opus 6") == "claude-opus-6"
    assert book.price("claude-opus-6", TODAY).rates.input_usd_per_mtok == 4
    assert book.price("claude-sonnet-5-5", date(2027, 1, 31)).rates.output_usd_per_mtok == 10
    assert book.price("claude-sonnet-5-5", date(2027, 2, 1)).rates.output_usd_per_mtok == 9


def test_going_back_to_the_bundled_prices(reply: Reply) -> None:
    answers(reply, cheaper_opus)
    update()
    done = remove()
    assert done.path == the_file()
    assert not the_file().exists()
    assert [(row.before, row.after) for row in done.changes] == [(Decimal("3.1"), 4)]
    assert PriceBook.load().snapshot == done.snapshot == BUNDLED.snapshot
    assert remove().path is None


@pytest.mark.parametrize("changed", [False, True])
def test_a_plan_priced_with_other_data_says_so(reply: Reply, changed: bool) -> None:
    answers(reply, cheaper_opus)
    update()
    book = PriceBook.load()
    models = ["claude-haiku-5-5", *(["claude-opus-5-5"] if changed else [])]
    assert snapshot_note(book, None, models, TODAY) is None
    assert snapshot_note(book, book.snapshot, models, TODAY) is None
    known = snapshot_note(book, BUNDLED.snapshot, models, TODAY)
    assert known is not None
    assert ("claude-opus-5-5 (uncached_input 4 to 3.1" in known) == changed
    assert ("No price of this plan's models changed" in known) != changed
    unknown = snapshot_note(book, "0123456789abcdef", models, TODAY)
    assert unknown is not None
    assert "cannot be told" in unknown
    assert "0123456789abcdef" in unknown


# --- one fetch after another -------------------------------------------------------------------------------------

FIRST, SECOND = date(2026, 12, 15), date(2026, 12, 20)


def test_the_same_data_fetched_again_changes_no_price_and_not_the_snapshot(reply: Reply) -> None:
    once = fetched_on(FIRST, reply, cheaper_opus)
    prices = [opus_input(FIRST + days * DAY) for days in range(-1, 9)]
    assert prices == [4, *[Decimal("3.1")] * 9]
    again = fetched_on(SECOND, reply, cheaper_opus)
    assert [opus_input(FIRST + days * DAY) for days in range(-1, 9)] == prices
    assert (again.snapshot, again.sha256, again.changes, again.notes) == (once.snapshot, once.sha256, (), ())
    book = PriceBook.load()
    assert (book.snapshot, book.library_date) == (once.snapshot, SECOND)
    assert book.price("claude-opus-5-5", SECOND).effective_from == FIRST
    assert len(json.loads(the_file().read_text(encoding="utf-8"))["fetches"]) == 1


def test_two_cuts_have_each_its_days(reply: Reply) -> None:
    """On a day the price is that of the last fetch on or before it: 4 as installed, then 3, then 2."""
    fetched_on(FIRST, reply, lambda raw: cheaper_opus(raw, 3))
    fetched_on(SECOND, reply, lambda raw: cheaper_opus(raw, 2))
    days = (FIRST - DAY, FIRST, SECOND - DAY, SECOND, SECOND + 30 * DAY)
    assert [opus_input(day) for day in days] == [4, 3, 3, 2, 2]
    (row,) = (row for row in PriceBook.load().changes(FIRST, SECOND) if row.model == "claude-opus-5-5")
    assert (row.before, row.after, row.effective_from) == (3, 2, SECOND)


def test_a_cut_that_is_taken_back_held_in_between(reply: Reply) -> None:
    fetched_on(FIRST, reply, cheaper_opus)
    back = fetched_on(SECOND, reply)
    assert [opus_input(day) for day in (FIRST - DAY, FIRST, SECOND - DAY, SECOND)] == [
        4,
        Decimal("3.1"),
        Decimal("3.1"),
        4,
    ]
    assert back.snapshot != BUNDLED.snapshot  # days in between have other prices


def test_of_two_fetches_on_one_day_the_later_counts(reply: Reply) -> None:
    fetched_on(FIRST, reply, lambda raw: cheaper_opus(raw, 3))
    fetched_on(FIRST, reply, lambda raw: cheaper_opus(raw, 2))
    assert [opus_input(day) for day in (FIRST - DAY, FIRST)] == [4, 2]
    fetched_on(FIRST, reply)
    assert PriceBook.load().snapshot == BUNDLED.snapshot


def test_a_clock_that_is_behind_the_last_fetch_does_not_price_its_days_anew(reply: Reply) -> None:
    fetched_on(SECOND, reply, lambda raw: cheaper_opus(raw, 3))
    done = fetched_on(FIRST, reply, lambda raw: cheaper_opus(raw, 2))
    assert done.checked_on == SECOND
    assert [opus_input(day) for day in (FIRST, SECOND - DAY, SECOND)] == [4, 4, 2]


@pytest.mark.parametrize("newer", ["0.2.2", None])
def test_a_newer_installation_does_not_price_the_days_of_earlier_fetches_anew(reply: Reply, newer: str | None) -> None:
    """It asks for a new fetch, which goes on where the last one ended."""
    fetched_on(FIRST, reply, cheaper_opus)
    kept = json.loads(the_file().read_text(encoding="utf-8"))
    older = {"library_version": newer} if newer else {"checked_on": "2026-11-20"}
    the_file().write_text(json.dumps({**kept, **older}), encoding="utf-8")
    with pytest.raises(PriceError, match="what is installed now is newer"):
        PriceBook.load()
    fetched_on(SECOND, reply, lambda raw: cheaper_opus(raw, 2))
    assert [opus_input(day) for day in (FIRST - DAY, FIRST, SECOND - DAY, SECOND)] == [
        4,
        Decimal("3.1"),
        Decimal("3.1"),
        2,
    ]


def test_a_file_that_knows_only_its_newest_fetch_is_read_as_that(reply: Reply) -> None:
    fetched_on(FIRST, reply, cheaper_opus)
    now = PriceBook.load()
    kept = json.loads(the_file().read_text(encoding="utf-8"))
    (fetch,) = kept["fetches"]
    text = json.dumps(fetch["providers"], sort_keys=True, separators=(",", ":"))
    old = {
        "format": 1,
        "fetched_on": FIRST.isoformat(),
        "library_version": kept["library_version"],
        "sha256": sha256(text.encode()).hexdigest(),
        "providers": fetch["providers"],
    }
    the_file().write_text(json.dumps(old), encoding="utf-8")
    book = PriceBook.load()
    assert (book.snapshot, book.library_date) == (now.snapshot, FIRST)
    fetched_on(SECOND, reply, lambda raw: cheaper_opus(raw, 2))
    assert [opus_input(day) for day in (FIRST - DAY, FIRST, SECOND)] == [4, Decimal("3.1"), 2]


def test_a_model_that_the_library_no_longer_lists_keeps_its_last_price_and_that_is_said(reply: Reply) -> None:
    old = "regional.anthropic.claude-3-haiku-20240307-v1:0"

    def pruned(raw: Raw) -> None:
        without(raw, "anthropic", "claude-2")
        without(raw, "aws", old)

    used = date(2024, 6, 1)
    before = {"anthropic": ("claude-2", PriceBook.load().price("claude-2", used).rates)}
    haiku = PriceBook.load("bedrock").price("claude-3-haiku", used).rates
    before["bedrock"] = ("claude-3-haiku", haiku)
    rows = fetched_on(FIRST, reply, pruned).changes
    assert {(row.model, row.state, row.effective_from) for row in rows} == {
        ("claude-2", "no_longer_listed", FIRST),
        ("claude-2 on vertex", "no_longer_listed", FIRST),  # which lends Anthropic's price
        ("claude-3-haiku on bedrock", "no_longer_listed", FIRST),
    }
    for provider, (model, rates) in before.items():
        book = PriceBook.load(provider)
        said = f"{book.resolve(model)}: no longer listed by the price library since {FIRST}; its last price is used."
        assert model in book.models()
        assert book.price(model, FIRST).rates == rates
        assert said in book.price(model, FIRST).notes
        assert said not in book.price(model, FIRST - DAY).notes
    between = PriceBook.load().changes(FIRST - DAY, FIRST)
    assert [(row.model, row.state) for row in between] == [("claude-2", "no_longer_listed")]
    fetched_on(SECOND, reply)  # listed again
    assert [PriceBook.load().price("claude-2", day).unlisted_since for day in (FIRST, SECOND)] == [None, None]
    with pytest.raises(UnknownModelError):
        PriceBook.load().price("claude-opus-9", FIRST)


# --- what goes wrong ---------------------------------------------------------------------------------------------


def refused(message: str) -> None:
    """An update that says what is wrong, that nothing was changed, and what stays in use; and that is so."""
    before = the_file().read_bytes() if the_file().exists() else None
    with pytest.raises(PriceError) as error:
        update()
    said = str(error.value)
    assert message in said
    assert "Nothing was changed" in said
    assert ("bundled prices of 2026-11-23" if before is None else "fetched on 2026-11-24") in said
    assert (the_file().read_bytes() if the_file().exists() else None) == before


@pytest.mark.parametrize("kept", [False, True])
def test_offline_nothing_is_changed(reply: Reply, monkeypatch: pytest.MonkeyPatch, kept: bool) -> None:
    if kept:
        answers(reply, cheaper_opus)
        update()
    monkeypatch.setattr(updater, "ADDRESS", "http://127.0.0.1:9/data.json")
    refused("The prices were not updated: no network")
    assert PriceBook.load().price("claude-opus-5-5", TODAY).rates.input_usd_per_mtok == (Decimal("3.1") if kept else 4)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, b"<html>busy</html>", "the answer was no price data"),
        (200, b"", "the answer was no price data"),
        (200, b"{}", "provider array"),
        (200, b"[]", "no Claude models of anthropic, aws, google"),
        (200, b'[{"id": 1}]', "validation error"),
        (200, RAW.encode()[: len(RAW) // 2], "the answer was no price data"),
        (500, b"[]", "500"),
        (404, b"not here", "404"),
    ],
)
def test_a_bad_reply_changes_nothing(reply: Reply, status: int, body: bytes, message: str) -> None:
    reply.status, reply.body = status, body
    refused(message)


def test_a_reply_without_claude_models_is_refused(reply: Reply) -> None:
    def change(raw: Raw) -> None:
        (aws,) = (entry for entry in raw if entry["id"] == "aws")
        aws["models"] = []

    answers(reply, change)
    refused("no Claude models of aws")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input_mtok": "-3"}, "claude-opus-5-5 of anthropic has input_mtok = -3, which is no price above 0"),
        ({"input_mtok": "0"}, "claude-opus-5-5 of anthropic has input_mtok = 0, which is no price above 0"),
        ({"output_mtok": "0"}, "claude-opus-5-5 of anthropic has output_mtok = 0, which is no price above 0"),
        ({"cache_read_mtok": "-1"}, "has cache_read_mtok = -1, which is no price of 0 or more"),
        ({"output_mtok": "Infinity"}, "the answer was no price data"),
        ({"output_mtok": {"base": "15", "tiers": [{"start": 200000, "price": "-1"}]}}, "has output_mtok = -1"),
        ({"input_mtok": None}, "claude-opus-5-5 of anthropic has no input_mtok"),
        ({"input_mtok": None, "output_mtok": None, "cache_read_mtok": None}, "has no input_mtok"),
    ],
)
@pytest.mark.parametrize("dated", [False, True])
def test_a_reply_with_what_is_no_price_is_refused_whole(
    reply: Reply, change: dict[str, Any], message: str, dated: bool
) -> None:
    def spoilt(raw: Raw) -> None:
        model = model_of(raw, "anthropic", "claude-opus-5-5")
        prices = {key: value for key, value in {**model["prices"], **change}.items() if value is not None}
        later = [{"prices": model["prices"]}, {"constraint": {"start_date": "2027-02-01"}, "prices": prices}]
        model["prices"] = later if dated else prices

    answers(reply, spoilt)
    refused(message)


def test_a_free_cache_class_is_a_price(reply: Reply) -> None:
    answers(reply, lambda raw: model_of(raw, "anthropic", "claude-opus-5-5")["prices"].update(cache_read_mtok="0"))
    update()
    assert PriceBook.load().price("claude-opus-5-5", TODAY).rates.cache_read_usd_per_mtok == 0


def test_a_folder_that_cannot_be_written_is_named(
    reply: Reply, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers(reply)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"cannot write .*set XDG_DATA_HOME"):
        update()


def cut(text: str) -> str:
    return text[: len(text) // 2]


def tampered(text: str) -> str:
    assert '"3.1"' in text
    return text.replace('"3.1"', '"0.1"')


def strange(text: str) -> str:
    return json.dumps({"format": 3})


def yesterday(text: str) -> str:
    return text.replace('"checked_on": "2026-11-24"', '"checked_on": "2026-11-20"')


def before_the_installation(text: str) -> str:
    return json.dumps({**json.loads(text), "library_version": "0.2.2"})


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (cut, "cannot be read"),
        (tampered, "their hash differs"),
        (strange, "no file of fetched prices"),
        (yesterday, "what is installed now is newer"),
        (before_the_installation, "what is installed now is newer"),
    ],
)
def test_a_damaged_or_older_file_is_an_error_with_two_ways_out(
    reply: Reply, damage: Callable[[str], str], message: str
) -> None:
    answers(reply, cheaper_opus)
    update()
    the_file().write_text(damage(the_file().read_text(encoding="utf-8")), encoding="utf-8")
    os.utime(the_file(), ns=(1, 1))  # a file system with coarse times would not tell the two files apart
    for provider in PROVIDERS:
        with pytest.raises(PriceError) as error:
            PriceBook.load(provider)
        for part in (str(the_file()), message, "planner prices update`", "planner prices update --bundled`"):
            assert part in str(error.value)
    is_intact = damage in (yesterday, before_the_installation)
    assert ["could not be used" in note for note in update().notes] == ([] if is_intact else [True])
    assert PriceBook.load().price("claude-opus-5-5", TODAY).rates.input_usd_per_mtok == Decimal("3.1")
    the_file().write_text(damage(the_file().read_text(encoding="utf-8")), encoding="utf-8")
    os.utime(the_file(), ns=(2, 2))
    remove()
    assert PriceBook.load().snapshot == BUNDLED.snapshot


def test_without_an_update_nothing_is_fetched(reply: Reply) -> None:
    book = PriceBook.load()
    book.price("claude-opus-5-5", TODAY)
    assert book.library_date is None
    assert (reply.asked, the_file().exists()) == (0, False)


# --- age ---------------------------------------------------------------------------------------------------------


def test_today_is_fixed_by_the_environment_and_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    assert today() == TODAY  # the whole suite runs on this day
    monkeypatch.setenv("PLANNER_TODAY", "2027-02-03")
    assert today() == date(2027, 2, 3)
    monkeypatch.setenv("PLANNER_TODAY", "03.02.2027")
    with pytest.raises(InputError, match=r"PLANNER_TODAY=03.02.2027: give a day as YYYY-MM-DD"):
        today()
    monkeypatch.delenv("PLANNER_TODAY")
    assert today() >= date(2026, 11, 1)


def test_price_data_is_old_after_sixty_days_and_not_before() -> None:
    checked = date(2026, 11, 23)
    limit = checked + STALE_AFTER_DAYS * DAY
    assert STALE_AFTER_DAYS == 60
    assert stale_note(checked, None, limit) is None
    note = stale_note(checked, None, limit + DAY)
    assert note is not None
    for part in ("61 days old", "2026-11-23", "not in this answer", "planner prices update", "[[prices.override]]"):
        assert part in note


def test_fetched_prices_are_as_old_as_their_day_and_our_own_facts_are_said_apart() -> None:
    checked, fetched = date(2026, 11, 23), date(2027, 3, 1)
    note = stale_note(checked, fetched, fetched + DAY)
    assert note is not None
    assert "fetched on 2027-03-01" in note
    assert "retirements" in note
    assert stale_note(checked, checked + DAY, checked + 30 * DAY) is None
    both = stale_note(checked, fetched, fetched + 61 * DAY)
    assert both is not None
    assert "61 days old" in both
