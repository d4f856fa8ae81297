"""Laws of tracking as a whole: as planned is no news, the same again changes nothing, an order is none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path

import pytest
import tomlkit
from tracked import LEVERS, RESTLESS, expected_uses, month_of, signed_of, signed_table

from planner.inputs import PlanInputs
from planner.plan_file.loader import parse_plan
from planner.tracking.actual import ActualMonth
from planner.tracking.causes.planned import planned
from planner.tracking.months.log_lines import Entry
from planner.tracking.months.month_log import MonthLog, append, read_log
from planner.tracking.track import log_entry, track
from planner.tracking.tracking import Tracking

ON = date(2027, 5, 3)
COMMIT_USD = 180_000.0
# without charges that no log has, which a plan can have beside calls
ROUTES = [{key: value for key, value in route.items() if key != "router"} for route in LEVERS["route"]]
TABLE = signed_table(demand=RESTLESS, scenario=[{"name": "as is"}, LEVERS | {"route": ROUTES}]) | {
    "signed": {"on": date(2026, 12, 20), "commit_usd_per_year": COMMIT_USD}
}


@pytest.fixture(scope="module")
def inputs() -> PlanInputs:
    return parse_plan(tomlkit.dumps(TABLE), base_dir=Path())


@pytest.fixture(scope="module")
def as_planned() -> list[ActualMonth]:
    """Four closed months in which everything goes as the plan expects it, in whole calls and tokens."""
    signed = signed_of(TABLE)
    central = planned(signed)
    return [month_of(signed, index, expected_uses(central, index)) for index in range(4)]


def log_of(*months: ActualMonth) -> MonthLog:
    return MonthLog(entries=(Entry(on=ON, version="1", plan_sha256="", months=tuple(months)),))


def tracked(inputs: PlanInputs, months: Sequence[ActualMonth]) -> Tracking:
    return track(inputs, None, log=log_of(*months), on=ON)


def test_an_actual_equal_to_the_plan_yields_no_alert_and_no_cause(
    inputs: PlanInputs, as_planned: list[ActualMonth]
) -> None:
    found = tracked(inputs, as_planned)
    assert found.alerts == ()
    assert [round(cause.usd, 2) for cause in found.causes.causes] == [0.0] * len(found.causes.causes)
    assert found.causes.actual_usd == pytest.approx(found.causes.planned_usd, abs=0.005)
    assert all(month.inside_80 for month in found.months)
    assert found.forecast.recalibration is None
    assert not any(route.moved for route in found.adoption)


def test_half_the_use_raises_the_alert_and_a_cause_and_an_action(
    inputs: PlanInputs, as_planned: list[ActualMonth]
) -> None:
    found = tracked(inputs, [halved(month) for month in as_planned])
    assert {alert.kind for alert in found.alerts} == {"shortfall_probability", "outside_band_months"}
    by_name = {cause.cause: cause.usd for cause in found.causes.causes}
    assert by_name["volume"] == pytest.approx(-found.causes.planned_usd / 2, rel=1e-6)
    assert sum(by_name.values()) == found.causes.actual_usd - found.causes.planned_usd
    assert found.forecast.shortfall_probability.mean > 0.9
    assert "bring work forward" in {action.kind for action in found.actions}
    assert [one.as_of for one in found.past] == ["2026-12", "2027-01", "2027-02", "2027-03", "2027-04"]
    assert found.past[0].shortfall_probability < found.past[1].shortfall_probability


def halved(month: ActualMonth) -> ActualMonth:
    uses = [
        replace(
            use,
            requests=None if use.requests is None else use.requests / 2,
            tokens=tuple(count / 2 for count in use.tokens),
            list_cost_usd=use.list_cost_usd / 2,
            signing_list_cost_usd=use.signing_list_cost_usd / 2,
            server_tools_usd=use.server_tools_usd / 2,
        )
        for use in month.uses
    ]
    return replace(month, uses=tuple(uses))


def test_tracking_the_same_months_twice_changes_nothing(
    inputs: PlanInputs, as_planned: list[ActualMonth], tmp_path: Path
) -> None:
    log = tmp_path / "plan.track.jsonl"
    first = tracked(inputs, [whole(month) for month in as_planned[:2]])
    assert append(log, replace(log_entry(first), months=first.actual)) == ("2027-01", "2027-02")
    before = log.read_bytes()
    for _ in range(2):
        again = track(inputs, None, log=read_log(log), on=ON)
        assert append(log, log_entry(again)) == ()
        assert log.read_bytes() == before
        assert again.forecast == first.forecast
        assert again.causes == first.causes


def whole(month: ActualMonth) -> ActualMonth:
    """Counts as a log has them: whole ones."""
    uses = (
        replace(
            use,
            requests=None if use.requests is None else round(use.requests),
            tokens=tuple(round(count) for count in use.tokens),
        )
        for use in month.uses
    )
    return replace(month, uses=tuple(uses))


def test_the_order_in_which_months_come_makes_no_difference(
    inputs: PlanInputs, as_planned: list[ActualMonth], tmp_path: Path
) -> None:
    found = []
    for number, months in enumerate(list(permutations([whole(month) for month in as_planned[:3]]))[::2]):
        log = tmp_path / f"{number}.jsonl"
        for month in months:
            append(log, Entry(on=ON, version="1", plan_sha256=inputs.sha256, months=(month,)))
        found.append(track(inputs, None, log=read_log(log), on=ON))
    assert len({one.forecast.shortfall_probability for one in found}) == 1
    assert all(one.months == found[0].months and one.causes == found[0].causes for one in found)


def test_a_month_that_is_missing_is_said_and_not_taken_as_zero(
    inputs: PlanInputs, as_planned: list[ActualMonth]
) -> None:
    complete, gap = tracked(inputs, as_planned), tracked(inputs, [*as_planned[:2], as_planned[3]])
    assert any("2027-03" in said and "not zero" in said for said in gap.warnings)
    p10, p50, p90 = gap.forecast.months["2027-03"]
    assert p10 < p50 < p90
    assert abs(gap.forecast.shortfall_probability.mean - complete.forecast.shortfall_probability.mean) < 0.1


def test_actions_begin_where_the_forecast_does_after_a_missing_month(
    inputs: PlanInputs, as_planned: list[ActualMonth], monkeypatch: pytest.MonkeyPatch
) -> None:
    """March is missing and April runs: nothing can be done about a period that ended with March."""
    asked: list[int] = []
    monkeypatch.setattr("planner.tracking.track.actions_of", lambda *_, month, **__: asked.append(month) or ())
    running = replace(as_planned[3], is_closed=False, scale=2.0, scale_log_sd=0.1)
    tracked(inputs, [*as_planned[:2], running])
    tracked(inputs, as_planned)
    assert asked == [3, 4]


def test_the_forecast_that_is_kept_is_the_one_that_was_made(inputs: PlanInputs, as_planned: list[ActualMonth]) -> None:
    found = tracked(inputs, as_planned)
    assert found.made.shortfall_probability == found.forecast.shortfall_probability.mean
    assert found.made.on == ON
    assert replace(found.past[-1], on=ON) == found.made
    judged = {one.of: one for one in found.judged}
    assert (judged["the plan as signed"].months, judged["the plan as signed"].inside) == (4, 4)
    assert judged["a month ahead"].months == 4
