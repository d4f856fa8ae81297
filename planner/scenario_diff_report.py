"""What differs between two scenarios, in tables, sentences and JSON; b less a everywhere."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from math import isfinite
from typing import Any, Final

from planner.key_words import key_words, value_words
from planner.offer import Offer
from planner.plan_file.key_diff import KeyChange
from planner.report import offer_name
from planner.risk import Estimate
from planner.scenario_diff import FigureDiff, Regret, ScenarioDiff, Side
from planner.tables import Table
from planner.words import counted, percent, percent_estimate, points, rounded_down, usd_commitment, usd_estimate

_NAMES: Final = {
    "annual_list_cost": "list spend, first year",
    "run_rate_per_month": "run rate, last month of the term",
    "annual_saving": "saved against the baseline, first year",
    "commitment_per_year": "commitment a year",
    "discount": "discount",
    "expected_cost": "expected cost",
    "below_list": "below list",
    "shortfall_probability": "shortfall risk",
    "expected_shortfall": "expected shortfall",
}
_OVER_THE_TERM: Final = ("expected_cost", "below_list", "expected_shortfall")
_SAME: Final = "same"
_NONE: Final = "none"
_LONGEST_CELL: Final = 190
_LEAST_SHARE: Final = 0.0005
"""Shares and differences of shares are told to a tenth of a percent."""


def side_words(side: Side, other: Side) -> str:
    """What a side is called beside the other: its scenario, with its plan's name where that is another plan."""
    if side.plan.inputs.text == other.plan.inputs.text:
        return side.scenario
    names = [each.plan.inputs.name for each in (side, other)]
    return f"{names[0]}: {side.scenario}" if names[0] != names[1] else side.scenario


def diff_tables(found: ScenarioDiff, names: tuple[str, str], *, with_keys: bool = False) -> list[Table]:
    """All tables, in reading order. names: of a and b. with_keys: keys as the plan file has them, for who edits it."""
    return [
        *([] if not found.levers else [levers_table(found, names, with_keys=with_keys)]),
        inputs_table(found, names, with_keys=with_keys),
        outputs_table(found, names),
        decision_table(found, names),
    ]


def inputs_table(found: ScenarioDiff, names: tuple[str, str], *, with_keys: bool = False) -> Table:
    """Every key of the plan files that differs; no rows where the two are of one plan."""
    return _keys_table("What is put in: keys that differ", found.inputs, names, with_keys=with_keys)


def levers_table(found: ScenarioDiff, names: tuple[str, str], *, with_keys: bool = False) -> Table:
    """Every key of the levers of two scenarios that differs."""
    return _keys_table("What is put in: levers that differ", found.levers, names, with_keys=with_keys)


def _keys_table(title: str, changes: Sequence[KeyChange], names: tuple[str, str], *, with_keys: bool) -> Table:
    rows: list[tuple[str, ...]] = []
    for whole, run in groupby(changes, key=lambda change: change.whole):
        group = tuple(run)
        if whole:
            rows += _rows_of(whole, group, with_keys=with_keys)
        else:
            rows += [_row_of(change, with_keys=with_keys) for change in group]
    a, b = _distinct(names)
    return Table(
        title=title,
        columns=("key" if with_keys else "what", a, b),
        rows=tuple(rows),
        note=f"~ in both, changed; + in '{b}' alone; - in '{a}' alone.",
    )


def _named(path: Sequence[str], *, with_keys: bool) -> str:
    return ".".join(path) if with_keys or not path else key_words(path)


def _row_of(change: KeyChange, *, with_keys: bool) -> tuple[str, ...]:
    name = _named(change.path, with_keys=with_keys)
    return (f"{_mark(change)} {name}", value_words(change, change.a), value_words(change, change.b))


def _rows_of(whole: Sequence[str], group: Sequence[KeyChange], *, with_keys: bool) -> list[tuple[str, ...]]:
    """An entry that one side lacks, in as few rows as a cell has room for."""
    named = _named(whole, with_keys=with_keys)
    is_added = group[0].a.standing == "not there"
    cells: list[str] = []
    for change in group:
        value = value_words(change, change.b if is_added else change.a)
        rest = change.path[len(change.whole) :]
        words = f"{key_words(rest)}: {value}" if rest else value
        if cells and len(cells[-1]) + len(words) < _LONGEST_CELL:
            cells[-1] += f"; {words}"
        else:
            cells.append(words)
    pairs = [(_NONE, cell) if is_added else (cell, _NONE) for cell in cells]
    head = f"{_mark(group[0])} {named}"
    return [(head if index == 0 else f"{head}, and", *pair) for index, pair in enumerate(pairs)]


def _mark(change: KeyChange) -> str:
    """Whether b adds a key, lacks it, or has another value."""
    if change.a.standing == "not there":
        return "+"
    return "-" if change.b.standing == "not there" else "~"


def outputs_table(found: ScenarioDiff, names: tuple[str, str]) -> Table:
    """Spend at list and what is saved, of both sides, and b less a with the error of the difference."""
    return _figures_table("What comes out, before any discount", found, found.outputs, names, note=_paths_note(found))


def decision_table(found: ScenarioDiff, names: tuple[str, str]) -> Table:
    """What each side would sign and what that comes to, and b less a with the error of the difference."""
    note = "Each side signs for its own scenario alone, by its plan's objective and limit on the shortfall risk."
    return _figures_table("What each would sign", found, found.decision, names, note=note)


def _figures_table(
    title: str, found: ScenarioDiff, figures: Sequence[FigureDiff], names: tuple[str, str], *, note: str
) -> Table:
    rows = [
        (figure_name(figure, found), _value(figure, figure.a), _value(figure, figure.b), change_words(figure))
        for figure in figures
    ]
    columns = ("", *_distinct(names), "difference")
    return Table(title=title, columns=columns, rows=tuple(rows), numeric=frozenset({1, 2, 3}), note=note)


def figure_name(figure: FigureDiff, found: ScenarioDiff) -> str:
    """What a figure is called."""
    name = _NAMES[figure.name]
    if figure.name not in _OVER_THE_TERM:
        return name
    return f"{name}, a year of the term" if found.is_per_year else f"{name} over the term"


def _distinct(names: tuple[str, str]) -> tuple[str, str]:
    return names if names[0] != names[1] else (f"{names[0]} (a)", f"{names[1]} (b)")


def _value(figure: FigureDiff, value: Estimate) -> str:
    if figure.unit == "fraction":
        return percent(value.mean)
    if figure.unit == "probability":
        return percent_estimate(value)
    return usd_commitment(value.mean) if figure.name == "commitment_per_year" else usd_estimate(value)


def change_words(figure: FigureDiff) -> str:
    """b less a with its sign and error, and as a share of a; shares in points."""
    change = figure.difference
    if figure.is_same:
        return _SAME
    if figure.unit != "usd":
        return _points_words(change)
    if figure.name == "commitment_per_year":  # of what is shown: commitments are shown to four digits
        change = Estimate(mean=rounded_down(figure.b.mean) - rounded_down(figure.a.mean), se=0.0)
    signed = usd_estimate(change)
    if change.mean > 0 and not signed.startswith("$0"):
        signed = f"+{signed}"
    share = change.mean / figure.a.mean if figure.a.mean else None
    if share is None or abs(share) < _LEAST_SHARE:
        return signed
    return f"{signed} ({'+' if share > 0 else ''}{percent(share)})"


def _points_words(change: Estimate) -> str:
    error = change.se if isfinite(change.se) else 0.0
    if max(abs(change.mean), error) < _LEAST_SHARE:
        return "under 0.1 points"
    return f"{points(change.mean)}{f' ± {error * 100:.1f}' if error else ''} points"


def _paths_note(found: ScenarioDiff) -> str:
    if found.has_common_paths:
        return "Both on the same demand and price paths: the error of a difference is that of the difference itself."
    return (
        "The two plans have other seeds or numbers of paths, so their difference holds the luck of both, and its error "
        "says how much. Give both the same seed and paths to compare like with like."
    )


def diff_sentences(found: ScenarioDiff, names: tuple[str, str]) -> tuple[str, ...]:
    """The conclusion: what differs, what it does to spend and to the commitment, and what a wrong guess costs."""
    a, b = _distinct(names)
    if found.is_empty:
        return (f"Nothing differs between '{a}' and '{b}'.",)
    return (
        f"From '{a}' to '{b}', {_keys_words(found)}; {_spend_words(found)}.",
        _signing_words(found, names),
        f"{_regret_words(found.a_in_b, a, b)} {_regret_words(found.b_in_a, b, a)}",
    )


def _keys_words(found: ScenarioDiff) -> str:
    """How many keys differ: of the levers of the two scenarios, and of the plan files."""
    levers, keys = counted(len(found.levers), "lever key"), counted(len(found.inputs), "key")
    if found.levers and found.inputs:
        return f"{levers} and {keys} of the plan files differ"
    differing = len(found.levers) or len(found.inputs)
    return f"{levers if found.levers else keys} {'differs' if differing == 1 else 'differ'}"


def _spend_words(found: ScenarioDiff) -> str:
    annual = found.output("annual_list_cost")
    if annual.is_same:
        return "list spend of the first year is the same"
    size = Estimate(mean=abs(annual.difference.mean), se=annual.difference.se)
    share = f" ({percent(size.mean / annual.a.mean)})" if annual.a.mean else ""
    return f"list spend of the first year is {usd_estimate(size)}{share} {_way(annual)}"


def _way(figure: FigureDiff) -> str:
    return "lower" if figure.difference.mean < 0 else "higher"


def _signing_words(found: ScenarioDiff, names: tuple[str, str]) -> str:
    offers, cost = found.offers, found.output("expected_cost")
    both = [offer_name(offer) for offer in offers]
    a, b = _distinct(names)
    each = f"'{a}' would sign {both[0]}, '{b}' {both[1]}"
    signed = f"Both would sign {both[0]}" if both[0] == both[1] else each
    if cost.is_same:
        return f"{signed}; the expected cost is the same."
    size = Estimate(mean=abs(cost.difference.mean), se=cost.difference.se)
    term = "a year of the term" if found.is_per_year else "over the term"
    way = "less" if cost.difference.mean < 0 else "more"
    return f"{signed}; '{b}' is expected to cost {usd_estimate(size)} {way} {term}."


def _regret_words(regret: Regret, signed: str, lived: str) -> str:
    risk = f"shortfall risk {percent_estimate(regret.shortfall_probability)}"
    head = f"Signed for '{signed}', and '{lived}' comes true:"
    cost = regret.cost
    if abs(cost.mean) < 0.5:
        return f"{head} it costs what its own answer costs ({risk})."
    size = Estimate(mean=abs(cost.mean), se=cost.se)
    if size.mean < 2 * cost.se:
        return f"{head} what its own answer costs, as far as the paths tell ({usd_estimate(cost)}; {risk})."
    if cost.mean > 0:
        return f"{head} {usd_estimate(size)} more than its own answer ({risk})."
    return f"{head} {usd_estimate(size)} less than its own answer, which keeps to the plan's limit ({risk})."


def diff_json(found: ScenarioDiff, sides: tuple[Side, Side]) -> dict[str, Any]:
    """For scripts: both sides, every key and figure, full numbers."""
    return {
        "a": _side_json(sides[0]),
        "b": _side_json(sides[1]),
        "is_empty": found.is_empty,
        "inputs": [_key_json(change) for change in found.inputs],
        "levers": [_key_json(change) for change in found.levers],
        "outputs": {figure.name: _figure_json(figure) for figure in found.outputs},
        "decision": {figure.name: _figure_json(figure) for figure in found.decision},
        "offers": {"a": _offer_json(found.offers[0]), "b": _offer_json(found.offers[1])},
        "a_signed_b_lived": _regret_json(found.a_in_b),
        "b_signed_a_lived": _regret_json(found.b_in_a),
        "has_common_paths": found.has_common_paths,
        "is_per_year": found.is_per_year,
    }


def _side_json(side: Side) -> dict[str, Any]:
    inputs = side.plan.inputs
    return {
        "plan": inputs.name,
        "scenario": side.scenario,
        "is_decided": side.is_decided,
        "sha256": inputs.sha256,
        "seed": inputs.seed,
        "paths": side.plan.n_paths,
    }


def _key_json(change: KeyChange) -> dict[str, Any]:
    sides = {name: _plain(side.value) for name, side in (("a", change.a), ("b", change.b))}
    return {"key": change.key, **sides, "a_is": change.a.standing, "b_is": change.b.standing}


def _plain(value: Any) -> Any:
    """A value of a plan file as JSON has it: days as text."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value if value is None or isinstance(value, bool | int | float | str) else value.isoformat()


def _figure_json(figure: FigureDiff) -> dict[str, Any]:
    return {"unit": figure.unit} | {
        name: _estimate_json(value)
        for name, value in (("a", figure.a), ("b", figure.b), ("difference", figure.difference))
    }


def _estimate_json(value: Estimate) -> dict[str, Any]:
    return {"mean": value.mean, "se": value.se if isfinite(value.se) else None}


def _offer_json(offer: Offer) -> dict[str, Any]:
    return asdict(offer)


def _regret_json(regret: Regret) -> dict[str, Any]:
    return {
        "offer": _offer_json(regret.offer),
        "cost_usd": _estimate_json(regret.cost),
        "shortfall_probability": _estimate_json(regret.shortfall_probability),
    }


def diff_rows(found: ScenarioDiff) -> list[dict[str, Any]]:
    """Figures of both sides for a CSV, full numbers."""
    return [
        {
            "figure": figure.name,
            "unit": figure.unit,
            "a": figure.a.mean,
            "a_se": figure.a.se,
            "b": figure.b.mean,
            "b_se": figure.b.se,
            "difference": figure.difference.mean,
            "difference_se": figure.difference.se,
        }
        for figure in (*found.outputs, *found.decision)
    ]
