"""Sheet Assumptions: every assumption in force, and whose it is."""

from planner.plan import Plan
from planner.workbook.assumed.assumption import CHOSEN
from planner.workbook.assumed.assumptions import assumptions
from planner.workbook.contract_words import why_no_offer_sheet
from planner.workbook.sheet import Sheet


def write_assumptions(sheet: Sheet, plan: Plan) -> None:
    """Every assumption in force with its spread, unit and origin."""
    rows = assumptions(plan)
    chosen = ", chosen (by this plan, because it costs less)" if any(row.origin == CHOSEN for row in rows) else ""
    is_live = why_no_offer_sheet(plan) is None
    live = "; only the blue cells of sheet Offer calculator recalculate here" if is_live else ""
    sheet.title("Assumptions in force", last_col=6)
    sheet.paragraph(
        1,
        "Origin: yours (in the plan), measured or fitted (from the log), widened (for short history), prior (a "
        "judgement that ships with the program: replace it when you know better), default (a convention)"
        f"{chosen}. To change one, edit the plan and export again{live}. Names are the plan file's.",
        last_col=6,
        width=115,
    )
    sheet.header(3, ("section", "assumption", "value or mean", "P10", "P90", "unit", "origin"), n_text=2)
    sheet.text(3, 5, "unit", "header_after")
    sheet.text(3, 6, "origin", "header")
    for row, item in enumerate(rows, start=4):
        sheet.text(row, 0, item.section)
        sheet.text(row, 1, item.name)
        sheet.value(row, 2, item.value, item.style)
        if item.p10_p90 is not None:
            for col, value in enumerate(item.p10_p90, start=3):
                sheet.number(row, col, value, item.style)
        sheet.text(row, 5, item.unit, "text_after")
        sheet.text(row, 6, item.origin, "bold" if item.origin in ("prior", "widened") else "text")
    sheet.set_layout(at_least={5: 20})
    last = 3 + len(rows)
    sheet.print_setup(last_row=last, last_col=6, header_row=3)
    sheet.worksheet.autofilter(3, 0, last, 6)
