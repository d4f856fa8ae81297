"""A plan tracked where it is easy to be wrong: months that are not there, and commitments that rights have changed."""

from datetime import date
from typing import Any

import pytest
from tracked import month_of, signed_of, signed_table, use

from planner.lever_costs.unit_costs import Account
from planner.tracking.actual import ActualMonth
from planner.tracking.causes.observing import observed_of
from planner.tracking.forecasting.conditioning import conditioner_of
from planner.tracking.forecasting.forecast import forecast_of
from planner.tracking.months.merging import merged
from planner.tracking.result import Forecast
from planner.tracking.signed_plan import SignedPlan

EARLY = {"month": 8, "credit_fraction": 0.5, "commit_fraction": 1.0}


def plan(**contract: Any) -> SignedPlan:
    table = signed_table(paths=256)
    return signed_of(table | {"contract": table["contract"] | contract})


def months_of(signed: SignedPlan, indices: range, usd: float = 4_000.0) -> list[ActualMonth]:
    calls = usd * 100
    return [month_of(signed, at, [use("chat", "strong", calls, (calls * 1000, 0, 0, 0, 0), usd)]) for at in indices]


def forecast(signed: SignedPlan, months: list[ActualMonth]) -> Forecast:
    observed = observed_of(signed, months, ())
    return forecast_of(signed, observed, conditioner_of(signed).condition(observed), on=date(2027, 12, 31))


def test_the_first_months_of_the_term_are_missing_like_any_other() -> None:
    signed = plan()
    found = merged((), months_of(signed, range(2, 3)), first=f"{signed.inputs.start:%Y-%m}")
    assert [note.partition(":")[0] for note in found.notes] == [
        f"Nothing is known of {signed.inputs.start.year}-{month:02d}" for month in (1, 2)
    ]


def test_a_month_that_nothing_is_known_of_does_not_raise_the_pace() -> None:
    signed = plan()
    whole, gap = (forecast(signed, months_of(signed, months, 12_000.0)).pace for months in (range(6), range(1, 6)))
    assert gap.months_left == whole.months_left == 6
    # what the forecast expects of the month counts, so that the six months left need not make up for all of it
    assert gap.needed_usd == pytest.approx(whole.needed_usd, rel=0.15)


def test_what_is_committed_counts_what_an_early_renewal_commits() -> None:
    plain, early = plan(), plan(early_renewal=EARLY)
    as_it_is, renewed = (forecast(signed, months_of(signed, range(12), 100.0)) for signed in (plain, early))
    assert as_it_is.committed_usd == plain.signed.commits_usd_per_year[0]
    for found in (as_it_is, renewed):
        used = found.drawn_usd + found.expected_shortfall.mean
        assert found.committed_usd >= used - 0.01
    assert renewed.committed_usd > as_it_is.committed_usd
    assert renewed.committed_usd == pytest.approx(renewed.period.committed_usd)


def test_accounts_have_every_dollar_whatever_tier_the_tokens_are_of() -> None:
    signed = plan()
    tokens = use("chat", "strong", 5.0, (5, 0, 0, 0, 0), 70.0, account=Account(None), server_tools_usd=20.0)
    (month,) = [month_of(signed, 0, [tokens])]
    assert sum(usd.current for usd in month.accounts.values()) == pytest.approx(month.list_cost_usd)
