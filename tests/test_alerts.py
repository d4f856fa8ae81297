"""Alerts: a limit that is reached fires and one that is not does not; months in a row are months in a row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.coverage import first_day, last_day, month_index
from planner.risk import Estimate, probability
from planner.signed import AlertLimits
from planner.tracking.acting.alerts import alerts_of, outside_in_a_row
from planner.tracking.result import Forecast, MonthRange, Pace, PeriodState, TrackedMonth

NEVER = AlertLimits(shortfall_probability=None, overage_probability=None, outside_band_months=None)
NOTHING = Estimate(mean=0.0, se=0.0)


def forecast(shortfall: Estimate = NOTHING, overage: Estimate = NOTHING) -> Forecast:
    return Forecast(
        as_of="2027-03",
        committed_usd=916_400.0,
        drawn_usd=150_000.0,
        period=PeriodState(
            first="2027-01",
            last="2027-12",
            committed_usd=916_400.0,
            drawn_usd=150_000.0,
            left_usd=766_400.0,
            ends_on=date(2027, 12, 31),
        ),
        shortfall_probability=shortfall,
        overage_probability=overage,
        expected_shortfall=Estimate(mean=84_120.0, se=900.0),
        expected_overage=Estimate(mean=12_300.0, se=400.0),
        expected_cost=Estimate(mean=950_000.0, se=400.0),
        straight_line_shortfall_usd=0.0,
        exhaustion=MonthRange(probability=NOTHING, median=None, p10=None, p50=None, p90=None),
        pace=Pace(recent_usd=55_000.0, needed_usd=85_000.0, expected_usd=70_000.0, months_left=9.0),
        months={},
        effective_sample_size=2_000.0,
        n_paths=4_096,
        recalibration=None,
    )


def month(name: str, actual: float, *, closed: bool = True) -> TrackedMonth:
    """A month whose band is 90 to 110 thousand."""
    return TrackedMonth(
        month=name,
        is_closed=closed,
        first=first_day(name),
        last=last_day(name),
        actual_usd=actual,
        whole_usd=actual,
        scale_log_sd=0.0,
        p10=90_000.0,
        p50=100_000.0,
        p90=110_000.0,
        inside_80=90_000.0 <= actual <= 110_000.0 if closed else None,
        billed_usd=None,
        net_usd=actual,
    )


def months(*usd: float | None) -> tuple[TrackedMonth, ...]:
    """Months of 2027 from January on; None: a month that nothing is known of."""
    return tuple(month(f"2027-{at + 1:02d}", value) for at, value in enumerate(usd) if value is not None)


# --- probabilities ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["shortfall_probability", "overage_probability"])
@pytest.mark.parametrize("hits", [0, 409, 410, 411, 4_100])
@pytest.mark.parametrize("limit", [0.1, 0.25, 1.0])
def test_a_probability_fires_from_its_limit_on(kind: str, hits: int, limit: float) -> None:
    chance = probability(np.arange(4_100) < hits)
    seen = forecast(shortfall=chance) if kind == "shortfall_probability" else forecast(overage=chance)
    found = alerts_of(replace(NEVER, **{kind: limit}), seen, ())
    assert bool(found) is (hits >= round(limit * 4_100))
    assert all((alert.kind, alert.value, alert.limit) == (kind, chance.mean, limit) for alert in found)


def test_a_limit_that_is_not_set_never_fires() -> None:
    certain = Estimate(mean=1.0, se=0.0)
    assert alerts_of(NEVER, forecast(certain, certain), months(1.0, 1.0, 1.0, 1.0)) == ()


def test_a_plan_without_limits_of_its_own_tells_of_shortfall_and_of_three_months() -> None:
    certain = Estimate(mean=1.0, se=0.0)
    found = alerts_of(AlertLimits(), forecast(certain, certain), months(1.0, 1.0, 1.0))
    assert [alert.kind for alert in found] == ["shortfall_probability", "outside_band_months"]


def test_a_probability_is_said_with_its_error_its_limit_and_its_dollars() -> None:
    limits = AlertLimits(shortfall_probability=0.25, overage_probability=0.1)
    found = alerts_of(limits, forecast(Estimate(mean=0.312, se=0.004), Estimate(mean=0.1, se=0.002)), ())
    assert [alert.words for alert in found] == [
        "The chance that commitment goes unused in the term is 31.2% ± 0.4, above the limit of 25.0%: an expected "
        "$84,120 ± 900 of what is owed would pay for nothing.",
        "The chance of use beyond the commitment in the term is 10.0% ± 0.2, at the limit of 10.0%: an expected "
        "$12,300 ± 400 would be billed for it.",
    ]


# --- months in a row -------------------------------------------------------------------------------------------------


def in_a_row(given: Sequence[float | None]) -> int:
    """The plain rule: how many of the last known months are outside, one after another."""
    known = list(given)
    while known and known[-1] is None:
        known.pop()
    count = 0
    for value in reversed(known):
        if value is None or 90_000.0 <= value <= 110_000.0:
            break
        count += 1
    return count


@given(st.lists(st.sampled_from([None, 50_000.0, 90_000.0, 100_000.0, 110_000.0, 150_000.0]), max_size=12))
def test_only_months_up_to_the_last_one_without_a_break_count(usd: list[float | None]) -> None:
    seen, limits = months(*usd), AlertLimits(shortfall_probability=None)
    row = outside_in_a_row(seen)
    assert len(row) == in_a_row(usd)
    assert [month_index(item.month) for item in row] == sorted(month_index(item.month) for item in row)
    found = alerts_of(limits, forecast(), seen)
    assert [alert.value for alert in found] == ([len(row)] if len(row) >= 3 else [])


def test_a_running_month_neither_counts_nor_breaks_the_row() -> None:
    running = month("2027-04", 100_000.0, closed=False)
    (alert,) = alerts_of(AlertLimits(), forecast(), (*months(50_000.0, 50_000.0, 150_000.0), running))
    assert alert.value == 3.0


def test_a_month_in_the_middle_that_is_not_closed_breaks_the_row() -> None:
    hole = month("2027-02", 40_000.0, closed=False)
    first, third = months(50_000.0, None, 50_000.0)
    assert [item.month for item in outside_in_a_row((first, hole, third))] == ["2027-03"]


def test_months_are_said_beside_their_bands() -> None:
    (alert,) = alerts_of(AlertLimits(), forecast(), months(100_000.0, 50_000.0, 60_000.0, 150_000.0))
    assert alert.words == (
        "The last 3 closed months, 2027-02 to 2027-04, are outside the 80% band of the plan as it was signed (the "
        "limit is 3 in a row): 2027-02 at $50,000 list is below $90,000 to $110,000; 2027-03 at $60,000 list is below "
        "$90,000 to $110,000; 2027-04 at $150,000 list is above $90,000 to $110,000."
    )


def test_a_limit_of_one_month_speaks_of_one() -> None:
    (alert,) = alerts_of(AlertLimits(outside_band_months=1), forecast(), months(50_000.0))
    assert alert.words.startswith("2027-01 is outside the 80% band")


def test_once_the_term_is_over_an_alert_says_what_happened_and_expects_nothing() -> None:
    over = replace(
        forecast(Estimate(mean=1.0, se=0.0), Estimate(mean=1.0, se=0.0)), months={"2027-12": (9.0, 9.0, 9.0)}
    )
    limits = AlertLimits(shortfall_probability=0.25, overage_probability=0.1)
    assert [alert.words for alert in alerts_of(limits, over, ())] == [
        "Commitment went unused in the term: $84,120 of it paid for nothing.",
        "Use went beyond the commitment in the term: $12,300 was billed for it.",
    ]
