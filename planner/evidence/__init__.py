"""Evidence: whether a cheaper model has been shown to hold."""
