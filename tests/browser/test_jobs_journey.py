"""A log that takes a while, in a real browser: its progress, another page meanwhile, cancelled, and come by itself."""

import gzip
import re

from journeys import PICTURES, opened, picture, playwright, settle

from planner.plan import Plan

DAYS = 84
COPIES = 3_000
"""Of a log of 2,016 rows: so many take some seconds to read, and no time to write."""


def large_log() -> bytes:
    """A gzipped CSV: the same hours of use over and over."""
    head = "timestamp,request_type,model,uncached_input_tokens,output_tokens\n"
    rows = "".join(
        f"2026-{7 + day // 28:02d}-{1 + day % 28:02d}T{hour:02d}:00:00Z,{'chat' if day % 3 else 'search'},"
        f"claude-opus-5-5,{900 + hour},{60 + day}\n"
        for day in range(DAYS)
        for hour in range(24)
    )
    return gzip.compress(head.encode()) + gzip.compress(rows.encode()) * COPIES


def test_a_large_log_is_cancelled_and_comes_by_itself(page: "playwright.Page", address: str, plan: Plan) -> None:
    expect = playwright.expect
    page.goto(f"{address}/contract")
    settle(page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    sidebar = page.get_by_test_id("stSidebar")
    before = sidebar.get_by_text(re.compile(f"plan {plan.inputs.sha256[:8]}"))
    expect(before).to_be_visible()
    log = {"name": "large.csv.gz", "mimeType": "application/gzip", "buffer": large_log()}
    page.get_by_test_id("stFileUploaderDropzoneInput").first.set_input_files(log)
    bar = page.get_by_text(re.compile("^Working out uploads:"))
    expect(bar).to_be_visible(timeout=60_000)
    expect(before).to_be_visible()
    page.screenshot(path=PICTURES / "jobs-working.png")  # the window alone: the whole page takes its time

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Calibration").click()
    expect(page.get_by_role("heading", name="Calibration", exact=True, level=1)).to_be_visible(timeout=60_000)
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    cancel.click()
    expect(page.get_by_text("Uploads: cancelled. The plan on the screen is as it was.")).to_be_visible(timeout=20_000)
    settle(page)
    expect(bar).to_have_count(0)
    expect(before).to_be_visible()
    expect(sidebar.get_by_text("large.csv.gz")).to_be_visible()
    picture(page, "jobs-cancelled")

    page.get_by_role("button", name="Start again").click()
    expect(bar).to_be_visible(timeout=60_000)
    expect(bar).to_have_count(0, timeout=120_000)
    settle(page)
    expect(sidebar.get_by_text(re.compile("^Your upload"))).to_be_visible()
    expect(before).to_have_count(0)
    opened(page, "Usage")
    rows = DAYS * 24 * COPIES
    expect(page.get_by_text(re.compile(f"^Measured on {rows:,} requests"))).to_be_visible()
    picture(page, "jobs-arrived")
