"""What would resolve an input, against simulated Bayesian updates and what the demand process itself draws."""

from typing import Any

import numpy as np
import pytest
from strategies import Table, built, mix_entry, override, plan_table

from planner.demand import DemandModel, damped_months
from planner.demand_process import demand_process
from planner.distributions import (
    JudgedEscalation,
    Point,
    ScaledBeta,
    fraction_from_quantiles,
    pert,
    posterior,
    rate_from_quantiles,
)
from planner.negotiation.resolving import (
    HALF,
    LONGEST_MONTHS,
    MOST,
    Resolution,
    Unrest,
    answers_for,
    level_information,
    months_for,
    rate_information,
    resolution,
    total_unrest,
)
from planner.negotiation_reports.resolving_words import resolved_by
from planner.plan import Plan
from planner.streams import BlockStreams
from planner.units import FloatArray

CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))


# --- shares ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [(3.0, 5.0), (20.5, 2.5)])
def test_answers_resolve_a_beta_as_far_as_updates_say(a: float, b: float) -> None:
    """Draw a share, grade answers, update: what is left of the variance, on average, in a plain simulation."""
    rng = np.random.default_rng(1)
    prior = ScaledBeta(a=a, b=b)
    variance = a * b / ((a + b) ** 2 * (a + b + 1))
    for resolved in (HALF, MOST):
        n = answers_for(resolved, prior)
        passed = rng.binomial(n, rng.beta(a, b, 200_000))
        now_a, now_b = a + passed, b + n - passed
        left = now_a * now_b / ((now_a + now_b) ** 2 * (now_a + now_b + 1))
        assert left.mean() / variance == pytest.approx((a + b) / (a + b + n), rel=0.01)
        assert (a + b) / (a + b + n) <= 1 - resolved + 1e-12 < (a + b) / (a + b + n - 1)


def test_graded_answers_of_evidence_count_fourfold_for_four_fifths() -> None:
    assert answers_for(MOST, posterior(188, 12)) == 4 * 201
    assert answers_for(HALF, posterior(188, 12)) == 201
    assert answers_for(MOST, ScaledBeta(a=1.1, b=1.0)) == 9


def test_a_judge_s_errors_do_not_change_how_many_answers_it_takes() -> None:
    judged = JudgedEscalation(pass_rate=posterior(30, 10), fnr=0.1, fpr=0.2)
    assert answers_for(MOST, judged) == answers_for(MOST, posterior(30, 10))


def test_a_share_that_is_no_beta_takes_as_many_as_the_best_straight_line() -> None:
    """PERT between 0 and 0.9: what a regression on the number of passes leaves of the variance."""
    prior, rng = pert(0.0, 0.3, 0.9), np.random.default_rng(2)
    share = prior.from_normal(rng.standard_normal(400_000))

    def left(n: int) -> float:
        return 1 - float(np.corrcoef(share, rng.binomial(n, share))[0, 1]) ** 2

    for resolved in (HALF, MOST):
        n = answers_for(resolved, prior)
        assert left(n) <= 1.005 * (1 - resolved) < 1.01 * left(n - 1)


def test_a_certain_share_takes_no_answers() -> None:
    assert answers_for(MOST, Point(0.3)) is None
    assert answers_for(MOST, JudgedEscalation(pass_rate=Point(0.9), fnr=0.0, fpr=0.0)) is None


# --- history ---------------------------------------------------------------------------------------------------------


def covariance(unrest: Unrest, n: int) -> FloatArray:
    return np.array(
        [[unrest.walk**2 * min(s, t) + unrest.noise**2 * unrest.ar1 ** abs(s - t) for s in range(n)] for t in range(n)]
    )


def test_growth_off_a_walk_alone_is_known_with_the_textbook_variance() -> None:
    information = rate_information(Unrest(walk=0.06, noise=0.0, ar1=0.3), 1.0, 36)
    assert 1 / information == pytest.approx(144 * 0.06**2 / np.arange(1, 37), rel=1e-6)


def test_growth_is_resolved_as_far_as_simulated_updates_say() -> None:
    """Draw a growth and a history; what the best straight line of the history leaves of the variance of the growth."""
    unrest, prior_sd, months, n = Unrest(walk=0.05, noise=0.08, ar1=0.3), 0.2, 9, 200_000
    rng = np.random.default_rng(3)
    growth = prior_sd * rng.standard_normal(n)
    root = np.linalg.cholesky(covariance(unrest, months + 1) + 1e-12 * np.eye(months + 1))
    worth = damped_months(np.arange(months + 1.0), 0.98) / 12
    level = 5.0 * rng.standard_normal(n)
    logs = level + np.outer(worth, growth) + root @ rng.standard_normal((months + 1, n))
    seen = np.vstack([np.diff(logs, axis=0), np.ones(n)])
    left = growth - seen.T @ np.linalg.lstsq(seen.T, growth, rcond=None)[0]
    information = rate_information(unrest, 0.98)[months - 1]
    assert left.var() / growth.var() == pytest.approx(1 / (1 + prior_sd**2 * information), rel=0.02)


def test_a_level_is_resolved_as_far_as_simulated_updates_say() -> None:
    unrest, prior_sd, months, n = Unrest(walk=0.03, noise=0.10, ar1=0.4), 0.1, 5, 200_000
    rng = np.random.default_rng(4)
    level = prior_sd * rng.standard_normal(n)
    root = np.linalg.cholesky(covariance(unrest, months) + 1e-12 * np.eye(months))
    logs = level + root @ rng.standard_normal((months, n))
    left = level - logs.T @ np.linalg.lstsq(logs.T, level, rcond=None)[0]
    information = level_information(unrest)[months - 1]
    assert left.var() / level.var() == pytest.approx(1 / (1 + prior_sd**2 * information), rel=0.02)


def test_a_level_without_a_walk_has_the_closed_form_of_correlated_noise() -> None:
    """(1 + phi) / (m - (m - 2) phi) is the variance of the best mean of m months of AR(1) noise."""
    months = np.arange(1, 25)
    expected = 0.1**2 * 1.3 / (months - (months - 2) * 0.3)
    assert 1 / level_information(Unrest(walk=0.0, noise=0.1, ar1=0.3), 24) == pytest.approx(expected, rel=1e-6)


def test_the_unrest_of_the_total_is_that_of_the_paths_that_the_plan_draws() -> None:
    model = DemandModel(
        level_sd=0.0,
        growth_per_year=Point(0.0),
        growth_damping_per_month=1.0,
        monthly_volatility=0.04,
        common_share=0.4,
        monthly_noise=0.06,
        noise_ar1=0.3,
        leave_probability_per_quarter=0.0,
    )
    shares = np.array([0.5, 0.3, 0.2])
    process = demand_process(
        model,
        request_types=("a", "b", "c"),
        largest_type="a",
        growth_months=0.0,
        drift_months=0.0,
        start_month=1,
        n_months=12,
        spend_shares=shares,
    )
    factors = process.factors(BlockStreams(seed=1, block=0, size=8192, is_steered=False))
    drawn = np.cov(np.log(np.einsum("k,ktp->tp", shares, factors)))
    assert drawn == pytest.approx(covariance(total_unrest(model, shares), 12), rel=0.15, abs=2e-4)


def test_months_are_the_first_that_suffice() -> None:
    information = np.array([50.0, 100.0, 150.0, 400.0])
    assert months_for(HALF, 0.1, information) == 2
    assert months_for(MOST, 0.1, information) == 4
    assert months_for(MOST, 0.05, information) is None


# --- what a key is ---------------------------------------------------------------------------------------------------


ROUTE: Table = {
    "request_type": "chat",
    "to": "cheap",
    "share": {"p10": 0.4, "p90": 0.6},
    "escalation": {"passed": 18, "failed": 2},
    "token_ratio": 1.0,
    "ramp": {
        "start_month": {"low": 1, "mode": 2, "high": 5},
        "months": 4,
        "ceiling": {"p10": 0.6, "p90": 0.9},
        "after": ["graded"],
        "team": "platform",
    },
}
DEMAND: Table = {
    "level_sd": 0.1,
    "growth_per_year": {"p10": 0.0, "p90": 0.6},
    "token_drift_per_year": {"p10": -0.05, "p90": 0.15},
    "monthly_volatility": 0.05,
    "monthly_noise": 0.1,
    "leave_probability_per_quarter": 0.02,
    "rebound": {"p10": 0.1, "p90": 0.3},
    "event": [
        {
            "name": "launch",
            "probability": 0.5,
            "month": {"low": 1, "mode": 3, "high": 6},
            "size": {"low": 1.1, "mode": 1.2, "high": 1.5},
        }
    ],
}


def everything(**changed: Any) -> Plan:
    """A plan with an input of every kind, small enough to be quick."""
    levers: Table = {
        "name": "levers",
        "route": [ROUTE],
        "cache": [{"request_type": "night", "cacheable_fraction": {"p10": 0.2, "p90": 0.5}, "hit_rate": 0.9}],
        "output": [{"request_type": "night", "cut": {"p10": 0.1, "p90": 0.2}, "ramp": {"start_month": -3}}],
    }
    table = plan_table(
        mix=[mix_entry(output_tokens=100.0), mix_entry("night", output_tokens=50.0)],
        overrides=[override("strong"), CHEAP],
        demand={**DEMAND, **changed},
        cuts={"falls_per_year": 0.5, "fall": {"p10": 0.1, "p90": 0.5}},
        scenario=[{"name": "as is"}, levers],
        paths=640,
    )
    table["team"] = [{"name": "platform", "slip_months": {"low": 0, "mode": 1, "high": 3}}]
    table["milestone"] = [
        {"name": "sampled", "month": {"low": 0, "mode": 1, "high": 3}, "team": "platform"},
        {"name": "graded", "month": 2, "probability": 0.8, "after": ["sampled"], "team": "platform"},
    ]
    return built(table)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return everything()


def of(plan: Plan, key: str) -> Resolution:
    return resolution(plan.prepared, ["levers"], key)


def test_every_input_of_a_plan_has_a_kind_and_words(plan: Plan) -> None:
    kinds = {key: of(plan, key).kind for key in plan.spend["levers"].scores}
    route = "route/chat/any/cheap"
    expected = {
        "level": "history",
        "growth": "history",
        "token drift": "history",
        "walk and noise": "chance",
        "largest leaves": "people",
        "event 0 launch happens": "people",
        "event 0 launch month": "people",
        "event 0 launch size": "afterwards",
        "rebound": "afterwards",
        "price moves, opus": "clause",
        "price moves, haiku": "clause",
        f"{route}.share": "answers",
        f"{route}.escalation": "answers",
        f"{route}.start_month": "adoption",
        f"{route}.ceiling": "adoption",
        "cache/night.cacheable_fraction": "answers",
        "output/night.cut": "answers",
        "milestone/sampled.month": "date",
        "milestone/graded.happens": "date",
        "team/platform.slip_months": "date",
    }
    assert kinds == expected
    said = {key: resolved_by(key, of(plan, key)) for key in kinds}
    assert said["price moves, opus"] == said["price moves, haiku"]
    assert len(set(said.values())) == len(said) - 1, "no other two are learned alike"
    assert not [text for text in said.values() if "None" in text or "nan" in text or text.endswith(".")]


def test_growth_and_drift_are_told_in_months_of_their_own_unrest(plan: Plan) -> None:
    shares = np.array([line.share_of_bill for line in plan.prepared.mix_lines])
    unrest = total_unrest(plan.prepared.demand, shares)
    prior = rate_from_quantiles(0.0, 0.6).sd
    damping = plan.prepared.demand.growth_damping_per_month
    growth = of(plan, "growth")
    assert growth.half == months_for(HALF, prior, rate_information(unrest, damping))
    assert growth.most == months_for(MOST, prior, rate_information(unrest, damping))
    assert of(plan, "token drift").half < growth.half, "tokens per request move less than use"
    assert resolved_by("growth", growth).startswith(f"half of it is known after {growth.half} months more of use")


def test_a_trend_that_noise_hides_cannot_be_learned_before_signing() -> None:
    plan = everything(monthly_volatility=0.1, growth_damping_per_month=1.0, level_sd=0.02)
    growth, level = of(plan, "growth"), of(plan, "level")
    assert growth.half is not None
    assert growth.half > LONGEST_MONTHS
    assert not growth.is_before_signing
    assert "cannot be learned before signing" in resolved_by("growth", growth)
    assert str(growth.half) in resolved_by("growth", growth)
    assert (level.half, level.is_before_signing) == (None, False)
    assert "however many months" in resolved_by("level", level)


def test_what_is_dated_shows_when_what_it_waits_for_has_come(plan: Plan) -> None:
    """sampled at its P90 with the team's slip; graded two months after sampled, the slip counted once."""
    slip = plan.prepared.scenario_costs[1].inputs["team/platform.slip_months"].mean
    at_p90 = float(pert(0, 1, 3, whole=True).from_normal(np.array([1.2815515655446004]))[0])
    assert of(plan, "milestone/sampled.month").month == pytest.approx(at_p90 + slip)
    graded = of(plan, "milestone/graded.happens").month
    assert graded == pytest.approx(2 + pert(0, 1, 3, whole=True).mean + slip)
    start = of(plan, "route/chat/any/cheap.start_month").month
    ceiling = of(plan, "route/chat/any/cheap.ceiling").month
    assert graded + 2 <= start + 1 < ceiling + 1
    assert not of(plan, "milestone/sampled.month").is_before_signing
    assert f"month {round(start) + 1} of the contract" in resolved_by(
        "route/chat/any/cheap.start_month", of(plan, "route/chat/any/cheap.start_month")
    )


def test_what_shows_before_the_start_can_be_known_before_signing() -> None:
    early = Resolution(kind="adoption", month=-3.0)
    assert early.is_before_signing
    assert "about 3 months before the contract starts" in resolved_by("route/a/any/b.ceiling", early)
    assert not Resolution(kind="adoption", month=None).is_before_signing
    assert not Resolution(kind="adoption", month=0.0).is_before_signing


def test_samples_and_people_can_be_asked_before_signing_and_chance_cannot(plan: Plan) -> None:
    can = {key for key in plan.spend["levers"].scores if of(plan, key).is_before_signing}
    assert "route/chat/any/cheap.escalation" in can
    assert "largest leaves" in can
    assert not can & {"walk and noise", "price moves, opus", "event 0 launch size", "rebound"}


def test_the_words_say_how_many_answers(plan: Plan) -> None:
    words = resolved_by("route/chat/any/cheap.escalation", of(plan, "route/chat/any/cheap.escalation"))
    assert words == "an evaluation sample: 84 graded answers resolve 80% of it on average, 21 half of it"
    prior = fraction_from_quantiles(0.4, 0.6)
    assert isinstance(prior, ScaledBeta)
    share = resolved_by("route/chat/any/cheap.share", of(plan, "route/chat/any/cheap.share"))
    assert f"{int(np.ceil(4 * (prior.a + prior.b)))} looked at" in share
    assert "does not vary" in resolved_by("route/chat/any/cheap.share", Resolution(kind="answers"))
