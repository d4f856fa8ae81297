"""Sheet Prices: list prices of the models in use, since when they hold, where they are from, and what the plan has."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from planner.plan import Plan
from planner.price_data.model_price import PriceOverride
from planner.prices import ModelPrice, Rates
from planner.words import percent, usd
from planner.workbook.sheet import Sheet

_RATES: Final = {
    "input_usd_per_mtok": "input",
    "cache_read_usd_per_mtok": "cache read",
    "cache_write_5m_usd_per_mtok": "cache write 5 min",
    "cache_write_1h_usd_per_mtok": "cache write 1 h",
    "output_usd_per_mtok": "output",
}
_FIRST_RATE: Final = 2
_BATCH, _SINCE, _CHECKED, _RETIRES, _WHOSE, _SOURCE = range(_FIRST_RATE + len(_RATES), _FIRST_RATE + len(_RATES) + 6)
_HEADER_ROW: Final = 3
_WIDTHS: Final = {0: 24, 1: 16, _BATCH: 11, _SINCE: 12, _CHECKED: 12, _RETIRES: 12, _WHOSE: 20, _SOURCE: 50}
_NO_DAY: Final = "not given"


def write_prices(sheet: Sheet, plan: Plan) -> None:
    """List prices of every model that the plan uses, US dollars per million tokens, and the plan's own prices."""
    sheet.title(f"List prices on {plan.prepared.priced_on}, US dollars per million tokens", last_col=_SOURCE)
    sheet.paragraph(
        1,
        "Of every model in the mix or in a route. Above a prompt threshold the whole request pays the higher rates. "
        "Batch factor: of these rates, what a request through the Batch API pays. Since: the first day of the price, "
        "where its source gives one. Whose: list, or the plan's own rates ([[prices.override]]), which are bold. n/a: "
        "no price is known and none is used.",
        last_col=_SOURCE,
    )
    labels = (*_RATES.values(), "batch factor", "since", "checked on", "retires", "whose", "source")
    sheet.header(_HEADER_ROW, ("model", "prompt tokens", *labels), n_text=2)
    for col in (_WHOSE, _SOURCE):
        sheet.text(_HEADER_ROW, col, labels[col - _FIRST_RATE], "header_after")
    row, prices = _HEADER_ROW + 1, _prices_used(plan)
    for price in prices:
        row = _write_price(sheet, row, price, _override(plan, price.model))
    row = sheet.listed(row + 1, "Prices beside these rates", list(_other_prices(plan)), last_col=_SOURCE)
    notes = dict.fromkeys(note for price in prices for note in price.notes)
    row = sheet.listed(row, "To know of these prices", list(notes), last_col=_SOURCE)
    sheet.set_layout(exact=_WIDTHS, at_least=dict.fromkeys(range(_FIRST_RATE, _BATCH), 11))
    sheet.print_setup(last_row=row - 2, last_col=_SOURCE, header_row=_HEADER_ROW)


def _prices_used(plan: Plan) -> list[ModelPrice]:
    book, routes = plan.prepared.price_book, [r for c in plan.prepared.scenario_costs for r in c.scenario.routes]
    models = {entry.model for entry in plan.prepared.mix.entries} | {route.to for route in routes}
    models |= {route.escalate_to for route in routes if route.escalate_to}
    models |= {call.model for route in routes for call in (route.router, route.judge) if call and call.model}
    return [book.price(model, plan.prepared.priced_on) for model in sorted({*map(book.resolve, models)})]


def _override(plan: Plan, model: str) -> PriceOverride | None:
    """What the plan says of a model's price itself."""
    book = plan.prepared.price_book
    return next((item for item in book.overrides if book.resolve(item.model) == model), None)


def _write_price(sheet: Sheet, row: int, price: ModelPrice, override: PriceOverride | None) -> int:
    """A line up to the first threshold, and one above each; returns the next row."""
    first = f"up to {price.long_prompt[0].above_prompt_tokens:,}" if price.long_prompt else "any"
    bands: list[tuple[str, Rates]] = [(first, price.rates)]
    bands += [(f"above {band.above_prompt_tokens:,}", band.rates) for band in price.long_prompt]
    for index, (label, rates) in enumerate(bands):
        own = _own_rates(override, is_long=index > 0)
        sheet.text(row, 0, price.model)
        sheet.text(row, 1, label)
        for col, name in enumerate(_RATES, start=_FIRST_RATE):
            value: Decimal | None = getattr(rates, name)
            style = "bold_usd_rate" if name in own else "usd_rate"
            sheet.value(row, col, "n/a" if value is None else float(value), style)
        sheet.number(row, _BATCH, float(price.batch_multiplier), "number")
        for col, day in ((_SINCE, price.effective_from), (_CHECKED, price.checked_on), (_RETIRES, price.retires_on)):
            sheet.text(row, col, _day(day, "-" if col == _RETIRES else _NO_DAY), "right")
        sheet.text(row, _WHOSE, _whose(override, own), "text_after")
        sheet.text(row, _SOURCE, price.source, "text_after")
        row += 1
    return row


def _own_rates(override: PriceOverride | None, *, is_long: bool) -> frozenset[str]:
    """The rates of a line that are the plan's own."""
    if override is None:
        return frozenset()
    if override.discount_fraction is not None:
        return frozenset(_RATES)
    return frozenset(override.named_long() if is_long else override.named())


def _whose(override: PriceOverride | None, own: frozenset[str]) -> str:
    if override is None or not own:
        return "list"
    if override.discount_fraction is not None:
        return f"plan: {percent(float(override.discount_fraction))} off list"
    return f"plan: {', '.join(words for name, words in _RATES.items() if name in own)}"


def _day(day: date | None, otherwise: str) -> str:
    return otherwise if day is None else day.isoformat()


def _other_prices(plan: Plan) -> Iterator[str]:
    """The plan's own factors, and the server tools that the mix uses, with their sources, in sentences."""
    terms, mix = plan.inputs.prices.terms, plan.prepared.mix.entries
    for item in terms.modifiers:
        which = f", of {', '.join(item.models)}" if item.models else ""
        what = f"{item.field} {item.value}{which}"
        yield f"{what}: × {float(item.multiplier):g} on every rate. Source: {item.source}."
    for ratio in terms.token_ratios:
        what = f"tokens, {ratio.to_generation} generation per {ratio.from_generation}"
        yield f"{what}: {ratio.ratio:g}. Source: {ratio.source}."
    tools = plan.prepared.price_book.server_tools(plan.prepared.priced_on)
    for what, per, price, is_used in (
        ("web search", "per 1,000 searches", tools.web_search, any(entry.web_searches_per_request for entry in mix)),
        (
            "code execution",
            "an hour",
            tools.code_execution,
            any(entry.code_execution_hours_per_request for entry in mix),
        ),
    ):
        if is_used and price is not None:
            yield f"{what}: {usd(float(price), cents=True)} {per}. Source: {tools.source}."
