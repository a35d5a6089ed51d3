"""`hedgerow plan`: apply a plan, show the one in force. Each command has a file."""
