"""From a usage log to a commitment worth signing."""
