"""planner evidence ...: what to show of cheaper models, and what has been shown."""

import typer

from planner.commands.evidence_check import check
from planner.commands.evidence_decide import decide
from planner.commands.evidence_grade import grade
from planner.commands.evidence_run import plan, run

app = typer.Typer(
    name="evidence",
    help="Show that a cheaper model holds before a type moves to it: sample, run, grade, decide, check.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (plan, run, grade, decide, check):
    app.command()(_command)
