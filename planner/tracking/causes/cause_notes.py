"""What a log cannot tell apart, in sentences beside the causes."""

from collections.abc import Iterator, Sequence

from planner.tracking.actual import ActualMonth
from planner.tracking.causes.plan_streams import ESCALATED, NOTHING
from planner.tracking.causes.planned import Planned
from planner.tracking.causes.requests import Requests
from planner.tracking.causes.served import Served

_SHOWN = 3


def notes_of(central: Planned, actual: Served, requests: Requests, months: Sequence[ActualMonth]) -> tuple[str, ...]:
    """What has to be known of the causes of these months."""
    return tuple(_notes(central, actual, requests, months)) if months else ()


def _notes(central: Planned, actual: Served, requests: Requests, months: Sequence[ActualMonth]) -> Iterator[str]:
    blind = [month.month for month, counted in zip(months, actual.is_counted.tolist(), strict=True) if not counted]
    if blind:
        yield (
            f"The log of {_listed(blind)} does not count requests: volume, mix, tokens per request, routing adoption, "
            "escalation and caching cannot be told apart there, and all of it but prices stands as volume."
        )
    untold = _untold(central, requests) if len(blind) < len(months) else []
    if untold:
        yield (
            f"No escalations were logged for {_listed(untold)}: they are taken to be as planned, and a rate that "
            "changed shows up as volume or mix. Give logged outcomes with --outcomes FILE."
        )
    if actual.other:
        named = [f"'{name}' on {model}" for name, model in actual.other]
        yield (
            f"The plan does not name {_listed(named)}: these requests count in volume, and what they cost beside "
            "those that stay at home stands in the rest."
        )


def _untold(central: Planned, requests: Requests) -> list[str]:
    """Types and models of which an escalation is planned and none was seen."""
    streams = central.streams
    found: dict[str, None] = {}
    for place in streams.of(ESCALATED).tolist():
        pair = central.types[streams.keys[place][0]], streams.keys[place][3]
        if pair not in requests.told and streams.if_escalated[:, place].max() > NOTHING:
            found[f"'{pair[0]}' on {pair[1]}"] = None
    return list(found)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
