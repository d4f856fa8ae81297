"""Price facts and the price library, and what they say of models; planner.prices is the door to them."""
