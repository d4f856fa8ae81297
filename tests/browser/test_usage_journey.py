"""The page Usage in a real browser: a live pull. Mapping an unknown log is part of the walk of docs/app.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from analytics_stub import AnalyticsStub, use_of_day
from journeys import picture, playwright, served, settle
from test_usage_page import typed_plan


def pick_day(page: "playwright.Page", label: str, day: date) -> None:
    """A day, part by part, as the keyboard goes through a field of dates."""
    for part in ("year", "month", "day"):
        page.get_by_role("spinbutton", name=f"{part}, {label}").click()
        page.keyboard.type(f"{getattr(day, part):02d}")
    page.keyboard.press("Enter")
    settle(page)


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
