"""Tables of what is measured and of what is listed: usage and prices, before any plan."""

from collections.abc import Sequence
from decimal import Decimal

from planner.mix import Measurement
from planner.price_history import PriceMoveFit
from planner.prices import ModelPrice, PriceDifference
from planner.tables import Table
from planner.words import count, percent, usd


def measure_table(measurement: Measurement) -> Table:
    """Measured usage by type, model and month, largest share of the bill first, priced on each row's own day."""
    rows, cumulative = [], 0.0
    for row in measurement.rows.to_dict("records"):
        cumulative += float(row["share_of_bill"])
        tokens = [float(row[f"{name}_tokens"]) for name in ("uncached_input", "cache_read", "output")]
        writes = float(row["cache_write_5m_tokens"]) + float(row["cache_write_1h_tokens"])
        rows.append(
            (
                str(row["request_type"]),
                str(row["model"]),
                str(row["month"]),
                count(float(row["requests"])),
                *(_mtok(value) for value in (tokens[0], tokens[1], writes, tokens[2])),
                usd(float(row["list_cost_usd"])),
                percent(float(row["share_of_bill"])),
                percent(min(cumulative, 1.0)),
            )
        )
    return Table(
        title=f"Request mix, {measurement.first:%Y-%m-%d} to {measurement.last:%Y-%m-%d}, at each day's list price",
        columns=(
            "request type",
            "model",
            "month",
            "requests",
            "input Mtok",
            "cache read Mtok",
            "cache write Mtok",
            "output Mtok",
            "list cost",
            "share",
            "cumulative",
        ),
        rows=tuple(rows),
        numeric=frozenset(range(3, 11)),
    )


def price_moves_table(fits: Sequence[PriceMoveFit]) -> Table:
    """What the history of list prices says about the moves of a tier, beside the defaults that a plan uses."""
    return Table(
        title="Price moves of a model tier: the history of list prices, worked into the defaults",
        columns=("parameter", "default and history", "P10", "P90", "weight of history", "moves seen"),
        rows=tuple(
            (
                fit.name,
                f"{fit.value:.2f}",
                f"{fit.p10:.2f}",
                f"{fit.p90:.2f}",
                percent(fit.weight_of_data, 0),
                f"{fit.falls} falls, {fit.rises} rises in {fit.tier_years:.1f} tier-years",
            )
            for fit in fits
        ),
        numeric=frozenset(range(1, 5)),
        note="Not written into the plan: type them under [prices.cuts] to use them. Source: data/prices.",
    )


def prices_table(prices: Sequence[ModelPrice]) -> Table:
    """List prices in USD per million tokens on a day."""
    rows: list[tuple[str, ...]] = []
    for price in prices:
        ends = "" if price.retires_on is None else price.retires_on.isoformat()
        rows.append(
            (price.model, "any" if not price.long_prompt else "up to first threshold", *_rates(price.rates), ends)
        )
        rows += [
            (price.model, f"above {band.above_prompt_tokens:,}", *_rates(band.rates), ends)
            for band in price.long_prompt
        ]
    on = prices[0].on if prices else ""
    return Table(
        title=f"List prices on {on}, USD per million tokens",
        columns=("model", "prompt tokens", "input", "cache read", "write 5 min", "write 1 h", "output", "retires"),
        rows=tuple(rows),
        numeric=frozenset(range(2, 7)),
    )


def price_differences_table(differences: Sequence[PriceDifference]) -> Table:
    """Prices on which the library and our dated facts differ."""
    return Table(
        title="Where the price library and our dated facts differ, USD per million tokens",
        columns=("model", "token class", "on", "our fact", "library", "effective from", "wins"),
        rows=tuple(
            (
                row.model,
                row.token_class,
                row.on.isoformat(),
                _price(row.own_usd_per_mtok),
                _price(row.library_usd_per_mtok),
                row.effective_from.isoformat() if row.effective_from else "",
                "our fact" if row.wins == "own" else "library",
            )
            for row in differences
        ),
        numeric=frozenset({3, 4}),
    )


def _price(usd_per_mtok: Decimal | None) -> str:
    return "not known" if usd_per_mtok is None else f"{usd_per_mtok.normalize():f}"


def _rates(rates: object) -> tuple[str, ...]:
    names = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    return tuple(_price(getattr(rates, f"{name}_usd_per_mtok")) for name in names)


def _mtok(tokens: float) -> str:
    return f"{tokens / 1e6:,.1f}"
