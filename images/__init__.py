"""The images: builds them, makes a base for them, starts a mesh from them; see docs/deploy.md."""
