"""The commitment explorer: one view in which a commitment is dragged, with all that follows from it.

The browser moves it by itself. `at` is the row of `points` that was dragged to, -1 for the typed commitment, which is
the first row; `now` is that row, and all that moves is an expression of it. A new `turn` in the first row (a
commitment was typed) takes back what was dragged.

Vega-Lite cannot say that a parameter follows the pointer, but hands `on` to Vega as it is: so these parameters go into
the finished specification. Streamlit reports the parameters that are listed as selections; `taken` is listed under
`spec`, where nothing else reads it.
"""

from textwrap import wrap
from typing import Any, Final

import altair as alt
import pandas as pd

from planner.charts.commit_axis import RISK_OF, commit_title, cost_title, counts_present_value, follows_one_amount
from planner.charts.commitment import band_layers, marks_rows
from planner.charts.explorer_points import SLOTS, YEARS, futures, nearest_stops, years_frame
from planner.charts.style import DASHES, LIGHT, Palette, halo_and_words, money_axis
from planner.plan import Plan
from planner.words import percent

POINTS: Final = "points"
TYPED: Final = "typed"
TAKEN: Final = "taken"
_READOUT_PIXELS: Final = 66
_AXIS_PIXELS: Final = 66
"""What stands left of the panels, so that they stand below each other."""
_CONFIG: Final = {
    # By itself Vega keeps a finger on the chart from scrolling the page.
    "events": {"defaults": {"allow": ["touchstart", "touchmove", "touchend"]}},
    # Who does not see the chart is told what it says, once, and finds the figures below; not mark by mark.
    "mark": {"aria": False},
}
_NEAR_PIXELS: Final = 30
"""How far from the rule a finger may start to drag it: further off, it scrolls the page."""
_ON_RULE: Final = "event.item && event.item.datum && event.item.datum.hold"
_TITLE_LETTERS: Final = 46
"""What fits on a telephone: a longer line would make the charts narrower than the screen."""
_WIDE: Final = "width > 480"
_SHORT: Final = "datum.level < now.chance"


def explorer_spec(plan: Plan, frame: pd.DataFrame, top: float, palette: Palette = LIGHT) -> dict[str, Any]:
    """Cost, shortfall risk and equally likely years over commitments from 0 to top, USD a year, and what the chosen one
    comes to. frame: points_frame(plan, top).

    Its data sets `points`, the frame, and `typed`, one row of the same columns and its turn, are to be put under
    `datasets`; all else that it shows is in it.
    """
    scale = alt.Scale(domain=[0, top], nice=False)
    ticks = money_axis()
    silent = alt.X("commit:Q", axis=alt.Axis(labels=False, ticks=False, title=None, tickCount=5), scale=scale)
    panels = [
        _readout(plan, palette),
        _cost_panel(plan, frame, top, silent, palette),
        _risk_panel(plan, top, silent, palette),
        _years_panel(plan, frame, top, alt.X("commit:Q", title=commit_title(plan), axis=ticks, scale=scale), palette),
    ]
    view = alt.vconcat(*panels, spacing=6).properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    with alt.data_transformers.enable(consolidate_datasets=False):
        spec: dict[str, Any] = view.to_dict()
    return spec | {
        "params": [*spec.get("params", []), *_signals(nearest_stops(frame, top), top)],
        "config": spec.get("config", {}) | _CONFIG,
        "spec": {"params": [{"name": TAKEN, "select": "point"}]},
    }


def _signals(nearest: list[int], top: float) -> list[dict[str, Any]]:
    """The parameters, as signals of Vega: what was dragged to, what is chosen, what the server is told."""
    inside = f"x() > -12 && x() < width + 12 && y() > {_READOUT_PIXELS}"
    # A filter of events sees the event and its item, not the signals.
    mouse = {"type": "pointerdown", "filter": "event.button === 0 && event.pointerType !== 'touch'"}
    finger = {"type": "pointerdown", "filter": f"event.pointerType === 'touch' && {_ON_RULE}"}
    # A browser scrolls, and ends the drag, unless the finger's moves are consumed.
    touch = {"type": "touchmove", "between": [{"type": "touchstart", "filter": _ON_RULE}, {"type": "touchend"}]}
    up = {"source": "window", "type": "pointerup"}
    moves = [{"source": "window", "type": "pointermove", "between": [start, up]} for start in (mouse, finger)]
    slot = f"clamp(floor(x() / width * {SLOTS}), 0, {SLOTS - 1})"
    return [
        {"name": "nearest", "value": nearest},
        {"name": "turn", "expr": f"data('{TYPED}')[0].turn"},
        {
            "name": "held",
            "value": False,
            "on": [{"events": [mouse, finger], "update": inside}, {"events": up, "update": "false"}],
        },
        {
            "name": "at",
            "value": -1,
            "on": [
                {"events": {"signal": "turn"}, "update": "-1"},
                {"events": [mouse, {"type": "click"}], "update": f"{inside} ? nearest[{slot}] : at"},
                {"events": moves, "update": f"held ? nearest[{slot}] : at"},
                {"events": touch | {"consume": True}, "update": "at"},
            ],
        },
        {"name": "now", "expr": f"at < 0 ? data('{TYPED}')[0] : data('{POINTS}')[at]"},
        {
            "name": TAKEN,
            "value": None,
            # On the change of `now` and not of `at`, which comes first: it would tell the row before.
            "on": [{"events": {"signal": "now"}, "update": f"at < 0 ? {TAKEN} : {{usd: now.field, turn: turn}}"}],
        },
    ]


def _readout(plan: Plan, palette: Palette) -> alt.LayerChart:
    """The chosen commitment in figures: six side by side, or three above three."""
    fixed = plan.inputs.contract.commits_usd_per_year is not None
    names = {
        "w_commit": "Commitment" if follows_one_amount(plan) else "Mean of term",
        "w_discount": "Discount",
        "w_cost": "Present value" if counts_present_value(plan) else "Expected cost",
        "w_against": "Against fixed" if fixed else "Against best",
        "w_chance": "Shortfall risk",
        "w_shortfall": "Mean shortfall",
    }
    rows = [{"n": n, "field": field, "name": name} for n, (field, name) in enumerate(names.items())]
    base = alt.Chart(pd.DataFrame(rows)).transform_calculate(told="now[datum.field]")
    n, columns = f"({_WIDE} ? datum.n : datum.n % 3)", f"({_WIDE} ? 6 : 3)"
    x = alt.expr(f"{n} * (width + {_AXIS_PIXELS}) / {columns} - {_AXIS_PIXELS}")
    row = f"({_WIDE} ? 8 : 35 * floor(datum.n / 3))"
    place: dict[str, Any] = {"align": "left", "baseline": "top", "x": x}
    name = base.mark_text(**place, y=alt.expr(row), fontSize=12, color=palette.muted).encode(text="name:N")
    size = alt.expr(f"{_WIDE} ? 18 : 14")
    told = base.mark_text(**place, y=alt.expr(f"{row} + 15"), fontSize=size, fontWeight="bold", color=palette.ink)
    return alt.LayerChart(layer=[name, told.encode(text="told:N")]).properties(height=_READOUT_PIXELS)


def _cost_panel(plan: Plan, frame: pd.DataFrame, top: float, x: alt.X, palette: Palette) -> alt.LayerChart:
    low, high = float(frame["cost"].min()), float(frame["cost"].max())
    room = 0.15 * (high - low) or 1.0
    scale = alt.Scale(domain=[low - room, high + room], nice=False)
    y = alt.Y("cost:Q", title=cost_title(plan), axis=_wide(money_axis(4)), scale=scale)
    words = alt.Chart(_marks(plan, top, palette)).encode(x=x, y=y, text="words:N")
    layers = [
        *band_layers(plan, top, x, palette),
        _curve(x, y, palette),
        *_marked(plan, top, x, y, palette),
        *halo_and_words(words, palette),
        *_rule_and_point("cost", palette),
        *_handle(palette),
    ]
    return _panel(layers, "Expected cost. Shaded: discount bands", 190, palette)


def _risk_panel(plan: Plan, top: float, x: alt.X, palette: Palette) -> alt.LayerChart:
    limit = plan.inputs.decision.max_shortfall_probability
    scale = alt.Scale(domain=[0, 1], nice=False)
    y = alt.Y("chance:Q", title="chance (%)", axis=_wide(alt.Axis(format=".0%", values=[0, 0.5, 1])), scale=scale)
    bound = alt.Chart(pd.DataFrame({"chance": [limit], "commit": [top], "words": [f"limit {percent(limit, 0)}"]}))
    named = bound.mark_text(align="right", dx=-4, dy=-8 if limit < 0.8 else 10, color=palette.alarm, fontWeight="bold")
    layers = [
        bound.mark_rule(color=palette.alarm, strokeDash=DASHES[1]).encode(y=y),
        named.encode(x=x, y=y, text="words:N"),
        _curve(x, y, palette),
        *_marked(plan, top, x, y, palette),
        *_rule_and_point("chance", palette),
    ]
    several = len(plan.inputs.contract.periods) > 1
    where = f", {RISK_OF[plan.inputs.decision.shortfall_limit_per]}" if several else ""
    return _panel(layers, f"Chance of owing more than is used{where}", 110, palette)


def _years_panel(plan: Plan, frame: pd.DataFrame, top: float, x: alt.X, palette: Palette) -> alt.LayerChart:
    dots = years_frame(frame, top)
    tall = max(int(dots["row"].max()), 4)
    axis = _wide(alt.Axis(labels=False, ticks=False, grid=False, domain=False))
    y = alt.Y("row:Q", title=futures(plan), axis=axis, scale=alt.Scale(domain=[0, tall + 1.5], nice=False))
    size = alt.expr("pow(clamp(width / 62, 5, 11), 2)")
    marks = alt.Chart(dots).mark_point(filled=True, opacity=1, size=size)
    coloured = marks.encode(
        x=x,
        y=y,
        color=alt.condition(_SHORT, alt.value(palette.alarm), alt.value(palette.mark)),
        shape=alt.condition(_SHORT, alt.value("triangle-down"), alt.value("circle")),
    )
    told = alt.Chart(alt.NamedData(name=TYPED)).transform_calculate(words="now.w_years")
    words = told.mark_text(align="left", baseline="top", x=4, y=2, fontWeight="bold", fontSize=13, color=palette.ink)
    layers = [coloured, words.encode(text="words:N"), _rule(palette)]
    title = f"{YEARS} equally likely {futures(plan)}. ▼ falls short"
    return _panel(layers, title, 96, palette)


def _panel(layers: list[alt.Chart], title: str, height: int, palette: Palette) -> alt.LayerChart:
    """Layers on a ground that says by its pointer that something can be dragged; height in pixels."""
    catch = alt.Chart(pd.DataFrame({"n": [0]})).mark_rect(
        x=0, y=0, x2="width", y2="height", color=palette.ground, opacity=0, cursor="ew-resize"
    )
    lines = wrap(title, _TITLE_LETTERS)
    heading = alt.Title(text=lines, anchor="start", frame="bounds", fontSize=13, offset=6, color=palette.ink)
    one, place = _at_now()
    grip = one.mark_rule(strokeWidth=2 * _NEAR_PIXELS, opacity=0, cursor="ew-resize").encode(x=place)
    return alt.LayerChart(layer=[*layers, catch, grip]).properties(title=heading, height=height)


def _wide(axis: alt.Axis) -> alt.Axis:
    """An axis at the left, as wide as those of the other panels."""
    axis.minExtent = axis.maxExtent = _AXIS_PIXELS - 20
    return axis


def _curve(x: alt.X, y: alt.Y, palette: Palette) -> alt.Chart:
    """One line per band: at a threshold the discount, and so the cost, jumps."""
    rows = alt.Chart(alt.NamedData(name=POINTS)).transform_filter("datum.on_curve")
    return rows.mark_line(color=palette.mark, strokeWidth=2.5).encode(x=x, y=y, detail="stretch:N")


def _marks(plan: Plan, top: float, palette: Palette) -> pd.DataFrame:
    """The marked offers, their words beside the rule that may stand on them."""
    rows = marks_rows(plan, None, palette)
    sides = ["left" if row["commit"] < 0.6 * top else "right" for row in rows]
    return pd.DataFrame(rows).assign(align=sides, dx=[9 if side == "left" else -9 for side in sides])


def _marked(plan: Plan, top: float, x: alt.X, y: alt.Y, palette: Palette) -> list[alt.Chart]:
    base = alt.Chart(_marks(plan, top, palette)).encode(x=x, y=y, color=alt.Color("colour:N", scale=None))
    return [base.mark_point(filled=True, size=110, opacity=1, shape=alt.expr("datum.shape"))]


def _at_now() -> tuple[alt.Chart, alt.X]:
    return alt.Chart(pd.DataFrame({"hold": [True]})), alt.X(datum=alt.expr("now.commit"), type="quantitative")


def _rule(palette: Palette) -> alt.Chart:
    one, place = _at_now()
    return one.mark_rule(color=palette.alarm, strokeWidth=2).encode(x=place)


def _rule_and_point(field: str, palette: Palette) -> list[alt.Chart]:
    one, place = _at_now()
    point = one.mark_point(color=palette.alarm, shape="diamond", filled=True, size=150, opacity=1)
    y = alt.Y(datum=alt.expr(f"now.{field}"), type="quantitative")
    return [_rule(palette), point.encode(x=place, y=y)]


def _handle(palette: Palette) -> list[alt.Chart]:
    """What says that the rule can be taken hold of, above it."""
    one, place = _at_now()
    shown: dict[str, Any] = {"fontSize": 12, "fontWeight": "bold", "text": "◀ drag ▶", "baseline": "bottom"}
    y = alt.value(-3)
    halo = one.mark_text(**shown, stroke=palette.ground, strokeWidth=5, strokeJoin="round", color=palette.ground)
    return [halo.encode(x=place, y=y), one.mark_text(**shown, color=palette.alarm).encode(x=place, y=y)]
