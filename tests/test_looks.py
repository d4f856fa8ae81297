"""Looks at graded answers against counting every path, against scipy, and by simulating models at and above the bar."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betainc

from planner.errors import InputError
from planner.evidence.looks import Schedule, answers_to_settle, bounds, look_at
from planner.evidence.operating import operating, pass_probability
from planner.evidence.quality import Evidence

SMALL = [(9, 3, 0.6), (10, 5, 0.8), (12, 2, 0.5), (8, 8, 0.7)]
LARGE = [(200, 4, 0.9), (200, 1, 0.9), (60, 60, 0.8), (100, 5, 0.95), (400, 8, 0.7)]


def first_crossings(passed: np.ndarray, schedule: Schedule, looks: int) -> tuple[np.ndarray, np.ndarray]:
    """(passes, fails) per row of answers, by the first crossing: counted anew at every look, in plain numpy."""
    found = bounds(schedule, looks)
    counted = passed.cumsum(axis=1)
    passes, fails = np.zeros(len(passed), bool), np.zeros(len(passed), bool)
    for n, high, failures in zip(found.answers, found.passes, found.failures, strict=True):
        open_ones = ~passes & ~fails
        passes |= open_ones & (counted[:, n - 1] >= high)
        fails |= open_ones & (n - counted[:, n - 1] >= failures)
    return passes, fails


@pytest.mark.parametrize(("answers", "looks", "bar"), SMALL)
def test_the_size_of_a_schedule_is_what_counting_every_path_finds(answers, looks, bar):
    schedule = Schedule(answers=answers, looks=looks, bar=bar, confidence=0.8)  # so that little can pass at all
    paths = np.array(list(product([False, True], repeat=answers)))
    x = paths.sum(axis=1)
    found = bounds(schedule, looks)
    counted = paths.cumsum(axis=1)
    passes, fails = first_crossings(paths, schedule, looks)
    for rate in (bar, 0.3, 0.95):
        odds = rate**x * (1 - rate) ** (answers - x)
        expected = operating(rate, schedule)
        assert odds[passes].sum() == pytest.approx(expected.passes, abs=1e-12)
        assert odds[fails].sum() == pytest.approx(expected.fails, abs=1e-12)
    at_bar = bar**x * (1 - bar) ** (answers - x)
    crosses, misses = np.zeros(len(paths), bool), np.zeros(len(paths), bool)  # each side as if the other were not there
    for look, (n, high, failures) in enumerate(zip(found.answers, found.passes, found.failures, strict=True), 1):
        allowed = schedule.spent_fraction(look)
        tighter = crosses | (counted[:, n - 1] >= high - 1), misses | (n - counted[:, n - 1] >= failures - 1)
        assert all(at_bar[side].sum() > allowed for side in tighter), "a lower count would have spent too much"
        crosses |= counted[:, n - 1] >= high
        misses |= n - counted[:, n - 1] >= failures
        assert at_bar[crosses].sum() <= allowed + 1e-12
        assert at_bar[misses].sum() <= allowed + 1e-12
    assert passes.any()
    assert fails.any()


@pytest.mark.parametrize(("answers", "looks", "bar"), LARGE)
def test_a_model_at_its_bar_passes_or_fails_in_at_most_one_of_twenty_evaluations_with_every_extension(
    answers, looks, bar
):
    """By simulation up to two doublings of the planned answers; one a little below, or above, does so more rarely."""
    schedule = Schedule(answers=answers, looks=looks, bar=bar)
    draws, runs = np.random.default_rng(11), 10_000
    uniform = draws.random((runs, 4 * answers), dtype=np.float32)
    at_bar = first_crossings(uniform < bar, schedule, looks + 2)
    error = 4 * np.sqrt(0.05 * 0.95 / runs)
    for found, other in zip(at_bar, reversed(at_bar), strict=True):
        assert 0.02 < found.mean() <= 0.05 + error
        assert not (found & other).any()
    assert first_crossings(uniform < bar - 0.02, schedule, looks + 2)[0].mean() < at_bar[0].mean()
    assert first_crossings(uniform < bar + 0.02, schedule, looks + 2)[1].mean() < at_bar[1].mean()


@pytest.mark.parametrize(("answers", "looks", "bar"), [*LARGE, (20_000, 20, 0.9), (50, 5, 0.99)])
def test_each_side_stays_within_its_error_exactly_however_often_the_answers_are_doubled(answers, looks, bar):
    schedule = Schedule(answers=answers, looks=looks, bar=bar)
    found = operating(bar, schedule, doublings=5)
    assert found.passes <= 0.05
    assert found.fails <= 0.05
    assert operating(bar, schedule).passes <= 0.04 + 1e-12
    below = [operating(rate, schedule, doublings=2).passes for rate in (bar, bar - 0.01, bar - 0.05, 0.0)]
    assert below == sorted(below, reverse=True)


def test_counting_after_every_answer_changes_nothing():
    """A single bound at every answer passes a model at its bar far too often; the schedule does not know of it."""
    schedule, draws = Schedule(answers=200, looks=4, bar=0.9), np.random.default_rng(5)
    runs = draws.random((2_000, 200)) < 0.9
    x, n = runs.cumsum(axis=1), np.arange(1, 201)
    peeked = (betainc(x + 0.5, n - x + 0.5, 0.9) <= 0.05).any(axis=1)
    assert peeked.mean() > 0.12
    passes, _ = first_crossings(runs, schedule, 4)
    for row, expected in list(zip(runs, passes, strict=True))[:30]:
        verdicts = [look_at(row[:counted], schedule).verdict for counted in range(0, 201, 10)]
        kept = [verdict for verdict in verdicts if verdict != "undecided"]
        assert len(set(kept)) <= 1, "a verdict stays"
        assert verdicts[verdicts.index(kept[0]) :] == kept if kept else True
        assert (verdicts[-1] == "pass") == expected


def test_a_model_clearly_above_its_bar_passes_with_the_power_and_after_the_answers_that_were_computed():
    schedule, draws, runs = Schedule(answers=200, looks=4, bar=0.9), np.random.default_rng(3), 20_000
    passed = draws.random((runs, 200)) < 0.96
    passes, fails = first_crossings(passed, schedule, 4)
    found = operating(0.96, schedule)
    assert found.passes == pass_probability(0.96, schedule) > 0.9
    assert passes.mean() == pytest.approx(found.passes, abs=4 * np.sqrt(0.25 / runs))
    assert found.undecided == pytest.approx(1 - found.passes - found.fails)
    answers = [50 if fail else 0 for fail in fails]  # a fail at 96 % is too rare to matter
    counted, used = passed.cumsum(axis=1), np.full(runs, 200)
    for n, high in reversed(list(zip((50, 100, 150), bounds(schedule, 3).passes, strict=True))):
        used = np.where(counted[:, n - 1] >= high, n, used)
    assert sum(answers) < 0.001 * 200 * runs
    assert used.mean() == pytest.approx(found.expected_answers, abs=4 * used.std() / np.sqrt(runs))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 300),
    st.floats(0.3, 0.99),
    st.sampled_from([(200, 4, 0.9), (40, 3, 0.7), (100, 5, 0.97), (7, 7, 0.5)]),
    st.integers(0, 2**32 - 1),
)
def test_a_bound_is_on_that_side_of_the_bar_which_its_count_says(answers, rate, schedule, seed):
    """Lower >= bar exactly where as many passed as the look needs; both are Clopper and Pearson's at its level."""
    schedule = Schedule(answers=schedule[0], looks=schedule[1], bar=schedule[2])
    passed = np.random.default_rng(seed).random(answers) < rate
    look = look_at(passed, schedule)
    ns = [n for n, _ in zip(schedule.look_answers(), range(12), strict=False) if n <= answers]
    assert look.number == len(ns)
    assert look.answers == (ns[-1] if ns else 0)
    assert look.next_answers > answers
    assert look.passed == passed[: look.answers].sum()
    if not ns:
        assert (look.lower, look.upper, look.verdict, look.settled_at) == (0.0, 1.0, "undecided", None)
        return
    found, x, n = bounds(schedule, look.number), look.passed, look.answers
    assert (look.lower >= schedule.bar) == (x >= found.passes[-1])
    assert (look.upper < schedule.bar) == (n - x >= found.failures[-1])
    assert look.lower == pytest.approx(stats.beta.ppf(look.level, x, n - x + 1) if x and look.level else 0.0, abs=1e-9)
    expected = stats.beta.ppf(1 - look.upper_level, x + 1, n - x) if x < n and look.upper_level else 1.0
    assert look.upper == pytest.approx(expected, abs=1e-9)
    if look.settled_at == n:
        assert look.verdict == ("pass" if look.lower >= schedule.bar else "fail")


def test_levels_are_those_of_the_counts_and_a_look_that_cannot_decide_says_nothing():
    found = bounds(Schedule(), 6)
    assert found.answers == (50, 100, 150, 200, 400, 800)
    assert found.passes[0] == 51, "50 answers in the first of four looks cannot pass 90 %"
    for n, passes, failures, level, upper_level in zip(
        found.answers, found.passes, found.failures, found.pass_levels, found.fail_levels, strict=True
    ):
        assert level == pytest.approx(stats.binom(n, 0.9).sf(passes - 1), abs=1e-12)
        assert upper_level == pytest.approx(stats.binom(n, 0.9).cdf(n - failures), abs=1e-12)


def slow_chance_settled(passed: int, answers: int, schedule: Schedule, further: int) -> tuple[float, float]:
    """(chance, error) by simulation: a rate from the posterior, answers at that rate, the bounds at each look."""
    draws, runs = np.random.default_rng(2), 40_000
    rates = draws.beta(passed + 0.5, answers - passed + 0.5, runs)
    count, at, is_open = np.full(runs, passed), answers, np.ones(runs, bool)
    for look, n in enumerate(schedule.look_answers(), 1):
        if n <= answers:
            continue
        if n > answers + further:
            break
        found = bounds(schedule, look)
        count, at = count + draws.binomial(n - at, rates), n
        is_open &= (count < found.passes[-1]) & (n - count < found.failures[-1])
    return 1 - is_open.mean(), 4 * np.sqrt(0.25 / runs)


@pytest.mark.parametrize(("passed", "answers"), [(5, 5), (45, 50), (142, 150), (120, 150), (116, 120), (33, 60)])
def test_further_answers_settle_it_as_often_as_asked_and_the_look_before_does_not(passed, answers):
    schedule = Schedule(answers=200, looks=4, bar=0.9)
    found = answers_to_settle(passed, answers, schedule)
    chance, error = slow_chance_settled(passed, answers, schedule, found)
    assert chance >= 0.8 - error
    before, _ = slow_chance_settled(passed, answers, schedule, found - 1)
    assert before < 0.8 + error


def test_a_settled_question_needs_no_more_answers_and_one_at_its_bar_too_many():
    assert look_at([True] * 100, Schedule()).verdict == "pass"
    assert look_at([True] * 100, Schedule()).answers_to_settle is None
    assert look_at([True] * 9 + [False], Schedule()).answers_to_settle is not None
    assert answers_to_settle(9_000, 10_000, Schedule()) is None


def test_the_first_look_that_settles_it_decides():
    late = [True] * 100 + [False] * 100
    look = look_at(late, Schedule())
    assert (look.verdict, look.settled_at, look.number) == ("pass", 100, 4)
    assert look.upper < 0.9


@pytest.mark.parametrize(
    "wrong",
    [{"answers": 0}, {"answers": 10**7}, {"looks": 0}, {"looks": 201}, {"answers": 3, "looks": 4}]
    + [{"bar": bar} for bar in (0.0, 1.0, -0.1, 90.0, float("nan"))]
    + [{"confidence": 1.0}, {"confidence": 0.2}],
)
def test_numbers_that_make_no_schedule_are_refused_by_name(wrong):
    with pytest.raises(InputError, match=rf"{list(wrong)[-1]} = "):
        Schedule(**wrong)


@pytest.mark.parametrize(("fnr", "fpr"), [(0.0, 0.0), (0.1, 0.2), (0.3, 0.05)])
def test_escalation_is_what_a_cascade_with_a_known_truth_pays_again(fnr, fpr):
    """q = p FNR + (1 - p)(1 - FPR): a cheap model answers, a judge that errs says what the dear one answers again."""
    draws, requests, rate = np.random.default_rng(8), 200_000, 0.93
    good = draws.random(requests) < rate
    sent_on = np.where(good, draws.random(requests) < fnr, draws.random(requests) >= fpr)
    error = 4 * np.sqrt(0.25 / requests)
    assert sent_on.mean() == pytest.approx(rate * fnr + (1 - rate) * (1 - fpr), abs=error)
    graded = int(good[:20_000].sum())
    evidence = Evidence(request_type="t", model="m", passed=graded, failed=20_000 - graded, fnr=fnr, fpr=fpr)
    assert evidence.escalation.mean == pytest.approx(sent_on.mean(), abs=4 * np.sqrt(0.25 / 20_000))


def test_answers_that_come_late_do_no_harm_and_another_order_at_every_count_does():
    """A model at the bar, counted after every 10 of 800 answers: looks take the answers in the order of the lines."""
    rng, runs, most, schedule = np.random.default_rng(2026), 1_000, 800, Schedule()
    found = bounds(schedule, 6)
    passed = rng.random((runs, most)) < schedule.bar
    places = np.arange(most)
    is_late = rng.random((runs, most)) < 0.05
    there_at = np.where(is_late, places + rng.integers(10, 200, (runs, most)), places)
    any_order = np.argsort(rng.random((runs, most)), axis=1)

    def passes(in_order_of_lines, arrives):
        ever = np.zeros(runs, dtype=bool)
        for n in range(10, most + 1, 10):
            is_there = arrives < n
            lines, right = np.cumsum(is_there, axis=1), np.cumsum(is_there & in_order_of_lines, axis=1)
            for answers, needed in zip(found.answers, found.passes, strict=True):
                reached = lines[:, -1] >= answers
                ever |= reached & (right[np.arange(runs), np.argmax(lines >= answers, axis=1)] >= needed)
        return float(ever.mean())

    late, sorted_anew = passes(passed, there_at), passes(passed, any_order)
    assert late <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
    assert 0.15 < sorted_anew < 0.27
