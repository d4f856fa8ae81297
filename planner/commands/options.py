"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of tables.")]
QuietFlag = Annotated[bool, typer.Option("--quiet", "-q", help="Print the conclusion only, and no progress.")]
PlanPath = Annotated[Path, typer.Argument(metavar="PLAN.toml", help="The plan file.")]
