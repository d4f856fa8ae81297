"""Whole workbooks keep the modelling standards; each rule finds a fault that is planted for it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import workbook_rules as rules
from libreoffice import recalculate
from test_tracking_charts import shown
from trackings import tracking
from workbook_rules import RULES, Book, Rule, relative
from workbooks import Books, at, differing
from xlsxwriter import Workbook

from planner.dossier import Dossier, dossier
from planner.plan import Plan, build_plan
from planner.plan_file.loader import load_plan, parse_plan
from planner.waterfall import waterfalls
from planner.workbook.book import workbook_bytes, write_workbook
from planner.workbook.sheet import Sheet, less
from planner.workbook.style import make_styles

PLANS = Path(__file__).parent / "plans"
THREE_YEARS = Path(__file__).parent.parent / "data" / "plans" / "three-years.toml"
PATHS = 4_096
NAMES = ("whole", "three", "tracked", "hostile")

QUOTE = """
[[offer]]
name = "Reseller, a first quote of this autumn"
commit_usd_per_year = 150_000
discount_fraction = 0.12
"""

LONG = {
    '"triage"': "'''=HYPERLINK(\"http://x.test\";\"y\") and more'''",
    '"nightly-summary"': "'''@SUM(1) summaries of everything by night'''",
    '"route first"': "'''-2+3 the scenario with the longest name'''",
    '"as is"': "'''WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW'''",
}


def small_plan(*, added: str = "", renamed: dict[str, str] | None = None) -> Plan:
    text = (PLANS / "small.toml").read_text(encoding="utf-8")
    for old, new in (renamed or {}).items():
        text = text.replace(old, new)
    return build_plan(replace(parse_plan(text + added, base_dir=PLANS), paths=PATHS))


@pytest.fixture(scope="module")
def dossiers() -> dict[str, Dossier]:
    """Everything worked out for a small plan; ramps and linked clauses; a signed plan; names that are none."""
    plan = small_plan()
    ramped = build_plan(replace(load_plan(THREE_YEARS), paths=PATHS // 2))
    return {
        "whole": dossier(small_plan(added=QUOTE)),
        "three": Dossier(plan=ramped, waterfalls=waterfalls(ramped)),
        "tracked": Dossier(plan=plan, tracking=shown(tracking())),
        "hostile": dossier(small_plan(renamed=LONG), quick=True),
    }


@pytest.fixture(scope="module")
def written(dossiers: dict[str, Dossier], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("standards")
    for name, found in dossiers.items():
        write_workbook(found, folder / f"{name}.xlsx")
    return folder


@pytest.fixture(scope="module")
def books(written: Path) -> dict[str, Book]:
    return {name: Book(written / f"{name}.xlsx") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_workbook_keeps_the_rule(books: dict[str, Book], rule: Rule, name: str) -> None:
    faults = rule(books[name])
    assert not faults, "\n" + "\n".join(faults)


@pytest.fixture(scope="module")
def recalculated(written: Path, requires: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Books:
    files = [written / f"{name}.xlsx" for name in NAMES]
    out = recalculate(requires("soffice", "libreoffice"), files, tmp_path_factory.mktemp("libreoffice"))
    return Books(written=written, recalculated=out[0].parent)


@pytest.mark.parametrize("name", NAMES)
def test_it_recalculates_to_what_it_was_written_with_and_all_checks_hold(recalculated: Books, name: str) -> None:
    assert not differing(recalculated, name)
    fresh = recalculated.fresh(name)
    assert at(fresh, "checks_ok").value is True
    checks = [row for row in fresh["Checks"].iter_rows(min_row=5, max_col=5, values_only=True) if row[0]]
    assert [row for row in checks if row[4] is not True] == []


def test_the_same_dossier_gives_the_same_bytes(dossiers: dict[str, Dossier], written: Path) -> None:
    assert workbook_bytes(dossiers["whole"]) == (written / "whole.xlsx").read_bytes()


# --- every rule finds its fault ---------------------------------------------------------------------------------------


class Draft:
    """A workbook of one tidy sheet in the program's own styles, to plant faults in."""

    def __init__(self, path: Path) -> None:
        self.book = Workbook(path, {"default_format_properties": {"font_name": "Arial", "font_size": 10}})
        styles = make_styles(self.book)
        self.sheet = Sheet(
            name="Offer calculator", worksheet=self.book.add_worksheet("Offer calculator"), styles=styles
        )
        sheet = self.sheet
        sheet.title("A tidy sheet", "A note that says what it is and how to read it.", last_col=5)
        sheet.header(2, ("month", "spend, USD", "share", "running, USD"))
        for row in range(3, 9):
            sheet.text(row, 0, f"2027-0{row - 2}")
            sheet.number(row, 1, 10.0 * row, "usd")
            sheet.formula(row, 2, f"=B{row + 1}/B$10", 10.0 * row / 330, "percent")
            sheet.formula(row, 3, f"=SUM(B$4:B{row + 1})", 10.0 * sum(range(3, row + 1)), "usd")
        sheet.text(9, 0, "all", "total_text")
        sheet.formula(9, 1, "=SUM(B4:B9)", 330.0, "total_usd")
        sheet.number(11, 1, 0.2, "input_percent")
        self.validate("B12")
        self.book.define_name("share", "='Offer calculator'!$B$12")

    def validate(self, cell: str) -> None:
        rule = {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1}
        rule |= {"error_title": "Share", "error_message": "Type a share from 0% to 100%."}
        self.raw.data_validation(cell, rule)

    @property
    def raw(self) -> Any:
        """The worksheet below, which takes anything."""
        return self.sheet.worksheet

    def style(self, **properties: object) -> object:
        return self.book.add_format({"font_name": "Arial", "font_size": 10, **properties})

    def text(self, address: str, text: str, **properties: object) -> None:
        self.raw.write_string(address, text, self.style(**properties))

    def number(self, address: str, value: float = 1.0, **properties: object) -> None:
        self.raw.write_number(address, value, self.style(**properties))

    def formula(self, address: str, formula: str, value: float | str = 0.0) -> None:
        self.raw.write_formula(address, formula, None, value)

    def chart(self, *, at: str = "A15", **changed: object) -> None:
        chart = self.book.add_chart({"type": "line"})
        looks = changed.get("looks", ({"dash_type": "solid"}, {"dash_type": "dash"}))
        assert isinstance(looks, tuple)
        for col, look in enumerate(looks, start=1):
            area = ["Offer calculator", 3, col, 8, col]
            chart.add_series({"name": f"series {col}", "values": changed.get("values", area), "line": look})
        chart.set_title({"name": changed.get("title", "Spend by month")})
        chart.set_x_axis({"name": changed.get("x", "month")})
        chart.set_y_axis({"name": changed.get("y", "spend (USD)")})
        chart.set_size({"width": 300, "height": 200})
        self.raw.insert_chart(at, chart)

    def save(self) -> None:
        self.sheet.set_layout()
        self.sheet.print_setup(last_row=30, last_col=5, header_row=2)


NAMED = "='Offer calculator'!$C$4:$C$9"
BLUE = {"font_color": "#0000FF", "bg_color": "#FFF6C9", "border": 1}

PLANTED: list[tuple[Rule, str, Callable[[Draft], object]]] = [
    (rules.only_sheets_that_are_seen, "links to", lambda d: d.raw.write_url("A13", "https://x.test")),
    (rules.only_sheets_that_are_seen, "is hidden", lambda d: d.book.add_worksheet("About").hide()),
    (rules.only_sheets_that_are_seen, "not in contents", lambda d: d.book.add_worksheet("Extra")),
    (rules.only_sheets_that_are_seen, "reading order", lambda d: d.book.add_worksheet("Decision")),
    (rules.only_sheets_that_are_seen, "row 6 is hidden", lambda d: d.raw.set_row(5, None, None, {"hidden": 1})),
    (rules.opens_as_it_was_written, "does not calculate", lambda d: d.book.set_calc_mode("manual")),
    (rules.opens_as_it_was_written, "opens on", lambda d: d.book.add_worksheet("About").activate()),
    (rules.names_are_single_cells, "not one cell", lambda d: d.book.define_name("shares", NAMED)),
    (rules.names_are_single_cells, "not one cell", lambda d: d.book.define_name("rate", "=0.2")),
    (rules.names_are_single_cells, "not there", lambda d: d.book.define_name("gone", "=Gone!$A$1")),
    (rules.names_are_single_cells, "lower case", lambda d: d.book.define_name("Rate", NAMED)),
    (rules.formulas_are_plain, "the constant 12", lambda d: d.formula("E4", "=B4*12")),
    (rules.formulas_are_plain, "array formula", lambda d: d.raw.write_array_formula("E4:E4", "{=SUM(B4:B9)}")),
    (rules.formulas_are_plain, "INDIRECT", lambda d: d.formula("E4", '=INDIRECT("B4")')),
    (rules.ranges_need_no_array_entry, "array entry", lambda d: d.formula("E4", "=SUM(B4:B9*C4:C9)")),
    (rules.ranges_need_no_array_entry, "array entry", lambda d: d.formula("E4", "=SUMPRODUCT(IF(B4:B9>0,1,0))")),
    (rules.ranges_need_no_array_entry, "array entry", lambda d: d.formula("E4", "=B4:B9")),
    (rules.one_formula_along_a_row, "C6: unlike", lambda d: d.formula("C6", "=B6/D$9")),
    (rules.one_formula_along_a_row, "C9: unlike", lambda d: d.formula("C9", "=A9/B$10")),
    (rules.one_formula_along_a_row, "D5: the number", lambda d: d.raw.write_number("D5", 70.0)),
    (
        rules.one_formula_along_a_row,
        "E6: an address is fixed",
        lambda d: [d.formula(f"E{n}", f"=$B${n}") for n in (5, 6)],
    ),
    (rules.every_formula_has_its_value, "is an error", lambda d: d.formula("E4", "=1/0", "#DIV/0!")),
    (rules.inputs_are_marked_and_validated, "B13 accepts", lambda d: d.sheet.number(12, 1, 0.2, "input_percent")),
    (rules.inputs_are_marked_and_validated, "not marked", lambda d: (d.validate("B13"), d.number("B13", locked=False))),
    (rules.inputs_are_marked_and_validated, "marked and locked", lambda d: d.number("B13", **BLUE)),
    (rules.inputs_are_marked_and_validated, "validated and locked", lambda d: d.validate("B4")),
    (
        rules.inputs_are_marked_and_validated,
        "typed over",
        lambda d: d.sheet.formula(11, 1, "=B4", 0.2, "input_percent"),
    ),
    (rules.sheets_are_set_up, "no print area", lambda d: d.book.add_worksheet("About")),
    (rules.sheets_are_set_up, "H4 is not printed", lambda d: d.sheet.text(3, 7, "far out")),
    (rules.text_is_not_clipped, "lines need", lambda d: d.text("A13", "many words " * 9, text_wrap=True)),
    (rules.text_is_not_clipped, "is cut at", lambda d: (d.text("A13", "a label as long as this"), d.text("B13", "x"))),
    (rules.text_is_not_clipped, "the column has", lambda d: d.text("A13", "a text at the right", align="right")),
    (rules.text_is_not_clipped, "a line needs", lambda d: d.text("A13", "large", font_size=20)),
    (rules.numbers_are_shown, "needs a width", lambda d: d.number("B13", 1e12, num_format="#,##0")),
    (rules.readable_in_grey, "to 1 between", lambda d: d.text("A13", "pale", font_color="#BBBBBB")),
    (rules.readable_in_grey, "Calibri", lambda d: d.text("A13", "else", font_name="Calibri")),
    (rules.readable_in_grey, "too pale", lambda d: d.number("B13", border_color="#EEEEEE", **BLUE)),
    (rules.headings_stand_over_something, "nothing below", lambda d: d.sheet.header(20, ("month",))),
    (rules.charts_are_labelled, "no title", lambda d: d.chart(title=None)),
    (rules.charts_are_labelled, "axis without", lambda d: d.chart(y=None)),
    (rules.charts_are_labelled, "colour alone", lambda d: d.chart(looks=({"color": "red"}, {"color": "blue"}))),
    (rules.charts_are_labelled, "is empty", lambda d: d.chart(values=["Offer calculator", 20, 1, 24, 1])),
    (rules.charts_cover_nothing, "lies under", lambda d: d.chart(at="A3")),
    (rules.charts_cover_nothing, "overlap", lambda d: (d.chart(), d.chart(at="B17"))),
    (rules.charts_cover_nothing, "beyond what is printed", lambda d: d.chart(at="D25")),
]


def drafted(path: Path, fault: Callable[[Draft], object] | None) -> Book:
    draft = Draft(path)
    if fault is not None:
        fault(draft)
    draft.save()
    draft.book.close()
    return Book(path)


@pytest.mark.parametrize(("rule", "message", "fault"), PLANTED, ids=lambda item: getattr(item, "__name__", str(item)))
def test_a_planted_fault_is_found(rule: Rule, message: str, fault: Callable[[Draft], object], tmp_path: Path) -> None:
    found = rule(drafted(tmp_path / "draft.xlsx", fault))
    assert any(message in line for line in found), found


def test_every_rule_has_a_planted_fault_and_a_tidy_sheet_breaks_none(tmp_path: Path) -> None:
    assert {rule for rule, _, _ in PLANTED} == set(RULES)
    tidy = drafted(tmp_path / "tidy.xlsx", lambda draft: draft.chart())
    assert [line for rule in RULES for line in rule(tidy)] == []


@pytest.mark.parametrize(
    ("formula", "row", "col", "expected"),
    [
        ("=B4/B$10", 4, 3, "R[0]C[-1]/R10C[-1]"),
        ("=SUM('Commit curve'!$G$11:G12)", 12, 9, "SUM('Commit curve'!R11C7:R[0]C[-2])"),
        ('=IF(checks_ok,"A1",A1)', 1, 1, 'IF(checks_ok,"A1",R[0]C[0])'),
        ("=offer_commit_usd+Points!A1", 2, 1, "offer_commit_usd+Points!R[-1]C[0]"),
    ],
)
def test_a_formula_is_read_as_steps_from_its_cell(formula: str, row: int, col: int, expected: str) -> None:
    assert relative(formula, row, col) == expected


def test_a_difference_of_last_bits_is_none_as_a_spreadsheet_has_it() -> None:
    assert less(0.1 + 0.2, 0.3) == 0.0 != 0.1 + 0.2 - 0.3
    assert less(1e6, 1e6 - 1e-6) == 1e6 - (1e6 - 1e-6) > 0
    assert less(-5.0, 3.0) == -8.0
