"""What can be done, what a machine is told, and the next term."""
