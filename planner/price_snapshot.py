"""What to say of a plan that was last priced with other price data than today's."""

from collections.abc import Iterator, Sequence
from datetime import date

from planner.prices import PriceBook
from planner.units import TOKEN_CLASSES


def snapshot_note(book: PriceBook, pinned: str | None, models: Sequence[str], on: date) -> str | None:
    """The warning of a plan whose [prices] snapshot is not the book's; None where it is, or where none is pinned.

    Which prices changed can be told where the other data is still here: the prices as installed, beside fetched ones.
    """
    if pinned is None or pinned == book.snapshot:
        return None
    said = (
        f"This plan was last priced with other price data (snapshot {pinned}; now {book.snapshot}, checked on "
        f"{book.checked_on})."
    )
    before = book.as_bundled()
    if before.snapshot != pinned:
        which = "Which prices changed in between cannot be told, because the other data is not here."
    else:
        changed = [line for model in models for line in _changes(model, before, book, on)]
        which = (
            f"Changed for this plan: {'; '.join(changed)}." if changed else "No price of this plan's models changed."
        )
    return f"{said} {which} `planner prices --pin PLAN.toml` takes today's as the plan's own."


def _changes(model: str, before: PriceBook, after: PriceBook, on: date) -> Iterator[str]:
    if model not in before.models():
        yield f"{model} (new)"
        return
    was, now = before.price(model, on), after.price(model, on)
    classes = zip(TOKEN_CLASSES, was.rates.in_class_order(), now.rates.in_class_order(), strict=True)
    moved = [f"{name} {a or '?'} to {b or '?'}" for name, a, b in classes if a != b]
    if was.long_prompt != now.long_prompt:
        moved.append("prices above a prompt threshold")
    if moved:
        yield f"{model} ({', '.join(moved)} USD per million tokens)"
