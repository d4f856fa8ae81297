"""README shows what the product prints, and its commands are the ones that CI runs."""

import re
from pathlib import Path

from planner.plan import build_plan
from planner.plan_file.loader import load_plan
from planner.report import headline

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _block(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n```\w*\n(.*?)\n```", README, flags=re.DOTALL)
    assert found, f"README.md has no block after <!-- {marker} -->"
    return found.group(1)


def test_the_headline_in_the_readme_is_the_one_that_the_example_prints() -> None:
    plan = build_plan(load_plan(ROOT / "data" / "plans" / "example.toml"))
    assert _block("example headline") == "\n".join(headline(plan))


def test_the_two_commands_are_one_line_each() -> None:
    for marker in ("run command", "test command"):
        assert "\n" not in _block(marker)


def test_the_library_example_runs() -> None:
    code = re.search(r"## As a library\n\n```python\n(.*?)```", README, flags=re.DOTALL)
    assert code
    shown: list[object] = []
    source = code.group(1).replace('Path("data', f'Path("{ROOT.as_posix()}/data').replace("print(", "shown.append((")
    exec(compile(source.rstrip() + ")\n", "README.md", "exec"), {"shown": shown})
    offer, probability = shown[0]  # type: ignore[misc]
    assert offer.commit_usd_per_year > 0
    assert 0 < probability.mean <= 0.1
