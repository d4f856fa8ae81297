"""Make the bundled example logs. Everything in them is SYNTHETIC: no company, customer or request is real.

    python data/usage/make_example.py            # writes example.jsonl.gz and messages-sample.jsonl beside this file

The same seed gives the same bytes with the same versions of NumPy and zlib. The shape follows what is published
about such logs: request types of very unequal size, one dominant strong model whatever the task, caching on some
types only, customers with a heavy tail, a working-week pattern, about 3 % growth a month, a one-off backfill in
August, and a little traffic that nobody tagged. The strong model is the newest Opus of its day.
"""

import gzip
import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

SEED = 20261031
FIRST, LAST = date(2026, 6, 1), date(2026, 10, 31)
GROWTH_PER_MONTH = 0.03
DAYS_PER_MONTH = 365.25 / 12
CUSTOMERS = 12
STRONG_MODELS = (
    (date(2026, 9, 22), "claude-opus-5-5"),
    (date(2026, 7, 24), "claude-opus-5"),
    (date(2026, 5, 28), "claude-opus-4-8"),
)
SAMPLE_ROWS = 300


@dataclass(frozen=True)
class Traffic:
    """One request type in one prompt-length band.

    monthly_requests: at the middle of June, all customers. Tokens are means per request; other_models is the
    share of a model that is not the strong one.
    """

    request_type: str
    monthly_requests: float
    uncached_input: float
    cache_read: float
    cache_write_5m: float
    cache_write_1h: float
    output: float
    window: str = "0-100k"
    other_model: str | None = None
    other_share: float = 0.0
    weekend: float = 0.35
    customers: int = CUSTOMERS
    first: date = FIRST
    last: date = LAST
    growth: bool = True


TRAFFIC = (
    Traffic("triage", 9_600_000, 900, 0, 0, 0, 60, weekend=0.5),
    Traffic("extract", 1_250_000, 6_200, 0, 0, 0, 420, weekend=0.3),
    Traffic("nightly-summary", 300_000, 21_000, 0, 0, 0, 900, weekend=0.9, customers=8),
    Traffic("answer", 1_440_000, 2_400, 5_200, 700, 0, 520, other_model="claude-sonnet-4-6", other_share=0.04),
    Traffic("code-agent", 500_000, 900, 58_000, 2_600, 300, 700, customers=5, weekend=0.2),
    Traffic("code-agent", 45_000, 1_100, 128_000, 3_400, 500, 800, window="100k-200k", customers=5, weekend=0.2),
    Traffic("code-agent", 7_500, 1_300, 262_000, 4_800, 700, 900, window="200k-1M", customers=3, weekend=0.2),
    Traffic("", 60_000, 2_000, 0, 0, 0, 300, other_model="claude-haiku-4-5", other_share=0.3, customers=4),
    Traffic(
        "reindex",
        900_000,
        14_000,
        0,
        0,
        0,
        250,
        weekend=1.0,
        customers=1,
        first=date(2026, 8, 10),
        last=date(2026, 8, 19),
        growth=False,
    ),
)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def model_on(day: date) -> str:
    return next(model for since, model in STRONG_MODELS if day >= since)


def level(traffic: Traffic, day: date) -> float:
    """Expected requests of a day, all customers."""
    week = 5 + 2 * traffic.weekend
    weekday = traffic.weekend if day.weekday() >= 5 else 1.0
    months = (day - FIRST).days / DAYS_PER_MONTH - 0.5
    growth = (1 + GROWTH_PER_MONTH) ** months if traffic.growth else 1.0
    span = (traffic.last - traffic.first).days + 1 if not traffic.growth else DAYS_PER_MONTH
    return traffic.monthly_requests / span * weekday * 7 / week * growth


def customer_shares(count: int) -> np.ndarray:
    """Heavy-tailed: the k-th customer has a share in proportion to k**-1.3."""
    weights = np.arange(1, count + 1) ** -1.3
    return weights / weights.sum()


def rows(rng: np.random.Generator) -> list[dict[str, object]]:
    """Daily buckets, one per type, model, prompt band, tier and customer."""
    made = []
    for traffic in TRAFFIC:
        shares = customer_shares(traffic.customers)
        for day in days(traffic.first, traffic.last):
            noise = np.exp(rng.normal(-0.5 * 0.06**2, 0.06))
            for customer, share in enumerate(shares, start=1):
                own = np.exp(rng.normal(-0.5 * 0.12**2, 0.12))
                requests = int(rng.poisson(level(traffic, day) * noise * share * own))
                made += buckets(traffic, day, customer, requests, rng)
    made.sort(
        key=lambda row: (row["timestamp"], row["request_type"], row["model"], row["context_window"], row["customer"])
    )
    return made


def buckets(
    traffic: Traffic, day: date, customer: int, requests: int, rng: np.random.Generator
) -> list[dict[str, object]]:
    split = [(model_on(day), requests)]
    if traffic.other_model is not None:
        other = int(rng.binomial(requests, traffic.other_share))
        split = [(model_on(day), requests - other), (traffic.other_model, other)]
    return [bucket(traffic, day, customer, model, count, rng) for model, count in split if count]


def bucket(
    traffic: Traffic, day: date, customer: int, model: str, requests: int, rng: np.random.Generator
) -> dict[str, object]:
    """One row; keys in the order of the canonical columns, token columns as totals of the row."""
    means = (traffic.uncached_input, traffic.cache_read, traffic.cache_write_5m, traffic.cache_write_1h, traffic.output)
    jitter = np.exp(rng.normal(0.0, 0.03, size=5))
    totals = [round(requests * mean * factor) for mean, factor in zip(means, jitter, strict=True)]
    row: dict[str, object] = {"timestamp": f"{day.isoformat()}T00:00:00Z"}
    row["request_type"] = traffic.request_type
    row["model"] = model
    row["requests"] = requests
    names = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    row |= {f"{name}_tokens": total for name, total in zip(names, totals, strict=True)}
    return row | {
        "service_tier": "standard",
        "context_window": traffic.window,
        "customer": f"customer-{customer:02d}",
    }


def messages(rng: np.random.Generator) -> list[dict[str, object]]:
    """Single requests as the Messages API answers them, wrapped with a time and a request type."""
    usual = [traffic for traffic in TRAFFIC if traffic.growth]
    weights = np.array([traffic.monthly_requests for traffic in usual])
    start = datetime(2026, 10, 5, 8, tzinfo=UTC)
    made = []
    for number in range(SAMPLE_ROWS):
        traffic = usual[int(rng.choice(len(usual), p=weights / weights.sum()))]
        start += timedelta(seconds=float(rng.exponential(90)))
        factor = float(np.exp(rng.normal(-0.02, 0.2)))
        short, long = round(traffic.cache_write_5m * factor), round(traffic.cache_write_1h * factor)
        usage = {
            "input_tokens": max(1, round(traffic.uncached_input * factor)),
            "cache_creation_input_tokens": short + long,
            "cache_read_input_tokens": round(traffic.cache_read * factor),
            "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
            "output_tokens": max(1, round(traffic.output * factor)),
            "service_tier": "standard",
            "inference_geo": "global",
        }
        made.append(
            {
                "timestamp": start.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "request_type": traffic.request_type or None,
                "id": f"msg_synthetic_{number:04d}",
                "model": model_on(start.date()),
                "usage": usage,
            }
        )
    return made


def as_lines(records: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records).encode()


def packed(data: bytes) -> bytes:
    """Gzip without a time or a name in its header, so that the bytes depend on the content only."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(data)
    return buffer.getvalue()


def main() -> None:
    folder = Path(__file__).resolve().parent
    buckets_rng, messages_rng = (np.random.default_rng(seed) for seed in np.random.SeedSequence(SEED).spawn(2))
    (folder / "example.jsonl.gz").write_bytes(packed(as_lines(rows(buckets_rng))))
    (folder / "messages-sample.jsonl").write_bytes(as_lines(messages(messages_rng)))


if __name__ == "__main__":
    main()
