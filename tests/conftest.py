"""What every test may lean on: golden files, programs outside Python, and how much luck a run is allowed."""

import functools
import gc
import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chart_rules import chart_faults
from hypothesis import settings

GOLDEN_FOLDER = Path(__file__).parent / "golden"

# Prices do not age while the tests run, and no fetched prices are read. Programs that tests start inherit both.
os.environ["PLANNER_TODAY"] = "2026-11-24"
os.environ["XDG_DATA_HOME"] = str(Path(__file__).parent / "no-user-data")

# A shared machine is slow now and then, so no deadline; in CI no luck, so that a red run is the change's fault.
settings.register_profile("user", deadline=None)
# The same examples in every run, so that fewer of them do: those of a user's run are new each time.
settings.register_profile("ci", deadline=None, derandomize=True, max_examples=35)
settings.load_profile("ci" if os.environ.get("CI") else "user")


# Parsing SQL makes and drops objects by the thousand, and looking for rings among them at every 700th took a twentieth
# of the time. What is not closed is still found, a little later.
gc.set_threshold(10_000, 20, 20)


LONGEST_FIRST = (
    "test_journey.py",
    "test_page_looks.py",
    "test_usage_journey.py",
    "test_run_rate_definitions.py",
    "test_start_journey.py",
    "test_usage.py",
    "test_workbook.py",
    "test_ledger_reference.py",
    "test_benchmarks.py",
    "test_app.py",
    "test_log_splits.py",
    "test_sizing.py",
    "test_clause_values.py",
    "test_every_plan.py",
    "test_compare_journey.py",
    "test_commit_journey.py",
    "test_hosted_journey.py",
    "test_analytics_pull.py",
    "test_calibration.py",
    "test_workbook_ledger.py",
    "test_engines.py",
    "test_package.py",
)
"""Files of half a minute and more: a worker that began one of them last would be waited for by the other."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/ from what the code says now")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


def pytest_collection_finish() -> None:
    """Modules and tests live as long as the process: nobody needs to look through them for rings again."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config.option, "loadscopereorder"):  # of pytest-xdist, which would begin with the most tests
        config.option.loadscopereorder = False
    config.addinivalue_line("markers", "slow: takes more than ten seconds (deselect with -m 'not slow')")
    if config.getoption("--update-golden") and os.environ.get("CI"):
        raise pytest.UsageError(
            "--update-golden accepts whatever the code says, so CI refuses it. Run it by hand and read the diff."
        )


@pytest.fixture(scope="session", autouse=True)
def packages_read_once() -> Iterator[None]:
    """Every AppTest looks through all installed packages for components of Streamlit's; once in a process is enough."""
    with pytest.MonkeyPatch.context() as patch:
        if "streamlit.testing.v1" in sys.modules:
            scanner = importlib.import_module("streamlit.components.v2.manifest_scanner")
            patch.setattr(scanner, "scan_component_manifests", functools.cache(scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="session", autouse=True)
def pages_wait_for_their_jobs() -> Iterator[None]:
    """What an AppTest starts in the background is there when its run ends, however slow the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        if "streamlit.testing.v1" in sys.modules:
            patch.setattr(importlib.import_module("planner.ui.state.jobs"), "PATIENCE_SECONDS", 600.0)
        yield


@pytest.fixture(scope="module", autouse=True)
def workbooks_let_go() -> Iterator[None]:
    """What a module read of workbooks goes when it is done, or looking for rings among it takes ever longer."""
    yield
    if books := sys.modules.get("workbooks"):
        books.forget()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """golden(name, text) holds text against tests/golden/name, or rewrites it under --update-golden."""
    update = request.config.getoption("--update-golden")

    def check(name: str, actual: str) -> None:
        path = GOLDEN_FOLDER / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual, encoding="utf-8")
        if not path.is_file():
            pytest.fail(f"There is no {path}. Run pytest --update-golden, and read what it wrote.")
        expected = path.read_text(encoding="utf-8")
        assert actual == expected, f"{path.name} differs. If that is meant: pytest --update-golden, read the diff."

    return check


@pytest.fixture(autouse=True)
def chart_standards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every chart that any test of the app has on a page is held to chart_rules."""
    if "streamlit.testing.v1" not in sys.modules:
        yield
        return
    show = importlib.import_module("planner.ui.showing.show")
    drawn, faults = show.spec, []

    def spec(specification: dict[str, Any], *, says: str, key: str, **more: Any) -> None:
        faults.extend(chart_faults(specification, says))
        drawn(specification, says=says, key=key, **more)

    monkeypatch.setattr(show, "spec", spec)
    yield
    assert not faults, faults


@pytest.fixture(scope="session")
def requires() -> Callable[..., str]:
    """requires("soffice", "libreoffice") is the path of the first of these programs that the machine has.

    Without any of them the test is skipped with the reason; where CI is set it fails, so that no check
    disappears from CI unnoticed.
    """

    def find(*programs: str) -> str:
        for program in programs:
            if path := shutil.which(program):
                return path
        reason = f"needs {' or '.join(programs)}, which this machine does not have"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}. CI must have it: see .ci/run.")
        pytest.skip(reason)

    return find


@pytest.fixture(scope="session")
def browser(requires: Callable[..., str]) -> Iterator[Any]:
    """A real browser, one in a process: Playwright starts no second beside it. Tests open pages of their own in it."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = requires("chromium", "chromium-browser", "google-chrome")
    arguments = ["--no-sandbox", "--disable-quic", "--disable-dev-shm-usage", "--disable-background-networking"]
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=arguments)
        yield opened
        opened.close()
