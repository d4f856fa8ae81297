"""The answers of tracking: what was used, what is to be expected now, what changed, what to do, and what to be told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from planner.risk import Estimate
from planner.units import FloatArray

CauseName = Literal[
    "volume", "mix", "tokens per request", "routing adoption", "escalation", "caching", "prices", "rest"
]

ActionKind = Literal[
    "bring work forward",
    "let routing wait",
    "use what is carried over",
    "reduce at the anniversary",
    "renew early",
    "renewal",
    "top up",
    "next band",
]

AlertKind = Literal["shortfall_probability", "overage_probability", "outside_band_months"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedMonth:
    """A month of the term beside the plan as it was signed; USD at list.

    actual_usd: of the covered days. whole_usd: of the month: the same where it is closed, else scaled, with the
    standard error of the scaling as a factor, exp(scale_log_sd). p10, p50, p90: of the plan as signed. inside_80: None
    where the month is not closed. net_usd: what the contract makes of the actual list cost at the committed discount.
    """

    month: str
    is_closed: bool
    first: date
    last: date
    actual_usd: float
    whole_usd: float
    scale_log_sd: float
    p10: float
    p50: float
    p90: float
    inside_80: bool | None
    billed_usd: float | None
    net_usd: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalibration:
    """Why the plan as signed could not be conditioned as it was, and what was done to it.

    effective_sample_size: before it. level_factor, volume_factor, unit_cost_factor: by how much the standard deviations
    of the level of volume, of its walk and noise, and of what no plan models of the cost of a request were widened; 1
    for not at all. tempering: the power that the likelihood was raised to, 1 for none. why: in sentences.
    """

    effective_sample_size: float
    level_factor: float
    volume_factor: float
    unit_cost_factor: float
    tempering: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthRange:
    """When something happens in the current period, on the paths on which it does: YYYY-MM at P10, P50 and P90.

    probability: that it happens in the period at all. median: the month by whose end it has happened on half of all
    paths; None where it does not.
    """

    probability: Estimate
    median: str | None
    p10: str | None
    p50: str | None
    p90: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodState:
    """The commitment period that runs now, in the commitment's own basis. first, last: YYYY-MM; drawn: of the actual
    months, balances carried over among it; left: of the current commitment. given_up: of it, where an early renewal
    has ended what was left then. ends_on: the day on which the rest is forfeited or carried over."""

    first: str
    last: str
    committed_usd: float
    drawn_usd: float
    left_usd: float
    ends_on: date
    given_up_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """List dollars a month. recent: mean of the last three closed months. needed: of each month that is left of the
    period, to use up the commitment exactly. expected: mean of the forecast over the same months. months_left: with
    what is left of the running one."""

    recent_usd: float
    needed_usd: float
    expected_usd: float
    months_left: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected from where things stand. Dollars over the term, as settled.

    as_of: the last month that was seen, YYYY-MM. committed, drawn: over the term, in the commitment's own basis.
    shortfall_probability: a shortfall in any period of the term; overage_probability: any use beyond the commitment.
    months: YYYY-MM of the term -> P10, P50, P90 of its list cost, constant where it is closed. straight_line_usd: the
    expected shortfall of a burn rate that just goes on, for comparison.
    """

    as_of: str
    committed_usd: float
    drawn_usd: float
    period: PeriodState
    shortfall_probability: Estimate
    overage_probability: Estimate
    expected_shortfall: Estimate
    expected_overage: Estimate
    expected_cost: Estimate
    straight_line_shortfall_usd: float
    exhaustion: MonthRange
    pace: Pace
    months: Mapping[str, tuple[float, float, float]]
    effective_sample_size: float
    n_paths: int
    recalibration: Recalibration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A part of actual minus planned, USD at list; words: what it is, in one sentence with its figures."""

    cause: CauseName
    usd: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCauses:
    """One closed month, YYYY-MM; the causes add up to actual less planned."""

    month: str
    planned_usd: float
    actual_usd: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Actual less planned, split over all closed months, and month by month. notes: what the log cannot tell apart."""

    planned_usd: float
    actual_usd: float
    causes: tuple[Cause, ...]
    by_month: tuple[MonthCauses, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that can be done, and what it is worth under the contract as signed.

    action: in one sentence. value: USD that doing it saves over the term, negative where it costs. by: the last day on
    which it still does; None where there is none. amount_usd: what is to be moved, or stays where routing waits, list
    dollars; of a top-up or a band what is committed on top, in the commitment's own basis; None where nothing is.
    why: what the value rests on, in one sentence.
    """

    kind: ActionKind
    action: str
    value: Estimate
    by: date | None
    amount_usd: float | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A limit of the plan that is reached. value, limit: in the unit of the kind."""

    kind: AlertKind
    value: float
    limit: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastForecast:
    """What was to be expected after an earlier month; as a Forecast has it. on: the day it was made, None where it is
    worked out again now from the months up to as_of. exhaustion_month: the median over all paths."""

    as_of: str
    on: date | None
    shortfall_probability: float
    expected_shortfall_usd: float
    overage_probability: float
    expected_overage_usd: float
    exhaustion_month: str | None
    effective_sample_size: float
    months: Mapping[str, tuple[float, float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How forecasts did: of the plan as signed, or of those made a month before.

    inside: closed months inside the 80 % band, of `months`; interval: of the true coverage, 95 %, exact binomial. bias:
    mean of log(actual / P50) over them, se: its standard error, NaN below two.
    """

    of: Literal["the plan as signed", "a month ahead"]
    months: int
    inside: int
    interval: tuple[float, float]
    bias: float
    bias_se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """The next term, sized on the conditioned paths of the months after this one, under the same terms.

    commit_usd_per_year: recommended, and what was signed for the last contract year, for comparison; costs over the
    contract year after the term. first: YYYY-MM of it.
    """

    first: str
    commit_usd_per_year: float
    discount_fraction: float
    expected_cost: Estimate
    shortfall_probability: Estimate
    same_again_usd_per_year: float
    same_again_cost: Estimate
    same_again_shortfall_probability: Estimate
    spend_quantiles_usd: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionDrift:
    """A route's adoption beside the plan's: shares of the type's calls in the last closed month.

    expected: P10, P50 and P90 over the plan's paths. moved: outside them.
    """

    request_type: str
    model: str
    measured: float
    expected: tuple[float, float, float]
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceSigning:
    """A fact that came after signing: a price, a retirement, a new model.

    on: its day. drawdown_usd: what it does to the list cost of the months that are left of the term, by the plan's
    expected use; None where the plan uses nothing of it. words: in one sentence.
    """

    kind: Literal["price", "retirement", "new model"]
    on: date
    model: str
    drawdown_usd: float | None
    words: str
