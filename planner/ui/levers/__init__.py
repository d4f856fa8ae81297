"""The page Levers."""
