"""`hedgerow score`: reading records, scoring them, writing answers."""
