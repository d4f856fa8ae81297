"""Evaluation: a sample of requests run through candidate models, and their answers graded."""
