"""The documents keep pace with the code: names resolve, links lead somewhere, references and numbers are current.

docs/plan-file.md is generated from the models of planner.plan_file.schema: `pytest tests/test_docs.py --update-golden`.
"""

import importlib
import re
import tomllib
import types
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from pydantic.fields import FieldInfo

from planner.bands import DiscountBand
from planner.commit import CommitSample, commit_sample
from planner.contract import Contract
from planner.demand import damped_months, leave_hazard
from planner.distributions import Z90, Distribution, JudgedEscalation, Point, ScaledBeta, posterior
from planner.evidence.drift import Counts, drift
from planner.evidence.looks import Schedule, answers_to_settle, bounds
from planner.evidence.operating import operating
from planner.evidence.paired import difference_bounds
from planner.evidence.quality import lower_bound, settlement
from planner.lever_costs.economics import RouteEconomics
from planner.lever_costs.scenario_costs import price_scenario
from planner.levers import CacheLever, Route, Scenario, adoption
from planner.mix import MixEntry, RequestMix
from planner.opportunities.candidates import SURE
from planner.plan_file.contract_sections import ContractSection
from planner.plan_file.evidence_sections import OF_A_FILE, FileEntrySection
from planner.plan_file.loader import parse_plan
from planner.plan_file.quote_sections import VariedTerms
from planner.plan_file.schema import PlanFile
from planner.plan_file.section import Section
from planner.plan_file.values import Duration, Escalation, Fraction, Month, Positive, Rate, RouteShare
from planner.prices import PriceBook
from planner.settlement import settle
from planner.simulation import SpendPaths
from planner.term_use import TermUse, term_use

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "plan-file.md"
METHOD = ROOT / "docs" / "method.md"
DOCUMENTS = sorted((ROOT / "docs").glob("*.md")) + [path for path in [ROOT / "README.md"] if path.is_file()]

NAME = re.compile(r"`(planner(?:\.[A-Za-z_]\w*)+)`")
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")

# ---------------------------------------------------------------------------------------------------------------------
# Names and links


def resolve(name: str) -> tuple[str, object]:
    """(module, object) of a dotted name; AttributeError or ImportError where there is none."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        module_name = ".".join(parts[:cut])
        try:
            found: Any = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not module_name.startswith(error.name):
                raise
            continue
        for part in parts[cut:]:
            found = found.__dataclass_fields__[part] if part in _fields(found) else getattr(found, part)
        return module_name, found
    raise ImportError(name)


def _fields(found: Any) -> dict[str, Any]:
    return getattr(found, "__dataclass_fields__", {}) if isinstance(found, type) else {}


def file_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def headings(text: str) -> set[str]:
    """Anchors of a document's headings, as they are made from the text."""
    lines = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", lines, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def document_faults(path: Path, text: str) -> Iterator[str]:
    """What a document says that is not so: names that do not resolve, links that lead nowhere or elsewhere."""
    modules: dict[str, str] = {}
    for name in dict.fromkeys(NAME.findall(text)):
        try:
            modules[name], _ = resolve(name)
        except (ImportError, AttributeError) as error:
            yield f"{name}: {error}"
    for label, target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists():
            yield f"link to {target}: there is no such file"
        elif anchor and anchor not in headings(text if there == path else there.read_text(encoding="utf-8")):
            yield f"link to {target}: there is no such heading"
        module = modules.get(label.strip("`"))
        if module is not None and there != file_of(module).resolve():
            yield f"{label} links to {target}, but lives in {file_of(module).relative_to(ROOT)}"


def test_every_picture_of_the_app_is_there_and_every_one_that_is_there_is_shown() -> None:
    shown = re.findall(
        r"!\[([^\]]*)\]\(pictures/([\w-]+\.png)\)", (ROOT / "docs" / "app.md").read_text(encoding="utf-8")
    )
    there = sorted((ROOT / "docs" / "pictures").iterdir())
    assert sorted(name for _, name in shown) == [path.name for path in there]
    assert all(words.strip() for words, _ in shown), "a picture says in words what it shows"
    assert sum(path.stat().st_size for path in there) < 1_200_000


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_name_resolves_and_every_link_leads_somewhere(path: Path) -> None:
    assert list(document_faults(path, path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("see `planner.commit.nothing`", "nothing"),
        ("see `planner.no_such_module.thing`", "no_such_module"),
        ("[x](../planner/no-such-file.py)", "no such file"),
        ("[x](#no-such-heading)\n# A heading", "no such heading"),
        ("[`planner.commit.commit_sample`](../planner/settlement.py)", "lives in planner/commit.py"),
    ],
)
def test_a_planted_fault_is_found(text: str, fault: str) -> None:
    found = list(document_faults(METHOD, text))
    assert len(found) == 1
    assert fault in found[0]


def test_the_method_links_every_function_that_it_names() -> None:
    text = METHOD.read_text(encoding="utf-8")
    linked = {match.group(1) for label, _ in LINK.findall(text) if (match := NAME.fullmatch(label))}
    assert len(linked) > 30
    assert set(NAME.findall(text)) == linked


def test_every_key_that_the_method_names_is_a_key_of_the_plan_file() -> None:
    tables = {table.strip("[]") for tables in sections().values() for table, _ in tables}
    keys = {f"{table.strip('[]')}.{key}" for cls, used in sections().items() for table, _ in used for key in plain(cls)}
    roots = "|".join(PlanFile.model_fields)
    named = set(re.findall(rf"`((?:{roots})\.[a-z_.]+)`", METHOD.read_text(encoding="utf-8")))
    assert len(named) > 15
    assert named - keys - tables == set()


# ---------------------------------------------------------------------------------------------------------------------
# The reference of the plan file

INTRODUCTION = """\
# The plan file

Every key that a plan file may have. The file is TOML; format 1. Unknown keys are errors. What the values do is told in
[the method](method.md). This page is generated from the code that reads the file, and a test holds it to that.

The least that a plan needs is a start, a source or a mix, and the discount bands on offer:

```toml
[plan]
start = 2027-01-01

[[mix]]                       # or [usage] with the sources of a log
request_type = "triage"
model = "claude-opus-5-5"
monthly_requests = 1_200_000
uncached_input_tokens = 900
output_tokens = 60

[contract]

[[contract.band]]
min_commit_usd_per_year = 250_000
discount_fraction = 0.08
```

Give either `[usage]` or `[[mix]]`, never both.

## Uncertain values

| type | a constant | by P10 and P90 | by low, mode, high | by evidence |
|---|---|---|---|---|
| uncertain share | `0.9` | `{ p10 = 0.80, p90 = 0.95 }`: Beta | `{ low = 0.7, mode = 0.9, high = 1.0 }`: PERT | \
`{ passed = 188, failed = 12 }`: the pass rate; a route's share also `{ evidence = "evidence/triage.toml" }`: that of \
an evidence file |
| uncertain escalation | `0.06` | as a share | as a share | `{ passed = 188, failed = 12, fnr = 0.0, fpr = 0.0 }`: \
the escalation rate that follows from the pass rate; `{ pass_rate = 0.94, fnr = 0.05, fpr = 0.10 }`: from a pass rate \
that is itself any uncertain share; `{ evidence = "evidence/triage.toml" }`, also with `fnr` and `fpr`: from an \
evidence file |
| uncertain rate a year | `0.6` | `{ p10 = 0.0, p90 = 1.56 }`: log(1 + x) normal | PERT | - |
| uncertain positive number | `1.15` | `{ p10 = 0.05, p90 = 0.30 }`: log-normal | PERT | - |
| uncertain month | `1` | - | `{ low = 2, mode = 4, high = 7 }`: PERT, rounded | - |
| uncertain number of months | `6` | `{ p10 = 3, p90 = 9 }`: log-normal | PERT | - |

Shares are fractions: 0.12 is 12 %. P10 and P90 of a share lie between 0 and 1, ends excluded. Months count from the
start of the contract, which is month 0. A dash in the column of defaults means that leaving the key out is itself a
choice, told under its meaning.
"""

SPREADS = (
    (Fraction, "uncertain share", "0 to 1"),
    (RouteShare, "uncertain share, or of a file", "0 to 1"),
    (Escalation, "uncertain escalation", "0 to 1"),
    (Rate, "uncertain rate a year", "-1 or more; P10 above -1"),
    (Positive, "uncertain positive number", "0 or more; P10 above 0"),
    (Month, "uncertain month", "any"),
    (Duration, "uncertain number of months", "0 to 120"),
)

MEANINGS = {
    ".format": "version of this format",
    "plan.name": "what the plan is called in every result",
    "plan.seed": "seed of the random numbers; the same seed gives the same figures",
    "usage.format": "`auto`, or a name that `planner formats` lists",
    "usage.skip_bad_rows": "leave out rows that cannot be read, and say so, where the default is to stop",
    "usage.window.from": "first day that counts",
    "usage.window.to": "last day that counts",
    "usage.exclude.from": "first day to leave out; without it, from the beginning",
    "usage.exclude.to": "last day to leave out; without it, to the end",
    "usage.exclude.reason": "why, shown beside the dollars that it removed",
    "mix.request_type": "what the requests are; one entry per request type and model",
    "mix.model": "the model that serves them",
    "mix.monthly_requests": "requests in a season-free month 0",
    "mix.uncached_input_tokens": "input neither read from nor written to the cache, mean per request",
    "mix.cache_read_tokens": "input read from the cache, mean per request",
    "mix.cache_write_5m_tokens": "input written to the 5-minute cache, mean per request",
    "mix.cache_write_1h_tokens": "input written to the 1-hour cache, mean per request",
    "mix.output_tokens": "output, thinking included, mean per request",
    "mix.batch_fraction": "share of the requests that go through the Batch API already",
    "prices.provider": "whose price list",
    "prices.override.model": "the model whose price is replaced",
    "prices.override.source": "where the price comes from, such as a quote and its day",
    "prices.override.tier": "tier of a model that the price list does not know",
    "prices.override.input_usd_per_mtok": "uncached input, USD per million tokens; left out: list",
    "prices.override.output_usd_per_mtok": "output, USD per million tokens; left out: list",
    "prices.override.cache_read_usd_per_mtok": "cache reads, USD per million tokens; left out: list",
    "prices.override.cache_write_5m_usd_per_mtok": "5-minute cache writes, USD per million tokens; left out: list",
    "prices.override.cache_write_1h_usd_per_mtok": "1-hour cache writes, USD per million tokens; left out: list",
    "prices.cuts.falls_per_year": "list-price falls a year, per model tier",
    "prices.cuts.fall": "size of one fall, fraction of the price",
    "prices.cuts.rises_per_year": "list-price rises a year, per model tier",
    "prices.cuts.rise": "size of one rise, fraction of the price",
    "prices.cuts.lag_months": "months until traffic pays the new price",
    "demand.level_sd": "log sd of the run rate itself, constant along a path; wider by itself without a complete month",
    "demand.growth_per_year": "growth of requests a year: 0.40 is +40 %",
    "demand.growth_damping_per_month": "factor on growth each month; 1 is no damping",
    "demand.monthly_volatility": "log sd of one monthly step of the random walk",
    "demand.common_share": "share of the variance of walk and noise that all types have in common",
    "demand.monthly_noise": "log sd of noise that does not last",
    "demand.noise_ar1": "month-to-month correlation of that noise",
    "demand.token_drift_per_year": "growth of tokens per request a year",
    "demand.leave_probability_per_quarter": "chance that the largest request type stops for good",
    "demand.season": "twelve factors, January first, mean 1",
    "demand.event.name": "what happens",
    "demand.event.probability": "chance that it happens at all",
    "demand.event.month": "month from which it counts",
    "demand.event.size": "factor on the requests from then on",
    "demand.event.request_types": "types that it hits; `*` is all",
    "evaluation.grader.kind": "which grader it is",
    "scenario.name": "what the scenario is called; each name once",
    "scenario.route.request_type": "type to route",
    "scenario.route.to": "target model",
    "scenario.route.overhead_usd_per_request": "router and judge, USD per routed request",
    "scenario.route.moves": "whole sessions keep their cache; single requests find it cold",
    "scenario.route.token_ratio": "tokens on the target per token on the source; left out: by tokenizer generation",
    "scenario.cache.request_type": "type whose input is cached; one entry per type",
    "scenario.cache.cacheable_fraction": "share of the input that is uncached today",
    "scenario.cache.hit_rate": "share of it that is read; the rest is written",
    "scenario.cache.ttl": "lifetime of what is written",
    "scenario.batch.request_type": "type that can wait; one entry per type",
    "scenario.batch.share": "share of the requests that are not batch yet",
    "scenario.output.request_type": "type whose output is cut; one entry per type",
    "scenario.output.cut": "fraction of the output tokens",
    "contract.term_months": "length of the contract; with `in_force` and co_term, left out: until that ends",
    "contract.drawdown": "whether discounted or list dollars count against the commitment",
    "contract.overage": "price beyond the commitment: list, the committed discount, or a discount fraction of its own",
    "contract.shortfall": "unused commitment is owed in full and lost, or charged at `true_up_rate`",
    "contract.eligible_fraction": "share of list spend that enters the contract",
    "contract.price_falls.passed_through": "discount off the current list price; false: committed use stays at the "
    "prices of the pricing day",
    "contract.band.min_commit_usd_per_year": "annual commitment at which the band begins, in drawdown dollars",
    "contract.band.discount_fraction": "negotiated discount on committed use",
    "decision.objective": "what is minimised",
    "decision.max_shortfall_probability": "limit on the chance of a shortfall",
    "decision.cvar_loss": "the loss of `mean_cvar`: what is paid, or paid less list",
    "decision.cvar_weight": "weight of the CVaR beside the mean",
    "decision.cvar_level": "share of paths below the tail: 0.9 is the worst tenth",
}
"""Meanings of the keys whose field carries no description of its own."""


def alternatives(annotation: Any) -> list[type[Section]]:
    """Every section class inside an annotation: several where a key of the table says which it is."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [found for part in get_args(annotation) for found in alternatives(part)]


def nested(annotation: Any) -> tuple[type[Section] | None, bool]:
    """(section class, whether it is a list of them) inside an annotation; (None, False) for a plain value."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, False
    is_list = get_origin(annotation) is list
    inside = [nested(part)[0] for part in get_args(annotation) if part is not types.NoneType]
    cls = next((found for found in inside if found is not None), None)
    is_list = is_list and cls is not None
    return cls, is_list or any(nested(part)[1] for part in get_args(annotation) if part is not types.NoneType)


def key_of(name: str, field: FieldInfo) -> str:
    return field.alias or name


def plain(cls: type[Section]) -> dict[str, tuple[str, FieldInfo]]:
    """Key -> (attribute, field) of the values of a section that are no tables, or not always."""
    return {key_of(name, f): (name, f) for name, f in cls.model_fields.items() if may_be_plain(f.annotation)}


def may_be_plain(annotation: Any) -> bool:
    """Whether an annotation allows something else than a section, or several of them."""
    if nested(annotation)[0] is None:
        return True
    options = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ()
    return any(part is not types.NoneType and nested(part)[0] is None for part in options)


def sections() -> dict[type[Section], list[tuple[str, str]]]:
    """Every section class, in the file's order, with the tables that it stands for and how often each may stand."""
    found: dict[type[Section], list[tuple[str, str]]] = {}

    def visit(cls: type[Section], path: str) -> None:
        for name, field in cls.model_fields.items():
            child, is_list = nested(field.annotation)
            if child is None or key_of(name, field) in like_contract(cls):
                continue
            table = f"{path}.{key_of(name, field)}" if path else key_of(name, field)
            often = "any number" if is_list else "once"
            if field.is_required():
                often = "at least one" if is_list else "once, required"
            for one in alternatives(field.annotation):
                found.setdefault(one, []).append((f"[[{table}]]" if is_list else f"[{table}]", often))
                visit(one, table)

    found[PlanFile] = [("", "once")]
    visit(PlanFile, "")
    return found


def meaning(cls: type[Section], table: str, key: str) -> str:
    """What a key means: the description that its field carries, or ours."""
    _, field = plain(cls)[key]
    return field.description or MEANINGS[f"{meaning_path(cls, table)}.{key}"]


def meaning_path(cls: type[Section], table: str) -> str:
    return table.strip("[]") if len(sections()[cls]) == 1 else table.strip("[]").rpartition(".")[2]


def type_and_range(cls: type[Section], key: str) -> tuple[str, str]:
    name, _ = plain(cls)[key]
    hint = get_type_hints(cls, include_extras=True)[name]
    options = [part for part in get_args(hint) if part is not types.NoneType]
    for spread, words, allowed in SPREADS:
        if hint == spread or (get_origin(hint) in (Union, types.UnionType) and spread in options):
            return words, allowed
    return _by_schema(cls.model_json_schema(by_alias=True)["properties"][key])


def _by_schema(schema: dict[str, Any]) -> tuple[str, str]:
    if "anyOf" in schema:
        parts = [_by_schema(part) for part in schema["anyOf"] if part.get("type") != "null"]
        ranges = dict.fromkeys(allowed for _, allowed in parts if allowed)
        return " or ".join(words for words, _ in parts), "; ".join(ranges)
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " or ".join(f"`{toml(value)}`" for value in values), ""
    if "$ref" in schema:
        return "table", ""
    kind = schema["type"]
    if kind == "array":
        words, allowed = _by_schema(schema["items"])
        return f"list of {words}s" if words == "number" else f"list of {words}", allowed
    if schema.get("additionalProperties") is True:
        return "table", ""
    if kind == "object":
        words, allowed = _by_schema(schema["additionalProperties"])
        return f"table of {words}s" if words == "number" else f"table of {words}", allowed
    if kind == "string":
        return ("date" if schema.get("format") == "date" else "text"), ""
    return {"boolean": "true or false", "integer": "whole number", "number": "number"}[kind], _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f"{_bound(low)} to {_bound(high)}"
    words = (("", low, " or more"), ("above ", above, ""), ("at most ", high, ""), ("below ", below, ""))
    return ", ".join(f"{before}{_bound(value)}{after}" for before, value, after in words if value is not None)


def _bound(value: float) -> str:
    if value == 2**63:
        return "2^63"
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e7 else f"{value:g}"


def toml(value: object) -> str:
    """A default as it would be written in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        if len(value) > 3 and len(set(value)) == 1:
            return f"[{toml(value[0])}, ...]"
        return f"[{', '.join(toml(item) for item in value)}]"
    if isinstance(value, int):
        return f"{value:_}"
    return "{}" if value == {} else str(value)


def spread_as_toml(value: Distribution) -> str:
    if isinstance(value, Point):
        return f"{value.value}"
    p10, p90 = value.from_normal(np.array([-Z90, Z90]))
    return f"{{ p10 = {float(f'{p10:.4g}') + 0.0}, p90 = {float(f'{p90:.4g}')} }}"


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "-"
    return f"`{spread_as_toml(value) if hasattr(value, 'from_normal') else toml(value)}`"


def like_contract(cls: type[Section]) -> set[str]:
    """Keys of an offer or an ask that [contract] has too: told there."""
    return set(ContractSection.model_fields) if issubclass(cls, VariedTerms) else set()


def kind_of(cls: type[Section]) -> str | None:
    """The kind that a section of several for one table is for."""
    field = cls.model_fields.get("kind")
    return None if field is None else str(get_args(field.annotation)[0])


def plan_reference() -> str:
    """docs/plan-file.md as the code would have it now."""
    parts = [INTRODUCTION]
    for cls, tables in sections().items():
        title = ", ".join(f"`{table}`" for table, _ in tables) if cls is not PlanFile else "Top level"
        title += f", kind {toml(kind)}" if (kind := kind_of(cls)) else ""
        summary = re.sub(r"^\[+[^\]]+\]+:?\s*", "", cls.__doc__ or "") if cls is not PlanFile else ""
        summary = summary[:1].upper() + summary[1:]
        often = "" if cls is PlanFile else f"({', '.join(dict.fromkeys(often for _, often in tables))})"
        rows = []
        for key, (_, field) in plain(cls).items():
            if key in like_contract(cls):
                continue
            words, allowed = type_and_range(cls, key)
            cells = (f"`{key}`", words, allowed, default_of(field), meaning(cls, tables[0][0], key))
            rows.append("| " + " | ".join(cells) + " |")
        head = ["| key | type | range | default | meaning |", "|---|---|---|---|---|"] if rows else []
        text = " ".join(part for part in (summary, often) if part)
        parts.append("\n".join([f"## {title}", "", *([text, ""] if text else []), *head, *rows]) + "\n")
    return "\n".join([*parts, evidence_file_reference()])


EVIDENCE_FILE = """\
## Evidence files

What `planner evidence decide --write` makes and `{ evidence = "file" }` and `[plan]` `evidence` name: TOML with
`format = 1` and `[[evidence]]` tables, which have every key of the plan's own `[[evidence]]`, and these:

| key | type | range | meaning |
|---|---|---|---|
"""


def evidence_file_reference() -> str:
    """The keys that an evidence file has beside those of the plan's [[evidence]]."""
    rows = []
    for key, (_, field) in plain(FileEntrySection).items():
        if key in OF_A_FILE:
            words, allowed = type_and_range(FileEntrySection, key)
            rows.append(f"| `{key}` | {words} | {allowed} | {field.description} |\n")
    return EVIDENCE_FILE + "".join(rows)


def test_the_plan_reference_is_what_the_code_says(request: pytest.FixtureRequest) -> None:
    current = plan_reference()
    if request.config.getoption("--update-golden"):
        REFERENCE.write_text(current, encoding="utf-8")
    assert REFERENCE.read_text(encoding="utf-8") == current, (
        "docs/plan-file.md is out of date: pytest tests/test_docs.py --update-golden"
    )


def test_no_meaning_is_left_over() -> None:
    used = {
        f"{meaning_path(cls, tables[0][0])}.{key}"
        for cls, tables in sections().items()
        for key, (_, field) in plain(cls).items()
        if not field.description and key not in like_contract(cls)
    }
    assert set(MEANINGS) == used


def test_the_smallest_plan_of_the_reference_is_accepted_and_every_part_of_it_is_needed() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert parse_plan(example, base_dir=ROOT).start == date(2027, 1, 1)
    document = tomllib.loads(example)
    assert set(document) == {"plan", "mix", "contract"}
    required = {key for cls in sections() for key, (_, field) in plain(cls).items() if field.is_required()}
    required.add("min_commit_usd_per_year")  # or, in every band, the one for the term
    assert set(document["mix"][0]) <= required
    assert set(document["plan"]) | set(document["contract"]["band"][0]) <= required


# ---------------------------------------------------------------------------------------------------------------------
# The worked numbers of the method


def said(*numbers: str) -> None:
    text = " ".join(METHOD.read_text(encoding="utf-8").split())  # a line may end inside a phrase
    for number in numbers:
        assert number in text, f"the method no longer says {number}"


def one_route(tokens: tuple[float, ...], *, to: str, moves: str = "session") -> RouteEconomics:
    entry = MixEntry(
        request_type="work",
        model="claude-opus-5-5",
        monthly_requests=1.0,
        tokens_per_request=np.array(tokens, dtype=float),
        batch_fraction=0.0,
        long_prompt_fraction={100_000: 0.0},
    )
    mix = RequestMix(entries=(entry,), growth_months=0.0, drift_months=0.0, warnings=(), history_days=None)
    route = Route(request_type="work", to=to, share=Point(1.0), escalation=Point(0.0), moves=moves)  # type: ignore[arg-type]
    scenario = Scenario(name="route", routes=(route,))
    return price_scenario(scenario, mix, PriceBook.load(), on=date(2026, 11, 23)).economics[0]


def terms(discount: float, *, first_band: float = 0.0) -> Contract:
    band = DiscountBand(min_commit_usd_per_year=first_band, discount_fraction=discount)
    return Contract(term_months=12, bands=(band,))


def year(contract: Contract, annual_usd: Any) -> TermUse:
    monthly = np.tile(np.asarray(annual_usd, dtype=float) / 12, (12, 1))
    return term_use(contract, SpendPaths(list_cost_usd=monthly, signing_list_cost_usd=monthly))


def test_savings_are_taken_in_sequence_and_never_added_up() -> None:
    old, routed, contract = 5_537.30, 3_594.74, terms(0.30)
    use = year(contract, [routed])
    in_sequence = old - settle(contract, contract.offer_at(0.7 * routed), use).paid_usd[0]
    hasty = settle(contract, contract.offer_at(0.7 * old), use)
    signed_first = old - hasty.paid_usd[0]
    assert round(hasty.shortfall_usd[0, 0], 2) == 1_359.79
    assert (round(in_sequence, 2), round(signed_first, 2)) == (3_020.98, 1_661.19)
    assert round(old - routed + 0.3 * old, 2) == 3_603.75
    said("$3,603.75", "$3,020.98", "$1,661.19", "$1,359.79", "overstates the total by 19 %")
    assert round(3_603.75 / 3_020.98 - 1, 2) == 0.19


def test_a_call_moved_out_of_a_warm_session_costs_five_times_as_much() -> None:
    tokens = (1_000.0, 60_000.0, 0.0, 0.0, 800.0)
    cold = one_route(tokens, to="claude-sonnet-5-5", moves="request")
    warm = one_route(tokens, to="claude-sonnet-5-5", moves="session")
    assert cold.unit_cost_before_usd == pytest.approx(0.032)
    assert cold.unit_cost_routed_usd == pytest.approx(0.160)
    assert warm.unit_cost_routed_usd == pytest.approx(0.016)
    extra, back = cold.unit_cost_routed_usd - 0.032, 0.032 - warm.unit_cost_routed_usd
    assert extra / back == pytest.approx(8)
    said("$0.032", "$0.160", "five times as dear", "eight more calls at $0.016", "$0.128", "-400 %")


def test_break_even_escalation_of_the_triage_example() -> None:
    sonnet, haiku = (one_route((900.0, 0, 0, 0, 60.0), to=f"claude-{name}-5-5") for name in ("sonnet", "haiku"))
    assert sonnet.unit_cost_before_usd == pytest.approx(0.0048)
    assert (sonnet.unit_cost_routed_usd, sonnet.break_even_escalation) == pytest.approx((0.0024, 0.5))
    assert (haiku.unit_cost_routed_usd, haiku.break_even_escalation) == pytest.approx((0.00012, 0.975))
    said("$0.0048", "$0.0024", "$0.00012", "50 %", "97.5 %")


def test_break_even_hit_rate_of_the_caching_example() -> None:
    """Where caching the whole input of Opus 5.5 costs what not caching it costs."""
    entry = MixEntry(
        request_type="work",
        model="claude-opus-5-5",
        monthly_requests=1.0,
        tokens_per_request=np.array([1e6, 0, 0, 0, 0], dtype=float),
        batch_fraction=0.0,
    )
    mix = RequestMix(entries=(entry,), growth_months=0.0, drift_months=0.0, warnings=(), history_days=None)
    for ttl, hit_rate in (("5m", 1 / 4.8), ("1h", 4 / 7.8)):
        lever = CacheLever(request_type="work", cacheable_fraction=Point(1.0), hit_rate=Point(hit_rate), ttl=ttl)  # type: ignore[arg-type]
        costs = price_scenario(Scenario(name="s", caches=(lever,)), mix, PriceBook.load(), on=date(2026, 11, 23))
        assert costs.mean_unit_costs(np.array([6.0]))[0, 0] == pytest.approx(4.0)
    assert [round(100 * h, 1) for h in (1 / 4.8, 4 / 7.8)] == [20.8, 51.3]
    said("(5 - 4) / (5 - 0.20) = 20.8 %", "(8 - 4) / (8 - 0.20) = 51.3 %")


def uniform_year() -> tuple[Contract, CommitSample]:
    n, contract = 100_000, terms(0.20, first_band=250_000)
    return contract, commit_sample(contract, year(contract, 600e3 + 800e3 * (np.arange(n) + 0.5) / n))


def test_a_discount_of_20_percent_is_worth_the_20th_percentile() -> None:
    contract, sample = uniform_year()
    best = sample.best()
    assert best.offer.commit_usd_per_year == pytest.approx(608_000, abs=10)
    assert best.expected_cost_usd == pytest.approx(864_000, abs=1)
    assert best.shortfall_probability == pytest.approx(0.20, abs=1e-4)
    limited = sample.best(max_shortfall_probability=0.10)
    assert limited.offer.commit_usd_per_year == pytest.approx(544_000, abs=10)
    assert limited.expected_cost_usd == pytest.approx(868_000, abs=1)
    (mean,) = sample.expect([contract.offer_at(800_000)])
    assert (mean.expected_cost_usd, mean.expected_overage_usd) == pytest.approx((900_000, 100_000), abs=1)
    assert (best.expected_overage_usd, limited.expected_overage_usd) == pytest.approx((256_000, 324_000), abs=10)
    said("608,000", "$864,000", "544,000", "$868,000", "$900,000", "13.6 %", "only $4,000")


def test_small_numbers_of_the_method() -> None:
    assert damped_months(np.array([12.0]), 0.98)[0] == pytest.approx(10.8, abs=0.05)
    hazard = leave_hazard(0.05)
    assert (round(hazard, 4), round(1 - (1 - hazard) ** 11, 2)) == (0.0170, 0.17)
    ramp = adoption(np.arange(6.0), start=np.array(1.0), span=np.array(4.0), ceiling=np.array(1.0))
    assert [round(float(a) * 100) for a in ramp] == [6, 16, 37, 63, 84, 94]
    graded: ScaledBeta = posterior(188, 12)
    means = [JudgedEscalation(pass_rate=graded, fnr=fnr, fpr=fpr).mean for fnr, fpr in ((0.0, 0.0), (0.05, 0.10))]
    assert [round(mean, 3) for mean in means] == [0.062, 0.103]
    assert round(1_000_000 * 30.4375 / 31) == 981_855
    assert PriceBook.load().token_ratio("claude-sonnet-4-6", "claude-sonnet-5") * 2 / 3 == pytest.approx(
        0.867, abs=1e-3
    )
    said("10.8", "1.70 %", "17 %", "6 %, 16 %, 37 %, 63 %, 84 %, 94 %", "6.2 %", "10.3 %", "981,855", "0.867")


def test_worked_examples_of_levers_and_evidence() -> None:
    triage = RouteEconomics(
        request_type="triage",
        source="claude-opus-5-5",
        to="claude-haiku-5-5",
        traffic_share=1.0,
        share=1.0,
        unit_cost_before_usd=0.0048,
        unit_cost_routed_usd=0.00012,
        unit_cost_escalated_usd=0.0048,
        overhead_usd=0.0,
        judge_usd=0.0002,
        rule_fraction=0.4,
        escalation=0.1,
        error_cost_usd=0.0,
    )
    assert triage.unit_cost_after_usd == pytest.approx(0.000528)
    assert round(lower_bound(188, 12), 3) == 0.908
    graded = settlement(0, 0, bar=0.9, chance=SURE)
    assert graded is not None
    assert (graded.answers, graded.failures) == (160, 10)
    said("$0.000528", "90.8 %", "160 answers with at most 10 failures")


def test_worked_examples_of_looks_comparison_and_drift() -> None:
    schedule = Schedule()
    table = bounds(schedule, 5)
    assert (table.answers, table.passes) == ((50, 100, 150, 200, 400), (51, 98, 143, 188, 373))
    assert table.failures == (16, 20, 24, 29, 53)
    levels = ["-", *(f"{level:.4f}" for level in table.pass_levels[1:])]
    passes = ["never", *map(str, table.passes[1:])]
    rows = zip(range(1, 6), table.answers, passes, table.failures, levels, strict=True)
    said(*(f"| {look} | {n} | {c} | {f} | {level} |" for look, n, c, f, level in rows))
    spent = [schedule.spent_fraction(look) for look in range(1, 7)]
    said(f"{spent[0]:.5f}, {spent[1]:.4f}, {spent[2]:.4f}, {spent[3]:.4f} at", f"{spent[4]:.4f}, {spent[5]:.4f}, ...")
    found = [operating(rate, schedule) for rate in (0.9, 0.95, 0.96)]
    said(*(f"{100 * one.passes:.{digits}f} %" for one, digits in zip(found, (1, 0, 0), strict=True)))
    said(f"after {found[2].expected_answers:.0f} answers")
    assert answers_to_settle(142, 150, schedule) == 50
    assert [round(100 * bound, 1) for bound in difference_bounds(6, 9, 200, level=0.05)] == [-5.0, 1.8]
    moved = drift(Counts(hits=188, total=200), Counts(hits=85, total=100))
    assert moved.seen_fall is not None
    assert [round(-100 * x, 1) for x in (moved.change, moved.upper, moved.lower)] == [9.0, 2.9, 15.9]
    assert round(100 * moved.seen_fall, 1) == 8.5


def test_defaults_named_in_the_method_are_those_of_the_plan_file() -> None:
    demand, cuts = PlanFile.model_fields["demand"], PlanFile.model_fields["prices"]
    given = demand.get_default(call_default_factory=True)
    moves = cuts.get_default(call_default_factory=True).cuts
    rows = dict(re.findall(r"^\| (`[^|]+`) \| ([^|]+) \|", METHOD.read_text(encoding="utf-8"), flags=re.MULTILINE))
    for key in ("level_sd", "growth_damping_per_month", "monthly_volatility", "common_share"):
        assert float(rows[f"`demand.{key}`"]) == getattr(given, key)
    assert float(rows["`demand.leave_probability_per_quarter`"]) == given.leave_probability_per_quarter
    assert rows["`demand.monthly_noise`, `noise_ar1`"] == f"{given.monthly_noise:.2f}, {given.noise_ar1:g}"
    growth = given.growth_per_year.from_normal(np.array([-Z90, 0.0, Z90]))
    assert growth == pytest.approx([0.0, 0.60, 1.56])
    assert moves.fall.from_normal(np.array([-Z90, 0.0, Z90])) == pytest.approx([0.10, 0.31, 0.60], abs=1e-3)
    assert moves.rise.from_normal(np.array([-Z90, 0.0, Z90])) == pytest.approx([0.05, 0.122, 0.30], abs=1e-3)
    assert (moves.falls_per_year, moves.rises_per_year, moves.lag_months) == (0.7, 0.2, 3)
    said("the median of this Beta is 31 %", "the median is 12 %", "median +60 %")


def test_an_annotated_type_is_told_from_its_neighbours() -> None:
    assert len({words for _, words, _ in SPREADS}) == len(SPREADS)
    assert all(get_origin(spread) is Annotated for spread, _, _ in SPREADS)
    assert not any(a == b for i, (a, *_) in enumerate(SPREADS) for b, *_ in SPREADS[i + 1 :])
