"""Where a number comes from, asked by keyboard and by mouse, on a desk and on a telephone."""

import re

from journeys import opened, picture, playwright, settle

from planner.plan import Plan
from planner.provenance_of.offers import shortfall_risk

expect = playwright.expect


def popover(page: "playwright.Page", name: str, index: int = 0) -> "playwright.Locator":
    """The button that opens where a number comes from; a tooltip keeps a second one, hidden, for narrow screens."""
    button = page.get_by_test_id("stPopoverButton").filter(has_text=name).filter(visible=True)
    return button.nth(index)


def test_where_the_risk_comes_from_is_told_by_keyboard(desk: "playwright.Page", plan: Plan) -> None:
    page = desk
    opened(page, "Commit")
    button = popover(page, "Shortfall risk")
    expect(button).to_have_attribute("aria-haspopup", "dialog")
    button.focus()
    page.keyboard.press("Enter")
    told = page.get_by_role("dialog", name="Shortfall risk")
    found = shortfall_risk(plan, plan.recommendation)
    expect(told).to_contain_text("P(shortfall) = m / n", timeout=30_000)
    expect(told).to_contain_text(found.value)
    for item in (*found.inputs, *found.rests_on):
        row = (
            told.get_by_role("row").filter(has_text=item.name).filter(has_text=item.value).filter(has_text=item.source)
        )
        expect(row.first).to_be_attached()
    expect(told).to_contain_text(f"SHA-256 {plan.inputs.sha256[:12]}")
    expect(told).to_contain_text(f"seed {plan.inputs.seed}")
    picture(page, "provenance-of-a-figure")
    page.keyboard.press("Escape")
    expect(told).to_have_count(0)
    expect(button).to_be_focused()


def test_a_conclusion_and_a_table_tell_where_they_come_from_on_a_telephone(
    desk: "playwright.Page",
) -> None:
    page = desk
    opened(page, "Commit")
    page.set_viewport_size({"width": 390, "height": 844})
    settle(page)
    for index, said in enumerate(("cost of signing first = ", "overage = (1 - e) * max(0, L - q)")):
        button = popover(page, "Where these numbers come from", index)
        button.click()
        told = page.get_by_test_id("stPopoverBody")
        expect(told).to_contain_text(said, timeout=30_000)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0
        box = told.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        if index == 0:
            picture(page, "provenance-narrow")
        page.keyboard.press("Escape")
        expect(told).to_have_count(0)
    settle(page)


def test_other_pages_tell_as_well(desk: "playwright.Page") -> None:
    page = desk
    opened(page, "Run rate")
    popover(page, "route first").click()
    told = page.get_by_test_id("stPopoverBody")
    expect(told).to_contain_text(re.compile("Annual list spend of .route first."), timeout=30_000)
    page.keyboard.press("Escape")
    opened(page, "Levers")
    popover(page, "Where these numbers come from").click()
    expect(told).to_contain_text("step of lever i", timeout=30_000)
    picture(page, "provenance-of-levers")
