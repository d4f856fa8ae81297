"""Journeys over scenarios: a copy edited on Levers is what differs, and undo takes it back; another plan file compared;
a preset; a telephone."""

import pytest
from journeys import SMALL, opened, picture, playwright, settle

from planner.plan import Plan, build_plan
from planner.plan_file.lever_text import RouteEdit, with_routes
from planner.plan_file.loader import parse_plan
from planner.plan_file.scenario_text import duplicated
from planner.scenario_diff import Side, scenario_diff
from planner.scenario_diff_report import diff_sentences

SLOW_MS = 60_000


def picked(page: "playwright.Page", label: str, option: str) -> None:
    """Open a list by the keyboard: one that is opened by a click closes again while the page scrolls to it."""
    field = page.get_by_role("combobox", name=label, exact=True)
    field.scroll_into_view_if_needed()
    field.focus()
    field.press("ArrowDown")
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def typed_into(page: "playwright.Page", label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    settle(page)


def table(page: "playwright.Page", title: str) -> "playwright.Locator":
    """The table under its title."""
    named = page.get_by_test_id("stElementContainer").filter(has=page.get_by_text(title, exact=True))
    return named.locator("xpath=following::table[1]").first


def copied(page: "playwright.Page", name: str, new: str) -> None:
    picked(page, "Change a scenario", name)
    page.get_by_role("button", name="Duplicate").click()
    typed_into(page, "Name of the copy", new)
    page.get_by_role("button", name="Make the copy").click()
    playwright.expect(page.get_by_role("cell", name=new, exact=True).first).to_be_visible(timeout=SLOW_MS)
    settle(page)


def edited_share(page: "playwright.Page", row: int, text: str) -> None:
    """Type into the column `share` of the table of routes, by keyboard as people do: it is drawn on a canvas."""
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 114 + 122 + 40, box["y"] + 35 * (row + 1) + 17)
    cell = page.locator("textarea.gdg-input, input.gdg-input").first
    playwright.expect(cell).to_be_visible(timeout=SLOW_MS)
    cell.fill(text)
    page.keyboard.press("Enter")
    settle(page)


def test_a_copy_that_is_edited_differs_by_that_edit_and_undo_takes_it_back(
    page: "playwright.Page", address: str, plan: Plan
) -> None:
    expect = playwright.expect
    page.goto(f"{address}/compare")
    settle(page)
    copied(page, "route first (decided on)", "bolder")
    picked(page, "From", "route first")
    picked(page, "To", "bolder")
    expect(page.get_by_text("Nothing differs between 'route first' and 'bolder'.")).to_be_visible()
    page.get_by_role("link", name="Edit its levers").click()
    expect(page.get_by_role("heading", name="Levers", level=1)).to_be_visible(timeout=SLOW_MS)
    settle(page)
    page.wait_for_url("**scenario=bolder**")
    rows = sorted(plan.prepared.mix_lines, key=lambda line: -line.share_of_bill)
    at = [line.request_type for line in rows].index("triage")
    edited_share(page, at, "85 to 97")
    page.get_by_role("button", name="Apply", exact=True).click(timeout=SLOW_MS)
    expect(page.get_by_text("changed last: levers")).to_be_visible(timeout=SLOW_MS)
    settle(page)
    opened(page, "Compare")
    picked(page, "From", "route first")
    picked(page, "To", "bolder")
    text = duplicated(plan.inputs.text, "route first", "bolder")
    route = RouteEdit(request_type="triage", to="claude-haiku-5-5", values={"share": {"p10": 0.85, "p90": 0.97}})
    twin = build_plan(parse_plan(with_routes(text, "bolder", [route]), base_dir=SMALL.parent))
    found = scenario_diff(*(Side(plan=twin, scenario=name) for name in ("route first", "bolder")))
    assert [change.key for change in found.levers] == ["route.triage.share"]
    for line in diff_sentences(found, ("route first", "bolder")):
        expect(page.get_by_text(line)).to_be_visible(timeout=SLOW_MS)
    cells = table(page, "What is put in: levers that differ").get_by_role("cell")
    expect(cells).to_have_text(
        ["~ route of 'triage': share", "80.0% to 95.0% (P10 to P90)", "85.0% to 97.0% (P10 to P90)"]
    )
    picture(page, "compare-an-edited-copy")
    page.get_by_role("button", name="Undo Shortcut").click()
    expect(page.get_by_text("Nothing differs between 'route first' and 'bolder'.")).to_be_visible(timeout=SLOW_MS)


def test_another_plan_file_is_compared_and_a_name_that_is_taken_is_refused_where_it_was_typed(
    page: "playwright.Page", address: str, plan: Plan
) -> None:
    expect = playwright.expect
    page.goto(f"{address}/compare?scenario=as+is&diff_from=nonsense")
    settle(page)
    assert "nonsense" not in page.url
    page.get_by_role("button", name="Rename").click()
    typed_into(page, "New name", "route first")
    page.get_by_role("button", name="Rename it").click()
    expect(page.get_by_text("a scenario named 'route first' is there already")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_label("New name", exact=True)).to_have_value("route first")
    page.keyboard.press("Escape")
    other = plan.inputs.text.replace("400_000", "500_000").replace(", small", ", more answers")
    page.get_by_test_id("stFileUploader").last.locator("input").set_input_files(
        [{"name": "other.toml", "mimeType": "application/toml", "buffer": other.encode()}]
    )
    expect(page.get_by_text("2. Support assistant, more answers")).to_be_visible(timeout=SLOW_MS)
    settle(page)
    there = "2. Support assistant, more answers: route first"
    picked(page, "From", "route first")
    picked(page, "To", there)
    cells = table(page, "What is put in: keys that differ").get_by_role("row")
    expect(cells).to_have_count(3)
    expect(page.get_by_text(f"From 'route first' to '{there}', 2 keys differ")).to_be_visible()
    picture(page, "compare-another-plan")


@pytest.mark.parametrize("scheme", ["dark"])
def test_presets_are_told_before_they_are_added_also_on_a_telephone_in_the_dark(
    browser: "playwright.Browser", address: str, scheme: str
) -> None:
    expect = playwright.expect
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/compare")
    settle(page)
    page.get_by_role("button", name="Work the presets out").click()
    page.get_by_role("radio", name="Base", exact=True).click(timeout=SLOW_MS)
    settle(page)
    expect(page.get_by_text("Base adds a scenario of")).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Add 'base' as a scenario").click()
    expect(page.get_by_role("cell", name="base", exact=True).first).to_be_attached(timeout=SLOW_MS)
    settle(page)
    page.wait_for_url("**scenario=base**")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    picture(page, "compare-on-a-telephone")
    context.close()
