"""Serving the app to people: who may come in, where their files are, and what its log and its answers never say."""
