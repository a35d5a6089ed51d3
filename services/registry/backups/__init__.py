"""Backups of all that the log knows, and what brings them back."""
