"""Every page of the app on every plan that ships with it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from planner.bundled import app_path, data_path
from planner.ui.path import PATH

PLANS = sorted(data_path("plans").glob("*.toml"))


@pytest.fixture(scope="module", params=PLANS, ids=lambda path: path.stem)
def plan_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Each plan in turn, of fewer paths, beside its log; it is worked out once for all pages."""
    folder = tmp_path_factory.mktemp(request.param.stem)
    (folder / "plans").mkdir()
    (folder / "usage").symlink_to(data_path("usage"), target_is_directory=True)
    plan = folder / "plans" / request.param.name
    text, n = re.subn(r"^paths = [\d_]+$", "paths = 500", request.param.read_text(encoding="utf-8"), flags=re.M)
    assert n == 1
    plan.write_text(text, encoding="utf-8")
    yield plan
    st.cache_resource.clear()


@pytest.mark.parametrize("step", PATH, ids=lambda step: step.url)
def test_every_page_opens_first_and_says_its_conclusion(
    plan_file: Path, step: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANNER_PLAN", str(plan_file))
    app = AppTest.from_file(str(app_path()), default_timeout=300)
    app._page_hash = calc_hash("" if step is PATH[0] else step.url)
    app.run()
    assert not app.exception, [error.message for error in app.exception]
    assert not app.error
    assert [title.value for title in app.title] == [step.title]
    assert any(text.value.startswith("**") for text in app.main.markdown), "a conclusion that stands out"
    assert app.get("page_link"), "and the way on"
