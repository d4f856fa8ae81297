"""What is said of a tracked plan: each state has its sentence, figures are those of the answer, JSON keeps its keys."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trackings import ALERT, COMMIT_USD, after_the_term, before_the_term, check, signed, tracking

from planner.clauses import Rollover
from planner.contract import Contract
from planner.risk import Estimate
from planner.signed import AlertLimits
from planner.tables import Table
from planner.tracking.acting.chance_words import risk_words
from planner.tracking.result import Action, Cause, Recalibration
from planner.tracking.signed_plan import SignedPlan
from planner.tracking.tracking import Tracking
from planner.tracking_reports.conclusion import conclusion, headline
from planner.tracking_reports.figures import about, difference_words
from planner.tracking_reports.told import track_notes, track_sentences, track_tables
from planner.tracking_reports.track_json import track_json

STATES: tuple[Callable[[], Tracking], ...] = (tracking, before_the_term, after_the_term)


def changed_forecast(made: Tracking, **changed: Any) -> Tracking:
    return replace(made, forecast=replace(made.forecast, **changed))


def changed_signed(made: Tracking, *, contract: Contract | None = None, alerts: AlertLimits | None = None) -> Tracking:
    plan: SignedPlan = made.signed
    if contract is not None:
        prepared = replace(plan.prepared, inputs=replace(plan.inputs, contract=contract))
        plan = replace(plan, prepared=prepared)
    if alerts is not None:
        plan = replace(plan, signed=replace(plan.signed, alerts=alerts))
    return replace(made, signed=plan)


def said(made: Tracking) -> str:
    return "\n".join(track_sentences(made))


def table(made: Tracking, title: str) -> Table:
    return next(found for found in track_tables(made) if found.title.startswith(title))


def money(cell: str) -> float:
    return float(re.sub(r"[$,]", "", cell))


# --- the conclusion --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("risk", "verdict"),
    [
        (0.97, "A shortfall is all but certain"),
        (0.62, "A shortfall is more likely than not"),
        (0.25, "A shortfall may come"),
        (0.24, "The commitment is on course to be used up"),
    ],
)
def test_the_first_line_says_whether_the_commitment_will_be_used_up(risk: float, verdict: str) -> None:
    made = changed_forecast(tracking(), shortfall_probability=Estimate(mean=risk, se=0.004))
    first = track_sentences(made)[0]
    assert first == conclusion(made) == headline(made)[0]
    assert first.startswith(f"{verdict} as of 2027-04-10, 3 of 12 months closed: shortfall risk {risk:.1%} ± 0.4 ")
    assert "(8.1% at signing), expected shortfall $11,230 ± 120, expected overage $2,345 ± 61." in first


def test_before_the_term_nothing_is_seen_and_that_is_said() -> None:
    early = before_the_term()
    assert conclusion(early).startswith("The term begins on 2027-01-01, so nothing of it is seen yet; as signed: ")
    late = replace(early, on=date(2027, 2, 1))
    assert conclusion(late).startswith(
        "No month of the term is seen yet, which began on 2027-01-01 (give the logs since then); as signed: "
    )
    assert "at signing" not in said(early)
    assert "effective sample size" not in said(early)


def test_after_the_term_nothing_is_expected_any_more() -> None:
    ended = after_the_term()
    drawn, lost = ended.forecast.drawn_usd, COMMIT_USD - ended.forecast.drawn_usd
    assert conclusion(ended) == (
        f"The term is over: ${drawn:,.0f} of ${COMMIT_USD:,.0f} committed was drawn; ${lost:,.0f} was paid for nothing."
    )
    assert "left" not in said(ended)
    used_up = changed_forecast(
        ended,
        drawn_usd=COMMIT_USD,
        expected_shortfall=Estimate(mean=0.0, se=0.0),
        expected_overage=Estimate(mean=5_000.0, se=0.0),
    )
    assert conclusion(used_up).endswith("committed was drawn; $5,000 was billed beyond the commitment.")
    exactly = changed_forecast(used_up, expected_overage=Estimate(mean=0.0, se=0.0))
    assert conclusion(exactly).endswith("was drawn, and nothing was used beyond it.")


def test_without_a_commitment_nothing_can_be_forfeited() -> None:
    made = changed_forecast(tracking(), committed_usd=0.0)
    assert conclusion(made).startswith("Nothing is committed, so nothing can be forfeited: expected cost ")
    assert "is drawn" not in said(made)


def test_alerts_come_next_and_silence_is_explained() -> None:
    assert track_sentences(tracking())[1] == f"Alert: {ALERT.words}"
    quiet = tracking(alerts=())
    assert headline(quiet)[1] == "No alert fires."
    none = AlertLimits(shortfall_probability=None, overage_probability=None, outside_band_months=None)
    assert headline(changed_signed(quiet, alerts=none))[1].startswith("No alert is set")


# --- the rest in words -----------------------------------------------------------------------------------------------


def test_what_becomes_of_the_rest_is_what_the_contract_says() -> None:
    contract = signed().contract
    assert "is left until 2027-12-31; what is unused then is forfeited." in said(tracking())
    rolled = replace(contract, rollover=Rollover(share=0.5, months=6))
    words = said(changed_signed(tracking(), contract=rolled))
    assert "50.0% of what is unused then can be used for 6 months more; the rest is forfeited." in words
    linked = replace(contract, rollover=Rollover(share=0.5, months=6, renew_min_fraction=0.75))
    words = said(changed_signed(tracking(), contract=linked))
    assert "for 6 months more, if the next commitment is at least 75.0% of this one; the rest is forfeited." in words
    trued = replace(contract, shortfall="true_up", true_up_rate=0.75)
    assert "what is unused then is charged at 75.0%." in said(changed_signed(tracking(), contract=trued))
    made = tracking()
    period = replace(made.forecast.period, left_usd=0.0, drawn_usd=COMMIT_USD + 700.0)
    gone = said(changed_forecast(made, period=period))
    assert "(100.0%) is drawn (beside $700 from balances carried over): nothing is left" in gone
    assert "Using it up" not in gone


def test_a_pace_that_nothing_can_reach_is_said() -> None:
    made = tracking()
    out_of_reach = changed_forecast(made, pace=replace(made.forecast.pace, needed_usd=inf))
    assert "No use of the expected kind can use it up in the 8.7 months left." in said(out_of_reach)


def test_a_recalibrated_forecast_says_what_that_means() -> None:
    found = Recalibration(
        effective_sample_size=31.2,
        level_factor=1.0,
        volume_factor=1.84,
        unit_cost_factor=1.0,
        tempering=0.4,
        why="March fell further than it should.",
    )
    words = said(changed_forecast(tracking(), recalibration=found, effective_sample_size=152.0))
    assert (
        "The forecast was recalibrated, and is less sure than the plan as signed. March fell further than it should. "
        "Without that, 31 effective paths would have been left."
    ) in words
    assert (
        "as much as 152 equally weighted ones would (effective sample size), few enough to make its figures rough."
        in words
    )


def test_a_month_that_is_not_closed_is_said_to_be_and_not_judged() -> None:
    made = tracking()
    assert (
        "April 2027 is not closed: $4,773 was seen from 2027-04-01 to 2027-04-10, which points to $14,300 ± 6.0%"
        in said(made)
    )
    assert table(made, "Actual months").rows[-1][6] == "not closed"
    running = replace(made.months[-1], last=date(2027, 4, 1), scale_log_sd=3.0, whole_usd=inf)
    short = replace(made, months=(*made.months[:-1], running))
    assert "was seen on 2027-04-01, too little to say what the whole month will be." in said(short)
    assert table(short, "Actual months").rows[-1][2] == "not scaled"
    assert track_json(short)["months"][-1]["whole_month_usd"] is None


def test_notes_of_a_month_are_said_with_the_month() -> None:
    made = tracking()
    noted = replace(made.months[0], notes=("no record from 2027-01-04 to 2027-01-05", "2027-01 was restated"))
    notes = track_notes(replace(made, months=(noted, *made.months[1:]), warnings=("2027-01 was restated",)))
    assert notes[:2] == ("2027-01 was restated", "2027-01: no record from 2027-01-04 to 2027-01-05")
    assert len(notes) == 2
    assert table(made, "What changed").note == made.causes.notes[0] == track_json(made)["warnings"][-1]


def test_the_plan_s_own_month_has_no_cause() -> None:
    made = tracking(alerts=())
    planned = made.causes.planned_usd
    calm = replace(
        made.causes,
        actual_usd=planned,
        causes=tuple(replace(cause, usd=0.0) for cause in made.causes.causes),
    )
    words = said(replace(made, causes=calm))
    assert "Actual list cost is as planned over 3 closed months: there is no cause to name." in words


def test_causes_that_cancel_are_still_named() -> None:
    made = tracking()
    parts = (Cause(cause="volume", usd=900.0, words="More."), Cause(cause="prices", usd=-900.0, words="Less."))
    even = replace(made.causes, actual_usd=made.causes.planned_usd, causes=parts)
    assert (
        "is as planned in sum over 3 closed months: volume +$900, prices -$900.\nVolume: More.\nPrices: Less."
        in said(replace(made, causes=even))
    )


def test_what_has_moved_is_said_and_what_has_not_is_not() -> None:
    made = tracking()
    words = said(made)
    calls = "92.0% of the calls of 'triage' went to claude-haiku-5-5 or a newer model of its tier"
    band = "above the plan's 80% band for that month, 71.0% to 88.0%."
    assert f"In the last closed month, {calls}, {band}" in words
    assert "The escalation rate of 'triage' on claude-haiku-5-5 rose from 6.0% to 15.5%: grade a new sample." in words
    assert "calls of 'answer' went to" not in words
    assert "Input and output of claude-opus-5-5 cost 10% less from 2027-02-01 on." in words
    assert "claude-haiku-6" not in words
    assert [row[2] for row in table(made, "Since signing").rows] == ["claude-opus-5-5", "claude-haiku-6"]
    still = tracking(adoption=made.adoption[1:], checks=(check("triage", "claude-haiku-5-5", escalated=13),))
    assert "No drift is seen in adoption or in the evidence of the plan." in said(still)
    assert "drift" not in said(tracking(adoption=(), checks=()))


def test_the_best_action_comes_first_and_then_the_next_deadline() -> None:
    late = Action(
        kind="top up",
        action="Top up",
        value=Estimate(mean=20_000.0, se=300.0),
        by=None,
        amount_usd=None,
        why="Because.",
    )
    made = tracking()
    words = said(replace(made, actions=(*made.actions, late)))
    assert "Worth most: Top up. It saves $20,000 ± 300.\nNext to decide, by 2027-12-31: Bring $12,600" in words
    nothing = "Nothing that can be done now saves a sum worth naming (0.1% of what is committed)."
    assert nothing in said(tracking(actions=()))
    costs = replace(late, value=Estimate(mean=-500.0, se=20.0))
    assert f"{nothing}\n" in said(tracking(actions=(costs,)))
    assert "Next to decide" not in said(tracking(actions=(costs,)))


# --- figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_nothing_that_is_said_has_more_digits_than_are_real(state: Callable[[], Tracking]) -> None:
    made = state()
    cells = [cell for found in track_tables(made) for row in found.rows for cell in row]
    for text in (*track_sentences(made), *track_notes(made), *cells):
        assert not re.search(r"\d\.\d{3}", text), text
        assert not re.search(r"\d{7}", text), text
        assert not re.search(r"\bnan\b|\binf\b|log_sd|None", text), text


@pytest.mark.parametrize("state", STATES)
def test_every_row_has_a_cell_for_every_column(state: Callable[[], Tracking]) -> None:
    for found in track_tables(state()):
        assert found.title
        assert all(len(row) == len(found.columns) for row in found.rows), found.title
        assert all(index < len(found.columns) for index in found.numeric), found.title


def test_the_table_of_causes_adds_up_to_the_cent() -> None:
    rows = table(tracking(), "What changed").rows
    planned, *parts, actual = (round(money(row[1]) * 100) for row in rows)
    assert planned + sum(parts) == actual
    by_month = table(tracking(), "The same by month").rows
    for _, before, *causes, after in by_month:
        assert money(before) + sum(map(money, causes)) == money(after)


def test_months_to_come_are_those_that_are_not_closed() -> None:
    rows = table(tracking(), "Months that are").rows
    assert [row[0] for row in rows] == [f"2027-{month:02d}" for month in range(4, 13)]
    assert [row[0] for row in table(before_the_term(), "Months that are").rows] == [
        f"2027-{month:02d}" for month in range(1, 13)
    ]
    assert not any(found.title.startswith("Months that are") for found in track_tables(after_the_term()))


def test_forecast_history_begins_at_signing_and_says_which_was_made_then() -> None:
    found = table(tracking(), "The forecast, month by month")
    assert [row[0] for row in found.rows] == ["signing", "2027-01", "2027-02", "2027-03", "2027-04-10"]
    assert [row[1] for row in found.rows] == ["-", "2027-02-03", "-", "-", "2027-04-11"]
    ended = table(after_the_term(), "The forecast, month by month")
    assert [row[0] for row in ended.rows[1:]] == [f"2027-{month:02d}" for month in range(1, 13)]


@given(value=st.floats(-1e9, 1e9))
def test_about_is_within_half_a_percent(value: float) -> None:
    shown = money(about(value))
    assert abs(shown - value) <= max(0.005 * abs(value), 0.5) + 1e-6
    assert re.fullmatch(r"-?0?\d{1,3}0*", f"{shown:.0f}")


@given(value=st.floats(-1e9, 1e9))
def test_a_difference_has_its_sign(value: float) -> None:
    shown = difference_words(value)
    assert shown.startswith("+") == (round(value) > 0)
    assert shown.startswith("-") == (round(value) < 0)


def test_what_no_path_shows_is_not_said_to_be_impossible() -> None:
    forecast = replace(tracking().forecast, effective_sample_size=300.0)
    assert risk_words(forecast, Estimate(mean=0.0, se=0.0)) == "below 1.0%"
    assert risk_words(forecast, Estimate(mean=1.0, se=0.0)) == "above 99.0%"
    assert risk_words(forecast, Estimate(mean=0.3, se=0.01)) == "30.0% ± 1.0"


# --- JSON ------------------------------------------------------------------------------------------------------------

KEYS = (
    *("months", "committed_usd", "drawn_usd", "shortfall_probability", "expected_shortfall_usd"),
    *("expected_overage_usd", "exhaustion_month", "causes", "actions", "alerts", "effective_sample_size"),
)


@pytest.mark.parametrize("state", STATES)
def test_json_has_the_keys_that_scripts_rely_on(state: Callable[[], Tracking]) -> None:
    made = state()
    found = json.loads(json.dumps(track_json(made), allow_nan=False))
    assert set(KEYS) <= set(found)
    for month, tracked in zip(found["months"], made.months, strict=True):
        assert {"month", "actual_list_cost_usd", "p10", "p50", "p90", "inside_80"} <= set(month)
        assert month["actual_list_cost_usd"] == tracked.actual_usd
        assert (month["p10"], month["p50"], month["p90"]) == (tracked.p10, tracked.p50, tracked.p90)
    assert all({"cause", "usd"} <= set(cause) for cause in found["causes"])
    assert all({"action", "value_usd", "by"} <= set(action) for action in found["actions"])
    assert found["drawn_usd"] == made.forecast.drawn_usd
    assert found["shortfall_probability"] == made.forecast.shortfall_probability.mean
    assert found["expected_shortfall_usd"] == made.forecast.expected_shortfall.mean
    assert found["shortfall_probability_se"] == made.forecast.shortfall_probability.se
    assert found["conclusion"] == conclusion(made)


def test_causes_in_json_add_up_exactly() -> None:
    found = track_json(tracking())
    assert sum(cause["usd"] for cause in found["causes"]) == pytest.approx(
        found["actual_usd"] - found["planned_usd"], abs=1e-9
    )


def test_a_figure_that_does_not_exist_is_null() -> None:
    made = tracking()
    one = replace(made.judged[0], bias=nan, bias_se=nan, months=1)
    never = replace(made.forecast.exhaustion, p10=None, p50=None, p90=None)
    odd = changed_forecast(
        replace(made, judged=(one,), renewal=None),
        exhaustion=never,
        pace=replace(made.forecast.pace, needed_usd=inf),
        shortfall_probability=Estimate(mean=0.5, se=nan),
    )
    found = json.loads(json.dumps(track_json(odd), allow_nan=False))
    assert found["exhaustion_month"] is found["renewal"] is found["shortfall_probability_se"] is None
    assert found["pace"]["needed_usd_per_month"] is found["judged"][0]["bias_log"] is None
    assert "On no path of the forecast is it used up by 2027-12-31." in said(changed_forecast(made, exhaustion=never))
    assert "n/a" not in said(odd)


def test_a_bill_that_is_not_what_the_log_makes_is_said() -> None:
    made = tracking()
    closed = tuple(month for month in made.months if month.is_closed)

    def billed(factor: float | None) -> str:
        months = [replace(one, billed_usd=None if factor is None else factor * one.net_usd) for one in closed]
        return said(replace(made, months=tuple(months)))

    assert "3 closed months, 4.0% more than the log makes after the discount" in billed(1.04)
    assert "3 closed months, 25.0% less than the log makes after the discount" in billed(0.75)
    assert "3 closed months, as the log makes it after the discount" in billed(1.004)
    assert "billed for" not in billed(None)


def test_a_chance_that_rounds_to_none_or_all_is_not_said_to_be_that_while_months_are_to_come() -> None:
    made = tracking()
    first = replace(made.past[0], shortfall_probability=0.0001, overage_probability=0.9999)
    row = table(replace(made, past=(first, *made.past[1:])), "The forecast, month by month").rows[0]
    assert "<0.1%" in row
    assert ">99.9%" in row
    assert "0.0%" not in row
    assert "100.0%" not in row
    known = replace(first, months={month: (p50,) * 3 for month, (_, p50, _) in first.months.items()})
    row = table(replace(made, past=(known, *made.past[1:])), "The forecast, month by month").rows[0]
    assert "0.0%" in row
    assert "100.0%" in row


def test_a_risk_that_lies_in_later_periods_is_told_apart_from_that_of_the_one_that_runs() -> None:
    made = tracking()
    quarters = replace(signed().contract, commit_period="quarter")
    sure = replace(made.forecast.exhaustion, probability=Estimate(mean=0.9, se=0.002))
    risky = changed_forecast(
        changed_signed(made, contract=quarters), exhaustion=sure, shortfall_probability=Estimate(mean=0.6, se=0.004)
    )
    later = f"Most of the shortfall risk of 60.0% ± 0.4 lies after {made.forecast.period.ends_on}"
    assert later in said(risky)
    assert "Most of the shortfall risk" not in said(changed_forecast(risky, exhaustion=made.forecast.exhaustion))
    assert "Most of the shortfall risk" not in said(changed_forecast(made, exhaustion=sure))
