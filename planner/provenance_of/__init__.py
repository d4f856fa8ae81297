"""Where the numbers of a plan come from, each as a Provenance read from the plan."""
