"""planner prices: list prices of a day, what changed between two, what is to come, and newer ones on request.

Heavy parts load inside the command, so that help is instant.
"""

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

Provider = Annotated[str, typer.Option(help="anthropic, bedrock or vertex.")]
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
    provider: Provider = "anthropic",
    endpoint: Endpoint = None,
    check: Check = False,
    diff: Diff = None,
    pin: Pin = None,
    bundled: Bundled = False,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Show list prices on a day, dated and with their source; compare days; fetch newer prices (prices update)."""
    _check_options(model, on=on, check=check, diff=diff, pin=pin, bundled=bundled)
    if model == "update":
        _update(bundled=bundled, as_json=as_json, quiet=quiet)
    elif pin is not None:
        _pin(pin, as_json=as_json, quiet=quiet)
    elif diff is not None:
        _diff(price_book_of(provider, endpoint), model, diff, as_json=as_json, quiet=quiet)
    elif check:
        _check(price_book_of(provider), as_json=as_json)
    else:
        _list(price_book_of(provider, endpoint), model, day("--on", on), as_json=as_json, quiet=quiet)


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


def _check_options(
    model: str | None,
    *,
    on: str | None,
    check: bool,
    diff: tuple[str, str] | None,
    pin: Path | None,
    bundled: bool,
) -> None:
    """Errors: InputError for options that ask for two things at once."""
    asked = {"--on": on is not None, "--check": check, "--diff": diff is not None, "--pin": pin is not None}
    given = [name for name, is_given in asked.items() if is_given]
    if model == "update":
        given = ["update", *given]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} ask for different things; give one of them")
    if bundled and model != "update":
        raise InputError("--bundled goes with update: planner prices update --bundled")


def _list(book: "PriceBook", model: str | None, on: date | None, *, as_json: bool, quiet: bool) -> None:
    from planner import prices_report as report  # noqa: PLC0415
    from planner.clock import today  # noqa: PLC0415
    from planner.price_data.age import stale_note  # noqa: PLC0415

    when = on or book.checked_on
    found = [book.price(name, when) for name in ([model] if model else book.models())]
    if as_json:
        values = [report.price_json(price, book) for price in found]
        print_json(values[0] if model else values)
        return
    show([report.prices_table(found)])
    stale = stale_note(book.facts.checked_on, book.library_date, today())
    if model:
        price = found[0]
        print(
            f"Batch requests pay {price.batch_multiplier} of these. Source: {price.source}. Checked {price.checked_on}."
        )
    elif not quiet:
        show([report.schedule_table(book, when), report.server_tools_table(book.server_tools(when))])
        print(f"Price data: snapshot {book.snapshot}, checked on {book.checked_on}.")
    if not quiet:
        warn([*([] if stale is None else [stale]), *(note for price in found if model for note in price.notes)])


def _check(book: "PriceBook", *, as_json: bool) -> None:
    from planner import prices_report as report  # noqa: PLC0415

    rows = book.differences()
    if as_json:
        print_json([report.price_difference_json(row) for row in rows])
        return
    show([report.price_differences_table(rows)])
    print("Where they differ, the dated fact wins." if rows else "The price library and our dated facts agree.")


def _diff(book: "PriceBook", model: str | None, days: tuple[str, str], *, as_json: bool, quiet: bool) -> None:
    from planner import prices_report as report  # noqa: PLC0415

    since, until = day("--diff", days[0]), day("--diff", days[1])
    assert since is not None
    assert until is not None
    if until <= since:
        raise InputError(f"--diff {since} {until}: give the earlier day first, and two different ones")
    chosen = None if model is None else book.resolve(model)
    changes = [row for row in book.changes(since, until) if chosen is None or chosen in row.model.split(", ")]
    if as_json:
        rows = [report.change_json(row) for row in changes]
        print_json({"since": since.isoformat(), "until": until.isoformat(), "changes": rows})
        return
    if not quiet:
        show([report.changes_table(changes, f"List prices from {since} to {until}")])
    print(_counted(len(changes), f"between {since} and {until}"))


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
    from planner import prices_report as report  # noqa: PLC0415
    from planner.price_update import remove, update  # noqa: PLC0415

    done = remove() if bundled else update()
    if as_json:
        print_json(report.update_json(done))
        return
    if not quiet:
        show([report.changes_table(done.changes, "What changed against the prices in use before")])
    if bundled:
        said = "There were no fetched prices." if done.path is None else f"Removed {done.path}."
        print(f"{said} The bundled prices of {done.checked_on} are in use.", end=" ")
    else:
        print(f"Fetched on {done.checked_on} and kept in {done.path}; in use from now on.", end=" ")
    print(_counted(len(done.changes), "against the prices in use before"))


def _counted(changes: int, where: str) -> str:
    if changes == 0:
        return f"No price differs {where}."
    return f"{changes} {'price or factor differs' if changes == 1 else 'prices and factors differ'} {where}."
