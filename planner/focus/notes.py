"""The notes that stand beside the rows: what they are, how they add up, and what they cannot keep of FOCUS."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from planner.focus.charge_rows import FORECAST_TYPES, Totals
from planner.focus.columns import (
    CHARGE_CUSTOM,
    COMMITMENT_CUSTOM,
    CONTRACT_COMMITMENT,
    COST_AND_USAGE,
    FOCUS_VERSION,
    Column,
)
from planner.plan import Plan
from planner.words import usd

TITLE: Final = "# FOCUS rows of a commitment plan"
"""First line of the notes, by which they are known as ours."""

_PLACEHOLDERS: Final = (
    "ContractId and ContractCommitmentId are placeholders. A provider assigns them when something is signed. Ours are "
    "made from the plan's start, provider, terms and offer: the same proposal has the same ones.",
    "BillingAccountId, SkuId and SkuPriceId are placeholders too. They are in no provider's price list. One SKU stands "
    "for a dollar of use at list prices (so ListUnitPrice is 1), the other for a dollar of commitment.",
    "ContractCommitmentLifecycleStatus is Proposed. FOCUS keeps that word for what is negotiated or modelled and has "
    "no effect yet. Created and LastUpdated are the day of this export.",
)
_NOT_KEPT: Final = (
    "BilledCost has to be what an invoice says, and never an estimate. Here it is what the plan expects to be billed.",
    "BilledCost and EffectiveCost have to be 0 in rows of anyone but the party that bills, so that nothing counts "
    "twice. These rows are not: filter on x_IsForecast before adding them to real bills.",
    "Identifiers of contract, account and SKU have to be those of the provider. Here they are made up (see above).",
)
_READING: Final = (
    "An empty cell is null. Dates are UTC, and ends are exclusive: the first moment after the period.",
    "Amounts are US dollars before tax, means over the simulated paths, and not rounded.",
    "ContractCommitmentCost is what is owed. ContractCommitmentQuantity is the commitment as use is counted against "
    "it, which is more where list dollars count (x_DrawdownBasis).",
    "Percentages are fractions from 0 to 1, as in FOCUS.",
    "A text that a spreadsheet would take for a formula begins with an apostrophe.",
    "What is paid in advance, or at a period's end for what is left, is a Purchase with an effective cost of 0. Use "
    "that it covers and what stays unused is Usage with a billed cost of 0. Use paid as it is drawn is billed itself.",
    "ContractApplied ties a row to its commitment. Rows of Usage say what is drawn from it and what of it is lost; a "
    "Purchase says what is paid for it. For use of a carried balance ContractCommitmentAppliedCost is 0, and "
    "x_CarriedBalanceAppliedCost is what was owed for that part of the balance.",
)
_BY_STRETCH: Final = (
    "Of so many paths the plan does not keep single months. Use is told for the stretches of months that the contract "
    "settles, and the billing period of such a row is the whole stretch. With 131,072 paths or fewer it is told month "
    "by month."
)


def notes(plan: Plan, totals: Totals, *, by_month: bool) -> str:
    """The notes on the rows of a plan, as Markdown. by_month: whether use is told month by month."""
    parts = [
        TITLE,
        f"These files follow FOCUS {FOCUS_VERSION}, the FinOps Open Cost and Usage Specification. They hold a proposal "
        "and a forecast: nothing is signed, and nothing has been billed. Which plan and scenario they are of is in "
        "x_PlanName and x_ScenarioName.",
        *_section("How to read them", _READING if by_month else (*_READING, _BY_STRETCH)),
        *_section("How they add up", _sums(plan, totals)),
        *_section("What is made up", _PLACEHOLDERS),
        *_section("What FOCUS asks and a forecast cannot keep", _NOT_KEPT),
        *_section("Rows of cost and usage, by x_ForecastType", _pairs(FORECAST_TYPES.items())),
        *_section("Our own columns, contract commitment", _pairs(_meanings(COMMITMENT_CUSTOM))),
        *_section("Our own columns, cost and usage", _pairs(_meanings(CHARGE_CUSTOM))),
        *_section("Columns left out, contract commitment", _pairs(_left_out(CONTRACT_COMMITMENT))),
        *_section("Columns left out, cost and usage", _pairs(_left_out(COST_AND_USAGE))),
    ]
    return "\n\n".join(parts) + "\n"


def _section(title: str, lines: Iterable[str]) -> tuple[str, str]:
    return f"## {title}", "\n".join(f"- {line}" for line in lines)


def _pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"{name}: {words}." for name, words in pairs)


def _meanings(columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    return ((column.name, column.meaning) for column in columns)


def _left_out(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Names by reason, in the order of the columns."""
    reasons: dict[str, list[str]] = {}
    for column in columns:
        if column.left_out:
            reasons.setdefault(column.left_out, []).append(column.name)
    return [(", ".join(names), why) for why, names in reasons.items()]


def _sums(plan: Plan, totals: Totals) -> Iterator[str]:
    """Every sum over the term, with what it should equal."""
    best = plan.recommendation
    yield f"BilledCost over all rows: {usd(totals.billed_usd, cents=True)}."
    left = {
        "a credit towards a cloud commitment through the marketplace": totals.marketplace_credit_usd,
        "what renewal makes of a balance that the term leaves": totals.renewal_value_usd,
    }
    for what, value in left.items():
        if value:
            yield f"No invoice shows {what}, so no row does: less {usd(value, cents=True)}."
    yield f"That is the plan's expected cost of the term: {usd(best.expected_cost.mean, cents=True)}."
    yield f"EffectiveCost over all rows: {usd(totals.effective_usd, cents=True)}{_opening(totals)}."
    yield (
        f"ListCost over the rows of use: {usd(totals.list_usd, cents=True)}; the plan's cost on demand is "
        f"{usd(best.on_demand.mean, cents=True)}{_covered(plan, totals)}. Rows of payments, unused commitment and fees "
        "have a list cost of their own, as in FOCUS's examples; leave them out of a sum at list."
    )


def _opening(totals: Totals) -> str:
    more = totals.effective_usd - totals.billed_usd
    if usd(more, cents=True) == usd(0.0, cents=True):
        return ", the same"
    return f", more by the {usd(more, cents=True)} that was owed earlier for balances of the contract in force"


def _covered(plan: Plan, totals: Totals) -> str:
    less = totals.list_usd - plan.recommendation.on_demand.mean
    if usd(less, cents=True) == usd(0.0, cents=True):
        return ""
    return f", less by the {usd(less, cents=True)} that the contract in force would cover if nothing were signed"
