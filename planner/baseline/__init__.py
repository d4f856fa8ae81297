"""The baseline: what a forward commitment rests on, what could be left out of it, and which types are one."""
