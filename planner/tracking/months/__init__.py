"""Actual months: read, scaled, kept in a log, and beside the plan."""
