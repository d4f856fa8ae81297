"""What was signed, written into a plan's text; every other key, and every comment, as it was."""

import tomllib
from collections.abc import Sequence
from datetime import date
from typing import Any

from planner.plan_file.in_place import changed_in_place
from planner.plan_file.text import merge, new_item, written_anew


def with_signed(
    text: str, on: date, commits_usd_per_year: Sequence[float], discount_fraction: float | None = None
) -> str:
    """The text with [signed] of these values: one commitment, or one for each contract year; None: the band's discount.

    A table that is spelled in a way that cannot be changed in place is written anew at the end.
    """
    one = len(commits_usd_per_year) == 1
    signed: dict[str, Any] = {
        "on": on,
        "commit_usd_per_year": commits_usd_per_year[0] if one else list(commits_usd_per_year),
    }
    if discount_fraction is not None:
        signed["discount_fraction"] = discount_fraction
    wanted = tomllib.loads(text) | {"signed": signed}

    def change(document: Any) -> None:
        if "signed" in document:
            merge(document["signed"], signed)
        else:
            document.add("signed", new_item(signed))

    changed = changed_in_place(text, wanted, change)
    return written_anew(text, {"signed": signed}) if changed is None else changed
