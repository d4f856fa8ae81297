"""Evidence that cannot be right, that is old, or that nothing rests on."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from test_opportunities import CHAT, HAIKU, OPUS, SONNET, evidence, only, prepared, route

from planner.errors import InputError, UnknownModelError
from planner.known_evidence import STALE_AFTER, evidence_by_pair, evidence_caveats, why_stale
from planner.opportunities.unused_evidence import evidence_notes
from planner.opportunities.verdicts import opportunities

# conftest: today is 2026-11-24. Haiku 5.5 was launched on 2026-10-07.


def notes(*parts: str) -> list[str]:
    plan = prepared(CHAT, *parts)
    return evidence_notes(plan, opportunities(plan))


@pytest.mark.parametrize("spelling", ["Claude Haiku 5.5", "haiku 5.5"])
@pytest.mark.parametrize("first", [True, False])
def test_one_model_spelled_twice_is_refused_naming_both_entries(spelling, first):
    entries = [evidence(188, 12), evidence(100, 900, to=spelling)]
    with pytest.raises(InputError) as error:
        evidence_by_pair(prepared(CHAT, *(entries if first else entries[::-1])))
    for what in ("evidence[1] ('chat' on", "evidence[2] ('chat' on", f"both speak of {HAIKU}"):
        assert what in str(error.value)


def test_an_entry_that_cannot_be_right_is_named():
    with pytest.raises(UnknownModelError, match=r"evidence\[2\] \('chat' on gpt-9\)"):
        evidence_by_pair(prepared(CHAT, evidence(188, 12), evidence(5, 1, to="gpt-9")))
    with pytest.raises(InputError, match=r"evidence\[1\].*2026-11-25 is still to come, today is 2026-11-24"):
        evidence_by_pair(prepared(CHAT, evidence(188, 12, more="graded_on = 2026-11-25")))


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-10-06", "graded on 2026-10-06, but claude-haiku-5-5 was launched on 2026-10-07"),
        ("2026-10-07", None),
        ("2026-11-24", None),
    ],
)
def test_evidence_from_before_the_launch_is_not_relied_on(day, why):
    found = only(prepared(CHAT, evidence(188, 12, more=f"graded_on = {day}"))).chosen
    assert (found.stale or "").startswith(why or "")
    assert (found.stale is None) == (why is None)


def test_evidence_ages(monkeypatch):
    plan = prepared(CHAT, evidence(188, 12, more="graded_on = 2026-11-01"))
    graded = evidence_by_pair(plan)["chat", HAIKU]
    monkeypatch.setenv("PLANNER_TODAY", "2027-04-30")
    assert (date(2027, 4, 30) - date(2026, 11, 1)) == STALE_AFTER
    assert why_stale(plan, graded) is None
    monkeypatch.setenv("PLANNER_TODAY", "2027-05-01")
    assert why_stale(plan, graded) == "graded on 2026-11-01, 181 days ago"
    assert why_stale(plan, replace(graded, graded_on=None)) is None


def test_evidence_of_other_traffic_than_the_log_is_stale():
    plan = prepared(CHAT, evidence(188, 12, more="graded_on = 2026-11-01"))
    graded = evidence_by_pair(plan)["chat", HAIKU]
    for begins, stale in ((datetime(2027, 1, 30, tzinfo=UTC), False), (datetime(2027, 1, 31, tzinfo=UTC), True)):
        measured = replace(plan, measurement=SimpleNamespace(first=begins))
        assert (why_stale(measured, graded) is not None) == stale


def test_evidence_of_a_model_that_retires_in_the_plan_is_stale():
    plan = prepared(CHAT)
    graded = replace(evidence_by_pair(prepared(CHAT, evidence(188, 12)))["chat", HAIKU], model="claude-sonnet-4-5")
    assert why_stale(plan, graded) == "claude-sonnet-4-5 retires on 2026-11-30"


def test_what_rests_on_nothing_is_said():
    said = notes(
        evidence(990, 10, to="claude-haiku-4-5"),
        evidence(990, 10, to=OPUS),
        evidence(990, 10, to="claude-fable-5-2"),
        evidence(990, 10).replace('"chat"', '"absent"'),
        evidence(990, 10),
    )
    assert [note.partition(":")[2].strip() for note in said] == [
        f"of each tier the current model is a target, here {HAIKU}.",
        "the type is on that model already.",
        "its tier is dearer than the type's own, or it could not be priced.",
    ]
    assert [note[: len("evidence[1]")] for note in said] == ["evidence[1]", "evidence[2]", "evidence[3]"]


def test_counts_in_a_route_that_the_evidence_contradicts_are_said():
    said = notes(evidence(188, 12), route(escalation="{ passed = 30, failed = 30 }"))
    assert said == [
        f"evidence[1] ('chat' on {HAIKU}) counts: 188 of 200 passed. The route in scenario 'routed' says 30 of 60."
    ]
    assert notes(evidence(188, 12), route(escalation="{ passed = 188, failed = 12 }")) == []


def test_the_judge_of_a_type_is_that_of_every_target_unless_the_evidence_says_another():
    judged = route(to=SONNET, escalation="{ pass_rate = 0.9, fnr = 0.1, fpr = 0.2 }")
    found = evidence_by_pair(prepared(CHAT, judged, evidence(188, 12)))["chat", HAIKU]
    rate = 188.5 / 201
    assert found.escalation.mean == pytest.approx(rate * 0.1 + (1 - rate) * 0.8)
    own = evidence_by_pair(prepared(CHAT, judged, evidence(188, 12, more="fnr = 0.0\nfpr = 0.0")))["chat", HAIKU]
    assert own.escalation.mean == pytest.approx(1 - rate)


@pytest.mark.parametrize(
    ("graded", "says"),
    [
        ([], f"without evidence that allows it: 'chat' to {HAIKU} (no evidence)."),
        ([evidence(50, 50)], "(against it: 50 of 100 passed, bar 90.0%)."),
        ([evidence(46, 4)], "(undecided: 46 of 50 passed, bar 90.0%)."),
        (
            [evidence(188, 12, more="graded_on = 2026-10-06")],
            f"on stale evidence: 'chat' to {HAIKU} (graded on",
        ),
        ([evidence(188, 12)], None),
        ([evidence(188, 12, to=SONNET)], f"'chat' to {HAIKU} (no evidence)."),
    ],
)
def test_a_plan_says_on_what_evidence_the_routes_that_it_decides_on_rest(graded, says):
    said = evidence_caveats(prepared(CHAT, route(escalation="0.1"), *graded))
    assert len(said) == (says is not None)
    if says is not None:
        assert said[0].startswith("The plan decides on 'routed', which routes ")
        assert says in said[0]


def test_counts_in_the_route_itself_are_evidence():
    assert evidence_caveats(prepared(CHAT, route(escalation="{ passed = 188, failed = 12 }"))) == ()
    (said,) = evidence_caveats(prepared(CHAT, route(escalation="{ passed = 20, failed = 20 }")))
    assert "20 of 40 passed" in said


def test_a_route_of_a_type_that_the_mix_lacks_rests_on_nothing():
    assert evidence_caveats(prepared(CHAT, route(escalation="0.1", request_type="gone"))) == ()
