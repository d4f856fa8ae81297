"""What a contract says, clause by clause, so that deals can stand side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from planner.assumed.contract_assumptions import contract_assumptions
from planner.contract import Contract
from planner.negotiation.positions import Positions
from planner.negotiation.terms_pricer import PricedTerms
from planner.plan import Plan
from planner.workbook.negotiating.rows import NONE
from planner.workbook.sheet import Value, number_or

_ALWAYS: Final = (
    "term_months",
    "commit_period",
    "overage",
    "shortfall",
    "drawdown",
    "rollover",
    "price falls",
    "payment",
)
"""Terms that are shown even where no deal changes them, as the sheet Assumptions names them."""
_KEYWORDS: Final = ("shortfall", "band_mode")
"""Terms whose value is a word of the plan file."""
_SIZED: Final = ("commitment", "exercised")
"""What is sized or chosen under a deal, not agreed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermRow:
    """One term in every deal. values: NONE where a deal does not have it."""

    name: str
    unit: str
    values: tuple[Value, ...]
    style: str
    last_style: str = ""
    """Of the last value, where it is another."""


def term_rows(plan: Plan, contracts: Sequence[Contract]) -> list[TermRow]:
    """The main terms, and every other one in which the contracts differ; in the order of the plan file."""
    deals = [_terms(plan, contract) for contract in contracts]
    # a later deal may have a clause that no earlier one has: it goes behind those
    keys = list(dict.fromkeys(key for deal in deals for key in deal))
    rows = []
    for key in keys:
        known = next(deal[key] for deal in deals if key in deal)
        values = tuple(deal[key].values[0] if key in deal else NONE for deal in deals)
        if key in _ALWAYS or len(set(values)) > 1:
            rows.append(replace(known, values=values))
    return rows


def _terms(plan: Plan, contract: Contract) -> dict[str, TermRow]:
    """Every term of a contract by key, with one value."""
    prepared = replace(plan.prepared, inputs=replace(plan.inputs, contract=contract))
    found = {}
    for item in contract_assumptions(replace(plan, prepared=prepared), {}):
        if item.name.partition(",")[0] in _SIZED or item.section == "Fixed spend":
            continue
        clause = item.section.removeprefix("Contract").removeprefix(": ")
        key = f"{clause}: {item.name}" if clause else item.name
        value = item.value.replace("_", " ") if isinstance(item.value, str) and item.name in _KEYWORDS else item.value
        found[key] = TermRow(name=key.replace("_", " "), unit=item.unit, values=(value,), style=item.style)
    return found


# --- what is signed --------------------------------------------------------------------------------------------------


def signed_rows(found: Positions) -> list[TermRow]:
    """Commitments and discounts of the opening, the target and the table, and the limits of walking away."""
    walk, table = found.walk_away, found.table
    deals = (found.opening.terms, found.target.terms, table)
    n_years = table.contract.n_years
    commits = [deal.offer.commits_usd_per_year(n_years) for deal in deals]
    discounts = [[deal.offer.in_year(year).discount_fraction for year in range(n_years)] for deal in deals]
    years = range(1 if all(len(set(of)) == 1 for of in (*commits, *discounts)) else n_years)
    which = ["" if len(years) == 1 else f", contract year {year + 1}" for year in years]
    most = [_scaled(walk.commit_usd_per_year, commits[2], year) for year in years]
    least = [walk.discount_fraction, *[None] * (len(years) - 1)]
    rows = [
        TermRow(
            name=f"commitment{which[year]}",
            unit="USD a year",
            values=(
                *(number_or(of[year] or None, "none") for of in commits),
                "none" if most[year] == 0 else number_or(most[year], _no_more(table)),
            ),
            style="usd",
            last_style="usd_most",
        )
        for year in years
    ]
    rows += [
        TermRow(
            name=f"discount{which[year]}",
            unit="within the commitment",
            values=(*(of[year] for of in discounts), number_or(least[year], "none would do" if year == 0 else NONE)),
            style="percent",
            last_style="percent_least",
        )
        for year in years
    ]
    return [*rows, *_tiers(deals), _beyond(deals)]


def _no_more(table: PricedTerms) -> str:
    return "as fixed" if table.contract.commits_usd_per_year is not None else "none would do"


def _scaled(first_year_usd: float | None, commits: Sequence[float], year: int) -> float | None:
    """The largest commitment of a year, in the proportions of what is on the table; None without one in year 1."""
    if first_year_usd is None or commits[0] == 0:
        return first_year_usd if year == 0 else None
    return first_year_usd * commits[year] / commits[0]


def _tiers(deals: Sequence[PricedTerms]) -> list[TermRow]:
    tiers = sorted({tier for deal in deals for tier, _ in deal.offer.discount_by_tier})
    return [
        TermRow(
            name=f"discount, {tier}",
            unit="within the commitment, contract year 1",
            values=(*(1.0 - deal.offer.kept_fraction(tier) for deal in deals), NONE),
            style="percent",
        )
        for tier in tiers
    ]


def _beyond(deals: Sequence[PricedTerms]) -> TermRow:
    found = [deal.offer.overage_discount_fraction for deal in deals]
    return TermRow(name="discount beyond it", unit="contract year 1", values=(*found, found[2]), style="percent")
