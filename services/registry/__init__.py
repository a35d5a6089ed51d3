"""The registry: knows which models and plans exist."""
