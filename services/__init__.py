"""The services of the mesh. None imports another; they meet in `protos/` and in the log."""
