"""Sheet Sensitivity: what moves spend and the commitment, what the doubt comes from, and what to learn first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Final

from xlsxwriter import Workbook

from planner.dossier import Dossier
from planner.drivers import Driver, Drivers
from planner.drivers_report import driver_names, drivers_sentences, drivers_table, shortfall_drivers_table
from planner.effects import Indices
from planner.plan import Plan
from planner.risk import Estimate
from planner.workbook.check import Check
from planner.workbook.negotiating.bars import BarChart, Bars, insert_bars
from planner.workbook.negotiating.learning_table import write_learning
from planner.workbook.negotiating.rows import down, figure, headings, in_lines, n_lines, sentences, totals, with_error
from planner.workbook.sheet import Sheet, Value, area, cell, less

_WIDTHS: Final = {0: 46, 1: 13, 2: 11, 3: 13, 4: 13, 5: 13, 6: 13, 7: 13, 8: 13, 9: 13}
_LESS: Final = 5
"""The column of what the P10 comes to less what is expected with no input known; the P90's is beside it."""
_SWING: Final = 7
_ROUNDING: Final = 1e-9
_ERRORS: Final = 5.0
"""Standard errors within which fewer paths give the mean of all."""
_READ: Final = (
    "How to read it: one input at a time is held at its low end (P10) or at its high end (P90), all others as "
    "uncertain as they are. The widest bars move the answer most. Nothing is simulated anew: the paths near an end are "
    "the answer."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tornado:
    """One figure at both ends of every input, the widest first."""

    title: str
    middle: Estimate
    rows: Sequence[tuple[str, Estimate, Estimate]]

    @property
    def swing_usd(self) -> float:
        return sum(high.mean - low.mean for _, low, high in self.rows)

    @property
    def moved_usd(self) -> list[float]:
        """How far each end is from the middle."""
        return [end.mean - self.middle.mean for _, *ends in self.rows for end in ends]


def has_sensitivity(dossier: Dossier) -> bool:
    """Whether an input is uncertain, and there are paths enough to tell what it does."""
    found = dossier.drivers
    return found is not None and any(one.spend is not None or one.shortfall is not None for one in found.inputs)


def write_sensitivity(sheet: Sheet, workbook: Workbook, dossier: Dossier) -> list[Check]:
    """Tornados of spend and commitment, shares of variance, what to learn first; checks against the program."""
    assert dossier.drivers is not None
    drivers, learning = dossier.drivers, dossier.learning
    scenario = dossier.plan.inputs.decision.scenario
    sheet.title(f"Sensitivity: what moves spend and the commitment; scenario {scenario}", last_col=max(_WIDTHS))
    row = sentences(sheet, 1, [f"{_READ} From {drivers.paths:,} paths."], _WIDTHS)
    row = sentences(sheet, row, drivers_sentences(drivers), _WIDTHS, style="lead") + 1
    tornados = [found for found in (_spend(drivers), _commitment(drivers)) if found is not None and found.rows]
    charts = row
    row += max((_chart(found, 0).rows for found in tornados), default=0)
    checks = _mean_check(sheet, dossier.plan, drivers, row + 1)
    for index, found in enumerate(tornados):
        insert_bars(sheet, workbook, _chart(found, row + 3), row=charts, col=0 if index == 0 else 4)
        row, check = _write_tornado(sheet, found, row)
        checks.append(check)
    row = _write_shares(sheet, drivers, row)
    if learning is not None and learning.lessons:
        row, of_learning = write_learning(sheet, learning, row, _WIDTHS)
        checks += of_learning
    sheet.set_layout(exact={0: _WIDTHS[0]}, at_least=_WIDTHS)
    sheet.print_setup(last_row=row - 1, last_col=max(_WIDTHS))
    sheet.worksheet.freeze_panes(1, 0)
    return checks


# --- tornados --------------------------------------------------------------------------------------------------------


def _spend(found: Drivers) -> _Tornado | None:
    """Expected annual spend at the ends of every input; None where it is not known."""
    if found.spend_usd is None:
        return None
    ends = _ends(found, lambda one: (one.spend_at_p10_usd, one.spend_at_p90_usd))
    return _Tornado(title="expected list spend of the first year", middle=found.spend_usd, rows=ends)


def _commitment(found: Drivers) -> _Tornado | None:
    """The best commitment at the ends; all have the same typical error."""
    if found.commit_usd is None or not isfinite(found.commit_usd):
        return None
    se = nan if found.commit_se_usd is None else found.commit_se_usd

    def estimates(one: Driver) -> tuple[Estimate | None, Estimate | None]:
        low, high = (
            None if usd is None or not isfinite(usd) else Estimate(mean=usd, se=se)
            for usd in (one.commit_at_p10_usd, one.commit_at_p90_usd)
        )
        return low, high

    middle = Estimate(mean=found.commit_usd, se=se)
    return _Tornado(title="best commitment a year", middle=middle, rows=_ends(found, estimates))


def _ends(
    found: Drivers, of: Callable[[Driver], tuple[Estimate | None, Estimate | None]]
) -> list[tuple[str, Estimate, Estimate]]:
    names, rows = driver_names(found), []
    for one in found.inputs:
        low, high = of(one)
        if low is not None and high is not None:
            rows.append((names[one.name], low, high))
    return sorted(rows, key=lambda row: -abs(row[2].mean - row[1].mean))


def _chart(found: _Tornado, first_row: int) -> BarChart:
    return BarChart(
        title=f"{found.title.capitalize()} if an input is low or high",
        names="uncertain input",
        values="more or less than with none of them known (USD)",
        first_row=first_row,
        n_rows=len(found.rows),
        series=(Bars(name="at its P10", col=_LESS, is_solid=False), Bars(name="at its P90", col=_LESS + 1)),
        usd=found.moved_usd,
        lines=n_lines(name for name, *_ in found.rows),
    )


def _write_tornado(sheet: Sheet, found: _Tornado, row: int) -> tuple[int, Check]:
    """The next free row, and the check that the swings are the program's."""
    sheet.subtitle(row, f"{found.title.capitalize()}, USD, with each input at its ends", last_col=max(_WIDTHS))
    sheet.text(row + 1, 0, "with none of them known", "label", sized=False)
    with_error(sheet, row + 1, 1, found.middle)
    ends = (
        "at its P10",
        "std. error",
        "at its P90",
        "std. error",
        "P10 less none known",
        "P90 less none known",
    )
    headings(sheet, row + 2, ("input", *ends, "P90 less P10", "of none known"))
    first, last, middle = row + 3, row + 2 + len(found.rows), cell(row + 1, 1)
    for at, (name, low, high) in enumerate(found.rows, start=first):
        sheet.text(at, 0, in_lines(name), sized=False)
        with_error(sheet, at, 1, low)
        with_error(sheet, at, 3, high)
        sheet.formula(at, _LESS, f"={down(at, 1)}-{middle}", less(low.mean, found.middle.mean), "usd")
        sheet.formula(at, _LESS + 1, f"={down(at, 3)}-{middle}", less(high.mean, found.middle.mean), "usd")
        swing = less(high.mean, low.mean)
        sheet.formula(at, _SWING, f"={down(at, 3)}-{down(at, 1)}", swing, "usd")
        share = swing / found.middle.mean if found.middle.mean else 0.0
        sheet.formula(at, _SWING + 1, f"=IF({middle}=0,0,{down(at, _SWING)}/{middle})", share, "percent")
    check = Check(
        what=f"Sensitivity, {found.title}: P90 less P10 of all inputs is the program's",
        formula=f"=SUM({sheet.ref(area(first, _SWING, last, _SWING))})",
        value=found.swing_usd,
        expected=found.swing_usd,
        tolerance=_ROUNDING * max(abs(found.middle.mean), 1.0),
    )
    return last + 2, check


def _mean_check(sheet: Sheet, plan: Plan, drivers: Drivers, row: int) -> list[Check]:
    """Expected spend here against the sheet of scenarios; of fewer paths to within their error."""
    if drivers.spend_usd is None:
        return []
    exact, found = plan.summaries[plan.inputs.decision.scenario].annual.mean, drivers.spend_usd
    error = found.se if isfinite(found.se) else 0.0
    within = _ROUNDING * exact if drivers.paths == plan.n_paths else _ERRORS * error
    return [
        Check(
            what="Sensitivity: expected spend with no input known is the scenario's, to within the simulation's error",
            formula=f"={sheet.ref(cell(row, 1))}",
            value=found.mean,
            expected=exact,
            tolerance=max(within, _ROUNDING * exact),
        )
    ]


# --- shares of variance ----------------------------------------------------------------------------------------------


def _write_shares(sheet: Sheet, found: Drivers, row: int) -> int:
    """What the doubt about spend and about shortfall cost comes from; returns the next free row."""
    sheet.subtitle(row, "What the doubt comes from: shares of the variance", last_col=max(_WIDTHS))
    spend = ("of annual spend: alone", "std. error", "with interactions", "std. error", "interactions")
    shortfall = ("of shortfall cost: alone", "std. error", "with interactions", "std. error")
    headings(sheet, row + 1, ("input", *spend, *shortfall))
    names, first = driver_names(found), row + 2
    for at, one in enumerate(found.inputs, start=first):
        sheet.text(at, 0, names[one.name], sized=False)
        _write_indices(sheet, at, 1, one.spend)
        both, alone = down(at, 3), down(at, 1)
        joint: Value = "n/a" if one.spend is None else one.spend.total.mean - one.spend.first_order.mean
        sheet.formula(at, 5, f'=IF(ISNUMBER({both}),{both}-{alone},"n/a")', joint, "percent")
        _write_indices(sheet, at, 6, one.shortfall)
    last = first + len(found.inputs)
    totals(sheet, last, "left unexplained", max(_WIDTHS))
    for col, rest in ((3, found.spend_unexplained), (8, found.shortfall_unexplained)):
        if rest is not None:
            sheet.number(last, col, rest.mean, "total_percent")
            figure(sheet, last, col + 1, rest.se, "total_percent")
    notes = [drivers_table(found).note, f"Shortfall cost: {shortfall_drivers_table(found).note}"]
    return sentences(sheet, last + 1, notes, _WIDTHS) + 1


def _write_indices(sheet: Sheet, row: int, col: int, indices: Indices | None) -> None:
    for at, share in enumerate((None, None) if indices is None else (indices.first_order, indices.total)):
        if share is None:
            figure(sheet, row, col + 2 * at, None)
            figure(sheet, row, col + 2 * at + 1, None)
        else:
            with_error(sheet, row, col + 2 * at, share, "percent")
