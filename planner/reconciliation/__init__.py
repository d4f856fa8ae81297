"""The log against the bill: what was billed, what it costs at list, and why the two differ."""
