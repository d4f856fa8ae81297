"""The commands of the command line; planner.cli puts them together."""
