"""Where numbers come from: every provenance says what the plan holds, and its formula gives the number again."""

from datetime import date

from planner.provenance import Basis, Input, Provenance, bases, basis_lines, error_line, inputs_table

BASIS = Basis(
    plan="p", plan_sha256="a" * 64, priced_on=date(2026, 11, 23), prices="data", seed=7, paths=4_000, version="v 1"
)
SAVED = Provenance(
    name="Below list",
    value="20.0%",
    formula="1 - E[paid] / E[list]",
    section="What is shown beside it",
    inputs=(Input(symbol="E[paid]", name="expected cost", value="$8", source="simulated", number=8.0),),
    basis=BASIS,
    scenario="routed",
)


def test_a_provenance_is_told_whole_and_what_several_share_once() -> None:
    assert inputs_table(SAVED).rows == (("E[paid]", "expected cost", "$8", "simulated"),)
    assert error_line(SAVED) == "Exact for this plan: no simulation is in it. Scenario: 'routed'."
    told = " ".join(line for basis in bases([SAVED, SAVED]) for line in basis_lines(basis))
    for said in ("2026-11-23", "4,000", "seed 7", "a" * 12, "v 1"):
        assert told.count(said) == 1
