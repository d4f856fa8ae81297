"""The log against the bill: sums, discounts, the gate, and causes that were planted."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from streamlit import cache_resource as st_cache
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from planner.billed.records import Invoice
from planner.bundled import app_path
from planner.commands.measure_told import conclusion, tables_of
from planner.dossier import Dossier
from planner.errors import UsageError
from planner.machine import plan_json
from planner.measurement import Exclusion, Measurement
from planner.plan import build_plan
from planner.plan_file.loader import load_plan
from planner.prices import OwnTerms, PriceBook
from planner.reconciliation.reconcile import ReconciledRow, Reconciliation, reconciliation_warnings
from planner.reconciliation_report import reconciliation_json
from planner.workbook.book import write_workbook
from tests import bills
from tests.bills import HAIKU, OPUS, Line, Use, bill_of, list_usd, measured, scaled, use_of

CENT = Decimal("0.01")
TENTH = Decimal("0.1")


def row_of(found: Reconciliation, month: str, model: str) -> ReconciledRow:
    (row,) = [row for row in found.rows if (row.month, row.model) == (month, model)]
    return row


def compared(folder: Path, use: Use, lines: list[Line]) -> Reconciliation:
    """What a log and a bill in Cost Analytics come to."""
    return measured(folder, use, bills.write_analytics(folder, lines)).reconciliation


# ---- one bill in every format


@pytest.mark.parametrize("name", [*bills.WITH_LIST, *bills.WITHOUT_LIST])
def test_every_format_of_one_bill_gives_the_same_reconciliation(name: str, tmp_path: Path) -> None:
    use = use_of()
    writer = (bills.WITH_LIST | bills.WITHOUT_LIST)[name]
    found = measured(tmp_path, use, writer(tmp_path, bill_of(use, TENTH))).reconciliation
    assert [(row.month, row.model) for row in found.rows] == [
        (month, model) for month in ("2026-06", "2026-07") for model in (HAIKU, OPUS)
    ]
    for row in found.rows:
        listed = list_usd(use, row.month, row.model)
        assert row.compared
        assert row.list_cost_usd == pytest.approx(listed, abs=Decimal("0.0001"))
        assert row.billed_cost_usd == listed * (1 - TENTH)
        assert row.source_list_usd == (listed if name in bills.WITH_LIST else None)
        assert row.cause == "negotiated price"
        assert abs(row.unexplained_usd) < CENT
    assert found.gate == "passed"
    if name in bills.WITH_LIST:
        assert found.discount_fraction == 0.1
        assert found.likely_discount_fraction is None
    else:
        assert found.discount_fraction is None
        assert found.likely_discount_fraction == pytest.approx(0.1)
        assert any("likely" in said and "10.0%" in said for said in reconciliation_warnings(found))


def test_invoice_totals_are_compared_with_their_month_alone(tmp_path: Path) -> None:
    use = use_of()
    invoices = [
        Invoice(month=month, amount_usd=(list_usd(use, month) * Decimal("0.9")).quantize(CENT))
        for month in ("2026-06", "2026-07")
    ]
    found = measured(tmp_path, use, invoices=invoices).reconciliation
    assert [(row.month, row.model, row.source) for row in found.rows] == [
        ("2026-06", "all models", "invoice"),
        ("2026-07", "all models", "invoice"),
    ]
    assert found.likely_discount_fraction == pytest.approx(0.1, abs=1e-5)
    with_list = [replace(each, list_usd=list_usd(use, each.month).quantize(CENT)) for each in invoices]
    found = measured(tmp_path, use, invoices=with_list).reconciliation
    assert found.discount_fraction == pytest.approx(0.1, abs=1e-5)
    assert found.gate == "passed"


def test_an_invoice_of_one_model_is_a_row_and_the_rest_of_its_month_is_not_billed(tmp_path: Path) -> None:
    use = use_of(((2026, 6),))
    invoice = Invoice(month="2026-06", amount_usd=list_usd(use, model=OPUS).quantize(CENT), model="Claude Opus 4.5")
    found = measured(tmp_path, use, invoices=[invoice]).reconciliation
    assert row_of(found, "2026-06", OPUS).cause == "agrees"
    assert row_of(found, "2026-06", HAIKU).cause == "used, not billed"


def test_an_invoice_beside_an_export_is_told_apart_and_not_added(tmp_path: Path) -> None:
    use = use_of(((2026, 6),))
    name = bills.write_analytics(tmp_path, bill_of(use))
    invoice = Invoice(month="2026-06", amount_usd=list_usd(use).quantize(CENT) - 100)
    found = measured(tmp_path, use, name, invoices=[invoice]).reconciliation
    assert found.billed_cost_usd == list_usd(use)
    assert any("-100.00 dollars apart" in note for note in found.notes)
    with pytest.raises(UsageError, match="would count twice"):
        measured(tmp_path, use, name, invoices=[replace(invoice, model=OPUS)])


# ---- laws


def test_rows_add_up_to_the_totals_exactly(tmp_path: Path) -> None:
    use = use_of()
    lines = scaled(bill_of(use, TENTH), lambda line: 1 + Decimal(line.day.day) / 1_000)
    lines.append(Line(date(2026, 6, 3), "", "", Decimal("-12.34"), Decimal(0)))
    found = compared(tmp_path, use, lines)
    assert sum(row.billed_cost_usd for row in found.rows) == found.billed_cost_usd == sum(each.amount for each in lines)
    assert sum(row.list_cost_usd for row in found.rows) == found.list_cost_usd
    assert sum(row.difference_usd for row in found.rows) == found.difference_usd
    assert found.difference_usd == found.billed_cost_usd - found.list_cost_usd
    assert sum(abs(row.unexplained_usd) for row in found.rows) == found.unexplained_usd
    assert found.list_cost_usd == pytest.approx(list_usd(use), abs=CENT / 10)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=st.integers(0, 990))
def test_a_bill_scaled_down_is_a_discount_of_exactly_that(points: int, tmp_path: Path) -> None:
    discount = Decimal(points) / 1_000
    found = compared(tmp_path, use_of(((2026, 6),)), bill_of(use_of(((2026, 6),)), discount))
    assert found.discount_fraction == float(discount)
    assert all(row.negotiated_discount_fraction == float(discount) for row in found.rows)
    assert found.gate == "passed"


@pytest.mark.parametrize(
    ("off", "gate"), [("1.0101", "failed"), ("0.9899", "failed"), ("1.0099", "passed"), ("0.9901", "passed")]
)
@pytest.mark.parametrize("writer", [bills.write_analytics, bills.write_report])
def test_the_gate_is_at_one_per_cent(off: str, gate: str, writer: bills.Writer, tmp_path: Path) -> None:
    use = {key: tokens for key, tokens in use_of(((2026, 6),)).items() if key[1] == OPUS}
    lines = scaled(bill_of(use), lambda line: Decimal(off))
    result = measured(tmp_path, use, writer(tmp_path, lines))
    assert result.reconciliation.gate == gate
    assert any("not explained" in said for said in result.warnings) == (gate == "failed")


def test_too_much_here_does_not_hide_too_little_there(tmp_path: Path) -> None:
    use = use_of(((2026, 6),))
    more = list_usd(use, model=HAIKU) / list_usd(use, model=OPUS) / 10
    lines = scaled(bill_of(use), lambda line: 1 - TENTH if line.model == HAIKU else 1 + more)
    found = compared(tmp_path, use, lines)
    assert abs(found.difference_usd) < 1
    assert found.gate == "failed"


def test_exclusions_do_not_touch_the_comparison(tmp_path: Path) -> None:
    use = use_of()
    name = bills.write_analytics(tmp_path, bill_of(use, TENTH))
    whole = measured(tmp_path, use, name)
    less = measured(tmp_path, use, name, exclusions=[Exclusion(request_type="reindex"), Exclusion(to=date(2026, 6, 9))])
    assert less.totals.list_cost_usd < whole.totals.list_cost_usd
    assert less.reconciliation == whole.reconciliation


def test_only_months_that_the_log_and_the_bill_wholly_cover_are_compared(tmp_path: Path) -> None:
    use = use_of(((2026, 5), (2026, 6), (2026, 7)))
    kept = {key: tokens for key, tokens in use.items() if key[0] >= date(2026, 5, 11)}
    lines = [line for line in bill_of(use) if line.day <= date(2026, 7, 20)]
    lines += [replace(line, day=date(2026, 4, line.day.day)) for line in lines if line.day.month == 6]
    found = compared(tmp_path, kept, lines)
    reasons = {row.month: row.reason for row in found.rows}
    assert reasons == {
        "2026-04": "the log has no use in this month",
        "2026-05": "the log does not cover the whole month",
        "2026-06": "",
        "2026-07": "the bill covers only 2026-04-01 to 2026-07-20".replace("2026-04-01", "2026-07-01"),
    }
    assert {row.month for row in found.compared} == {"2026-06"}
    assert found.gate == "passed"
    said = list(reconciliation_warnings(found))
    assert any("Not compared" in each and "2026-04" in each for each in said)


def test_the_usage_window_bounds_the_comparison(tmp_path: Path) -> None:
    use = use_of()
    name = bills.write_analytics(tmp_path, bill_of(use))
    found = measured(tmp_path, use, name, window=(None, date(2026, 7, 15))).reconciliation
    assert {row.month: row.compared for row in found.rows} == {"2026-06": True, "2026-07": False}


def test_a_month_without_a_bill_is_shown_and_not_compared(tmp_path: Path) -> None:
    use = use_of()
    found = compared(tmp_path, use, [line for line in bill_of(use) if line.day.month == 6])
    row = row_of(found, "2026-07", "all models")
    assert row.list_cost_usd == pytest.approx(list_usd(use, "2026-07"), abs=CENT)
    assert (row.compared, row.reason) == (False, "no bill was given for this month")


def test_reports_of_one_account_are_not_held_against_what_another_provider_served(tmp_path: Path) -> None:
    use = use_of(((2026, 6),))
    there = {
        "timestamp": "2026-06-05T00:00:00Z",
        "model": OPUS,
        "provider": "bedrock",
        "requests": 1,
        "uncached_input_tokens": 90_000_000,
        "cache_read_tokens": 0,
        "cache_write_5m_tokens": 0,
        "cache_write_1h_tokens": 0,
        "output_tokens": 0,
    }
    usage = bills.usage_of(tmp_path, bills.write_log(tmp_path, use, more=[there]))
    bill = bills.read_bill(
        bills.BilledSource(sources=(bills.write_analytics(tmp_path, bill_of(use, TENTH)),), base_dir=tmp_path)
    )
    found = bills.measure(usage, bills.BOOK, bill=bill).reconciliation
    assert found.gate == "passed"
    assert found.list_cost_usd == pytest.approx(list_usd(use), abs=CENT)
    row = row_of(found, "2026-06", "all models")
    assert (row.list_cost_usd, row.compared) == (Decimal(450), False)
    assert "another provider" in row.reason


# ---- causes, planted one at a time

ONE = Decimal(1)


def unknown_model(use: Use) -> tuple[Use, list[Line]]:
    return use, [*bill_of(use), Line(date(2026, 6, 9), "Claude Zebra 9", "output", Decimal(900), Decimal(900))]


def negotiated(use: Use) -> tuple[Use, list[Line]]:
    return use, scaled(bill_of(use), lambda line: ONE if line.model == HAIKU else ONE - TENTH, of_list=False)


def days_not_in_the_log(use: Use) -> tuple[Use, list[Line]]:
    hole = {date(2026, 6, 12), date(2026, 6, 13)}
    return {key: tokens for key, tokens in use.items() if key[0] not in hole}, bill_of(use)


def days_not_billed(use: Use) -> tuple[Use, list[Line]]:
    return use, [line for line in bill_of(use) if line.day not in (date(2026, 6, 12), date(2026, 6, 13))]


def tools(use: Use) -> tuple[Use, list[Line]]:
    search = Line(date(2026, 6, 9), "", "", Decimal(70), Decimal(70), cost_type="web_search")
    session = replace(search, cost_type="session_usage", amount=Decimal(30), listed=Decimal(30))
    return use, [*bill_of(use), search, session]


def price_of_one_model(use: Use) -> tuple[Use, list[Line]]:
    risen = date(2026, 6, 15)

    def change(line: Line) -> Decimal:
        return Decimal("1.2") if line.model == OPUS and line.day >= risen else ONE

    return use, scaled(bill_of(use), change)


def batch(use: Use) -> tuple[Use, list[Line]]:
    return use, scaled(bill_of(use), lambda line: ONE / 2 if line.model == OPUS else ONE)


def batch_in_part(use: Use) -> tuple[Use, list[Line]]:
    halved = scaled(bill_of(use), lambda line: ONE / 2 if line.model == OPUS and line.day.day < 8 else ONE)
    return use, [replace(line, tier="batch") if line.model == OPUS and line.day.day < 8 else line for line in halved]


def credit(use: Use) -> tuple[Use, list[Line]]:
    return use, [*bill_of(use), Line(date(2026, 6, 9), OPUS, "", Decimal(-500), Decimal(0))]


def not_in_the_log(use: Use) -> tuple[Use, list[Line]]:
    return {key: tokens for key, tokens in use.items() if key[1] == OPUS}, bill_of(use)


def not_billed(use: Use) -> tuple[Use, list[Line]]:
    return use, [line for line in bill_of(use) if line.model == OPUS]


PLANTED = [
    (unknown_model, "Claude Zebra 9", "unknown model", "prices.aliases", "failed"),
    (negotiated, OPUS, "negotiated price", "10.0% below the source's own list price", "passed"),
    (days_not_in_the_log, OPUS, "missing days", "2026-06-12, 2026-06-13 billed", "failed"),
    (days_not_billed, OPUS, "missing days", "2026-06-12, 2026-06-13 in the log", "failed"),
    (tools, "server tools", "server tools not in the log", "web searches", "passed"),
    (tools, "session usage", "server tools not in the log", "managed agents", "passed"),
    (price_of_one_model, OPUS, "another price on that day", "1.200 times ours from 2026-06-15", "failed"),
    (batch, OPUS, "batch or tier not in the log", "0.50 of list", "failed"),
    (batch_in_part, OPUS, "batch or tier not in the log", "billed as batch, flex or priority", "failed"),
    (credit, "credits", "credits", "$500.00 of credits", "passed"),
    (not_in_the_log, HAIKU, "billed, not in the log", "no use of it", "failed"),
    (not_billed, HAIKU, "used, not billed", "another account", "failed"),
]


@pytest.mark.parametrize(("plant", "model", "cause", "evidence", "gate"), PLANTED)
def test_a_planted_cause_is_named_with_its_evidence(
    plant: Callable[[Use], tuple[Use, list[Line]]], model: str, cause: str, evidence: str, gate: str, tmp_path: Path
) -> None:
    use, lines = plant(use_of(((2026, 6),), scale=20))
    found = compared(tmp_path, use, lines)
    row = row_of(found, "2026-06", model)
    assert (row.cause, found.gate) == (cause, gate)
    assert evidence in row.evidence
    others = {each.cause for each in found.rows if each.model not in (model, "server tools", "session usage")}
    assert others <= {"agrees"} | ({"missing days"} if cause == "missing days" else set())


def test_credits_are_no_discount(tmp_path: Path) -> None:
    use, lines = credit(use_of(((2026, 6),), scale=20))
    found = compared(tmp_path, use, lines)
    assert found.discount_fraction == 0
    assert found.difference_usd == pytest.approx(Decimal(-500), abs=CENT)
    assert any("$500.00 of credits" in said for said in reconciliation_warnings(found))


def test_cache_classes_that_the_log_lacks_are_named(tmp_path: Path) -> None:
    use = use_of(((2026, 6),))
    found = measured(tmp_path, use, bills.write_analytics(tmp_path, bill_of(use)), cache_columns=False).reconciliation
    row = row_of(found, "2026-06", OPUS)
    assert row.cause == "missing cache classes"
    assert "billed for cache tokens" in row.evidence
    missing = list_usd(use, model=OPUS) - row.list_cost_usd
    assert row.unexplained_usd == pytest.approx(missing, abs=CENT)
    silent = measured(tmp_path, use, bills.write_focus(tmp_path, bill_of(use)), cache_columns=False).reconciliation
    assert "does not say whether" in row_of(silent, "2026-06", OPUS).evidence


def test_prompt_lengths_that_the_log_does_not_settle_are_named(tmp_path: Path) -> None:
    model = "claude-haiku-5-5"
    rows = [
        {
            "timestamp": f"2026-11-{day:02}T00:00:00Z",
            "model": model,
            "requests": 10,
            "uncached_input_tokens": 2_000_000,
            "output_tokens": 100_000,
            "context_window": "0-200k",
        }
        for day in range(1, 31)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    below = Decimal(30) * (2 * TENTH + TENTH * Decimal("0.5"))
    invoice = Invoice(month="2026-11", amount_usd=below * 3, model=model)
    usage = bills.usage_of(tmp_path, "log.jsonl")
    bill = bills.read_bill(bills.BilledSource(invoices=(invoice,)))
    row = row_of(bills.measure(usage, bills.BOOK, bill=bill).reconciliation, "2026-11", model)
    assert row.list_cost_usd == pytest.approx(below, abs=CENT)
    assert row.cause == "prompt length not known"


def test_half_the_price_everywhere_may_be_batch_and_is_not_called_a_discount(tmp_path: Path) -> None:
    use = use_of()
    found = measured(tmp_path, use, bills.write_report(tmp_path, bill_of(use, Decimal("0.5")))).reconciliation
    assert found.likely_discount_fraction is None
    assert {row.cause for row in found.rows} == {"batch or tier not in the log"}
    assert found.gate == "failed"


def test_without_list_prices_one_odd_model_takes_the_likely_discount_away(tmp_path: Path) -> None:
    use = use_of()
    lines = scaled(bill_of(use), lambda line: Decimal("0.9") if line.model == OPUS else Decimal("0.8"))
    found = measured(tmp_path, use, bills.write_report(tmp_path, lines)).reconciliation
    assert found.likely_discount_fraction is None
    assert found.gate == "failed"
    assert "a negotiated price" in row_of(found, "2026-06", OPUS).evidence


def test_rounding_to_the_cent_is_explained_and_no_more(tmp_path: Path) -> None:
    use = {key: tuple(count // 20_000 for count in tokens) for key, tokens in use_of(((2026, 6),)).items()}
    exact = bill_of(use)  # type: ignore[arg-type]
    rounded = [replace(line, amount=line.amount.quantize(CENT), listed=line.listed.quantize(CENT)) for line in exact]
    name = bills.write_console(tmp_path, rounded, "console of 2026, 14")
    found = measured(tmp_path, use, name).reconciliation  # type: ignore[arg-type]
    assert found.difference_usd != 0
    assert all(row.unexplained_usd == 0 for row in found.rows)
    wrong = [replace(line, amount=line.amount + CENT, listed=line.listed + CENT) for line in rounded]
    name = bills.write_console(tmp_path, wrong, "console of 2026, 14")
    assert measured(tmp_path, use, name).reconciliation.gate == "failed"  # type: ignore[arg-type]


def test_an_alias_of_the_plan_names_a_model_of_the_bill(tmp_path: Path) -> None:
    use = use_of(((2026, 6),))
    lines = [replace(line, model="our-opus") if line.model == OPUS else line for line in bill_of(use)]
    book = PriceBook.load(terms=OwnTerms(aliases={"our-opus": OPUS}))
    found = measured(tmp_path, use, bills.write_analytics(tmp_path, lines), book=book).reconciliation
    assert {row.model for row in found.rows} == {OPUS, HAIKU}
    assert found.gate == "passed"


# ---- a bill inside the log


def logged(folder: Path, *, discount: str, bill: str = "") -> Measurement:
    use = use_of()
    rows = []
    for (day, model), tokens in use.items():
        listed = list_usd({(day, model): tokens})
        rows.append(
            {
                "timestamp": f"{day}T00:00:00Z",
                "model": model,
                "requests": 100,
                "uncached_input_tokens": tokens[0],
                "cache_read_tokens": tokens[1],
                "cache_write_5m_tokens": tokens[2],
                "output_tokens": tokens[3],
                "context_window": "0-200k",
                "billed_cost_usd": float(listed * (1 - Decimal(discount))),
            }
        )
    (folder / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    usage = bills.usage_of(folder, "log.jsonl")
    found = bills.read_bill(bills.BilledSource(sources=(bill,) if bill else (), base_dir=folder))
    return bills.measure(usage, bills.BOOK, bill=found)


def test_a_bill_inside_the_log_is_a_source_like_any_other(tmp_path: Path) -> None:
    found = logged(tmp_path, discount="0.2").reconciliation
    assert {row.source for row in found.rows} == {"in the log"}
    assert found.likely_discount_fraction == pytest.approx(0.2)
    assert found.gate == "passed"


def test_a_separate_bill_counts_instead_of_the_one_inside_the_log(tmp_path: Path) -> None:
    name = bills.write_analytics(tmp_path, bill_of(use_of()))
    found = logged(tmp_path, discount="0.2", bill=name).reconciliation
    assert {row.source for row in found.rows} == {"cost analytics"}
    assert found.discount_fraction == 0
    assert any("The log itself says" in note for note in found.notes)


# ---- told


def test_the_table_the_line_and_the_json_say_the_same(tmp_path: Path) -> None:
    use = use_of()
    result = measured(tmp_path, use, bills.write_analytics(tmp_path, bill_of(use, TENTH)))
    told = json.loads(json.dumps(reconciliation_json(result.reconciliation)))
    assert told["discount_fraction"] == 0.1
    assert told["gate"] == "passed"
    assert sum(row["billed_cost_usd"] for row in told["rows"]) == pytest.approx(told["billed_cost_usd"])
    assert told["difference_usd"] == pytest.approx(float(-list_usd(use) * TENTH))
    table = tables_of(result, suggest=False)[-1]
    assert len(table.rows) == len(told["rows"]) + 1
    assert "discount paid today 10.0%" in conclusion(result)
    bare = measured(tmp_path, use)
    assert tables_of(bare, suggest=False)[-1].title != table.title
    assert reconciliation_json(bare.reconciliation)["gate"] == "not compared"
    assert "bill" not in conclusion(bare).lower()


PLAN = """
[plan]
start = 2027-01-01
paths = 256
[usage]
sources = ["log.jsonl"]
billed = ["cost.json"]
[[usage.invoice]]
month = "2026-07"
amount_usd = 123.45
note = "mail of 3 August"
[[scenario]]
name = "as it is"
[contract]
term_months = 12
[[contract.band]]
min_commit_usd_per_year = 0
discount_fraction = 0.05
"""


def test_the_usage_page_shows_the_comparison_and_says_that_the_gate_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = use_of()
    bills.write_log(tmp_path, use)
    bills.write_analytics(tmp_path, scaled(bill_of(use), lambda line: Decimal("1.3")))
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(tmp_path / "plan.toml"))
    app = AppTest.from_file(str(app_path()), default_timeout=120)
    app._page_hash = calc_hash("usage")
    app.run()
    st_cache.clear()
    assert not app.exception
    text = " ".join(item.value for item in app.markdown)
    assert "not explained by the bill" in text
    assert any("does not explain the bill" in item.value for item in app.error)


def test_a_failed_gate_is_said_by_the_plan_its_json_and_its_workbook(tmp_path: Path) -> None:
    use = use_of()
    lines = scaled(bill_of(use), lambda line: Decimal("1.3"))
    bills.write_log(tmp_path, use)
    bills.write_analytics(tmp_path, lines)
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    inputs = load_plan(tmp_path / "plan.toml")
    assert inputs.usage is not None
    (invoice,) = inputs.usage.billed.invoices
    assert (invoice.month, invoice.amount_usd) == ("2026-07", Decimal("123.45"))
    plan = build_plan(inputs)
    (said,) = [warning for warning in plan.warnings if "not explained by the bill" in warning]
    assert "+30.0%" in said
    assert said in plan_json(plan)["warnings"]
    assert any("the invoice says $123.45" in warning for warning in plan.warnings)
    write_workbook(Dossier(plan=plan), tmp_path / "plan.xlsx")
    cells = [
        str(cell.value) for sheet in load_workbook(tmp_path / "plan.xlsx") for row in sheet.iter_rows() for cell in row
    ]
    assert any(said in cell for cell in cells)
