"""planner budget: what the commitment costs in cash by month, quarter and year, in each way of paying.

Heavy parts load inside the command, so that help is instant.
"""

from typing import Annotated, Literal

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show, warn

Payment = Annotated[
    Literal["upfront", "quarterly", "arrears"] | None,
    typer.Option("--payment", help="The way of paying that is shown by month; default: the contract's."),
]
Scenario = Annotated[str | None, typer.Option(help="The scenario lived in; default: the one decided on.")]


def budget(
    path: PlanPath,
    payment: Payment = None,
    scenario: Scenario = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Cash by month, P50 and P90, with the recommended commitment and without, in each way of paying."""
    from planner import budget_report as report  # noqa: PLC0415
    from planner.budget import budget as budget_of  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    with progress_bars(quiet=quiet or as_json) as progress:
        plan = build_plan(load_plan(path), progress)
    found = budget_of(plan, scenario)
    mode = payment or plan.inputs.contract.payment.mode
    if as_json:
        print_json(report.budget_json(found, mode) | {"warnings": list(plan.warnings)})
        return
    show([] if quiet else report.budget_tables(found, mode))
    say(report.budget_sentences(found, mode))
    if not quiet:
        warn(plan.warnings)


COMMANDS = (budget,)
