"""Places outside of the mesh where the bytes of models may be: files, object stores, web servers."""
