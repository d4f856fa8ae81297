"""Everything that is worked out for the table: a plan, what its terms and quotes are worth, and what would change it.

The workbook and the one-page brief are made of it, so that both say the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from planner.drivers import Drivers
from planner.negotiation.clause_values import TradeList, trade_list
from planner.negotiation.learning import Learning, what_to_learn
from planner.negotiation.positions import Positions
from planner.negotiation.quotes_priced import PricedQuotes, priced_quotes
from planner.negotiation.regret import RegretMatrix, regret_matrix
from planner.negotiation.terms_pricer import TermsPricer, terms_pricer
from planner.plan import Plan
from planner.plan_drivers import plan_drivers
from planner.simulation import KeptPaths
from planner.tracking.tracking import Tracking
from planner.waterfall import Waterfall, waterfalls

Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What terms and quotes are worth: the trade list, the quotes priced with the positions, and their pricer."""

    pricer: TermsPricer
    trades: TradeList
    quotes: PricedQuotes

    @property
    def positions(self) -> Positions:
        """Where to open, what to aim for, and where to walk away."""
        return self.quotes.positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """A plan and what was worked out beside it; None where it was not asked for, which leaves its sheets out.

    waterfalls: what each kind of lever changes of a scenario's list spend; drivers: what moves spend and commitment;
    learning: what knowing more would be worth; regret: of every scenario's best commitment in every other; negotiated:
    clause values, quotes and positions, the part that takes long; tracking: of the same plan, where it was signed.
    """

    plan: Plan
    waterfalls: Mapping[str, Waterfall] | None = None
    drivers: Drivers | None = None
    learning: Learning | None = None
    regret: RegretMatrix | None = None
    negotiated: Negotiated | None = None
    tracking: Tracking | None = None

    @property
    def months_tracked(self) -> Tracking | None:
        """The tracking, where a month of the term was tracked."""
        return self.tracking if self.tracking is not None and self.tracking.months else None


def dossier(
    plan: Plan,
    kept: KeptPaths | None = None,
    *,
    tracking: Tracking | None = None,
    quick: bool = False,
    progress: Report | None = None,
) -> Dossier:
    """Work out what is not worked out yet. kept: what the plan was worked out with. progress(step, fraction).

    quick: without clause values, quotes and positions, which under linked clauses take minutes.
    """
    return Dossier(
        plan=plan,
        waterfalls=waterfalls(
            plan, kept, None if progress is None else lambda done: progress("splitting levers", done)
        ),
        drivers=plan_drivers(plan),
        learning=what_to_learn(plan, progress),
        regret=regret_matrix(plan) if len(plan.uses) > 1 else None,
        negotiated=None if quick else _negotiated(plan, kept, progress),
        tracking=tracking,
    )


def _negotiated(plan: Plan, kept: KeptPaths | None, progress: Report | None) -> Negotiated:
    pricer = terms_pricer(plan, kept)
    trades = trade_list(pricer, progress)
    return Negotiated(pricer=pricer, trades=trades, quotes=priced_quotes(pricer, trades, progress))
