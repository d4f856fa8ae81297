"""Demand fitted to a history: priors, the exact posterior, and what each parameter rests on."""
