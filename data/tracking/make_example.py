"""Make the bundled log of actual use after signing. Everything in it is SYNTHETIC: no company or request is real.

    python data/tracking/make_example.py        # writes actuals.jsonl.gz and outcomes.jsonl beside this file

The same seed gives the same bytes with the same versions of NumPy and zlib. The plan that was signed is
../plans/signed.toml. What happened since, and what tracking should find:

- routing begins late (triage in the middle of September, extract in October) and then goes further than planned; a
  tenth of code-review and, from the end of October, a quarter of answer move as well, which no plan said;
- list prices moved as they really did: Opus 5.5 came at a lower price than Opus 5 and took its place on 5 October,
  Sonnet 5.5 has had cheaper cache reads since 7 October, Haiku 5.5 took the place of Haiku 4.5 on 19 October;
- answer keeps more of its prompt in the cache from September on, and documents to extract from grew by 6 %;
- volume grows by about 2 % a month, and a new small type, contract-notes, began in September;
- triage escalates more often than its evidence says.
"""

import gzip
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

SEED = 20261122
FIRST, LAST = date(2026, 7, 1), date(2026, 11, 22)
SIGNED_PLAN_MONTH = date(2026, 6, 16)
GROWTH_PER_MONTH = 0.02
DAYS_PER_MONTH = 365.25 / 12
WEEKEND = 0.35
NEW_TOKENS_PER_OLD = 1.3
OLD_TOKENIZER = frozenset({"claude-haiku-4-5"})

OPUS = (
    (date(2026, 10, 5), "claude-opus-5-5"),
    (date(2026, 8, 3), "claude-opus-5"),
    (date(2026, 5, 28), "claude-opus-4-8"),
)
SONNET = ((date(2026, 9, 29), "claude-sonnet-5-5"), (date(2026, 6, 30), "claude-sonnet-5"))
HAIKU = ((date(2026, 10, 19), "claude-haiku-5-5"), (date(2025, 10, 15), "claude-haiku-4-5"))


@dataclass(frozen=True)
class Adoption:
    """How much of a type goes to another tier: 10 % of `most` on the day `begins`, 90 % so many days later.

    escalated: the share of it that the strong model is asked again.
    """

    tier: tuple[tuple[date, str], ...]
    begins: date
    days: int
    most: float
    escalated: float

    def share(self, day: date) -> float:
        """Of the type's requests on a day; nothing before it begins."""
        if day < self.begins:
            return 0.0
        middle = self.begins + timedelta(days=self.days / 2)
        return float(self.most / (1 + np.exp(-2 * np.log(9) * ((day - middle).days / self.days))))


@dataclass(frozen=True)
class Traffic:
    """One request type. monthly_requests: at signing. tokens: means per request in the newer tokenizer, by class.

    tier: who answers what is not routed. later: from which day on which tokens.
    """

    request_type: str
    monthly_requests: float
    tokens: tuple[float, float, float, float, float]
    tier: tuple[tuple[date, str], ...] = OPUS
    begins: date = FIRST
    later: tuple[date, tuple[float, float, float, float, float]] | None = None
    adoption: Adoption | None = None

    def tokens_on(self, day: date) -> tuple[float, float, float, float, float]:
        """Means per request on a day."""
        return self.later[1] if self.later is not None and day >= self.later[0] else self.tokens


TRAFFIC = (
    Traffic(
        "triage",
        4_200_000,
        (900, 0, 0, 0, 60),
        adoption=Adoption(HAIKU, date(2026, 9, 14), 35, 0.96, 0.09),
    ),
    Traffic(
        "extract",
        720_000,
        (5_000, 0, 0, 0, 400),
        later=(date(2026, 9, 1), (5_300, 0, 0, 0, 400)),
        adoption=Adoption(SONNET, date(2026, 10, 1), 30, 0.92, 0.06),
    ),
    Traffic(
        "answer",
        900_000,
        (2_400, 5_200, 700, 0, 520),
        later=(date(2026, 9, 1), (1_300, 6_500, 500, 0, 520)),
        adoption=Adoption(SONNET, date(2026, 10, 26), 14, 0.25, 0.0),
    ),
    Traffic(
        "code-review",
        210_000,
        (1_200, 40_000, 2_500, 0, 900),
        adoption=Adoption(SONNET, date(2026, 9, 29), 10, 0.10, 0.0),
    ),
    Traffic("contract-notes", 30_000, (9_000, 0, 0, 0, 700), tier=SONNET, begins=date(2026, 9, 7)),
)


def newest(tier: tuple[tuple[date, str], ...], day: date) -> str:
    """The model of a tier that the company uses on a day."""
    return next(model for since, model in tier if day >= since)


def level(traffic: Traffic, day: date) -> float:
    """Expected requests of a day."""
    weekday = WEEKEND if day.weekday() >= 5 else 1.0
    months = (day - SIGNED_PLAN_MONTH).days / DAYS_PER_MONTH
    growth = (1 + GROWTH_PER_MONTH) ** months
    return traffic.monthly_requests / DAYS_PER_MONTH * weekday * 7 / (5 + 2 * WEEKEND) * growth


def calls(traffic: Traffic, day: date, requests: int, rng: np.random.Generator) -> dict[str, tuple[int, int]]:
    """Model -> (calls, escalated calls among those that were routed to it)."""
    adoption, strong = traffic.adoption, newest(traffic.tier, day)
    routed = 0 if adoption is None else int(rng.binomial(requests, adoption.share(day)))
    if adoption is None or not routed:
        return {strong: (requests, 0)}
    escalated = int(rng.binomial(routed, adoption.escalated))
    return {strong: (requests - routed + escalated, 0), newest(adoption.tier, day): (routed, escalated)}


def bucket(traffic: Traffic, day: date, model: str, count: int, rng: np.random.Generator) -> dict[str, object]:
    """One row; token columns are totals of the row, and a class that is not used is left out."""
    ratio = 1 / NEW_TOKENS_PER_OLD if model in OLD_TOKENIZER else 1.0
    jitter = np.exp(rng.normal(0.0, 0.02, size=5))
    names = ("uncached_input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    totals = [round(count * mean * ratio * factor) for mean, factor in zip(traffic.tokens_on(day), jitter, strict=True)]
    row: dict[str, object] = {"timestamp": f"{day.isoformat()}T00:00:00Z", "request_type": traffic.request_type}
    row |= {"model": model, "requests": count}
    row |= {f"{name}_tokens": total for name, total in zip(names, totals, strict=True) if total}
    return row | {"service_tier": "standard", "context_window": "0-100k"}


def made(rng: np.random.Generator) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Daily rows by type and model, and monthly outcomes of what was routed and is checked."""
    rows: list[dict[str, object]] = []
    outcomes: dict[tuple[str, str, str], list[int]] = {}
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        common = rng.normal(-0.5 * 0.04**2, 0.04)
        for traffic in TRAFFIC:
            noise = np.exp(common + rng.normal(-0.5 * 0.05**2, 0.05))
            requests = int(rng.poisson(level(traffic, day) * noise)) if day >= traffic.begins else 0
            for model, (count, escalated) in calls(traffic, day, requests, rng).items():
                if count:
                    rows.append(bucket(traffic, day, model, count, rng))
                if model != newest(traffic.tier, day) and traffic.adoption and traffic.adoption.escalated:
                    own = outcomes.setdefault((f"{day:%Y-%m}", traffic.request_type, model), [0, 0])
                    own[0] += count
                    own[1] += escalated
    return rows, [
        {"month": month, "request_type": name, "model": model, "requests": total, "escalated": hits}
        for (month, name, model), (total, hits) in outcomes.items()
    ]


def as_lines(records: list[dict[str, object]]) -> bytes:
    """JSON lines."""
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records).encode()


def packed(data: bytes) -> bytes:
    """Gzip without a time or a name in its header, so that the bytes depend on the content only."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as stream:
        stream.write(data)
    return buffer.getvalue()


def main() -> None:
    folder = Path(__file__).resolve().parent
    rows, outcomes = made(np.random.default_rng(SEED))
    (folder / "actuals.jsonl.gz").write_bytes(packed(as_lines(rows)))
    (folder / "outcomes.jsonl").write_bytes(as_lines(outcomes))


if __name__ == "__main__":
    main()
