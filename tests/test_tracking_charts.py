"""What is left of a commitment month by month, and the charts of a tracked plan: figures, words, axes, both grounds."""

from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from test_charts import titles_of_axes
from trackings import COMMIT_USD, after_the_term, before_the_term, causes, closed, signed, tracking

from planner.bands import DiscountBand
from planner.charts.style import DARK, LIGHT, Palette
from planner.charts.tracking import burn_down_chart, burn_down_frame, seen_frame, spend_chart, spend_frame
from planner.charts.tracking_causes import causes_chart, causes_frame
from planner.charts.tracking_history import AT_SIGNING, TODAY, history_chart, history_dollars_chart, history_frame
from planner.clauses import EarlyRenewal, Rollover
from planner.contract import Contract
from planner.simulation import SpendPaths
from planner.tracking.forecasting.burn_down import BurnDown, burn_down, left_usd
from planner.tracking.tracking import Tracking

USD = some.floats(0, 40_000)
BANDS = (DiscountBand(min_commit_usd_per_year=0.0, discount_fraction=0.0),)


def months_of(usd: list[float]) -> SpendPaths:
    paths = np.array(usd)[:, None]
    return SpendPaths(list_cost_usd=paths, signing_list_cost_usd=paths)


def shown(found: Tracking) -> Tracking:
    """With the burn-down of months that went as they did, and then go on as the plan has them."""
    spend = found.signed.spend.list_cost_usd.copy()
    for index, month in enumerate(found.months):
        if month.is_closed:
            spend[index] = month.actual_usd
    paths = SpendPaths(list_cost_usd=spend, signing_list_cost_usd=spend)
    return replace(found, burn_down=burn_down(found.signed, paths))


def left_of(found: Tracking) -> BurnDown:
    made = shown(found).burn_down
    assert made is not None
    return made


# --- what is left -----------------------------------------------------------------------------------------------------


@given(some.lists(USD, min_size=24, max_size=24))
def test_what_is_left_is_the_commitment_less_the_use_so_far_and_begins_again_each_year(usd: list[float]) -> None:
    contract = Contract(term_months=24, bands=signed().contract.bands)
    offer = contract.offer_of((180_000.0, 120_000.0), 0.1)
    left = left_usd(contract, offer, months_of(usd))[:, 0]
    expected = []
    for month in range(24):
        commit = (180_000.0, 120_000.0)[month // 12]
        expected.append(max(0.0, commit - 0.9 * sum(usd[month // 12 * 12 : month + 1])))
    assert left == pytest.approx(expected, abs=1e-6)


def test_balances_carried_over_are_used_before_the_new_commitment() -> None:
    contract = Contract(term_months=24, bands=BANDS, drawdown="list", rollover=Rollover(share=1.0, months=12))
    left = left_usd(contract, contract.offer_of((120.0, 120.0), 0.0), months_of([9.0] * 12 + [6.0] * 12))[:, 0]
    assert left[:12] == pytest.approx([120 - 9 * month for month in range(1, 13)])
    assert left[12:] == pytest.approx([120 + min(0, 12 - 6 * month) for month in range(1, 13)])


def test_an_early_renewal_begins_anew_with_what_it_commits() -> None:
    renewal = EarlyRenewal(month=6, credit_fraction=0.0, commit_fraction=0.5)
    contract = Contract(term_months=12, bands=BANDS, drawdown="list", early_renewal=renewal)
    left = left_usd(contract, contract.offer_of((120.0,), 0.0), months_of([4.0] * 12))[:, 0]
    assert left == pytest.approx([120 - 4 * month for month in range(1, 7)] + [30 - 4 * month for month in range(1, 7)])


# --- charts -----------------------------------------------------------------------------------------------------------


def drawn(found: Tracking, palette: Palette = LIGHT) -> dict[str, alt.LayerChart]:
    made = {
        "burn-down": burn_down_chart(found, left_of(found), palette),
        "spend": spend_chart(found, palette),
        "history": history_chart(found, palette),
        "dollars": history_dollars_chart(found, palette),
    }
    return made | ({"causes": causes_chart(found.causes, palette)} if found.causes.causes else {})


AXES = {
    "burn-down": {"start of the month", "left of the commitment (USD)"},
    "spend": {"month", "list spend (USD a month)"},
    "history": {"after the month", "probability over the term (%)"},
    "dollars": {"after the month", "expected over the term (USD)"},
    "causes": {"cause", "difference from the plan (USD, list)"},
}


@pytest.mark.parametrize("found", [tracking(), before_the_term(), after_the_term()], ids=["now", "before", "after"])
@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_chart_has_a_title_a_reading_and_axes_with_units(found: Tracking, palette: Palette) -> None:
    for name, chart in drawn(found, palette).items():
        spec = chart.to_dict()  # validates against the Vega-Lite schema
        assert spec["title"]["text"], name
        assert spec["title"]["subtitle"], name
        assert titles_of_axes(spec) == AXES[name]
        other = DARK if palette is LIGHT else LIGHT
        assert not any(colour in str(spec) for colour in (other.ink, other.mark, other.alarm)), name


def words_of(chart: alt.LayerChart) -> set[str]:
    return {row["words"] for rows in chart.to_dict()["datasets"].values() for row in rows if "words" in row}


def test_the_burn_down_begins_at_the_commitment_and_goes_through_what_was_used() -> None:
    found = tracking()
    frame = burn_down_frame(found, left_of(found))
    went = frame[frame["part"] == "actual"]
    assert went["p50"].iloc[0] == frame[frame["part"] == "as signed"]["p50"].iloc[0] == COMMIT_USD
    nets = [month.net_usd for month in found.months if month.is_closed]
    assert went["p50"].iloc[1:4].tolist() == pytest.approx((COMMIT_USD - np.cumsum(nets)).tolist())
    assert went["p50"].iloc[-1] == found.forecast.period.left_usd, "the running month so far"
    assert (str(went["at"].iloc[3]), str(went["at"].iloc[-1])) == ("2027-04-01 00:00:00", "2027-04-11 00:00:00")
    ahead = frame[frame["part"] == "today"]
    assert (ahead.iloc[0][["p10", "p50", "p90"]] == went["p50"].iloc[3]).all(), (
        "today's fan begins where the months end"
    )
    assert len(ahead) == 1 + 9
    assert (frame["p10"] <= frame["p50"]).all()
    assert "so far" in words_of(burn_down_chart(found, left_of(found)))


@pytest.mark.parametrize(("of_p50", "words"), [(1.3, "used up"), (0.5, None)])
def test_after_the_term_only_what_is_left_is_told(of_p50: float, words: str | None) -> None:
    found = after_the_term()
    months = tuple(closed(found.signed, index, of_p50) for index in range(12))
    over = replace(found, months=months)
    left = COMMIT_USD - sum(month.net_usd for month in months)
    assert words_of(burn_down_chart(over, left_of(over))) == {"as signed", words or f"${left / 1000:.0f}k left"}


def test_months_stand_beside_the_fan_as_signed_and_the_fan_of_today() -> None:
    found = tracking()
    frame, seen = spend_frame(found), seen_frame(found)
    fan = frame[frame["part"] == "as signed"]
    assert np.array_equal(fan[["p10", "p50", "p90"]].to_numpy().T, found.signed.fan_usd[:, :12])
    ahead = frame[frame["part"] == "today"]
    assert ahead["p50"].tolist() == [band[1] for name, band in found.forecast.months.items() if name >= "2027-03"]
    assert seen["state"].tolist() == ["inside", "outside", "outside", "not closed"]
    running = seen.iloc[-1]
    assert running["low"] < running["p50"] < running["high"]
    assert running["low"] * running["high"] == pytest.approx(running["p50"] ** 2), "a factor either way"
    assert (seen["low"][:3] == seen["p50"][:3]).all()
    assert seen.loc[seen["state"] == "outside", "colour"].unique().tolist() == [LIGHT.alarm]


def test_causes_lead_from_planned_to_actual() -> None:
    found = tracking().causes
    frame = causes_frame(found)
    assert frame["name"].tolist() == ["planned", *(cause.cause for cause in found.causes), "actual"]
    assert frame["usd"].tolist()[1:-1] == [cause.usd for cause in found.causes]
    assert frame["start"].tolist()[2:-1] == frame["stop"].tolist()[1:-2], "each takes on where the last one ended"
    assert frame["stop"].iloc[-2] == pytest.approx(frame["stop"].iloc[-1])
    assert frame["stop"].iloc[-1] == found.actual_usd - found.planned_usd
    more = causes([closed(signed(), 0, 1.2)])
    assert "3 closed months" in str(causes_chart(found).to_dict()["title"])
    assert "1 closed month." in str(causes_chart(more).to_dict()["title"])
    assert any(word.startswith("+$") for word in words_of(causes_chart(more)))


def test_an_actual_that_is_the_plan_has_causes_of_nothing() -> None:
    chart = causes_chart(causes([closed(signed(), 0, 1.0)]))
    assert {word for word in words_of(chart) if word != "$20k"} == {"$0"}


def test_earlier_forecasts_stand_in_their_order_and_end_with_that_of_today() -> None:
    found = tracking()
    frame = history_frame(found)
    chances = frame[(frame["of"] == "probability") & (frame["kind"] == "shortfall")]
    assert chances["as_of"].tolist() == [AT_SIGNING, "2027-01", "2027-02", "2027-03", TODAY]
    assert chances["value"].tolist() == [past.shortfall_probability for past in found.past] + [0.623]
    assert chances["made"].tolist()[1:3] == ["told on 2027-02-03", "worked out again"]
    usd = frame[(frame["of"] == "usd") & (frame["kind"] == "overage")]
    assert usd["value"].tolist()[-1] == found.forecast.expected_overage.mean
    assert len(history_frame(before_the_term())) == 4, "at signing there is one, that of today"
    over = history_frame(after_the_term())
    assert over["as_of"].iloc[-1] == "2027-12", "a month that is over is called by its name"
    assert not over.duplicated(["as_of", "of", "kind"]).any()


def test_the_limits_of_the_plan_are_drawn_where_there_are_any() -> None:
    found = tracking()

    def reading(shortfall: float | None, overage: float | None) -> str:
        alerts = replace(found.signed.signed.alerts, shortfall_probability=shortfall, overage_probability=overage)
        limited = replace(found.signed, signed=replace(found.signed.signed, alerts=alerts))
        spec: Any = history_chart(replace(found, signed=limited)).to_dict()
        return " ".join(spec["title"]["subtitle"])

    assert "Dotted: the plan's alert, shortfall from 25%." in reading(0.25, None)
    assert "Dotted: the plan's alerts, shortfall from 25%, overage from 40%." in reading(0.25, 0.4)
    assert "Dotted" not in reading(None, None)
