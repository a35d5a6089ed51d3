"""The collectors a router knows, and the stream to each."""
