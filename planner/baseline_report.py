"""The baseline in tables, sentences and JSON: what was left out, what could be, and which types look like one."""

from collections.abc import Sequence

from planner.baseline.alike import Alike
from planner.baseline.level import daily_spend, level_usd_per_month, months_of
from planner.baseline.suggestions import SuggestedExclusion
from planner.baseline_edit import Baseline
from planner.machine import Json, measure_json
from planner.measurement import Measurement
from planner.plan_file.usage_text import exclusion_entry, exclusion_toml, rule_entry, rules_toml
from planner.tables import Table
from planner.words import count, percent, usd

_KINDS = {"spike": "spike", "one-off": "one-off type", "stopped": "type that stopped"}


def removals_table(measurement: Measurement) -> Table:
    """What each exclusion took out, in dollars, requests and as a share of everything in the window."""
    return Table(
        title="Left out of the baseline",
        columns=("what", "why", "list cost removed", "requests", "share of all"),
        rows=tuple(
            (
                str(removal.exclusion),
                removal.exclusion.reason,
                usd(removal.list_cost_usd),
                count(removal.requests),
                percent(removal.share_of_all),
            )
            for removal in measurement.removals
        ),
        numeric=frozenset({2, 3, 4}),
        note="Listed in the plan under [[usage.exclude]]; nothing is left out silently.",
    )


def months_table(measurement: Measurement) -> Table:
    """List cost by month as the log has it, what was left out, and what is kept."""
    complete = set(measurement.complete_months)
    return Table(
        title="Spend by month, raw and cleaned",
        columns=("month", "covered", "raw list cost", "left out", "kept"),
        rows=tuple(
            (
                str(row["month"]),
                "whole month" if row["month"] in complete else "part of it",
                *(usd(float(row[name])) for name in ("raw_usd", "removed_usd", "kept_usd")),
            )
            for row in months_of(measurement).to_dict("records")
        ),
        numeric=frozenset({2, 3, 4}),
        note="Only whole months count for the level.",
    )


def suggestions_table(suggestions: Sequence[SuggestedExclusion]) -> Table:
    """What could be left out, numbered from 1, the largest change of the level first."""
    return Table(
        title="Suggested to leave out; nothing is left out until you say so",
        columns=("no.", "what", "kind", "evidence", "list cost in the log", "level a month", "sure"),
        rows=tuple(
            (
                str(number),
                str(each.exclusion),
                _KINDS[each.kind],
                each.evidence,
                usd(each.list_cost_usd),
                usd(-each.level_usd_per_month),
                each.sure,
            )
            for number, each in enumerate(suggestions, start=1)
        ),
        numeric=frozenset({0, 4, 5}),
    )


def merges_table(merges: Sequence[Alike], first: int = 1) -> Table:
    """Types that look like one, numbered from `first`."""
    return Table(
        title="Request types that look like one; nothing is merged until you say so",
        columns=("no.", "would become", "list cost", "types", "list cost of those", "why"),
        rows=tuple(
            (
                str(number),
                each.into,
                usd(each.into_usd),
                _named(each),
                usd(each.list_cost_usd),
                each.why,
            )
            for number, each in enumerate(merges, start=first)
        ),
        numeric=frozenset({0, 2, 4}),
    )


def _named(each: Alike) -> str:
    names = ", ".join(name for name, _ in each.names)
    more = each.types - len(each.names)
    return f"{names} and {count(more)} more" if more else names


def suggested_toml(suggestions: Sequence[SuggestedExclusion], merges: Sequence[Alike]) -> str:
    """The tables of the plan file that would do what is suggested, each under its number and dollars."""
    parts = [
        f"# {number}: {_one_line(each.evidence)}; {usd(each.level_usd_per_month)} a month of the level\n"
        f"{exclusion_toml(each.exclusion)}"
        for number, each in enumerate(suggestions, start=1)
    ]
    parts += [
        f"# {number}: {each.why}; {usd(each.list_cost_usd)} joins {usd(each.into_usd)}\n{rules_toml(each.rules)}"
        for number, each in enumerate(merges, start=len(suggestions) + 1)
    ]
    return "\n".join(parts)


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def level_sentence(before: Measurement, after: Measurement) -> str:
    """The level a month at list before and after."""
    old, new = level_usd_per_month(before), level_usd_per_month(after)
    change = percent((new - old) / old) if old else "n/a"
    return f"Level at list: {usd(old)} a month before, {usd(new)} after ({usd(new - old)}, {change})."


def baseline_sentence(measurement: Measurement, suggestions: Sequence[SuggestedExclusion]) -> str:
    """The level, what is left out of it, and what could be."""
    removed = sum(removal.list_cost_usd for removal in measurement.removals)
    level = level_usd_per_month(measurement)
    could = sum(each.level_usd_per_month for each in suggestions)
    n = f"{len(suggestions)} suggestion{'s' if len(suggestions) > 1 else ''}"
    suggested = f" {n} would take {usd(could)} a month out of it." if suggestions else " Nothing more is suggested."
    return f"Level at list: {usd(level)} a month, with {usd(removed)} of the log left out.{suggested}"


def suggestions_json(suggestions: Sequence[SuggestedExclusion], merges: Sequence[Alike]) -> Json:
    """suggested_exclusions and suggested_merges, each with its dollars and what to write into the plan."""
    return {
        "suggested_exclusions": [
            {
                "kind": each.kind,
                "exclude": {key: str(value) for key, value in exclusion_entry(each.exclusion).items()},
                "evidence": each.evidence,
                "list_cost_usd": each.list_cost_usd,
                "requests": each.requests,
                "level_usd_per_month": each.level_usd_per_month,
                "sure": each.sure,
            }
            for each in suggestions
        ],
        "suggested_merges": [
            {
                "into": each.into,
                "into_usd": each.into_usd,
                "types": each.types,
                "names": [{"request_type": name, "list_cost_usd": value} for name, value in each.names],
                "list_cost_usd": each.list_cost_usd,
                "why": each.why,
                "rules": [dict(rule_entry(rule)) for rule in each.rules],
            }
            for each in merges
        ],
    }


def baseline_tables(found: Baseline) -> list[Table]:
    """Months, what is left out, and what is suggested."""
    return [
        months_table(found.measurement),
        removals_table(found.measurement),
        suggestions_table(found.exclusions),
        merges_table(found.merges, len(found.exclusions) + 1),
    ]


def baseline_lines(found: Baseline, after: Baseline | None, *, quiet: bool) -> list[str]:
    """The level, before and after where suggestions were accepted; else the lines for a plan file."""
    if after is not None:
        return [level_sentence(found.measurement, after.measurement)]
    said = [baseline_sentence(found.measurement, found.exclusions)]
    text = suggested_toml(found.exclusions, found.merges)
    if text and not quiet:
        said += ["", *text.splitlines(), "", "`--accept N` writes a suggestion into the plan."]
    return said


def baseline_json(found: Baseline, after: Baseline | None) -> Json:
    """The level before and, where suggestions were accepted, after; what is left out, and what is suggested now."""
    now = after or found
    days = daily_spend(now.measurement)
    return {
        "level_usd_per_month": level_usd_per_month(found.measurement),
        "level_usd_per_month_after": None if after is None else level_usd_per_month(after.measurement),
        "excluded": measure_json(now.measurement)["excluded"],
        "months": months_of(now.measurement).to_dict("records"),
        "days": [
            {"day": f"{row['day']:%Y-%m-%d}", "raw_usd": row["raw_usd"], "kept_usd": row["kept_usd"]}
            for row in days.to_dict("records")
        ],
        **suggestions_json(now.exclusions, now.merges),
    }
