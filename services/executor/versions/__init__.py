"""Which versions an executor runs, and when they take over from one another. Pure."""
