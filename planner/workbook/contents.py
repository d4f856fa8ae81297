"""The sheets of the workbook in reading order: what each is for, and whether it is typed into, shown or worked with."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["output", "input", "workings"]


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A sheet. kind: "input" where something is typed, "output" where results are read, else "workings"."""

    name: str
    kind: Kind
    what: str


SHEETS: Final = (
    SheetInfo("Decision", "output", "what to sign, why, the risk in it, the next best, and what changes the answer"),
    SheetInfo("Assumptions", "output", "every assumption in force, whose it is, its source and its date"),
    SheetInfo("Request mix", "output", "a level month by request type and model"),
    SheetInfo("Prices", "output", "list prices of the models in use"),
    SheetInfo("Waterfall", "output", "from today's list spend to what is paid, lever by lever"),
    SheetInfo("Routes", "output", "what each route does to the cost of a request, and its break-even escalation"),
    SheetInfo("Spend distribution", "output", "how much may be spent, by scenario and contract year"),
    SheetInfo("Commit curve", "output", "expected cost and shortfall probability of every commitment"),
    SheetInfo("Offer calculator", "input", "type an offer in and read what it costs"),
    SheetInfo("Offers compared", "input", "quotes in hand side by side, and room to type others in"),
    SheetInfo("Clause values", "output", "what each clause is worth: what to ask for, what to give up, fair swaps"),
    SheetInfo("Positions", "output", "opening, target and walk-away of each term, and what to give for what"),
    SheetInfo("Ramp and ledger", "output", "what each period commits, and where every dollar of it is expected to go"),
    SheetInfo("Scenarios and regret", "output", "list spend by scenario, and living in one with another's commitment"),
    SheetInfo("Sensitivity", "output", "what moves spend and commitment, and what is worth learning first"),
    SheetInfo("Budget view", "output", "cash by month, P50 and P90, under each way of paying"),
    SheetInfo("Evidence", "output", "what was shown for each route, by whom and when"),
    SheetInfo("Tracking", "output", "what was used since signing, beside the plan as it was signed"),
    SheetInfo("Sign-off", "input", "who approves which plan and which offer"),
    SheetInfo("Points", "workings", "the simulated spend that the formulas price from"),
    SheetInfo("Offer grid", "workings", "offers priced by the program, between which the calculator interpolates"),
    SheetInfo("Calc", "workings", "the workings of the offer calculator"),
    SheetInfo("Checks", "workings", "what must hold for the workbook to be trusted"),
    SheetInfo("About", "output", "version, seed, hashes, limitations"),
)
