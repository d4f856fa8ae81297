"""planner levers, from a plan file to its JSON, its tables and what it says."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from strategies import Table, built, mix_entry, override, plan_table

from planner import cli
from planner.levers_report import levers_tables, type_savings_table
from planner.levers_sentences import levers_sentences, misstatement, told_scenario
from planner.plan import build_plan
from planner.plan_file.loader import load_plan
from planner.risk import Estimate
from planner.simulation import KeptPaths
from planner.tables import Table as Shown
from planner.waterfall import waterfalls
from planner.words import months_words

EXAMPLE = Path(__file__).parents[1] / "data" / "plans" / "example.toml"
CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
ROUTE: Table = {"request_type": "chat", "to": "cheap", "share": 0.5, "escalation": 0.1, "token_ratio": 1.0}
LEVERS: Table = {
    "name": "levers",
    "route": [{**ROUTE, "one_off_usd": 9_000.0}],
    "batch": [{"request_type": "night", "share": 0.5}],
    "output": [{"request_type": "chat", "cut": 0.2}],
}
STEP_KEYS = {"step", "usd_per_year", "p10", "p90"}
SCENARIO_KEYS = {
    "waterfall",
    "before_usd_per_year",
    "after_usd_per_year",
    "discount_usd_per_year",
    "additive_total_usd_per_year",
    "types",
}
TYPE_KEYS = {
    "request_type",
    "from",
    "to",
    "unit_cost_before_usd",
    "unit_cost_after_usd",
    "break_even_escalation",
    "escalation",
    "saving_usd_per_month",
}
"""What scripts may rely on; more keys may come."""

Said = tuple[int, str, str]
Levers = Callable[..., Said]


def table(*scenarios: Table, **changed: Any) -> Table:
    return plan_table(
        **{
            "mix": [mix_entry(output_tokens=100.0), mix_entry("night", output_tokens=50.0), mix_entry("idle")],
            "overrides": [override("strong"), CHEAP],
            "scenario": [{"name": "as is"}, *scenarios],
            **changed,
        }
    )


@pytest.fixture
def levers(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Levers:
    """Run the command on a plan: (exit code, stdout, stderr)."""

    def run(plan: Table, *options: str) -> Said:
        path = tmp_path / "plan.toml"
        path.write_text(tomlkit.dumps(plan), encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["planner", "levers", str(path), *options])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def scenarios(said: Said) -> Mapping[str, Any]:
    code, out, _ = said
    assert code == 0
    found: Mapping[str, Any] = json.loads(out)["scenarios"]
    return found


def sentences(*levers: Table, **changed: Any) -> str:
    plan = built(table(*levers, **changed))
    return "\n".join(levers_sentences(plan, waterfalls(plan)))


def test_the_json_has_the_keys_that_scripts_rely_on_and_its_steps_add_up(levers: Levers) -> None:
    found = scenarios(levers(table(LEVERS), "--json"))
    assert set(found) == {"as is", "levers"}
    for one in found.values():
        assert one.keys() >= SCENARIO_KEYS
        assert all(step.keys() >= STEP_KEYS for step in one["waterfall"])
        assert all(row.keys() >= TYPE_KEYS for row in one["types"])
        total = one["before_usd_per_year"] + sum(step["usd_per_year"] for step in one["waterfall"])
        assert total == pytest.approx(one["after_usd_per_year"], rel=1e-12)
    assert found["as is"]["waterfall"] == found["as is"]["types"] == []
    assert [step["step"] for step in found["levers"]["waterfall"]] == ["routing", "batch", "output"]


def test_the_json_of_certain_levers_is_what_a_calculator_says(levers: Levers) -> None:
    """chat 0.010 + 0.005 a request, a million a month: half at 0.0015 + 0.1 x 0.015, the outputs cut by a fifth.
    night 0.010 + 0.0025, half of it at half price. idle 0.010."""
    found = scenarios(levers(table(LEVERS), "--json"))["levers"]
    routed, cut, batch = 0.5 * (0.015 - 0.0015 - 0.0015), 0.2 * 0.005, 0.25 * 0.0125
    both = 0.2 * 0.5 * (0.005 - 0.0005 - 0.0005)
    assert found["before_usd_per_year"] == pytest.approx(12e6 * (0.015 + 0.0125 + 0.01))
    assert found["additive_total_usd_per_year"] == pytest.approx(-12e6 * (routed + cut + batch))
    steps = {step["step"]: step for step in found["waterfall"]}
    assert steps["routing"]["usd_per_year"] == pytest.approx(-12e6 * (routed - both / 2))
    assert steps["output"]["usd_per_year"] == pytest.approx(-12e6 * (cut - both / 2))
    assert steps["batch"]["usd_per_year"] == pytest.approx(-12e6 * batch)
    assert steps["batch"]["p10"] == pytest.approx(steps["batch"]["p90"]) == pytest.approx(-12e6 * batch)
    assert found["additive_error_usd_per_year"] == pytest.approx(-12e6 * both)
    rows = {(row["request_type"], row["to"]): row for row in found["types"]}
    assert set(rows) == {("chat", "cheap"), ("night", None)}
    assert rows["chat", "cheap"]["saving_usd_per_month"] == pytest.approx(1e6 * routed)
    assert rows["chat", "cheap"]["break_even_escalation"] == pytest.approx((0.015 - 0.0015) / 0.015)
    assert rows["night", None]["unit_cost_after_usd"] == pytest.approx(0.0125 - batch)
    assert (rows["night", None]["escalation"], rows["night", None]["break_even_escalation"]) == (None, None)
    assert found["efforts"][0]["payback_months"] == pytest.approx(9_000 / (1e6 * routed))
    assert {row["request_type"]: row["saving_usd_per_month"] for row in found["by_type"]} == pytest.approx(
        {"chat": 1e6 * (routed + cut - both), "night": 1e6 * batch, "idle": 0.0}, abs=1e-6
    )


def test_quiet_prints_the_conclusion_only(levers: Levers) -> None:
    code, out, err = levers(table(LEVERS), "--quiet")
    assert (code, err) == (0, "")
    assert out.startswith("The levers of 'levers' take $")
    assert "Waterfall" not in out
    assert "Waterfall of 'levers'" in levers(table(LEVERS))[1]


def test_a_plan_without_levers_says_so_and_how_to_get_some(levers: Levers) -> None:
    code, out, _ = levers(table())
    assert code == 0
    assert out == "No scenario of this plan has levers: add [[scenario.route]], cache, batch or output to one.\n"
    assert scenarios(levers(table(), "--json"))["as is"]["waterfall"] == []


def test_a_mistake_in_the_plan_is_one_clear_line(levers: Levers) -> None:
    code, out, err = levers(table({"name": "levers", "route": [{**ROUTE, "to": "unheard-of"}]}))
    assert (code, out) == (2, "")
    assert "unheard-of" in err


def test_the_scenario_decided_on_is_told_and_without_levers_there_the_last_that_has_some() -> None:
    other = {**LEVERS, "name": "other"}
    plan = built(table(LEVERS, other, decision={"scenario": "levers"}))
    assert told_scenario(plan) == "levers"
    assert told_scenario(built(table(LEVERS, other, decision={"scenario": "as is"}))) == "other"
    titles = [shown.title for shown in levers_tables(plan, waterfalls(plan)) if shown.rows]
    assert len(titles) == 5
    assert "Waterfall of 'levers'" in titles[0]


def test_what_costs_more_than_it_saves_is_shown_as_negative_and_flagged(levers: Levers) -> None:
    dear = {"name": "levers", "route": [{**ROUTE, "escalation": 0.95, "overhead_usd_per_request": 0.001}]}
    code, out, _ = levers(table(dear))
    assert code == 0
    assert "routing (costs more than it saves)" in out
    assert "no: costs more" in out
    assert "The levers of 'levers' add $10,500" in out
    assert "Routing costs $10,500 a year more than it saves." in out
    assert "Routing chat from strong to cheap costs $875 a month more than it saves, at full adoption." in out
    assert "Its escalation of 95.0% is above the break-even of 83.3%." in out
    (row,) = scenarios(levers(table(dear), "--json"))["levers"]["types"]
    assert row["saving_usd_per_month"] == pytest.approx(-875.0)
    hopeless = {"name": "levers", "route": [{**ROUTE, "overhead_usd_per_request": 0.02}]}
    assert "It would not pay even if nothing escalated." in sentences(hopeless)
    types = next(shown for shown in told(hopeless) if shown.title.startswith("Types and models"))
    assert types.rows[0][types.columns.index("break-even")] == "never"


def told(*scenarios: Table) -> list[Shown]:
    plan = built(table(*scenarios))
    return levers_tables(plan, waterfalls(plan))


def test_wrong_answers_that_cost_more_than_is_saved_are_named_beside_the_saving() -> None:
    judged = {**ROUTE, "escalation": {"pass_rate": 0.8, "fnr": 0.0, "fpr": 0.2}, "error_cost_usd": 1.0}
    plan = built(table({"name": "levers", "route": [judged]}))
    found = waterfalls(plan)
    said = "\n".join(levers_sentences(plan, found))
    assert "saves $5,550 a month, but its wrong answers cost $20,000" in said
    assert "It would not pay even if nothing escalated." in said
    types = next(shown for shown in levers_tables(plan, found) if shown.title.startswith("Types and models"))
    row = dict(zip(types.columns, types.rows[0], strict=True))
    assert row["saves a month"] == "$5,550"
    assert row["errors a month"] == "$20,000"
    assert row["pays"] == "no: wrong answers cost more"


def test_efforts_are_told_with_their_payback_and_those_never_earned_back() -> None:
    # 9,000 for the route alone; batch and output control beside it have no effort, and earn nothing of it back
    assert "The one-off effort of $9,000 is earned back after 1.5 months of full adoption by the levers" in sentences(
        LEVERS
    )
    route = {"name": "levers", "route": LEVERS["route"]}
    assert "The one-off effort of $9,000 is earned back after 1.5 months of full adoption." in sentences(route)
    dear = {"request_type": "chat", "cacheable_fraction": 1.0, "hit_rate": 0.0, "one_off_usd": 100.0}
    both = sentences({**LEVERS, "cache": [dear]})
    assert "The one-off effort of $9,100" in both
    assert "By itself, caching of chat never earns its effort back." in both
    assert "The one-off effort of $100 is never earned back." in sentences({"name": "levers", "cache": [dear]})
    assert "one-off" not in sentences({**LEVERS, "route": [ROUTE]})
    assert (months_words(None), months_words(0.0), months_words(240.0)) == ("never", "0.0 months", "20 years")


@pytest.mark.parametrize(
    ("bands", "said"),
    [
        ([(1e12, 0.1)], "Without a commitment there is no discount: what is paid is list."),
        ([(1000.0, 0.2)], "Signed as recommended, the discount then takes $66,660 off; levers added up, plus 20.0%"),
    ],
)
def test_the_discount_stands_apart(bands: list[tuple[float, float]], said: str) -> None:
    """333,300 USD of list spend after levers, all of it committed at 20 % off."""
    assert said in sentences(LEVERS, bands=bands)


def test_a_commitment_that_is_not_used_up_costs_more_than_list() -> None:
    """Fixed at 450,000 for a list spend of 333,300."""
    said = sentences(LEVERS, contract={"commit_usd_per_year": 450_000.0})
    assert "the commitment then costs $116,700 more than list: shortfall beats discount." in said


@pytest.mark.parametrize(
    ("error", "se", "change", "said"),
    [
        (-100.0, 3.0, -1000.0, "overstate the saving by $100 ± 3 (10.0%)"),
        (100.0, 3.0, -1000.0, "understate the saving by $100 ± 3 (10.0%)"),
        (-100.0, 60.0, -1000.0, ""),
        (0.2, 0.0, -1000.0, ""),
        (-100.0, float("nan"), 50.0, "come to $100 less than together"),
        (100.0, 0.0, 0.0, "come to $100 more than together"),
    ],
)
def test_a_wrong_total_is_named_in_dollars_and_as_a_share_of_what_is_saved(
    error: float, se: float, change: float, said: str
) -> None:
    assert misstatement(Estimate(mean=error, se=se), Estimate(mean=change, se=0.0)) == said


def test_rows_have_a_cell_for_every_column_with_and_without_error_costs() -> None:
    plan = built(table(LEVERS))
    tables = [*levers_tables(plan, waterfalls(plan)), type_savings_table("none", [])]
    for shown in tables:
        assert all(len(row) == len(shown.columns) for row in shown.rows)
        assert all(index < len(shown.columns) for index in shown.numeric)
    assert levers_tables(built(table()), {}) == []


def _text(shown: Shown) -> str:
    lines = [shown.title, " | ".join(shown.columns), *(" | ".join(row) for row in shown.rows), shown.note]
    return "\n".join(line for line in lines if line)


def test_the_levers_of_the_example_as_people_read_them(golden: Callable[[str, str], None]) -> None:
    kept = KeptPaths()
    plan = build_plan(load_plan(EXAMPLE), kept=kept)
    found = waterfalls(plan, kept)
    shown = [_text(one) for one in levers_tables(plan, found) if one.rows]
    golden("example-levers.txt", "\n\n".join([*shown, *levers_sentences(plan, found)]) + "\n")
