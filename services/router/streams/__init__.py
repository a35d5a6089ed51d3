"""Streams of records: read from the log, scored as requests are, and settled there, each record once."""
