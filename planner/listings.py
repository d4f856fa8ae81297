"""Tables of what is measured, and of what the history of prices says, before any plan."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from planner.mix import Measurement, Totals
from planner.price_history import PriceMoveFit
from planner.tables import Table
from planner.units import SECONDS_PER_HOUR
from planner.words import count, percent, usd


def measure_table(measurement: Measurement) -> Table:
    """Measured usage by type, model and month, largest share of the bill first, priced on each row's own day."""
    rows, cumulative = [], 0.0
    tools = ("web searches", "code hours", "server tools") if measurement.totals.has_server_tools else ()
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
                *(_server_tools(row) if tools else ()),
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
            *tools,
            "list cost",
            "share",
            "cumulative",
        ),
        rows=tuple(rows),
        numeric=frozenset(range(3, 11 + len(tools))),
    )


def _server_tools(row: Mapping[Hashable, Any]) -> tuple[str, str, str]:
    hours = float(row["code_execution_seconds"]) / SECONDS_PER_HOUR
    return count(float(row["web_search_requests"])), f"{hours:,.1f}", usd(float(row["server_tools_usd"]))


def server_tools_words(totals: Totals) -> str:
    """What server tools did and cost, as a part of the bill."""
    searches, hours = totals.web_search_requests, totals.code_execution_hours
    did = [f"{count(searches)} web searches"] if searches else []
    did += [f"{hours:,.1f} hours of code execution"] if hours else []
    return f"of it {usd(totals.server_tools_usd)} for {' and '.join(did)}"


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


def _mtok(tokens: float) -> str:
    return f"{tokens / 1e6:,.1f}"
