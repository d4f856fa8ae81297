"""Opportunities and suggested scenarios in tables and sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Final

from planner.evidence.quality import Settlement
from planner.opportunities.beside_routing import HIT_RATE, STEP, BesideRouting
from planner.opportunities.candidates import SURE, Candidate
from planner.opportunities.preset_outcomes import PresetOutcome
from planner.opportunities.presets import Preset
from planner.opportunities.suggestions import about, left_out, listed
from planner.opportunities.verdicts import Opportunity, least_usd_per_month
from planner.tables import Table
from planner.words import count, percent, usd, usd_estimate, usd_short

NOTHING: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What `planner suggest` found. outcomes: of each preset that moves something; decided: of the scenario that the
    plan decides on, empty where that is the baseline. ungraded: what that scenario routes
    without evidence, in a sentence. text: the tables of the presets, to paste.
    """

    priced_on: date
    opportunities: tuple[Opportunity, ...]
    beside: tuple[BesideRouting, ...]
    presets: tuple[Preset, ...]
    baseline: PresetOutcome
    decided: tuple[PresetOutcome, ...]
    outcomes: tuple[PresetOutcome, ...]
    ungraded: tuple[str, ...]
    text: str
    notes: tuple[str, ...]

    @property
    def bill_usd_per_month(self) -> float:
        """List cost of the mix in a month."""
        return sum(item.monthly_list_cost_usd for item in self.opportunities)


def tables(found: Suggestion) -> list[Table]:
    """Every table, in the order in which they are read."""
    return [
        opportunities_table(found),
        candidates_table(found),
        beside_table(found.beside),
        presets_table(found),
    ]


def opportunities_table(found: Suggestion) -> Table:
    """One row per type and model: what it costs, the cheapest tier that evidence allows, and what follows."""
    floor = usd(least_usd_per_month(found.bill_usd_per_month))
    columns = ("request type", "on", "list a month", "of bill", "verdict", "target", "saves a month", "payback")
    efforts = [item.chosen.route.one_off_usd for item in found.opportunities if item.chosen is not None]
    shown = len(columns) if any(usd_once is not None for usd_once in efforts) else len(columns) - 1
    return Table(
        title="Routing: the cheapest tier that evidence allows",
        columns=columns[:shown],
        rows=tuple(_opportunity_row(item)[:shown] for item in found.opportunities),
        numeric=frozenset({2, 3, 6}),
        note=(
            f"All of the type moved, at the level of the mix. 'moves no money': less than {floor} a month even at "
            f"best. Answers: graded ones that settle it {percent(SURE, 0)} of the time; where nothing is graded yet, "
            "if half as many fail as the bar allows."
        ),
    )


def _opportunity_row(item: Opportunity) -> tuple[str, ...]:
    chosen = item.chosen
    head = (item.request_type, item.model, usd(item.monthly_list_cost_usd), percent(item.share_of_bill))
    if chosen is None:
        return (*head, item.verdict, NOTHING, _saving_range(item), NOTHING)
    verdict = f"{item.verdict}: {_answers(chosen.sure)}" if item.verdict == "evaluate first" else item.verdict
    return (*head, verdict, chosen.to, _saving(chosen), _payback(chosen))


def _saving_range(item: Opportunity) -> str:
    """What would be saved at best where nothing is chosen; a range where a share is not known."""
    unknown = [candidate for candidate in item.candidates if candidate.unknown is not None]
    if item.verdict == "needs long_prompt_fraction" and unknown:
        return _saving(unknown[0])
    best = max((candidate.most_usd_per_month for candidate in item.candidates), default=0.0)
    return f"at most {usd(best)}" if best > 0 else usd(best)


def _saving(candidate: Candidate) -> str:
    if candidate.unknown is not None:
        ends = sorted((candidate.unknown.none_above_usd, candidate.unknown.all_above_usd))
        return f"{usd(ends[0])} to {usd(ends[1])}"
    if candidate.evidence is None and candidate.saving_usd_per_month > 0:
        return f"at most {usd(candidate.saving_usd_per_month)}"
    return usd(candidate.saving_usd_per_month)


def _payback(candidate: Candidate) -> str:
    if candidate.route.one_off_usd is None:
        return "effort unknown"
    months = candidate.payback_months
    return "never" if months is None else f"{months:.1f} months"


def _answers(settled: Settlement | None) -> str:
    return "too close to its bar" if settled is None else f"{count(settled.answers)} answers"


def candidates_table(found: Suggestion) -> Table:
    """Every target that was priced and could matter, with its break-even and what its evidence lacks."""
    shown = [item for item in found.opportunities if item.verdict != "moves no money"]
    return Table(
        title="Every target: break-even escalation and evidence",
        columns=(
            "request type",
            "from",
            "to",
            "saves a month",
            "single calls",
            "break-even",
            "evidence",
            "to settle it",
        ),
        rows=tuple(_candidate_row(item, candidate) for item in shown for candidate in item.candidates),
        numeric=frozenset({3, 4, 5}),
        note=(
            "'single calls': moved out of their sessions, so that each writes its cached prefix again; shown where "
            "much is cached. 'break-even': the escalation above which the move costs more. 'to settle it': further "
            "graded answers, with how many failures at most they say pass, and from how many on no."
        ),
    )


def _candidate_row(item: Opportunity, candidate: Candidate) -> tuple[str, ...]:
    single = candidate.single_requests_usd_per_month
    return (
        item.request_type,
        item.model,
        candidate.to,
        _saving(candidate),
        NOTHING if single is None else usd(single),
        percent(candidate.break_even_escalation) if isfinite(candidate.break_even_escalation) else NOTHING,
        _evidence(candidate),
        _lacking(item, candidate),
    )


def _evidence(candidate: Candidate) -> str:
    if candidate.unknown is not None:
        return "long prompts unknown"
    evidence = candidate.evidence
    if evidence is None:
        return "none"
    return f"{candidate.verdict}: {evidence.passed}/{evidence.answers}, bar {percent(evidence.bar, 0)}"


def _lacking(item: Opportunity, candidate: Candidate) -> str:
    """Further answers; none for a target that something better and proven makes needless."""
    chosen = item.chosen
    needless = (
        item.verdict == "move now"
        and chosen is not None
        and candidate.saving_usd_per_month <= chosen.saving_usd_per_month
    )
    if candidate.verdict in ("pass", "fail") or not candidate.could_pay or needless:
        return NOTHING
    if candidate.sure is None:
        return "too close to its bar"
    sure = candidate.sure
    ends = [f"pass \N{LESS-THAN OR EQUAL TO}{count(sure.failures)}"] if sure.failures >= 0 else []
    if sure.fails_from <= sure.answers:
        ends.append(f"no \N{GREATER-THAN OR EQUAL TO}{count(sure.fails_from)}")
    return f"{count(sure.answers)} ({', '.join(ends)})"


def beside_table(found: Sequence[BesideRouting]) -> Table:
    """Batch, caching and output, type by type."""
    return Table(
        title="Beside routing: what each lever could save a month by itself",
        columns=(
            "request type",
            "list a month",
            "batch today",
            "all of it batched",
            "cached today",
            "break-even hits",
            f"{percent(STEP, 0)} more cached",
            f"{percent(STEP, 0)} less output",
        ),
        rows=tuple(_beside_row(item) for item in found),
        numeric=frozenset(range(1, 8)),
        note=f"Caching at {percent(HIT_RATE, 0)} hits, of the input that is uncached today. Savings do not add up.",
    )


def _beside_row(item: BesideRouting) -> tuple[str, ...]:
    caches = item.cache_usd is not None and not item.is_too_short_to_cache
    return (
        item.request_type,
        usd(item.monthly_list_cost_usd),
        percent(item.batch_fraction),
        f"at most {usd(item.batch_usd)}",
        percent(item.cached_fraction),
        percent(item.break_even_hit_rate) if caches else NOTHING,
        usd(item.cache_usd) if caches and item.cache_usd is not None else "prompts too short",
        usd(item.output_usd),
    )


def presets_table(found: Suggestion) -> Table:
    """The baseline, the scenario decided on and the presets: annual list cost and saving, on common paths."""
    routes: dict[str, int] = {preset.name: len(preset.moves) for preset in found.presets}
    return Table(
        title="Presets: list cost of contract year 1",
        columns=("scenario", "routes", "a year", "P10", "P90", "saves a year", "saved P10", "saved P90", "month 12"),
        rows=(
            (found.baseline.scenario, NOTHING, *_cost(found.baseline), *(NOTHING,) * 4),
            *((f"{item.scenario} (the plan's own)", NOTHING, *_cost(item), *_saved(item)) for item in found.decided),
            *((item.scenario, count(routes[item.scenario]), *_cost(item), *_saved(item)) for item in found.outcomes),
        ),
        numeric=frozenset(range(1, 9)),
        note="On the same random numbers, before any negotiated discount; month 12: what is saved of that month. The "
        "presets only route.",
    )


def _cost(item: PresetOutcome) -> tuple[str, ...]:
    return usd_estimate(item.annual), usd_short(item.annual_p10_usd), usd_short(item.annual_p90_usd)


def _saved(item: PresetOutcome) -> tuple[str, ...]:
    low, high = usd_short(item.saving_p10_usd), usd_short(item.saving_p90_usd)
    return usd_estimate(item.saving), low, high, percent(item.end_saving_fraction)


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
    "evidence says no": "Evidence says no",
    "moves no money": "Moves no money",
    "would cost more": "Would cost more on every other model",
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
    return [f"Move now: {names} would save {usd_short(total)} a month, escalations included: the evidence passes."]


def _later(items: Sequence[Opportunity], every: Sequence[Opportunity]) -> list[str]:
    if not items:
        return []
    total = sum(item.chosen.saving_usd_per_month for item in items if item.chosen is not None)
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
        if item.chosen is not None and item.chosen.route.one_off_usd is None
    ]
    if unknown:
        said.append(
            f"Effort is not in the plan for {listed(list(dict.fromkeys(unknown)))}, so payback is unknown: "
            "give one_off_usd in a route."
        )
    return said


def preset_sentences(found: Suggestion) -> list[str]:
    """What each preset assumes and leaves out."""
    said = []
    for preset in found.presets:
        if not preset.moves:
            said.append(f"{preset.name}: moves nothing, because no evidence allows it; it is left out.")
            continue
        said.append(f"{preset.name}: {' '.join(about(preset))}")
        said += [f"{preset.name} leaves {sentence}." for sentence in left_out(preset)]
    return said
