"""Where a number comes from, as a noun: its formula, what went into it and where that is from, its error, its basis.

Nothing here is computed: a provenance says what a plan holds. `planner.provenance_of` makes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from planner.tables import Table

EXACT: Final = "Exact for this plan: no simulation is in it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What a number is made of.

    symbol: as the formula has it, "" where it has none. value: in words. source: where it comes from: a key of the plan
    file, a log and its days, a quote, a prior, or the simulation. number: the value unrounded, so that the formula can
    be checked; None where it is not one number.
    """

    name: str
    value: str
    source: str
    symbol: str = ""
    number: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What all numbers of a plan rest on. prices: whose list prices. version: the program and its version."""

    plan: str
    plan_sha256: str
    priced_on: date
    prices: str
    seed: int
    paths: int
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a number comes from.

    name, value: of the number, as they are shown. formula: as docs/method.md writes it, under its heading `section`.
    inputs: what the formula names. rests_on: what is assumed or measured behind those. error: the Monte Carlo error in
    words, or that there is none. scenario: in which the number is lived, "" where none matters.
    """

    name: str
    value: str
    formula: str
    section: str
    inputs: tuple[Input, ...]
    basis: Basis
    error: str = EXACT
    scenario: str = ""
    rests_on: tuple[Input, ...] = ()


def inputs_table(found: Provenance) -> Table:
    """What the formula is made of: symbol, name, value, source."""
    rows = tuple((item.symbol, item.name, item.value, item.source) for item in found.inputs)
    return Table(
        title="What goes into it", columns=("symbol", "what", "value", "from"), rows=rows, numeric=frozenset({2})
    )


def rests_on_table(inputs: Sequence[Input]) -> Table:
    """What is assumed or measured behind the inputs of numbers."""
    rows = tuple((item.name, item.value, item.source) for item in inputs)
    return Table(title="What that rests on", columns=("what", "value", "from"), rows=rows)


def error_line(found: Provenance) -> str:
    """The error of a number, and the scenario that it is lived in."""
    lived = f" Scenario: '{found.scenario}'." if found.scenario else ""
    return f"{found.error}{lived}"


def section_line(found: Provenance) -> str:
    """Where the formula is explained."""
    return f"The formula is explained in docs/method.md, '{found.section}'."


def basis_lines(basis: Basis) -> tuple[str, ...]:
    """What tells these numbers from another plan's: prices, seed, paths, plan file and program."""
    return (
        f"List prices of {basis.priced_on}: {basis.prices}.",
        f"{basis.paths:,} simulated paths, seed {basis.seed}; the same plan file, usage, prices and program give the "
        "same numbers.",
        f"Plan '{basis.plan}', SHA-256 {basis.plan_sha256[:12]}, {basis.version}.",
    )


def by_rests_on(found: Sequence[Provenance]) -> dict[tuple[Input, ...], str]:
    """What numbers rest on, each once, and the scenarios in words whose numbers do."""
    scenarios: dict[tuple[Input, ...], dict[str, None]] = {}
    for item in found:
        if item.rests_on:
            scenarios.setdefault(item.rests_on, {})[f"'{item.scenario}'"] = None
    return {inputs: ", ".join(names) for inputs, names in scenarios.items()}


def bases(found: Sequence[Provenance]) -> tuple[Basis, ...]:
    """The bases of several numbers, each once."""
    return tuple(dict.fromkeys(item.basis for item in found))
