"""New answers, or what production did, against the evidence of a plan: what has moved, and what needs a new sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from planner.errors import InputError, UnknownModelError
from planner.evidence.drift import Counts, Drift, drift
from planner.evidence.graded import read_graded
from planner.evidence.outcomes import holds_outcomes, read_outcomes
from planner.evidence.quality import Evidence, verdict
from planner.known_evidence import Pair, evidence_by_pair, known_routes, why_stale
from planner.prepared import Prepared

Source = Literal["graded answers", "logged outcomes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCounts:
    """What files say of a model on a type, by the name that is priced. hits: passed, or escalated, of total."""

    request_type: str
    model: str
    source: Source
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCheck:
    """A model on a type: what the plan rests on, what is new, and what follows.

    known: None without evidence. drift: of the pass rate, or of the escalation rate for logged outcomes; None where
    there is nothing to compare. is_routed: by the scenario decided on. why: reasons to grade a new sample, in words.
    """

    request_type: str
    model: str
    known: Evidence | None
    new: NewCounts | None
    drift: Drift | None
    is_routed: bool
    why: tuple[str, ...]


def read_new(paths: Sequence[Path], prepared: Prepared) -> tuple[NewCounts, ...]:
    """Counts of graded files and of files of logged outcomes, each by type and model, in the order of the files.

    Errors: InputError for a file that is neither, and for a model that the price list does not know.
    """
    logged = [path for path in paths if holds_outcomes(path)]
    graded = [path for path in paths if path not in logged]
    counted: dict[tuple[str, str, Source], list[int]] = {}
    for one in read_graded(graded) if graded else ():
        own = counted.setdefault((one.request_type, _model(prepared, one.candidate), "graded answers"), [0, 0])
        own[0] += one.passed
        own[1] += 1
    for item in read_outcomes(logged):
        own = counted.setdefault((item.request_type, _model(prepared, item.candidate), "logged outcomes"), [0, 0])
        own[0] += item.escalated
        own[1] += item.requests
    return tuple(
        NewCounts(request_type=name, model=model, source=source, counts=Counts(hits=hits, total=total))
        for (name, model, source), (hits, total) in counted.items()
    )


def _model(prepared: Prepared, name: str) -> str:
    try:
        return prepared.price_book.resolve(name)
    except UnknownModelError as error:
        raise InputError(f"the answers are of '{name}': {error}") from None


def checked_pairs(prepared: Prepared, new: Sequence[NewCounts]) -> tuple[PairCheck, ...]:
    """Every pair that files speak of, then those that the scenario decided on routes and no file speaks of."""
    known = evidence_by_pair(prepared)
    routed = _routed(prepared)
    spoken_of = {(item.request_type, item.model) for item in new}
    silent = [pair for pair in routed if pair not in spoken_of]
    return (
        *(_check(prepared, (item.request_type, item.model), item, known, routed) for item in new),
        *(_check(prepared, pair, None, known, routed) for pair in silent),
    )


def _routed(prepared: Prepared) -> tuple[Pair, ...]:
    decided, types = prepared.inputs.decision.scenario, {entry.request_type for entry in prepared.mix.entries}
    own = (route for name, route in known_routes(prepared) if name == decided)
    return tuple(dict.fromkeys((route.request_type, route.to) for route in own if route.request_type in types))


def _check(
    prepared: Prepared,
    pair: Pair,
    new: NewCounts | None,
    known: Mapping[Pair, Evidence],
    routed: Sequence[Pair],
) -> PairCheck:
    evidence = known.get(pair)
    moved = None if evidence is None or new is None else _drift(evidence, new)
    stale = None if evidence is None else why_stale(prepared, evidence)
    return PairCheck(
        request_type=pair[0],
        model=pair[1],
        known=evidence,
        new=new,
        drift=moved,
        is_routed=pair in routed,
        why=tuple(_reasons(evidence, new, moved, stale, is_routed=pair in routed)),
    )


def _reasons(
    evidence: Evidence | None, new: NewCounts | None, moved: Drift | None, stale: str | None, *, is_routed: bool
) -> list[str]:
    said = []
    if moved is not None and moved.moved != "no change seen":
        what = "pass rate" if new is not None and new.source == "graded answers" else "escalation"
        said.append(f"the {what} {moved.moved}")
    if new is not None and new.source == "graded answers" and evidence is not None:
        hits, total = new.counts.hits, new.counts.total
        if verdict(hits, total - hits, bar=evidence.bar) == "fail":
            said.append("it fails its bar now")
    if stale is not None:
        said.append(f"stale: {stale}")
    if evidence is None and is_routed:
        said.append("routed without evidence")
    if evidence is not None and is_routed and evidence.verdict != "pass":
        said.append("undecided" if evidence.verdict == "undecided" else "the evidence is against it")
    return said


def _drift(evidence: Evidence, new: NewCounts) -> Drift:
    if new.source == "graded answers":
        return drift(Counts(hits=evidence.passed, total=evidence.answers), new.counts, bar=evidence.bar)
    return drift(escalation_counts(evidence), new.counts)


def escalation_counts(evidence: Evidence) -> Counts:
    """The escalation rate that evidence leads to, as the counts that leave its posterior's mean and spread.

    q = p FNR + (1 - p)(1 - FPR) of p ~ Beta(a, b) has the mean m and the variance v = (1 - FNR - FPR)^2 Var p, those of
    Beta with m (1 - m) / v - 1 in all. Without errors of the judge these are the failures themselves.
    """
    rate, fnr, fpr = evidence.pass_rate, evidence.fnr or 0.0, evidence.fpr or 0.0
    weight = rate.a + rate.b
    variance = (1.0 - fnr - fpr) ** 2 * rate.a * rate.b / (weight**2 * (weight + 1.0))
    mean = evidence.escalation.mean
    total = weight if variance == 0 else mean * (1.0 - mean) / variance - 1.0
    answers = max(round(total - 1.0), 1)
    return Counts(hits=min(max(round(mean * total - 0.5), 0), answers), total=answers)
