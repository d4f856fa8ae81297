"""What a scan gave as daily groups: clean keys, checked whole numbers, what became equal added up."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from planner.errors import UsageError
from planner.units import TOKEN_COLUMNS
from planner.usage.columns import COUNT_COLUMNS, COUNT_LIMIT, KEY_COLUMNS, OWNERS, UNTAGGED, window_exceeds
from planner.usage.readings import JOINED_BY
from planner.usage.scan import NOT_KNOWN, square_name
from planner.usage.secrets import masked

_SUMS: Final = [
    *COUNT_COLUMNS,
    "records",
    "billed_records",
    "single_requests",
    *(f"single_{name}" for name in TOKEN_COLUMNS),
    *map(square_name, TOKEN_COLUMNS),
]


def daily_groups(
    frame: pd.DataFrame, stems: Mapping[str, str], edges: tuple[int, ...], owners: Sequence[str]
) -> pd.DataFrame:
    """What a scan gave, with clean keys, prompt_above resolved by context window, and what became equal added up.

    Errors: UsageError where sums are no longer exact.
    """
    counts = frame[list(COUNT_COLUMNS)].astype("float64")
    if bool((counts >= COUNT_LIMIT).any(axis=None)):
        raise UsageError(
            "The token counts of one day add up to 2**53 or more: no log holds that many. Check the units."
        )
    groups = pd.DataFrame({"day": pd.to_datetime(frame["day"].astype("int64"), unit="D")})
    keys = (*KEY_COLUMNS, *owners)
    for name in keys:
        groups[name] = frame[name].map(lambda value: clean_key(value, stems)).astype(object)
    groups["request_type"] = groups["request_type"].replace("", UNTAGGED)
    for name in ("service_tier", "speed"):
        groups[name] = groups[name].str.lower().replace("", "standard")
    above = zip(frame["prompt_above"].astype("int64"), groups["context_window"], strict=True)
    groups["prompt_above"] = [_settled(int(edge), window, edges) for edge, window in above]
    groups[list(COUNT_COLUMNS)] = counts.astype("int64")
    for name in ("records", "billed_records"):
        groups[name] = frame[name].astype("int64")
    groups["billed_cost_usd"] = frame["billed_cost_usd"].astype("float64")
    _add_single_requests(groups, frame)
    for name in ("first", "last"):
        groups[name] = pd.to_datetime(frame[f"{name}_us"].astype("int64"), unit="us")
    return added_up(groups)


def _add_single_requests(groups: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Number, tokens and squares of tokens of records of one request; a scan keeps them apart from records of several.

    A context window may later settle where several belong, and mix the two.
    """
    single = frame["prompt_above"].to_numpy() != NOT_KNOWN
    groups["single_requests"] = frame["records"].where(single, 0).astype("int64")
    for name in TOKEN_COLUMNS:
        groups[f"single_{name}"] = frame[name].where(single, 0.0).astype("int64")
        groups[square_name(name)] = frame[square_name(name)].where(single, 0.0).astype("float64")


def added_up(groups: pd.DataFrame) -> pd.DataFrame:
    """Groups of equal keys as one. Errors: UsageError where sums are no longer exact."""
    keys = ["day", *(name for name in (*KEY_COLUMNS, *OWNERS) if name in groups), "prompt_above"]
    if float(groups[[*COUNT_COLUMNS, "records"]].astype("float64").sum().max()) >= 2.0**62:
        raise UsageError(
            "The token counts of the log add up to 2**62 or more: no log holds that many. Check the units."
        )
    grouped = groups.groupby(keys, sort=True, dropna=False)
    result = grouped[_SUMS].sum()
    result["billed_cost_usd"] = grouped["billed_cost_usd"].sum(min_count=1)
    result["first"] = grouped["first"].min()
    result["last"] = grouped["last"].max()
    return result.reset_index()


def clean_key(value: object, stems: Mapping[str, str]) -> str:
    """A key as the measurement shows it: stripped, a file by its stem (path -> stem), blank where there is none."""
    if not isinstance(value, str):
        return ""
    return masked(JOINED_BY.join(stems.get(part, part) for part in value.split(JOINED_BY)).strip())


def _settled(edge: int, window: str, edges: tuple[int, ...]) -> int:
    """prompt_above of several requests, where their context window lies wholly on one side of every edge."""
    if edge != NOT_KNOWN:
        return edge
    sides = [window_exceeds(window, each) for each in edges]
    if not all(side is not None for side in sides) or not window:
        return NOT_KNOWN
    return max((each for each, side in zip(edges, sides, strict=True) if side), default=0)
