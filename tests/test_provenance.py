"""Where numbers come from: every provenance says what the plan holds, and its formula gives the number again."""

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
import trackings
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from typer.testing import CliRunner

from planner.bundled import app_path
from planner.cli import app as command_line
from planner.identity import program
from planner.negotiation.clause_values import trade_list
from planner.negotiation.positions import positions
from planner.negotiation.terms_pricer import terms_pricer
from planner.plan import Plan, build_plan
from planner.plan_file.assumption_keys import is_written
from planner.plan_file.loader import load_plan, parse_plan
from planner.provenance import EXACT, Basis, Input, Provenance, bases, basis_lines, error_line, inputs_table
from planner.provenance_of.columns import commitment_columns, dead_zone_columns, ledger_columns, use_columns
from planner.provenance_of.levers import levers_provenance
from planner.provenance_of.offers import against_best, expected_cost, mean_shortfall, shortfall_risk
from planner.provenance_of.positions import positions_provenance
from planner.provenance_of.rests_on import spend_rests_on
from planner.provenance_of.told import annual_columns, decided, explained
from planner.provenance_of.tracked import forecast_figure, left_to_use
from planner.ui.commit.decision import decision_figures, offer_figures
from planner.ui.showing.provenance_popover import origins
from planner.ui.showing.sentences import run_rate_figures
from planner.ui.track.track_results import now_against_signing
from planner.waterfall import waterfalls

ROOT = Path(__file__).parents[1]
SMALL = ROOT / "tests" / "plans" / "small.toml"
METHOD = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")

CONTRACTS = {
    "plain": "term_months = 12",
    "ramp, rollover, present value": (
        "term_months = 24\nramp = [1.0, 1.5]\n[contract.rollover]\nshare = 0.5\nmonths = 6"
        '\n[contract.payment]\nmode = "upfront"\ncost_of_capital_per_year = 0.08'
    ),
    "list dollars, part eligible": 'term_months = 18\ndrawdown = "list"\noverage = 0.02\neligible_fraction = 0.8',
    "fixed, marketplace": (
        "term_months = 12\ncommit_usd_per_year = 170_000\n[contract.marketplace]\nchannel = 'm'\nfee_fraction = 0.03"
        "\ncap_usd_per_year = 9_000\notherwise_unused_usd_per_year = 9_000"
    ),
    "incremental bands": 'term_months = 12\nband_mode = "incremental"\nshortfall = "true_up"\ntrue_up_rate = 0.6',
    "nothing signed": "term_months = 12\ncommit_usd_per_year = 0",
}


def of_contract(terms: str, paths: int = 600) -> Plan:
    text = SMALL.read_text(encoding="utf-8").replace("months = 12\npaths = 4_000", f"paths = {paths}")
    return build_plan(parse_plan(text.replace("term_months = 12", terms), base_dir=SMALL.parent))


@pytest.fixture(scope="module", params=CONTRACTS)
def plan(request: pytest.FixtureRequest) -> Plan:
    return of_contract(CONTRACTS[request.param])


@pytest.fixture(scope="module")
def small() -> Plan:
    return of_contract(CONTRACTS["plain"])


def number(found: Provenance, symbol: str) -> float:
    """The one input of a symbol, unrounded."""
    (value,) = (item.number for item in found.inputs if item.symbol == symbol)
    assert value is not None
    return value


def named(found: Sequence[Provenance], name: str) -> Provenance:
    return next(item for item in found if item.name == name)


# ---------------------------------------------------------------------------------------------------------------------
# The formula, applied to the inputs that are listed, gives the number


def test_formulas_give_the_numbers_of_the_decision_again(plan: Plan) -> None:
    found, best = decided(plan), plan.recommendation
    risk, shortfall, cost = (named(found, name) for name in ("Shortfall risk", "Mean shortfall", "Expected cost"))
    assert number(risk, "m") / number(risk, "n") == pytest.approx(best.shortfall_probability.mean, abs=1e-12)
    product = number(shortfall, "P(shortfall)") * number(shortfall, "E[shortfall | there is one]")
    assert product == pytest.approx(best.expected_shortfall.mean, abs=0.01)
    parts = [item for item in cost.inputs if item.symbol in ("owed", "overage", "outside", "fees")]
    assert sum(item.number or 0.0 for item in parts) == pytest.approx(best.expected_cost.mean, rel=1e-9)
    assert " + ".join(item.symbol for item in parts) in cost.formula
    below = named(found, "Below list")
    saved = 1 - number(below, "E[paid]") / number(below, "E[list]")
    assert saved == pytest.approx(best.effective_savings_rate, abs=1e-12)
    present = [item for item in found if item.name == "Present value"]
    assert bool(present) is (plan.inputs.contract.payment.cost_of_capital_per_year > 0)


def test_the_shortfall_is_what_the_paths_say_when_the_formula_is_written_out() -> None:
    """The textbook formula on the raw list spend, with the C, d and q that the popover lists."""
    for terms in ("term_months = 12", 'term_months = 12\ndrawdown = "list"'):
        one = of_contract(terms)
        found = shortfall_risk(one, one.recommendation)
        commit, discount, q = (number(found, symbol) for symbol in ("C", "d", "q"))
        assert q == (commit if "list" in terms else commit / (1 - discount))
        spend = one.spend[found.scenario].list_cost_usd[:12].sum(axis=0)
        assert number(found, "L") == pytest.approx(spend.mean(), rel=1e-12)
        lost = (1 - discount) * np.maximum(0.0, q - spend)
        assert number(found, "m") == (lost > 0.005).sum()
        told = mean_shortfall(one, one.recommendation)
        assert number(told, "P(shortfall)") * number(told, "E[shortfall | there is one]") == pytest.approx(lost.mean())


def test_signing_first_and_against_best_are_differences_of_what_is_listed(small: Plan) -> None:
    first = named(explained(small), "Signing first")
    costs = [number(first, f"E[paid at the {whose}]") for whose in ("baseline's commitment", "recommendation")]
    assert costs[0] - costs[1] == pytest.approx(small.sign_first.cost.mean, abs=1e-6)
    offer = small.inputs.contract.offer_at(100_000.0)
    against = against_best(small, offer, present_value_counts=False)
    sample = small.samples[small.inputs.decision.scenario]
    mine, best = sample.expect([offer, small.recommendation.offer])
    assert (
        number(against, "E[paid(C)]") - number(against, "E[paid(C*)]")
        == mine.expected_cost_usd - best.expected_cost_usd
    )
    assert against.value.startswith("$")


def test_the_recommendation_is_the_cheapest_of_what_stands_beside_it_within_the_limit(small: Plan) -> None:
    found = named(explained(small), "Sign")
    costs = {item.name: item.number for item in found.inputs if item.symbol == "E[paid]"}
    risks = {item.name: item.number for item in found.inputs if item.symbol == "P(shortfall)"}
    limit = number(found, "limit")
    allowed = [cost for name, cost in costs.items() if cost is not None and (risks.get(name) or 0.0) <= limit]
    assert costs["at C*"] == min(allowed)
    assert (risks["at C*"] or 0.0) <= limit


def test_spend_adds_up_and_the_saving_is_a_ratio_of_what_is_listed(plan: Plan) -> None:
    for name, summary in plan.summaries.items():
        found = named(annual_columns(plan), f"Annual list spend of '{name}'")
        months = [item.number or 0.0 for item in found.inputs]
        assert len(months) == 12
        assert sum(months) == pytest.approx(summary.annual.mean, rel=1e-9)
    scenario = plan.inputs.decision.scenario
    saving = named(annual_columns(plan), "Saving, last month")
    ratio = number(saving, "E[last month, scenario]") / number(saving, "E[last month, baseline]")
    assert 1 - ratio == pytest.approx(plan.summaries[scenario].run_rate_saving_fraction)
    month = named(explained(plan), "A level month at list")
    assert sum(item.number or 0.0 for item in month.inputs) == pytest.approx(
        sum(line.monthly_list_cost_usd for line in plan.prepared.mix_lines)
    )
    assert month.error == EXACT


def test_the_ledger_balances_by_what_is_listed(plan: Plan) -> None:
    ledger = ledger_columns(plan, plan.recommendation)[0]
    by_name = {item.name: item.number for item in ledger.inputs if item.number is not None}
    used = ("drawn from current", "drawn from banked", "forfeited", "waived", "still banked")
    assert by_name["committed"] == pytest.approx(sum(by_name[name] for name in used), abs=0.01)


def test_the_waterfall_adds_up_by_what_is_listed(small: Plan) -> None:
    for name, fall in waterfalls(small).items():
        change, *rest = levers_provenance(small, fall)
        assert number(change, "optimised") - number(change, "today") == pytest.approx(fall.change.mean)
        if rest:
            steps, paid = rest
            assert sum(item.number or 0.0 for item in steps.inputs) == pytest.approx(fall.change.mean)
            parts = ("optimised", "seats and fees", "net discount")
            assert sum(number(paid, part) for part in parts) == pytest.approx(fall.paid.mean)
        assert bool(rest) is (name != "as is")


def test_positions_are_differences_of_what_is_listed() -> None:
    small = of_contract(CONTRACTS["plain"], paths=200)
    pricer = terms_pricer(small)
    found = positions(pricer, trade_list(pricer))
    *worth, walk = positions_provenance(small, found)
    assert worth
    for told, position in zip(worth, (found.opening, found.target), strict=True):
        saved = number(told, "measure(on the table)") - number(told, "measure(with the asks)")
        assert saved + position.own_value_usd == pytest.approx(position.better.mean)
    # At the discount told, signing costs what walking away does.
    assert found.walk_away.discount_fraction is not None
    at = pricer.contract.offer_of(found.table.offer.commits_usd_per_year(1), found.walk_away.discount_fraction)
    signed = pricer.signed(found.table.contract, at).measure_usd
    assert signed == pytest.approx(number(walk, "measure(without a deal)"), rel=1e-6)


def test_what_is_tracked_says_what_was_seen() -> None:
    tracking = trackings.tracking()
    for figure in now_against_signing(tracking):
        assert figure.provenance is not None
        found = figure.provenance()
        assert found.name == figure.name
        told = {item.name.partition(",")[0]: item for item in found.inputs}
        assert told["drawn"].number == tracking.forecast.period.drawn_usd
        assert tracking.months[-1].month in told["drawn"].source
        assert told["signed on"].value == str(tracking.signed.signed.on)
        assert found.basis.paths == tracking.forecast.n_paths
    assert left_to_use(tracking).value
    with pytest.raises(KeyError):
        forecast_figure(tracking, "nothing")


# ---------------------------------------------------------------------------------------------------------------------
# What is said is so


def everything(plan: Plan) -> tuple[Provenance, ...]:
    best, scenario = plan.recommendation, plan.inputs.decision.scenario
    figures = [*decision_figures(plan), *run_rate_figures(plan)]
    value = plan.samples[scenario].expect([best.offer])[0]
    figures += offer_figures(plan, value, best)
    return (
        *explained(plan),
        *commitment_columns(plan),
        *ledger_columns(plan, best),
        *dead_zone_columns(plan),
        *use_columns(plan, scenario),
        *annual_columns(plan),
        *(figure.provenance() for figure in figures if figure.provenance is not None),
    )


def test_every_figure_of_a_decision_has_a_provenance_that_tells_the_same_value(plan: Plan) -> None:
    for figure in [*decision_figures(plan), *run_rate_figures(plan)]:
        assert figure.provenance is not None, figure.name
        found = figure.provenance()
        if figure.error and "$" not in figure.error:
            assert figure.error.removesuffix(" points").removeprefix("± ") in found.error, (figure, found.error)
        assert found.inputs


def test_sections_and_formulas_are_those_of_the_method(plan: Plan) -> None:
    headings = {re.sub(r"^\d+ ", "", line.lstrip("# ")) for line in METHOD.splitlines() if line.startswith("#")}
    found = everything(plan)
    assert {item.section for item in found} <= headings
    written = re.sub(r"\s+", " ", METHOD)
    for formula in (
        "shortfall = (1 - d) * max(0, q - L)",
        "overage = (1 - e) * max(0, L - q)",
        "cost of signing first = E[paid at the baseline's commitment] - E[paid at the recommendation]",
        "opening bank + committed = drawn from current + drawn from banked + forfeited + waived + still banked",
        "paid = (committed - waived) as owed + overage + what is billed outside",
    ):
        assert formula in written
        told = any(formula in re.sub(r"\s+", " ", item.formula) for item in found)
        assert told or (formula.startswith("cost of signing") and plan.inputs.contract.commits_usd_per_year is not None)


def test_every_key_that_a_source_names_stands_in_the_plan_file(plan: Plan) -> None:
    document: dict[str, Any] = tomllib.loads(plan.inputs.text)
    rows = [item for found in everything(plan) for item in (*found.inputs, *found.rests_on)]
    keys = {item.source.removeprefix("plan file, ").partition(":")[0] for item in rows if "plan file, " in item.source}
    dotted = {key for key in keys if re.fullmatch(r"[\w .]+", key) and "." in key}
    assert any(key.startswith("scenario.") for key in dotted)
    for key in dotted:
        assert is_written(document, key.split(".")), key
    left_out = [item.source for item in rows if "yours would stand under" in item.source]
    assert left_out
    assert all(said.startswith(("judgement that ships", "default of")) for said in left_out)


def test_nothing_is_told_that_is_not_known(plan: Plan) -> None:
    for found in everything(plan):
        said = " ".join(
            [found.value, found.error, *(f"{item.name} {item.value} {item.source}" for item in found.inputs)]
        )
        assert not re.search(r"\b(nan|inf|None)\b", said), said
        assert found.basis.plan_sha256 == plan.inputs.sha256
        assert found.basis.seed == plan.inputs.seed
        assert found.basis.paths == plan.n_paths == 600
        assert found.basis.priced_on == plan.prepared.priced_on
        assert found.basis.version == program()


def test_a_source_follows_what_the_plan_says_of_its_keys() -> None:
    text = SMALL.read_text(encoding="utf-8").replace("paths = 4_000", "paths = 200")
    note = '\n[[assumption]]\nkey = "demand.growth_per_year"\nowner = "CFO"\nsource = "board plan"\n'

    def growth(written: str) -> Input:
        one = build_plan(parse_plan(written, base_dir=SMALL.parent))
        return next(item for item in spend_rests_on(one, "route first") if "growth per year" in item.name)

    assert growth(text).source == "plan file, demand.growth_per_year"
    assert growth(text + note).source == "plan file, demand.growth_per_year: board plan"
    untyped = text.replace("growth_per_year = { p10 = 0.05, p90 = 1.00 }", "")
    assert "judgement that ships" in growth(untyped).source
    assert growth(untyped).value != growth(text).value


def test_a_measured_plan_names_its_log_its_days_and_what_was_left_out() -> None:
    inputs = load_plan(ROOT / "data" / "plans" / "example.toml")
    text = re.sub(r"paths = [\d_]+", "paths = 200", inputs.text)
    one = build_plan(parse_plan(text, base_dir=inputs.base_dir))
    source = named(explained(one), "A level month at list").inputs[0].source
    measured = one.prepared.measurement
    assert measured is not None
    for said in ("example.jsonl.gz", str(measured.first.date()), str(measured.last.date()), "[[usage.exclude]]"):
        assert said in source
    bands = [item for item in expected_cost(one, one.recommendation).inputs if item.symbol == "d"]
    assert "placeholders from advisory sources" in bands[0].source


# ---------------------------------------------------------------------------------------------------------------------
# How it is shown

BASIS = Basis(
    plan="p", plan_sha256="a" * 64, priced_on=date(2026, 11, 23), prices="data", seed=7, paths=4_000, version="v 1"
)
SAVED = Provenance(
    name="Below list",
    value="20.0%",
    formula="1 - E[paid] / E[list]",
    section="What is shown beside it",
    inputs=(Input(symbol="E[paid]", name="expected cost", value="$8", source="simulated", number=8.0),),
    basis=BASIS,
    scenario="routed",
)


def test_a_provenance_is_told_whole_and_what_several_share_once() -> None:
    assert inputs_table(SAVED).rows == (("E[paid]", "expected cost", "$8", "simulated"),)
    assert error_line(SAVED) == "Exact for this plan: no simulation is in it. Scenario: 'routed'."
    told = " ".join(line for basis in bases([SAVED, SAVED]) for line in basis_lines(basis))
    for said in ("2026-11-23", "4,000", "seed 7", "a" * 12, "v 1"):
        assert told.count(said) == 1


def test_names_that_others_wrote_stay_in_their_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a | b\n\n# c `d` <script>x</script> [e](https://f.example) $g$"
    item, shown = Input(symbol="|", name=name, value=name, source=name), list[str]()
    monkeypatch.setattr(st, "markdown", shown.append)
    monkeypatch.setattr(st, "code", lambda *_, **__: None)
    origins([replace(SAVED, name=name, inputs=(item,), rests_on=(item,), scenario=name)])
    tables = [text for text in shown if text.startswith("| ")]
    assert len(tables) == 2
    for table in tables:
        lines = table.splitlines()
        assert len(lines) == 3
        assert all(len(re.findall(r"(?<!\\)\|", line)) == 4 for line in lines)
        assert "<script>" not in table
        assert "https:" not in table


def test_a_page_makes_nothing_of_what_a_closed_popover_would_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*_: object) -> None:
        raise AssertionError("nobody has asked where a number comes from")

    for module in ("rests_on", "terms"):
        monkeypatch.setattr(f"planner.provenance_of.{module}.answered", made)
    monkeypatch.setenv("PLANNER_PLAN", str(SMALL))
    app = AppTest.from_file(str(app_path()), default_timeout=120)
    app._page_hash = calc_hash("commit")
    app.run()
    assert not app.exception
    assert len(app.metric) >= 3
    st.cache_resource.clear()


def test_the_command_line_explains_every_number_of_the_answer(small: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(small.inputs.text, encoding="utf-8")
    printed = CliRunner().invoke(command_line, ["plan", str(path), "--explain", "--quiet"])
    assert printed.exit_code == 0
    for item in explained(small):
        assert f"{item.name}: {item.value}" in printed.output
        assert item.formula.splitlines()[0] in printed.output
    assert printed.output.count(small.inputs.sha256[:12]) == 1
    asked = CliRunner().invoke(command_line, ["plan", str(path), "--explain", "--json"])
    assert asked.exit_code == 0
    told = json.loads(asked.stdout)["explained"]
    assert [row["name"] for row in told] == [item.name for item in explained(small)]
    assert told[0]["basis"]["plan_sha256"] == small.inputs.sha256
