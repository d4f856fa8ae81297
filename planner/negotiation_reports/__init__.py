"""What people read and scripts parse of a negotiation: tables, sentences and JSON, one subject a module."""
