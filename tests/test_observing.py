"""The plan's central case against its own paths, and the requests behind the calls of a log."""

from dataclasses import replace

import numpy as np
import pytest
from strategies import mix_entry
from tracked import (
    CHAT,
    CHEAP,
    CUTS,
    JUDGE,
    MIDDLE,
    RESTLESS,
    STRONG,
    expected_uses,
    month_of,
    priced,
    signed_of,
    signed_table,
    use,
)

from planner.errors import InputError
from planner.evidence.drift import Counts
from planner.evidence_in_plan.checking import NewCounts
from planner.tracking.causes.observing import observed_of
from planner.tracking.causes.planned import Planned, planned
from planner.tracking.causes.requests import requests_of
from planner.tracking.causes.served import logged_escalations, served
from planner.tracking.signed_plan import SignedPlan


@pytest.fixture(scope="module")
def signed() -> SignedPlan:
    return signed_of(signed_table())


@pytest.fixture(scope="module")
def central(signed: SignedPlan) -> Planned:
    return planned(signed)


def test_the_central_case_is_the_mean_of_the_plans_paths() -> None:
    restless = signed_of(signed_table(demand=RESTLESS, cuts=CUTS, paths=8192))
    usd = restless.spend.list_cost_usd[:12]
    # the mean of each of the sixteen independent replicates, and their scatter
    replicates = np.stack([usd[:, start::16].mean(axis=1) for start in range(16)])
    se = replicates.std(axis=0, ddof=1) / 4
    assert np.abs(planned(restless).month_usd() - replicates.mean(axis=0)) == pytest.approx(
        0.0, abs=float(4 * se.max())
    )
    assert (se < 0.01 * replicates.mean(axis=0)).all()


def test_levers_are_averaged_over_paths_and_not_at_their_means(signed: SignedPlan, central: Planned) -> None:
    # demand and prices stand still: every path's spend is that of its levers alone, and no walk blurs the mean
    usd = signed.spend.list_cost_usd[:12].mean(axis=1)
    assert central.month_usd() == pytest.approx(usd, rel=1e-3)
    costs = next(item for item in signed.prepared.scenario_costs if item.scenario.name == "levers")
    at_means = costs.mean_unit_costs(np.arange(12.0)) @ signed.prepared.spend_model.requests
    assert np.abs(at_means - usd).max() > 10 * np.abs(central.month_usd() - usd).max()


def test_use_that_grows_when_it_becomes_cheaper_is_in_the_central_case() -> None:
    grown = signed_of(signed_table(demand={"rebound": 0.3}, cuts=CUTS, paths=8192))
    assert planned(grown).month_usd() == pytest.approx(grown.spend.list_cost_usd[:12].mean(axis=1), rel=0.01)


def test_a_month_as_planned_is_observed_as_planned(signed: SignedPlan, central: Planned) -> None:
    months = [month_of(signed, index, expected_uses(central, index)) for index in (3, 0, 7)]
    found = observed_of(signed, months, (), central)
    assert [item.month for item in found] == [0, 3, 7]
    volume = central.requests @ signed.prepared.spend_model.unit_costs_usd
    assert [item.volume_usd for item in found] == pytest.approx([volume[index] for index in (0, 3, 7)])
    actual = served(signed, central, months)
    structure = requests_of(central, actual, {}).structure
    assert structure.routed == pytest.approx(np.maximum(structure.routed, 0.0))
    assert structure.home.min() >= 0.0


@pytest.mark.parametrize("escalation", [0.1, 0.3])
def test_requests_are_told_from_calls_when_routes_escalate_and_judges_are_called(
    signed: SignedPlan, central: Planned, escalation: float
) -> None:
    # 900,000 requests of chat: 60,000 on the cheap model by themselves as ever (7.4 %), 300,000 routed there
    requests, routed = 900_000.0, 300_000.0
    native = requests * 100_000 / 1_350_000
    judged = 0.75 * routed
    on = {
        "strong": (requests - native - routed) * 0.8 + escalation * judged,
        "other strong": (requests - native - routed) * 0.2,
        "cheap": native + routed,
        "middle": judged,
    }
    rates = {"strong": STRONG, "other strong": STRONG, "cheap": CHEAP, "middle": MIDDLE}
    uses = [
        use("chat", model, calls, *priced(calls, JUDGE if model == "middle" else CHAT, rates[model]))
        for model, calls in on.items()
    ]
    logged = NewCounts(
        request_type="chat",
        model="cheap",
        source="logged outcomes",
        counts=Counts(hits=round(escalation * 10_000), total=10_000),
    )
    month = month_of(signed, 11, uses)
    (found,) = observed_of(signed, [month], (logged,), central)
    unit = dict(zip(central.types, signed.prepared.spend_model.unit_costs_usd.tolist(), strict=True))
    assert found.volume_usd == pytest.approx(requests * unit["chat"])
    structure = requests_of(
        central, served(signed, central, [month]), logged_escalations(signed, central, [logged])
    ).structure
    cheap = central.groups.index((central.types.index("chat"), "cheap"))
    strong, other = (central.groups.index((central.types.index("chat"), name)) for name in ("strong", "other strong"))
    assert structure.routed[0, cheap] == pytest.approx(routed / requests)
    assert structure.home[0, strong] / structure.home[0, other] == pytest.approx(4.0)


def test_without_outcomes_a_request_escalates_as_often_as_planned(signed: SignedPlan, central: Planned) -> None:
    month = month_of(signed, 5, expected_uses(central, 5))
    usual = NewCounts(request_type="chat", model="cheap", source="logged outcomes", counts=Counts(hits=1, total=2))
    (less,) = observed_of(signed, [month], (usual,), central)
    (as_planned,) = observed_of(signed, [month], (), central)
    graded = replace(usual, source="graded answers")
    assert less.volume_usd is not None
    assert as_planned.volume_usd is not None
    assert less.volume_usd < as_planned.volume_usd  # more of the calls are second ones
    assert observed_of(signed, [month], (graded,), central) == (as_planned,)


def test_outcomes_of_a_newer_model_count_for_the_plans_of_its_tier() -> None:
    route = {"request_type": "chat", "to": "claude-haiku-4-5", "share": 0.5, "escalation": 0.1}
    mix = [mix_entry("chat", "claude-opus-5")]
    signed = signed_of(signed_table(mix=mix, overrides=[], scenario=[{"name": "levers", "route": [route]}], paths=16))
    central = planned(signed)
    new = [
        NewCounts(request_type=name, model=model, source="logged outcomes", counts=Counts(hits=hits, total=100))
        for name, model, hits in (
            ("chat", "claude-haiku-4-5", 10),
            ("chat", "claude-haiku-5-5", 30),
            ("chat", "claude-sonnet-5", 90),
            ("unknown", "claude-haiku-5-5", 90),
        )
    ]
    logged = logged_escalations(signed, central, new)
    assert logged == {
        ("chat", "claude-haiku-4-5"): Counts(hits=40, total=200),
        ("chat", "claude-sonnet-5"): Counts(hits=90, total=100),
    }
    uses = [
        use("chat", "claude-opus-5", 500_000.0 + 100_000.0, (1, 0, 0, 0, 0), 1.0),
        use("chat", "claude-haiku-4-5", 200_000.0, (1, 0, 0, 0, 0), 1.0),
        use("chat", "claude-haiku-5-5", 300_000.0, (1, 0, 0, 0, 0), 1.0),
    ]
    actual = served(signed, central, [month_of(signed, 0, uses)])
    assert requests_of(central, actual, logged).requests == pytest.approx(1_000_000.0)


def test_types_that_the_plan_does_not_know_count_with_their_own_cost(signed: SignedPlan, central: Planned) -> None:
    new = use("new thing", "strong", 10, (100, 0, 0, 0, 0), 7.0, list_cost_usd=9.0, server_tools_usd=1.0)
    (found,) = observed_of(signed, [month_of(signed, 0, [new])], (), central)
    assert found.volume_usd == pytest.approx(7.0)
    assert found.signing_usd == pytest.approx(7.0)
    assert found.current_usd == pytest.approx(9.0)


def test_a_type_of_which_the_plan_has_no_requests_counts_with_its_own_cost() -> None:
    table = signed_table(mix=[mix_entry(), mix_entry("idle", monthly_requests=0.0)], scenario=(), decision={})
    signed = signed_of(table)
    uses = [use("chat", "strong", 100, (1, 0, 0, 0, 0), 5.0), use("idle", "strong", 100, (1, 0, 0, 0, 0), 3.0)]
    (found,) = observed_of(signed, [month_of(signed, 0, uses)], ())
    assert found.volume_usd == pytest.approx(100 * 0.01 + 3.0)


def test_a_log_without_request_counts_tells_no_volume(signed: SignedPlan, central: Planned) -> None:
    counted, blind = (use("chat", "strong", calls, (100, 0, 0, 0, 0), 1.0) for calls in (5, None))
    months = [month_of(signed, 0, [counted]), month_of(signed, 1, [counted, blind])]
    first, second = observed_of(signed, months, (), central)
    assert first.volume_usd is not None
    assert second.volume_usd is None
    assert second.signing_usd == pytest.approx(2.0)


def test_what_is_scaled_of_a_running_month_stays_so(signed: SignedPlan, central: Planned) -> None:
    month = month_of(signed, 2, [use("plain", "middle", 5, (1, 0, 0, 0, 0), 1.0)])
    (found,) = observed_of(signed, [replace(month, is_closed=False, scale=2.5, scale_log_sd=0.1)], (), central)
    assert (found.scale, found.scale_log_sd, found.is_closed) == (2.5, 0.1, False)
    assert found.signing_usd == pytest.approx(1.0)


def test_no_lever_and_no_use_at_all() -> None:
    signed = signed_of(signed_table(scenario=(), decision={}))
    central = planned(signed)
    assert central.month_usd() == pytest.approx(signed.spend.list_cost_usd[:12, 0])
    (found,) = observed_of(signed, [month_of(signed, 0, [])], (), central)
    assert found.volume_usd == 0.0


def test_a_month_outside_the_term_is_an_error(signed: SignedPlan, central: Planned) -> None:
    for index in (-1, 12):
        with pytest.raises(InputError, match="no month of the term"):
            observed_of(signed, [month_of(signed, index, [])], (), central)
