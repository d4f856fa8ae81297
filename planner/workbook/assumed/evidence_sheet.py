"""Sheet Evidence: what was shown for each route, by whom and when, what is missing, and what to test next."""

from collections.abc import Iterator, Sequence
from typing import Final

from xlsxwriter import Workbook

from planner.dossier import Dossier
from planner.evidence_in_plan.next_tests import NextTest, next_tests
from planner.evidence_reports.next_test_words import next_test_sentences
from planner.evidence_reports.standing_words import (
    stale_sentences,
    standing_sentences,
    unpriced_words,
    verdict_words,
)
from planner.evidence_reports.standings import Standing, route_standings, standings
from planner.known_evidence import evidence_by_pair, known_routes, overruled_notes, verdict_notes
from planner.opportunities.verdicts import opportunities
from planner.plan import Plan
from planner.workbook.assumed.grading_words import grading_words
from planner.workbook.check import Check
from planner.workbook.sheet import Sheet, Value, area, cell, number_or

_COUNTED: Final = (
    *("request type", "model", "decided on", "verdict", "passed, answers", "failed, answers", "graded, answers"),
    *("pass rate", "lower bound, 95%", "upper bound, 95%", "bar", "escalates, of judged", "break-even escalation"),
    "saves, USD a month",
)
_PASSED, _FAILED, _ANSWERS, _RATE = 4, 5, 6, 7
_TESTS: Final = (
    *("request type", "model", "passed, answers", "graded, answers", "bar", "further answers", "cost, USD"),
    *("chance to pass", "chance from", "saves over the term, USD", "gain per USD", "worth knowing, USD"),
    "   its standard error",
)
_LAST_COL: Final = len(_COUNTED) - 1
_FACTS_COL: Final = 2


def has_evidence(dossier: Dossier) -> bool:
    """Whether the plan routes anything, or was shown anything."""
    prepared = dossier.plan.prepared
    return bool(known_routes(prepared) or evidence_by_pair(prepared))


def write_evidence(sheet: Sheet, _workbook: Workbook, dossier: Dossier) -> list[Check]:
    """Every pair of type and model that was graded or is routed to, with what it rests on."""
    plan = dossier.plan
    found = standings(plan.prepared)
    sheet.title("Evidence: what was shown before traffic moves to another model", last_col=_LAST_COL)
    sheet.paragraph(
        1,
        "Each line counts graded answers of a model on a request type. It passes where the lower bound of its pass "
        "rate (one-sided, 95%) is at least the bar, and fails where the upper bound is below it; where answers were "
        "counted at planned looks, the verdict is that of the looks. Escalates: expected share of judged requests that "
        "are paid again; the move saves nothing at the break-even. Saves: at list, all of the type moved. The counts "
        "are the program's; graded and pass rate are worked out here.",
        last_col=_LAST_COL,
    )
    row = 3
    for line in standing_sentences(plan, route_standings(plan.prepared, found)):
        sheet.paragraph(row, line, last_col=_LAST_COL, style="lead")
        row += 1
    checks: list[Check] = []
    if found:
        row, answers = _write_counts(sheet, row + 1, found)
        checks.append(_check(sheet, answers, found))
        row = _write_gradings(sheet, row + 1, plan, found)
    row = sheet.listed(
        row + 1, "What is missing, and what may no longer hold", list(_missing(plan, found)), last_col=_LAST_COL
    )
    row = _write_tests(sheet, row, dossier)
    sheet.set_layout(at_least=dict.fromkeys(range(2, _LAST_COL + 1), 12), exact={0: 24, 1: 24})
    sheet.print_setup(last_row=row - 2, last_col=_LAST_COL)
    sheet.worksheet.freeze_panes(1, 0)
    return checks


def _write_counts(sheet: Sheet, row: int, found: Sequence[Standing]) -> tuple[int, str]:
    """Counts, bounds and what the move does; returns the next row, and the addresses of the answers."""
    sheet.subtitle(row, "Pass rates against their bars", last_col=_LAST_COL)
    sheet.header(row + 1, _COUNTED, n_text=2)
    first = row + 2
    for at, one in enumerate(found, start=first):
        sheet.text(at, 0, one.request_type)
        sheet.text(at, 1, one.model)
        sheet.text(at, 2, "yes" if one.is_routed else "no", "right")
        sheet.text(at, 3, verdict_words(one), "right")
        sheet.number(at, _PASSED, one.passed, "count")
        sheet.number(at, _FAILED, one.failed, "count")
        passed, failed, answers = (cell(at, col, row_abs=False) for col in (_PASSED, _FAILED, _ANSWERS))
        sheet.formula(at, _ANSWERS, f"={passed}+{failed}", one.answers, "count")
        sheet.formula(at, _RATE, f"={passed}/{answers}", one.pass_rate, "percent")
        for col, value, style in (
            (8, one.lower, "percent"),
            (9, one.upper, "percent"),
            (10, one.bar, "percent"),
            (11, one.escalation, "percent"),
            (12, number_or(one.break_even, "none"), "percent"),
            (13, number_or(one.saving_usd_per_month, "not priced"), "usd"),
        ):
            sheet.value(at, col, value, style)
    last = first + len(found) - 1
    return last + 1, area(first, _ANSWERS, last, _ANSWERS)


def _check(sheet: Sheet, answers: str, found: Sequence[Standing]) -> Check:
    total = float(sum(one.answers for one in found))
    return Check(
        what="Evidence: graded answers in all",
        formula=f"=SUM({sheet.ref(answers)})",
        value=total,
        expected=total,
        tolerance=0.0,
        style="count",
    )


def _write_gradings(sheet: Sheet, row: int, plan: Plan, found: Sequence[Standing]) -> int:
    """Who graded what, when and how, a paragraph for each line above."""
    known = evidence_by_pair(plan.prepared)
    sheet.subtitle(row, "Who graded, when, and where the counts are from", last_col=_LAST_COL)
    for at, one in enumerate(found, start=row + 1):
        sheet.text(at, 0, one.request_type)
        sheet.text(at, 1, one.model)
        words = grading_words(known[one.pair], one.stale)
        sheet.paragraph(at, words, first_col=_FACTS_COL, last_col=_LAST_COL, style="text")
    return row + len(found) + 1


def _missing(plan: Plan, found: Sequence[Standing]) -> Iterator[str]:
    """Routes of any scenario that nothing was shown for, and what evidence there is that does not hold as it stands."""
    shown, prepared = {one.pair for one in found}, plan.prepared
    for (request_type, to), scenarios in _routed(plan).items():
        if (request_type, to) not in shown:
            names = ", ".join(f"'{name}'" for name in scenarios)
            yield f"No graded answer of '{request_type}' on {to}, to which {names} routes it."
    yield from stale_sentences(found)
    yield from unpriced_words(found)
    yield from overruled_notes(prepared)
    yield from verdict_notes(prepared)


def _routed(plan: Plan) -> dict[tuple[str, str], list[str]]:
    """(type, target) -> the scenarios that route it there, the one decided on first."""
    routed: dict[tuple[str, str], list[str]] = {}
    for scenario, route in known_routes(plan.prepared):
        names = routed.setdefault((route.request_type, route.to), [])
        if scenario not in names:
            names.append(scenario)
    return routed


def _write_tests(sheet: Sheet, row: int, dossier: Dossier) -> int:
    """What to grade next, the most expected gain for its cost first; returns the next row, one left free."""
    prepared = dossier.plan.prepared
    tests = next_tests(prepared, opportunities(prepared), dossier.learning)
    sheet.subtitle(row, "What to test next", last_col=_LAST_COL)
    for line in next_test_sentences(tests):
        row += 1
        sheet.paragraph(row, line, last_col=_LAST_COL, style="text")
    if not tests:
        return row + 2
    is_valued = any(test.information is not None for test in tests)
    columns = _TESTS if is_valued else _TESTS[:-2]
    sheet.header(row + 1, columns, n_text=2)
    for at, test in enumerate(tests, start=row + 2):
        for col, (value, style) in enumerate(_test_cells(test)[: len(columns)]):
            if col < 2:
                sheet.text(at, col, str(value))
            else:
                sheet.value(at, col, value, style)
    row += 2 + len(tests)
    sheet.paragraph(row, _tests_note(is_valued=is_valued), last_col=_LAST_COL)
    return row + 2


def _tests_note(*, is_valued: bool) -> str:
    note = (
        "Further answers settle it four times in five. Chance from: the answers so far, or a judgement by how many "
        "tiers the model is down. Cost: as measured, else the plan's price of a request. Saves: at list, all of the "
        "type moved, if it passes."
    )
    valued = " Worth knowing: what knowing the route's share or escalation before signing is worth at most (EVPPI)."
    return note + valued * is_valued


def _test_cells(test: NextTest) -> list[tuple[Value, str]]:
    known = test.information
    return [
        (test.request_type, "text"),
        (test.model, "text"),
        (test.passed, "count"),
        (test.answers, "count"),
        (test.bar, "percent"),
        (number_or(test.further_answers, "too close"), "count"),
        (number_or(test.cost_usd, "-"), "usd_cents"),
        (test.chance, "percent"),
        ("judgement" if test.by_prior else "answers", "right"),
        (test.saving_usd, "usd"),
        (number_or(test.gain_per_usd, "-"), "usd"),
        ("-" if known is None else known.value.mean, "usd"),
        ("-" if known is None else known.value.se, "usd"),
    ]
