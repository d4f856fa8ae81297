"""A tracked plan made by hand, for what is said and shown of one: every answer is filled in, nothing is worked out.

The figures hang together where a reader would check: months lie beside the fan of the plan as it was signed, what is
drawn is the discounted use, and causes add up. Anything is replaced by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from planner.evidence.drift import Counts, drift
from planner.evidence_in_plan.checking import NewCounts, PairCheck
from planner.lever_costs.unit_costs import Account
from planner.paths_file import month_name
from planner.plan_file.loader import parse_plan
from planner.risk import Estimate
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.result import (
    Action,
    AdoptionDrift,
    Alert,
    Cause,
    CauseName,
    Causes,
    Forecast,
    Judged,
    MonthCauses,
    MonthRange,
    Pace,
    PastForecast,
    PeriodState,
    Renewal,
    SinceSigning,
    TrackedMonth,
)
from planner.tracking.signed_plan import SignedPlan, signed_plan
from planner.tracking.tracking import Tracking

PLANS = Path(__file__).parent / "plans"
COMMIT_USD = 160_000.0
ON = date(2027, 4, 11)
CLOSED, RUNNING_DAYS = 3, 10
RUNNING_SHARE = RUNNING_DAYS / 30
USED = (0.94, 0.85, 0.76, 0.80)
"""Of the plan's P50, in each month that was seen; the last one is running."""

SPLIT: Mapping[CauseName, float] = {
    "volume": 0.55,
    "mix": 0.05,
    "tokens per request": -0.10,
    "routing adoption": 0.40,
    "escalation": -0.06,
    "caching": 0.02,
    "prices": 0.10,
}
"""Parts of what is missing; the rest takes what is left."""


@cache
def signed(plan: str = "small.toml", commit_usd: float = COMMIT_USD) -> SignedPlan:
    """A plan of a typed mix, signed before its term, on few paths."""
    text = (PLANS / plan).read_text(encoding="utf-8").replace("paths = 4_000", "paths = 1_024")
    text += f"\n[signed]\non = 2026-12-15\ncommit_usd_per_year = {commit_usd}\n"
    return signed_plan(parse_plan(text, base_dir=PLANS))


def tracking(**changed: Any) -> Tracking:
    """Three closed months below the plan, a running one, a shortfall that is likely; fields of a Tracking by name."""
    plan = signed()
    months = tracked_months(plan)
    made = Tracking(
        signed=plan,
        on=ON,
        actual=tuple(map(_actual, months)),
        months=months,
        forecast=forecast(plan, months),
        past=past(plan, CLOSED),
        causes=causes(months[:CLOSED]),
        actions=ACTIONS,
        adoption=ADOPTION,
        checks=(check("triage", "claude-haiku-5-5", escalated=31),),
        since=SINCE,
        alerts=(ALERT,),
        judged=JUDGED,
        renewal=renewal(),
        new_months=("2027-03", "2027-04"),
        warnings=("2027-04 holds 10 of 30 days and is scaled to the month by the weekdays of the days that it holds.",),
    )
    return replace(made, **changed)


def before_the_term(**changed: Any) -> Tracking:
    """Nothing was seen yet."""
    plan = signed()
    nothing = Causes(planned_usd=0.0, actual_usd=0.0, causes=(), by_month=(), notes=())
    made = {
        "on": date(2026, 12, 20),
        "actual": (),
        "months": (),
        "forecast": forecast(plan, ()),
        "past": past(plan, 0),
        "causes": nothing,
        "adoption": (),
        "checks": (),
        "alerts": (),
        "judged": (),
        "new_months": (),
        "warnings": (),
    }
    return tracking(**(made | changed))


def after_the_term(**changed: Any) -> Tracking:
    """Every month is closed."""
    plan = signed()
    months = tuple(closed(plan, index, 0.8) for index in range(plan.contract.term_months))
    sure, never = Estimate(mean=1.0, se=0.0), Estimate(mean=0.0, se=0.0)
    ended = forecast(plan, months)
    ended = replace(
        ended,
        shortfall_probability=sure,
        overage_probability=never,
        expected_shortfall=Estimate(mean=ended.period.left_usd, se=0.0),
        expected_overage=never,
        expected_cost=Estimate(mean=COMMIT_USD, se=0.0),
        exhaustion=MonthRange(probability=never, median=None, p10=None, p50=None, p90=None),
    )
    made = {
        "on": date(2028, 1, 15),
        "actual": tuple(map(_actual, months)),
        "months": months,
        "forecast": ended,
        "past": past(plan, plan.contract.term_months),
        "causes": causes(months),
        "actions": (),
        "new_months": ("2027-12",),
        "warnings": (),
    }
    return tracking(**(made | changed))


def closed(plan: SignedPlan, index: int, of_p50: float) -> TrackedMonth:
    """A whole month of the term at a multiple of the plan's P50."""
    p10, p50, p90 = plan.fan_usd[:, index].tolist()
    month = month_name(plan.inputs.start, index)
    usd = round(p50 * of_p50, 2)
    return TrackedMonth(
        month=month,
        is_closed=True,
        first=date.fromisoformat(f"{month}-01"),
        last=date.fromisoformat(f"{month}-28"),
        actual_usd=usd,
        whole_usd=usd,
        scale_log_sd=0.0,
        p10=p10,
        p50=p50,
        p90=p90,
        inside_80=p10 <= usd <= p90,
        billed_usd=round(usd * 0.9, 2),
        net_usd=usd * (1.0 - plan.offer.discount_fraction),
    )


def tracked_months(plan: SignedPlan) -> tuple[TrackedMonth, ...]:
    """Closed months and a running one."""
    months = [closed(plan, index, used) for index, used in enumerate(USED)]
    running = months[CLOSED]
    seen = round(running.actual_usd * RUNNING_DAYS / 30, 2)
    months[CLOSED] = replace(
        running,
        is_closed=False,
        last=date.fromisoformat(f"{running.month}-{RUNNING_DAYS:02d}"),
        actual_usd=seen,
        scale_log_sd=0.06,
        inside_80=None,
        billed_usd=None,
        net_usd=seen * (1.0 - plan.offer.discount_fraction),
    )
    return tuple(months)


def _actual(month: TrackedMonth) -> ActualMonth:
    use = Use(
        request_type="answer",
        model="claude-opus-5-5",
        is_batch=False,
        requests=400_000,
        tokens=(1, 1, 1, 1, 1),
        list_cost_usd=month.actual_usd,
        signing_list_cost_usd=month.actual_usd,
        server_tools_usd=0.0,
        account=Account("opus"),
    )
    return ActualMonth(
        month=month.month,
        first=month.first,
        last=month.last,
        is_closed=month.is_closed,
        scale=month.whole_usd / month.actual_usd,
        scale_log_sd=month.scale_log_sd,
        uses=(use,),
        billed_cost_usd=month.billed_usd,
    )


def forecast(plan: SignedPlan, months: Sequence[TrackedMonth]) -> Forecast:
    """What is to be expected after these months."""
    term, start = plan.contract.term_months, plan.inputs.start
    drawn = min(sum(month.net_usd for month in months), COMMIT_USD)
    fan = plan.fan_usd
    known = {month.month: (month.whole_usd,) * 3 for month in months if month.is_closed}
    below = 0.8 if months else 1.0
    ahead = {
        name: tuple((fan[:, i] * below).tolist()) for i in range(term) if (name := month_name(start, i)) not in known
    }
    to_come = max(term - sum(RUNNING_SHARE if not month.is_closed else 1.0 for month in months), 0.0)
    recent = [month.actual_usd for month in months if month.is_closed][-3:]
    return Forecast(
        as_of=months[-1].month if months else month_name(start, -1),
        committed_usd=COMMIT_USD,
        drawn_usd=drawn,
        period=PeriodState(
            first=month_name(start, 0),
            last=month_name(start, term - 1),
            committed_usd=COMMIT_USD,
            drawn_usd=drawn,
            left_usd=COMMIT_USD - drawn,
            ends_on=date(2027, 12, 31),
        ),
        shortfall_probability=Estimate(mean=0.623, se=0.004) if months else Estimate(mean=0.081, se=0.003),
        overage_probability=Estimate(mean=0.377, se=0.004) if months else Estimate(mean=0.919, se=0.003),
        expected_shortfall=Estimate(mean=11_234.0, se=120.0),
        expected_overage=Estimate(mean=2_345.0, se=61.0),
        expected_cost=Estimate(mean=COMMIT_USD + 2_345.0, se=61.0),
        straight_line_shortfall_usd=21_000.0,
        exhaustion=MonthRange(
            probability=Estimate(mean=0.377, se=0.004), median=None, p10="2027-10", p50="2027-12", p90="2027-12"
        ),
        pace=Pace(
            recent_usd=sum(recent) / len(recent) if recent else 0.0,
            needed_usd=(COMMIT_USD - drawn) / (1.0 - plan.offer.discount_fraction) / to_come if to_come else 0.0,
            expected_usd=float(np.mean([p50 for _, p50, _ in ahead.values()])) if ahead else 0.0,
            months_left=to_come,
        ),
        months=dict(sorted((known | ahead).items())),  # type: ignore[arg-type]
        effective_sample_size=412.0,
        n_paths=plan.spend.n_paths,
        recalibration=None,
    )


def past(plan: SignedPlan, n_closed: int) -> tuple[PastForecast, ...]:
    """Before the term and after each closed month."""
    fan = plan.fan_usd
    months = {month_name(plan.inputs.start, i): tuple(fan[:, i].tolist()) for i in range(fan.shape[1])}
    return tuple(
        PastForecast(
            as_of=month_name(plan.inputs.start, index - 1),
            on=date(2027, 2, 3) if index == 1 else None,
            shortfall_probability=min(0.081 + 0.18 * index, 1.0),
            expected_shortfall_usd=900.0 + 3_400.0 * index,
            overage_probability=max(0.919 - 0.18 * index, 0.0),
            expected_overage_usd=max(21_000.0 - 6_000.0 * index, 0.0),
            exhaustion_month="2027-11" if index < CLOSED else None,
            effective_sample_size=1_024.0 / (index + 1),
            months=months,  # type: ignore[arg-type]
        )
        for index in range(n_closed + 1)
    )


def causes(months: Sequence[TrackedMonth]) -> Causes:
    """SPLIT of what is missing, in every month and over all."""
    by_month = tuple(_month_causes(month) for month in months)
    names = [cause.cause for cause in by_month[0].causes]
    totals = {name: sum(c.usd for month in by_month for c in month.causes if c.cause == name) for name in names}
    return Causes(
        planned_usd=sum(month.planned_usd for month in by_month),
        actual_usd=sum(month.actual_usd for month in by_month),
        causes=tuple(Cause(cause=name, usd=usd, words=WORDS[name]) for name, usd in totals.items()),
        by_month=by_month,
        notes=("The log does not count escalations: a changed rate would show up as volume or mix.",),
    )


def _month_causes(month: TrackedMonth) -> MonthCauses:
    missing = month.actual_usd - month.p50
    parts: dict[CauseName, float] = {name: round(share * missing, 2) for name, share in SPLIT.items()}
    parts["rest"] = missing - sum(parts.values())
    return MonthCauses(
        month=month.month,
        planned_usd=month.p50,
        actual_usd=month.actual_usd,
        causes=tuple(Cause(cause=name, usd=usd, words=WORDS[name]) for name, usd in parts.items()),
    )


WORDS: Mapping[CauseName, str] = {
    "volume": "Requests were 6.1% below plan.",
    "mix": "Fewer of them were of the dearer types.",
    "tokens per request": "A request took 1.4% more tokens.",
    "routing adoption": "'triage' went to claude-haiku-5-5 for 92.0% of its requests, 81.5% were planned.",
    "escalation": "6.9% of routed requests were paid again, 6.2% were planned.",
    "caching": "73.4% of prompt tokens were read from a cache, 73.0% were planned.",
    "prices": "A list price is lower than on the pricing day.",
    "rest": "Batch share and router calls.",
}

ACTIONS = (
    Action(
        kind="bring work forward",
        action="Bring $12,600 of list use forward from 2028 into this period.",
        value=Estimate(mean=9_800.0, se=110.0),
        by=date(2027, 12, 31),
        amount_usd=12_600.0,
        why="What would be forfeited is used, and next year pays that much less.",
    ),
    Action(
        kind="let routing wait",
        action="Let the rest of the move of 'answer' to claude-sonnet-5-5 wait until January 2028.",
        value=Estimate(mean=-640.0, se=35.0),
        by=None,
        amount_usd=3_100.0,
        why="Most of what it saves at list before the period ends would be forfeited.",
    ),
    Action(
        kind="renewal",
        action="Settle the next term before this one ends.",
        value=Estimate(mean=0.0, se=0.0),
        by=date(2027, 12, 31),
        amount_usd=None,
        why="After that every request is billed at list.",
    ),
)

ALERT = Alert(
    kind="shortfall_probability",
    value=0.623,
    limit=0.25,
    words="The probability of a shortfall is 62.3%, at or above the limit of 25.0%.",
)

ADOPTION = (
    AdoptionDrift(
        request_type="triage", model="claude-haiku-5-5", measured=0.92, expected=(0.71, 0.815, 0.88), moved=True
    ),
    AdoptionDrift(
        request_type="answer", model="claude-sonnet-5-5", measured=0.31, expected=(0.22, 0.30, 0.41), moved=False
    ),
)

SINCE = (
    SinceSigning(
        kind="price",
        on=date(2027, 2, 1),
        model="claude-opus-5-5",
        drawdown_usd=-2_050.0,
        words="Input and output of claude-opus-5-5 cost 10% less from 2027-02-01 on.",
    ),
    SinceSigning(
        kind="new model",
        on=date(2027, 3, 9),
        model="claude-haiku-6",
        drawdown_usd=None,
        words="claude-haiku-6 is in service from 2027-03-09 on.",
    ),
)

JUDGED = (
    Judged(of="the plan as signed", months=3, inside=1, interval=(0.008, 0.906), bias=-0.17, bias_se=0.06),
    Judged(of="a month ahead", months=3, inside=3, interval=(0.292, 1.0), bias=-0.04, bias_se=0.021),
)


@cache
def check(request_type: str, model: str, *, escalated: int, of: int = 200) -> PairCheck:
    """Logged escalations beside 12 of 200 that the plan rests on."""
    new = Counts(hits=escalated, total=of)
    moved = drift(Counts(hits=12, total=200), new)
    return PairCheck(
        request_type=request_type,
        model=model,
        known=None,
        new=NewCounts(request_type=request_type, model=model, source="logged outcomes", counts=new),
        drift=moved,
        is_routed=True,
        why=() if moved.moved == "no change seen" else (f"the escalation {moved.moved}",),
    )


def renewal() -> Renewal:
    """The year after the term, smaller than this one."""
    return Renewal(
        first="2028-01",
        commit_usd_per_year=150_000.0,
        discount_fraction=0.10,
        expected_cost=Estimate(mean=192_340.0, se=410.0),
        shortfall_probability=Estimate(mean=0.087, se=0.003),
        same_again_usd_per_year=COMMIT_USD,
        same_again_cost=Estimate(mean=197_110.0, se=380.0),
        same_again_shortfall_probability=Estimate(mean=0.314, se=0.005),
        spend_quantiles_usd=np.array([149_000.0, 209_000.0, 288_000.0]),
    )
