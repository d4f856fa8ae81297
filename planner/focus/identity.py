"""Who, what and when on every row: names of provider and service, placeholder identifiers, moments.

Nothing is signed yet, so the identifiers that a provider will assign are made here from the plan's own terms: the same
proposal has the same ones, another proposal has others.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from planner.contract import Contract
from planner.digest import digest
from planner.inputs import PlanInputs
from planner.offer import Offer
from planner.units import MONTHS_PER_YEAR

CURRENCY: Final = "USD"
_MAKER: Final = "commit-planner"
BILLING_ACCOUNT_ID: Final = f"{_MAKER}:billing-account"
USE_SKU_ID: Final = f"{_MAKER}:sku/use-at-list"
COMMITMENT_SKU_ID: Final = f"{_MAKER}:sku/contract-commitment"
_DIGITS: Final = 16

_PROVIDERS: Final = {
    "anthropic": ("Anthropic", "Claude API"),
    "bedrock": ("Amazon Web Services", "Amazon Bedrock"),
    "vertex": ("Google Cloud", "Vertex AI"),
}
"""Plan's provider -> ServiceProviderName, ServiceName."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What rows of one proposal have in common. invoice_issuer: the marketplace, where one is bought through."""

    service_provider: str
    service: str
    invoice_issuer: str
    contract_id: str
    start: date

    def commitment_id(self, index: int) -> str:
        """Of the commitment over a period, 0 first."""
        return f"{self.contract_id}/commitment/{index + 1}"

    def moment(self, month: int) -> str:
        """The start of a contract month, which is the exclusive end of the one before."""
        years, index = divmod(self.start.month - 1 + month, MONTHS_PER_YEAR)
        return at_midnight(date(self.start.year + years, index + 1, 1))


def identity(inputs: PlanInputs, contract: Contract, offer: Offer) -> Identity:
    """The identity of an offer under a contract, from a plan's start, provider, terms and offer."""
    provider, service = _PROVIDERS[inputs.prices.provider]
    issuer = provider if contract.marketplace is None else contract.marketplace.channel
    key = digest(inputs.prices.provider, inputs.start, contract, offer)[:_DIGITS]
    return Identity(
        service_provider=provider,
        service=service,
        invoice_issuer=issuer,
        contract_id=f"{_MAKER}:contract/{key}",
        start=inputs.start,
    )


def at_midnight(day: date) -> str:
    """The first moment of a day in UTC, as FOCUS writes it."""
    return f"{day.isoformat()}T00:00:00Z"
