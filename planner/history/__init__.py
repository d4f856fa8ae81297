"""What a log says about the past: use per period, unusual days, lasting steps, the rhythm of the week."""
