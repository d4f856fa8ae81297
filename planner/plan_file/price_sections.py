"""[prices] of the plan file as it is written: whose prices, as of which day, what differs, how they may move."""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from planner.distributions import fraction_from_quantiles, positive_from_quantiles
from planner.plan_file.section import Name, Provider, Section, Usd
from planner.plan_file.values import Fraction, Positive


def _said(source: str) -> str:
    if not source.strip():
        raise ValueError("a source says where the price comes from, such as a quote and its day")
    return source


def _snapshot(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{16}", text):
        raise ValueError("no snapshot: 16 of 0-9 and a-f, as `planner prices --pin` writes them; or leave it out")
    return text


Source = Annotated[Name, AfterValidator(_said)]


class OverrideSection(Section):
    """[[prices.override]]: a negotiated or newer rate; classes that are not named keep their list price.

    The keys that begin with `long_` are the prices above the model's prompt threshold.
    """

    model: Name
    source: Source
    tier: Literal["haiku", "sonnet", "opus", "fable"] | None = None
    discount_fraction: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="off every class, below and above the prompt threshold; not beside prices"
    )
    input_usd_per_mtok: Usd | None = None
    output_usd_per_mtok: Usd | None = None
    cache_read_usd_per_mtok: Usd | None = None
    cache_write_5m_usd_per_mtok: Usd | None = None
    cache_write_1h_usd_per_mtok: Usd | None = None
    long_input_usd_per_mtok: Usd | None = Field(
        default=None, description="uncached input above the prompt threshold, USD per million tokens; left out: list"
    )
    long_output_usd_per_mtok: Usd | None = Field(
        default=None, description="output above the prompt threshold, USD per million tokens; left out: list"
    )
    long_cache_read_usd_per_mtok: Usd | None = Field(
        default=None, description="cache reads above the prompt threshold, USD per million tokens; left out: list"
    )
    long_cache_write_5m_usd_per_mtok: Usd | None = Field(
        default=None,
        description="5-minute cache writes above the prompt threshold, USD per million tokens; left out: list",
    )
    long_cache_write_1h_usd_per_mtok: Usd | None = Field(
        default=None,
        description="1-hour cache writes above the prompt threshold, USD per million tokens; left out: list",
    )


class ModifierSection(Section):
    """[[prices.modifier]]: a negotiated or newer factor on every token class, for what a log says of a request."""

    field: Literal["service_tier", "inference_geo", "speed"] = Field(description="the log's column")
    value: Name = Field(description="what stands there, such as `priority`")
    multiplier: Annotated[float, Field(gt=0, le=1_000)] = Field(description="on every token class")
    models: list[Name] = Field(default_factory=list, description="the models that it holds for; left out: all")
    source: Source = Field(description="where the factor comes from, such as a quote and its day")


class TokenRatioSection(Section):
    """[[prices.token_ratio]]: tokens of the same text, of one tokenizer generation per token of another."""

    from_: Name = Field(alias="from", description="a tokenizer generation: `old` or `new`")
    to: Name = Field(description="the other one")
    ratio: float = Field(description="tokens of `to` per token of `from`, above 0; it gives the other direction too")
    source: Source = Field(description="where the ratio comes from, such as your own count of a sample")


class ServerToolsSection(Section):
    """[prices.server_tools]: your own price of what the provider's server tools cost beside the tokens."""

    web_search_usd_per_thousand: Usd | None = Field(
        default=None, description="USD per 1,000 searches; left out: the provider's price"
    )
    code_execution_usd_per_hour: Usd | None = Field(
        default=None, description="USD per hour of container time; left out: the provider's price"
    )
    source: Source = Field(description="where the prices come from")


class CutsSection(Section):
    """[prices.cuts]: list-price moves during the term, per tier and year."""

    falls_per_year: Annotated[float, Field(ge=0, le=12)] = 0.7
    fall: Fraction = Field(default_factory=lambda: fraction_from_quantiles(0.10, 0.60))
    rises_per_year: Annotated[float, Field(ge=0, le=12)] = 0.2
    rise: Positive = Field(default_factory=lambda: positive_from_quantiles(0.05, 0.30))
    lag_months: Annotated[int, Field(ge=0, le=60)] = 3


class PricesSection(Section):
    """[prices]: whose prices, as of which day."""

    provider: Provider = "anthropic"
    endpoint: Literal["global", "regional"] | None = Field(
        default=None,
        description="of Bedrock or Vertex AI, whose regional endpoints cost more; a name in a log that says its "
        "endpoint wins; left out: global",
    )
    on: date | None = Field(default=None, description="default: the day the price data was last checked, or the start")
    snapshot: Annotated[str, AfterValidator(_snapshot)] | None = Field(
        default=None,
        description="the price data that the plan was last priced with, written by `planner prices --pin`; with other "
        "data the plan says so",
    )
    aliases: dict[Name, Name] = Field(
        default_factory=dict, description="names in the log, each with the model that it stands for"
    )
    override: list[OverrideSection] = Field(default_factory=list)
    modifier: list[ModifierSection] = Field(default_factory=list)
    token_ratio: list[TokenRatioSection] = Field(default_factory=list)
    server_tools: ServerToolsSection | None = None
    cuts: CutsSection = Field(default_factory=CutsSection)
