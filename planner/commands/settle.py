"""planner settle: given months, actual ones too, settled under a plan's contract.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, show, warn

PathsFile = Annotated[
    Path,
    typer.Option(
        "--paths",
        metavar="FILE.csv",
        help="Columns month (0, 1, 2... or YYYY-MM) and list_cost_usd: every month of the term once.",
    ),
]
Commit = Annotated[
    float | None,
    typer.Option(help="Commitment, USD a year, of contract year 1; default: the plan's. Later years follow its ramp."),
]
Discount = Annotated[float | None, typer.Option(help="Discount as a fraction; default: the plan's band.")]


def settle(
    path: PlanPath,
    paths: PathsFile,
    commit: Commit = None,
    discount: Discount = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Settle given months under the plan's contract and print the ledger, every committed dollar accounted for."""
    from planner import ledger_report as report  # noqa: PLC0415
    from planner.paths_file import read_spend  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.settlement import settle as settled  # noqa: PLC0415
    from planner.term_use import term_use  # noqa: PLC0415
    from planner.typed_offer import signed_offer  # noqa: PLC0415

    inputs = load_plan(path)
    contract = inputs.contract
    offer = signed_offer(contract, commit=commit, discount=discount)
    spend, notes = read_spend(paths, contract, inputs.start)
    term = report.SettledTerm(
        contract=contract,
        start=inputs.start,
        offer=offer,
        settlement=settled(contract, offer, term_use(contract, spend)),
    )
    if as_json:
        print_json(report.ledger_json(term) | {"warnings": list(notes)})
        return
    if not quiet:
        show([report.ledger_table(term)])
    print(*report.ledger_sentences(term), sep="\n")
    if not quiet:
        warn(notes)
