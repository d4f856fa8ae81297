"""How pages show and give away things."""
