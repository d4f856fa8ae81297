"""planner prices: list prices of a day, what changed between two, what is to come, and newer ones on request.

Heavy parts load inside the command, so that help is instant.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.commands.arguments import day
from planner.commands.options import JsonFlag, QuietFlag
from planner.commands.terminal import print_json, show, warn
from planner.errors import InputError
from planner.whole_file import write_whole

if TYPE_CHECKING:
    from planner.prices import PriceBook

ListProvider = Annotated[str | None, typer.Option(help="anthropic, bedrock or vertex; default: anthropic.")]
Endpoint = Annotated[str | None, typer.Option(help="global or regional, of Bedrock or Vertex AI; default: global.")]
Model = Annotated[
    str | None,
    typer.Argument(metavar="[MODEL]", help="One model, by any of its names; all when left out; 'update': fetch newer."),
]
On = Annotated[str | None, typer.Option(metavar="DATE", help="Prices of a day; default the last check.")]
Check = Annotated[bool, typer.Option("--check", help="List where the price library and our dated facts differ.")]
Diff = Annotated[
    tuple[str, str] | None,
    typer.Option("--diff", metavar="DATE1 DATE2", help="What differs between the price lists of two days."),
]
Pin = Annotated[
    Path | None,
    typer.Option("--pin", metavar="PLAN.toml", help="Write into a plan which price data it is priced with."),
]
Bundled = Annotated[
    bool, typer.Option("--bundled", help="With update: go back to the prices that came with the installation.")
]


def prices(
    model: Model = None,
    on: On = None,
    provider: ListProvider = None,
    endpoint: Endpoint = None,
    check: Check = False,
    diff: Diff = None,
    pin: Pin = None,
    bundled: Bundled = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Show list prices on a day, dated and with their source; compare days; fetch newer prices (prices update)."""
    given = {"--on": on is not None, "--check": check, "--diff": diff is not None, "--pin": pin is not None}
    _check_options(model, [name for name, is_given in given.items() if is_given], bundled=bundled)
    _check_unused(model, provider, endpoint, check=check, pin=pin)
    book_of = provider or "anthropic"
    if model == "update":
        _update(bundled=bundled, as_json=as_json, quiet=quiet)
    elif pin is not None:
        _pin(pin, as_json=as_json, quiet=quiet)
    elif diff is not None:
        _diff(price_book_of(book_of, endpoint), model, diff, as_json=as_json, quiet=quiet)
    elif check:
        _check(price_book_of("anthropic"), model, as_json=as_json, quiet=quiet)
    elif model is not None:
        _one(price_book_of(book_of, endpoint), model, day("--on", on), as_json=as_json, quiet=quiet)
    else:
        _list(price_book_of(book_of, endpoint), day("--on", on), as_json=as_json, quiet=quiet)


def price_book_of(provider: str, endpoint: str | None = None) -> "PriceBook":
    """The prices of a provider and its endpoint as typed. Errors: InputError naming the known ones; PriceError."""
    from planner.prices import OwnTerms, PriceBook  # noqa: PLC0415

    if provider not in ("anthropic", "bedrock", "vertex"):
        raise InputError(f"--provider {provider}: give anthropic, bedrock or vertex")
    if endpoint is None:
        return PriceBook.load(provider)
    if endpoint not in ("global", "regional") or provider == "anthropic":
        raise InputError(f"--endpoint {endpoint}: give global or regional, with --provider bedrock or vertex")
    return PriceBook.load(provider, terms=OwnTerms(endpoint="regional" if endpoint == "regional" else "global"))


def _check_options(model: str | None, given: Sequence[str], *, bundled: bool) -> None:
    """given: which of the options that ask for one thing. Errors: InputError where they ask for two."""
    asked = ["update", *given] if model == "update" else [*given]
    if len(asked) > 1:
        raise InputError(f"{' and '.join(asked)} ask for different things; give one of them")
    if bundled and model != "update":
        raise InputError("--bundled goes with update: planner prices update --bundled")


def _check_unused(
    model: str | None, provider: str | None, endpoint: str | None, *, check: bool, pin: Path | None
) -> None:
    """Errors: InputError for an argument that would change nothing."""
    unused = [name for name, value in (("--provider", provider), ("--endpoint", endpoint)) if value is not None]
    if model == "update":
        why = "update fetches the prices of every provider"
    elif check:
        why = "--check compares Anthropic's list prices"
        unused = [name for name in unused if (name, provider) != ("--provider", "anthropic")]
    elif pin is not None:
        why = "--pin takes the provider, the endpoint and the models from the plan"
        unused += [] if model is None else [model]
    else:
        return
    if unused:
        raise InputError(f"{why}; leave {' and '.join(unused)} out")


def _list(book: "PriceBook", on: date | None, *, as_json: bool, quiet: bool) -> None:
    """Every model, what is to come, server tools."""
    from planner import prices_json, prices_report  # noqa: PLC0415
    from planner.price_data_notes import price_data_notes  # noqa: PLC0415

    when = on or book.checked_on
    notes = price_data_notes(book, on=when)
    if as_json:
        print_json(prices_json.prices_json(book, when, notes))
        return
    found = [book.price(name, when) for name in book.models()]
    if not quiet:
        show([prices_report.prices_table(found)])
        print("Sources: planner prices MODEL shows one model's; planner prices --json has them all.\n")
        show([prices_report.schedule_table(book, when), prices_report.server_tools_table(book.server_tools(when))])
    print(f"{len(found)} models. Price data: snapshot {book.snapshot}, checked on {book.checked_on}.")
    warn([] if quiet else notes)


def _one(book: "PriceBook", model: str, on: date | None, *, as_json: bool, quiet: bool) -> None:
    """One model: its price, since when and from where, the factors on it, what is to come."""
    from planner import prices_json, prices_report  # noqa: PLC0415
    from planner.name_notes import other_cloud_note  # noqa: PLC0415
    from planner.price_data_notes import price_data_notes  # noqa: PLC0415

    when = on or book.checked_on
    price = book.price(model, when)
    other = other_cloud_note(model, book)
    notes = [*price_data_notes(book, on=when), *([] if other is None else [other])]
    if as_json:
        print_json(prices_json.price_json(price, book) | prices_json.price_data_json(book, notes))
        return
    if not quiet:
        factors = prices_report.factors_table(book, price.model, when)
        show([prices_report.prices_table([price]), factors, prices_report.schedule_table(book, when, price.model)])
    print(prices_report.price_sentence(price))
    warn([] if quiet else [*notes, *price.notes])


def _check(book: "PriceBook", model: str | None, *, as_json: bool, quiet: bool) -> None:
    """Where the library and our facts differ, of one model or of all."""
    from planner import prices_json, prices_report  # noqa: PLC0415
    from planner.price_data_notes import price_data_notes  # noqa: PLC0415

    chosen = None if model is None else book.resolve(model)
    rows = [row for row in book.differences() if chosen in (None, row.model)]
    notes = price_data_notes(book)
    if as_json:
        found = [prices_json.price_difference_json(row) for row in rows]
        print_json({"differences": found, **prices_json.price_data_json(book, notes)})
        return
    show([] if quiet else [prices_report.price_differences_table(rows)])
    print(prices_report.differences_sentence(rows))
    warn([] if quiet else notes)


def _diff(book: "PriceBook", model: str | None, days: tuple[str, str], *, as_json: bool, quiet: bool) -> None:
    """What differs between two days, of one model or of all."""
    from planner import prices_json, prices_report  # noqa: PLC0415
    from planner.price_data_notes import price_data_notes  # noqa: PLC0415

    since, until = day("--diff", days[0]), day("--diff", days[1])
    assert since is not None
    assert until is not None
    if until <= since:
        raise InputError(f"--diff {since} {until}: give the earlier day first, and two different ones")
    chosen = None if model is None else book.resolve(model)
    changes = [row for row in book.changes(since, until) if chosen is None or row.names(chosen)]
    notes = price_data_notes(book, on=until)
    if as_json:
        rows = [prices_json.change_json(row) for row in changes]
        found = {"since": since.isoformat(), "until": until.isoformat(), "changes": rows}
        print_json({**found, **prices_json.price_data_json(book, notes)})
        return
    if not quiet:
        show([prices_report.changes_table(changes, f"List prices from {since} to {until}")])
    print(prices_report.changes_counted(changes, f"between {since} and {until}"))
    warn([] if quiet else notes)


def _pin(path: Path, *, as_json: bool, quiet: bool) -> None:
    from planner.plan_file.loader import load_plan  # noqa: PLC0415
    from planner.plan_file.price_text import with_snapshot  # noqa: PLC0415

    inputs = load_plan(path)
    snapshot = inputs.prices.price_book().snapshot
    write_whole(path, with_snapshot(inputs.text, snapshot), remedy="make the plan file writable")
    if as_json:
        print_json({"file": str(path), "snapshot": snapshot})
    elif not quiet:
        print(f'Wrote [prices] snapshot = "{snapshot}" into {path}.')


def _update(*, bundled: bool, as_json: bool, quiet: bool) -> None:
    """Fetch newer prices, or go back to the bundled ones, and show what that changes."""
    from planner import prices_json, prices_report  # noqa: PLC0415
    from planner.price_update import remove, update  # noqa: PLC0415

    done = remove() if bundled else update()
    if as_json:
        print_json(prices_json.update_json(done))
        return
    if not quiet:
        show([prices_report.changes_table(done.changes, "What changed against the prices in use before")])
    if bundled:
        said = "There were no fetched prices." if done.path is None else f"Removed {done.path}."
        print(f"{said} The bundled prices of {done.checked_on} are in use.", end=" ")
    else:
        print(f"Fetched on {done.checked_on} and kept in {done.path}; in use from now on.", end=" ")
    print(prices_report.changes_counted(done.changes, "against the prices in use before"))
    warn([] if quiet else done.notes)
