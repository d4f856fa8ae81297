"""Sizing: which commitment is best, exactly where one period settles it, by search through the ledger elsewhere."""
