"""From typing a number to the repainted page, against an empty page: `python benchmarks/latency.py [--presses 25]`.

The floor is an app of one number field and one line that repeats it, served and shown by the same Streamlit and the
same Chromium in the same run. Both sides are measured alike: from the press of Enter to two animation frames after the
page's last change. Streamlit's own running mark, and its hint to press Enter, which goes with the key itself, do not
count. Presses take turns, so that a busy machine moves both.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from planner.bundled import app_path, data_path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-dev-shm-usage", "--disable-background-networking"]
DONE = "[data-testid=stApp][data-test-script-state=notRunning]"
QUIET_MS = 700
"""No change for this long: the page is done. Charts are drawn well within it."""

EMPTY = """
import streamlit as st
st.number_input("Number", 0.0, 1e12, 1.0, 1.0, format="%.0f", key="number")
st.write(f"Typed: {st.session_state.number:.0f}")
"""

WATCH = """
(quiet) => {
  const watched = window.__watched = { from: 0, changes: [] };
  window.addEventListener("keydown", event => {
    if (event.key === "Enter") { watched.from = performance.now(); watched.changes = []; }
  }, true);
  new MutationObserver(found => {
    const seen = found.some(one => !(one.attributeName || "").startsWith("data-test-script")
      && !one.target.closest?.(
        "[data-testid=stStatusWidget], [data-testid=stHeader], [data-testid=InputInstructions]"));
    if (!seen) return;
    requestAnimationFrame(() => requestAnimationFrame(() => watched.changes.push(performance.now())));
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}
"""
SETTLED = """
async (quiet) => {
  const watched = window.__watched;
  for (;;) {
    await new Promise(done => setTimeout(done, 50));
    const last = watched.changes.at(-1) ?? watched.from;
    const running = document.querySelector("[data-testid=stApp]").dataset.testScriptState !== "notRunning";
    if (!running && performance.now() - last > quiet) {
      return { last: last - watched.from, first: (watched.changes[0] ?? watched.from) - watched.from };
    }
  }
}
"""


@dataclass(kw_only=True)
class Field:
    """A number field of a page: what it is called, what is typed into it, and the milliseconds that it took."""

    what: str
    address: str
    label: str
    values: Sequence[str]
    page: Any = None
    first_ms: list[float] = field(default_factory=list)
    last_ms: list[float] = field(default_factory=list)

    def open(self, browser: Any) -> None:
        """Open the page and begin to watch it."""
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.goto(self.address)
        self.page.wait_for_selector(DONE, timeout=120_000)
        self.page.get_by_label(self.label, exact=True).wait_for(timeout=300_000)
        self.page.wait_for_timeout(2 * QUIET_MS)
        self.page.evaluate(WATCH, QUIET_MS)

    def press(self, turn: int, *, counted: bool) -> None:
        """Type the next value, press Enter, and wait until the page is quiet."""
        typed = self.page.get_by_label(self.label, exact=True)
        typed.fill(self.values[turn % len(self.values)])
        self.page.wait_for_timeout(150)
        typed.press("Enter")
        took = self.page.evaluate(SETTLED, QUIET_MS)
        assert took["last"] > 0, f"{self.what}: nothing was repainted"
        if counted:
            self.first_ms.append(took["first"])
            self.last_ms.append(took["last"])


@contextmanager
def served(script: Path, log: Path) -> Iterator[str]:
    """The address of a Streamlit server on a free port; the product's configuration holds for it too."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    plan = {"PLANNER_PLAN": str(data_path("plans", "example.toml"))}
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=app_path().parent, env=os.environ | plan, stdout=out, stderr=out)
    try:
        _wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_healthy(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while server.poll() is None:
        try:
            direct.open(f"{url}/_stcore/health", timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace"))


def fields(empty: str, app: str) -> list[Field]:
    """The empty page first; then the pages on which a number is typed."""
    amounts = [str(600_000 + 12_500 * step) for step in range(40)]
    return [
        Field(what="an empty page", address=empty, label="Number", values=amounts),
        Field(what="Commit: the commitment", address=f"{app}/commit", label="Commitment, USD a year", values=amounts),
    ]


def measured(every: Sequence[Field], browser: Any, presses: int) -> None:
    """Press in turns after one warm-up of each."""
    for one in every:
        one.open(browser)
    for turn in range(presses + 1):
        for one in every:
            one.press(turn, counted=turn > 0)


def main() -> None:
    """Print a row of the table of docs/performance.md for each page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=25)
    presses = parser.parse_args().presses
    program = next(found for name in BROWSERS if (found := shutil.which(name)))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "empty.py").write_text(EMPTY, encoding="utf-8")
        empty = stack.enter_context(served(folder / "empty.py", folder / "empty.txt"))
        app = stack.enter_context(served(app_path(), folder / "app.txt"))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=program, args=ARGUMENTS)
        every = fields(empty, app)
        measured(every, browser, presses)
        browser.close()
    floor = statistics.median(every[0].last_ms)
    print("| typed into | first change ms | page done ms, median | P95 | ratio to the empty page |")
    print("|---|---|---|---|---|")
    for one in every:
        first, last = statistics.median(one.first_ms), statistics.median(one.last_ms)
        high = statistics.quantiles(one.last_ms, n=20)[-1] if presses > 1 else last
        print(f"| {one.what} | {first:,.0f} | {last:,.0f} | {high:,.0f} | {last / floor:.2f} |")


if __name__ == "__main__":
    main()
