"""The command line: every command runs, talks JSON on request, and answers a user's mistake in one clear line."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from planner import cli
from planner.plan_file.loader import load_plan
from planner.prices import PriceBook

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "data" / "plans" / "example.toml"

SMALL = """
[plan]
name = "small"
start = 2027-01-01
paths = 2000
seed = 3
[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 12_000_000
uncached_input_tokens = 900
output_tokens = 60
long_prompt_fraction = 0.0
[[scenario]]
name = "as is"
[[scenario]]
name = "route first"
[[scenario.route]]
request_type = "triage"
to = "claude-haiku-5-5"
share = { p10 = 0.5, p90 = 0.7 }
escalation = 0.05
[contract]
[[contract.band]]
min_commit_usd_per_year = 200_000
discount_fraction = 0.10
"""

OUTCOME_KEYS = {
    "scenario",
    "commit_usd_per_year",
    "discount_fraction",
    "expected_cost_usd",
    "expected_cost_se_usd",
    "on_demand_cost_usd",
    "shortfall_probability",
    "shortfall_probability_se",
    "expected_shortfall_usd",
    "expected_overage_usd",
    "effective_savings_rate",
    "regret_usd",
    "break_even_utilization",
}


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    """Run the command line in this process: exit code, standard output, standard error."""
    monkeypatch.setattr(sys, "argv", ["planner", *arguments])
    code = 0
    try:
        cli.main()
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def planner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda *arguments: run(capsys, monkeypatch, *map(str, arguments))


def test_plan_json_has_the_keys_that_scripts_rely_on(planner: Any, plan_file: Path) -> None:
    code, out, _ = planner("plan", plan_file, "--json")
    assert code == 0
    plan = json.loads(out)
    assert {"name", "start", "months", "paths", "seed", "sha256", "version"} <= plan["plan"].keys()
    assert {"request_type", "model", "monthly_requests", "monthly_list_cost_usd", "share_of_bill"} <= plan["mix"][
        0
    ].keys()
    for scenario in plan["scenarios"].values():
        assert scenario["annual_list_cost_usd"].keys() >= {"mean", "se", "p5", "p10", "p50", "p90", "p95"}
        assert all(len(scenario["monthly_list_cost_usd"][name]) == 12 for name in ("p10", "p50", "p90", "mean"))
        assert "run_rate_saving_fraction" in scenario
    assert plan["recommendation"].keys() >= OUTCOME_KEYS
    assert plan["sign_first"].keys() >= OUTCOME_KEYS | {
        "shortfall_probability_after_routing",
        "expected_shortfall_after_routing_usd",
        "cost_of_signing_first_usd",
    }


def test_the_curve_runs_from_none_to_beyond_p95_through_every_threshold_and_the_recommendation(
    planner: Any, plan_file: Path
) -> None:
    plan = json.loads(planner("plan", plan_file, "--json")[1])
    commits = [point["commit_usd_per_year"] for point in plan["curve"]]
    assert len(commits) >= 50
    assert commits == sorted(commits)
    assert commits[0] == 0
    assert commits[-1] > plan["scenarios"]["route first"]["annual_list_cost_usd"]["p95"]
    assert {200_000.0, plan["recommendation"]["commit_usd_per_year"]} <= set(commits)
    cheapest = min(point["expected_cost_usd"] for point in plan["curve"] if point["shortfall_probability"] <= 0.1)
    assert plan["recommendation"]["expected_cost_usd"] == pytest.approx(cheapest, rel=1e-12)


def test_price_offer_prices_the_recommendation_as_the_plan_does(planner: Any, plan_file: Path) -> None:
    best = json.loads(planner("plan", plan_file, "--json")[1])["recommendation"]
    commit, discount = best["commit_usd_per_year"], best["discount_fraction"]
    code, out, _ = planner(
        "price-offer", plan_file, "--commit", commit, "--discount", discount, "--overage", "0", "--json"
    )
    assert code == 0
    offer = json.loads(out)
    assert {key: offer[key] for key in OUTCOME_KEYS} == {key: best[key] for key in OUTCOME_KEYS}


def test_compare_takes_differences_on_common_paths(planner: Any, plan_file: Path) -> None:
    compared = json.loads(planner("compare", plan_file, "--json")[1])
    means = {item["name"]: item["annual_list_cost_usd"] for item in compared["scenarios"]}
    (difference,) = compared["differences"]
    value = difference["annual_list_cost_usd"]
    assert value["mean"] == pytest.approx(means[difference["a"]]["mean"] - means[difference["b"]]["mean"])
    independent = (means[difference["a"]]["se"] ** 2 + means[difference["b"]]["se"] ** 2) ** 0.5
    assert 0 < value["se"] < independent


def test_compare_takes_several_plans(planner: Any, plan_file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(SMALL.replace('"small"', '"other"').replace("monthly_requests = 12_", "monthly_requests = 24_"))
    compared = json.loads(planner("compare", plan_file, other, "--json")[1])
    assert [item["plan"] for item in compared["scenarios"]] == ["small", "small", "other", "other"]
    assert len(compared["differences"]) == 6


def test_measure_saves_the_mix_whole_and_says_what_it_rests_on(planner: Any, tmp_path: Path) -> None:
    output = tmp_path / "mix.parquet"
    code, out, _ = planner("measure", ROOT / "data" / "usage" / "example.jsonl.gz", "--json", "-o", output)
    assert code == 0
    measured = json.loads(out)
    saved = pd.read_parquet(output)
    assert len(saved) == len(measured["rows"])
    assert measured["totals"]["list_cost_usd"] == pytest.approx(saved["list_cost_usd"].sum())
    assert sum(row["share_of_bill"] for row in measured["rows"]) == pytest.approx(1.0)
    assert [p.name for p in tmp_path.iterdir()] == ["mix.parquet"]


def test_measure_reads_the_log_and_mapping_of_a_plan(planner: Any) -> None:
    of_plan = json.loads(planner("measure", EXAMPLE, "--json")[1])
    assert "reindex" not in {row["request_type"] for row in of_plan["rows"]}
    assert of_plan["excluded"][0]["removed_usd"] > 0


def test_prices_json(planner: Any) -> None:
    code, out, _ = planner("prices", "claude-haiku-5-5", "--on", "2026-10-08", "--json")
    assert code == 0
    price = json.loads(out)
    assert price["input_usd_per_mtok"] == 0.10
    assert price["thresholds"][0]["above_prompt_tokens"] == 100_000
    assert price["thresholds"][0]["input_usd_per_mtok"] == 0.5
    assert price.keys() >= {"provider", "on", "batch_multiplier", "source", "checked_on", "retires_on"}


@pytest.mark.parametrize(
    "arguments",
    [("prices",), ("prices", "--check"), ("prices", "claude-opus-5-5"), ("schema",), ("schema", "--json", "-q")],
)
def test_commands_without_a_plan_print_something(planner: Any, arguments: tuple[str, ...]) -> None:
    code, out, _ = planner(*arguments)
    assert code == 0
    assert len(out) > 100


def test_tables_and_conclusion_are_printed_and_quiet_keeps_the_conclusion(planner: Any, plan_file: Path) -> None:
    code, loud, notes = planner("plan", plan_file)
    assert code == 0
    assert "Request mix" in loud
    assert "Priors, not your data" in notes
    code, quiet, notes = planner("plan", plan_file, "--quiet")
    assert quiet.count("\n") == 3
    assert loud.endswith(quiet)
    assert notes == ""


def test_init_writes_a_plan_that_plans_and_keeps_what_is_there(planner: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert planner("init", folder)[0] == 0
    names = {"plan.toml", "README.md", "example.jsonl.gz", "requests.jsonl", "graded.jsonl"}
    names |= {"signed.toml", "actuals.jsonl.gz", "outcomes.jsonl"}
    assert names == {path.name for path in folder.iterdir()}
    assert load_plan(folder / "plan.toml").prices.snapshot == PriceBook.load().snapshot
    assert load_plan(folder / "signed.toml").signed is not None
    assert "../" not in (folder / "signed.toml").read_text()
    (folder / "plan.toml").write_text((folder / "plan.toml").read_text().replace("paths = 100_000", "paths = 500"))
    assert planner("plan", folder / "plan.toml", "--quiet")[0] == 0
    code, _, err = planner("init", folder)
    assert code == 2
    assert "is kept" in err
    code, _, err = planner("init", folder / "plan.toml" / "inside")
    assert code == 2
    assert "choose another folder" in err


def test_the_app_is_started_on_the_plan_that_was_named_from_where_it_was_named(
    planner: Any, plan_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(os, "execv", lambda *arguments: started.append((arguments, os.environ["PLANNER_PLAN"])))
    monkeypatch.chdir(plan_file.parent)
    monkeypatch.setenv("PLANNER_PLAN", "")
    code, out, _ = planner("app", plan_file.name, "--port", "8497")
    assert code == 0
    assert out.count("\n") == 4
    assert "http://127.0.0.1:8497" in out
    ((_, arguments), plan) = started[0]
    assert plan == str(plan_file.resolve())
    assert "8497" in arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "nowhere.toml"), "planner init"),
        (("prices", "claude-opus-9"), "claude-opus"),
        (("prices", "claude-opus-5-5", "--on", "03/04/2026"), "YYYY-MM-DD"),
        (("measure", "nowhere.jsonl"), "nowhere.jsonl"),
        (("measure", str(EXAMPLE), "--billed", "no-bill.csv"), "no-bill.csv"),
        (("measure", "x.csv", "--column", "timestamp"), "NAME=VALUE"),
        (("plan",), "Missing argument"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_mistake_is_one_clear_message_and_exit_2(planner: Any, arguments: tuple[str, ...], words: str) -> None:
    code, out, err = planner(*arguments)
    assert code == 2
    assert out == ""
    assert "error:" in err
    assert words in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--commit", "-5"), "between 0"),
        (("--commit", "1e99"), "between 0"),
        (("--commit", "300000", "--discount", "12"), "0.12"),
        (("--commit", "300000", "--overage", "lots"), "committed"),
    ],
)
def test_offers_out_of_range_are_refused(planner: Any, plan_file: Path, options: tuple[str, ...], words: str) -> None:
    code, _, err = planner("price-offer", plan_file, *options)
    assert code == 2
    assert words in err


def test_our_own_fault_is_exit_1_without_a_traceback(planner: Any, plan_file: Path, monkeypatch: Any) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(cli, "_build", broken)
    code, _, err = planner("plan", plan_file)
    assert code == 1
    assert "fault in the planner" in err
    assert "Traceback" not in err


def test_names_from_a_plan_are_text_and_not_markup(planner: Any, tmp_path: Path) -> None:
    path = tmp_path / "markup.toml"
    path.write_text(SMALL.replace('"triage"', '"[red]tri\\u001b[31mage[/red]"'), encoding="utf-8")
    code, out, _ = planner("plan", path)
    assert code == 0
    assert "[red]" in out
    assert "\x1b" not in out


def test_help_imports_none_of_the_heavy_parts_and_no_color_is_respected(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['planner', '--help']\n"
        "from planner.cli import app\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'streamlit', 'scipy', 'duckdb', 'ibis', 'pydantic', 'anthropic'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)\n"
    )
    environment = os.environ | {"NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout


def test_help_says_every_command_s_sentence_in_full(planner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich reads square brackets as markup: a sentence that has them would lose words."""
    monkeypatch.setenv("COLUMNS", "200")
    for command in cli.app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__.replace("_", "-")
        _, out, _ = planner(name, "--help")
        said = " ".join(str(command.callback.__doc__).split())
        assert said in " ".join(out.split()), name


def test_skipped_rows_are_counted_and_shown_in_the_result(planner: Any, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    header = "timestamp,request_type,model,uncached_input_tokens,output_tokens\n"
    log.write_text(f"{header}2026-10-01,a,claude-opus-5-5,100,5\n2026-10-02,a,claude-opus-5-5,-3,5\n", encoding="utf-8")
    code, out, err = planner("measure", log, "--json")
    assert (code, out) == (2, "")
    assert "line 3: uncached_input_tokens = '-3'" in err
    code, out, _ = planner("measure", log, "--json", "--skip-bad-rows")
    assert code == 0
    assert any("1 of 2 rows" in note and "'-3'" in note for note in json.loads(out)["warnings"])


def test_a_model_that_only_the_plan_prices_is_measured_at_that_price(planner: Any, tmp_path: Path) -> None:
    header = "timestamp,request_type,model,uncached_input_tokens,output_tokens\n"
    (tmp_path / "log.csv").write_text(f"{header}2026-10-01,a,house-model,1000000,0\n", encoding="utf-8")
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[plan]\nstart = 2027-01-01\n[usage]\nsources = ["log.csv"]\n'
        '[[prices.override]]\nmodel = "house-model"\nsource = "quote"\n'
        "input_usd_per_mtok = 3.5\noutput_usd_per_mtok = 7\n"
        "[[contract.band]]\nmin_commit_usd_per_year = 1000\ndiscount_fraction = 0.1\n",
        encoding="utf-8",
    )
    assert json.loads(planner("measure", plan, "--json")[1])["totals"]["list_cost_usd"] == pytest.approx(3.5)
    code, _, err = planner("measure", tmp_path / "log.csv")
    assert code == 2
    assert "house-model" in err


def test_a_port_in_use_is_said_before_anything_is_worked_out(planner: Any, plan_file: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, err = planner("app", plan_file, "--port", taken.getsockname()[1])
    assert (code, out) == (2, "")
    assert "give another port" in err


def test_one_path_is_a_bill_without_an_error(planner: Any, plan_file: Path, tmp_path: Path) -> None:
    plan_file.write_text(SMALL.replace("paths = 2000", "paths = 1"), encoding="utf-8")
    code, out, _ = planner("plan", plan_file, "--json")
    assert code == 0
    plan = json.loads(out)
    assert plan["recommendation"]["expected_cost_se_usd"] is None
    assert any("Only 1 simulated" in warning for warning in plan["warnings"])
    assert planner("export", plan_file, "-o", tmp_path / "one.xlsx")[0] == 0
    assert planner("compare", plan_file)[0] == 0
