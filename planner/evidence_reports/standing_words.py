"""What the routes decided on rest on, in sentences and tables."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from planner.evidence.quality import Verdict
from planner.evidence_reports.standings import RouteStanding, Standing, State, state_of
from planner.plan import Plan
from planner.tables import Table
from planner.words import break_even_words, count, percent, usd_rounded_down, usd_short

VERDICT_WORDS: Final[dict[State, str]] = {
    "pass": "✓\u00a0passes",
    "stale": "!\u00a0passed, stale",
    "undecided": "?\u00a0undecided",
    "fail": "✗\u00a0fails",
    "none": "no evidence",
}
"""A verdict by sign and word; colour comes on top of that."""

_SIGNS: Final[dict[Verdict, str]] = {"pass": "✓", "undecided": "?", "fail": "✗"}

_LISTED: Final[tuple[tuple[State, str], ...]] = (
    ("stale", "Passed, and may no longer hold"),
    ("undecided", "Undecided"),
    ("fail", "The evidence says no"),
    ("none", "Without evidence"),
)


def standing_sentences(plan: Plan, routes: Sequence[RouteStanding]) -> tuple[str, ...]:
    """How many of the routes decided on rest on evidence that passes, which do not, and what that means."""
    name = plan.inputs.decision.scenario
    if not routes:
        return (
            f"The plan decides on '{name}', which routes nothing to another model: its commitment rests on no "
            "evidence.",
            "Before a scenario with routes is decided on, each of its models has to be shown to hold.",
        )
    holding = [route for route in routes if route.state == "pass"]
    return (_headline(name, routes, holding), *_listed(routes), *_meaning(plan, routes))


def _headline(name: str, routes: Sequence[RouteStanding], holding: Sequence[RouteStanding]) -> str:
    whole = f"the {len(routes)} routes" if len(routes) > 1 else "the one route"
    if len(holding) == len(routes):
        which = "All of them rest" if len(routes) > 1 else "It rests"
        return f"{which} on evidence that passes: {whole} of '{name}', which the plan decides on."
    rests = f"{len(holding) or 'none'} {'rests' if len(holding) < 2 else 'rest'}"
    return f"Of {whole} of '{name}', which the plan decides on, {rests} on evidence that passes."


def _listed(routes: Sequence[RouteStanding]) -> list[str]:
    said = []
    for state, what in _LISTED:
        own = [_route_words(route) for route in routes if route.state == state]
        if own:
            said.append(f"{what}: {'; '.join(own)}.")
    return said


def _route_words(route: RouteStanding) -> str:
    words, standing = f"'{route.request_type}' to {route.to}", route.standing
    if standing is None:
        return words
    if route.state == "stale":
        return f"{words} ({standing.stale})"
    return f"{words} ({count(standing.passed)} of {count(standing.answers)} passed, bar {percent(standing.bar)})"


def _meaning(plan: Plan, routes: Sequence[RouteStanding]) -> list[str]:
    """What it means for the commitment, in plain words."""
    shaky = [route for route in routes if route.state != "pass"]
    if not shaky:
        return [
            "What is left uncertain of their pass rates is in the simulation, and so in the commitment: escalation is "
            "drawn from these counts."
        ]
    at_stake = sum(max(route.saving_usd_per_month or 0.0, 0.0) for route in shaky)
    offer = plan.recommendation.offer
    if offer.is_none:
        return [
            f"The plan counts on {usd_short(at_stake)} a month less list spend from "
            f"{'them' if len(shaky) > 1 else 'it'}, and signs nothing: where the models do not hold, the bill stays "
            "that much higher."
        ]
    year = "a year" if offer.is_flat else "in year 1"
    return [
        f"The commitment of {usd_rounded_down(offer.commit_usd_per_year)} {year} is sized as if "
        f"{'they' if len(shaky) > 1 else 'it'} held, which takes {usd_short(at_stake)} a month off the list bill. "
        "Where a model does not hold, its type stays where it is: the commitment is used up sooner, and more is paid "
        "beyond it."
    ]


def rates_table(found: Sequence[Standing]) -> Table:
    """A line per type and model: counts, bounds and bar, by one look and by the looks."""
    return Table(
        title="Pass rates against their bars",
        columns=("type", "model", "verdict", "passed", "bar", "by one look", "by the looks"),
        rows=tuple(map(_rates_row, found)),
        numeric=frozenset({3, 4, 5, 6}),
        note="✓ pass, ? undecided, ✗ fail. Bounds are one-sided 95%: it passes where the lower one is at least the "
        "bar, and fails where the upper one is below it. By the looks: corrected for counting more than once on "
        "the way, which is what counts where a schedule was followed.",
    )


def _rates_row(one: Standing) -> tuple[str, ...]:
    return (
        _type_words(one),
        one.model,
        verdict_words(one),
        f"{count(one.passed)} of {count(one.answers)}",
        percent(one.bar),
        f"{_SIGNS[one.single]} {_bounds_words(one.lower, one.upper)}",
        _looks_words(one),
    )


def _looks_words(one: Standing) -> str:
    if one.by_looks is None:
        return "no schedule"
    sign, look = _SIGNS[one.by_looks], one.look
    if look is None:
        return f"{sign} {one.by_looks}"
    of = "" if look.answers == one.answers else f" at {count(look.answers)}"
    return f"{sign} {_bounds_words(look.lower, look.upper)}{of}"


def _bounds_words(lower: float, upper: float) -> str:
    return f"{percent(lower).removesuffix('%')} to {percent(upper)}"


def _type_words(one: Standing) -> str:
    return f"{one.request_type} (uploaded)" if one.is_uploaded else one.request_type


def verdict_words(one: Standing) -> str:
    """Sign and word of what counts."""
    if one.stale is None:
        return VERDICT_WORDS[one.verdict]
    return VERDICT_WORDS["stale"] if one.verdict == "pass" else f"{VERDICT_WORDS[one.verdict]}, stale"


def standing_rows(found: Sequence[Standing]) -> list[dict[str, Any]]:
    """Every figure of both tables, full numbers, a row per type and model; the interval by the looks in columns."""
    rows = []
    for one in found:
        look = asdict(one.look) if one.look is not None else dict.fromkeys(("answers", "lower", "upper"))
        row = {"state": state_of(one), "pass_rate": one.pass_rate, **asdict(one)}
        del row["look"]
        rows.append(row | {f"look_{name}": value for name, value in look.items()})
    return rows


def worth_table(found: Sequence[Standing]) -> Table:
    """A line per type and model: what the move does to the bill, and how old its evidence is."""
    return Table(
        title="What each move does, and how old its evidence is",
        columns=("type", "model", "decided on", "escalates", "break-even", "saves a month", "graded on", "stale"),
        rows=tuple(map(_worth_row, found)),
        numeric=frozenset({3, 4, 5}),
        note="Saves: list dollars, all of the type moved, at the escalation of the evidence. It saves nothing where it "
        "escalates as much as the break-even. Decided on: a route of the scenario that the plan decides on.",
    )


def _worth_row(one: Standing) -> tuple[str, ...]:
    return (
        _type_words(one),
        one.model,
        "yes" if one.is_routed else "no",
        percent(one.escalation),
        break_even_words(one.break_even),
        "-" if one.saving_usd_per_month is None else usd_short(one.saving_usd_per_month),
        "no day given" if one.graded_on is None else one.graded_on.isoformat(),
        one.stale or "no",
    )


def unpriced_words(found: Sequence[Standing]) -> tuple[str, ...]:
    """Why a move has no saving."""
    return tuple(
        f"'{one.request_type}' on {one.model} is not priced in this plan: {one.why_not}."
        for one in found
        if one.why_not is not None
    )


def stale_sentences(found: Sequence[Standing]) -> tuple[str, ...]:
    """Which evidence is stale, why, what that means, what to do; nothing where none is."""
    stale = [one for one in found if one.stale is not None and not one.is_uploaded]
    if not stale:
        return ()
    return (
        *(f"'{one.request_type}' on {one.model}: {one.stale}." for one in stale),
        "Stale counts are used as they are: the plan still works with them, and what it says of these moves may no "
        "longer hold.",
        "Ask and grade a new sample, and check the old evidence against it.",
    )
