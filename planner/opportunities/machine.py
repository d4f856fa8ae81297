"""Opportunities and suggested scenarios as JSON: dollars, fractions, and null where a thing is not known."""

from dataclasses import asdict
from math import isfinite
from typing import Any

from planner.evidence.quality import Evidence, lower_bound, upper_bound
from planner.opportunities.candidates import Candidate
from planner.opportunities.efforts import Payback
from planner.opportunities.presets import Move, Preset
from planner.opportunities.report import Suggestion
from planner.opportunities.suggestions import about, left_out
from planner.opportunities.verdicts import Opportunity, least_usd_per_month


def suggestion_json(found: Suggestion) -> dict[str, Any]:
    """Everything that was found."""
    outcomes = {item.scenario: asdict(item) for item in found.outcomes}
    return {
        "priced_on": found.priced_on.isoformat(),
        "bill_usd_per_month": found.bill_usd_per_month,
        "least_usd_per_month": least_usd_per_month(found.bill_usd_per_month),
        "opportunities": [_opportunity_json(found, item) for item in found.opportunities],
        "beside_routing": [
            asdict(item)
            | {
                "is_too_short_to_cache": item.is_too_short_to_cache,
                "efforts": [asdict(effort) | {"payback_months": effort.payback_months} for effort in item.efforts],
            }
            for item in found.beside
        ],
        "baseline": asdict(found.baseline),
        "decided": asdict(found.decided[0]) if found.decided else None,
        "presets": {
            preset.name: _preset_json(preset) | {"outcome": outcomes.get(preset.name)} for preset in found.presets
        },
        "routed_without_evidence": list(found.ungraded),
        "toml": found.text,
        "notes": [*found.notes, *found.pasting],
    }


def _opportunity_json(found: Suggestion, item: Opportunity) -> dict[str, Any]:
    return {
        "request_type": item.request_type,
        "model": item.model,
        "serves_at_start": item.serves,
        "monthly_requests": item.monthly_requests,
        "monthly_list_cost_usd": item.monthly_list_cost_usd,
        "share_of_bill": item.share_of_bill,
        "cached_fraction": item.cached_fraction,
        "verdict": item.verdict,
        "to": None if item.chosen is None else item.chosen.to,
        "saving_usd_per_month": None if item.chosen is None else item.chosen.saving_usd_per_month,
        **_payback_json(found.payback(item, item.chosen)),
        "cheaper_if_evaluated": None if item.beyond is None else item.beyond.to,
        "candidates": [
            _candidate_json(candidate) | _payback_json(found.payback(item, candidate)) for candidate in item.candidates
        ],
        "notes": list(item.notes),
    }


def _candidate_json(item: Candidate) -> dict[str, Any]:
    return {
        "to": item.to,
        "model_tier": item.tier,
        "tiers_down": item.steps_down,
        "saving_usd_per_month": item.saving_usd_per_month,
        "is_at_most": item.evidence is None,
        "saving_without_escalation_usd_per_month": item.most_usd_per_month,
        "saving_of_single_requests_usd_per_month": item.single_requests_usd_per_month,
        "break_even_escalation": _known(item.break_even_escalation),
        "escalation": None if item.evidence is None else item.evidence.escalation.mean,
        "pays": item.pays,
        "evidence": None if item.evidence is None else _evidence_json(item.evidence) | {"stale": item.stale},
        "leans_no": item.leans_no,
        "bar": item.bar,
        "answers_to_settle_four_times_in_five": None if item.sure is None else asdict(item.sure),
        "unknown": None if item.unknown is None else asdict(item.unknown),
    }


def _payback_json(found: Payback | None) -> dict[str, Any]:
    """The effort of a route, once for all models of the type that go to its target, and when it is earned back."""
    return {
        "one_off_usd": None if found is None else found.one_off_usd,
        "payback_months": None if found is None else found.months,
        "payback_is_at_least": found is not None and found.is_at_least,
    }


def _evidence_json(item: Evidence) -> dict[str, Any]:
    return {
        "passed": item.passed,
        "failed": item.failed,
        "pass_rate": item.passed / item.answers,
        "lower": lower_bound(item.passed, item.failed),
        "upper": upper_bound(item.passed, item.failed),
        "bar": item.bar,
        "decision": item.verdict,
        "graded_on": None if item.graded_on is None else item.graded_on.isoformat(),
        "source": item.source,
    }


def _preset_json(preset: Preset) -> dict[str, Any]:
    saving = preset.unproven_saving
    return {
        "assumptions": list(about(preset)),
        "left_out": list(left_out(preset)),
        "moves": [_move_json(move) for move in preset.moves],
        "unproven_saving_fraction": None if saving is None else dict(zip(("p10", "p50", "p90"), saving, strict=True)),
    }


def _move_json(move: Move) -> dict[str, Any]:
    low, high = move.share
    return {
        "request_type": move.request_type,
        "from": list(move.sources),
        "to": move.candidate.to,
        "share": {"p10": low, "p90": high},
        "escalation": {"passed": move.candidate.evidence.passed, "failed": move.candidate.evidence.failed}
        if move.candidate.evidence is not None
        else move.prior and dict(zip(("p10", "p90"), move.prior.escalation, strict=True)),
        "instead_of": move.instead_of,
        "waits_for": move.milestone,
        "chance_that_evaluation_passes": None if move.prior is None else move.prior.chance,
    }


def _known(value: float) -> float | None:
    return value if isfinite(value) else None
