"""When to sign, in tables, notes and JSON for scripts."""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from planner.negotiation.known_by_then import PATHS_PER_GROUP
from planner.negotiation.part_of_term import contract_of_months
from planner.negotiation.when_to_sign import SigningChoice, SigningChoices
from planner.negotiation_reports.signing_sentences import MEASURES, is_dated, is_limited, strategy_words
from planner.plan import Plan
from planner.risk import Estimate
from planner.tables import Table
from planner.words import count, percent, percent_estimate, usd_estimate, usd_rounded_down, usd_short

Json = dict[str, Any]


def signing_tables(plan: Plan, found: SigningChoices) -> list[Table]:
    """What each way to sign commits, what it costs, and what can go wrong with it."""
    return [commitments_table(plan, found), cost_table(plan, found), risk_table(plan, found)]


def commitments_table(plan: Plan, found: SigningChoices) -> Table:
    """What is signed now, and what later on average, between P10 and P90 and how often not at all."""
    rows = tuple(
        (
            _named(found, one),
            _signed_now(one),
            *((_mean(one), _spread(one), percent(one.unsigned_fraction)) if one.sign_month else ("", "", "")),
        )
        for one in found.choices
    )
    return Table(
        title=f"When to sign: commitments a year, {plan.inputs.contract.term_months} months from "
        f"{plan.inputs.start:%B %Y} in '{plan.inputs.decision.scenario}'",
        columns=("way to sign", "now", "later", "P10 to P90", "later none"),
        rows=rows,
        numeric=frozenset(range(1, 5)),
        note=f"* best. What is signed later depends on what has been spent until then{_groups(found)}: the mean, P10 "
        "to P90, and on how many paths it is none. Short contracts are assumed to get the plan's annual bands.",
    )


def cost_table(plan: Plan, found: SigningChoices) -> Table:
    """What every way to sign costs, and what it gives up by waiting."""
    dated, measure = is_dated(plan), MEASURES.get(plan.inputs.decision.objective)
    rows = tuple(
        (
            _named(found, one),
            usd_estimate(one.npv_cost if dated else one.expected_cost),
            "" if one is found.now else usd_estimate(one.difference),
            *((usd_short(one.measure_usd),) if measure else ()),
            usd_estimate(one.discount_forgone) if one.sign_month else "",
            percent(one.effective_savings_rate),
        )
        for one in found.choices
    )
    middle = (measure,) if measure else ()
    columns = ("expected cost", "against signing now", *middle, "discount forgone", "savings rate")
    return Table(
        title=f"When to sign: cost{' at present value' if dated else ''}",
        columns=("way to sign", *columns),
        rows=rows,
        numeric=frozenset(range(1, 1 + len(columns))),
        note="Against signing now: negative is cheaper. Discount forgone: what signing now takes off list before the "
        "month of signing, less what this way takes off there.",
    )


def _groups(found: SigningChoices) -> str:
    """How finely, where groups of paths are told apart."""
    most = max(groups for _, groups in found.groups)
    return f", told apart in {most} groups of paths" if most > 1 else ""


def risk_table(plan: Plan, found: SigningChoices) -> Table:
    """Shortfall, what it strands, overage and regret of every way to sign."""
    limited = is_limited(plan)
    rows = tuple(
        (
            _named(found, one),
            percent_estimate(one.shortfall_probability),
            *(("yes" if one.meets_limit else "no",) if limited else ()),
            usd_estimate(one.expected_shortfall),
            usd_estimate(one.expected_overage),
            usd_short(one.on_demand_usd) if one.sign_month else "",
            usd_estimate(one.regret),
        )
        for one in found.choices
    )
    within = ("in the limit",) if limited else ()
    return Table(
        title="When to sign: what can go wrong",
        columns=("way to sign", "shortfall risk", *within, "strands", "overage", "before signing", "regret"),
        rows=rows,
        numeric=frozenset({1, *range(2 + len(within), 6 + len(within))}),
        note="Shortfall risk: in any period of any of its contracts. Strands: commitment paid and not used, on "
        "average. Overage: paid for use beyond the commitment. Before signing: billed at list until the month of "
        "signing. Regret: against the cheapest of all these ways "
        "and commitments for each path, known only afterwards.",
    )


def _named(found: SigningChoices, choice: SigningChoice) -> str:
    name = strategy_words(choice.strategy, choice.sign_month)
    return f"{name} *" if choice is found.best else name


def _signed_now(choice: SigningChoice) -> str:
    if choice.sign_month == 0:
        return _mean(choice)
    return "" if choice.short is None else usd_rounded_down(choice.short.commit_usd_per_year)


def _mean(choice: SigningChoice) -> str:
    return usd_rounded_down(choice.commit_usd_per_year.mean)


def _spread(choice: SigningChoice) -> str:
    low, high = usd_short(choice.commit_usd_per_year.p10), usd_short(choice.commit_usd_per_year.p90)
    return low if low == high else f"{low} to {high}"


def signing_notes(plan: Plan, found: SigningChoices) -> list[str]:
    """What has to be known of the comparison, the most consequential first."""
    return [*_fixed(plan, found), *_few_paths(plan, found), *_kept(found), *_early(plan, found), *_locked(plan)]


def _fixed(plan: Plan, found: SigningChoices) -> Iterator[str]:
    if plan.inputs.contract.commits_usd_per_year is not None:
        yield (
            "contract.commit_usd_per_year fixes the commitment, so every way signs it, whatever is known by then: each "
            "contract year that of the plan's contract year in which it begins."
        )


def _few_paths(plan: Plan, found: SigningChoices) -> Iterator[str]:
    enough = 2 * 2 * PATHS_PER_GROUP  # two groups in each half
    if plan.inputs.contract.commits_usd_per_year is None and found.n_paths < enough:
        yield (
            f"With {count(found.n_paths)} paths a later commitment is the same whatever has been spent by then; give "
            f"plan.paths at least {count(enough)} to see what waiting teaches."
        )


def _kept(found: SigningChoices) -> Iterator[str]:
    if found.n_paths < found.plan_paths:
        yield (
            f"Months are kept of the first {count(found.n_paths)} of {count(found.plan_paths)} paths: all ways to sign "
            "are compared on these, and figures of signing now differ a little from the plan's."
        )


def _early(plan: Plan, found: SigningChoices) -> Iterator[str]:
    contract = plan.inputs.contract
    if contract.early_renewal is None:
        return
    term = contract.term_months
    parts = {part for month in found.months for part in ((0, month), (month, term))}
    without = {stop - first for first, stop in parts if contract_of_months(contract, first, stop).early_renewal is None}
    if without:
        yield (
            f"Contracts of {', '.join(map(str, sorted(without)))} months end by their own month "
            f"{contract.early_renewal.month} and have no right to renew early."
        )


def _locked(plan: Plan) -> Iterator[str]:
    contract = plan.inputs.contract
    if contract.protects_prices and not contract.needs_accounts:
        yield (
            "A contract signed later locks the list prices of its first month. Spend is not kept by model tier here, "
            "so all of it is priced by how the whole bill of that month has moved: exact where tiers move alike or the "
            "mix stays what it is."
        )


def signing_json(found: SigningChoices) -> list[Json]:
    """What `planner when-to-sign --json` prints: one object a way to sign."""
    return [_choice_json(found, one) for one in found.choices]


_ESTIMATES: Final = (
    "expected_cost",
    "difference",
    "expected_shortfall",
    "expected_overage",
    "regret",
    "discount_forgone",
    "measure_difference",
)


def _choice_json(found: SigningChoices, choice: SigningChoice) -> Json:
    figures: dict[str, Estimate] = {name: getattr(choice, name) for name in _ESTIMATES}
    short, won = choice.short, choice.won_back if choice.sign_month else None
    return {
        "strategy": choice.strategy,
        "sign_month": choice.sign_month,
        "commit_usd_per_year": choice.commit_usd_per_year.mean,
        "commit_p10_usd_per_year": choice.commit_usd_per_year.p10,
        "commit_p90_usd_per_year": choice.commit_usd_per_year.p90,
        "unsigned_fraction": choice.unsigned_fraction,
        "short_commit_usd_per_year": None if short is None else short.commit_usd_per_year,
        "short_discount_fraction": None if short is None else short.discount_fraction,
        **{f"{name}_usd": estimate.mean for name, estimate in figures.items()},
        **{f"{name}_se_usd": _finite(estimate.se) for name, estimate in figures.items()},
        "won_back_usd": None if won is None else won.mean,
        "won_back_se_usd": None if won is None else _finite(won.se),
        "expected_npv_cost_usd": choice.npv_cost.mean,
        "expected_npv_cost_se_usd": _finite(choice.npv_cost.se),
        "shortfall_probability": choice.shortfall_probability.mean,
        "shortfall_probability_se": _finite(choice.shortfall_probability.se),
        "meets_limit": choice.meets_limit,
        "on_demand_before_usd": choice.on_demand_usd,
        "effective_savings_rate": _finite(choice.effective_savings_rate),
        "measure_usd": choice.measure_usd,
        "is_best": choice is found.best,
        "paths": found.n_paths,
    }


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
