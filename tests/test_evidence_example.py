"""The bundled sample and its grades are what their script makes, and belong to the example plan."""

import json
import runpy
from datetime import date
from pathlib import Path

import pytest

from planner.evidence.decide import decide
from planner.evidence.decision import Bar
from planner.evidence.from_decision import evidence_of_decision
from planner.evidence.graded import read_graded
from planner.evidence_reports.decide import decide_table, decided
from planner.plan_file.loader import load_plan
from planner.words import counted, points

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "data" / "evidence"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(FOLDER / "make_example.py"))


@pytest.mark.parametrize(("name", "lines"), [("requests.jsonl", "requests"), ("graded.jsonl", "graded")])
def test_the_script_makes_the_bundled_bytes(script, name, lines):
    made = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in script[lines]())
    assert made == (FOLDER / name).read_text(encoding="utf-8")


def test_the_example_plan_evaluates_the_bundled_sample(script):
    plan = load_plan(ROOT / "data" / "plans" / "example.toml")
    assert plan.seed == script["SEED"]
    assert {path.resolve() for item in plan.evaluations for path in item.samples} == {FOLDER / "requests.jsonl"}
    graded = {(item.request_type, item.candidate) for item in read_graded([FOLDER / "graded.jsonl"])}
    assert graded == {(item.request_type, model) for item in plan.evaluations for model in item.candidates}


def test_what_the_readme_of_the_data_says_of_the_grades_is_so():
    counts = {}
    for item in read_graded([FOLDER / "graded.jsonl"]):
        passed, answers = counts.get((item.request_type, item.candidate), (0, 0))
        counts[item.request_type, item.candidate] = passed + item.passed, answers + 1
    assert counts == {
        ("triage", "claude-haiku-5-5"): (188, 200),
        ("extract", "claude-haiku-5-5"): (93, 100),
        ("extract", "claude-sonnet-5-5"): (145, 150),
    }


def test_costs_in_an_evidence_file_have_no_digits_that_come_of_adding_up():
    decisions = decide(read_graded([FOLDER / "graded.jsonl"]))
    costs = [evidence_of_decision(one, Bar(), graded_on=date(2026, 11, 24)).provenance for one in decisions]
    assert [(one.cost_usd, one.cost_per_answer_usd) for one in costs] == [
        (0.0038, 1.9e-05),
        (0.0024, 2.4e-05),
        (0.072, 0.00048),
    ]


def test_a_difference_of_pass_rates_is_in_points():
    (shown,) = [
        row for row in decide_table(decided(decide(read_graded([FOLDER / "graded.jsonl"])))).rows if "188" in row[2]
    ]
    assert "-2.5 points (-6.2 to +1.0)" in shown


@pytest.mark.parametrize(("fraction", "shown"), [(0.025, "+2.5"), (-0.0004, "0.0"), (0.0, "0.0"), (-0.1234, "-12.3")])
def test_points_have_a_sign_unless_they_are_none(fraction, shown):
    assert points(fraction) == shown


@pytest.mark.parametrize(("number", "shown"), [(0, "0 requests"), (1, "1 request"), (2_000, "2,000 requests")])
def test_one_of_something_is_not_several(number, shown):
    assert counted(number, "request") == shown
