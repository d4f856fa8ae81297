"""What an offer costs, as rows of sheet Offer calculator: the one typed in, the recommended and the cheapest priced."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.plan import Plan
from planner.words import percent
from planner.workbook.contract_words import commit_words, counts_present_value, in_any_period
from planner.workbook.offer_grid.best import Best
from planner.workbook.offer_grid.steps import Read
from planner.workbook.offer_grid.workings import GridBlock
from planner.workbook.sheet import Value

_NONE: Final = "n/a"
_SE: Final = "   Monte Carlo error, one standard error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A result: formula and value of the offer typed in and of the recommended one, "" where it is given.

    best: name, formula and value for the cheapest priced commitment, None where that is not worked out.
    """

    name: str
    label: str
    style: str
    typed: tuple[str, Value]
    recommended: tuple[str, Value]
    best: tuple[str, str, float] | None = None
    has_difference: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target's expected cost on the paths of the grid, and where Calc has it and the scenario it is priced in."""

    cost_usd: float
    cost: str
    scenario: str


def outputs(plan: Plan, read: Read, block: GridBlock, best: Best, target: Target | None) -> list[Output]:
    """Every result, from the top down."""
    rows = _Rows(plan=plan, read=read, block=block, best=best)
    against = [rows.against(target)] if target is not None else []
    return [*rows.costs(), *against, *rows.risks(), *rows.break_evens()]


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Makes the results from the steps of Calc, in the scenario typed in."""

    plan: Plan
    read: Read
    block: GridBlock
    best: Best

    def costs(self) -> Iterator[Output]:
        """The commitment and what it costs."""
        best, read, contract = self.best, self.read, self.plan.inputs.contract
        dated = counts_present_value(contract, self.plan.inputs.decision)
        commit, cheapest = read.grid.axes.start.commit_usd, ("offer_best_cost_usd", f"={best.cost}", best.cost_usd)
        words = commit_words(contract)
        largest = ("offer_best_commit_usd", f"={best.commit}", best.commit_usd)
        yield self._row("", "commit", words[0].upper() + words[1:], "usd", (commit, commit), best=largest)
        of_cost = None if dated else cheapest
        yield self._figure("offer_expected_cost_usd", "cost", "Expected cost", "usd", best=of_cost)
        yield self._figure("", "cost_se", _SE, "usd")
        if "present_value" in read.grid.measures:
            label = f"Expected cost at present value, {percent(contract.payment.cost_of_capital_per_year)} a year"
            of_value = cheapest if dated else None
            yield self._figure("offer_present_value_usd", "present_value", label, "usd", best=of_value)
        demand = read.grid.scenarios[read.scenario].on_demand_usd
        saved = [demand - found[read.scenario].values["cost"] for found in (read.typed, read.recommended)]
        rates = [1 - (demand - usd) / demand if demand > 0 else 0.0 for usd in saved]
        on_demand, saving = "Expected cost on demand, at list", "Expected saving against on demand"
        yield self._row("offer_on_demand_usd", "on_demand", on_demand, "usd", (demand, demand))
        yield self._row("offer_expected_saving_usd", "saving", saving, "usd", (saved[0], saved[1]))
        rate = "Effective savings rate"
        yield self._row("offer_effective_savings_rate", "savings", rate, "percent", (rates[0], rates[1]))

    def against(self, target: Target) -> Output:
        """What an offer costs more than the target, in the scenario decided on."""
        read = self.read

        def gap(costs: str) -> str:
            here = f"INDEX({costs},offer_scenario_number)-{target.cost}"
            return f'=IF(offer_scenario_number={target.scenario},{here},"{_NONE}")'

        typed, recommended = (found[read.scenario].values["cost"] for found in (read.typed, read.recommended))
        return Output(
            name="offer_target_gap_usd",
            label="Costs more than the target",
            style="usd",
            typed=(gap(self.block.typed("cost")), typed - target.cost_usd),
            recommended=(gap(self.block.recommended("cost")), recommended - target.cost_usd),
            has_difference=False,
        )

    def risks(self) -> Iterator[Output]:
        """What may be paid for nothing, what is used beyond, and how far the cost may be from its mean."""
        contract, best = self.plan.inputs.contract, self.best
        where = f" {in_any_period(contract)}" if len(contract.periods) > 1 else ""
        chance = ("offer_best_shortfall_probability", f"={best.chance}", best.probability)
        short = f"Probability of a shortfall{where}"
        yield self._figure("offer_shortfall_probability", "probability", short, "percent", best=chance)
        yield self._figure("", "probability_se", _SE, "percent")
        yield self._figure("offer_expected_shortfall_usd", "shortfall", "Expected shortfall", "usd")
        yield self._figure("offer_expected_overage_usd", "overage", "Expected overage", "usd")
        for level in (10, 50, 90):
            yield self._figure(f"offer_cost_p{level}_usd", f"cost_p{level}", f"Cost, P{level}", "usd")

    def break_evens(self) -> Iterator[Output]:
        """Of contract year 1, before what clauses give back."""
        start, first = self.read.grid.axes.start, self.plan.recommendation.offer
        listed = self.plan.inputs.contract.list_usd_per_year(first.commit_usd_per_year, first.discount_fraction)
        use, kept, own = self.read.grid.axes.axis_usd(start), 1 - start.discount, 1 - first.discount_fraction
        even, below = "Break-even utilization of list dollars committed", "Break-even list use, USD a year"
        for name, key, label, style, typed, recommended in (
            ("offer_break_even_utilization", "even", even, "percent", kept, own),
            ("offer_break_even_list_usd_per_year", "even_list", below, "usd", use * kept, listed * own),
        ):
            yield Output(
                name=name,
                label=label,
                style=style,
                typed=(self._in_scenario(self.block.typed(key)), typed if start.commit_usd > 0 else _NONE),
                recommended=("", recommended if first.commit_usd_per_year > 0 else _NONE),
                has_difference=False,
            )

    def _figure(
        self, name: str, key: str, label: str, style: str, *, best: tuple[str, str, float] | None = None
    ) -> Output:
        """A figure of the grid; a standard error is not compared."""
        typed, recommended = (
            found[self.read.scenario].values[key] for found in (self.read.typed, self.read.recommended)
        )
        return self._row(name, key, label, style, (typed, recommended), best=best, compared=name != "")

    def _row(
        self,
        name: str,
        key: str,
        label: str,
        style: str,
        values: tuple[float, float],
        *,
        best: tuple[str, str, float] | None = None,
        compared: bool = True,
    ) -> Output:
        return Output(
            name=name,
            label=label,
            style=style,
            typed=(self._in_scenario(self.block.typed(key)), values[0]),
            recommended=(self._in_scenario(self.block.recommended(key)), values[1]),
            best=best,
            has_difference=compared,
        )

    def _in_scenario(self, cells: str) -> str:
        return f"=INDEX({cells},offer_scenario_number)"
