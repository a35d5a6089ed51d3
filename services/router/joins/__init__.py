"""Joins: which of a model's hosts a record goes to, and batches whose records go to several."""
