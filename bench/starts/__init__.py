"""How long services take to start on a log of many versions, or of many events."""
