"""The recommendation and its forecast as rows of the FinOps FOCUS specification."""
