"""Quotes written into a plan's text, or taken out of it; every other key, and every comment, as it was."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import tomlkit
from tomlkit.items import Whitespace

from planner.errors import InputError
from planner.plan_file.in_place import changed_in_place
from planner.plan_file.text import merge, new_item

Change = Callable[[Any], None]

_SAYS_DISCOUNT_TOO: Final = ("band",)
"""Keys that cannot stand beside discount_fraction."""


def with_offer(text: str, offer: Mapping[str, Any]) -> str:
    """The text with one [[offer]] more, the last. Errors: InputError for a name that is taken, or text that resists."""
    if any(known["name"] == offer["name"] for known in tomllib.loads(text).get("offer", [])):
        raise InputError(f"an offer named '{offer['name']}' is there already; give this one another name")

    return _changed(text, lambda document: _append(document, offer))


def _append(document: Any, offer: Mapping[str, Any]) -> None:
    """One offer more. What is written below the last one, apart from it, stays below the last one."""
    if not isinstance(document, tomlkit.TOMLDocument):
        document.setdefault("offer", []).append(dict(offer))
        return
    if "offer" not in document:
        document["offer"] = tomlkit.aot()
    offers = document["offer"]
    below = _taken_below(offers[-1]) if len(offers) else []
    offers.append(new_item(offer))
    if below:
        offers[-1].value.body[-1:] = below


def _taken_below(table: Any) -> list[Any]:
    """Blank lines and comments that end a table, from the first blank line on, taken out of it."""
    body = table.value.body
    first = next((at for at in range(len(body), 0, -1) if body[at - 1][0] is not None), 0)
    apart = next((at for at in range(first, len(body)) if isinstance(body[at][1], Whitespace)), len(body))
    below = body[apart:]
    if below:
        body[apart:] = [(None, tomlkit.nl())]
    return list(below)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A plan's text with other quotes in it, and by name what became of each.

    kept: of a replaced quote, the clauses that were not among those given and stay as they were.
    """

    text: str
    added: tuple[str, ...]
    replaced: tuple[str, ...]
    unchanged: tuple[str, ...]
    kept: Mapping[str, tuple[str, ...]]


def offers_text(offers: Sequence[Mapping[str, Any]]) -> str:
    """Quotes as [[offer]] entries to paste into a plan file; empty without any."""
    text = "\n\n".join(tomlkit.dumps({"offer": new_item([dict(offer)])}).strip() for offer in offers)
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    """A character that no screen shows as TOML writes it."""
    code = ord(char)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"


def with_offers(text: str, offers: Sequence[Mapping[str, Any]], known: Sequence[str]) -> Merged:
    """The text with these quotes: one of a name that is there takes its place, others come last.

    known: the keys that these quotes could say; one that is there and is not said goes, any other key stays, but for a
    discount said in another way. Errors: InputError for text that resists.
    """
    there = {item["name"]: item for item in tomllib.loads(text).get("offer", [])}
    wanted = {offer["name"]: _in_place_of(there.get(offer["name"], {}), offer, known) for offer in offers}
    changed = {name: offer for name, offer in wanted.items() if offer != there.get(name)}
    replaced = tuple(name for name in changed if name in there)

    def put(document: Any) -> None:
        for name, offer in changed.items():
            if name in there:
                merge(next(item for item in document["offer"] if item["name"] == name), offer)
            else:
                _append(document, offer)

    return Merged(
        text=_changed(text, put) if changed else text,
        added=tuple(name for name in changed if name not in there),
        replaced=replaced,
        unchanged=tuple(name for name in wanted if name not in changed),
        kept={name: rest for name in replaced if (rest := tuple(key for key in wanted[name] if key not in known))},
    )


def _in_place_of(old: Mapping[str, Any], new: Mapping[str, Any], known: Sequence[str]) -> dict[str, Any]:
    dropped = (*known, *(_SAYS_DISCOUNT_TOO if "discount_fraction" in new else ()))
    return {**{key: value for key, value in old.items() if key not in dropped}, **new}


def without_offer(text: str, name: str) -> str:
    """The text without the [[offer]] of a name. Errors: InputError for text that resists."""

    def removed(document: Any) -> None:
        at = [item["name"] for item in document["offer"]].index(name)
        del document["offer"][at]
        if not document["offer"]:
            del document["offer"]

    return _changed(text, removed)


def _changed(text: str, change: Change) -> str:
    wanted = tomllib.loads(text)
    change(wanted)
    changed = changed_in_place(text, wanted, change)
    if changed is None:
        raise InputError(
            "the offers are spelled in the plan file in a way that cannot be changed here without losing something; "
            "change them in the file"
        )
    return changed
