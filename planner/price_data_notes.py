"""What must be said of the price data wherever it prices something: its age, its limits, that it is not the plan's."""

from collections.abc import Sequence
from datetime import date

from planner.clock import today
from planner.price_data.age import stale_note
from planner.price_snapshot import snapshot_note
from planner.prices import PriceBook


def price_data_notes(
    book: PriceBook, *, on: date | None = None, pinned: str | None = None, models: Sequence[str] | None = None
) -> tuple[str, ...]:
    """The notes, the most consequential first; none where the data is new and the plan's own.

    on: the day that is priced, the day of the last check unless given. pinned: the snapshot that a plan was last priced
    with. models: whose changes since then matter, by the book's ids; every model unless given.
    Errors: InputError where the day that it is said to be is none.
    """
    seen = book.models() if models is None else models
    notes = (
        stale_note(book.facts.checked_on, book.library_date, today()),
        snapshot_note(book, pinned, seen, on or book.checked_on),
        _future_note(book, on),
    )
    return tuple(note for note in notes if note is not None)


def _future_note(book: PriceBook, on: date | None) -> str | None:
    if on is None or on <= book.checked_on:
        return None
    return f"Prices of {on} as known on {book.checked_on}; what changes later cannot be known."
