"""Opportunities and suggested scenarios in sentences."""

from collections.abc import Sequence
from typing import Final

from planner.opportunities.candidates import Candidate
from planner.opportunities.report import Suggestion
from planner.opportunities.suggestions import about, left_out
from planner.opportunities.verdicts import Opportunity
from planner.opportunities.wording import listed
from planner.words import count, usd, usd_short


def headline(found: Suggestion) -> list[str]:
    """What could move now, what hangs on evidence, what is not worth it, and what only the user knows."""
    bill = found.bill_usd_per_month
    by_verdict: dict[str, list[Opportunity]] = {}
    for item in found.opportunities:
        by_verdict.setdefault(item.verdict, []).append(item)
    said = [f"The mix costs {usd(bill)} a month at the list prices of {found.priced_on}."]
    said += _now(by_verdict.get("move now", []))
    said += _later(by_verdict.get("evaluate first", []), found.opportunities)
    for verdict, words in _LEFT.items():
        if items := by_verdict.get(verdict):
            said.append(f"{words}: {_names(items, found.opportunities)}.")
    return [*said, *found.ungraded, *_facts(found)]


_LEFT: Final = {
    "leans no": "The answers graded so far lean against it",
    "too close to its bar": "So close to the bar that grading more would rarely settle it",
    "evidence says no": "Evidence says no",
    "moves no money": "Moves no money",
    "would cost more": "Would cost more on every other model, graded escalations included",
    "needs long_prompt_fraction": (
        "Unknown until the share of tokens in prompts above the target's price threshold is (long_prompt_fraction, in "
        "the route or the mix)"
    ),
}


def _now(items: Sequence[Opportunity]) -> list[str]:
    chosen = [(item, item.chosen) for item in items if item.chosen is not None]
    if not chosen:
        return ["No evidence yet allows a type to move."]
    total = sum(candidate.saving_usd_per_month for _, candidate in chosen)
    names = listed([f"'{item.request_type}' to {candidate.to}" for item, candidate in chosen])
    said = f"Move now: {names} would save {usd_short(total)} a month, escalations included: the evidence passes."
    return [said, *_stale(chosen), *_ranges(chosen), *_beyond(items)]


def _stale(chosen: Sequence[tuple[Opportunity, Candidate]]) -> list[str]:
    old = [f"'{item.request_type}' to {target.to} ({target.stale})" for item, target in chosen if target.stale]
    return [f"On stale evidence, to be graded again: {listed(old)}."] if old else []


def _ranges(chosen: Sequence[tuple[Opportunity, Candidate]]) -> list[str]:
    """Moves that save at either end of a share that is not known, counted above at the lower one."""
    said = []
    for item, target in chosen:
        if target.unknown is not None:
            low, high = sorted((target.unknown.none_above_usd, target.unknown.all_above_usd))
            said.append(
                f"'{item.request_type}' to {target.to} saves {usd(low)} to {usd(high)} a month, counted at the lower: "
                f"the share of tokens in prompts above {count(target.unknown.above_prompt_tokens)} tokens is not known "
                "(long_prompt_fraction)."
            )
    return said


def _beyond(items: Sequence[Opportunity]) -> list[str]:
    """What evaluating a cheaper target than the one that may move now could add."""
    more = [
        f"'{item.request_type}' to {item.beyond.to} at most "
        f"{usd_short(item.beyond.most_usd_per_month - item.chosen.saving_usd_per_month)} a month"
        for item in items
        if item.beyond is not None and item.chosen is not None
    ]
    return [f"An evaluation could add to that: {listed(more)}, if nothing escalated."] if more else []


def _later(items: Sequence[Opportunity], every: Sequence[Opportunity]) -> list[str]:
    if not items:
        return []
    total = sum(item.chosen.most_usd_per_month for item in items if item.chosen is not None)
    return [
        f"Evaluate first: {_names(items, every)} could save at most {usd_short(total)} a month, if the cheapest tier "
        "held and nothing escalated."
    ]


def _names(items: Sequence[Opportunity], every: Sequence[Opportunity]) -> str:
    """Types, each with its model where it is on several."""
    types = [item.request_type for item in every]
    return listed(
        [f"'{item.request_type}'" + f" on {item.model}" * (types.count(item.request_type) > 1) for item in items]
    )


def _facts(found: Suggestion) -> list[str]:
    """What only the user knows, and what the figures would need of it."""
    said = [
        "Only you know which requests can wait up to 24 hours (batch), how much of the prompt comes again within "
        "minutes (caching), and whether shorter answers still meet the bar (output)."
    ]
    unknown = [
        f"'{item.request_type}'"
        for item in found.opportunities
        if item.chosen is not None and found.payback(item, item.chosen) is None
    ]
    if unknown:
        said.append(
            f"Effort is not in the plan for {listed(unknown)}, so payback is unknown: give one_off_usd in a route."
        )
    return said


def preset_sentences(found: Suggestion) -> list[str]:
    """What each preset assumes and leaves out."""
    said = []
    for preset in found.presets:
        if not preset.moves:
            said.append(f"{preset.name}: moves nothing, and is left out.")
        else:
            said.append(f"{preset.name}: {' '.join(about(preset))}")
        said += [f"{preset.name} leaves {sentence}." for sentence in left_out(preset)]
    return said
