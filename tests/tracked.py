"""Signed plans and actual months as the tests of tracking write them."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from strategies import Table, mix_entry, override, plan_table

from planner.lever_costs.unit_costs import Account
from planner.plan_file.loader import parse_plan
from planner.tracking.actual import ActualMonth, Use
from planner.tracking.causes.plan_streams import DOLLARS, UNCOUNTED
from planner.tracking.causes.planned import Planned
from planner.tracking.signed_plan import SignedPlan, signed_plan

STRONG = override("strong")
OTHER = override("other strong", rates=(8.0, 0.8, 10.0, 16.0, 40.0))
MIDDLE = override("middle", tier="sonnet", rates=(4.0, 0.4, 5.0, 8.0, 20.0))
CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
SPREAD = {"p10": 0.4, "p90": 0.7}
LATE = {"low": 0, "mode": 2, "high": 5}
CHAT = {
    "uncached_input_tokens": 800.0,
    "cache_read_tokens": 2000.0,
    "cache_write_5m_tokens": 150.0,
    "output_tokens": 90.0,
}

MIX = [
    mix_entry("chat", "strong", **CHAT),
    mix_entry("chat", "other strong", **CHAT | {"monthly_requests": 250_000.0, "output_tokens": 200.0}),
    mix_entry("chat", "cheap", **CHAT | {"monthly_requests": 100_000.0}),
    mix_entry("code", "strong", monthly_requests=40_000.0, output_tokens=3000.0, batch_fraction=0.3),
    mix_entry("plain", "middle", monthly_requests=500_000.0, output_tokens=20.0),
]
JUDGE = {"model": "middle", "uncached_input_tokens": 300.0, "output_tokens": 4.0}
LEVERS: Table = {
    "name": "levers",
    "route": [
        {
            "request_type": "chat",
            "to": "cheap",
            "from": ["strong"],
            "share": SPREAD,
            "escalation": {"passed": 180, "failed": 20},
            "rule_fraction": 0.25,
            "judge": JUDGE,
            "router": {"usd_per_request": 0.0001},
            "moves": "request",
            "output_ratio": 1.3,
            "ramp": {"start_month": LATE, "months": 3},
        },
        {
            "request_type": "code",
            "to": "middle",
            "share": 0.4,
            "escalation": 0.1,
            "ramp": {"start_month": 1, "months": 4},
        },
    ],
    "cache": [
        {
            "request_type": "code",
            "cacheable_fraction": SPREAD,
            "hit_rate": {"p10": 0.6, "p90": 0.9},
            "ttl": "1h",
            "ramp": {"start_month": LATE, "months": 2},
        }
    ],
    "batch": [{"request_type": "code", "share": SPREAD}],
    "output": [{"request_type": "chat", "cut": {"p10": 0.05, "p90": 0.3}}],
}
RESTLESS = {
    "level_sd": 0.05,
    "growth_per_year": {"p10": 0.0, "p90": 0.6},
    "monthly_volatility": 0.04,
    "monthly_noise": 0.05,
    "leave_probability_per_quarter": 0.04,
    "token_drift_per_year": {"p10": -0.05, "p90": 0.15},
    "event": [
        {
            "name": "launch",
            "probability": 0.5,
            "month": {"low": 1, "mode": 2, "high": 4},
            "size": {"low": 1.1, "mode": 1.3, "high": 1.6},
            "request_types": ["code"],
        }
    ],
}
CUTS = {
    "falls_per_year": 0.7,
    "rises_per_year": 0.2,
    "fall": {"p10": 0.1, "p90": 0.6},
    "rise": {"p10": 0.05, "p90": 0.3},
}


def signed_table(**changed: Any) -> Table:
    """A plan in which something was signed: every lever, several models a type, a judge and rules."""
    given = {
        "mix": MIX,
        "overrides": [STRONG, OTHER, MIDDLE, CHEAP],
        "scenario": [{"name": "as is"}, LEVERS],
        "decision": {"scenario": "levers"},
        "paths": 2048,
    }
    table = plan_table(**given | changed)
    return table | {"signed": {"on": date(2026, 12, 20), "commit_usd_per_year": 100_000.0}}


def signed_of(table: Table) -> SignedPlan:
    """The plan of a table as it was signed."""
    return signed_plan(parse_plan(tomlkit.dumps(table), base_dir=Path()))


def month_of(signed: SignedPlan, index: int, uses: Sequence[Use], **changed: Any) -> ActualMonth:
    """A closed month of the contract."""
    years, month = divmod(signed.inputs.start.month - 1 + index, 12)
    first = date(signed.inputs.start.year + years, month + 1, 1)
    closed = ActualMonth(
        month=f"{first:%Y-%m}",
        first=first,
        last=first.replace(day=monthrange(first.year, first.month)[1]),
        is_closed=True,
        scale=1.0,
        scale_log_sd=0.0,
        uses=tuple(uses),
    )
    return replace(closed, **changed)


def use(request_type: str, model: str, calls: float | None, tokens: Sequence[float], usd: float, **changed: Any) -> Use:
    """Use at one price; calls and tokens may be expected ones, which are no whole numbers."""
    given: dict[str, Any] = {
        "request_type": request_type,
        "model": model,
        "is_batch": False,
        "requests": calls,
        "tokens": tuple(tokens),
        "list_cost_usd": usd,
        "signing_list_cost_usd": usd,
        "server_tools_usd": 0.0,
        "account": Account("opus"),
    }
    return Use(**given | changed)


def expected_uses(central: Planned, index: int) -> list[Use]:
    """What a log would show of a month in which everything goes as the plan expects it; dollars of no call apart."""
    streams, calls, found = central.streams, central.calls()[index], []
    for place, (of_type, kind, model, _) in enumerate(streams.keys):
        if kind != DOLLARS:
            tokens = calls[place] * streams.tokens[index, place]
            signing, listed = (float(tokens @ rate[index, place]) for rate in (streams.rate, streams.list_rate))
            tools = float(calls[place] * streams.flat_usd[index, place])
            batch = listed - signing  # at half the price: what is saved by batch is what is paid in it
            through = 2.0 * batch / listed if listed else 0.0
            for share, usd in ((1.0 - through, signing - batch), (through, batch)):
                found.append(
                    use(
                        central.types[of_type],
                        model,
                        0.0 if kind == UNCOUNTED else float(calls[place]) * share,
                        (tokens * share).tolist(),
                        usd + tools * share,
                        list_cost_usd=usd * float(streams.price[index, place]) + tools * share,
                        server_tools_usd=tools * share,
                        account=Account(streams.tiers[place]),
                        is_batch=share == through,
                    )
                )
    return found


def priced(calls: float, tokens: Mapping[str, float], rates: Table) -> tuple[list[float], float]:
    """Tokens of so many calls in the order of the classes, and what they cost at an override's rates."""
    names = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    counts = np.array([tokens.get(f"{name}_tokens", 0.0) for name in names]) * calls
    prices = np.array([rates[f"{'input' if name == 'uncached_input' else name}_usd_per_mtok"] for name in names]) / 1e6
    return counts.tolist(), float(counts @ prices)
