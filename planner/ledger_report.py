"""A settled term in tables, sentences and JSON: what each period committed, and where every dollar of it went."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from planner.contract import Contract
from planner.offer import Offer
from planner.paths_file import month_name
from planner.plan import Plan
from planner.report import offer_name
from planner.settlement import Settlement
from planner.tables import Table
from planner.units import FloatArray
from planner.words import percent, percent_estimate, usd, usd_short

_WORDS: Final = {
    "committed_usd": "committed",
    "drawn_current_usd": "drawn, current",
    "drawn_banked_usd": "drawn, banked",
    "forfeited_usd": "forfeited",
    "waived_usd": "waived",
    "overage_usd": "overage",
    "outside_usd": "outside",
    "paid_usd": "paid",
    "banked_usd": "banked",
}
"""Figures of a ledger, in the order of every table and of the JSON."""

_ONLY_WHERE_ANY: Final = ("waived_usd", "outside_usd")

_BALANCE_WITHIN_USD: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTerm:
    """A contract signed at an offer from a day on, settled on one path."""

    contract: Contract
    start: date
    offer: Offer
    settlement: Settlement

    def figures(self, name: str) -> list[float]:
        """A figure of the ledger for each period, in order."""
        values: FloatArray = getattr(self.settlement.ledger, name)
        return [float(value) for value in values[:, 0]]

    def total(self, name: str) -> float:
        """The same over the term; of balances, the last."""
        values = self.figures(name)
        return values[-1] if name == "banked_usd" else sum(values)


def ledger_json(term: SettledTerm) -> dict[str, Any]:
    """Everything that `planner settle --json` prints. Keys are added freely and never renamed.

    Periods count from 0, as months do. Commitments and balances are in the commitment's own basis; overage, outside,
    paid and shortfall are dollars billed.
    """
    settlement = term.settlement
    return {
        "contract": _terms_json(term),
        "opening_bank_usd": float(settlement.ledger.opening_bank_usd),
        "periods": _periods_json(term),
        "total_paid_usd": float(settlement.paid_usd[0]),
        "npv_paid_usd": float(settlement.npv_paid_usd[0]),
        "on_demand_usd": float(settlement.on_demand_usd[0]),
        "shortfall_usd": float(settlement.shortfall_usd[:, 0].sum()),
    }


def _terms_json(term: SettledTerm) -> dict[str, Any]:
    years = [term.offer.in_year(year) for year in range(term.contract.n_years)]
    return {
        "start": term.start.isoformat(),
        "term_months": term.contract.term_months,
        "commit_usd_per_year": [year.commit_usd_per_year for year in years],
        "discount_fraction": [year.discount_fraction for year in years],
        "overage_discount_fraction": [year.overage_discount_fraction for year in years],
        "discount_by_tier": [dict(year.discount_by_tier) for year in years],
        "fixed_spend_usd_per_month": sum(spend.usd_per_month for spend in term.contract.fixed_spend),
    }


def _periods_json(term: SettledTerm) -> list[dict[str, Any]]:
    columns = {name: term.figures(name) for name in _WORDS}
    shortfall = [float(value) for value in term.settlement.shortfall_usd[:, 0]]
    return [
        {
            "period": index,
            "first_month": month_name(term.start, period.first),
            "last_month": month_name(term.start, period.stop - 1),
            **{name: values[index] for name, values in columns.items()},
            "shortfall_usd": shortfall[index],
        }
        for index, period in enumerate(term.contract.periods)
    ]


def ledger_table(term: SettledTerm) -> Table:
    """One row per period, in whole cents, and a row of totals; waived and outside only where there is any."""
    columns = {name: values for name in _WORDS if any(values := term.figures(name)) or name not in _ONLY_WHERE_ANY}
    rows = [
        (
            _period_name(term.contract, index),
            f"{month_name(term.start, period.first)} to {month_name(term.start, period.stop - 1)}",
            *(usd(values[index], cents=True) for values in columns.values()),
        )
        for index, period in enumerate(term.contract.periods)
    ]
    return Table(
        title=f"Ledger over {term.contract.term_months} months from {term.start:%B %Y}",
        columns=("", "months", *(_WORDS[name] for name in columns)),
        rows=(*rows, ("total", "", *(usd(term.total(name), cents=True) for name in columns))),
        numeric=frozenset(range(2, 2 + len(columns))),
        note=_basis_note(term.contract),
    )


def _period_name(contract: Contract, index: int) -> str:
    if contract.commit_period == "term":
        return "term"
    if contract.commit_period == "year":
        return f"year {index + 1}"
    return f"year {index // 4 + 1}, Q{index % 4 + 1}"


def _basis_note(contract: Contract) -> str:
    listed = contract.drawdown == "list"
    words = "Banked: balance at the period's end."
    return words + " Commitments and balances are list dollars; overage and paid are billed." if listed else words


def planned_tables(plan: Plan) -> tuple[Table, ...]:
    """The expected ledger of a recommendation, where there is more to it than one period used or forfeited."""
    is_simple = len(plan.inputs.contract.periods) == 1 and plan.inputs.contract.is_plain
    return () if is_simple or plan.recommendation.offer.is_none else (expected_ledger_table(plan),)


def expected_ledger_table(plan: Plan) -> Table:
    """The recommendation's ledger, means over paths, one row per period; waived and outside only where there is any."""
    rows, contract, start = plan.recommendation.ledger, plan.inputs.contract, plan.inputs.start
    names = [name for name in _WORDS if name not in _ONLY_WHERE_ANY or any(getattr(row, name) for row in rows)]
    return Table(
        title=f"Expected ledger of the recommendation, {offer_name(plan.recommendation.offer)}",
        columns=("", "months", *(_WORDS[name] for name in names), "P(shortfall)"),
        rows=tuple(
            (
                _period_name(contract, index),
                f"{month_name(start, row.period.first)} to {month_name(start, row.period.stop - 1)}",
                *(usd_short(getattr(row, name)) for name in names),
                percent_estimate(row.shortfall_probability),
            )
            for index, row in enumerate(rows)
        ),
        numeric=frozenset(range(2, 3 + len(names))),
        note=_basis_note(contract),
    )


def ledger_sentences(term: SettledTerm) -> tuple[str, ...]:
    """What was paid, that the ledger balances, and what is in the figures beside the file's token spend."""
    said = _paid_sentence(term), balance_sentence(term), _fixed_sentence(term.contract), _beside_sentence(term)
    return tuple(sentence for sentence in said if sentence)


def _paid_sentence(term: SettledTerm) -> str:
    settlement, payment = term.settlement, term.contract.payment
    paid, listed = float(settlement.paid_usd[0]), float(settlement.on_demand_usd[0])
    worth = ""
    if payment.cost_of_capital_per_year > 0:
        rate = percent(payment.cost_of_capital_per_year)
        worth = f" ({usd(float(settlement.npv_paid_usd[0]), cents=True)} at present value, at {rate} a year)"
    against = f"on-demand list is {usd(listed, cents=True)}"
    if listed > 0:
        side = "below" if paid <= listed else "above"
        against = f"{percent(abs(1.0 - paid / listed))} {side} on-demand list ({usd(listed, cents=True)})"
    return f"Paid {usd(paid, cents=True)}{worth} {_signed_words(term)}; {against}."


def _signed_words(term: SettledTerm) -> str:
    if term.offer.is_none:
        return "without a commitment"
    years = [term.offer.in_year(year) for year in range(1 if term.offer.is_flat else term.contract.n_years)]
    return f"for a commitment of {', then '.join(_year_words(year) for year in years)} discount a year"


def _year_words(year: Offer) -> str:
    tiers = ", ".join(f"{tier} {percent(discount)}" for tier, discount in year.discount_by_tier)
    apart = f" ({tiers})" if tiers else ""
    return f"{usd(year.commit_usd_per_year)} at {percent(year.discount_fraction)}{apart}"


def balance_sentence(term: SettledTerm) -> str:
    """Both sides of the ledger: what was committed, and where it went."""
    opening = float(term.settlement.ledger.opening_bank_usd)
    sources = {"opening bank": opening, "committed": term.total("committed_usd")}
    uses = {
        "drawn from current": term.total("drawn_current_usd"),
        "drawn from banked": term.total("drawn_banked_usd"),
        "forfeited": term.total("forfeited_usd"),
        "waived": term.total("waived_usd"),
        "still banked": term.total("banked_usd"),
    }
    gap = sum(sources.values()) - sum(uses.values())
    if abs(gap) >= _BALANCE_WITHIN_USD:
        return (
            f"The ledger does not balance, by {usd(gap, cents=True)}: this is a fault in the planner; please report it."
        )
    left, right = (
        " + ".join(f"{usd(value, cents=True)} {name}" for name, value in _shown(side)) for side in (sources, uses)
    )
    return f"The ledger balances: {left} = {right}."


def _shown(side: dict[str, float]) -> list[tuple[str, float]]:
    """What is not zero; the first of all zeros."""
    return [(name, value) for name, value in side.items() if value] or list(side.items())[-1:]


def _fixed_sentence(contract: Contract) -> str:
    if not contract.fixed_spend:
        return ""
    items = [
        f"{spend.name} {usd(spend.usd_per_month, cents=True)} a month"
        + ("" if spend.eligible else " (billed beside the contract)")
        for spend in contract.fixed_spend
    ]
    return f"The plan's fixed spend is added to the token spend of the file: {', '.join(items)}."


def _beside_sentence(term: SettledTerm) -> str:
    contract, said = term.contract, []
    if contract.in_force is not None and (contract.in_force.on_signing == "co_term" or term.offer.is_none):
        said.append("What the contract in force still covers is drawn first and is in no figure.")
    if contract.marketplace is not None:
        said.append("Paid holds the fee and the credit of the marketplace.")
    if contract.renewal.bank_value_fraction > 0 and term.total("banked_usd") > 0:
        said.append("Paid is lowered by what the balance still banked is worth on renewal.")
    return " ".join(said)
