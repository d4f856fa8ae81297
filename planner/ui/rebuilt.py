"""A plan with another contract: what the contract does not touch is taken over, simulated paths above all."""

from dataclasses import replace

from planner.inputs import PlanInputs
from planner.plan import Plan, worked_out
from planner.prepared import Prepared, Progress, prepare
from planner.simulation import KeptPaths
from planner.simulation_block import DemandBlock


class SpendOnly(KeptPaths):
    """Keeps simulated spend and no demand: that is large, and most plans are opened once and not edited."""

    __slots__ = ()

    def demand_of(self, key: str, n_bytes: int) -> dict[int, DemandBlock] | None:
        """Nowhere to keep demand."""
        return None


def rebuilt(before: Plan, inputs: PlanInputs, kept: KeptPaths, progress: Progress) -> Plan:
    """The plan of inputs that differ from those of a plan worked out before in their contract alone.

    The same as build_plan makes of them. The log is not read again unless the term or what is eligible changes, which
    what is prepared depends on.
    """
    is_prepared = _is_prepared(before.prepared, inputs)
    prepared = replace(before.prepared, inputs=inputs) if is_prepared else prepare(inputs, progress)
    return worked_out(prepared, progress, kept)


def _is_prepared(prepared: Prepared, inputs: PlanInputs) -> bool:
    """Whether what was prepared for one contract serves another: the same months, and the same spend eligible."""
    before = prepared.inputs
    return (
        inputs.contract.eligible == before.contract.eligible
        and inputs.contract.term_months == before.contract.term_months
        and inputs.months == before.months
    )
