"""What people read and scripts parse of a negotiation: tables, sentences and JSON, one subject a module."""
"""What is worked out for the negotiation, in words: tables, sentences, and JSON for scripts."""
