"""The usage of a plan or a command, read as its inputs say: the one way from UsageInputs to a measurement."""

from collections.abc import Callable

from planner.billed.read import read_bill
from planner.billed.records import Bill
from planner.exclusions import exclusion_owners
from planner.inputs import UsageInputs
from planner.measurement import Measurement, measure, prompt_edges
from planner.prices import PriceBook
from planner.usage.columns import OWNERS
from planner.usage.read import Usage, read_usage
from planner.usage.rules import labelled, rule_owners, with_rules

Progress = Callable[[str, float], None]


def usage_of(inputs: UsageInputs, book: PriceBook, progress: Progress | None = None) -> Usage:
    """The log, grouped by the owners that exclusions and rules name, its request types under the rules.

    progress(step, fraction) is called while it reads. Errors: those of read_usage.
    """
    step = None if progress is None else lambda done: progress("reading usage", done)
    named = {*exclusion_owners(inputs.exclusions), *rule_owners(inputs.rules)}
    owners = tuple(name for name in OWNERS if name in named)
    usage = read_usage(inputs.source, prompt_edges=prompt_edges(book), owners=owners, progress=step)
    return with_rules(labelled(usage, inputs.source.request_type), inputs.rules)


def measurement_of(inputs: UsageInputs, usage: Usage, listed: PriceBook, *, bill: Bill) -> Measurement:
    """The usage priced at the list of each day, in the window of the inputs and without what they exclude.

    listed: the price book without negotiated prices, which apply to a plan and not to what was used. bill: to compare
    with.
    """
    return measure(usage, listed, window=inputs.window, exclusions=inputs.exclusions, bill=bill)


def measured(inputs: UsageInputs, book: PriceBook, progress: Progress | None = None) -> Measurement:
    """Both in one, compared with the bill. book: of the plan; negotiated prices are left out."""
    bill = read_bill(inputs.billed)  # small, so that a mistake in it is found before the log is read
    return measurement_of(inputs, usage_of(inputs, book, progress), book.at_list(), bill=bill)
