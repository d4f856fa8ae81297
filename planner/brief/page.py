"""The brief as a page of HTML: no script, nothing loaded from elsewhere, charts drawn in it, one A4 page in print."""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from importlib.metadata import version
from typing import Final

from planner.brief.brief import Alternative, Brief
from planner.brief.drafted import Draft
from planner.brief.drawn import Chart, drawn
from planner.brief.fitting import fitted
from planner.brief.look import style_sheet
from planner.brief.sentences import cost_words, day_words
from planner.charts.commitment import cost_curve_chart, risk_curve_chart
from planner.charts.style import DARK, LIGHT, Palette
from planner.offer import Offer
from planner.plan import Plan
from planner.report import decision_table
from planner.tables import Table
from planner.words import percent, percent_estimate, usd_commitment, usd_estimate, usd_short

_PLOT: Final = (330, 160)
_LEFT_OUT: Final = frozenset(
    {
        *("savings rate P10 / P50 / P90", "break-even utilization", "a routed list dollar still saves"),
        *("dearer on renewal", "regret against perfect foresight", "lived in scenario"),
    }
)
"""Rows of the decision table that the page has no room for."""

ChartOf = Callable[[Plan, Offer | None, Palette], Chart]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def brief_page(brief: Brief, draft: Draft | None = None) -> str:
    """The page. The same brief gives the same text. draft: prose whose figures were checked, on pages of its own."""
    inputs, figures = brief.plan.inputs, _figures_table(brief.plan)
    fit = fitted(brief, figure_rows=len(figures.rows))
    more = f"{fit.left_out} more: run `planner plan`, or see the workbook's sheet Decision." if fit.left_out else ""
    warnings = _listed("To know before signing", fit.warnings, more)
    parts = (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{_text(inputs.name)}</title>',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f'<style>{style_sheet()}</style>\n</head>\n<body class="{fit.size.name}">',
        _header(brief.plan),
        f'<section class="sign">{_heading("What to sign")}{_paragraphs(brief.sign)}</section>',
        _sides(_listed("Why", brief.why), _listed("The risk", brief.risk)),
        _sides(*_charts(brief.plan)),
        _sides(f'<div class="first">{_heading("The figures")}{_table(figures)}</div>', _next_best(brief)),
        _sides(_listed("What changes the answer", brief.changes), warnings),
        _footer(brief.plan),
        "" if draft is None else _drafted(draft),
        "</body>\n</html>\n",
    )
    return "\n".join(part for part in parts if part)


# --- parts -----------------------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    """Text as it is read, whatever is in it; characters that cannot be seen are shown as such."""
    spaced = "".join(" " if char.isspace() else char for char in text)
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in spaced))


def _heading(text: str) -> str:
    return f"<h2>{_text(text)}</h2>"


def _paragraphs(sentences: Iterable[str]) -> str:
    return "".join(f"<p>{_text(sentence)}</p>" for sentence in sentences)


def _listed(title: str, sentences: Sequence[str], more: str = "") -> str:
    """A heading and its sentences; empty where there is none."""
    if not sentences:
        return ""
    items = "".join(f"<li>{_text(sentence)}</li>" for sentence in sentences)
    note = f'<p class="note">{_text(more)}</p>' if more else ""
    return f"<div>{_heading(title)}<ul>{items}</ul>{note}</div>"


def _sides(left: str, right: str) -> str:
    """Two parts side by side; where one is empty, the other over the whole width."""
    if not (left and right):
        return f"<section>{left or right}</section>" if left or right else ""
    return f'<section class="sides">\n{left}\n{right}\n</section>'


def _header(plan: Plan) -> str:
    contract = plan.inputs.contract
    line = (
        f"Commitment brief: {contract.term_months} months from {day_words(plan.inputs.start)}, scenario "
        f"'{plan.inputs.decision.scenario}'. US dollars before tax; ± is one standard error of the simulation."
    )
    return f"<header><h1>{_text(plan.inputs.name)}</h1><p>{_text(line)}</p></header>"


def _footer(plan: Plan) -> str:
    inputs, prepared = plan.inputs, plan.prepared
    facts = (
        f"commit-planner {version('commit-planner')}; plan file SHA-256 {inputs.sha256[:16]}; seed {inputs.seed}; "
        f"{plan.n_paths:,} simulated paths; list prices as of {prepared.priced_on.isoformat()}. A probability here is "
        "one under the plan's assumptions."
    )
    return f"<footer><p>{_text(facts)}</p></footer>"


def _charts(plan: Plan) -> tuple[str, str]:
    return (
        _figure(plan, cost_curve_chart, "Expected cost over commitments, with the recommended one marked"),
        _figure(plan, risk_curve_chart, "Shortfall probability over commitments, with the decision's limit"),
    )


def _figure(plan: Plan, chart: ChartOf, says: str) -> str:
    """A chart for either ground; the style sheet shows the one that fits."""
    both = ((LIGHT, "on-light"), (DARK, "on-dark"))
    grounds = "".join(_on_ground(chart(plan, None, palette), palette, says, name) for palette, name in both)
    return f"<figure>{grounds}</figure>"


def _on_ground(chart: Chart, palette: Palette, says: str, name: str) -> str:
    svg = drawn(chart, palette, says, width=_PLOT[0], height=_PLOT[1])
    return f'<div class="{name}">{svg}</div>'


def _figures_table(plan: Plan) -> Table:
    """The decision table; beside it signing first as it is lived, where a scenario with levers is decided on."""
    fixed = plan.inputs.contract.commits_usd_per_year is not None
    names, columns = ["over the term", "as fixed" if fixed else "recommended"], [0, 1]
    if plan.inputs.decision.scenario != plan.inputs.baseline:
        names, columns = [*names, "signed first"], [0, 1, 3]
    rows = tuple(
        tuple(row[column] for column in columns) for row in decision_table(plan).rows if row[0] not in _LEFT_OUT
    )
    return Table(title="", columns=tuple(names), rows=rows, numeric=frozenset(range(1, len(columns))))


def _next_best(brief: Brief) -> str:
    if not brief.alternatives:
        return ""
    rows = tuple(_alternative_row(item) for item in brief.alternatives)
    columns = ("in place of it", "commitment a year", "costs more", "P(shortfall)")
    table = Table(title="", columns=columns, rows=rows, numeric=frozenset({1, 2, 3}))
    limit = percent(brief.plan.inputs.decision.max_shortfall_probability)
    over = any(not item.meets_limit for item in brief.alternatives)
    note = (
        f"Costs more: {cost_words(brief.plan)} less the recommendation's, on the same paths; below zero it costs less."
        + (f" * Over the limit of {limit}." if over else "")
    )
    said = _paragraphs(brief.next_best)
    return f'<div>{_heading("The next best")}{_table(table)}<p class="note">{_text(note)}</p>{said}</div>'


def _alternative_row(item: Alternative) -> tuple[str, ...]:
    return (
        item.name,
        _commitment(item.offer),
        usd_estimate(item.costs_more),
        percent_estimate(item.shortfall_probability) + ("" if item.meets_limit else " *"),
    )


def _commitment(offer: Offer) -> str:
    if offer.is_none:
        return "none"
    years = (offer, *offer.later)
    discounts = " / ".join(dict.fromkeys(percent(year.discount_fraction) for year in years))
    if offer.is_flat:
        return f"{usd_commitment(offer.commit_usd_per_year)} at {discounts}"
    return f"{' / '.join(usd_short(year.commit_usd_per_year) for year in years)} at {discounts}"


def _table(table: Table) -> str:
    """A table that is scrolled where a telephone is too narrow for it."""
    head = "".join(_cell("th", "col", index in table.numeric, name) for index, name in enumerate(table.columns))
    rows = "".join(f"<tr>{_row(row, table)}</tr>" for row in table.rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(row: Sequence[str], table: Table) -> str:
    first, *others = row
    cells = (_cell("td", "", index in table.numeric, cell) for index, cell in enumerate(others, start=1))
    return _cell("th", "row", False, first) + "".join(cells)


def _cell(tag: str, scope: str, is_number: bool, text: str) -> str:
    number = ' class="number"' if is_number else ""
    of = f' scope="{scope}"' if scope else ""
    unbroken = _text(text).replace(" ± ", "&nbsp;±&nbsp;").replace(" *", "&nbsp;*")
    return f"<{tag}{number}{of}>{unbroken if is_number else _text(text)}</{tag}>"


def _drafted(draft: Draft) -> str:
    text = " ".join(draft.paragraphs)
    used = [f"{stand_in} is {name}" for stand_in, name in draft.stand_ins if stand_in in text]
    said = (
        f"Drafted by {draft.model} on {day_words(draft.on)}; every figure was checked.",
        *([f"In it {'; '.join(used)}."] if used else []),
        "Checked is that each figure is one of those that were sent, and nothing of the words around it: read them "
        "before you use them.",
    )
    return (
        f'<section class="draft">{_heading("The negotiation in prose")}{_paragraphs(draft.paragraphs)}'
        f'<p class="note">{_text(" ".join(said))}</p></section>'
    )
