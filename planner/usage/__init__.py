"""The doors: every source of usage becomes the same canonical records."""
