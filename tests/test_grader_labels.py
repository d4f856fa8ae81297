"""Agreement of graders with people, against plain counts, published cases and cascades whose truth is known."""

import math
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from planner.evaluation.labels import FEWEST_LABELS, Agreement, agreement
from planner.evidence.graded import GradedAnswer


def verdicts(passed: list[bool], candidate: str = "small") -> list[GradedAnswer]:
    return [
        GradedAnswer(request_type="triage", candidate=candidate, id=str(number), passed=value)
        for number, value in enumerate(passed)
    ]


def agreed(grader: list[bool], people: list[bool]) -> Agreement:
    found = agreement(verdicts(grader), verdicts(people))
    assert found is not None
    return found


@settings(max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_rates_are_plain_counts(pairs: list[tuple[bool, bool]]) -> None:
    """pairs: the grader's verdict, the people's."""
    found = agreed([one for one, _ in pairs], [two for _, two in pairs])
    good, wrong = ([one for one, two in pairs if two is kind] for kind in (True, False))
    assert found.labels == len(pairs)
    assert (found.fnr.errors, found.fnr.answers) == (good.count(False), len(good))
    assert (found.fpr.errors, found.fpr.answers) == (wrong.count(True), len(wrong))
    assert found.fnr.rate == (good.count(False) / len(good) if good else None)
    expected = _kappa(pairs)
    assert found.kappa == (None if expected is None else pytest.approx(expected))


def _kappa(pairs: list[tuple[bool, bool]]) -> float | None:
    """Cohen's kappa by its definition, cell by cell."""
    share = {cell: Fraction(pairs.count(cell), len(pairs)) for cell in product((True, False), repeat=2)}
    observed = share[True, True] + share[False, False]
    rows = {kind: share[kind, True] + share[kind, False] for kind in (True, False)}
    columns = {kind: share[True, kind] + share[False, kind] for kind in (True, False)}
    chance = sum(rows[kind] * columns[kind] for kind in (True, False))
    return None if chance == 1 else float((observed - chance) / (1 - chance))


def test_kappa_of_a_published_table() -> None:
    """20 both yes, 5 and 10 apart, 15 both no: kappa 0.4."""
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert agreed([a for a, _ in pairs], [b for _, b in pairs]).kappa == pytest.approx(0.4)


@pytest.mark.parametrize(("errors", "answers"), [(0, 20), (1, 20), (7, 50), (49, 50), (20, 20)])
def test_intervals_are_equal_tails_of_the_posterior(errors: int, answers: int) -> None:
    rate = agreed([False] * errors + [True] * (answers - errors), [True] * answers).fnr
    posterior = beta(errors + 0.5, answers - errors + 0.5)
    assert rate.lower == pytest.approx(posterior.ppf(0.05) if errors else 0.0)
    assert rate.upper == pytest.approx(posterior.ppf(0.95) if errors < answers else 1.0)


def test_labels_meet_grades_by_type_candidate_and_id() -> None:
    found = agreement(verdicts([True, False]), [*verdicts([True, True, True]), *verdicts([False], "other")])
    assert found is not None
    assert (found.labels, found.unmatched) == (2, 2)
    assert found.too_few
    assert found.fpr.rate is None
    assert found.corrected(0.5) is None
    assert agreement(verdicts([True]), verdicts([True], "other")) is None


def test_few_labels_of_either_kind_are_too_few() -> None:
    enough = [True] * FEWEST_LABELS + [False] * FEWEST_LABELS
    assert not agreed(enough, enough).too_few
    assert agreed(enough[1:], enough[1:]).too_few
    assert agreed(enough[:-1], enough[:-1]).too_few


def test_no_error_among_the_fewest_labels_leaves_9_percent_open() -> None:
    rate = agreed([True] * FEWEST_LABELS, [True] * FEWEST_LABELS).fnr
    assert (rate.rate, rate.lower) == (0.0, 0.0)
    assert rate.upper == pytest.approx(0.090, abs=5e-4)
    said = (Path(__file__).parents[1] / "docs" / "method.md").read_text(encoding="utf-8")
    assert "below 20 labels" in said
    assert "up to 9.0 %" in said


def test_a_grader_no_better_than_chance_corrects_nothing() -> None:
    found = agreed([True, False, True, False], [True, True, False, False])
    assert found.corrected(0.5) is None


def test_what_is_corrected_stays_a_share() -> None:
    found = agreed([True] * 9 + [False] + [True] + [False] * 9, [True] * 10 + [False] * 10)
    assert found.corrected(0.05) == 0.0
    assert found.corrected(0.95) == 1.0
    assert found.corrected(0.5) == pytest.approx(0.5)


# ---------------------------------------------------------------------------------------------------------------------
# Cascades whose truth is known: a candidate right with probability p, a judge with error rates FNR and FPR

CASES = [(0.9, 0.05, 0.10), (0.7, 0.2, 0.3), (0.95, 0.02, 0.4), (0.5, 0.0, 0.25)]


def cascade(p: float, fnr: float, fpr: float, answers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(judge's verdicts, truth), both (answers,)."""
    random = np.random.default_rng(seed)
    good = random.random(answers) < p
    passed = random.random(answers) < np.where(good, 1 - fnr, fpr)
    return passed, good


@pytest.mark.parametrize(("p", "fnr", "fpr"), CASES)
def test_agreement_recovers_the_judge_and_the_cascade_s_escalation(p: float, fnr: float, fpr: float) -> None:
    passed, good = cascade(p, fnr, fpr, answers=4_000, seed=7)
    found = agreed(passed.tolist(), good.tolist())
    for rate, truth in ((found.fnr, fnr), (found.fpr, fpr)):
        assert rate.rate is not None
        assert abs(rate.rate - truth) <= 4 * math.sqrt(truth * (1 - truth) / rate.answers)
    q = p * fnr + (1 - p) * (1 - fpr)  # what the judge sends on, published for cascades
    assert abs((~passed).mean() - q) <= 4 * math.sqrt(q * (1 - q) / passed.size)
    measured_q = good.mean() * found.fnr.rate + (1 - good.mean()) * (1 - found.fpr.rate)
    assert measured_q == pytest.approx((~passed).mean())  # on the labelled answers themselves it is an identity


@pytest.mark.parametrize(("p", "fnr", "fpr"), CASES)
def test_the_corrected_pass_rate_recovers_the_share_of_good_answers(p: float, fnr: float, fpr: float) -> None:
    """Labels of 1,000 answers put the pass rate of 10,000 others right, within its delta-method standard error."""
    passed, good = cascade(p, fnr, fpr, answers=1_000, seed=11)
    found = agreed(passed.tolist(), good.tolist())
    observed = cascade(p, fnr, fpr, answers=10_000, seed=12)[0].mean()
    corrected = found.corrected(float(observed))
    rate = p * (1 - fnr) + (1 - p) * fpr
    told_apart = 1 - fnr - fpr
    variance = rate * (1 - rate) / 10_000
    variance += p**2 * fnr * (1 - fnr) / found.fnr.answers + (1 - p) ** 2 * fpr * (1 - fpr) / found.fpr.answers
    assert corrected is not None
    assert abs(corrected - p) <= 4 * math.sqrt(variance) / told_apart
    assert abs(observed - p) > abs(corrected - p)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Of 2,000 sets of 60 labels, 90 % of intervals hold the error rate, within 4 standard errors and Jeffreys' own
    wobble of three points."""
    random, truth, answers = np.random.default_rng(3), 0.12, 60
    errors = random.binomial(answers, truth, size=2_000)
    ends = {
        int(count): agreed([False] * int(count) + [True] * (answers - int(count)), [True] * answers).fnr
        for count in np.unique(errors)
    }
    held = np.mean([ends[int(count)].lower <= truth <= ends[int(count)].upper for count in errors])
    assert abs(held - 0.9) <= 0.03 + 4 * math.sqrt(0.9 * 0.1 / 2_000)
