"""What fills streams of records, drains them without scoring, and waits for scores, in own processes."""
