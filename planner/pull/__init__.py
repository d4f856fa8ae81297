"""Usage and billed cost pulled from Anthropic, a day a file, so that a pull goes on where it stopped."""
