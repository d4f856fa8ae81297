"""The difference of two scenarios: nothing against itself, opposite the other way round, and errors recomputed here."""

import json
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from planner.bundled import data_path
from planner.key_words import key_words, value_words
from planner.plan import Plan, build_plan
from planner.plan_file.key_diff import KeyChange, KeyValue, changed_keys, changed_levers
from planner.plan_file.loader import parse_plan
from planner.plan_file.scenario_text import duplicated, names_of, renamed, with_baseline
from planner.risk import difference
from planner.scenario_diff import DECISIONS, OUTPUTS, ScenarioDiff, Side, answer_of, scenario_diff
from planner.scenario_diff_report import diff_json, diff_sentences, diff_tables, side_words
from planner.settlement import settle
from planner.streams import REPLICATES

SMALL = Path(__file__).parent / "plans" / "small.toml"
TEXT = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 800")
BUNDLED = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted(data_path("plans", "x").parent.glob("*.toml"))
}
CHANGED = TEXT.replace("share = { p10 = 0.80, p90 = 0.95 }", "share = { p10 = 0.60, p90 = 0.90 }").replace(
    "discount_fraction = 0.10", "discount_fraction = 0.11"
)
LONGER = (
    TEXT.replace("\nmonths = 12", "\nmonths = 24")
    .replace("term_months = 12", "term_months = 24")
    .replace("seed = 20261123", "seed = 7")
)
FEWER = TEXT.replace("paths = 800", "paths = 400")
PRESENT = TEXT.replace(
    "[contract]", "[contract.payment]\ncost_of_capital_per_year = 0.1\nmode = 'quarterly'\n[contract]"
)
WORLDS = {
    "two scenarios": ((TEXT, "as is"), (TEXT, "route first")),
    "an edit": ((TEXT, "route first"), (CHANGED, "route first")),
    "another term and seed": ((TEXT, "route first"), (LONGER, "as is")),
    "fewer paths": ((TEXT, "as is"), (FEWER, "route first")),
    "at present value": ((TEXT, "route first"), (f"{PRESENT}\nmoney = 'npv'\n", "route first")),
}


@cache
def plan_of(text: str) -> Plan:
    return build_plan(parse_plan(text, base_dir=SMALL.parent))


def side(world: tuple[str, str]) -> Side:
    return Side(plan=plan_of(world[0]), scenario=world[1])


@cache
def diff(name: str, *, turned: bool = False) -> tuple[Side, Side, ScenarioDiff]:
    pair = [side(world) for world in WORLDS[name]]
    a, b = reversed(pair) if turned else pair
    return a, b, scenario_diff(a, b)


@pytest.mark.parametrize("world", sorted({world for pair in WORLDS.values() for world in pair}))
def test_nothing_differs_from_itself(world: tuple[str, str]) -> None:
    found = scenario_diff(side(world), side(world))
    assert found.is_empty
    assert (found.inputs, found.levers) == ((), ())
    assert all((figure.difference.mean, figure.difference.se) == (0, 0) for figure in (*found.outputs, *found.decision))
    assert found.a_in_b.cost.mean == found.b_in_a.cost.mean == 0
    assert diff_sentences(found, ("one", "two")) == ("Nothing differs between 'one' and 'two'.",)


@pytest.mark.parametrize("name", WORLDS)
def test_the_other_way_round_every_difference_changes_its_sign(name: str) -> None:
    there, back = diff(name)[2], diff(name, turned=True)[2]
    assert {change.reversed.key for change in there.inputs} == {change.key for change in back.inputs}
    assert all(change.reversed in back.inputs for change in there.inputs)
    assert all(change.reversed in back.levers for change in there.levers)
    assert (there.a_in_b, there.b_in_a) == (back.b_in_a, back.a_in_b)
    for one, other in zip((*there.outputs, *there.decision), (*back.outputs, *back.decision), strict=True):
        assert (one.a, one.b) == (other.b, other.a)
        assert one.difference.mean == pytest.approx(-other.difference.mean, rel=1e-12)
        assert one.difference.se == pytest.approx(other.difference.se, rel=1e-9)


def samples(where: Side) -> dict[str, np.ndarray]:
    """The figures on every path, from the simulation itself."""
    plan, name = where.plan, where.scenario
    monthly, before = plan.spend[name].list_cost_usd, plan.spend[plan.inputs.baseline].list_cost_usd
    contract, offer = plan.inputs.contract, answer_of(where)
    settled = settle(contract, offer, plan.uses[name])
    npv = plan.inputs.decision.money == "npv"
    paid = settled.npv_paid_usd if npv else settled.paid_usd
    short = settled.shortfall_usd.sum(axis=0)
    return {
        "annual_list_cost": monthly[:12].sum(axis=0),
        "run_rate_per_month": monthly[contract.term_months - 1],
        "annual_saving": before[:12].sum(axis=0) - monthly[:12].sum(axis=0),
        "expected_cost": paid,
        "below_list": plan.uses[name].on_demand_usd - paid,
        "shortfall_probability": 1.0 * (short > 0.005),
        "expected_shortfall": short,
    }


def of_the_difference(b: np.ndarray, a: np.ndarray) -> tuple[float, float]:
    """Mean and standard error of b - a over the randomisations, worked out apart from planner.risk."""
    means = [np.array([sample[r::REPLICATES].mean() for r in range(REPLICATES)]) for sample in (b, a)]
    apart = means[0] - means[1]
    return float(apart.mean()), float(apart.std(ddof=1) / np.sqrt(REPLICATES))


@pytest.mark.parametrize("name", WORLDS)
def test_every_error_is_that_of_the_difference_path_by_path(name: str) -> None:
    a, b, found = diff(name)
    one, other = samples(a), samples(b)
    terms = [each.plan.inputs.contract.term_months for each in (a, b)]
    for figure in (*found.outputs, *found.decision):
        if figure.name in ("commitment_per_year", "discount"):
            continue
        per_term = figure.name in ("expected_cost", "below_list", "expected_shortfall") and terms[0] != terms[1]
        scales = [12 / months if per_term else 1.0 for months in terms]
        mean, se = of_the_difference(other[figure.name] * scales[1], one[figure.name] * scales[0])
        assert figure.difference.mean == pytest.approx(mean, rel=1e-9, abs=1e-9)
        assert figure.difference.se == pytest.approx(se, rel=1e-6, abs=1e-9)


def test_common_paths_make_a_difference_far_surer_than_its_parts() -> None:
    figure = diff("an edit")[2].output("annual_list_cost")
    assert 0 < figure.difference.se < 0.2 * np.hypot(figure.a.se, figure.b.se)


def test_a_difference_of_other_paths_says_that_luck_is_in_it() -> None:
    for name in ("another term and seed", "fewer paths"):
        assert not diff(name)[2].has_common_paths
    assert diff("an edit")[2].has_common_paths
    found = difference(np.arange(32.0), np.full(16, 3.0))
    assert (found.mean, found.se) == (
        pytest.approx(12.5),
        pytest.approx(np.std([8 + r for r in range(16)], ddof=1) / 4),
    )


@pytest.mark.parametrize("name", WORLDS)
def test_regret_is_what_the_commitment_of_one_costs_in_the_other(name: str) -> None:
    a, b, found = diff(name)
    for signer, lived, regret in ((a, b, found.a_in_b), (b, a, found.b_in_a)):
        contract = lived.plan.inputs.contract
        same = signer.plan.inputs.contract == contract
        offer = answer_of(signer) if same else contract.offer_at(answer_of(signer).commit_usd_per_year)
        paid = []
        for each in (offer, answer_of(lived)):
            settled = settle(contract, each, lived.plan.uses[lived.scenario])
            paid.append(settled.npv_paid_usd if lived.plan.inputs.decision.money == "npv" else settled.paid_usd)
        scale = 12 / contract.term_months if found.is_per_year else 1.0
        mean, se = of_the_difference(paid[0] * scale, paid[1] * scale)
        assert regret.cost.mean == pytest.approx(mean, abs=1e-6)
        assert regret.cost.se == pytest.approx(se, rel=1e-6, abs=1e-6)


def test_the_answer_of_the_scenario_decided_on_is_the_plans_own() -> None:
    plan = plan_of(TEXT)
    assert answer_of(side((TEXT, "route first"))) == plan.recommendation.offer
    assert answer_of(side((TEXT, "as is"))) == plan.sign_first.signed.offer


# Keys.


@pytest.mark.parametrize("name", BUNDLED)
def test_a_plan_differs_from_itself_in_no_key_and_from_another_in_those_that_are_written(name: str) -> None:
    document = tomllib.loads(BUNDLED[name])
    assert changed_keys(document, document) == ()
    other = tomllib.loads(TEXT)
    there, back = changed_keys(document, other), changed_keys(other, document)
    assert sorted(change.key for change in there) == sorted(change.key for change in back)
    assert {change.reversed.key: change.reversed for change in there} == {change.key: change for change in back}


def test_one_edit_is_one_key_with_both_values() -> None:
    changes = {change.key: change for change in diff("an edit")[2].inputs}
    assert set(changes) == {"scenario.route first.route.triage.share", "contract.band.150000.discount_fraction"}
    change = changes["scenario.route first.route.triage.share"]
    assert (change.a.value, change.b.value) == ({"p10": 0.8, "p90": 0.95}, {"p10": 0.6, "p90": 0.9})
    assert key_words(change.path) == "scenario 'route first', route of 'triage': share"
    assert value_words(change, change.b) == "60.0% to 90.0% (P10 to P90)"
    band = changes["contract.band.150000.discount_fraction"]
    assert (key_words(band.path), value_words(band, band.b)) == ("contract, band, from $150,000, discount", "11.0%")


def test_a_default_that_is_written_down_is_no_difference() -> None:
    written = TEXT.replace("[decision]", "[decision]\nmax_shortfall_probability = 0.10\nobjective = 'expected_cost'")
    written = written.replace('to = "claude-haiku-5-5"', 'to = "claude-haiku-5-5"\nmoves = "session"')
    assert changed_keys(tomllib.loads(TEXT), tomllib.loads(written)) == ()
    empty = tomllib.loads(BUNDLED["three-years"])
    named = tomllib.loads(BUNDLED["three-years"] + '\n[[scenario]]\nname = "as is"\n')
    assert changed_keys(empty, named) == ()


def test_a_key_left_to_its_default_shows_it_and_one_of_an_absent_clause_is_none() -> None:
    loose = TEXT.replace("ramp = { start_month = 2, months = 5 }", "").replace(
        "[decision]", "[contract.rollover]\nshare = 0.5\n\n[decision]\nmax_shortfall_probability = 0.2"
    )
    found = {change.key: change for change in changed_keys(tomllib.loads(TEXT), tomllib.loads(loose))}
    start = found["scenario.route first.route.answer.ramp.start_month"]
    assert (start.b.value, start.b.standing) == (0.0, "default")
    limit = found["decision.max_shortfall_probability"]
    assert (value_words(limit, limit.a), value_words(limit, limit.b)) == ("10.0% (default)", "20.0%")
    share = found["contract.rollover.share"]
    assert (value_words(share, share.a), value_words(share, share.b)) == ("none", "50.0%")


def test_a_copy_differs_in_no_lever_and_a_name_is_no_lever() -> None:
    copied = tomllib.loads(duplicated(TEXT, "route first", "copy"))
    assert changed_levers(copied, "route first", copied, "copy") == ()
    again = tomllib.loads(renamed(TEXT, "route first", "other"))
    assert changed_levers(tomllib.loads(TEXT), "route first", again, "other") == ()
    (added,) = changed_keys(tomllib.loads(TEXT), tomllib.loads(duplicated(TEXT, "as is", "blank")))
    assert (added.key, value_words(added, added.a), value_words(added, added.b)) == ("scenario.blank", "none", "yes")


def test_another_baseline_is_told_though_no_key_says_it() -> None:
    two = duplicated(TEXT, "as is", "blank")
    (change,) = changed_keys(tomllib.loads(two), tomllib.loads(with_baseline(two, "blank")))
    assert (change.path, change.a.value, change.b.value) == (("baseline",), "as is", "blank")
    assert value_words(change, change.b) == "blank"


@pytest.mark.parametrize("name", BUNDLED)
def test_every_key_of_every_example_is_said_without_code_words(name: str) -> None:
    for change in changed_keys(tomllib.loads(TEXT), tomllib.loads(BUNDLED[name])):
        assert "_" not in key_words(change.path)
        for each in (change.a, change.b):
            assert value_words(change, each)
            assert "None" not in value_words(change, each)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("escalation", {"passed": 188, "failed": 12, "fnr": 0.05}, "188 of 200 answers passed, judge's fnr 5.0%"),
        ("escalation", {"pass_rate": {"p10": 0.8, "p90": 0.9}}, "pass rate 80.0% to 90.0% (P10 to P90)"),
        ("share", {"evidence": "graded.toml"}, "as graded in graded.toml"),
        ("start_month", {"low": 0, "mode": 1, "high": 4}, "month 0 to month 4, likeliest month 1"),
        ("months", 1, "1 month"),
        ("overhead_usd_per_request", 0.0005, "$0.0005"),
        ("commit_usd_per_year", 1_000_000, "$1,000,000"),
        ("falls_per_year", 0.7, "0.7"),
        ("season", [1.0] * 12, "1, 1, 1, 1, 1, 1 and 6 more"),
        ("seed", 20261123, "20261123"),
        ("eligible", False, "no"),
    ],
)
def test_values_are_said_with_their_units(key: str, value: object, words: str) -> None:
    here = KeyValue(value=value, standing="given")
    change = KeyChange(path=("plan", key), a=here, b=KeyValue(value=None, standing="not there"))
    assert value_words(change, here) == words


# Reports.


@pytest.mark.parametrize("name", WORLDS)
def test_tables_and_json_say_the_same_figures_for_both_sides(name: str) -> None:
    a, b, found = diff(name)
    names = side_words(a, b), side_words(b, a)
    data = json.loads(json.dumps(diff_json(found, (a, b)), allow_nan=False))
    assert list(data["outputs"]) == list(OUTPUTS)
    assert list(data["decision"]) == list(DECISIONS)
    figures = {**data["outputs"], **data["decision"]}
    for key, figure in figures.items():
        assert figure["difference"]["mean"] == pytest.approx(figure["b"]["mean"] - figure["a"]["mean"], abs=1e-6), key
    tables = diff_tables(found, names)
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
    assert tables[-2].rows[0][0] == "list spend, first year"
    said = "\n".join(" ".join(row) for table in tables[:-2] for row in table.rows)
    for change in (*found.inputs, *found.levers):
        assert value_words(change, change.a if change.b.standing == "not there" else change.b) in said
        assert key_words(change.path[len(change.whole) :]) in said if change.path != change.whole else True
    assert all(len(cell) <= 200 for table in tables for row in table.rows for cell in row)


def test_the_sentences_say_which_is_lower_and_what_a_wrong_guess_costs() -> None:
    _, _, found = diff("two scenarios")
    first, second, third = diff_sentences(found, ("as is", "route first"))
    assert first.startswith("From 'as is' to 'route first', 14 lever keys differ; list spend of the first year is $")
    assert first.endswith("lower.")
    assert "'route first' is expected to cost" in second
    assert second.endswith("less over the term.")
    assert "Signed for 'route first', and 'as is' comes true:" in third
    assert "a year of the term" in diff_sentences(diff("another term and seed")[2], ("a", "b"))[1]


def test_every_scenario_of_an_example_can_be_compared_with_every_other_by_its_levers() -> None:
    for text in BUNDLED.values():
        document = tomllib.loads(text)
        for one in names_of(text):
            assert changed_levers(document, one, document, one) == ()
