"""planner scenario list, copy, rename, remove, decide, baseline; planner diff: scenarios on the command line.

Heavy parts load inside the commands, so that help is instant.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show, warn
from planner.errors import InputError
from planner.whole_file import write_whole

if TYPE_CHECKING:
    from planner.inputs import PlanInputs
    from planner.plan import Plan

app = typer.Typer(name="scenario", help="Scenarios of a plan file: list, copy, rename, remove, decide on one.")

Named = Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario of the plan.")]
New = Annotated[str, typer.Argument(metavar="NAME", help="A name that no scenario of the plan has.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="NEW.toml", help="Write here instead of over PLAN.toml.")
]


@app.command(name="list")
def list_scenarios(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """What scenarios a plan has, which is the baseline, which is decided on, and what names each."""
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.plan_file.scenario_text import mentions_of  # noqa: PLC0415
    from planner.scenario_words import lever_words  # noqa: PLC0415
    from planner.tables import Table  # noqa: PLC0415

    inputs = load_plan(path)
    said = {scenario.name: mentions_of(inputs.text, scenario.name) for scenario in inputs.scenarios}
    rows = [
        {
            "scenario": scenario.name,
            "levers": lever_words(scenario),
            "is_baseline": said[scenario.name].is_baseline,
            "is_decided": said[scenario.name].is_decided,
            "weight": said[scenario.name].weight,
            "assumptions": list(said[scenario.name].assumptions),
        }
        for scenario in inputs.scenarios
    ]
    if as_json:
        print_json({"scenarios": rows})
        return
    cells = tuple((str(row["scenario"]), _role(row), str(row["levers"])) for row in rows)
    show([Table(title=f"Scenarios of {inputs.name}", columns=("scenario", "role", "levers"), rows=cells)])


def _role(row: Mapping[str, object]) -> str:
    roles = [words for words, key in (("baseline", "is_baseline"), ("decided on", "is_decided")) if row[key]]
    return ", ".join(roles) or "alternative"


@app.command(name="copy")
def copy_scenario(
    path: PlanPath,
    scenario: Named,
    name: New,
    output: Output = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Copy a scenario under another name; comments, and who answers for its keys, come along."""
    from planner.plan_file.scenario_text import duplicated  # noqa: PLC0415

    _write(path, output, lambda text: duplicated(text, scenario, name), as_json=as_json, quiet=quiet)


@app.command()
def rename(
    path: PlanPath,
    scenario: Named,
    name: New,
    output: Output = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Give a scenario another name, wherever the plan names it."""
    from planner.plan_file.scenario_text import renamed  # noqa: PLC0415

    _write(path, output, lambda text: renamed(text, scenario, name), as_json=as_json, quiet=quiet)


@app.command()
def remove(
    path: PlanPath, scenario: Named, output: Output = None, as_json: JsonFlag = False, quiet: QuietFlag = False
) -> None:
    """Take a scenario out of the plan; not the baseline, and not the one that is decided on."""
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.plan_file.scenario_text import mentions_of, removed  # noqa: PLC0415
    from planner.scenario_words import mention_sentences  # noqa: PLC0415

    said = mention_sentences(mentions_of(load_plan(path).text, scenario))
    _write(path, output, lambda text: removed(text, scenario), as_json=as_json, quiet=quiet)
    warn([] if quiet or as_json else said)


@app.command()
def decide(
    path: PlanPath, scenario: Named, output: Output = None, as_json: JsonFlag = False, quiet: QuietFlag = False
) -> None:
    """Decide on a scenario: the commitment is sized for it."""
    from planner.plan_file.scenario_text import with_decision_on  # noqa: PLC0415

    _write(path, output, lambda text: with_decision_on(text, scenario), as_json=as_json, quiet=quiet)


@app.command()
def baseline(
    path: PlanPath, scenario: Named, output: Output = None, as_json: JsonFlag = False, quiet: QuietFlag = False
) -> None:
    """Compare with a scenario without levers: put it before every other such one."""
    from planner.plan_file.scenario_text import with_baseline  # noqa: PLC0415

    _write(path, output, lambda text: with_baseline(text, scenario), as_json=as_json, quiet=quiet)


def _write(path: Path, output: Path | None, change: Callable[[str], str], *, as_json: bool, quiet: bool) -> None:
    """Write the changed plan, checked; in another folder it names its files from there."""
    from planner.plan_file.loader import load_plan, parse_plan  # noqa: PLC0415
    from planner.plan_file.suggest_text import with_sources_from  # noqa: PLC0415

    inputs, target = load_plan(path), output or path
    text = with_sources_from(change(inputs.text), inputs.base_dir, target.resolve().parent)
    changed = parse_plan(text, base_dir=target.resolve().parent)
    write_whole(target, text, remedy="give another file with -o", like=path)
    if as_json:
        print_json({"file": str(target), "scenarios": [scenario.name for scenario in changed.scenarios]})
    elif not quiet:
        names = ", ".join(scenario.name for scenario in changed.scenarios)
        say([f"Wrote {target}. Scenarios: {names}; decided on: {changed.decision.scenario}."])


Before = Annotated[Path, typer.Argument(metavar="A.toml", help="The plan file to compare from.")]
After = Annotated[
    Path | None, typer.Argument(metavar="[B.toml]", help="The plan file to compare to; default: the same one.")
]
FromScenario = Annotated[
    str | None,
    typer.Option("--from", metavar="SCENARIO", help="Of A; default: what it decides on, of one plan its baseline."),
]
ToScenario = Annotated[
    str | None, typer.Option("--to", metavar="SCENARIO", help="Of B; default: the one that it decides on.")
]


def diff(
    a: Before,
    b: After = None,
    from_scenario: FromScenario = None,
    to_scenario: ToScenario = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """What differs between two scenarios, of one plan or of two: inputs, outputs, what each would sign, regret."""
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = [load_plan(path) for path in ([a] if b is None else [a, b])]
    first, last = inputs[0], inputs[-1]
    start = from_scenario or (first.baseline if b is None else first.decision.scenario)
    names = _known(first, "--from", start), _known(last, "--to", to_scenario or last.decision.scenario)
    show_diff(inputs, names, as_json=as_json, quiet=quiet)


def show_diff(inputs: "list[PlanInputs]", names: tuple[str, str], *, as_json: bool, quiet: bool) -> None:
    """Work one plan or two out, and print what differs from a scenario of the first to one of the last."""
    from planner.scenario_diff import Side, scenario_diff  # noqa: PLC0415
    from planner.scenario_diff_report import diff_json, diff_sentences, diff_tables, side_words  # noqa: PLC0415

    plans = _built(inputs, quiet=quiet or as_json)
    sides = Side(plan=plans[0], scenario=names[0]), Side(plan=plans[-1], scenario=names[1])
    found = scenario_diff(*sides)
    called = side_words(*sides), side_words(sides[1], sides[0])
    if as_json:
        print_json(diff_json(found, sides))
        return
    show([] if quiet or found.is_empty else diff_tables(found, called, with_keys=True))
    say(diff_sentences(found, called))


def _known(inputs: "PlanInputs", option: str, name: str) -> str:
    names = [scenario.name for scenario in inputs.scenarios]
    if name not in names:
        raise InputError(f"{option} {name}: {inputs.name} has no such scenario. Known: {', '.join(names)}")
    return name


def _built(inputs: "list[PlanInputs]", *, quiet: bool) -> "list[Plan]":
    """Plans that differ in levers or contract share the paths of demand."""
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.simulation import KeptPaths  # noqa: PLC0415

    kept = KeptPaths()
    with progress_bars(quiet=quiet) as progress:
        return [build_plan(each, progress, kept) for each in inputs]


COMMANDS = (diff,)
