"""Admission: which calls a router takes, when there are more than it can answer in time, and until when."""
