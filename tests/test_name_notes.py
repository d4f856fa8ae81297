"""Names that say a cloud, or an endpoint of it, at which they are not priced: said wherever they are priced."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from planner import cli
from planner.name_notes import logged_name_notes, other_cloud_note, typed_name_notes
from planner.prices import OwnTerms, PriceBook, PriceOverride

TODAY = date(2026, 11, 23)
REGIONAL, GLOBAL = "us.anthropic.claude-opus-5-5", "global.anthropic.claude-opus-5-5"
OLD = "us.anthropic.claude-opus-4-20250514-v1:0"  # costs the same at every endpoint
PLAN = """
[plan]
start = 2027-01-01
paths = 100

[[mix]]
request_type = "triage"
model = "{mix}"
monthly_requests = 1_200_000
uncached_input_tokens = 900
output_tokens = 60

[[scenario]]
name = "routed"

[[scenario.route]]
request_type = "triage"
to = "{to}"
share = 0.5
escalation = 0.1
escalate_to = "{escalate_to}"
long_prompt_fraction = 0.0
judge = {{ model = "{judge}", uncached_input_tokens = 100, output_tokens = 10 }}

[contract]

[[contract.band]]
min_commit_usd_per_year = 10_000
discount_fraction = 0.08

[prices]
{prices}
"""


def book(provider: str, endpoint: str | None = None) -> PriceBook:
    return PriceBook.load(provider, terms=OwnTerms(endpoint=endpoint))  # type: ignore[arg-type]


def typed(book: PriceBook, *names: str) -> list[str]:
    return list(typed_name_notes([(name, "mix 'x'") for name in names], book, TODAY))


def test_a_typed_endpoint_that_the_plan_is_not_priced_at_is_said_with_its_factor() -> None:
    (said,) = typed(book("bedrock"), REGIONAL, REGIONAL)
    for part in (
        f"mix 'x': {REGIONAL} says the regional endpoint",
        "priced at the global one; the regional one costs 1.1 times as much as the global one",
        'prices.endpoint = "regional"',
        "write claude-opus-5-5",
    ):
        assert part in said
    (said,) = typed(book("bedrock", "regional"), GLOBAL)
    assert "the regional one costs 1.1 times as much as the global one" in said
    assert 'prices.endpoint = "global"' in said


@pytest.mark.parametrize(
    ("planned", "name"), [("global", GLOBAL), ("regional", REGIONAL), (None, "claude-opus-5-5"), (None, OLD)]
)
def test_nothing_is_said_of_an_endpoint_that_costs_the_same(planned: str | None, name: str) -> None:
    assert typed(book("bedrock", planned), name) == []


def test_nothing_is_said_of_an_endpoint_whose_price_the_plan_gives() -> None:
    own = PriceOverride(model="claude-opus-5-5", source="q", **dict.fromkeys(RATES, Decimal(1)))  # type: ignore[arg-type]
    assert typed(book("bedrock").with_overrides([own]), REGIONAL) == []


RATES = (
    "input_usd_per_mtok",
    "output_usd_per_mtok",
    "cache_read_usd_per_mtok",
    "cache_write_5m_usd_per_mtok",
    "cache_write_1h_usd_per_mtok",
)


@pytest.mark.parametrize(
    ("provider", "name", "words"),
    [
        ("anthropic", REGIONAL, ("a Bedrock name", "Anthropic's list", 'prices.provider = "bedrock"')),
        (
            "anthropic",
            "claude-opus-4-5@20251101",
            ("a Vertex AI name", 'prices.provider = "vertex" (--provider vertex)'),
        ),
        ("vertex", "arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic.claude-opus-5", ("Vertex AI's list",)),
        ("bedrock", "vertex_ai/claude-opus-5", ("a Vertex AI name", "Bedrock's list")),
    ],
)
def test_another_clouds_name_is_said(provider: str, name: str, words: tuple[str, ...]) -> None:
    said = other_cloud_note(name, book(provider))
    assert said is not None
    for part in (name, *words):
        assert part in said
    assert typed(book(provider), name) == [f"mix 'x': {said}"]


def test_requests_of_a_log_with_another_clouds_names_are_counted() -> None:
    names = {REGIONAL: 1_200, GLOBAL: 34, "claude-opus-5-5": 5, "claude-opus-4-5@20251101": 1}
    vertex, bedrock = logged_name_notes(names, book("anthropic"))
    assert "1,234 requests carry Bedrock names (such as " in bedrock
    assert "1 request carries Vertex AI names" in vertex
    (left,) = logged_name_notes({"claude-opus-5-5": 5, "claude-opus-4-5@20251101": 1}, book("bedrock"))
    assert "priced at Bedrock's list" in left


# --- where they are said -----------------------------------------------------------------------------------------


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """planner(...arguments) is (stdout, stderr) of a command that works."""

    def run(*arguments: object) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["planner", *map(str, arguments)])
        cli.main()
        return capsys.readouterr()

    return run


def test_every_name_that_a_plan_types_is_looked_at(planner: Callable[..., tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    names = {
        "mix": REGIONAL,
        "to": "us.anthropic.claude-haiku-5-5",
        "escalate_to": "eu.anthropic.claude-opus-5",
        "judge": "jp.anthropic.claude-sonnet-5-5",
    }
    path.write_text(PLAN.format(**names, prices='provider = "bedrock"'), encoding="utf-8")
    warnings = json.loads(planner("plan", path, "--json")[0])["warnings"]
    for name in names.values():
        (said,) = (warning for warning in warnings if name in warning)
        assert "1.1 times as much" in said
    plain = {key: name.partition("anthropic.")[2] for key, name in names.items()}
    path.write_text(PLAN.format(**plain, prices='provider = "bedrock"'), encoding="utf-8")
    assert "1.1 times" not in " ".join(json.loads(planner("plan", path, "--json")[0])["warnings"])
    path.write_text(PLAN.format(**names, prices=""), encoding="utf-8")
    warnings = json.loads(planner("plan", path, "--json")[0])["warnings"]
    assert sum("is a Bedrock name, priced at Anthropic's list" in warning for warning in warnings) == len(names)


def test_measure_and_prices_say_it_too(planner: Callable[..., tuple[str, str]], tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    row = {"timestamp": "2026-11-20T12:00:00Z", "request_type": "x", "model": REGIONAL, "requests": 7}
    tokens = {"uncached_input_tokens": 10, "cache_read_tokens": 0, "output_tokens": 1}
    writes = {"cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0}
    log.write_text(json.dumps({**row, **tokens, **writes}) + "\n", encoding="utf-8")
    assert "7 requests carry Bedrock names" in planner("measure", log)[1]
    assert "Bedrock names" not in planner("measure", log, "--provider", "bedrock")[1]
    assert f"{REGIONAL} is a Bedrock name, priced at Anthropic's list" in planner("prices", REGIONAL)[1]
    assert "Bedrock name" not in planner("prices", REGIONAL, "--provider", "bedrock")[1]


def test_a_plan_has_its_own_provider(
    planner: Callable[..., tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        planner("measure", tmp_path / "plan.toml", "--provider", "bedrock")
    assert "set prices.provider there" in capsys.readouterr().err
