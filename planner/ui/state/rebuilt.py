"""A plan with another contract or other levers: what they do not touch is taken over, simulated paths above all."""

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
    """The plan of inputs that differ from those of a plan worked out before in contract, scenarios, decision or usage.

    The same as build_plan makes of them. The log is not read again unless the term, what is eligible or how the log is
    read changes, which what is prepared depends on.
    """
    if not _is_prepared(before.prepared, inputs):
        return worked_out(prepare(inputs, progress), progress, kept)
    return worked_out(before.prepared.with_scenarios(inputs), progress, kept)


def _is_prepared(prepared: Prepared, inputs: PlanInputs) -> bool:
    """Whether what was prepared for one contract serves another: the same months, and the same spend eligible."""
    before = prepared.inputs
    return (
        inputs.contract.eligible == before.contract.eligible
        and inputs.contract.term_months == before.contract.term_months
        and inputs.months == before.months
        and inputs.prices == before.prices
        and inputs.usage == before.usage
    )
