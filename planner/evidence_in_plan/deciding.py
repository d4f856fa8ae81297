"""Graded answers decided for a plan: by the bars of its evaluations, and with where the answers come from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

from planner.errors import InputError, UnknownModelError
from planner.evaluation.evaluation import Evaluation, JudgeGrader
from planner.evaluation.keys import canonical_json, prompt_sha256
from planner.evaluation.sample import read_sample
from planner.evaluation.store import Store
from planner.evidence.decide import DEFAULT
from planner.evidence.decision import Bar, Decision
from planner.evidence.from_decision import evidence_of_decision
from planner.evidence.graded import GradedAnswer
from planner.evidence.provenance import Provenance
from planner.evidence.quality import Evidence
from planner.evidence_in_plan.from_store import with_store
from planner.inputs import PlanInputs
from planner.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedBar:
    """What somebody asks for beside a plan; None where the plan, or the default, holds."""

    bar: float | None = None
    margin: float | None = None
    answers: int | None = None
    looks: int | None = None

    def over(self, bar: Bar) -> Bar:
        """A bar with what is typed in its place."""
        typed = {name: getattr(self, name) for name in ("bar", "margin", "answers", "looks")}
        return replace(bar, **{name: value for name, value in typed.items() if value is not None})


def bars_for(inputs: PlanInputs | None, typed: TypedBar) -> tuple[Bar, Mapping[str, Bar]]:
    """The bar of types without one of their own, and those of the plan's evaluations; what is typed wins over both."""
    evaluations = () if inputs is None else inputs.evaluations
    own = {
        item.request_type: Bar(bar=item.bar, margin=item.margin, answers=item.answers, looks=item.looks)
        for item in evaluations
    }
    return typed.over(DEFAULT), {name: typed.over(bar) for name, bar in own.items()}


def evidence_from(
    decisions: Sequence[Decision],
    graded: Iterable[GradedAnswer],
    *,
    bars: Mapping[str, Bar],
    default: Bar,
    graded_on: date,
    source: str,
    prepared: Prepared | None = None,
    store: Store | None = None,
) -> tuple[Evidence, ...]:
    """Decisions as evidence, in their order. Of a plan whose sample has these requests: prompt, draw and grader too.

    store: of the answers, which tells ratios of tokens and the model that served them.
    """
    ids: dict[tuple[str, str], set[str]] = {}
    for one in graded:
        ids.setdefault((one.request_type, one.candidate), set()).add(one.id)
    return tuple(
        evidence_of_decision(
            one,
            bars.get(one.request_type, default),
            graded_on=graded_on,
            source=source,
            came=None if prepared is None else _came(prepared, one, ids[one.request_type, one.candidate], store),
        )
        for one in decisions
    )


def _came(prepared: Prepared, decision: Decision, ids: set[str], store: Store | None) -> Provenance | None:
    """Where answers come from, as far as a plan's evaluation of their type tells."""
    evaluation = prepared.inputs.evaluation(decision.request_type)
    if evaluation is None:
        return None
    judge = evaluation.grader.model if isinstance(evaluation.grader, JudgeGrader) else None
    came = Provenance(
        grader=type(evaluation.grader).__name__.removesuffix("Grader").lower(),
        judge_model=judge,
        reference_model=None if decision.comparison is None else _reference(prepared, evaluation),
    )
    try:
        sample = read_sample(evaluation.samples, request_types=(decision.request_type,))
    except InputError:
        return came
    drawn = [item for item in sample if item.id in ids]
    if len(drawn) < len(ids):
        return came  # graded on other requests than those of the plan's sample
    asked = sorted(canonical_json([item.id, item.params]) for item in drawn)
    if store is not None:
        reference = _reference(prepared, evaluation)
        came = with_store(came, store, evaluation, decision.candidate, reference, seed=prepared.inputs.seed)
    return replace(
        came,
        prompt_sha256=prompt_sha256(list(sample)),
        sample_sha256=sha256(canonical_json(asked).encode("utf-8", "surrogatepass")).hexdigest(),
        seed=prepared.inputs.seed,
    )


def _reference(prepared: Prepared, evaluation: Evaluation) -> str | None:
    """The model whose answers were the standard; None where several serve the type and none is named."""
    if evaluation.reference is not None:
        try:
            return prepared.price_book.resolve(evaluation.reference)
        except UnknownModelError:
            return evaluation.reference
    serving = {entry.model for entry in prepared.mix.entries if entry.request_type == evaluation.request_type}
    return next(iter(serving)) if len(serving) == 1 else None
