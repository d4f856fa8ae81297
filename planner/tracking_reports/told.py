"""All that is said of a tracked plan, in its order: sentences, tables, notes."""

from planner.tables import Table
from planner.tracking.tracking import Tracking
from planner.tracking_reports.actions import actions_sentences, actions_table
from planner.tracking_reports.causes import causes_by_month_table, causes_sentences, causes_table
from planner.tracking_reports.conclusion import headline
from planner.tracking_reports.drawdown import drawdown_sentences, drawdown_table
from planner.tracking_reports.drift import adoption_table, drift_sentences, evidence_table, since_table
from planner.tracking_reports.forecasts import basis_sentences, history_table, judged_sentences, judged_table
from planner.tracking_reports.months import months_sentences, months_table, to_come_table
from planner.tracking_reports.renewal import renewal_sentences, renewal_table


def track_paragraphs(tracking: Tracking) -> tuple[tuple[str, ...], ...]:
    """Everything in words, by subject, the conclusion first."""
    paragraphs = (
        headline(tracking),
        drawdown_sentences(tracking),
        months_sentences(tracking),
        causes_sentences(tracking),
        actions_sentences(tracking),
        drift_sentences(tracking),
        (*judged_sentences(tracking), *basis_sentences(tracking)),
        renewal_sentences(tracking),
    )
    return tuple(paragraph for paragraph in paragraphs if paragraph)


def track_sentences(tracking: Tracking) -> tuple[str, ...]:
    """The same without a break."""
    return tuple(sentence for paragraph in track_paragraphs(tracking) for sentence in paragraph)


def track_tables(tracking: Tracking) -> tuple[Table, ...]:
    """Everything in figures; a table without rows is one that has nothing to show."""
    tables = (
        months_table(tracking),
        to_come_table(tracking),
        drawdown_table(tracking),
        history_table(tracking),
        causes_table(tracking),
        causes_by_month_table(tracking),
        actions_table(tracking),
        adoption_table(tracking),
        evidence_table(tracking),
        since_table(tracking),
        judged_table(tracking),
        renewal_table(tracking),
    )
    return tuple(table for table in tables if table.rows)


def track_notes(tracking: Tracking) -> tuple[str, ...]:
    """What must be known beside the answer: of the log and of single months. Of the causes: below their table."""
    said = (
        *tracking.warnings,
        *(_of_month(month.month, note) for month in tracking.months for note in month.notes),
    )
    return tuple(dict.fromkeys(said))


def _of_month(month: str, note: str) -> str:
    return note if note.startswith(month) else f"{month}: {note}"
