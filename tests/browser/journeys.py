"""What every journey needs: a real server on a plan, a settled page, a picture of it, and a figure by its label."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from planner.bundled import app_path

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "plans" / "small.toml"
PICTURES = ROOT / "artifacts" / "browser"
START_SECONDS = 60
DONE = "[data-testid=stApp][data-test-script-state=notRunning]"
SETTLED = f"""() => document.querySelector('{DONE}') && !document.querySelector('[class*="st-key-working_"]')"""


@contextmanager
def served(
    plan_file: Path, log: Path, *, options: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """The address of a real server on a free port of this machine, on a plan; no traceback may be in its log.

    options: of Streamlit's command line; env: beside this process's own environment.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(app_path()), "--server.port", str(port)]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--server.headless", "true", *options],
            cwd=ROOT,
            env=os.environ | {"PLANNER_PLAN": str(plan_file)} | dict(env or {}),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)
    assert "Traceback" not in without_partings(log.read_text(encoding="utf-8", errors="replace"))


def without_partings(text: str) -> str:
    """A server's log without the tracebacks that only tell that a browser had left, which is no fault.

    Streamlit closes a connection that is closed already when a window goes at the wrong moment.
    """
    parting = r"^Traceback .*\n(?:(?:\s|$).*\n)*\S*WebSocketDisconnect\w*\b.*$"
    return re.sub(parting, "", text, flags=re.MULTILINE)


def _wait_until_healthy(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    stop = time.monotonic() + START_SECONDS
    while time.monotonic() < stop and server.poll() is None:
        try:
            with direct.open(f"{url}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


def settle(page: "playwright.Page") -> None:
    """Wait until the page has run and nothing is worked out in the background, and a moment for what it draws."""
    page.wait_for_function(SETTLED, timeout=120_000)
    page.wait_for_timeout(300)


def opened(page: "playwright.Page", title: str) -> None:
    """Go to a page by the navigation in the sidebar."""
    page.get_by_test_id("stSidebarNavLink").filter(has_text=title).click()
    playwright.expect(page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible(timeout=60_000)
    settle(page)


def picture(page: "playwright.Page", name: str) -> None:
    """The whole page, not only what a window shows of it; kept under artifacts/browser."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    tall = page.get_by_test_id("stMain").evaluate("element => element.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(tall + 80, 6000)})
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / f"{name}.png")
    page.set_viewport_size(size)


def figure(page: "playwright.Page", name: str, index: int = 0) -> "playwright.Locator":
    """The value of a metric by its label; of several with one label, by their order on the page."""
    card = page.get_by_test_id("stMetric").filter(has=page.get_by_text(name, exact=True))
    return card.nth(index).get_by_test_id("stMetricValue")
