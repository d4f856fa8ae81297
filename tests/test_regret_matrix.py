"""Regret between scenarios: against every commitment tried in every scenario, and the laws that it keeps."""

import json
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tomlkit
from deals import BANDS, ROUTE, Deal, Slow, deal, deal_table
from strategies import Table

from planner import cli
from planner.negotiation.regret import RegretMatrix, RegretRow, regret_matrix
from planner.negotiation_reports.regret import regret_json, regret_sentences, regret_table
from planner.settlement import settle

CENTS = 0.02
MORE = {"name": "all of it", "route": [{**ROUTE, "share": 0.95, "ramp": {"start_month": 0, "months": 1}}]}
THREE = [{"name": "as is"}, {"name": "routed", "route": [ROUTE]}, MORE]
PLANS: dict[str, Table] = {
    "free": {},
    "limited": {"decision": {"max_shortfall_probability": 0.05}},
    "weighted": {
        "decision": {"objective": "weighted", "scenario_weights": {"as is": 0.1, "routed": 0.2, "all of it": 0.7}}
    },
    "minimax": {"decision": {"objective": "minimax_regret"}},
    "same rate beyond": {"contract": {"overage": "committed"}},
    "list dollars": {"contract": {"drawdown": "list", "shortfall": "true_up", "true_up_rate": 0.6}},
}


@cache
def known(name: str) -> tuple[Deal, RegretMatrix]:
    found = deal(deal_table(48, scenario=THREE, **PLANS[name]))
    return found, regret_matrix(found.plan)


@cache
def slow_means(name: str) -> tuple[tuple[float, ...], np.ndarray]:
    """Every commitment at which some path of some scenario turns, and its mean cost in each scenario."""
    found, _ = known(name)
    slow = [Slow(found.contract, spend) for spend in found.spends(found.contract).values()]
    commits = sorted({commit for each in slow for commit in each.corners()})
    return tuple(commits), np.array([[float(each.bill(c).paid.mean()) for each in slow] for c in commits])


def rows(found: RegretMatrix) -> Sequence[RegretRow]:
    return (*found.best, found.recommended, found.minimax, found.weighted)


@pytest.mark.parametrize("name", PLANS)
def test_every_cell_is_what_a_commitment_costs_there_more_than_the_best_one(name: str) -> None:
    found, matrix = known(name)
    _, means = slow_means(name)
    least = means.min(axis=0)
    slow = {each: Slow(found.contract, spend) for each, spend in found.spends(found.contract).items()}
    assert matrix.scenarios == tuple(slow) == ("as is", "routed", "all of it")
    for row in rows(matrix):
        for lived, regret, chance, usd in zip(
            matrix.scenarios, row.regrets, row.shortfall_probabilities, least, strict=True
        ):
            bill = slow[lived].bill(row.offer.commit_usd_per_year)
            assert regret.mean == pytest.approx(float(bill.paid.mean()) - usd, abs=CENTS), (row.name, lived)
            assert chance == bill.short.mean()


@pytest.mark.parametrize("name", PLANS)
def test_regret_is_never_negative_and_nothing_at_home(name: str) -> None:
    _, matrix = known(name)
    assert all(regret.mean >= 0 for row in rows(matrix) for regret in row.regrets)
    assert [matrix.best[i].regrets[i].mean for i in range(3)] == [0.0, 0.0, 0.0]
    assert [row.name for row in matrix.best] == list(matrix.scenarios)


@pytest.mark.parametrize("name", PLANS)
def test_no_commitment_has_a_smaller_largest_regret(name: str) -> None:
    """Costs are straight between two corners, so the least largest regret is at one or where two scenarios cross."""
    _, matrix = known(name)
    commits, means = slow_means(name)
    regrets = means - means.min(axis=0)
    lowest = float(regrets.max(axis=1).min())
    lows = {low for low, _ in BANDS}
    for (at, a), (to, b) in pairwise(zip(commits, regrets, strict=True)):
        if at == 0 or any(at < low <= to for low in lows):
            continue
        for i, j in ((0, 1), (0, 2), (1, 2)):
            start, stop = a[i] - a[j], b[i] - b[j]
            if start * stop < 0:
                lowest = min(lowest, float((a + (b - a) * start / (start - stop)).max()))
    assert matrix.minimax.largest.mean == pytest.approx(lowest, abs=CENTS)
    assert all(matrix.minimax.largest.mean <= row.largest.mean + CENTS for row in rows(matrix))


@pytest.mark.parametrize("name", PLANS)
def test_no_commitment_has_a_smaller_weighted_cost(name: str) -> None:
    found, matrix = known(name)
    _, means = slow_means(name)
    own = dict(found.plan.inputs.decision.scenario_weights)
    weights = [own.get(each, 1 / 3) for each in matrix.scenarios]
    assert dict(matrix.weights) == pytest.approx(dict(zip(matrix.scenarios, weights, strict=True)))
    assert matrix.are_own_weights == bool(own)
    cost = [regret.mean + usd for regret, usd in zip(matrix.weighted.regrets, means.min(axis=0), strict=True)]
    assert float(np.dot(weights, cost)) == pytest.approx(float((means @ weights).min()), abs=CENTS)


def test_the_limit_holds_in_the_recommended_row_alone() -> None:
    found, matrix = known("limited")
    assert matrix.recommended.offer == found.plan.recommendation.offer
    assert matrix.recommended.shortfall_probabilities[2] <= 0.05
    assert matrix.best[2].shortfall_probabilities[2] > 0.05
    _, free = known("free")
    for limited, unlimited in zip(matrix.best, free.best, strict=True):
        assert limited.offer == unlimited.offer


def test_what_is_minimised_is_the_recommendation_where_nothing_limits_it() -> None:
    for name, chosen in (("minimax", "minimax"), ("weighted", "weighted")):
        _, matrix = known(name)
        row = getattr(matrix, chosen)
        assert matrix.recommended.offer.commit_usd_per_year == pytest.approx(row.offer.commit_usd_per_year, abs=1.0)


@pytest.mark.parametrize(
    "terms",
    [
        {"term_months": 24, "rollover": {"share": 0.8, "months": 12}},
        {"term_months": 24, "ramp": "free"},
        {"payment": {"mode": "upfront", "cost_of_capital_per_year": 0.2}},
    ],
    ids=["rollover", "free years", "present value"],
)
def test_other_contracts_regret_what_settling_both_commitments_says(terms: Table) -> None:
    money = {"money": "npv"} if "payment" in terms else {}
    found = deal(deal_table(24, contract=terms, decision=money))
    matrix, plan = regret_matrix(found.plan), found.plan
    for signed, row in enumerate(matrix.best):
        for lived, name in enumerate(matrix.scenarios):
            costs = []
            for offer in (row.offer, matrix.best[lived].offer):
                settled = settle(plan.inputs.contract, offer, plan.uses[name])
                costs.append(float((settled.npv_paid_usd if money else settled.paid_usd).mean()))
            assert row.regrets[lived].mean == pytest.approx(costs[0] - costs[1], abs=1e-6)
            assert costs[0] - costs[1] >= (0.0 if signed == lived else -CENTS)
    assert matrix.minimax.largest.mean <= min(row.largest.mean for row in matrix.best) + CENTS


def test_a_fixed_commitment_has_nothing_to_regret() -> None:
    found = deal(deal_table(16, contract={"commit_usd_per_year": 100_000.0}))
    matrix = regret_matrix(found.plan)
    assert {row.offer.commit_usd_per_year for row in rows(matrix)} == {100_000.0}
    assert {regret.mean for row in rows(matrix) for regret in row.regrets} == {0.0}
    assert regret_sentences(matrix) == [
        "The contract fixes the commitment, so there is none to choose between scenarios."
    ]


def test_one_scenario_has_nothing_to_compare() -> None:
    matrix = regret_matrix(deal(deal_table(16, scenario=[{"name": "only"}])).plan)
    assert matrix.scenarios == ("only",)
    assert matrix.best[0].regrets[0].mean == 0.0
    (said,) = regret_sentences(matrix)
    assert "one scenario" in said
    assert len(regret_table(matrix).rows) == 4


def test_the_table_and_the_sentences_say_what_the_matrix_says() -> None:
    _, matrix = known("weighted")
    table = regret_table(matrix)
    assert table.columns[2:-1] == ("living in 'as is'", "living in 'routed'", "living in 'all of it'")
    assert [row[0] for row in table.rows][-1] == "least weighted cost (as is 10%, routed 20%, all of it 70%)"
    assert all(table.rows[i][2 + i].startswith("$0 (") for i in range(3))
    worst, least = regret_sentences(matrix)
    where = matrix.scenarios[int(np.argmax([regret.mean for regret in matrix.recommended.regrets]))]
    assert worst.endswith(f"in '{where}'.")
    assert "Least is at stake with" in least


def test_the_command_prints_the_matrix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(tomlkit.dumps(deal_table(48, scenario=THREE)), encoding="utf-8")
    _, matrix = known("free")
    for options in ((), ("--json",)):
        monkeypatch.setattr("sys.argv", ["planner", "regret", str(path), *options])
        cli.main()
    *_, out = capsys.readouterr().out.partition("{")
    found = json.loads("{" + out)
    assert found == json.loads(json.dumps(regret_json(matrix), allow_nan=False))
    assert found["scenarios"] == ["as is", "routed", "all of it"]
    assert found["commit_usd_per_year"] == [row.offer.commit_usd_per_year for row in matrix.best]
    assert found["regret_usd"] == [[regret.mean for regret in row.regrets] for row in matrix.best]
    assert found["minimax_commit_usd_per_year"] == matrix.minimax.offer.commit_usd_per_year
    assert found["weighted_commit_usd_per_year"] == matrix.weighted.offer.commit_usd_per_year
