"""After signing: actual months against the plan as it was signed, and what to do while there is time."""
