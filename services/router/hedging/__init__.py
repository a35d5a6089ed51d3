"""When each model of a task is due: delays that are told or learnt, and how far the task has come. Pure."""
