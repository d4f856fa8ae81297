"""What was done to a plan in a real browser: undone and done again, kept over a reload, and nobody else's."""

import re
from pathlib import Path

from journeys import SMALL, opened, picture, playwright, settle

from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.report import headline

SLOW_MS = 60_000
EDITED = "Edited, not saved."
OFFER = "Unsaved edits of 'Support assistant, small'"
ELIGIBLE = "Spend that draws it down, %"


def shows(page: "playwright.Page", text: str, *, count: int | None = None) -> None:
    """Wait for a text on the page; count: or for so many of it."""
    found = page.get_by_text(text)
    if count is None:
        playwright.expect(found.first).to_be_visible(timeout=SLOW_MS)
    else:
        playwright.expect(found).to_have_count(count, timeout=SLOW_MS)
    settle(page)


def on(page: "playwright.Page", url: str) -> None:
    page.goto(url)
    settle(page)


def apply_terms(page: "playwright.Page", percent: str) -> None:
    """Another share of spend that draws the commitment down, on the page Contract."""
    field = page.get_by_label(ELIGIBLE)
    field.fill(percent)
    field.press("Tab")
    page.get_by_test_id("stMain").get_by_role("button", name="Apply").click()
    shows(page, EDITED)


def of_terms(plan: Plan, percent: int) -> str:
    """The conclusion with other terms, from the library alone."""
    text = plan.inputs.text.replace("term_months = 12\n", f"term_months = 12\neligible_fraction = {percent / 100}\n")
    assert "eligible_fraction" in text
    return headline(build_plan(parse_plan(text, base_dir=SMALL.parent)))[0]


def test_three_kinds_of_change_are_undone_and_done_again(page: "playwright.Page", address: str, plan: Plan) -> None:
    expect = playwright.expect
    first, with_terms = headline(plan)[0], of_terms(plan, 80)
    on(page, f"{address}/contract")
    shows(page, first)
    apply_terms(page, "80")
    shows(page, with_terms)
    opened(page, "Negotiate")
    page.get_by_label("Name", exact=True).fill("Account team")
    page.get_by_label("Commitment, USD a year", exact=True).fill("100000")
    page.get_by_label("Commitment, USD a year", exact=True).press("Tab")
    settle(page)
    page.get_by_role("button", name="Add this quote").click()
    shows(page, "Changed last: quotes.")
    other = SMALL.read_text(encoding="utf-8").replace(", small", ", another")
    file = {"name": "other.toml", "mimeType": "application/toml", "buffer": other.encode()}
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(file)
    shows(page, "Support assistant, another")
    opened(page, "Contract")
    bar = page.get_by_test_id("stMain")
    undo = bar.get_by_role("button", name="Undo Shortcut Ctrl + Z", exact=True)
    redo = bar.get_by_role("button", name="Redo Shortcut Ctrl + Shift + Z", exact=True)
    undo.click()
    shows(page, "Support assistant, another", count=0)
    shows(page, with_terms)
    expect(undo).to_be_enabled()
    page.get_by_role("heading", name="Contract", exact=True, level=1).click()
    page.keyboard.press("Control+z")  # the quote
    expect(page.get_by_text("Changed last: contract terms.")).to_be_visible(timeout=SLOW_MS)
    settle(page)
    field = page.get_by_label(ELIGIBLE)
    field.click()
    page.keyboard.type("5")
    page.keyboard.press("Control+z")
    expect(field).to_have_value("80")
    shows(page, with_terms)  # a field has its own undo
    page.get_by_role("heading", name="Contract", exact=True, level=1).click()
    page.keyboard.press("Control+z")
    shows(page, first)
    expect(page.get_by_label(ELIGIBLE)).to_have_value("100")
    expect(undo).to_be_disabled()
    picture(page, "state-undone")
    page.keyboard.press("Control+Shift+z")
    shows(page, with_terms)
    expect(page.get_by_label(ELIGIBLE)).to_have_value("80")
    redo.click()
    expect(page.get_by_text("Changed last: quotes.")).to_be_visible(timeout=SLOW_MS)
    settle(page)
    assert page.get_by_test_id("stException").count() == 0
    page.set_viewport_size({"width": 390, "height": 844})
    for button in bar.get_by_role("button", name=re.compile("Undo|Redo|Plan file")).all():
        box = button.bounding_box()
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 390, "nothing of the bar is cut on a telephone"
    picture(page, "state-redone-narrow")


def test_a_reload_offers_what_was_not_saved_and_a_second_tab_does_not(
    page: "playwright.Page", address: str, plan: Plan, tmp_path: Path
) -> None:
    expect = playwright.expect
    with_terms = of_terms(plan, 80)
    on(page, f"{address}/contract")
    apply_terms(page, "80")
    shows(page, with_terms)
    tab = page.context.new_page()
    on(tab, f"{address}/contract")
    apply_terms(tab, "70")
    shows(tab, of_terms(plan, 70))
    expect(tab.get_by_text(OFFER)).to_have_count(0)  # the other tab is open, and answers for its own
    page.reload()
    shows(page, OFFER)
    expect(page.get_by_text(OFFER)).to_have_count(1)
    shows(page, headline(plan)[0])
    picture(page, "state-draft-offered")
    page.get_by_role("button", name="Take them back").click()
    shows(page, with_terms)
    expect(page.get_by_label(ELIGIBLE)).to_have_value("80")
    expect(page.get_by_text(OFFER)).to_have_count(0)
    shows(tab, of_terms(plan, 70))
    tab.close()
    with page.expect_download() as waiting:
        page.get_by_test_id("stMain").get_by_role("button", name=re.compile("Plan file")).click()
    shows(page, "Saved: you have this plan as a file.")
    picture(page, "state-saved")
    waiting.value.save_as(tmp_path / "mine.toml")
    page.reload()
    shows(page, OFFER)  # of the tab that was closed; what was saved is not among it
    expect(page.get_by_text(OFFER)).to_have_count(1)
    page.get_by_role("button", name="Drop them").click()
    shows(page, OFFER, count=0)
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(tmp_path / "mine.toml")
    shows(page, with_terms)
    expect(page.get_by_text("Unsaved changes")).to_have_count(0)
    page.reload()
    shows(page, headline(plan)[0])
    expect(page.get_by_text(OFFER)).to_have_count(0)
    assert page.get_by_test_id("stException").count() == 0


def test_two_users_at_once_never_see_each_others_plan(
    browser: "playwright.Browser", page: "playwright.Page", address: str, plan: Plan
) -> None:
    expect = playwright.expect
    other = browser.new_context(viewport={"width": 1280, "height": 900})
    hers, his = page, other.new_page()
    names = {hers: "Hers alone", his: "His alone"}
    for each, name in names.items():
        on(each, f"{address}/contract")
        text = SMALL.read_text(encoding="utf-8").replace("Support assistant, small", name)
        file = {"name": "plan.toml", "mimeType": "application/toml", "buffer": text.encode()}
        each.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(file)
        shows(each, name)
    apply_terms(hers, "80")
    apply_terms(his, "70")
    shows(hers, of_terms(plan, 80))
    shows(his, of_terms(plan, 70))
    for each, name in names.items():
        shows(each, name)
        others = next(other for other in names.values() if other != name)
        expect(each.get_by_text(others)).to_have_count(0)
    his.reload()
    shows(his, "Unsaved edits of 'His alone'")
    expect(his.get_by_text("Hers alone")).to_have_count(0)
    stored = his.evaluate("JSON.stringify({...localStorage})")
    assert "His alone" in stored
    assert "Hers alone" not in stored
    other.close()


def test_back_and_forward_keep_what_was_typed_and_a_newer_plan_is_refused(
    page: "playwright.Page", address: str, plan: Plan
) -> None:
    expect = playwright.expect
    on(page, f"{address}/contract")
    page.get_by_label(ELIGIBLE).fill("66")
    page.get_by_label(ELIGIBLE).press("Tab")
    opened(page, "Commit")
    page.get_by_role("spinbutton").first.fill("77000")
    page.get_by_role("spinbutton").first.press("Enter")
    settle(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Contract", exact=True, level=1)).to_be_visible(timeout=SLOW_MS)
    settle(page)
    expect(page.get_by_label(ELIGIBLE)).to_have_value("66")
    page.go_forward()
    expect(page.get_by_role("heading", name="Commit", exact=True, level=1)).to_be_visible(timeout=SLOW_MS)
    settle(page)
    expect(page.get_by_role("spinbutton").first).to_have_value(re.compile(r"^77,?000(\.00)?$"))
    newer = SMALL.read_text(encoding="utf-8").replace("format = 1", "format = 2").replace(", small", ", newer")
    file = {"name": "newer.toml", "mimeType": "application/toml", "buffer": newer.encode()}
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(file)
    shows(page, "format = 2: this version of the planner reads format 1")
    shows(page, headline(plan)[0])
    expect(page.get_by_text("Support assistant, newer")).to_have_count(0)
    picture(page, "state-newer-version")
