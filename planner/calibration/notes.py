"""What a calibration rests on, and what it cannot say, in words."""

from collections.abc import Iterator, Sequence, Set

from planner.calibration.parameter_names import short_name
from planner.history.history import LEAST_MONTHS, LEAST_WEEKS, History

_MUCH_LEFT_OUT = 0.2


def too_little(history: History) -> str:
    """Why nothing can be fitted."""
    span = history.span_days
    hours = round(span * 24)
    days = f"{span:,.0f} days" if span >= 2 else "1 hour" if hours == 1 else f"{hours} hours"
    return (
        f"The log covers {days}, fewer than {LEAST_MONTHS} complete months and fewer than {LEAST_WEEKS} complete "
        "weeks: growth, volatility, noise and seasons cannot be told from it."
    )


def rests_on(history: History, fitted: Sequence[str], fitted_share: float, n_steps: int) -> str:
    """One paragraph on the data behind a fit."""
    unit = "complete months" if history.period == "month" else "complete weeks"
    first, last = history.periods[0].start, history.periods[-1].end
    if fitted:
        types = "1 request type" if len(fitted) == 1 else f"{len(fitted)} request types"
        what = f"on {types} with {fitted_share:.0%} of the bill"
    else:
        what = "on the whole bill, because no request type is used in every period"
    said = [f"{history.n_periods} {unit}, {first} to {last}, {what}, at list prices of {history.priced_on}."]
    said += left_out(history)
    if history.outlier_days:
        n = len({outlier.day for outlier in history.outlier_days})
        days = "1 unusual day counts" if n == 1 else f"{n} unusual days count"
        said.append(f"{days} as expected in growth and noise, and stay in the level on average.")
    if n_steps:
        steps = "1 lasting step has" if n_steps == 1 else f"{n_steps} lasting steps have"
        said.append(f"{steps} a term of its own, so that it is not read as growth; the level is the one after.")
    return " ".join(said)


def left_out(history: History) -> Iterator[str]:
    """The periods of which not all is known, if any."""
    if history.left_out:
        yield f"Left out: {'; '.join(history.left_out)}."


def fit_warnings(history: History, fitted: Sequence[str], fitted_share: float) -> Iterator[str]:
    """What a user should know of a fit."""
    if history.period == "week":
        yield (
            f"Fitted on weeks: the log has fewer than {LEAST_MONTHS} complete months, so growth and volatility rest "
            "partly on their priors."
        )
    if not fitted:
        yield "No request type is used in every period: the fit rests on the whole bill, and says nothing on their mix."
    elif fitted_share < 1 - _MUCH_LEFT_OUT:
        yield (
            f"The fit rests on {fitted_share:.0%} of the bill: the other request types are not used in every period, "
            "or are small. Their level is their mean, moved by the fitted growth."
        )
    for shift in history.level_shifts:
        yield (
            f"{shift.request_type} runs at {shift.factor:.2f} times its former level from {shift.start} on; the plan "
            "takes that as lasting."
        )
    if history.outlier_days:
        usd = sum(outlier.list_cost_usd - outlier.expected_list_cost_usd for outlier in history.outlier_days)
        yield (
            f"{len(history.outlier_days)} unusual days of request types differ from what was expected by ${usd:,.0f} "
            "in all. They stay in the level; exclude them under [[usage.exclude]] if they will not come again."
        )


def user_warnings(given: Set[str]) -> Iterator[str]:
    """Which keys were typed and so not fitted."""
    if given:
        yield f"Typed in [demand], so not fitted: {', '.join(sorted(short_name(key).strip() for key in given))}."
