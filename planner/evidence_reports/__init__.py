"""What is said of evidence: tables, sentences and JSON."""
