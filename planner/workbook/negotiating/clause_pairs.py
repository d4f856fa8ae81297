"""Tables of the sheet Clause values below its values: swaps of about equal worth, and asks in pairs."""

from collections.abc import Mapping, Sequence
from typing import Final

from planner.negotiation.clause_values import Interaction, Swap
from planner.negotiation_reports.clauses import full_words
from planner.tables import Table
from planner.workbook.check import Check
from planner.workbook.negotiating.rows import down, figure, headings, rounded, sentences, short_name, with_error
from planner.workbook.sheet import Sheet, area

_ROUNDED_USD: Final = 0.05


def write_swaps(sheet: Sheet, swaps: Sequence[Swap], table: Table, row: int, widths: Mapping[int, int]) -> int:
    """What to give for what, each pair priced jointly; returns the next free row."""
    if not swaps:
        return row
    sheet.subtitle(row, table.title, last_col=max(widths))
    labels = ("give", "get", "it costs", "std. error", "it brings", "std. error", "both together")
    headings(sheet, row + 1, (*labels, "std. error", "beyond the difference"), n_text=2)
    row += 2
    for at, swap in enumerate(swaps, start=row):
        sheet.text(at, 0, short_name(swap.give), sized=False)
        sheet.text(at, 1, full_words(swap.get), sized=False)
        for col, value in ((2, swap.give.value), (4, swap.get.value), (6, swap.net)):
            with_error(sheet, at, col, value)
        apart = swap.net.mean - (swap.get.value.mean - swap.give.value.mean)
        sheet.formula(at, 8, f"=ROUND({down(at, 6)}-({down(at, 4)}-{down(at, 2)}),1)", rounded(apart), "usd")
    note = f"{table.note} Beyond the difference: what they do to each other's worth."
    return sentences(sheet, row + len(swaps), [note], widths) + 1


def write_pairs(
    sheet: Sheet, pairs: Sequence[Interaction], table: Table, row: int, widths: Mapping[int, int]
) -> tuple[int, list[Check]]:
    """The most valuable asks in pairs; returns the next free row and the check."""
    if not pairs:
        return row, []
    sheet.subtitle(row, table.title, last_col=max(widths))
    labels = ("first", "second", "first alone", "second alone", "worth together", "std. error", "beyond the sum")
    headings(sheet, row + 1, (*labels, "std. error"), n_text=2)
    first = row + 2
    for at, pair in enumerate(pairs, start=first):
        sheet.text(at, 0, short_name(pair.first), sized=False)
        sheet.text(at, 1, full_words(pair.second), sized=False)
        sheet.number(at, 2, pair.first.value.mean, "usd")
        sheet.number(at, 3, pair.second.value.mean, "usd")
        with_error(sheet, at, 4, pair.joint)
        sheet.formula(at, 6, f"=ROUND({down(at, 4)}-{down(at, 2)}-{down(at, 3)},1)", _beyond(pair), "usd")
        figure(sheet, at, 7, pair.beyond_sum.se)
    last, expected = first + len(pairs) - 1, sum(pair.beyond_sum.mean for pair in pairs)
    check = Check(
        what="Clause values, pairs: what stands beyond the sum of both adds up to the program's",
        formula=f"=SUM({sheet.ref(area(first, 6, last, 6))})",
        value=sum(map(_beyond, pairs)),
        expected=expected,
        tolerance=_ROUNDED_USD * len(pairs),
    )
    return sentences(sheet, last + 1, [table.note], widths) + 1, [check]


def _beyond(pair: Interaction) -> float:
    return rounded(pair.joint.mean - pair.first.value.mean - pair.second.value.mean)
