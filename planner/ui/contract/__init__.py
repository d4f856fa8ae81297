"""The page Contract."""
