"""What the mesh is measured against; each is a process of its own, measured in the same run."""
