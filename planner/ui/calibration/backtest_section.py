"""Would it have been right? The backtest of the plan on the screen: in words, fold by fold, and by rule."""

from math import ceil

import streamlit as st

from planner.backtest.folds import backtest
from planner.backtest.judge import Backtest, Fold, folds_of
from planner.backtest_report import coverage_table, folds_table, headline, sizing_table
from planner.charts.backtest import fold_chart, pit_chart, sizing_chart
from planner.history.history import LEAST_MONTHS, LEAST_WEEKS, History
from planner.tables import Table
from planner.ui.showing import downloads, show
from planner.ui.showing.asked import asked
from planner.ui.showing.escape import plain
from planner.ui.state.session import Loaded
from planner.words import count, usd, usd_rounded_down, usd_short


def backtest_section(current: Loaded, history: History) -> None:
    """The test on a button, then its conclusion, the folds one by one, and what each rule would have cost."""
    st.header("Would it have been right?")
    if history.period is None:
        show.sentence(
            f"That cannot be tested yet: hiding the end of the log takes {LEAST_MONTHS} complete months or "
            f"{LEAST_WEEKS} whole weeks of it.{more_days(history)}"
        )
        return
    found = _tested(current, history)
    if found is None:
        return
    show.conclusion(headline(found))
    if found.folds:
        _forecasts(current, found)
        _sizing(found)
    if found.warnings:
        with st.expander(f"What this test rests on: {len(found.warnings)} notes", icon=":material/info:"):
            for warning in found.warnings:
                st.markdown(f"- {plain(warning, 2000)}")


def _tested(current: Loaded, history: History) -> Backtest | None:
    """The backtest, once it was asked for; it stays for as long as the session does."""
    inputs = current.plan.inputs
    return asked(
        current,
        "backtest",
        button="Backtest this plan",
        says=f"The test hides the last {history.period} of the log, then the last two, up to the last "
        f"{count(folds_of(history.n_periods))}; it forecasts and sizes from the rest and compares with what came. "
        "It takes a few seconds.",
        make=lambda report: backtest(inputs, report),
    )


def _forecasts(current: Loaded, found: Backtest) -> None:
    folds = {fold.hidden: fold for fold in found.folds}
    chosen = st.select_slider(
        "Part of the log to hide",
        options=list(folds),
        value=max(folds),
        format_func=lambda hidden: f"last {hidden} {found.period}s" if hidden > 1 else f"last {found.period}",
        key=f"fold_{current.key[:12]}",
        persist_state="session",
    )
    fold = folds[chosen]
    says = _fold_sentence(fold, str(found.period))
    show.sentence(says)
    show.chart(lambda palette: fold_chart(found, fold, palette), says=says, key="fold")
    show.beside(_held_out_table(fold, str(found.period)), key="held_out", rows=lambda: downloads.held_out_rows(found))
    show.table(coverage_table(found), key="coverage")
    says = "Where held-out periods fell in their forecasts, by tenths; figures in the table."
    show.chart(lambda palette: pit_chart(found, palette), says=says, key="pit")
    show.beside(_pit_table(found), key="pit_table")


def _fold_sentence(fold: Fold, period: str) -> str:
    """One fold: what was forecast and came, and what its commitment would have cost."""
    ours, least = fold.sizing[0], fold.sizing[-1]
    inside = sum(one.is_inside(0.8) for one in fold.held_out)
    hidden = f"the last {period}" if fold.hidden == 1 else f"the last {fold.hidden} {period}s"
    commit = ours.commit_usd_per_year
    signed = f"a commitment of {usd_rounded_down(commit)} a year" if commit else "no commitment"
    return (
        f"Without {hidden}, the {count(fold.trained_on)} {period}s before forecast "
        f"{usd_short(sum(one.mean_usd for one in fold.held_out))}; {usd_short(fold.on_demand_cost_usd)} came, with "
        f"{inside} of {fold.hidden} inside the 80% band. The advice would have been {signed}: "
        f"{usd(ours.realised_cost_usd)} paid, where perfect foresight pays {usd(least.realised_cost_usd)}."
    )


def _held_out_table(fold: Fold, period: str) -> Table:
    rows = tuple(
        (
            one.label,
            usd_short(one.actual_usd),
            *(usd_short(one.quantiles_usd[place]) for place in (0, 2, 4)),
            "yes" if one.is_inside(0.8) else "no",
        )
        for one in fold.held_out
    )
    return Table(
        title=f"Each hidden {period}, forecast and actual",
        columns=(period, "actual", "P10", "P50", "P90", "inside 80%"),
        rows=rows,
        numeric=frozenset({1, 2, 3, 4}),
        note=f"List spend of the {period}, at the prices of one day. The CSV has every fold.",
    )


def _pit_table(found: Backtest) -> Table:
    counts = found.pit_histogram.tolist()
    rows = tuple(
        (f"{place / len(counts):.0%} to {(place + 1) / len(counts):.0%}", count(n)) for place, n in enumerate(counts)
    )
    return Table(
        title="Where held-out periods fell in their forecasts",
        columns=("part of the forecast", "forecasts"),
        rows=rows,
        numeric=frozenset({1}),
        note=f"A calibrated forecast has {found.held_out / len(counts):.1f} in each tenth on average.",
    )


def _sizing(found: Backtest) -> None:
    says = "Cost of each rule's commitments above perfect foresight; figures in the table."
    show.chart(lambda palette: sizing_chart(found, palette), says=says, key="sizing")
    show.table(sizing_table(found), key="sizing_table", rows=lambda: downloads.rule_rows(found))
    show.beside(folds_table(found), key="folds")


def more_days(history: History) -> str:
    """How much more of a daily log would do."""
    if not history.daily.is_daily:
        return ""
    return f" About {max(ceil(7 * LEAST_WEEKS - history.span_days), 1)} more days would do."
