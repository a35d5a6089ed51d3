"""The soak: faults of every kind under paced load, for as long as one likes; see docs/operations.md."""
