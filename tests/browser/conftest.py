"""One server on the small plan for all journeys of a worker, and a user of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys import SMALL, playwright, served, settle

from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan

DESK = {"width": 1280, "height": 900}


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
    context = browser.new_context(viewport=DESK)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def _desks(browser: "playwright.Browser", address: str) -> Iterator[list["playwright.Page"]]:
    """The window of `desk`, if one is open."""
    desks: list[playwright.Page] = []
    yield desks
    for left in desks:
        left.context.close()


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, browser: "playwright.Browser", address: str, _desks: list["playwright.Page"]
) -> Iterator["playwright.Page"]:
    """A window of 1280 x 900 with the small plan as it was opened, for journeys that leave it as they found it.

    To load the app takes a browser longer than most journeys do, so they take turns; a window in which a journey failed
    or left the plan edited is not used again. Go to a page by `opened`.
    """
    if not _desks:
        _desks.append(browser.new_context(viewport=DESK).new_page())
        _desks[0].goto(address)
        settle(_desks[0])
    failed = request.session.testsfailed
    yield _desks[0]
    if request.session.testsfailed != failed or _desks[0].get_by_text("Edited, not saved.").count():
        _desks.pop().context.close()
    else:
        _desks[0].set_viewport_size(DESK)


@pytest.fixture
def server_log(tmp_path: Path) -> Path:
    """Where a journey's own server writes."""
    return tmp_path / "server.txt"
