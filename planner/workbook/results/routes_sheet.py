"""Sheet Routes: what each route does to the cost of one request, and its break-even escalation."""

from math import isfinite

from planner.lever_costs.economics import RouteEconomics
from planner.plan import Plan
from planner.workbook.sheet import Sheet

_ROUTE_COLUMNS = (
    *("scenario", "request type", "from", "to", "before", "routed call", "escalated call", "overhead", "judge"),
    *("by rule", "escalation", "wrong answers", "after", "break-even escalation", "pays"),
)

_PAYS = len(_ROUTE_COLUMNS) - 1


def write_routes(sheet: Sheet, plan: Plan) -> None:
    """Every route: list cost of one request before and after, escalation and its break-even."""
    sheet.title("Routes: does moving a request type pay?", last_col=_PAYS)
    sheet.paragraph(
        1,
        "List cost of one request in US dollars, other levers apart. After: the routed call, router overhead, and for "
        "what no rule sends the judge and escalated requests paid again. Wrong answers that are accepted are in no "
        "bill, but in the break-even. Routing pays while escalation stays below it.",
        last_col=_PAYS,
    )
    sheet.header(3, _ROUTE_COLUMNS, n_text=4)
    row = 4
    for costs in plan.prepared.scenario_costs:
        for route in costs.economics:
            _write_route(sheet, row, costs.scenario.name, route)
            row += 1
    sheet.set_layout(at_least={0: 18})
    sheet.print_setup(last_row=row - 1, last_col=_PAYS, header_row=3)


def _write_route(sheet: Sheet, row: int, scenario: str, route: RouteEconomics) -> None:
    for col, text in enumerate((scenario, route.request_type, route.source, route.to)):
        sheet.text(row, col, text)
    usd = (
        route.unit_cost_before_usd,
        route.unit_cost_routed_usd,
        route.unit_cost_escalated_usd,
        route.overhead_usd,
        route.judge_usd,
    )
    for col, value in enumerate(usd, start=4):
        sheet.number(row, col, value, "usd_small")
    sheet.number(row, 9, route.rule_fraction, "percent")
    sheet.number(row, 10, route.escalation, "percent")
    sheet.number(row, 11, route.error_cost_usd, "usd_small")
    at = row + 1
    sheet.formula(row, 12, f"=F{at}+H{at}+(1-J{at})*(I{at}+K{at}*G{at})", route.unit_cost_after_usd, "usd_small")
    even = route.break_even_escalation if isfinite(route.break_even_escalation) else "n/a"
    formula = f'=IF(OR(G{at}=0,J{at}=1),"n/a",((E{at}-F{at}-H{at}-L{at})/(1-J{at})-I{at})/G{at})'
    sheet.formula(row, 13, formula, even, "percent")
    sheet.formula(row, 14, f'=IF(M{at}+L{at}<E{at},"yes","no")', "yes" if route.pays else "no", "right")
