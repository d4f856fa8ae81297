"""The walk of docs/app.md in a real browser, from the page Start to the workbook of one's own log.

`python tests/browser/walkthrough.py` takes the pictures of the document anew; the journey over the same steps holds
each page to what the document says of it.
"""

import csv
import io
import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from journeys import ROOT, opened, playwright, served, settle
from PIL import Image

from planner.bundled import data_path
from planner.plan_file.usage_keys import with_log, without_example

TODAY: Final = "2026-11-24"
LOG: Final = "gateway.csv"
PICTURES: Final = ROOT / "docs" / "pictures"
SLOW_MS: Final = 60_000
_TALL: Final = 640
_KINDS: Final = (
    # task, model, requests a weekday at first, growth a month, tokens in and out a request
    ("chat", "claude-opus-5-5", 150_000, 0.03, 2_600, 420),
    ("tagging", "claude-opus-5-5", 450_000, 0.01, 700, 40),
    ("reports", "claude-sonnet-5-5", 16_000, 0.02, 14_000, 1_100),
)
_FIRST: Final = date(2026, 5, 1)
_DAYS: Final = 184


def own_log() -> bytes:
    """Six months of a gateway's daily sums, synthetic: columns of no known format, three kinds of work, two models."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["at", "task", "llm", "n", "toks_a", "toks_b"])
    for number in range(_DAYS):
        day = _FIRST + timedelta(days=number)
        week = 0.45 if day.weekday() > 4 else 1.0
        for at, (task, model, requests, growth, read, written) in enumerate(_KINDS):
            swing = 1.0 + 0.06 * math.sin(number * (1.7 + at)) + 0.04 * math.cos(number * 0.9 + at)
            calls = round(requests * week * swing * (1.0 + growth) ** (number / 30.4))
            writer.writerow([f"{day}T12:00:00Z", task, model, calls, calls * read, calls * written])
    return text.getvalue().encode()


def opening_plan(folder: Path) -> Path:
    """What is left of the bundled example where another log takes its place, before there is one: a mix of one line, on
    fewer paths."""
    text = data_path("plans", "example.toml").read_text(encoding="utf-8").replace("paths = 100_000", "paths = 4_000")
    text = without_example(with_log(text, [LOG], {}, keep_names=False), [LOG])
    mix = (
        '[[mix]]\nrequest_type = "chat"\nmodel = "claude-opus-5-5"\nmonthly_requests = 500_000\n'
        "uncached_input_tokens = 2_000\noutput_tokens = 400\nlong_prompt_fraction = 0.0\n"
    )
    plan = folder / "plan.toml"
    plan.write_text(re.sub(r"\[usage\].*?(?=\[prices\])", mix + "\n", text, flags=re.DOTALL), encoding="utf-8")
    return plan


def appears(locator: "playwright.Locator") -> None:
    playwright.expect(locator.first).to_be_visible(timeout=SLOW_MS)


def chosen(page: "playwright.Page", label: str, field: str) -> None:
    """A field in a list, found by typing its name; a list that is still unfolding loses what was typed into it."""
    box = page.get_by_role("combobox", name=re.compile(rf"\b{re.escape(label)}$"))
    option = page.get_by_role("option", name=field, exact=True)
    for _ in range(5):
        box.scroll_into_view_if_needed()
        box.click()
        box.fill(field)
        page.wait_for_timeout(500)
        if option.count():
            break
        page.keyboard.press("Escape")
    option.click(timeout=SLOW_MS)
    settle(page)


def start(page: "playwright.Page", folder: Path) -> None:
    """Open the door for an own log, and hand it in."""
    page.get_by_role("button", name="Bring a log").click(timeout=SLOW_MS)
    page.get_by_test_id("stMain").locator("input[type=file]").set_input_files(folder / LOG)
    appears(page.get_by_role("button", name="Measure these files"))
    settle(page)


def mapping(page: "playwright.Page", folder: Path) -> None:
    """Say which field is which."""
    page.get_by_role("button", name="Measure these files").click()
    page.get_by_role("link", name="Say which field is which").click(timeout=SLOW_MS)
    appears(page.get_by_role("heading", name="Say which field is which"))
    settle(page)
    chosen(page, "Input tokens", "toks_a")
    chosen(page, "Output tokens", "toks_b")
    page.get_by_text("More columns").click()
    chosen(page, "Requests in the row", "n")
    page.get_by_text("More columns").click()
    appears(page.get_by_text(re.compile("^Of the first 552 rows: [0-9,]+ requests")))


def usage(page: "playwright.Page", folder: Path) -> None:
    """Measure the log by that mapping."""
    page.get_by_role("button", name="Use this mapping").click()
    appears(page.get_by_text(re.compile("^Measured on")))
    settle(page)


def calibration(page: "playwright.Page", folder: Path) -> None:
    """Look at the growth."""
    opened(page, "Calibration")


def levers(page: "playwright.Page", folder: Path) -> None:
    """Take a preset, decide on it, and change one share of it."""
    opened(page, "Levers")
    page.get_by_role("button", name="Look for opportunities").click()
    page.get_by_text("Preset 'base'").click(timeout=SLOW_MS)
    page.get_by_role("button", name="Add 'base' as a scenario").click()
    page.get_by_role("button", name="Decide on it").click(timeout=SLOW_MS)
    playwright.expect(page.get_by_role("button", name="Decide on it")).to_have_count(0, timeout=SLOW_MS)
    settle(page)
    grid = page.get_by_test_id("stDataFrame").first
    grid.scroll_into_view_if_needed()
    box = grid.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 114 + 122 + 40, box["y"] + 35 + 17)  # the first type's share; drawn on a canvas
    cell = page.locator("textarea.gdg-input, input.gdg-input").first
    cell.fill("60 to 85")
    page.keyboard.press("Enter")
    appears(page.get_by_text("Typed, and not applied yet."))
    page.get_by_role("button", name="Apply").click()
    appears(page.get_by_text("Nothing was typed that is not in the plan."))
    settle(page)


def evidence(page: "playwright.Page", folder: Path) -> None:
    """Look at what has not been shown yet."""
    opened(page, "Evidence")


def run_rate(page: "playwright.Page", folder: Path) -> None:
    """Look at the bill over the term."""
    opened(page, "Run rate")


def contract(page: "playwright.Page", folder: Path) -> None:
    """Put in a term that was offered, and say whose terms these are."""
    opened(page, "Contract")
    field = page.get_by_label("Spend that draws it down, %")
    field.fill("95")
    field.press("Tab")
    settle(page)
    page.get_by_role("button", name="Apply").click()
    appears(page.get_by_text("What your edits change"))
    settle(page)


def commit(page: "playwright.Page", folder: Path) -> None:
    """Try another commitment than the one recommended."""
    opened(page, "Commit")
    appears(page.get_by_text("◀ drag ▶"))
    field = page.get_by_label("Commitment, USD a year")
    field.fill("1300000")
    field.press("Enter")
    appears(page.get_by_test_id("stVegaLiteChart").get_by_text("$1,300,000"))
    settle(page)


def compare(page: "playwright.Page", folder: Path) -> None:
    """Look at the scenarios side by side."""
    opened(page, "Compare")


def negotiate(page: "playwright.Page", folder: Path) -> None:
    """Look at what to ask for, and where to walk away."""
    opened(page, "Negotiate")


def track(page: "playwright.Page", folder: Path) -> None:
    """See where the signed commitment would go."""
    opened(page, "Track")


def workbook(page: "playwright.Page", folder: Path) -> None:
    """Take the workbook away, and the plan file, which saves the plan."""
    side = page.get_by_test_id("stSidebar")
    for name in ("Workbook (Excel)", "Plan file (TOML)"):
        with page.expect_download(timeout=3 * SLOW_MS) as waiting:
            side.get_by_role("button", name=name).click()
        waiting.value.save_as(folder / waiting.value.suggested_filename)
    appears(page.get_by_text("Saved: you have this plan as a file."))
    settle(page)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of the walk. file: its picture; shows: a pattern of what its page says then. The picture reaches from the
    heading `top`, else the page's name, to what `until` matches if given; `side`: that part of the sidebar instead."""

    file: str
    walk: Callable[["playwright.Page", Path], None]
    shows: str
    top: str = ""
    until: str = "^Table:"
    side: bool = False


STEPS: Final = (
    Step(
        file="start",
        walk=start,
        shows=r"Upload a usage log or a plan file",
        top="Three doors to another plan",
        until="^Where this plan stands$",
    ),
    Step(
        file="mapping",
        walk=mapping,
        shows=r"gateway\.csv: of no format that is known by itself\. Choose the field for each column",
        top="Say which field is which",
        until="^A level month costs",
    ),
    Step(
        file="usage",
        walk=usage,
        shows=r"A level month costs \$150k at list: chat, tagging on claude-opus-5-5 are 88% of it",
        until="^Where the log is from$",
    ),
    Step(file="calibration", walk=calibration, shows=r"Growth of 36% a year, between \d+% and \d+% four times in five"),
    Step(
        file="levers",
        walk=levers,
        shows=r"The levers of 'base' take \$[\d,]+ ± [\d,]+ \([\d.]+%\) off the list spend",
        until="^Before and after$",
    ),
    Step(
        file="evidence",
        walk=evidence,
        shows=r"Of the 2 routes of 'base', which the plan decides on, none rests on evidence that passes",
        until="",
    ),
    Step(file="run-rate", walk=run_rate, shows=r"By the last month 'base' runs [\d.]+% below 'as is'"),
    Step(
        file="contract",
        walk=contract,
        shows=r"These terms are placeholders, nobody's offer",
        until="^The terms in words$",
    ),
    Step(file="commit", walk=commit, shows=r"Sign \$1,0\d\d,000 a year at 15\.0% discount"),
    Step(file="compare", walk=compare, shows=r"'base' costs least at list", until="^What differs between two$"),
    Step(file="negotiate", walk=negotiate, shows=r"Open by asking for the committed discount", until=""),
    Step(
        file="track",
        walk=track,
        shows=r"Nothing is signed yet, so there is nothing to hold months against",
        until="^From a terminal",
    ),
    Step(file="workbook", walk=workbook, shows=r"Saved: you have this plan as a file", top="gateway", side=True),
)
"""In the order of docs/app.md; each begins on the page where the one before ended."""


def picture_of(page: "playwright.Page", step: Step, path: Path) -> None:
    """The part of the page that a step is about, without the sidebar or of it alone."""
    size = page.viewport_size
    assert size is not None
    page.mouse.move(0, 0)
    page.set_viewport_size({"width": 1280, "height": 3000})
    page.wait_for_timeout(500)
    page.get_by_test_id("stMain").evaluate("element => element.scrollTo(0, 0)")
    part = page.get_by_test_id("stSidebar" if step.side else "stMain")
    name = page.get_by_role("heading", level=1) if not step.top else part.get_by_text(step.top, exact=True)
    around, first = part.bounding_box(), name.first.bounding_box()
    assert around is not None
    assert first is not None
    above, below = first["y"] - 14, first["y"] + _TALL
    if step.side or step.until:
        button, words = part.get_by_role("button", name="Results (JSON)"), part.get_by_text(re.compile(step.until))
        last = (button if step.side else words).first.bounding_box()
        assert last is not None
        below = last["y"] + (60 if step.side else -24)
    clip = {"x": around["x"] + 2, "y": above, "width": around["width"] - 4, "height": below - above}
    page.screenshot(path=path, clip=clip)  # type: ignore[arg-type]
    page.set_viewport_size(size)


@contextmanager
def walked(browser: "playwright.Browser") -> Iterator[tuple["playwright.Page", Path]]:
    """A page of a server of its own on the opening plan, and the folder with the log, where downloads go as well."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / LOG).write_bytes(own_log())
        with served(opening_plan(folder), folder / "server.txt", env={"PLANNER_TODAY": TODAY}) as address:
            page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
            page.set_default_timeout(SLOW_MS)
            page.goto(address)
            settle(page)
            yield page, folder
            page.close()


def _squeezed(path: Path) -> None:
    """The same picture in a palette of 128 colours."""
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def _launched(driver: "playwright.Playwright") -> "playwright.Browser":
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
    return driver.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)


def main() -> None:
    """Take every picture of the document anew."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with playwright.sync_playwright() as driver, _launched(driver) as browser, walked(browser) as (page, folder):
        for step in STEPS:
            began = time.monotonic()
            step.walk(page, folder)
            took = time.monotonic() - began
            if step.side:  # the document says in words what can be taken away
                continue
            path = PICTURES / f"{step.file}.png"
            picture_of(page, step, path)
            _squeezed(path)
            print(f"{step.file}: {path.stat().st_size:,} bytes, {took:.1f} s", flush=True)


if __name__ == "__main__":
    main()
