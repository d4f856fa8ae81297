"""Plans, contracts and spend as tests write them, and hypothesis strategies that invent more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
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
from planner.prepared import prepare
from planner.simulation import SpendPaths, simulate_spend

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
    prices: Mapping[str, Any] | None = None,
    scenario: Sequence[Table] = (),
    bands: Sequence[tuple[float, float]] = ((1000.0, 0.2),),
    contract: Mapping[str, Any] | None = None,
    decision: Mapping[str, Any] | None = None,
    **plan: Any,
) -> Table:
    """A plan as a table; without arguments 10,000 USD a month at list, every month and on every path."""
    priced = {
        "override": list([override("strong")] if overrides is None else overrides),
        "cuts": {**STILL_PRICES, **(cuts or {})},
        **(prices or {}),
    }
    listed = [{"min_commit_usd_per_year": low, "discount_fraction": discount} for low, discount in bands]
    table: Table = {
        "plan": {"start": date(2027, 1, 1), "paths": 2, "seed": 1, **plan},
        "prices": {"on": date(2026, 12, 15), **priced},
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


def monthly_costs(table: Table, scenario: str = "levers", months: int = 12) -> Sequence[float]:
    """List cost of each month with every uncertain input at its mean and demand that does not move, USD."""
    prepared = prepare(parse_plan(tomlkit.dumps(table), base_dir=Path()))
    costs = next(item for item in prepared.scenario_costs if item.scenario.name == scenario)
    found: Sequence[float] = costs.mean_unit_costs(np.arange(months, dtype=np.float64)) @ prepared.spend_model.requests
    return found


def simulated(table: Table, *, paths: int, accounts: bool = False) -> dict[str, SpendPaths]:
    """Every scenario of a table on paths of its own."""
    prepared = prepare(parse_plan(tomlkit.dumps(table), base_dir=Path()))
    return simulate_spend(prepared.spend_model, paths=paths, seed=1, accounts=accounts)


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

TOOLS = reference.Tools(search_usd_per_thousand=Decimal(8), code_usd_per_hour=Decimal("0.06"))
"""Server tools at prices of the plan's own, unlike anyone's list."""


@dataclass(frozen=True, kw_only=True)
class LeverCase:
    """One request type under levers, as a plan and as the reference has it."""

    table: Table
    entries: tuple[reference.Entry, ...]
    levers: reference.Levers

    def slow_months(self, months: int = 12) -> list[float]:
        """Monthly list cost by the reference."""
        return [float(reference.type_cost(self.entries, self.levers, CARDS, t)) for t in range(months)]

    def slow_year(self, kinds: Collection[str]) -> Decimal:
        """List cost of contract year 1 under the levers of these kinds alone, by the reference."""
        levers = self.levers.only(kinds)
        return sum((reference.type_cost(self.entries, levers, CARDS, t) for t in range(12)), start=Decimal(0))


def share(low: int = 0, high: int = 100) -> st.SearchStrategy[Decimal]:
    """A share in whole percent."""
    return st.integers(low, high).map(lambda value: Decimal(value) / 100)


def requests_above(tokens: Decimal) -> st.SearchStrategy[Decimal]:
    """Share of the requests that have this share of the tokens, and longer prompts than the others."""
    return st.just(tokens) if tokens in (0, 1) else share(0, int(tokens * 100))


@st.composite
def ramps(draw: st.DrawFn, milestones: Sequence[reference.Milestone] = ()) -> reference.Ramp:
    """Any ramp, one that began before the contract included; starts at whole months; some wait for milestones."""
    after = draw(st.lists(st.sampled_from(milestones), max_size=2, unique=True)) if milestones else []
    teams = [milestone.team for milestone in milestones if milestone.team]
    return reference.Ramp(
        start_month=Decimal(draw(st.integers(-6, 8))),
        months=Decimal(draw(st.sampled_from([0, 0, 1, 4, 9]))),
        ceiling=draw(st.one_of(st.just(Decimal(1)), share())),
        after=tuple(after),
        team=draw(st.sampled_from([None, *teams])),
    )


@st.composite
def milestones(draw: st.DrawFn) -> tuple[reference.Milestone, ...]:
    """None to four milestones, each after some of those before it, done by one of two teams or by nobody's."""
    teams = [reference.Team(name=name, slip=Decimal(draw(st.integers(-1, 4)))) for name in ("data", "platform")]
    made: list[reference.Milestone] = []
    for index in range(draw(st.sampled_from([0, 0, 1, 2, 3, 4]))):
        made.append(
            reference.Milestone(
                name=f"step {index}",
                month=Decimal(draw(st.integers(-3, 5))),
                happens=draw(st.sampled_from([True, True, True, False])),
                after=tuple(draw(st.lists(st.sampled_from(made), max_size=2, unique=True))) if made else (),
                team=draw(st.sampled_from([None, *teams])),
            )
        )
    return tuple(made)


CALLS = st.builds(
    reference.Call,
    usd=st.sampled_from([Decimal(0), Decimal("0.002")]),
    model=st.sampled_from(list(CARDS)),
    tokens=st.lists(st.sampled_from([Decimal(1), Decimal(700), Decimal(60_000)]), min_size=5, max_size=5).map(
        lambda values: reference.amounts(*values)
    ),
) | st.just(reference.Call(usd=Decimal("0.003")))
"""A router or a judge, in tokens, in dollars, or in both; some of its prompts are above a threshold."""


@st.composite
def routes(
    draw: st.DrawFn, *, to: str, sources: tuple[str, ...], waits: Sequence[reference.Milestone] = (), most: int = 100
) -> reference.Route:
    """A route to a model from any model (sources empty) or from those named; at most so many percent of the traffic."""
    above = draw(st.one_of(st.none(), share()))
    judged = draw(st.booleans())
    return reference.Route(
        to=to,
        share=draw(share(0, most)),
        escalation=Decimal(0) if judged else draw(share()),
        pass_rate=draw(share()) if judged else None,
        fnr=draw(share()) if judged else Decimal(0),
        fpr=draw(share()) if judged else Decimal(0),
        escalate_to=draw(st.sampled_from([None, *(name for name in CARDS if name != to)])),
        from_models=sources,
        overhead=draw(st.sampled_from([Decimal(0), Decimal("0.001")])),
        rule=draw(st.one_of(st.just(Decimal(0)), share())),
        router=draw(st.none() | CALLS),
        judge=draw(st.none() | CALLS),
        moves=draw(st.sampled_from(["session", "request"])),
        token_ratio=draw(st.sampled_from([None, None, Decimal("1.15")])),
        output_ratio=draw(st.sampled_from([Decimal(1), Decimal(1), Decimal("1.4"), Decimal(0)])),
        long_prompts=draw(st.sampled_from(["move", "stay", "cheaper"])),
        long_prompt=above,
        long_request=None if above is None else draw(requests_above(above)),
        error_cost=draw(st.sampled_from([Decimal(0), Decimal("0.02")])) if judged else Decimal(0),
        rule_error=draw(share()),
        ramp=draw(ramps(waits)),
    )


@st.composite
def entries(draw: st.DrawFn) -> tuple[reference.Entry, ...]:
    """One request type on one to three models."""
    models = draw(st.lists(st.sampled_from(list(CARDS)), min_size=1, max_size=3, unique=True))
    tokens = st.sampled_from([0, 1, 40, 900, 25_000])
    made = []
    for model in models:
        above = draw(share())
        made.append(
            reference.Entry(
                model=model,
                requests=Decimal(draw(st.integers(1, 10**7))),
                tokens={name: Decimal(draw(tokens)) for name in reference.CLASSES},
                batch_fraction=draw(share()),
                long_prompt={100_000: above},
                long_request={100_000: draw(requests_above(above))},
                searches=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("0.4")])),
                code_hours=draw(st.sampled_from([Decimal(0), Decimal(0), Decimal("0.02")])),
                tools=TOOLS,
            )
        )
    return tuple(made)


@st.composite
def chosen_routes(
    draw: st.DrawFn, models: Sequence[str], waits: Sequence[reference.Milestone]
) -> tuple[reference.Route, ...]:
    """No route; one from anywhere; two from different models; several that split the same traffic; one to itself."""
    kind = draw(st.sampled_from(["none", "any", "named", "split", "itself"]))
    everywhere = list(CARDS)
    if kind == "any":
        return (draw(routes(to=draw(st.sampled_from(everywhere)), sources=(), waits=waits)),)
    if kind == "named":
        first, rest = models[0], tuple(models[1:])
        to = draw(st.sampled_from([m for m in everywhere if m != first]))
        named = [draw(routes(to=to, sources=(first,), waits=waits))]
        if rest:
            to = draw(st.sampled_from([m for m in everywhere if m not in rest]))
            named.append(draw(routes(to=to, sources=rest, waits=waits)))
        return tuple(named)
    if kind == "split":
        most = draw(st.sampled_from([(50, 50), (70, 30), (20, 30, 50)]))
        targets = draw(st.permutations(everywhere))[: len(most)]
        split = [draw(routes(to=to, sources=(), waits=waits, most=n)) for to, n in zip(targets, most, strict=True)]
        return tuple(as_measured(route) for route in split)
    if kind == "itself":
        itself = draw(routes(to=models[0], sources=(models[0],), waits=waits))
        return (replace(as_measured(itself), token_ratio=None),)
    return ()


def as_measured(route: reference.Route) -> reference.Route:
    """The route without a word of its own on long prompts, which could contradict what is measured or another route."""
    return replace(route, long_prompt=None, long_request=None)


@st.composite
def lever_cases(draw: st.DrawFn) -> LeverCase:
    """A request type with any levers, adopted one after the other or after milestones."""
    mix, waits = draw(entries()), draw(milestones())
    own = ramps(waits)
    levers = reference.Levers(
        routes=draw(chosen_routes([entry.model for entry in mix], waits)),
        cache=draw(
            st.none()
            | st.builds(
                reference.Cache, cacheable=share(), hit_rate=share(), ttl=st.sampled_from(["5m", "1h"]), ramp=own
            )
        ),
        batch=draw(st.none() | st.builds(reference.Cut, amount=share(), ramp=own)),
        output=draw(st.none() | st.builds(reference.Cut, amount=share(), ramp=own)),
    )
    return LeverCase(table=lever_plan(mix, levers), entries=mix, levers=levers)


def lever_plan(mix: Sequence[reference.Entry], levers: reference.Levers, **changed: Any) -> Table:
    """A calm plan with the scenario "levers" after the mix as it is."""
    terms = {"overrides": [override(STRONG)], "scenario": [{"name": "as is"}, lever_scenario(levers)]}
    if any(entry.searches or entry.code_hours for entry in mix):
        terms["prices"] = {"server_tools": tools_table(mix[0].tools)}
    table = plan_table(mix=[entry_table(entry) for entry in mix], **{**terms, **changed})
    return table | schedule_tables(levers)


def lever_scenario(levers: reference.Levers, request_type: str = "chat") -> Table:
    """The [[scenario]] "levers" with the levers of one type."""
    scenario: Table = {"name": "levers"}
    if levers.routes:
        scenario["route"] = [route_table(route, request_type) for route in levers.routes]
    if levers.cache:
        cache = levers.cache
        amounts = {"cacheable_fraction": float(cache.cacheable), "hit_rate": float(cache.hit_rate), "ttl": cache.ttl}
        scenario["cache"] = [{"request_type": request_type, **amounts, "ramp": ramp_table(cache.ramp)}]
    for name, key, cut in (("batch", "share", levers.batch), ("output", "cut", levers.output)):
        if cut:
            scenario[name] = [{"request_type": request_type, key: float(cut.amount), "ramp": ramp_table(cut.ramp)}]
    return scenario


def schedule_tables(levers: reference.Levers) -> Table:
    """The [[team]] and [[milestone]] that the ramps of levers refer to."""
    owners = (*levers.routes, levers.cache, levers.batch, levers.output)
    found_milestones: dict[str, reference.Milestone] = {}
    found_teams: dict[str, reference.Team] = {}

    def note(item: reference.Milestone | reference.Ramp) -> None:
        for before in item.after:
            note(before)
            found_milestones[before.name] = before
        if item.team:
            found_teams[item.team.name] = item.team

    for lever in owners:
        if lever is not None:
            note(lever.ramp)
    teams = [{"name": team.name, "slip_months": float(team.slip)} for team in found_teams.values()]
    tables = {"team": teams, "milestone": [milestone_table(item) for item in found_milestones.values()]}
    return {name: listed for name, listed in tables.items() if listed}


def milestone_table(milestone: reference.Milestone) -> Table:
    """A [[milestone]] that happens for certain or for certain not."""
    table: Table = {"name": milestone.name, "month": float(milestone.month), "probability": float(milestone.happens)}
    return table | waiting_table(milestone)


def waiting_table(item: reference.Milestone | reference.Ramp) -> Table:
    """`after` and `team`, where there are any."""
    table: Table = {"after": [before.name for before in item.after]} if item.after else {}
    return table | ({"team": item.team.name} if item.team else {})


def tools_table(tools: reference.Tools) -> Table:
    """[prices.server_tools]."""
    return {
        "web_search_usd_per_thousand": float(tools.search_usd_per_thousand),
        "code_execution_usd_per_hour": float(tools.code_usd_per_hour),
        "source": "test",
    }


def entry_table(entry: reference.Entry, request_type: str = "chat") -> Table:
    """A [[mix]] entry."""
    table = {f"{name}_tokens": float(entry.tokens[name]) for name in reference.CLASSES}
    table["batch_fraction"] = float(entry.batch_fraction)
    if entry.long_prompt:
        table["long_prompt_fraction"] = float(next(iter(entry.long_prompt.values())))
    if entry.long_request:
        table["long_request_fraction"] = float(next(iter(entry.long_request.values())))
    used = {"web_searches": float(entry.searches), "code_execution_hours": float(entry.code_hours)}
    table |= {name: amount for name, amount in used.items() if amount}
    return mix_entry(request_type, entry.model, monthly_requests=float(entry.requests), **table)


def ramp_table(ramp: reference.Ramp) -> Table:
    """A ramp as a plan has it."""
    table = {"start_month": float(ramp.start_month), "months": float(ramp.months), "ceiling": float(ramp.ceiling)}
    return table | waiting_table(ramp)


def route_table(route: reference.Route, request_type: str = "chat") -> Table:
    """A [[scenario.route]]; keys at their default are left out, so that defaults are tried too."""
    judged = {"pass_rate": route.pass_rate, "fnr": route.fnr, "fpr": route.fpr}
    table: Table = {
        "request_type": request_type,
        "to": route.to,
        "share": float(route.share),
        "escalation": float(route.escalation)
        if route.pass_rate is None
        else {key: float(value) for key, value in judged.items() if value is not None},
        "overhead_usd_per_request": float(route.overhead),
        "moves": route.moves,
        "ramp": ramp_table(route.ramp),
    }
    plain = reference.Route(to=route.to, share=route.share)
    numbers = {
        "rule_fraction": (route.rule, plain.rule),
        "token_ratio": (route.token_ratio, None),
        "output_ratio": (route.output_ratio, plain.output_ratio),
        "long_prompt_fraction": (route.long_prompt, None),
        "long_request_fraction": (route.long_request, None),
        "error_cost_usd": (route.error_cost, plain.error_cost),
        "rule_error_fraction": (route.rule_error, plain.rule_error),
    }
    table |= {key: float(value) for key, (value, default) in numbers.items() if value is not None and value != default}
    others = {
        "from": list(route.from_models) or None,
        "escalate_to": route.escalate_to,
        "router": None if route.router is None else call_table(route.router),
        "judge": None if route.judge is None else call_table(route.judge),
        "long_prompts": None if route.long_prompts == "move" else route.long_prompts,
    }
    return table | {key: value for key, value in others.items() if value is not None}


def call_table(call: reference.Call) -> Table:
    """A router or a judge of a route."""
    table: Table = {"usd_per_request": float(call.usd)} if call.usd else {}
    if call.model is None:
        return table
    tokens = {f"{name}_tokens": float(amount) for name, amount in call.tokens.items() if amount}
    return {**table, "model": call.model, **tokens}
