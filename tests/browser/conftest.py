"""One server on the small plan for all journeys of a worker, and a user of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys import SMALL, playwright, served

from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan


@pytest.fixture(scope="session")
def plan() -> Plan:
    """The plan that `address` serves."""
    return build_plan(load_plan(SMALL))


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on the small plan."""
    with served(SMALL, tmp_path_factory.mktemp("server") / "log.txt") as url:
        yield url


@pytest.fixture
def page(browser: "playwright.Browser") -> Iterator["playwright.Page"]:
    """A window of 1280 x 900 of a user of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def server_log(tmp_path: Path) -> Path:
    """Where a journey's own server writes."""
    return tmp_path / "server.txt"
