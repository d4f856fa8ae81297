"""A backtest in words, tables and JSON: how often the bands held, and what each way of sizing would have cost."""

from dataclasses import asdict
from typing import Any, Final

from planner.backtest.judge import BANDS, LEVELS, Backtest, Fold, HeldOut
from planner.backtest.rules import PERFECT_FORESIGHT, RECOMMENDED, RuleCost
from planner.tables import Table
from planner.words import count, percent, usd, usd_rounded_down, usd_short

_RULE_NAMES: Final = {
    RECOMMENDED: "recommended",
    "last_month": "last {period} as it was",
    "mean": "mean {period}",
    "p50": "median {period}",
    "minimum_month": "smallest {period}",
    "utilization_85": "85% utilization",
    PERFECT_FORESIGHT: "perfect foresight",
}

BY_LUCK: Final = 0.05
"""Below this probability under right bands, a count is said to speak against them."""


def rule_name(rule: str, backtest: Backtest) -> str:
    """A rule in words, with the period that the history is cut into."""
    return _RULE_NAMES[rule].format(period=backtest.period)


def headline(backtest: Backtest) -> tuple[str, ...]:
    """The conclusion: how often the bands held, whether they fit, which way the forecast erred, the sizing's worth."""
    if not backtest.folds:
        return ("Nothing can be tested on this history: " + " ".join(backtest.warnings[:1]),)
    said = coverage_sentence(backtest), bands_sentence(backtest), bias_sentence(backtest), sizing_sentence(backtest)
    return tuple(sentence for sentence in said if sentence)


def coverage_sentence(backtest: Backtest) -> str:
    """78% of held-out months fell inside the 80% band (7 of 9) ..."""
    n, wide, narrow = backtest.held_out, backtest.n_inside(0.8), backtest.n_inside(0.5)
    said = (
        f"{percent(wide / n, 0)} of held-out {backtest.period}s fell inside the 80% band ({wide} of {n}), "
        f"{percent(narrow / n, 0)} inside the 50% band ({narrow} of {n})"
    )
    if len(backtest.folds) > 1:
        said += f": forecasts of the last {len(backtest.folds)} {backtest.period}s, each from one or more earlier dates"
    return said + "."


def bands_sentence(backtest: Backtest) -> str:
    """Whether the bands were too narrow or wider than needed, and how far luck explains that; empty where neither.

    Too narrow: so few inside the 80% band that bands that fit would do as badly in less than 5% of such tests. Wider
    than needed: so many inside the 50% band, or all inside the 80% band, which few folds do by luck and is said so.
    """
    wide = "The bands were wider than this log needed."
    if backtest.chance_of_so_few(0.8) < BY_LUCK:
        return f"The bands were too narrow. {_by_luck('few', 0.8, backtest.chance_of_so_few(0.8), backtest)}"
    if backtest.chance_of_so_many(0.5) < BY_LUCK:
        return f"{wide} {_by_luck('many', 0.5, backtest.chance_of_so_many(0.5), backtest)}"
    if backtest.n_inside(0.8) == backtest.held_out:
        luck = _by_luck("many", 0.8, backtest.chance_of_so_many(0.8), backtest)
        return f"{wide} That is no proof of bands too wide in general. {luck}"
    return ""


def _by_luck(how: str, nominal: float, chance: float, backtest: Backtest) -> str:
    """How often bands that fit would hold so few or so many, and what that figure rests on."""
    often = percent(chance, 0 if chance >= 0.1 else 1) if chance >= 0.001 else "less than 0.1%"
    n = len(backtest.folds)
    counted = f"{n} folds, each counted as one forecast; folds overlap, so it may be more" if n > 1 else "one fold"
    return f"Bands that fit would hold so {how} inside the {percent(nominal, 0)} band in {often} of tests of {counted}."


def bias_sentence(backtest: Backtest) -> str:
    """Whether forecasts were too high or too low, and how far off they were."""
    bias, loss = backtest.bias_fraction, backtest.pinball_loss
    if bias is None or loss is None:
        return "The held-out periods had no spend: neither bias nor loss has a meaning."
    which = "too high" if bias > 0 else "too low"
    return f"Forecasts were {percent(abs(bias))} {which} on average; their pinball loss is {percent(loss)} of spend."


def sizing_sentence(backtest: Backtest) -> str:
    """What our commitments would have cost against the best and the worst of the rules, and perfect foresight."""
    costs = {cost.rule: cost for cost in backtest.sizing}
    ours, least = costs.pop(RECOMMENDED), costs.pop(PERFECT_FORESIGHT)
    best = min(costs.values(), key=lambda cost: cost.realised_cost_usd)
    worst = max(costs.values(), key=lambda cost: cost.realised_cost_usd)
    listed = backtest.on_demand_cost_usd
    return (
        f"Lived on what then came, the recommended commitments would have cost {usd(ours.realised_cost_usd)} over "
        f"{len(backtest.folds)} folds ({_against(ours, listed)} on-demand list); the rules buyers use, from "
        f"{usd(best.realised_cost_usd)} ({rule_name(best.rule, backtest)}) to {usd(worst.realised_cost_usd)} "
        f"({rule_name(worst.rule, backtest)}); perfect foresight, {usd(least.realised_cost_usd)}."
    )


def _against(cost: RuleCost, listed_usd: float) -> str:
    saved = 1.0 - cost.realised_cost_usd / listed_usd if listed_usd > 0 else 0.0
    return f"{percent(abs(saved))} {'below' if saved >= 0 else 'above'}"


def coverage_table(backtest: Backtest) -> Table:
    """Nominal against realised coverage."""
    n = backtest.held_out
    rows = [
        (percent(nominal, 0), percent(backtest.n_inside(nominal) / n), f"{backtest.n_inside(nominal)} of {n}")
        for nominal in (BANDS if n else ())
    ]
    return Table(
        title=f"How often held-out {backtest.period or 'period'}s fell inside the forecast's band",
        columns=("band", "inside", "count"),
        rows=tuple(rows),
        numeric=frozenset({0, 1, 2}),
        note="Forecasts from different dates see the same months and err together: the count says more than it proves.",
    )


def sizing_table(backtest: Backtest) -> Table:
    """What every rule's commitments cost when lived, against perfect foresight."""
    least = backtest.sizing[-1].realised_cost_usd if backtest.folds else 0.0
    listed = backtest.on_demand_cost_usd
    rows = [
        (
            rule_name(cost.rule, backtest),
            usd(cost.realised_cost_usd),
            usd(cost.realised_cost_usd - least),
            percent(1.0 - cost.realised_cost_usd / listed if listed > 0 else None),
            usd(cost.realised_shortfall_usd),
            usd(cost.realised_overage_usd),
            f"{cost.folds_short} of {cost.folds}",
        )
        for cost in backtest.sizing
    ]
    return Table(
        title="Commitments lived: cost over all folds, by the rule that chose them",
        columns=("rule", "cost", "above perfect foresight", "saved of list", "shortfall", "overage", "folds short"),
        rows=tuple(rows),
        numeric=frozenset(range(1, 7)),
        note=f"On demand, the same use costs {usd(listed)}. Each fold owes its part of a year's commitment.",
    )


def folds_table(backtest: Backtest) -> Table:
    """One row per fold: what was hidden, forecast and came, and what was committed and paid."""
    return Table(
        title="Folds: forecast and sizing from what was known, against what came",
        columns=(
            "hidden",
            "learnt from",
            "forecast mean",
            "actual",
            "inside 80%",
            "commitment a year",
            "cost",
            "least",
        ),
        rows=tuple(_fold_row(fold, str(backtest.period)) for fold in backtest.folds),
        numeric=frozenset(range(2, 8)),
        note="Forecast and actual: list spend of the hidden periods together, at the prices of one day.",
    )


def _fold_row(fold: Fold, period: str) -> tuple[str, ...]:
    ours, least = fold.sizing[0], fold.sizing[-1]
    inside = sum(one.is_inside(0.8) for one in fold.held_out)
    return (
        f"{count(fold.hidden)} {period}{'s' if fold.hidden > 1 else ''} from {fold.held_out[0].label}",
        f"{count(fold.trained_on)} {period}s",
        usd_short(sum(one.mean_usd for one in fold.held_out)),
        usd_short(fold.on_demand_cost_usd),
        f"{inside} of {fold.hidden}",
        usd_rounded_down(ours.commit_usd_per_year) if ours.commit_usd_per_year else "none",
        usd(ours.realised_cost_usd),
        usd(least.realised_cost_usd),
    )


def tables(backtest: Backtest) -> tuple[Table, ...]:
    """Everything to show after the headline; nothing where nothing could be tested."""
    if not backtest.folds:
        return ()
    return coverage_table(backtest), sizing_table(backtest), folds_table(backtest)


def backtest_json(backtest: Backtest) -> dict[str, Any]:
    """Everything that `planner backtest --json` prints. Keys are added freely and never renamed.

    coverage, bias_fraction, pinball_loss and sizing are null where the history is too short to hide any of it.
    """
    coverage = backtest.coverage
    return {
        "held_out": backtest.held_out,
        "coverage": None if coverage is None else {f"{nominal:g}": share for nominal, share in coverage.items()},
        "bias_fraction": backtest.bias_fraction,
        "pinball_loss": backtest.pinball_loss,
        "sizing": [_rule_json(cost) for cost in backtest.sizing] if backtest.folds else None,
        "folds": [_fold_json(fold) for fold in backtest.folds],
        "warnings": list(backtest.warnings),
        "period": backtest.period,
        "held_out_periods": len(backtest.folds),
        "pit_histogram": backtest.pit_histogram.tolist() if backtest.folds else None,
        "on_demand_cost_usd": backtest.on_demand_cost_usd if backtest.folds else None,
        "history": [
            {"label": label, "starts": starts.isoformat(), "spend_usd": spend}
            for label, starts, spend in zip(backtest.labels, backtest.starts, backtest.spend_usd, strict=True)
        ],
    }


def _rule_json(cost: RuleCost) -> dict[str, Any]:
    """A rule's figures; a sum over folds has no one commitment behind it."""
    return {key: value for key, value in asdict(cost).items() if value is not None}


def _fold_json(fold: Fold) -> dict[str, Any]:
    return {
        "hidden": fold.hidden,
        "trained_on": fold.trained_on,
        "year_fraction": fold.year_fraction,
        "on_demand_cost_usd": fold.on_demand_cost_usd,
        "held_out": [_held_out_json(one) for one in fold.held_out],
        "sizing": [_rule_json(cost) for cost in fold.sizing],
    }


def _held_out_json(one: HeldOut) -> dict[str, Any]:
    quantiles = {f"p{level * 100:.0f}_usd": usd for level, usd in zip(LEVELS, one.quantiles_usd, strict=True)}
    return {
        "label": one.label,
        "starts": one.starts.isoformat(),
        "ahead": one.ahead,
        "actual_usd": one.actual_usd,
        "mean_usd": one.mean_usd,
        **quantiles,
        "pit": one.pit,
    }
