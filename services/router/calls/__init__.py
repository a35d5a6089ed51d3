"""The ScoreStream calls of a router: answered side by side, and ended in order."""
