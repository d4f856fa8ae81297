"""Newer prices on request: fetched by the price library's own updater, kept in the user's folder, compared, removed."""

from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

from planner.clock import today
from planner.errors import PriceError
from planner.price_data import updater
from planner.price_data.changes import price_changes
from planner.price_data.fetched import Fetch, FetchedPrices, fetched_path, remove_fetched, stamp, write_fetched
from planner.price_data.library import earlier_fetches
from planner.prices import PROVIDERS, PriceBook, PriceChange

_LOST: Final = "What was fetched before could not be used, so days before this fetch have the bundled prices again."


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceUpdate:
    """What an update, or going back, did. path: the file written or removed, None where there was none to remove.

    checked_on: the day of the prices that are in use now. sha256: of what was fetched, None for bundled prices. notes:
    what must be said with it.
    """

    path: Path | None
    checked_on: date
    snapshot: str
    sha256: str | None
    changes: tuple[PriceChange, ...]
    notes: tuple[str, ...] = ()


def update() -> PriceUpdate:
    """Fetch the library's newest prices and use them from now on.

    Errors: PriceError saying why nothing could be fetched, that nothing was changed, and which prices stay in use;
    InputError where they cannot be kept.
    """
    before = _books_now()
    first = before[PROVIDERS[0]]
    try:
        providers = updater.fetch()
    except PriceError as error:
        raise PriceError(f"The prices were not updated: {error}. {_stays(first)}") from None
    earlier = earlier_fetches()
    # a clock that is behind the day of an earlier check does not make these prices older
    fetched_on = max(today(), first.checked_on, *(item.fetched_on for item in earlier))
    fetch = Fetch(fetched_on=fetched_on, providers=tuple(providers))
    prices = FetchedPrices(fetches=earlier, checked_on=fetched_on, library_version=version("genai-prices"))
    is_lost = stamp() is not None and not earlier
    done = _done(before, write_fetched(prices.followed_by(fetch)), fetch.sha256)
    return replace(done, notes=(_LOST,)) if is_lost else done


def remove() -> PriceUpdate:
    """Go back to the prices that came with the installation; fetched ones are removed, damaged ones too."""
    before = _books_now()
    return _done(before, remove_fetched(), None)


def _books_now() -> dict[str, PriceBook]:
    """The prices in use; where fetched ones are damaged, the bundled ones."""
    try:
        return {provider: PriceBook.load(provider) for provider in PROVIDERS}
    except PriceError:
        return {provider: PriceBook.load(provider, bundled=True) for provider in PROVIDERS}


def _stays(book: PriceBook) -> str:
    day = book.library_date
    if day is not None:
        return f"Nothing was changed; the prices fetched on {day} ({fetched_path()}) stay in use."
    return f"Nothing was changed; the bundled prices of {book.facts.checked_on} stay in use."


def _done(before: dict[str, PriceBook], path: Path | None, sha256: str | None) -> PriceUpdate:
    after = {provider: PriceBook.load(provider) for provider in PROVIDERS}
    book = after[PROVIDERS[0]]
    changes = [row for provider in PROVIDERS for row in _changes(provider, before[provider], after[provider])]
    return PriceUpdate(
        path=path, checked_on=book.checked_on, snapshot=book.snapshot, sha256=sha256, changes=tuple(changes)
    )


def _changes(provider: str, before: PriceBook, after: PriceBook) -> list[PriceChange]:
    """What differs today, and on each later day on which the library has a price begin; each change once."""
    on = max(before.checked_on, after.checked_on)
    days = [on, *sorted(day for day in before.library_starts | after.library_starts if day > on)]
    seen: dict[tuple[object, ...], PriceChange] = {}
    for day in days:
        for row in price_changes(before, after, day, day):
            key = (row.model, row.token_class, row.above_prompt_tokens, row.before, row.after)
            where = "" if provider == PROVIDERS[0] else f" on {provider}"
            seen.setdefault(key, replace(row, model=f"{row.model}{where}"))
    return list(seen.values())
