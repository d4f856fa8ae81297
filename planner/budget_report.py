"""The budget in tables, sentences and JSON: cash by month, quarter and year, in each way of paying."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Final

from planner.budget import Budget, CashPlan, Spread, Stretch
from planner.clauses import PaymentMode
from planner.paths_file import month_name
from planner.report import offer_name
from planner.risk import Estimate
from planner.tables import Table
from planner.units import FloatArray
from planner.words import percent, usd, usd_estimate, usd_short

Json = dict[str, Any]

MODE_WORDS: Final[Mapping[PaymentMode, str]] = {
    "arrears": "in arrears",
    "quarterly": "quarterly in advance",
    "upfront": "upfront",
}
"""A way of paying, as it follows "paid"."""

WITHOUT: Final = "no commitment"
_LEAST_USD: Final = 0.5


def stretch_name(found: Budget, stretch: Stretch) -> str:
    """2027-01; year 1, quarter 2; year 1; term: with its months where it has several."""
    if stretch.kind == "month":
        return month_name(found.start, stretch.first)
    year = stretch.first // 12 + 1
    names = {"quarter": f"year {year}, quarter {stretch.first % 12 // 3 + 1}", "year": f"year {year}", "term": "term"}
    return names[stretch.kind]


def months_of(found: Budget, stretch: Stretch) -> str:
    """Its calendar months: 2027-01 to 2027-12."""
    first, last = month_name(found.start, stretch.first), month_name(found.start, stretch.stop - 1)
    return first if first == last else f"{first} to {last}"


def shown_stretches(found: Budget) -> tuple[Stretch, ...]:
    """Quarters and years of the contract and the term, each quarter before its year; no stretch twice."""
    kept: dict[tuple[int, int], Stretch] = {}
    for stretch in found.stretches:
        if stretch.kind != "month":
            kept.setdefault((stretch.first, stretch.stop), stretch)
    size = {"quarter": 0, "year": 1, "term": 2}
    return tuple(sorted(kept.values(), key=lambda one: (one.stop, size[one.kind])))


def budget_tables(found: Budget, mode: PaymentMode) -> list[Table]:
    """Cash by month in one way of paying, its quarters and years, and the ways of paying side by side."""
    return [months_table(found, mode), stretches_table(found, mode), modes_table(found)]


def months_table(found: Budget, mode: PaymentMode) -> Table:
    """Cash by month under the offer and without, and what is paid ahead of its use."""
    plan, in_advance = found.by_mode[mode], mode != "arrears"
    rows = []
    for month, stretch in enumerate(one for one in found.stretches if one.kind == "month"):
        ahead = (usd(plan.first_day_usd[month]), usd(plan.ahead_usd[month])) if in_advance else ()
        rows.append(
            (
                stretch_name(found, stretch),
                *_three(plan.cash[stretch]),
                *ahead,
                usd(found.drawn_usd[month]),
                *_three(found.on_demand.cash[stretch]),
            )
        )
    without = (f"{WITHOUT}: mean", "P50", "P90")
    columns = ("month", "mean", "P50", "P90", *(("on its 1st", "paid ahead") if in_advance else ()), "drawn", *without)
    paid_ahead = "paid ahead: of the commitment that runs, paid and not yet drawn at the month's end; "
    return Table(
        title=f"Cash by month with {offer_name(found.offer)}, paid {MODE_WORDS[mode]}, in '{found.scenario}'",
        columns=columns,
        rows=tuple(rows),
        numeric=frozenset(range(1, len(columns))),
        note=f"US dollars before tax, from {found.n_paths:,} paths; {paid_ahead if in_advance else ''}drawn: from the "
        "commitment, whenever it is paid. Use beyond it is paid at its month's end.",
    )


def _three(spread: Spread) -> tuple[str, str, str]:
    return usd(spread.mean), usd(spread.p50), usd(spread.p90)


def stretches_table(found: Budget, mode: PaymentMode) -> Table:
    """Quarters, years and the term, whose percentiles are not those of their months added up."""
    plan = found.by_mode[mode]
    rows = tuple(
        (
            stretch_name(found, stretch),
            months_of(found, stretch),
            usd_estimate(plan.cash[stretch]),
            usd(plan.cash[stretch].p50),
            usd(plan.cash[stretch].p90),
            usd(found.months_p90_usd(plan, stretch)),
            usd(found.on_demand.cash[stretch].mean),
            usd(found.on_demand.cash[stretch].p90),
        )
        for stretch in shown_stretches(found)
    )
    return Table(
        title=f"Cash by quarter and year of the contract, paid {MODE_WORDS[mode]}",
        columns=("", "months", "mean", "P50", "P90", "P90s of its months", f"{WITHOUT}: mean", "P90"),
        rows=rows,
        numeric=frozenset(range(2, 8)),
        note="P90s of months do not add up to the P90 of their sum: not every month is dear in the same future.",
    )


def modes_table(found: Budget) -> Table:
    """Mean cash of every quarter and year in each way of paying; present values where money has a cost."""
    plans = [*found.by_mode.values(), found.on_demand]
    rows = [
        (stretch_name(found, stretch), *(usd(plan.cash[stretch].mean) for plan in plans))
        for stretch in shown_stretches(found)
    ]
    cost = found.contract.payment.cost_of_capital_per_year
    if cost > 0:
        rows.append((f"present value at {percent(cost)} a year", *(usd_estimate(plan.npv) for plan in plans)))
    return Table(
        title="Mean cash in each way of paying",
        columns=("", *(MODE_WORDS[mode] for mode in found.by_mode), WITHOUT),
        rows=tuple(rows),
        numeric=frozenset(range(1, 2 + len(found.by_mode))),
        note=f"The contract is paid {MODE_WORDS[found.contract.payment.mode]}. How it is paid moves no total.",
    )


def budget_sentences(found: Budget, mode: PaymentMode) -> tuple[str, ...]:
    """What to budget for each contract year, that months do not add up, and what paying otherwise would change."""
    return (
        *_year_sentences(found, mode),
        *_adding_up(found, mode),
        *_ahead_sentences(found),
        *_value_sentences(found),
    )


def _year_sentences(found: Budget, mode: PaymentMode) -> Iterator[str]:
    plan = found.by_mode[mode]
    for stretch in found.stretches:
        if stretch.kind == "year":
            own, listed = plan.cash[stretch], found.on_demand.cash[stretch]
            yield (
                f"Contract {stretch_name(found, stretch)} ({months_of(found, stretch)}), paid {MODE_WORDS[mode]}: "
                f"P50 {usd_short(own.p50)}, P90 {usd_short(own.p90)}; with {WITHOUT} P50 {usd_short(listed.p50)}, "
                f"P90 {usd_short(listed.p90)}."
            )


def _adding_up(found: Budget, mode: PaymentMode) -> Iterator[str]:
    """The first contract year's months against the year."""
    plan = found.by_mode[mode]
    year = next(stretch for stretch in found.stretches if stretch.kind == "year")
    months, whole = found.months_p90_usd(plan, year), plan.cash[year].p90
    if abs(months - whole) > _LEAST_USD:
        way = "more" if months > whole else "less"
        yield (
            f"The P90s of the months of {stretch_name(found, year)} add up to {usd_short(months)}, "
            f"{usd_short(abs(months - whole))} {way} than its P90: budget the year by its own."
        )


def _ahead_sentences(found: Budget) -> Iterator[str]:
    """What each way of paying in advance has lying with the vendor, at most at a month's end, as a mean."""
    if found.offer.is_none:
        yield "Nothing is committed, so nothing is paid in advance: every way of paying is the same."
        return
    for mode, plan in found.by_mode.items():
        most = float(plan.ahead_usd.max())
        if mode != "arrears" and most > _LEAST_USD:
            month = month_name(found.start, int(plan.ahead_usd.argmax()))
            yield (
                f"Paid {MODE_WORDS[mode]}, up to {usd_short(most)} on average is paid and not yet drawn at a month's "
                f"end, most in {month}."
            )


def _value_sentences(found: Budget) -> Iterator[str]:
    cost, own = found.contract.payment.cost_of_capital_per_year, found.contract.payment.mode
    if cost == 0 or found.offer.is_none:
        return
    for mode, plan in found.by_mode.items():
        more = plan.npv.mean - found.own.npv.mean
        if mode != own and abs(more) > _LEAST_USD:
            yield (
                f"At a cost of capital of {percent(cost)} a year, paying {MODE_WORDS[mode]} costs "
                f"{usd_short(abs(more))} {'more' if more > 0 else 'less'} in present value than {MODE_WORDS[own]}."
            )


def budget_json(found: Budget, mode: PaymentMode) -> Json:
    """Everything that `planner budget --json` prints. Keys are added freely and never renamed.

    mode: the way of paying that the sentences are about; figures are of all.
    """
    offer = found.offer
    return {
        "scenario": found.scenario,
        "start": found.start.isoformat(),
        "term_months": found.contract.term_months,
        "paths": found.n_paths,
        "commit_usd_per_year": list(offer.commits_usd_per_year(found.contract.n_years)),
        "payment": found.contract.payment.mode,
        "cost_of_capital_per_year": found.contract.payment.cost_of_capital_per_year,
        "drawn_usd": _floats(found.drawn_usd),
        "by_payment": {mode: _plan_json(found, plan) for mode, plan in found.by_mode.items()},
        "no_commitment": _plan_json(found, found.on_demand),
        "sentences": list(budget_sentences(found, mode)),
    }


def _plan_json(found: Budget, plan: CashPlan) -> Json:
    kinds = ("month", "quarter", "year", "term")
    return {
        **{
            f"by_{kind}": [_spread_json(found, one, spread) for one, spread in plan.cash.items() if one.kind == kind]
            for kind in kinds
        },
        "first_day_usd": _floats(plan.first_day_usd),
        "ahead_usd": _floats(plan.ahead_usd),
        "npv_usd": _estimate_json(plan.npv),
    }


def _spread_json(found: Budget, stretch: Stretch, spread: Spread) -> Json:
    return {
        "first_month": month_name(found.start, stretch.first),
        "last_month": month_name(found.start, stretch.stop - 1),
        **{f"{name}_usd": value for name, value in _estimate_json(spread).items()},
        "p10_usd": spread.p10,
        "p50_usd": spread.p50,
        "p90_usd": spread.p90,
    }


def _estimate_json(value: Estimate) -> Json:
    return {"mean": value.mean, "se": value.se if isfinite(value.se) else None}


def _floats(values: FloatArray) -> list[float]:
    return [float(value) for value in values]
