"""Regret over scenarios, as a table, sentences and JSON."""

from typing import Any

from planner.negotiation.regret import RegretMatrix, RegretRow
from planner.negotiation_reports.clauses import finite
from planner.tables import Table
from planner.words import percent, usd_estimate, usd_rounded_down, usd_short


def regret_json(found: RegretMatrix) -> dict[str, Any]:
    """regret_usd[i][j]: signing the commitment that is best for scenario i and living in scenario j."""
    return {
        "scenarios": list(found.scenarios),
        "commit_usd_per_year": [row.offer.commit_usd_per_year for row in found.best],
        "regret_usd": [[regret.mean for regret in row.regrets] for row in found.best],
        "regret_se_usd": [[finite(regret.se) for regret in row.regrets] for row in found.best],
        "shortfall_probability": [list(row.shortfall_probabilities) for row in found.best],
        "minimax_commit_usd_per_year": found.minimax.offer.commit_usd_per_year,
        "minimax": _row_json(found.minimax),
        "weighted_commit_usd_per_year": found.weighted.offer.commit_usd_per_year,
        "weighted": _row_json(found.weighted) | {"weights": dict(found.weights)},
        "recommended": _row_json(found.recommended),
    }


def _row_json(row: RegretRow) -> dict[str, Any]:
    return {
        "commit_usd_per_year": row.offer.commit_usd_per_year,
        "regret_usd": [regret.mean for regret in row.regrets],
        "largest_regret_usd": row.largest.mean,
        "shortfall_probability": list(row.shortfall_probabilities),
    }


def regret_table(found: RegretMatrix) -> Table:
    """Signed in a row, lived in a column."""
    rows = [
        *(_row(f"best for '{row.name}'", row) for row in found.best),
        _row("recommended, under the limit", found.recommended),
        _row("least largest regret", found.minimax),
        _row(f"least weighted cost ({_weights(found)})", found.weighted),
    ]
    return Table(
        title="Regret: what a commitment costs more than the best one of the scenario that comes true",
        columns=("signed", "commitment a year", *(f"living in '{name}'" for name in found.scenarios), "largest"),
        rows=tuple(rows),
        numeric=frozenset(range(1, len(found.scenarios) + 3)),
        note="In brackets the chance of a shortfall. Regret is about dollars alone: the limit on the shortfall holds "
        "in the row 'recommended' only.",
    )


def _row(name: str, row: RegretRow) -> tuple[str, ...]:
    cells = [
        f"{usd_estimate(regret)} ({percent(chance)})"
        for regret, chance in zip(row.regrets, row.shortfall_probabilities, strict=True)
    ]
    commit = "none" if row.offer.is_none else usd_rounded_down(row.offer.commit_usd_per_year)
    return (name, commit, *cells, usd_short(row.largest.mean))


def _weights(found: RegretMatrix) -> str:
    if not found.are_own_weights:
        return "equal weights"
    return ", ".join(f"{name} {percent(weight, 0)}" for name, weight in found.weights)


def regret_sentences(found: RegretMatrix) -> list[str]:
    """What the recommendation can cost at worst, and which commitment risks least."""
    if len(found.scenarios) == 1:
        return [
            "The plan has one scenario: there is nothing to regret between scenarios. Add a [[scenario]] to compare."
        ]
    if found.is_fixed:
        return ["The contract fixes the commitment, so there is none to choose between scenarios."]
    worst, least = found.recommended.largest, found.minimax
    where = found.scenarios[[regret.mean for regret in found.recommended.regrets].index(worst.mean)]
    commit = "no commitment" if least.offer.is_none else f"{usd_rounded_down(least.offer.commit_usd_per_year)} a year"
    return [
        f"The recommended commitment costs at most {usd_estimate(worst)} more than the best one: in '{where}'.",
        f"Least is at stake with {commit}: it costs at most {usd_estimate(least.largest)} more than the best one, "
        "whichever scenario comes true.",
    ]
