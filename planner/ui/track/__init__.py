"""The page Track."""
