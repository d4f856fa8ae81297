"""From [contract] and [[fixed_spend]] of a checked plan file to a Contract."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from planner.bands import DiscountBand
from planner.clauses import (
    CarryForward,
    EarlyRenewal,
    Eligibility,
    FixedSpend,
    InForce,
    Marketplace,
    Payment,
    Reduction,
    Renewal,
    Rollover,
    TrueForward,
)
from planner.contract import Contract
from planner.errors import InputError
from planner.inputs import PriceInputs
from planner.plan_file.contract_sections import (
    BandSection,
    ContractSection,
    EligibleSection,
    FixedSpendSection,
    InForceSection,
)
from planner.plan_file.mistakes import located
from planner.plan_file.schema import PlanFile
from planner.plan_file.section import Section
from planner.units import MONTHS_PER_YEAR

_LONGEST_TERM_MONTHS = 120


def contract_of(file: PlanFile, prices: PriceInputs) -> Contract:
    """The contract of a checked file. Errors: InputError for terms that contradict each other."""
    section = file.contract
    _check_companions(section)
    in_force = _in_force(section.in_force, file.plan.start)
    term_months = _term_months(section, in_force)
    contract = located("contract", _contract, file, prices, in_force, term_months)
    commit = section.commit_usd_per_year
    if commit is None:
        return contract
    years = tuple(commit) if isinstance(commit, list) else tuple(commit * weight for weight in contract.ramp_shape)
    return located("contract", replace, contract, commits_usd_per_year=years)


def contract_notes(file: PlanFile) -> tuple[str, ...]:
    """What a contract says that changes nothing."""
    section, notes = file.contract, []
    if section.overage == "list" and section.overage_cap_fraction_of_commit is not None:
        notes.append('contract.overage_cap_fraction_of_commit changes nothing: overage = "list" has no discount to end')
    if file.decision.money == "npv" and section.payment.cost_of_capital_per_year == 0:
        notes.append('decision.money = "npv" is nominal: contract.payment.cost_of_capital_per_year is 0')
    return tuple(notes)


def _contract(file: PlanFile, prices: PriceInputs, in_force: InForce | None, term_months: int) -> Contract:
    section = file.contract
    return Contract(
        term_months=term_months,
        bands=_bands(section.band, term_months),
        band_basis="year" if section.band[0].min_commit_usd_total is None else "term",
        band_mode=section.band_mode,
        commit_period=section.commit_period,
        quarter_shares=tuple(section.quarter_shares),
        ramp=section.ramp if isinstance(section.ramp, str) else tuple(section.ramp),
        drawdown=section.drawdown,
        overage=section.overage,
        overage_cap_fraction=section.overage_cap_fraction_of_commit,
        shortfall=section.shortfall,
        true_up_rate=section.true_up_rate,
        eligible_fraction=section.eligible_fraction,
        eligible=_eligibility(section.eligible, prices),
        price_falls_passed_through=section.price_falls.passed_through,
        price_rise_cap_fraction=section.price_rises.cap_fraction if section.price_rises else None,
        rollover=_clause(Rollover, section.rollover),
        carry_forward=_clause(CarryForward, section.carry_forward),
        reduction=_clause(Reduction, section.reduction),
        early_renewal=_clause(EarlyRenewal, section.early_renewal),
        true_forward=_clause(TrueForward, section.true_forward),
        payment=_clause(Payment, section.payment),
        marketplace=_clause(Marketplace, section.marketplace),
        in_force=in_force,
        renewal=_clause(Renewal, section.renewal),
        fixed_spend=_fixed_spend(file.fixed_spend),
    )


def _clause(noun: Any, section: Section | None) -> Any:
    """A clause whose keys are the fields of its noun; None where the file has none."""
    return None if section is None else noun(**dict(section))


def _check_companions(section: ContractSection) -> None:
    """Keys that only mean something beside another, and keys that contradict each other."""
    given = section.model_fields_set
    if "true_up_rate" in given and section.shortfall != "true_up":
        raise InputError(
            f'contract.true_up_rate = {section.true_up_rate:g} needs shortfall = "true_up", and it is '
            f'"{section.shortfall}"; set that or leave the rate out'
        )
    if "quarter_shares" in given and section.commit_period != "quarter":
        raise InputError(
            f'contract.quarter_shares = {section.quarter_shares} needs commit_period = "quarter", and it is '
            f'"{section.commit_period}"; set that or leave the shares out'
        )
    commit, ramp = section.commit_usd_per_year, section.ramp
    if commit is not None and ramp == "free":
        raise InputError(
            'contract.ramp = "free" lets sizing choose every year, and commit_usd_per_year fixes them; leave one out'
        )
    if isinstance(commit, list) and not isinstance(ramp, str):
        raise InputError(
            f"contract.ramp = {ramp}: commit_usd_per_year = {commit} says already what each year commits; leave one out"
        )


def _bands(sections: Sequence[BandSection], term_months: int) -> tuple[DiscountBand, ...]:
    """Bands with their threshold a year. Errors: InputError where thresholds are missing, doubled or of both kinds."""
    totals = [section.min_commit_usd_total for section in sections]
    for index, section in enumerate(sections, start=1):
        year, total = section.min_commit_usd_per_year, section.min_commit_usd_total
        if (year is None) == (total is None):
            what = "both" if total is not None else "neither"
            raise InputError(
                f"contract.band[{index}]: {what} of min_commit_usd_per_year and min_commit_usd_total are given; give "
                "one, the same one in every band"
            )
        if (total is None) != (totals[0] is None):
            raise InputError(
                f"contract.band[{index}]: min_commit_usd_per_year and min_commit_usd_total stand in different bands; "
                "give the same one in every band"
            )
        if total is not None and totals.count(total) > 1:
            raise InputError(f"contract.band[{index}]: two bands begin at {total:,.0f} USD for the term; keep one")
    return tuple(_band(section, term_months / MONTHS_PER_YEAR) for section in sections)


def _band(section: BandSection, years: float) -> DiscountBand:
    year, total, tiers = section.min_commit_usd_per_year, section.min_commit_usd_total, section.discount_by_tier
    return DiscountBand(
        min_commit_usd_per_year=year if year is not None else (total or 0.0) / years,
        discount_fraction=section.discount_fraction,
        by_tier=tuple((tier, discount) for tier, discount in tiers or () if discount is not None),
    )


def _eligibility(section: EligibleSection, prices: PriceInputs) -> Eligibility:
    if section.channels is not None and prices.provider not in section.channels:
        raise InputError(
            f"contract.eligible.channels = {section.channels} does not name prices.provider = '{prices.provider}': "
            "nothing would draw the commitment down; add it, or change the provider"
        )
    return Eligibility(
        models=None if section.models is None else _resolved(section.models, prices),
        tiers=None if section.tiers is None else tuple(section.tiers),
        batch=section.batch,
    )


def _resolved(names: Sequence[str], prices: PriceInputs) -> tuple[str, ...]:
    book = prices.price_book()
    return tuple(
        located(f"contract.eligible.models[{index}]", book.resolve, name) for index, name in enumerate(names, start=1)
    )


def _in_force(section: InForceSection | None, start: date) -> InForce | None:
    if section is None:
        return None
    if section.bank_ends is not None and section.bank_usd == 0:
        raise InputError(
            f"contract.in_force.bank_ends = {section.bank_ends} has nothing to end: bank_usd is 0; give both or neither"
        )
    ends_month = _months_after(start, section.ends, "contract.in_force.ends")
    bank_ends = section.bank_ends or section.ends
    return InForce(
        ends_month=ends_month,
        balance_usd=section.balance_usd,
        discount_fraction=section.discount_fraction,
        on_signing=section.on_signing,
        bank_usd=section.bank_usd,
        bank_ends_month=_months_after(start, bank_ends, "contract.in_force.bank_ends"),
    )


def _months_after(start: date, day: date, place: str) -> int:
    months = (day.year - start.year) * MONTHS_PER_YEAR + day.month - start.month
    if day.day != 1 or months < 1:
        raise InputError(f"{place} = {day}: give the first day of a month after plan.start = {start}")
    return months


def _term_months(section: ContractSection, in_force: InForce | None) -> int:
    """As given; with a contract that the new one ends with, its remaining months."""
    if in_force is None or in_force.on_signing == "renew" or "term_months" in section.model_fields_set:
        return section.term_months
    if in_force.ends_month > _LONGEST_TERM_MONTHS:
        raise InputError(
            f"contract.in_force ends {in_force.ends_month} months after the start, and a term has at most "
            f"{_LONGEST_TERM_MONTHS}; check contract.in_force.ends"
        )
    return in_force.ends_month


def _fixed_spend(sections: Sequence[FixedSpendSection]) -> tuple[FixedSpend, ...]:
    names = [section.name for section in sections]
    for index, name in enumerate(names, start=1):
        if name in names[: index - 1]:
            raise InputError(f"fixed_spend[{index}]: '{name}' is there twice; give each a name of its own")
    return tuple(_clause(FixedSpend, section) for section in sections)
