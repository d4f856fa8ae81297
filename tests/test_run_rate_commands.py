"""calibrate, backtest, drivers and a target error, from a plan file to what is printed and written."""

import json
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner import cli
from planner.plan import FIRST_PATHS, build_plan
from planner.plan_file.loader import load_plan

PLAN = """# what my team expects
[plan]
name = "calibrated"
start = 2027-01-01
paths = 4096
[usage]
sources = ["log.csv"]
[prices]
on = 2026-11-23
{demand}
[[scenario]]
name = "as is"
[[scenario]]
name = "routed"
[[scenario.route]]
request_type = "chat"
to = "claude-haiku-5-5"
share = {{ p10 = 0.5, p90 = 0.8 }}
escalation = 0.05
long_prompt_fraction = 0.0
[contract]
[[contract.band]]
min_commit_usd_per_year = 20_000
discount_fraction = 0.10
"""
RULES = {"recommended", "last_month", "mean", "p50", "minimum_month", "utilization_85", "perfect_foresight"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight months of two types that grow by about 4 % a month, and a plan without [demand]."""
    write_log(tmp_path / "log.csv", days=245)
    (tmp_path / "plan.toml").write_text(PLAN.format(demand=""), encoding="utf-8")
    return tmp_path


def write_log(path: Path, *, days: int) -> None:
    rng, last = np.random.default_rng(7), date(2026, 10, 31)
    lines = ["timestamp,request_type,model,requests,uncached_input_tokens,output_tokens"]
    for back in reversed(range(days)):
        for name, level in (("chat", 40_000), ("code", 9_000)):
            requests = int(level * np.exp(0.0013 * (days - back) + rng.normal(0, 0.1)))
            tokens = f"{requests * 900},{requests * 60}"
            lines.append(f"{last - timedelta(days=back)}T00:00:00Z,{name},claude-opus-5-5,{requests},{tokens}")
    path.write_text("\n".join(lines), encoding="utf-8")


def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["planner", *arguments])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture
def planner(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def call(*arguments: str) -> tuple[int, str, str]:
        return run(capsys, monkeypatch, *arguments)

    return call


def test_calibrate_writes_the_fit_and_a_plan_is_the_same_with_it_and_without(folder, planner):
    before = build_plan(load_plan(folder / "plan.toml"))
    code, out, _ = planner("calibrate", str(folder / "plan.toml"), "--json")
    assert code == 0
    said = json.loads(out)
    by_name = {fit["name"]: fit for fit in said["parameters"]}
    assert set(by_name["growth_per_year"]) >= {"name", "value", "p10", "p90", "source", "weight_of_data"}
    assert by_name["growth_per_year"]["p10"] < np.exp(0.0013 * 365.25) - 1 < by_name["growth_per_year"]["p90"]
    assert by_name["leave_probability_per_quarter"]["source"] == "prior"
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    assert text.startswith("# what my team expects")
    written = tomllib.loads(text)["demand"]
    assert written["monthly_noise"] == by_name["monthly_noise"]["value"]
    assert written["fitted"]["monthly_noise"]["weight_of_data"] == by_name["monthly_noise"]["weight_of_data"]
    after = build_plan(load_plan(folder / "plan.toml"))
    assert after.recommendation == before.recommendation
    assert after.warnings == before.warnings


def test_a_plan_names_the_source_of_every_parameter(folder, planner):
    code, out, _ = planner("plan", str(folder / "plan.toml"), "--json")
    assert code == 0
    demand = {fit["name"]: fit for fit in json.loads(out)["demand"]}
    planned = build_plan(load_plan(folder / "plan.toml")).prepared.demand
    assert demand["monthly_noise"]["source"] == "data"
    assert demand["monthly_noise"]["value"] == planned.monthly_noise
    assert demand["rebound"] == {
        "name": "rebound", "value": 0.0, "p10": 0.0, "p90": 0.0, "source": "prior", "weight_of_data": 0.0,
    }  # fmt: skip
    _, tables, notes = planner("plan", str(folder / "plan.toml"))
    assert "Demand, as calibrated" in tables
    assert "Fitted to your log" in notes


def test_calibrating_twice_changes_nothing(folder, planner):
    planner("calibrate", str(folder / "plan.toml"))
    once = (folder / "plan.toml").read_text(encoding="utf-8")
    planner("calibrate", str(folder / "plan.toml"))
    assert (folder / "plan.toml").read_text(encoding="utf-8") == once


def test_a_value_that_the_user_types_wins_and_is_marked(folder, planner):
    path = folder / "plan.toml"
    planner("calibrate", str(path))
    text = path.read_text(encoding="utf-8")
    fitted = tomllib.loads(text)["demand"]["monthly_volatility"]
    path.write_text(text.replace(f"monthly_volatility = {fitted}", "monthly_volatility = 0.2", 1), encoding="utf-8")
    code, out, _ = planner("calibrate", str(path), "--json")
    by_name = {fit["name"]: fit for fit in json.loads(out)["parameters"]}
    assert code == 0
    assert (by_name["monthly_volatility"]["value"], by_name["monthly_volatility"]["source"]) == (0.2, "user")
    written = tomllib.loads(path.read_text(encoding="utf-8"))["demand"]
    assert written["monthly_volatility"] == 0.2
    assert build_plan(load_plan(path)).prepared.demand.monthly_volatility == 0.2


def test_a_dry_run_and_another_file_leave_the_plan_alone(folder, planner):
    path, other = folder / "plan.toml", folder / "fitted.toml"
    before = path.read_text(encoding="utf-8")
    assert planner("calibrate", str(path), "--dry-run")[0] == 0
    assert planner("calibrate", str(path), "-o", str(other), "-q")[0] == 0
    assert path.read_text(encoding="utf-8") == before
    assert "fitted" in tomllib.loads(other.read_text(encoding="utf-8"))["demand"]
    assert not list(folder.glob(".*"))


def test_three_days_give_the_priors_and_say_so(folder, planner):
    write_log(folder / "log.csv", days=3)
    code, out, _ = planner("calibrate", str(folder / "plan.toml"), "--json")
    said = json.loads(out)
    assert code == 0
    by_name = {fit["name"]: fit for fit in said["parameters"]}
    assert (by_name["growth_per_year"]["p10"], by_name["growth_per_year"]["p90"]) == pytest.approx((0.0, 1.56))
    assert (by_name["level_sd"]["value"], by_name["monthly_noise"]["value"]) == (0.10, 0.10)
    assert {fit["weight_of_data"] for fit in said["parameters"]} == {0.0}
    assert any("six" in warning or "6" in warning for warning in said["warnings"])


def test_exclusions_that_leave_no_complete_month_stop_the_plan_and_not_at_zero_dollars(folder, planner):
    path = folder / "plan.toml"
    excluded = '[[usage.exclude]]\nfrom = 2026-03-01\nto = 2026-09-30\nreason = "a test"\n[prices]'
    window = 'sources = ["log.csv"]\nwindow = { to = 2026-10-20 }'
    text = path.read_text(encoding="utf-8").replace('sources = ["log.csv"]', window)
    path.write_text(text.replace("[prices]", excluded, 1), encoding="utf-8")
    code, _, err = planner("plan", str(path))
    assert code == 2
    assert "no use in any complete month" in " ".join(err.split())
    assert "2026-09" in err


def test_a_typed_mix_has_nothing_to_calibrate_on(tmp_path, planner):
    mix = '[[mix]]\nrequest_type = "chat"\nmodel = "claude-opus-5-5"\nmonthly_requests = 1e6\n'
    mix += "uncached_input_tokens = 900\noutput_tokens = 60\nlong_prompt_fraction = 0.0"
    text = PLAN.format(demand="").replace('[usage]\nsources = ["log.csv"]', mix)
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    code, _, err = planner("calibrate", str(tmp_path / "plan.toml"))
    assert code == 2
    assert "[usage]" in err
    code, out, _ = planner("backtest", str(tmp_path / "plan.toml"), "--json")
    assert code == 0
    assert json.loads(out)["coverage"] is None
    assert json.loads(out)["warnings"]


def test_backtest_speaks_the_promised_json(folder, planner):
    code, out, _ = planner("backtest", str(folder / "plan.toml"), "--json")
    said = json.loads(out)
    assert code == 0
    assert said["held_out"] == 10  # eight months: folds of one to four
    assert set(said["coverage"]) == {"0.5", "0.8"}
    assert {row["rule"] for row in said["sizing"]} == RULES
    costs = {row["rule"]: row["realised_cost_usd"] for row in said["sizing"]}
    assert min(costs.values()) == costs["perfect_foresight"]
    assert len(said["folds"]) == 4
    assert abs(said["bias_fraction"]) < 0.2


def test_backtest_in_words(folder, planner):
    code, out, _ = planner("backtest", str(folder / "plan.toml"))
    assert code == 0
    assert "of held-out months fell inside the 80% band" in out
    assert "utilization" in out


def test_drivers_speak_the_promised_json(folder, planner):
    code, out, _ = planner("drivers", str(folder / "plan.toml"), "--json")
    inputs = json.loads(out)["inputs"]
    assert code == 0
    keys = {"name", "first_order", "total", "spend_at_p10_usd", "spend_at_p90_usd"}
    keys |= {"commit_at_p10_usd", "commit_at_p90_usd"}
    assert all(keys <= set(row) for row in inputs)
    names = {row["name"] for row in inputs}
    assert {"growth", "level", "price moves, opus", "largest leaves"} <= names
    assert any("share" in name for name in names)
    assert "spend of year 1" not in names
    assert 0.8 < sum(row["first_order"] for row in inputs) < 1.1
    growth = next(row for row in inputs if row["name"] == "growth")
    assert growth["spend_at_p10_usd"] < growth["spend_at_p90_usd"]


def test_a_target_error_adds_paths_until_it_is_met(folder):
    path = folder / "plan.toml"
    text = path.read_text(encoding="utf-8")
    for target, enough in (("{ expected_cost_fraction = 0.05 }", True), ("{ shortfall_probability = 0.0004 }", False)):
        path.write_text(text.replace("paths = 4096", f"target_error = {target}"), encoding="utf-8")
        plan = build_plan(load_plan(path))
        assert (plan.n_paths == FIRST_PATHS) is enough
        assert plan.n_paths <= 1_048_576
        if not enough:
            assert plan.recommendation.shortfall_probability.se <= 0.0004
    path.write_text(
        text.replace("paths = 4096", "paths = 20_000\ntarget_error = { shortfall_probability = 0.0001 }"),
        encoding="utf-8",
    )
    limited = build_plan(load_plan(path))
    assert limited.n_paths == 20_000
    assert any("0.01 points" in warning for warning in limited.warnings)


def test_an_empty_target_error_is_a_mistake(folder, planner):
    path = folder / "plan.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("paths = 4096", "target_error = {}"), encoding="utf-8")
    code, _, err = planner("plan", str(path))
    assert code == 2
    assert "target_error" in err
