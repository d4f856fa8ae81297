"""Sheet Sign-off: the form on which a plan, by its hash, and an offer are approved."""

from collections.abc import Iterator, Sequence, Set
from datetime import date
from typing import Any, Final

from planner.identity import hashes, program
from planner.plan import Plan
from planner.words import percent, percent_estimate, rounded_down, usd, usd_estimate
from planner.workbook.contract_words import commit_words, in_any_period
from planner.workbook.sheet import Sheet, Value, area, cell

_LAST_COL: Final = 6
_COLUMNS: Final = ("role", "name", "decision", "date", "offer", "remarks and conditions", "hash of the plan approved")
_ROLE, _NAME, _DECISION, _DATE, _OFFER, _REMARKS, _HASH = range(len(_COLUMNS))
_DECISIONS: Final = ("approve", "approve with conditions", "reject")
_OFFERS: Final = ("recommended", "another")
_ROLES: Final = ("FinOps", "Engineering", "Procurement", "Finance", "Legal")
_SPARE_ROWS: Final = 3
_MOST_OWNERS: Final = 9
_MOST_CHARACTERS: Final = 200
_EARLIEST: Final = date(2020, 1, 1)
_OPEN: Final = "open"
_SHORT_HASH: Final = 12
_TYPED: Final = frozenset({"offer_commit_usd", "offer_discount", "offer_scenario"})


def write_sign_off(sheet: Sheet, plan: Plan, *, names: Set[str], checks_hold: bool) -> None:
    """What is put to whom, and the form that they fill in. names: those that the workbook has for its cells."""
    sheet.title(f"Sign-off: {plan.inputs.name}", last_col=_LAST_COL)
    typed = " or typed into sheet Offer calculator" if names >= _TYPED else ""
    sheet.paragraph(
        1,
        "A form: fill in the yellow cells, or print it. Who approves, approves the plan file of this hash and one "
        f"offer: the recommended one, or another whose terms are written into the remarks{typed}. A plan that is "
        "changed has another hash, and has to be approved anew. Nothing here is an electronic signature.",
        last_col=_LAST_COL,
    )
    row = _write_facts(sheet, 3, plan, checks_hold=checks_hold)
    row = _write_typed_offer(sheet, row + 1, plan, names)
    row = _write_form(sheet, row + 1, plan)
    sheet.set_layout(exact={_ROLE: 30, _NAME: 26, _DECISION: 24, _DATE: 13, _OFFER: 14, _REMARKS: 42, _HASH: 20})
    sheet.print_setup(last_row=row - 1, last_col=_LAST_COL, pages_high=1)
    sheet.worksheet.freeze_panes(1, 0)


def _write_facts(sheet: Sheet, row: int, plan: Plan, *, checks_hold: bool) -> int:
    """What is approved, in words; returns the next row."""
    sheet.subtitle(row, "What is put to you", last_col=_LAST_COL)
    for label, words in (*_facts(plan), *hashes(plan)):
        row += 1
        sheet.text(row, 0, label, "bold")
        sheet.paragraph(row, words, first_col=1, last_col=_LAST_COL, style="text")
    row += 1
    sheet.text(row, 0, "checks of this workbook", "bold")
    good, bad = "all hold", "FAILED: see Checks"
    sheet.formula(row, 1, f'=IF(checks_ok,"{good}","{bad}")', good if checks_hold else bad, "flag")
    return row + 1


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    inputs, best = plan.inputs, plan.recommendation
    contract, offer = inputs.contract, best.offer
    yield "contract", f"from {inputs.start}, {contract.term_months} months"
    yield "scenario decided on", inputs.decision.scenario
    is_sized = contract.commits_usd_per_year is None
    yield ("recommended offer" if is_sized else "offer as the plan fixes it"), _offer_words(plan)
    cost, on_demand = usd_estimate(best.expected_cost), usd(best.on_demand_cost_usd)
    yield "expected cost over the term", f"{cost}, on demand {on_demand}"
    chance = percent_estimate(best.shortfall_probability)
    where = f" {in_any_period(contract)}" if len(contract.periods) > 1 else ""
    yield "probability of a shortfall", f"{chance}{where}"
    if not offer.is_none:
        yield "if there is one", f"{usd(best.shortfall_given_shortfall_usd)} of the commitment unused on average"
    yield "program", program()


def _offer_words(plan: Plan) -> str:
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    if offer.is_none:
        return "no commitment: buy on demand"
    if offer.is_flat:
        return f"{usd(offer.commit_usd_per_year)} a year at {percent(offer.discount_fraction)} off list"
    years = (
        f"year {year + 1} {usd(commit)} at {percent(offer.in_year(year).discount_fraction)} off list"
        for year, commit in enumerate(offer.commits_usd_per_year(contract.n_years))
    )
    return "; ".join(years)


def _write_typed_offer(sheet: Sheet, row: int, plan: Plan, names: Set[str]) -> int:
    """The offer that stands in the calculator, as it is typed there now; returns the next row."""
    if not names >= _TYPED:
        return row
    terms = [term for term in _typed_terms(plan) if term[1] in names]
    sheet.subtitle(row, "The offer typed into sheet Offer calculator", last_col=_LAST_COL)
    sheet.header(row + 1, ("", "typed in now", "recommended", "in round dollars"))
    first, last = row + 2, row + 1 + len(terms)
    for at, (label, name, value, style) in enumerate(terms, start=first):
        sheet.text(at, 0, label, "label")
        sheet.formula(at, 1, f"={name}", value, style)
        sheet.value(at, 2, value, style)
    commit, exact, rounded = (cell(first, col) for col in (1, 2, 3))
    sheet.value(first, 3, rounded_down(plan.recommendation.offer.commit_usd_per_year), "usd")
    typed, recommended = (area(first + 1, col, last, col) for col in (1, 2))
    sheet.text(last + 1, 0, "Is it the recommended offer?", "bold")
    within, same = f"{commit}>={rounded},{commit}<={exact}", f"SUMPRODUCT(--({typed}={recommended}))=ROWS({typed})"
    sheet.formula(last + 1, 1, f'=IF(AND({within},{same}),"yes","no: another")', "yes", "flag")
    return last + 2


def _typed_terms(plan: Plan) -> Iterator[tuple[str, str, Value, str]]:
    """What can be typed into the calculator: in words, the cell's name, the recommended value and its style."""
    contract, offer = plan.inputs.contract, plan.recommendation.offer
    yield commit_words(contract), "offer_commit_usd", offer.commit_usd_per_year, "usd"
    yield "discount on committed use", "offer_discount", offer.discount_fraction, "percent"
    yield "discount on use beyond it", "offer_overage_discount", offer.overage_discount_fraction, "percent"
    yield "discounts taken from", "offer_discount_rule", "typed", "right"
    yield "dollars that draw it down", "offer_drawdown", contract.drawdown, "right"
    yield "term, months", "offer_term_months", contract.term_months, "count"
    clause = "forfeit" if contract.shortfall == "forfeit" else "true-up"
    yield "what is left unused", "offer_shortfall_clause", clause, "right"
    if contract.shortfall != "forfeit":
        yield "charged of an unused dollar", "offer_true_up_rate", contract.true_up_rate, "percent"
    yield "scenario that the spend follows", "offer_scenario", plan.inputs.decision.scenario, "right"


def _write_form(sheet: Sheet, row: int, plan: Plan) -> int:
    """Who approves: a line each to fill in, and what their decisions come to; returns the next row."""
    roles = _roles(plan)
    sheet.subtitle(row, "Who approves", last_col=_LAST_COL)
    sheet.text(row + 1, 0, "hash of the plan, its first digits", "label")
    short, shown = plan.inputs.sha256[:_SHORT_HASH], cell(row + 1, 1)
    sheet.text(row + 1, 1, short)
    sheet.header(row + 2, _COLUMNS, n_text=len(_COLUMNS))
    sheet.text(row + 2, _HASH, _COLUMNS[_HASH], "header_after")
    first = row + 3
    last = first + len(roles) + _SPARE_ROWS - 1
    for at in range(first, last + 1):
        _write_line(sheet, at, roles[at - first] if at - first < len(roles) else "", shown)
    _validate(sheet, first, last)
    return _write_state(sheet, last + 2, first, last, len(roles))


def _roles(plan: Plan) -> Sequence[str]:
    """Who answers for an assumption of the plan; where it names nobody, roles that usually decide."""
    owners = dict.fromkeys(note.owner for note in plan.inputs.assumption_notes if note.owner is not None)
    return list(owners)[:_MOST_OWNERS] or _ROLES


def _write_line(sheet: Sheet, row: int, role: str, plan_hash: str) -> None:
    """One line of the form. plan_hash: the address of the hash, which stands in the line once a decision does."""
    for col in (_ROLE, _NAME, _DECISION, _DATE, _OFFER, _REMARKS):
        style = "input_date" if col == _DATE else "input_words"
        if col == _ROLE and role:
            sheet.text(row, col, role, style)
        else:
            sheet.worksheet.write_blank(row, col, None, sheet.styles[style])
    decision = cell(row, _DECISION, row_abs=False)
    sheet.formula(row, _HASH, f'=IF({decision}="","-",{plan_hash})', "-", "text_after")
    sheet.worksheet.set_row(row, 26)


def _validate(sheet: Sheet, first: int, last: int) -> None:
    """What may be typed into the form, and what is said where something else is."""
    text: dict[str, Any] = {
        "validate": "length",
        "criteria": "<=",
        "value": _MOST_CHARACTERS,
        "error_title": "Too long",
        "error_message": f"At most {_MOST_CHARACTERS} characters.",
    }
    day: dict[str, Any] = {
        "validate": "date",
        "criteria": ">=",
        "value": _EARLIEST,
        "input_title": "Date",
        "input_message": "The day of the decision, as 2026-11-30.",
        "error_title": "Date",
        "error_message": "Give a day, such as 2026-11-30.",
    }
    rules = {_ROLE: text, _NAME: text, _DECISION: _listed("Decision", _DECISIONS), _DATE: day}
    rules |= {_OFFER: _listed("Offer", _OFFERS), _REMARKS: text}
    for col, rule in rules.items():
        sheet.worksheet.data_validation(first, col, last, col, rule)


def _listed(title: str, words: Sequence[str]) -> dict[str, Any]:
    return {
        "validate": "list",
        "source": list(words),
        "error_title": title,
        "error_message": f"Choose one of: {', '.join(words)}.",
    }


def _write_state(sheet: Sheet, row: int, first: int, last: int, n_roles: int) -> int:
    """How many decided how, and what that comes to; returns the next row."""
    roles, decisions = area(first, _ROLE, last, _ROLE), area(first, _DECISION, last, _DECISION)
    start = row
    for row, word in enumerate(_DECISIONS, start=start):
        sheet.text(row, 0, word, "label")
        sheet.formula(row, 1, f"=COUNTIF({decisions},{cell(row, 0, row_abs=False)})", 0, "count")
    row += 1
    sheet.text(row, 0, "still open", "label")
    sheet.formula(row, 1, f'=SUMPRODUCT(({roles}<>"")*({decisions}=""))', n_roles, "count")
    approved, _, rejected = (cell(start + index, 1) for index in range(len(_DECISIONS)))
    conditional, left = cell(start + 1, 1), cell(row, 1)
    row += 1
    sheet.text(row, 0, "Sign-off", "bold")
    all_in = f'IF({conditional}>0,"approved with conditions",IF({approved}>0,"approved","{_OPEN}"))'
    sheet.formula(row, 1, f'=IF({rejected}>0,"rejected",IF({left}>0,"{_OPEN}",{all_in}))', _OPEN, "flag")
    return row + 1
