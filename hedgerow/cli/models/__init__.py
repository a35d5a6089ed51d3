"""`hedgerow models`: push, list and pull models. Each command has a file."""
