"""One log and one bill, by hand: use per day and model, its list cost in plain Decimals, written into every format."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import zstandard

from planner.billed.read import read_bill
from planner.billed.records import BilledSource, Invoice
from planner.measurement import Exclusion, Measurement, measure, prompt_edges
from planner.prices import PriceBook
from planner.usage.read import Usage, UsageSource, read_usage

BOOK = PriceBook.load()
OPUS, HAIKU = "claude-opus-4-5", "claude-haiku-4-5"
DISPLAY = {OPUS: "Claude Opus 4.5", HAIKU: "Claude Haiku 4.5", "": ""}
CLASSES = ("uncached_input", "cache_read", "cache_write_5m", "output")
USD_PER_MTOK = {
    OPUS: tuple(map(Decimal, ("5", "0.5", "6.25", "25"))),
    HAIKU: tuple(map(Decimal, ("1", "0.1", "1.25", "5"))),
}
"""List prices of 2026, typed from the public price list and not read from the planner."""

ANALYTICS_TYPES = {
    "uncached_input": "uncached_input_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write_5m": "cache_creation.ephemeral_5m_input_tokens",
    "output": "output_tokens",
    "": None,
}
CONSOLE_TYPES = {
    "uncached_input": "input_no_cache",
    "cache_read": "input_cache_read",
    "cache_write_5m": "input_cache_write_5m",
    "output": "output",
    "": "",
}
CONSOLE_14 = [
    *("usage_date_utc", "model", "workspace", "api_key", "usage_type", "context_window", "token_type", "cost_usd"),
    *("list_price_usd", "cost_type", "inference_geo", "speed", "api_key_id", "api_key_status"),
]
CONSOLE = {
    "console of 2026, 14": CONSOLE_14,
    "console of 2026, 12": CONSOLE_14[:12],
    "console of 2026, 11": [name for name in CONSOLE_14[:12] if name != "list_price_usd"],
    "console of 2025, 9": [*CONSOLE_14[:8], "cost_type"],
    "console of 2024, 7": [name for name in CONSOLE_14[:8] if name != "context_window"],
}


@dataclass(frozen=True)
class Line:
    """What one day, model and token class was billed, USD."""

    day: date
    model: str
    token_class: str
    amount: Decimal
    listed: Decimal
    cost_type: str = "tokens"
    tier: str = "standard"


Use = dict[tuple[date, str], tuple[int, int, int, int]]
"""Tokens by class, of each day and model."""


def use_of(months: Sequence[tuple[int, int]] = ((2026, 6), (2026, 7)), scale: int = 1) -> Use:
    """Daily use of two models that differs from day to day."""
    found: Use = {}
    for year, month in months:
        day = date(year, month, 1)
        while day.month == month:
            weight = scale * (100_000 + 7_919 * day.day)
            found[day, OPUS] = (10 * weight, 20 * weight, weight, 3 * weight)
            found[day, HAIKU] = (40 * weight, 0, 0, 9 * weight)
            day += timedelta(days=1)
    return found


def bill_of(use: Use, discount: Decimal = Decimal(0)) -> list[Line]:
    """The bill of some use at list less a discount: the oracle, plain Decimals."""
    lines = []
    for (day, model), tokens in use.items():
        for name, count, usd in zip(CLASSES, tokens, USD_PER_MTOK[model], strict=True):
            if count:
                listed = usd * count / 1_000_000
                lines.append(Line(day, model, name, listed * (1 - discount), listed))
    return lines


def list_usd(use: Use, month: str = "", model: str = "") -> Decimal:
    """The list cost of some use, plain Decimals."""
    return sum(
        (line.listed for line in bill_of(use) if line.day.isoformat().startswith(month) and model in ("", line.model)),
        Decimal(0),
    )


def scaled(lines: Iterable[Line], change: Callable[[Line], Decimal], *, of_list: bool = True) -> list[Line]:
    """Lines whose amount, and unless told otherwise their list price, is multiplied."""
    return [
        replace(line, amount=line.amount * change(line), listed=line.listed * (change(line) if of_list else Decimal(1)))
        for line in lines
    ]


# ---- the log


def write_log(
    folder: Path, use: Use, *, cache_columns: bool = True, name: str = "log.jsonl", more: Iterable[dict[str, Any]] = ()
) -> str:
    """The log of some use. more: further rows, as they are."""
    rows = [json.dumps(each) for each in more]
    for (day, model), (uncached, read, written, output) in use.items():
        row: dict[str, Any] = {
            "timestamp": f"{day}T00:00:00Z",
            "request_type": "reindex" if model == HAIKU else "answer",
            "model": model,
            "requests": 100,
            "uncached_input_tokens": uncached,
            "output_tokens": output,
            "context_window": "0-200k",
        }
        if cache_columns:
            row |= {"cache_read_tokens": read, "cache_write_5m_tokens": written, "cache_write_1h_tokens": 0}
        rows.append(json.dumps(row))
    (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return name


_READ: dict[str, Usage] = {}
"""Logs that were read before, by content: many tests compare one log with many bills."""


def usage_of(folder: Path, log: str) -> Usage:
    text = (folder / log).read_text(encoding="utf-8")
    if text not in _READ:
        _READ[text] = read_usage(UsageSource(sources=(log,), base_dir=folder), prompt_edges=prompt_edges(BOOK))
    return _READ[text]


def measured(
    folder: Path,
    use: Use,
    *billed: str,
    invoices: Sequence[Invoice] = (),
    exclusions: Sequence[Exclusion] = (),
    cache_columns: bool = True,
    window: tuple[date | None, date | None] = (None, None),
    book: PriceBook = BOOK,
) -> Measurement:
    """The log of some use, measured and compared with the bill in these files."""
    usage = usage_of(folder, write_log(folder, use, cache_columns=cache_columns))
    bill = read_bill(BilledSource(sources=billed, base_dir=folder, invoices=tuple(invoices)))
    return measure(usage, book, bill=bill, exclusions=exclusions, window=window)


# ---- the bill, format by format


def analytics_items(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [
        {
            "starting_at": f"{line.day}T00:00:00Z",
            "ending_at": f"{line.day + timedelta(days=1)}T00:00:00Z",
            "group": {
                "model": line.model or None,
                "cost_type": line.cost_type,
                "token_type": ANALYTICS_TYPES[line.token_class],
                "service_tier": line.tier,
            },
            "cost": {
                "amount": f"{line.amount * 100:f}",
                "list_amount": f"{line.listed * 100:f}",
                "currency": "USD",
                "requests": None,
            },
        }
        for line in lines
    ]


def write_analytics(folder: Path, lines: Iterable[Line], name: str = "cost.json") -> str:
    page = {"data": analytics_items(lines), "has_more": False, "next_page": None, "data_refreshed_at": None}
    (folder / name).write_text(json.dumps(page, indent=1), encoding="utf-8")
    return name


def write_days(folder: Path, lines: Iterable[Line]) -> str:
    """One file a day, as a pull writes them."""
    by_day: dict[date, list[Line]] = {}
    for line in lines:
        by_day.setdefault(line.day, []).append(line)
    for day, own in by_day.items():
        write_analytics(folder, own, name=f"cost-{day}.json")
    return "cost-*.json"


def write_report(folder: Path, lines: Iterable[Line], name: str = "report.json") -> str:
    buckets: dict[date, list[dict[str, Any]]] = {}
    for line in lines:
        buckets.setdefault(line.day, []).append(
            {
                "currency": "USD",
                "amount": f"{line.amount * 100:f}",
                "workspace_id": None,
                "description": f"{line.model} usage",
                "cost_type": line.cost_type,
                "context_window": "0-200k",
                "model": line.model or None,
                "service_tier": line.tier,
                "token_type": ANALYTICS_TYPES[line.token_class],
                "inference_geo": None,
            }
        )
    data = [
        {
            "starting_at": f"{day}T00:00:00Z",
            "ending_at": f"{day + timedelta(days=1)}T00:00:00Z",
            "results": results,
        }
        for day, results in buckets.items()
    ]
    (folder / name).write_text(json.dumps({"data": data, "has_more": False}), encoding="utf-8")
    return name


def console_rows(lines: Iterable[Line]) -> list[dict[str, str]]:
    return [
        {
            "usage_date_utc": str(line.day),
            "model": DISPLAY.get(line.model, line.model),
            "workspace": "Default",
            "api_key": "the key's name",
            "usage_type": "message" if line.tier == "standard" else line.tier,
            "context_window": "≤ 200k",
            "token_type": CONSOLE_TYPES[line.token_class],
            "cost_usd": f"{line.amount:f}",
            "list_price_usd": f"{line.listed:f}",
            "cost_type": {"tokens": "token"}.get(line.cost_type, line.cost_type),
            "inference_geo": "global",
            "speed": "",
            "api_key_id": "apikey_01",
            "api_key_status": "active",
        }
        for line in lines
    ]


def csv_text(rows: Sequence[dict[str, str]], columns: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_console(folder: Path, lines: Iterable[Line], generation: str, name: str = "console.csv") -> str:
    (folder / name).write_text(csv_text(console_rows(lines), CONSOLE[generation]), encoding="utf-8")
    return name


def focus_rows(lines: Iterable[Line]) -> list[dict[str, str]]:
    return [
        {
            "BilledCost": f"{line.amount:f}",
            "EffectiveCost": f"{line.amount:f}",
            "ListCost": f"{line.listed:f}",
            "BillingCurrency": "USD",
            "ChargePeriodStart": f"{line.day}T00:00:00Z",
            "ChargePeriodEnd": f"{line.day + timedelta(days=1)}T00:00:00Z",
            "ChargeCategory": "Usage",
            "ChargeDescription": f"{line.token_class} tokens",
            "ProviderName": "Anthropic",
            "ServiceName": "Claude API",
            "ResourceId": line.model,
        }
        for line in lines
    ]


def write_focus(folder: Path, lines: Iterable[Line], name: str = "focus.csv") -> str:
    rows = focus_rows(lines)
    (folder / name).write_text(csv_text(rows, list(rows[0])), encoding="utf-8")
    return name


def write_focus_parquet(folder: Path, lines: Iterable[Line], name: str = "focus.parquet") -> str:
    frame = pd.DataFrame(focus_rows(lines))
    for column in ("BilledCost", "EffectiveCost", "ListCost"):
        frame[column] = frame[column].map(Decimal)
    for column in ("ChargePeriodStart", "ChargePeriodEnd"):
        frame[column] = pd.to_datetime(frame[column])
    frame.to_parquet(folder / name, index=False)
    return name


def packed(folder: Path, name: str, packing: str) -> str:
    """A file compressed, and its plain form removed."""
    path = folder / name
    data = path.read_bytes()
    target = folder / f"{name}.{packing}"
    target.write_bytes(gzip.compress(data) if packing == "gz" else zstandard.compress(data))
    path.unlink()
    return target.name


Writer = Callable[[Path, list[Line]], str]
WITH_LIST: dict[str, Writer] = {
    "cost analytics": write_analytics,
    "cost analytics, a file a day": write_days,
    "cost analytics, gzip": lambda folder, lines: packed(folder, write_analytics(folder, lines), "gz"),
    "console of 2026, 14": lambda folder, lines: write_console(folder, lines, "console of 2026, 14"),
    "console of 2026, 12": lambda folder, lines: write_console(folder, lines, "console of 2026, 12"),
    "FOCUS CSV": write_focus,
    "FOCUS Parquet": write_focus_parquet,
    "FOCUS Parquet, zstd": lambda folder, lines: packed(folder, write_focus_parquet(folder, lines), "zst"),
}
WITHOUT_LIST: dict[str, Writer] = {
    "cost report": write_report,
    "console of 2026, 11": lambda folder, lines: write_console(folder, lines, "console of 2026, 11"),
    "console of 2025, 9": lambda folder, lines: write_console(folder, lines, "console of 2025, 9"),
    "console of 2024, 7, zstd": lambda folder, lines: packed(
        folder, write_console(folder, lines, "console of 2024, 7"), "zst"
    ),
}
