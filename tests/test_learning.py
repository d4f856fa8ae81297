"""What to learn first, from a plan to dollars, tables, sentences and JSON."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from strategies import Table, built, mix_entry, override, plan_table

from planner import cli
from planner.distributions import rate_from_quantiles
from planner.negotiation.choice import scenario_shares, signing_choice
from planner.negotiation.learning import Learning, Lesson, what_to_learn
from planner.negotiation.resolving import Resolution
from planner.negotiation_reports.learning import learning_json, learning_sentences, learning_table
from planner.offer import NO_COMMITMENT
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan
from planner.risk import Estimate, cvar, estimate
from planner.settlement import settle

SMALL = Path(__file__).parent / "plans" / "small.toml"
PATHS = 4096
GROWTH: Table = {"p10": 0.0, "p90": 0.9}
BANDS = ((60_000.0, 0.1), (110_000.0, 0.2))
CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
ROUTE: Table = {
    "request_type": "chat",
    "to": "cheap",
    "share": {"p10": 0.2, "p90": 0.6},
    "escalation": {"passed": 18, "failed": 2},
    "token_ratio": 1.0,
}
IN_FORCE: Table = {"ends": date(2027, 7, 1), "balance_usd": 20_000, "on_signing": "renew"}
JSON_KEYS = {"input", "evppi_usd", "evppi_se_usd", "resolved_by", "evpi_usd", "evpi_se_usd"}
"""What scripts may rely on; more keys may come."""

Said = tuple[int, str, str]


def table(*, demand: Table | None = None, **changed: Any) -> Table:
    """Growth and level alone move 10,000 USD a month; without a limit unless one is given."""
    moving = {"growth_per_year": GROWTH, "level_sd": 0.1, **(demand or {})}
    return plan_table(**{"bands": BANDS, "demand": moving, "paths": PATHS, **changed})


def levered(**changed: Any) -> Table:
    """The same with a baseline and a scenario that routes an uncertain share."""
    return table(
        overrides=[override("strong"), CHEAP],
        scenario=[{"name": "as is"}, {"name": "levers", "route": [ROUTE]}],
        **changed,
    )


def lesson(found: Learning, name: str) -> Lesson:
    return next(one for one in found.lessons if one.name == name)


@pytest.fixture(scope="module")
def small() -> Plan:
    return build_plan(load_plan(SMALL))


@pytest.fixture(scope="module")
def learned(small: Plan) -> Learning:
    return what_to_learn(small)


# --- dollars ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", ["growth", "level"])
def test_knowing_an_input_is_worth_what_plans_built_with_it_known_save(known: str) -> None:
    """A slow second way: a plan for every value of the input, its best offer, and what the first plan's offer costs in
    it; by Gauss-Hermite quadrature over the input."""
    plan = built(table(paths=16_384))
    found, offers = what_to_learn(plan), signing_choice(plan, 1024).offers
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    growth = rate_from_quantiles(GROWTH["p10"], GROWTH["p90"])
    saved, error = 0.0, 0.0
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        if known == "growth":
            demand = {"growth_per_year": float(np.expm1(growth.mu + growth.sd * node))}
            scale = 1.0
        else:
            demand, scale = {"level_sd": 0.0}, float(np.exp(0.1 * node - 0.005))
        there = built(table(demand=demand, mix=[mix_entry(monthly_requests=1_000_000.0 * scale)], paths=8192))
        use = there.uses[there.inputs.decision.scenario]
        costs = [settle(there.inputs.contract, offer, use).paid_usd for offer in (found.signed, *offers)]
        best = min(costs, key=lambda usd: float(usd.mean()))
        gain = estimate(costs[0] - best)
        saved, error = saved + weight * gain.mean, error + (weight * gain.se) ** 2
    one = lesson(found, known)
    assert saved > 0
    assert abs(one.fitted.mean - saved) <= 4.5 * np.sqrt(error + one.fitted.se**2) + 0.03 * saved, (saved, one)


def test_everything_is_worth_what_the_best_offer_of_each_path_saves(small: Plan, learned: Learning) -> None:
    lifted = replace(small.inputs, decision=replace(small.inputs.decision, max_shortfall_probability=1.0))
    plan = build_plan(lifted)
    found = what_to_learn(plan)
    contract, use = plan.inputs.contract, plan.uses["route first"]
    costs = [settle(contract, offer, use).paid_usd for offer in signing_choice(plan, plan.n_paths).offers]
    saved = min(usd.mean() for usd in costs) - np.min(costs, axis=0).mean()
    assert found.perfect.mean == pytest.approx(saved)
    assert found.perfect.mean <= plan.recommendation.regret.mean, "perfect foresight is not held to 70 offers"
    assert learned.perfect.mean > found.perfect.mean, "the limit keeps the recommendation from the cheapest offer"


def test_no_lesson_is_worth_more_than_everything_and_the_most_valuable_is_first(small: Plan, learned: Learning) -> None:
    values = [one.value.mean for one in learned.lessons]
    assert values == sorted(values, reverse=True)
    assert 0 < values[0] <= learned.perfect.mean
    assert values[-1] == 0
    assert {one.name for one in learned.lessons} == set(small.spend["route first"].scores)


def test_the_same_plan_gives_the_same_figures(small: Plan, learned: Learning) -> None:
    assert what_to_learn(small) == learned


def test_an_event_that_decides_the_band_is_worth_exactly_what_its_two_cases_say() -> None:
    """Nothing moves but whether use doubles: sign for 120,000 if it does not, for 240,000 if it does."""
    event = {"name": "launch", "probability": 0.3, "month": 0, "size": 2.0}
    demand = {"growth_per_year": 0.0, "level_sd": 0.0, "event": [event]}
    found = what_to_learn(built(table(demand=demand)))
    happens = lesson(found, "event 0 launch happens")
    # at 20 % off, 120,000 of use is covered by 96,000; below the top band's 110,000 by 108,000 at 10 %
    unknown = min(0.7 * quiet + 0.3 * launch for quiet, launch in ((108_000, 228_000), (110_000, 212_500)))
    known = 0.7 * 108_000 + 0.3 * 192_000
    assert happens.fitted.mean == pytest.approx(unknown - known, abs=1.0 + 4.5 * happens.fitted.se)
    assert happens.at_low.commit_usd_per_year == pytest.approx(108_000)
    assert happens.at_high.commit_usd_per_year == pytest.approx(192_000)
    assert found.perfect.mean == pytest.approx(happens.fitted.mean)


# --- the decision ----------------------------------------------------------------------------------------------------


def test_a_binding_limit_is_priced_so_that_the_recommendation_is_signed(small: Plan, learned: Learning) -> None:
    assert small.constraint.binds
    assert learned.signed == small.recommendation.offer
    saved = small.constraint.relaxing_saves_usd
    assert learned.limit_price_usd == pytest.approx(saved / 0.1, rel=0.01)
    choice = signing_choice(small, small.n_paths)
    assert choice.losses_usd.mean(axis=1).argmin() == 0
    # nobody is charged for a shortfall under an offer that the limit allows
    paid = settle(small.inputs.contract, choice.offers[0], small.uses["route first"]).paid_usd
    assert np.array_equal(choice.losses_usd[0], paid)


@pytest.mark.parametrize(
    ("contract", "decision"),
    [
        ({"term_months": 36, "ramp": [1.0, 1.2, 1.5]}, {"max_shortfall_probability": 0.1}),
        ({"term_months": 24, "ramp": "free"}, {"max_shortfall_probability": 0.2, "shortfall_limit_per": "period"}),
        ({"term_months": 24, "commit_period": "term"}, {}),
        ({"commit_period": "quarter", "drawdown": "list"}, {"max_shortfall_probability": 0.3}),
        ({"term_months": 24, "rollover": {"share": 0.5, "months": 6}}, {"max_shortfall_probability": 0.15}),
        ({"band_mode": "incremental"}, {"max_shortfall_probability": 0.2}),
        ({"in_force": IN_FORCE, "term_months": 24}, {"max_shortfall_probability": 0.2}),
        (
            {"payment": {"mode": "upfront", "cost_of_capital_per_year": 0.1}},
            {"money": "npv", "max_shortfall_probability": 0.2},
        ),
    ],
    ids=["ramp", "free", "pool", "quarters", "rollover", "incremental", "in force", "npv"],
)
def test_under_any_contract_the_recommendation_is_signed_while_nothing_is_known(
    contract: Table, decision: Table
) -> None:
    plan = built(table(contract=contract, decision=decision, paths=1024))
    found = what_to_learn(plan)
    choice = signing_choice(plan, 1024)
    assert choice.offers[0] == plan.recommendation.offer
    assert NO_COMMITMENT in choice.offers
    assert 20 < len(choice.offers) == len(set(choice.offers)) <= 220
    best = choice.losses_usd.mean(axis=1)
    assert best[0] <= best.min() + 1e-3 * abs(best.min())
    assert 0 <= lesson(found, "growth").value.mean <= found.perfect.mean
    assert lesson(found, "growth").at_low != lesson(found, "growth").at_high


def test_offers_have_every_threshold_and_follow_use(small: Plan) -> None:
    offers = signing_choice(small, 1024).offers
    commits = {offer.commit_usd_per_year for offer in offers}
    assert {low for low, _ in small.inputs.contract.commit_ranges if low > 0} <= commits
    assert all(small.inputs.contract.offer_at(offer.commit_usd_per_year) == offer for offer in offers)


@pytest.mark.parametrize("drawdown", ["contracted", "list"])
def test_offers_lie_at_even_chances_of_a_shortfall(drawdown: str) -> None:
    plan = built(table(bands=((1_000.0, 0.1),), contract={"drawdown": drawdown}))
    contract, use = plan.inputs.contract, plan.uses[plan.inputs.decision.scenario]
    short = [settle(contract, offer, use).shortfall_usd[0] > 0.005 for offer in signing_choice(plan, PATHS).offers]
    chances = np.sort([part.mean() for part in short])
    even = [chance for chance in chances if abs(chance * 160 % 1 - 0.5) < 160.0 / PATHS]
    assert len(even) >= 160


def test_offers_of_a_free_ramp_keep_the_proportions_of_the_recommendation() -> None:
    growing = {"growth_per_year": {"p10": 0.4, "p90": 0.9}}
    contract = {"term_months": 24, "ramp": "free"}
    plan = built(table(contract=contract, bands=((1_000.0, 0.1),), demand=growing, paths=1024))
    first, second = plan.recommendation.offer.commits_usd_per_year(2)
    assert second > 1.1 * first
    for offer in signing_choice(plan, 1024).offers:
        commits = offer.commits_usd_per_year(2)
        assert commits[1] * first == pytest.approx(commits[0] * second, rel=1e-6, abs=0.02 * second)


@pytest.mark.parametrize("per", ["term", "period"])
def test_offers_that_the_limit_forbids_are_charged_and_no_others(per: str) -> None:
    plan = built(
        table(
            contract={"term_months": 24},
            decision={"max_shortfall_probability": 0.1, "shortfall_limit_per": per},
            demand={"growth_per_year": {"p10": -0.2, "p90": 0.3}, "monthly_volatility": 0.05},
        )
    )
    choice, contract = signing_choice(plan, PATHS), plan.inputs.contract
    use = plan.uses[plan.inputs.decision.scenario]
    limit = None
    for offer, losses in zip(choice.offers, choice.losses_usd, strict=True):
        settled = settle(contract, offer, use)
        short = settled.shortfall_usd > 0.005
        likeliest = short[int(short.mean(axis=1).argmax())]
        event = short.any(axis=0) if per == "term" else likeliest
        limit = max(0.1, event.mean()) if limit is None else limit
        charge = choice.limit_price_usd * event if event.mean() > limit + 1e-12 else 0.0
        assert losses == pytest.approx(settled.paid_usd + charge)
    assert choice.limit_price_usd > 0


def test_where_no_shortfall_is_allowed_what_is_forbidden_is_left_out() -> None:
    plan = built(table(bands=((1_000.0, 0.1),), decision={"max_shortfall_probability": 0.0}, paths=1024))
    choice = signing_choice(plan, 1024)
    use = plan.uses[plan.inputs.decision.scenario]
    for offer in choice.offers:
        assert not (settle(plan.inputs.contract, offer, use).shortfall_usd > 0.005).any()
    found = what_to_learn(plan)
    assert (found.limit_price_usd, found.signed) == (0, plan.recommendation.offer)
    assert lesson(found, "growth").value.mean == 0


def test_who_may_leave_is_shown_staying_and_leaving_at_once() -> None:
    """With 1 % a quarter both P10 and P90 of the month are beyond the term."""
    demand = {"leave_probability_per_quarter": 0.01, "growth_per_year": 0.0}
    plan = built(table(mix=[mix_entry(), mix_entry("night", monthly_requests=500_000.0)], demand=demand))
    leaver = lesson(what_to_learn(plan), "largest leaves")
    assert leaver.at_high.commit_usd_per_year < 0.7 * leaver.at_low.commit_usd_per_year


def test_fixed_commitments_leave_nothing_to_learn() -> None:
    plan = built(table(contract={"commit_usd_per_year": 70_000}))
    found = what_to_learn(plan)
    assert [(one.name, one.value.mean, one.fitted.mean) for one in found.lessons] == [("growth", 0, 0), ("level", 0, 0)]
    assert (found.perfect.mean, found.offers) == (0, 1)
    assert found.signed == plan.recommendation.offer
    (said,) = learning_sentences(found)
    assert "fixes" in said
    assert "worth nothing" in said


def test_the_tail_counts_as_in_the_objective() -> None:
    decision = {"objective": "mean_cvar", "cvar_weight": 2.0, "cvar_loss": "regret", "cvar_level": 0.8}
    plan = built(table(decision=decision))
    choice = signing_choice(plan, PATHS)
    contract, use = plan.inputs.contract, plan.uses[plan.inputs.decision.scenario]
    beside = settle(contract, NO_COMMITMENT, use).on_demand_usd
    means = choice.losses_usd.mean(axis=1)

    def objective(i: int) -> float:
        paid = settle(contract, choice.offers[i], use).paid_usd
        return float(paid.mean()) + 2.0 * cvar(paid - beside, 0.8)

    constant = objective(0) - means[0]
    for i in range(len(means)):
        # with its own value at risk an offer's tail can only be smaller: what is held fixed is right for the first
        assert objective(i) <= means[i] + constant + 1e-6
    assert means[0] == pytest.approx(means.min(), rel=1e-6)
    assert what_to_learn(plan).signed.commit_usd_per_year == pytest.approx(
        plan.recommendation.offer.commit_usd_per_year, rel=0.02
    )


def test_scenarios_count_by_their_weights_on_common_paths() -> None:
    decision = {"objective": "weighted", "scenario_weights": {"as is": 1.0, "levers": 3.0}}
    plan = built(levered(decision=decision))
    assert scenario_shares(plan) == {"levers": 0.75, "as is": 0.25}
    choice = signing_choice(plan, PATHS)
    for offer, losses in zip(choice.offers[:5], choice.losses_usd, strict=False):
        paid = {name: settle(plan.inputs.contract, offer, plan.uses[name]).paid_usd for name in ("as is", "levers")}
        assert losses == pytest.approx(0.25 * paid["as is"] + 0.75 * paid["levers"])
    assert "route/chat/any/cheap.share" in {one.name for one in what_to_learn(plan).lessons}


def test_a_largest_regret_is_told_as_expected_cost_and_says_so() -> None:
    plan = built(levered(decision={"objective": "minimax_regret"}))
    found = what_to_learn(plan)
    costs = [settle(plan.inputs.contract, offer, plan.uses["levers"]).paid_usd for offer in [found.signed]]
    assert costs[0].mean() == pytest.approx(signing_choice(plan, PATHS).losses_usd.mean(axis=1).min())
    (warning,) = found.warnings
    assert "expected cost in 'levers'" in warning
    assert what_to_learn(built(levered())).warnings == ()


def test_few_paths_and_certain_plans_say_what_is_missing() -> None:
    few = what_to_learn(built(table(paths=500)))
    assert few.lessons == ()
    assert "512 or more" in learning_sentences(few)[0]
    certain = what_to_learn(built(table(demand={"growth_per_year": 0.1, "level_sd": 0.0})))
    assert certain.lessons == ()
    assert "uncertain" in learning_sentences(certain)[0]
    assert learning_json(certain) == []


def test_paths_beyond_whole_rounds_are_left_out() -> None:
    assert what_to_learn(built(table(paths=1030))).paths == 1024


# --- what is said ----------------------------------------------------------------------------------------------------


def made(*lessons: tuple[str, float, float, Resolution], price: float = 0.0) -> Learning:
    offer = replace(NO_COMMITMENT, commit_usd_per_year=900_000.0, discount_fraction=0.1)
    return Learning(
        lessons=tuple(
            Lesson(
                name=name,
                value=Estimate(mean=mean if mean > 2 * se else 0.0, se=se),
                fitted=Estimate(mean=mean, se=se),
                at_low=NO_COMMITMENT,
                at_high=offer,
                resolution=how,
            )
            for name, mean, se, how in lessons
        ),
        signed=offer,
        perfect=Estimate(mean=80_000.0, se=300.0),
        limit_price_usd=price,
        paths=32_768,
        offers=66,
    )


SAMPLE = Resolution(kind="answers", half=20, most=80)
HISTORY = Resolution(kind="history", half=8, most=30)
CLAUSE = Resolution(kind="clause")
CHANCE = Resolution(kind="chance")


def test_sentences_name_what_can_be_learned_first_and_what_cannot() -> None:
    said = learning_sentences(
        made(
            ("price moves, opus", 20_000.0, 500.0, CLAUSE),
            ("growth", 12_346.0, 400.0, HISTORY),
            ("route/chat/any/cheap.escalation", 900.0, 100.0, SAMPLE),
            ("route/chat/any/cheap.share", 30.0, 40.0, SAMPLE),
            price=734_000.0,
        )
    )
    assert said == (
        "Knowing growth of usage before signing is worth $12,350 ± 400: half of it is known after 8 months more of "
        "use, 80% in 30 months.",
        "Knowing the share of chat that escalates from cheap before signing is worth $900 ± 100: an evaluation sample: "
        "80 graded answers resolve 80% of it on average, 20 half of it.",
        "No other input that can be known before signing is worth more than $110.",
        "Knowing list price moves of opus would be worth $20,000 ± 500, but nobody can know it before signing; a "
        "clause can take it: price protection, or falls passed through.",
        "Knowing everything would be worth $80,000 ± 300: no study is worth more.",
        "An offer that the limit on shortfalls forbids today is charged $734k wherever it falls short, so that the "
        "recommendation is best while nothing is known.",
    )


def test_where_nothing_is_worth_learning_the_sentence_says_sign() -> None:
    said = learning_sentences(made(("growth", 30.0, 40.0, HISTORY)))
    assert said[0] == (
        "No single input that can be known before signing is worth more than $110: sign $900,000 a year."
    )
    nothing = replace(made(("price moves, opus", 500.0, 5.0, CLAUSE)), signed=NO_COMMITMENT)
    assert learning_sentences(nothing)[0].endswith("worth more than $1: sign nothing.")


def test_who_leaves_is_spoken_of_as_a_question() -> None:
    said = learning_sentences(made(("largest leaves", 500.0, 5.0, Resolution(kind="people"))))
    assert said[0].startswith("Knowing whether the largest type or customer leaves, and when, before signing is worth")


def test_the_table_says_what_is_below_the_noise_and_tells_like_names_apart() -> None:
    shown = learning_table(
        made(
            ("growth", 12_346.0, 400.0, HISTORY),
            ("walk and noise, direction 2", 10.0, 40.0, CHANCE),
            ("walk and noise, direction 3", -10.0, 40.0, CHANCE),
        )
    )
    assert [row[1] for row in shown.rows] == ["$12,350 ± 400", "< $90", "< $80"]
    assert shown.rows[0][2:4] == ("none", "$900,000")
    assert shown.rows[1][0] == "ups and downs of usage between years [walk and noise, direction 2]"
    assert "32,768 paths and 66 offers" in shown.title
    assert "$900,000" in shown.note


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def learn(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Run the command on a plan: (exit code, stdout, stderr)."""

    def run(plan: Table, *options: str) -> Said:
        path = tmp_path / "plan.toml"
        path.write_text(tomlkit.dumps(plan), encoding="utf-8")
        monkeypatch.setattr("sys.argv", ["planner", "learn", str(path), *options])
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def rows(said: Said) -> Sequence[dict[str, Any]]:
    code, out, _ = said
    assert code == 0
    found: Sequence[dict[str, Any]] = json.loads(out)
    return found


def test_the_json_is_a_list_of_inputs_with_the_keys_that_scripts_rely_on(learn: Callable[..., Said]) -> None:
    found = rows(learn(levered(decision={"max_shortfall_probability": 0.1}), "--json"))
    assert {row["input"] for row in found} == {
        "growth",
        "level",
        "route/chat/any/cheap.share",
        "route/chat/any/cheap.escalation",
    }
    for row in found:
        assert row.keys() >= JSON_KEYS
        assert 0 <= row["evppi_usd"] <= row["evpi_usd"]
        assert row["evppi_usd"] in (0, row["evppi_fitted_usd"])
        assert isinstance(row["resolved_by"], str)
    escalation = next(row for row in found if row["input"].endswith(".escalation"))
    assert (escalation["for_half"], escalation["for_80_percent"], escalation["resolves_in"]) == (21, 84, "answers")
    assert escalation["known_before_signing"] is True
    assert [row["evppi_usd"] for row in found] == sorted((row["evppi_usd"] for row in found), reverse=True)


def test_without_json_a_table_and_sentences_and_quiet_only_sentences(learn: Callable[..., Said]) -> None:
    code, out, err = learn(table())
    assert code == 0
    assert "growth of usage" in out
    assert "Knowing everything would be worth" in out
    _, quiet, nothing = learn(table(), "--quiet")
    assert quiet in out
    assert "resolve it" not in quiet
    assert nothing == ""
    assert "note:" in err


def test_fixed_commitments_and_few_paths_are_json_too(learn: Callable[..., Said]) -> None:
    fixed = rows(learn(table(contract={"commit_usd_per_year": 70_000}), "--json"))
    assert {row["evppi_usd"] for row in fixed} == {0}
    code, out, err = learn(table(paths=400), "--json")
    assert (code, json.loads(out)) == (0, [])
    assert "512 or more" in err
