"""Business units in words: one contract against one each, the fair split, who would leave it, and JSON for scripts."""

from math import isfinite
from typing import Any

from planner.business_units.result import Group, Pooling, UnitShare
from planner.negotiation_reports.units_sentences import (
    LEAST_USD,
    commit_usd,
    cost_words,
    term_words,
    units_sentences,
)
from planner.offer import Offer
from planner.plan import Plan
from planner.risk import Estimate
from planner.tables import Table
from planner.words import percent, percent_estimate, usd, usd_estimate, usd_rounded_down, usd_short

Json = dict[str, Any]


def units_tables(plan: Plan, found: Pooling) -> list[Table]:
    """Every table of the units: a contract each, the fair split of one, groups that would leave it."""
    return [alone_table(plan, found), split_table(plan, found), leavers_table(found)]


def alone_table(plan: Plan, found: Pooling) -> Table:
    """Each unit with a contract of its own, and all of them with one."""
    rows = [
        (
            unit.name,
            usd_short(unit.on_demand.mean),
            *_contract_cells(unit.alone),
            usd(unit.alone.expected_shortfall.mean),
        )
        for unit in found.units
    ]
    separate = found.separate
    listed = usd_short(sum(unit.on_demand.mean for unit in found.units))
    each = (
        f"a contract each: {len(found.units)}",
        listed,
        usd_rounded_down(separate.commit_usd_per_year),
        "",
        usd_estimate(separate.expected_cost),
        percent_estimate(separate.any_shortfall),
        usd(separate.expected_shortfall.mean),
    )
    pooled = ("one contract for all", listed, *_contract_cells(found.pooled), usd(found.pooled.expected_shortfall.mean))
    return Table(
        title=f"Business units with a contract each, and with one for all: USD over {term_words(plan)}",
        columns=("unit", "at list", "commits a year", "discount", "expected cost", "shortfall risk", "shortfall"),
        rows=(*rows, each, pooled),
        numeric=frozenset(range(1, 7)),
        note=f"Shortfall risk of a contract each: that at least one leaves something unused.{_ramp_note(found)}",
    )


def _contract_cells(group: Group) -> tuple[str, ...]:
    offer = group.offer
    return (
        "none" if offer.is_none else usd_rounded_down(offer.commit_usd_per_year),
        percent(offer.discount_fraction),
        usd_estimate(group.expected_cost),
        percent_estimate(group.shortfall_probability),
    )


def _ramp_note(found: Pooling) -> str:
    is_flat = all(group.offer.is_flat for group in found.groups)
    return "" if is_flat else " Commitment and discount are those of contract year 1."


def split_table(plan: Plan, found: Pooling) -> Table:
    """One contract for all, split over the units."""
    offer = found.pooled.offer
    core = ("pays, and no group leaves",) if any(unit.core_cost_usd is not None for unit in found.units) else ()
    total = (
        "all",
        usd_estimate(found.pooled.cost),
        usd_estimate(found.value),
        usd(offer.commit_usd_per_year),
        "n/a" if offer.is_none else percent(1.0),
        usd_estimate(found.pooled.expected_shortfall),
        *(usd(found.pooled.cost.mean) for _ in core),
    )
    return Table(
        title=f"A fair split of one contract for all: USD over {term_words(plan)}, of the {cost_words(found.decision)}",
        columns=("unit", "pays", "saves", "commits a year", "of it", "of the shortfall", *core),
        rows=(*(_split_row(unit, offer) for unit in found.units), total),
        numeric=frozenset(range(1, 6 + len(core))),
        note="Pays: what a unit adds to the cost on joining, averaged over all orders in which units could join "
        "(Shapley). Saves: against a contract of its own. Commits: what it draws where the pool just uses the "
        "commitment up. Of the expected shortfall, a unit that fills more gaps than it leaves has a negative part: "
        "what it is owed.",
    )


def _split_row(unit: UnitShare, offer: Offer) -> tuple[str, ...]:
    return (
        unit.name,
        usd_estimate(unit.cost),
        usd_estimate(unit.saving),
        usd(commit_usd(unit, offer)),
        percent(None if unit.commit_fraction is None else unit.commit_fraction.mean),
        usd_estimate(unit.shortfall),
        *(() if unit.core_cost_usd is None else (usd(unit.core_cost_usd),)),
    )


def leavers_table(found: Pooling) -> Table:
    """Groups that would pay less with a contract of their own; no rows where no group would."""
    groups = [group for group in found.groups[:-1] if found.excess_usd(group) > LEAST_USD]
    rows = [
        (
            " + ".join(group.units),
            usd_rounded_down(group.offer.commit_usd_per_year),
            percent(group.offer.discount_fraction),
            usd(group.cost.mean),
            usd(found.share_usd(group)),
            usd(found.excess_usd(group)),
        )
        for group in sorted(groups, key=found.excess_usd, reverse=True)
    ]
    return Table(
        title="Groups that would pay less with a contract of their own",
        columns=("group", "commits a year", "discount", "pays by itself", "pays in the split", "more"),
        rows=tuple(rows),
        numeric=frozenset(range(1, 6)),
        note="What the split asks of a group beyond its own contract; the largest first.",
    )


def units_json(plan: Plan, found: Pooling) -> Json:
    """Everything that `planner units --json` prints; dollars are those of the term unless the name says otherwise.

    Shares of the cost add up to pooled.objective_usd, which is the expected cost unless the decision minimises another
    (planner.business_units.signing);
    shares of the commitment and of the shortfall add up to the pool's. The worst group is the one that the split asks
    most of beyond its own contract.
    """
    separate = found.separate
    return {
        "objective": found.decision.objective,
        "money": found.decision.money,
        "term_months": plan.inputs.contract.term_months,
        "paths": found.n_paths,
        "units": [_unit_json(unit, found.pooled.offer) for unit in found.units],
        "pooled": _group_json(found.pooled),
        "separate": {
            "commit_usd_per_year": separate.commit_usd_per_year,
            **_estimate_json("objective", separate.cost),
            **_estimate_json("expected_cost", separate.expected_cost),
            "any_shortfall_probability": separate.any_shortfall.mean,
            "any_shortfall_probability_se": _finite(separate.any_shortfall.se),
            **_estimate_json("expected_shortfall", separate.expected_shortfall),
        },
        **_estimate_json("pooling_value", found.value),
        **_estimate_json("pooling_value_from_band", found.from_band),
        **_estimate_json("pooling_value_from_sharing", found.from_spreading),
        "in_core": found.in_core,
        "core_is_empty": found.core_is_empty,
        "least_core_usd": found.least_core_usd,
        "worst_group": list(found.worst.units),
        **_estimate_json("worst_group_excess", found.worst_excess),
        "groups": [
            _group_json(group) | {"share_of_cost_usd": found.share_usd(group), "excess_usd": found.excess_usd(group)}
            for group in found.groups
        ],
        "sentences": units_sentences(plan, found),
        "warnings": list(found.notes),
    }


def _unit_json(unit: UnitShare, offer: Offer) -> Json:
    alone, fraction = unit.alone, unit.commit_fraction
    return {
        "name": unit.name,
        "request_types": list(unit.request_types),
        **_estimate_json("on_demand_cost", unit.on_demand),
        **{f"alone_{key}": value for key, value in _group_json(alone).items() if key != "units"},
        **_estimate_json("share_of_cost", unit.cost),
        **_estimate_json("saving", unit.saving),
        "share_of_commit_usd_per_year": commit_usd(unit, offer),
        "share_of_commit_fraction": None if fraction is None else fraction.mean,
        "share_of_commit_fraction_se": None if fraction is None else _finite(fraction.se),
        **_estimate_json("share_of_expected_shortfall", unit.shortfall),
        "core_share_of_cost_usd": unit.core_cost_usd,
    }


def _group_json(group: Group) -> Json:
    offer = group.offer
    return {
        "units": list(group.units),
        "commit_usd_per_year": offer.commit_usd_per_year,
        "discount_fraction": offer.discount_fraction,
        "contract_years": [
            {"commit_usd_per_year": year.commit_usd_per_year, "discount_fraction": year.discount_fraction}
            for year in (offer, *offer.later)
        ],
        **_estimate_json("objective", group.cost),
        **_estimate_json("expected_cost", group.expected_cost),
        "shortfall_probability": group.shortfall_probability.mean,
        "shortfall_probability_se": _finite(group.shortfall_probability.se),
        **_estimate_json("expected_shortfall", group.expected_shortfall),
    }


def _estimate_json(name: str, value: Estimate | None) -> Json:
    if value is None:
        return {f"{name}_usd": None, f"{name}_se_usd": None}
    return {f"{name}_usd": value.mean, f"{name}_se_usd": _finite(value.se)}


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
