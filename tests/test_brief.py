"""The brief: what else could be signed, priced again in closed form, and what each heading says."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from briefs import BANDS, QUOTE, RAMP, plan_of, text_of
from openpyxl import load_workbook

from planner.brief.brief import Brief
from planner.brief.worked_out import brief_of
from planner.dossier import Dossier, dossier
from planner.offer import Offer
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.report import headline, offer_name
from planner.simulation import KeptPaths
from planner.workbook.book import write_workbook


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(text_of())


@pytest.fixture(scope="module")
def brief(plan: Plan) -> Brief:
    return brief_of(Dossier(plan=plan))


@pytest.fixture(scope="module")
def negotiated_dossier() -> Dossier:
    kept = KeptPaths()
    text = text_of(more=QUOTE).replace("paths = 4096", "paths = 512")
    return dossier(build_plan(parse_plan(text, base_dir=Path()), None, kept), kept)


@pytest.fixture(scope="module")
def negotiated(negotiated_dossier: Dossier) -> Brief:
    return brief_of(negotiated_dossier)


# --- what else could be signed ---------------------------------------------------------------------------------------


def paid(plan: Plan, commit: float, discount: float) -> np.ndarray:
    """One year, all use eligible, list overage: the commitment, and at list what goes beyond what it buys."""
    used = plan.uses["route"].on_demand_usd
    return commit + np.maximum(used - commit / (1.0 - discount), 0.0) if commit else used


def standard_error(sample: np.ndarray) -> float:
    """From the means of the 16 randomisations, path j in number j mod 16."""
    means = [sample[first::16].mean() for first in range(16)]
    return float(np.std(means, ddof=1) / 4.0)


def test_every_alternative_costs_what_the_closed_form_says(plan: Plan, brief: Brief) -> None:
    best = plan.recommendation.offer
    ours = paid(plan, best.commit_usd_per_year, best.discount_fraction)
    assert {item.kind for item in brief.alternatives} == {"none", "band", "less", "more"}
    for item in brief.alternatives:
        offer = item.offer
        cost = paid(plan, offer.commit_usd_per_year, offer.discount_fraction)
        short = plan.uses["route"].on_demand_usd * (1.0 - offer.discount_fraction) < offer.commit_usd_per_year - 0.005
        assert item.expected_cost.mean == pytest.approx(cost.mean(), rel=1e-12)
        assert item.costs_more.mean == pytest.approx((cost - ours).mean(), abs=1e-6)
        assert item.costs_more.se == pytest.approx(standard_error(cost - ours), rel=1e-9)
        assert item.shortfall_probability.mean == pytest.approx(short.mean())
        assert item.meets_limit == (short.mean() <= 0.10 or offer.is_none)
    none = next(item for item in brief.alternatives if item.kind == "none")
    assert brief.saving.mean == pytest.approx(none.costs_more.mean)


def test_the_best_of_a_band_is_as_good_as_every_allowed_commitment_of_a_fine_grid(plan: Plan, brief: Brief) -> None:
    lows = [low for low, _ in BANDS]
    ours = plan.recommendation.offer.commit_usd_per_year
    for item in (item for item in brief.alternatives if item.kind == "band"):
        low = max(low for low in lows if low <= item.offer.commit_usd_per_year)
        stop = next((other for other in lows if other > low), 3 * low)
        assert not low <= ours < stop
        grid = np.linspace(low, stop - 0.01, 301)
        discount = dict(BANDS)[low]
        used = plan.uses["route"].on_demand_usd
        allowed = [commit for commit in grid if (used * (1 - discount) < commit - 0.005).mean() <= 0.10]
        assert item.meets_limit == bool(allowed)
        if allowed:
            assert item.expected_cost.mean <= min(paid(plan, commit, discount).mean() for commit in allowed) + 1e-6
        else:
            assert item.offer.commit_usd_per_year == low


def test_the_limit_comes_before_the_price_and_the_cheapest_allowed_is_next_best(negotiated: Brief) -> None:
    order = [(not item.meets_limit, item.costs_more.mean / item.term_months) for item in negotiated.alternatives]
    assert order == sorted(order)
    assert negotiated.alternatives[0].name in negotiated.next_best[0]


def test_a_quote_of_the_same_term_is_compared_in_dollars_and_of_another_per_list_dollar(
    negotiated: Brief, negotiated_dossier: Dossier
) -> None:
    assert negotiated_dossier.negotiated is not None
    best = negotiated.plan.recommendation
    rate = best.expected_cost.mean / best.on_demand_cost_usd
    for quote in negotiated_dossier.negotiated.quotes.quotes:
        months = quote.quote.contract.term_months
        told = {item.kind: item for item in negotiated.alternatives if item.quote == quote.quote.name}
        assert "as_quoted" in told
        for kind, item in told.items():
            priced = quote.standing if kind == "as_quoted" else quote.best
            assert item.term_months == months
            paid, listed = float(priced.paid_usd.mean()), float(priced.listed_usd.mean())
            against = best.expected_cost.mean if months == 12 else rate * listed
            assert item.costs_more.mean == pytest.approx(paid - against, abs=1e-6 * paid)
            words = "as quoted" if kind == "as_quoted" else "at its best"
            assert item.name.endswith(words if months == 12 else f"{words}, 24 months")


def test_a_discount_at_the_walk_away_costs_what_signing_nothing_does(plan: Plan, brief: Brief) -> None:
    assert brief.walk_away_fraction is not None
    commit = plan.recommendation.offer.commit_usd_per_year
    there = paid(plan, commit, brief.walk_away_fraction).mean()
    assert there == pytest.approx(plan.uses["route"].on_demand_usd.mean(), rel=1e-5)


# --- what is said ----------------------------------------------------------------------------------------------------


def test_a_dossier_says_more_than_its_plan_and_repeats_nothing(brief: Brief, negotiated: Brief) -> None:
    for item in (brief, negotiated):
        said = [*item.sign, *item.why, *item.risk, *item.next_best, *item.changes, *item.warnings]
        assert len(said) == len(set(said))
        assert not [sentence for sentence in said if "nan" in sentence.lower().split() or "None" in sentence]
    for words in ("The most dollars hang on", "Knowing ", "Walk away", "The recommended commitment costs at most"):
        assert any(words in sentence for sentence in negotiated.changes), words


def test_what_is_not_an_offer_in_hand_and_a_commitment_of_a_cent_are_said_so(brief: Brief, negotiated: Brief) -> None:
    words = "A quote at its best: at the commitment that you would choose under its terms, not as it was quoted."
    assert (words in negotiated.next_best, words in brief.next_best) == (True, False)
    assert (
        offer_name(Offer(commit_usd_per_year=0.01, discount_fraction=0.05, overage_discount_fraction=0.0))
        == "under $1 a year at 5.0% discount"
    )


def test_signing_first_is_said_to_cost_more_not_to_cost(plan: Plan) -> None:
    assert re.search(r"would have meant .* and cost \$[\d,]+ ± \d+ more than after it: ", headline(plan)[2])


def test_a_ramp_says_when_the_shortfall_falls() -> None:
    text = text_of(RAMP, bands=((10_000, 0.3), (24_000, 0.4))).replace("paths = 4096", "paths = 256")
    ramped = plan_of(text.replace("max_shortfall_probability = 0.10", "max_shortfall_probability = 0.9"))
    found = brief_of(Dossier(plan=ramped))
    outcome = ramped.recommendation
    assert sum(found.shortfall.by_period_usd) == pytest.approx(outcome.expected_shortfall.mean)
    worst = int(np.argmax(found.shortfall.by_period_usd))
    assert any(f"contract year {worst + 1}, and is owed at the end of December {2027 + worst}" in s for s in found.risk)
    low, high = found.shortfall.interval
    assert low < outcome.shortfall_probability.mean < high


@pytest.mark.parametrize("bands", [((9_000_000, 0.1),), BANDS], ids=["nothing to sign", "fixed"])
def test_what_is_fixed_or_not_signed_has_a_brief_too(bands: tuple[tuple[int, float], ...]) -> None:
    contract = "term_months = 12\n" + ("commit_usd_per_year = 20_000\n" if bands is BANDS else "")
    made = plan_of(text_of(contract, bands=bands))
    found = brief_of(Dossier(plan=made))
    assert made.recommendation.offer.is_none == (bands is not BANDS)
    assert all((found.sign, found.why, found.risk))
    assert bool(found.next_best) == (bands is BANDS)
    assert ("As the plan fixes it" in found.sign[0]) == (bands is BANDS)


def test_one_path_has_a_brief_without_errors(plan: Plan) -> None:
    inputs = replace(plan.inputs, paths=1)
    found = brief_of(Dossier(plan=build_plan(inputs)))
    assert found.shortfall.interval[0] == found.shortfall.interval[1]


def test_the_sheet_is_one_page_with_the_flag_before_anything_else(brief: Brief, tmp_path: Path) -> None:
    write_workbook(Dossier(plan=brief.plan), tmp_path / "book.xlsx")
    sheet = load_workbook(tmp_path / "book.xlsx", data_only=True)["Decision"]
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToHeight, sheet.page_setup.fitToWidth) in (
        (None, None),
        (1, 1),
    )  # one is what none says
    assert [sheet["A3"].value, sheet["B3"].value] == ["Checks of this workbook", "all hold"]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    for sentence in (*brief.sign, *brief.why, *brief.risk, *brief.changes, *brief.warnings):
        assert any(sentence in text for text in texts), sentence
    rows = {row[5].value: [cell.value for cell in row[6:12]] for row in sheet.iter_rows() if row[5].value}
    for item in brief.alternatives:
        cells = rows[item.name if item.meets_limit else f"{item.name} *"]
        assert cells[2:] == pytest.approx(
            [
                item.costs_more.mean,
                item.costs_more.se,
                item.shortfall_probability.mean,
                item.shortfall_probability.se,
            ]
        )
