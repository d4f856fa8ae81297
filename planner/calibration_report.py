"""A calibration in words, tables and JSON: what was learnt, from what, and how far it can be trusted."""

from collections.abc import Sequence
from typing import Any, Final

from planner.calibration.calibrate import FITTED_KEYS, Calibration, Fitted
from planner.calibration.fits import CALENDAR, WEEKDAYS
from planner.calibration.parameter_names import parameter_name, short_name
from planner.distributions import Z90
from planner.history.history import History
from planner.tables import Table
from planner.usage.concentration import Concentration, OwnerColumn
from planner.words import count, percent, usd, usd_short

_SHARES: Final = (
    "growth_per_year",
    "common_share",
    "token_drift_per_year",
    "leave_probability_per_quarter",
    "largest_customer_fraction",
)
_LOG_SDS: Final = ("level_sd", "monthly_volatility", "monthly_noise")
_OWNERS: Final[dict[OwnerColumn, tuple[str, str]]] = {
    "customer": ("customer", "customers"),
    "api_key": ("API key (digest)", "api_keys"),
}
"""A column in words, and its key in JSON."""

LARGE_CUSTOMER: Final = 0.10
"""A customer with more of all use is said to be worth entering as the one who may leave."""

_NAME_CHARACTERS: Final = 40
_SOURCES: Final = {"data": "your data", "prior": "prior", "user": "you"}


def parameter_value(name: str, value: float) -> str:
    """A value in the parameter's unit."""
    if name.startswith("level."):
        return count(value)
    if name == "level_usd_per_month":
        return usd(value)
    if name in _LOG_SDS:
        return f"± {percent(value, int(value < 0.0995))}"  # 9.9% and 10%: two digits
    if name == "noise_ar1":
        return f"{round(value, 2) + 0.0:.2f}"  # never -0.00
    return percent(value) if name in _SHARES else f"{value:.3g}"


def calibration_headline(calibration: Calibration) -> tuple[str, ...]:
    """What is known: growth, how much of it the data say, and how far the months scatter."""
    if calibration.levels is None:
        return ("Nothing can be learnt from this log yet: every parameter that you did not type is a prior.",)
    growth = calibration.parameter("growth_per_year")
    rate = (
        f"Growth of {percent(growth.value, 0)} a year, between {percent(growth.p10, 0)} and {percent(growth.p90, 0)} "
        f"four times in five ({_said_by(growth)})."
    )
    return rate, _learnt(_demand(calibration))


def _learnt(fits: Sequence[Fitted]) -> str:
    """Which parameters the data decide; nothing is left to them where every key was typed."""
    if all(fit.source == "user" for fit in fits if fit.name.partition(".")[0] in FITTED_KEYS):
        return "Every key that could be fitted was typed; the level was measured."
    known = [fit.name for fit in fits if fit.source == "data" and "." not in fit.name]
    by_data = ", ".join(short_name(name) for name in known) or "nothing yet"
    return f"Learnt mostly from your data: {by_data}."


def _said_by(fit: Fitted) -> str:
    if fit.source == "user":
        return "as you typed it"
    return f"{percent(fit.weight_of_data, 0)} of what is known comes from your data"


def _demand(calibration: Calibration) -> list[Fitted]:
    """The parameters of [demand]."""
    return [fit for fit in calibration.parameters if not fit.name.startswith(("level.", "level_usd", "weekday."))]


def parameters_table(calibration: Calibration) -> Table:
    """Every parameter of demand and the level: value, interval, source, weight. A season in its own table."""
    shown = [fit for fit in calibration.parameters if not fit.name.startswith(("season.", "weekday."))]
    return _fits_table("Demand, as calibrated", shown)


def season_table(calibration: Calibration) -> Table | None:
    """Twelve factors; None where there is no season, fitted or typed."""
    fits = [calibration.parameter(f"season.{month}") for month in CALENDAR]
    return None if all(fit.value == fit.p10 == fit.p90 == 1.0 for fit in fits) else _fits_table("Season", fits)


def weekdays_table(calibration: Calibration) -> Table | None:
    """Seven factors, shown and not used by the plan; None where the log is not daily."""
    if calibration.history.weekdays is None:
        return None
    return _fits_table("Weekdays", [calibration.parameter(f"weekday.{day}") for day in WEEKDAYS])


def _fits_table(title: str, fits: Sequence[Fitted]) -> Table:
    return Table(
        title=title,
        columns=("parameter", "value", "P10", "P90", "from", "weight of data"),
        rows=tuple(
            (
                parameter_name(fit.name),
                *(parameter_value(fit.name, value) for value in (fit.value, fit.p10, fit.p90)),
                _SOURCES[fit.source],
                "" if fit.source == "user" else percent(fit.weight_of_data),
            )
            for fit in fits
        ),
        numeric=frozenset({1, 2, 3, 5}),
    )


def outliers_table(calibration: Calibration) -> Table | None:
    """Unusual days, the costliest first, with the exclusion to paste; None without any."""
    outliers = sorted(calibration.history.outlier_days, key=lambda each: -abs(_excess(each)))
    if not outliers:
        return None
    return Table(
        title="Unusual days, counted in the level: exclude what will not come again",
        columns=("day", "request type", "requests", "expected", "list cost", "more than expected"),
        rows=tuple(
            (
                each.day.isoformat(),
                each.request_type,
                count(each.requests),
                count(each.expected_requests),
                usd(each.list_cost_usd),
                usd(_excess(each)),
            )
            for each in outliers
        ),
        numeric=frozenset({2, 3, 4, 5}),
        note=f"For instance: {suggested_exclusion(outliers[0].request_type, outliers[0].day.isoformat())}",
    )


def suggested_exclusion(request_type: str, day: str) -> str:
    """The lines of a plan file that exclude a day of a type."""
    name = request_type.replace("\\", "\\\\").replace('"', '\\"')
    return f'[[usage.exclude]] request_type = "{name}", from = {day}, to = {day}, reason = "..."'


def _excess(outlier: Any) -> float:
    return float(outlier.list_cost_usd - outlier.expected_list_cost_usd)


def shifts_table(calibration: Calibration) -> Table | None:
    """Lasting steps; None without any."""
    shifts = calibration.history.level_shifts
    if not shifts:
        return None
    return Table(
        title="Lasting steps of the level, not read as growth",
        columns=("from", "request type", "times the level before", "list cost a month"),
        rows=tuple(
            (str(each.start), each.request_type, f"{each.factor:.2f}", usd_short(each.list_cost_usd_per_month))
            for each in shifts
        ),
        numeric=frozenset({2, 3}),
    )


def concentration_table(concentrations: Sequence[Concentration]) -> Table | None:
    """How much of use the largest customers and keys have; None where the log names neither."""
    if not concentrations:
        return None
    unread = max(each.lines_not_read for each in concentrations)
    missing = f" Missing here: lines that cannot be read with a column of names ({count(unread)})." if unread else ""
    return Table(
        title="Concentration of use",
        columns=("by", "largest", "its share", "largest five", "how many", "rows without one"),
        rows=tuple(
            (
                _OWNERS[each.column][0],
                _shortened(each.largest[0].name),
                percent(each.top_share),
                percent(each.top_five_share),
                count(each.distinct),
                percent(each.share_of_rows_without),
            )
            for each in concentrations
        ),
        numeric=frozenset({2, 3, 4, 5}),
        note=f"Shares of input-equivalent tokens, which stand in for dollars.{missing}",
    )


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_CHARACTERS else name[:_NAME_CHARACTERS] + "..."


def concentration_sentences(calibration: Calibration, concentrations: Sequence[Concentration]) -> tuple[str, ...]:
    """How to enter the largest customer as the one who may leave, where it is large and the plan does not have it.

    It is not named: the sentence is printed as it is, and a name is text of the log.
    """
    entered = calibration.parameter("largest_customer_fraction")
    return tuple(
        f"The largest customer has {percent(each.top_share)} of use. If it may leave, enter it: [demand] "
        f"largest_customer_fraction = {each.top_share:.2f} (now {entered.value:.2g}). It is then who may leave, in "
        "place of the largest request type."
        for each in concentrations
        if each.column == "customer"
        and each.top_share > LARGE_CUSTOMER
        and f"{each.top_share:.2f}" != f"{entered.value:.2f}"
    )


def calibration_tables(calibration: Calibration, concentrations: Sequence[Concentration] = ()) -> tuple[Table, ...]:
    """Every table that there is something to show in."""
    tables = (
        parameters_table(calibration),
        season_table(calibration),
        weekdays_table(calibration),
        outliers_table(calibration),
        shifts_table(calibration),
        concentration_table(concentrations),
    )
    return tuple(table for table in tables if table is not None)


def planned_tables(calibration: Calibration | None) -> tuple[Table, ...]:
    """The demand that a plan rests on and who says so; nothing where the user typed all that a log can tell."""
    if calibration is None or all(fit.source == "user" for fit in calibration.parameters if fit.name in FITTED_KEYS):
        return ()
    return (parameters_table(calibration),)


def calibration_json(calibration: Calibration, concentrations: Sequence[Concentration] = ()) -> dict[str, Any]:
    """Everything that `planner calibrate --json` prints; keys are added freely and never renamed."""
    history = calibration.history
    return {
        "parameters": [_fit_json(fit) for fit in calibration.parameters],
        "period": history.period,
        "periods": list(history.labels),
        "rests_on": calibration.rests_on,
        "fitted_types": list(calibration.fitted_types),
        "fitted_share": calibration.fitted_share,
        "outlier_days": [
            {
                "day": each.day.isoformat(),
                "request_type": each.request_type,
                "requests": each.requests,
                "expected_requests": each.expected_requests,
                "list_cost_usd": each.list_cost_usd,
                "expected_list_cost_usd": each.expected_list_cost_usd,
            }
            for each in history.outlier_days
        ],
        "level_shifts": [
            {
                "period": shift.label,
                "from": shift.start.isoformat(),
                "request_type": shift.request_type,
                "factor": shift.factor,
                "list_cost_usd_per_month": shift.list_cost_usd_per_month,
            }
            for shift in history.level_shifts
        ],
        "left_out": list(history.left_out),
        "weekdays": _weekdays_json(history),
        "concentration": {"top_type": history.top_type, "top_share_of_bill": history.top_share}
        | _concentration_json(concentrations),
        "trend": _trend_json(calibration),
        "warnings": list(calibration.warnings),
    }


def _concentration_json(concentrations: Sequence[Concentration]) -> dict[str, Any]:
    """By customers and by api_keys; null where the log names none. Keys are named by the digest of their text."""
    found = {_OWNERS[each.column][1]: each for each in concentrations}
    return {name: _owners_json(found[name]) if name in found else None for _, name in _OWNERS.values()}


def _owners_json(found: Concentration) -> dict[str, Any]:
    return {
        "distinct": found.distinct,
        "top_share_of_use": found.top_share,
        "top_5_share_of_use": found.top_five_share,
        "largest": [{"name": each.name, "share_of_use": each.share_of_use} for each in found.largest],
        "rows": found.rows,
        "share_of_rows_without": found.share_of_rows_without,
        "share_of_use_without": found.share_of_use_without,
        "lines_not_read": found.lines_not_read,
    }


def _fit_json(fit: Fitted) -> dict[str, Any]:
    return {
        "name": fit.name,
        "value": fit.value,
        "p10": fit.p10,
        "p90": fit.p90,
        "source": fit.source,
        "weight_of_data": fit.weight_of_data,
    }


def _weekdays_json(history: History) -> list[dict[str, Any]] | None:
    """Seven factors with mean 1 and their P10 and P90; null where the log is not daily, or short."""
    weekdays = history.weekdays
    if weekdays is None:
        return None
    each = zip(WEEKDAYS, weekdays.factors, weekdays.standard_errors, strict=True)
    return [
        {"weekday": day, "factor": factor, "p10": factor - Z90 * error, "p90": factor + Z90 * error}
        for day, factor, error in each
    ]


def _trend_json(calibration: Calibration) -> list[dict[str, Any]] | None:
    """Per period the bill at the last period's cost of a request, the fit, and its band; null without a fit."""
    trend = calibration.trend
    if trend is None:
        return None
    columns = {
        "period": calibration.history.labels,
        "measured_usd_per_month": trend.measured_usd.tolist(),
        "fitted_usd_per_month": trend.fitted_usd.tolist(),
        "p10_usd_per_month": trend.p10_usd.tolist(),
        "p90_usd_per_month": trend.p90_usd.tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
