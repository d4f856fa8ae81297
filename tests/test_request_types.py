"""Request types: how they are read, rules that name them, names that look like one, and keys that are never shown."""

import hashlib
import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import cli
from planner.baseline.alike import Alike, suggest_merges
from planner.billed.records import Bill
from planner.commands.selection import exclusion_typed, request_type_typed, rule_typed
from planner.errors import InputError
from planner.exclusions import Exclusion
from planner.inputs import UsageInputs
from planner.measurement import Measurement
from planner.plan_file.loader import parse_plan
from planner.plan_file.usage_text import rules_toml, with_type_rules
from planner.prices import PriceBook
from planner.read_inputs import concentration_of, measured, measurement_of, usage_of
from planner.usage.patterns import literally, matches, regex
from planner.usage.read import Usage, UsageSource
from planner.usage.readings import Reading
from planner.usage.rules import TypeRule, with_rules
from planner.usage.secrets import masked

BOOK = PriceBook.load()
PLAN = """
[plan]
start = 2027-01-01
[contract]
term_months = 12
band = [{ min_commit_usd_per_year = 0, discount_fraction = 0 }]
[usage]
sources = ["log.jsonl"]
"""
SECRET = "sk-ant-api03-Qw3rTy7UiOp9aSdF2gHjK4lZxCv6BnM-8765"
PROMPT = "You are a confidential assistant of the merger team."


def row(**changes: Any) -> dict[str, Any]:
    tokens = {"uncached_input_tokens": 1_000, "output_tokens": 100}
    base = {"timestamp": "2026-06-01T10:00:00Z", "request_type": "answer", "model": "claude-opus-5", "api_key": "k-1"}
    return base | tokens | changes


def inputs(folder: Path, rows: Sequence[Mapping[str, Any]], **options: Any) -> UsageInputs:
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    outside = {name: options.pop(name) for name in ("exclusions", "rules") if name in options}
    source = UsageSource(sources=(path.name,), base_dir=folder, **options)
    return UsageInputs(source=source, window=(None, None), **{"exclusions": ()} | outside)


def read(folder: Path, rows: Sequence[Mapping[str, Any]], **options: Any) -> Usage:
    return usage_of(inputs(folder, rows, **options), BOOK)


def requests(usage: Usage) -> dict[str, int]:
    return {str(name): int(n) for name, n in usage.groups.groupby("request_type")["requests"].sum().items()}


# ---- how the type is read


def test_a_plan_says_it_in_four_ways(tmp_path: Path) -> None:
    ways: dict[str, str | Reading] = {
        '"feature"': "feature",
        '["team", "metadata.feature"]': Reading(paths=("team", "metadata.feature"), take="joined"),
        '{ first_of = ["metadata.feature", "api_key"] }': Reading(paths=("metadata.feature", "api_key")),
        '{ system_prompt = "request.system" }': Reading(paths=("request.system",), take="digest"),
    }
    for text, wanted in ways.items():
        usage = parse_plan(f"{PLAN}request_type = {text}\n", base_dir=tmp_path).usage
        assert usage is not None
        assert usage.source.request_type == wanted
    for wrong in ("3", "[]", '[""]', '{ first_of = ["a"], system_prompt = "b" }', "{}"):
        with pytest.raises(InputError, match=r"usage\.request_type = .*write a field, a list of fields to join"):
            parse_plan(f"{PLAN}request_type = {wrong}\n", base_dir=tmp_path)
    with pytest.raises(InputError, match="did you mean 'first_of'"):
        parse_plan(f'{PLAN}request_type = {{ firstof = ["a"] }}\n', base_dir=tmp_path)


def test_the_command_line_says_it_in_the_same_ways() -> None:
    assert request_type_typed(None, None, None) == "request_type"
    assert request_type_typed(["a"], None, None) == "a"
    assert request_type_typed(["a", "b.c"], None, None) == Reading(paths=("a", "b.c"), take="joined")
    assert request_type_typed(None, "a, api_key", None) == Reading(paths=("a", "api_key"))
    assert request_type_typed(None, None, "system") == Reading(paths=("system",), take="digest")
    with pytest.raises(InputError, match="give one of"):
        request_type_typed(["a"], "b", None)


def test_fields_are_joined_or_the_first_that_has_a_value(tmp_path: Path) -> None:
    rows = [
        row(team="x", metadata={"feature": "f"}),
        row(team="x", metadata={}),
        row(team="", metadata={"feature": ""}),
    ]
    joined = read(tmp_path, rows, request_type=Reading(paths=("team", "metadata.feature"), take="joined"))
    assert requests(joined) == {"x / f": 1, "x": 1, "untagged": 1}
    first = read(tmp_path, rows, request_type=Reading(paths=("metadata.feature", "api_key")))
    assert requests(first) == {"f": 1, "k-1": 2}


def test_system_prompts_tell_types_apart_and_are_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row(request={"system": PROMPT}), row(request={"system": PROMPT}), row(request={"system": ""})]
    usage = read(tmp_path, rows, request_type=Reading(paths=("request.system",), take="digest"))
    named = f"prompt {hashlib.sha256(PROMPT.encode()).hexdigest()[:8]}"
    assert requests(usage) == {named: 2, "untagged": 1}
    log = str(tmp_path / "log.jsonl")
    for further in ([], ["--json"], ["--rule", "prompt *=assistant", "--suggest"], ["--exclude", f"type={named}"]):
        monkeypatch.setattr("sys.argv", ["planner", "measure", log, "--system-prompt", "request.system", *further])
        cli.main()
        said = capsys.readouterr()
        assert ("assistant" if "--rule" in further else named) in said.out
        assert "confidential" not in said.out + said.err


# ---- patterns and rules

TEXTS = st.text(alphabet="abAB.*?[]\\-ß ", max_size=8)


@given(text=TEXTS)
def test_a_name_is_matched_by_itself_as_a_pattern_and_by_nothing_longer(text: str) -> None:
    assert matches(literally(text), text) is (text != "")
    assert not matches(literally(text), f"{text}x")


@given(pattern=st.text(alphabet="ab-*?", max_size=6), text=st.text(alphabet="abAB-", min_size=1, max_size=6))
def test_patterns_are_those_of_the_standard_library(pattern: str, text: str) -> None:
    assert matches(pattern, text) is fnmatchcase(text.lower(), pattern.lower())


def test_a_pattern_means_the_same_to_the_database() -> None:
    connection = ibis.duckdb.connect()
    values = ["answer", "Answer v2", "a.b", "a*b", "a\\b", "prompt 3fa9", "", "a\nb", "läuft", "(x)", "a-b#c d"]
    for pattern in ["a*", "A?B", "a.b", "a\\*b", "a\\b", "*", "prompt ????", "LÄUFT", "(x)", "a-b#c d", "*b*"]:
        table = ibis.memtable({"value": values})
        found = connection.to_pyarrow(table.value.re_search(f"^{regex(pattern)}$")).to_pylist()
        assert [fits and value != "" for fits, value in zip(found, values, strict=True)] == [
            matches(pattern, value) for value in values
        ], pattern


RULES = st.lists(
    st.builds(
        TypeRule,
        pattern=st.sampled_from(["a*", "*2", "untagged", "*", "k-?", "claude-*", "none"]),
        request_type=st.sampled_from(["one", "two", "a1"]),
        field=st.none() | st.sampled_from(["api_key", "model"]),  # type: ignore[arg-type]
        only_untagged=st.booleans(),
    ),
    max_size=4,
)


def under_rules(each: Mapping[str, Any], rules: Sequence[TypeRule]) -> str:
    """The oracle: the first rule that fits a row."""
    read = str(each["request_type"]) or "untagged"
    for rule in rules:
        value = read if rule.field is None else str(each[rule.field])
        fits = value != "" and fnmatchcase(value.lower(), rule.pattern.lower())
        if fits and (read == "untagged" or not rule.only_untagged):
            return rule.request_type
    return read


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    chosen = random.Random(7)
    types, keys = ["a1", "A2", "b2", "", "c"], ["k-1", "k-2", "", "other"]
    models = ["claude-opus-5", "claude-haiku-4-5"]
    return [
        row(
            request_type=chosen.choice(types),
            api_key=chosen.choice(keys),
            model=chosen.choice(models),
            output_tokens=chosen.randrange(1_000),
        )
        for _ in range(80)
    ]


def test_rules_give_each_row_its_type_and_change_no_total(
    rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("rules")
    asked = inputs(folder, rows)
    usage = usage_of(replace(asked, rules=(TypeRule(pattern="none", request_type="x", field="api_key"),)), BOOK)
    plain = measurement_of(asked, usage, BOOK, bill=Bill())

    @given(rules=RULES)
    def law(rules: list[TypeRule]) -> None:
        ruled = measurement_of(asked, with_rules(usage, rules), BOOK, bill=Bill())
        wanted: dict[str, int] = {}
        for each in rows:
            wanted[under_rules(each, rules)] = wanted.get(under_rules(each, rules), 0) + 1
        assert ruled.daily.groupby("request_type")["requests"].sum().to_dict() == wanted
        assert ruled.totals.list_cost_usd == pytest.approx(plain.totals.list_cost_usd, rel=1e-12)
        assert ruled.totals.output_tokens == plain.totals.output_tokens

    settings(max_examples=30, deadline=None)(law)()


def test_groups_that_become_alike_are_one(tmp_path: Path) -> None:
    many = [row(request_type=f"chat-{n:05d}") for n in range(300)]
    usage = read(tmp_path, many, rules=(TypeRule(pattern="chat-*", request_type="chat"),))
    assert len(usage.groups) == 1
    assert usage.groups.dtypes.equals(read(tmp_path, many).groups.dtypes)
    assert usage.groups["billed_cost_usd"].isna().all()
    assert (usage.groups["requests"].sum(), usage.groups["records"].sum()) == (300, 300)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ((TypeRule(pattern="anwser", request_type="x"),), "Did you mean 'answer'?"),
        ((TypeRule(pattern="acme", request_type="x", field="customer"),), "the log names no customer"),
        (
            (TypeRule(pattern="a*", request_type="x"), TypeRule(pattern="answer", request_type="y")),
            "earlier rules take all that it matches",
        ),
        ((TypeRule(pattern="answer", request_type="x", only_untagged=True),), "has a type already"),
    ],
)
def test_a_rule_without_effect_is_said(rules: tuple[TypeRule, ...], said: str, tmp_path: Path) -> None:
    notes = read(tmp_path, [row(), row(request_type="triage")], rules=rules).notes
    (note,) = [note for note in notes if "changes nothing" in note]
    assert said in note


def test_rules_and_exclusions_are_typed_on_the_command_line() -> None:
    assert rule_typed("summari*=summaries") == TypeRule(pattern="summari*", request_type="summaries")
    assert rule_typed("api_key:prod-*=batch") == TypeRule(pattern="prod-*", request_type="batch", field="api_key")
    assert rule_typed("a=b=c") == TypeRule(pattern="a=b", request_type="c")
    for wrong in ("summaries", "=x", "x=", "api_key:=x"):
        with pytest.raises(InputError, match="--rule"):
            rule_typed(wrong)
    typed = exclusion_typed("type=a,b*,key=k-?,days=2026-08-03..,reason=load, heavy")
    assert (typed.request_type, typed.api_key, typed.reason) == ("a,b*", "k-?", "load, heavy")
    assert (str(typed.from_), typed.to) == ("2026-08-03", None)


def test_concentration_counts_what_the_measurement_counts(tmp_path: Path) -> None:
    many = [
        row(customer="acme", api_key="k-1"),
        row(customer="bolt", api_key="k-2", request_type="load-7"),
        row(customer="cargo", api_key=SECRET),
        row(customer="dune", api_key="k-2", model="claude-haiku-4-5"),
        row(customer="echo", request_type=""),
    ]
    rules = (
        TypeRule(pattern="load-*", request_type="load"),
        TypeRule(pattern="k-1", request_type="live", field="api_key"),
    )
    exclusions = (
        Exclusion(request_type="load"),
        Exclusion(api_key=masked(SECRET)),
        Exclusion(model="claude-haiku*", request_type="answer"),
    )
    asked = inputs(tmp_path, many, rules=rules, exclusions=exclusions)
    counted = measured(asked, BOOK).totals.requests
    found = {each.column: each for each in concentration_of(asked)}
    assert found["customer"].rows == counted == 2
    assert {holder.name for holder in found["customer"].largest} == {"acme", "echo"}


# ---- names that look like one


def merges(use: Mapping[str, float], folder: Path) -> tuple[Measurement, tuple[Alike, ...]]:
    """use: type -> thousands of output tokens, one request each."""
    log = [row(request_type=name, output_tokens=round(1_000 * amount)) for name, amount in use.items()]
    measurement = measured(inputs(folder, log), BOOK)
    return measurement, suggest_merges(measurement)


def test_spellings_of_one_name_are_suggested_with_dollars_and_rules(tmp_path: Path) -> None:
    use = {"summaries": 900.0, "Summary": 5, "SUMMARIES": 2, "customer-support": 500, "customerSupport": 4}
    use |= {"answer": 300, "answer-v2": 100, "Answer_2026-08-01": 3, "receive-order": 200, "recieve-order": 1}
    measurement, found = merges(use, tmp_path)
    usd = measurement.daily.groupby("request_type")["list_cost_usd"].sum()
    assert {each.into: {name for name, _ in each.names} for each in found} == {
        "summaries": {"Summary", "SUMMARIES"},
        "customer-support": {"customerSupport"},
        "answer": {"answer-v2", "Answer_2026-08-01"},
        "receive-order": {"recieve-order"},
    }
    for each in found:
        assert each.into_usd == pytest.approx(usd[each.into])
        assert each.list_cost_usd == pytest.approx(sum(usd[name] for name, _ in each.names))
    rules = tuple(rule for each in found for rule in each.rules)
    log = [row(request_type=name, output_tokens=round(1_000 * amount)) for name, amount in use.items()]
    after = measured(inputs(tmp_path, log, rules=rules), BOOK)
    assert set(after.daily["request_type"]) == {each.into for each in found}
    assert after.totals.requests == measurement.totals.requests
    assert after.totals.list_cost_usd == pytest.approx(measurement.totals.list_cost_usd)
    assert suggest_merges(after) == ()


def test_names_that_differ_in_what_they_mean_are_left_alone(tmp_path: Path) -> None:
    apart = ["tier-1", "tier-2", "extract-a", "extract-b", "inbound", "outbound", "translate-en", "translate-fr"]
    apart += ["untagged", "tagged", "import", "export", "billing", "filling", "eu-west-1", "eu-west-2", "class", "clas"]
    _, found = merges(dict.fromkeys(apart, 10.0) | {"extract-b": 1_000.0, "import": 0.1, "billing": 0.1}, tmp_path)
    assert found == ()


def test_identifiers_in_names_are_recognised_and_a_rule_makes_one_type_of_them(tmp_path: Path) -> None:
    chosen = random.Random(3)
    ids = [str(uuid.UUID(int=chosen.getrandbits(128))) for _ in range(60)]
    use = {f"chat-{name}": 1.0 for name in ids[:30]} | dict.fromkeys(ids[30:], 1.0)
    use |= {f"job {chosen.randrange(10**6):06d}": 2.0 for _ in range(40)} | {"answer": 50.0, "chat-main": 9.0}
    measurement, found = merges(use, tmp_path)
    assert {each.into: each.types for each in found} == {"chat": 30, "job": 40, "without a name": 30}
    log = [row(request_type=name, output_tokens=round(1_000 * amount)) for name, amount in use.items()]
    rules = tuple(rule for each in found for rule in each.rules)
    after = measured(inputs(tmp_path, log, rules=rules), BOOK)
    assert set(after.daily["request_type"]) == {"answer", "chat-main", "chat", "job", "without a name"}
    assert after.totals.requests == measurement.totals.requests
    assert after.totals.list_cost_usd == pytest.approx(measurement.totals.list_cost_usd)


def test_a_few_numbered_types_and_busy_ones_are_no_identifiers(tmp_path: Path) -> None:
    log = [row(request_type=f"tenant-{n:04d}") for n in range(30) for _ in range(10)]
    log += [row(request_type=f"case-{n:04d}") for n in range(10)]
    assert suggest_merges(measured(inputs(tmp_path, log), BOOK)) == ()


def test_rules_are_written_into_the_plan_and_read_back(tmp_path: Path) -> None:
    rules = (
        TypeRule(pattern="summari*", request_type="summaries"),
        TypeRule(pattern="k-?", request_type="b", field="api_key", only_untagged=True),
    )
    text = with_type_rules(f"{PLAN}# keep me\n", rules)
    usage = parse_plan(text, base_dir=tmp_path).usage
    assert usage is not None
    assert usage.rules == rules
    assert "# keep me" in text
    assert parse_plan(PLAN + rules_toml(rules), base_dir=tmp_path).usage == usage


# ---- keys are never shown


@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "sk-proj-abcdefghij1234567890",
        "sk-or-v1-0123456789abcdef0123456789abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        hashlib.sha256(b"a hashed token").hexdigest(),
        "Zk3v9Qp7Xw2Lt8Rb5Ny1Hc6Md4Sf0Jg",
    ],
)
def test_what_looks_like_a_key_is_shown_as_its_digest(secret: str) -> None:
    shown = f"key {hashlib.sha256(secret.encode()).hexdigest()[:6]}"
    assert masked(secret) == shown
    assert masked(f"team / {secret}") == f"team / {shown}"
    assert masked(f"Bearer {secret}") == shown
    assert masked(masked(secret)) == shown


@pytest.mark.parametrize(
    "name",
    [
        "apikey_01Rj2N8SVvo6BePZj99NhmiT",
        "wrkspc_01JwQvzr7rXLA5AGx3HKfFUJ",
        "prod-backend",
        "CustomerSupportSummariesV2Handler",
        "customer-support-summaries-version-2-of-2026",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6",
        "550e8400-e29b-41d4-a716-446655440000",
        "risk-assessment-of-documents",
        "sk-customer-support",
        "",
    ],
)
def test_names_and_identifiers_stay(name: str) -> None:
    assert masked(name) == name


def test_a_key_in_the_log_reaches_no_output_and_can_be_excluded_by_its_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [row(request_type=SECRET), row(request_type="answer", api_key=SECRET), row()]
    shown = masked(SECRET)
    assert requests(read(tmp_path, many)) == {shown: 1, "answer": 2}
    log = str(tmp_path / "log.jsonl")
    for further in (
        ["--json"],
        ["--suggest"],
        ["--exclude", f"key={SECRET}"],
        ["--exclude", f"api_key={shown}"],
        ["--rule", f"api_key:{SECRET}=batch"],
        ["--request-type-first", "api_key"],
        ["--request-type", "request_type", "--request-type", "api_key"],
    ):
        monkeypatch.setattr("sys.argv", ["planner", "measure", log, *further])
        cli.main()
        said = capsys.readouterr()
        assert SECRET[7:] not in said.out + said.err
        assert shown in said.out or "batch" in said.out
    plan = f'{PLAN}[[usage.exclude]]\napi_key = "{SECRET}"\nreason = "r"\n'
    usage = parse_plan(plan, base_dir=tmp_path).usage
    assert usage is not None
    assert [removal.requests for removal in measured(usage, BOOK).removals] == [1]
