"""Sheet Request mix: a level month by request type and model, and its tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from planner.plan import Plan
from planner.prepared import MixLine
from planner.units import TOKEN_CLASSES
from planner.workbook.sheet import Sheet, area, cell

_MIX_LAST_COL: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class MixLayout:
    """Addresses of the mix's totals."""

    list_cost: str
    share: str


def write_mix(sheet: Sheet, plan: Plan) -> MixLayout:
    """A level month of the request mix at the plan's prices, largest share of the bill first, and its tokens."""
    sheet.title("Request mix: a level month at list prices", last_col=_MIX_LAST_COL)
    sheet.paragraph(
        1,
        f"At prices of {plan.prepared.priced_on}, before growth, seasons and any lever. Costs are US dollars at list.",
        last_col=_MIX_LAST_COL,
    )
    layout, row = _write_mix_lines(sheet, plan.prepared.mix_lines, 3)
    last = _write_mix_tokens(sheet, plan, row + 2)
    sheet.set_layout(at_least={0: 18})
    sheet.print_setup(last_row=last, last_col=_MIX_LAST_COL, header_row=3)
    return layout


def _write_mix_lines(sheet: Sheet, lines: Sequence[MixLine], row: int) -> tuple[MixLayout, int]:
    labels = ("requests a month", "list cost a month", "share of bill", "cumulative", "cost per request")
    sheet.header(row, ("request type", "model", *labels), n_text=2)
    first, total_row = row + 1, row + 1 + len(lines)
    total = sum(line.monthly_list_cost_usd for line in lines)
    running = 0.0
    all_rows = f"SUM({area(first, 3, total_row - 1, 3)})"
    for row, line in enumerate(lines, start=first):
        cost, requests, at = line.monthly_list_cost_usd, line.monthly_requests, row + 1
        running += cost
        sheet.text(row, 0, line.request_type)
        sheet.text(row, 1, line.model)
        sheet.number(row, 2, requests, "count")
        sheet.number(row, 3, cost, "usd")
        sheet.formula(row, 4, f"=IF({all_rows}>0,D{at}/{all_rows},0)", _ratio(cost, total), "percent")
        sheet.formula(row, 5, f"=SUM({cell(first, 4)}:E{at})", _ratio(running, total), "percent")
        sheet.formula(row, 6, f"=IF(C{at}>0,D{at}/C{at},0)", _ratio(cost, requests), "usd_small")
    sums = (
        (2, sum(line.monthly_requests for line in lines), "total_count"),
        (3, total, "total_usd"),
        (4, _ratio(total, total), "total_percent"),
    )
    for col, value, style in sums:
        sheet.formula(total_row, col, f"=SUM({area(first, col, total_row - 1, col)})", value, style)
    for col in (1, 5, 6):
        sheet.worksheet.write_blank(total_row, col, None, sheet.styles["total_text"])
    sheet.text(total_row, 0, "total", "total_text")
    return MixLayout(list_cost=sheet.ref(cell(total_row, 3)), share=sheet.ref(cell(total_row, 4))), total_row


def _write_mix_tokens(sheet: Sheet, plan: Plan, row: int) -> int:
    entries = {(entry.request_type, entry.model): entry for entry in plan.prepared.mix.entries}
    sheet.subtitle(row, "Tokens per request, means, and share of requests in batch", last_col=_MIX_LAST_COL)
    tokens = [name.replace("_", " ") for name in TOKEN_CLASSES]
    sheet.header(row + 1, ("request type", "model", *tokens, "batch share"), n_text=2)
    for at, line in enumerate(plan.prepared.mix_lines, start=row + 2):
        entry = entries[(line.request_type, line.model)]
        sheet.text(at, 0, line.request_type)
        sheet.text(at, 1, line.model)
        for col, value in enumerate(entry.tokens_per_request.tolist(), start=2):
            sheet.number(at, col, value, "count")
        sheet.number(at, 2 + len(tokens), entry.batch_fraction, "percent")
    return row + 1 + len(plan.prepared.mix_lines)


def _ratio(value: float, of: float) -> float:
    return value / of if of > 0 else 0.0
