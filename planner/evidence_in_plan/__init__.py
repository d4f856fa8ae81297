"""Evidence in a plan: what a move costs and saves there, the route that it allows, and what new answers change."""
