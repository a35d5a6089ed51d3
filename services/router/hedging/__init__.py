"""When each model of a task starts: delays that are told or learnt, and who has no time."""
