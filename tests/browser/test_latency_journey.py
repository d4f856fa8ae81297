"""The benchmark of how soon a page answers measures what it says it does; no clock is held to anything."""

from importlib import import_module

import pytest
from journeys import ROOT, playwright

LABEL = "Commitment, USD a year"


def test_a_press_is_timed_to_the_last_change_of_the_page(
    address: str, browser: "playwright.Browser", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    latency = import_module("latency")

    monkeypatch.setattr(latency, "QUIET_MS", 400)
    one = latency.Field(what="Commit", address=f"{address}/commit", label=LABEL, values=["0", "1000", "2000"])
    one.open(browser)
    drawn = one.page.get_by_test_id("stVegaLiteChart").first.locator("svg")
    before = drawn.text_content()
    one.press(1, counted=True)
    assert drawn.text_content() != before
    one.press(2, counted=False)
    (first_ms,), (last_ms,) = one.first_ms, one.last_ms
    assert 0 < first_ms <= last_ms
    one.page.close()
