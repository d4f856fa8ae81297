"""[[offer]], [[ask]] and [negotiation] of a plan file as written: quotes in hand, and what the buyer may ask for."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from planner.plan_file.contract_sections import BandSection, ContractTerms, Discount
from planner.plan_file.section import Name, Section, Share, Usd

Droppable = Literal[
    "rollover",
    "carry_forward",
    "reduction",
    "early_renewal",
    "true_forward",
    "price_rises",
    "marketplace",
    "overage_cap_fraction_of_commit",
]
"""Clauses of [contract] whose absence cannot be written as a value."""


class VariedTerms(ContractTerms):
    """[contract] with some keys in other words: what is not said here is as [contract] has it."""

    without: list[Droppable] = Field(
        default_factory=list, description="clauses of [contract] that these terms do not have"
    )
    band: Annotated[list[BandSection], Field(min_length=1)] | None = None


class OfferSection(VariedTerms):
    """[[offer]]: a quote in hand. Any key of [contract] may stand in it; what it leaves out is as [contract] has it."""

    name: Name = Field(description="who quoted it, and when; each name once")
    discount_fraction: Discount | None = Field(
        default=None, description="the discount quoted, in place of bands; left out: the bands decide"
    )
    source: Name | None = Field(default=None, description="for people: who or what says so; changes no figure")
    received_on: date | None = Field(default=None, description="for people: the day it was received")


class AskSection(VariedTerms):
    """[[ask]]: a clause of your own to be valued. Any key of [contract] says what would be granted; or a value does."""

    name: Name = Field(description="what is asked for, in a few words; each name once")
    value_usd_per_year: Usd | None = Field(
        default=None,
        description="what it is worth to you, for what no path shows, such as capacity (rate limits) or support",
    )
    granted: bool = Field(
        default=False, description="with a value: the terms on the table have it already; giving it up costs as much"
    )


class NegotiationSection(Section):
    """[negotiation]: how far to go."""

    target_share: Share = Field(
        default=0.5,
        description="the target is the asks, the most valuable first, that come to this share of what the opening asks "
        "for",
    )
