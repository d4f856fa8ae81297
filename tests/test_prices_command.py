"""planner prices from the terminal: the list, what is to come, two days compared, a plan pinned, an update."""

import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from planner import cli
from planner.bundled import data_path
from planner.plan_file.loader import load_plan
from planner.plan_file.price_text import with_snapshot
from planner.price_data import updater
from planner.price_data.fetched import fetched_path
from planner.prices import PriceBook

Run = Callable[..., tuple[int, str, str]]
EXAMPLE = data_path("plans", "three-years.toml")


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """planner(...arguments) is (exit code, stdout, stderr)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["planner", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def rows_of(planner: Run, *arguments: str) -> list[dict[str, Any]]:
    code, out, _ = planner("prices", *arguments, "--json")
    assert code == 0
    return json.loads(out)["changes"]  # type: ignore[no-any-return]


# --- the list ----------------------------------------------------------------------------------------------------


def test_under_the_list_stands_what_is_announced_what_retires_and_what_was_called_off(planner: Run) -> None:
    code, out, _ = planner("prices")
    assert code == 0
    below = out.partition("Announced, to retire, or called off, as of 2026-11-23")[2]
    for part in (
        "Fast mode is to be removed from Opus 4.8",
        "claude-sonnet-4-5",
        "next of its tier: claude-sonnet-4-6",
        "uncached input from 2 to 3 USD per million tokens (+50.0 %)",
        "cancelled",
        "web search",
        f"snapshot {PriceBook.load().snapshot}",
    ):
        assert part in below
    _, later, _ = planner("prices", "--on", "2027-09-02")
    assert "cancelled" not in later  # more than a year ago
    assert "Fast mode is to be removed" not in later


def test_the_json_of_a_model_says_what_is_known_of_it(planner: Run) -> None:
    _, out, _ = planner("prices", "Claude Sonnet 4.5", "--json")
    found = json.loads(out)
    assert {key: found[key] for key in ("state", "tier", "tokenizer", "successor", "launched", "retires_on")} == {
        "state": "in_force",
        "tier": "sonnet",
        "tokenizer": "old",
        "successor": "claude-sonnet-5-5",
        "launched": "2025-09-29",
        "retires_on": "2026-11-30",
    }
    assert found["successors"] == ["claude-sonnet-4-6", "claude-sonnet-5", "claude-sonnet-5-5"]
    states = [json.loads(planner("prices", "claude-sonnet-4-5", "--on", day, "--json")[1])["state"] for day in DAYS]
    assert states == ["not_launched", "in_force", "in_force", "retired"]
    _, out, _ = planner("prices", "claude-sonnet-5", "--json")
    assert {row["state"] for row in json.loads(out)["scheduled"]} == {"cancelled"}


DAYS = ("2025-09-28", "2025-09-29", "2026-11-30", "2026-12-01")


def test_every_model_has_the_keys_of_one_and_the_list_says_what_else_is_priced(planner: Run) -> None:
    every = json.loads(planner("prices", "--json")[1])
    one = json.loads(planner("prices", "opus 5.5", "--json")[1])
    data = {key: one.pop(key) for key in ("snapshot", "data_checked_on", "warnings")}
    assert data == {"snapshot": SNAPSHOT, "data_checked_on": "2026-11-23", "warnings": []}
    assert {key: every[key] for key in data} == data
    assert (every["on"], every["provider"]) == ("2026-11-23", "anthropic")
    assert [row["model"] for row in every["models"]] == list(PriceBook.load().models())
    assert all(row.keys() == one.keys() for row in every["models"])
    assert one in every["models"]
    tools = every["server_tools"]
    assert (tools["web_search_usd_per_thousand"], tools["code_execution_usd_per_hour"]) == (10, 0.05)


def factors_of(planner: Run, *arguments: str) -> dict[str, float]:
    rows = json.loads(planner("prices", *arguments, "--json")[1])["factors"]
    assert all(row["source"] for row in rows)
    return {row["name"]: row["multiplier"] for row in rows}


def test_the_factors_of_a_model(planner: Run) -> None:
    assert factors_of(planner, "opus 5.5") == {"batch": 0.5, "geography us": 1.1, "fast mode": 2}
    assert factors_of(planner, "haiku 4.5") == {"batch": 0.5}
    regional = {"batch": 0.5, "regional endpoint, against the global one": 1.1}
    assert factors_of(planner, "opus 5.5", "--provider", "vertex") == regional
    assert factors_of(planner, "opus 5.5", "--provider", "bedrock") == pytest.approx(regional)
    assert factors_of(planner, "claude-opus-4-1", "--provider", "bedrock") == {"batch": 0.5}


def test_one_model_shows_its_factors_its_days_and_what_is_to_come(planner: Run) -> None:
    _, out, _ = planner("prices", "claude-sonnet-5")
    for part in (
        "USD per million tokens, since 2026-09-01. Batch",
        "Source: ",
        "geography us",
        "uncached input from 2 to 3",
        "cancelled",
        "Batch requests pay 0.5 of it",
    ):
        assert part in out
    assert "claude-opus-4-8" not in out
    _, out, _ = planner("prices", "claude-opus-4-8")
    assert "Fast mode is to be removed" in out
    _, out, _ = planner("prices", "claude-sonnet-4-5")
    assert "last day; next of its tier: claude-sonnet-4-6" in out
    assert "2026-11-30" in out


def test_the_list_has_the_first_day_of_each_price_and_says_where_the_sources_are(planner: Run) -> None:
    _, out, _ = planner("prices")
    header = next(line for line in out.split("\n") if "prompt tokens" in line)
    assert "since" in header
    (row,) = (line for line in out.split("\n") if line.strip().startswith("claude-opus-5-5 "))
    assert "2026-09-22" in row
    assert "Sources: planner prices MODEL" in out


def test_the_successor_is_that_of_the_day(planner: Run) -> None:
    def successor(day: str) -> str:
        return str(json.loads(planner("prices", "claude-opus-4-5", "--on", day, "--json")[1])["successor"])

    assert successor("2026-04-15") == "claude-opus-4-6"
    assert successor("2026-04-16") == "claude-opus-4-7"
    assert successor("2026-11-23") == "claude-opus-5-5"


def test_quiet_is_one_line(planner: Run) -> None:
    count = len(PriceBook.load().models())
    said = f"{count} models. Price data: snapshot {SNAPSHOT}, checked on 2026-11-23.\n"
    assert planner("prices", "-q")[1:] == (said, "")
    _, out, err = planner("prices", "opus 5.5", "-q")
    assert (out.count("\n"), err) == (1, "")
    assert out.startswith("claude-opus-5-5 on 2026-11-23: 4 for input, 20 for output")
    assert planner("prices", "--check", "-q")[1].count("\n") == 1


def test_a_check_of_one_model_lists_that_one(planner: Run) -> None:
    def models(*arguments: str) -> set[str]:
        found = json.loads(planner("prices", *arguments, "--check", "--json")[1])
        return {row["model"] for row in found["differences"]}

    every = models()
    assert len(every) > 1
    for model in every:
        assert models(model) == {model}
    assert models("claude-haiku-5-5") == set()
    assert "Anthropic's list" in planner("prices", "--check")[1]


# --- what is said of the price data ------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("opus 5.5",), ("--check",), ("--diff", "2026-09-01", "2026-11-01")])
def test_old_price_data_is_said_with_every_answer(
    planner: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    assert "days old" not in planner("prices", *arguments)[2]
    assert json.loads(planner("prices", *arguments, "--json")[1])["warnings"] == []
    monkeypatch.setenv("PLANNER_TODAY", "2027-06-01")
    assert "190 days old" in planner("prices", *arguments)[2]
    (said,) = json.loads(planner("prices", *arguments, "--json")[1])["warnings"]
    assert "190 days old" in said
    assert "days old" not in planner("prices", *arguments, "-q")[2]


def test_a_day_after_the_last_check_is_not_told_as_known(planner: Run) -> None:
    said = "Prices of 2030-01-01 as known on 2026-11-23; what changes later cannot be known."
    assert said in planner("prices", "--on", "2030-01-01")[2]
    assert said in planner("prices", "opus 5.5", "--on", "2030-01-01")[2]
    assert said in planner("prices", "--diff", "2026-01-01", "2030-01-01")[2]
    assert "cannot be known" not in planner("prices", "--on", "2026-11-23")[2]


def test_a_wrong_day_of_today_is_refused_before_anything_is_printed(
    planner: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_TODAY", "bogus")
    for arguments in ((), ("opus 5.5",), ("--check",), ("--diff", "2026-09-01", "2026-11-01")):
        code, out, err = planner("prices", *arguments)
        assert (code, out) == (2, "")
        assert "PLANNER_TODAY=bogus" in err


def test_the_endpoint_of_a_cloud(planner: Run) -> None:
    for provider in ("vertex", "bedrock"):
        _, out, _ = planner("prices", "opus 5.5", "--provider", provider, "--endpoint", "regional", "--json")
        assert json.loads(out)["input_usd_per_mtok"] == 4.4
    for arguments in (("--endpoint", "regional"), ("--provider", "vertex", "--endpoint", "eu")):
        code, _, err = planner("prices", *arguments)
        assert code == 2
        assert "--endpoint" in err


# --- two days ----------------------------------------------------------------------------------------------------


def test_two_days_compared_by_hand(planner: Run) -> None:
    rows = rows_of(planner, "--diff", "2026-09-30", "2026-10-08")
    found = {(row["model"], row["token_class"], row["above_prompt_tokens"]): row for row in rows}
    read = found.pop(("claude-sonnet-5-5", "cache_read", 0))
    assert (read["before"], read["after"], read["change_fraction"]) == (0.2, 0.1, -0.5)
    assert (read["state"], read["effective_from"]) == ("in_force", "2026-10-07")
    assert {key[0] for key in found} == {"claude-haiku-5-5"}
    assert {row["state"] for row in found.values()} == {"new_model"}
    prices = {0: (0.1, 0.01, 0.125, 0.2, 0.5), 100_000: (0.5, 0.05, 0.625, 1.0, 2.5)}
    names = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    assert {key[1:]: (row["before"], row["after"]) for key, row in found.items()} == {
        (name, above): (None, usd) for above, rates in prices.items() for name, usd in zip(names, rates, strict=True)
    }


def test_a_threshold_that_ends_is_a_change_above_it_only(planner: Run) -> None:
    rows = rows_of(planner, "opus 4.6", "--diff", "2026-03-12", "2026-03-13")
    assert {row["above_prompt_tokens"] for row in rows} == {200_000}
    assert {row["token_class"]: (row["before"], row["after"]) for row in rows} == {
        "uncached_input": (10, 5),
        "cache_read": (1, 0.5),
        "cache_write_5m": (12.5, 6.25),
        "cache_write_1h": (20, 10),
        "output": (37.5, 25),
    }


def test_cancelled_and_announced_changes_retirements_factors_and_tools_have_their_own_state(planner: Run) -> None:
    cancelled = [row for row in rows_of(planner, "--diff", "2026-08-31", "2026-09-01") if row["state"] == "cancelled"]
    assert [(row["model"], row["before"], row["after"]) for row in cancelled] == [
        ("claude-sonnet-5", 2, 3),
        ("claude-sonnet-5", 10, 15),
    ]
    rows = rows_of(planner, "--diff", "2026-11-29", "2026-12-01")
    assert [(row["model"], row["state"], row["effective_from"]) for row in rows] == [
        ("claude-sonnet-4-5", "retired", "2026-11-30"),
        ("claude-opus-4-8", "announced", "2026-11-30"),
    ]
    tools = rows_of(planner, "--diff", "2025-05-06", "2025-05-22")
    assert {row["token_class"]: row["after"] for row in tools if row["model"] == "server tools"} == {
        "web_search": 10,
        "code_execution": 0.05,
    }
    (fast,) = (row for row in rows_of(planner, "--diff", "2026-02-05", "2026-02-07") if row["unit"] == "factor")
    assert (fast["model"], fast["token_class"], fast["after"]) == ("claude-opus-4-6", "fast mode", 6)
    (regional,) = (
        row
        for row in rows_of(planner, "--provider", "vertex", "--diff", "2025-09-28", "2025-09-29")
        if row["unit"] == "factor"
    )
    assert (regional["token_class"], regional["after"]) == ("regional endpoint", 1.1)


def test_a_model_that_came_and_retired_between_the_two_days_is_both(planner: Run) -> None:
    rows = rows_of(planner, "claude-sonnet-4-5", "--diff", "2025-09-01", "2026-12-01")
    assert [row["state"] for row in rows if row["token_class"] == "every class"] == ["retired"]
    assert {row["state"] for row in rows} >= {"new_model", "retired"}


def test_what_did_not_change_is_not_counted_as_a_change(planner: Run) -> None:
    """A cancelled rise of two prices is one; a model that retired is one; the announced end of fast mode is one."""
    _, out, _ = planner("prices", "--diff", "2026-08-31", "2026-09-01")
    ends = "1 model is new between 2026-08-31 and 2026-09-01; 1 announced change was called off.\n"
    assert out.endswith(ends)
    _, out, _ = planner("prices", "--diff", "2026-11-29", "2026-12-01")
    assert out.endswith("1 model retired between 2026-11-29 and 2026-12-01; 1 change is announced.\n")
    _, out, _ = planner("prices", "--diff", "2026-09-30", "2026-10-08")
    assert out.endswith("1 price or factor differs between 2026-09-30 and 2026-10-08; 1 model is new.\n")


def test_nothing_happened(planner: Run) -> None:
    assert rows_of(planner, "--diff", "2026-10-08", "2026-10-09") == []
    code, out, _ = planner("prices", "--diff", "2026-10-08", "2026-10-09")
    assert (code, out) == (0, "No price differs between 2026-10-08 and 2026-10-09.\n")


def test_the_table_of_two_days(planner: Run) -> None:
    code, out, _ = planner("prices", "sonnet 5.5", "--diff", "2026-10-06", "2026-10-07")
    assert code == 0
    assert "-50.0 %" in out
    assert out.endswith("1 price or factor differs between 2026-10-06 and 2026-10-07.\n")


# --- a plan that keeps its price data ----------------------------------------------------------------------------

SNAPSHOT = PriceBook.load().snapshot


@pytest.mark.parametrize(
    "prices",
    [
        "",
        "[prices]\n",
        '[prices]  # ours\nprovider = "bedrock"  # why\n',
        '[prices]\nsnapshot = "0123456789abcdef"\non = 2026-11-01\n',
        'prices = { provider = "vertex" }\n',
        'prices.provider = "vertex"\n',
        "[prices.cuts]\nlag_months = 2\n",
        '[prices]\n[prices.cuts]\nlag_months = 2\n[[prices.override]]\nmodel = "opus 5"\nsource = "q"\n',
        '[[prices.override]]\nmodel = "opus 5"\nsource = "q"\n',
    ],
)
def test_a_snapshot_is_written_and_nothing_else_changes(prices: str) -> None:
    text = f"# a plan\n{prices}\n[contract]  # terms\nx = 1\n"
    changed = with_snapshot(text, SNAPSHOT)
    before, after = tomllib.loads(text), tomllib.loads(changed)
    assert after["prices"].pop("snapshot") == SNAPSHOT
    before.get("prices", {}).pop("snapshot", None)
    assert {"prices": {}, **before} == after
    for comment in ("# a plan", "# terms", *(part for part in ("# ours", "# why") if part in text)):
        assert comment in changed
    assert with_snapshot(changed, SNAPSHOT) == changed


def test_a_plan_is_pinned_and_says_when_it_was_priced_with_other_data(planner: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    plan.write_text(text, encoding="utf-8")
    plan.chmod(0o640)
    code, out, _ = planner("prices", "--pin", plan)
    assert (code, SNAPSHOT in out) == (0, True)
    assert load_plan(plan).prices.snapshot == SNAPSHOT
    assert plan.read_text(encoding="utf-8") == with_snapshot(text, SNAPSHOT)
    assert plan.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


def test_pinning_keeps_the_line_ends_of_windows(planner: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    plan.write_bytes(text.replace("\n", "\r\n").encode())
    assert planner("prices", "--pin", plan)[0] == 0
    assert plan.read_bytes() == with_snapshot(text, SNAPSHOT).replace("\n", "\r\n").encode()


def test_a_plan_that_is_not_there_or_wrong_is_not_pinned(planner: Run, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    assert planner("prices", "--pin", plan)[0] == 2
    plan.write_text("[plan]\nstart = 1\n", encoding="utf-8")
    assert planner("prices", "--pin", plan)[0] == 2
    assert plan.read_text(encoding="utf-8") == "[plan]\nstart = 1\n"


PLAN = """
[plan]
start = 2027-01-01
paths = 200

[[mix]]
request_type = "triage"
model = "{model}"
monthly_requests = 1_200_000
uncached_input_tokens = 900
output_tokens = 60

[contract]

[[contract.band]]
min_commit_usd_per_year = 10_000
discount_fraction = 0.08

[prices]
{prices}
"""


def warnings_of(planner: Run, tmp_path: Path, prices: str, model: str = "claude-opus-5-5") -> list[str]:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.format(model=model, prices=prices), encoding="utf-8")
    code, out, err = planner("plan", plan, "--json")
    assert code == 0, err
    return json.loads(out)["warnings"]  # type: ignore[no-any-return]


def test_a_plan_says_that_its_prices_are_old_or_others(
    planner: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(prices: str) -> str:
        return " ".join(warnings_of(planner, tmp_path, prices))

    assert "days old" not in said("")
    assert "other price data" not in said(f'snapshot = "{SNAPSHOT}"')
    pinned = said('snapshot = "0123456789abcdef"')
    assert "other price data (snapshot 0123456789abcdef; now" in pinned
    assert "cannot be told" in pinned
    monkeypatch.setenv("PLANNER_TODAY", "2027-01-23")
    assert "The price data is 61 days old" in said("")


def test_a_plan_of_a_later_day_says_what_it_cannot_know(planner: Run, tmp_path: Path) -> None:
    assert "cannot be known" not in " ".join(warnings_of(planner, tmp_path, "on = 2026-11-23"))
    later = " ".join(warnings_of(planner, tmp_path, "on = 2026-12-31"))
    assert "Prices of 2026-12-31 as known on 2026-11-23" in later


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ('snapshot = "XYZ"', "prices.snapshot = 'XYZ': no snapshot: 16 of 0-9 and a-f"),
        ('[[prices.override]]\nmodel = "opus 5"\nsource = " "\ndiscount_fraction = 0.1', "a source says where"),
        (
            '[[prices.modifier]]\nfield = "speed"\nvalue = "fast"\nmultiplier = 2\nsource = "\\t"',
            "a source says where",
        ),
        ('[prices.server_tools]\nsource = "  "\nweb_search_usd_per_thousand = 5', "a source says where"),
        (
            '[[prices.modifier]]\nfield = "service_tier"\nvalue = "standard"\nmultiplier = 0.9\nsource = "q"',
            "discount_fraction",
        ),
    ],
)
def test_a_mistake_in_the_prices_of_a_plan_is_told_in_plain_words(
    planner: Run, tmp_path: Path, prices: str, message: str
) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.format(model="claude-opus-5-5", prices=prices), encoding="utf-8")
    code, out, err = planner("plan", plan)
    assert (code, out) == (2, "")
    assert message in err
    assert "pattern" not in err


EVERY_COMMAND = (
    ("measure", "{log}"),
    ("measure", "{plan}"),
    ("calibrate", "{plan}", "--dry-run"),
    ("backtest", "{plan}"),
    ("drivers", "{plan}"),
    ("suggest", "{plan}"),
    ("levers", "{plan}"),
    ("compare", "{plan}"),
    ("price-offer", "{plan}", "--commit", "20000"),
    ("export", "{plan}", "-o", "{book}"),
    ("plan", "{plan}"),
)


@pytest.mark.parametrize("arguments", EVERY_COMMAND, ids=lambda arguments: " ".join(arguments[:2]))
def test_every_command_that_prices_says_that_its_price_data_is_old_and_not_the_plans(
    planner: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    log, plan = tmp_path / "log.jsonl", tmp_path / "plan.toml"
    log.write_text("".join(f"{json.dumps(row)}\n" for row in daily_rows()), encoding="utf-8")
    typed = PLAN.format(model="", prices='snapshot = "0123456789abcdef"')
    before, after = typed.partition("[[mix]]")[0], typed.partition("[contract]")[2]
    plan.write_text(f'{before}[usage]\nsources = ["log.jsonl"]\n\n[contract]{after}', encoding="utf-8")
    places = {"log": log, "plan": plan, "book": tmp_path / "book.xlsx"}
    command = [part.format(**places) for part in arguments]
    monkeypatch.setenv("PLANNER_TODAY", "2027-06-01")
    wanted = ["The price data is 190 days old"]
    wanted += ["other price data (snapshot 0123456789abcdef"] if arguments[1] == "{plan}" else []
    code, out, err = planner(*command, "--json")
    assert code == 0, err
    answer = json.loads(out)
    said = " ".join(answer["notes"] if arguments[0] == "suggest" else answer["warnings"])
    code, _, err = planner(*command)
    assert code == 0
    for part in wanted:
        assert (part in said, part in err) == (True, True), part


def daily_rows() -> Iterator[dict[str, Any]]:
    """Four months of the same use every day."""
    for number in range(120):
        yield {
            "timestamp": f"{date(2026, 7, 1) + timedelta(days=number)}T12:00:00Z",
            "request_type": "triage",
            "model": "claude-opus-5-5" if number > 83 else "claude-opus-5",
            "requests": 40_000,
            "uncached_input_tokens": 36_000_000,
            "cache_read_tokens": 0,
            "cache_write_5m_tokens": 0,
            "cache_write_1h_tokens": 0,
            "output_tokens": 2_400_000,
        }


def test_the_terms_of_a_plan_reach_its_bill(planner: Run, tmp_path: Path) -> None:
    """1.2 million requests of 900 input and 60 output tokens at 4 and 20 USD are 5,760 USD a month."""

    def monthly(prices: str, model: str = "claude-opus-5-5") -> float:
        plan = tmp_path / "plan.toml"
        plan.write_text(PLAN.format(model=model, prices=prices), encoding="utf-8")
        code, out, err = planner("plan", plan, "--json")
        assert code == 0, err
        return float(json.loads(out)["mix"][0]["monthly_list_cost_usd"])

    assert monthly("") == pytest.approx(5760)
    assert monthly('provider = "vertex"\nendpoint = "regional"') == pytest.approx(5760 * 1.1)
    discount = '[[prices.override]]\nmodel = "Opus 5.5"\nsource = "q"\ndiscount_fraction = 0.25'
    assert monthly(discount) == pytest.approx(5760 * 0.75)
    assert monthly('[prices.aliases]\nprod = "opus 5.5"', model="prod") == pytest.approx(5760)


# --- what goes wrong ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--diff", "2026-10-08", "2026-10-08"), "give the earlier day first"),
        (("--diff", "2026-10-08", "soon"), "YYYY-MM-DD"),
        (("--diff", "2026-10-08", "2026-10-09", "--on", "2026-10-08"), "--on and --diff ask for different things"),
        (("--check", "--pin", "x.toml"), "--check and --pin ask for different things"),
        (("update", "--check"), "update and --check ask for different things"),
        (("--bundled",), "planner prices update --bundled"),
        (("opus",), "says no version"),
        (("arn:aws:bedrock:us-east-1:1:application-inference-profile/x",), "does not say its model"),
        (("--provider", "azure"), "give anthropic, bedrock or vertex"),
        (("nonsense", "--check"), "'nonsense'"),
        (("nonsense", "--diff", "2026-10-08", "2026-10-09"), "'nonsense'"),
        (("--check", "--endpoint", "banana"), "--check compares Anthropic's list prices; leave --endpoint out"),
        (("--check", "--provider", "bedrock"), "--check compares Anthropic's list prices; leave --provider out"),
        (("update", "--bundled", "--provider", "banana"), "update fetches the prices of every provider; leave"),
        (("opus 5", "--pin", "x.toml"), "leave opus 5 out"),
        (("--pin", "x.toml", "--provider", "vertex"), "leave --provider out"),
    ],
)
def test_a_wrong_command_says_what_to_give(planner: Run, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = planner("prices", *arguments)
    assert code == 2
    assert message in err.replace("\n", " ")


def test_an_update_without_a_network_exits_2_and_says_what_stays(
    planner: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(updater, "ADDRESS", "http://127.0.0.1:9/data.json")
    code, out, err = planner("prices", "update")
    assert (code, out) == (2, "")
    said = err.replace("\n", " ")
    assert "Nothing was changed; the bundled prices of 2026-11-23 stay in use." in said
    assert not list(tmp_path.rglob("*"))


def test_a_truncated_file_exits_2_everywhere_and_going_back_mends_it(
    planner: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = fetched_path()
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_text('{"format": 1, "fetched_on"', encoding="utf-8")
    code, _, err = planner("prices")
    assert code == 2
    assert path.name in err
    assert "--bundled" in err
    assert planner("plan", EXAMPLE)[0] == 2
    code, out, _ = planner("prices", "update", "--bundled", "--json")
    done = json.loads(out)
    assert (code, done["file"], done["changes"], done["sha256"]) == (0, str(path), [], None)
    assert done["snapshot"] == SNAPSHOT
    assert planner("prices")[0] == 0
    assert "There were no fetched prices" in planner("prices", "update", "--bundled")[1]
