"""StreamService: streams of records for those who do not speak to the log themselves."""
