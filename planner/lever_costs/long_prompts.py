"""Long prompts: which part of a type's requests a route leaves at home, because its target charges them more.

A request whose prompt is above a price threshold pays the higher rate on every token. A route can leave such requests
where they are; its entry of the mix is then cut at the threshold, and each part has routes of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

from planner.errors import InputError
from planner.mix import MixEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a route leaves at home: prompts above `edge` tokens, counted at home, and their shares of the entry."""

    edge: int
    token_fraction: float
    request_fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Requests of an entry between two prompt lengths, as an entry of their own.

    share: of the requests of the whole entry. held: the routes that leave this part at home. is_counted: whether its
    requests are its own; False where nobody knows how many they are and the shortest part counts them all.
    """

    entry: MixEntry
    share: float
    held: frozenset[int]
    is_counted: bool = True


def parts(entry: MixEntry, held: Mapping[int, Held], known: Mapping[int, float], *, where: str) -> tuple[Part, ...]:
    """The entry cut at the prompt length of everything that routes leave at home; whole where they leave nothing.

    held: by route. known: prompt length -> share of the tokens above it, for the entry. Tokens of all classes divide
    alike; so do requests where a share of the requests is given. Without one (0) every request is counted in the
    shortest part, which charges overhead on all of them.

    Errors: InputError where shares contradict each other.
    """
    if not held:
        return (Part(entry=entry, share=1.0, held=frozenset()),)
    by_edge = {item.edge: item for item in held.values()}
    edges = sorted(by_edge)
    tokens = [1.0, *(by_edge[edge].token_fraction for edge in edges), 0.0]
    requests = [1.0, *(by_edge[edge].request_fraction for edge in edges), 0.0]
    _check(edges, tokens, requests, where)
    above = {**known, **{edge: by_edge[edge].token_fraction for edge in edges}}
    found = []
    for low, high, mass, count in zip([0, *edges], [*edges, inf], pairwise(tokens), pairwise(requests), strict=True):
        token_share, request_share = mass[0] - mass[1], count[0] - count[1]
        if token_share > 0:
            kept = frozenset(index for index, item in held.items() if item.edge <= low)
            inside = {length: _share_inside(length, low, high, share, mass) for length, share in above.items()}
            part = _scaled(replace(entry, long_prompt_fraction=inside), token_share, request_share)
            counted = request_share > 0
            share = request_share if counted else token_share
            found.append(Part(entry=part, share=share, held=kept, is_counted=counted))
    return tuple(found)


def _check(edges: list[int], tokens: list[float], requests: list[float], where: str) -> None:
    for edge, token_share, request_share in zip(edges, tokens[1:], requests[1:], strict=False):
        if request_share > token_share:
            raise InputError(
                f"{where}: {request_share:g} of the requests but {token_share:g} of the tokens are said to be in "
                f"prompts above {edge:,} tokens; longer requests have the larger share of the tokens. Check "
                "long_request_fraction and long_prompt_fraction"
            )
    if any(later > earlier for shares in (tokens, requests) for earlier, later in pairwise(shares)):
        raise InputError(
            f"{where}: the shares above {', '.join(f'{edge:,}' for edge in edges)} prompt tokens must fall with the "
            "length; check long_prompt_fraction of its routes"
        )


def _share_inside(length: int, low: float, high: float, share: float, mass: tuple[float, float]) -> float:
    """Share of a part's tokens above a prompt length, from the share of the whole entry's."""
    if length <= low:
        return 1.0
    return 0.0 if length >= high else min(max((share - mass[1]) / (mass[0] - mass[1]), 0.0), 1.0)


def _scaled(entry: MixEntry, token_share: float, request_share: float) -> MixEntry:
    """The entry with the tokens of its part per request, and the server tools of a request."""
    if request_share == 0:
        # nobody knows how many requests these are: they are counted in the shortest part, tools and all
        return replace(
            entry,
            monthly_requests=entry.monthly_requests * token_share,
            web_searches_per_request=0.0,
            code_execution_hours_per_request=0.0,
        )
    return replace(
        entry,
        monthly_requests=entry.monthly_requests * request_share,
        tokens_per_request=entry.tokens_per_request * (token_share / request_share),
    )
