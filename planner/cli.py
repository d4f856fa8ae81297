"""The same plan from a terminal. Heavy parts load inside the commands that need them, so that help is instant."""

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands import baseline as baseline_command
from planner.commands import budget as budget_command
from planner.commands import evidence as evidence_commands
from planner.commands import export as export_command
from planner.commands import formats as formats_command
from planner.commands import learn as learn_command
from planner.commands import levers as lever_commands
from planner.commands import measure_log as measure_command
from planner.commands import negotiate as negotiate_commands
from planner.commands import prices as prices_command
from planner.commands import pull as pull_command
from planner.commands import read_offers as read_command
from planner.commands import run_rate as run_rate_commands
from planner.commands import scenario as scenario_commands
from planner.commands import serve as serve_command
from planner.commands import settle as settle_command
from planner.commands import suggest as suggest_command
from planner.commands import track as track_command
from planner.commands import units as units_command
from planner.commands import when_to_sign as signing_command
from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.stopping import CTRL_C, Stopped
from planner.commands.terminal import fail, print_json, progress_bars, show, warn
from planner.errors import InputError, PlannerError

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.simulation import KeptPaths

app = typer.Typer(
    name="planner",
    help="From a usage log to a commitment worth signing: measure, route, simulate, size.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _command in (
    *measure_command.COMMANDS,
    *baseline_command.COMMANDS,
    *run_rate_commands.COMMANDS,
    *lever_commands.COMMANDS,
    *suggest_command.COMMANDS,
    *negotiate_commands.COMMANDS,
    *signing_command.COMMANDS,
    *learn_command.COMMANDS,
    *budget_command.COMMANDS,
    *units_command.COMMANDS,
    *scenario_commands.COMMANDS,
    *formats_command.COMMANDS,
    settle_command.settle,
    export_command.export,
    read_command.read_offers,
    track_command.track,
    prices_command.prices,
    pull_command.pull,
):
    app.command()(_command)
app.command(name="app")(serve_command.serve)
app.add_typer(evidence_commands.app)
app.add_typer(scenario_commands.app)


def main() -> None:
    """Run the command line: exit 0 when done, 2 for a mistake in what was given, 1 for a fault of ours.

    A command may end with a code of its own: `planner track --check` with 3 when an alert fires.
    """
    try:
        if app(standalone_mode=False) == CTRL_C:  # what typer makes of it
            fail("stopped; nothing was written", CTRL_C)
    except Stopped as stop:
        fail(str(stop), stop.exit_code)
    except PlannerError as error:
        fail(str(error), 2)
    except typer.Abort:
        fail("stopped", 2)
    except KeyboardInterrupt:
        fail("stopped; nothing was written", CTRL_C)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        usage_error = getattr(error, "format_message", None)  # a wrong option or argument, found by the parser
        if usage_error is not None:
            fail(usage_error(), getattr(error, "exit_code", 2))
        if os.environ.get("PLANNER_TRACEBACK"):
            raise
        fail(f"this is a fault in the planner: {type(error).__name__}: {error}. Set PLANNER_TRACEBACK=1 for details", 1)


def _build(path: Path, *, quiet: bool, kept: "KeptPaths | None" = None) -> "Plan":
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    with progress_bars(quiet=quiet) as progress:
        return build_plan(load_plan(path), progress, kept)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A folder to make; existing files are kept.")],
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Write an example plan with its log and a sample of requests, a signed plan with actual use, and a README."""
    from planner.bundled import data_path  # noqa: PLC0415
    from planner.plan_file.price_text import with_snapshot  # noqa: PLC0415
    from planner.prices import PriceBook  # noqa: PLC0415

    sources = {"plan.toml": "example.toml", "signed.toml": "signed.toml", "README.md": "start-here.md"}
    files = {target: data_path("plans", name).read_text(encoding="utf-8") for target, name in sources.items()}
    for folder in ("usage", "evidence", "tracking"):  # everything is in one folder there
        files = {target: text.replace(f"../{folder}/", "") for target, text in files.items()}
    files["plan.toml"] = with_snapshot(files["plan.toml"], PriceBook.load().snapshot)
    copies = [("usage", "example.jsonl.gz"), ("evidence", "requests.jsonl"), ("evidence", "graded.jsonl")]
    copies += [("tracking", "actuals.jsonl.gz"), ("tracking", "outcomes.jsonl")]
    targets = [directory / name for name in (*files, *(name for _, name in copies))]
    if existing := [str(target) for target in targets if target.exists()]:
        raise InputError(f"{', '.join(existing)} is there already and is kept; choose another folder")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for folder, name in copies:
            shutil.copyfile(data_path(folder, name), directory / name)
        for name, content in files.items():
            (directory / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write into {directory}: {error.strerror}; choose another folder") from None
    if as_json:
        print_json({"files": [str(target) for target in targets]})
    elif not quiet:
        print(f"Wrote {', '.join(str(target) for target in targets)}.\nNext: planner plan {directory / 'plan.toml'}")


@app.command()
def plan(
    path: PlanPath,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say where every number of the answer comes from, after the answer.")
    ] = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Work a plan out: run rate, routed run rate, the commitment to sign and the shortfall risk in it."""
    from planner import calibration_report, ledger_report, machine, report  # noqa: PLC0415
    from planner.commands.explain import print_explained  # noqa: PLC0415
    from planner.provenance_of.told import explained, provenance_json  # noqa: PLC0415

    result = _build(path, quiet=quiet or as_json)
    if as_json:
        said = {"explained": provenance_json(explained(result))} if explain else {}
        print_json(machine.plan_json(result) | said)
        return
    if not quiet:
        show(
            [
                report.mix_table(result),
                *calibration_report.planned_tables(result.prepared.calibration),
                report.scenarios_table(result),
                report.routes_table(result),
                report.caches_table(result),
                report.curve_table(result),
                report.decision_table(result),
                *ledger_report.planned_tables(result),
            ]
        )
    for line in report.headline(result):
        print(line)
    if explain:
        print_explained(explained(result))
    if not quiet:
        warn(result.warnings)


@app.command()
def compare(
    paths: Annotated[list[Path], typer.Argument(metavar="PLAN.toml...", help="One or several plan files.")],
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--diff", metavar="A B", help="Only what differs between two scenarios, of the first and last plan."
        ),
    ] = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """All scenarios side by side, with their differences on common paths."""
    from planner import machine, report  # noqa: PLC0415
    from planner.simulation import KeptPaths  # noqa: PLC0415

    if diff is not None:
        scenario_commands.diff(paths[0], paths[-1] if len(paths) > 1 else None, *diff, as_json=as_json, quiet=quiet)
        return
    kept = KeptPaths()  # plans that differ in levers or contract share the paths of demand
    plans = [_build(path, quiet=quiet or as_json, kept=kept) for path in paths]
    compared = machine.compare_json(plans)
    if as_json:
        print_json(compared)
        return
    show([report.scenarios_table(result) for result in plans] + [report.differences_table(compared["differences"])])
    for result in plans:
        print(f"{result.inputs.name}: {report.headline(result)[0]}")
    if not quiet:
        warn(compared["warnings"])


@app.command(name="price-offer")
def price_offer(
    path: PlanPath,
    commit: Annotated[float, typer.Option(help="Commitment, USD a year.")],
    discount: Annotated[float | None, typer.Option(help="Discount as a fraction; default: the plan's band.")] = None,
    overage: Annotated[
        str | None, typer.Option(help="Overage discount: a fraction, 'list' or 'committed'; default: the plan's.")
    ] = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Price one offer as it stands, in the scenario that the plan decides on."""
    from planner import machine, report  # noqa: PLC0415
    from planner.typed_offer import typed_offer  # noqa: PLC0415

    result = _build(path, quiet=quiet or as_json)
    offer = typed_offer(result.inputs.contract, commit=commit, discount=discount, overage=overage)
    outcome = result.outcome(offer)
    if as_json:
        print_json(machine.outcome_json(outcome) | {"warnings": list(result.warnings)})
        return
    show([report.outcome_table(outcome, f"An offer, in scenario '{outcome.scenario}'")])
    if not quiet:
        warn(result.warnings)


@app.command()
def schema(as_json: JsonFlag = True, quiet: QuietFlag = False) -> None:
    """Print the JSON schema of the plan file; JSON either way, and nothing else."""
    from planner.plan_file.schema import PlanFile  # noqa: PLC0415

    print_json(PlanFile.model_json_schema(by_alias=True))


if __name__ == "__main__":
    main()
