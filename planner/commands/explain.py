"""`planner plan --explain`: where every number of the answer comes from, as the app's popovers tell it."""

from collections.abc import Sequence
from dataclasses import replace

from planner.commands.terminal import say, show
from planner.provenance import (
    Provenance,
    bases,
    basis_lines,
    by_rests_on,
    error_line,
    inputs_table,
    rests_on_table,
    section_line,
)


def print_explained(found: Sequence[Provenance]) -> None:
    """Each number with its formula, inputs and error; then, once, what they all rest on."""
    for item in found:
        say(["", f"{item.name}: {item.value}", *(f"    {line}" for line in item.formula.split("\n"))])
        show([inputs_table(item)])
        say([error_line(item), section_line(item)])
    for inputs, scenarios in by_rests_on(found).items():
        say([""])
        show([replace(rests_on_table(inputs), title=f"What {scenarios} rests on")])
    say(["", *(line for basis in bases(found) for line in basis_lines(basis))])
