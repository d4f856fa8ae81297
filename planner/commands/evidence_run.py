"""planner evidence plan, planner evidence run: what showing that a cheaper model holds costs, and asking the models.

Heavy parts load inside the commands, so that help is instant.
"""

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.options import JsonFlag, PlanPath, QuietFlag
from planner.commands.stopping import saying_what_was_done
from planner.commands.terminal import print_json, progress_bars, say, show, warn
from planner.errors import InputError

if TYPE_CHECKING:
    from planner.evaluation.estimate import Estimate, TypicalTokens
    from planner.evaluation.evaluation import AskingLimits
    from planner.evaluation.runs import Question
    from planner.evidence_in_plan.next_tests import NextTest
    from planner.prepared import Prepared
    from planner.prices import PriceBook

StoreOption = Annotated[
    Path | None,
    typer.Option("--store", metavar="FILE", help="Where answers are kept; default: beside the plan."),
]
TypeOption = Annotated[list[str] | None, typer.Option("--type", metavar="TYPE", help="Only these request types.")]
CandidateOption = Annotated[
    list[str] | None, typer.Option("--candidate", metavar="MODEL", help="These models in place of the plan's.")
]
AnswersOption = Annotated[int | None, typer.Option(min=1, help="Answers per candidate; default: the plan's.")]
SeedOption = Annotated[int | None, typer.Option(help="Seed of the draw; default: the plan's.")]
BatchFlag = Annotated[bool, typer.Option("--batch", help="Through Message Batches: half the price, up to a day.")]
CountFlag = Annotated[
    bool, typer.Option("--count-tokens", help="Count prompts with the API first: free, but needs a key.")
]
ReferenceFlag = Annotated[
    bool, typer.Option("--with-reference", help="Ask the current model too, to compare the length of answers.")
]
BudgetOption = Annotated[
    float | None, typer.Option(metavar="USD", help="Hard stop: never more is spent, what is in flight included.")
]
ConcurrencyOption = Annotated[int, typer.Option(min=1, max=64, help="Requests at once.")]
YesFlag = Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What was typed, of what is to be asked."""

    plan: Path
    store: Path | None
    types: list[str] | None
    candidates: list[str] | None
    answers: int | None
    seed: int | None
    in_batch: bool
    with_reference: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Questions:
    """What is to be asked of which plan, at which prices, and where answers are kept."""

    prepared: "Prepared"
    questions: "tuple[Question, ...]"
    typical: "dict[str, TypicalTokens]"
    book: "PriceBook"
    store: Path


def plan(
    path: PlanPath,
    store: StoreOption = None,
    types: TypeOption = None,
    candidates: CandidateOption = None,
    answers: AnswersOption = None,
    seed: SeedOption = None,
    count_tokens: CountFlag = False,
    batch: BatchFlag = False,
    with_reference: ReferenceFlag = False,
    budget: BudgetOption = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """What to test next, what to ask of which model to show that it holds, and what that costs. Spends nothing."""
    from planner.evidence_reports import run as report  # noqa: PLC0415
    from planner.evidence_reports.next_tests import next_tests_json  # noqa: PLC0415

    typed = _Asked(
        plan=path,
        store=store,
        types=types,
        candidates=candidates,
        answers=answers,
        seed=seed,
        in_batch=batch,
        with_reference=with_reference,
    )
    found = _questions(typed, quiet=quiet or as_json)
    estimates = _estimates(found, in_batch=batch, count_tokens=count_tokens)
    tests = _next_tests(found.prepared)
    if as_json:
        print_json(report.estimate_json(estimates) | {"next_tests": next_tests_json(tests)})
        return
    _show_tests(tests, quiet=quiet)
    if not found.questions:
        _show_example(found.prepared)
        return
    _show_estimates(found, estimates, in_batch=batch, quiet=quiet)
    say([] if budget is None else report.budget_sentences(estimates, budget))


def run(
    path: PlanPath,
    store: StoreOption = None,
    types: TypeOption = None,
    candidates: CandidateOption = None,
    answers: AnswersOption = None,
    seed: SeedOption = None,
    count_tokens: CountFlag = False,
    batch: BatchFlag = False,
    with_reference: ReferenceFlag = False,
    budget: BudgetOption = None,
    concurrency: ConcurrencyOption = 4,
    yes: YesFlag = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Ask the models, within a budget. Every answer is kept; the same command again goes on where it stopped."""
    from planner.evaluation.evaluation import AskingLimits  # noqa: PLC0415

    typed = _Asked(
        plan=path,
        store=store,
        types=types,
        candidates=candidates,
        answers=answers,
        seed=seed,
        in_batch=batch,
        with_reference=with_reference,
    )
    found = _questions(typed, quiet=quiet or as_json)
    if not found.questions:
        raise InputError(f"{path} has no [[evaluation]]: add one; `planner evidence plan` prints one to begin with")
    estimates = _estimates(found, in_batch=batch, count_tokens=count_tokens)
    if not as_json:
        _show_estimates(found, estimates, in_batch=batch, quiet=quiet)
    limit = _budget(estimates, budget, yes=yes, asks=not as_json)
    _ask(
        found,
        AskingLimits(budget_usd=limit, concurrency=concurrency, in_batches=batch),
        as_json=as_json,
        quiet=quiet,
    )


def _questions(typed: _Asked, *, quiet: bool) -> _Questions:
    """Errors: InputError for a type that no evaluation is of."""
    from planner.evaluation.store_file import default_store  # noqa: PLC0415
    from planner.evidence_in_plan.estimates import asking_prices, plan_questions, typical_tokens  # noqa: PLC0415
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.plan_grading import of_evaluations  # noqa: PLC0415
    from planner.prepared import prepare  # noqa: PLC0415

    inputs = of_evaluations(load_plan(typed.plan), typed.types, typed.candidates)
    with progress_bars(quiet=quiet) as progress:
        prepared = prepare(inputs, progress)
    found = plan_questions(prepared, seed=typed.seed, answers=typed.answers, with_reference=typed.with_reference)
    return _Questions(
        prepared=prepared,
        questions=found,
        typical=typical_tokens(prepared, found),
        book=asking_prices(prepared),
        store=typed.store or default_store(typed.plan),
    )


def _estimates(found: _Questions, *, in_batch: bool, count_tokens: bool) -> "tuple[Estimate, ...]":
    from planner.evaluation.prompt_counts import count_prompts  # noqa: PLC0415
    from planner.evaluation.runs import estimates, in_order  # noqa: PLC0415
    from planner.evaluation.store import open_store, read_store  # noqa: PLC0415

    if count_tokens:
        references = [each for item in found.questions for each in item.requests(item.reference)]
        with open_store(found.store) as counting:
            count_prompts([*in_order(found.questions), *references], counting)
    with ExitStack() as opened:
        store = opened.enter_context(read_store(found.store)) if found.store.exists() else None
        return estimates(found.questions, found.book, store, in_batch=in_batch, typical=found.typical)


def _next_tests(prepared: "Prepared") -> "tuple[NextTest, ...]":
    from planner.evidence_in_plan.next_tests import next_tests  # noqa: PLC0415
    from planner.opportunities.verdicts import opportunities  # noqa: PLC0415

    return next_tests(prepared, opportunities(prepared))


def _show_tests(tests: "tuple[NextTest, ...]", *, quiet: bool) -> None:
    from planner.evidence_reports.next_test_words import next_test_sentences  # noqa: PLC0415
    from planner.evidence_reports.next_tests import next_tests_table  # noqa: PLC0415

    show([next_tests_table(tests)] if tests and not quiet else [])
    say([*next_test_sentences(tests), ""])


def _show_example(prepared: "Prepared") -> None:
    """For a plan that asks nothing yet."""
    from planner.evidence_reports.evaluations import costliest_type  # noqa: PLC0415
    from planner.plan_file.evaluation_text import evaluation_example  # noqa: PLC0415

    say(["The plan has no [[evaluation]] yet. One to begin with, of the type that costs most:", ""])
    say(evaluation_example(costliest_type(prepared)).splitlines())


def _show_estimates(found: _Questions, estimates: "tuple[Estimate, ...]", *, in_batch: bool, quiet: bool) -> None:
    from planner.evidence_reports import run as report  # noqa: PLC0415

    show([] if quiet else [report.estimate_table(estimates)])
    say(report.estimate_sentences(found.questions, estimates, in_batch=in_batch))


def _budget(estimates: "tuple[Estimate, ...]", budget: float | None, *, yes: bool, asks: bool) -> float:
    """The hard stop, typed or asked for, and a yes. Errors: InputError where nobody is there to be asked."""
    from planner.evaluation.asking import check_budget  # noqa: PLC0415
    from planner.evidence_reports import run as report  # noqa: PLC0415

    expected, worst, to_ask = report.totals(estimates)
    if to_ask == 0:
        return budget or 1.0  # nothing is asked; what is in batches was paid for
    is_terminal = asks and sys.stdin.isatty()
    if budget is None:
        if not is_terminal:
            raise InputError(
                f"give the hard stop with --budget USD: about {report.money(expected)} is expected, "
                f"{report.money(worst)} at worst"
            )
        budget = float(typer.prompt("Hard stop in USD", type=float))
    check_budget(budget)
    if asks:
        say(report.budget_sentences(estimates, budget))
    if not yes:
        if not is_terminal:
            raise InputError("nobody is there to be asked whether to spend: give --yes, with --budget USD")
        typer.confirm(f"Spend up to {report.money(budget)}?", abort=True)
    return budget


def _ask(found: _Questions, limits: "AskingLimits", *, as_json: bool, quiet: bool) -> None:
    from planner.evaluation.asking import open_asking  # noqa: PLC0415
    from planner.evaluation.runs import in_order, measured_tokens  # noqa: PLC0415
    from planner.evidence_reports import run as report  # noqa: PLC0415

    with (
        saying_what_was_done(lambda: f"stopped. {found.store} has every answer that arrived; the same command goes on"),
        progress_bars(quiet=quiet or as_json) as progress,
        open_asking(found.store, found.book, limits, progress=progress) as asking,
    ):
        asking(in_order(found.questions))
        asked, kept = asking.asked(), asking.store.kept()
        tokens = measured_tokens(found.questions, asking.store)
    if as_json:
        print_json(report.run_json(asked, kept, found.store, tokens))
        return
    show([] if quiet else [report.asked_table(asked), report.tokens_table(tokens)])
    say(report.asked_sentences(asked, kept, found.store))
    warn([] if quiet else _notes(found))


def _notes(found: _Questions) -> list[str]:
    return [f"{found.store} holds answers of models as they came; only its owner can read it."]
