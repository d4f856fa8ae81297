"""From [[offer]] and [[ask]] of a checked plan file to quotes and asks: [contract] with the keys that they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import PriceInputs
from planner.plan_file.contract_loader import contract_of
from planner.plan_file.contract_sections import ContractSection
from planner.plan_file.mistakes import explain, located
from planner.plan_file.quote_sections import AskSection, OfferSection, VariedTerms
from planner.plan_file.schema import PlanFile
from planner.quotes import Ask, Quote

_COMPANIONS: Final = {"shortfall": "true_up_rate", "commit_period": "quarter_shares"}
"""Keys that go with another: who changes the first does not mean the second, unless it is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteReader:
    """A checked plan file, its tables as written, and its prices: what every offer and ask is read against."""

    file: PlanFile
    document: Mapping[str, Any]
    prices: PriceInputs

    def quotes(self) -> tuple[Quote, ...]:
        """The offers. Errors: InputError for a name twice, and for terms that contradict each other."""
        _check_names("offer", self.file.offer)
        return tuple(self._quote(index, section) for index, section in enumerate(self.file.offer))

    def asks(self) -> tuple[Ask, ...]:
        """The asks. Errors: as quotes, and for an ask that says neither terms nor a value."""
        _check_names("ask", self.file.ask)
        return tuple(self._ask(index, section) for index, section in enumerate(self.file.ask))

    def _quote(self, index: int, section: OfferSection) -> Quote:
        place = f"offer[{index + 1}]"
        own = self._own_keys("offer", index, ("name", "discount_fraction", "source", "received_on"))
        if section.discount_fraction is not None:
            if section.band is not None:
                raise InputError(f"{place}: discount_fraction and band both say a discount; leave one out")
            own["band"] = [{"min_commit_usd_per_year": 0.0, "discount_fraction": section.discount_fraction}]
        if section.commit_usd_per_year is None and section.discount_fraction is None and section.band is None:
            raise InputError(f"{place}: '{section.name}' quotes neither a commitment nor a discount; give at least one")
        return Quote(
            name=section.name,
            contract=located(place, self._varied, place, section, own, is_offer=True),
            at_one_discount=section.discount_fraction is not None,
            source=section.source or "",
            received_on=section.received_on,
        )

    def _ask(self, index: int, section: AskSection) -> Ask:
        place, value = f"ask[{index + 1}]", section.value_usd_per_year
        own = self._own_keys("ask", index, ("name", "value_usd_per_year", "granted"))
        says_terms = bool(own or section.without)
        if says_terms == (value is not None):
            what = "both terms and a value" if says_terms else "neither terms nor a value"
            raise InputError(
                f"{place}: '{section.name}' gives {what}; give keys of [contract] to have it valued on the paths, or "
                "value_usd_per_year"
            )
        months = self.file.contract.term_months
        if own.get("term_months", months) != months:
            raise InputError(
                f"{place}.term_months = {own['term_months']}: [contract] has {months} months, and what others cost "
                "is no clause's worth; give an [[offer]] of that term instead"
            )
        if section.granted and value is None:
            raise InputError(f"{place}.granted: terms that the contract has stand in [contract]; leave the ask out")
        contract = located(place, self._varied, place, section, own, is_offer=False) if says_terms else None
        return Ask(name=section.name, contract=contract, value_usd_per_year=value, granted=section.granted)

    def _own_keys(self, kind: str, index: int, apart: Sequence[str]) -> dict[str, Any]:
        written: Mapping[str, Any] = self.document[kind][index]
        return {key: value for key, value in written.items() if key not in (*apart, "without")}

    def _varied(self, place: str, section: VariedTerms, own: Mapping[str, Any], *, is_offer: bool) -> Contract:
        """[contract] with other keys. An offer brings its own commitment, or leaves it to be sized."""
        table = dict(self.document["contract"])
        for clause in section.without:
            if clause not in table:
                raise InputError(f"{place}.without = '{clause}': [contract] does not have it; leave it out here")
            del table[clause]
        for key, companion in _COMPANIONS.items():
            if key in own:
                table.pop(companion, None)
        if is_offer:
            table.pop("commit_usd_per_year", None)
        if (table.get("ramp") == "free" and "commit_usd_per_year" in own) or isinstance(
            own.get("commit_usd_per_year"), list
        ):
            table.pop("ramp", None)
        try:
            varied = ContractSection.model_validate({**table, **own})
        except ValidationError as error:  # pragma: no cover - each part was checked where it stands
            raise InputError(explain(error)) from None
        return contract_of(self.file.model_copy(update={"contract": varied}), self.prices)


def _check_names(kind: str, sections: Sequence[OfferSection] | Sequence[AskSection]) -> None:
    names = [section.name for section in sections]
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InputError(f"{kind}[{index + 1}]: '{name}' is there twice; give each a name of its own")
