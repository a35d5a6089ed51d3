"""Streams of records: how fast, how soon, how steady, and what else must not notice."""
