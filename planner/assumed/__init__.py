"""What a plan assumes, key by key, and where each value comes from."""
