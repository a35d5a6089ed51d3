"""Other ways to serve the same three models, beside which the mesh is measured.

Each takes the vote of the models and runs in an environment of its own, which `make bench-peers` installs.
`servers/` is what runs there; the rest runs in the bench.
"""
