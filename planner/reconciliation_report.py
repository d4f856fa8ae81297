"""The log against the bill, told: a table, a line, and JSON."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from planner.reconciliation.reconcile import GATE_FRACTION, ReconciledRow, Reconciliation
from planner.tables import Table
from planner.words import percent, usd

Json = dict[str, Any]

_NUMERIC: Final = frozenset({2, 3, 4, 5, 6, 7})


def reconciliation_table(found: Reconciliation) -> Table:
    """Every month and model, billed or used, with what explains its difference; the totals last."""
    rows = [_row(row) for row in found.rows]
    if found.compared:
        rows.append(_totals(found))
    return Table(
        title="The log against the bill, by month and model",
        columns=(
            "month",
            "model",
            "billed",
            "source's list",
            "our list",
            "difference",
            "discount",
            "unexplained",
            "cause",
        ),
        rows=tuple(rows),
        numeric=_NUMERIC,
        note=f"Everything in the window, excluded or not. Unexplained: no discount, no credits, no server tools that "
        f"no log carries, or rounding; above {GATE_FRACTION:.0%} in all it is said with every result.",
    )


def _row(row: ReconciledRow) -> tuple[str, ...]:
    why = f"{row.cause}: {row.evidence or row.reason}" if row.evidence or row.reason else row.cause
    return (
        row.month,
        row.model,
        _money(row.billed_cost_usd if row.has_bill else None),
        _money(row.source_list_usd),
        _money(row.list_cost_usd),
        percent(row.difference_fraction) if row.compared else "-",
        _share(row.negotiated_discount_fraction),
        _money(row.unexplained_usd) if row.compared else "-",
        why,
    )


def _totals(found: Reconciliation) -> tuple[str, ...]:
    listed = found.list_cost_usd
    return (
        "all",
        "compared",
        _money(found.billed_cost_usd),
        "",
        _money(listed),
        percent(float(found.difference_usd / listed)) if listed > 0 else "-",
        _share(found.discount_fraction),
        _money(found.unexplained_usd),
        f"gate {found.gate}: {_share(found.unexplained_fraction)} of list not explained",
    )


def _money(value: Decimal | None) -> str:
    return "-" if value is None else usd(float(value), cents=True)


def _share(fraction: float | None) -> str:
    return "-" if fraction is None else percent(fraction)


def reconciliation_words(found: Reconciliation) -> Iterator[str]:
    """The comparison in a sentence; nothing where nothing was billed."""
    if not found.rows:
        return
    if not found.compared:
        yield "No month could be compared with the bill."
        return
    discount = "the source has no list price to read a discount from"
    if found.discount_fraction is not None:
        discount = f"discount paid today {percent(found.discount_fraction)}"
    elif found.likely_discount_fraction is not None:
        discount = f"likely discount {percent(found.likely_discount_fraction)}"
    yield (
        f"Billed {usd(float(found.billed_cost_usd))} for {usd(float(found.list_cost_usd))} at list: {discount}, "
        f"{_share(found.unexplained_fraction)} of list not explained (gate {found.gate})."
    )


def reconciliation_json(found: Reconciliation) -> Json:
    """The comparison for scripts; money as numbers of dollars."""
    return {
        "rows": [_row_json(row) for row in found.rows],
        "billed_cost_usd": float(found.billed_cost_usd),
        "list_cost_usd": float(found.list_cost_usd),
        "difference_usd": float(found.difference_usd),
        "discount_fraction": found.discount_fraction,
        "likely_discount_fraction": found.likely_discount_fraction,
        "unexplained_usd": float(found.unexplained_usd),
        "unexplained_fraction": found.unexplained_fraction,
        "gate": found.gate,
        "gate_fraction": float(GATE_FRACTION),
    }


def _row_json(row: ReconciledRow) -> Json:
    return {
        "month": row.month,
        "model": row.model,
        "source": row.source,
        "billed_cost_usd": float(row.billed_cost_usd) if row.has_bill else None,
        "source_list_usd": None if row.source_list_usd is None else float(row.source_list_usd),
        "list_cost_usd": float(row.list_cost_usd),
        "difference_usd": float(row.difference_usd) if row.compared else None,
        "difference_fraction": row.difference_fraction if row.compared else None,
        "negotiated_discount_fraction": row.negotiated_discount_fraction,
        "unexplained_usd": float(row.unexplained_usd) if row.compared else None,
        "cause": row.cause,
        "evidence": row.evidence,
        "compared": row.compared,
        "reason": row.reason,
    }
