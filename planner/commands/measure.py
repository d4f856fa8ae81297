"""What `planner measure` does: usage as typed or as a plan addresses it, measured, saved and told."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from planner.errors import InputError
from planner.inputs import UsageInputs, Window
from planner.listings import measure_table, server_tools_words
from planner.machine import Json, measure_json
from planner.mix import Measurement, measure, prompt_edges
from planner.plan_file.loader import load_plan
from planner.price_data_notes import price_data_notes
from planner.prices import PriceBook
from planner.tables import Table
from planner.usage.read import UsageSource, read_usage
from planner.words import count, usd


def usage_of_plan(path: Path, provider: str | None) -> tuple[UsageInputs, PriceBook, str | None]:
    """The usage that a plan addresses, with its mapping, window and exclusions, list prices to measure it with, and
    the snapshot of the price data that the plan was last priced with.

    provider: as typed. Errors: InputError where one is typed beside the plan's own, and for a plan without a log.
    """
    if provider is not None:
        raise InputError(f"--provider {provider}: {path} has its own; set prices.provider there")
    inputs = load_plan(path)
    if inputs.usage is None:
        raise InputError(f"{path} has a typed [[mix]] and no [usage]; there is no log to measure")
    return inputs.usage, inputs.prices.price_book().at_list(), inputs.prices.snapshot


def typed_usage(
    sources: Sequence[str],
    *,
    log_format: str,
    columns: Mapping[str, str],
    constants: Mapping[str, str],
    request_type: str,
    window: Window,
    skip_bad_rows: bool,
) -> UsageInputs:
    """Usage as addressed on the command line, relative to the folder it is typed in."""
    source = UsageSource(
        sources=tuple(sources),
        base_dir=Path.cwd(),
        format=log_format,
        columns=columns,
        constants=constants,
        request_type=request_type,
        skip_bad_rows=skip_bad_rows,
    )
    return UsageInputs(source=source, window=window, exclusions=())


def measured(usage: UsageInputs, book: PriceBook, progress: Callable[[str, float], None] | None) -> Measurement:
    """Read and price usage. progress(step, fraction) is called while it reads."""
    step = None if progress is None else lambda done: progress("reading usage", done)
    read = read_usage(usage.source, prompt_edges=prompt_edges(book), progress=step)
    return measure(read, book, window=usage.window, exclusions=usage.exclusions)


def write_parquet(rows: pd.DataFrame, output: Path) -> None:
    """Whole or not at all: written beside the target, then renamed."""
    partial = output.with_name(output.name + ".partial")
    try:
        rows.to_parquet(partial, index=False)
        partial.replace(output)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(f"cannot write {output}: {error.strerror}") from None


def notes_on_prices(measurement: Measurement, book: PriceBook, pinned: str | None) -> tuple[str, ...]:
    """What must be said of the price data that usage is measured with. pinned: the plan's snapshot, if it has one."""
    return price_data_notes(book, pinned=pinned, models=sorted(set(measurement.rows["model"])))


def as_json(measurement: Measurement, notes: Sequence[str]) -> Json:
    """The mix for scripts, with what must be said of it. notes: of the price data."""
    return measure_json(measurement) | {"warnings": [*measurement.warnings, *notes]}


def as_table(measurement: Measurement) -> Table:
    """The mix for people."""
    return measure_table(measurement)


def conclusion(measurement: Measurement) -> str:
    """The mix in a line."""
    total = measurement.totals
    said = f"{count(total.requests)} requests, {usd(total.list_cost_usd)} at list"
    return f"{said}, {server_tools_words(total)}." if total.has_server_tools else f"{said}."
