"""Sheet Prices: list prices of the models in use."""

from decimal import Decimal

from planner.plan import Plan
from planner.prices import ModelPrice, Rates
from planner.workbook.sheet import Sheet


def write_prices(sheet: Sheet, plan: Plan) -> None:
    """List prices of every model that the plan uses, US dollars per million tokens."""
    sheet.title(f"List prices on {plan.prepared.priced_on}, US dollars per million tokens", last_col=7)
    sheet.paragraph(
        1,
        "Of every model in the mix or in a route, overrides included. Above a prompt threshold the whole request "
        "pays the higher rates. n/a: no price is known and none is used.",
        last_col=7,
        width=140,
    )
    labels = ("input", "cache read", "cache write 5 min", "cache write 1 h", "output")
    sheet.header(3, ("model", "prompt tokens", *labels, "source"), n_text=2)
    sheet.text(3, 7, "source", "header_after")
    row = 4
    for price in _prices_used(plan):
        row = _write_price(sheet, row, price)
    sheet.set_layout(at_least={0: 20}, exact={7: 60})
    sheet.print_setup(last_row=row - 1, last_col=7, header_row=3)


def _prices_used(plan: Plan) -> list[ModelPrice]:
    book, routes = plan.prepared.price_book, [r for c in plan.prepared.scenario_costs for r in c.scenario.routes]
    models = {entry.model for entry in plan.prepared.mix.entries} | {route.to for route in routes}
    models |= {route.escalate_to for route in routes if route.escalate_to}
    return [book.price(book.resolve(model), plan.prepared.priced_on) for model in sorted(models)]


def _write_price(sheet: Sheet, row: int, price: ModelPrice) -> int:
    bands: list[tuple[str, Rates]] = [("any" if not price.long_prompt else "up to the threshold", price.rates)]
    bands += [(f"above {band.above_prompt_tokens:,}", band.rates) for band in price.long_prompt]
    for label, rates in bands:
        sheet.text(row, 0, price.model)
        sheet.text(row, 1, label)
        values: tuple[Decimal | None, ...] = (
            rates.input_usd_per_mtok,
            rates.cache_read_usd_per_mtok,
            rates.cache_write_5m_usd_per_mtok,
            rates.cache_write_1h_usd_per_mtok,
            rates.output_usd_per_mtok,
        )
        for col, value in enumerate(values, start=2):
            sheet.value(row, col, "n/a" if value is None else float(value), "usd_cents")
        sheet.text(row, 7, price.source, "text_after")
        row += 1
    return row
