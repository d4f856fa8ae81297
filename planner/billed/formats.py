"""Known reports of billed cost as declarative mappings: the single place for their fields, units and traps."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from planner.billed.records import CostType

Canonical = Literal[
    "start",
    "end",
    "model",
    "cost_type",
    "token_type",
    "amount",
    "list",
    "currency",
    "service_tier",
    "workspace",
    "api_key",
    "category",
    "covered",
]
"""What a mapping may name. covered: what use costs that a commitment paid before, where the amount is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledFormat:
    """A source's way to write billed cost.

    fields: canonical name -> the source's fields, the first that is not blank counts; dots lead into objects.
    recognise: the fields that all have to be there. usd_per_unit: dollars in one unit of the amounts. rounded: amounts
    are written to the cent. inner: the list inside each record that holds the costs. model_words: where given, only
    rows with one of these words in a model field or in about are of this product; the others are left out, and said.
    left_out: category -> why rows of it are no use, and are left out. forbidden: field that must be blank -> why.
    account: formats with the same account report the same use, so that a day may be in one of them only.
    list_may_be_billed: some writers repeat the billed cost as list price, which then says nothing.
    """

    name: str
    meaning: str
    fields: Mapping[Canonical, tuple[str, ...]]
    recognise: tuple[str, ...]
    usd_per_unit: Decimal = Decimal(1)
    rounded: bool = False
    inner: str = ""
    about: tuple[str, ...] = ()
    model_words: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    forbidden: Mapping[str, str] = field(default_factory=dict)
    account: str = ""
    list_may_be_billed: bool = False
    notes: tuple[str, ...] = ()


_CENTS: Final = Decimal("0.01")

COST_ANALYTICS: Final = BilledFormat(
    name="cost analytics",
    meaning="Anthropic Cost Analytics, saved or pulled as JSON; amounts are strings in fractional cents, after "
    "discounts and before credits",
    fields={
        "start": ("starting_at",),
        "end": ("ending_at",),
        "model": ("group.model",),
        "cost_type": ("group.cost_type",),
        "token_type": ("group.token_type",),
        "amount": ("cost.amount",),
        "list": ("cost.list_amount",),
        "currency": ("cost.currency",),
        "service_tier": ("group.service_tier",),
        "workspace": ("group.workspace_id",),
        "api_key": ("group.api_key_id",),
    },
    recognise=("starting_at", "cost.amount"),
    usd_per_unit=_CENTS,
    forbidden={
        "group.rbac_group_id": "rows of such groups overlap and add up to more than was billed; pull the costs again "
        "without this grouping"
    },
    account="anthropic",
)

COST_REPORT: Final = BilledFormat(
    name="cost report",
    meaning="the older Admin cost report as JSON; amounts are strings in cents",
    fields={
        "start": ("starting_at",),
        "end": ("ending_at",),
        "model": ("results.model",),
        "cost_type": ("results.cost_type",),
        "token_type": ("results.token_type",),
        "amount": ("results.amount",),
        "currency": ("results.currency",),
        "service_tier": ("results.service_tier",),
        "workspace": ("results.workspace_id",),
    },
    recognise=("starting_at", "results.amount"),
    usd_per_unit=_CENTS,
    inner="results",
    account="anthropic",
    notes=("The Admin cost report leaves Priority Tier out: what is billed there is not in the comparison.",),
)

CONSOLE_COST: Final = BilledFormat(
    name="console cost",
    meaning="the cost CSV of the Claude Console, of 7 columns (2024) to 14 (2026); the model is a display name",
    fields={
        "start": ("usage_date_utc",),
        "model": ("model",),
        "cost_type": ("cost_type",),
        "token_type": ("token_type",),
        "amount": ("cost_usd",),
        "list": ("list_price_usd",),
        "service_tier": ("usage_type",),
        "workspace": ("workspace",),
        "api_key": ("api_key_id", "api_key"),
    },
    recognise=("usage_date_utc", "cost_usd"),
    rounded=True,
    account="anthropic",
)

FOCUS: Final = BilledFormat(
    name="FOCUS",
    meaning="FOCUS charges as CSV or Parquet; rows without a word of Claude or Anthropic are other products'",
    fields={
        "start": ("ChargePeriodStart",),
        "end": ("ChargePeriodEnd",),
        "model": ("ResourceId", "ResourceName", "SkuId", "SkuMeter", "ChargeDescription"),
        "amount": ("BilledCost",),
        "covered": ("EffectiveCost",),
        "list": ("ListCost",),
        "currency": ("BillingCurrency",),
        "category": ("ChargeCategory",),
        "workspace": ("SubAccountName", "SubAccountId"),
    },
    recognise=("BilledCost", "ChargePeriodStart"),
    about=("ServiceName", "ProviderName", "PublisherName", "ServiceProviderName", "HostProviderName"),
    model_words=("claude", "anthropic"),
    left_out={"tax": "taxes", "purchase": "commitments bought, which are no use"},
    forbidden={"x_ForecastType": "this is a forecast that the planner wrote, and no bill"},
    list_may_be_billed=True,
)

FORMATS: Final = (COST_ANALYTICS, COST_REPORT, CONSOLE_COST, FOCUS)
ACCOUNTS: Final[Mapping[str, str]] = {known.name: known.account for known in FORMATS}
"""Format -> the provider whose account it reports; blank where it may report any."""

COST_TYPES: Final[Mapping[str, CostType]] = {
    "token": "tokens",
    "tokens": "tokens",
    "web_search": "web search",
    "code_execution": "code execution",
    "session_usage": "session usage",
}
"""What sources call a kind of cost. Another name is "other"; a blank says tokens where there is a token type."""

TOKEN_CLASSES_BY_TYPE: Final[Mapping[str, str]] = {
    "uncached_input_tokens": "uncached_input",
    "input_no_cache": "uncached_input",
    "cache_read_input_tokens": "cache_read",
    "input_cache_read": "cache_read",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "input_cache_write": "cache_write_5m",
    "input_cache_write_5m": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "input_cache_write_1h": "cache_write_1h",
    "output_tokens": "output",
    "output": "output",
}
"""What sources call a token class; another name is none of ours."""


def billed_format(seen: Collection[str]) -> BilledFormat | None:
    """The format of a file with these fields, None where it is none of them."""
    return next((known for known in FORMATS if all(name in seen for name in known.recognise)), None)


def unknown_format(seen: Collection[str]) -> str:
    """Why fields are no bill that is known: the nearest format, what it lacks, and what every format needs."""
    names = [name[:60] for name in seen]
    listed = (", ".join(names[:20]) or "none") + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    known = "; ".join(f"{each.name} ({', '.join(each.recognise)})" for each in FORMATS)
    lacking = [name for each in FORMATS for name in each.recognise if name not in seen]
    near = next((close[0] for name in lacking if (close := difflib.get_close_matches(name, seen, 1, 0.8))), None)
    hint = f" Is {near!r} a column that was renamed?" if near else ""
    return (
        f"no bill that is known. Fields seen: {listed}.{hint} Known are {known}. "
        "Or type the total under [[usage.invoice]]."
    )
