"""What entries of a stream hold: typed by signatures, gathered into batches, and what became of them."""
