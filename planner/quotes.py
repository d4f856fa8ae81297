"""Quotes in hand and asks of the buyer's own: terms beside those on the table, as data."""

from dataclasses import dataclass, replace
from datetime import date

from planner.contract import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer in hand. contract: its terms, the commitment fixed where one is quoted.

    at_one_discount: it quotes one discount, which holds at any commitment, and no bands of its own. source: who or what
    says so, for people; received_on: the day.
    """

    name: str
    contract: Contract
    at_one_discount: bool
    source: str = ""
    received_on: date | None = None

    @property
    def open_contract(self) -> Contract:
        """The same terms with the commitment left to the buyer, its years in the proportions quoted."""
        commits = self.contract.commits_usd_per_year
        if commits is None or len(set(commits)) == 1 or min(commits) == 0:
            return replace(self.contract, commits_usd_per_year=None)
        return replace(self.contract, commits_usd_per_year=None, ramp=tuple(commits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something to ask for. contract: the terms on the table with it granted; None where only the buyer values it.

    value_usd_per_year: what it is worth to the buyer. granted: the terms on the table have it already.
    """

    name: str
    contract: Contract | None
    value_usd_per_year: float | None = None
    granted: bool = False
