"""What `planner measure` prints: the mix, what was left out of it and what could be, and how good its log is."""

from planner.baseline.alike import suggest_merges
from planner.baseline.suggestions import suggest_exclusions
from planner.baseline_report import (
    baseline_sentence,
    merges_table,
    removals_table,
    suggested_toml,
    suggestions_json,
    suggestions_table,
)
from planner.commands.measure import Measured
from planner.commands.terminal import print_json, say, show, warn
from planner.data_quality_report import quality_json, quality_line, quality_table
from planner.listings import measure_table, server_tools_words
from planner.machine import Json, measure_json
from planner.mix import Measurement
from planner.reconciliation_report import reconciliation_json, reconciliation_table, reconciliation_words
from planner.tables import Table
from planner.tokens_report import tokens_json, tokens_table
from planner.words import count, usd


def tell(result: Measured, *, as_json: bool, suggest: bool, whole_quality: bool, quiet: bool) -> None:
    """Print it all, as JSON or for people. suggest: with what could be left out or merged, and the lines that do it."""
    if as_json:
        print_json(json_of(result))
        return
    tables = [] if quiet else tables_of(result.measurement, suggest=suggest)
    if result.tokens is not None:
        tables.append(tokens_table(result.tokens))
    if whole_quality:
        tables.append(quality_table(result.quality))
    show(tables)
    say([conclusion(result.measurement), quality_line(result.quality)])
    if suggest:
        say(_suggested(result.measurement))
    warn([] if quiet else [*result.measurement.warnings, *result.notes])


def json_of(result: Measured) -> Json:
    """The mix for scripts, with what could be left out or merged and what must be said."""
    measurement = result.measurement
    found = measure_json(measurement)
    found |= suggestions_json(suggest_exclusions(measurement), suggest_merges(measurement))
    found["reconciliation"] = reconciliation_json(measurement.reconciliation)
    if result.tokens is not None:
        found["tokens_per_request"] = tokens_json(result.tokens)
    found["quality"] = quality_json(result.quality)
    return found | {"warnings": [*measurement.warnings, *result.notes]}


def tables_of(measurement: Measurement, *, suggest: bool) -> list[Table]:
    """The mix for people, what was left out of it, the comparison with what was billed, and what could be left out."""
    tables = [measure_table(measurement), removals_table(measurement)]
    if measurement.reconciliation.rows:
        tables.append(reconciliation_table(measurement.reconciliation))
    if suggest:
        suggestions, merges = suggest_exclusions(measurement), suggest_merges(measurement)
        tables += [suggestions_table(suggestions), merges_table(merges, len(suggestions) + 1)]
    return tables


def conclusion(measurement: Measurement) -> str:
    """The mix in a line."""
    total = measurement.totals
    said = f"{count(total.requests)} requests, {usd(total.list_cost_usd)} at list"
    said = f"{said}, {server_tools_words(total)}." if total.has_server_tools else f"{said}."
    return " ".join([said, *reconciliation_words(measurement.reconciliation)])


def _suggested(measurement: Measurement) -> list[str]:
    """What the suggestions would do, and the lines for a plan file that do it."""
    suggestions = suggest_exclusions(measurement)
    lines = [baseline_sentence(measurement, suggestions)]
    if text := suggested_toml(suggestions, suggest_merges(measurement)):
        lines += ["", "For the plan file, if you agree:", "", text.rstrip()]
    return lines
