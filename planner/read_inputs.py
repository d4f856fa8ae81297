"""The usage of a plan or a command, read as its inputs say: the one way from UsageInputs to a measurement."""

from collections.abc import Callable

from planner.billed.read import read_bill
from planner.billed.records import Bill
from planner.clock import today
from planner.data_quality import DataQuality, data_quality
from planner.exclusions import exclusion_owners
from planner.inputs import UsageInputs
from planner.measurement import Measurement, measure, prompt_edges
from planner.prices import PriceBook
from planner.tokens_per_request import TokensPerRequest, cut_days, tokens_per_request
from planner.usage.columns import OWNERS
from planner.usage.concentration import Concentration, concentration
from planner.usage.read import Usage, read_usage
from planner.usage.rules import labelled, named_sizes, rule_owners, with_rules
from planner.usage.token_distribution import token_distribution

Progress = Callable[[str, float], None]


def usage_of(
    inputs: UsageInputs,
    book: PriceBook,
    progress: Progress | None = None,
    inspected: Callable[[int, int], None] | None = None,
) -> Usage:
    """The log, grouped by the owners that exclusions and rules name, its request types under the rules.

    progress(step, fraction) is called while it reads, inspected(files, of_files) while it looks at the files.
    Errors: those of read_usage.
    """
    if inspected is None and progress is not None:
        inspected = lambda files, of_files: progress("looking at the files", files / of_files)  # noqa: E731
    usage = read_usage(
        inputs.source,
        prompt_edges=prompt_edges(book),
        owners=_owners(inputs),
        progress=None if progress is None else lambda done: progress("reading usage", done),
        inspected=inspected,
    )
    return with_rules(labelled(usage, inputs.source.request_type), inputs.rules)


def _owners(inputs: UsageInputs) -> tuple[str, ...]:
    named = {*exclusion_owners(inputs.exclusions), *rule_owners(inputs.rules)}
    return tuple(name for name in OWNERS if name in named)


def tokens_of(
    inputs: UsageInputs, measurement: Measurement, book: PriceBook, progress: Progress | None = None
) -> tuple[TokensPerRequest, ...]:
    """Tokens per request of a measurement with their middle and long end, in one more scan of the log."""
    sizes = token_distribution(
        inputs.source,
        first=measurement.first.date(),
        last=measurement.last.date(),
        cuts=cut_days(inputs.exclusions),
        owners=_owners(inputs),
        progress=None if progress is None else lambda done: progress("counting sizes", done),
    )
    return tokens_per_request(measurement, named_sizes(sizes, inputs.source.request_type, inputs.rules), book)


def concentration_of(inputs: UsageInputs) -> tuple[Concentration, ...]:
    """How the use of a log is spread over customers and keys, of what the measurement counts."""
    return concentration(inputs.source, window=inputs.window, exclusions=inputs.exclusions, rules=inputs.rules)


def measurement_of(inputs: UsageInputs, usage: Usage, listed: PriceBook, *, bill: Bill) -> Measurement:
    """The usage priced at the list of each day, in the window of the inputs and without what they exclude.

    listed: the price book without negotiated prices, which apply to a plan and not to what was used. bill: to compare
    with.
    """
    return measure(usage, listed, window=inputs.window, exclusions=inputs.exclusions, bill=bill, today=today())


def judged(inputs: UsageInputs, book: PriceBook, progress: Progress | None = None) -> tuple[Measurement, DataQuality]:
    """`measured`, and how good the log is."""
    bill = read_bill(inputs.billed)
    usage = usage_of(inputs, book, progress)
    measurement = measurement_of(inputs, usage, book.at_list(), bill=bill)
    return measurement, data_quality(usage, measurement, today=today())


def measured(inputs: UsageInputs, book: PriceBook, progress: Progress | None = None) -> Measurement:
    """Both in one, compared with the bill. book: of the plan; negotiated prices are left out."""
    bill = read_bill(inputs.billed)  # small, so that a mistake in it is found before the log is read
    return measurement_of(inputs, usage_of(inputs, book, progress), book.at_list(), bill=bill)
