"""The page Run rate."""
