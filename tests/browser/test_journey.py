"""Journeys in a real browser: commitment and terms tried, a plan uploaded, a backtest run, workbook and fit taken away.

Screenshots are kept under artifacts/browser. AppTest covers what each page says; this covers what only a browser can
show: that charts are drawn, that typing redraws, that files come and go, that nothing is fetched from elsewhere.
"""

import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlparse

import pytest
from journeys import SMALL, figure, picture, playwright, served, settle
from openpyxl import load_workbook

from planner.bundled import data_path
from planner.evidence.graded import GradedAnswer, write_graded
from planner.levers_sentences import levers_sentences
from planner.plan import Plan, build_plan
from planner.plan_file.evidence_file import parse_evidence
from planner.plan_file.loader import load_plan, parse_plan
from planner.report import headline
from planner.waterfall import waterfalls
from planner.words import percent, usd_short


def test_a_buyer_goes_from_the_example_to_the_workbook(
    browser: "playwright.Browser", address: str, plan: Plan, tmp_path: Path
) -> None:
    expect = playwright.expect
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    elsewhere: list[str] = []
    page.on("request", lambda r: elsewhere.append(r.url) if urlparse(r.url).hostname not in ("127.0.0.1", None) else 0)

    page.goto(f"{address}/usage")
    settle(page)
    expect(page.get_by_role("heading", name="Usage", exact=True)).to_be_visible()
    expect(
        page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first
    ).to_be_visible()
    picture(page, "1-usage")

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Commit").click()
    expect(page.get_by_role("heading", name="Commit", exact=True)).to_be_visible()
    settle(page)
    expect(page.get_by_text(headline(plan)[0])).to_be_visible()

    sample = plan.samples[plan.inputs.decision.scenario]
    value = sample.expect([plan.inputs.contract.offer_at(200_000.0)])[0]
    assert percent(value.shortfall_probability) != percent(plan.recommendation.shortfall_probability.mean)
    field = page.get_by_label("Commitment, USD a year")
    field.fill("200000")
    field.press("Enter")
    page.get_by_text("Exact figures of this commitment").click()
    # The first of each name is the recommendation's.
    expect(figure(page, "Shortfall risk", 1)).to_have_text(percent(value.shortfall_probability))
    expect(figure(page, "Mean shortfall", 1)).to_have_text(usd_short(value.expected_shortfall_usd))
    expect(figure(page, "Expected cost")).to_have_text(usd_short(value.expected_cost_usd))
    settle(page)
    picture(page, "2-commit-typed")

    other = SMALL.read_text(encoding="utf-8").replace("1_200_000", "2_400_000").replace(", small", ", doubled triage")
    file = {"name": "other.toml", "mimeType": "application/toml", "buffer": other.encode()}
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(file)
    expect(page.get_by_text("Support assistant, doubled triage")).to_be_visible()
    settle(page)
    expect(page.get_by_text(headline(plan)[0])).to_have_count(0)
    picture(page, "3-uploaded")

    with page.expect_download() as waiting:
        page.get_by_test_id("stSidebar").get_by_role("button", name=re.compile("Workbook")).click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    assert path.name == "support-assistant-doubled-triage.xlsx"
    book = load_workbook(path, data_only=True)
    assert len(book.sheetnames) >= 5
    texts = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None}
    assert any("Support assistant, doubled triage" in text for text in texts)
    book.close()
    assert not elsewhere, "the app fetches nothing from the internet"
    assert page.get_by_test_id("stException").count() == 0
    page.close()


def test_a_buyer_tries_other_terms_and_takes_them_away(
    browser: "playwright.Browser", address: str, plan: Plan, tmp_path: Path
) -> None:
    expect = playwright.expect
    inputs = plan.inputs
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/contract")
    settle(page)
    expect(page.get_by_text(headline(plan)[0])).to_be_visible()
    field = page.get_by_label("Spend that draws it down, %")
    field.fill("80")
    field.press("Tab")
    expect(page.get_by_text("Edited, not saved.")).to_have_count(0)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Edited, not saved.")).to_be_visible()
    settle(page)
    picture(page, "5-contract-edited")
    with page.expect_download() as waiting:
        page.get_by_test_id("stMain").get_by_role("button", name=re.compile("Plan file")).click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    edited = parse_plan(path.read_text(encoding="utf-8"), base_dir=inputs.base_dir)
    assert edited.contract.eligible_fraction == 0.8
    assert replace(edited.contract, eligible_fraction=1.0) == inputs.contract
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Commit").click()
    expect(page.get_by_role("heading", name="Commit", exact=True)).to_be_visible()
    settle(page)
    expect(page.get_by_text(headline(build_plan(edited))[0])).to_be_visible()
    page.get_by_role("button", name="Undo these edits").click()
    expect(page.get_by_text(headline(plan)[0])).to_be_visible()
    expect(page.get_by_text("Edited, not saved.")).to_have_count(0)
    assert page.get_by_test_id("stException").count() == 0
    page.close()


def test_a_buyer_types_an_interval_into_the_table_of_levers(
    browser: "playwright.Browser", address: str, plan: Plan, tmp_path: Path
) -> None:
    expect = playwright.expect
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/levers")
    settle(page)
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    grid.click(position={"x": 114 + 122 + 40, "y": 35 + 17})  # the first type's share
    page.keyboard.press("Enter")
    page.locator(".gdg-input").fill("50 to 60")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Typed, and not applied yet.")).to_be_visible()
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Contract").click()
    expect(page.get_by_role("heading", name="Contract", exact=True)).to_be_visible()
    settle(page)
    eligible = page.get_by_label("Spend that draws it down, %")
    eligible.fill("90")
    eligible.press("Tab")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Edited, not saved.")).to_be_visible()
    settle(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Levers").click()
    # what was typed is there when the page is opened again, and after the plan was edited elsewhere
    expect(page.get_by_text("Typed, and not applied yet.")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Nothing was typed that is not in the plan.")).to_be_visible()
    settle(page)
    picture(page, "6-levers-edited")
    with page.expect_download() as waiting:
        page.get_by_test_id("stMain").get_by_role("button", name=re.compile("Plan file")).click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    text = path.read_text(encoding="utf-8")
    assert "{ p10 = 0.5, p90 = 0.6 }" in text
    assert "eligible_fraction = 0.9" in text
    edited = build_plan(parse_plan(text, base_dir=plan.inputs.base_dir))
    sentence = levers_sentences(edited, waterfalls(edited))[0]
    expect(page.get_by_text(sentence)).to_be_visible()
    assert page.get_by_test_id("stException").count() == 0
    page.close()


def test_a_buyer_brings_graded_answers_and_takes_the_evidence_away(
    browser: "playwright.Browser", address: str, plan: Plan, tmp_path: Path
) -> None:
    expect = playwright.expect
    graded = [
        GradedAnswer(request_type="answer", candidate="claude-sonnet-5-5", id=str(i), passed=i % 40 != 0)
        for i in range(200)
    ]
    write_graded(tmp_path / "graded.jsonl", graded)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/evidence")
    settle(page)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("of 'route first', which the plan decides on, 1 rests on evidence")).to_be_visible()
    main.locator("input[type=file]").set_input_files(tmp_path / "graded.jsonl")
    expect(main.get_by_text("answer: claude-sonnet-5-5 holds the bar of 90.0% with 195 of 200")).to_be_visible()
    settle(page)
    picture(page, "7-evidence-uploaded")
    with page.expect_download() as waiting:
        main.get_by_role("button", name=re.compile("Evidence file")).click()
    waiting.value.save_as(tmp_path / "evidence.toml")
    (entry,) = parse_evidence((tmp_path / "evidence.toml").read_text(encoding="utf-8"))
    assert (entry.model, entry.passed, entry.failed, entry.verdict) == ("claude-sonnet-5-5", 195, 5, "pass")
    main.get_by_role("button", name="Use in the plan").click()
    expect(page.get_by_text("Edited, not saved.")).to_be_visible()
    expect(main.get_by_text("All of them rest on evidence that passes")).to_be_visible()
    page.get_by_role("button", name="Undo these edits").click()
    expect(main.get_by_text("1 rests on evidence that passes")).to_be_visible()
    assert page.get_by_test_id("stException").count() == 0
    page.close()


@pytest.fixture(scope="module")
def unfitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example on fewer paths and without its [demand], so that there is something to learn."""
    text = data_path("plans", "example.toml").read_text(encoding="utf-8")
    text = text[: text.index("[demand]")] + text[text.index("[[demand.event]]") :]
    log = data_path("usage", "example.jsonl.gz").as_posix()
    path = tmp_path_factory.mktemp("unfitted") / "unfitted.toml"
    path.write_text(text.replace("../usage/example.jsonl.gz", log).replace("100_000", "2_000"), encoding="utf-8")
    return path


def test_a_buyer_takes_the_fit_away(browser: "playwright.Browser", unfitted: Path, tmp_path: Path) -> None:
    inputs = load_plan(unfitted)
    with served(unfitted, tmp_path / "log.txt") as url:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{url}/calibration")
        settle(page)
        with page.expect_download() as waiting:
            page.get_by_role("button", name=re.compile("Plan file with this fit")).click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert path.name.endswith("-calibrated.toml")
        fitted = parse_plan(path.read_text(encoding="utf-8"), base_dir=inputs.base_dir)
        assert fitted.demand_given == frozenset()
        assert fitted.demand != inputs.demand
        picture(page, "4-fitted")
        assert page.get_by_test_id("stException").count() == 0
        page.close()
