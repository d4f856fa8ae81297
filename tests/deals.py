"""Plans with offers and asks, and a second opinion on what terms cost: months in plain arrays, commitments tried.

The second opinion takes the product's simulated spend and a contract's data, and nothing else of it. It knows contracts
whose periods stand alone; others are the business of the tests that need them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from strategies import Table, mix_entry, override, plan_table

from planner.contract import Contract
from planner.negotiation.clause_values import ClauseValue, TradeList, trade_list
from planner.negotiation.quotes_priced import PricedQuote, PricedQuotes, priced_quotes
from planner.negotiation.terms_pricer import TermsPricer, terms_pricer
from planner.plan import Plan, build_plan
from planner.plan_file.loader import parse_plan
from planner.simulation import KeptPaths, simulate_spend

CHEAP = override("cheap", tier="haiku", rates=(1.0, 0.1, 1.25, 2.0, 5.0))
ROUTE: Table = {
    "request_type": "chat",
    "to": "cheap",
    "share": 0.5,
    "escalation": 0.1,
    "token_ratio": 1.0,
    "ramp": {"start_month": 2, "months": 4},
}
AS_IS: Table = {"name": "as is"}
ROUTED: Table = {"name": "routed", "route": [ROUTE]}
LIVELY: Table = {
    "level_sd": 0.15,
    "growth_per_year": {"p10": -0.1, "p90": 0.8},
    "monthly_volatility": 0.05,
    "monthly_noise": 0.1,
}
MOVING: Table = {"falls_per_year": 0.7, "rises_per_year": 0.3, "lag_months": 1}
BANDS = ((40_000.0, 0.05), (90_000.0, 0.1), (150_000.0, 0.2))
HALF_CENT = 0.005


def deal_table(
    paths: int = 160,
    *,
    offer: Sequence[Table] = (),
    ask: Sequence[Table] = (),
    target_share: float | None = None,
    **changed: Any,
) -> Table:
    """A plan that spends about 110,000 USD in its first year, more or less of it routed, with prices that move."""
    settings: Table = {
        "mix": [mix_entry(), mix_entry("night", "cheap", monthly_requests=2e6, batch_fraction=0.5)],
        "overrides": [override("strong"), CHEAP],
        "demand": LIVELY,
        "cuts": MOVING,
        "bands": BANDS,
        "scenario": [AS_IS, ROUTED],
        **changed,
    }
    table = plan_table(paths=paths, **settings)
    tables = {"offer": list(offer), "ask": list(ask)}
    if target_share is not None:
        table["negotiation"] = {"target_share": target_share}
    return table | {name: listed for name, listed in tables.items() if listed}


@dataclass(frozen=True)
class Spend:
    """Monthly list spend, USD, each (n_months, n_paths): what may enter a contract, by model tier at current and at the
    pricing day's prices, and what is billed beside it."""

    tiers: tuple[tuple[np.ndarray, np.ndarray], ...]
    outside: np.ndarray

    @property
    def current(self) -> np.ndarray:
        return np.sum([current for current, _ in self.tiers], axis=0)

    @property
    def total(self) -> np.ndarray:
        return self.current + self.outside


@dataclass(frozen=True)
class Deal:
    """A plan worked out, its pricer, and what both say."""

    plan: Plan
    pricer: TermsPricer
    known: dict[Any, dict[str, Spend]] = field(default_factory=dict)

    @cached_property
    def trades(self) -> TradeList:
        return trade_list(self.pricer)

    @cached_property
    def priced(self) -> PricedQuotes:
        return priced_quotes(self.pricer, self.trades)

    @property
    def contract(self) -> Contract:
        return self.plan.inputs.contract

    @property
    def limit(self) -> float:
        return self.plan.inputs.decision.max_shortfall_probability

    def clause(self, name: str, *, granted: bool = False) -> ClauseValue:
        return next(c for c in self.trades.clauses if (c.variation.name, c.variation.granted) == (name, granted))

    def quote(self, name: str) -> PricedQuote:
        return next(item for item in self.priced.quotes if item.quote.name == name)

    def spends(self, contract: Contract) -> dict[str, Spend]:
        """The spend of every scenario, split as a contract has it."""
        if contract.eligible not in self.known:
            model = self.plan.prepared.under(contract.eligible, months=self.pricer.months).spend_model
            made = simulate_spend(
                model, paths=self.plan.n_paths, seed=self.plan.inputs.seed, signing=True, accounts=True
            )
            self.known[contract.eligible] = {name: _split(paths.accounts) for name, paths in made.items()}
        return self.known[contract.eligible]

    def spend(self, contract: Contract | None = None) -> Spend:
        """The spend of the scenario decided on."""
        return self.spends(contract or self.contract)[self.plan.inputs.decision.scenario]


def _split(accounts: Mapping[Any, Any]) -> Spend:
    nothing = np.zeros_like(next(iter(accounts.values())).current_usd)
    inside = [(paths.current_usd, paths.signing_usd) for key, paths in accounts.items() if key.eligible]
    outside = [paths.current_usd for key, paths in accounts.items() if not key.eligible]
    return Spend(tiers=tuple(inside) or ((nothing, nothing),), outside=np.sum([nothing, *outside], axis=0))


def deal(table: Table) -> Deal:
    """A plan table worked out for a negotiation."""
    kept = KeptPaths()
    plan = build_plan(parse_plan(tomlkit.dumps(table), base_dir=Path()), None, kept)
    return Deal(plan=plan, pricer=terms_pricer(plan, kept))


# --- the second opinion ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bill:
    """What every path pays and leaves unused over the term, USD, and whether any period has a shortfall."""

    paid: np.ndarray
    unused: np.ndarray
    short: np.ndarray


@dataclass(frozen=True)
class Slow:
    """One contract on given spend; the same commitment in every year unless given as one a year."""

    contract: Contract
    spend: Spend

    def __post_init__(self) -> None:
        apart = (self.contract.is_linked, self.contract.has_tier_discounts)
        assert not any((*apart, self.contract.in_force, self.contract.marketplace))

    def discount(self, commit: float) -> float:
        """The discount of an annual commitment; of incremental bands every part at its own."""
        bands = [(0.0, 0.0), *((b.min_commit_usd_per_year, b.discount_fraction) for b in self.contract.bands)]
        if self.contract.band_mode == "all_units" or commit < bands[1][0]:
            return [d for low, d in bands if low <= commit][-1]
        edges = [*(low for low, _ in bands[1:]), inf]
        parts = [max(0.0, min(commit, stop) - low) for (low, _), stop in zip(bands, edges, strict=True)]
        kept = [1 - d for _, d in bands]
        if self.contract.drawdown == "list":
            return 1 - sum(p * k for p, k in zip(parts, kept, strict=True)) / commit
        return 1 - commit / sum(p / k for p, k in zip(parts, kept, strict=True))

    def overage_discount(self, commit: float) -> float:
        reached = [b.discount_fraction for b in self.contract.bands if b.min_commit_usd_per_year <= commit]
        if not reached or self.contract.overage == "list":
            return 0.0
        return reached[-1] if self.contract.overage == "committed" else self.contract.overage

    def drawing(self) -> np.ndarray:
        """List spend that enters, at the price that committed use pays: a tier's rises capped, its falls passed on."""
        cap = self.contract.price_rise_cap_fraction
        drawn = []
        for current, signing in self.spend.tiers:
            if self.contract.price_falls_passed_through:
                drawn.append(current if cap is None else np.minimum(current, (1 + cap) * signing))
            else:
                drawn.append(signing if cap is None else np.clip(current, signing, (1 + cap) * signing))
        return self.contract.eligible_fraction * np.sum(drawn, axis=0)

    def periods(self) -> list[tuple[int, int, float]]:
        """(first month, stop, years of commitment owed)."""
        term = self.contract.term_months
        if self.contract.commit_period == "term":
            return [(0, term, term / 12)]
        length = 3 if self.contract.commit_period == "quarter" else 12
        shares = self.contract.quarter_shares if length == 3 else (1.0,)
        return [
            (m, min(m + length, term), shares[m // length % len(shares)] * (min(m + length, term) - m) / length)
            for m in range(0, term, length)
        ]

    def bill(self, commit: float | Sequence[float], discount: float | None = None) -> Bill:
        """Month by month: what the commitment covers, what is beyond it, what is left. discount: in place of bands."""
        contract, f, n = self.contract, self.contract.eligible_fraction, self.spend.current.shape[1]
        years = list(commit) if isinstance(commit, Sequence) else [commit] * contract.n_years
        outside = (self.spend.outside + (1 - f) * self.spend.current)[: contract.term_months].sum(axis=0)
        paid, unused, short = outside.copy(), np.zeros(n), np.zeros(n, dtype=bool)
        drawing = self.drawing()
        for first, stop, owed_years in self.periods():
            year = years[first // 12]
            if year == 0:
                paid += f * self.spend.current[first:stop].sum(axis=0)
                continue
            d, e = (self.discount(year), self.overage_discount(year)) if discount is None else (discount, None)
            if e is None:
                e = {"list": 0.0, "committed": d}.get(str(contract.overage), contract.overage)
            counts = 1.0 if contract.drawdown == "list" else 1 - d
            owed = (1 - d if contract.drawdown == "list" else 1.0) * year * owed_years
            left = np.full(n, year * owed_years)
            cap = contract.overage_cap_fraction
            room = np.full(n, inf if cap is None else cap * year * owed_years)
            for month in range(first, stop):
                need = counts * drawing[month]
                used = np.minimum(left, need)
                beyond = np.minimum(room, need - used)
                price = np.divide(f * self.spend.current[month], need, out=np.zeros(n), where=need > 0)
                paid += price * ((1 - e) * beyond + (need - used - beyond))
                left, room = left - used, room - beyond
            rate = contract.true_up_rate if contract.shortfall == "true_up" else 1.0
            lost = rate * left * owed / (year * owed_years)
            paid += owed - left * owed / (year * owed_years) + lost
            unused, short = unused + lost, short | (lost > HALF_CENT)
        return Bill(paid=paid, unused=unused, short=short)

    def corners(self) -> list[float]:
        """Annual commitments at which the cost of any path turns, band by band, each with a hair to both sides."""
        lows = sorted(
            {max(0.01, low) for low in (0.0, *(band.min_commit_usd_per_year for band in self.contract.bands))}
        )
        cap, found = self.contract.overage_cap_fraction or 0.0, {0.0}
        monthly = self.contract.price_rise_cap_fraction is not None or not self.contract.price_falls_passed_through
        used = []
        for first, stop, owed_years in self.periods():
            sums = np.cumsum(self.drawing()[first:stop], axis=0) / owed_years
            used.append(sums if monthly else sums[-1:])
        kinks = np.unique(np.concatenate([part.ravel() for part in used]))
        for low, stop in pairwise([*lows, inf]):
            inside = np.concatenate([self.using_up(kinks, low), self.using_up(kinks / (1 + cap), low)])
            found |= {low, *([stop - 0.01] if stop < inf else [])}
            found |= {float(c) for c in inside if low <= c < stop}
        return sorted(found)

    def using_up(self, list_usd: np.ndarray, low: float) -> np.ndarray:
        """The annual commitments that so much list spend uses up, at the discounts of the band that begins at `low`."""
        if self.contract.drawdown == "list":
            return list_usd
        if self.contract.band_mode == "all_units":
            return list_usd * (1 - self.discount(low))
        edges = [0.0, *(band.min_commit_usd_per_year for band in self.contract.bands), 1e9]
        return np.interp(list_usd, [0.0, *(edge / (1 - self.discount(edge)) for edge in edges[1:])], edges)


def best(costs: Callable[[float], float], commits: Iterable[float], allowed: Callable[[float], bool]) -> float:
    """The least cost of the commitments that are allowed; none always is."""
    return min(costs(commit) for commit in commits if commit == 0 or allowed(commit))


def slow_best_usd(deal: Deal, contract: Contract) -> float:
    """The least expected cost of a contract within the limit, by trying every corner."""
    slow = Slow(contract, deal.spend(contract))
    if contract.commits_usd_per_year is not None:
        return float(slow.bill(contract.commits_usd_per_year).paid.mean())
    return best(
        lambda commit: float(slow.bill(commit).paid.mean()),
        slow.corners(),
        lambda commit: slow.bill(commit).short.mean() <= deal.limit,
    )
