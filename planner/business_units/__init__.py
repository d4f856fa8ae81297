"""Business units: one pooled commitment against separate ones, and a fair split of what it costs."""
