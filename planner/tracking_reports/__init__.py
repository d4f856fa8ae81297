"""What people read and scripts parse of a tracked plan: sentences, tables and JSON, one subject a module."""
