"""The plan's central case, and how what was used differs from it."""
