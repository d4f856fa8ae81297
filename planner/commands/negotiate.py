"""planner clauses, positions, offers, regret: what terms and quotes are worth, on the plan's own paths.

Heavy parts load inside the commands, so that help is instant.
"""

from typing import TYPE_CHECKING

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.terminal import print_json, progress_bars, say, show, warn
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.inputs import PlanInputs
    from planner.negotiation.clause_values import TradeList
    from planner.negotiation.terms_pricer import TermsPricer
    from planner.plan import Plan
    from planner.prepared import Progress


def _valued(inputs: "PlanInputs", progress: "Progress | None") -> "tuple[Plan, TermsPricer, TradeList]":
    from planner.negotiation.clause_values import trade_list  # noqa: PLC0415
    from planner.negotiation.terms_pricer import terms_pricer  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.simulation import KeptPaths  # noqa: PLC0415

    kept = KeptPaths()  # demand is drawn once, for the plan and for every clause that asks for other figures of it
    plan = build_plan(inputs, progress, kept)
    pricer = terms_pricer(plan, kept)
    return plan, pricer, trade_list(pricer, progress)


def clauses(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """What every clause is worth: what to ask for, what to give up, and fair swaps, in dollars and discount points."""
    from planner.negotiation_reports import clauses as report  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    with progress_bars(quiet=quiet or as_json) as progress:
        plan, _, trades = _valued(load_plan(path), progress)
    if as_json:
        print_json(report.clauses_json(trades))
    else:
        show([] if quiet else report.clauses_tables(trades))
        say(report.clauses_sentences(trades))
    warn([] if quiet else [*report.clauses_notes(trades, plan.n_paths), *plan.warnings])


def offers(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Price the quotes in the plan as they stand and at their best, against the target and walking away."""
    from planner.negotiation.quotes_priced import priced_quotes  # noqa: PLC0415
    from planner.negotiation_reports import offers as report  # noqa: PLC0415
    from planner.negotiation_reports.clauses import paths_notes  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    inputs = load_plan(path)
    if not inputs.quotes:
        raise InputError(
            f"{path} has no quote to price: add [[offer]] with name, commit_usd_per_year and discount_fraction; "
            "`planner positions` says what to ask for without one"
        )
    with progress_bars(quiet=quiet or as_json) as progress:
        plan, pricer, trades = _valued(inputs, progress)
        priced = priced_quotes(pricer, trades, progress)
    if as_json:
        print_json(report.offers_json(priced))
    else:
        show([] if quiet else report.offers_tables(priced))
        say(report.offers_sentences(priced))
    warn([] if quiet else [*paths_notes(trades, plan.n_paths), *plan.warnings])


def positions(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Where to open, what to aim for and where to walk away, each a deal that is sized and priced."""
    from planner.negotiation.quotes_priced import priced_quotes  # noqa: PLC0415
    from planner.negotiation_reports import positions as report  # noqa: PLC0415
    from planner.negotiation_reports.clauses import paths_notes  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    with progress_bars(quiet=quiet or as_json) as progress:
        plan, pricer, trades = _valued(load_plan(path), progress)
        found = priced_quotes(pricer, trades, progress).positions
    if as_json:
        print_json(report.positions_json(found))
    else:
        show([] if quiet else [report.positions_table(found)])
        say(report.positions_sentences(found))
    warn([] if quiet else [*paths_notes(trades, plan.n_paths), *plan.warnings])


def regret(path: PlanPath, as_json: JsonFlag = False, quiet: QuietFlag = False) -> None:
    """Signing the commitment that is best for one scenario and living in another, for all pairs, on common paths."""
    from planner.negotiation.regret import regret_matrix  # noqa: PLC0415
    from planner.negotiation_reports import regret as report  # noqa: PLC0415
    from planner.plan import build_plan  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415

    with progress_bars(quiet=quiet or as_json) as progress:
        plan = build_plan(load_plan(path), progress)
        found = regret_matrix(plan)
    if as_json:
        print_json(report.regret_json(found))
    else:
        show([] if quiet else [report.regret_table(found)])
        say(report.regret_sentences(found))
    warn([] if quiet else plan.warnings)


COMMANDS = (clauses, positions, offers, regret)
