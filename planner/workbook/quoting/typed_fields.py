"""The cells that a quote is typed into: what each holds, its limits, and the workbook-level name that it is found by.

The sheet says of each row whether it holds a quote; the reader of a filled-in workbook takes the same rules, so that
what the sheet calls good can be read.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

Kind = Literal["text", "usd", "share", "rate", "months", "clause", "date", "drawdown"]

N_ROWS: Final = 8
MOST_COMMIT_USD: Final = 1e12
LONGEST_TERM_MONTHS: Final = 120
LONGEST_TEXT: Final = 200
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2099, 12, 31)
CLAUSES: Final = {"forfeit": "forfeit", "true-up": "true_up"}
"""The sheet's word for what becomes of unused commitment -> the plan file's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A cell of a quote. key: of [[offer]] in a plan file. heading: with its unit. short, wanted:
    what it should hold, in few words and in full. required: whether a quote needs it.

    share: a fraction of list, 0 to below 1. rate: dollars charged per unused dollar, 0 to 1.
    """

    key: str
    name: str
    heading: str
    kind: Kind
    short: str
    wanted: str
    required: bool = False


FIELDS: Final = (
    Field(
        key="name",
        name="name",
        heading="quote",
        kind="text",
        short="a name of its own",
        wanted="a name of its own",
        required=True,
    ),
    Field(
        key="commit_usd_per_year",
        name="commit_usd",
        heading="commitment, USD a contract year",
        kind="usd",
        short="a commitment in USD",
        wanted="US dollars a contract year, such as 800000; 0 is none",
        required=True,
    ),
    Field(
        key="discount_fraction",
        name="discount",
        heading="discount on committed use, % of list",
        kind="share",
        short="a discount below 100%",
        wanted="a discount from 0% to below 100%, such as 12%",
        required=True,
    ),
    Field(
        key="overage",
        name="overage_discount",
        heading="discount on use beyond, % of list",
        kind="share",
        short="a discount beyond below 100%",
        wanted="a discount from 0% to below 100%, such as 5%; blank is as in the contract",
    ),
    Field(
        key="term_months",
        name="term_months",
        heading="term, months",
        kind="months",
        short="a term in whole months",
        wanted=f"whole months from 1 to {LONGEST_TERM_MONTHS}; blank is as in the contract",
    ),
    Field(
        key="shortfall",
        name="shortfall_clause",
        heading="unused commitment",
        kind="clause",
        short="unused commitment as listed",
        wanted=f"{' or '.join(CLAUSES)}; blank is as in the contract",
    ),
    Field(
        key="true_up_rate",
        name="true_up_rate",
        heading="true-up rate, % of an unused dollar",
        kind="rate",
        short="a rate for true-up, and only there",
        wanted="a share from 0% to 100%, such as 50%; it goes with true-up",
    ),
    Field(
        key="received_on",
        name="received_on",
        heading="received on, date",
        kind="date",
        short="a date",
        wanted=f"a date from {FIRST_DAY} to {LAST_DAY}, such as 2026-12-03",
    ),
    Field(
        key="source",
        name="source",
        heading="source",
        kind="text",
        short="a source in words",
        wanted="who or what says so, in words",
    ),
)
"""In the order of the columns."""

DRAWDOWN: Final = Field(
    key="drawdown",
    name="drawdown",
    heading="dollars that draw down",
    kind="drawdown",
    short="dollars that draw down as listed",
    wanted="contracted or list",
)
"""In the offer calculator only: a row of quotes draws down as the contract does."""


def cell_name(row: int, field: Field) -> str:
    """The workbook-level name of a cell; rows count from 0 here and from 1 in names."""
    return f"quote_{row + 1}_{field.name}"


def exported_name(name: str) -> str:
    """The workbook-level name of a value that the offer calculator opens with."""
    return f"exported_{name}"
