"""Journeys of the page Usage in a real browser: an unknown log mapped and a spike left out, and a live pull.

What the page says is tested by AppTest; here fields are chosen, files are dropped and dates typed as people do it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from analytics_stub import AnalyticsStub, use_of_day
from journeys import picture, playwright, served, settle
from test_usage_page import SECRET, typed_plan, unknown_csv


def choose(page: "playwright.Page", label: str, field: str) -> None:
    """A field in a list, found by typing its name."""
    box = page.get_by_role("combobox", name=re.compile(rf"\b{re.escape(label)}$"))
    box.click()
    box.fill(field)
    page.wait_for_timeout(500)
    box.press("Enter")
    settle(page)


def pick_day(page: "playwright.Page", label: str, day: date) -> None:
    """A day, part by part, as the keyboard goes through a field of dates."""
    for part in ("year", "month", "day"):
        page.get_by_role("spinbutton", name=f"{part}, {label}").click()
        page.keyboard.type(f"{getattr(day, part):02d}")
    page.keyboard.press("Enter")
    settle(page)


def conclusion(page: "playwright.Page") -> str:
    return page.get_by_text(re.compile(r"^A level month costs")).inner_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """A server on a plan that was typed in, with a key to pull use with, what answers it, and what it writes."""

    address: str
    stub: AnalyticsStub
    log: Path


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metered]:
    """One server for both journeys; the key is neither on a page nor in the log."""
    folder = tmp_path_factory.mktemp("metered")
    log = folder / "server.txt"
    with AnalyticsStub() as stub:
        env = {"ANTHROPIC_BASE_URL": stub.address, "ANTHROPIC_ADMIN_KEY": stub.key}
        with served(typed_plan(folder), log, env=env) as address:
            yield Metered(address=address, stub=stub, log=log)
    assert stub.key not in log.read_text(encoding="utf-8", errors="replace")


def test_an_unknown_log_is_mapped_and_its_spike_left_out(
    page: "playwright.Page", metered: Metered, tmp_path: Path
) -> None:
    expect = playwright.expect
    (tmp_path / "gateway.csv").write_bytes(unknown_csv())
    page.goto(f"{metered.address}/usage")
    settle(page)
    typed_in = conclusion(page)
    page.get_by_test_id("stMain").locator("input[type=file]").set_input_files(tmp_path / "gateway.csv")
    page.get_by_role("button", name="Measure these files").click()
    expect(page.get_by_role("heading", name="Say which field is which")).to_be_visible(timeout=60_000)
    settle(page)
    choose(page, "Input tokens", "toks_a")
    choose(page, "Output tokens", "toks_b")
    page.get_by_text("More columns").click()
    counted = page.get_by_text(re.compile("Of the first 488 rows: 76,552 requests"))
    for _ in range(3):  # a list that is not filtered yet takes no name
        choose(page, "Requests in the row", "how_many")
        if counted.count():
            break
    expect(counted).to_be_visible(timeout=60_000)
    picture(page, "9-mapping")
    assert SECRET not in page.content()

    page.get_by_role("button", name="Use this mapping").click()
    expect(page.get_by_text(re.compile("^Measured on"))).to_be_visible(timeout=60_000)
    settle(page)
    measured = conclusion(page)
    assert measured != typed_in
    page.get_by_role("tab", name="Baseline").click()
    expect(page.get_by_text(re.compile("Spike: summaries"))).to_be_visible(timeout=60_000)
    picture(page, "10-baseline")
    page.get_by_role("tabpanel").get_by_role("button", name="Accept").first.click()
    expect(page.get_by_text("Edited, not saved.")).to_be_visible(timeout=60_000)
    settle(page)
    assert conclusion(page) != measured
    picture(page, "11-cleaned")
    page.get_by_role("button", name="Undo these edits").click()
    expect(page.get_by_text("Edited, not saved.")).to_have_count(0, timeout=60_000)
    settle(page)
    assert conclusion(page) == measured


def test_a_pull_becomes_the_log(page: "playwright.Page", metered: Metered) -> None:
    page.goto(f"{metered.address}/usage")
    settle(page)
    page.get_by_role("radio", name="Pull from Anthropic").click()
    settle(page)
    pick_day(page, "First day (UTC)", date(2026, 9, 1))
    pick_day(page, "Last day (UTC)", date(2026, 9, 30))
    page.get_by_role("button", name="Pull usage and billed cost").click()
    playwright.expect(page.get_by_text(re.compile("^Measured on"))).to_be_visible(timeout=90_000)
    settle(page)
    days = [date(2026, 9, 1) + timedelta(days=number) for number in range(30)]
    requests = sum(use.counts["requests"] for day in days for use in use_of_day(day))
    assert page.get_by_text(re.compile(f"Measured on {requests:,} requests")).is_visible()
    page.get_by_role("tab", name="Bill").click()
    settle(page)
    playwright.expect(page.get_by_text(re.compile("the discount paid today is"))).to_be_visible(timeout=60_000)
    picture(page, "12-pulled")
    assert metered.stub.key not in page.content()
