"""[signed] and [alerts] of a plan file: every key reaches its field or is refused, and nothing later is in the plan."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import tomlkit
from strategies import mix_entry, override

from planner.bundled import data_path
from planner.errors import InputError
from planner.inputs import PlanInputs
from planner.plan_file.loader import load_plan, parse_plan
from planner.plan_file.schema import PlanFile
from planner.plan_file.signed_sections import AlertsSection, SignedSection
from planner.signed import AlertLimits, Signed
from planner.tracking.signed_plan import MOST_PATHS, as_signed, signed_part

Table = dict[str, Any]

SIGNED: Table = {"on": date(2027, 2, 20), "commit_usd_per_year": 2000.0}


def plan(contract: Table | None = None, **other: Any) -> PlanInputs:
    bands = [{"min_commit_usd_per_year": 1000.0, "discount_fraction": 0.2}]
    table: Table = {
        "plan": {"start": date(2027, 3, 1)},
        "mix": [mix_entry()],
        "prices": {"override": [override("strong")]},
        "contract": {"band": bands, **(contract or {})},
    }
    return parse_plan(tomlkit.dumps({**table, **other}), base_dir=Path())


def test_a_plan_in_which_nothing_was_signed_cannot_be_tracked_and_is_told_what_to_write() -> None:
    inputs = plan()
    assert inputs.signed is None
    with pytest.raises(InputError, match=r"\[signed\]\non = 2027-03-01\ncommit_usd_per_year"):
        signed_part(inputs)


def test_every_key_reaches_its_field() -> None:
    alerts = {"shortfall_probability": 0.4, "overage_probability": 0.6, "outside_band_months": 5}
    found = plan(signed=SIGNED | {"discount_fraction": 0.11}, alerts=alerts).signed
    assert found == Signed(
        on=date(2027, 2, 20), commits_usd_per_year=(2000.0,), discount_fraction=0.11, alerts=AlertLimits(**alerts)
    )
    assert set(alerts) == set(AlertsSection.model_fields)
    assert {*SIGNED, "discount_fraction"} == set(SignedSection.model_fields)
    assert {"signed", "alerts"} <= PlanFile.model_fields.keys()


def test_without_alerts_a_quarter_of_a_chance_and_three_months_outside_fire() -> None:
    found = plan(signed=SIGNED).signed
    assert found is not None
    assert found.alerts == AlertLimits(shortfall_probability=0.25, overage_probability=None, outside_band_months=3)
    assert found.discount_fraction is None


@pytest.mark.parametrize(
    ("contract", "given", "years"),
    [
        ({"term_months": 36}, 2000.0, (2000.0, 2000.0, 2000.0)),
        ({"term_months": 36, "ramp": [1.0, 1.5, 2.0]}, 2000.0, (2000.0, 3000.0, 4000.0)),
        ({"term_months": 30}, [2000.0, 2500.0, 900.0], (2000.0, 2500.0, 900.0)),
        ({"term_months": 24, "commit_usd_per_year": [2000.0, 3000.0]}, None, (2000.0, 3000.0)),
        ({"term_months": 24, "commit_usd_per_year": [2000.0, 3000.0]}, 2000.0, (2000.0, 3000.0)),
        ({"term_months": 24, "commit_usd_per_year": [2000.0, 3000.0]}, [2000.0, 3000.0], (2000.0, 3000.0)),
    ],
)
def test_a_commitment_of_year_one_is_one_of_every_year(contract: Table, given: Any, years: tuple[float, ...]) -> None:
    commit = {} if given is None else {"commit_usd_per_year": given}
    found = plan(contract, signed={"on": date(2027, 2, 20)} | commit).signed
    assert found is not None
    assert found.commits_usd_per_year == years


@pytest.mark.parametrize(
    ("contract", "signed", "said"),
    [
        ({}, {"on": date(2027, 2, 20)}, "signed.commit_usd_per_year is missing"),
        ({}, {"commit_usd_per_year": 2000.0}, "signed.on: missing"),
        ({}, SIGNED | {"on": date(2028, 3, 1)}, r"signed.on = 2028-03-01: the term ended before, on 2028-02-29"),
        ({}, SIGNED | {"commit_usd_per_year": [1.0, 2.0]}, "has 2 commitments and the contract 1 contract years"),
        ({}, SIGNED | {"commit_usd_per_year": []}, "the list is empty"),
        ({}, SIGNED | {"commit_usd_per_year": 0.0}, "nothing was committed"),
        ({}, SIGNED | {"commit_usd_per_year": -1.0}, "signed.commit_usd_per_year = -1"),
        ({}, SIGNED | {"discount_fraction": 1.0}, "must be less than 1"),
        ({}, SIGNED | {"commitment": 1.0}, "unknown key"),
        ({"commit_usd_per_year": 3000.0}, SIGNED, r"is not what contract.commit_usd_per_year fixes \(\[3000.0\]\)"),
    ],
)
def test_what_cannot_have_been_signed_is_refused(contract: Table, signed: Table, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan(contract, signed=signed)


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        ({"shortfall_probability": 0.0}, "must be greater than 0"),
        ({"overage_probability": 1.1}, "must be less than or equal to 1"),
        ({"outside_band_months": 0}, "must be greater than or equal to 1"),
        ({"outside_band_months": 1.5}, "must be a valid integer"),
        ({"shortfall": 0.5}, "unknown key"),
    ],
)
def test_what_no_alert_can_be_is_refused(alerts: Table, said: str) -> None:
    with pytest.raises(InputError, match=said):
        plan(signed=SIGNED, alerts=alerts)


def test_the_last_day_of_the_term_is_still_a_day_of_signing() -> None:
    assert plan(signed=SIGNED | {"on": date(2028, 2, 29)}).signed is not None


def test_prices_later_than_the_signing_are_refused() -> None:
    prices: Table = {"override": [override("strong")], "on": date(2027, 2, 21)}
    with pytest.raises(InputError, match=r"prices.on = 2027-02-21 is after signed.on = 2027-02-20"):
        plan(signed=SIGNED, prices=prices)
    assert plan(signed=SIGNED, prices=prices | {"on": date(2027, 2, 20)}).signed is not None


def test_alerts_of_a_plan_that_is_not_signed_are_said() -> None:
    assert any("no [signed]" in note for note in plan(alerts={"shortfall_probability": 0.5}).notes)
    assert not any("[signed]" in note for note in plan().notes)
    assert not any("[signed]" in note for note in plan(signed=SIGNED, alerts={}).notes)


def test_a_plan_as_it_was_signed_has_nothing_that_came_later() -> None:
    inputs = load_plan(data_path("plans", "example.toml"))
    assert inputs.usage is not None
    assert inputs.usage.window == (date(2026, 6, 1), date(2026, 10, 31))
    signed = Signed(on=date(2026, 9, 30), commits_usd_per_year=(900_000.0,))
    before = as_signed(replace(inputs, prices=replace(inputs.prices, on=None)), signed)
    assert before.usage is not None
    assert before.usage.window == (date(2026, 6, 1), date(2026, 9, 30))
    assert before.prices.on == date(2026, 9, 30)
    assert [scenario.name for scenario in before.scenarios] == ["as is", "route first"]
    assert before.months == 24
    assert before.paths == MOST_PATHS
    later = as_signed(inputs, replace(signed, on=date(2027, 1, 15)))
    assert later.usage is not None
    assert later.usage.window == inputs.usage.window
    assert later.prices.on == inputs.prices.on


def test_the_signed_example_was_signed() -> None:
    inputs = load_plan(data_path("plans", "signed.toml"))
    assert inputs.signed is not None
    assert inputs.signed.on < inputs.start
    assert inputs.signed.commits_usd_per_year == (680_000.0,)
    assert not inputs.notes
