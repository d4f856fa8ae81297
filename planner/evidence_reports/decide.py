"""What graded answers decide, as a table and as JSON that scripts rely on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from planner.evidence.decide import DEFAULT, Pair, Recommendation, recommended
from planner.evidence.decision import Bar, Comparison, Decision
from planner.evidence_reports.decide_sentences import decision_notes, settling_words
from planner.tables import Table
from planner.words import break_even_words, count, percent, points

_COMPARED: Final = ("reference_pass_rate", "difference", "difference_lower", "difference_upper")


@dataclass(frozen=True, slots=True, kw_only=True)
class PairFacts:
    """What a plan knows of (request type, candidate) beside the graded answers; empty without a plan.

    break_evens: escalation rate at which a route saves nothing. stale: why evidence is stale, for pairs where it is.
    judge_errors: (fnr, fpr) of the judge in production, none where it is not said. unit_costs_usd: of a routed request.
    """

    break_evens: Mapping[Pair, float] = field(default_factory=dict)
    stale: Mapping[Pair, str] = field(default_factory=dict)
    judge_errors: Mapping[Pair, tuple[float, float]] = field(default_factory=dict)
    unit_costs_usd: Mapping[Pair, float] = field(default_factory=dict)

    def escalation_rate(self, one: Decision) -> float:
        """Share of routed requests that is paid again, q = p FNR + (1 - p)(1 - FPR) at the observed pass rate."""
        fnr, fpr = self.judge_errors.get((one.request_type, one.candidate), (0.0, 0.0))
        return one.pass_rate * fnr + (1.0 - one.pass_rate) * (1.0 - fpr)


NOTHING_KNOWN: Final = PairFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Decisions with what goes along: the bars they were held to, the recommendation per type, what a plan knows."""

    decisions: tuple[Decision, ...]
    bars: Mapping[str, Bar]
    default: Bar
    recommendations: tuple[Recommendation, ...]
    facts: PairFacts

    def recommendation(self, request_type: str) -> Recommendation:
        """The one of a type."""
        return next(one for one in self.recommendations if one.request_type == request_type)

    def is_recommended(self, one: Decision) -> bool:
        """Whether a candidate is the cheapest of its type that passes."""
        return self.recommendation(one.request_type).candidate == one.candidate

    def notes(self, one: Decision) -> tuple[str, ...]:
        """What must be known beside one decision."""
        rivals = sum(other.request_type == one.request_type for other in self.decisions)
        bar = self.bars.get(one.request_type, self.default)
        said = decision_notes(one, bar, self.recommendation(one.request_type), rivals=rivals)
        why = self.facts.stale.get((one.request_type, one.candidate))
        return said if why is None else (*said, f"the evidence is stale: {why}")


def decided(
    decisions: Sequence[Decision],
    bars: Mapping[str, Bar] | None = None,
    *,
    default: Bar = DEFAULT,
    facts: PairFacts = NOTHING_KNOWN,
) -> Decided:
    """Decisions with their recommendation. bars, default: as they were decided by; facts: of a plan."""
    return Decided(
        decisions=tuple(decisions),
        bars=bars or {},
        default=default,
        recommendations=recommended(decisions, facts.unit_costs_usd),
        facts=facts,
    )


def decide_table(found: Decided) -> Table:
    """A line per type and candidate: interval against the bar, both decisions, what would settle it."""
    compared = any(one.comparison is not None for one in found.decisions)
    with_break_even = bool(found.facts.break_evens)
    return Table(
        title="What the graded answers decide",
        columns=(
            *("type", "candidate", "passed", "pass rate", "bar", "one look", "by the looks"),
            *(("against the current model",) if compared else ()),
            "escalation",
            *(("break-even",) if with_break_even else ()),
            *("to settle", "recommended"),
        ),
        rows=tuple(_row(found, one, compared=compared, with_break_even=with_break_even) for one in found.decisions),
        numeric=frozenset({2, 3, 4, *range(7 + compared, 8 + compared + with_break_even)}),
        note="Pass rate: one-sided 95% bounds of a single look (Jeffreys). What counts is the decision by the looks: "
        "it is wrong at most once in twenty, however often the answers are counted on the way; what is to settle, too, "
        "is counted to the look that settles it.",
    )


def _row(found: Decided, one: Decision, *, compared: bool, with_break_even: bool) -> tuple[str, ...]:
    break_even = found.facts.break_evens.get((one.request_type, one.candidate))
    return (
        one.request_type,
        one.candidate,
        f"{count(one.passed)} of {count(one.answers)}",
        f"{percent(one.lower)} to {percent(one.upper)}",
        percent(one.bar),
        one.verdict,
        _looks_words(one),
        *((_compared_words(one.comparison, one.look_comparison),) if compared else ()),
        percent(found.facts.escalation_rate(one)),
        *((break_even_words(break_even),) if with_break_even else ()),
        settling_words(one) if one.decided == "undecided" else "-",
        "yes" if found.is_recommended(one) else "no",
    )


def _looks_words(one: Decision) -> str:
    look = one.look
    if look.settled_at is not None:
        return f"{look.verdict} at {count(look.settled_at)}"
    return f"undecided, next look at {count(look.next_answers)}"


def _compared_words(single: Comparison | None, by_looks: Comparison | None) -> str:
    if single is None:
        return "not graded"
    bounds = f"{points(single.difference)} points ({points(single.lower)} to {points(single.upper)})"
    return bounds if single.margin is None else f"{bounds}: {_verdict(by_looks) or 'undecided'}"


def _verdict(compared: Comparison | None) -> str | None:
    return None if compared is None else compared.verdict


def decide_notes(found: Decided) -> tuple[str, ...]:
    """Notes of all candidates; one that several share is said once, with their names."""
    shared: dict[str, list[str]] = {}
    for one in found.decisions:
        for note in found.notes(one):
            shared.setdefault(note, []).append(f"{one.request_type} on {one.candidate}")
    everyone = len(found.decisions)
    return tuple(
        note if len(names) == everyone > 1 else f"{', '.join(names)}: {note}" for note, names in shared.items()
    )


def decide_json(found: Decided) -> list[dict[str, Any]]:
    """One object a type and candidate, in the order of the answers."""
    return [_json(found, one) for one in found.decisions]


def _json(found: Decided, one: Decision) -> dict[str, Any]:
    pair, look = (one.request_type, one.candidate), one.look
    costs = None
    if one.answers_to_settle is not None and one.cost_per_answer_usd is not None:
        costs = one.answers_to_settle * one.cost_per_answer_usd
    return {
        "request_type": one.request_type,
        "candidate": one.candidate,
        "passed": one.passed,
        "failed": one.failed,
        "pass_rate": one.pass_rate,
        "lower": one.lower,
        "upper": one.upper,
        "bar": one.bar,
        "decision": one.verdict,
        "samples_to_settle": one.answers_to_settle,
        "cost_to_settle_usd": costs,
        "escalation_rate": found.facts.escalation_rate(one),
        "break_even_escalation": found.facts.break_evens.get(pair),
        "stale": pair in found.facts.stale,
        "stale_reason": found.facts.stale.get(pair),
        "look": look.number,
        "look_answers": look.answers,
        "look_level": look.level,
        "look_lower": look.lower,
        "look_upper": look.upper,
        "look_decision": look.verdict,
        "look_answers_to_settle": look.answers_to_settle,
        "next_look_answers": look.next_answers,
        **_compared_json(one.comparison),
        "margin": one.margin,
        "comparison_decision": _verdict(one.comparison),
        "decided": one.decided,
        "recommended": found.is_recommended(one),
        "notes": list(found.notes(one)),
    }


def _compared_json(compared: Comparison | None) -> dict[str, float | None]:
    if compared is None:
        return dict.fromkeys(_COMPARED)
    figures = (compared.reference_pass_rate, compared.difference, compared.lower, compared.upper)
    return dict(zip(_COMPARED, figures, strict=True))
