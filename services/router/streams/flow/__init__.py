"""A partition as a router reads it: what it has of it, what it does with that, and how far it is."""
