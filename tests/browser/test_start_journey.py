"""Journeys from the page Start: typed by hand to a recommendation, a pull without a key, hostile names, no mouse."""

import re
from pathlib import Path

import tomlkit
from journeys import SMALL, opened, picture, playwright, settle

from planner.plan import Plan
from planner.report import headline
from planner.ui.path import PATH

HOSTILE = "<b>\u05e9\u05dc\u05d5\u05dd</b> \U0001f9fe **[x](http://a.b)** $y$ `z` | "
SHOWING_NAMES = ("Start", "Usage", "Levers", "Run rate", "Contract", "Compare", "Negotiate")
OVERFLOWS = "document.documentElement.scrollWidth - window.innerWidth"
UNHELD = """() => [...document.querySelectorAll('[data-testid=stMain] *')].filter(element => {
    const box = element.getBoundingClientRect();
    if (!box.width || box.right <= window.innerWidth + 1) return false;
    for (let above = element.parentElement; above.dataset.testid !== 'stMain'; above = above.parentElement)
        if (getComputedStyle(above).overflowX !== 'visible') return false;
    return true;
}).map(element => element.textContent.slice(0, 60))"""
"""Elements that reach beyond the window and that nothing scrolls or cuts."""


def fill(page: "playwright.Page", *cells: str) -> None:
    """Cells from the picked one on, to the right."""
    for cell in cells:
        page.keyboard.press("Enter")
        page.locator(".gdg-input").fill(cell)
        page.keyboard.press("Tab")
        playwright.expect(page.locator(".gdg-input")).to_have_count(0)


def pick_first_cell(page: "playwright.Page") -> None:
    """Click until a key opens the cell: a table that was just drawn takes no click yet."""
    grid = page.get_by_test_id("stMain").get_by_test_id("stDataFrame")
    grid.scroll_into_view_if_needed()
    for _ in range(10):
        grid.click(position={"x": 60, "y": 35 + 17})
        page.keyboard.press("Enter")
        try:
            page.locator(".gdg-input").wait_for(timeout=3_000)
        except playwright.TimeoutError:
            continue
        page.keyboard.press("Escape")
        playwright.expect(page.locator(".gdg-input")).to_have_count(0)
        return


def pick_model(page: "playwright.Page", model: str) -> None:
    """A model of the list of the picked cell; the cell to its right is picked then."""
    page.keyboard.press("Enter")
    page.locator("#portal").get_by_text(model, exact=True).first.wait_for()
    page.keyboard.type(model)
    page.keyboard.press("Enter")
    page.locator("#portal").get_by_text(model, exact=True).first.wait_for(state="hidden")
    page.keyboard.press("ArrowUp")  # a list that is left by Enter goes down a row
    page.keyboard.press("ArrowRight")


def test_a_mix_typed_by_hand_leads_to_a_recommendation(page: "playwright.Page", address: str) -> None:
    expect = playwright.expect
    page.goto(f"{address}/start")
    settle(page)
    page.get_by_role("button", name="Type it in").click()
    settle(page)
    page.get_by_role("button", name="Price it").click()
    expect(page.get_by_text("Nothing is typed yet: fill in one row")).to_be_visible(timeout=60_000)
    pick_first_cell(page)
    fill(page, "support")
    pick_model(page, "claude-opus-5-5")
    fill(page, "1200000", "900", "0")
    expect(page.get_by_text("Row 1: Output tokens is empty")).to_be_visible(timeout=60_000)
    picture(page, "start-typed-refused")
    opened(page, "Commit")
    opened(page, "Start")
    expect(page.get_by_text("Row 1: Output tokens is empty")).to_be_visible(timeout=60_000)
    pick_first_cell(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    fill(page, "60")
    expect(page.get_by_text("Row 1: Output tokens is empty")).to_have_count(0, timeout=60_000)
    settle(page)
    page.get_by_role("button", name="Price it").click()
    expect(page.get_by_text("the contract is a placeholder, not yours")).to_be_visible(timeout=60_000)
    settle(page)
    picture(page, "start-typed")
    page.get_by_role("link", name="See how sure that is").click()
    expect(page.get_by_role("heading", name="Commit", exact=True, level=1)).to_be_visible(timeout=60_000)
    settle(page)
    expect(page.get_by_test_id("stMain").get_by_text(re.compile("^Sign no commitment"))).to_be_visible(timeout=60_000)
    assert page.get_by_test_id("stException").count() == 0


def test_a_pull_without_a_key_says_what_to_set_and_where(page: "playwright.Page", address: str) -> None:
    expect = playwright.expect
    page.goto(address)
    settle(page)
    page.get_by_role("button", name="Bring a log").click()
    settle(page)
    page.get_by_test_id("stMain").get_by_text("Pull from Anthropic", exact=True).click()
    expect(page.get_by_text("Set ANTHROPIC_ADMIN_KEY there")).to_be_visible(timeout=60_000)
    settle(page)
    picture(page, "start-pull-without-key")
    assert page.get_by_role("button", name="Pull usage and billed cost").count() == 0


def hostile_plan(folder: Path) -> Path:
    """The small plan with the longest names that a plan may have, of everything that Markdown and browsers read."""
    long = (HOSTILE + "unbroken" * 40)[:199]
    renamed = {"triage": f"t{long}", "answer": f"a{long}", "as is": f"i{long}", "route first": f"r{long}"}

    def walk(value: object) -> object:
        if isinstance(value, dict):
            return {key: walk(part) for key, part in value.items()}
        if isinstance(value, list):
            return [walk(part) for part in value]
        return renamed.get(value, value) if isinstance(value, str) else value

    document = walk(tomlkit.parse(SMALL.read_text(encoding="utf-8")).unwrap())
    assert isinstance(document, dict)
    document["plan"] |= {"name": f"p{long}", "paths": 500}
    document["offer"] = [{"name": f"o{long}", "commit_usd_per_year": 100_000, "discount_fraction": 0.05}]
    document["assumption"] = [{"key": "contract", "source": f"s{long}", "owner": f"w{long}"}]
    path = folder / "hostile.toml"
    path.write_text(tomlkit.dumps(document), encoding="utf-8")
    return path


def hostile_log(folder: Path) -> Path:
    """Three months of two request types whose names have 40,000 characters."""
    name = HOSTILE + "w" * 40_000
    lines = ["timestamp,request_type,model,requests,uncached_input_tokens,output_tokens"]
    for month, day, letter in ((m, d, x) for m in (6, 7, 8) for d in range(1, 29) for x in "xy"):
        lines.append(f'2026-{month:02d}-{day:02d}T08:00:00Z,"{letter}{name}",claude-opus-5-5,9000,8100000,540000')
    path = folder / "hostile.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_very_long_and_hostile_names_break_no_page_of_a_telephone(
    page: "playwright.Page", address: str, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    settle(page)
    page.get_by_role("button", name="Bring a log").click()
    settle(page)
    page.get_by_test_id("stMain").locator("input[type=file]").set_input_files(
        [hostile_plan(tmp_path), hostile_log(tmp_path)]
    )
    page.get_by_role("button", name="Measure these files").click()
    measured = page.get_by_test_id("stMain").get_by_text(re.compile("whole months? measured, 2 request types"))
    playwright.expect(measured).to_be_visible(timeout=60_000)
    for at, step in enumerate(PATH):
        if step.title not in SHOWING_NAMES:
            continue
        # the sidebar is folded away on a telephone; its links are there
        page.get_by_test_id("stSidebarNavLink").nth(at).evaluate("link => link.click()")
        heading = page.get_by_role("heading", name=step.title, exact=True, level=1)
        playwright.expect(heading).to_be_visible(timeout=60_000)
        settle(page)
        assert page.get_by_test_id("stException").count() == 0, step.title
        assert page.evaluate(OVERFLOWS) <= 0, step.title
        assert page.evaluate(UNHELD) == [], step.title
        assert page.get_by_test_id("stMain").locator("b", has_text="\u05e9\u05dc\u05d5\u05dd").count() == 0, "no HTML"
        assert page.locator("a[href^='http://a.b']").count() == 0, "no link that others wrote"
        if step.title in ("Start", "Usage", "Compare"):
            picture(page, f"start-long-names-{step.url}")


def test_from_start_to_commit_by_keyboard_alone(desk: "playwright.Page", plan: Plan) -> None:
    page = desk
    opened(page, "Start")
    assert tabbed_to(page, "Contract"), "its line at a glance"
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("heading", name="Contract", exact=True, level=1)).to_be_visible(timeout=60_000)
    settle(page)
    assert tabbed_to(page, onward_from("Contract")), "the way on"
    page.keyboard.press("Enter")
    playwright.expect(page.get_by_role("heading", name="Commit", exact=True, level=1)).to_be_visible(timeout=60_000)
    settle(page)
    playwright.expect(page.get_by_test_id("stMain").get_by_text(headline(plan)[0])).to_be_visible(timeout=60_000)
    picture(page, "start-keyboard-commit")


def onward_from(title: str) -> str:
    return next(step.onward for step in PATH if step.title == title)


def tabbed_to(page: "playwright.Page", text: str) -> bool:
    """Press Tab until a link of the main part with this text has the focus; whether it came to it."""
    focused = """text => {
        const at = document.activeElement;
        return at.tagName === 'A' && at.textContent.includes(text) && at.closest('[data-testid=stMain]') !== null;
    }"""
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate(focused, text):
            return True
    return False
