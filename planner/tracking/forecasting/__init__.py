"""The plan's paths conditioned on what was seen, and what is to be expected from here."""
