"""The terms of a contract as a form shows them, and back: percentages at the glass, fractions in the plan file.

A field's value is left alone where it was not changed, and a key that says its default is only written where the file
has it already. What the terms mean is judged by the loader of plan files alone.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any, Final, Literal

from planner.errors import InputError
from planner.plan_file.contract_sections import ContractSection
from planner.plan_file.text import RARER_TERMS, rarer_terms, terms_of

Values = dict[str, Any]
Terms = tuple[dict[str, Any], list[dict[str, Any]]]
"""[contract] and [[fixed_spend]], as plain values."""

TIERS: Final = ("haiku", "sonnet", "opus", "fable", "other")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of [contract] in the form. start: what is shown where the file does not say it; choices: value -> words.

    A share that may be left empty is `optional`: then the key is left out.
    """

    path: tuple[str, ...]
    label: str
    kind: Literal["share", "months", "switch", "choice"]
    start: Any = None
    choices: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False
    help: str = ""

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A table under [contract] that is there or not, with its fields."""

    key: str
    label: str
    fields: tuple[Field, ...]


def _share(path: str, label: str, start: float | None = None, *, optional: bool = False, help: str = "") -> Field:
    shown = "empty: none" if optional else ""
    return Field(
        path=tuple(path.split(".")), label=label, kind="share", start=start, optional=optional, help=help or shown
    )


def _months(path: str, label: str, start: int) -> Field:
    return Field(path=tuple(path.split(".")), label=label, kind="months", start=start)


def _switch(path: str, label: str, start: bool) -> Field:
    return Field(path=tuple(path.split(".")), label=label, kind="switch", start=start)


def _choice(path: str, label: str, **choices: str) -> Field:
    return Field(path=tuple(path.split(".")), label=label, kind="choice", start=next(iter(choices)), choices=choices)


TERM: Final = _months("term_months", "Term, months", 12)
COMMIT_PERIOD: Final = _choice(
    "commit_period", "Has to be used within", year="each contract year", quarter="each quarter", term="the whole term"
)
DRAWDOWN: Final = _choice("drawdown", "What draws it down", contracted="discounted dollars", list="list dollars")
BAND_MODE: Final = _choice(
    "band_mode", "A discount holds for", all_units="everything", incremental="the part inside its band"
)
OVERAGE_CAP: Final = _share(
    "overage_cap_fraction_of_commit", "That ends at, % of commitment", optional=True, help="empty: it does not end"
)
SHORTFALL: Final = _choice("shortfall", "Unused at the end", forfeit="is lost", true_up="is charged at a rate")
TRUE_UP: Final = _share("true_up_rate", "That rate, % of a dollar", 1.0)
PAYMENT: Final = (
    _choice(
        "payment.mode", "Commitment is paid",
        arrears="as it is used", quarterly="each quarter in advance", upfront="each period in advance",
    ),
    _share("payment.cost_of_capital_per_year", "Your cost of capital, % a year", 0.0),
)  # fmt: skip
PRICES: Final = (
    _switch("price_falls.passed_through", "List price falls reach committed use", True),
    _share("price_rises.cap_fraction", "List price rises capped at, %", optional=True, help="empty: no cap"),
)
ELIGIBLE: Final = _share("eligible_fraction", "Spend that draws it down, %", 1.0)
ROLLOVER: Final = Clause(
    key="rollover",
    label="Rollover: unused commitment is carried over",
    fields=(
        _share("rollover.share", "Carried over, % of unused", 0.5),
        _months("rollover.months", "Expires after, months", 12),
        _share("rollover.renew_min_fraction", "If next is at least, % of this", 0.0),
        _share("rollover.max_fraction_of_commit", "At most, % of commitment", optional=True),
        _choice(
            "rollover.draw", "Drawn first", carried_first="what was carried", current_first="the current commitment"
        ),
    ),
)
CARRY_FORWARD: Final = Clause(
    key="carry_forward",
    label="Carry-forward: use beyond a commitment lowers later ones",
    fields=(
        _share("carry_forward.share", "Credited, % of the excess", 1.0),
        _share("carry_forward.max_fraction_of_commit", "Lowers one by at most, %", 1.0),
    ),
)
REDUCTION: Final = Clause(
    key="reduction",
    label="Reduction right at each anniversary",
    fields=(
        _share("reduction.max_fraction", "By at most, %", 0.2),
        _months("reduction.lookback_months", "To use of the last, months", 12),
        _switch("reduction.exercised", "You use this right", True),
    ),
)
EARLY_RENEWAL: Final = Clause(
    key="early_renewal",
    label="Early renewal",
    fields=(
        _months("early_renewal.month", "At the start of month (0 is the first)", 9),
        _share("early_renewal.credit_fraction", "Unused that is credited, %", 1.0),
        _share("early_renewal.commit_fraction", "New commitment, % of signed", 1.0),
        _switch("early_renewal.exercised", "You use this right", True),
    ),
)
TRUE_FORWARD: Final = Clause(
    key="true_forward",
    label="True-forward: high use raises the next commitment",
    fields=(
        _share("true_forward.trigger_fraction", "When use exceeds, % of commitment", 1.0),
        _share("true_forward.share", "Raised to, % of peak use", 1.0),
        _months("true_forward.lookback_months", "Peak of blocks of, months", 12),
        _switch("true_forward.resets", "For one period only", False),
    ),
)
CLAUSES: Final = (ROLLOVER, CARRY_FORWARD, REDUCTION, EARLY_RENEWAL, TRUE_FORWARD)
PLAIN_FIELDS: Final = (
    TERM, COMMIT_PERIOD, DRAWDOWN, BAND_MODE, OVERAGE_CAP, SHORTFALL, TRUE_UP, *PAYMENT, *PRICES, ELIGIBLE,
)  # fmt: skip
RAMPS: Final = {"flat": "all the same", "shape": "by these weights", "free": "each sized by itself"}
OVERAGES: Final = {"list": "list price", "committed": "the committed discount", "own": "a discount of its own"}
BASES: Final = {"min_commit_usd_per_year": "a year", "min_commit_usd_total": "over the whole term"}


def shown(text: str) -> Values:
    """What the form shows for the terms of a plan's text."""
    contract, _ = terms_of(text)
    values: Values = {item.name: _glass(item, contract) for item in PLAIN_FIELDS}
    for clause in CLAUSES:
        values[clause.key] = clause.key in contract
        values |= {item.name: _glass(item, contract) for item in clause.fields}
    commit, ramp, overage = (contract.get(key) for key in ("commit_usd_per_year", "ramp", "overage"))
    shares = contract.get(
        "quarter_shares", ContractSection.model_fields["quarter_shares"].get_default(call_default_factory=True)
    )
    own = isinstance(overage, int | float)
    return values | {
        "commit_usd_per_year": _listed(commit),
        "ramp": "shape" if isinstance(ramp, list) else ramp or "flat",
        "weights": _listed(ramp) if isinstance(ramp, list) else "",
        "quarter_shares": "; ".join(f"{_percent(share):g}" for share in shares),
        "overage": "own" if own else overage or "list",
        "overage_discount": _percent(overage) if own else 0.0,
        "basis": next((key for key in BASES if key in contract["band"][0]), "min_commit_usd_per_year"),
        "bands": [_band_row(band) for band in contract["band"]],
        "rarer": rarer_terms(text),
    }


def edited(values: Values, text: str) -> Terms:
    """The terms that the form says; text: the plan they replace. Errors: InputError for what cannot be read."""
    before, fixed_spend = terms_of(text)
    after: dict[str, Any] = {}
    for item in PLAIN_FIELDS:
        _write(item, values, before, after)
    for clause in CLAUSES:
        if values[clause.key]:
            after[clause.key] = {}
            for item in clause.fields:
                _write(item, values, before, after)
    _write_commitment(values, before, after)
    _write_overage(values, before, after)
    if after.get("shortfall", "forfeit") != "true_up":
        after.pop("true_up_rate", None)
    after["band"] = _bands(values["bands"], values["basis"], before["band"])
    if values["rarer"].strip() == rarer_terms(text).strip():
        return after | {key: before[key] for key in RARER_TERMS if key in before}, fixed_spend
    rarer, fixed_spend = _rarer(values["rarer"])
    return after | rarer, fixed_spend


def _percent(share: float) -> float:
    return round(share * 100.0, 10)


def _fraction(percent: float) -> float:
    return round(percent / 100.0, 12)


def _at(contract: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The value at a path, None where there is none."""
    found: Any = contract
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _glass(item: Field, contract: Mapping[str, Any]) -> Any:
    value = _at(contract, item.path)
    if value is None:
        value = item.start
    return _percent(value) if item.kind == "share" and value is not None else value


def _write(item: Field, values: Values, before: Mapping[str, Any], after: dict[str, Any]) -> None:
    """Put a field's value into the terms, unless it says what an absent key says."""
    given, old = values[item.name], _at(before, item.path)
    value = _fraction(given) if item.kind == "share" and given is not None else given
    if value is None and not item.optional:
        raise InputError(f"{item.label}: the field is empty; type a number")
    in_clause = any(item in clause.fields for clause in CLAUSES)
    if value is None or (old is None and value == item.start and not in_clause):
        return
    table = after
    for key in item.path[:-1]:
        table = table.setdefault(key, {})
    table[item.path[-1]] = value


def _listed(value: Any) -> str:
    """Numbers as they are typed into one field."""
    if value is None:
        return ""
    return "; ".join(
        f"{part:,.10g}" if part == int(part) else f"{part}" for part in (value if isinstance(value, list) else [value])
    )


def _numbers(text: str, label: str) -> list[float]:
    """Numbers typed into one field, one for all or one a contract year."""
    found = []
    for part in (part.strip() for part in text.split(";") if part.strip()):
        digits = part.replace(",", "") if _GROUPED.fullmatch(part) else part
        try:
            number = float(digits.removeprefix("$").replace("_", ""))
        except ValueError:
            raise InputError(
                f"{label}: '{part}' is not a number; write 1200000 or 1,200,000, and semicolons between contract years"
            ) from None
        if isnan(number):
            raise InputError(f"{label}: '{part}' is not a number; write 1200000")
        found.append(int(number) if number.is_integer() else number)
    return found


def _write_commitment(values: Values, before: Mapping[str, Any], after: dict[str, Any]) -> None:
    """Commitment, ramp and quarter shares."""
    if commits := _numbers(values["commit_usd_per_year"], "Commitment, USD a year"):
        after["commit_usd_per_year"] = commits[0] if len(commits) == 1 else commits
    if values["ramp"] == "shape":
        after["ramp"] = _numbers(values["weights"], "Weights of the contract years")
    elif values["ramp"] != "flat" or "ramp" in before:
        after["ramp"] = values["ramp"]
    if after.get("commit_period", "year") == "quarter":
        shares = [_fraction(share) for share in _numbers(values["quarter_shares"], "Quarter shares, %")]
        if "quarter_shares" in before or shares != [0.25] * 4:
            after["quarter_shares"] = shares


def _write_overage(values: Values, before: Mapping[str, Any], after: dict[str, Any]) -> None:
    if values["overage"] == "own":
        if values["overage_discount"] is None:
            raise InputError("Its own discount, %: the field is empty; type a number")
        after["overage"] = _fraction(values["overage_discount"])
    elif values["overage"] != "list" or "overage" in before:
        after["overage"] = values["overage"]


def _band_row(band: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table of bands: from, discount, source, and a discount for each tier that is quoted apart."""
    tiers = band.get("discount_by_tier", {})
    return {
        "from": next((float(band[key]) for key in BASES if key in band), None),
        "discount": _percent(band["discount_fraction"]),
        "source": band.get("source"),
        **{tier: _percent(tiers[tier]) if tier in tiers else None for tier in TIERS},
    }


def _bands(rows: Sequence[Mapping[str, Any]], basis: str, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Bands as typed, rows without any entry left out."""
    found = []
    for index, row in enumerate(rows, start=1):
        cells = {key: None if value is None or value != value or value == "" else value for key, value in row.items()}
        if not any(value is not None for value in cells.values()):
            continue
        for key, label in (("from", "threshold"), ("discount", "discount")):
            if cells.get(key) is None:
                raise InputError(f"Discount bands, row {index}: no {label}; type one, or delete the row")
        band: dict[str, Any] = {basis: cells["from"], "discount_fraction": _fraction(cells["discount"])}
        if tiers := {tier: _fraction(cells[tier]) for tier in TIERS if cells.get(tier) is not None}:
            band["discount_by_tier"] = tiers
        if cells.get("source") is not None:
            band["source"] = cells["source"]
        found.append(band)
    if not found:
        raise InputError("Discount bands: no row is left; type at least one as quoted")
    return found


def _rarer(text: str) -> Terms:
    """The rarer terms typed as TOML."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"Rarer terms are not valid TOML: {error}") from None
    contract, fixed_spend = document.pop("contract", {}), document.pop("fixed_spend", [])
    known = ", ".join(f"[contract.{key}]" for key in RARER_TERMS)
    strangers = [*document, *(f"contract.{key}" for key in contract if key not in RARER_TERMS)]
    if strangers:
        raise InputError(f"Rarer terms: {strangers[0]} is not edited there; {known} and [[fixed_spend]] are")
    return contract, fixed_spend
