"""The path through the app: its pages in the order in which a plan is made, and the step from each to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from planner.ui.calibration import calibration_page
from planner.ui.commit import commit_page
from planner.ui.compare import compare_page
from planner.ui.contract import contract_page
from planner.ui.evidence import evidence_page
from planner.ui.levers import levers_page
from planner.ui.negotiate import negotiate_page
from planner.ui.run_rate import run_rate_page
from planner.ui.start import start_page
from planner.ui.track import track_page
from planner.ui.usage import usage_page


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A page: its name, its place in the address, its icon, the part of the path, and what leads on from it."""

    title: str
    url: str
    icon: str
    part: str
    show: Callable[[], None]
    onward: str


PATH: Final = (
    Step(
        title="Start",
        url="start",
        icon=":material/home:",
        part="",
        show=start_page.page,
        onward="Next: what is sent where, and what it costs",
    ),
    Step(
        title="Usage",
        url="usage",
        icon=":material/data_usage:",
        part="Measure",
        show=usage_page.page,
        onward="Next: growth, and how far to trust it",
    ),
    Step(
        title="Calibration",
        url="calibration",
        icon=":material/tune:",
        part="Measure",
        show=calibration_page.page,
        onward="Next: what each lever brings, and what it rests on",
    ),
    Step(
        title="Levers",
        url="levers",
        icon=":material/alt_route:",
        part="Optimise",
        show=levers_page.page,
        onward="Next: which of these models have been shown to hold",
    ),
    Step(
        title="Evidence",
        url="evidence",
        icon=":material/verified:",
        part="Optimise",
        show=evidence_page.page,
        onward="Next: what the mix will cost, as it is and routed",
    ),
    Step(
        title="Run rate",
        url="run-rate",
        icon=":material/trending_up:",
        part="Optimise",
        show=run_rate_page.page,
        onward="Next: the terms that are on the table for it",
    ),
    Step(
        title="Contract",
        url="contract",
        icon=":material/contract:",
        part="Sign",
        show=contract_page.page,
        onward="Next: how much of it to commit to",
    ),
    Step(
        title="Commit",
        url="commit",
        icon=":material/handshake:",
        part="Sign",
        show=commit_page.page,
        onward="Next: the scenarios side by side",
    ),
    Step(
        title="Compare",
        url="compare",
        icon=":material/compare_arrows:",
        part="Sign",
        show=compare_page.page,
        onward="Next: what to ask for, give, and walk away from",
    ),
    Step(
        title="Negotiate",
        url="negotiate",
        icon=":material/gavel:",
        part="Sign",
        show=negotiate_page.page,
        onward="Next: once it is signed, months against the plan",
    ),
    Step(
        title="Track",
        url="track",
        icon=":material/monitoring:",
        part="After signing",
        show=track_page.page,
        onward="Back to the start",
    ),
)
"""In order; the first is what the bare address opens."""
