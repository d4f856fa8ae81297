"""A plan file written back: the keys that the product changes for a user, everything else, comments too, as it was."""

from collections.abc import Sequence

import tomlkit


def with_usage_sources(text: str, sources: Sequence[str], *, keep_selection: bool) -> str:
    """A plan's text that measures these sources, in place of its own log or of a mix typed in.

    keep_selection: whether [usage] window and exclude stay; they speak of particular days and request types.
    """
    document = tomlkit.parse(text)
    if "usage" not in document:
        document.add("usage", tomlkit.table())
    usage = document["usage"]
    usage["sources"] = list(sources)
    if not keep_selection:
        for key in ("window", "exclude"):
            usage.pop(key, None)
    document.pop("mix", None)
    return tomlkit.dumps(document)
