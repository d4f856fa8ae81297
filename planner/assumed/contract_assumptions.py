"""The terms of the contract as assumptions: every clause in force, its unit and whose it is."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from planner.assumed.assumption import (
    CHOSEN,
    UNKNOWN,
    YOURS,
    Assumption,
    Document,
    Known,
    Path,
    Value,
    origin_of,
    plain,
)
from planner.bands import DiscountBand
from planner.clauses import InForce
from planner.contract import Contract
from planner.plan import Plan
from planner.plan_file.assumption_keys import band_name
from planner.units import MONTHS_PER_YEAR
from planner.words import usd

_TERMS: Final = "Contract"
_OUTSIDE: Final = "billed at list beside the contract"

Row = tuple[str, Value, str, str, tuple[str, ...]]
"""Name, value, style, unit, and the key under [contract] that says it."""


def contract_assumptions(plan: Plan, document: Document) -> Iterator[Assumption]:
    """The terms, the clauses that the contract has, its bands, and spend that is not tokens."""
    contract = plan.inputs.contract
    for rows in (_commitment(contract), _use(contract), _prices_and_payment(contract)):
        yield from (_assumption(_TERMS, row, document) for row in rows)
    for clause, rows in _clauses(contract):
        section = f"{_TERMS}: {clause.replace('_', ' ')}"
        yield from (_assumption(section, (*row[:4], (clause, *row[4])), document) for row in rows)
    yield from _bands(contract, document)
    for item in contract.fixed_spend:
        where = "draws the commitment down" if item.eligible else _OUTSIDE
        path, unit = ("fixed_spend", item.name, "usd_per_month"), f"USD a month, {where}"
        yield plain("Fixed spend", path, item.usd_per_month, "usd", unit, YOURS, name=item.name)


def _assumption(section: str, row: Row, document: Document) -> Assumption:
    name, value, style, unit, key = row
    path = ("contract", *key)
    if name == "exercised" and value == "no" and _said(document, *path) is not False:
        return plain(section, path, value, style, "not used: no dearer without it", CHOSEN, name=name)
    return plain(section, path, value, style, unit, origin_of(document, path), name=name)


def _said(document: Document, *path: str) -> Any:
    """What the plan file says under a key; None where it does not."""
    found: Any = document
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _own(name: str, value: Value, style: str, unit: str) -> Row:
    """A row whose name is its key."""
    return name, value, style, unit, (name,)


def _commitment(contract: Contract) -> Iterator[Row]:
    yield _own("term_months", contract.term_months, "count", "months")
    period = {"year": "contract year", "quarter": "quarter", "term": "whole term"}[contract.commit_period]
    yield _own("commit_period", period, "right", "over which a commitment has to be used")
    if contract.commit_period == "quarter":
        shares = ", ".join(f"{share:.1%}" for share in contract.quarter_shares)
        yield _own("quarter_shares", shares, "right", "of the year's commitment")
    fixed, key = contract.commits_usd_per_year, ("commit_usd_per_year",)
    if fixed is None:
        yield "commitment", "sized", "right", "by this plan", key
    for year, commit in enumerate(fixed or (), start=1):
        yield f"commitment, contract year {year}", commit, "usd", "USD a year, fixed", key
    if contract.n_years > 1 and (fixed is None or not isinstance(contract.ramp, str)):
        words = {"flat": "flat", "free": "each year sized by itself"}
        shape = ", ".join(f"{weight:g}" for weight in contract.ramp_shape)
        ramp = words[contract.ramp] if isinstance(contract.ramp, str) else shape
        yield _own("ramp", ramp, "right", "contract years relative to the first")


def _use(contract: Contract) -> Iterator[Row]:
    yield _own("drawdown", contract.drawdown, "right", "dollars that draw down")
    overage = contract.overage if isinstance(contract.overage, str) else float(contract.overage)
    yield _own("overage", overage, "percent", "discount on use beyond")
    if contract.overage_cap_fraction is not None:
        key, unit = "overage_cap_fraction_of_commit", "of the commitment; list price beyond"
        yield _own(key, contract.overage_cap_fraction, "percent", unit)
    yield _own("shortfall", contract.shortfall, "right", "of unused commitment")
    if contract.shortfall == "true_up":
        yield _own("true_up_rate", contract.true_up_rate, "usd_cents", "charged per unused dollar")
    if contract.rollover is None:
        yield _own("rollover", "none", "right", "of unused commitment")
    yield _own("eligible_fraction", contract.eligible_fraction, "percent", "of list spend")


def _prices_and_payment(contract: Contract) -> Iterator[Row]:
    passed = "passed through" if contract.price_falls_passed_through else "locked at signing"
    yield "price falls", passed, "right", "", ("price_falls", "passed_through")
    cap = contract.price_rise_cap_fraction
    if cap is not None:
        yield "price rises", cap, "percent", "at most, over the pricing day's list", ("price_rises", "cap_fraction")
    payment = contract.payment
    yield "payment", payment.mode, "right", "when the commitment is paid", ("payment", "mode")
    rate, unit = payment.cost_of_capital_per_year, "a year; 0% leaves dollars nominal"
    yield "cost of capital", rate, "percent", unit, ("payment", "cost_of_capital_per_year")
    if contract.band_mode == "incremental":
        yield _own("band_mode", contract.band_mode, "right", "a discount holds for the part in its band")


def _clauses(contract: Contract) -> Iterator[tuple[str, Iterator[Row]]]:
    """(table of the plan file, its rows) of every clause that the contract has."""
    if not contract.eligible.is_everything:
        yield "eligible", _eligible(contract)
    if contract.rollover is not None:
        yield "rollover", _rollover(contract)
    for name, rows in (
        ("carry_forward", _carry_forward(contract)),
        ("reduction", _reduction(contract)),
        ("early_renewal", _early_renewal(contract)),
        ("true_forward", _true_forward(contract)),
        ("marketplace", _marketplace(contract)),
    ):
        if getattr(contract, name) is not None:
            yield name, rows
    if contract.in_force is not None:
        yield "in_force", _in_force(contract.in_force)
    renewal = contract.renewal
    if renewal.bank_value_fraction or renewal.uplift_fraction:
        yield "renewal", _renewal(contract)


def _eligible(contract: Contract) -> Iterator[Row]:
    eligible = contract.eligible
    if eligible.models is not None:
        yield _own("models", ", ".join(eligible.models), "right", "draw down")
    if eligible.tiers is not None:
        yield _own("tiers", ", ".join(eligible.tiers), "right", "draw down")
    yield _own("batch", "draws down" if eligible.batch else "beside the contract", "right", "batch requests")


def _rollover(contract: Contract) -> Iterator[Row]:
    clause = contract.rollover
    assert clause is not None
    yield _own("share", clause.share, "percent", "of what a period leaves unused")
    yield _own("months", clause.months, "count", "months until it expires")
    yield _own("renew_min_fraction", clause.renew_min_fraction, "percent", "of this commitment, the next at least")
    if clause.max_fraction_of_commit is not None:
        yield _own("max_fraction_of_commit", clause.max_fraction_of_commit, "percent", "of the commitment, at most")
    yield _own("draw", clause.draw.replace("_", " "), "right", "order in which use draws")


def _carry_forward(contract: Contract) -> Iterator[Row]:
    if (clause := contract.carry_forward) is not None:
        yield _own("share", clause.share, "percent", "of use beyond is credited")
        yield _own("max_fraction_of_commit", clause.max_fraction_of_commit, "percent", "of a commitment, at most")


def _reduction(contract: Contract) -> Iterator[Row]:
    if (clause := contract.reduction) is not None:
        yield _own("max_fraction", clause.max_fraction, "percent", "of the year's commitment, at most")
        yield _own("lookback_months", clause.lookback_months, "count", "months whose use it falls to")
        yield _own("exercised", "yes" if clause.exercised else "no", "right", "whether the right is used")


def _early_renewal(contract: Contract) -> Iterator[Row]:
    if (clause := contract.early_renewal) is not None:
        yield _own("month", clause.month, "count", "month of the contract, 0 first")
        yield _own("credit_fraction", clause.credit_fraction, "percent", "of what is unused is credited")
        yield _own("commit_fraction", clause.commit_fraction, "percent", "of the commitment signed, from then on")
        yield _own("exercised", "yes" if clause.exercised else "no", "right", "whether the right is used")


def _true_forward(contract: Contract) -> Iterator[Row]:
    if (clause := contract.true_forward) is not None:
        yield _own("trigger_fraction", clause.trigger_fraction, "percent", "of the commitment")
        yield _own("share", clause.share, "percent", "of peak use, the next commitment at least")
        yield _own("lookback_months", clause.lookback_months, "count", "months a peak is measured over")
        yield _own("resets", "yes" if clause.resets else "no", "right", "whether a raise ends after one period")


def _marketplace(contract: Contract) -> Iterator[Row]:
    if (clause := contract.marketplace) is not None:
        yield _own("channel", clause.channel, "right", "")
        yield _own("fee_fraction", clause.fee_fraction, "percent", "of what is paid")
        yield _own("draws_down_fraction", clause.draws_down_fraction, "percent", "of what is paid counts there")
        yield _own("cap_usd_per_year", clause.cap_usd_per_year, "usd", "USD a year, at most")
        unused = clause.otherwise_unused_usd_per_year
        yield _own("otherwise_unused_usd_per_year", unused, "usd", "USD a year, lost there without it")


def _in_force(clause: InForce) -> Iterator[Row]:
    words = {"co_term": "runs on beside the new one", "renew": "moves into the new one"}
    yield _own("on_signing", words[clause.on_signing], "right", "what becomes of it")
    yield _own("balance_usd", clause.balance_usd, "usd", "USD left to draw")
    yield "ends", clause.ends_month, "count", "months from the start", ("ends",)
    yield _own("discount_fraction", clause.discount_fraction, "percent", "its own discount")
    if clause.bank_usd:
        yield _own("bank_usd", clause.bank_usd, "usd", "USD that it carries from earlier years")
        yield "bank_ends", clause.bank_ends_month, "count", "months from the start", ("bank_ends",)


def _renewal(contract: Contract) -> Iterator[Row]:
    renewal = contract.renewal
    yield _own("bank_value_fraction", renewal.bank_value_fraction, "percent", "of a dollar still banked at the end")
    yield _own("uplift_fraction", renewal.uplift_fraction, "percent", "dearer on renewal; reported only")


# --- bands -----------------------------------------------------------------------------------------------------------


def _band_name(contract: Contract, band: DiscountBand) -> str:
    if contract.band_basis == "term":
        total = band.min_commit_usd_per_year * contract.term_months / MONTHS_PER_YEAR
        return f"band from {usd(total)} over the term"
    return f"band from {usd(band.min_commit_usd_per_year)} a year"


def _bands(contract: Contract, document: Document) -> Iterator[Assumption]:
    """The discount of every band, then those of its tiers."""
    written = _written(contract, document)
    for band in contract.bands:
        at, known = written.get(band.min_commit_usd_per_year, (("contract", "band"), UNKNOWN))
        name, path = _band_name(contract, band), (*at, "discount_fraction")
        yield plain(_TERMS, path, band.discount_fraction, "percent", "discount", YOURS, name=name, known=known)
    for band in contract.bands:
        at, known = written.get(band.min_commit_usd_per_year, (("contract", "band"), UNKNOWN))
        for tier, discount in band.by_tier:
            name, path = f"{_band_name(contract, band)}, {tier}", (*at, "discount_by_tier", tier)
            yield plain(_TERMS, path, discount, "percent", "discount", YOURS, name=name, known=known)


def _written(contract: Contract, document: Document) -> dict[float, tuple[Path, Known]]:
    """Where each band stands and where its quote is from, by threshold a year."""
    years = contract.term_months / MONTHS_PER_YEAR
    found: dict[float, tuple[Path, Known]] = {}
    for item in document.get("contract", {}).get("band", ()):
        total = item.get("min_commit_usd_total")
        threshold = item.get("min_commit_usd_per_year") if total is None else total / years
        if threshold is not None:
            at = ("contract", "band", band_name(item))
            found[float(threshold)] = (at, Known(source=str(item.get("source", ""))))
    return found
