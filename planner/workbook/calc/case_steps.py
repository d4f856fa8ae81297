"""An offer priced in a scenario from the points, step by step as a column of sheet Calc does.

Every step has the key of its row; planner.workbook.calc.case_rows has the formulas.
"""

from dataclasses import dataclass

import numpy as np

from planner.units import HALF_CENT_USD, FloatArray
from planner.workbook.calc.cost_tables import PERCENTILES, SHARE_DIGITS, CostBlend
from planner.workbook.calc.pricing import N_POINTS, OfferPoints, OfferTerms, TermPoints
from planner.workbook.sheet import Value, less

LEVELS = tuple(f"P{level * 100:.0f}" for level in PERCENTILES)
NOT_KNOWN = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The steps of a case, by key."""

    values: dict[str, Value]

    def number(self, key: str) -> float:
        """A step that is a number."""
        value = self.values[key]
        assert not isinstance(value, str)
        return float(value)

    def set(self, **steps: Value) -> None:
        """Add steps."""
        self.values.update(steps)


def price_case(points: OfferPoints, scenario: int, offer: OfferTerms) -> Steps:
    """Price an offer in a scenario, counted from 0."""
    term = points.terms_months.index(offer.term_months)
    found = Steps(values={})
    found.set(
        scenario=scenario + 1,
        valid=True,
        commit=offer.commit_usd,
        kept=offer.kept,
        overage_rate=offer.overage_rate,
        charged=offer.charged,
        term=offer.term_months,
        term_no=term + 1,
        list_use=offer.list_usd,
        owed=offer.list_usd * offer.kept,
    )
    spend = points.scenarios[scenario]
    _years(found, points, scenario, offer)
    _short(found, points, scenario, term)
    if spend.locked is not None:
        _locked(found, points, scenario, spend.locked)
    _results(found)
    if points.blend is not None:
        _percentiles(found, points.blend, spend.terms[term], (scenario * len(points.terms_months) + term))
    return found


def first_column(points: OfferPoints, scenario: int) -> int:
    """How many columns of points stand before those of a scenario."""
    return scenario * points.columns_per_scenario


def _years(found: Steps, points: OfferPoints, scenario: int, offer: OfferTerms) -> None:
    """The contract years of the term: what exhausts the commitment, use beyond and short of it, and at list."""
    spend = points.scenarios[scenario]
    fractions = [column.fraction_in(offer.term_months) for column in points.years]
    for m, (share, use) in enumerate(zip(fractions, spend.use, strict=True), start=1):
        q = found.number("list_use") * share
        found.set(
            **{
                f"share_{m}": share,
                f"list_{m}": q,
                f"column_{m}": first_column(points, scenario) + m,
                f"beyond_{m}": float(np.maximum(use - q, 0.0).sum()) / N_POINTS,
                f"unused_{m}": float(np.maximum(q - use, 0.0).sum()) / N_POINTS,
                f"mean_{m}": float(use.sum()) / N_POINTS,
                f"outside_{m}": float(spend.outside_usd[m - 1]) if share else 0.0,
                f"fixed_{m}": float(spend.certain_usd[m - 1]) if share else 0.0,
                f"on_demand_{m}": float(spend.on_demand_usd[m - 1]) if share else 0.0,
            }
        )
    counted = [m for m, share in enumerate(fractions, start=1) if share]
    found.set(
        years=sum(fractions),
        **{
            key: sum(found.number(f"{key}_{m}") for m in counted)
            for key in ("beyond", "unused", "mean", "outside", "fixed", "on_demand")
        },
    )
    used = found.number("mean") + found.number("unused")
    whole = found.number("list_use") * found.number("years") + found.number("beyond")
    found.set(balance=whole / used if used > 0 else 1.0)


def _short(found: Steps, points: OfferPoints, scenario: int, term: int) -> None:
    """P(any contract year falls short), read between two quantiles of the smallest annual use."""
    charged, kept = found.number("charged"), found.number("kept")
    below = found.number("list_use") - HALF_CENT_USD / (kept * charged) if charged > 0 else 0.0
    least = points.scenarios[scenario].terms[term].least_use
    found.set(least_column=first_column(points, scenario) + len(points.years) + term + 1, below=below)
    share = bracket(found, "", least, below)
    rank, high, low = (found.number(key) for key in ("rank", "high", "low"))
    between = (rank - 1 + share) / (N_POINTS - 1) if high > low else 1.0
    known = 0.0 if rank == 0 else 1.0 if rank == N_POINTS else between
    found.set(between=between, probability=known if charged > 0 else 0.0)


def bracket(found: Steps, prefix: str, points: FloatArray, value: float) -> float:
    """Between which points a value lies: the rank below it (0: below all), the points either side, and how far it is
    from one to the other, which is returned. A value equal to a point lies above it."""
    rank = int(np.searchsorted(points, value, side="right"))
    low = float(points[rank - 1]) if rank else 0.0
    high = float(points[min(rank, len(points) - 1)])
    found.set(**{f"{prefix}rank": rank, f"{prefix}low": low, f"{prefix}high": high})
    return (value - low) / (high - low) if high > low else 0.0


def _locked(found: Steps, points: OfferPoints, scenario: int, table: FloatArray) -> None:
    """Use beyond the commitment at the prices of its month, linear between the rows of the engine's table."""
    share = bracket(found, "q_", table[0], found.number("list_use"))
    rank = int(found.number("q_rank"))
    column = first_column(points, scenario) + len(points.years) + 2 * len(points.terms_months) + 1
    g_low, g_high = table[1, rank - 1], table[1, min(rank, N_POINTS - 1)]
    found.set(q_column=column, g_low=float(g_low), g_high=float(g_high), g=float(g_low + (g_high - g_low) * share))


def _results(found: Steps) -> None:
    """What the offer costs over the term."""
    kept, charged = found.number("kept"), found.number("charged")
    commit, on_demand = found.number("commit"), found.number("on_demand")
    overage_list = found.number("g") if "g" in found.values else found.number("beyond")
    overage = overage_list * found.number("overage_rate")
    owed = found.number("owed") * found.number("years")
    waived = found.number("unused") * kept * (1 - charged)
    cost = owed - waived + overage + found.number("outside") if commit > 0 else on_demand
    part = 1 - kept * (1 - charged)
    even = kept * charged / part if part > 0 else 0.0
    found.set(
        overage_list=overage_list,
        overage=overage,
        shortfall=found.number("unused") * kept * charged,
        waived=waived,
        owed_anyway=owed * charged,
        cost=cost,
        saving=less(on_demand, cost),
        savings=1 - cost / on_demand if on_demand > 0 else 0.0,
        break_even=even if commit > 0 else NOT_KNOWN,
        break_even_use=even * found.number("list_use") if commit > 0 else 0.0,
    )


def _percentiles(found: Steps, blend: CostBlend, term: TermPoints, block: int) -> None:
    """P10, P50 and P90 of cost, between the rows and the columns of the engine's table."""
    assert term.cost is not None
    unused_rate, apart = found.number("kept") * (1 - found.number("charged")), blend.is_apart
    part = 1.0 if apart else unused_rate + blend.outside_per_use
    scale = found.number("overage_rate") + (1.0 if apart else blend.outside_per_use)
    share = round(part / scale, SHARE_DIGITS)
    column = min(int(np.searchsorted(blend.shares, share, side="right")), len(blend.shares) - 1)
    low, high = blend.shares[column - 1], blend.shares[column]
    across = (share - low) / (high - low)
    found.set(
        unused_rate=unused_rate,
        scale=scale,
        blend=share,
        is_known=share <= 1 and (found.number("charged") == 1 or not apart),
        blend_no=column,
        across=across,
        table_no=block + 1,
        first_row=block * len(term.cost.list_usd),
        certain=found.number("owed_anyway") + found.number("fixed"),
    )
    down = bracket(found, "row_", term.cost.list_usd, found.number("list_use"))
    found.set(down=down)
    row, last = int(found.number("row_rank")) - 1, len(term.cost.list_usd) - 1
    for index, level in enumerate(LEVELS):
        corners = term.cost.usd[index][column - 1 : column + 1, [row, min(row + 1, last)]]
        (a, b), (c, d) = corners.tolist()
        at = a + (c - a) * across, b + (d - b) * across
        cost = found.number("certain") + scale * (at[0] + (at[1] - at[0]) * down)
        found.set(
            **{f"{level}_a": a, f"{level}_b": b, f"{level}_c": c, f"{level}_d": d, f"{level}_first": at[0]},
            **{f"{level}_second": at[1], f"cost_{level}": cost if found.values["is_known"] else NOT_KNOWN},
        )
