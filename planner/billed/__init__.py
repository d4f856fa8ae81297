"""What was billed: cost reports, exports and invoice totals of several sources as records of one shape."""
