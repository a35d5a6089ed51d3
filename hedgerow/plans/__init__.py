"""Plans as users write them: reading, writing, checking."""
