"""Tokens per request: exact moments, and quantiles inside the bin of the exact ones."""

import json
import random
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.cli import main
from planner.measurement import Exclusion, measure, prompt_edges
from planner.prices import PriceBook
from planner.tokens_per_request import TokensPerRequest, cut_days, tokens_per_request
from planner.tokens_report import tokens_json, tokens_table
from planner.units import TOKEN_CLASSES, TOKEN_COLUMNS
from planner.usage.read import UsageSource, read_usage
from planner.usage.token_distribution import LAST_POWER, quantile, token_distribution

BOOK = PriceBook.load()


def rows_of(count: int, seed: int = 1) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    return [
        {
            "timestamp": f"2026-{rng.randint(8, 10):02d}-{rng.randint(1, 28):02d}T12:00:00Z",
            "request_type": rng.choice(["answer", "triage"]),
            "model": rng.choice(["claude-opus-5-5", "claude-haiku-4-5"]),
            "uncached_input_tokens": int(rng.lognormvariate(7, 1.5)),
            "cache_read_tokens": rng.choice([0, 0, 0, 5_000]),
            "cache_write_5m_tokens": rng.choice([0, 1]),
            "cache_write_1h_tokens": 0,
            "output_tokens": int(rng.lognormvariate(5, 1)),
        }
        for _ in range(count)
    ]


def told(rows: list[dict[str, Any]], folder: Path, exclusions: tuple[Exclusion, ...] = ()) -> list[TokensPerRequest]:
    path = folder / "log.parquet"
    pd.DataFrame(rows).to_parquet(path)
    source = UsageSource(sources=(str(path),), base_dir=folder)
    measurement = measure(read_usage(source, prompt_edges=prompt_edges(BOOK)), BOOK, exclusions=exclusions)
    sizes = token_distribution(
        source, first=measurement.first.date(), last=measurement.last.date(), cuts=cut_days(exclusions)
    )
    return list(tokens_per_request(measurement, sizes, BOOK))


def by_row(rows: list[dict[str, Any]]) -> dict[tuple[str, str], np.ndarray]:
    found: dict[tuple[str, str], list[list[int]]] = defaultdict(list)
    for row in rows:
        found[row["request_type"], row["model"]].append([row[name] for name in TOKEN_COLUMNS])
    return {key: np.array(values, dtype=np.float64) for key, values in found.items()}


def agree(found: list[TokensPerRequest], rows: list[dict[str, Any]]) -> None:
    expected = by_row(rows)
    assert {(each.request_type, each.model) for each in found} == set(expected)
    for each in found:
        values = expected[each.request_type, each.model]
        assert each.requests == len(values)
        np.testing.assert_allclose(each.mean, values.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(each.sd, values.std(axis=0, ddof=1), rtol=1e-9, atol=1e-9)
        for q, estimates in ((0.5, each.p50), (0.95, each.p95)):
            exact = np.quantile(values, q, axis=0, method="inverted_cdf")
            np.testing.assert_array_equal(bin_of(estimates), bin_of(exact))


def bin_of(values: np.ndarray) -> np.ndarray:
    return np.frexp(np.floor(values))[1]


def test_moments_are_exact_and_quantiles_lie_in_the_bin_of_the_exact_ones(tmp_path: Path) -> None:
    rows = rows_of(600)
    agree(told(rows, tmp_path), rows)


def test_exclusions_and_repeated_ids_are_left_out_of_both(tmp_path: Path) -> None:
    rows = [row | {"request_id": f"r{index}"} for index, row in enumerate(rows_of(400, seed=2))]
    exclusions = (
        Exclusion(request_type="triage", to=date(2026, 8, 20)),
        Exclusion(from_=date(2026, 9, 3), to=date(2026, 9, 9)),
    )
    kept = [
        row
        for row in rows
        if not (row["request_type"] == "triage" and row["timestamp"][:10] <= "2026-08-20")
        and not "2026-09-03" <= row["timestamp"][:10] <= "2026-09-09"
    ]
    assert len(kept) < len(rows)
    agree(told(rows + rows[:150], tmp_path, exclusions), kept)


@given(
    values=st.lists(st.integers(0, 2**26), min_size=1, max_size=60), q=st.floats(0.01, 1.0), scale=st.integers(1, 1000)
)
def test_a_quantile_lies_in_the_bin_of_the_exact_one(values: list[int], q: float, scale: int) -> None:
    bins = np.minimum(np.frexp(np.array(values, dtype=np.float64))[1], LAST_POWER + 1)
    counts = np.bincount(bins, minlength=LAST_POWER + 2).astype(np.float64)
    exact = float(np.quantile(values, q, method="inverted_cdf"))
    found = quantile(counts * scale, q)
    expected = min(int(np.frexp(exact)[1]), LAST_POWER + 1)
    assert min(int(np.frexp(np.floor(found))[1]), LAST_POWER + 1) == expected
    assert quantile(counts, min(q + 0.1, 1.0)) >= quantile(counts, q)


def test_a_quantile_of_nothing_is_unknown_and_smooth_sizes_come_close() -> None:
    assert np.isnan(quantile(np.zeros(LAST_POWER + 2), 0.5))
    values = np.floor(np.random.default_rng(1).lognormal(7, 1, 200_000))
    counts = np.bincount(np.frexp(values)[1], minlength=LAST_POWER + 2).astype(np.float64)
    for q in (0.5, 0.95):
        assert quantile(counts, q) == pytest.approx(np.quantile(values, q), rel=0.05)


def test_buckets_are_not_known_and_do_not_count(tmp_path: Path) -> None:
    rows = [row | {"requests": 1} for row in rows_of(200, seed=3)]
    buckets = [row | {"requests": 50, "request_type": "nightly", "output_tokens": 10**6} for row in rows_of(30, seed=4)]
    found = told(rows + buckets, tmp_path)
    agree([each for each in found if each.request_type != "nightly"], rows)
    nightly = [each for each in found if each.request_type == "nightly"]
    assert all(each.requests == 0 and np.isnan(each.mean).all() for each in nightly)
    table = tokens_table(found)
    assert "nightly" in table.note
    assert all(row[0] != "nightly" for row in table.rows)
    assert "not known" in tokens_table(nightly).rows[0][3]
    said = next(row for row in tokens_json(found) if row["request_type"] == "nightly")
    assert said["not_known"] == "the log has buckets"
    assert said["output"] == {"mean": None, "sd": None, "p50": None, "p95": None}


def test_the_command_line_prints_them_for_scripts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(50)
    pd.DataFrame(rows).to_csv(tmp_path / "log.csv", index=False)
    monkeypatch.setattr("sys.argv", ["planner", "measure", str(tmp_path / "log.csv"), "--tokens", "--json"])
    main()
    said = json.loads(capsys.readouterr().out)["tokens_per_request"]
    assert sum(row["requests"] for row in said) == len(rows)
    assert set(TOKEN_CLASSES) < set(said[0])
