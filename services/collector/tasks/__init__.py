"""Open tasks: what was reported about each, and what is counted and remembered of it."""
