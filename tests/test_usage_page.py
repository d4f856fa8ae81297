"""The page Usage without a browser: three doors, the mapping of unknown logs, types, baseline, bill, quality."""

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st
from analytics_stub import AnalyticsStub, use_of_day
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from planner.bundled import app_path, data_path
from planner.errors import InputError, PlannerError
from planner.plan_file.loader import parse_plan
from planner.plan_file.usage_keys import entries_of, usage_of, with_log, with_usage
from planner.ui.arriving.started_folder import inside, places
from planner.ui.arriving.uploads import Choice, Upload, choose
from planner.ui.state.edited_usage import edited_usage
from planner.ui.usage.mapping import NEEDED as NEEDED_COLUMNS
from planner.ui.usage.mapping import NOT_THERE, SAME_FOR_ALL, chosen, options, plain_fields
from planner.usage.files import inspect_file
from planner.usage.preview import preview, with_fields
from planner.usage.read import UsageSource

SMALL = Path(__file__).parent / "plans" / "small.toml"
EXAMPLE = data_path("plans", "example.toml")
FIRST = date(2026, 6, 1)
SECRET = "why is the sky blue"
KEYS = ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def usage_rows(days: int = 122) -> list[dict[str, Any]]:
    """Three types a day; `Triage` and `triage` are one, `summaries` has a spike of three days."""
    rows = []
    for number in range(days):
        day = (FIRST + timedelta(days=number)).isoformat()
        weekly = 0.6 if (FIRST + timedelta(days=number)).weekday() > 4 else 1.0
        for name, requests in (("triage", 500), ("Triage", 40), ("summaries", 90), ("", 20)):
            calls = int((requests + number % 7) * weekly) * (25 if name == "summaries" and 60 <= number < 63 else 1)
            rows.append({"day": day, "type": name, "input": calls * 900, "output": calls * 120, "calls": calls})
    return rows


def own_csv() -> bytes:
    """The log in the product's own columns."""
    return written(
        ["timestamp", "request_type", "model", "requests", "uncached_input_tokens", "output_tokens"],
        [
            [r["day"] + "T08:00:00Z", r["type"], "claude-opus-5-5", r["calls"], r["input"], r["output"]]
            for r in usage_rows()
        ],
    )


def unknown_csv() -> bytes:
    """The same in columns that nobody knows, with the text of a prompt in one of them."""
    return written(
        ["when", "use case", "llm", "how_many", "toks_a", "toks_b", "prompt"],
        [
            [r["day"] + "T08:00:00Z", r["type"], "claude-opus-5-5", r["calls"], r["input"], r["output"], SECRET]
            for r in usage_rows()
        ],
    )


def written(header: list[str], rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def typed_plan(folder: Path) -> Path:
    """A small plan of a mix that was typed in, without levers: routes need to know the lengths of single prompts."""
    text = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 500")
    text = re.sub(r"\[\[scenario\.(route|batch)\]\].*?(?=\[\[|\[contract\])", "", text, flags=re.DOTALL)
    plan = folder / "plan.toml"
    plan.write_text(text, encoding="utf-8")
    return plan


def log_plan(folder: Path) -> Path:
    """The same of a log beside it."""
    (folder / "log.csv").write_bytes(own_csv())
    plan = typed_plan(folder)
    text = plan.read_text(encoding="utf-8")
    text = re.sub(r"\[\[mix\]\].*?(?=\[prices\])", '[usage]\nsources = ["log.csv"]   # ours\n\n', text, flags=re.DOTALL)
    plan.write_text(text, encoding="utf-8")
    return plan


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], AppTest]]:
    for name in (*KEYS, "PLANNER_FOLDER"):
        monkeypatch.delenv(name, raising=False)

    def started(plan: Path) -> AppTest:
        monkeypatch.setenv("PLANNER_PLAN", str(plan))
        found = AppTest.from_file(str(app_path()), default_timeout=120)
        found._page_hash = calc_hash("usage")
        return run(found)

    yield started
    st.cache_resource.clear()


def run(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception, [error.message for error in app.exception]
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.error, app.info, app.warning, app.success, app.code, app.header)
    return re.sub(r"\\(.)", r"\1", "\n".join(str(item.value) for kind in kinds for item in kind)).replace("\u2060", "")


def tables(app: AppTest) -> str:
    return "\n".join(frame.value.to_csv() for frame in app.table).replace("\\", "")


class Typing:
    """Stands in for a hand at the tables to edit: rows to show in place of those of a table, by a column of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.typed: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {}
        self.shown: dict[str, pd.DataFrame] = {}
        monkeypatch.setattr(st, "data_editor", self.edit)

    def edit(self, frame: pd.DataFrame, **config: Any) -> pd.DataFrame:
        for column in ("reason", "pattern", "amount_usd"):
            if column in frame:
                self.shown[column] = frame
                return self.typed[column](frame) if column in self.typed else frame
        return frame

    def add(self, column: str, **cells: Any) -> None:
        """A row that is typed below the others, as often as the table starts without it."""

        def added(frame: pd.DataFrame) -> pd.DataFrame:
            if any(all(row.get(k) == v for k, v in cells.items()) for row in frame.to_dict("records")):
                return frame
            row = dict.fromkeys(frame.columns) | cells
            return pd.DataFrame([*frame.to_dict("records"), row], columns=frame.columns, dtype=object)

        self.typed[column] = added


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Typing:
    return Typing(monkeypatch)


# --- what there is without a log --------------------------------------------------------------------------------------


def test_a_mix_that_was_typed_in_says_what_to_do(app: Callable[[Path], AppTest]) -> None:
    page = app(SMALL)
    assert "typed in" in words(page)
    assert "Bring another log" in words(page)
    assert not page.tabs


def test_a_log_has_every_section(app: Callable[[Path], AppTest], tmp_path: Path) -> None:
    page = app(log_plan(tmp_path))
    assert [tab.label for tab in page.tabs] == [
        "Where the log is from",
        "Request types",
        "Baseline",
        "Bill",
        "Data quality",
    ]
    text = words(page)
    assert not page.error
    assert "Nothing to compare with" in text
    assert "of the list bill carries no request type" in text
    assert "Level at list" in text


# --- doors ------------------------------------------------------------------------------------------------------------


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader(key="page_uploads_0").set_value([(n, data, "application/octet-stream") for n, data in files])
    run(app)
    app.button(key="take_upload").click()
    return run(app)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("log.csv", b"%PDF-1.7 nothing", "PDF"),
        ("log.csv", b"", "is empty"),
        ("plan.toml", b"not = [toml", "not valid TOML"),
        ("log.csv", own_csv().replace(b"claude-opus-5-5", b"no-such-model"), "no-such-model"),
    ],
)
def test_a_bad_upload_is_refused_and_the_plan_stays(
    app: Callable[[Path], AppTest], tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    page = app(log_plan(tmp_path))
    before = [item.value for item in page.markdown][:6]
    upload(page, (name, data))
    assert any(says in re.sub(r"\\(.)", r"\1", error.value) for error in page.error)
    assert "Say which field is which" not in [item.value for item in page.header]
    assert [item.value for item in page.markdown][:6] == before


def test_an_uploaded_log_takes_the_place_of_the_mix_and_the_terms_stay(
    app: Callable[[Path], AppTest], tmp_path: Path
) -> None:
    page = upload(app(typed_plan(tmp_path)), ("mine.csv", own_csv()))
    loaded = page.session_state["loaded"]
    assert loaded.origin == "upload"
    assert loaded.plan.inputs.contract == parse_plan(SMALL.read_text(), base_dir=SMALL.parent).contract
    assert usage_of(loaded.plan.inputs.text)["sources"] == ["mine.csv"]
    page.button(key="reset").click()
    run(page)
    assert page.session_state["loaded"].origin == "file"


def test_a_folder_is_listed_and_measured(
    app: Callable[[Path], AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"
    (logs / "june").mkdir(parents=True)
    (logs / "june" / "a.csv").write_bytes(own_csv())
    page = app(typed_plan(tmp_path))
    page.segmented_control(key="door").set_value("Folder on this machine")
    run(page)
    assert "--folder DIR" in words(page)
    monkeypatch.setenv("PLANNER_FOLDER", str(logs))
    run(page)
    assert page.selectbox(key="folder_place").options == ["logs (folder, 1 log)", "june (folder, 1 log)", "june/a.csv"]
    page.selectbox(key="folder_place").set_value("june")
    page.button(key="take_folder").click()
    run(page)
    assert page.session_state["loaded"].origin == "folder"
    assert usage_of(page.session_state["loaded"].plan.inputs.text)["sources"] == ["june"]
    assert str(tmp_path) not in words(page) + tables(page)


@pytest.mark.parametrize(
    "named", ["..", "../secret.csv", "/etc", "june/../../secret.csv", "link.csv", "linked", "a\0b"]
)
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, named: str) -> None:
    logs = tmp_path / "logs"
    (logs / "june").mkdir(parents=True)
    (logs / "june" / "a.csv").write_bytes(own_csv())
    (tmp_path / "secret.csv").write_bytes(own_csv())
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "b.csv").write_bytes(own_csv())
    (logs / "link.csv").symlink_to(tmp_path / "secret.csv")
    (logs / "linked").symlink_to(tmp_path / "outside")
    assert inside(logs, "june/a.csv") == logs / "june" / "a.csv"
    with pytest.raises(InputError, match="not below the folder"):
        inside(logs, named)
    (logs / "june" / "c.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InputError, match="leads out of the folder"):
        inside(logs, "june")
    assert [place.path for place in places(logs)[0]] == [".", "june", "june/a.csv"]


def test_a_plan_of_a_log_below_the_folder_finds_it_again_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"
    (logs / "june").mkdir(parents=True)
    (logs / "june" / "a.csv").write_bytes(own_csv())
    (tmp_path / "secret.csv").write_bytes(own_csv())
    opening = parse_plan(SMALL.read_text(encoding="utf-8"), base_dir=SMALL.parent)

    def chosen_of(source: str) -> Choice:
        text = with_log(opening.text, [source], {}, keep_names=True)
        uploads = [Upload(name="mine.toml", data=text.encode())]
        return choose(uploads, opening=opening, is_example=False, folder=tmp_path / "session")

    with pytest.raises(InputError, match="cannot see that file"):
        chosen_of("june")
    monkeypatch.setenv("PLANNER_FOLDER", str(logs))
    for source in ("june", "june/*.csv", "."):
        usage = chosen_of(source).inputs.usage
        assert usage is not None
        assert usage.source.base_dir == logs
    for source in ("../secret.csv", str(tmp_path / "secret.csv"), "june/../../*.csv", "*/../../secret.csv", "~"):
        with pytest.raises(InputError, match="cannot see that file"):
            chosen_of(source)


def test_a_browser_that_names_another_place_is_refused(
    app: Callable[[Path], AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.csv").write_bytes(own_csv())
    (tmp_path / "secret.csv").write_bytes(own_csv())
    monkeypatch.setenv("PLANNER_FOLDER", str(logs))
    page = app(typed_plan(tmp_path))
    page.segmented_control(key="door").set_value("Folder on this machine")
    run(page)
    as_it_is = st.selectbox
    monkeypatch.setattr(
        st, "selectbox", lambda *a, **k: "../secret.csv" if k.get("key") == "folder_place" else as_it_is(*a, **k)
    )
    page.button(key="take_folder").click()
    run(page)
    assert "not below the folder" in words(page)
    assert page.session_state["loaded"].origin == "file"


def test_without_a_key_the_page_says_which_variable_and_asks_for_none(app: Callable[[Path], AppTest]) -> None:
    page = app(SMALL)
    page.segmented_control(key="door").set_value("Pull from Anthropic")
    run(page)
    assert all(name in words(page) for name in KEYS)
    assert not page.text_input
    assert "take_pull" not in [button.key for button in page.button]


def test_a_key_is_never_on_the_page(app: Callable[[Path], AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    page = app(SMALL)
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant-admin01-never-shown")
    page.segmented_control(key="door").set_value("Pull from Anthropic")
    run(page)
    assert "take_pull" in [button.key for button in page.button]
    boxes = (*page.multiselect, *page.selectbox, *page.text_input)
    assert "never-shown" not in words(page) + repr([box.value for box in boxes])


def test_a_pull_becomes_the_log_of_the_plan_with_the_bill_beside_it(
    app: Callable[[Path], AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = app(typed_plan(tmp_path))
    (tmp_path / "kept").mkdir()
    with AnalyticsStub() as stub:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.address)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", stub.key)
        monkeypatch.setenv("PLANNER_FOLDER", str(tmp_path / "kept"))
        page.segmented_control(key="door").set_value("Pull from Anthropic")
        run(page)
        page.date_input(key="pull_from").set_value(date(2026, 9, 1))
        page.date_input(key="pull_to").set_value(date(2026, 9, 30))
        run(page)
        page.button(key="take_pull").click()
        run(page)
    loaded = page.session_state["loaded"]
    assert loaded.origin == "pull", words(page)
    days = [date(2026, 9, 1) + timedelta(days=number) for number in range(30)]
    used = [use for day in days for use in use_of_day(day)]
    measurement = loaded.plan.prepared.measurement
    assert measurement.totals.requests == sum(use.counts["requests"] for use in used)
    billed_usd = float(sum(use.amount for use in used)) / 100
    assert float(measurement.reconciliation.billed_cost_usd) == pytest.approx(billed_usd)
    usage = usage_of(loaded.plan.inputs.text)
    assert usage["window"] == {"from": days[0], "to": days[-1]}
    assert (tmp_path / "kept" / usage["sources"][0]).parent.is_dir(), "the plan names what is below the folder"
    assert stub.key not in loaded.plan.inputs.text + words(page) + tables(page)


def test_a_pull_that_is_refused_says_why_and_not_where_it_keeps_things(
    app: Callable[[Path], AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = app(typed_plan(tmp_path))
    with AnalyticsStub() as stub:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", stub.address)
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant-admin01-expired-or-wrong")
        monkeypatch.setenv("PLANNER_FOLDER", str(tmp_path))
        page.segmented_control(key="door").set_value("Pull from Anthropic")
        run(page)
        page.button(key="take_pull").click()
        run(page)
    assert page.session_state["loaded"].origin == "file"
    assert "was not taken" in words(page)
    assert "401" in words(page)
    assert "expired-or-wrong" not in words(page)
    assert str(tmp_path) not in words(page)


# --- mapping ----------------------------------------------------------------------------------------------------------


def test_an_unknown_log_is_mapped_and_measured(app: Callable[[Path], AppTest], tmp_path: Path) -> None:
    page = upload(app(typed_plan(tmp_path)), ("gateway.csv", unknown_csv()))
    assert "Say which field is which" in [item.value for item in page.header]
    assert page.session_state["loaded"].origin == "file", "the plan on the screen stays until the mapping is used"
    assert page.button(key="use_mapping").disabled
    picks = {box.label: box for box in page.selectbox}
    picks["Time"].set_value("when")
    picks["Model"].set_value("llm")
    picks["Input tokens"].set_value("toks_a")
    picks["Output tokens"].set_value("toks_b")
    picks["Requests in the row"].set_value("how_many")
    picks["The request type is"].set_value("field")
    run(page)
    next(box for box in page.selectbox if box.label == "Field").set_value("use case")
    run(page)
    rows = usage_rows()
    assert f"Of the first {len(rows)} rows" in words(page)
    assert f"{sum(row['input'] for row in rows):,} uncached input tokens" in words(page)
    assert 'timestamp = "when"' in words(page)
    page.button(key="use_mapping").click()
    run(page)
    assert SECRET not in words(page) + tables(page) + repr([box.options for box in page.selectbox])
    loaded = page.session_state["loaded"]
    assert loaded.origin == "mapped"
    assert usage_of(loaded.plan.inputs.text)["request_type"] == "use case"
    assert loaded.plan.prepared.measurement.totals.requests == sum(row["calls"] for row in rows)


def test_a_mapping_that_is_refused_says_so_once_and_by_the_name_of_the_file(
    app: Callable[[Path], AppTest], tmp_path: Path
) -> None:
    head = b"timestamp,model,request_type,input_tokens,output_tokens\n"
    row = b"2026-10-02T10:00:00Z,claude-opus-5-5,chat,%b,200\n"
    page = upload(app(typed_plan(tmp_path)), ("gateway.csv", head + row % b"1000" + row % b"NaN"))
    page.button(key="use_mapping").click()
    run(page)
    (said,) = [re.sub(r"\\(.)", r"\1", error.value) for error in page.error]
    assert "gateway.csv, line 3" in said
    assert "This mapping was not used" in said
    assert page.session_state["loaded"].origin == "file"


def test_a_mapping_can_be_left(app: Callable[[Path], AppTest], tmp_path: Path) -> None:
    page = upload(app(typed_plan(tmp_path)), ("gateway.csv", unknown_csv()))
    page.button(key="leave_mapping").click()
    run(page)
    assert not [item for item in page.header if item.value == "Say which field is which"]
    assert page.session_state["loaded"].origin == "file"


def test_other_pages_lead_to_the_mapping(app: Callable[[Path], AppTest], tmp_path: Path) -> None:
    page = app(typed_plan(tmp_path))
    page.file_uploader(key="uploads_0").set_value([("gateway.csv", unknown_csv(), "text/csv")])
    page._page_hash = calc_hash("commit")
    run(page)
    assert "gateway.csv: of no format that is known by itself" in words(page)


def test_text_of_prompts_is_offered_for_nothing_that_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(unknown_csv())
    file = inspect_file(path, tmp_path)
    assert file is not None
    for column in NEEDED_COLUMNS:
        assert "prompt" not in options(file, column)
    assert "prompt" not in plain_fields(file)


def test_a_choice_becomes_the_keys_of_the_plan() -> None:
    picked = {"timestamp": "ts", "model": SAME_FOR_ALL, "uncached_input_tokens": "in", "requests": NOT_THERE}
    made = chosen(
        picked, {"model": " claude-opus-5-5 "}, includes_cache=True, types_by="joined", fields=["team", "feature"]
    )
    assert made.usage() == {
        "format": None,
        "columns": {"timestamp": "ts", "input_tokens_including_cache": "in"},
        "constants": {"model": "claude-opus-5-5"},
        "request_type": ["team", "feature"],
    }
    first = chosen({}, {}, includes_cache=False, types_by="first", fields=["a", "b"])
    assert first.usage()["request_type"] == {"first_of": ["a", "b"]}
    prompt = chosen({}, {}, includes_cache=False, types_by="prompt", fields=["system"])
    assert prompt.usage()["request_type"] == {"system_prompt": "system"}


def test_a_preview_counts_what_plain_python_counts_and_says_which_rows_would_be_refused(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_bytes(unknown_csv() + b"not a day,x,claude-opus-5-5,1,2,3,text\n")
    source = UsageSource(
        sources=("log.csv",),
        base_dir=tmp_path,
        columns={"timestamp": "when", "model": "llm", "uncached_input_tokens": "toks_a", "output_tokens": "toks_b"},
    )
    made = preview(source)
    rows = usage_rows()
    assert made.rows == len(rows) + 1
    assert made.refused == 1
    assert "not a day" not in "".join(made.problems)
    assert made.totals["output_tokens"] == sum(row["output"] for row in rows)
    assert made.records[0]["timestamp"] == "2026-06-01 08:00:00"
    with pytest.raises(PlannerError, match="model"):
        preview(UsageSource(sources=("log.csv",), base_dir=tmp_path, columns={"timestamp": "when"}))


def test_fields_of_parquet_have_samples_too(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pd.DataFrame({"ts": ["2026-06-01"], "usage": [{"inside": 5}]}).to_parquet(path)
    file = inspect_file(path, tmp_path)
    assert file is not None
    looked = with_fields(file)
    assert list(looked.fields) == ["ts", "usage.inside"]
    assert looked.sample == ({"ts": "2026-06-01", "usage.inside": "5"},)


# --- types, baseline, bill --------------------------------------------------------------------------------------------


def test_an_exclusion_that_is_typed_changes_the_plan_and_is_undone(
    app: Callable[[Path], AppTest], tmp_path: Path, hand: Typing
) -> None:
    page = app(log_plan(tmp_path))
    before = page.session_state["loaded"].plan
    hand.add("reason", request_type="triage*", **{"from": date(2026, 7, 1), "to": date(2026, 7, 10)}, reason="a test")
    run(page)
    page.button(key="apply_exclude").click()
    run(page)
    after = page.session_state["loaded"].plan
    (entry,) = entries_of(after.inputs.text, "exclude")
    assert entry == {"request_type": "triage*", "from": date(2026, 7, 1), "to": date(2026, 7, 10), "reason": "a test"}
    assert "# ours" in after.inputs.text, "comments stay"
    daily = before.prepared.measurement.daily
    hit = daily["request_type"].str.lower().eq("triage") & daily["day"].between("2026-07-01", "2026-07-10")
    assert after.prepared.measurement.removals[0].list_cost_usd == pytest.approx(daily.loc[hit, "list_cost_usd"].sum())
    assert hand.shown["reason"]["removes"].iloc[0].startswith("$")
    hand.typed.clear()
    page.button(key="undo_edits").click()
    run(page)
    assert page.session_state["loaded"].plan is before


def test_a_wrong_exclusion_says_so_in_its_row_and_nothing_typed_is_lost(
    app: Callable[[Path], AppTest], tmp_path: Path, hand: Typing
) -> None:
    page = app(log_plan(tmp_path))
    before = page.session_state["loaded"].plan
    hand.add("reason", request_type="triage")
    run(page)
    page.button(key="apply_exclude").click()
    run(page)
    assert page.session_state["loaded"].plan is before
    assert "were not applied" in words(page)
    assert "reason" in hand.shown["reason"]["problem"].iloc[0]
    assert hand.shown["reason"]["request_type"].tolist() == ["triage"], "the row is still there"
    page._page_hash = calc_hash("commit")
    run(page)
    page._page_hash = calc_hash("usage")
    run(page)
    assert hand.shown["reason"]["request_type"].tolist() == ["triage"], "also after another page"
    page.button(key="clear_exclude").click()
    hand.typed.clear()
    run(page)
    assert hand.shown["reason"].empty
    assert "were not applied" not in words(page)


def test_a_suggested_exclusion_and_a_merge_are_accepted(app: Callable[[Path], AppTest], tmp_path: Path) -> None:
    page = app(log_plan(tmp_path))
    assert "Spike: summaries from 2026-07-31 to 2026-08-02" in words(page)
    page.button(key="accept_exclusion_0").click()
    run(page)
    text = page.session_state["loaded"].plan.inputs.text
    assert [(entry["from"], entry["to"]) for entry in entries_of(text, "exclude")] == [
        (date(2026, 7, 31), date(2026, 8, 2))
    ]
    assert "Spike: summaries" not in words(page)
    page.button(key="accept_merge_0").click()
    run(page)
    after = page.session_state["loaded"].plan
    assert len(entries_of(after.inputs.text, "rule")) == 1
    assert len(entries_of(after.inputs.text, "exclude")) == 1, "what was accepted before stays"
    assert set(after.prepared.measurement.daily["request_type"]) == {"triage", "summaries", "untagged"}


def test_an_invoice_total_is_compared_with_the_log(
    app: Callable[[Path], AppTest], tmp_path: Path, hand: Typing
) -> None:
    page = app(log_plan(tmp_path))
    measured = page.session_state["loaded"].plan.prepared.measurement
    july = float(measured.rows.loc[measured.rows["month"] == "2026-07", "list_cost_usd"].sum())
    hand.add("amount_usd", month="2026-07", amount_usd=round(july * 1.2, 2))
    run(page)
    page.button(key="apply_invoice").click()
    run(page)
    assert "does not explain the bill" in words(page)
    assert "settle it before signing" in words(page)


# --- the plan's text --------------------------------------------------------------------------------------------------


def test_keys_of_usage_change_in_place_and_back() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    rules = [{"pattern": "a*", "request_type": "b"}]
    changed = with_usage(text, {"rule": rules, "columns": {"model": "m"}})
    assert tomllib.loads(changed) == tomllib.loads(text) | {
        "usage": {**usage_of(text), "rule": rules, "columns": {"model": "m"}}
    }
    comments = re.findall(r"#.*", text)
    assert re.findall(r"#.*", changed) == comments
    back = with_usage(changed, {"rule": [], "columns": None})
    assert tomllib.loads(back) == tomllib.loads(text)
    assert with_usage(text, {"rule": []}) == text
    with pytest.raises(InputError, match="typed in"):
        with_usage(SMALL.read_text(encoding="utf-8"), {"rule": rules})


def test_another_log_takes_what_spoke_of_the_one_before_with_it() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    kept = with_log(text, ["new.csv"], {}, keep_names=True)
    assert usage_of(kept) == {"sources": ["new.csv"], "exclude": entries_of(text, "exclude")}
    assert usage_of(with_log(text, ["new.csv"], {"columns": {"model": "m"}}, keep_names=False)) == {
        "sources": ["new.csv"],
        "columns": {"model": "m"},
    }
    typed = with_log(SMALL.read_text(encoding="utf-8"), ["new.csv"], {}, keep_names=True)
    assert "mix" not in tomllib.loads(typed)
    dotted = 'usage.sources = ["a.csv"]\n' + SMALL.read_text(encoding="utf-8").split("[[mix]]")[0]
    assert usage_of(with_log(dotted, ["b.csv"], {}, keep_names=True)) == {"sources": ["b.csv"]}


def test_an_edit_names_no_file_that_was_not_there(tmp_path: Path) -> None:
    before = parse_plan(log_plan(tmp_path).read_text(encoding="utf-8"), base_dir=tmp_path)
    assert before.usage is not None
    moved = parse_plan(before.text.replace("log.csv", "../other.csv"), base_dir=tmp_path)
    with pytest.raises(InputError, match="cannot change where the log is"):
        edited_usage(moved, before, {})
    billed = parse_plan(with_usage(before.text, {"billed": ["/etc/passwd"]}), base_dir=tmp_path)
    with pytest.raises(InputError, match="cannot see that file"):
        edited_usage(billed, before, {})
    known = edited_usage(billed, before, {"/etc/passwd": tmp_path / "kept.csv"})
    assert known is not None
    assert known.billed.sources == (str(tmp_path / "kept.csv"),)
    assert known.source.sources == before.usage.source.sources
