"""Priced usage against the bill: per month and model, what a discount explains, what is left, and whether to trust it.

The whole log of the window is compared, with what exclusions take out of the plan, because a bill contains that too.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import pandas as pd

from planner.billed.formats import ACCOUNTS
from planner.billed.records import INVOICE, Bill, BilledCost
from planner.coverage import Coverage
from planner.errors import UsageError
from planner.prices import PriceBook
from planner.reconciliation.causes import AGREES_WITHIN, Cause, cause_of, gap_usd, is_settled
from planner.reconciliation.sides import (
    ALL_MODELS,
    CREDITS,
    NOT_MODELS,
    BilledSide,
    Sides,
    UsedSide,
    billed_sides,
    in_the_log,
    used_sides,
)

GATE_FRACTION: Final = Decimal("0.01")
"""Above this share of list cost, what is not explained is said wherever the measurement is used."""

BATCH_DISCOUNT, BATCH_WITHIN = Decimal("0.5"), Decimal("0.03")
UNIFORM_WITHIN: Final = Decimal("0.0025")
"""How close every month and model has to come to one fraction for it to be the likely price on everything."""

Gate = Literal["passed", "failed", "not compared"]
_NOT_COMPARED: Final[Cause] = "not compared"
_SHOWN_ROWS: Final = 3
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledRow:
    """One month and model: what was billed against what the same use costs at list. USD, exact.

    model: the price book's id, or what is billed without one. source_list_usd: the bill at the source's own list
    price, None where it has none. list_cost_usd: ours. negotiated_discount_fraction: 1 - billed / source list.
    unexplained_usd: the part of the difference that discount, server tools that the log lacks, credits and rounding do
    not explain; signed. evidence: why the cause is named. compared: whether the row counts; if not, reason says why.
    """

    month: str
    model: str
    source: str
    billed_cost_usd: Decimal
    source_list_usd: Decimal | None
    list_cost_usd: Decimal
    unexplained_usd: Decimal
    cause: Cause
    evidence: str
    compared: bool
    reason: str = ""

    @property
    def has_bill(self) -> bool:
        """Whether a bill speaks of it: of a month without one, nothing is known, and not that nothing was billed."""
        return self.compared or bool(self.source)

    @property
    def difference_usd(self) -> Decimal:
        return self.billed_cost_usd - self.list_cost_usd

    @property
    def difference_fraction(self) -> float | None:
        return None if self.list_cost_usd <= 0 else float(self.difference_usd / self.list_cost_usd)

    @property
    def negotiated_discount_fraction(self) -> float | None:
        if self.source_list_usd is None or self.source_list_usd <= 0:
            return None
        return float(1 - self.billed_cost_usd / self.source_list_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """The log against the bill. Sums are over the rows that were compared.

    unexplained_usd: sum of the sizes, so that too much here does not hide too little there. likely_discount_fraction:
    a discount that fits every month and model alike where the source has no list price: likely, not known.
    notes: what must be said of the sources, and of bills that were left aside.
    """

    rows: tuple[ReconciledRow, ...] = ()
    likely_discount_fraction: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def compared(self) -> tuple[ReconciledRow, ...]:
        return tuple(row for row in self.rows if row.compared)

    @property
    def billed_cost_usd(self) -> Decimal:
        return sum((row.billed_cost_usd for row in self.compared), _ZERO)

    @property
    def list_cost_usd(self) -> Decimal:
        return sum((row.list_cost_usd for row in self.compared), _ZERO)

    @property
    def difference_usd(self) -> Decimal:
        return sum((row.difference_usd for row in self.compared), _ZERO)

    @property
    def unexplained_usd(self) -> Decimal:
        return sum((abs(row.unexplained_usd) for row in self.compared), _ZERO)

    @property
    def discount_fraction(self) -> float | None:
        """The discount paid today: 1 - billed / source list, over rows whose source has a list price; no credits."""
        known = [row for row in self.compared if row.source_list_usd is not None and row.model != CREDITS]
        listed = sum((row.source_list_usd or _ZERO for row in known), _ZERO)
        return float(1 - sum((row.billed_cost_usd for row in known), _ZERO) / listed) if listed > 0 else None

    @property
    def unexplained_fraction(self) -> float | None:
        """What is not explained, as a share of list cost; None where nothing was compared or listed."""
        return float(self.unexplained_usd / self.list_cost_usd) if self.list_cost_usd > 0 else None

    @property
    def gate(self) -> Gate:
        """Whether more than 1 % of list cost is not explained."""
        if not self.compared:
            return "not compared"
        return "failed" if self.unexplained_usd > GATE_FRACTION * self.list_cost_usd else "passed"


def reconcile(groups: pd.DataFrame, bill: Bill, covered: Coverage, book: PriceBook) -> Reconciliation:
    """Compare priced groups with a bill; without one, with what the log itself says was billed.

    groups: everything in the window, before exclusions, with list_cost_usd, server_tools_usd, if_long_usd and basis.
    Months that the log or a daily bill does not wholly cover are shown and not compared. Rows billed without use, and
    used without a bill, are rows of their own. An invoice total without a model is compared with its whole month.
    """
    logged = in_the_log(groups)
    if not bill.costs:
        return _judged(logged, ())
    notes = list(bill.notes)
    if logged:
        usd = sum((billed.amount_usd for billed, _, _ in logged), _ZERO)
        notes.append(
            f"The log itself says that ${usd:,.2f} was billed; the separate bill counts instead, because both speak of "
            "the same use."
        )
    exports = [cost for cost in bill.costs if not _is_total(cost)]
    exported = {cost.month for cost in exports}
    totals = [cost for cost in bill.costs if _is_total(cost)]
    notes += _invoice_notes([cost for cost in totals if cost.month in exported], exports)
    totals = [cost for cost in totals if cost.month not in exported]
    _check_invoices(exports)
    own, elsewhere = _of_the_account(exports, groups, book)
    sides = [*_sides(exports, own, covered, book), *_sides(totals, groups, covered, book)]
    sides += _not_billed(elsewhere, exported, "served by another provider, which these reports do not bill")
    months = set(groups["day"].dt.strftime("%Y-%m")) - {cost.month for cost in bill.costs}
    sides += _not_billed(groups, months, "no bill was given for this month")
    return _judged(sides, tuple(dict.fromkeys(notes)))


def _is_total(cost: BilledCost) -> bool:
    return cost.source == INVOICE and not cost.model


def _check_invoices(exports: Sequence[BilledCost]) -> None:
    """Errors: UsageError for an invoice of one model in a month that a cost export bills as well."""
    typed = {cost.month: cost.model for cost in exports if cost.source == INVOICE}
    for cost in exports:
        if cost.source != INVOICE and cost.month in typed:
            raise UsageError(
                f"usage.invoice: {typed[cost.month]} in {cost.month} is billed by the {cost.source} export as well and "
                "would count twice. Leave out the model to compare the invoice's total with the export, or the export."
            )


def _sides(costs: Sequence[BilledCost], groups: pd.DataFrame, covered: Coverage, book: PriceBook) -> Iterator[Sides]:
    """Every month and model that is billed, or used in a billed month, and why it is not compared, if it is not."""
    months = sorted({cost.month for cost in costs})
    for month in months:
        billed = billed_sides([cost for cost in costs if cost.month == month], book)
        models = billed.keys() - NOT_MODELS
        apart = any(side.says_types for side in billed.values())
        used = used_sides(groups, month, by_model=models != {ALL_MODELS}, tools_apart=apart)
        reason = _not_comparable(month, billed.values(), used.values(), covered, months)
        reason = reason or ("" if models else "the bill has no use of tokens in this month")
        sources = frozenset(name for side in billed.values() for name in side.sources)
        for label in sorted(billed.keys() | used.keys()):
            bill_side = billed.get(label) or BilledSide(month=month, label=label, sources=sources)
            yield bill_side, used.get(label) or UsedSide(month=month, label=label), reason


def _not_comparable(
    month: str, billed: Iterable[BilledSide], used: Iterable[UsedSide], covered: Coverage, months: Sequence[str]
) -> str:
    """Why a month cannot be compared; blank where it can."""
    if month in covered.incomplete:
        return "the log does not cover the whole month"
    if month not in covered.complete:
        return "the log has no use in this month"
    sides = list(billed)
    days = sorted({day for side in sides for day in side.by_day})
    use = sorted({day for side in used for day in side.by_day})
    if not days or not use or any(side.is_monthly for side in sides):
        return ""
    begins_late = month == months[0] and use[0] < days[0]
    ends_early = month == months[-1] and use[-1] > days[-1]
    return f"the bill covers only {days[0]} to {days[-1]}" if begins_late or ends_early else ""


def _of_the_account(
    exports: Sequence[BilledCost], groups: pd.DataFrame, book: PriceBook
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The use that reports of one provider's account can bill, and the use that other providers served."""
    accounts = {ACCOUNTS.get(cost.source, "") for cost in exports}
    if len(accounts) != 1 or accounts == {""}:
        return groups, groups.iloc[:0]
    is_own = groups["provider"].replace("", book.provider).isin(accounts)
    return groups[is_own], groups[~is_own]


def _not_billed(groups: pd.DataFrame, months: set[str], reason: str) -> Iterator[Sides]:
    for month in sorted(months & set(groups["day"].dt.strftime("%Y-%m"))):
        for label, side in used_sides(groups, month, by_model=False, tools_apart=False).items():
            yield BilledSide(month=month, label=label, sources=frozenset()), side, reason


def _invoice_notes(totals: Sequence[BilledCost], exports: Sequence[BilledCost]) -> Iterator[str]:
    for month in sorted({cost.month for cost in totals}):
        invoiced = sum((cost.amount_usd for cost in totals if cost.month == month), _ZERO)
        exported = sum((cost.amount_usd for cost in exports if cost.month == month), _ZERO)
        yield (
            f"{month}: the invoice says ${invoiced:,.2f} and the cost export ${exported:,.2f}, "
            f"{invoiced - exported:+,.2f} dollars apart (credits, taxes, or use outside the export). The export is "
            "compared with the log, because it has the models."
        )


def _judged(sides: Iterable[Sides], notes: tuple[str, ...]) -> Reconciliation:
    every = list(sides)
    counted = [(billed, used) for billed, used, reason in every if not reason]
    likely = _likely_discount(counted)
    off = {billed.label for billed, used in counted if not is_settled(gap_usd(billed, used, likely), used)}
    rows = [_row(billed, used, reason, likely, off - NOT_MODELS) for billed, used, reason in every]
    return Reconciliation(
        rows=tuple(sorted(rows, key=lambda row: (row.month, row.model, row.source))),
        likely_discount_fraction=None if likely is None else float(likely),
        notes=notes,
    )


def _likely_discount(counted: Sequence[tuple[BilledSide, UsedSide]]) -> Decimal | None:
    """One fraction below list that every month and model has, where the source has no list price; None without one.

    One row alone shows nothing, and half the list price may as well be batch that the log does not carry.
    """
    rows = [(billed, used) for billed, used in counted if billed.list_usd is None and billed.label not in NOT_MODELS]
    if len(rows) < 2 or not all(used.list_usd > 0 and billed.amount_usd > 0 for billed, used in rows):
        return None
    listed = sum((used.list_usd for _, used in rows), _ZERO)
    fraction = 1 - sum((billed.amount_usd for billed, _ in rows), _ZERO) / listed
    close = all(
        abs(billed.amount_usd - (1 - fraction) * used.list_usd) <= UNIFORM_WITHIN * used.list_usd + billed.rounding_usd
        for billed, used in rows
    )
    no_batch = not any(used.tier_requests for _, used in rows)
    is_batch = no_batch and abs(fraction - BATCH_DISCOUNT) <= BATCH_WITHIN
    return fraction if close and fraction > AGREES_WITHIN and not is_batch else None


def _row(
    billed: BilledSide, used: UsedSide, reason: str, likely: Decimal | None, off: frozenset[str] | set[str]
) -> ReconciledRow:
    unexplained, cause, evidence = _ZERO, _NOT_COMPARED, ""
    if not reason:
        finding = cause_of(billed, used, likely=likely, is_only_one_off=off <= {billed.label})
        unexplained, cause, evidence = finding.unexplained_usd, finding.cause, finding.evidence
    return ReconciledRow(
        month=billed.month,
        model=billed.label,
        source=", ".join(sorted(billed.sources)),
        billed_cost_usd=billed.amount_usd,
        source_list_usd=billed.list_usd,
        list_cost_usd=used.list_usd,
        unexplained_usd=unexplained,
        cause=cause,
        evidence=evidence,
        compared=not reason,
        reason=reason,
    )


def reconciliation_warnings(found: Reconciliation) -> Iterator[str]:
    """What has to be said wherever a measurement is used; nothing where the bill is explained."""
    if found.gate == "failed":
        yield _gate_sentence(found)
    if found.likely_discount_fraction is not None:
        yield (
            f"The bill is {found.likely_discount_fraction:.1%} below list in every month and model alike: a negotiated "
            "price on everything is the likely cause. It is not known, because the source has no list price; "
            "Anthropic's Cost Analytics has one."
        )
    skipped: dict[str, list[str]] = {}
    for row in found.rows:
        if not row.compared and row.month not in skipped.setdefault(row.reason, []):
            skipped[row.reason].append(row.month)
    for reason, months in skipped.items():
        yield f"Not compared with the bill: {', '.join(months)} ({reason})."
    credit = sum((row.billed_cost_usd for row in found.compared if row.model == CREDITS), _ZERO)
    if credit:
        yield f"The bill has ${-credit:,.2f} of credits: kept apart from use, and not counted as a discount."
    yield from found.notes


def _gate_sentence(found: Reconciliation) -> str:
    fraction = found.unexplained_fraction
    share = "All of the bill" if fraction is None else f"{fraction:.1%} of list cost"
    difference = f" ({found.difference_usd / found.list_cost_usd:+.1%})" if found.list_cost_usd > 0 else ""
    worst = sorted(found.compared, key=lambda row: -abs(row.unexplained_usd))[:_SHOWN_ROWS]
    causes = "; ".join(
        f"{row.model} in {row.month} {row.unexplained_usd:+,.2f} dollars, {row.cause}"
        + (f" ({row.evidence})" if row.evidence else "")
        for row in worst
        if row.unexplained_usd
    )
    return (
        f"{share} in the log is not explained by the bill, above the {GATE_FRACTION:.0%} that may be: billed "
        f"${found.billed_cost_usd:,.2f} against ${found.list_cost_usd:,.2f} at list{difference}. "
        f"The largest: {causes}. Every result here rests on this log; settle it before signing."
    )
