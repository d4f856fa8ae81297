"""Drivers against closed forms, scipy's Sobol indices (which take runs of their own), and their own standard errors."""

import json
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import norm, qmc, sobol_indices, uniform
from test_charts import titles_of_axes

from planner.charts.drivers import (
    LARGEST_ROWS,
    commit_tornado_chart,
    commit_tornado_frame,
    shares_chart,
    shares_frame,
    spend_tornado_chart,
    spend_tornado_frame,
)
from planner.drivers import FEWEST_PATHS, MOST_PATHS, Drivers, drivers
from planner.drivers_report import (
    WORTH_NAMING,
    driver_name,
    drivers_json,
    drivers_sentences,
    drivers_table,
    shortfall_drivers_table,
)
from planner.errors import InputError
from planner.risk import Estimate
from planner.words import usd_short

LOG_SD = np.array([0.35, 0.25, 0.2, 0.1, 0.05, 0.0])
"""A bill that is a product of six log-normal factors, the last without effect."""

FOUR_ERRORS = 4.5
"""Standard errors from 16 replicates are t-distributed: beyond 4.5 of them lies 1 in 2,000."""

WINDOW = 0.04


def plain(n_inputs: int, n: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {f"x{i}": rng.random(n) for i in range(n_inputs)}


def product(scores: dict[str, np.ndarray]) -> np.ndarray:
    return np.exp(LOG_SD @ ndtri(np.array(list(scores.values()))))


def product_shares() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First-order, total in pairs, and whole total indices of the product, in closed form."""
    own = np.expm1(LOG_SD**2)
    variance = np.prod(1 + own) - 1
    return own / variance, own * (1 + own.sum() - own) / variance, own * np.prod(1 + own) / (1 + own) / variance


def ishigami(x: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])
    return found


def no_commitment(paths: np.ndarray) -> float:
    return 0.0


def found_by(scores: dict[str, np.ndarray], spend: np.ndarray, shortfall: np.ndarray | None = None) -> Drivers:
    return drivers(scores, spend, np.maximum(0.8 - spend, 0.0) if shortfall is None else shortfall, no_commitment)


def in_order(found: Drivers, value: Callable[..., Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard errors of one figure of all inputs, in the order of their names."""
    values = [value(one) for one in sorted(found.inputs, key=lambda one: one.name)]
    return np.array([one.mean for one in values]), np.array([one.se for one in values])


def shares(found: Drivers) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    return in_order(found, lambda one: one.spend.first_order), in_order(found, lambda one: one.spend.total)


def agree(found: tuple[np.ndarray, np.ndarray], expected: np.ndarray, *, beside: float | np.ndarray = 0.0) -> None:
    """Each within its standard errors, and `beside` them what the oracle itself leaves open."""
    mean, se = found
    assert np.all(np.abs(mean - expected) <= FOUR_ERRORS * se + beside), (mean, expected, se)


# --- indices ---------------------------------------------------------------------------------------------------------


def test_a_product_of_log_normal_inputs_has_the_closed_form_indices():
    found = found_by(plain(6, 32_768, 1), product(plain(6, 32_768, 1)))
    first, in_pairs, whole = product_shares()
    alone, together = shares(found)
    agree(alone, first)
    agree(together, in_pairs)
    assert np.all(together[0] <= whole + FOUR_ERRORS * together[1]), "a total in pairs is a lower bound"
    rest = 1 - first.sum() - (in_pairs - first).sum() / 2
    assert abs(found.spend_unexplained.mean - rest) <= FOUR_ERRORS * found.spend_unexplained.se


def test_a_product_agrees_with_scipy():
    runs = [
        sobol_indices(func=lambda z: np.exp(LOG_SD @ z), n=2**12, dists=[norm()] * 6, rng=np.random.default_rng(seed))
        for seed in range(16)
    ]
    found = found_by(plain(6, 32_768, 3), product(plain(6, 32_768, 3)))
    _, in_pairs, whole = product_shares()
    at_once = whole - in_pairs  # what three inputs do at once
    for ours, theirs, beside in zip(shares(found), ("first_order", "total_order"), (np.zeros(6), at_once), strict=True):
        values = np.array([getattr(run, theirs) for run in runs])
        agree(ours, values.mean(axis=0), beside=beside + FOUR_ERRORS * values.std(axis=0, ddof=1) / 4)


def test_the_ishigami_function_agrees_with_scipy():
    n = 32_768
    scores = plain(3, n, 4)
    spend = ishigami(np.pi * (2 * np.array(list(scores.values())) - 1))
    oracle = sobol_indices(func=ishigami, n=2**14, dists=[uniform(-np.pi, 2 * np.pi)] * 3, rng=5)
    alone, together = shares(found_by(scores, spend))
    # Ishigami and Homma (1990): closed forms that scipy meets to 0.01 at this number of runs
    assert oracle.first_order == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert oracle.total_order == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    agree(alone, oracle.first_order, beside=0.01)
    # x3^4 has 1 % of its variance beyond the eight functions that an input takes into pairs
    agree(together, oracle.total_order, beside=0.01 + 0.01 * 0.2437)
    assert together[0][2] > 0.2 > alone[0][2], "an input that acts only through another is not missed"


def test_additive_inputs_have_no_interactions_and_noise_stays_unexplained():
    n, weights = 16_384, np.array([3.0, 2.0, 1.0])
    scores = plain(3, n, 6)
    noise = np.random.default_rng(7).standard_normal(n)
    spend = 100 + weights @ np.array(list(scores.values())) + 0.5 * noise
    found = found_by(scores, spend)
    variance = (weights**2 / 12).sum() + 0.25
    alone, together = shares(found)
    agree(alone, weights**2 / 12 / variance)
    agree(together, weights**2 / 12 / variance)
    assert abs(found.spend_unexplained.mean - 0.25 / variance) <= FOUR_ERRORS * found.spend_unexplained.se


@pytest.mark.parametrize("n", [2048, 16_384])
def test_standard_errors_are_honest(n):
    """A 95 % interval misses about 1 in 20; inputs of one run are not independent of each other, so 0.8 is allowed."""
    first, in_pairs, _ = product_shares()
    at_p90 = np.exp(LOG_SD * ndtri(0.9) + (np.square(LOG_SD).sum() - LOG_SD**2) / 2)
    truth, inside = (first, in_pairs, at_p90), []
    for seed in range(15):
        scores = plain(6, n, 100 + seed)
        found = found_by(scores, product(scores))
        figures = (*shares(found), in_order(found, lambda one: one.spend_at_p90_usd))
        misses = [np.abs(mean - true) <= 2.13 * se for (mean, se), true in zip(figures, truth, strict=True)]
        inside.append([miss[:3] for miss in misses])
    assert np.all(np.mean(inside, axis=(0, 2)) > 0.8)


def test_an_event_that_happens_or_not_keeps_its_variance():
    n, p, size = 32_768, 0.05, 0.8
    scores = plain(2, n, 8)
    spend = np.exp(0.2 * ndtri(scores["x0"])) * (1 + size * (scores["x1"] > 1 - p))
    own = np.array([np.expm1(0.04), p * (1 - p) * size**2 / (1 + p * size) ** 2])
    variance = np.prod(1 + own) - 1
    alone, together = shares(found_by(scores, spend))
    # 1 - p lies inside one of 128 bins, which hides less than a quarter of a bin of the step's variance
    hidden = size**2 / (1 + p * size) ** 2 / (4 * 128) / variance
    agree(alone, own / variance, beside=np.array([0.0, hidden]))
    agree(together, own * (1 + own[::-1]) / variance, beside=2 * hidden)


def test_a_leaving_time_is_read_as_it_acts():
    scores = plain(2, 32_768, 9)
    served = np.minimum(np.floor(-np.log(scores["x0"]) / 0.017), 12) / 12
    spend = (0.5 + 0.5 * served) * np.exp(0.1 * ndtri(scores["x1"]))
    grid = (np.arange(1_000_000) + 0.5) / 1_000_000
    of_time = 0.5 + 0.5 * np.minimum(np.floor(-np.log(grid) / 0.017), 12) / 12
    own = np.array([of_time.var() / of_time.mean() ** 2, np.expm1(0.01)])
    alone, _ = shares(found_by(scores, spend))
    agree(alone, own / (np.prod(1 + own) - 1))


def test_evenly_spread_paths_give_sharper_indices():
    n = 8192
    points = [qmc.Sobol(6, seed=seed).random(n // 16) for seed in range(16)]
    spread = dict(zip((f"x{i}" for i in range(6)), np.stack(points, axis=1).reshape(n, 6).T, strict=True))
    first, in_pairs, _ = product_shares()
    alone, together = shares(found_by(spread, product(spread)))
    agree(alone, first)
    agree(together, in_pairs)
    assert alone[1][0] < shares(found_by(plain(6, n, 10), product(plain(6, n, 10))))[0][1][0]


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([512, 2048, 4112]))
def test_no_share_is_negative_and_a_total_is_never_below_the_first_order(seed, n):
    scores = plain(4, n, seed)
    found = found_by(scores, np.exp(0.3 * ndtri(scores["x0"])))
    for one in found.inputs:
        for indices in (one.spend, one.shortfall):
            assert 0 <= indices.first_order.mean <= indices.total.mean
    assert 0 <= found.spend_unexplained.mean <= 1


def test_an_input_without_effect_has_none():
    scores = plain(6, 16_384, 11)
    idle = next(one for one in found_by(scores, product(scores)).inputs if one.name == "x5")
    assert idle.spend.first_order.mean == idle.spend.total.mean == 0
    assert abs(idle.spend_at_p10_usd.mean - idle.spend_at_p90_usd.mean) < FOUR_ERRORS * 1.5 * idle.spend_at_p10_usd.se


@settings(max_examples=5)
@given(st.permutations(range(6)), st.integers(0, 100))
def test_names_and_order_of_the_inputs_change_nothing(order, seed):
    scores = plain(6, 2048, seed)
    before = found_by(scores, product(scores))
    names = dict(zip(scores, (f"{chr(ord('a') + rank)} input" for rank in order), strict=True))
    after = found_by({names[name]: scores[name] for name in sorted(scores, key=names.get)}, product(scores))
    found = {one.name: one for one in after.inputs}
    for one in before.inputs:
        same = found[names[one.name]]
        for a, b in ((one.spend, same.spend), (one.shortfall, same.shortfall)):
            assert b.first_order.mean == pytest.approx(a.first_order.mean, abs=1e-5)
            assert b.total.mean == pytest.approx(a.total.mean, abs=1e-5)
        assert same.spend_at_p10_usd.mean == pytest.approx(one.spend_at_p10_usd.mean, rel=1e-9)


def test_inputs_are_ranked_by_their_total_index_of_spend():
    scores = plain(6, 16_384, 12)
    ranked = [one.spend.total.mean for one in found_by(scores, product(scores)).inputs]
    assert ranked == sorted(ranked, reverse=True)


def test_dollars_scale_and_shares_do_not():
    scores = plain(6, 2048, 13)
    spend = product(scores)
    one, many = found_by(scores, spend), found_by(scores, spend * 2**20, np.maximum(0.8 - spend, 0) * 2**20)
    for a, b in zip(one.inputs, many.inputs, strict=True):
        assert (a.name, a.spend, a.shortfall) == (b.name, b.spend, b.shortfall)
        assert b.spend_at_p90_usd.mean == pytest.approx(a.spend_at_p90_usd.mean * 2**20, rel=1e-12)


# --- tornado ---------------------------------------------------------------------------------------------------------


def test_spend_at_p10_and_p90_is_the_conditional_mean():
    scores = plain(6, 32_768, 14)
    found = found_by(scores, product(scores))
    inside = ndtri(np.linspace(-WINDOW, WINDOW, 2001)[:, None] + np.array([[0.1, 0.9]]))
    others = (np.square(LOG_SD).sum() - LOG_SD**2) / 2
    near = np.exp(LOG_SD[:, None, None] * inside + others[:, None, None]).mean(axis=1)
    agree(in_order(found, lambda one: one.spend_at_p10_usd), near[:, 0])
    agree(in_order(found, lambda one: one.spend_at_p90_usd), near[:, 1])
    at = np.exp(LOG_SD[:, None] * ndtri([0.1, 0.9]) + others[:, None])
    assert near == pytest.approx(at, rel=0.01), "a window is nearly a point"


def test_the_commitment_at_p10_is_the_best_one_on_paths_near_it():
    n = 32_768
    scores = plain(2, n, 15)
    spend = 100 + 8 * ndtri(scores["x0"]) + 6 * ndtri(scores["x1"])
    found = drivers(scores, spend, np.zeros(n), lambda paths: float(np.quantile(spend[paths], 0.2)))
    assert found.commit_usd == pytest.approx(float(np.quantile(spend, 0.2)))
    for one, (own, other) in zip(sorted(found.inputs, key=lambda one: one.name), ((8, 6), (6, 8)), strict=True):
        for value, score in ((one.commit_at_p10_usd, 0.1), (one.commit_at_p90_usd, 0.9)):
            expected = 100 + own * ndtri(score) + other * ndtri(0.2)
            # inside a window of 0.08 the input still moves a little
            assert abs(value - expected) < FOUR_ERRORS * found.commit_se_usd + 0.05 * own
    assert 0 < found.commit_se_usd < 0.5


def test_the_commitment_is_asked_for_with_paths_in_the_window_and_their_own_numbers():
    scores, asked = plain(2, 1024, 16), []

    def remember(paths: np.ndarray) -> float:
        asked.append(set(paths.tolist()))
        return 0.0

    drivers(scores, product(plain(6, 1024, 16)), np.zeros(1024), remember)
    for name in scores:
        for at in (0.1, 0.9):
            assert set(np.flatnonzero(np.abs(scores[name] - at) < WINDOW).tolist()) in asked
    assert set(range(1024)) in asked
    assert len(asked) == 6 * len(scores) + 1


# --- what cannot be told ---------------------------------------------------------------------------------------------


def test_a_bill_that_does_not_move_has_no_shares():
    scores = plain(2, 1024, 17)
    found = drivers(scores, np.full(1024, 0.1 + 0.2), np.zeros(1024), no_commitment)
    assert all(one.spend is None and one.shortfall is None for one in found.inputs)
    assert found.spend_unexplained is None
    assert all(one.spend_at_p10_usd.mean == pytest.approx(0.3) for one in found.inputs)
    assert ["Annual spend" in found.warnings[0], "Shortfall cost" in found.warnings[1]] == [True, True]


def test_few_paths_tell_nothing_and_say_so():
    n = FEWEST_PATHS - 1
    scores = plain(3, n, 18)
    found = found_by(scores, np.exp(scores["x0"]))
    assert [one.name for one in found.inputs] == ["x0", "x1", "x2"]
    assert {one.spend for one in found.inputs} == {None}
    assert {one.commit_at_p10_usd for one in found.inputs} == {None}
    assert str(n) in found.warnings[0]
    assert str(FEWEST_PATHS) in found.warnings[0]


def test_without_uncertain_inputs_nothing_is_listed():
    found = found_by({}, np.linspace(1, 2, 2048))
    assert found.inputs == ()
    assert "uncertain" in found.warnings[0]


def test_only_the_first_paths_are_used_in_whole_rounds():
    n = MOST_PATHS + 5000
    scores = plain(2, n, 19)
    spend = np.exp(scores["x0"])
    found = found_by(scores, spend)
    spend[MOST_PATHS:] = 1e9
    assert found_by(scores, spend) == found
    assert found_by({name: score[:MOST_PATHS] for name, score in scores.items()}, spend) == found
    assert found.paths == MOST_PATHS
    assert found_by(plain(2, 1000, 20), np.exp(plain(2, 1000, 20)["x0"])).paths == 992


def test_a_score_that_never_comes_near_its_ends_has_no_tornado():
    scores = plain(2, 1024, 21)
    scores["x1"] = np.full(1024, 0.5)
    stuck = next(one for one in found_by(scores, np.exp(scores["x0"])).inputs if one.name == "x1")
    assert stuck.spend_at_p10_usd is stuck.commit_at_p90_usd is None


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_an_error_that_names_the_path(wrong):
    scores, spend = plain(2, 1024, 22), np.ones(1024)
    spend[77] = wrong
    with pytest.raises(InputError, match=r"annual spend is .* on path 77, and not finite on 1 of 1,024 paths"):
        found_by(scores, spend, np.zeros(1024))
    scores["x1"][5] = wrong
    with pytest.raises(InputError, match=r"score of x1 is .* on path 5, and not inside \[0, 1\]"):
        found_by(scores, np.ones(1024))


def test_scores_outside_the_unit_interval_or_of_another_length_are_errors():
    scores = plain(2, 1024, 23)
    with pytest.raises(InputError, match="one number a path"):
        found_by(scores | {"x2": np.ones(1000)}, np.ones(1024))
    with pytest.raises(InputError, match="one number a path"):
        found_by(scores, np.ones(1000))
    with pytest.raises(InputError, match="one number a path"):
        found_by(scores, np.ones(1024), np.zeros(1000))
    scores["x0"][0] = 1.5
    with pytest.raises(InputError, match=r"score of x0 is 1\.5 on path 0"):
        found_by(scores, np.ones(1024))


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("growth", "growth of usage"),
        ("level", "level of usage today"),
        ("walk and noise, direction 2", "ups and downs of usage between years"),
        ("largest leaves", "largest type or customer leaves"),
        ("price moves, opus", "list price moves: opus"),
        ("price moves opus", "list price moves: opus"),
        ("event 0 big launch happens", "event 'big launch': whether it happens"),
        ("event 12 big launch month", "event 'big launch': its month"),
        ("route/triage/any/claude-haiku-5-5.share", "triage to claude-haiku-5-5: share routed"),
        ("route/a/b/any/claude-haiku-5-5.escalation", "a/b to claude-haiku-5-5: share that escalates"),
        ("route/x/claude-opus-5-5/gpt-4.1.ceiling", "x from claude-opus-5-5 to gpt-4.1: share adopted in the end"),
        ("cache/chat.hit_rate", "chat: cache hit rate"),
        ("cache/chat.start_month", "chat: cache, month it starts"),
        ("batch/nightly.share", "nightly: share sent as batch"),
        ("output/chat.cut", "chat: cut of output tokens"),
        ("milestone/evaluation passed.month", "milestone 'evaluation passed': its month"),
        ("milestone/evaluation passed.happens", "milestone 'evaluation passed': whether it is reached"),
        ("team/platform.slip_months", "team 'platform': how far it slips"),
        ("route/triage/any/m.new_thing", "triage to m: route new thing"),
        ("something/new.here", "something/new.here"),
        ("", ""),
    ],
)
def test_inputs_have_words_and_unknown_ones_keep_their_key(key, words):
    assert driver_name(key) == words


@pytest.fixture(scope="module")
def bill() -> Drivers:
    names = ("growth", "level", "price moves, opus", "route/triage/any/claude-haiku-5-5.share", "walk and noise", "odd")
    scores = dict(zip(names, plain(6, 16_384, 24).values(), strict=True))
    spend = 1e6 * np.exp(LOG_SD @ ndtri(np.array(list(scores.values()))) + 0.1 * ndtri(plain(1, 16_384, 25)["x0"]))
    return drivers(scores, spend, np.maximum(7e5 - spend, 0), lambda paths: float(np.quantile(spend[paths], 0.1)))


def test_sentences_name_what_matters_and_what_stays_unexplained(bill):
    about_spend, moved, about_shortfall = drivers_sentences(bill)
    assert about_spend.startswith("Annual spend is uncertain above all because of growth of usage (")
    share = bill.inputs[0].spend.first_order.mean
    assert f"growth of usage ({share * 100:.0f}% of its variance" in about_spend
    assert "the level of usage today (" in about_spend
    low, high = bill.inputs[0].spend_at_p10_usd, bill.inputs[0].spend_at_p90_usd
    assert moved.startswith("The most dollars hang on growth of usage")
    assert f"goes from {usd_short(low.mean)} to {usd_short(high.mean)}" in moved
    assert about_shortfall.startswith("Shortfall cost is uncertain above all because of growth of usage (")
    for table in (drivers_table(bill), shortfall_drivers_table(bill)):
        assert "unexplained" in table.note


def test_the_bound_on_the_inputs_that_a_sentence_leaves_out_holds(bill):
    said, _, _ = drivers_sentences(bill)
    (bound,) = re.findall(r"no other input explains more than (\d+)%", said)
    unnamed = [one for one in bill.inputs if one.spend.total.mean < WORTH_NAMING] or bill.inputs[3:]
    assert unnamed
    assert all(one.spend.total.mean <= int(bound) / 100 for one in unnamed)


def test_an_input_that_matters_only_together_with_others_says_so():
    scores = plain(2, 8192, 31)
    a, b = scores.values()
    found = found_by(dict(zip(("growth", "level"), (a, b), strict=True)), 10 + (a - 0.5) * (b - 0.5))
    said = drivers_sentences(found)[0]
    shares = re.findall(r"\((\d+(?:\.\d)?)% of its variance alone, (\d+)% together with other inputs\)", said)
    (alone, together) = map(float, shares[0])
    assert alone < 5
    assert together > 90


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("walk and noise", "ups and downs of usage"),
        ("largest type leaves", "the largest type leaving"),
        ("price moves opus", "list price moves of opus"),
        ("event 1 EU launch happens", "whether event 'EU launch' happens"),
        ("event 1 EU launch size", "the size of event 'EU launch'"),
        ("route/triage/any/claude-haiku-5-5.share", "the share of triage routed to claude-haiku-5-5"),
        ("route/triage/any/claude-haiku-5-5.escalation", "the share of triage that escalates from claude-haiku-5-5"),
        ("cache/answer.hit_rate", "answer (cache hit rate)"),
        ("something new", "something new"),
    ],
)
def test_an_input_stands_in_a_sentence_without_a_colon(key, said):
    found = found_by({key: plain(1, 1024, 32)["x0"]}, np.exp(plain(1, 1024, 32)["x0"]))
    assert f"because of {said} (" in drivers_sentences(found)[0]


def test_an_input_without_effect_is_shown_below_what_could_be_seen(bill):
    rows = {row[0]: row for row in drivers_table(bill).rows}
    assert rows["odd"][1].startswith("< ")
    assert next(iter(rows)) == "growth of usage"
    assert rows["growth of usage"][3].startswith("$")
    assert "Spend is good to about ± $" in drivers_table(bill).note
    by_shortfall = [one[0] for one in shortfall_drivers_table(bill).rows]
    assert by_shortfall[0] == "growth of usage"
    assert len(by_shortfall) == 6


def test_commitments_are_shown_to_the_first_digit_of_their_error(bill):
    unit = 10 ** int(np.floor(np.log10(bill.commit_se_usd)))
    for row in drivers_table(bill).rows:
        for cell in row[5:]:
            assert int(cell.strip("$").replace(",", "")) % unit == 0


def test_two_inputs_with_the_same_words_are_told_apart():
    keys = ("event 0 launch happens", "event 1 launch happens")
    scores = dict(zip(keys, plain(2, 1024, 26).values(), strict=True))
    found = found_by(scores, np.exp(scores[keys[0]]))
    names = [row[0] for row in drivers_table(found).rows]
    assert len(set(names)) == 2
    assert set(shares_frame(found)["name"]) == set(names)


def test_json_has_the_promised_keys_and_only_numbers_or_null(bill):
    promised = {"name", "first_order", "total", "spend_at_p10_usd", "spend_at_p90_usd"}
    promised |= {"commit_at_p10_usd", "commit_at_p90_usd", "first_order_se", "total_se", "shortfall_total"}
    few = found_by(plain(1, 100, 27), np.ones(100))
    for found in (bill, few, found_by(plain(1, 1024, 28), np.ones(1024))):
        written = json.loads(json.dumps(drivers_json(found), allow_nan=False))
        assert all(promised <= one.keys() for one in written["inputs"])
    assert drivers_json(bill)["inputs"][0]["total"] == bill.inputs[0].spend.total.mean
    first = drivers_json(few)["inputs"][0]
    assert first["first_order"] is first["spend_at_p10_usd"] is first["commit_at_p90_usd"] is None


# --- charts ----------------------------------------------------------------------------------------------------------


def test_charts_say_what_they_show_and_how_to_read_it(bill):
    few = found_by(plain(1, 100, 29), np.ones(100))
    for chart, axis in (
        (shares_chart, "share of variance (%)"),
        (spend_tornado_chart, "expected list spend (USD, year 1)"),
        (commit_tornado_chart, "best commitment (USD a year)"),
    ):
        spec = chart(bill).to_dict()
        assert spec["title"]["text"]
        assert spec["title"]["subtitle"]
        assert titles_of_axes(spec) == {axis, "uncertain input"}
        assert chart(few).to_dict()["title"] == spec["title"], "nothing to show is a chart without marks, not an error"


def test_a_tornado_is_sorted_by_its_width_and_carries_the_figures(bill):
    for frame, chart in (
        (spend_tornado_frame(bill), spend_tornado_chart(bill)),
        (commit_tornado_frame(bill), commit_tornado_chart(bill)),
    ):
        assert frame["p10_words"].tolist() == [usd_short(usd) for usd in frame["p10"]]
        spec = json.dumps(chart.to_dict())
        assert "at its P10" in spec, "the legend and not the words say which end is which"
        assert (frame["high"] - frame["low"]).is_monotonic_decreasing
        assert (frame["low"] <= frame["high"]).all()
    growth = spend_tornado_frame(bill).set_index("name").loc["growth of usage"]
    assert (growth["p10"], growth["p90"]) == (
        bill.inputs[0].spend_at_p10_usd.mean,
        bill.inputs[0].spend_at_p90_usd.mean,
    )


def test_a_name_in_lines_is_the_name(bill):
    for frame in (shares_frame(bill), spend_tornado_frame(bill)):
        for name, row in zip(frame["name"], frame["row"], strict=True):
            assert row.replace("\n", " ") == name.replace(": ", " ")
            longest = max(map(len, name.split()))
            assert all(len(line) <= max(20, longest) for line in row.split("\n"))


def test_a_chart_shows_the_largest_inputs():
    scores = plain(LARGEST_ROWS + 4, 1024, 30)
    found = found_by(scores, np.exp(sum(scores.values())))
    frame = shares_frame(found)
    assert len(frame) == LARGEST_ROWS
    assert frame["total"].is_monotonic_decreasing
    assert frame["alone"].tolist() == [one.spend.first_order.mean for one in found.inputs[:LARGEST_ROWS]]
