"""Offers in hand and the positions that they are held against, priced a second time month by month."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit
from deals import BANDS, HALF_CENT, Deal, Slow, best, deal, deal_table, slow_best_usd
from strategies import CALM_DEMAND, STILL_PRICES, Table, mix_entry

from planner import cli
from planner.contract import Contract
from planner.negotiation import terms_pricer
from planner.negotiation.clause_values import trade_list
from planner.negotiation.positions import indifferent_discount
from planner.negotiation.quotes_priced import PricedQuote, priced_quotes
from planner.negotiation_reports.offers import offers_json, offers_sentences, offers_tables
from planner.negotiation_reports.positions import positions_json, positions_sentences, positions_table
from planner.plan import build_plan
from planner.plan_file.loader import load_plan

CENTS = 0.02
OFFERS: tuple[Table, ...] = (
    {"name": "one discount", "commit_usd_per_year": 75_000.0, "discount_fraction": 0.09},
    {"name": "by the bands", "commit_usd_per_year": 95_000.0, "overage": "committed"},
    {"name": "open", "discount_fraction": 0.04},
    {"name": "charged less", "commit_usd_per_year": 90_000.0, "shortfall": "true_up", "true_up_rate": 0.4},
    {"name": "quarters", "commit_usd_per_year": 50_000.0, "commit_period": "quarter", "drawdown": "list"},
    {"name": "locked", "commit_usd_per_year": 40_000.0, "price_falls": {"passed_through": False}},
    {
        "name": "two years",
        "term_months": 24,
        "commit_usd_per_year": [60_000.0, 72_000.0],
        "discount_fraction": 0.14,
        "overage": 0.02,
    },
)
ASKS: tuple[Table, ...] = ({"name": "capacity", "value_usd_per_year": 12_000.0},)
LIMITED: Table = {"max_shortfall_probability": 0.12}


@cache
def known(name: str) -> Deal:
    """A few plans that several tests ask."""
    settings: dict[str, Table] = {
        "free": {"offer": OFFERS, "ask": ASKS},
        "limited": {"offer": OFFERS, "ask": ASKS, "decision": LIMITED},
        "averse": {
            "offer": OFFERS,
            "decision": {
                "objective": "mean_cvar",
                "cvar_loss": "regret",
                "cvar_weight": 1.5,
                "cvar_level": 0.8,
                **LIMITED,
            },
        },
        "none": {"ask": ASKS, "target_share": 0.9},
    }
    return deal(deal_table(64, **settings[name]))


def standing_discount(item: PricedQuote) -> float | None:
    """The discount quoted, where it is one; else the bands decide."""
    return item.quote.contract.bands[0].discount_fraction if item.quote.at_one_discount else None


def commits(item: PricedQuote) -> Sequence[float]:
    return item.standing.offer.commits_usd_per_year(item.quote.contract.n_years)


# --- as they stand ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["free", "limited"])
def test_an_offer_as_it_stands_is_billed_month_by_month(name: str) -> None:
    found = known(name)
    assert {item.quote.name for item in found.priced.quotes} == {offer["name"] for offer in OFFERS}
    for item in found.priced.quotes:
        contract, spend = item.quote.contract, found.spend(item.quote.contract)
        bill = Slow(contract, spend).bill(commits(item))
        listed = spend.total[: contract.term_months].sum(axis=0)
        assert item.standing.paid_usd == pytest.approx(bill.paid, abs=1e-6)
        assert item.standing.expected_cost.mean == pytest.approx(float(bill.paid.mean()))
        assert item.standing.shortfall_probability.mean == bill.short.mean()
        assert item.standing.expected_shortfall.mean == pytest.approx(float(bill.unused.mean()), abs=1e-6)
        assert item.fair_premium.mean == pytest.approx(float(bill.unused.mean()), abs=1e-6)
        assert item.insured_usd == pytest.approx(float(bill.unused.mean()), abs=1e-6)
        assert item.meets_limit == (bill.short.mean() <= found.limit)
        assert item.saved.mean == pytest.approx(float((listed - bill.paid).mean()), abs=1e-6)
        assert item.savings_rate == pytest.approx(1 - bill.paid.mean() / listed.mean())
        rates = np.quantile(1 - bill.paid / listed, [0.1, 0.5, 0.9])
        assert item.savings_rate_p10_p50_p90 == pytest.approx(rates.tolist())


def test_an_offer_says_what_it_changes_and_the_rest_is_the_contract() -> None:
    found = known("free")
    table = found.contract
    one, bands = found.quote("one discount").quote.contract, found.quote("by the bands").quote.contract
    assert [(b.min_commit_usd_per_year, b.discount_fraction) for b in one.bands] == [(0.0, 0.09)]
    assert bands.bands == table.bands
    assert (bands.overage, table.overage) == ("committed", "list")
    assert commits(found.quote("by the bands")) == (95_000.0,)
    assert found.quote("by the bands").standing.offer.discount_fraction == 0.1
    assert commits(found.quote("two years")) == (60_000.0, 72_000.0)


@pytest.mark.parametrize("name", ["free", "limited"])
def test_an_offer_without_a_commitment_stands_at_its_best(name: str) -> None:
    item = known(name).quote("open")
    assert item.standing.offer == item.best.offer
    assert item.standing.offer.commit_usd_per_year > 0


@pytest.mark.parametrize("name", ["free", "limited"])
def test_the_best_commitment_of_an_offer_is_the_one_that_trying_all_of_them_finds(name: str) -> None:
    found = known(name)
    for item in found.priced.quotes:
        contract = item.quote.open_contract
        if contract.n_years == 1:
            assert item.best.measure_usd == pytest.approx(slow_best_usd(found, contract), abs=CENTS), item.quote.name
            assert item.best.limited_probability <= found.limit
            if item.meets_limit:
                assert item.best.measure_usd <= item.standing.measure_usd + CENTS


def test_the_best_commitment_of_two_years_keeps_their_proportion() -> None:
    found = known("limited")
    item = found.quote("two years")
    first, second = item.best.offer.commits_usd_per_year(2)
    assert second == pytest.approx(1.2 * first)
    slow = Slow(item.quote.contract, found.spend(item.quote.contract))
    annual = [slow.spend.current[:12].sum(axis=0), slow.spend.current[12:24].sum(axis=0) / 1.2]
    corners = [0.0, *(0.86 * np.concatenate(annual)).tolist()]

    def bill(commit: float) -> Any:
        return slow.bill([commit, 1.2 * commit], 0.14) if commit else slow.bill(0.0)

    cost = best(lambda c: float(bill(c).paid.mean()), corners, lambda c: bill(c).short.mean() <= found.limit)
    assert item.best.measure_usd == pytest.approx(cost, abs=CENTS)


# --- ranks and gaps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["free", "limited", "averse"])
def test_ranks_are_by_what_is_paid_per_dollar_of_list(name: str) -> None:
    found = known(name)
    rates = [item.standing.measure_usd / float(item.standing.listed_usd.mean()) for item in found.priced.quotes]
    assert rates == sorted(rates)
    assert [item.rank for item in found.priced.quotes] == list(range(1, len(OFFERS) + 1))


@pytest.mark.parametrize("name", ["free", "limited"])
def test_walking_away_is_to_nothing_signed_or_to_the_best_other_offer_within_the_limit(name: str) -> None:
    found = known(name)
    spend = found.spend()
    for item in found.priced.quotes:
        months = item.quote.contract.term_months
        others = {"no commitment": float(spend.total[:months].sum(axis=0).mean())}
        for other in found.priced.quotes:
            if other is not item and months == 12 == other.quote.contract.term_months and other.meets_limit:
                bill = Slow(other.quote.contract, found.spend(other.quote.contract)).bill(commits(other))
                others[other.quote.name] = float(bill.paid.mean())
        assert item.walk_away_is == min(others, key=others.__getitem__)
        gap = item.standing.expected_cost.mean - min(others.values())
        assert item.gap_to_walk_away.mean == pytest.approx(gap, abs=1e-5)
    assert {item.walk_away_is for item in found.priced.quotes} != {"no commitment"}


@pytest.mark.parametrize("name", ["free", "limited"])
def test_the_gap_to_the_target_is_in_dollars_and_for_another_term_at_the_target_s_rate(name: str) -> None:
    found = known(name)
    target = found.priced.positions.target
    aimed = target.terms.measure_usd - target.own_value_usd
    for item in found.priced.quotes:
        cost = item.standing.expected_cost.mean
        if item.quote.contract.term_months == 24:
            listed = found.spend().total.sum(axis=0)
            rate = aimed / float(found.spend().total[:12].sum(axis=0).mean())
            assert item.gap_to_target.mean == pytest.approx(cost - rate * float(listed.mean()), rel=1e-9)
        else:
            assert item.gap_to_target.mean == pytest.approx(cost - aimed, rel=1e-9)


def test_a_regret_over_two_years_is_measured_from_two_years_of_least_costs() -> None:
    """The same terms for twice the months, use that does not grow: twice the regret, the same rate, the same gap."""
    offers = [
        {"name": "one", "commit_usd_per_year": 70_000.0, "discount_fraction": 0.1},
        {"name": "two", "commit_usd_per_year": 70_000.0, "discount_fraction": 0.1, "term_months": 24},
    ]
    calm: Table = {"demand": CALM_DEMAND, "cuts": STILL_PRICES, "mix": [mix_entry()]}
    sooner = {"request_type": "chat", "to": "cheap", "share": 0.5, "escalation": 0.1, "token_ratio": 1.0}
    scenarios = [{"name": "as is"}, {"name": "routed", "route": [sooner]}]
    found = deal(deal_table(2, offer=offers, scenario=scenarios, decision={"objective": "minimax_regret"}, **calm))
    one, two = found.quote("one"), found.quote("two")
    assert one.standing.measure_usd > 0
    assert two.standing.measure_usd == pytest.approx(2 * one.standing.measure_usd)
    assert two.best.offer.commit_usd_per_year == pytest.approx(one.best.offer.commit_usd_per_year, abs=1.0)
    assert two.gap_to_target.mean == pytest.approx(2 * one.gap_to_target.mean, rel=1e-6)


# --- insurance and the next band -------------------------------------------------------------------------------------


def cvar(loss: np.ndarray, level: float) -> float:
    """Mean of the worst share, the last path in part."""
    worst, room, total = np.sort(loss)[::-1], (1 - level) * loss.size, 0.0
    for usd in worst:
        total += min(room, 1.0) * float(usd)
        room = max(room - 1.0, 0.0)
    return total / ((1 - level) * loss.size)


def test_insurance_is_worth_the_expected_shortfall_and_where_tails_count_what_it_takes_off_them() -> None:
    found = known("averse")
    for item in found.priced.quotes:
        bill = Slow(item.quote.contract, found.spend(item.quote.contract)).bill(commits(item))
        loss = bill.paid - found.spend().total[: item.quote.contract.term_months].sum(axis=0)
        tails = cvar(loss, 0.8) - cvar(loss - bill.unused, 0.8)
        assert item.fair_premium.mean == pytest.approx(float(bill.unused.mean()), abs=1e-6)
        assert item.insured_usd == pytest.approx(float(bill.unused.mean()) + 1.5 * tails, abs=1e-6)
    bands = found.quote("by the bands")
    assert bands.insured_usd > bands.fair_premium.mean + 100.0 > 200.0


@pytest.mark.parametrize("name", ["free", "limited"])
def test_at_the_indifferent_discount_the_next_band_costs_what_the_offer_costs(name: str) -> None:
    found = known(name)
    solved = 0
    for item in found.priced.quotes:
        above = [low for low, _ in BANDS if low > commits(item)[0]]
        assert (item.stretch is None) == (not above)
        if item.stretch is None:
            continue
        assert item.stretch.min_commit_usd_per_year == above[0]
        slow = Slow(item.quote.contract, found.spend(item.quote.contract))
        stretched = [above[0] * commit / commits(item)[0] for commit in commits(item)]
        discount = dict(BANDS)[above[0]]
        bill = slow.bill(stretched, discount)
        assert item.stretch.discount_fraction == discount
        assert item.stretch.shortfall_probability == bill.short.mean()
        assert item.stretch.pays == (float(bill.paid.mean()) <= item.standing.measure_usd + HALF_CENT)
        assert item.stretch.meets_limit == (bill.short.mean() <= found.limit)
        (row,) = [row for row in offers_tables(found.priced)[3].rows if row[0] == item.quote.name]
        assert row[5].endswith(" *") == (not item.stretch.meets_limit)
        needed = item.stretch.indifferent_fraction
        if needed is not None and needed > 0:
            solved += 1
            assert float(slow.bill(stretched, needed).paid.mean()) == pytest.approx(item.standing.measure_usd, rel=1e-6)
            assert item.stretch.pays == (discount >= needed)
    assert solved >= 2


def test_where_no_discount_would_do_none_is_said_and_where_any_would_it_is_none_at_all() -> None:
    idle = known("free").quote("by the bands").stretch  # 150,000 to pay for 110,000 of use
    assert idle is not None
    assert (idle.indifferent_fraction, idle.pays) == (None, False)
    words = {row[0]: row[3] for row in offers_tables(known("free").priced)[3].rows}
    assert words["by the bands"] == "none would do"
    found = deal(deal_table(16, contract={"overage": 0.3}, bands=((20_000.0, 0.02),)))
    none = found.pricer.unsigned(found.contract).measure_usd
    assert indifferent_discount(found.pricer, found.contract, [20_000.0], cost_usd=none) == 0.0
    assert indifferent_discount(found.pricer, found.contract, [0.0], cost_usd=none) is None


def test_the_next_of_incremental_bands_gives_its_discount_on_its_own_part_only() -> None:
    offers = [{"name": "bands", "commit_usd_per_year": 60_000.0}]
    found = deal(deal_table(32, offer=offers, contract={"band_mode": "incremental"}))
    stretch = found.quote("bands").stretch
    assert stretch is not None
    slow = Slow(found.contract, found.spend())
    assert stretch.discount_fraction == pytest.approx(slow.discount(90_000.0)) == pytest.approx(0.0284, abs=1e-4)
    assert stretch.pays == (float(slow.bill(90_000.0).paid.mean()) <= found.quote("bands").standing.measure_usd)
    assert not stretch.pays


# --- positions -------------------------------------------------------------------------------------------------------


def granted(found: Deal, names: Sequence[str]) -> Contract:
    """The terms on the table with asks granted in turn."""
    contract = found.contract
    for name in names:
        contract = found.clause(name).variation.applied(contract)
    return contract


@pytest.mark.parametrize("name", ["free", "limited", "none"])
def test_the_opening_asks_for_everything_that_adds_to_what_is_asked_already(name: str) -> None:
    found = known(name)
    opening, table = found.priced.positions.opening, slow_best_usd(found, found.contract)
    cost, own, kept = table, 0.0, []
    for ask in found.trades.asks:
        changed = slow_best_usd(found, granted(found, [*kept, ask.variation.name]))
        worth = own + ask.variation.own_value_usd
        if changed - worth < cost - own - HALF_CENT:
            cost, own, kept = changed, worth, [*kept, ask.variation.name]
    assert [ask.variation.name for ask in opening.asks] == kept
    assert opening.own_value_usd == own == 12_000.0
    assert opening.measure_usd == pytest.approx(cost - own, abs=CENTS)
    assert opening.better.mean == pytest.approx(table - cost + own, abs=CENTS)
    assert opening.terms.measure_usd == pytest.approx(cost, abs=CENTS)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75, 1.0])
def test_the_target_is_the_fewest_of_the_most_valuable_asks_that_come_to_its_share(share: float) -> None:
    found = deal(deal_table(32, ask=ASKS, target_share=share))
    opening, target = found.priced.positions.opening, found.priced.positions.target
    names = [ask.variation.name for ask in target.asks]
    assert names == [ask.variation.name for ask in opening.asks][: len(names)]
    table = slow_best_usd(found, found.contract)

    def better(asked: Sequence[str]) -> float:
        own = sum(found.clause(name).variation.own_value_usd for name in asked)
        return table - slow_best_usd(found, granted(found, asked)) + own

    assert target.better.mean == pytest.approx(better(names), abs=CENTS)
    assert better(names) >= share * opening.better.mean - CENTS
    if names:
        assert better(names[:-1]) < share * opening.better.mean
    assert (share == 0.0) == (not names)


def test_own_value_is_part_of_a_position_and_of_the_gap_to_it() -> None:
    found = known("none")
    target = found.priced.positions.target
    assert target.own_value_usd == 12_000.0
    assert target.measure_usd == pytest.approx(target.terms.measure_usd - 12_000.0)


@pytest.mark.parametrize("name", ["free", "limited", "none"])
def test_below_the_walk_away_discount_and_above_its_commitment_the_alternative_is_better(name: str) -> None:
    found = known(name)
    walk, table = found.priced.positions.walk_away, found.trades.table
    slow, commit = Slow(found.contract, found.spend()), table.offer.commit_usd_per_year
    alternatives = {"no commitment": float(slow.bill(0.0).paid.mean())} | {
        item.quote.name: item.standing.measure_usd
        for item in found.priced.quotes
        if item.meets_limit and item.quote.contract.term_months == 12
    }
    assert walk.alternative == min(alternatives, key=alternatives.__getitem__)
    away = alternatives[walk.alternative]
    assert walk.measure_usd == pytest.approx(away)
    assert walk.discount_fraction is not None
    assert float(slow.bill(commit, walk.discount_fraction).paid.mean()) == pytest.approx(away, rel=1e-6)

    def better(usd: float) -> bool:
        bill = slow.bill(usd)
        return float(bill.paid.mean()) <= away and bill.short.mean() <= found.limit

    largest = walk.commit_usd_per_year
    tried = [commit * scale for scale in np.linspace(1.0, 4.0, 400)]
    if largest is None:
        assert not any(map(better, tried))
    else:
        assert better(largest)
        assert not any(better(usd) for usd in tried if usd > largest + 2.0)


def test_an_offer_over_the_limit_is_no_alternative_to_walk_away_to() -> None:
    offers = [{"name": "cheap and risky", "commit_usd_per_year": 90_000.0, "discount_fraction": 0.3}]
    free, limited = (deal(deal_table(32, offer=offers, decision=d)) for d in ({}, LIMITED))
    assert free.priced.positions.walk_away.alternative == "cheap and risky"
    assert limited.priced.positions.walk_away.alternative == "no commitment"
    assert not limited.quote("cheap and risky").meets_limit
    said = "\n".join(offers_sentences(limited.priced))
    assert "is over your limit. No offer is within it." in said


def test_the_largest_commitment_may_be_far_above_the_recommended_one() -> None:
    """Use beyond it has the discount too, so the threshold is enough, and ten times as much costs no more yet."""
    found = deal(deal_table(32, bands=((8_000.0, 0.1),), contract={"overage": "committed"}))
    walk = found.priced.positions.walk_away
    assert found.trades.table.offer.commit_usd_per_year == 8_000.0
    slow = Slow(found.contract, found.spend())
    none = float(slow.bill(0.0).paid.mean())
    assert walk.commit_usd_per_year is not None
    assert walk.commit_usd_per_year > 10 * 8_000.0
    assert float(slow.bill(walk.commit_usd_per_year).paid.mean()) <= none
    assert float(slow.bill(walk.commit_usd_per_year + 2.0).paid.mean()) > none


def test_asks_that_contradict_each_other_are_not_both_asked_for() -> None:
    asks = [
        {"name": "half off the unused", "shortfall": "true_up", "true_up_rate": 0.5},
        {"name": "a pool of quarters", "commit_period": "quarter"},
    ]
    found = deal(deal_table(32, ask=asks))
    names = [ask.variation.name for ask in found.priced.positions.opening.asks]
    assert len({"half off the unused", "half_of_unused_charged"} & set(names)) == 1
    assert "a pool of quarters" not in names


def test_without_anything_worth_asking_for_the_positions_say_so() -> None:
    found = deal(deal_table(8, mix=[mix_entry(monthly_requests=1.0)], scenario=[]))
    said = positions_sentences(found.priced.positions)
    assert said[0].startswith("There is nothing to open with")
    assert said[1] == "Without a deal you have signing nothing: $0."
    assert found.priced.positions.walk_away.discount_fraction is None
    assert positions_table(found.priced.positions).rows


# --- the odd ones ----------------------------------------------------------------------------------------------------


def test_a_plan_without_any_use_ranks_its_offers_by_what_they_cost() -> None:
    offers = [
        {"name": "large", "commit_usd_per_year": 9_000.0, "discount_fraction": 0.2},
        {"name": "small", "commit_usd_per_year": 1_000.0, "discount_fraction": 0.1},
        {"name": "long", "commit_usd_per_year": 1_000.0, "discount_fraction": 0.1, "term_months": 24},
    ]
    found = deal(deal_table(4, offer=offers, mix=[mix_entry(monthly_requests=0.0)], scenario=[]))
    assert [item.quote.name for item in found.priced.quotes] == ["small", "long", "large"]
    listed = offers_json(found.priced)
    assert [item["effective_savings_rate"] for item in listed] == [None] * 3
    assert [item["expected_cost_usd"] for item in listed] == pytest.approx([1_000.0, 2_000.0, 9_000.0])
    assert all(item["best_commit_usd_per_year"] == 0 for item in listed)
    json.dumps(listed, allow_nan=False)
    assert [row[3] for row in offers_tables(found.priced)[0].rows] == ["n/a"] * 3


def test_a_quote_of_no_commitment_costs_list() -> None:
    found = deal(deal_table(16, offer=[{"name": "none", "commit_usd_per_year": 0.0, "discount_fraction": 0.3}]))
    item = found.quote("none")
    assert item.standing.expected_cost.mean == pytest.approx(float(found.spend().total[:12].sum(axis=0).mean()))
    assert item.saved.mean == item.gap_to_walk_away.mean == 0.0
    assert item.best.offer.commit_usd_per_year > 0


def test_present_values_are_held_against_list_at_present_value() -> None:
    """Use that does not move, committed in full and paid as it is used: the discount is saved, whatever money costs."""
    offers = [{"name": "all of it", "commit_usd_per_year": 96_000.0, "discount_fraction": 0.2}]
    calm: Table = {"demand": CALM_DEMAND, "cuts": STILL_PRICES, "mix": [mix_entry()], "scenario": []}
    terms = {"payment": {"mode": "arrears", "cost_of_capital_per_year": 0.15}}
    found = deal(deal_table(2, offer=offers, contract=terms, decision={"money": "npv"}, **calm))
    item = found.quote("all of it")
    assert item.savings_rate == pytest.approx(0.2)
    assert item.savings_rate_p10_p50_p90 == pytest.approx((0.2, 0.2, 0.2))
    assert item.standing.expected_cost.mean == pytest.approx(96_000.0), "costs stay nominal, as everywhere else"
    assert item.standing.npv_cost is not None
    assert item.standing.npv_cost.mean < 96_000.0 - 1_000.0


def test_what_an_offer_saves_is_of_the_expected_cost_whatever_decides() -> None:
    found = known("averse")
    spend = found.spend()
    item = found.priced.quotes[0]
    months = item.quote.contract.term_months
    none = float(spend.total[:months].sum(axis=0).mean())
    assert item.saved.mean == pytest.approx(none - item.standing.expected_cost.mean, abs=1e-6)
    assert abs(item.gap_to_walk_away.mean + item.saved.mean) > 100.0


# --- what people and scripts read ------------------------------------------------------------------------------------


def run(
    command: str, path: Path, *options: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["planner", command, str(path), *options])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


def written(tmp_path: Path, table: Table) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(tomlkit.dumps(table), encoding="utf-8")
    return path


def test_offers_json_has_the_keys_that_scripts_rely_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, deal_table(64, offer=OFFERS, ask=ASKS, decision=LIMITED))
    code, out, _ = run("offers", path, "--json", capsys=capsys, monkeypatch=monkeypatch)
    listed = json.loads(out)
    keys = {
        *("name", "expected_cost_usd", "expected_cost_se_usd", "shortfall_probability", "expected_shortfall_usd"),
        *("effective_savings_rate", "gap_to_target_usd", "gap_to_walk_away_usd", "best_commit_usd_per_year", "rank"),
    }
    assert code == 0
    assert isinstance(listed, list)
    assert all(item.keys() >= keys for item in listed)
    found = known("limited")
    for item, priced in zip(listed, found.priced.quotes, strict=True):
        assert (item["name"], item["rank"]) == (priced.quote.name, priced.rank)
        assert item["expected_cost_usd"] == pytest.approx(priced.standing.expected_cost.mean)
        assert item["gap_to_target_usd"] == pytest.approx(priced.gap_to_target.mean, abs=CENTS)
        assert item["gap_to_walk_away_usd"] == pytest.approx(priced.gap_to_walk_away.mean, abs=CENTS)
        assert item["best_commit_usd_per_year"] == pytest.approx(priced.best.offer.commit_usd_per_year, rel=1e-6)


def test_without_an_offer_the_command_says_how_to_write_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, deal_table(8))
    code, out, err = run("offers", path, capsys=capsys, monkeypatch=monkeypatch)
    assert (code, out) == (2, "")
    assert "add [[offer]] with name, commit_usd_per_year and discount_fraction" in err


def test_positions_are_there_without_an_offer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, deal_table(64, ask=ASKS, target_share=0.9))
    code, out, _ = run("positions", path, "--json", capsys=capsys, monkeypatch=monkeypatch)
    found, wanted = json.loads(out), positions_json(known("none").priced.positions)
    assert code == 0
    assert found.keys() == {"on_the_table", "opening", "target", "walk_away"}
    assert found["opening"]["asks"] == wanted["opening"]["asks"]
    assert found["target"]["share_of_opening"] == 0.9
    assert found["walk_away"]["alternative"] == "no commitment"
    code, out, _ = run("positions", path, "--quiet", capsys=capsys, monkeypatch=monkeypatch)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["Open", "Aim", "Walk"]


def test_of_very_many_paths_the_first_are_used_and_every_command_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terms_pricer, "MONTHS_OF", 16)
    path = written(tmp_path, deal_table(24, offer=OFFERS[:1]))
    for command in ("clauses", "offers", "positions"):
        code, _, err = run(command, path, capsys=capsys, monkeypatch=monkeypatch)
        assert code == 0
        assert "on the first 16 of the plan's 24 paths" in err
    code, _, err = run("regret", path, capsys=capsys, monkeypatch=monkeypatch)
    assert "on the first" not in err  # the regret matrix is the plan's own


def test_names_are_text_whatever_is_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "[red]x[/red]\x1b[31m"
    offers = [{"name": name, "commit_usd_per_year": 60_000.0, "discount_fraction": 0.12}]
    path = written(tmp_path, deal_table(16, offer=offers))
    code, out, err = run("offers", path, capsys=capsys, monkeypatch=monkeypatch)
    assert code == 0
    assert "\x1b" not in out + err
    assert out.count("[red]x[/red]") > 4
    _, out, _ = run("offers", path, "--json", capsys=capsys, monkeypatch=monkeypatch)
    assert json.loads(out)[0]["name"] == name


def test_a_table_says_which_offers_are_over_the_limit_and_what_each_gap_is_to() -> None:
    found = known("limited")
    standing, against, at_best, _ = offers_tables(found.priced)
    over = {item.quote.name for item in found.priced.quotes if not item.meets_limit}
    assert over
    assert {row[0].split(". ")[1].split(" (")[0] for row in standing.rows if row[5].endswith("*")} == over
    assert [row[3] for row in against.rows] == [item.walk_away_is for item in found.priced.quotes]
    assert len(at_best.rows) == len(OFFERS)


def test_at_present_value_costs_stay_nominal_and_the_present_value_stands_beside_them(tmp_path: Path) -> None:
    text = (Path(__file__).parent / "plans" / "small.toml").read_text(encoding="utf-8")
    text = text.replace("paths = 4_000", "paths = 1_000").replace("[decision]\n", '[decision]\nmoney = "npv"\n')
    dated = 'term_months = 12\npayment = { mode = "upfront", cost_of_capital_per_year = 0.1 }\n'
    text = text.replace("term_months = 12\n", dated)
    text += '\n[[offer]]\nname = "a"\ncommit_usd_per_year = 120_000\ndiscount_fraction = 0.1\n'
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    plan = build_plan(load_plan(path))
    pricer = terms_pricer.terms_pricer(plan)
    priced = priced_quotes(pricer, trade_list(pricer))
    (row,) = offers_json(priced)
    lived = plan.outcome(plan.inputs.contract.offer_at(120_000.0, 0.1))
    assert row["expected_cost_usd"] == pytest.approx(lived.expected_cost.mean, rel=1e-12)
    assert row["expected_npv_cost_usd"] == pytest.approx(lived.npv_cost.mean, rel=1e-12)
    assert row["measure_usd"] == pytest.approx(lived.npv_cost.mean, rel=1e-12), "and decides"
    assert row["effective_savings_rate"] == pytest.approx(lived.effective_savings_rate, rel=1e-9)
    table = positions_json(priced.positions)["on_the_table"]
    assert table["expected_cost_usd"] == pytest.approx(plan.recommendation.expected_cost.mean, rel=1e-12)
    assert table["expected_npv_cost_usd"] == pytest.approx(plan.recommendation.npv_cost.mean, rel=1e-12)
