"""How fast the mesh is, beside what it is measured against. `python -m bench` runs all scenes."""
