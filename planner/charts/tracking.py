"""Charts of a plan that is tracked: the commitment burning down, and months beside both fans."""

from collections.abc import Hashable, Iterable, Mapping
from math import exp
from typing import Any, Final

import altair as alt
import pandas as pd

from planner.charts.style import (
    DASHES,
    LIGHT,
    Palette,
    exact_tips,
    finished,
    halo_and_words,
    money_axis,
)
from planner.contract import Contract
from planner.tracking.forecasting.burn_down import BurnDown, unbroken
from planner.tracking.tracking import Tracking
from planner.tracking_reports.months import is_scaled, signed_fan
from planner.units import HALF_CENT_USD
from planner.words import usd_short

_BAND_SD: Final = 1.2816
"""Half an 80 % band in standard deviations of a normal."""


_FEW: Final = 12
"""Months whose dots are told apart on a telephone at their full size."""

Band = tuple[float, float, float]
Rows = list[dict[str, Any]]


# --- burn-down --------------------------------------------------------------------------------------------------------


def burn_down_chart(tracking: Tracking, found: BurnDown, palette: Palette = LIGHT) -> alt.LayerChart:
    """What is left of the running period's commitment: as it went, as signed, and as it is to be expected now."""
    frame = burn_down_frame(tracking, found)
    signed, ahead, went = (frame[frame["part"] == part] for part in ("as signed", "today", "actual"))
    x = _months("at:T", "start of the month")
    y = alt.Y("p50:Q", title=f"left of the commitment (USD{_basis(tracking.signed.contract)})", axis=money_axis())
    tips = [alt.Tooltip("at:T", title="on", format="%-d %B %Y"), alt.Tooltip("part:N", title="")]
    words = _burn_down_words(frame, palette)
    layers = [
        *_band(signed, x, y, palette.muted, DASHES[1]),
        *_band(ahead, x, y, palette.mark, DASHES[0]),
        alt.Chart(went).mark_line(color=palette.ink, strokeWidth=3).encode(x=x, y=y),
        alt.Chart(went).mark_point(color=palette.ink, filled=True, size=55, opacity=1).encode(x=x, y=y),
        alt.Chart(frame)
        .mark_point(size=200, opacity=0)
        .encode(x=x, y=y, tooltip=[*tips, *exact_tips(p10="P10", p50="P50", p90="P90")]),
        *halo_and_words(alt.Chart(words).encode(x=x, y=y, text="words:N"), palette),
    ]
    period = tracking.forecast.period
    reading = "Bands: P10 to P90, lines: medians. What is left where the period ends is not used up; at zero it is."
    return finished(layers, f"Left of the commitment, {period.first} to {period.last}", reading, palette, height=380)


def burn_down_frame(tracking: Tracking, found: BurnDown) -> pd.DataFrame:
    """at (day), part (as signed, today, actual), p10, p50, p90: what is left when a month of the period begins, USD."""
    period = tracking.forecast.period
    months = [name for name in found.today if period.first <= name <= period.last]
    first = _day(period.first)
    rows: Rows = [
        _left(first, part, (usd, usd, usd))
        for part, usd in (("as signed", found.begins[period.first]), ("actual", found.begins[period.first]))
    ]
    rows += [_left(_after(name), "as signed", found.as_signed[name]) for name in months]
    known = unbroken(found.today, tracking.months)
    closed = [name for name in months if name in known]
    rows += [_left(_after(name), "actual", found.today[name]) for name in closed]
    begins = (_after(closed[-1]), found.today[closed[-1]]) if closed else (first, (found.begins[period.first],) * 3)
    rows.append(_left(begins[0], "today", begins[1]))
    rows += [_left(_after(name), "today", found.today[name]) for name in months if name not in closed]
    last = tracking.months[-1] if tracking.months else None
    if last is not None and last.month == next((name for name in months if name not in closed), None):
        day = pd.Timestamp(last.last) + pd.Timedelta(days=1)
        rows.append(_left(day, "actual", (period.left_usd,) * 3))
    return pd.DataFrame(rows)


def _left(at: pd.Timestamp, part: str, band: Band) -> dict[str, Any]:
    return {"at": at, "part": part} | dict(zip(("p10", "p50", "p90"), band, strict=True))


def _burn_down_words(frame: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    """The names of the lines where they are apart, and what is left at the end."""
    signed, ahead, went = (frame[frame["part"] == part] for part in ("as signed", "today", "actual"))
    middle, end = signed.iloc[(len(signed) - 1) // 2], ahead.iloc[-1]
    beside = frame[(frame["part"] != "as signed") & (frame["at"] >= middle["at"])].sort_values("at")
    is_below = beside.empty or float(beside.iloc[0]["p50"]) >= float(middle["p50"])
    rows = [word(middle, "as signed", palette.muted, *(("right", -8, 14) if is_below else ("left", 8, -12)))]
    left = f"{usd_short(end['p50'])} left" if end["p50"] >= HALF_CENT_USD else "used up"
    if len(ahead) > 1:
        rows.append(word(dict(end) | {"p50": end["p90"]}, f"today: {left}", palette.mark, "right", 0, -11))
    if len(went) > 1:
        so_far = "so far" if len(ahead) > 1 else left
        rows.append(word(went.iloc[-1], so_far, palette.ink, "left" if len(ahead) > 1 else "right", 6, -13))
    return pd.DataFrame(rows)


def _basis(contract: Contract) -> str:
    return ", list" if contract.drawdown == "list" else ""


# --- months beside both fans ------------------------------------------------------------------------------------------


def spend_chart(tracking: Tracking, palette: Palette = LIGHT) -> alt.LayerChart:
    """Monthly list spend: actual months, the fan of the plan as signed, and the fan of today for what is to come."""
    fans, seen = spend_frame(tracking), seen_frame(tracking, palette)
    signed, ahead = (fans[fans["part"] == part] for part in ("as signed", "today"))
    x, y = _months("at:T", "month"), alt.Y("p50:Q", title="list spend (USD a month)", axis=money_axis())
    tips = [alt.Tooltip("at:T", title="month", format="%B %Y"), alt.Tooltip("part:N", title="")]
    layers = [
        *_band(signed, x, y, palette.muted, DASHES[1]),
        *_band(ahead, x, y, palette.mark, DASHES[0]),
        alt.Chart(fans)
        .mark_point(size=200, opacity=0)
        .encode(x=x, y=y, tooltip=[*tips, *exact_tips(p10="P10", p50="P50", p90="P90")]),
        *_seen(seen, x, palette.ink),
        *halo_and_words(alt.Chart(_spend_words(fans, seen, palette)).encode(x=x, y=y, text="words:N"), palette),
    ]
    is_open = (seen["state"] == "not closed").any()
    running = " Hollow: a month that is not closed, scaled, with its own 80% band." if is_open else ""
    reading = f"Bands: P10 to P90. Dots: what was used; a diamond is outside the band as signed.{running}"
    return finished(layers, "List spend by month", reading, palette, height=380)


def _seen(seen: pd.DataFrame, x: alt.X, ink: str) -> list[alt.Chart]:
    """Months that were used: closed ones by a dot or a diamond, the running one hollow with its error."""
    if seen.empty:
        return []
    base = alt.Chart(seen).encode(x=x, color=alt.Color("colour:N", scale=None))
    states = {"inside": "circle", "outside": "diamond", "not closed": "circle"}
    shape = alt.Shape("state:N", scale=alt.Scale(domain=list(states), range=list(states.values())), legend=None)
    tips = [alt.Tooltip("month:N"), alt.Tooltip("says:N", title=""), *exact_tips(p50="of the month", actual="so far")]
    closed, running = "datum.state != 'not closed'", "datum.state == 'not closed'"
    size = 110 if len(seen) <= _FEW else 50
    return [
        base.mark_line(strokeWidth=2).transform_filter(closed).encode(y="p50:Q", color=alt.value(ink)),
        base.mark_rule(strokeWidth=2).transform_filter(running).encode(y="low:Q", y2="high:Q"),
        base.mark_point(filled=True, size=size, opacity=1)
        .transform_filter(closed)
        .encode(y="p50:Q", shape=shape, tooltip=tips),
        base.mark_point(size=size, opacity=1, strokeWidth=2.5)
        .transform_filter(running)
        .encode(y="p50:Q", shape=shape, tooltip=tips),
    ]


def spend_frame(tracking: Tracking) -> pd.DataFrame:
    """at (day), part (as signed, today), p10, p50, p90 of a month's list spend, USD; today from the last closed one."""
    rows: Rows = [_left(_day(name), "as signed", band) for name, band in signed_fan(tracking).items()]
    closed = sorted(_closed(tracking))
    known = tracking.forecast.months
    ahead = [name for name in known if name not in closed and (not closed or name > closed[-1])]
    if ahead and closed and closed[-1] in known:
        ahead.insert(0, closed[-1])
    return pd.DataFrame([*rows, *(_left(_day(name), "today", known[name]) for name in ahead)])


def seen_frame(tracking: Tracking, palette: Palette = LIGHT) -> pd.DataFrame:
    """month, at, p50 (of the whole month), actual (so far), low, high, state, says, colour: a row for each one seen.

    A month of which too little was seen to say what the whole one will be has no place beside whole ones.
    """
    columns = ["month", "at", "p50", "actual", "low", "high", "state", "says", "colour"]
    says = {
        "inside": "inside the band as signed",
        "outside": "outside the band as signed",
        "not closed": "not closed, scaled",
    }
    rows = []
    for month in tracking.months:
        if not month.is_closed and not is_scaled(month):
            continue
        state = "not closed" if not month.is_closed else "inside" if month.inside_80 else "outside"
        factor = exp(_BAND_SD * month.scale_log_sd)
        low, high = month.whole_usd / factor, month.whole_usd * factor
        colour = palette.alarm if state == "outside" else palette.ink
        rows.append(
            (month.month, _day(month.month), month.whole_usd, month.actual_usd, low, high, state, says[state], colour)
        )
    return pd.DataFrame(rows, columns=columns)


def _spend_words(fans: pd.DataFrame, seen: pd.DataFrame, palette: Palette) -> pd.DataFrame:
    signed, ahead = (fans[fans["part"] == part] for part in ("as signed", "today"))
    rows, end = [], signed.iloc[-1]
    is_above = ahead.empty or float(end["p50"]) >= float(ahead.iloc[-1]["p50"])
    rows.append(word(end, "as signed", palette.muted, "right", 0, -13 if is_above else 17))
    if not ahead.empty:
        rows.append(word(ahead.iloc[-1], "today", palette.mark, "right", 0, 17 if is_above else -13))
    if not seen.empty:
        closed = seen[seen["state"] != "not closed"]
        last = (closed if not closed.empty else seen).iloc[-1]
        rows.append(
            word(
                last,
                f"actual {usd_short(last['p50'])}",
                str(last["colour"]),
                "center" if len(seen) > 1 else "left",
                0,
                20,
            )
        )
    return pd.DataFrame(rows)


# --- what they share --------------------------------------------------------------------------------------------------


def _band(frame: pd.DataFrame, x: alt.X, y: alt.Y, colour: str, dash: Iterable[int]) -> list[alt.Chart]:
    """P10 to P90 as an area, the median as a line."""
    base = alt.Chart(frame).encode(x=x)
    area = base.mark_area(color=colour, opacity=0.18).encode(y="p10:Q", y2="p90:Q")
    return [area, base.mark_line(color=colour, strokeWidth=2.5, strokeDash=list(dash)).encode(y=y)]


def word(
    row: Mapping[Hashable, Any] | pd.Series, words: str, colour: str, align: str, dx: int, dy: int
) -> dict[Hashable, Any]:
    """Words at a row's own place."""
    return dict(row) | {"words": words, "colour": colour, "align": align, "dx": dx, "dy": dy}


def _months(field: str, title: str) -> alt.X:
    axis = alt.Axis(format="%b %y", tickCount=6, labelOverlap=True)
    return alt.X(field, title=title, scale=alt.Scale(type="utc"), axis=axis)


def _day(month: str) -> pd.Timestamp:
    return pd.Timestamp(f"{month}-01")


def _after(month: str) -> pd.Timestamp:
    return _day(month) + pd.DateOffset(months=1)


def _closed(tracking: Tracking) -> set[str]:
    return {month.month for month in tracking.months if month.is_closed}
