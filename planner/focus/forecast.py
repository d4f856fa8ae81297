"""What a signed offer is expected to come to, month by month: use, payments and what is paid for nothing.

Every figure is a mean over the simulated paths in USD, or an estimate of one. For each commitment period, in dollars
owed:

    paid for the commitment + use paid as it is drawn = (committed - waived) = drawn + banked anew + forfeited anew

The months inside a period are told apart by walking the ledger in single months, which changes no total.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.cash import instalments, paid_in_advance
from planner.clause_rules import Usd
from planner.contract import Contract, Period
from planner.ledger import LedgerRow, walk
from planner.offer import Offer
from planner.risk import Estimate, estimate
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.steps import needs_months
from planner.term_use import StepUse, TermUse, beside, term_use
from planner.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Use at list, at the contract's price, and at what it costs once payments made for it are spread over it."""

    list_usd: float = 0.0
    contracted_usd: float = 0.0
    effective_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Use of the months [first, stop): within the period's own commitment, drawn from a balance carried into it,
    beyond the commitment, beyond the cap that a discount on that has, and outside the contract."""

    first: int
    stop: int
    within: Use
    carried: Use
    beyond: Use
    over_cap: Use
    outside: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """USD paid for a commitment itself, for the months [first, stop), in the bill of month `billed_in`.

    Negative where a true-up gives back what was paid in advance.
    """

    first: int
    stop: int
    billed_in: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodForecast:
    """One commitment period. unused_usd: what was owed for commitment lost in it, balances that expire included, and
    in the last one whatever is still carried. shortfall, cost: as the plan counts them."""

    period: Period
    stretches: tuple[Stretch, ...]
    payments: tuple[Payment, ...]
    unused_usd: float
    shortfall: Estimate
    cost: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class TermForecast:
    """The periods of the term. opening_usd: owed earlier for balances of a contract in force that are banked in this
    one. renewal_value_usd: what renewal makes of a balance that the term leaves."""

    periods: tuple[PeriodForecast, ...]
    opening_usd: float
    renewal_value_usd: float

    @property
    def is_by_month(self) -> bool:
        """Whether use is known for single months."""
        return all(item.stop == item.first + 1 for period in self.periods for item in period.stretches)


def term_forecast(contract: Contract, offer: Offer, spend: SpendPaths, use: TermUse) -> TermForecast:
    """The forecast of an offer. use: spend as the contract settles it.

    By month where the months of every path are kept, else by the stretches that the contract settles.
    """
    settled = settle(contract, offer, use)
    use = use if needs_months(contract) or not _keeps_months(spend) else term_use(_stepwise(contract), spend)
    if contract.in_force is not None and contract.in_force.on_signing == "renew" and offer.is_none:
        # nothing is signed that could take the old balances over, as in settle
        use, contract = beside(contract.in_force, use), replace(contract, in_force=None)
    rows = walk(_stepwise(contract), offer, use)
    at_list = walk(*_overage_at_list(contract, offer), use)
    opening = _opening_usd(contract)
    before = [opening, *(float(np.mean(row.banked_owed)) for row in rows)]
    return TermForecast(
        periods=tuple(
            PeriodForecast(
                period=row.period,
                stretches=tuple(_stretches(contract, offer, use, index, (row, at_list[index]), before[index])),
                payments=tuple(_payments(contract, offer, row)),
                unused_usd=_mean(row.lost) + (_mean(row.banked_owed) if row is rows[-1] else 0.0),
                shortfall=estimate(settled.shortfall_usd[index]),
                cost=estimate(settled.ledger.paid_usd[index]),
            )
            for index, row in enumerate(rows)
        ),
        opening_usd=opening,
        renewal_value_usd=contract.renewal.bank_value_fraction * before[-1],
    )


def _mean(usd: Usd) -> float:
    return float(np.mean(usd))


def _keeps_months(spend: SpendPaths) -> bool:
    return int(spend.list_cost_usd.shape[1]) == spend.n_paths


def _stepwise(contract: Contract) -> Contract:
    """The same terms where time is money, so that the ledger keeps the figures of its steps; no dollar changes."""
    if contract.values_time:
        return contract
    return replace(contract, payment=replace(contract.payment, cost_of_capital_per_year=1.0))


def _overage_at_list(contract: Contract, offer: Offer) -> tuple[Contract, Offer]:
    """The same commitment with use beyond it at list: what it bills there is that use's list cost."""
    years = tuple(replace(year, overage_discount_fraction=0.0) for year in offer.later)
    terms = replace(_stepwise(contract), overage="list", overage_cap_fraction=None)
    return terms, replace(offer, overage_discount_fraction=0.0, later=years)


def _opening_usd(contract: Contract) -> float:
    in_force = contract.in_force
    if in_force is None or in_force.on_signing != "renew":
        return 0.0
    owed = 1.0 if contract.drawdown == "contracted" else 1.0 - in_force.discount_fraction
    return owed * sum(usd for usd, _ in in_force.balances)


def _stretches(
    contract: Contract, offer: Offer, use: TermUse, index: int, rows: tuple[LedgerRow, LedgerRow], before_usd: float
) -> Iterator[Stretch]:
    """Use of a period by its steps. rows: its ledger, and the same with overage at list. before_usd: owed for what was
    carried into it."""
    row, at_list = rows
    first, stop = use.steps_of[index]
    owed, terms = contract.owed_fraction(offer, row.period), offer.in_year(row.period.year)
    steps = [use.step(number, _stepwise(contract), terms) for number in range(first, stop)]
    parts = [
        _parts(
            use,
            first + at,
            step,
            drawn=row.drawn_by_step[at],
            beyond_list=at_list.overage_by_step[at],
            has_banks=bool(np.any(row.drawn_banked)),
        )
        for at, step in enumerate(steps)
    ]
    banked = sum(part.banked for part in parts)
    spread = _drawn_banked_usd(row, owed, before_usd) / banked if banked else 0.0
    for at, (step, part) in enumerate(zip(steps, parts, strict=True)):
        number = first + at
        beyond, over_cap = _beyond(contract, step, at_list.overage_by_step[at], row.overage_by_step[at])
        yield Stretch(
            first=use.steps[number].first,
            stop=use.steps[number].stop,
            within=Use(list_usd=part.drawn_list, contracted_usd=owed * part.drawn, effective_usd=owed * part.drawn),
            carried=Use(
                list_usd=part.banked_list, contracted_usd=owed * part.banked, effective_usd=spread * part.banked
            ),
            beyond=beyond,
            over_cap=over_cap,
            outside=_direct(0.0 if use.outside_usd is None else _mean(use.outside_usd[number])),
        )


def _direct(list_usd: float, billed_usd: float | None = None) -> Use:
    """Use that is billed itself, at list unless an amount is given."""
    billed = list_usd if billed_usd is None else billed_usd
    return Use(list_usd=list_usd, contracted_usd=billed, effective_usd=billed)


def _beyond(contract: Contract, step: StepUse, list_usd: Usd, billed_usd: Usd) -> tuple[Use, Use]:
    """Use beyond the commitment, and the part of it that is beyond the cap of the overage discount, which is at list.

    With a share k of the list price kept under the cap, x dollars under it out of L are billed k x + (L - x).
    """
    listed, billed = _mean(list_usd), _mean(billed_usd)
    if contract.overage_cap_fraction is None:
        return _direct(listed, billed), Use()
    rate, usd = np.broadcast_arrays(step.list_rate, list_usd)
    kept = np.divide(step.overage_rate, rate, out=np.ones_like(usd), where=rate > 0)
    under = np.divide(list_usd - billed_usd, 1.0 - kept, out=np.array(usd), where=kept < 1.0)
    over = listed - _mean(under)
    return _direct(_mean(under), billed - over), _direct(over)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """A step's use, means over paths: what each part draws, in the commitment's own basis, and its list cost."""

    drawn: float
    drawn_list: float
    banked: float
    banked_list: float


def _parts(use: TermUse, number: int, step: StepUse, *, drawn: Usd, beyond_list: Usd, has_banks: bool) -> _Parts:
    listed: FloatArray = np.sum([account.current[number] for account in use.accounts], axis=0)
    covered_list = listed - beyond_list
    if not has_banks:
        return _Parts(drawn=_mean(drawn), drawn_list=_mean(covered_list), banked=0.0, banked_list=0.0)
    rate = np.broadcast_to(step.list_rate, listed.shape)
    covered = np.divide(covered_list, rate, out=np.zeros_like(listed), where=rate > 0)
    share = np.clip(np.divide(drawn, covered, out=np.zeros_like(listed), where=covered > 0), 0.0, 1.0)
    drawn_list = share * covered_list
    return _Parts(
        drawn=_mean(drawn),
        drawn_list=_mean(drawn_list),
        banked=_mean(covered) - _mean(drawn),
        banked_list=_mean(covered_list) - _mean(drawn_list),
    )


def _drawn_banked_usd(row: LedgerRow, owed: float, before_usd: float) -> float:
    """What was owed for the balances that a period's use draws: carried into it, banked in it, less lost and left."""
    unpaid = owed * (_mean(row.committed) - _mean(row.waived) - _mean(row.drawn_current))
    return before_usd + unpaid - _mean(row.lost) - _mean(row.banked_owed)


def _payments(contract: Contract, offer: Offer, row: LedgerRow) -> Iterator[Payment]:
    """What is paid for a period's commitment beside use that is paid as it is drawn, by the month of the bill."""
    period, owed = row.period, contract.owed_fraction(offer, row.period)
    if contract.payment.mode == "arrears":
        rest = _mean(row.committed) - _mean(row.waived) - _mean(row.drawn_current)
        yield Payment(first=period.first, stop=period.stop, billed_in=period.stop - 1, usd=owed * rest)
        return
    for month, usd in paid_in_advance(contract, offer, row):
        is_back = month == period.stop
        first = period.first if is_back else month
        yield Payment(
            first=first,
            stop=period.stop if is_back else _paid_until(contract, period, month),
            billed_in=min(month, period.stop - 1),
            usd=owed * _mean(usd),
        )


def _paid_until(contract: Contract, period: Period, month: int) -> int:
    """The end of the months that an instalment at the start of a month is for."""
    later: Sequence[int] = [start for start, _ in instalments(contract, period, month) if start > month]
    return min(later, default=period.stop)
