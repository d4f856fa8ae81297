"""Ways in which a plan or a log arrives."""
