"""The baseline: what exclusions take out, what is suggested, and that accepting a suggestion does what it said."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner import cli
from planner.baseline.level import daily_spend, level_usd_per_month, months_of
from planner.baseline.suggestions import suggest_exclusions
from planner.baseline_edit import accepted, baseline_of
from planner.charts.baseline import baseline_chart, baseline_frame, baseline_says, excluded_spans
from planner.errors import InputError, UsageError
from planner.exclusions import Exclusion
from planner.measurement import Measurement, measure, prompt_edges
from planner.mix import forward_mix
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.usage_text import exclusion_entry, with_exclusions
from planner.prices import PriceBook
from planner.units import DAYS_PER_MONTH, TOKEN_COLUMNS
from planner.usage.columns import COUNT_COLUMNS, KEY_COLUMNS
from planner.usage.log_facts import LogFacts
from planner.usage.read import Usage
from planner.usage.scan import square_name

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "data" / "plans" / "example.toml"
BOOK = PriceBook.load()
FIRST = date(2026, 5, 1)
N_DAYS = 153  # to 30 September: five whole months
OPUS, HAIKU = "claude-opus-5", "claude-haiku-4-5"


def usage(groups: pd.DataFrame) -> Usage:
    """A log of groups with day, request_type, requests, and whatever columns it has else."""
    absent: dict[str, Any] = dict.fromkeys(KEY_COLUMNS, "") | dict.fromkeys(COUNT_COLUMNS, 0)
    absent |= {"model": OPUS, "service_tier": "standard", "speed": "standard", "prompt_above": 0}
    absent |= {"records": 1, "billed_records": 0, "billed_cost_usd": np.nan}
    absent |= dict.fromkeys(("single_requests", *map("single_{}".format, TOKEN_COLUMNS)), 0)
    absent |= dict.fromkeys(map(square_name, TOKEN_COLUMNS), 0.0)
    full = groups.assign(**{name: value for name, value in absent.items() if name not in groups})
    full["day"] = pd.to_datetime(full["day"])
    full["uncached_input_tokens"], full["output_tokens"] = full["requests"] * 1_000, full["requests"] * 200
    full["first"], full["last"] = full["day"], full["day"] + pd.Timedelta(hours=20)
    return Usage(
        groups=full,
        records=len(full),
        refused=0,
        refused_examples=(),
        first=full["first"].min().to_pydatetime().replace(tzinfo=UTC),
        last=full["last"].max().to_pydatetime().replace(tzinfo=UTC),
        notes=(),
        format="planner",
        files=1,
        sha256="0",
        prompt_edges=prompt_edges(BOOK),
        engine="DuckDB",
        facts=LogFacts(
            rows_read=len(full),
            no_requests=0,
            duplicates=0,
            duplicate_ids=(),
            ids_apart=0,
            same_content=0,
            without_zone=False,
            offsets=(),
            absent_cache={},
            unsplit_tokens=0,
        ),
    )


def daily_log(use: Mapping[str, Sequence[int]], **columns: Any) -> Usage:
    """Types with requests a day from FIRST on; a day without any has no group."""
    frames = []
    for name, requests in use.items():
        days = [FIRST + timedelta(days=offset) for offset in range(len(requests))]
        frame = pd.DataFrame({"day": days, "request_type": name, "requests": requests}).assign(**columns)
        frames.append(frame[frame["requests"] > 0])
    return usage(pd.concat(frames, ignore_index=True))


def measured(log: Usage, *exclusions: Exclusion) -> Measurement:
    return measure(log, BOOK, exclusions=exclusions)


def noisy(seed: int, scale: float, sd: float = 0.3, n_days: int = N_DAYS) -> list[int]:
    """Requests a day: Poisson around a level with log-normal noise and quiet weekends, and nothing else."""
    random = np.random.default_rng(seed)
    week = np.array([1, 1, 1, 1, 1, 0.4, 0.3])[np.arange(n_days) % 7]
    return [int(n) for n in random.poisson(scale * week * np.exp(random.normal(0, sd, n_days) - sd * sd / 2))]


# ---- what exclusions take out

NAMES = ["answer", "Answer-v2", "backfill-1", "backfill-2", "untagged"]
OWNED = {"api_key": ["prod-1", "prod-2", "", "key 3fa9c2"], "workspace": ["team a", ""]}
PATTERNS = {
    "request_type": ["backfill-*", "ANSWER", "answer*", "*", "untagged", "back????-1", "nothing"],
    "api_key": ["prod-*", "key *", "PROD-2"],
    "workspace": ["team a", "*"],
    "model": ["claude-haiku*", "*opus*"],
}
DAYS = st.dates(FIRST - timedelta(days=2), FIRST + timedelta(days=12)) | st.none()
EXCLUSIONS = st.lists(
    st.builds(
        Exclusion,
        **{name: st.none() | st.sampled_from(patterns) for name, patterns in PATTERNS.items()},  # type: ignore[arg-type]
        from_=DAYS,
        to=DAYS,
    ),
    max_size=4,
)


def random_log(seed: int) -> Usage:
    random = np.random.default_rng(seed)
    n = 60
    frame = pd.DataFrame(
        {
            "day": [FIRST + timedelta(days=int(offset)) for offset in random.integers(0, 10, n)],
            "request_type": random.choice(NAMES, n),
            "model": random.choice([OPUS, HAIKU], n),
            "requests": random.integers(1, 10_000, n),
        }
    )
    return usage(frame.assign(**{name: random.choice(values, n) for name, values in OWNED.items()}))


def names(row: Mapping[Any, Any], exclusion: Exclusion) -> bool:
    """The oracle: whether an exclusion names a row, by the standard library's patterns."""
    day = row["day"].date()
    inside = (exclusion.from_ is None or day >= exclusion.from_) and (exclusion.to is None or day <= exclusion.to)
    return inside and all(
        row[column] != "" and fnmatchcase(str(row[column]).lower(), pattern.lower())
        for column, pattern in exclusion.patterns.items()
    )


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(seed=st.integers(0, 10_000), exclusions=EXCLUSIONS, data=st.data())
def test_kept_and_removed_are_all_to_the_cent_in_any_order(
    seed: int, exclusions: list[Exclusion], data: st.DataObject
) -> None:
    log = random_log(seed)
    rows = measured(log).daily.to_dict("records")
    kept = [row for row in rows if not any(names(row, exclusion) for exclusion in exclusions)]
    if not kept:
        with pytest.raises(UsageError, match="every record"):
            measured(log, *exclusions)
        return
    cut = measured(log, *exclusions)
    raw, left = (round(sum(row["list_cost_usd"] for row in each) * 100) for each in (rows, kept))
    removed = sum(removal.list_cost_usd for removal in cut.removals)
    assert round(cut.totals.list_cost_usd * 100) == left
    assert round((cut.totals.list_cost_usd + removed) * 100) == raw
    assert round(float(cut.removed["list_cost_usd"].sum()) * 100) == round(removed * 100)
    assert cut.totals.requests + sum(removal.requests for removal in cut.removals) == sum(r["requests"] for r in rows)
    days = daily_spend(cut)
    assert round(float(days["raw_usd"].sum()) * 100) == raw
    assert months_of(cut)["kept_usd"].sum() == pytest.approx(cut.totals.list_cost_usd)
    again = measured(log, *data.draw(st.permutations(exclusions)))
    pd.testing.assert_frame_equal(cut.daily, again.daily)


def test_an_exclusion_that_comes_first_is_the_one_that_took_it() -> None:
    log = daily_log({"answer": [10] * 40, "load-test": [5] * 40})
    of_type, of_days = Exclusion(request_type="load-*"), Exclusion(to=FIRST + timedelta(days=3))
    one, other = measured(log, of_type, of_days), measured(log, of_days, of_type)
    assert [removal.requests for removal in one.removals] == [200, 40]
    assert [removal.requests for removal in other.removals] == [60, 180]
    assert one.totals == other.totals
    assert sum(removal.share_of_all for removal in one.removals) == pytest.approx(
        1 - one.totals.list_cost_usd / measured(log).totals.list_cost_usd
    )


@pytest.mark.parametrize(
    ("exclusion", "said"),
    [
        (Exclusion(request_type="anwser"), "Did you mean 'answer'?"),
        (Exclusion(api_key="prod-3"), "Did you mean 'prod-"),
        (Exclusion(customer="acme"), "the log names no customer"),
        (Exclusion(request_type="answer", to=date(2020, 1, 1)), "run from 2026-05-01 to 2026-06-09"),
        (Exclusion(request_type="load-*", api_key="prod-2"), "no use fits all of its conditions together"),
        (Exclusion(model="claude-opus-3*"), "the log has no such model. Did you mean 'claude-opus-5'?"),
    ],
)
def test_an_exclusion_that_takes_nothing_is_said_with_the_nearest_value(exclusion: Exclusion, said: str) -> None:
    one = daily_log({"answer": [10] * 40}, api_key="prod-2", customer="").groups
    two = daily_log({"load-test": [10] * 40}, api_key="prod-1", customer="").groups
    cut = measured(usage(pd.concat([one, two], ignore_index=True)), exclusion)
    (warning,) = [warning for warning in cut.warnings if "removes nothing" in warning]
    assert said in warning


def test_what_earlier_exclusions_took_is_said() -> None:
    log = daily_log({"answer": [10] * 40, "load-test": [5] * 40})
    cut = measured(log, Exclusion(request_type="load-*"), Exclusion(request_type="load-test"))
    assert any("exclusions before it take all" in warning for warning in cut.warnings)


def test_an_owner_takes_its_use_and_leaves_the_day_to_speak_for_the_rest() -> None:
    frames = [
        daily_log({"answer": [300] * N_DAYS}, api_key="live").groups,
        daily_log({"answer": [0] * 40 + [900] * 20}, api_key="load").groups,
    ]
    log = usage(pd.concat(frames, ignore_index=True))
    season = np.ones(12)

    def level(*exclusions: Exclusion) -> float:
        cut = measured(log, *exclusions)
        (entry,) = forward_mix(cut, start=date(2027, 1, 1), season=season, price_book=BOOK).entries
        assert level_usd_per_month(cut) > 0
        return entry.monthly_requests

    span = {"from_": FIRST + timedelta(days=40), "to": FIRST + timedelta(days=59)}
    assert level(Exclusion(api_key="load")) == pytest.approx(300 * DAYS_PER_MONTH)
    assert level(Exclusion(api_key="load", **span)) == pytest.approx(300 * DAYS_PER_MONTH)
    assert level(Exclusion(request_type="answer", **span)) == pytest.approx(300 * DAYS_PER_MONTH)
    assert level() > 300 * DAYS_PER_MONTH


def test_usage_that_was_read_without_an_owner_cannot_be_cut_by_it() -> None:
    with pytest.raises(UsageError, match="without api_key"):
        measured(daily_log({"answer": [10] * 40}), Exclusion(api_key="x"))


# ---- what is suggested


def planted() -> dict[str, list[int]]:
    """Four steady types, a spike of three days, a backfill in July, and a type that ended in June."""
    use = {
        name: noisy(seed, scale) for seed, (name, scale) in enumerate(zip("abcd", (5e3, 2e4, 1e3, 3e3), strict=True))
    }
    for day in (80, 81, 82):
        use["b"][day] = 200_000
    use["b"][83] = use["a"][100] = 50  # days of little use are no reason to leave anything out
    use["backfill"] = [0] * 70 + [8_000] * 6 + [0] * (N_DAYS - 76)
    use["legacy"] = [*noisy(9, 2_000)[:55], *[0] * (N_DAYS - 55)]
    return use


def test_planted_spikes_one_offs_and_ends_are_found_and_nothing_else() -> None:
    found = {each.exclusion.request_type: each for each in suggest_exclusions(measured(daily_log(planted())))}
    assert {name: each.kind for name, each in found.items()} == {
        "b": "spike",
        "backfill": "one-off",
        "legacy": "stopped",
    }
    assert found["b"].exclusion.from_ == FIRST + timedelta(days=80)
    assert found["b"].exclusion.to == FIRST + timedelta(days=82)
    assert found["backfill"].requests == 48_000
    assert all(each.sure == "high" for each in found.values())
    assert all(each.exclusion.reason for each in found.values())


def test_accepting_a_suggestion_removes_exactly_what_it_said_and_it_is_not_suggested_again() -> None:
    log = daily_log(planted())
    taken: list[Exclusion] = []
    while suggestions := suggest_exclusions(measured(log, *taken)):
        first, before = suggestions[0], measured(log, *taken)
        taken.append(first.exclusion)
        after = measured(log, *taken)
        assert after.removals[-1].list_cost_usd == pytest.approx(first.list_cost_usd, abs=0.005)
        assert after.removals[-1].requests == first.requests
        change = level_usd_per_month(before) - level_usd_per_month(after)
        assert change == pytest.approx(first.level_usd_per_month, abs=0.01)
    assert len(taken) == 3


def test_steady_noise_gives_no_suggestion() -> None:
    """False alarms: none in 160 types over five months, at day-to-day noise of 10 to 50 %, from 40 to 40,000 a day."""
    alarms = []
    for row, scale in enumerate((40, 200, 1_000, 6_000, 40_000)):
        use = {f"t{k}": noisy(1_000 * row + k, scale, sd=0.1 + 0.05 * (k % 9)) for k in range(32)}
        alarms += suggest_exclusions(measured(daily_log(use)))
    assert alarms == []


def test_a_report_that_runs_once_a_month_has_not_stopped() -> None:
    monthly = [5_000 if (FIRST + timedelta(days=offset)).day == 1 else 0 for offset in range(N_DAYS - 1)] + [0]
    assert suggest_exclusions(measured(daily_log({"answer": noisy(1, 5_000), "report": monthly}))) == ()


def test_use_that_moves_to_another_model_or_stops_being_tagged_is_not_left_out() -> None:
    old = daily_log({"answer": [500] * 80 + [0] * (N_DAYS - 80)}, model=HAIKU).groups
    new = daily_log({"answer": [0] * 80 + [500] * (N_DAYS - 80)}, model=OPUS).groups
    untagged = daily_log({"untagged": [400] * 60 + [0] * (N_DAYS - 60)}).groups
    assert suggest_exclusions(measured(usage(pd.concat([old, new, untagged], ignore_index=True)))) == ()


def test_a_type_that_was_renamed_is_told_as_one_and_is_not_sure() -> None:
    use = {
        "answer": noisy(1, 5_000),
        "summary": [*noisy(2, 2_000)[:80], *[0] * (N_DAYS - 80)],
        "digest": [*[0] * 82, *noisy(3, 2_000)[82:]],
    }
    (found,) = suggest_exclusions(measured(daily_log(use)))
    assert (found.exclusion.request_type, found.kind, found.sure) == ("summary", "stopped", "low")
    assert "'digest' began when it ended" in found.evidence


def test_a_short_log_says_nothing_of_ends() -> None:
    use = {"answer": noisy(1, 5_000, n_days=50), "once": [0] * 15 + [900] + [0] * 34}
    assert suggest_exclusions(measured(daily_log(use))) == ()


# ---- written into the plan

PLAIN = EXAMPLE.read_text(encoding="utf-8")
BAND = "band = [{ min_commit_usd_per_year = 0, discount_fraction = 0 }]"
HEAD = f"[plan]\nstart = 2027-01-01\n[contract]\nterm_months = 12\n{BAND}\n"
SPELLINGS = {
    "example": PLAIN,
    "no exclusions": PLAIN.replace(PLAIN[PLAIN.index("[[usage.exclude]]") : PLAIN.index("# Instead of")], ""),
    "on one line": f'{HEAD}[usage]\nsources = ["x"]  # the log\nexclude = [{{ request_type = "a", reason = "r" }}]\n',
    "dotted": f'usage.sources = ["x"]  # the log\n{HEAD}',
    "rules between": f'{HEAD}[usage]\nsources = ["x"]\n\n[[usage.rule]]\npattern = "a*"\nrequest_type = "a"\n# end\n',
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_an_exclusion_is_added_and_all_else_stays_as_it_was(name: str) -> None:
    text = SPELLINGS[name]
    new = Exclusion(request_type='back"fill\\*', from_=date(2026, 8, 3), to=date(2026, 8, 9), reason="läuft nicht mehr")
    changed = with_exclusions(text, [new])
    wanted = tomllib.loads(text)
    wanted["usage"]["exclude"] = [*wanted["usage"].get("exclude", []), dict(exclusion_entry(new))]
    assert tomllib.loads(changed) == wanted
    comments = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert [line.partition("#")[2] for line in changed.splitlines() if "#" in line] == comments
    usage_inputs = parse_plan(changed, base_dir=ROOT).usage
    assert usage_inputs is not None
    assert usage_inputs.exclusions[-1] == new


def test_a_typed_mix_has_no_log_to_exclude_from() -> None:
    with pytest.raises(InputError, match="no \\[usage\\]"):
        with_exclusions("[[mix]]\n", [Exclusion(request_type="a", reason="r")])


@pytest.fixture(scope="module")
def open_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example plan, in a folder of its own, without its exclusion."""
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    text = SPELLINGS["no exclusions"].replace("../usage/example", str(ROOT / "data" / "usage" / "example"))
    path.write_text(text, encoding="utf-8")
    return path


def test_the_exclusion_of_the_example_is_what_would_be_suggested(open_plan: Path) -> None:
    found = baseline_of(load_plan(open_plan))
    (suggestion,) = found.exclusions
    assert (suggestion.exclusion.request_type, suggestion.kind) == ("reindex", "one-off")
    text, after = accepted(found, [1])
    assert after.exclusions == ()
    theirs = baseline_of(load_plan(EXAMPLE)).measurement
    assert after.measurement.totals == theirs.totals
    assert after.measurement.removals[0].list_cost_usd == pytest.approx(suggestion.list_cost_usd)
    assert "# Instead of [usage]" in text
    with pytest.raises(InputError, match="numbers run from 1 to 1"):
        accepted(found, [2])


def test_the_command_shows_accepts_and_says_before_and_after(
    open_plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "new.toml"
    monkeypatch.setattr(
        "sys.argv", ["planner", "baseline", str(open_plan), "--accept", "1", "-o", str(target), "--json"]
    )
    cli.main()
    said = json.loads(capsys.readouterr().out)
    assert said["level_usd_per_month_after"] < said["level_usd_per_month"]
    assert said["file"] == str(target)
    assert sum(day["raw_usd"] - day["kept_usd"] for day in said["days"]) == pytest.approx(
        said["excluded"][0]["removed_usd"]
    )
    monkeypatch.setattr("sys.argv", ["planner", "baseline", str(target)])
    cli.main()
    out = capsys.readouterr().out
    assert "Nothing more is suggested" in out
    assert "Nothing was written" in out


def test_measure_takes_exclusions_and_suggests(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = str(ROOT / "data" / "usage" / "example.jsonl.gz")
    monkeypatch.setattr("sys.argv", ["planner", "measure", log, "--suggest", "--exclude", "type=tri*,days=2026-08-01"])
    cli.main()
    out = capsys.readouterr().out
    assert "tri* from 2026-08-01 to 2026-08-01" in out
    assert '[[usage.exclude]]\nrequest_type = "reindex"' in out
    monkeypatch.setattr("sys.argv", ["planner", "measure", str(EXAMPLE), "--request-type", "x", "--from", "2026-06-01"])
    with pytest.raises(SystemExit) as refused:
        cli.main()
    assert refused.value.code == 2
    assert "--request-type, --from" in capsys.readouterr().err
    for wrong in ("triage", "kind=x", "days=2026-08-09..2026-08-01", "reason=x", "days=soon"):
        monkeypatch.setattr("sys.argv", ["planner", "measure", log, "--exclude", wrong])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert stopped.value.code == 2
        assert "--exclude" in capsys.readouterr().err


# ---- the picture


@pytest.mark.parametrize("n_days", [60, N_DAYS])
def test_the_picture_has_every_dollar_and_marks_what_was_left_out(n_days: int) -> None:
    use = {"a": [100] * n_days, "load-test": [0] * 20 + [400] * 3 + [0] * (n_days - 23)}
    cut = measured(daily_log(use), Exclusion(request_type="load-*", reason="r"), Exclusion(request_type="gone"))
    frame = baseline_frame(cut)
    assert frame["kept_usd"].sum() == pytest.approx(cut.totals.list_cost_usd)
    assert (frame["raw_usd"] - frame["kept_usd"] - frame["removed_usd"]).abs().max() < 1e-9
    (span,) = excluded_spans(cut).to_dict("records")
    assert (span["begin"].date(), span["end"].date()) == (FIRST + timedelta(days=20), FIRST + timedelta(days=23))
    drawn = str(baseline_chart(cut).to_dict())
    assert "load-*" in drawn
    assert "NaN" not in drawn
    assert f"load-* ${cut.removals[0].list_cost_usd:,.0f}" in baseline_says(cut)
