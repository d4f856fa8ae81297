"""Plans, contracts and spend as tests write them, and hypothesis strategies that invent more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import reference
import tomlkit
from hypothesis import strategies as st

from planner.bands import DiscountBand
from planner.contract import Contract
from planner.machine import plan_json
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.simulation import SpendPaths

Table = dict[str, Any]

CALM_DEMAND: Mapping[str, Any] = {
    "level_sd": 0.0,
    "growth_per_year": 0.0,
    "growth_damping_per_month": 1.0,
    "monthly_volatility": 0.0,
    "monthly_noise": 0.0,
    "noise_ar1": 0.0,
    "leave_probability_per_quarter": 0.0,
}
"""Demand that does not move at all."""

STILL_PRICES: Mapping[str, Any] = {"falls_per_year": 0.0, "rises_per_year": 0.0, "lag_months": 0}


# --- plans -----------------------------------------------------------------------------------------------------------


def override(model: str, tier: str = "opus", rates: Sequence[float] = (10.0, 1.0, 12.5, 20.0, 50.0)) -> Table:
    """A model that only the plan prices, at rates in the order of the token classes."""
    names = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
    priced = {f"{name}_usd_per_mtok": rate for name, rate in zip(names, rates, strict=True)}
    return {"model": model, "source": "test", "tier": tier, **priced}


def mix_entry(request_type: str = "chat", model: str = "strong", **changed: Any) -> Table:
    """A type whose request costs 0.01 USD on the default override: 1,000 uncached input tokens at 10 USD/MTok."""
    entry = {
        "request_type": request_type,
        "model": model,
        "monthly_requests": 1_000_000.0,
        "uncached_input_tokens": 1000.0,
        "output_tokens": 0.0,
    }
    return entry | changed


def plan_table(
    *,
    mix: Sequence[Table] | None = None,
    overrides: Sequence[Table] | None = None,
    demand: Mapping[str, Any] | None = None,
    cuts: Mapping[str, Any] | None = None,
    scenario: Sequence[Table] = (),
    bands: Sequence[tuple[float, float]] = ((1000.0, 0.2),),
    contract: Mapping[str, Any] | None = None,
    decision: Mapping[str, Any] | None = None,
    **plan: Any,
) -> Table:
    """A plan as a table; without arguments 10,000 USD a month at list, every month and on every path."""
    prices = {
        "override": list([override("strong")] if overrides is None else overrides),
        "cuts": {**STILL_PRICES, **(cuts or {})},
    }
    listed = [{"min_commit_usd_per_year": low, "discount_fraction": discount} for low, discount in bands]
    table: Table = {
        "plan": {"start": date(2027, 1, 1), "paths": 2, "seed": 1, **plan},
        "prices": {"on": date(2026, 12, 15), **prices},
        "demand": {**CALM_DEMAND, **(demand or {})},
        "contract": {**(contract or {}), "band": listed},
        "decision": {"max_shortfall_probability": 1.0, **(decision or {})},
        "mix": list([mix_entry()] if mix is None else mix),
    }
    return table | ({"scenario": list(scenario)} if scenario else {})


def built(table: Table, base_dir: Path = Path()) -> Plan:
    """The plan of a table, by way of its TOML."""
    return build_plan(parse_plan(tomlkit.dumps(table), base_dir=base_dir))


def figures(table: Table) -> Table:
    """What `planner plan --json` says about a plan."""
    return plan_json(built(table))


# --- spend and contracts ---------------------------------------------------------------------------------------------


def spend_paths(current: Sequence[Sequence[float]], signing: Sequence[Sequence[float]] | None = None) -> SpendPaths:
    """Spend paths from monthly USD, one inner sequence per month, one value per path."""
    listed = np.array(current, dtype=np.float64)
    signed = listed if signing is None else np.array(signing, dtype=np.float64)
    return SpendPaths(list_cost_usd=listed, signing_list_cost_usd=signed)


def contract_of(terms: reference.Terms) -> Contract:
    """The product's contract with the same terms as the reference's."""
    return Contract(
        term_months=terms.term_months,
        bands=tuple(
            DiscountBand(min_commit_usd_per_year=float(low), discount_fraction=float(d)) for low, d in terms.bands
        ),
        drawdown=terms.drawdown,
        overage=terms.overage if isinstance(terms.overage, str) else float(terms.overage),
        eligible_fraction=float(terms.eligible),
        price_falls_passed_through=terms.passed_through,
    )


@dataclass(frozen=True, kw_only=True)
class Case:
    """A contract and a few spend paths, in the reference's Decimal; months by paths, as the product has them."""

    terms: reference.Terms
    current: tuple[tuple[Decimal, ...], ...]
    signing: tuple[tuple[Decimal, ...], ...]

    @property
    def contract(self) -> Contract:
        return contract_of(self.terms)

    @property
    def spend(self) -> SpendPaths:
        return spend_paths(
            [[float(usd) for usd in month] for month in self.current],
            [[float(usd) for usd in month] for month in self.signing],
        )

    def paths(self) -> list[tuple[list[Decimal], list[Decimal]]]:
        """Per path the months at current and at signing-day list."""
        n = len(self.current[0])
        return [([month[i] for month in self.current], [month[i] for month in self.signing]) for i in range(n)]


def cents(low: int = 0, high: int = 3_000_000) -> st.SearchStrategy[Decimal]:
    """Money in whole cents."""
    return st.integers(low, high).map(lambda value: Decimal(value) / 100)


def per_mille(low: int = 0, high: int = 999) -> st.SearchStrategy[Decimal]:
    """A fraction in thousandths."""
    return st.integers(low, high).map(lambda value: Decimal(value) / 1000)


@st.composite
def bands(draw: st.DrawFn, *, rising: bool = False) -> tuple[tuple[Decimal, Decimal], ...]:
    """One to four discount bands; discounts in any order unless rising."""
    lows = draw(st.lists(cents(100, 20_000_000), min_size=1, max_size=4, unique=True))
    discounts = draw(st.lists(per_mille(0, 800), min_size=len(lows), max_size=len(lows)))
    if rising:
        lows, discounts = sorted(lows), sorted(discounts)
    return tuple(zip(lows, discounts, strict=True))


@st.composite
def terms(draw: st.DrawFn, *, rising: bool = False) -> reference.Terms:
    """Any contract that a plan file can state."""
    return reference.Terms(
        term_months=draw(st.sampled_from([1, 5, 11, 12, 13, 18, 24, 30, 36])),
        bands=draw(bands(rising=rising)),
        drawdown=draw(st.sampled_from(["contracted", "list"])),
        overage=draw(st.one_of(st.sampled_from(["list", "committed"]), per_mille(0, 500))),
        eligible=draw(st.one_of(st.just(Decimal(1)), per_mille(1, 1000))),
        passed_through=draw(st.booleans()),
    )


@st.composite
def cases(draw: st.DrawFn, *, max_paths: int = 3, rising: bool = False) -> Case:
    """A contract with spend paths, prices moved between signing and use in some months.

    Months come from a seed: hypothesis looks for contracts, and hundreds of drawn months would only slow it down.
    """
    agreed = draw(terms(rising=rising))
    n, top = draw(st.integers(1, max_paths)), draw(st.integers(1, 3_000_000))
    months = Random(draw(st.integers(0, 10**6)))
    idle, factors = draw(st.sampled_from([0.0, 0.2])), draw(st.sampled_from([["1"], ["1", "0.75", "0.4", "1.25"]]))
    signing, current = [], []
    for _ in range(agreed.term_months):
        used = [Decimal(0 if months.random() < idle else months.randint(0, top)) / 100 for _ in range(n)]
        signing.append(tuple(used))
        current.append(tuple(usd * Decimal(months.choice(factors)) for usd in used))
    return Case(terms=agreed, current=tuple(current), signing=tuple(signing))


# --- levers ----------------------------------------------------------------------------------------------------------

STRONG, CHEAP, LONG, OLD = "strong", "claude-opus-5-5", "claude-haiku-5-5", "claude-opus-4-6"
CARDS: Mapping[str, reference.Card] = {
    STRONG: reference.Card(rates=reference.amounts(10, 1, 12.5, 20, 50), generation="unknown"),
    CHEAP: reference.Card(rates=reference.amounts(4, 0.2, 5, 8, 20)),
    LONG: reference.Card(
        rates=reference.amounts(0.1, 0.01, 0.125, 0.2, 0.5),
        above={100_000: reference.amounts(0.5, 0.05, 0.625, 1, 2.5)},
    ),
    OLD: reference.Card(rates=reference.amounts(5, 0.5, 6.25, 10, 25), generation="old"),
}
"""Rate cards as published for 2026-12-15, typed in here a second time; STRONG is priced by override() alone."""


@dataclass(frozen=True, kw_only=True)
class LeverCase:
    """One request type under levers, as a plan and as the reference has it."""

    table: Table
    entries: tuple[reference.Entry, ...]
    levers: reference.Levers

    def slow_months(self, months: int = 12) -> list[float]:
        """Monthly list cost by the reference."""
        return [float(reference.type_cost(self.entries, self.levers, CARDS, t)) for t in range(months)]


def share(low: int = 0, high: int = 100) -> st.SearchStrategy[Decimal]:
    """A share in whole percent."""
    return st.integers(low, high).map(lambda value: Decimal(value) / 100)


@st.composite
def ramps(draw: st.DrawFn) -> reference.Ramp:
    """Any ramp, one that began before the contract included; starts at whole months."""
    return reference.Ramp(
        start_month=Decimal(draw(st.integers(-6, 8))),
        months=Decimal(draw(st.sampled_from([0, 0, 1, 4, 9]))),
        ceiling=draw(st.one_of(st.just(Decimal(1)), share())),
    )


@st.composite
def routes(draw: st.DrawFn, *, to: str, sources: tuple[str, ...]) -> reference.Route:
    """A route to a model from any model (sources empty) or from those named."""
    return reference.Route(
        to=to,
        share=draw(share()),
        escalation=draw(share()),
        escalate_to=draw(st.sampled_from([None, *(name for name in CARDS if name != to)])),
        from_models=sources,
        overhead=draw(st.sampled_from([Decimal(0), Decimal("0.001")])),
        moves=draw(st.sampled_from(["session", "request"])),
        token_ratio=draw(st.sampled_from([None, None, Decimal("1.15")])),
        long_prompt=draw(st.one_of(st.none(), share())),
        ramp=draw(ramps()),
    )


@st.composite
def entries(draw: st.DrawFn) -> tuple[reference.Entry, ...]:
    """One request type on one to three models."""
    models = draw(st.lists(st.sampled_from(list(CARDS)), min_size=1, max_size=3, unique=True))
    tokens = st.sampled_from([0, 1, 40, 900, 25_000])
    return tuple(
        reference.Entry(
            model=model,
            requests=Decimal(draw(st.integers(1, 10**7))),
            tokens={name: Decimal(draw(tokens)) for name in reference.CLASSES},
            batch_fraction=draw(share()),
            long_prompt={100_000: draw(share())},
        )
        for model in models
    )


@st.composite
def lever_cases(draw: st.DrawFn) -> LeverCase:
    """A request type with any levers: no route, one from anywhere, or two from different models."""
    mix = draw(entries())
    models = [entry.model for entry in mix]
    kind = draw(st.sampled_from(["none", "any", "named"]))
    chosen: list[reference.Route] = []
    if kind == "any":
        chosen = [draw(routes(to=draw(st.sampled_from(list(CARDS))), sources=()))]
    if kind == "named":
        first = models[0]
        chosen = [draw(routes(to=draw(st.sampled_from([m for m in CARDS if m != first])), sources=(first,)))]
        if rest := tuple(models[1:]):
            chosen.append(draw(routes(to=draw(st.sampled_from([m for m in CARDS if m not in rest])), sources=rest)))
    levers = reference.Levers(
        routes=tuple(chosen),
        cache=draw(
            st.none()
            | st.builds(
                reference.Cache, cacheable=share(), hit_rate=share(), ttl=st.sampled_from(["5m", "1h"]), ramp=ramps()
            )
        ),
        batch=draw(st.none() | st.builds(reference.Cut, amount=share(), ramp=ramps())),
        output=draw(st.none() | st.builds(reference.Cut, amount=share(), ramp=ramps())),
    )
    return LeverCase(table=lever_plan(mix, levers), entries=mix, levers=levers)


def lever_plan(mix: Sequence[reference.Entry], levers: reference.Levers, **changed: Any) -> Table:
    """A calm plan with the scenario "levers" after the mix as it is."""
    scenario: Table = {"name": "levers"}
    if levers.routes:
        scenario["route"] = [route_table(route) for route in levers.routes]
    if levers.cache:
        cache = levers.cache
        amounts = {"cacheable_fraction": float(cache.cacheable), "hit_rate": float(cache.hit_rate), "ttl": cache.ttl}
        scenario["cache"] = [{"request_type": "chat", **amounts, "ramp": ramp_table(cache.ramp)}]
    for name, key, cut in (("batch", "share", levers.batch), ("output", "cut", levers.output)):
        if cut:
            scenario[name] = [{"request_type": "chat", key: float(cut.amount), "ramp": ramp_table(cut.ramp)}]
    terms = {"overrides": [override(STRONG)], "scenario": [{"name": "as is"}, scenario]}
    return plan_table(mix=[entry_table(entry) for entry in mix], **{**terms, **changed})


def entry_table(entry: reference.Entry) -> Table:
    """A [[mix]] entry of the type "chat"."""
    tokens = {f"{name}_tokens": float(entry.tokens[name]) for name in reference.CLASSES}
    shares = {"batch_fraction": float(entry.batch_fraction)}
    if entry.long_prompt:
        shares["long_prompt_fraction"] = float(next(iter(entry.long_prompt.values())))
    return mix_entry("chat", entry.model, monthly_requests=float(entry.requests), **tokens, **shares)


def ramp_table(ramp: reference.Ramp) -> Table:
    """A ramp as a plan has it."""
    return {"start_month": float(ramp.start_month), "months": float(ramp.months), "ceiling": float(ramp.ceiling)}


def route_table(route: reference.Route) -> Table:
    """A [[scenario.route]] of the type "chat"."""
    table: Table = {
        "request_type": "chat",
        "to": route.to,
        "share": float(route.share),
        "escalation": float(route.escalation),
        "overhead_usd_per_request": float(route.overhead),
        "moves": route.moves,
        "ramp": ramp_table(route.ramp),
    }
    optional = {
        "from": list(route.from_models) or None,
        "escalate_to": route.escalate_to,
        "token_ratio": None if route.token_ratio is None else float(route.token_ratio),
        "long_prompt_fraction": None if route.long_prompt is None else float(route.long_prompt),
    }
    return table | {key: value for key, value in optional.items() if value is not None}
