"""planner levers: what each lever brings, and at what unit cost.

Heavy parts load inside the command, so that help is instant.
"""

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, show, warn


def levers(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """The waterfall from today's list spend to what is paid, and what each lever does to a request before and after."""
    from planner import levers_report as report  # noqa: PLC0415
    from planner.levers_sentences import levers_sentences  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.simulation import KeptPaths  # noqa: PLC0415
    from planner.waterfall import waterfalls  # noqa: PLC0415

    kept = KeptPaths()  # demand is drawn once, for the plan and for every coalition of levers
    with progress_bars(quiet=quiet or as_json) as progress:
        plan = build_plan(load_plan(path), progress, kept)
        found = waterfalls(plan, kept, None if progress is None else lambda done: progress("splitting levers", done))
    if as_json:
        print_json(report.levers_json(plan, found))
        return
    if not quiet:
        show(report.levers_tables(plan, found))
    print(*levers_sentences(plan, found), sep="\n")
    if not quiet:
        warn(plan.warnings)


COMMANDS = (levers,)
