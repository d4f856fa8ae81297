"""What can be taken away: the plan file, the workbook, the results as JSON, every table as CSV.

Each is made when it is asked for, from the plan that was on the screen: Streamlit calls it in another thread.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import streamlit as st

from planner.backtest.judge import Backtest
from planner.backtest_report import backtest_json
from planner.calibration.calibrate import Calibration
from planner.calibration_report import calibration_json
from planner.csv_cells import inert_cell
from planner.dossier import Dossier
from planner.drivers import Drivers
from planner.drivers_report import drivers_json
from planner.machine import compare_json, measure_json, outcome_json, plan_json
from planner.mix import Measurement
from planner.outcome import OfferOutcome
from planner.plan import Plan
from planner.plan_file.text import with_calibration
from planner.tracking.tracking import Tracking
from planner.ui.state import session
from planner.workbook.book import workbook_bytes

Row = Mapping[str, Any]


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """Rows as CSV, UTF-8 with a mark that Excel needs; full numbers, and no cell that is a formula."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([inert_cell(name) for name in columns])
    writer.writerows([[inert_cell(row.get(name, "")) for name in columns] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def json_bytes(plan: Plan) -> bytes:
    """The plan's results as `planner plan --json` prints them."""
    return json.dumps(plan_json(plan), indent=2, ensure_ascii=False, allow_nan=False).encode()


def flat(row: Row) -> dict[str, Any]:
    """Nested figures as columns of their own; lists have no place in a row and are left out."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            found |= {f"{key}_{name}": inner for name, inner in flat(value).items()}
        elif not isinstance(value, list | tuple):
            found[key] = value
    return found


def mix_rows(plan: Plan) -> list[Row]:
    """The request mix at the plan's prices."""
    return list(plan_json(plan)["mix"])


def measured_rows(measurement: Measurement) -> list[Row]:
    """Measured usage by type, model and month."""
    return list(measure_json(measurement)["rows"])


def excluded_rows(measurement: Measurement) -> list[Row]:
    """What was left out of the baseline, and what it cost at list."""
    return list(measure_json(measurement)["excluded"])


def month_rows(plan: Plan) -> list[Row]:
    """Monthly list spend, one row per scenario and month, month 0 first."""
    return [
        {"scenario": name, "month": month} | {key: values[month] for key, values in monthly.items()}
        for name, summary in plan_json(plan)["scenarios"].items()
        for monthly in [summary["monthly_list_cost_usd"]]
        for month in range(len(monthly["mean"]))
    ]


def scenario_rows(plans: Sequence[Plan]) -> list[Row]:
    """Annual list spend of every scenario."""
    return [flat(row) for row in compare_json(plans)["scenarios"]]


def difference_rows(plans: Sequence[Plan]) -> list[Row]:
    """Differences of annual list spend, a less b."""
    return [flat(row) for row in compare_json(plans)["differences"]]


def route_rows(plan: Plan) -> list[Row]:
    """Every route with its break-even."""
    return list(plan_json(plan)["routes"])


def curve_rows(plan: Plan) -> list[Row]:
    """Expected cost over commitments, all points."""
    return list(plan_json(plan)["curve"])


def frontier_rows(plan: Plan) -> list[Row]:
    """Commitments that no other one beats in cost and risk."""
    return list(plan_json(plan)["frontier"])


def dead_zone_rows(plan: Plan) -> list[Row]:
    """What a routed list dollar still saves over commitments."""
    return list(plan_json(plan)["dead_zone"])


def ledger_rows(outcome: OfferOutcome) -> list[Row]:
    """What each period of the term is expected to come to, full numbers."""
    return list(outcome_json(outcome)["ledger"])


def decision_rows(plan: Plan) -> list[Row]:
    """The recommendation, and signing first as seen and as lived."""
    offers = {
        "recommended": plan.recommendation,
        "signed first, as seen": plan.sign_first.signed,
        "signed first, as lived": plan.sign_first.lived,
    }
    return [{"offer": name, **flat(outcome_json(outcome))} for name, outcome in offers.items()]


def parameter_rows(calibration: Calibration) -> list[Row]:
    """Every parameter with its interval, its source and the weight of the data."""
    return list(calibration_json(calibration)["parameters"])


def trend_rows(calibration: Calibration) -> list[Row]:
    """Measured and fitted list cost of each period, USD a month; nothing without a fit."""
    return list(calibration_json(calibration)["trend"] or ())


def outlier_rows(calibration: Calibration) -> list[Row]:
    """Days that stand out."""
    return list(calibration_json(calibration)["outlier_days"])


def shift_rows(calibration: Calibration) -> list[Row]:
    """Lasting steps of the level."""
    return list(calibration_json(calibration)["level_shifts"])


def held_out_rows(backtest: Backtest) -> list[Row]:
    """Every held-out forecast of every fold, and what came."""
    return [
        {"fold_hidden": fold["hidden"], "trained_on": fold["trained_on"]} | one
        for fold in backtest_json(backtest)["folds"]
        for one in fold["held_out"]
    ]


def rule_rows(backtest: Backtest) -> list[Row]:
    """What each rule's commitments would have cost over all folds."""
    return list(backtest_json(backtest)["sizing"] or ())


def driver_rows(found: Drivers) -> list[Row]:
    """Every uncertain input with its shares of variance and what its P10 and P90 would mean."""
    return list(drivers_json(found)["inputs"])


def file_stem(plan: Plan) -> str:
    """A file name of the plan's own name: letters, digits and dashes only."""
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in plan.inputs.name.lower())
    return "-".join(part for part in kept.split("-") if part)[:60] or "plan"


def button(
    label: str,
    make: Any,
    *,
    name: str,
    mime: str,
    key: str,
    on_click: Callable[[], None] | Literal["ignore"] = "ignore",
) -> None:
    """A download that is made on the click; without on_click it does not run the page again."""
    st.download_button(
        label, data=make, file_name=name, mime=mime, key=key, on_click=on_click, icon=":material/download:"
    )


def csv_button(rows: Any, *, name: str, key: str) -> None:
    """A table as CSV; rows is a function, called on the click."""
    button("CSV", lambda: csv_bytes(rows()), name=f"{name}.csv", mime="text/csv", key=key)


def plan_buttons(
    plan: Plan,
    *,
    place: str,
    kinds: Iterable[str] = ("workbook", "plan", "json"),
    tracking: Tracking | None = None,
) -> None:
    """The whole plan as workbook, with what was tracked of it, plan file and JSON. Who has the plan file has saved."""
    stem = file_stem(plan)
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    offers = {
        "workbook": ("Workbook (Excel)", lambda: workbook_bytes(Dossier(plan=plan, tracking=tracking)), "xlsx", xlsx),
        # Bytes, not a function: the run that a click makes, which notes that it is saved, must find the file made.
        "plan": ("Plan file (TOML)", plan.inputs.text.encode(), "toml", "application/toml"),
        "json": ("Results (JSON)", lambda: json_bytes(plan), "json", "application/json"),
    }
    for kind in kinds:
        label, make, ending, mime = offers[kind]
        saves: Any = partial(session.mark_saved, plan.inputs.text) if kind == "plan" else "ignore"
        button(label, make, name=f"{stem}.{ending}", mime=mime, key=f"{place}_{kind}", on_click=saves)


def calibrated_plan_button(plan: Plan, calibration: Calibration) -> None:
    """The plan file with the fit written into it."""
    button(
        "Plan file with this fit (TOML)",
        lambda: with_calibration(plan.inputs.text, calibration).encode(),
        name=f"{file_stem(plan)}-calibrated.toml",
        mime="application/toml",
        key="calibrated_plan",
    )
