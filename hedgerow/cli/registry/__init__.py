"""`hedgerow registry`: backups of all that is known."""
