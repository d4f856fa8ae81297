"""What the workbook rests on and who signs for it: sheets Assumptions, Evidence, Prices, Sign-off and About."""

import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import floor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from libreoffice import recalculate
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from scipy.stats import beta
from workbooks import Books, at, differing, faults, formula_cells, read_formulas, type_into

from planner.assumed.answered import NO_DAY, NOT_GIVEN, NOT_NAMED, answered
from planner.assumed.assumptions import assumptions
from planner.dossier import Dossier
from planner.identity import usage_sha256
from planner.plan import Plan, build_plan
from planner.plan_file.assumption_keys import known_paths
from planner.plan_file.loader import parse_plan
from planner.prices import PriceBook
from planner.units import TOKEN_COLUMNS
from planner.workbook.assumed.evidence_sheet import has_evidence
from planner.workbook.book import workbook_bytes

LONG = "a request type with forty characters in."
HOSTILE = '=HYPERLINK("http://x.test","y")'
OPUS, HAIKU, SONNET = "claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5"

PLAN = f"""
[plan]
name = "Support"
start = 2027-01-01
paths = 4_096
seed = 7
evidence = ["graded.toml"]
[prices]
on = 2026-11-23
[prices.aliases]
"our model" = "{OPUS}"
[[prices.override]]
model = "{OPUS}"
source = "quote of 12 November"
input_usd_per_mtok = 3.515
[[prices.override]]
model = "{SONNET}"
source = "letter"
discount_fraction = 0.125
[[prices.modifier]]
field = "service_tier"
value = "priority"
multiplier = 1.5
source = "price sheet of the reseller"
[[mix]]
request_type = "{LONG}"
model = "{OPUS}"
monthly_requests = 4_200_000
uncached_input_tokens = 900
output_tokens = 60
[[mix]]
request_type = "answer"
model = "{OPUS}"
monthly_requests = 1_000_000
uncached_input_tokens = 4000
output_tokens = 600
[demand]
level_sd = 0.1
season = [1.0, 0.98, 1.02, 1.0, 1.0, 0.97, 0.93, 0.94, 1.03, 1.04, 1.06, 1.03]
[[demand.event]]
name = "EU launch"
probability = 0.6
month = 3
size = 1.2
[[team]]
name = "platform"
slip_months = 1
[[milestone]]
name = "evaluated"
month = 1
team = "platform"
[[scenario]]
name = "as is"
[[scenario]]
name = "route"
[[scenario.route]]
request_type = "{LONG}"
to = "{HAIKU}"
share = {{ p10 = 0.80, p90 = 0.95 }}
escalation = {{ evidence = "graded.toml" }}
long_prompt_fraction = 0.0
ramp = {{ start_month = 0, months = 2, after = ["evaluated"], team = "platform" }}
[[scenario.route]]
request_type = "answer"
to = "{SONNET}"
escalation = 0.05
[[evidence]]
request_type = "answer"
model = "{HAIKU}"
passed = 80
failed = 20
graded_on = 2026-01-15
[contract.price_rises]
cap_fraction = 0.05
[[contract.band]]
min_commit_usd_per_year = 100_000
discount_fraction = 0.10
source = "quote of 12 November"
[[contract.band]]
min_commit_usd_per_year = 400_000
discount_fraction = 0.20
[[fixed_spend]]
name = "seats"
usd_per_month = 1_000
[decision]
scenario = "route"
"""
GRADED = f"""
format = 1
[[evidence]]
request_type = "{LONG}"
model = "{HAIKU}"
passed = 188
failed = 12
graded_on = 2026-11-20
source = "graded.jsonl"
grader = "judge"
judge_model = "{OPUS}"
judge_fnr = 0.03
judge_fpr = 0.05
judge_labels = 120
answers_planned = 200
looks = 4
verdict = "pass"
reference_model = "{OPUS}"
only_candidate = 3
only_reference = 9
margin = 0.02
cost_usd = 0.004
"""
NOTES = """
[[assumption]]
key = "demand"
owner = "Head of support"
source = "support plan"
on = 2026-09-01
[[assumption]]
key = "demand.season"
owner = "FinOps lead"
source = "bills of 2024 and 2025"
on = 2026-10-01
[[assumption]]
key = "prices.cuts.fall"
source = "own reading of past cuts"
[[assumption]]
key = "contract.band.100000"
owner = "Procurement lead"
on = 2026-11-12
[[assumption]]
key = "contract.reduction"
owner = "Procurement lead"
source = "not offered"
"""
HOSTILE_NOTES = f"""
[[assumption]]
key = "demand"
owner = '''{HOSTILE}'''
source = '''{HOSTILE}'''
"""


def plan_of(folder: Path, notes: str = "", text: str = PLAN) -> Plan:
    return build_plan(parse_plan(text + notes, base_dir=folder))


@pytest.fixture(scope="module")
def plan(folder: Path) -> Plan:
    return plan_of(folder, NOTES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plan")
    (made / "graded.toml").write_text(GRADED, encoding="utf-8")
    return made


def noted(plan: Plan, folder: Path, notes: str) -> Plan:
    """The plan as it would be with other [[assumption]] entries; no figure depends on them."""
    inputs = parse_plan(PLAN + notes, base_dir=folder)
    prepared = replace(plan.prepared, inputs=replace(plan.inputs, assumption_notes=inputs.assumption_notes))
    return replace(plan, prepared=prepared)


# --- assumptions -----------------------------------------------------------------------------------------------------


def test_whoever_writes_the_key_of_a_line_answers_for_that_line(plan: Plan, folder: Path) -> None:
    """Every key of the sheet is one that a plan takes, and what is written of it stands in its lines and no other."""
    rows = assumptions(plan)
    keys = {row.key for row in rows}
    assert len(keys) > 50
    assert {row.path for row in rows} <= known_paths(tomllib.loads(PLAN))
    entries = [f"[[assumption]]\nkey = '''{key}'''\nowner = '''the owner of {key}'''\n" for key in keys]
    said = answered(noted(plan, folder, "".join(entries)))
    assert [line.owner for line in said] == [f"the owner of {row.key}" for row in rows]


def test_of_a_line_the_plan_speaks_first_and_then_what_the_program_knows(plan: Plan) -> None:
    lines = {(line.assumption.section, line.assumption.name): line for line in answered(plan)}

    def of(section: str, name: str) -> tuple[str, str, str]:
        line = lines[section, name]
        return line.owner, line.source, line.on

    assert of("Demand", "season May") == ("FinOps lead", "bills of 2024 and 2025", "2026-10-01")
    assert of("Event: EU launch", "month") == ("Head of support", "support plan", "2026-09-01")
    assert of("Demand", "monthly_noise")[0] == "Head of support"
    assert of("Demand", "monthly_noise")[1].startswith("judgement that ships with commit-planner ")
    assert of("Demand", "monthly_noise")[2] == NO_DAY, "a default in the table is none of the table's own sources"
    assert of("List-price moves", "fall") == (NOT_NAMED, "own reading of past cuts", NO_DAY)
    assert of("List-price moves", "rise")[1].startswith("judgement")
    assert of("Contract", "band from $100,000 a year") == ("Procurement lead", "quote of 12 November", "2026-11-12")
    assert of("Contract", "band from $400,000 a year") == (NOT_NAMED, NOT_GIVEN, NO_DAY)
    assert of("Contract", "term_months")[1].startswith("default of commit-planner ")
    assert of("Prices", "on") == (
        NOT_NAMED,
        "price data of the program, the day it was checked",
        plan.prepared.price_book.checked_on.isoformat(),
    )
    assert of("Prices", f"override: {OPUS}")[1] == "quote of 12 November"
    route = f"Scenario: route, route {LONG}"
    assert of(route, "escalation") == (NOT_NAMED, "188 of 200 answers passed: graded.jsonl", "2026-11-20")
    assert of("Scenario: route, route answer", "escalation") == (NOT_NAMED, NOT_GIVEN, NO_DAY), "typed, and not graded"
    assert of("Named in the plan", "contract.reduction") == ("Procurement lead", "not offered", NO_DAY)
    assert "contract.reduction" not in {row.key for row in assumptions(plan)}


def test_a_default_of_a_lever_is_not_called_the_users(plan: Plan) -> None:
    origins = {(row.section, row.name): row.origin for row in assumptions(plan)}
    assert origins[f"Scenario: route, route {LONG}", "share"] == "yours"
    assert origins["Scenario: route, route answer", "share"] == "default"
    assert origins[f"Scenario: route, route {LONG}", "ramp start"] == "yours"
    assert origins[f"Scenario: route, route {LONG}", "ramp ceiling"] == "default"
    assert origins["Milestone: evaluated", "probability"] == "default"
    assert origins["Team: platform", "slip_months"] == "yours"


def test_where_the_plan_names_nobody_the_sheet_names_nobody(plan: Plan, folder: Path) -> None:
    assert {line.owner for line in answered(noted(plan, folder, ""))} == {NOT_NAMED}


# --- the workbook, recalculated --------------------------------------------------------------------------------------

DECISIONS = ("approve", "approve with conditions", "reject")
FORMS: dict[str, tuple[tuple[str, ...], str]] = {
    "all": (("approve",) * 3, "approved"),
    "conditions": (("approve", "approve with conditions", "approve"), "approved with conditions"),
    "against": (("approve", "reject", ""), "rejected"),
}
"""What is typed into the form of the three who answer for something, and what it comes to."""


TYPED: dict[str, tuple[str, Any]] = {
    "all": ("offer_commit_usd", None),
    "conditions": ("offer_shortfall_clause", "true-up"),
    "against": ("offer_commit_usd", 123_456.0),
}
"""What is typed into the calculator beside it; None: the recommended commitment in whole dollars, as it is read."""


def fill(source: Path, target: Path, decisions: Sequence[str]) -> Path:
    book = read_formulas(source)
    row = row_of(book["Sign-off"], "role") + 1
    typed: list[tuple[str, str, Any]] = [
        ("Sign-off", f"C{row + index}", decision) for index, decision in enumerate(decisions) if decision
    ]
    name, value = TYPED[target.stem]
    cell = at(book, name)
    return type_into(
        source, target, [*typed, (cell.parent.title, cell.coordinate, floor(cell.value) if value is None else value)]
    )


def row_of(sheet: Worksheet, label: str) -> int:
    (row,) = [cell.row for cell in sheet["A"] if cell.value == label]
    return int(row)


@pytest.fixture(scope="module")
def books(plan: Plan, folder: Path, requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Books:
    soffice = requires("soffice", "libreoffice")
    written = tmp_path_factory.mktemp("written")
    (written / "plan.xlsx").write_bytes(workbook_bytes(Dossier(plan=plan)))
    hostile = noted(plan, folder, HOSTILE_NOTES)
    (written / "hostile.xlsx").write_bytes(workbook_bytes(Dossier(plan=hostile)))
    files = [written / "plan.xlsx"]
    files += [fill(files[0], written / f"{name}.xlsx", decisions) for name, (decisions, _) in FORMS.items()]
    out = recalculate(soffice, files, tmp_path_factory.mktemp("libreoffice"))
    return Books(written=written, recalculated=out[0].parent)


SHEETS = ("Assumptions", "Evidence", "Prices", "Sign-off", "About")


def test_the_sheets_say_when_recalculated_what_they_said_when_written(books: Books) -> None:
    assert not differing(books, "plan")
    assert at(books.fresh("plan"), "checks_ok").value is True
    formulas = [text for sheet, _, text in formula_cells(books.formulas("plan")) if sheet in SHEETS]
    assert len(formulas) > 15
    assert not [fault for text in formulas for fault in faults(text)]


def test_names_of_others_never_become_formulas(books: Books) -> None:
    cells = [cell for sheet in books.formulas("hostile") for row in sheet.iter_rows() for cell in row]
    found = [cell for cell in cells if cell.value == HOSTILE]
    assert len(found) > 20
    assert {cell.data_type for cell in found} == {"s"}


def table(sheet: Worksheet, label: str) -> list[dict[str, Any]]:
    """The lines below a heading whose first column has this label, up to the first line without one."""
    first = row_of(sheet, label)
    heads = [cell.value for cell in sheet[first] if cell.value is not None]
    rows = sheet.iter_rows(min_row=first + 1, max_col=len(heads), values_only=True)
    lines: list[dict[str, Any]] = []
    for row in rows:
        if row[0] is None:
            break
        lines.append(dict(zip(heads, row, strict=True)))
    return lines


def test_the_sheet_counts_who_is_missing(books: Books, plan: Plan) -> None:
    sheet = books.fresh("plan")["Assumptions"]
    lines = table(sheet, "section")
    assert len(lines) == len(answered(plan))
    unnamed = [line for line in lines if line["owner"] == NOT_NAMED]
    priors = [line for line in unnamed if line["origin"] == "prior"]
    counts = [sheet.cell(row_of(sheet, "Assumptions on this sheet") + index, 3).value for index in range(3)]
    assert counts == [len(lines), len(unnamed), len(priors)]
    assert 0 < len(priors) < len(unnamed) < len(lines)


def test_prices_say_whose_they_are_since_when_and_from_where(books: Books, plan: Plan) -> None:
    lines = table(books.fresh("plan")["Prices"], "model")
    named, listed = {line["model"] for line in lines}, PriceBook.load("anthropic")
    assert {OPUS, HAIKU, SONNET} <= named
    on = plan.prepared.priced_on
    for line in lines:
        price = plan.prepared.price_book.price(line["model"], on)
        long = line["prompt tokens"].startswith("above")
        rates = price.long_prompt[0].rates if long else price.rates
        assert line["input"] == float(rates.input_usd_per_mtok)
        assert line["output"] == float(rates.output_usd_per_mtok)
        since = price.effective_from
        assert line["since"] == ("not given" if since is None else since.isoformat())
        assert line["checked on"] == price.checked_on.isoformat()
        assert line["source"] == price.source
        at_list = listed.price(line["model"], on)
        before = at_list.long_prompt[0].rates if long else at_list.rates
        assert (line["whose"] == "list") == (before == rates)
    whose = {line["model"]: line["whose"] for line in lines}
    assert whose[OPUS] == "plan: input"
    assert whose[SONNET] == "plan: 12.5% off list"
    said = [cell.value for cell in books.fresh("plan")["Prices"]["A"]]
    assert "• service_tier priority: × 1.5 on every rate. Source: price sheet of the reseller." in said


def test_evidence_has_the_counts_and_their_bounds(books: Books) -> None:
    lines = counted(books.fresh("plan"))
    assert [(line["request type"], line["model"]) for line in lines] == [(LONG, HAIKU), ("answer", HAIKU)]
    for line, (passed, failed) in zip(lines, ((188, 12), (80, 20)), strict=True):
        assert (line["passed, answers"], line["failed, answers"]) == (passed, failed)
        assert line["graded, answers"] == passed + failed
        assert line["pass rate"] == passed / (passed + failed)
        posterior = beta(passed + 0.5, failed + 0.5)
        assert line["lower bound, 95%"] == pytest.approx(posterior.ppf(0.05), rel=1e-9)
        assert line["upper bound, 95%"] == pytest.approx(posterior.ppf(0.95), rel=1e-9)
    assert [line["decided on"] for line in lines] == ["yes", "no"]
    assert [line["verdict"].split("\u00a0")[-1] for line in lines] == ["passes", "fails, stale"]


def counted(book: Workbook) -> list[dict[str, Any]]:
    sheet = book["Evidence"]
    first = row_of(sheet, "Pass rates against their bars") + 1
    heads = [cell.value for cell in sheet[first]]
    rows = list(sheet.iter_rows(min_row=first + 1, max_row=first + 2, values_only=True))
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_evidence_says_who_graded_and_what_is_missing(books: Books) -> None:
    sheet = books.fresh("plan")["Evidence"]
    first = row_of(sheet, "Who graded, when, and where the counts are from") + 1
    judged, unsaid = (str(sheet.cell(first + index, 3).value) for index in range(2))
    for words in (
        f"Graded on 2026-11-20, by the grader 'judge' ({OPUS}).",
        "Against 120 verdicts of people that judge failed 3.0% of the good answers and passed 5.0% of the wrong ones.",
        "Planned: 200 answers, counted in 4 looks.",
        "only this one passed 3, only that one 9; a loss of 2.0% was accepted",
        "It cost less than a cent.",
        "Source: graded.jsonl.",
    ):
        assert words in judged
    for words in (
        "Graded on 2026-01-15, by whom is not recorded.",
        "Stale: graded on 2026-01-15",
        "No source is given",
    ):
        assert words in unsaid
    said = [str(cell.value) for cell in sheet["A"]]
    assert f"• No graded answer of 'answer' on {SONNET}, to which 'route' routes it." in said


def test_a_plan_without_routes_and_grades_has_no_sheet_of_evidence(plan: Plan) -> None:
    assert has_evidence(Dossier(plan=plan))
    bare = replace(plan.inputs, evidence=(), file_evidence=())
    costs = tuple(replace(item, scenario=replace(item.scenario, routes=())) for item in plan.prepared.scenario_costs)
    without = replace(plan, prepared=replace(plan.prepared, inputs=bare, scenario_costs=costs))
    assert not has_evidence(Dossier(plan=without))


# --- sign-off and about ----------------------------------------------------------------------------------------------


def test_the_form_names_who_answers_for_the_plan(books: Books) -> None:
    lines = table(books.fresh("plan")["Sign-off"], "role")
    assert [line["role"] for line in lines] == ["Head of support", "FinOps lead", "Procurement lead"]


def test_before_anybody_decides_the_form_is_open(books: Books) -> None:
    sheet = books.fresh("plan")["Sign-off"]
    start = row_of(sheet, "approve")
    assert [sheet.cell(start + index, 2).value for index in range(5)] == [0, 0, 0, 3, "open"]
    assert sheet.cell(row_of(sheet, "Is it the recommended offer?"), 2).value == "yes"


@pytest.mark.parametrize("name", FORMS)
def test_what_is_decided_comes_to_one_word_and_names_the_hash(books: Books, plan: Plan, name: str) -> None:
    decisions, state = FORMS[name]
    sheet = books.fresh(name)["Sign-off"]
    first = row_of(sheet, "role") + 1
    hashes = [sheet.cell(first + index, 7).value for index in range(3)]
    padded = [*decisions, "", ""][:3]
    assert hashes == [plan.inputs.sha256[:12] if decision else "-" for decision in padded]
    counts = Counter(padded)
    start = row_of(sheet, "approve")
    found = [sheet.cell(start + index, 2).value for index in range(5)]
    assert found == [*(counts[word] for word in DECISIONS), counts[""], state]
    is_ours = "yes" if name == "all" else "no: another"
    assert sheet.cell(row_of(sheet, "Is it the recommended offer?"), 2).value == is_ours


def test_the_form_can_be_filled_in_and_nothing_else(books: Books) -> None:
    sheet = books.formulas("plan")["Sign-off"]
    first = row_of(sheet, "role") + 1
    unlocked = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
    assert unlocked == {f"{col}{row}" for col in "ABCDEF" for row in range(first, first + 6)}
    validated = {
        f"{col}{row}"
        for rule in sheet.data_validations.dataValidation
        for part in rule.sqref.ranges
        for row in range(part.min_row, part.max_row + 1)
        for col in (chr(64 + part.min_col),)
    }
    assert validated == unlocked


def test_about_says_what_the_figures_were_made_of(books: Books, plan: Plan) -> None:
    facts = {row[0]: row[1] for row in books.fresh("plan")["About"].iter_rows(max_col=2, values_only=True)}
    assert facts["plan file, SHA-256"] == plan.inputs.sha256
    assert facts["price data, SHA-256"] == plan.prepared.price_book.sha256
    assert facts["usage measured, SHA-256"].startswith("none: the mix is typed")
    assert len(facts["evidence files, SHA-256"]) == 64
    assert facts["usage measured"] == "none: 2 request types typed into the plan"


def test_the_hash_of_usage_is_of_what_was_used_and_not_of_the_order_it_was_read_in(plan: Plan) -> None:
    rows = pd.DataFrame(
        {
            "request_type": ["a", "a", "b"],
            "model": ["m", "n", "m"],
            "month": ["2026-06"] * 3,
            "requests": [1, 2, 3],
            **{column: [4, 5, 6] for column in TOKEN_COLUMNS},
            "list_cost_usd": [0.1, 0.2, 0.3],
        }
    )

    class Measured:
        def __init__(self, rows: pd.DataFrame) -> None:
            self.rows = rows

    def hash_of(changed: pd.DataFrame) -> str:
        return usage_sha256(replace(plan, prepared=replace(plan.prepared, measurement=Measured(changed))))

    assert hash_of(rows) == hash_of(rows.iloc[::-1])
    for column in ("requests", TOKEN_COLUMNS[-1]):
        changed = rows.copy()
        changed.loc[1, column] += 1
        assert hash_of(changed) != hash_of(rows)


def test_the_same_plan_gives_the_same_bytes(plan: Plan, books: Books) -> None:
    assert workbook_bytes(Dossier(plan=plan)) == (books.written / "plan.xlsx").read_bytes()
