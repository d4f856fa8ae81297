"""The plan's quotes as the program priced them: as they stand, against the positions, at their best, one band up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

from planner.contract import Contract
from planner.inputs import PlanInputs
from planner.negotiation.quotes_priced import PricedQuote, PricedQuotes
from planner.risk import Estimate
from planner.terms_told import told
from planner.workbook.sheet import Value

_NONE: Final = "none"
_TOLD_IN_COLUMNS: Final = ("Term", "Commitment", "Discount", "Overage")
"""Terms that have columns of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of figures or words; live: the formula that gives it, with {A} for column A of the same row."""

    heading: str
    style: str
    values: tuple[Value, ...]
    live: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteTable:
    """A table with a quote in every row, its first column the names. is_charted: whether its chart stands below it."""

    title: str
    note: str
    columns: tuple[Column, ...]
    is_charted: bool = False

    @property
    def n_rows(self) -> int:
        """Quotes in it."""
        return len(self.columns[0].values)

    @property
    def height(self) -> int:
        """Rows of the sheet that it takes, one free row below it included."""
        return self.n_rows + 4


def priced_tables(priced: PricedQuotes, inputs: PlanInputs) -> tuple[QuoteTable, ...]:
    """Every table that has rows, the quotes by rank."""
    quotes = priced.quotes
    if not quotes:
        return ()
    found = (_terms(quotes, inputs), _standing(quotes), _risk(quotes), _against(quotes), _best(quotes))
    stretched = [item for item in quotes if item.stretch is not None]
    return (*found, _stretch(stretched)) if stretched else found


def _names(quotes: Sequence[PricedQuote]) -> Column:
    return Column(heading="quote", style="text", values=tuple(item.quote.name for item in quotes))


def _column(heading: str, style: str, values: Iterator[Value]) -> Column:
    return Column(heading=heading, style=style, values=tuple(values))


def _estimates(heading: str, found: Sequence[Estimate]) -> tuple[Column, Column]:
    """Means, and beside them their standard errors."""
    return (
        _column(heading, "usd", (item.mean for item in found)),
        _column("± standard error, USD", "usd", (_shown(item.se) for item in found)),
    )


def _chances(heading: str, found: Sequence[Estimate]) -> tuple[Column, Column]:
    return (
        _column(heading, "percent", (item.mean for item in found)),
        _column("± standard error, %", "percent", (_shown(item.se) for item in found)),
    )


def _shown(value: float | None) -> Value:
    return "n/a" if value is None or not isfinite(value) else value


def _terms(quotes: Sequence[PricedQuote], inputs: PlanInputs) -> QuoteTable:
    offers = [item.standing.offer for item in quotes]
    return QuoteTable(
        title="Quotes in the plan: what they say",
        note="By rank: what the decision minimises per dollar of list spend, the least first. Of commitments that "
        "differ by contract year, the first year's. Other terms: where a quote differs from the contract of the plan.",
        columns=(
            _names(quotes),
            _column("rank", "count", (item.rank for item in quotes)),
            _column("commitment, USD a year", "usd", (offer.commit_usd_per_year for offer in offers)),
            _column("discount, %", "percent", (offer.discount_fraction for offer in offers)),
            _column("discount beyond, %", "percent", (offer.overage_discount_fraction for offer in offers)),
            _column("term, months", "count", (item.quote.contract.term_months for item in quotes)),
            _column("within the limit on the shortfall", "right", (item.meets_limit for item in quotes)),
            _column("received on, date", "right", (_day(item) for item in quotes)),
            _column("source", "text_after", (item.quote.source or "not given" for item in quotes)),
            _column("other terms", "text_after", (_other_terms(item, inputs) for item in quotes)),
        ),
    )


def _day(item: PricedQuote) -> str:
    return "not given" if item.quote.received_on is None else item.quote.received_on.isoformat()


def _other_terms(item: PricedQuote, inputs: PlanInputs) -> str:
    """Terms in words that differ from the contract's; a commitment that is sized or differs by year is said too."""
    ours = {clause.says for clause in told(inputs.contract, inputs.start)}
    theirs = [
        f"{clause.name}: {clause.says}"
        for clause in told(item.quote.contract, inputs.start)
        if clause.says not in ours
        and (clause.name not in _TOLD_IN_COLUMNS or _is_said(clause.name, item.quote.contract))
    ]
    gone = {clause.name for clause in told(inputs.contract, inputs.start)}
    gone -= {clause.name for clause in told(item.quote.contract, inputs.start)} | {"Ramp"}
    return " ".join([*theirs, *(f"No {name.lower()}." for name in sorted(gone))]) or "as the contract"


def _is_said(name: str, contract: Contract) -> bool:
    """Whether a column says less than the term does."""
    commits = contract.commits_usd_per_year
    return name == "Commitment" and (commits is None or len(set(commits)) > 1)


def _standing(quotes: Sequence[PricedQuote]) -> QuoteTable:
    terms = [item.standing for item in quotes]
    rates = list(zip(*(item.savings_rate_p10_p50_p90 for item in quotes), strict=True))
    return QuoteTable(
        title="As they stand, over their own terms",
        is_charted=True,
        note="As quoted; a quote without a commitment at its best one. P10, P50 and P90: of 1 - paid / list on each "
        "path.",
        columns=(
            _names(quotes),
            *_estimates("expected cost, USD", [item.expected_cost for item in terms]),
            _column("on demand at list, USD", "usd", (float(item.listed_usd.mean()) for item in terms)),
            Column(
                heading="savings rate, %",
                style="percent",
                values=tuple(_savings_rate(item) for item in quotes),
                live="=IF({D}>0,1-{B}/{D},0)",
            ),
            *(
                _column(f"savings rate, {name}, %", "percent", (_shown(rate) for rate in rates[index]))
                for index, name in enumerate(("P10", "P50", "P90"))
            ),
        ),
    )


def _savings_rate(item: PricedQuote) -> float:
    return item.savings_rate if isfinite(item.savings_rate) else 0.0


def _risk(quotes: Sequence[PricedQuote]) -> QuoteTable:
    terms = [item.standing for item in quotes]
    return QuoteTable(
        title="As they stand: the risk, and against signing nothing",
        note="The expected shortfall is also the premium at which insuring every unused dollar would be fair; what "
        "that is worth is by the decision's measure.",
        columns=(
            _names(quotes),
            *_chances("P(shortfall), %", [item.shortfall_probability for item in terms]),
            *_estimates("expected shortfall, USD", [item.fair_premium for item in quotes]),
            _column("insurance is worth, USD", "usd", (item.insured_usd for item in quotes)),
            _column("expected overage, USD", "usd", (item.expected_overage_usd for item in terms)),
            *_estimates("saves against none, USD", [item.saved for item in quotes]),
        ),
    )


def _against(quotes: Sequence[PricedQuote]) -> QuoteTable:
    return QuoteTable(
        title="What they cost more than the target and than walking away",
        note="By what the decision minimises; below zero the quote is the better one. Of another term than the "
        "plan's, more than at the position's rate per list dollar.",
        columns=(
            _names(quotes),
            *_estimates("more than the target, USD", [item.gap_to_target for item in quotes]),
            *_estimates("more than walking away, USD", [item.gap_to_walk_away for item in quotes]),
            _column("walking away to", "right", (item.walk_away_is for item in quotes)),
        ),
    )


def _best(quotes: Sequence[PricedQuote]) -> QuoteTable:
    best = [item.best for item in quotes]
    return QuoteTable(
        title="The same terms at the commitment that you would choose",
        note="Within the limit on the shortfall, so that it may cost more than a quote over it: below zero. A quote "
        "of one discount has it here at any commitment.",
        columns=(
            _names(quotes),
            _column("commitment, USD a year", "usd", (item.offer.commit_usd_per_year for item in best)),
            _column("discount, %", "percent", (item.offer.discount_fraction for item in best)),
            *_estimates("expected cost, USD", [item.expected_cost for item in best]),
            *_estimates("saves against the quote, USD", [item.standing.less(item.best) for item in quotes]),
            *_chances("P(shortfall), %", [item.shortfall_probability for item in best]),
        ),
    )


def _stretch(quotes: Sequence[PricedQuote]) -> QuoteTable:
    found = [item.stretch for item in quotes if item.stretch is not None]
    return QuoteTable(
        title="Stretching to the next band",
        note="Pays: the next band's least commitment costs no more than the quote. Needed: the discount there at "
        "which it would cost the same.",
        columns=(
            _names(quotes),
            _column("next band from, USD a year", "usd", (item.min_commit_usd_per_year for item in found)),
            _column("its discount, %", "percent", (item.discount_fraction for item in found)),
            _column("needed, %", "percent", (_needed(item.indifferent_fraction) for item in found)),
            _column("pays", "right", (item.pays for item in found)),
            _column("P(shortfall) there, %", "percent", (item.shortfall_probability for item in found)),
            _column("within the limit", "right", (item.meets_limit for item in found)),
        ),
    )


def _needed(fraction: float | None) -> Value:
    return _NONE if fraction is None else fraction
