"""planner track: what is printed, exit codes, a webhook on a local server, and a plan tracked from end to end."""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from trackings import PLANS, before_the_term, tracking

from planner import cli
from planner.commands.track import track as track_command
from planner.tracking.months.month_log import read_log
from planner.tracking.track import track
from planner.tracking.tracking import Tracking
from planner.tracking_reports.conclusion import conclusion, headline
from planner.tracking_reports.told import track_notes, track_paragraphs, track_sentences, track_tables
from planner.tracking_reports.track_json import track_json

Said = tuple[int, str, str]
Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in this process: (exit code, stdout, stderr)."""

    def command(*arguments: str) -> Said:
        monkeypatch.setattr("sys.argv", ["planner", "track", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


@dataclass
class Asked:
    """What the command asked the pipeline for."""

    calls: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tracking], Asked]:
    """Answer with a tracking made by hand, and keep what was asked for."""

    def answer(made: Tracking) -> Asked:
        found = Asked()

        def track(inputs: Any, given: Any, **named: Any) -> Tracking:
            found.calls.append({"inputs": inputs, "given": given, **named})
            return made

        monkeypatch.setattr("planner.tracking.track.track", track)
        return found

    return answer


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    text = (PLANS / "small.toml").read_text(encoding="utf-8")
    path.write_text(text + "\n[signed]\non = 2026-12-15\ncommit_usd_per_year = 160_000\n", encoding="utf-8")
    return path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[HTTPServer, list[Any]]]:
    """A server on this machine that keeps what is posted to it, at the address in the environment."""
    posted: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(500 if "broken" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    served = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("PLANNER_WEBHOOK_URL", f"http://127.0.0.1:{served.server_port}/hook?token=secret-4711")
    yield served, posted
    served.shutdown()
    served.server_close()
    thread.join()


# --- what is printed -------------------------------------------------------------------------------------------------


def test_the_conclusion_is_the_first_line_and_notes_are_apart(run: Run, asked: Any, plan: Path) -> None:
    made = tracking()
    asked(made)
    code, out, err = run(str(plan), "usage.jsonl")
    assert code == 0
    assert out.split("\n")[0] == conclusion(made)
    for sentence in track_sentences(made):
        assert sentence in out
    assert out.rstrip().endswith(f"Added to {plan.with_name('plan.track.jsonl')}: 2027-03, 2027-04.")
    for note in track_notes(made):
        assert f"note: {note}" in err


def test_quiet_says_conclusion_and_alerts_and_json_is_json(run: Run, asked: Any, plan: Path) -> None:
    made = tracking()
    asked(made)
    assert run(str(plan), "usage.jsonl", "--quiet") == (0, "\n".join(headline(made)) + "\n", "")
    code, out, err = run(str(plan), "usage.jsonl", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == track_json(made) | {"log": str(plan.with_name("plan.track.jsonl"))}


def test_what_is_typed_reaches_the_pipeline(run: Run, asked: Any, plan: Path, tmp_path: Path) -> None:
    found = asked(before_the_term())
    outcomes, log = tmp_path / "escalated.jsonl", tmp_path / "kept.jsonl"
    named = ("--billed", "bill.csv", "--billed", "more.csv", "--outcomes", str(outcomes), "--log", str(log))
    assert run(str(plan), "a.jsonl", "b/", *named, "--json")[0] == 0
    assert run(str(plan), "--no-log")[0] == 0
    first, second = found.calls
    assert first["given"].source.sources == ("a.jsonl", "b/")
    assert first["given"].billed.sources == ("bill.csv", "more.csv")
    assert (list(first["outcomes"]), first["log"].entries) == ([outcomes], ())
    assert first["on"].isoformat() == "2026-11-24"
    assert (second["given"], list(second["outcomes"])) == (None, [])
    assert not log.exists()  # nothing new, nothing written


# --- alerts for machines ---------------------------------------------------------------------------------------------


def test_only_a_check_ends_with_3_and_only_when_an_alert_fires(run: Run, asked: Any, plan: Path, server: Any) -> None:
    _, posted = server
    asked(tracking())
    assert run(str(plan), "u.jsonl")[0] == 0
    assert not posted
    code, out, err = run(str(plan), "u.jsonl", "--check", "--json")
    assert (code, err) == (3, "")
    assert posted == [track_json(tracking())]
    assert json.loads(out)["alerts"] == posted[0]["alerts"]
    asked(tracking(alerts=()))
    assert run(str(plan), "u.jsonl", "--check", "--quiet")[0] == 0
    assert len(posted) == 1


def test_a_webhook_that_fails_loses_nothing_and_tells_nobody_the_address(
    run: Run, asked: Any, plan: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, posted = server
    asked(tracking())
    monkeypatch.setenv("PLANNER_WEBHOOK_URL", f"http://127.0.0.1:{served.server_port}/broken?token=secret-4711")
    code, out, err = run(str(plan), "u.jsonl", "--check")
    assert code == 3
    assert out.split("\n")[0] == conclusion(tracking())
    assert "note: The alerts were not sent" in err
    assert "secret" not in out + err
    assert str(served.server_port) not in out + err
    assert posted


def test_without_an_address_nothing_is_sent_or_said(
    run: Run, asked: Any, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLANNER_WEBHOOK_URL", raising=False)
    asked(tracking(warnings=()))
    code, _, err = run(str(plan), "u.jsonl", "--check", "--quiet")
    assert (code, err) == (3, "")


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_a_log_that_cannot_be_written_loses_neither_report_nor_alert(
    run: Run, asked: Any, plan: Path, server: Any, tmp_path: Path
) -> None:
    asked(tracking())
    code, out, err = run(str(plan), "u.jsonl", "--check", "--log", str(tmp_path / "no folder" / "log.jsonl"))
    assert code == 2
    assert out.split("\n")[0] == conclusion(tracking())
    assert len(server[1]) == 1
    assert "no folder" in err
    assert "Added to" not in out


def test_a_reader_that_goes_away_takes_neither_log_nor_alert_along(
    asked: Any, plan: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Any) -> None:
        raise BrokenPipeError

    asked(tracking())
    monkeypatch.setattr("planner.commands.track.show", gone)
    with pytest.raises(BrokenPipeError):
        track_command(plan, ["u.jsonl"], check=True)
    assert len(server[1]) == 1
    assert [month.month for month in read_log(plan.with_name("plan.track.jsonl")).months] == ["2027-03", "2027-04"]


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-log", "--log", "x.jsonl"], ["--no-log", "--log x.jsonl"]),
        (["--billed", "bill.csv"], ["--billed", "ACTUALS"]),
    ],
)
def test_options_that_cannot_go_together_are_refused(
    run: Run, plan: Path, arguments: Sequence[str], words: Sequence[str]
) -> None:
    code, out, err = run(str(plan), *arguments)
    assert (code, out) == (2, "")
    assert all(word in err for word in words)


# --- a plan from end to end ------------------------------------------------------------------------------------------

ROOT = Path(__file__).parent.parent
ACTUALS, OUTCOMES = (ROOT / "data" / "tracking" / name for name in ("actuals.jsonl.gz", "outcomes.jsonl"))


def test_the_signed_example_as_people_read_it_and_the_second_time(
    run: Run, golden: Callable[[str, str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On fewer paths than the example has. What was tracked once is known: the same again changes nothing."""
    plan = tmp_path / "signed.toml"
    text = (ROOT / "data" / "plans" / "signed.toml").read_text(encoding="utf-8")
    plan.write_text(text.replace("paths = 16_384", "paths = 4_096"), encoding="utf-8")
    log = tmp_path / "signed.track.jsonl"
    made: list[Tracking] = []

    def kept_too(*given: Any, **named: Any) -> Tracking:
        made.append(track(*given, **named))
        return made[-1]

    monkeypatch.setattr("planner.tracking.track.track", kept_too)
    code, out, err = run(str(plan), str(ACTUALS), "--outcomes", str(OUTCOMES), "--check")
    assert code == 3
    golden("example-track.txt", _text(made[0]))
    assert all(sentence in out for sentence in track_sentences(made[0]))
    assert all(note in err for note in track_notes(made[0]))
    kept = log.read_bytes()
    assert len(kept.splitlines()) == 1
    code, again, _ = run(str(plan), "--outcomes", str(OUTCOMES))
    assert code == 0
    assert again == out.partition("\nAdded to")[0] + "\n"
    assert log.read_bytes() == kept


def _text(made: Tracking) -> str:
    paragraphs = ["\n".join(paragraph) for paragraph in track_paragraphs(made)]
    tables = [
        "\n".join(
            line for line in (found.title, " | ".join(found.columns), *map(" | ".join, found.rows), found.note) if line
        )
        for found in track_tables(made)
    ]
    return "\n\n".join([*paragraphs, *tables, *(f"note: {note}" for note in track_notes(made))]) + "\n"
