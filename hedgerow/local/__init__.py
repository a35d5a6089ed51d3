"""A mesh on one machine: every part a process of its own, started as Kubernetes would start it."""
