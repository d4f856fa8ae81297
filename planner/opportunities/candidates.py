"""Where traffic could move: current models of cheaper tiers, each priced as a route, with what evidence says of it.

Every figure comes from the engine that prices a plan: a candidate is a route of all of an entry of the mix, on the
models that serve when month 0 begins, at the mix's level and the list prices of the pricing day, other levers apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from planner.distributions import Distribution, Point
from planner.errors import InputError, PriceError
from planner.evidence.quality import CONFIDENCE, DEFAULT_BAR, Evidence, Settlement, settlement
from planner.known_evidence import judge_errors, known_routes, why_stale
from planner.lever_costs.economics import RouteEconomics
from planner.lever_costs.scenario_costs import ScenarioCosts, price_scenario
from planner.levers import Ramp, Route, Scenario
from planner.mix import MixEntry
from planner.prepared import Prepared
from planner.units import CACHE_READ, MONTHS_PER_YEAR, OUTPUT

TIERS: Final = ("haiku", "sonnet", "opus", "fable")
"""Model tiers, the cheapest first."""

MUCH_CACHED: Final = 0.2
"""Share of the prompt tokens that are cache reads from which it matters whether sessions or single requests move."""

SURE: Final = 0.8
"""The chance of settling the question that a sample is planned for."""


STRICTER: Final = (0.96, 0.98, 0.99, 0.999)
"""Confidence of bounds that stand in for those of a schedule of looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A saving that depends on the share of tokens in prompts above the target's price threshold, which is not known.

    none_above_usd, all_above_usd: the saving a month where no token and where every token is.
    """

    above_prompt_tokens: int
    none_above_usd: float
    all_above_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """All of one type's requests of one model moved to a target. Savings in list USD a month, negative for a cost.

    steps_down: tiers below the model's own; 0 for a newer model of the same tier. route: what was priced, with what the
    plan's own routes say of the type. saving_usd_per_month: at the escalation of the evidence; without evidence that of
    no escalation, most_usd_per_month. single_requests_usd_per_month: where single requests move out of their
    sessions, None where little is cached. break_even_escalation: nan where none exists. pays: it saves more than its
    wrong answers cost; could_pay: it would if nothing escalated. sure: further graded answers that settle it four times
    in five; None where it is settled or too close to its bar. bar: the pass rate to hold, the type's own where other
    evidence of it names one. stale: why its evidence may no longer hold. fnr, fpr: errors of the judge in production.
    unknown: the share of long prompts is not known, and every figure, the route's share too, is of the worse end.
    economics: of one request, at the escalation of the evidence.
    """

    route: Route
    tier: str
    steps_down: int
    saving_usd_per_month: float
    most_usd_per_month: float
    single_requests_usd_per_month: float | None
    break_even_escalation: float
    pays: bool
    could_pay: bool
    evidence: Evidence | None
    sure: Settlement | None
    bar: float
    economics: RouteEconomics
    stale: str | None = None
    fnr: float = 0.0
    fpr: float = 0.0
    unknown: Unknown | None = None

    @property
    def to(self) -> str:
        """The target."""
        return self.route.to

    @property
    def verdict(self) -> Literal["pass", "fail", "undecided", "none"]:
        """What the evidence says."""
        return "none" if self.evidence is None else self.evidence.verdict

    @property
    def leans_no(self) -> bool:
        """Whether the answers graded so far are below the bar, settled or not."""
        return self.evidence is not None and self.evidence.passed < self.bar * self.evidence.answers


def cached_fraction(entry: MixEntry) -> float:
    """Cache reads as a share of the prompt tokens."""
    prompt = float(entry.tokens_per_request.sum() - entry.tokens_per_request[OUTPUT])
    return float(entry.tokens_per_request[CACHE_READ]) / prompt if prompt else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The candidates of an entry of the mix; notes: models that cannot be priced for it, and why."""

    candidates: tuple[Candidate, ...]
    serves: str
    notes: tuple[str, ...]


def current_models(prepared: Prepared) -> dict[str, str]:
    """Model tier -> its newest model in service on the pricing day, cheapest tier first.

    A model whose launch is not known, or that has an override's price only, is no candidate of its own accord.
    """
    on, book = prepared.priced_on, prepared.price_book
    newest: dict[str, tuple[date, str]] = {}
    for model in book.models():
        fact = book.facts.models.get(model)
        if fact is None or fact.launched is None or fact.launched > on:
            continue
        if fact.retires_on is not None and fact.retires_on <= on:
            continue
        tier = book.tier(model)
        if tier not in newest or fact.launched > newest[tier][0]:
            newest[tier] = (fact.launched, model)
    return {tier: newest[tier][1] for tier in TIERS if tier in newest}


def _trial(prepared: Prepared, entry: MixEntry, to: str) -> Route:
    """A route of all of an entry, with what the plan's own routes of the type say.

    Of a route to the same target everything but how much moves and when; of another one what any route of the type
    has: router and judge, whether sessions or single requests move, what a wrong answer costs. Prompts above a price
    threshold stay where moving them would cost more.
    """
    own = [route for _, route in known_routes(prepared) if route.request_type == entry.request_type]
    whole = Point(1.0)
    same = next((route for route in own if route.to == to and route.applies_to(entry.model)), None)
    if same is not None:
        return replace(same, from_models=(entry.model,), share=whole, escalation=Point(0.0), ramp=Ramp())
    other = next(iter(own), None)
    trial = Route(
        request_type=entry.request_type,
        to=to,
        from_models=(entry.model,),
        share=whole,
        escalation=Point(0.0),
        long_prompts="cheaper" if prepared.price_book.price(to, prepared.priced_on).long_prompt else "move",
    )
    if other is None:
        return trial
    return replace(
        trial,
        overhead_usd_per_request=other.overhead_usd_per_request,
        router=other.router,
        judge=other.judge,
        moves=other.moves,
        error_cost_usd=other.error_cost_usd,
    )


def candidates(prepared: Prepared, entry: MixEntry, known: Mapping[tuple[str, str], Evidence]) -> Targets:
    """The candidates of an entry, the cheapest tier first, and the model that serves it when month 0 begins.

    For each tier at or below that model's own: the current model on the pricing day, itself left out. A model of an
    unknown tier is taken for one of the dearest.
    """
    serves = _serves(prepared, entry)
    rank, bar = _rank(prepared, serves), bar_of(prepared, entry.request_type, known)
    found, notes = [], []
    for tier, model in current_models(prepared).items():
        steps = rank - TIERS.index(tier)
        if steps < 0 or model in (serves, entry.model):
            continue
        evidence = known.get((entry.request_type, model))
        try:
            found.append(_candidate(prepared, entry, model, steps, evidence, evidence.bar if evidence else bar))
        except PriceError as error:
            notes.append(f"'{entry.request_type}' on {entry.model} cannot be priced on {model}: {error}")
    return Targets(candidates=tuple(found), serves=serves, notes=tuple(notes))


def candidate_on(prepared: Prepared, entry: MixEntry, model: str, evidence: Evidence) -> Candidate:
    """One target by name, whatever its tier, with this evidence of it. Errors: PriceError, UnknownModelError."""
    steps = _rank(prepared, _serves(prepared, entry)) - _rank(prepared, model)
    return _candidate(prepared, entry, model, steps, evidence, evidence.bar)


def bar_of(prepared: Prepared, request_type: str, known: Mapping[tuple[str, str], Evidence]) -> float:
    """The bar of a type: as evidence of it has it, else as the plan's evaluation of it has, else the default."""
    own = (item.bar for (name, _), item in known.items() if name == request_type)
    evaluation = prepared.inputs.evaluation(request_type)
    return next(own, DEFAULT_BAR if evaluation is None else evaluation.bar)


def _rank(prepared: Prepared, model: str) -> int:
    """Where a model's tier stands, the cheapest is 0; an unknown tier is taken for one of the dearest."""
    tier = prepared.price_book.tier(model)
    return TIERS.index(tier) if tier in TIERS else len(TIERS) - 1


def _serves(prepared: Prepared, entry: MixEntry) -> str:
    copies = _priced(prepared, entry, Scenario(name="as is")).types[0].copies
    return next(copy.model for copy in copies if copy.role == "unrouted" and copy.serves_at_start)


def _priced(prepared: Prepared, entry: MixEntry, scenario: Scenario) -> ScenarioCosts:
    """One entry of the mix by itself under a scenario."""
    return price_scenario(
        scenario,
        replace(prepared.mix, entries=(entry,)),
        prepared.price_book,
        on=prepared.priced_on,
        start=prepared.inputs.start,
        n_months=max(prepared.inputs.months, MONTHS_PER_YEAR),
    )


def _economics(prepared: Prepared, entry: MixEntry, route: Route) -> RouteEconomics:
    return _priced(prepared, entry, Scenario(name="candidate", routes=(route,))).economics[0]


def _candidate(
    prepared: Prepared, entry: MixEntry, to: str, steps: int, evidence: Evidence | None, bar: float
) -> Candidate:
    trial, judge = _trial(prepared, entry, to), judge_errors(prepared, entry.request_type, to)
    if evidence is not None:
        judge = (evidence.fnr or 0.0, evidence.fpr or 0.0)
    measured: Distribution = Point(0.0) if evidence is None else evidence.escalation
    ends = _ends(prepared, entry, replace(trial, escalation=measured))
    # where the share above the target's threshold is not known, the figures are those of the worse end
    worst = min(ends, key=lambda share: _saving(entry, ends[share]))
    trial = replace(trial, long_prompt_fraction=worst)
    free, real = _economics(prepared, entry, trial), ends[worst]
    return Candidate(
        route=trial,
        tier=prepared.price_book.tier(to),
        steps_down=steps,
        saving_usd_per_month=_saving(entry, real),
        most_usd_per_month=_saving(entry, free),
        single_requests_usd_per_month=_single_requests(prepared, entry, replace(trial, escalation=measured)),
        break_even_escalation=real.break_even_escalation,
        pays=real.pays,
        could_pay=free.pays,
        evidence=evidence,
        sure=_settles(evidence, bar),
        bar=bar,
        economics=real,
        stale=None if evidence is None else why_stale(prepared, evidence),
        fnr=judge[0],
        fpr=judge[1],
        unknown=_unknown(prepared, entry, to, ends) if len(ends) > 1 else None,
    )


def _settles(evidence: Evidence | None, bar: float) -> Settlement | None:
    """The further sample that settles it four times in five.

    Where a schedule of looks leaves open what a single look would settle, by the first stricter bound that does too:
    each look of a schedule has less than 5 % of error to spend.
    """
    if evidence is None:
        return settlement(0, 0, bar=bar, chance=SURE)
    if evidence.verdict != "undecided":
        return None
    tried = (
        settlement(evidence.passed, evidence.failed, bar=bar, chance=SURE, confidence=confidence)
        for confidence in ((CONFIDENCE,) if evidence.single_look == "undecided" else STRICTER)
    )
    return next((found for found in tried if found is not None), None)


def _ends(prepared: Prepared, entry: MixEntry, route: Route) -> dict[float | None, RouteEconomics]:
    """Economics by share of tokens above the target's threshold: one where it is known, else for none and for all."""
    try:
        return {route.long_prompt_fraction: _economics(prepared, entry, route)}
    except InputError:
        if route.long_prompt_fraction is not None:
            raise
        return {end: _economics(prepared, entry, replace(route, long_prompt_fraction=end)) for end in (0.0, 1.0)}


def _unknown(prepared: Prepared, entry: MixEntry, to: str, ends: Mapping[float | None, RouteEconomics]) -> Unknown:
    none_above, all_above = (_saving(entry, found) for found in ends.values())
    price = prepared.price_book.price(to, prepared.priced_on)
    return Unknown(
        above_prompt_tokens=price.long_prompt[0].above_prompt_tokens,
        none_above_usd=none_above,
        all_above_usd=all_above,
    )


def _single_requests(prepared: Prepared, entry: MixEntry, route: Route) -> float | None:
    if cached_fraction(entry) < MUCH_CACHED or route.moves == "request":
        return None
    return _saving(entry, _economics(prepared, entry, replace(route, moves="request")))


def _saving(entry: MixEntry, found: RouteEconomics) -> float:
    """List USD a month that an entry saves on the requests that may move."""
    return entry.monthly_requests * found.traffic_share * found.saving_usd
