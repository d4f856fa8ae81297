"""What a command says of the price data beside its answer, for a plan and for usage that no plan addresses."""

from planner.inputs import PlanInputs
from planner.price_data_notes import price_data_notes


def plan_price_notes(inputs: PlanInputs) -> tuple[str, ...]:
    """The notes on the price data that a plan is worked out with. Errors: PriceError where it cannot be used."""
    prices = inputs.prices
    return price_data_notes(prices.price_book(), on=prices.on, pinned=prices.snapshot)
