"""Opportunities and suggested scenarios in tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from planner.evidence.quality import Evidence
from planner.opportunities.beside_routing import HIT_RATE, STEP, BesideRouting
from planner.opportunities.candidates import SURE, Candidate
from planner.opportunities.efforts import Payback, Target
from planner.opportunities.preset_outcomes import PresetOutcome
from planner.opportunities.presets import Move, Preset
from planner.opportunities.suggestions import EVALUATED
from planner.opportunities.verdicts import Opportunity, least_usd_per_month
from planner.opportunities.wording import bar_in_words
from planner.risk import Estimate
from planner.tables import Table
from planner.words import break_even_words, count, months_words, percent, usd, usd_estimate, usd_short

NOTHING: Final = "-"
AT_MOST: Final = "\N{LESS-THAN OR EQUAL TO} "


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What `planner suggest` found. paybacks: where an effort is known. outcomes: of each preset that moves something;
    decided: of the scenario that the plan decides on, empty where that is the baseline. ungraded: what that scenario
    routes without evidence, in a sentence. text: the tables of the presets, to paste. notes: the plan's own warnings
    among them, the most consequential first. pasting: what the plan has already of what the tables add.
    """

    priced_on: date
    opportunities: tuple[Opportunity, ...]
    paybacks: Mapping[Target, Payback]
    beside: tuple[BesideRouting, ...]
    presets: tuple[Preset, ...]
    baseline: PresetOutcome
    decided: tuple[PresetOutcome, ...]
    outcomes: tuple[PresetOutcome, ...]
    ungraded: tuple[str, ...]
    text: str
    notes: tuple[str, ...]
    pasting: tuple[str, ...] = ()

    @property
    def bill_usd_per_month(self) -> float:
        """List cost of the mix in a month."""
        return sum(item.monthly_list_cost_usd for item in self.opportunities)

    def payback(self, item: Opportunity, candidate: Candidate | None) -> Payback | None:
        """What is known of the effort of a target."""
        return None if candidate is None else self.paybacks.get((item.request_type, item.model, candidate.to))


def tables(found: Suggestion) -> list[Table]:
    """Every table, in the order in which they are read."""
    return [
        opportunities_table(found),
        candidates_table(found),
        beside_table(found.beside),
        presets_table(found),
        assumptions_table(found.presets),
    ]


def opportunities_table(found: Suggestion) -> Table:
    """One row per type and model: what it costs, the cheapest tier that evidence allows, and what follows."""
    floor = usd(least_usd_per_month(found.bill_usd_per_month))
    columns = ("request type", "from and to", "list a month", "verdict", "saves a month", "payback")
    shown = len(columns) if found.paybacks else len(columns) - 1
    payback = " Payback: one effort for all models of a type; of the plan's own route, as `planner levers` has it."
    return Table(
        title="Routing: the cheapest tier that evidence allows",
        columns=columns[:shown],
        rows=tuple(_opportunity_row(found, item)[:shown] for item in found.opportunities),
        numeric=frozenset({2, 4}),
        note=(
            f"All of the type moved, at the level of the mix. '{AT_MOST.strip()}': nothing is graded, so nothing "
            f"escalates in it. 'moves no money': less than {floor} a month even at best. Answers: further graded ones "
            f"that settle it {percent(SURE, 0)} of the time."
            + _SHARE * any(item.verdict == "needs long_prompt_fraction" for item in found.opportunities)
            + payback * bool(found.paybacks)
        ),
    )


_SHARE: Final = (
    " 'share unknown': needs long_prompt_fraction, the share of tokens in prompts above the target's price threshold."
)


def _opportunity_row(found: Suggestion, item: Opportunity) -> tuple[str, ...]:
    chosen = item.chosen
    head = (item.request_type, _move(item, chosen), usd(item.monthly_list_cost_usd), _verdict(item))
    if chosen is None:
        return (*head, _best(item), NOTHING)
    return (*head, _saving(chosen), _payback(found.payback(item, chosen)))


def _best(item: Opportunity) -> str:
    """The most that a type without a target could save; where it would cost more, at the escalation that was graded."""
    if item.verdict == "would cost more":
        return usd(max((candidate.saving_usd_per_month for candidate in item.candidates), default=0.0))
    best = max((candidate.most_usd_per_month for candidate in item.candidates), default=0.0)
    return _at_most(best, is_graded=best <= 0)


def _move(item: Opportunity, target: Candidate | None) -> str:
    """The model that serves a type, over the one that it could move to."""
    names = [item.model] if target is None else [item.model, target.to]
    return "\n\N{RIGHTWARDS ARROW} ".join(map(_short, names))


def _short(model: str) -> str:
    """A model's name without what all of them have in common: a plan knows it by that too."""
    return model.removeprefix("claude-")


def _verdict(item: Opportunity) -> str:
    """The verdict in a few words, with what it hangs on under it."""
    chosen = item.chosen
    words = "share unknown" if item.verdict == "needs long_prompt_fraction" else item.verdict
    if chosen is None:
        return words
    if item.verdict == "move now":
        return f"{words}\non stale evidence" if chosen.stale else words
    return words if chosen.sure is None else f"{words}\n{count(chosen.sure.answers)} answers"


def _saving(candidate: Candidate) -> str:
    is_graded = candidate.evidence is not None
    if candidate.unknown is not None:
        low, high = sorted((candidate.unknown.none_above_usd, candidate.unknown.all_above_usd))
        return f"{_at_most(low, is_graded=is_graded)}\nto {usd(high)}"
    return _at_most(candidate.saving_usd_per_month, is_graded=is_graded)


def _at_most(saving: float, *, is_graded: bool) -> str:
    """A saving, marked where it is one that nothing has been graded for."""
    return usd(saving) if is_graded or saving <= 0 else f"{AT_MOST}{usd(saving)}"


def _payback(found: Payback | None) -> str:
    if found is None:
        return "effort unknown"
    least = "at least " if found.is_at_least and found.months is not None else ""
    return f"{least}{months_words(found.months)}"


def candidates_table(found: Suggestion) -> Table:
    """Every target that was priced and could matter, with its break-even and what its evidence lacks."""
    shown = [item for item in found.opportunities if item.verdict != "moves no money"]
    every = [(item, candidate) for item in shown for candidate in item.candidates]
    singly = any(candidate.single_requests_usd_per_month is not None for _, candidate in every)
    return Table(
        title="Every target: break-even escalation and evidence",
        columns=("request type", "from and to", "saves a month", "break-even", "evidence"),
        rows=tuple(_candidate_row(item, candidate) for item, candidate in every),
        numeric=frozenset({2, 3}),
        note="'break-even': the escalation above which the move costs more. Beside the evidence: how many more "
        "graded answers settle it, and with how many failures among them it passes."
        + _SINGLY * singly
        + _RANGE * any(candidate.unknown is not None for _, candidate in every),
    )


_SINGLY: Final = (
    " 'singly': moved out of their sessions, so that each request writes its cached prefix again; shown where much is "
    "cached."
)
_RANGE: Final = " A range: the share of long prompts on the target is not known; everything else is of its lower end."


def _candidate_row(item: Opportunity, candidate: Candidate) -> tuple[str, ...]:
    single = candidate.single_requests_usd_per_month
    saving = [_saving(candidate)]
    if single is not None:
        saving.append(f"singly {_at_most(single, is_graded=candidate.evidence is not None)}")
    return (
        item.request_type,
        _move(item, candidate),
        "\n".join(saving),
        break_even_words(candidate.break_even_escalation),
        "\n".join([*_evidence(candidate), *_lacking(item, candidate)]),
    )


def _evidence(candidate: Candidate) -> list[str]:
    evidence = candidate.evidence
    if evidence is None:
        return ["none"]
    word = "leans no" if candidate.verdict == "undecided" and candidate.leans_no else candidate.verdict
    age = "stale" if candidate.stale else f"{evidence.graded_on or 'undated'}"
    said = [f"{word}: {evidence.passed}/{evidence.answers}", f"bar {bar_in_words(evidence.bar)}, {age}"]
    # the bill falls, and yet it does not pay: the one case that neither saving nor verdict explains
    return [*said, "wrong answers cost more"] if candidate.saving_usd_per_month > 0 and not candidate.pays else said


def _lacking(item: Opportunity, candidate: Candidate) -> list[str]:
    """Further answers; none for a target that something better and proven makes needless."""
    chosen = item.chosen
    needless = (
        item.verdict == "move now"
        and chosen is not None
        and candidate.saving_usd_per_month <= chosen.saving_usd_per_month
    )
    if candidate.verdict in ("pass", "fail") or not candidate.could_pay or needless:
        return []
    sure = candidate.sure
    if sure is None:
        return ["too close to its bar"]
    return [f"{count(sure.answers)} more, {AT_MOST.strip()}{count(sure.failures)} fail"]


def beside_table(found: Sequence[BesideRouting]) -> Table:
    """Batch, caching and output, type by type."""
    step = percent(STEP, 0)
    columns = ("request type", "all of it batched", f"{step} more cached", f"{step} less output", "payback")
    shown = len(columns) if any(item.efforts for item in found) else len(columns) - 1
    return Table(
        title="Beside routing: what each lever could save a month by itself",
        columns=columns[:shown],
        rows=tuple(_beside_row(item)[:shown] for item in found),
        note=f"Caching at {percent(HIT_RATE, 0)} hits, of the input that is uncached today. Savings do not add up."
        + " Payback: of the plan's own levers, as `planner levers` has it." * (shown == len(columns)),
    )


def _beside_row(item: BesideRouting) -> tuple[str, ...]:
    if item.cache_usd is None or item.is_too_short_to_cache:
        cached = "prompts too short" if item.is_too_short_to_cache else "no price known"
    else:
        even = "never" if item.break_even_hit_rate is None else percent(item.break_even_hit_rate)
        cached = f"{usd(item.cache_usd)}\nbreak-even hits {even}"
    months = [f"{effort.kind} {months_words(effort.payback_months)}" for effort in item.efforts]
    return (
        item.request_type,
        f"{AT_MOST}{usd(item.batch_usd)}\ntoday {percent(item.batch_fraction)}",
        f"{cached}\ntoday {percent(item.cached_fraction)}",
        usd(item.output_usd),
        "\n".join(months) or NOTHING,
    )


def presets_table(found: Suggestion) -> Table:
    """The baseline, the scenario decided on and the presets: annual list cost and saving, on common paths."""
    own = [(f"{item.scenario}\n(the plan's own)", item) for item in found.decided]
    return Table(
        title="Presets: list cost of contract year 1",
        columns=("scenario", "routes", "a year, P10 to P90", "saves, P10 to P90", "month 12"),
        rows=(
            (found.baseline.scenario, NOTHING, _cost(found.baseline), NOTHING, NOTHING),
            *(
                (name, count(item.routes), _cost(item), _saved(item), percent(item.end_saving_fraction))
                for name, item in [*own, *((item.scenario, item) for item in found.outcomes)]
            ),
        ),
        numeric=frozenset({1, 4}),
        note="On the same random numbers, before any negotiated discount; month 12: what is saved of that month. "
        "The presets only route.",
    )


def _cost(item: PresetOutcome) -> str:
    return _with_range(item.annual, item.annual_p10_usd, item.annual_p90_usd)


def _saved(item: PresetOutcome) -> str:
    return _with_range(item.saving, item.saving_p10_usd, item.saving_p90_usd)


def _with_range(mean: Estimate, low: float, high: float) -> str:
    return f"{usd_estimate(mean)}\n{usd_short(low)} to {usd_short(high)}"


def assumptions_table(found: Sequence[Preset]) -> Table:
    """Every route of the presets with every number that it assumes."""
    return Table(
        title="Presets: what each route assumes",
        columns=("preset", "request type", "to", "share", "escalation", "evaluation"),
        rows=tuple((preset.name, *_assumption(move)) for preset in found for move in preset.moves),
        note="P10 to P90; share: of the type; evaluation: when it is through, and how likely it passes. The ramps, and "
        "why each number: in the text of each preset.",
    )


def _assumption(move: Move) -> tuple[str, ...]:
    evidence = move.candidate.evidence
    head = (move.request_type, _short(move.candidate.to), _range(move.share))
    if move.prior is None:
        return (*head, _counts(evidence), "passed")
    low, high = EVALUATED["low"], EVALUATED["high"]
    waits = f"month {low} to {high}\npasses at {percent(move.prior.chance, 0)}"
    return (*head, _range(move.prior.escalation) if evidence is None else _counts(evidence), waits)


def _counts(evidence: Evidence | None) -> str:
    return NOTHING if evidence is None else f"{evidence.passed}/{evidence.answers} passed"


def _range(ends: tuple[float, float]) -> str:
    return f"{percent(ends[0], 0)} to {percent(ends[1], 0)}"
