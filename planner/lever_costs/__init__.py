"""What a request costs under a scenario's levers: its paid copies, and what acts on them."""
