"""planner budget, from a plan file to its JSON, its tables and what it says."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner import cli
from planner.budget import Budget, Stretch, budget
from planner.budget_report import (
    budget_json,
    budget_sentences,
    budget_tables,
    months_of,
    shown_stretches,
    stretch_name,
)
from planner.offer import NO_COMMITMENT
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan

PLAN = """
[plan]
name = "Support"
start = 2027-04-01
paths = 1_024
seed = 7
[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 4_200_000
uncached_input_tokens = 900
output_tokens = 60
[[scenario]]
name = "as is"
[contract]
term_months = 14
[contract.payment]
mode = "quarterly"
cost_of_capital_per_year = 0.1
[[contract.band]]
min_commit_usd_per_year = 30_000
discount_fraction = 0.20
[decision]
scenario = "as is"
max_shortfall_probability = 0.4
"""
SPREAD_KEYS = {"first_month", "last_month", "mean_usd", "se_usd", "p10_usd", "p50_usd", "p90_usd"}

Said = tuple[int, str, str]


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run the command on the plan: (exit code, stdout, stderr)."""

    def run(*options: str) -> Said:
        path = tmp_path / "plan.toml"
        path.write_text(PLAN, encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["planner", "budget", str(path), *options])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return run


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build_plan(parse_plan(PLAN, base_dir=Path()))


@pytest.fixture(scope="module")
def found(plan: Plan) -> Budget:
    return budget(plan)


def test_json_is_the_budget(said: Callable[..., Said], found: Budget) -> None:
    code, out, _ = said("--json")
    printed: dict[str, Any] = json.loads(out)
    assert code == 0
    assert {**printed, "warnings": []} == {**budget_json(found, "quarterly"), "warnings": []}
    assert printed["payment"] == "quarterly"
    assert printed["commit_usd_per_year"] == [found.offer.commit_usd_per_year] * 2
    for plan in (*printed["by_payment"].values(), printed["no_commitment"]):
        assert [len(plan[f"by_{kind}"]) for kind in ("month", "quarter", "year", "term")] == [14, 5, 2, 1]
        assert all(row.keys() == SPREAD_KEYS for kind in ("month", "year") for row in plan[f"by_{kind}"])
    years = printed["by_payment"]["upfront"]["by_year"]
    assert [row["first_month"] for row in years] == ["2027-04", "2028-04"]
    assert [row["last_month"] for row in years] == ["2028-03", "2028-05"]
    total = sum(row["mean_usd"] for row in years)
    assert total == pytest.approx(printed["by_payment"]["arrears"]["by_term"][0]["mean_usd"])


def test_tables_end_with_what_the_budget_says(said: Callable[..., Said], found: Budget) -> None:
    code, out, _ = said("--payment", "upfront")
    assert code == 0
    assert "paid upfront, in 'as is'" in out
    assert out.endswith("\n".join(budget_sentences(found, "upfront")) + "\n")
    quiet = said("--quiet")
    assert quiet == (0, "\n".join(budget_sentences(found, "quarterly")) + "\n", "")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--scenario", "routed"), "scenario 'routed' is not in the plan; it has 'as is'"),
        (("--payment", "monthly"), "'monthly' is not one of 'upfront', 'quarterly', 'arrears'"),
    ],
)
def test_what_is_not_there_is_refused(said: Callable[..., Said], options: list[str], told: str) -> None:
    code, out, error = said(*options)
    assert (code, out) == (2, "")
    assert told in error


def test_stretches_read_as_a_calendar_of_the_contract(found: Budget) -> None:
    names = [(stretch_name(found, one), months_of(found, one)) for one in shown_stretches(found)]
    assert names == [
        ("year 1, quarter 1", "2027-04 to 2027-06"),
        ("year 1, quarter 2", "2027-07 to 2027-09"),
        ("year 1, quarter 3", "2027-10 to 2027-12"),
        ("year 1, quarter 4", "2028-01 to 2028-03"),
        ("year 1", "2027-04 to 2028-03"),
        # a year of two months is that quarter, and is not shown twice
        ("year 2, quarter 1", "2028-04 to 2028-05"),
        ("term", "2027-04 to 2028-05"),
    ]
    assert stretch_name(found, Stretch(kind="month", first=9, stop=10)) == "2028-01"


def test_only_what_is_paid_in_advance_is_ahead_of_its_use(found: Budget) -> None:
    for mode, columns in (("arrears", 8), ("upfront", 10)):
        months, stretches, modes = budget_tables(found, mode)  # type: ignore[arg-type]
        assert len(months.columns) == columns == len(months.rows[0])
        assert (len(months.rows), len(stretches.rows), len(modes.rows)) == (14, 7, 8)
    assert modes.rows[-1][0] == "present value at 10.0% a year"


def test_sentences_say_what_paying_otherwise_would_change(found: Budget) -> None:
    said = budget_sentences(found, "quarterly")
    year = found.own.cash[found.stretches[19]]
    p50 = f"P50 ${year.p50 / 1e3:,.0f}k"
    assert said[0].startswith(f"Contract year 1 (2027-04 to 2028-03), paid quarterly in advance: {p50}")
    gap = found.by_mode["upfront"].npv.mean - found.own.npv.mean
    assert gap > 100
    assert any(f"paying upfront costs ${gap / 1e3:,.1f}k more" in line or f"${gap:,.0f} more" in line for line in said)
    added = found.months_p90_usd(found.own, found.stretches[19])
    assert added == pytest.approx(sum(month.p90 for month in found.own.months[:12]))
    way = "more" if added > year.p90 else "less"
    assert any(f"{way} than its P90" in line for line in said)


def test_nothing_committed_is_paid_the_same_in_every_way(plan: Plan) -> None:
    none = replace(plan, recommendation=plan.outcome(NO_COMMITMENT))
    found = budget(none)
    said = budget_sentences(found, "upfront")
    assert said[-1] == "Nothing is committed, so nothing is paid in advance: every way of paying is the same."
    for one in found.by_mode.values():
        np.testing.assert_allclose([m.mean for m in one.months], [m.mean for m in found.on_demand.months], rtol=1e-12)
