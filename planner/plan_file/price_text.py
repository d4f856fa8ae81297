"""[prices] of a plan file written back: the price data that a plan was priced with."""

import tomllib
from typing import Any

import tomlkit
from tomlkit.items import Table


def with_snapshot(text: str, snapshot: str) -> str:
    """A plan's text with [prices] snapshot = the 16 digits of the price data; everything else as it was, comments too.

    Where [prices] is spelled in a way that cannot be changed in place, it is written anew at the end.
    """
    wanted = tomllib.loads(text)
    wanted["prices"] = {**wanted.get("prices", {}), "snapshot": snapshot}
    document = tomlkit.parse(text)
    if "prices" not in document:
        document.add("prices", tomlkit.table())
    prices: Any = document["prices"]
    if not (isinstance(prices, Table) and prices.is_super_table()):
        prices["snapshot"] = snapshot
        changed = tomlkit.dumps(document)
        if _same(changed, wanted):
            return changed
    head = f'[prices]\nsnapshot = "{snapshot}"\n'
    joined = f"{text.rstrip()}\n\n{head}"
    if _same(joined, wanted):  # [prices.cuts] and the like may stand before their own table
        return joined
    document = tomlkit.parse(text)
    while "prices" in document:
        document.remove("prices")
    return f"{tomlkit.dumps(document).rstrip()}\n\n{tomlkit.dumps({'prices': wanted['prices']})}"


def _same(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
