"""[signed] and [alerts]: what was signed, and when tracking raises an alert."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, field_validator

from planner.contract import Contract
from planner.errors import InputError
from planner.plan_file.section import Section, Usd
from planner.signed import OUTSIDE_BAND_MONTHS, SHORTFALL_PROBABILITY, AlertLimits, Signed
from planner.units import MONTHS_PER_YEAR

Chance = Annotated[float, Field(gt=0, le=1)]


class SignedSection(Section):
    """[signed]: the commitment that was signed, for `planner track`."""

    on: date = Field(description="day of signing; list prices and the log of the plan count up to it")
    commit_usd_per_year: Usd | list[Usd] | None = Field(
        default=None,
        description="as signed: one of contract year 1, which later years follow as [contract] says, or one a year; "
        "default: what [contract] fixes",
    )
    discount_fraction: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        default=None, description="as signed; default: the band's"
    )

    @field_validator("commit_usd_per_year")
    @classmethod
    def _some_year(cls, value: float | list[float] | None) -> float | list[float] | None:
        if isinstance(value, list) and not value:
            raise ValueError("the list is empty; give one commitment for each contract year")
        return value


class AlertsSection(Section):
    """[alerts]: when `planner track` raises one."""

    shortfall_probability: Chance | None = Field(
        default=SHORTFALL_PROBABILITY, description="the probability of a shortfall is this or more; 1: only a sure one"
    )
    overage_probability: Chance | None = Field(
        default=None, description="the probability of use beyond the commitment is this or more; default: no alert"
    )
    outside_band_months: Annotated[int, Field(ge=1, le=120)] | None = Field(
        default=OUTSIDE_BAND_MONTHS,
        description="so many closed months in a row, up to the last, outside the 80 % band of the plan as signed",
    )


def signed_of(
    section: SignedSection | None, alerts: AlertsSection, contract: Contract, *, start: date, priced_on: date | None
) -> Signed | None:
    """What was signed, None where nothing was. priced_on: the day that the plan says its prices are of.

    Errors: InputError for what the contract cannot mean, and for prices that came after the signing.
    """
    if section is None:
        return None
    years, month = divmod(start.month - 1 + contract.term_months, MONTHS_PER_YEAR)
    end = date(start.year + years, month + 1, 1)
    if section.on >= end:
        raise InputError(f"signed.on = {section.on}: the term ended before, on {end - timedelta(days=1)}; correct it")
    if priced_on is not None and priced_on > section.on:
        raise InputError(
            f"prices.on = {priced_on} is after signed.on = {section.on}: nothing that came later is in a plan as it "
            "was signed; correct one, or leave prices.on out"
        )
    return Signed(
        on=section.on,
        commits_usd_per_year=_commits(section, contract),
        discount_fraction=section.discount_fraction,
        alerts=_limits(alerts),
    )


def _commits(section: SignedSection, contract: Contract) -> tuple[float, ...]:
    given, fixed = section.commit_usd_per_year, contract.commits_usd_per_year
    if given is None:
        if fixed is None:
            raise InputError(
                "signed.commit_usd_per_year is missing, and [contract] fixes no commitment; give what was signed, USD "
                "a year"
            )
        return fixed
    if isinstance(given, list) and len(given) != contract.n_years:
        raise InputError(
            f"signed.commit_usd_per_year has {len(given)} commitments and the contract {contract.n_years} contract "
            "years; give one for each, or one number"
        )
    if fixed is not None and given == fixed[0]:
        return fixed
    found = tuple(given) if isinstance(given, list) else contract.offer_at(given).commits_usd_per_year(contract.n_years)
    if not any(found):
        raise InputError(
            f"signed.commit_usd_per_year = {given}: nothing was committed, so there is nothing to track; give what was "
            "signed, or leave [signed] out"
        )
    if fixed is not None and not _same(found, fixed):
        raise InputError(
            f"signed.commit_usd_per_year = {given} is not what contract.commit_usd_per_year fixes ({list(fixed)}); "
            "keep the one that was signed"
        )
    return found


def _same(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(a == b for a, b in zip(one, other, strict=True))


def alert_notes(section: SignedSection | None, *, alerts_given: bool) -> tuple[str, ...]:
    """What is said of alerts that no tracking can raise."""
    if section is not None or not alerts_given:
        return ()
    return ("[alerts] are of a plan that is signed, and this one has no [signed]: none is raised until it has.",)


def _limits(section: AlertsSection) -> AlertLimits:
    """The limits as typed."""
    return AlertLimits(
        shortfall_probability=section.shortfall_probability,
        overage_probability=section.overage_probability,
        outside_band_months=section.outside_band_months,
    )
