"""Sizing: what any commitment is expected to cost on the simulated paths, and which is best.

Where each period's use alone settles a commitment, the best one is found exactly (planner.sizing.plain_sample); under
clauses that link periods, and at present value, every offer is settled through the ledger
(planner.sizing.ledger_sample).
"""

from planner.contract import Contract
from planner.sizing.ledger_sample import LedgerSample, Money
from planner.sizing.plain_sample import PlainSample, plain_sample
from planner.term_use import TermUse

CommitSample = PlainSample | LedgerSample
"""A scenario's paths, ready for offers: `expect` says what offers cost, `best` which one is best."""


def commit_sample(contract: Contract, use: TermUse, *, money: Money = "nominal") -> CommitSample:
    """Prepare spend paths for sizing. money: "npv" counts dollars at their present value; shortfalls stay as billed."""
    is_dated = money == "npv" and contract.payment.cost_of_capital_per_year > 0
    if contract.is_plain and contract.commits_usd_per_year is None and not is_dated:
        return plain_sample(contract, use)
    return LedgerSample(contract=contract, use=use, money=money)
