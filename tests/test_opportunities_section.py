"""The part of the page Levers that looks for opportunities: what it says beside the figures."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from planner.bundled import app_path
from tests.test_app import opened, words

SMALL = Path(__file__).parent / "plans" / "small.toml"


def test_evidence_that_is_stale_or_of_no_use_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SMALL.read_text(encoding="utf-8")
    for model in ("claude-sonnet-5-5", "claude-haiku-4-5"):
        text += f'\n[[evidence]]\nrequest_type = "triage"\nmodel = "{model}"\npassed = 99\nfailed = 1\n'
    text += "graded_on = 2026-01-01\n"
    plan = tmp_path / "plan.toml"
    plan.write_text(text, encoding="utf-8")
    monkeypatch.setenv("PLANNER_PLAN", str(plan))
    app = opened(AppTest.from_file(str(app_path()), default_timeout=60).run(), "levers")
    app.button(key="run_suggestion").click().run()
    assert not app.exception
    said = [caption.value.replace("\\", "") for caption in app.caption]
    assert any("evidence[2] ('triage' on claude-haiku-4-5) is of no use here" in line for line in said)
    assert "Ramps start in month 0 to 3" in words(app)
    assert len([line for line in said if line.startswith("Priors, not your data")]) == 0
