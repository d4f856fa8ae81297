"""Forecast and sizing judged on held-out periods, beside the rules that buyers use."""
