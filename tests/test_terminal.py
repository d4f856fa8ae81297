"""Tables of the command line in terminals of any width and in a pipe: no figure is cut, nothing is lost."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from planner import cli
from planner.commands.terminal import show
from planner.tables import Table

WIDTHS = (60, 80, 100)
Run = Callable[..., str]
PLAN = """
[plan]
start = 2027-01-01
paths = 100

[[mix]]
request_type = "triage of incoming mail"
model = "claude-opus-5-5"
monthly_requests = 12_345_678
uncached_input_tokens = 900
output_tokens = 60

[[scenario]]
name = "as is"

[[scenario]]
name = "routed"

[[scenario.route]]
request_type = "triage of incoming mail"
to = "claude-haiku-5-5"
share = 0.5
escalation = 0.1
escalate_to = "claude-opus-5-5"
long_prompt_fraction = 0.0

[contract]

[[contract.band]]
min_commit_usd_per_year = 10_000
discount_fraction = 0.08
"""


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """printed(width, ...arguments) is what a command prints in a terminal so wide, without colours; 0 for a pipe."""

    def run(width: int, *arguments: object) -> str:
        with pytest.MonkeyPatch.context() as patch:
            in_terminal(patch, width)
            patch.setattr("sys.argv", ["planner", *map(str, arguments)])
            cli.main()
        return uncoloured(capsys.readouterr().out)

    return run


def in_terminal(patch: pytest.MonkeyPatch, width: int) -> None:
    if width:
        patch.setenv("FORCE_COLOR", "1")
        patch.setenv("COLUMNS", str(width))
    else:
        patch.delenv("FORCE_COLOR", raising=False)


def uncoloured(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def figures(text: str) -> set[str]:
    """Every word that has a digit: amounts, shares, days, names of models."""
    return {word.rstrip(":") for word in text.split() if any(map(str.isdigit, word))}


def the_log(folder: Path) -> Path:
    """A log with web searches and code execution, whose table is the widest."""
    row = {
        "timestamp": "2026-11-20T12:00:00Z",
        "request_type": "triage of incoming mail",
        "model": "claude-opus-5-5",
        "requests": 1_234_567,
        "uncached_input_tokens": 9_876_543_210,
        "cache_read_tokens": 12_345_678_901,
        "cache_write_5m_tokens": 345_678_901,
        "cache_write_1h_tokens": 0,
        "output_tokens": 1_234_567_890,
        "web_search_requests": 654_321,
        "code_execution_seconds": 7_654_321,
    }
    path = folder / "log.jsonl"
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    return path


def commands(folder: Path) -> list[tuple[object, ...]]:
    plan = folder / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    return [
        ("measure", the_log(folder)),
        ("prices",),
        ("prices", "--diff", "2026-01-01", "2026-11-23"),
        ("prices", "--check"),
        ("plan", plan),
        ("levers", plan),
    ]


@pytest.mark.parametrize("index", range(6))
def test_no_figure_is_cut_in_a_narrow_terminal(printed: Run, tmp_path: Path, index: int) -> None:
    arguments = commands(tmp_path)[index]
    expected = figures(printed(0, *arguments))
    assert expected
    for width in WIDTHS:
        out = printed(width, *arguments)
        assert expected <= figures(out), (width, expected - figures(out))
        assert max(map(len, out.split("\n"))) <= max(width, longest_sentence(out, width))
        assert "\N{HORIZONTAL ELLIPSIS}" not in out


def longest_sentence(out: str, width: int) -> int:
    """Sentences beside tables are printed as they are, and the terminal wraps them: they end with a full stop."""
    return max((len(line) for line in out.split("\n") if len(line) > width and line.endswith((".", ")"))), default=0)


def test_in_a_pipe_every_header_is_whole(printed: Run, tmp_path: Path) -> None:
    out = printed(0, "measure", the_log(tmp_path))
    header = next(line for line in out.split("\n") if "request type" in line)
    names = (
        "cache read Mtok",
        "cache write Mtok",
        "web searches",
        "code hours",
        "server tools",
        "list cost",
        "cumulative",
    )
    for name in names:
        assert name in header


# --- one table ---------------------------------------------------------------------------------------------------

WORDS = "a sentence that says at some length what there is to say of this row and of no other"


def drawn(table: Table, width: int, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        in_terminal(patch, width)
        show([table])
    return uncoloured(capsys.readouterr().out).split("\n")


def test_text_is_wrapped_at_words_and_to_no_less_than_sixteen(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title="T", columns=("what", "USD"), rows=((WORDS, "1,234,567.89"),), numeric=frozenset({1}))
    for width in (34, 40, 60):
        lines = drawn(table, width, capsys)
        assert max(map(len, lines)) <= width
        assert "1,234,567.89" in " ".join(lines)
        left = [line.replace("1,234,567.89", "").strip() for line in lines[4:]]
        assert " ".join(left).strip() == WORDS
        assert max(map(len, left)) >= 12  # sixteen cells, less the rest that the next word did not fit in


def test_a_table_that_cannot_fit_becomes_a_list_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ("", "first amount", "second amount", "nothing")
    rows = (("one", "1,234,567.89", "2,345,678.90", ""), ("two", "3,456,789.01", "4,567,890.12", ""))
    table = Table(title="T", columns=columns, rows=rows, numeric=frozenset({1, 2}), note="As given.")
    assert [line for line in drawn(table, 30, capsys) if line] == [
        "T",
        "one",
        "  first amount: 1,234,567.89",
        "  second amount: 2,345,678.90",
        "two",
        "  first amount: 3,456,789.01",
        "  second amount: 4,567,890.12",
        "As given.",
    ]


def test_a_column_of_figures_may_have_only_words(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title="T", columns=("name", "saves"), rows=(("x", "n/a"), ("y", "n/a")), numeric=frozenset({1}))
    for width in (0, 80, 8):
        assert " ".join(drawn(table, width, capsys)).count("n/a") == 2


def test_a_table_without_rows_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(Table(title="T", columns=("a",), rows=()), 80, capsys) == [""]


def test_markup_and_control_characters_in_a_cell_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title="T", columns=("name", "n"), rows=(("[bold]x\x1b", "1"),), numeric=frozenset({1}))
    for width in (0, 80, 5):
        assert "[bold]x\N{REPLACEMENT CHARACTER}" in "".join("".join(drawn(table, width, capsys)).split())


def test_a_cell_of_several_lines_takes_the_width_of_its_longest(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a column of text"
    cells = ("first line\nsecond line", "x")
    show([Table(title="t", columns=(name, "n"), rows=(cells,), numeric=frozenset({1}))])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert max(map(len, lines)) < len("first line second line") + 3
    assert any("second line" in line for line in lines)
