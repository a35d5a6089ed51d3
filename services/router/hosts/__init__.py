"""The hosts a router knows, the stream to each, and the work they were spared."""
