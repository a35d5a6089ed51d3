"""Batches of a stream scored: what holds for them, and what follows for each record."""
