"""Looks, measured: every page wide on the light ground and narrow on the dark one, held to one list of rules.

Two windows walk through all pages. On each page everything that is folded is opened, and the window is taller than any
page, since what is outside of it is not checked for contrast; what `seen` finds must be nothing but what is listed
here, with the reason. Contrast does not depend on the width, nor the layout on the ground: two of four cases do. The
windows keep their size, or every chart would be drawn again.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from journeys import PICTURES, playwright, settle
from seen import axe, charts_alone, clipped, pale, passed_by, raw, spilled_pixels, unreachable, wider_tables, words

from planner.ui.path import PATH

WIDE, NARROW = 1280, 390
TALLEST = 12_000
UNFOLD = """() => {
  const folded = [...document.querySelectorAll('main details:not([open]) > summary')];
  folded.forEach(e => e.click());
  return folded.length;
}"""

AXE_ALLOWED = {
    # Streamlit's own navigation puts the pages of a part into a <div> inside its <ul>; its landmark and its links are
    # named and are reached in order.
    "list (serious)": "stSidebarNavItems",
    "listitem (serious)": "<li",
    # Browsers make what scrolls, and holds nothing to focus, a stop of the Tab key themselves: held by
    # test_the_tab_key_reaches_every_control_and_every_table_that_scrolls.
    "scrollable-region-focusable (serious)": "<div",
    # Streamlit calls every table that scrolls downwards the same; the table inside has its title.
    "landmark-unique (moderate)": "Scrollable table",
}
CLIPPED_ALLOWED = re.compile(r"200MB per file • ")
"""Streamlit's line under an upload button; the whole list of formats is in the help beside the button."""
RAW_ALLOWED = re.compile(r"seed \d+|JSON lines with request_type")
"""The seed is a number to type again; the key is what a file of one's own has to have."""
UNREACHED_ALLOWED = re.compile(r"BUTTON (Increment|Decrement|Open)|INPUT date")
"""Parts of a field that Tab stops at as a whole: its arrow keys count up and down, and open its list."""


@contextmanager
def window(browser: "playwright.Browser", address: str, theme: str, width: int) -> Iterator["playwright.Page"]:
    """A window on the small plan, for a user who prefers a ground."""
    context = browser.new_context(viewport={"width": width, "height": TALLEST}, color_scheme=theme)
    page = context.new_page()
    page.goto(address)
    settle(page)
    yield page
    context.close()


@pytest.fixture(scope="module")
def light(browser: "playwright.Browser", address: str) -> Iterator["playwright.Page"]:
    with window(browser, address, "light", WIDE) as page:
        yield page


@pytest.fixture(scope="module")
def dark(browser: "playwright.Browser", address: str) -> Iterator["playwright.Page"]:
    with window(browser, address, "dark", NARROW) as page:
        yield page


def look(page: "playwright.Page", title: str) -> None:
    """A page of the app with everything unfolded. On a telephone the navigation is folded away, and is left so."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).evaluate("link => link.click()")
    playwright.expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=60_000)
    settle(page)
    if page.evaluate(UNFOLD):
        settle(page)


def taken(page: "playwright.Page", name: str) -> None:
    """A picture of the page, without the empty part of the window under it."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    ends = page.get_by_test_id("stMainBlockContainer").evaluate("element => element.getBoundingClientRect().bottom")
    assert ends < TALLEST, "the window has to be taller than the page"
    page.screenshot(
        path=PICTURES / f"{name}.png", clip={"x": 0, "y": 0, "width": page.viewport_size["width"], "height": ends}
    )


def layout(page: "playwright.Page") -> list[str]:
    """What axe finds that is not allowed, and what does not fit its place."""
    found = [
        f"{rule}: {where}"
        for rule, places in axe(page).items()
        for where in places
        if AXE_ALLOWED.get(rule, "\0") not in where
    ]
    found += [f"clipped: {text}" for text in clipped(page) if not CLIPPED_ALLOWED.match(text)]
    found += [f"pale: {text}" for text in pale(page)]
    return found + [f"wider than the window by {over} pixels" for over in [spilled_pixels(page)] if over > 0]


def unfit(page: "playwright.Page") -> list[str]:
    """What is asked of a wide window only."""
    return [
        *(f"a table to scroll sideways: {name}" for name in wider_tables(page)),
        *(f"raw: {text}" for text in raw(words(page)) if not RAW_ALLOWED.search(text)),
        *(f"not reached by Tab: {name}" for name in unreachable(page) if not UNREACHED_ALLOWED.match(name)),
        *(f"no table beside: {chart}" for chart in charts_alone(page)),
    ]


PAGES = pytest.mark.parametrize(("title", "url"), [(step.title, step.url) for step in PATH])


@PAGES
def test_a_page_looks_right_wide_on_a_light_ground(light: "playwright.Page", title: str, url: str) -> None:
    look(light, title)
    taken(light, f"looks-{url}-light")
    found = [*layout(light), *unfit(light)]
    assert not found, "\n".join(["", *found])


@PAGES
def test_a_page_looks_right_narrow_on_a_dark_ground(dark: "playwright.Page", title: str, url: str) -> None:
    look(dark, title)
    taken(dark, f"looks-{url}-narrow-dark")
    found = layout(dark)
    assert not found, "\n".join(["", *found])


def test_the_tab_key_reaches_every_control_and_every_table_that_scrolls(dark: "playwright.Page") -> None:
    look(dark, "Evidence")
    assert wider_tables(dark), "on a telephone a table scrolls"
    assert not passed_by(dark)
