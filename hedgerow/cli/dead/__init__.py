"""`hedgerow dead`: records of streams that could not be scored."""
