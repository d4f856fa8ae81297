"""[[assumption]]: who answers for which key. It changes no figure, and a key that names nothing is a mistake."""

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.assumption_notes import AssumptionNote, note_of
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.plan_file.assumption_keys import ASSUMED, is_written, known_paths
from planner.plan_file.assumption_text import with_source, without_lost
from planner.plan_file.lever_text import RouteEdit, with_routes
from planner.plan_file.loader import parse_plan
from planner.plan_file.price_text import with_snapshot
from planner.plan_file.quote_text import with_offer
from planner.plan_file.schema import PlanFile
from planner.plan_file.signed_text import with_signed
from planner.plan_file.text import terms_of, with_contract, with_usage_sources
from planner.plan_file.usage_keys import with_log, without_levers

PLAN = """
[plan]
name = "Support"
start = 2027-01-01
[[mix]]
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 4_200_000
uncached_input_tokens = 900
output_tokens = 60
[[demand.event]]
name = "EU launch"
probability = 0.6
month = 3
size = 1.2
[[scenario]]
name = "v1"
[[scenario]]
name = "v1.2"
[[scenario.route]]
request_type = "triage"
to = "claude-haiku-5-5"
share = { p10 = 0.80, p90 = 0.95 }
escalation = { passed = 188, failed = 12 }
long_prompt_fraction = 0.0
[contract.rollover]
share = 0.5
months = 12
[[contract.band]]
min_commit_usd_per_year = 250_000
discount_fraction = 0.10
[[contract.band]]
min_commit_usd_per_year = 400_000.5
discount_fraction = 0.20
"""
TODAY = date(2026, 11, 24)
"""As tests/conftest.py fixes it."""


def entry(key: str, **values: Any) -> str:
    lines = [f"key = '''{key}'''"]
    lines += [f"{name} = {value if isinstance(value, date) else f'{value!r}'}" for name, value in values.items()]
    return "[[assumption]]\n" + "\n".join(lines) + "\n"


def parsed(*entries: str) -> PlanInputs:
    return parse_plan(PLAN + "".join(entries), base_dir=Path())


def test_an_assumption_says_who_answers_for_a_key_and_changes_nothing_else() -> None:
    said = parsed(
        entry("demand", owner="Head of support"),
        entry("contract.rollover.months", owner="Procurement", source="quote of 12 November", on=date(2026, 11, 12)),
    )
    assert said.assumption_notes == (
        AssumptionNote(key="demand", owner="Head of support", source=None, on=None),
        AssumptionNote(
            key="contract.rollover.months",
            owner="Procurement",
            source="quote of 12 November",
            on=date(2026, 11, 12),
        ),
    )
    silent = parsed()
    assert silent.assumption_notes == ()
    fields = set(PlanInputs.__dataclass_fields__) - {"text", "assumption_notes"}
    assert all(getattr(said, name) == getattr(silent, name) for name in fields)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (
            (entry("demand.growth_per_yaer", owner="A"),),
            r"assumption\[1\].key = 'demand.growth_per_yaer': names nothing in this plan; did you mean "
            r"'demand.growth_per_year'",
        ),
        (
            (entry("scenario.v1.2.route.triage.escalations", owner="A"),),
            r"'scenario.v1.2.route.triage.escalations': names nothing.* 'scenario.v1.2.route.triage.escalation'",
        ),
        ((entry("contract.reduction.max_fraction", owner="A"),), r"'contract.reduction' has no keys below it; name"),
        ((entry("demand.growth_per_year.p10", owner="A"),), r"where 'demand.growth_per_year' has no keys below it"),
        ((entry("fees", owner="A"),), "names nothing in this plan. Keys begin with one of: contract, decision, demand"),
        ((entry("demand.rollout plan", owner="A"),), "Known below 'demand': common_share, event, growth_damping"),
        ((entry("signed.on", owner="A"),), "names nothing"),
        ((entry("demand.fitted", owner="A"),), "names nothing"),
        ((entry("demand", owner="A"), entry("demand", owner="B")), r"assumption\[2\]: 'demand' is there twice"),
        ((entry("demand"),), r"assumption\[1\]: 'demand' has neither owner, source nor day"),
        ((entry("demand", owner="  "),), r"assumption\[1\].owner = '  ': there is nothing in it"),
        ((entry("demand", source=""),), r"assumption\[1\].source = ''"),
        (
            (entry("demand", on=date(2026, 11, 25)),),
            r"assumption\[1\].on = 2026-11-25: is still to come, today is 2026-11-24",
        ),
        ((entry("demand", on="2026-11-01"),), r"assumption\[1\].on = '2026-11-01': must be a date without quotes"),
        ((entry("demand", ownr="A"),), r"assumption\[1\].ownr: unknown key; did you mean 'owner'"),
        (('[[assumption]]\nowner = "A"\n',), r"assumption\[1\].key: missing"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_remedy(entries: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parsed(*entries)


def test_a_day_that_is_today_is_fine() -> None:
    assert parsed(entry("demand", on=TODAY)).assumption_notes[0].on == TODAY


def notes(*keys: str) -> tuple[AssumptionNote, ...]:
    return tuple(AssumptionNote(key=key, owner=key, source=None, on=None) for key in keys)


def test_the_nearest_table_answers_where_a_key_has_no_entry_of_its_own() -> None:
    said = notes("scenario", "scenario.v1", "scenario.v1.2.route", "demand.season")
    path = ("scenario", "v1.2", "route", "triage", "share")
    assert note_of(said, path) == said[2]
    assert note_of(said, path[:2]) == said[0], "a name that begins like another is not below it"
    assert note_of(said, ("scenario", "v1", "route")) == said[1]
    assert note_of(said, ("demand", "seasons")) is None
    assert note_of((), path) is None


PARTS = st.lists(st.sampled_from(("a", "b", "a.b", "b.a", "c")), min_size=1, max_size=5).map(tuple)


@given(keys=st.lists(PARTS, max_size=6, unique_by=".".join), path=PARTS)
def test_the_nearest_table_is_the_longest_beginning_of_the_parts(
    keys: list[tuple[str, ...]], path: tuple[str, ...]
) -> None:
    found = note_of(notes(*map(".".join, keys)), path)
    beginnings = [path[:depth] for depth in range(1, len(path) + 1)]
    fits = [".".join(part) for part in beginnings if ".".join(part) in {".".join(key) for key in keys}]
    assert (found.key if found else None) == (max(fits, key=len) if fits else None)


def test_every_key_that_stands_in_a_plan_can_be_answered_for() -> None:
    """Every leaf of the example, found by a walk of the TOML alone."""
    text = (Path(__file__).parents[1] / "data" / "plans" / "example.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    known = known_paths(document)
    whole = {"fall", "rise", "growth_per_year", "token_drift_per_year", "month", "size", "share", "escalation", "cut"}
    whole |= {"hit_rate"}
    listed = {"mix": "request_type", "scenario": "name", "event": "name", "band": "min_commit_usd_per_year"}
    listed |= dict.fromkeys(("route", "cache", "batch", "output"), "request_type")

    def leaves(value: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        if isinstance(value, dict) and path[-1:] and path[-1] in whole:
            return [path]
        if isinstance(value, dict):
            return [leaf for key, part in value.items() for leaf in leaves(part, (*path, key))]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            if path[-1] not in listed:
                return [path]
            return [leaf for part in value for leaf in leaves(part, (*path, str(part[listed[path[-1]]])))]
        return [path]

    found = set(leaves({key: document[key] for key in ASSUMED if key in document}, ()))
    assert len(found) > 80
    assert found <= known
    assert all(is_written(document, path) for path in found)
    defaults = {path for path in known if not is_written(document, path)}
    assert {("demand", "rebound"), ("contract", "true_up_rate"), ("decision", "money")} <= defaults
    assert not defaults & found


# --- plans written back ----------------------------------------------------------------------------------------------

ANSWERED = PLAN + (
    "\n# who answers for what\n"
    + entry("demand", owner="Head of support").replace("\n", "  # for all of it\n", 1)
    + entry("contract.rollover.months", owner="Procurement")
    + entry("contract.band.250000", source="quote of 12 November", on=date(2026, 11, 12))
    + entry("mix.triage", owner="Support")
    + entry("scenario.v1.2.route.triage.escalation", owner="ML lead")
    + entry("scenario.v1.2.route", owner="Routing")
)


def keys_of(text: str) -> list[str]:
    return [note.key for note in parse_plan(text, base_dir=Path()).assumption_notes]


ALL = keys_of(ANSWERED)


@pytest.mark.parametrize(
    "write",
    [
        lambda text: with_offer(text, {"name": "first", "discount_fraction": 0.1}),
        lambda text: with_signed(text, date(2026, 12, 1), [300_000.0]),
        lambda text: with_snapshot(text, "0123456789abcdef"),
        lambda text: with_contract(
            text, terms_of(text)[0] | {"term_months": 24, "rollover": {"share": 1, "months": 6}}
        ),
        lambda text: with_routes(text, "v1.2", [RouteEdit(request_type="triage", to="claude-sonnet-5-5")]),
        lambda text: with_routes(text, "v1", [RouteEdit(request_type="triage", to="claude-sonnet-5-5")]),
    ],
)
def test_whoever_writes_a_plan_keeps_who_answers_for_it(write: Callable[[str], str]) -> None:
    changed = write(ANSWERED)
    assert changed != ANSWERED
    assert changed[changed.index("# who answers for what") :].startswith(
        ANSWERED[ANSWERED.index("# who answers for what") :].rstrip("\n")
    )
    assert keys_of(changed) == ALL


@pytest.mark.parametrize(
    ("write", "gone"),
    [
        (lambda text: with_contract(text, _without(terms_of(text)[0], "rollover")), ["contract.rollover.months"]),
        (
            lambda text: with_contract(text, terms_of(text)[0] | {"band": terms_of(text)[0]["band"][1:]}),
            ["contract.band.250000"],
        ),
        (
            lambda text: with_routes(text, "v1.2", [RouteEdit(request_type="triage", to=None)]),
            ["scenario.v1.2.route.triage.escalation"],
        ),
        (lambda text: with_usage_sources(text, ["log.csv"], keep_selection=False), ["mix.triage"]),
        (lambda text: with_log(text, ["log.csv"], {}, keep_names=False), ["mix.triage"]),
        (without_levers, ["scenario.v1.2.route.triage.escalation", "scenario.v1.2.route"]),
    ],
)
def test_with_what_is_taken_out_of_a_plan_goes_who_answers_for_it(write: Callable[[str], str], gone: list[str]) -> None:
    changed = write(ANSWERED)
    assert keys_of(changed) == [key for key in ALL if key not in gone]
    assert 'owner = "Head of support"' in changed.replace("'", '"')
    assert "# for all of it" in changed


@pytest.mark.parametrize(
    "spelled", [entry("mix.triage", owner="Support"), 'assumption = [{ key = "mix.triage", owner = "Support" }]\n']
)
def test_the_last_entry_goes_with_its_table_however_it_is_spelled(spelled: str) -> None:
    one = spelled + PLAN if spelled.startswith("assumption") else PLAN + spelled
    assert keys_of(one) == ["mix.triage"]
    changed = with_usage_sources(one, ["log.csv"], keep_selection=False)
    assert "assumption" not in tomllib.loads(changed)
    assert without_lost(one, one) == one


def _without(table: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name != key}


def test_every_table_with_assumptions_is_one_of_the_plan_file() -> None:
    assert set(ASSUMED) <= set(PlanFile.model_fields)


SOURCES = st.text(min_size=1, max_size=200).filter(lambda text: bool(text.strip()))
DAY = date(2026, 11, 20)


@given(SOURCES, st.sampled_from(["contract", "contract.band", "demand.event.EU launch"]))
def test_a_source_that_is_written_in_is_read_back_and_moves_nothing_else(source: str, key: str) -> None:
    text = with_source(PLAN, key, source, DAY)
    before, after = tomllib.loads(PLAN), tomllib.loads(text)
    assert after.pop("assumption") == [*before.pop("assumption", []), {"key": key, "source": source, "on": DAY}]
    assert after == before
    again = with_source(text, key, "another", DAY)
    assert tomllib.loads(again)["assumption"][-1] == {"key": key, "source": "another", "on": DAY}
    assert note_of(parse_plan(again, base_dir=Path()).assumption_notes, key.split(".")) is not None


def test_a_source_that_is_written_in_leaves_its_owner_and_the_comments() -> None:
    owned = f'{PLAN}\n# who answers\n[[assumption]]\nkey = "contract"  # ours\nowner = "Procurement"\n'
    text = with_source(owned, "contract", "quote", DAY)
    (note,) = parse_plan(text, base_dir=Path()).assumption_notes
    assert (note.owner, note.source, note.on) == ("Procurement", "quote", DAY)
    assert "# who answers" in text
    assert "# ours" in text


def test_a_source_that_cannot_be_written_in_place_says_what_to_do() -> None:
    inline = f"assumption = [{{ key = 'contract', owner = 'P' }}]\n{PLAN}"
    with pytest.raises(InputError, match="write source and on of 'demand' in the file"):
        with_source(inline, "demand", "x", DAY)
