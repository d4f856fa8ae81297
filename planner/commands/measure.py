"""What `planner measure` does: usage as typed or as a plan addresses it, measured and saved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pandas as pd

from planner.billed.read import read_bill
from planner.clock import today
from planner.commands.prices import ListProvider, price_book_of
from planner.commands.selection import Typed
from planner.commands.stopping import saying_what_was_done
from planner.data_quality import DataQuality, data_quality
from planner.errors import InputError
from planner.inputs import UsageInputs
from planner.mix import Measurement
from planner.plan_file.loader import load_plan
from planner.price_data_notes import price_data_notes
from planner.prices import PriceBook
from planner.read_inputs import measurement_of, tokens_of, usage_of
from planner.tokens_per_request import TokensPerRequest
from planner.whole_file import replacing


def usage_of_plan(
    path: Path, provider: str | None, engine: str | None = None
) -> tuple[UsageInputs, PriceBook, str | None]:
    """The usage that a plan addresses, with its mapping, window and exclusions, list prices to measure it with, and
    the snapshot of the price data that the plan was last priced with.

    provider, engine: as typed. Errors: InputError where one is typed beside the plan's own, and for a plan without a
    log.
    """
    if engine is not None:
        raise InputError(
            f"--engine is for sources typed on the command line; {path} has its own: set usage.engine there"
        )
    if provider is not None:
        raise InputError(f"--provider {provider}: {path} has its own; set prices.provider there")
    inputs = load_plan(path)
    if inputs.usage is None:
        raise InputError(f"{path} has a typed [[mix]] and no [usage]; there is no log to measure")
    return inputs.usage, inputs.prices.price_book().at_list(), inputs.prices.snapshot


def addressed(
    sources: Sequence[str], typed: Typed, provider: ListProvider, billed: Sequence[str]
) -> tuple[UsageInputs, PriceBook, str | None]:
    """Usage as typed, or as the one plan typed addresses it, with what was typed added to its rules, exclusions and
    bills.

    Errors: InputError for a mapping or days typed beside a plan, which has its own.
    """
    if len(sources) != 1 or not sources[0].endswith(".toml"):
        return _with_bills(typed.usage(sources), billed), price_book_of(provider or "anthropic"), None
    if typed.of_the_log:
        raise InputError(f"{', '.join(typed.of_the_log)}: {sources[0]} says so itself; change [usage] there")
    usage, book, pinned = usage_of_plan(Path(sources[0]), provider, typed.engine)
    further = replace(
        usage,
        exclusions=(*usage.exclusions, *typed.typed_exclusions()),
        rules=(*usage.rules, *typed.typed_rules()),
    )
    return _with_bills(further, billed), book, pinned


def _with_bills(usage: UsageInputs, billed: Sequence[str]) -> UsageInputs:
    """Usage with the bills that are named on the command line, relative to the folder it is typed in, beside those of a
    plan."""
    if not billed:
        return usage
    own = tuple(str(usage.billed.base_dir / name) for name in usage.billed.sources)
    bill = replace(usage.billed, sources=(*own, *billed), base_dir=Path.cwd())
    return replace(usage, billed=bill)


@dataclass(slots=True, kw_only=True)
class Done:
    """How far a measurement is, for who stops it."""

    files: int = 0
    of_files: int = 0
    scanned: float | None = None
    written: Path | None = None

    def inspected(self, files: int, of_files: int) -> None:
        """Note that so many files have been looked at."""
        self.files, self.of_files = files, of_files

    def __str__(self) -> str:
        if self.written is not None:
            return f"stopped; {self.written} had been written whole"
        looked = f"{self.files:,} of {self.of_files:,} files inspected" if self.of_files else "no file inspected yet"
        scan = "nothing scanned yet" if self.scanned is None else f"{self.scanned:.0%} of the log scanned"
        return f"stopped: {looked}, {scan}; nothing was written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What `planner measure` tells. tokens: None where they were not asked for. notes: on the price data."""

    measurement: Measurement
    quality: DataQuality
    tokens: tuple[TokensPerRequest, ...] | None
    notes: tuple[str, ...]


def measured(
    usage: UsageInputs,
    book: PriceBook,
    pinned: str | None,
    *,
    with_tokens: bool,
    output: Path | None,
    progress: Callable[[str, float], None] | None,
) -> Measured:
    """Read and price usage, and save the mix where `output` says.

    pinned: the plan's snapshot of the price data, if it has one. progress(step, fraction) is called while it reads.
    Errors: Stopped by Ctrl-C or SIGTERM, saying how far it was.
    """
    if output is not None:
        check_output(output)  # before anything is read
    bill = read_bill(usage.billed)  # small, so that a mistake in it is found before the log is read
    done = Done()
    with saying_what_was_done(lambda: str(done)):
        read = usage_of(usage, book, _heard(done, progress), done.inspected)
        measurement = measurement_of(usage, read, book, bill=bill)
        tokens = tokens_of(usage, measurement, book, progress) if with_tokens else None
        notes = price_data_notes(book, pinned=pinned, models=sorted(set(measurement.rows["model"])))
        if output is not None:
            write_mix(measurement.rows, output)
            done.written = output
    quality = data_quality(read, measurement, today=today())
    return Measured(measurement=measurement, quality=quality, tokens=tokens, notes=notes)


def _heard(done: Done, progress: Callable[[str, float], None] | None) -> Callable[[str, float], None]:
    def step(name: str, fraction: float) -> None:
        done.scanned = fraction
        if progress is not None:
            progress(name, fraction)

    return step


def check_output(output: Path) -> None:
    """Errors: InputError for an ending that names no kind of file, and for a folder that is not there."""
    if output.suffix.lower() not in _WRITERS:
        raise InputError(f"-o {output}: give a file name that ends in {', '.join(_WRITERS)}")
    if not output.resolve().parent.is_dir():
        raise InputError(f"cannot write {output}: there is no folder {output.parent}; make it, or give another file")


def write_mix(rows: pd.DataFrame, output: Path) -> None:
    """The mix as Parquet, CSV or JSON lines, by the file's ending; whole or not at all."""
    with replacing(output, remedy="give another file with -o") as new:
        _WRITERS[output.suffix.lower()](rows, new)


_WRITERS: Final[Mapping[str, Callable[[pd.DataFrame, Path], None]]] = {
    ".parquet": lambda rows, path: rows.to_parquet(path, index=False),
    ".csv": lambda rows, path: rows.to_csv(path, index=False),
    ".jsonl": lambda rows, path: rows.to_json(path, orient="records", lines=True, force_ascii=False),
}
