"""What the price history says: moves worked out a second time from the file, rates and sizes against slow Bayes."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tomlkit
from scipy import stats
from strategies import mix_entry, plan_table

from planner.bundled import data_path
from planner.plan_file.loader import parse_plan
from planner.price_data.facts import PriceFacts, Rates, load_price_facts
from planner.price_history import (
    MOVING_TIERS,
    PRIOR_MOVES,
    PRIOR_TIER_YEARS,
    PriceMoveFit,
    basket_ratio,
    moves_of_tier,
    price_move_parameters,
    tier_moves,
    tier_years,
)

FACTS = load_price_facts()
FITS = {fit.name.removeprefix("prices.cuts."): fit for fit in price_move_parameters()}
CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
BASKET = (3000, 20_000, 800, 0, 800)


def table(name: str) -> list[dict[str, str]]:
    with data_path("prices", name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def slow_moves(basket: Sequence[int], *, same_text: bool = False) -> list[tuple[str, str, date, Decimal]]:
    """(tier, model, day, change) of every change of a basket on the newest model, in Decimal, from the files alone."""
    models = {row["model"]: row for row in table("models.csv")}
    rows = [row for row in table("list-prices.csv") if row["state"] == "in_force"]
    rows.sort(key=lambda row: row["effective_from"])
    found = []
    for tier in ("haiku", "sonnet", "opus", "fable"):
        first: dict[str, str] = {}
        current: list[dict[str, str]] = []
        for row in rows:
            if models[row["model"]]["tier"] == tier:
                first.setdefault(row["model"], row["effective_from"])
                if first[row["model"]] == max(first.values()):
                    current.append(row)
        for before, after in pairwise(current):
            prices = [(before[f"{name}_usd_per_mtok"], after[f"{name}_usd_per_mtok"]) for name in CLASSES]
            both = [
                (n, Decimal(old), Decimal(new)) for n, (old, new) in zip(basket, prices, strict=True) if old and new
            ]
            change = sum(n * new for n, _, new in both) / sum(n * old for n, old, _ in both)
            if same_text:
                generations = [models[row["model"]]["tokenizer"] for row in (before, after)]
                change *= Decimal("1.3") if generations == ["old", "new"] else 1
            if abs(change - 1) >= Decimal("0.01"):
                found.append((tier, after["model"], date.fromisoformat(after["effective_from"]), change - 1))
    return sorted(found, key=lambda move: (move[2], move[0]))


# --- moves -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("same_text", [False, True])
def test_the_moves_are_those_of_the_file(same_text):
    found = tier_moves(same_text=same_text)
    slow = slow_moves(BASKET, same_text=same_text)
    assert [(move.tier, move.model, move.on) for move in found] == [move[:3] for move in slow]
    assert [move.change_fraction for move in found] == pytest.approx([float(move[3]) for move in slow])


def test_the_moves_worked_out_by_hand():
    """USD of the basket: Haiku 3 without cache prices, Haiku 3.5 at 1 and 0.80, Sonnet 5.5 before and after its cut."""
    found = {(move.model, move.on): (move.change_fraction, move.kind) for move in tier_moves()}
    haiku_3 = 3000 * 0.25 + 20_000 * 0.03 + 800 * 0.3 + 800 * 1.25
    haiku_35 = 3000 * 1 + 20_000 * 0.1 + 800 * 1.25 + 800 * 5
    change, kind = found["claude-3-5-haiku", date(2024, 11, 4)]
    assert (change, kind) == (pytest.approx(haiku_35 / haiku_3 - 1), "new_generation")
    assert found["claude-3-5-haiku", date(2025, 3, 1)] == (pytest.approx(-0.2), "in_place")
    assert found["claude-haiku-5-5", date(2026, 10, 7)] == (pytest.approx(-0.9), "new_generation")
    assert found["claude-sonnet-5-5", date(2026, 10, 7)] == (pytest.approx(18_000 / 20_000 - 1), "in_place")
    assert found["claude-opus-4-5", date(2025, 11, 24)] == (pytest.approx(-2 / 3), "new_generation")


def test_every_move_has_its_source():
    assert all(move.source and move.tier in MOVING_TIERS for move in tier_moves())


def test_the_same_text_shows_the_rise_that_a_newer_tokenizer_was():
    """Opus 4.7 at Opus 4.6's prices; Sonnet 5 at 2/3 of the price and 1.3 times the tokens."""
    tokens = {move.model: move.change_fraction for move in tier_moves()}
    text = {move.model: move.change_fraction for move in tier_moves(same_text=True)}
    assert "claude-opus-4-7" not in tokens
    assert text["claude-opus-4-7"] == pytest.approx(0.3)
    assert text["claude-sonnet-5"] == pytest.approx(1.3 * 2 / 3 - 1)


def changed(facts: PriceFacts, model: str, index: int, **fields: object) -> PriceFacts:
    listed = list(facts.list_prices[model])
    listed[index] = replace(listed[index], **fields)
    return replace(facts, list_prices={**facts.list_prices, model: tuple(listed)})


def scaled(rates: Rates, factor: Decimal) -> Rates:
    names = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
    fields = {name: getattr(rates, name) for name in (f"{each}_usd_per_mtok" for each in names)}
    return Rates(**{name: None if rate is None else rate * factor for name, rate in fields.items()})


def test_prices_that_are_announced_or_cancelled_move_nothing():
    """Sonnet 5's rise to 3 USD/MTok, called off; were it in force, it and the fall after it would be two more moves."""
    before = list(moves_of_tier(FACTS, "sonnet"))
    (index,) = [i for i, fact in enumerate(FACTS.list_prices["claude-sonnet-5"]) if fact.state == "cancelled"]
    announced = changed(FACTS, "claude-sonnet-5", index, state="announced")
    assert list(moves_of_tier(announced, "sonnet")) == before
    in_force = changed(FACTS, "claude-sonnet-5", index, state="in_force", effective_from=date(2026, 8, 1))
    assert len(list(moves_of_tier(in_force, "sonnet"))) == len(before) + 2


def test_only_the_newest_model_of_a_tier_moves_its_price():
    old = FACTS.list_prices["claude-opus-4-5"][0]
    late = replace(old, effective_from=date(2026, 10, 1), rates=scaled(old.rates, Decimal("0.5")))
    facts = replace(FACTS, list_prices={**FACTS.list_prices, "claude-opus-4-5": (old, late)})
    assert list(moves_of_tier(facts, "opus")) == list(moves_of_tier(FACTS, "opus"))


@pytest.mark.parametrize("tier", MOVING_TIERS)
def test_a_currency_in_which_everything_costs_seven_times_as_much_has_the_same_moves(tier):
    sevenfold = {
        model: tuple(replace(fact, rates=scaled(fact.rates, Decimal(7))) for fact in facts)
        for model, facts in FACTS.list_prices.items()
    }
    before = [move.change_fraction for move in moves_of_tier(FACTS, tier)]
    after = [move.change_fraction for move in moves_of_tier(replace(FACTS, list_prices=sevenfold), tier)]
    assert after == pytest.approx(before)
    assert before


def test_a_class_that_gets_its_first_price_is_no_move():
    rates = Rates(input_usd_per_mtok=Decimal(3), output_usd_per_mtok=Decimal(15))
    assert basket_ratio(rates, replace(rates, cache_read_usd_per_mtok=Decimal("0.3"))) == 1.0
    assert basket_ratio(rates, replace(rates, output_usd_per_mtok=Decimal(30))) == pytest.approx((9 + 24) / (9 + 12))


def test_the_basket_costs_what_its_comment_says():
    """30 % input, 20 % reads, 10 % writes, 40 % output at the ratios 1, 0.1, 1.25, 5."""
    spent = np.array(BASKET) * (1, 0.1, 1.25, 2, 5)
    assert spent / spent.sum() == pytest.approx([0.3, 0.2, 0.1, 0.0, 0.4])


# --- rates and sizes -------------------------------------------------------------------------------------------------


def test_tier_years_run_from_each_first_price_to_the_last_check():
    starts = [date(2024, 3, 13), date(2024, 3, 6), date(2024, 3, 6), date(2026, 6, 9)]
    assert tier_years(FACTS) == pytest.approx(sum((date(2026, 11, 23) - day).days for day in starts) / 365.25)


@pytest.mark.parametrize(
    ("name", "default", "kind"), [("falls_per_year", 0.7, "falls"), ("rises_per_year", 0.2, "rises")]
)
def test_a_rate_is_the_posterior_of_a_poisson_rate(name, default, kind):
    """Against Bayes on a grid: a prior that has seen default x 4 moves in four years, times the Poisson likelihood."""
    fit, n = FITS[name], getattr(FITS[name], kind)
    rate = np.linspace(1e-6, 6, 400_001)
    log_weight = (default * PRIOR_TIER_YEARS - 1 + n) * np.log(rate) - rate * (PRIOR_TIER_YEARS + fit.tier_years)
    weight = np.exp(log_weight - log_weight.max())
    below = np.cumsum(weight) / weight.sum()
    assert fit.value == pytest.approx(float(rate @ weight / weight.sum()), rel=1e-4)
    assert (fit.p10, fit.p90) == pytest.approx(tuple(np.interp([0.1, 0.9], below, rate)), rel=1e-3)
    assert min(default, n / fit.tier_years) < fit.value < max(default, n / fit.tier_years)
    alone = stats.gamma(n + 0.5, scale=1 / fit.tier_years).ppf([0.1, 0.9])
    assert (fit.own_p10, fit.own_p90) == pytest.approx(tuple(alone))


@pytest.mark.parametrize(("name", "prior", "sign"), [("fall", (0.10, 0.60), -1), ("rise", (0.05, 0.30), 1)])
def test_a_size_is_the_conjugate_normal_on_its_scale(name, prior, sign):
    """The same by pooling: k made-up sizes with the prior's mean and variance beside the n that happened."""
    fit = FITS[name]
    sizes = np.array([sign * move.change_fraction for move in tier_moves() if sign * move.change_fraction > 0])
    scale, back = (stats.logistic.ppf, stats.logistic.cdf) if name == "fall" else (np.log, np.exp)
    low, high = (float(scale(value)) for value in prior)
    middle, spread = (low + high) / 2, (high - low) / (2 * stats.norm.ppf(0.9))
    half = PRIOR_MOVES / 2
    made_up = [middle - spread] * int(half) + [middle + spread] * int(half)
    pooled = np.concatenate([made_up, scale(sizes)])
    expected = back(stats.norm(pooled.mean(), pooled.std()).ppf([0.1, 0.9]))
    assert (fit.p10, fit.p90) == pytest.approx(tuple(expected), rel=1e-6)
    assert fit.p10 < fit.value < fit.p90
    assert fit.weight_of_data == pytest.approx(sizes.size / (sizes.size + PRIOR_MOVES))
    alone = stats.ttest_1samp(scale(sizes), 0).confidence_interval(0.8)
    assert (fit.own_p10, fit.own_p90) == pytest.approx((float(back(alone.low)), float(back(alone.high))), rel=1e-6)


def test_the_lag_is_not_in_a_price_list():
    fit = FITS["lag_months"]
    assert (fit.value, fit.weight_of_data, fit.own_p10, fit.own_p90) == (3.0, 0.0, None, None)


# --- the defaults ----------------------------------------------------------------------------------------------------


def test_the_prior_is_what_a_plan_without_cuts_takes():
    table = plan_table(mix=[mix_entry()])
    del table["prices"]["cuts"]
    moves = parse_plan(tomlkit.dumps(table), base_dir=Path()).prices.moves
    assert (moves.falls_per_year, moves.rises_per_year, moves.lag_months) == (0.7, 0.2, 3)
    z = stats.norm.ppf([0.1, 0.9])
    assert moves.fall.from_normal(z) == pytest.approx([0.10, 0.60], abs=1e-4)
    assert moves.rise.from_normal(z) == pytest.approx([0.05, 0.30])


@pytest.mark.parametrize(
    ("name", "default"), [("falls_per_year", 0.7), ("rises_per_year", 0.2), ("fall", 0.31), ("rise", 0.12)]
)
def test_the_defaults_lie_inside_the_history_s_own_intervals(name, default):
    fit: PriceMoveFit = FITS[name]
    assert fit.own_p10 < default < fit.own_p90


def test_the_falls_that_happened_could_be_draws_of_the_default():
    """Eight falls against the Beta with P10 10 % and P90 60 %, by Kolmogorov and Smirnov."""
    table = plan_table(mix=[mix_entry()])
    del table["prices"]["cuts"]
    fall = parse_plan(tomlkit.dumps(table), base_dir=Path()).prices.moves.fall
    sizes = [-move.change_fraction for move in tier_moves() if move.change_fraction < 0]
    assert stats.kstest(sizes, stats.beta(fall.a, fall.b).cdf).pvalue > 0.2


def test_the_rise_of_haiku_lies_far_outside_the_default_as_the_method_says():
    (largest, other) = sorted((move.change_fraction for move in tier_moves() if move.change_fraction > 0), reverse=True)
    default = stats.norm((np.log(0.05) + np.log(0.30)) / 2, np.log(6) / (2 * stats.norm.ppf(0.9)))
    assert (largest, other) == (pytest.approx(2.861, abs=1e-3), pytest.approx(0.25))
    assert default.sf(np.log(largest)) < 1e-5
    assert 0.1 < default.sf(np.log(other)) < 0.9


def test_input_and_output_alone_have_the_default_rates():
    """Six falls and two rises: 0.70 and 0.23 a tier and year, which is what 0.7 and 0.2 round."""
    changes = [move[3] for move in slow_moves((3000, 0, 0, 0, 800))]
    falls, rises = sum(c < 0 for c in changes), sum(c > 0 for c in changes)
    assert (falls, rises) == (6, 2)
    assert falls / tier_years(FACTS) == pytest.approx(0.70, abs=0.005)
    assert rises / tier_years(FACTS) == pytest.approx(0.23, abs=0.005)


# --- what the documents say ------------------------------------------------------------------------------------------

METHOD = (Path(__file__).parents[1] / "docs" / "method.md").read_text(encoding="utf-8")


def test_the_method_has_every_move_in_its_table():
    section = METHOD.split("**What the history says.**")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ") and "| 20" in line]
    assert len(rows) == len(tier_moves())
    for row, move in zip(rows, tier_moves(), strict=True):
        tier, day, model, change = (cell.strip() for cell in row.strip("|").split("|"))
        assert (tier.lower(), day) == (move.tier, move.on.isoformat())
        name = (
            move.model.removeprefix("claude-").replace("3-5-haiku", "haiku-3-5").replace("-", " ", 1).replace("-", ".")
        )
        assert model.lower().removesuffix(", in place") == name
        assert model.endswith("in place") == (move.kind == "in_place")
        assert change == f"{move.change_fraction * 100:+.0f} %"


def test_the_method_has_the_numbers_of_the_history():
    falls, fall, rises, rise = (FITS[name] for name in ("falls_per_year", "fall", "rises_per_year", "rise"))
    text = {fit.name: f"{fit.own_p10:.2f} to {fit.own_p90:.2f}" for fit in (falls, rises)}
    percent = {
        name: [f"{100 * x:.0f} %" for x in values]
        for name, values in (
            ("fall", (fall.own_p10, fall.own_p90, fall.value, fall.p10, fall.p90)),
            ("rise", (rise.value, rise.p10, rise.p90)),
        )
    }
    for line in (
        f"| falls a year | 0.7 | {text[falls.name]} | {falls.value:.2f} ({falls.p10:.2f} to {falls.p90:.2f}) |",
        "| one fall | median 31 %, P10 10 %, P90 60 % | median {} to {} | median {}, P10 {}, P90 {} |".format(
            *percent["fall"]
        ),
        f"| rises a year | 0.2 | {text[rises.name]} | {rises.value:.2f} ({rises.p10:.2f} to {rises.p90:.2f}) |",
        "two rises tell nothing | median {}, P10 {}, P90 {} |".format(*percent["rise"]),
        f"in {tier_years(FACTS):.1f} tier-years",
    ):
        assert line in " ".join(METHOD.split())
    text_rise = {fit.name: fit for fit in price_move_parameters(same_text=True)}["prices.cuts.rise"]
    assert text_rise.own_p10 is not None
    assert text_rise.own_p10 > 0.12
    assert f"({100 * text_rise.own_p10:.0f} % to {100 * text_rise.own_p90:.0f} %)" in METHOD
