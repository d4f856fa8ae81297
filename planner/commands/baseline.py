"""planner baseline: what the plan's level rests on, and suggestions that are written into the plan when accepted.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show, warn
from planner.whole_file import write_whole

Accept = Annotated[
    list[int] | None,
    typer.Option("--accept", metavar="N", help="Number of a suggestion to write into the plan; repeatable."),
]
NewPlan = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="NEW.toml", help="Write here instead of over PLAN.toml.")
]


def baseline(
    path: PlanPath,
    accept: Accept = None,
    output: NewPlan = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """The level that the plan's log gives, what is left out of it, and what could be; nothing changes unasked."""
    from planner.baseline_edit import Baseline, accepted, baseline_of  # noqa: PLC0415
    from planner.baseline_report import baseline_json, baseline_lines, baseline_tables  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = load_plan(path)
    after: Baseline | None = None
    with progress_bars(quiet=quiet or as_json) as progress:
        found = baseline_of(inputs, progress)
        if accept:
            text, after = accepted(found, accept, progress)
            write_whole(output or path, text, remedy="give another file with -o", like=path)
    written = (output or path) if after is not None else None
    warnings = (after or found).measurement.warnings
    if as_json:
        print_json(baseline_json(found, after) | {"file": written and str(written), "warnings": list(warnings)})
        return
    show([] if quiet else baseline_tables(after or found))
    say(baseline_lines(found, after, quiet=quiet))
    print("Nothing was written." if written is None else f"Wrote {written}.")
    warn([] if quiet else warnings)


COMMANDS = (baseline,)
