"""Negotiate: what to ask for and to give, which offer to take, when to sign, and what to learn first."""

from functools import partial

import streamlit as st

from planner.business_units.pooling import pool
from planner.charts.negotiation import (
    clause_values_chart,
    learning_chart,
    learning_frame,
    offers_chart,
    offers_frame,
    signing_chart,
)
from planner.negotiation.clause_values import trade_list
from planner.negotiation.learning import what_to_learn
from planner.negotiation.quotes_priced import PricedQuotes, priced_quotes
from planner.negotiation.terms_pricer import terms_pricer
from planner.negotiation.when_to_sign import when_to_sign
from planner.negotiation_reports.clauses import clauses_notes, clauses_sentences, clauses_tables
from planner.negotiation_reports.learning import learning_sentences, learning_table
from planner.negotiation_reports.offers import offers_sentences, offers_tables
from planner.negotiation_reports.positions import positions_sentences, positions_table
from planner.negotiation_reports.signing import signing_notes, signing_tables
from planner.negotiation_reports.signing_sentences import signing_sentences
from planner.negotiation_reports.units import units_tables
from planner.negotiation_reports.units_sentences import units_sentences
from planner.provenance_of.positions import positions_provenance
from planner.report import headline
from planner.simulation import KeptPaths
from planner.ui.negotiate.offer_form import offer_form
from planner.ui.negotiate.table_files import take_to_the_table
from planner.ui.showing import show
from planner.ui.showing.asked import asked
from planner.ui.showing.escape import plain
from planner.ui.state.session import Loaded, Report, loaded
from planner.words import counted


def page() -> None:
    """Positions, offers and the trade list at once; what takes longer on request."""
    current = loaded()
    show.head("Negotiate", "What to ask for, what to give, which offer to take, when to sign, and what to learn first.")
    first = st.container()
    found = _valued(current)
    with first:
        if found is None:
            show.conclusion(_not_yet(current))
        else:
            told = partial(positions_provenance, current.plan, found.positions)
            show.conclusion(positions_sentences(found.positions), where=told)
    if found is not None:
        show.table(positions_table(found.positions), key="positions")
        st.header("Offers in hand")
        _offers(current, found)
        st.header("The trade list")
        _trades(current, found)
    st.header("When to sign")
    _signing(current)
    st.header("What to learn first")
    _learning(current)
    if current.plan.inputs.business_units:
        st.header("Business units")
        _units(current)
    st.header("Take to the table")
    take_to_the_table(current, found)
    show.warnings(current.plan, expanded=False)


def _not_yet(current: Loaded) -> tuple[str, ...]:
    """What is known of the table before the clauses are valued."""
    quotes = len(current.plan.inputs.quotes)
    return (
        "Where to open, what to aim for and where to walk away are worked out on request.",
        f"{counted(quotes, 'quote')} in hand; on the table are the terms of the page Contract, under which: "
        f"{headline(current.plan)[0]}",
    )


def _valued(current: Loaded) -> PricedQuotes | None:
    def make(report: Report) -> PricedQuotes:
        pricer = terms_pricer(current.plan)
        return priced_quotes(pricer, trade_list(pricer, report), report)

    return asked(
        current,
        "negotiation",
        button="Value the clauses",
        says="Every clause is granted or given up in turn, and the commitment is sized again each time. Under the "
        "clauses of this contract, which link its periods, that takes a few minutes.",
        make=make,
        at_once=current.plan.inputs.contract.is_plain,
    )


def _offers(current: Loaded, found: PricedQuotes) -> None:
    if found.quotes:
        for line in offers_sentences(found):
            show.sentence(line)
        if len(offers_frame(found)):
            says = "Expected cost of each offer with P10 to P90, the target and the walk-away; figures in the table."
            show.chart(lambda palette: offers_chart(found, palette), says=says, key="offers_chart")
        standing, *others = offers_tables(found)
        show.table(standing, key="offers")
        for index, table in enumerate(others):
            if table.rows:
                show.beside(table, key=f"offers_{index}")
    else:
        show.sentence("No quote is in the plan yet. Type one in as it was quoted; it is priced on the same paths.")
    offer_form(current)


def _trades(current: Loaded, found: PricedQuotes) -> None:
    trades = found.trades
    for line in clauses_sentences(trades):
        show.sentence(line)
    says = "What each clause is worth in dollars, to ask for and to give up; figures in the tables below."
    show.chart(lambda palette: clause_values_chart(trades, palette), says=says, key="clauses_chart")
    asks, gives, swaps, pairs = clauses_tables(trades)
    show.table(asks, key="asks")
    show.table(gives, key="gives")
    if swaps.rows:
        show.table(swaps, key="swaps")
    if pairs.rows:
        show.beside(pairs, key="pairs")
    for note in clauses_notes(trades, current.plan.n_paths):
        st.caption(plain(note, 2000))


def _signing(current: Loaded) -> None:
    plan = current.plan
    found = asked(
        current,
        "signing",
        button="Compare ways to sign",
        says="Now, after routing works, or a short contract first and a longer one after: each is lived on the same "
        "paths, and what is signed later is sized on what is known by then. It takes up to a minute.",
        make=lambda report: when_to_sign(plan, progress=lambda done: report("comparing ways to sign", done)),
        at_once=plan.inputs.contract.is_plain,
    )
    if found is None:
        return
    for line in signing_sentences(plan, found):
        show.sentence(line)
    says = "What each way to sign costs against signing now; figures in the table."
    show.chart(lambda palette: signing_chart(found, palette), says=says, key="signing_chart")
    commitments, costs, risks = signing_tables(plan, found)
    show.table(costs, key="signing_costs")
    show.beside(risks, key="signing_risks")
    show.beside(commitments, key="signing_commitments")
    for note in signing_notes(plan, found):
        st.caption(plain(note, 2000))


def _learning(current: Loaded) -> None:
    plan = current.plan
    found = asked(
        current,
        "learning",
        button="Value what could be learned",
        says="What knowing each uncertain input before signing would be worth in dollars, and what would tell: weeks "
        "of data, graded answers, a date. It takes a few seconds.",
        make=lambda report: what_to_learn(plan, report),
    )
    if found is None:
        return
    for line in learning_sentences(found):
        show.sentence(line)
    if len(learning_frame(found)):
        says = "What knowing each input is worth in dollars; figures in the table."
        show.chart(lambda palette: learning_chart(found, palette), says=says, key="learning_chart")
    show.beside(learning_table(found), key="learning")
    for warning in found.warnings:
        st.caption(plain(warning, 2000))


def _units(current: Loaded) -> None:
    plan = current.plan
    found = asked(
        current,
        "units",
        button="Pool the business units",
        says="One contract for all units against one each: every group of units is sized by itself, so that the saving "
        "can be split fairly.",
        make=lambda report: pool([(plan.inputs.name, plan.inputs)], plan, kept=KeptPaths(), progress=report),
    )
    if found is None:
        return
    for line in units_sentences(plan, found):
        show.sentence(line)
    alone, split, leavers = units_tables(plan, found)
    show.table(alone, key="units_alone")
    show.table(split, key="units_split")
    if leavers.rows:
        show.beside(leavers, key="units_leavers")
    for note in found.notes:
        if note not in plan.warnings:
            st.caption(plain(note, 2000))
