"""Plans as a router needs them: prepared, checked against signatures, their strategies compiled."""
