"""What could move to a cheaper model, with what evidence, and scenarios to start from."""
