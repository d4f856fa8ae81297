"""Run rate, calibration, backtest and drivers against the definitions, from outside: the command line's JSON on plans
and logs made here, each beside a slow oracle of its own that shares no code with the product."""

import csv
import datetime as dt
import json
import math
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from planner.cli import main

OPUS = "claude-opus-5-5"
DAY = dt.timedelta(days=1)
MONTH = 365.25 / 12
RULES = ("last_month", "mean", "p50", "minimum_month", "utilization_85")
STILL = {
    "level_sd": 0,
    "growth_per_year": 0,
    "monthly_volatility": 0,
    "monthly_noise": 0,
    "leave_probability_per_quarter": 0,
    "token_drift_per_year": 0,
}
NO_MOVES = {"falls_per_year": 0, "rises_per_year": 0}
BANDS = ((250_000, 0.08), (600_000, 0.15), (900_000, 0.20))

# ---------------------------------------------------------------------------------------------------- plans and logs


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + i * DAY for i in range((last - first).days + 1)]


def write_log(path: Path, use: dict[str, Iterable[tuple[dt.date, int]]], *, tokens: int = 250_000, model=OPUS) -> None:
    """Daily rows. At the test's price of 4 dollars a million tokens, one request of 250,000 tokens is one dollar."""
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["timestamp", "request_type", "model", "requests", "uncached_input_tokens", "output_tokens"])
        for name, rows in use.items():
            for day, n in rows:
                out.writerow([f"{day}T00:00:00Z", name, model, n, n * tokens, 0])


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value)


def table(name: str, keys: dict[str, Any]) -> str:
    return f"{name}\n" + "".join(f"{k} = {toml(v)}\n" for k, v in keys.items()) + "\n"


def plan_text(
    *,
    start=dt.date(2027, 1, 1),
    on=dt.date(2026, 11, 23),
    paths=1024,
    seed=1,
    log: str | None = None,
    window: dict[str, dt.date] | None = None,
    mix: Iterable[dict[str, Any]] = (),
    demand: dict[str, Any] | None = None,
    cuts: dict[str, Any] | None = None,
    contract: dict[str, Any] | None = None,
    bands: Iterable[tuple[float, float]] = BANDS,
    extra: str = "",
    decision: dict[str, Any] | None = None,
) -> str:
    text = table("[plan]", {"start": start, "paths": paths, "seed": seed})
    if log:
        usage: dict[str, Any] = {"sources": [log]}
        if window:
            usage["window"] = window
        text += table("[usage]", usage)
    for entry in mix:
        text += table("[[mix]]", {"model": OPUS, "output_tokens": 0, **entry})
    text += table("[prices]", {"on": on})
    text += table("[[prices.override]]", {"model": OPUS, "input_usd_per_mtok": 4.0, "source": "test"})
    if cuts is not None:
        text += table("[prices.cuts]", cuts)
    if demand is not None:
        text += table("[demand]", demand)
    text += extra
    text += table("[contract]", contract or {})
    for threshold, discount in bands:
        text += table("[[contract.band]]", {"min_commit_usd_per_year": threshold, "discount_fraction": discount})
    if decision:
        text += table("[decision]", decision)
    return text


class Shell:
    """The command line in this process: exit code, what it said, and its JSON."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._monkeypatch, self._capsys = folder, monkeypatch, capsys

    def run(self, *arguments: str | Path) -> tuple[int, str, str]:
        self._monkeypatch.setattr("sys.argv", ["planner", *map(str, arguments)])
        self._capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, command: str, text: str | Path, *arguments: str) -> Any:
        path = text if isinstance(text, Path) else self.folder / "plan.toml"
        if not isinstance(text, Path):
            path.write_text(text)
        code, out, err = self.run(command, path, "--json", *arguments)
        assert code == 0, err
        return json.loads(out)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.setenv("PLANNER_TRACEBACK", "1")
    return Shell(tmp_path, monkeypatch, capsys)


def months_of(plan: Any, scenario: str | None = None, figure: str = "mean") -> np.ndarray:
    scenarios = plan["scenarios"]
    chosen = scenarios[scenario] if scenario else next(iter(scenarios.values()))
    return np.array(chosen["monthly_list_cost_usd"][figure])


# ------------------------------------------------------------------------------------------------- (1) backtest oracle


def discount_at(bands, commit: float) -> float:
    return max(((t, d) for t, d in bands if commit >= t), default=(0.0, 0.0))[1]


def settle(spend, commit, discount, *, drawdown="contracted", overage: Any = "list", eligible=1.0):
    """Cost, shortfall and overage of one period: method.md section 7 and 12.9, spelled out."""
    if commit <= 0:
        return spend, 0.0, spend
    inside = eligible * spend
    e = {"list": 0.0, "committed": discount}.get(overage, overage)
    q = commit if drawdown == "list" else commit / (1 - discount)
    owed = (1 - discount) * q
    return (
        owed + (1 - e) * max(0.0, inside - q) + (1 - eligible) * spend,
        max(0.0, owed - (1 - discount) * inside),
        (1 - e) * max(0.0, inside - q),
    )


def utilization_85(spend: list[float]) -> float:
    def over(m: float) -> float:
        return sum(min(x, m) for x in spend) - 0.85 * len(spend) * m

    top = sum(spend) / (0.85 * len(spend))
    return float(optimize.brentq(over, min(spend) * 0.9, top * 1.01, xtol=1e-9))


def rule_level(rule: str, spend: list[float]) -> float:
    return {
        "last_month": lambda: spend[-1],
        "mean": lambda: sum(spend) / len(spend),
        "p50": lambda: float(np.median(spend)),
        "minimum_month": lambda: min(spend),
        "utilization_85": lambda: utilization_85(spend),
    }[rule]()


def rule_commit(annual: float, bands, drawdown: str) -> tuple[float, float]:
    """(1 - d(C)) m a year's worth: the C that is consistent with its own band. In a gap below a threshold there is
    none, and the commitment stays just below the threshold. In list dollars a commitment of m is m itself."""
    for discount in (0.0, *(d for _, d in bands)):
        commit = annual if drawdown == "list" else (1 - discount) * annual
        if discount_at(bands, commit) == discount:
            return commit, discount
    threshold = max(t for t, d in bands if t <= annual * (1 - discount_at(bands, np.nextafter(t, 0))))
    return threshold, discount_at(bands, np.nextafter(threshold, 0))


def best_in_hindsight(spend, bands, fraction, **terms) -> float:
    """The cheapest of all commitments for one known list spend: none, each threshold, full use of each band."""
    costs = [spend]
    eligible = terms.get("eligible", 1.0)
    for i, (threshold, d) in enumerate([(0.0, 0.0), *bands]):
        ceiling = [t for t, _ in bands][i] if i < len(bands) else math.inf
        full = eligible * spend / fraction * (1.0 if terms.get("drawdown") == "list" else 1 - d)
        for commit in {threshold, min(max(full, threshold), np.nextafter(ceiling, 0))}:
            if commit > 0:
                costs.append(settle(spend, commit * fraction, d, **terms)[0])
    return min(costs)


def month_use(rng, first=dt.date(2025, 12, 10), last=dt.date(2026, 10, 20), *, scale=1500.0):
    walk = 0.0
    for day in days(first, last):
        if day.day == 1:
            walk += rng.normal(0, 0.15)
        yield day, max(1, int(scale * math.exp(walk + rng.normal(0, 0.2))))


def complete_months(use) -> dict[str, float]:
    by_month: dict[str, float] = {}
    seen: dict[str, int] = {}
    for day, dollars in use:
        key = f"{day:%Y-%m}"
        by_month[key] = by_month.get(key, 0) + dollars
        seen[key] = seen.get(key, 0) + 1
    length = {
        k: ((dt.date.fromisoformat(k + "-01") + 31 * DAY).replace(day=1) - dt.date.fromisoformat(k + "-01")).days
        for k in seen
    }
    return {k: v for k, v in by_month.items() if seen[k] == length[k]}


TERMS = [
    {},
    {"drawdown": "list"},
    {"overage": "committed"},
    {"overage": 0.05},
    {"drawdown": "list", "overage": "committed"},
]


def check_sizing(result, spend, fraction_of, bands, terms):
    totals: dict[str, np.ndarray] = {}
    for fold in result["folds"]:
        h = fold["hidden"]
        training, actual = spend[:-h], sum(spend[-h:])
        fraction = h * fraction_of
        assert fold["on_demand_cost_usd"] == pytest.approx(actual, abs=0.01)
        for entry in fold["sizing"]:
            rule = entry["rule"]
            commit, discount = entry["commit_usd_per_year"], entry["discount_fraction"]
            if rule in RULES:
                want, want_discount = rule_commit(
                    rule_level(rule, training) / fraction_of, bands, terms.get("drawdown", "contracted")
                )
                assert commit == pytest.approx(want, rel=1e-7, abs=0.02), (h, rule)
                assert discount == pytest.approx(want_discount, abs=1e-12), (h, rule)
            cost, shortfall, _ = settle(actual, commit * fraction, discount, **terms)
            assert entry["realised_cost_usd"] == pytest.approx(cost, abs=0.01), (h, rule)
            assert entry["realised_shortfall_usd"] == pytest.approx(shortfall, abs=0.01), (h, rule)
            if rule == "perfect_foresight":
                assert cost == pytest.approx(best_in_hindsight(actual, bands, fraction, **terms), abs=0.02), h
            totals.setdefault(rule, np.zeros(2))
            totals[rule] += [cost, shortfall]
    assert [f["hidden"] for f in result["folds"]] == list(range(1, len(result["folds"]) + 1))
    summary = {s["rule"]: s for s in result["sizing"]}
    assert set(summary) == {"recommended", "perfect_foresight", *RULES}
    for rule, (cost, shortfall) in totals.items():
        assert summary[rule]["realised_cost_usd"] == pytest.approx(cost, abs=0.05)
        assert summary[rule]["realised_shortfall_usd"] == pytest.approx(shortfall, abs=0.05)
        assert summary["perfect_foresight"]["realised_cost_usd"] <= cost + 0.05


@pytest.mark.parametrize("terms", TERMS, ids=str)
def test_months_are_sized_by_the_buyers_rules_and_settled_on_what_came(shell, terms):
    use = list(month_use(np.random.default_rng(7)))
    write_log(shell.folder / "log.csv", {"a": use})
    result = shell.json("backtest", plan_text(log="log.csv", contract=terms, paths=256))
    months = complete_months(use)
    assert result["period"] == "month"
    assert [p["label"] for p in result["history"]] == list(months)
    assert [p["spend_usd"] for p in result["history"]] == pytest.approx(list(months.values()))
    check_sizing(result, list(months.values()), 1 / 12, BANDS, terms)


def test_an_eligible_fraction_bills_the_rest_at_list_outside_the_commitment(shell):
    use = list(month_use(np.random.default_rng(8)))
    write_log(shell.folder / "log.csv", {"a": use})
    result = shell.json("backtest", plan_text(log="log.csv", contract={"eligible_fraction": 0.8}, paths=256))
    spend = list(complete_months(use).values())
    for fold in result["folds"]:
        h = fold["hidden"]
        for entry in fold["sizing"]:
            commit, d = entry["commit_usd_per_year"], entry["discount_fraction"]
            want = settle(sum(spend[-h:]), commit * h / 12, d, eligible=0.8)
            assert (entry["realised_cost_usd"], entry["realised_shortfall_usd"]) == pytest.approx(want[:2], abs=0.01)
            if entry["rule"] == "perfect_foresight":
                best = best_in_hindsight(sum(spend[-h:]), BANDS, h / 12, eligible=0.8)
                assert want[0] == pytest.approx(best, abs=0.02)


def test_a_rule_below_the_lowest_band_commits_without_a_discount(shell):
    use = list(month_use(np.random.default_rng(9)))
    write_log(shell.folder / "log.csv", {"a": use})
    bands = ((50_000_000, 0.2),)
    result = shell.json("backtest", plan_text(log="log.csv", bands=bands, paths=256))
    check_sizing(result, list(complete_months(use).values()), 1 / 12, bands, {})


def test_a_band_from_zero_on(shell):
    use = list(month_use(np.random.default_rng(10)))
    write_log(shell.folder / "log.csv", {"a": use})
    bands = ((0, 0.05), (400_000, 0.1))
    result = shell.json("backtest", plan_text(log="log.csv", bands=bands, paths=256))
    check_sizing(result, list(complete_months(use).values()), 1 / 12, bands, {})


def test_in_the_gap_below_a_threshold_a_rule_stays_below_it(shell):
    """85% of 680,000 is below the threshold of 600,000 at which the 15% begin; 92% of it is above. No C fits."""
    use = [(day, 1) for day in days(dt.date(2026, 6, 1), dt.date(2026, 9, 20))]
    n = int(680_000 * 7 / 365.25 / 7)
    write_log(shell.folder / "log.csv", {"a": [(d, n) for d, _ in use]})
    bands = ((250_000, 0.08), (600_000, 0.15))
    annual = n * 365.25
    assert 0.85 * annual < 600_000 < 0.92 * annual
    result = shell.json("backtest", plan_text(log="log.csv", bands=bands, demand=STILL, cuts=NO_MOVES, paths=64))
    for fold in result["folds"]:
        entry = next(e for e in fold["sizing"] if e["rule"] == "mean")
        assert entry["discount_fraction"] == 0.08
        assert entry["commit_usd_per_year"] == pytest.approx(600_000, abs=0.02)


def test_weeks_where_six_months_are_not_complete(shell):
    rng = np.random.default_rng(11)
    use = [(d, int(rng.integers(900, 2600))) for d in days(dt.date(2026, 5, 6), dt.date(2026, 9, 23))]
    write_log(shell.folder / "log.csv", {"a": use})
    result = shell.json("backtest", plan_text(log="log.csv", paths=256))
    assert result["period"] == "week"
    by_day = dict(use)
    spend = []
    for period in result["history"]:
        first = dt.date.fromisoformat(period["starts"])
        week = [by_day[first + i * DAY] for i in range(7)]  # a week that is not whole would fail here
        assert period["spend_usd"] == pytest.approx(sum(week))
        spend.append(float(sum(week)))
    assert len(spend) >= (len(use) - 6) // 7
    assert result["folds"][0]["year_fraction"] == pytest.approx(7 / 365.25)
    check_sizing(result, spend, 7 / 365.25, BANDS, {})


def test_too_short_a_history_is_null_with_a_warning(shell):
    use = [(d, 1500) for d in days(dt.date(2026, 9, 1), dt.date(2026, 10, 23))]  # seven whole weeks, one month
    write_log(shell.folder / "log.csv", {"a": use})
    result = shell.json("backtest", plan_text(log="log.csv", paths=64))
    assert result["coverage"] is None
    assert result["sizing"] is None
    assert any("eight" in w or "8" in w for w in result["warnings"]), result["warnings"]


def test_the_edges_between_month_week_and_nothing(shell):
    for first, last, period in [
        (dt.date(2026, 1, 1), dt.date(2026, 6, 30), "month"),
        (dt.date(2026, 1, 2), dt.date(2026, 6, 30), "week"),
        (dt.date(2026, 1, 5), dt.date(2026, 3, 1), "week"),  # eight whole weeks, Monday to Sunday
    ]:
        write_log(shell.folder / "log.csv", {"a": [(d, 1500 + 10 * d.day) for d in days(first, last)]})
        result = shell.json("backtest", plan_text(log="log.csv", paths=64))
        assert result["period"] == period, (first, last)
        assert result["coverage"] is not None


def test_coverage_bias_and_histogram_are_those_of_the_folds(shell):
    use = list(month_use(np.random.default_rng(12), dt.date(2025, 1, 1), dt.date(2026, 9, 30)))
    write_log(shell.folder / "log.csv", {"a": use})
    result = shell.json("backtest", plan_text(log="log.csv", paths=512))
    points = [p for fold in result["folds"] for p in fold["held_out"]]
    spend = list(complete_months(use).values())
    assert result["held_out"] == len(points)
    for fold in result["folds"]:
        h = fold["hidden"]
        assert fold["trained_on"] == len(spend) - h
        assert [p["actual_usd"] for p in fold["held_out"]] == pytest.approx(spend[-h:])
    inside = {
        q: np.mean([p[lo] <= p["actual_usd"] <= p[hi] for p in points])
        for q, lo, hi in (("0.8", "p10_usd", "p90_usd"), ("0.5", "p25_usd", "p75_usd"))
    }
    assert result["coverage"] == pytest.approx(inside)
    actual = np.array([p["actual_usd"] for p in points])
    readings = [
        np.sum(f - actual) / np.sum(actual) for f in (np.array([p[k] for p in points]) for k in ("mean_usd", "p50_usd"))
    ]
    readings += [float(np.mean(np.array([p[k] for p in points]) / actual - 1)) for k in ("mean_usd", "p50_usd")]
    assert min(abs(result["bias_fraction"] - r) for r in readings) < 1e-9, (result["bias_fraction"], readings)
    assert sum(result["pit_histogram"]) == len(points)
    assert result["pinball_loss"] > 0


def constant_weeks(shell, n=1500, first=dt.date(2026, 5, 4), weeks=16):
    write_log(shell.folder / "log.csv", {"a": [(d, n) for d in days(first, first + (7 * weeks - 1) * DAY)]})
    return n * 7.0


@pytest.mark.parametrize("terms", [{}, {"drawdown": "list"}, {"overage": "committed"}], ids=str)
def test_where_nothing_moves_every_rule_pays_the_same(shell, terms):
    """Constant use, known to be constant: x a week, all rules commit to x; only utilization_85 buys x / 0.85."""
    week = constant_weeks(shell)
    result = shell.json(
        "backtest",
        plan_text(log="log.csv", demand=STILL, cuts=NO_MOVES, contract=terms, bands=((250_000, 0.08),), paths=64),
    )
    periods = sum(f["hidden"] for f in result["folds"])
    for entry in result["sizing"]:
        x = week * (1 / 0.85 if entry["rule"] == "utilization_85" else 1)
        want = 0.92 * x * periods
        if entry["rule"] == "recommended" and terms.get("overage") == "committed":
            want = 0.92 * week * periods  # any commitment from the threshold up costs the same
        assert entry["realised_cost_usd"] == pytest.approx(want, rel=2e-4), entry
        short = 0.92 * (x - week) * periods
        assert entry["realised_shortfall_usd"] == pytest.approx(short, abs=1e-3 + 2e-4 * want), entry


def test_prices_are_those_of_one_day_in_the_backtest(shell):
    """The same tokens on every day over a list price change: spend does not move."""
    path = shell.folder / "log.csv"
    write_log(
        path, {"a": [(d, 1000) for d in days(dt.date(2026, 1, 1), dt.date(2026, 8, 31))]}, model="claude-sonnet-5"
    )
    text = plan_text(log="log.csv", paths=64)
    history = shell.json("backtest", text)["history"]
    per_day = {p["spend_usd"] / days_in(p["label"]) for p in history}
    assert max(per_day) == pytest.approx(min(per_day), rel=1e-9)


def days_in(label: str) -> int:
    first = dt.date.fromisoformat(label + "-01")
    return ((first + 31 * DAY).replace(day=1) - first).days


# ------------------------------------------------------------------------------------------------------ (2) calibrate

DEFAULTS = {
    "level_sd": 0.10,
    "growth_damping_per_month": 0.98,
    "monthly_volatility": 0.06,
    "common_share": 0.5,
    "monthly_noise": 0.10,
    "noise_ar1": 0.3,
    "token_drift_per_year": 0.0,
    "leave_probability_per_quarter": 0.05,
}


def parameters(result) -> dict[str, Any]:
    return {p["name"]: p for p in result["parameters"]}


def test_every_parameter_has_its_keys(shell):
    write_log(
        shell.folder / "log.csv", {"a": month_use(np.random.default_rng(1)), "b": month_use(np.random.default_rng(2))}
    )
    found = parameters(shell.json("calibrate", plan_text(log="log.csv"), "--dry-run"))
    assert {"growth_per_year", *DEFAULTS} <= set(found)
    for p in found.values():
        assert {"name", "value", "p10", "p90", "source", "weight_of_data"} <= set(p)
        assert p["source"] in {"data", "prior", "user"}
        assert 0 <= p["weight_of_data"] <= 1
        assert p["p10"] <= p["value"] <= p["p90"]


@pytest.mark.parametrize("n_days", [1, 3])
def test_three_days_of_history_give_the_priors_and_a_warning(shell, n_days):
    use = [(d, 1000 + 100 * i) for i, d in enumerate(days(dt.date(2026, 10, 5), dt.date(2026, 10, 4) + n_days * DAY))]
    write_log(shell.folder / "log.csv", {"a": use})
    text = plan_text(log="log.csv")
    result = shell.json("calibrate", text, "--dry-run")
    found = parameters(result)
    for name, value in DEFAULTS.items():
        assert found[name]["value"] == pytest.approx(value, abs=1e-12), name
    assert found["growth_per_year"]["p10"] == pytest.approx(0.0, abs=1e-9)
    assert found["growth_per_year"]["p90"] == pytest.approx(1.56, abs=1e-9)
    assert found["growth_per_year"]["value"] == pytest.approx(0.6, abs=1e-9)
    for name in ("growth_per_year", *DEFAULTS):
        assert found[name]["source"] == "prior"
        assert found[name]["weight_of_data"] == 0
    assert result["warnings"]


TRUTH = {
    "growth_per_year": 0.45,
    "monthly_volatility": 0.05,
    "monthly_noise": 0.08,
    "noise_ar1": 0.3,
    "common_share": 0.5,
}


def simulated_history(rng, months=30, types=2):
    """The model of method.md 12.3 without damping, a calendar month at a time, spread evenly over its days."""
    g, sigma, noise, ar, rho = TRUTH.values()
    firsts = [dt.date(2024 + m // 12, m % 12 + 1, 1) for m in range(months)]
    slope = math.log1p(g) / 12

    def ar1(size):
        e = np.zeros((months, size))
        e[0] = rng.normal(size=size)
        for m in range(1, months):
            e[m] = ar * e[m - 1] + math.sqrt(1 - ar * ar) * rng.normal(size=size)
        return e

    walk = math.sqrt(rho) * rng.normal(size=(months, 1)) + math.sqrt(1 - rho) * rng.normal(size=(months, types))
    log_use = (
        slope * np.arange(months)[:, None]
        + sigma * np.cumsum(walk, axis=0)
        + noise * (math.sqrt(rho) * ar1(1) + math.sqrt(1 - rho) * ar1(types))
    )
    use = {}
    for k in range(types):
        rows = []
        for m, first in enumerate(firsts):
            n = days_in(f"{first:%Y-%m}")
            per_day = 20_000 * (k + 1) * math.exp(log_use[m, k])
            rows += [(first + i * DAY, round(per_day)) for i in range(n)]
        use[f"t{k}"] = rows
    return use


def test_thirty_simulated_months_give_the_truth_inside_its_interval(shell):
    inside = dict.fromkeys(TRUTH, 0)
    seeds = 4
    for seed in range(seeds):
        write_log(shell.folder / "log.csv", simulated_history(np.random.default_rng(100 + seed)), tokens=1000)
        text = plan_text(log="log.csv", demand={"season": [1.0] * 12})  # typed, so that a fit takes a second
        found = parameters(shell.json("calibrate", text, "--dry-run"))
        for name, truth in TRUTH.items():
            inside[name] += found[name]["p10"] <= truth <= found[name]["p90"]
        for name in ("growth_per_year", "monthly_noise"):
            assert found[name]["source"] == "data", (seed, name, found[name])
            assert found[name]["weight_of_data"] > 0.5
    least = int(stats.binom.ppf(0.002, seeds, 0.8))
    assert all(n >= least for n in inside.values()), inside
    assert sum(inside.values()) >= stats.binom.ppf(0.002, seeds * len(TRUTH), 0.8), inside


def test_a_typed_value_wins_is_marked_and_survives(shell):
    write_log(
        shell.folder / "log.csv", {"a": month_use(np.random.default_rng(1)), "b": month_use(np.random.default_rng(2))}
    )
    text = plan_text(log="log.csv").replace(
        "[contract]",
        "[demand]  # mine\nmonthly_noise = 0.33 # typed\ngrowth_per_year = { p10 = 0.1, p90 = 0.2 }\n\n[contract]",
    )
    path = shell.folder / "plan.toml"
    path.write_text(text)
    found = parameters(shell.json("calibrate", path))
    assert (found["monthly_noise"]["value"], found["monthly_noise"]["source"]) == (0.33, "user")
    assert found["growth_per_year"]["source"] == "user"
    assert (found["growth_per_year"]["p10"], found["growth_per_year"]["p90"]) == (0.1, 0.2)
    assert found["monthly_volatility"]["source"] != "user"
    written = path.read_text()
    assert "# mine" in written
    assert "# typed" in written
    demand = tomllib.loads(written)["demand"]
    assert demand["monthly_noise"] == 0.33
    assert demand["growth_per_year"] == {"p10": 0.1, "p90": 0.2}
    again = parameters(shell.json("calibrate", path))
    assert {n: p["source"] for n, p in again.items()} == {n: p["source"] for n, p in found.items()}
    assert path.read_text() == written


def test_the_written_plan_recommends_what_the_plan_without_demand_does(shell):
    write_log(
        shell.folder / "log.csv",
        {
            "a": month_use(np.random.default_rng(3), dt.date(2025, 8, 1)),
            "b": month_use(np.random.default_rng(4), dt.date(2025, 8, 1)),
        },
    )
    path = shell.folder / "plan.toml"
    text = "# a comment on top\n" + plan_text(log="log.csv", paths=2048) + "# and one at the end\n"
    path.write_text(text)
    before = shell.json("plan", path)
    shell.json("calibrate", path)
    written = path.read_text()
    assert "# a comment on top" in written
    assert "# and one at the end" in written
    after = shell.json("plan", path)
    assert after["recommendation"] == before["recommendation"]
    assert after["scenarios"] == before["scenarios"]
    shell.json("calibrate", path)
    assert path.read_text() == written
    assert shell.json("plan", path)["recommendation"] == before["recommendation"]


def test_a_value_changed_by_hand_after_calibrating_is_the_users(shell):
    write_log(shell.folder / "log.csv", {"a": month_use(np.random.default_rng(3))})
    path = shell.folder / "plan.toml"
    path.write_text(plan_text(log="log.csv"))
    shell.json("calibrate", path)
    lines = path.read_text().splitlines()
    where = next(i for i, line in enumerate(lines) if line.startswith("monthly_noise"))
    lines[where] = "monthly_noise = 0.22"
    path.write_text("\n".join(lines) + "\n")
    found = parameters(shell.json("calibrate", path))
    assert (found["monthly_noise"]["value"], found["monthly_noise"]["source"]) == (0.22, "user")
    assert found["monthly_volatility"]["source"] != "user"


def test_incomplete_first_and_last_months_are_named_and_not_used(shell):
    """A whole year at one level; the parts before and after it at ten times that level must change nothing."""
    calm = [(d, 1000) for d in days(dt.date(2025, 10, 1), dt.date(2026, 9, 30))]
    write_log(shell.folder / "log.csv", {"a": calm})
    want = shell.json("calibrate", plan_text(log="log.csv"), "--dry-run")
    before = [(d, 10_000) for d in days(dt.date(2025, 9, 12), dt.date(2025, 9, 30))]
    after = [(d, 10_000) for d in days(dt.date(2026, 10, 1), dt.date(2026, 10, 9))]
    write_log(shell.folder / "log.csv", {"a": before + calm + after})
    got = shell.json("calibrate", plan_text(log="log.csv"), "--dry-run")
    assert got["periods"] == want["periods"]
    said = " ".join(got["left_out"])
    assert "2025-09" in said
    assert "2026-10" in said
    mine, theirs = parameters(got), parameters(want)
    for name in ("growth_per_year", "monthly_volatility", "monthly_noise", "level.a"):
        assert mine[name]["value"] == pytest.approx(theirs[name]["value"], rel=0.02, abs=0.005), name


def test_an_outlier_day_and_a_level_shift_are_reported(shell):
    rng = np.random.default_rng(5)
    use = []
    for d in days(dt.date(2025, 9, 1), dt.date(2026, 10, 31)):
        level = 1000 if d < dt.date(2026, 4, 1) else 2000
        use.append((d, int(level * math.exp(rng.normal(0, 0.05)) * (12 if d == dt.date(2026, 1, 14) else 1))))
    write_log(shell.folder / "log.csv", {"a": use})
    result = shell.json("calibrate", plan_text(log="log.csv"), "--dry-run")
    assert "2026-01-14" in json.dumps(result["outlier_days"])
    assert "2026-04" in json.dumps(result["level_shifts"])
    assert parameters(result)["level.a"]["value"] == pytest.approx(2000 * MONTH, rel=0.1)


def test_an_excluded_range_does_not_feed_the_fit(shell):
    """A backfill in August, listed in the plan with its reason, is as if it had never been."""
    use = [(d, 1000) for d in days(dt.date(2025, 10, 1), dt.date(2026, 9, 30))]
    backfill = [(d, 5000) for d in days(dt.date(2026, 8, 3), dt.date(2026, 8, 20))]
    write_log(shell.folder / "log.csv", {"a": use})
    want = parameters(shell.json("calibrate", plan_text(log="log.csv"), "--dry-run"))
    write_log(shell.folder / "log.csv", {"a": use, "backfill": backfill})
    exclude = table("[[usage.exclude]]", {"request_type": "backfill", "reason": "one-off"})
    got = parameters(shell.json("calibrate", plan_text(log="log.csv", extra=exclude), "--dry-run"))
    assert {n: p["value"] for n, p in got.items()} == {n: p["value"] for n, p in want.items()}


# -------------------------------------------------------------------------------------------------------- (3) the model


def damped(annual: float, months, phi=0.98):
    m = np.asarray(months, dtype=float)
    return np.log1p(annual) / 12 * (m if phi == 1 else (1 - phi**m) / (1 - phi))


def one_type(n=1_000_000.0, tokens=10_000.0, **more):
    return {"request_type": "a", "monthly_requests": n, "uncached_input_tokens": tokens, **more}


SEASON = [1.0, 0.98, 1.02, 1.0, 1.0, 0.97, 0.93, 0.94, 1.03, 1.04, 1.06, 1.03]


@pytest.mark.parametrize("phi", [0.98, 1.0])
def test_without_uncertainty_a_mix_is_billed_to_the_cent(shell, phi):
    demand = STILL | {
        "growth_per_year": 0.37,
        "growth_damping_per_month": phi,
        "season": SEASON,
        "token_drift_per_year": 0.08,
    }
    plan = shell.json(
        "plan", plan_text(start=dt.date(2027, 4, 1), mix=[one_type()], demand=demand, cuts=NO_MOVES, paths=64)
    )
    t = np.arange(12)
    season = np.array([SEASON[(3 + i) % 12] for i in t])
    want = 40_000 * season * np.exp(damped(0.37, t, phi)) * 1.08 ** (t / 12)
    for figure in ("mean", "p10", "p50", "p90"):
        assert months_of(plan, figure=figure) == pytest.approx(want, abs=0.005)
    best = plan["recommendation"]
    total = want.sum()
    assert best["on_demand_cost_usd"] == pytest.approx(total, abs=0.01)
    assert best["commit_usd_per_year"] == pytest.approx(max(0.92 * total, 0), abs=0.02)
    assert best["expected_cost_usd"] == pytest.approx(0.92 * total, abs=0.02)
    assert best["expected_cost_se_usd"] == pytest.approx(0, abs=1e-6)


def test_without_uncertainty_a_log_is_billed_to_the_cent(shell):
    """Five complete months with seasons, typed growth: the level stands at the window's middle, g = 5 months."""
    use = [(d, round(1000 * SEASON[d.month - 1])) for d in days(dt.date(2026, 5, 20), dt.date(2026, 11, 9))]
    write_log(shell.folder / "log.csv", {"a": use})
    demand = STILL | {"growth_per_year": 0.37, "season": SEASON}
    plan = shell.json("plan", plan_text(log="log.csv", demand=demand, cuts=NO_MOVES, paths=64))
    t = np.arange(12)
    want = 1000 * MONTH * np.array(SEASON) * np.exp(damped(0.37, t + 5))
    assert months_of(plan) == pytest.approx(want, rel=1e-12, abs=0.005)


def test_the_moments_of_the_demand_process(shell):
    """One type on a mix: mean n_k, and the log spread of month t is level, t walk steps and noise."""
    demand = STILL | {"level_sd": 0.1, "monthly_volatility": 0.08, "monthly_noise": 0.12, "noise_ar1": 0.4}
    plan = shell.json("plan", plan_text(mix=[one_type()], demand=demand, cuts=NO_MOVES, paths=65_536))
    t = np.arange(12)
    sd = np.sqrt(0.1**2 + 0.08**2 * t + 0.12**2)
    p10, p50, p90 = (months_of(plan, figure=f) for f in ("p10", "p50", "p90"))
    assert months_of(plan) == pytest.approx(np.full(12, 40_000), rel=0.01)
    assert np.log(p90 / p10) / (2 * stats.norm.ppf(0.9)) == pytest.approx(sd, rel=0.02)
    assert p50 == pytest.approx(40_000 * np.exp(-(sd**2) / 2), rel=0.01)


def simulate_two_types(rng, paths, *, rho):
    """A plain simulation of 12.3: two types, damped uncertain growth, walk and noise with a common share, leaving."""
    z = stats.norm.ppf(0.9)
    lo, hi = math.log1p(0.05), math.log1p(1.0)
    growth = np.exp(rng.normal((lo + hi) / 2, (hi - lo) / (2 * z), paths)) - 1
    level = np.exp(0.1 * rng.normal(size=paths) - 0.005)
    n = np.array([1_000_000.0, 600_000.0])
    walk = np.zeros((paths, 2))
    noise = None
    gone = np.zeros(paths, dtype=bool)
    hazard = 1 - (1 - 0.05) ** (1 / 3)
    spend = np.zeros((paths, 12))
    for t in range(12):
        shock = math.sqrt(rho) * rng.normal(size=(paths, 1)) + math.sqrt(1 - rho) * rng.normal(size=(paths, 2))
        if t:
            step = math.sqrt(rho) * rng.normal(size=(paths, 1)) + math.sqrt(1 - rho) * rng.normal(size=(paths, 2))
            walk += 0.07 * step - 0.07**2 / 2
            gone |= rng.random(paths) < hazard
        noise = shock if noise is None else 0.3 * noise + math.sqrt(1 - 0.09) * shock
        grow = np.exp(np.log1p(growth) / 12 * (1 - 0.98**t) / 0.02)
        use = n * (level * grow)[:, None] * np.exp(walk + 0.1 * noise - 0.005)
        use[gone, 0] = 0
        spend[:, t] = use @ np.array([0.04, 0.04])
    return spend


@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_a_plain_simulation_of_the_definitions_gives_the_same_spend(shell, rho):
    demand = {
        "level_sd": 0.1,
        "growth_per_year": {"p10": 0.05, "p90": 1.0},
        "growth_damping_per_month": 0.98,
        "monthly_volatility": 0.07,
        "common_share": rho,
        "monthly_noise": 0.1,
        "noise_ar1": 0.3,
        "leave_probability_per_quarter": 0.05,
        "token_drift_per_year": 0,
    }
    mix = [one_type(), {**one_type(600_000), "request_type": "b"}]
    plan = shell.json("plan", plan_text(mix=mix, demand=demand, cuts=NO_MOVES, paths=32_768))
    spend = simulate_two_types(np.random.default_rng(1), 200_000, rho=rho)
    annual = spend.sum(axis=1)
    product = plan["scenarios"][plan["baseline"]]["annual_list_cost_usd"]
    assert product["mean"] == pytest.approx(annual.mean(), rel=0.005)
    for figure, q in (("p5", 5), ("p10", 10), ("p50", 50), ("p90", 90), ("p95", 95)):
        assert product[figure] == pytest.approx(np.percentile(annual, q), rel=0.015), figure
    assert months_of(plan) == pytest.approx(spend.mean(axis=0), rel=0.01)
    assert months_of(plan, figure="p90") == pytest.approx(np.percentile(spend, 90, axis=0), rel=0.02)


def test_the_largest_type_leaves_at_the_stated_hazard(shell):
    mix = [one_type(), {**one_type(400_000), "request_type": "b"}]
    demand = STILL | {"leave_probability_per_quarter": 0.2}
    plan = shell.json("plan", plan_text(mix=mix, demand=demand, cuts=NO_MOVES, paths=65_536))
    stays = (months_of(plan) - 16_000) / 40_000
    assert stays[1:] / stays[:-1] == pytest.approx(np.full(11, 0.8 ** (1 / 3)), rel=0.02)
    assert stays[0] > 0.9
    assert set(np.round(months_of(plan, figure="p10"), 2)) <= {16_000.0, 56_000.0}


def test_an_event_counts_from_its_month_on(shell):
    event = table(
        "[[demand.event]]", {"name": "launch", "probability": 0.4, "month": 5, "size": 1.5, "request_types": ["a"]}
    )
    mix = [one_type(), {**one_type(400_000), "request_type": "b"}]
    plan = shell.json("plan", plan_text(mix=mix, demand=STILL, cuts=NO_MOVES, paths=65_536, extra=event))
    want = np.where(np.arange(12) < 5, 56_000.0, 56_000 + 0.4 * 20_000)
    assert months_of(plan) == pytest.approx(want, rel=0.005)


@pytest.mark.parametrize("lag", [0, 3])
def test_price_falls_and_rises_come_at_their_rate_after_their_lag(shell, lag):
    cuts = {"falls_per_year": 1.2, "fall": 0.4, "rises_per_year": 0.6, "rise": 0.25, "lag_months": lag}
    plan = shell.json(
        "plan", plan_text(on=dt.date(2027, 1, 1), mix=[one_type()], demand=STILL, cuts=cuts, paths=65_536)
    )
    m = np.maximum(np.arange(12) - lag, 0)
    want = 40_000 * np.exp(m / 12 * (-1.2 * 0.4 + 0.6 * 0.25))
    assert months_of(plan) == pytest.approx(want, rel=0.01)


def test_price_moves_that_do_not_pass_through_leave_committed_use_at_signing_day_list(shell):
    """Passed through, falls create shortfall; not passed through, committed use stays at list."""
    cuts = {"falls_per_year": 12, "fall": 0.3, "rises_per_year": 0, "lag_months": 0}
    base = {"on": dt.date(2027, 1, 1), "mix": [one_type()], "demand": STILL, "cuts": cuts, "paths": 4096}
    offer = ("--commit", "400000", "--discount", "0.08")
    shell.folder.joinpath("plan.toml").write_text(plan_text(**base))
    through = shell.json("price-offer", shell.folder / "plan.toml", *offer)
    locked_text = plan_text(**base, extra="[contract.price_falls]\npassed_through = false\n\n")
    # TOML wants [contract] before its sub-table
    head, _, tail = locked_text.partition("[contract.price_falls]\npassed_through = false\n\n")
    (shell.folder / "locked.toml").write_text(head + tail + "[contract.price_falls]\npassed_through = false\n")
    locked = shell.json("price-offer", shell.folder / "locked.toml", *offer)
    assert through["shortfall_probability"] > 0.95
    assert locked["shortfall_probability"] == 0
    # use at signing-day list is 480,000, of which 400,000 / 0.92 are drawn and the rest is billed at the price of then
    assert 400_000 < locked["expected_cost_usd"] < 400_000 + 480_000 - 400_000 / 0.92


def test_a_model_that_retires_inside_the_term_hands_its_traffic_on(shell):
    """claude-sonnet-4-5 retires on 2026-11-30. Whichever successor is named, three months are at its own price and
    nine at the successor's, with the successor's count of tokens."""

    def price(model: str) -> dict[str, Any]:
        code, out, err = shell.run("prices", model, "--on", "2026-09-01", "--json")
        assert code == 0, err
        return json.loads(out)

    mix = [
        {
            "request_type": "a",
            "model": "claude-sonnet-4-5",
            "monthly_requests": 1_000_000,
            "uncached_input_tokens": 5000,
            "output_tokens": 200,
            "long_prompt_fraction": 0.0,
        }
    ]
    plan = shell.json(
        "plan",
        plan_text(start=dt.date(2026, 9, 1), on=dt.date(2026, 9, 1), mix=mix, demand=STILL, cuts=NO_MOVES, paths=64),
    )
    assert any("claude-sonnet-4-5" in w and "2026-11-30" in w for w in plan["warnings"]), plan["warnings"]
    spend = months_of(plan)
    own = price("claude-sonnet-4-5")
    assert spend[:3] == pytest.approx(np.full(3, 5000 * own["input_usd_per_mtok"] + 200 * own["output_usd_per_mtok"]))
    successor = next(
        m
        for m in ("claude-sonnet-4-6", "claude-sonnet-5-5", "claude-sonnet-5")
        if any(m in w for w in plan["warnings"])
    )
    next_price = price(successor)
    ratio = 1.0 if successor == "claude-sonnet-4-6" else 1.3
    per_month = ratio * (5000 * next_price["input_usd_per_mtok"] + 200 * next_price["output_usd_per_mtok"])
    assert spend[3:] == pytest.approx(np.full(9, per_month))


def test_a_retirement_onto_a_new_tokenizer_and_price_moves_the_bill(shell):
    """claude-3-5-haiku retired on 2026-02-19: a plan from 2026-01 on pays claude-haiku-4-5 from late February on."""
    mix = [
        {
            "request_type": "a",
            "model": "claude-3-5-haiku",
            "monthly_requests": 1_000_000,
            "uncached_input_tokens": 5000,
            "output_tokens": 200,
        }
    ]
    plan = shell.json(
        "plan",
        plan_text(start=dt.date(2026, 1, 1), on=dt.date(2026, 1, 1), mix=mix, demand=STILL, cuts=NO_MOVES, paths=64),
    )
    spend = months_of(plan)
    assert spend[0] == pytest.approx(5000 * 0.8 + 200 * 4.0)
    assert spend[2:] == pytest.approx(np.full(10, 5000 * 1.0 + 200 * 5.0))
    assert spend[0] <= spend[1] <= spend[2]


ROUTE = (
    table("[[scenario]]", {"name": "as is"})
    + table("[[scenario]]", {"name": "routed"})
    + table(
        "[[scenario.route]]",
        {"request_type": "a", "to": "claude-haiku-5-5", "share": 0.8, "escalation": 0.05, "long_prompt_fraction": 0.0},
    )
)


def test_rebound_is_none_by_default_and_raises_routed_spend(shell):
    def spend(**demand):
        plan = shell.json(
            "plan", plan_text(mix=[one_type()], demand=STILL | demand, cuts=NO_MOVES, paths=64, extra=ROUTE)
        )
        return plan["scenarios"]

    none, zero, some = spend(), spend(rebound=0), spend(rebound=0.3)
    assert none == zero
    routed = [s["routed"]["annual_list_cost_usd"]["mean"] for s in (none, some)]
    assert routed[1] > routed[0] * 1.05
    assert some["as is"] == none["as is"]
    # a constant elasticity: requests grow by (cost before / cost after) ** 0.3
    ratio = none["as is"]["annual_list_cost_usd"]["mean"] / routed[0]
    assert routed[1] / routed[0] == pytest.approx(ratio**0.3, rel=1e-6)


def test_the_same_seed_says_the_same_and_another_does_not(shell):
    def text(seed):
        return plan_text(mix=[one_type()], extra=ROUTE, seed=seed, paths=2048)

    first, again, other = (shell.json("plan", text(s)) for s in (5, 5, 6))
    assert first == again
    assert other["recommendation"]["expected_cost_usd"] != first["recommendation"]["expected_cost_usd"]


def test_identical_scenarios_differ_by_exactly_nothing(shell):
    twin = ROUTE + ROUTE[ROUTE.index('[[scenario]]\nname = "routed"') :].replace("routed", "twin")
    uncertain = twin.replace('"share": 0.8', "").replace("share = 0.8", "share = { p10 = 0.5, p90 = 0.9 }")
    result = shell.json("compare", plan_text(mix=[one_type()], extra=uncertain, paths=2048))
    pair = next(d for d in result["differences"] if {d["a"], d["b"]} == {"routed", "twin"})
    assert pair["annual_list_cost_usd"] == {"mean": 0.0, "se": 0.0}


def test_another_lever_does_not_move_the_baseline(shell):
    plain = shell.json("plan", plan_text(mix=[one_type()], extra=ROUTE, paths=2048))
    wider = shell.json(
        "plan",
        plan_text(
            mix=[one_type()], paths=2048, extra=ROUTE.replace("share = 0.8", "share = { p10 = 0.3, p90 = 0.95 }")
        ),
    )
    assert wider["scenarios"]["as is"] == plain["scenarios"]["as is"]


def test_more_months_than_a_year_keep_the_first_year(shell):
    """The horizon does not reach back: months 0 to 11 of a plan of 24 months are drawn as in a plan of 12."""
    short = shell.json("plan", plan_text(mix=[one_type()], demand=STILL, cuts=NO_MOVES, paths=64))
    text = plan_text(mix=[one_type()], demand=STILL, cuts=NO_MOVES, paths=64).replace(
        "[plan]\n", "[plan]\nmonths = 24\n"
    )
    long = shell.json("plan", text)
    assert months_of(long)[:12] == pytest.approx(months_of(short))


# ------------------------------------------------------------------------------------------------------- (4) drivers


def test_drivers_share_out_the_variance(shell):
    demand = {"growth_per_year": {"p10": 0.05, "p90": 1.0}}
    mix = [one_type(), {**one_type(500_000), "request_type": "b"}]
    result = shell.json("drivers", plan_text(mix=mix, demand=demand, extra=ROUTE, paths=16_384))
    inputs = {i["name"]: i for i in result["inputs"]}
    for i in inputs.values():
        assert {
            "name",
            "first_order",
            "total",
            "spend_at_p10_usd",
            "spend_at_p90_usd",
            "commit_at_p10_usd",
            "commit_at_p90_usd",
        } <= set(i)
        assert -0.03 <= i["first_order"] <= 1.0
        assert i["total"] >= i["first_order"] - 0.05
    assert sum(i["first_order"] for i in inputs.values()) < 1.05
    growth = next(i for n, i in inputs.items() if "growth" in n)
    assert growth["spend_at_p10_usd"] < growth["spend_at_p90_usd"]
    assert growth["commit_at_p10_usd"] <= growth["commit_at_p90_usd"]
    assert growth["first_order"] > 0.05


def test_an_input_without_effect_explains_nothing(shell):
    """An event that hits a type worth a millionth of the bill, and growth alone beside it: first orders 0 and 1."""
    event = table(
        "[[demand.event]]", {"name": "idle", "probability": 0.5, "month": 2, "size": 2.0, "request_types": ["b"]}
    )
    mix = [one_type(), {**one_type(1), "request_type": "b"}]
    demand = STILL | {"growth_per_year": {"p10": 0.05, "p90": 1.0}}
    result = shell.json("drivers", plan_text(mix=mix, demand=demand, cuts=NO_MOVES, extra=event, paths=16_384))
    inputs = {i["name"]: i for i in result["inputs"]}
    growth = next(i for n, i in inputs.items() if "growth" in n)
    assert growth["first_order"] == pytest.approx(1, abs=0.03)
    for name, i in inputs.items():
        if "idle" in name:
            assert i["first_order"] == pytest.approx(0, abs=0.02)


def test_first_orders_are_those_of_a_known_model(shell):
    """Level and growth alone, undamped: Sobol' first orders of 12 products of log-normals, by quadrature."""
    demand = STILL | {"level_sd": 0.15, "growth_per_year": {"p10": 0.0, "p90": 1.0}, "growth_damping_per_month": 1.0}
    result = shell.json("drivers", plan_text(mix=[one_type()], demand=demand, cuts=NO_MOVES, paths=32_768))
    z = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    log_g = math.log(2) / 2 + math.log(2) / (2 * stats.norm.ppf(0.9)) * z
    year = np.exp(np.outer(log_g, np.arange(12) / 12)).sum(axis=1)
    level = np.exp(0.15 * z - 0.15**2 / 2)
    v_growth, v_level = year.var() * level.mean() ** 2, level.var() * year.mean() ** 2
    total = (year**2).mean() * (level**2).mean() - (year.mean() * level.mean()) ** 2
    inputs = {i["name"]: i for i in result["inputs"]}
    growth = next(i for n, i in inputs.items() if "growth" in n)
    lev = next(i for n, i in inputs.items() if "level" in n)
    assert growth["first_order"] == pytest.approx(v_growth / total, abs=0.03)
    assert lev["first_order"] == pytest.approx(v_level / total, abs=0.03)
    at = {
        q: float(np.exp((math.log(2) / 2 + s * math.log(2) / 2) * np.arange(12) / 12).sum() * 40_000)
        for q, s in (("10", -1), ("90", 1))
    }
    assert growth["spend_at_p10_usd"] == pytest.approx(at["10"], rel=0.03)
    assert growth["spend_at_p90_usd"] == pytest.approx(at["90"], rel=0.03)


# ----------------------------------------------------------------------------------------------- (5) standard errors


def test_printed_standard_errors_are_the_scatter_between_seeds(shell):
    """20 seeds of a fixed offer: the printed errors of cost and shortfall probability against what the seeds show."""
    cost, shortfall = [], []
    for seed in range(20):
        (shell.folder / "plan.toml").write_text(plan_text(mix=[one_type()], seed=seed, paths=2048))
        r = shell.json("price-offer", shell.folder / "plan.toml", "--commit", "350000", "--discount", "0.08")
        cost.append((r["expected_cost_usd"], r["expected_cost_se_usd"]))
        shortfall.append((r["shortfall_probability"], r["shortfall_probability_se"]))
    for values in (np.array(cost), np.array(shortfall)):
        ratio = np.sqrt((values[:, 1] ** 2).mean()) / values[:, 0].std(ddof=1)
        assert 0.5 < ratio < 2.0, ratio


def test_the_errors_beside_the_recommendation_too(shell):
    cost, spend = [], []
    for seed in range(20):
        plan = shell.json(
            "plan",
            plan_text(
                mix=[one_type()],
                seed=seed,
                paths=2048,
                bands=((100_000, 0.08),),
                decision={"max_shortfall_probability": 1.0},
            ),
        )
        r = plan["recommendation"]
        annual = plan["scenarios"][plan["baseline"]]["annual_list_cost_usd"]
        cost.append((r["expected_cost_usd"], r["expected_cost_se_usd"]))
        spend.append((annual["mean"], annual["se"]))
    for values in (np.array(cost), np.array(spend)):
        ratio = np.sqrt((values[:, 1] ** 2).mean()) / values[:, 0].std(ddof=1)
        assert 0.5 < ratio < 2.0, ratio


# ------------------------------------------------------------------------------------------------- what must not crash


def odd_logs() -> dict[str, Callable[[Path], None]]:
    def rows(first, last, n=1000):
        return [(d, n) for d in days(first, last)]

    year = (dt.date(2026, 3, 1), dt.date(2026, 9, 30))
    return {
        "month buckets": lambda p: write_log(
            p, {"a": [(dt.date(2025 + (9 + m) // 12, (9 + m) % 12 + 1, 1), 30_000) for m in range(12)]}
        ),
        "week buckets": lambda p: write_log(p, {"a": [(dt.date(2025, 10, 6) + 7 * i * DAY, 7000) for i in range(50)]}),
        "a late type": lambda p: write_log(
            p, {"a": rows(*year), "b": rows(dt.date(2026, 9, 20), dt.date(2026, 9, 30))}
        ),
        "a type that stopped": lambda p: write_log(p, {"a": rows(*year), "b": rows(year[0], dt.date(2026, 5, 3))}),
        "a hole of two months": lambda p: write_log(
            p, {"a": rows(year[0], dt.date(2026, 5, 3)) + rows(dt.date(2026, 7, 20), year[1])}
        ),
        "a leap year": lambda p: write_log(p, {"a": rows(dt.date(2024, 1, 1), dt.date(2024, 7, 31))}),
        "one day": lambda p: write_log(p, {"a": rows(year[0], year[0])}),
        "eight exact weeks": lambda p: write_log(p, {"a": rows(dt.date(2026, 8, 3), dt.date(2026, 9, 27))}),
        "one request a day": lambda p: write_log(p, {"a": rows(*year, n=1)}),
        "one request in all": lambda p: write_log(p, {"a": [(year[0], 1)]}),
        "a hundred types": lambda p: write_log(
            p, {f"t{i}": rows(dt.date(2026, 3, 1), dt.date(2026, 8, 31), n=1 + i) for i in range(0, 100, 4)}
        ),
        "no tokens at all": lambda p: write_log(p, {"a": rows(*year)}, tokens=0),
        "a flash": lambda p: write_log(p, {"a": rows(*year, n=1), "b": [(dt.date(2026, 5, 5), 10**9)]}),
    }


@pytest.mark.parametrize("kind", odd_logs())
def test_an_odd_log_is_worked_out_or_refused_but_never_a_crash(shell, monkeypatch, kind):
    odd_logs()[kind](shell.folder / "log.csv")
    never_a_crash(shell, monkeypatch, plan_text(log="log.csv", paths=64), "calibrate", "backtest", "plan")


def never_a_crash(shell, monkeypatch, text: str, *commands: str) -> None:
    monkeypatch.delenv("PLANNER_TRACEBACK")
    path = shell.folder / "plan.toml"
    path.write_text(text)
    for command in commands:
        code, out, err = shell.run(command, path, "--json")
        assert code in (0, 2), (command, err)
        if code == 0:
            assert not {"NaN", "Infinity"} & set(out.replace(",", " ").split()), command
            json.loads(out)


@pytest.mark.parametrize(
    "demand",
    [
        {"growth_per_year": -1},
        {"growth_per_year": {"p10": -0.99, "p90": 50}},
        {"monthly_volatility": 3, "level_sd": 3, "monthly_noise": 3},
        {"noise_ar1": -0.999},
        {"noise_ar1": 0.999},
        {"common_share": 1},
        {"common_share": 0},
        {"leave_probability_per_quarter": 1},
        {"largest_customer_fraction": 1, "leave_probability_per_quarter": 1},
        {"rebound": 1},
        {"growth_damping_per_month": 0.001},
    ],
    ids=str,
)
def test_extreme_demand_is_worked_out_or_refused_but_never_a_crash(shell, monkeypatch, demand):
    write_log(shell.folder / "log.csv", {"a": month_use(np.random.default_rng(1), dt.date(2026, 1, 1))})
    text = plan_text(log="log.csv", paths=64, demand=demand, extra=ROUTE)
    never_a_crash(shell, monkeypatch, text, "plan", "drivers")


@pytest.mark.parametrize("demand", ["demand = { level_sd = 0.05 }\n", "demand = {}\n", "demand.level_sd = 0.05\n"])
def test_calibrate_writes_into_demand_however_it_is_spelled(shell, monkeypatch, demand):
    """[demand] as an inline table and as dotted keys are the same TOML; calibrating twice must do no harm either."""
    write_log(shell.folder / "log.csv", {"a": month_use(np.random.default_rng(1), dt.date(2026, 1, 1))})
    never_a_crash(shell, monkeypatch, demand + plan_text(log="log.csv", paths=64), "calibrate", "calibrate")


@pytest.mark.parametrize("until", [dt.date(2026, 3, 31), dt.date(2026, 10, 24)], ids=str)
def test_a_backtest_with_the_beginning_excluded_is_worked_out(shell, monkeypatch, until):
    """All traffic up to a day is excluded: a fold that sees nothing else may not be judged, and may not crash."""
    write_log(
        shell.folder / "log.csv", {"a": [(d, 1000 + d.day) for d in days(dt.date(2025, 6, 1), dt.date(2026, 10, 31))]}
    )
    exclude = table("[[usage.exclude]]", {"to": until, "reason": "another product"})
    never_a_crash(shell, monkeypatch, plan_text(log="log.csv", paths=64, extra=exclude), "calibrate", "backtest")


def year_and_half(shell, **more):
    rng = np.random.default_rng(1)
    use = [(d, int(1000 * math.exp(rng.normal(0, 0.05)))) for d in days(dt.date(2025, 6, 1), dt.date(2026, 10, 31))]
    write_log(shell.folder / "log.csv", {"a": use, **more})
    return use


FEBRUARY = table("[[usage.exclude]]", {"from": dt.date(2026, 2, 1), "to": dt.date(2026, 2, 28), "reason": "load test"})


def test_an_excluded_month_is_left_out_of_the_fit_and_the_rest_is_fitted(shell):
    """17 complete months, one of them excluded: 16 are left, which is not 'fewer than 6', and the fit rests on them."""
    year_and_half(shell)
    result = shell.json("calibrate", plan_text(log="log.csv", extra=FEBRUARY), "--dry-run")
    found = parameters(result)
    assert found["growth_per_year"]["source"] == "data", result["rests_on"]
    assert found["growth_per_year"]["weight_of_data"] > 0.9
    assert found["monthly_noise"]["value"] < 0.05


def test_an_excluded_month_is_no_month_without_spend_in_the_backtest(shell):
    """Excluded traffic is not known; a rule that reads it as 0 dollars would commit to nothing (minimum_month)."""
    year_and_half(shell)
    result = shell.json("backtest", plan_text(log="log.csv", extra=FEBRUARY, paths=64))
    assert all(p["spend_usd"] > 15_000 for p in result["history"]), result["history"]
    for entry in result["folds"][0]["sizing"]:
        if entry["rule"] == "minimum_month":
            assert entry["commit_usd_per_year"] > 100_000


def test_weekly_buckets_of_constant_use_are_constant(shell):
    """7,000 a week for a year, logged by week: months hold four or five buckets, which is no noise and no growth."""
    weeks = [(dt.date(2025, 9, 29) + 7 * i * DAY, 7000) for i in range(57)]
    write_log(shell.folder / "log.csv", {"a": weeks})
    found = parameters(shell.json("calibrate", plan_text(log="log.csv"), "--dry-run"))
    assert found["monthly_noise"]["value"] < 0.05
    assert abs(found["growth_per_year"]["value"]) < 0.05
    assert found["level.a"]["value"] == pytest.approx(1000 * MONTH, rel=0.005)


def test_months_with_a_hole_are_not_complete(shell):
    """No record from 4 February to 19 April: neither is February, of 3 days, complete, nor April, of 11."""
    use = [u for u in year_and_half(shell) if not dt.date(2026, 2, 4) <= u[0] <= dt.date(2026, 4, 19)]
    write_log(shell.folder / "log.csv", {"a": use})
    result = shell.json("calibrate", plan_text(log="log.csv"), "--dry-run")
    assert not {"2026-02", "2026-04"} & set(result["periods"]), result["rests_on"]
    assert abs(parameters(result)["growth_per_year"]["value"]) < 0.2


def test_a_correlation_of_noise_that_is_typed_as_none_is_not_learnt(shell):
    """Without noise there is nothing whose correlation the log could show."""
    write_log(shell.folder / "log.csv", {"a": [(d, 100) for d in days(dt.date(2026, 6, 1), dt.date(2026, 10, 31))]})
    found = parameters(shell.json("calibrate", plan_text(log="log.csv", demand={"monthly_noise": 0}), "--dry-run"))
    assert found["noise_ar1"]["source"] == "prior"
    assert found["noise_ar1"]["value"] == pytest.approx(0.3, abs=0.1)


def test_the_spread_of_the_level_that_is_said_is_the_one_that_is_drawn(shell):
    """Eight whole weeks without a whole calendar month: level_sd as printed, and the spread of month 0 by it."""
    rng = np.random.default_rng(1)
    use = [(d, int(1000 * math.exp(rng.normal(0, 0.05)))) for d in days(dt.date(2026, 1, 2), dt.date(2026, 2, 27))]
    write_log(shell.folder / "log.csv", {"a": use})
    demand = {k: v for k, v in STILL.items() if k not in ("level_sd", "growth_per_year")} | {"growth_per_year": 0}
    plan = shell.json(
        "plan", plan_text(start=dt.date(2026, 4, 1), log="log.csv", demand=demand, cuts=NO_MOVES, paths=8192)
    )
    said = next(p["value"] for p in plan["demand"] if p["name"] == "level_sd")
    p10, p90 = (months_of(plan, figure=f)[0] for f in ("p10", "p90"))
    assert math.log(p90 / p10) / (2 * stats.norm.ppf(0.9)) == pytest.approx(said, rel=0.1)
