"""planner when-to-sign: a commitment now, or after routing works.

Heavy parts load inside the command, so that help is instant.
"""

from typing import Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, show, warn

Months = Annotated[
    list[int] | None,
    typer.Option("--month", metavar="M", help="A later month to sign in, repeatable; default: 3, 6, 9 and 12."),
]


def when_to_sign(path: PlanPath, month: Months = None, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Sign a commitment now, after routing works, or a short one first: what each costs, strands and gives up."""
    from planner.negotiation import when_to_sign as signing  # noqa: PLC0415
    from planner.negotiation_reports.signing import signing_json, signing_notes, signing_tables  # noqa: PLC0415
    from planner.negotiation_reports.signing_sentences import signing_sentences  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = load_plan(path)
    signing.sign_months(inputs.contract, month)  # a mistake is said before the plan is worked out
    with progress_bars(quiet=quiet or as_json) as progress:
        plan = build_plan(inputs, progress)
        compared = None if progress is None else lambda done: progress("comparing ways to sign", done)
        found = signing.when_to_sign(plan, month, compared)
    if as_json:
        print_json(signing_json(found))
    else:
        show([] if quiet else signing_tables(plan, found))
        print(*signing_sentences(plan, found), sep="\n")
    warn([] if quiet else [*signing_notes(plan, found), *plan.warnings])


COMMANDS = (when_to_sign,)
