"""planner learn: what knowing an input before signing is worth, and what would resolve it.

Heavy parts load inside the command, so that help is instant.
"""

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, show, warn


def learn(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """What to learn before signing: what knowing each uncertain input is worth, and what would resolve it."""
    from planner.negotiation.learning import what_to_learn  # noqa: PLC0415
    from planner.negotiation_reports import learning as report  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    with progress_bars(quiet=quiet or as_json) as progress:
        plan = build_plan(load_plan(path), progress)
        found = what_to_learn(plan, progress)
    if as_json:
        print_json(report.learning_json(found))
    else:
        show([] if quiet else [report.learning_table(found)])
        print(*report.learning_sentences(found), sep="\n")
    if not quiet:
        warn([*found.warnings, *plan.warnings])


COMMANDS = (learn,)
