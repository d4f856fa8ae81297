"""The drafted brief: what is sent, every figure of an answer against it, what is refused; the real SDK on 127.0.0.1."""

import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from briefs import QUOTE, text_of
from hypothesis import given
from hypothesis import strategies as st
from messages_stub import KEY, Fault, MessagesStub

from planner import cli
from planner.brief.draft_facts import facts_sent
from planner.brief.figures import figures_in, unmatched
from planner.brief.worked_out import brief_of
from planner.dossier import Dossier, dossier
from planner.plan import build_plan
from planner.plan_file.loader import parse_plan

WIDE_KEY = "".join(chr(ord(char) + 0xFEE0) for char in KEY)
"""The key in full-width letters, which Unicode's compatible form makes plain."""
SENT = (
    "Sign $916,400 a year at 8.0% discount: expected cost $1,504,430 ± 580 over 12 months, from 1 January 2027 to the "
    "end of December 2027; shortfall risk 8.03% ± 0.06; it saves $68,580; 10% more saves -$73,654; P90 $2.09M; 100,000 "
    "paths; a charge of half of the unused commitment; contract year 2; years 1 to 3; claude-opus-5-5."
)
SAID = (
    *("$916,400", "$916k", "$0.92M", "$916.4 thousand", "916,400 dollars", "USD 916,400", "US$916,400", "$1.5 million"),
    *("8.0%", "8%", "8 %", "8 percent", "eight percent", "8.03%", "0.06 points", "73,654 dollars less", "-$73,654"),
    *(
        "12 months",
        "12-month",
        "twelve months",
        "ten percent",
        "1 January 2027",
        "January 1, 2027",
        "2027-01-01",
        "2027",
    ),
    *(
        "Dec 2027",
        "in December",
        "P90",
        "p90",
        "$2.1M",
        "100,000 paths",
        "half of the unused",
        "the second contract year",
    ),
    *("contract year 2", "claude-opus-5-5", "no one", "years 1 to 3", "± 580 dollars", "$68.6k", "68,580 US dollars"),
    *("$916,400 a year", "$916,400 per contract year", "$916k annually", "$916,400/year", "the second-contract-year"),
)
NOT_SAID = (
    *("$916,500", "$917k", "$0.93M", "$1.51M", "$1,504,431", "$1M", "916,400%", "916,400", "€916,400", "£1.5 million"),
    *(
        "9%",
        "8.1%",
        "8.04%",
        "8 bps",
        "nine percent",
        "eighty percent",
        "+$73,655",
        "-$68,580",
        "13 months",
        "12 weeks",
    ),
    *("twelve weeks", "2 January 2027", "2028", "in March", "May 2027", "31/12/2027", "P95", "$3M", "10,000 paths"),
    *("half of the commitment", "half", "a third", "twice as much", "doubles", "3x", "three times", "a dozen quotes"),
    *(
        "two quotes",
        "one month",
        "one percent",
        "a million dollars",
        "millions",
        "the third contract year",
        "Q3",
        "FY27",
    ),
    *("claude-opus-5", "½", "８％", "٨%", "Ⅻ months", "8..0", "1.504.430", "12th", "¢50", "contract year 3", "8,0%"),
    *(
        "one in ten",
        "1 in 10",
        "1-in-10",
        "zero risk",
        "3 quotes",
        "years 1 to 2",
        "12mo",
        "2027/28",
        "0%",
        "hundred percent",
    ),
    *(
        "$916,400,000",
        "$9164",
        "$0.916400",
        "-$916,400",
        "minus $68,580",
        "8.0 years",
        "12%",
        "$12",
        "P10",
        "580 paths",
    ),
    *("one-third", "a fourth", "A$916,400", "CA$1.5 million", "eightfold", "quintupled", "VIII percent", "year one"),
    *(
        "$916,400 a month",
        "$916,400 per quarter",
        "$916,400/month",
        "$916,400 monthly",
        "8.0% per month",
        "$2.09M a year",
    ),
    *("minus eight percent", "negative 8%", "the ninetieth percentile", "a couple of quotes", "a majority"),
)


@pytest.mark.parametrize("said", SAID)
def test_a_figure_that_was_sent_may_be_said_to_fewer_digits_and_in_words(said: str) -> None:
    assert unmatched(f"It is {said}, as the facts have it.", SENT) == ()


@pytest.mark.parametrize("said", NOT_SAID)
def test_a_figure_that_was_not_sent_is_found_however_it_is_written(said: str) -> None:
    assert unmatched(f"It is {said}, as the facts have it.", SENT)


def test_figures_of_a_range_and_an_error_have_the_unit_of_their_neighbour() -> None:
    sent = "between 8% and 10%, $5 and $7, 12 months"
    assert unmatched("8 to 10%, 8–10 percent, between 5 and 7 dollars", sent) == ()
    assert unmatched("12 to 10%", sent) == ("12",)
    assert [(f.unit, f.value) for f in figures_in("$500 ± 20 and 8.0% ± 0.1")] == [
        *(("usd", Decimal(500)), ("usd", Decimal(20))),
        *(("percent", Decimal("8.0")), ("percent", Decimal("0.1"))),
    ]


MONEY = st.integers(1_000, 10**9)


@given(MONEY, st.sampled_from([0, 1, 2, 3]), st.integers(-3, 3))
def test_a_dollar_figure_matches_exactly_when_it_rounds_to_what_is_said(sent: int, decimals: int, off: int) -> None:
    """Said in thousands with so many decimals: what rounds to it matches, the multiples beside it do not."""
    step = 10 ** (3 - decimals)
    said = (sent // step + off) * step
    is_near = 2 * abs(said - sent) <= step and 20 * abs(said - sent) <= sent
    if said > 0:
        assert (unmatched(f"${Decimal(said) / 1000:,.{decimals}f}k", f"${sent:,}") == ()) == is_near


@given(st.text(alphabet="0123456789.,%$kM -–±()/xP€½²abc\n", max_size=40))
def test_no_digit_of_an_answer_is_passed_over(said: str) -> None:
    spans = [(figure.start, figure.stop) for figure in figures_in(said)]
    for index, char in enumerate(said):
        if char.isascii() and char.isdigit() and said.isascii():
            assert any(start <= index < stop for start, stop in spans), said
    if any(char.isdigit() for char in said):
        assert unmatched(said, "nothing with a figure")


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_no_name_that_a_user_made_up_is_sent_and_every_stand_in_is_known() -> None:
    text = text_of(more=QUOTE + '[[ask]]\nname = "secret sauce"\nvalue_usd_per_year = 9_000\n')
    text = text.replace('"triage"', '"private type"').replace('"Support"', '"Project X"')
    text = text.replace('"route"', '"plan of ours"').replace('"as is"', '"today of ours"')
    plan = build_plan(parse_plan(text.replace("paths = 4096", "paths = 512"), base_dir=Path()))
    found = dossier(plan)
    facts = facts_sent(found, brief_of(found))
    for name in ("private type", "Project X", "of ours", "vendor's first", "secret sauce"):
        assert name not in facts.text
    assert {stand_in for stand_in, _ in facts.stand_ins} >= {"quote A", "own ask A", "input A"}
    assert all(stand_in in facts.text for stand_in, _ in facts.stand_ins)
    assert unmatched(facts.text, facts.text) == ()


# --- asked, through the command -------------------------------------------------------------------------------------


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessagesStub]:
    with MessagesStub() as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.address)
        monkeypatch.setenv("ANTHROPIC_API_KEY", server.key)
        monkeypatch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)
        yield server


def answers(stub: MessagesStub, text: str, **changed: Any) -> list[dict[str, Any]]:
    """The stub says this; returns the list of what it is asked."""
    asked: list[dict[str, Any]] = []

    def change(message: dict[str, Any]) -> None:
        message["content"] = [{"type": "text", "text": text}]
        message.update(changed)

    def fault(number: int, body: dict[str, Any]) -> Fault:
        asked.append(body)
        return Fault(change=change)

    stub.fault = fault
    return asked


SMALL = text_of().replace("paths = 4096", "paths = 256")


@pytest.fixture(scope="module")
def worked_out() -> Dossier:
    return dossier(build_plan(parse_plan(SMALL, base_dir=Path())), quick=True)


@pytest.fixture
def export_in_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """planner export --brief of a small plan, without its charts."""
    monkeypatch.setattr("planner.brief.page.drawn", lambda *chart, **size: "<svg></svg>")
    (tmp_path / "plan.toml").write_text(SMALL, encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        brief = str(tmp_path / "brief.html")
        monkeypatch.setattr(
            sys, "argv", ["planner", "export", str(tmp_path / "plan.toml"), "--quick", "--brief", brief, *arguments]
        )
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def export(
    export_in_full: Callable[..., tuple[int, str, str]], worked_out: Dossier, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """The same, of a dossier that is worked out once."""
    monkeypatch.setattr("planner.commands.export._worked_out", lambda *plan, **how: worked_out)
    return export_in_full


def test_a_draft_is_shown_before_it_is_sent_and_stands_on_the_page(
    stub: MessagesStub, export: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    asked = answers(stub, "Sign for 12 months.\n\nThe limit is 10.0%; <b>read on</b>.")
    code, out, _ = export("--draft", "--yes")
    assert code == 0
    assert [body["model"] for body in asked] == ["claude-sonnet-5-5"]
    for line in (*asked[0]["system"].splitlines(), *asked[0]["messages"][0]["content"].splitlines()):
        assert line in out
    assert "It costs at most $" in out
    page = (tmp_path / "brief.html").read_text(encoding="utf-8")
    assert "<p>Sign for 12 months.</p><p>The limit is 10.0%; &lt;b&gt;read on&lt;/b&gt;.</p>" in page
    assert "Drafted by claude-sonnet-5-5 on 24 November 2026" in page
    assert KEY not in page + out


@pytest.mark.parametrize(
    ("text", "changed", "words"),
    [
        ("Sign $123,456 a year, seventeen percent off.", {}, "'$123,456 a year', 'seventeen percent'"),
        ("Sign for 12 months.", {"stop_reason": "max_tokens"}, "cut off before its end"),
        ("Sign for 12 months.", {"stop_reason": "refusal"}, "stopped for another reason"),
        ("", {}, "no text"),
        ("Sign\u200b for 12 months.", {}, "characters that cannot be seen"),
        (f"Sign with {WIDE_KEY} now.", {}, "it holds the key"),
        ("Sign for 12 months. " * 2_000, {}, "more than was asked for"),
        ("Sign for 12 months.", {"model": "claude-haiku-5-5"}, "claude-haiku-5-5 answered"),
        ("Sign for 12 months.", {"usage": None}, "does not say what it costs"),
    ],
)
def test_what_is_refused_writes_nothing_and_says_why(
    stub: MessagesStub,
    export: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    text: str,
    changed: dict[str, Any],
    words: str,
) -> None:
    answers(stub, text, **changed)
    code, _, said = export("--draft", "--yes", "-o", str(tmp_path / "book.xlsx"))
    assert (code, words in said) == (2, True), said
    assert {path.name for path in tmp_path.iterdir()} == {"plan.toml"}
    assert KEY not in said


def test_a_failing_server_is_asked_again_and_a_refusing_one_is_not(
    stub: MessagesStub, export: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    stub.fault = lambda number, body: Fault(status=401, message=f"bad key {KEY}")
    code, _, said = export("--draft", "--yes")
    assert (code, "does not accept ANTHROPIC_API_KEY" in said, KEY in said) == (2, True, False)
    assert len(stub.requests) == 1
    asked = answers(stub, "Sign for 12 months.")
    first = stub.fault
    retry = Fault(status=529, headers={"retry-after-ms": "1"})
    stub.fault = lambda number, body: retry if number == 2 else first(number, body)
    assert export("--draft", "--yes")[0] == 0
    assert len(asked) == 1


def test_scripts_get_what_was_sent_and_what_it_cost(
    stub: MessagesStub, export_in_full: Callable[..., tuple[int, str, str]]
) -> None:
    asked = answers(stub, "Sign for 12 months.")
    code, out, _ = export_in_full("--draft", "--yes", "--json", "--draft-model", "claude-haiku-5-5")
    found = json.loads(out)
    assert (code, found["draft"]["model"], asked[0]["model"]) == (0, "claude-haiku-5-5", "claude-haiku-5-5")
    assert 0 < found["draft"]["cost_usd"] < 0.1
    assert all(line in found["draft"]["sent"] for line in asked[0]["messages"][0]["content"].splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--draft",), "nobody is there to be asked"),
        (("--draft-model", "claude-haiku-5-5"), "nothing is drafted without --draft"),
        (("--draft", "--yes", "--draft-model", "gpt"), "gpt"),
        (("--draft", "--yes", "--draft-model", KEY), "looks like a key"),
        (("--draft-model", KEY), "looks like a key"),
    ],
)
def test_nothing_is_sent_without_a_yes_or_to_an_unknown_model(
    stub: MessagesStub, export: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], words: str
) -> None:
    code, _, said = export(*arguments)
    assert (code, words in said) == (2, True), said
    assert KEY not in said
    assert not stub.requests


def test_nothing_is_sent_for_a_file_that_cannot_be_written(
    stub: MessagesStub, export: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "folder.xlsx").mkdir()
    for name, words in (("none/book.xlsx", "it is in no folder that is there"), ("folder.xlsx", "it is a folder")):
        code, _, said = export("--draft", "--yes", "-o", str(tmp_path / name))
        assert (code, words in said, "give -o a file" in said) == (2, True, True), said
    assert not stub.requests


def test_a_no_sends_nothing_and_writes_nothing(
    stub: MessagesStub,
    export: Callable[..., tuple[int, str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = StringIO("n\n")
    monkeypatch.setattr(typed, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", typed)
    code, out, _ = export("--draft")
    assert code != 0
    assert "This is all that is sent:" in out
    assert not stub.requests
    assert {path.name for path in tmp_path.iterdir()} == {"plan.toml"}


def test_a_missing_key_is_said_before_anything_is_worked_out(
    export: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("planner.commands.export._worked_out", None)
    code, _, said = export("--draft", "--yes")
    assert (code, "No key: set ANTHROPIC_API_KEY" in said, "Without --draft the brief is written" in said) == (
        2,
        True,
        True,
    )
