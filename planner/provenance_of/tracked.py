"""Where the figures of a signed plan that is tracked come from: risk and dollars of today, and what is left."""

from collections.abc import Iterator
from typing import Final

from planner.provenance import EXACT, Input, Provenance
from planner.provenance_of.rests_on import basis, error_over
from planner.risk import Estimate
from planner.tracking.tracking import Tracking
from planner.words import count, counted, percent_estimate, usd, usd_estimate, usd_short

_FORMULAS: Final = {
    "Shortfall risk": "P(shortfall) = share of the conditioned paths on which some commitment is paid for nothing",
    "Mean shortfall": "E[shortfall] = mean over the conditioned paths of what is paid for nothing",
    "Overage risk": "P(overage) = share of the conditioned paths with use beyond the commitment",
    "Mean overage": "E[overage] = mean over the conditioned paths of what is billed beyond the commitment",
}
_WEIGHED: Final = "paths of the plan as signed, weighed by how well each fits the months that were seen, then settled"


def forecast_figure(tracking: Tracking, name: str) -> Provenance:
    """One of the four figures of the forecast, by its name on the page. Errors: KeyError for another name."""
    found = tracking.forecast
    value: Estimate = {
        "Shortfall risk": found.shortfall_probability,
        "Mean shortfall": found.expected_shortfall,
        "Overage risk": found.overage_probability,
        "Mean overage": found.expected_overage,
    }[name]
    words = percent_estimate(value) if name.endswith("risk") else usd_estimate(value)
    error = words.partition(" ± ")[2]
    return Provenance(
        name=name,
        value=words,
        formula=f"{_FORMULAS[name]}\n{_WEIGHED}",
        section="The forecast updated",
        inputs=tuple(_inputs(tracking)),
        basis=basis(tracking.signed.prepared, found.n_paths),
        error=error_over(found.n_paths, value, f"± {error} points" if name.endswith("risk") else f"± ${error}"),
        scenario=tracking.signed.inputs.decision.scenario,
    )


def left_to_use(tracking: Tracking) -> Provenance:
    """What is left of the commitment of the period that runs now."""
    period = tracking.forecast.period
    return Provenance(
        name="Left to use",
        value=usd(max(period.left_usd, 0.0)),
        formula="left = max(0, C - sum over the months seen of what each draws from it)",
        section="What is left of a commitment",
        inputs=tuple(_inputs(tracking)),
        basis=basis(tracking.signed.prepared, tracking.forecast.n_paths),
        error=EXACT
        if tracking.months and tracking.months[-1].is_closed
        else "The month that runs is scaled to a whole.",
        scenario=tracking.signed.inputs.decision.scenario,
    )


def _inputs(tracking: Tracking) -> Iterator[Input]:
    signed, found, period = tracking.signed, tracking.forecast, tracking.forecast.period
    said = "plan file, [signed]"
    years = [usd(commit) for commit in signed.signed.commits_usd_per_year]
    yield Input(name="signed on", value=str(signed.signed.on), source=said)
    yield Input(name="commitment a year, as signed", value=" / ".join(dict.fromkeys(years)), source=said)
    settled = "as the contract's clauses settle it on the months seen"
    dates = f"{period.first} to {period.last}"
    yield Input(
        symbol="C",
        name=f"committed, {dates}",
        value=usd_short(period.committed_usd),
        source=settled,
        number=period.committed_usd,
    )
    seen = f"the log since signing, {_months(tracking)}"
    yield Input(name=f"drawn, {dates}", value=usd_short(period.drawn_usd), source=seen, number=period.drawn_usd)
    yield Input(
        name=f"left, {dates}",
        value=usd_short(period.left_usd),
        source="C less what is drawn from it",
        number=period.left_usd,
    )
    pace = found.pace
    yield Input(
        name="list use a month, expected", value=usd_short(pace.expected_usd), source="mean of the conditioned paths"
    )
    size, paths = found.effective_sample_size, found.n_paths
    yield Input(
        name="effective sample size",
        value=count(size),
        source=f"(sum w)^2 / sum w^2 over {count(paths)} paths of the plan as signed",
        number=size,
    )


def _months(tracking: Tracking) -> str:
    months = tracking.months
    if not months:
        return "no month of the term seen yet"
    return f"{months[0].month} to {months[-1].month}, {counted(len(months), 'month')}"
