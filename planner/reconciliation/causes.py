"""Why a month and model was billed differently from list: a small set of named causes, each with its evidence."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from planner.reconciliation.sides import ALL_MODELS, CREDITS, SERVER_TOOLS, SESSION_USAGE, BilledSide, UsedSide

Cause = Literal[
    "agrees",
    "negotiated price",
    "credits",
    "server tools not in the log",
    "unknown model",
    "missing days",
    "batch or tier not in the log",
    "missing cache classes",
    "prompt length not known",
    "another price on that day",
    "billed, not in the log",
    "used, not billed",
    "not found",
    "not compared",
]

AGREES_WITHIN: Final = Decimal("0.0025")
"""A difference within this share of list needs no cause."""

_SETTLES: Final = Decimal("0.25")
"""A cause settles a difference when it leaves less than this share of it."""

_BATCH: Final = Decimal("0.5")
_BATCH_WITHIN: Final = Decimal("0.03")
_SAME_FACTOR: Final = Decimal("0.01")
_FEWEST_DAYS: Final = 2
_SHOWN_DAYS: Final = 3
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is left unexplained, signed USD, and the cause that is named for it."""

    unexplained_usd: Decimal
    cause: Cause
    evidence: str


def base_usd(billed: BilledSide) -> Decimal:
    """What compares with our list price: the source's own list price where it has one, else the bill."""
    return billed.amount_usd if billed.list_usd is None else billed.list_usd


def gap_usd(billed: BilledSide, used: UsedSide, likely: Decimal | None) -> Decimal:
    """What no discount and no rounding explains, signed. likely: the discount that fits every row alike."""
    gap = base_usd(billed) - used.list_usd
    if billed.list_usd is None and likely is not None:
        gap += likely * used.list_usd
    return max(abs(gap) - billed.rounding_usd, _ZERO).copy_sign(gap)


def is_settled(gap: Decimal, used: UsedSide) -> bool:
    """Whether a difference is too small to need a cause."""
    return abs(gap) <= max(AGREES_WITHIN * used.list_usd, Decimal("0.005"))


def cause_of(billed: BilledSide, used: UsedSide, *, likely: Decimal | None, is_only_one_off: bool) -> Finding:
    """The finding of one month and model. is_only_one_off: no other model has a difference."""
    gap = gap_usd(billed, used, likely)
    explained = _without_a_price_of_ours(billed, used)
    if explained is not None:
        return Finding(unexplained_usd=_ZERO, cause=explained[0], evidence=explained[1])
    cause, evidence = _cause(billed, used, gap, likely=likely, is_only_one_off=is_only_one_off)
    return Finding(unexplained_usd=gap, cause=cause, evidence=evidence)


def _without_a_price_of_ours(billed: BilledSide, used: UsedSide) -> tuple[Cause, str] | None:
    """What is explained by being no use that a log carries."""
    if billed.label == CREDITS:
        return "credits", f"${-billed.amount_usd:,.2f} of credits: kept apart, and no discount"
    if billed.label == SESSION_USAGE:
        return "server tools not in the log", "the run time of managed agents is in no log of requests"
    if billed.label == SERVER_TOOLS and used.list_usd == 0:
        return "server tools not in the log", "web searches or code execution were billed and the log has none"
    return None


def _cause(
    billed: BilledSide, used: UsedSide, gap: Decimal, *, likely: Decimal | None, is_only_one_off: bool
) -> tuple[Cause, str]:
    if not billed.is_known:
        return "unknown model", f"no price is known for {billed.label!r}; say which model it is under [prices.aliases]"
    if is_settled(gap, used):
        return _agreed(billed, used, likely)
    if used.list_usd == 0:
        what = (
            "billed without a model; group the costs by model and cost type" if billed.label == ALL_MODELS else "billed"
        )
        return "billed, not in the log", f"${billed.amount_usd:,.2f} {what}, and the log has no use of it"
    if billed.amount_usd == 0:
        return "used, not billed", f"${used.list_usd:,.2f} at list in the log; another account or provider bills it"
    found = (
        _days(billed, used, gap)
        or _tier(billed, used)
        or _cache_billed(billed, used)
        or _length(used, gap)
        or (_price(billed, used) if is_only_one_off else None)
        or _no_cache(billed, used)
    )
    return found or ("not found", _open(billed, used, gap))


def _agreed(billed: BilledSide, used: UsedSide, likely: Decimal | None) -> tuple[Cause, str]:
    if billed.list_usd:
        discount = 1 - billed.amount_usd / billed.list_usd
        if discount:
            side = "below" if discount > 0 else "above"
            return "negotiated price", f"{abs(discount):.1%} {side} the source's own list price, which is ours"
    elif likely is not None and used.list_usd > 0:
        return (
            "negotiated price",
            f"{likely:.1%} below list, as in every other month and model: likely, not known, because the source has no "
            "list price",
        )
    return "agrees", ""


def _days(billed: BilledSide, used: UsedSide, gap: Decimal) -> tuple[Cause, str] | None:
    """Days that are billed and not in the log, and the reverse, where they make up the difference."""
    if billed.is_monthly or not billed.by_day:
        return None
    unused = {day: listed if listed is not None else usd for day, (usd, listed) in billed.by_day.items()}
    unused = {day: usd for day, usd in unused.items() if usd > 0 and day not in used.by_day}
    unbilled = {day: usd for day, usd in used.by_day.items() if day not in billed.by_day}
    net = sum(unused.values(), _ZERO) - sum(unbilled.values(), _ZERO)
    if not (unused or unbilled) or abs(gap - net) > _SETTLES * abs(gap):
        return None
    said = []
    if unused:
        said.append(f"{_some(list(unused))} billed (${sum(unused.values(), _ZERO):,.2f}) and not in the log")
    if unbilled:
        said.append(f"{_some(list(unbilled))} in the log (${sum(unbilled.values(), _ZERO):,.2f}) and not billed")
    return "missing days", "; ".join(said)


def _some(days: list[date]) -> str:
    shown = ", ".join(str(day) for day in sorted(days)[:_SHOWN_DAYS])
    return shown if len(days) <= _SHOWN_DAYS else f"{shown} and {len(days) - _SHOWN_DAYS} days more"


def _tier(billed: BilledSide, used: UsedSide) -> tuple[Cause, str] | None:
    if used.tier_requests:
        return None
    if billed.tier_usd > 0:
        return (
            "batch or tier not in the log",
            f"${billed.tier_usd:,.2f} billed as batch, flex or priority, and the log has standard requests alone",
        )
    ratio = base_usd(billed) / used.list_usd
    if abs(ratio - _BATCH) <= _BATCH_WITHIN:
        return "batch or tier not in the log", f"billed {ratio:.2f} of list, the price of batch; the log has no batch"
    return None


def _cache_billed(billed: BilledSide, used: UsedSide) -> tuple[Cause, str] | None:
    if billed.cache_usd and not used.cache_tokens:
        return "missing cache classes", f"${billed.cache_usd:,.2f} billed for cache tokens, and the log has none"
    return None


def _length(used: UsedSide, gap: Decimal) -> tuple[Cause, str] | None:
    more = used.unknown_length_more_usd
    if not 0 < gap <= more * (1 + AGREES_WITHIN):
        return None
    return (
        "prompt length not known",
        f"rows whose prompt length the log does not settle would cost ${more:,.2f} more above the threshold",
    )


def _price(billed: BilledSide, used: UsedSide) -> tuple[Cause, str] | None:
    """One factor between the source's list price and ours, on every day or from some day on."""
    ratios = {
        day: listed / used.by_day[day]
        for day, (_, listed) in sorted(billed.by_day.items())
        if listed is not None and day in used.by_day
    }
    off = [day for day, ratio in ratios.items() if abs(ratio - 1) > AGREES_WITHIN]
    if len(off) < _FEWEST_DAYS:
        return None
    between = [day for day in ratios if off[0] <= day <= off[-1]]
    factors = [ratios[day] for day in off]
    middle = sorted(factors)[len(factors) // 2]
    if between != off or any(abs(factor / middle - 1) > _SAME_FACTOR for factor in factors):
        return None
    since = "on every day" if len(off) == len(ratios) else f"from {off[0]} to {off[-1]}"
    return (
        "another price on that day",
        f"the source's list price is {middle:.3f} times ours {since}, for this model alone",
    )


def _no_cache(billed: BilledSide, used: UsedSide) -> tuple[Cause, str] | None:
    if used.log_has_cache or billed.cache_usd is not None:
        return None
    return "missing cache classes", "the log has not one cache token; the bill does not say whether it has"


def _open(billed: BilledSide, used: UsedSide, gap: Decimal) -> str:
    possible = []
    if billed.list_usd is None and gap < 0:
        possible.append("a negotiated price, which a source with list prices would show")
    if gap > 0 and not billed.says_types and not used.log_has_tools:
        possible.append("web searches or code execution that the log does not carry")
    if gap > 0 and used.list_usd > 0:
        possible.append("use that the log does not have")
    return f"possible: {', '.join(possible)}" if possible else "compare a single day request by request"
