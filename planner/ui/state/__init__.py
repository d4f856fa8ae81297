"""The plan on the screen and what was worked out for it."""
