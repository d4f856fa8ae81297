"""planner prices from the terminal: the list, what is to come, two days compared, a plan pinned, an update."""

import json
import tomllib
from collections.abc import Callable
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
        "uncached_input from 2 to 3",
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


def test_every_model_has_the_keys_of_one(planner: Run) -> None:
    _, out, _ = planner("prices", "--json")
    every = json.loads(out)
    one = json.loads(planner("prices", "opus 5.5", "--json")[1])
    assert [row["model"] for row in every] == list(PriceBook.load().models())
    assert all(row.keys() == one.keys() for row in every)
    assert one in every


def test_the_endpoint_of_a_cloud(planner: Run) -> None:
    for provider in ("vertex", "bedrock"):
        _, out, _ = planner("prices", "opus 5.5", "--provider", provider, "--endpoint", "regional", "--json")
        assert json.loads(out)["input_usd_per_mtok"] == 4.4
    for arguments in (("--endpoint", "regional"), ("--provider", "vertex", "--endpoint", "eu")):
        code, _, err = planner("prices", *arguments)
        assert code == 2
        assert "--endpoint" in err


def test_old_price_data_is_said(planner: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "days old" not in planner("prices")[2]
    monkeypatch.setenv("PLANNER_TODAY", "2027-06-01")
    _, _, err = planner("prices")
    assert "190 days old" in err.replace("\n", " ")


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
