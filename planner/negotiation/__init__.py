"""Negotiation: what clauses and offers are worth to the buyer, priced on the plan's own paths by its own decision."""
