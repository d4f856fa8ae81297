"""The page Commit."""
