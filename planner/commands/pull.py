"""planner pull: usage and billed cost from Anthropic's Usage and Cost Analytics, into a folder.

Heavy parts load inside the command, so that help is instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from planner.commands.arguments import day
from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import fail, print_json, progress_bars, say, show, warn

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where pulled days are kept; made if there is none.")]
FirstDay = Annotated[
    str | None,
    typer.Option("--from", metavar="DATE", help="First UTC day; default: of the last 12 complete months."),
]
LastDay = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="DATE",
        help="Last UTC day, included; default: of the last complete month, or yesterday with --from.",
    ),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="A,B,C",
        help="Up to five of api_key, workspace, agent, product, model, service_tier, context_window, speed, "
        "inference_geo and others; model has to be there.",
    ),
]
NoCost = Annotated[bool, typer.Option("--no-cost", help="Leave billed cost out.")]
Retries = Annotated[int, typer.Option(help="How often to ask again after a refusal that may pass.", min=0, max=20)]


def pull(
    folder: Folder,
    from_day: FirstDay = None,
    to_day: LastDay = None,
    group_by: GroupBy = None,
    no_cost: NoCost = False,
    retries: Retries = 5,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Pull usage and billed cost from Anthropic into a folder; the same command again goes on where it stopped."""
    from planner.clock import today  # noqa: PLC0415
    from planner.pull.request import DEFAULT_GROUP_BY, PullRequest, default_days, dimension_names  # noqa: PLC0415

    first, last = default_days(today(), day("--from", from_day), day("--to", to_day))
    request = PullRequest(
        first_day=first,
        last_day=last,
        group_by=DEFAULT_GROUP_BY if group_by is None else dimension_names(group_by.split(",")),
        with_cost=not no_cost,
        max_retries=retries,
    )
    from planner import pull_report as report  # noqa: PLC0415
    from planner.pull.days import kept_words  # noqa: PLC0415
    from planner.pull.pull import pull as pulled_by  # noqa: PLC0415

    try:
        with progress_bars(quiet=quiet or as_json) as progress:
            pulled = pulled_by(request, folder, progress=progress)
    except KeyboardInterrupt:
        fail(f"stopped. {kept_words(folder)}", 130)
    if as_json:
        print_json(report.pull_json(pulled))
        return
    if from_day is None and to_day is None and not quiet:
        how = "complete months as far as the endpoint goes back, 12 at most"
        say([f"Without --from and --to: {first} to {last}, {how}.\n"])
    show([] if quiet else [report.pull_table(pulled)])
    say(report.pull_sentences(pulled))
    warn([] if quiet else report.pull_notes(pulled))
