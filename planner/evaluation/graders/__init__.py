"""Graders: whether an answer passes, by a rule of its own each."""
