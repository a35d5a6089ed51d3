"""What runs the mesh in a cluster."""
