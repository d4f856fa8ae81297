"""Presets: which routes three suggested scenarios hold, from the cautious to the aggressive, and on what assumptions.

What evidence allows moves on the counts of the evidence. Everything else waits for an evaluation that may fail, on
priors of share and escalation. Batch, caching and shorter output hang on facts that only the user has, and are in no
preset; nor is a route whose price hangs on a share of long prompts that nobody knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Literal

from planner.distributions import fraction_from_quantiles
from planner.evidence.quality import lower_bound
from planner.opportunities.candidates import Candidate
from planner.opportunities.preset_priors import ANCHOR, Prior, expected_saving_fraction, net_saving, prior
from planner.opportunities.verdicts import Opportunity, least_usd_per_month
from planner.plan_file.section import LONGEST_NAME
from planner.usage.columns import UNTAGGED

PresetName = Literal["cautious", "base", "aggressive"]
PRESETS: Final[tuple[PresetName, ...]] = ("cautious", "base", "aggressive")

PROVEN_SHARES: Final[dict[PresetName, tuple[float, float]]] = {
    "cautious": (0.50, 0.80),
    "base": (0.65, 0.90),
    "aggressive": (0.80, 0.95),
}
"""P10 and P90 of the share of a type that moves where evidence allows it."""

AIMS: Final[dict[PresetName, float]] = {"cautious": 0.0, "base": ANCHOR[1], "aggressive": 0.45}
"""What a typical unproven route of the preset saves of its type's cost where its evaluation passes."""

MOST_OF_THE_MONEY: Final = 0.90
"""Base takes the unproven types that save most, until they hold this part of what all of them could save."""

MOST_EVALUATIONS: Final = 10
"""Unproven types of one preset: more at once is no plan. The others wait for what these teach."""

COMFORT: Final = 2.0
"""Aggressive takes a tier whose break-even escalation is at least this many times the escalation that is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One route of a preset: all of a type's models that go to one target.

    prior: share and escalation of an unproven one, and the chance that its evaluation passes; None where evidence
    passes, and the share is `share`. instead_of: the target that evidence allows, where a cheaper one is tried.
    """

    request_type: str
    sources: tuple[str, ...]
    monthly_list_cost_usd: float
    candidate: Candidate
    share: tuple[float, float]
    prior: Prior | None
    instead_of: str | None = None

    @property
    def milestone(self) -> str | None:
        """What the route waits for: a name that a plan can hold, however long the type's own is."""
        if self.prior is None:
            return None
        head, name, tail = "evaluation of ", self.request_type, f" on {self.candidate.to}"
        room = LONGEST_NAME - len(head) - len(tail)
        if len(name) > room:
            mark = f"... {sha256(name.encode()).hexdigest()[:8]}"  # two long names may begin alike
            name = name[: room - len(mark)] + mark
        return f"{head}{name}{tail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A suggested scenario. stays: the opportunities that it leaves where they are.

    unproven_saving: P10, P50 and P90 of what its unproven routes save, of the cost of their types, once adopted; None
    without any.
    """

    name: PresetName
    moves: tuple[Move, ...]
    stays: tuple[Opportunity, ...]
    unproven_saving: tuple[float, float, float] | None

    @property
    def waiting(self) -> tuple[Move, ...]:
        """The moves that wait for an evaluation."""
        return tuple(move for move in self.moves if move.prior is not None)


def presets(found: Sequence[Opportunity]) -> tuple[Preset, ...]:
    """The three presets, from the opportunities of a plan."""
    bill = sum(item.monthly_list_cost_usd for item in found)
    proven = [(item, item.chosen) for item in found if _is_proven(item) and item.chosen is not None]
    next_tier = [(item, best) for item in found if (best := _one_tier_down(item, bill))]
    base = [*proven, *_most_money(next_tier, MOST_OF_THE_MONEY)]
    cheapest = [(item, best) for item in found if (best := _cheapest_comfortable(item, bill))]
    tried = _most_money(cheapest, 1.0)
    bold = [*(pair for pair in proven if pair[0] not in [item for item, _ in tried]), *tried]
    picked: dict[PresetName, list[tuple[Opportunity, Candidate]]] = {
        "cautious": proven,
        "base": base,
        "aggressive": bold,
    }
    return tuple(_preset(name, pairs, found) for name, pairs in picked.items())


def _is_proven(item: Opportunity) -> bool:
    """Whether evidence allows a move that the plan can price: money is not guessed where a share is not known."""
    return item.verdict == "move now" and item.chosen is not None and item.chosen.unknown is None


def _can_be_tried(item: Opportunity, candidate: Candidate, bill: float) -> bool:
    """Whether a candidate is worth an evaluation, and the plan can price it."""
    worth = candidate.saving_usd_per_month >= least_usd_per_month(bill)
    return worth and item.request_type != UNTAGGED and candidate.unknown is None


def _one_tier_down(item: Opportunity, bill: float) -> Candidate | None:
    """The candidate of the next tier; a newer model of the own tier where no lower tier could be tried."""
    if item.verdict == "move now":
        return None
    tried = [candidate for candidate in item.to_evaluate if _can_be_tried(item, candidate, bill)]
    return min(tried, key=lambda candidate: (candidate.steps_down == 0, candidate.steps_down), default=None)


def _cheapest_comfortable(item: Opportunity, bill: float) -> Candidate | None:
    """The candidate that saves most among those that break even far from the escalation that is expected.

    Where evidence allows another one already, only one that is expected to save more than that, failures included.
    """
    tried = [
        candidate
        for candidate in item.to_evaluate
        if _can_be_tried(item, candidate, bill)
        and not candidate.break_even_escalation < COMFORT * _expected_escalation(item, candidate)
        and _beats_what_is_proven(item, candidate)
    ]
    return max(tried, key=lambda candidate: candidate.saving_usd_per_month, default=None)


def _beats_what_is_proven(item: Opportunity, candidate: Candidate) -> bool:
    """Whether trying it is expected to save more than what evidence allows already."""
    if item.verdict != "move now" or item.chosen is None:
        return True
    if not _is_proven(item):
        return False
    moved = fraction_from_quantiles(*PROVEN_SHARES["aggressive"]).mean
    expected = expected_saving_fraction(_assumed(item, candidate, AIMS["aggressive"])) * item.monthly_list_cost_usd
    return expected > moved * item.chosen.saving_usd_per_month


def _expected_escalation(item: Opportunity, candidate: Candidate) -> float:
    if candidate.evidence is not None:
        return candidate.evidence.escalation.mean
    return prior(candidate, item.monthly_list_cost_usd).expected_escalation


def _most_money(pairs: Sequence[tuple[Opportunity, Candidate]], part: float) -> list[tuple[Opportunity, Candidate]]:
    """The pairs that save most, until they hold a part of what all of them could save; at most MOST_EVALUATIONS."""
    ordered = sorted(pairs, key=lambda pair: -pair[1].saving_usd_per_month)
    wanted = part * sum(candidate.saving_usd_per_month for _, candidate in ordered)
    taken: list[tuple[Opportunity, Candidate]] = []
    held = 0.0
    for item, candidate in ordered[:MOST_EVALUATIONS]:
        if held >= wanted:
            break
        taken.append((item, candidate))
        held += candidate.saving_usd_per_month
    return taken


def _preset(name: PresetName, pairs: Sequence[tuple[Opportunity, Candidate]], found: Sequence[Opportunity]) -> Preset:
    grouped: dict[tuple[str, str], list[tuple[Opportunity, Candidate]]] = {}
    for item, candidate in pairs:
        grouped.setdefault((item.request_type, candidate.to), []).append((item, candidate))
    moves = tuple(_move(name, group) for group in grouped.values())
    unproven = [move for move in moves if move.prior is not None]
    saving = (
        net_saving([(move.prior, move.monthly_list_cost_usd) for move in unproven if move.prior]) if unproven else None
    )
    moved = {(item.request_type, item.model) for item, _ in pairs}
    return Preset(
        name=name,
        moves=moves,
        stays=tuple(item for item in found if (item.request_type, item.model) not in moved),
        unproven_saving=saving,
    )


def _move(name: PresetName, group: Sequence[tuple[Opportunity, Candidate]]) -> Move:
    """One route for all models of a type that go to one target: one effort, and the numbers of the costliest."""
    first, candidate = max(group, key=lambda pair: pair[0].monthly_list_cost_usd)
    efforts = [other.route.one_off_usd for _, other in group if other.route.one_off_usd is not None]
    candidate = replace(candidate, route=replace(candidate.route, one_off_usd=next(iter(efforts), None)))
    assumed = None if candidate.verdict == "pass" else _assumed(first, candidate, AIMS[name])
    return Move(
        request_type=first.request_type,
        sources=tuple(sorted({item.model for item, _ in group})),
        monthly_list_cost_usd=sum(item.monthly_list_cost_usd for item, _ in group),
        candidate=candidate,
        share=_proven_share(name, candidate) if assumed is None else assumed.share,
        prior=assumed,
        instead_of=first.chosen.to if first.verdict == "move now" and first.chosen and assumed else None,
    )


def _assumed(item: Opportunity, candidate: Candidate, aim: float) -> Prior:
    """The prior of an unproven candidate; answers graded so far stand for its escalation and its chance to pass."""
    assumed = prior(candidate, item.monthly_list_cost_usd, aim=aim)
    evidence, sure = candidate.evidence, candidate.sure
    if evidence is None:
        return assumed
    chance = 0.0 if sure is None else round(sure.chance_to_pass, 2)  # too close to its bar: no sample would settle it
    return replace(assumed, counts=evidence, chance=chance)


def _proven_share(name: PresetName, candidate: Candidate) -> tuple[float, float]:
    """The share of a type that evidence allows to move; cautious: at most what its pass rate holds for certain."""
    low, high = PROVEN_SHARES[name]
    evidence = candidate.evidence
    if name != "cautious" or evidence is None:
        return low, high
    held = round(lower_bound(evidence.passed, evidence.failed), 2)
    return (low, high) if held >= high else (round(max(held - (high - low), 0.05), 2), held)
