"""The clients of a mesh, and how its statuses become exceptions."""
